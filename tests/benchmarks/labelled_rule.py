"""When a network counts as learning, and what follows from which of its variants do: fixed before any was run.

A run's margin is (test accuracy - c) / (1 - c), c being the accuracy of the best constant answer; its fall is
(constant loss - training loss) / constant loss. Both are 0 at least. Its progress is the smaller of the two
shares margin / best margin and fall / best fall, best over all variants of the seed in the same steps; it is 0
for all where not even the best margin is FLOOR. Progress of LEARNED or more is learning, of FAILED or less
failing, and between them neither. A network learns or fails if its first two seeds do; otherwise a third must
agree with one of them and none say the opposite, or the network is marginal. A variant cures if it learns with
every seed that was run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from statistics import fmean

import numpy as np

from initscope.core.datasets.data import Dataset
from initscope.core.snapshot import Measures

LEARNED, FAILED = 0.6, 0.25
FLOOR = 0.25
FAR_LESS = 0.25
"""Of two cures, one with so much less mean progress counts for nothing."""
CHANGES = ("init", "lr", "both", "data", "depth")
"""What a variant changes: nothing; the initializers; the learning rate; these two; the data's fault; the layers."""
CAUSES = ("none", "initialization", "learning rate", "either", "both", "data", "depth", "unknown", "marginal")


@dataclass(frozen=True)
class Variant:
    """One run of a network: what it changes, and to what."""

    what: str
    value: str


@dataclass(frozen=True)
class Outcome:
    """What became of one variant with one seed."""

    margin: float
    fall: float
    test: float
    loss: float


Outcomes = Mapping[Variant, Sequence[Outcome]]
"""By seed."""


def outcome(measures: Measures, data: Dataset, loss: str) -> Outcome:
    """The measures beside the constant answer's; what is not finite has come nowhere."""
    shares = np.bincount(data.y_train, minlength=data.classes) / data.n_train
    constant = float((data.y_test == shares.argmax()).mean())
    if loss == "quadratic":
        base = 0.5 * float((shares * (1 - shares)).sum())
    else:
        base = -float((shares[shares > 0] * np.log(shares[shares > 0])).sum())
    test, train = float(measures.test_accuracy), float(measures.train_loss)
    finite = isfinite(train)
    margin = (test - constant) / (1 - constant) if finite else 0.0
    fall = (base - train) / base if finite else 0.0
    return Outcome(max(0.0, margin), max(0.0, fall), test, train)


def progress(outcomes: Outcomes) -> dict[Variant, list[float]]:
    """Of every variant by seed, from 0 to 1."""
    found: dict[Variant, list[float]] = {variant: [] for variant in outcomes}
    for column in zip(*outcomes.values(), strict=True):
        margin, fall = max(o.margin for o in column), max(o.fall for o in column)
        for variant, one in zip(outcomes, column, strict=True):
            reached = min(one.margin / margin, one.fall / fall) if margin >= FLOOR and fall > 0 else 0.0
            found[variant].append(reached)
    return found


def learns(own: Sequence[float]) -> bool | None:
    """By the progress with each seed; None where the seeds do not agree."""
    votes = [value >= LEARNED if value >= LEARNED or value <= FAILED else None for value in own]
    clear = {vote for vote in votes if vote is not None}
    return clear.pop() if len(clear) == 1 and sum(vote is not None for vote in votes) >= 2 else None


@dataclass(frozen=True)
class Cure:
    """The best variant of a sort, and whether it cures."""

    variant: Variant
    cures: bool
    progress: float
    """Mean over the seeds, as are the others."""
    test: float
    loss: float


def best(outcomes: Outcomes, what: str) -> Cure | None:
    """The variant that is best with its worst seed, among those that change `what`; None if none was run."""
    reached = {v: p for v, p in progress(outcomes).items() if v.what == what}
    if not reached:
        return None
    variant = max(reached, key=lambda v: (min(reached[v]), fmean(reached[v])))
    runs = outcomes[variant]
    return Cure(
        variant,
        min(reached[variant]) >= LEARNED,
        fmean(reached[variant]),
        fmean(run.test for run in runs),
        fmean(run.loss for run in runs),
    )


def cause(learning: bool | None, cures: Mapping[str, Cure], broken: bool) -> tuple[str, tuple[str, ...]]:
    """The cause, and all names that are true of it. `broken`: the data were made with a fault.

    Broken data are the cause where mending them cures, or where nothing does; what else cures is true as well.
    """
    if learning is None:
        return "marginal", ()
    if learning:
        return "none", ("none",)
    cured = {what for what, cure in cures.items() if cure.cures}
    init, lr = cures.get("init"), cures.get("lr")
    if init and lr and {"init", "lr"} <= cured and abs(init.progress - lr.progress) >= FAR_LESS:
        cured.remove("lr" if init.progress > lr.progress else "init")
    single = tuple(name for what, name in (("init", "initialization"), ("lr", "learning rate")) if what in cured)
    if broken and ("data" in cured or not cured):
        return "data", ("data", *single)
    if single:
        return ("either" if len(single) == 2 else single[0]), single
    if "both" in cured:
        return "both", ("both", "initialization", "learning rate")
    if "depth" in cured:
        return "depth", ("depth",)
    return "unknown", ()
