"""How long outputs stay where a saturated start has put them: Nielsen's network drawn from `rand`, in closed form.

With all H hidden units at 1, output k of K is sigmoid(z_k) for every input, z_k the sum of its weights and bias. Its
slope is a(1 - a) = e^-z, and of the quadratic cost (a - y)²/2 with y = 0 for the share s = 1 - 1/K of the examples
dC/dz = s·e^-z. A step of gradient descent with rate η moves z by that times η and, because all H + 1 inputs of the
output are 1, times H + 1: e^z falls by s·η·(H + 1) in each step. The output leaves its plateau after
e^(z_k) / (s·η·(H + 1)) steps, and the cost falls by s²/2 (from s/2 to s(1 - s)/2, which answering the share of the
class costs): 0.405 for ten classes.
"""

from math import log

import numpy as np
from numpy.typing import NDArray

from initscope.core.history import Curve

Floats = NDArray[np.float64]

FAR_ENOUGH = 0.8
"""Outputs that leave later in the run than this may not have left by its end."""
RESOLVED = 20
"""Those that leave within so many stretches of the record of losses are not timed well enough."""


def leaving_steps(z: Floats, hidden: int, lr: float) -> Floats:
    """(K,) steps after which outputs with these pre-activations leave their plateaus, the first first."""
    share = 1 - 1 / len(z)
    steps: Floats = np.exp(np.sort(z)) / (share * lr * (hidden + 1))
    return steps


def measured_steps(losses: Curve, outputs: int) -> Floats:
    """(K,) the steps at which the cost was half way down from its m-th plateau; NaN for what has not come.

    The m-th fall is from (K - 1)/2 - (m - 1)·s²/2; half of it has happened m - 1/2 falls below (K - 1)/2. Given
    is the middle of the first stretch of the record whose mean is below that.
    """
    share = 1 - 1 / outputs
    found = np.full(outputs, np.nan)
    for number in range(outputs):
        below = losses.mean < (outputs - 1) / 2 - (number + 0.5) * share**2 / 2
        if below.any():
            found[number] = losses.step[below.argmax()] - _stretch(losses) / 2
    return found


def _stretch(losses: Curve) -> int:
    """Steps in each stretch of the record; the last one may be shorter."""
    return int(losses.step[0])


def plateau_ratio(outputs: NDArray[np.floating], hidden: int, lr: float, losses: Curve) -> float:
    """Measured over predicted steps, of the output where they differ most; NaN if none was to leave in time.

    `outputs` (K, inputs) are the activations before training. In float64, for 1 - a is e^-z.
    """
    a = np.asarray(outputs, np.float64).mean(axis=1)
    if not (len(a) > 1 and len(losses.step) and ((a > 0) & (a < 1)).all()):
        return float("nan")
    predicted = leaving_steps(np.log(a / (1 - a)), hidden, lr)
    due = (predicted <= FAR_ENOUGH * losses.step[-1]) & (predicted >= RESOLVED * _stretch(losses))
    if not due.any():
        return float("nan")
    ratios = np.nan_to_num(measured_steps(losses, len(a))[due] / predicted[due], nan=np.inf)
    return float(max(ratios, key=lambda ratio: abs(log(ratio))))
