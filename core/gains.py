"""The gain of an activation: what weights must be multiplied by so that it keeps the size of its inputs."""

from functools import cache
from math import sqrt

import numpy as np

from initscope.core.activations import Activation

_REACH = 12
"""Beyond this many stds a normal has less than 1e-32 of its mass."""
_PANELS = 4
"""Panels in each unit interval, so that kinks at whole and half numbers lie between two."""
_NODES = 20


@cache
def gain(kind: Activation) -> float:
    """1 / sqrt(E[phi(z)²]) for z ~ N(0, 1): √2 for relu, 1 for linear, 1.593 for tanh.

    Weights of variance gain²/fan_in keep the mean square of the pre-activations from layer to layer: He, Zhang,
    Ren & Sun 2015, eq. 7 to 10, for any phi. PyTorch's calculate_gain has other numbers for some: 5/3 for tanh, 1 for
    sigmoid. The integral is by Gauss-Legendre quadrature on short panels with a border at 0, where phi may have a kink.
    """
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    borders = np.arange(-_REACH * _PANELS, _REACH * _PANELS)[:, np.newaxis] / _PANELS
    z = (borders + (nodes + 1) / (2 * _PANELS)).ravel()
    density = np.exp(-z * z / 2) / sqrt(2 * np.pi)
    a = np.empty((1, 1, z.size))
    with np.errstate(all="ignore"):
        kind.forward(z.reshape(a.shape).copy(), a)
    square = a.ravel() ** 2 * density * np.tile(weights / (2 * _PANELS), borders.size)
    return 1 / sqrt(float(square.sum()))
