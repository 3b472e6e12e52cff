"""Rules on the data alone: what no initializer and no learning rate mends."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from initscope.core.blas import one_thread
from initscope.core.datasets.data import Dataset
from initscope.core.datasets.dataname import standardized
from initscope.core.datasets.inspection import LARGE_INPUT
from initscope.core.diagnosis.case import LOOKED_AT, Case
from initscope.core.diagnosis.findings import Blame, Finding, Remedy, evidence, short

Floats = NDArray[np.float64]

NEIGHBOURS = 5
CLEARLY = 0.2
"""Share above that of the largest class from where votes alone settle it."""
ENOUGH = 300
"""Training examples from which it says something that labels cannot be told."""
UNLIKELY = 2.0
"""Standard errors above chance from where labels have something to do with the inputs."""
FAR_OFF = 1e3
"""Largest size of an input beside the 99th percentile, from where it is no value of its kind."""
UNBALANCED = 0.95
"""Share of one class from where a network that always answers it looks as if it had learned."""
FLAT = 0.9
"""Share of saturated activations of the first layer from where inputs are too large for it."""
FAR_AWAY = 10.0
"""Distance of the inputs' mean from 0, in standard deviations, from where what they share drowns their differences."""
UNEVEN = 30.0
"""Root mean square of the largest feature beside the median one."""


@lru_cache(maxsize=8)
def guessed(dataset: Dataset) -> tuple[float, int]:
    """Share of examples whose class is told by the others, and of how many.

    The better of two: the vote of the nearest neighbours, and ridge regression on one-hot labels, leaving the example
    out (Hastie, Tibshirani & Friedman 2009, eq. 7.64). Features are standardized.
    """
    rows = np.linspace(0, dataset.n_train - 1, min(dataset.n_train, LOOKED_AT)).astype(int)
    x, y = np.asarray(dataset.x_train[rows], np.float64), dataset.y_train[rows]
    spread = x.std(axis=0)
    x = (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1)
    products, one_hot = x @ x.T, np.eye(dataset.classes)[y]
    apart = np.diag(products)[:, None] + np.diag(products) - 2 * products
    np.fill_diagonal(apart, np.inf)
    nearest = np.argpartition(apart, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]
    votes = float((one_hot[nearest].sum(axis=1).argmax(axis=1) == y).mean())
    if votes > CLEARLY + one_hot.mean(axis=0).max():
        return votes, len(x)
    centred = one_hot - one_hot.mean(axis=0)
    ridge = max(float(np.diag(products).mean()), 1e-12) * np.eye(len(x))
    with one_thread():
        hat = np.linalg.solve(products + ridge, products).T
    own = np.diag(hat)[:, None]
    left_out = (hat @ centred - own * centred) / (1 - own)
    by_line = (left_out + one_hot.mean(axis=0)).argmax(axis=1)
    return max(votes, float((by_line == y).mean())), len(x)


@lru_cache(maxsize=8)
def _not_finite(dataset: Dataset) -> int:
    """Number of training inputs that are infinite or not a number."""
    with np.errstate(all="ignore"):
        if np.isfinite(dataset.x_train.sum()):
            return 0
    return int(np.count_nonzero(~np.isfinite(dataset.x_train)))


def inputs_broken(case: Case) -> Finding | None:
    """Values that are no numbers, or so far off the others that they are mistakes."""
    x = case.inputs
    bad = _not_finite(case.dataset)
    size = np.abs(x[np.isfinite(x)])
    usual = float(np.quantile(size, 0.99)) if size.size else 0.0
    far = float(size.max()) / usual if usual > 0 else 0.0
    if bad:
        what = "one input value is no number" if bad == 1 else f"{bad:,} input values are no numbers"
        cause = f"{what}, and nothing that is computed from it is one either"
    elif far > FAR_OFF:
        cause = f"one input is {short(float(size.max()))}, where 99 % of them are below {short(usual)}"
    else:
        return None
    remedy = Remedy("remove these examples, or mend the values")
    found = evidence(not_finite=bad, largest_beside_usual=far)
    return Finding("inputs-broken", (), found, cause, Blame.DATA, remedy, "", 0.95)


def inputs_constant(case: Case) -> Finding | None:
    """Nothing distinguishes one input from another."""
    x = case.inputs
    spread, size = float(x.std(axis=0).max()), float(np.abs(x).max())
    if not np.isfinite(spread) or spread > 1e-9 * max(size, 1e-300):
        return None
    cause = f"all {case.dataset.n_train:,} inputs are the same, so nothing tells the classes apart"
    remedy = Remedy("look at how the inputs were read")
    return Finding("inputs-constant", (), evidence(spread=spread), cause, Blame.DATA, remedy, "", 0.99)


def inputs_not_scaled(case: Case) -> Finding | None:
    """Inputs much larger than initializers are made for, or far from 0, or one feature that drowns the others."""
    x = case.inputs
    if not np.isfinite(x).all():
        return None
    size = float(np.sqrt(np.square(x).mean()))
    features = np.sqrt(np.square(x).mean(axis=0))
    usual = float(np.median(features[features > 0])) if features.any() else 0.0
    drowns = float(features.max()) / usual if usual else 1.0
    if size <= LARGE_INPUT:
        return None
    if drowns > UNEVEN:
        what = f"feature {int(features.argmax()) + 1} is {short(drowns)} times as large as most: it drowns the others"
    elif _offset(x) > LARGE_INPUT:
        centre, spread = short(float(x.mean())), short(float(x.std()))
        what = f"inputs lie around {centre} ± {spread}: they differ little beside their size"
    else:
        what = f"inputs have root mean square {short(size)}, and initializers are made for about 1"
    cause = f"{what}, so z of layer 1 spreads by {short(case.forecast.layers[0].z_std)} from weights of ordinary size"
    remedy = Remedy("standardize the inputs", (("data", standardized(case.spec.data)),))
    found = evidence(root_mean_square=size, mean=float(x.mean()), largest_feature_beside_usual=drowns)
    return Finding("inputs-not-scaled", (1,), found, cause, Blame.DATA, remedy,
                   "LeCun, Bottou, Orr & Müller 1998, section 4.3", 0.8)  # fmt: skip


def drowning(case: Case) -> bool:
    """Whether inputs of this size are bound to hurt: the first layer is flat, or all inputs look the same to it."""
    first = case.forecast.layers[0]
    return first.saturated_low + first.saturated_high > FLAT or _offset(case.inputs) > FAR_AWAY


def _offset(x: Floats) -> float:
    return abs(float(x.mean())) / max(float(x.std()), 1e-300)


@lru_cache(maxsize=4)
def _scaled(dataset: Dataset) -> Dataset:
    mean, spread = dataset.x_train.mean(axis=0), dataset.x_train.std(axis=0)
    spread = np.where(spread > 0, spread, 1)
    return replace(dataset, x_train=(dataset.x_train - mean) / spread, x_test=(dataset.x_test - mean) / spread)


def scaled(case: Case) -> Case:
    """The same run with every feature standardized."""
    return Case(case.spec, _scaled(case.dataset))


def labels_broken(case: Case) -> Finding | None:
    """Neither neighbours nor a straight line tell anything of the labels."""
    if not np.isfinite(case.inputs).all() or case.dataset.n_train < ENOUGH:
        return None
    right, count = guessed(case.dataset)
    most = float(case.shares.max())
    if most > UNBALANCED or right > most + UNLIKELY * np.sqrt(most * (1 - most) / count):
        return None
    cause = (
        f"neither the {NEIGHBOURS} nearest examples nor a straight line tell an example's label: {right:.0%} right, "
        f"where always the same answer has {most:.0%}; the labels seem to have nothing to do with the inputs"
    )
    found = evidence(told_by_others=right, most_frequent_class=most, examples=count)
    remedy = Remedy("check that inputs and labels are in the same order")
    return Finding("labels-broken", (), found, cause, Blame.DATA, remedy,
                   "Zhang et al. 2017, Understanding deep learning", 0.96)  # fmt: skip


def labels_unbalanced(case: Case) -> Finding | None:
    """Nearly all examples are of one class. 70 to 30 is no reason to complain."""
    most = float(case.shares.max())
    if most < UNBALANCED:
        return None
    cause = f"{most:.0%} of the examples are of one class, so always answering it is right nearly every time"
    remedy = Remedy("take as many examples of each class, and judge accuracy against the constant answer")
    return Finding("labels-unbalanced", (), evidence(largest_class=most), cause, Blame.DATA, remedy, "", 0.96)
