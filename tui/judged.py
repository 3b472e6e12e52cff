"""A lane's verdict, and the few words of it that the lab has room for."""

from dataclasses import dataclass

from initscope.core.diagnosis import Blame, Remedy, Verdict
from initscope.core.snapshot import LaneSnapshot, Status


@dataclass(frozen=True)
class Judged:
    """The verdict of a lane as it was at a step."""

    verdict: Verdict
    foreseen: bool
    """It is the forecast's: the record says nothing more so far."""
    step: int
    status: Status
    final: bool
    """The lane had ended and been measured on all examples."""

    def of(self, lane: LaneSnapshot) -> bool:
        """Whether it is of this very state of the lane."""
        return (self.step, self.status, self.final) == (lane.step, lane.status, lane.final is not None)

    @property
    def blamed(self) -> Blame:
        """What is to blame first."""
        return self.verdict.causes[0][0]

    @property
    def blame(self) -> str:
        """`initialization 97%`; empty where nothing is wrong."""
        return "" if self.verdict.healthy else share(self.verdict.causes[0])

    @property
    def accusation(self) -> str:
        """What is to blame, with how sure that is, and what it may be besides; only where something is wrong."""
        (blame, sure), *others = self.verdict.causes
        more = "".join(f", {share(other)}" for other in others)
        return f"{blame.value} is to blame ({'forecast, ' if self.foreseen else ''}{sure:.0%} sure{more})"

    @property
    def cause(self) -> str:
        return self.verdict.findings[0].cause

    @property
    def remedy(self) -> str:
        """`init=xavier_normal:gain=4`; empty if there is none."""
        remedy = self.verdict.findings[0].remedy
        return short_remedy(remedy) if remedy else ""


def share(cause: tuple[Blame, float]) -> str:
    return f"{cause[0].value} {cause[1]:.0%}"


def short_remedy(remedy: Remedy) -> str:
    """The options that change, as one would write them for a lane; in words where none do."""
    return " ".join(f"{key}={value}" for key, value in remedy.changes) or remedy.words
