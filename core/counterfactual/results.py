"""What came of running a network again with one thing changed: runs, changes over seeds, suspects, the whole."""

from dataclasses import dataclass
from math import inf, isfinite, nan
from statistics import fmean

from initscope.core.counterfactual.changes import Change, Suspect
from initscope.core.learning import Constant
from initscope.core.spec import Spec

ALIKE = 0.1
"""Losses that differ by less than this share of the constant answer's are equally good."""

LEAST_LEVEL = -(10**9)


@dataclass(frozen=True)
class Outcome:
    """One run with one seed. Losses and accuracies are of the probe's training examples; NaN if it diverged."""

    seed: int
    steps: int
    """Updates it was given."""
    loss_before: float
    loss_after: float
    accuracy_before: float
    accuracy_after: float
    diverged: bool
    learns: bool
    on_its_way: bool
    """It has not learned, but would soon, were it to go on at its pace."""
    test_accuracy: float = nan
    """Of test examples, at the end."""
    signal: float = 0.0
    """Standard deviation over inputs of the answers at the end; 0 if it diverged."""
    alive: bool = False
    """It has not learned, but may: something of the input arrives in the answers, and something still changes."""
    unsettled: bool = False
    """It has not learned, and its loss still falls or has not left its plateau."""


@dataclass(frozen=True)
class Trial:
    """The network as it is, or with one change, over the seeds."""

    change: Change | None
    """None: as it is."""
    outcomes: tuple[Outcome, ...]
    """Of equally many steps."""

    @property
    def steps(self) -> int:
        return max((outcome.steps for outcome in self.outcomes), default=0)

    @property
    def alive(self) -> bool:
        """Whether it may yet learn in a seed in which it has not."""
        return any(outcome.alive for outcome in self.outcomes)

    @property
    def signal(self) -> float:
        """The largest over the seeds."""
        return max((outcome.signal for outcome in self.outcomes), default=0.0)

    @property
    def learned(self) -> int:
        """In how many of the seeds."""
        return sum(outcome.learns for outcome in self.outcomes)

    @property
    def diverged(self) -> int:
        return sum(outcome.diverged for outcome in self.outcomes)

    @property
    def learns(self) -> bool:
        """In more than half of the seeds."""
        return 2 * self.learned > len(self.outcomes)

    @property
    def promising(self) -> bool:
        """More than half of the seeds have learned, or are on their way."""
        return 2 * sum(outcome.learns or outcome.on_its_way for outcome in self.outcomes) > len(self.outcomes)

    @property
    def loss_before(self) -> float:
        """Means over the seeds, as the three that follow; NaN if one is not finite."""
        return _mean([outcome.loss_before for outcome in self.outcomes])

    @property
    def loss_after(self) -> float:
        return _mean([outcome.loss_after for outcome in self.outcomes])

    @property
    def accuracy_before(self) -> float:
        return _mean([outcome.accuracy_before for outcome in self.outcomes])

    @property
    def accuracy_after(self) -> float:
        return _mean([outcome.accuracy_after for outcome in self.outcomes])

    @property
    def test_accuracy(self) -> float:
        """Mean over the seeds that have learned; NaN if one is not known, or none has learned."""
        return _mean([outcome.test_accuracy for outcome in self.outcomes if outcome.learns])

    @property
    def rank(self) -> tuple[int, float]:
        """The smaller, the better: more seeds first, then the smaller loss."""
        return -self.learned, _or_infinite(self.loss_after)


def _or_infinite(loss: float) -> float:
    return loss if isfinite(loss) else inf


def _mean(values: list[float]) -> float:
    return fmean(values) if values and all(map(isfinite, values)) else nan


@dataclass(frozen=True)
class Answer:
    """What changing one suspect alone does."""

    suspect: Suspect
    trials: tuple[Trial, ...]
    cures: bool
    """The best change makes it learn in more than half of the seeds, and in more than without it."""
    best: Trial
    """In the most seeds; of those that are equally good, the usual one."""

    @property
    def steps(self) -> int:
        """Of the longest runs."""
        return max(trial.steps for trial in self.trials)

    @property
    def open(self) -> bool:
        """Whether none cures, but some change may with more steps: then it is not a no."""
        return not self.cures and any(trial.alive for trial in self.trials)

    @property
    def promising(self) -> bool:
        """Whether a change has learned in most seeds, or is on its way."""
        return any(trial.promising for trial in self.trials)


@dataclass(frozen=True)
class Explanation:
    """Whether a network learns, and if not, which single change cures it."""

    spec: Spec
    seeds: tuple[int, ...]
    """Those that were to be run; the first is the spec's own."""
    steps: int
    """The most that a change was given."""
    constant: Constant
    original: Trial
    answers: tuple[Answer, ...]
    """One for each suspect that was tried; what cures comes first, the best cure foremost."""
    complete: bool
    """Whether all was run; if not, what stands may rest on fewer seeds."""
    original_steps: int = 0
    """Of the network as it is, where it was given more steps than the changes."""
    untried: int = 0
    """The spec's own number of steps, where they are too many to try and it may yet learn; else 0."""

    @property
    def own_steps(self) -> int:
        """Of the network as it is."""
        return self.original_steps or self.steps

    def by_heart(self, trial: Trial) -> bool:
        """Whether a trial learns its training examples, but the test goes hardly better than by a constant answer."""
        return trial.learns and self.constant.by_heart(trial.test_accuracy)

    def level(self, trial: Trial) -> int:
        """How far its loss is below the constant answer's, in steps of ALIKE; what is not finite is far above."""
        return _level(trial, self.constant)

    @property
    def learns(self) -> bool:
        """As it is; there is nobody to accuse then."""
        return self.original.learns

    @property
    def causes(self) -> tuple[Answer, ...]:
        """The suspects that are to blame: changing one of them alone cures it. The first is the foremost."""
        return tuple(answer for answer in self.answers if answer.cures)

    @property
    def remedy(self) -> Change | None:
        """The best of all single changes that cure; None if it learns, or if none does."""
        return self.causes[0].best.change if self.causes else None

    @property
    def settled(self) -> bool:
        """Whether it learns, or a cause was proven."""
        return self.learns or bool(self.causes)


def answer(suspect: Suspect, trials: tuple[Trial, ...], original: Trial, constant: Constant) -> Answer:
    """Whether this suspect is to blame. There is at least one trial, and the usual ones come first.

    Those that went on the longest have a say, and of them those that were repeated with the most seeds.
    """
    longest = max(trial.steps for trial in trials)
    asked = [trial for trial in trials if trial.steps == longest]
    most = max(len(trial.outcomes) for trial in asked)
    repeated = [trial for trial in asked if len(trial.outcomes) == most]
    top = min(repeated, key=lambda trial: trial.rank)
    alike = _or_infinite(top.loss_after) + ALIKE * constant.loss * top.learns
    best = next(t for t in repeated if t.learned == top.learned and _or_infinite(t.loss_after) <= alike)
    before = {outcome.seed: outcome.learns for outcome in original.outcomes}
    # A network may answer well with a loss that is absurd; one that diverged has no accuracy, and anything is better.
    better = not best.accuracy_after <= original.accuracy_after
    cures = best.learns and better and best.learned > sum(before.get(outcome.seed, False) for outcome in best.outcomes)
    return Answer(suspect, trials, cures, best)


def in_order(answers: list[Answer], constant: Constant) -> tuple[Answer, ...]:
    """Cures first, and of those the ones that leave the network what it is; then the soonest; then by seeds, loss, and
    suspicion."""

    def key(found: Answer) -> tuple[bool, bool, int, int, int, int]:
        place = list(Suspect).index(found.suspect)
        if not found.cures:
            return True, False, 0, 0, 0, place
        best = found.best
        return False, not found.suspect.same_network, best.steps, -best.learned, -_level(best, constant), place

    return tuple(sorted(answers, key=key))


def _level(trial: Trial, constant: Constant) -> int:
    loss = trial.loss_after
    return round(constant.loss_fall(loss) / ALIKE) if isfinite(loss) else LEAST_LEVEL
