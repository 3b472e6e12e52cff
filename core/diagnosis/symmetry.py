"""Rules on units that start identical, or off for every input."""

import numpy as np

from initscope.core.diagnosis.case import Case
from initscope.core.diagnosis.findings import Blame, Finding, evidence, layers_words, short
from initscope.core.shapes import DropoutShape

MOST_TOLD, RIDGE = 0.6, 1e-6
"""Share of the examples outside of the largest class that one number must tell apart; and what keeps the spread of a
class from being 0."""
MOST_DEAD = 0.5
"""Share of dead units of a layer from which too little is left to learn with."""


def symmetric_units(case: Case) -> Finding | None:
    """Nothing is drawn, so every unit of a layer computes the same and gets the same gradient for ever.

    Not without hidden layers, nor with one unit each: there is nothing alike. Dropout tells units apart.
    """
    spec = case.spec
    shapes = spec.architecture.layers[:-1]
    wide = tuple(number for number, shape in enumerate(shapes, 1) if shape.channels > 1)
    if not (wide and spec.units_alike) or any(isinstance(s, DropoutShape) for s in spec.architecture.program):
        return None
    units = max(shape.channels for shape in shapes)
    value = case.means[0]
    words = "zero" if value == 0 else short(value)
    cause = (
        f"every weight starts at {words}, so the {units} units of {layers_words(wide[:1])} compute the same, get the "
        f"same gradient and stay one unit for ever: all {case.dataset.classes} classes must be told apart by one number"
    )
    found = evidence(units=units, different_units=1, weight=value, weight_std=0.0)
    return Finding("symmetric-units", wide, found, cause, Blame.INITIALIZATION, None,
                   "Goodfellow, Bengio & Courville, Deep Learning (2016), section 8.4", 0.97)  # fmt: skip


def one_number_tells(case: Case) -> bool:
    """Whether units that are one unit for ever are enough for these classes: one number tells most examples apart.

    By the direction in which the classes' means lie farthest apart beside the spread of a class (Fisher 1936), and
    the nearest of the means along it. Weights of 0 do not even find that one, as hardly a gradient passes them.
    """
    if not case.means[0]:
        return False
    x, y = case.inputs, case.labels
    classes, place, counts = np.unique(y, return_inverse=True, return_counts=True)
    means = np.stack([x[place == one].mean(axis=0) for one in range(len(classes))])
    within = np.cov((x - means[place]).T) + RIDGE * np.eye(x.shape[1])
    between = (np.sqrt(counts)[:, None] * (means - x.mean(axis=0))).T
    # within⁻¹·between·betweenᵀ has features² entries, but its rank is below the number of classes.
    solved = np.linalg.solve(within, between)
    way = solved @ np.linalg.eigh(between.T @ solved)[1][:, -1]
    nearest = np.abs((x @ way)[:, None] - (means @ way)[None]).argmin(axis=1)
    right, constant = float((classes[nearest] == y).mean()), case.constant.accuracy
    return right - constant > MOST_TOLD * (1 - constant)


def dead_units(case: Case) -> Finding | None:
    """Units whose pre-activation is below 0 for every input pass nothing on and get no gradient."""
    dead = tuple(n for n, layer in enumerate(case.hidden, 1) if layer.dead_units > MOST_DEAD)
    if not dead or case.normed:
        return None
    layer = case.hidden[dead[0] - 1]
    biases = str(case.spec.biases)
    why = "" if biases == "zeros" else f" (biases: {biases})"
    cause = (
        f"{layer.dead_units:.0%} of the units of {layers_words(dead[:1])} are off for every input, because their z "
        f"should be {short(layer.z_mean)} ± {short(layer.z_std)}{why}: no gradient passes them, so they stay off"
    )
    found = evidence(dead_units=layer.dead_units, z_mean=layer.z_mean, z_std=layer.z_std)
    return Finding("dead-units", dead, found, cause, Blame.INITIALIZATION, None,
                   "Lu, Shin, Su & Karniadakis 2020, Dying ReLU and initialization", 0.9)  # fmt: skip
