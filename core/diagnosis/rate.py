"""Rules on the learning rate before any step, and how much of a trouble is its fault or the initializer's."""

from dataclasses import dataclass, replace
from math import inf, log10

from initscope.core.diagnosis import remedies, scheduled
from initscope.core.diagnosis.case import Case
from initscope.core.diagnosis.findings import Blame, Finding, Remedy, evidence, short
from initscope.core.diagnosis.outlook import Outlook, outlook
from initscope.core.errors import InputError
from initscope.core.initialization.initializers import initializer
from initscope.core.spec import default_lr

STEP = 10.0
LARGEST = 12.0
"""Powers of ten by which a learning rate is raised at most."""
SMALLEST = 1e-307
"""Below, and above its reciprocal, numbers have no logarithm here."""


@dataclass(frozen=True)
class Shares:
    """By how many powers of ten a change of one thing alone would mend what is wrong."""

    initialization: float
    rate: float


def usual_lr(case: Case) -> float:
    """The learning rate to begin with, for this optimizer and loss, as far as it is stable."""
    return min(default_lr(case.spec.optimizer, case.spec.loss), largest_lr(case))


def largest_lr(case: Case) -> float:
    """The greatest from which a run still settles; of a rate of 0 no limit is known."""
    if not case.spec.lr:
        return inf
    return float(10 ** (_log(case.spec.lr) - max(outlook(case).excess, -LARGEST)))


def shares(case: Case, wild: bool) -> Shares:
    """What the best initializer would mend, and what the usual learning rate would."""
    now, best = outlook(case), better(case)
    if wild:
        mended = now.excess - max(best.excess, -1.0) if best else 0.0
        usual = default_lr(case.spec.optimizer, case.spec.loss)
        return Shares(mended, _log(case.spec.lr) - _log(usual))
    mended = now.lack - best.lack if best else 0.0
    left = scheduled.left(case.spec, case.spec.total_steps(case.dataset.n_train))
    return Shares(mended, _log(usual_lr(case)) - _log(case.spec.lr * left))


def better(case: Case) -> Outlook | None:
    """The outlook with the best initializer; None if none would work."""
    found = remedies.ranked(case.spec, case.dataset)
    if not found:
        return None
    try:
        weights, biases = initializer(found[0].init), initializer(found[0].bias_init)
        return outlook(Case(replace(case.spec, initializer=weights, bias_initializer=biases), case.dataset))
    except InputError:
        return None


def _log(value: float) -> float:
    return log10(min(max(value, SMALLEST), 1 / SMALLEST)) if value == value else -log10(SMALLEST)


def too_high(case: Case, sure: float) -> Finding:
    """Steps far beyond what the curvature at the start allows."""
    found, lr = outlook(case), case.spec.lr
    if found.adaptive:
        cause = f"every step changes each weight by about {short(lr)}, and with them z by up to {short(found.force)}"
    else:
        cause = (
            f"the learning rate {short(lr)} is {short(found.force)} times {short(found.stable)}, the greatest at which "
            "the first steps do not overshoot"
        )
    numbers = evidence(learning_rate=lr, beside_stable=found.force, stable=found.stable)
    return Finding("learning-rate-too-high", (), numbers, cause, Blame.LEARNING_RATE, remedy(case, lower=True),
                   "LeCun, Bottou, Orr & Müller 1998, section 5", sure)  # fmt: skip


def too_low(case: Case, sure: float) -> Finding:
    """All the steps together hardly move the weights."""
    found, steps = outlook(case), case.spec.total_steps(case.dataset.n_train)
    together = f"all {steps:,} steps together come" if steps != 1 else "the one step comes"
    eaten = scheduled.words(case.spec, steps) or ","
    cause = (
        f"with a learning rate of {short(case.spec.lr)}{eaten} {together} to {short(found.reach)} of "
        "the size of the weights, at the pace of the first"
    )
    numbers = evidence(learning_rate=case.spec.lr, steps=steps, reach=found.reach)
    return Finding("learning-rate-too-low", (), numbers, cause, Blame.LEARNING_RATE, remedy(case, lower=False),
                   "Goodfellow, Bengio & Courville, Deep Learning (2016), section 11.4.1", sure)  # fmt: skip


def remedy(case: Case, lower: bool) -> Remedy | None:
    """A learning rate on that side: the usual one, or STEP times from here; None if that would be too large.

    Where a schedule leaves next to nothing of it, and more is wanted, it is the schedule that has to go.
    """
    if not lower and scheduled.left(case.spec, case.spec.total_steps(case.dataset.n_train)) < 1:
        return Remedy("a constant learning rate", (("schedule", "constant"),))
    lr, usual = case.spec.lr, usual_lr(case)
    if lower:
        wanted = min(usual, lr / STEP)
    else:
        wanted = usual if usual > lr else STEP * lr
        if wanted > largest_lr(case):
            return None
    text = f"{wanted:.2g}"
    return Remedy(f"a learning rate of {text}", (("lr", text),))
