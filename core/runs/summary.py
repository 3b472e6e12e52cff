"""What a list of runs shows of each: small, so that listing opens no big file."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from initscope.core.diagnosis.verdict import Verdict
from initscope.core.jsonnumber import json_number
from initscope.core.portrait import lane_snapshot
from initscope.core.runs import document
from initscope.core.runs.document import Fields
from initscope.core.snapshot import Status
from initscope.core.states import lane_state
from initscope.core.training import Trainer

TRAINING, PAUSED = "training", "paused"
"""What the status of a run is while its process lives; one that says so and does not live was interrupted."""
INTERRUPTED = "interrupted"

Verdicts = Sequence[Verdict | None]


@dataclass(frozen=True)
class LaneSummary:
    """One lane; what is not finite, or not known, is None or empty."""

    name: str
    status: str
    """A value of `snapshot.Status`."""
    step: int
    steps: int
    """Updates that its spec asks for."""
    loss: float | None
    """Of the last stretch of training batches."""
    accuracy: float | None
    """On test examples; a share."""
    state: str
    """The word of a `states.State`."""
    layer: int
    """The number of the layer that is in that state; 0 for none."""
    healthy: bool | None = None
    """The verdict's."""
    codes: tuple[str, ...] = ()
    """Of the verdict's findings."""
    words: str = ""
    """The verdict's sentence."""


@dataclass(frozen=True)
class Summary:
    """A run at the step that was saved last."""

    step: int
    status: str
    """TRAINING, PAUSED, or how the run ended, in one word."""
    lanes: tuple[LaneSummary, ...]

    @property
    def ended(self) -> bool:
        """No lane trains any more: there is nothing to go on with."""
        return all(lane.status != Status.TRAINING for lane in self.lanes)

    @property
    def outcome(self) -> str:
        """How it has ended if its process is gone, in one word: what the lanes say goes before what that last said."""
        return _outcome([lane.status for lane in self.lanes]) if self.ended else INTERRUPTED

    def document(self) -> dict[str, Any]:
        return {"step": self.step, "status": self.status, "lanes": [asdict(lane) for lane in self.lanes]}


def summarize(trainer: Trainer, status: str, verdicts: Verdicts = ()) -> Summary:
    """To be called where `checkpoint.capture` is. `verdicts` are one for each lane, or none."""
    lanes: dict[int, LaneSummary] = {}
    for ensemble in trainer.ensembles:
        for lane in ensemble.lanes:
            step = trainer.step if lane.status is Status.TRAINING else lane.steps
            seen = lane_snapshot(lane, step, ensemble.batches.steps_per_epoch, {})
            state, layer = lane_state(seen)
            verdict = verdicts[lane.index] if verdicts else None
            lanes[lane.index] = LaneSummary(
                lane.spec.name, str(lane.status), step, ensemble.limit, json_number(seen.loss),
                json_number(seen.latest.test_accuracy), state.word, layer, **_judged(verdict),
            )  # fmt: skip
    return Summary(trainer.step, status, tuple(lanes[index] for index in sorted(lanes)))


def outcome(trainer: Trainer) -> str:
    """How a run has ended that goes on no more, in one word: stopped, finished, or all lanes diverged."""
    return _outcome([lane.status for lane in trainer.lanes]) if trainer.ended else INTERRUPTED


def _outcome(lanes: Sequence[str]) -> str:
    return next((str(s) for s in (Status.STOPPED, Status.FINISHED, Status.DIVERGED) if s in lanes), INTERRUPTED)


def with_verdicts(summary: Summary, verdicts: Verdicts) -> Summary:
    """The same with these verdicts, one for each lane, or none."""
    if not verdicts:
        return summary
    pairs = zip(summary.lanes, verdicts, strict=True)
    return replace(summary, lanes=tuple(replace(lane, **_judged(verdict)) for lane, verdict in pairs))


def _judged(verdict: Verdict | None) -> Mapping[str, Any]:
    if verdict is None:
        return {}
    codes = tuple(finding.code for finding in verdict.findings)
    return {"healthy": verdict.healthy, "codes": codes, "words": verdict.words}


def read(path: Path) -> Summary:
    """Raises InputError for what is damaged or of a newer program, FileNotFoundError where there is none."""
    fields = document.read(path)
    lanes = tuple(_lane(lane) for lane in fields.tables("lanes"))
    return Summary(fields.count("step"), fields.take("status", str), lanes)


def _lane(fields: Fields) -> LaneSummary:
    return LaneSummary(
        name=fields.take("name", str),
        status=fields.take("status", str),
        step=fields.count("step"),
        steps=fields.count("steps"),
        loss=fields.maybe("loss", float),
        accuracy=fields.maybe("accuracy", float),
        state=fields.take("state", str),
        layer=fields.count("layer"),
        healthy=fields.maybe("healthy", bool),
        codes=tuple(fields.list_of("codes", str)),
        words=fields.take("words", str),
    )
