"""The gain of an activation: what weights must be multiplied by so that it keeps the size of its inputs."""

from functools import cache
from math import inf, sqrt

import numpy as np

from initscope.core.activations import Activation
from initscope.core.errors import InputError

_REACH = 12
"""Beyond this many stds a normal has less than 1e-32 of its mass."""
_PANELS = 4
"""Panels in each unit interval."""
_NODES = 20


@cache
def gain(kind: Activation) -> float:
    """1 / sqrt(E[phi(z)²]) for z ~ N(0, 1): √2 for relu, 1 for linear and selu, 1.593 for tanh.

    Weights of variance gain²/fan_in keep the mean square of the pre-activations from layer to layer: He, Zhang,
    Ren & Sun 2015, eq. 7 to 10, for any phi. PyTorch's calculate_gain has other numbers for some: 5/3 for tanh, 1 for
    sigmoid, 3/4 for selu. Raises InputError where parameters are so extreme that the square is 0 or infinite.
    """
    square = kind.mean_square
    if square is None:
        square = _mean_square(kind)
    if not 0 < square < inf:
        raise InputError(f"{kind} has no gain: the mean square of its values for z ~ N(0, 1) is {square:g}")
    return 1 / sqrt(square)


def _mean_square(kind: Activation) -> float:
    """E[phi(z)²] by Gauss-Legendre quadrature on short panels, with borders where phi has kinks."""
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    regular = np.arange(-_REACH * _PANELS, _REACH * _PANELS + 1) / _PANELS
    borders = np.union1d(regular, [kink for kink in kind.kinks if abs(kink) < _REACH])
    widths = np.diff(borders)[:, np.newaxis]
    z = (borders[:-1, np.newaxis] + (nodes + 1) / 2 * widths).ravel()
    density = np.exp(-z * z / 2) / sqrt(2 * np.pi)
    a = np.empty((1, 1, z.size))
    with np.errstate(all="ignore"):
        kind.forward(z.reshape(a.shape).copy(), a)
        square = a.ravel() ** 2 * density * (weights / 2 * widths).ravel()
    return float(square.sum())
