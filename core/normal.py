"""The standard normal's distribution function and density on whole arrays; numpy has no erf."""

from functools import cache
from math import erfc, exp, pi, sqrt
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

_BEND = 4.0  # t = 1 / (1 + |z|/_BEND); this bend needs the fewest terms
_DEGREE = {np.dtype(np.float32): 11, np.dtype(np.float64): 20}  # errors 4e-9 and 5e-15 of the tail


def _tail_over_bell(z: float) -> float:
    """P(Z > z) / exp(-z²/2) for z >= 0, which falls slowly (Mills' ratio over sqrt(2 pi))."""
    if z < 5:
        return 0.5 * erfc(z / sqrt(2)) * exp(z * z / 2)
    rest = z  # Laplace's continued fraction z + 1/(z + 2/(z + 3/(...)))
    for n in range(80, 0, -1):
        rest = z + n / rest
    return 1 / (rest * sqrt(2 * pi))


@cache
def _coefficients(degree: int) -> tuple[float, ...]:
    """The polynomial in y = 2t - 1 meeting `_tail_over_bell / t` at Chebyshev points, lowest power first."""

    def ratio(ys: Any) -> Any:
        return np.array([_tail_over_bell(_BEND * (1 / t - 1)) / t for t in (ys + 1) / 2])

    series = chebyshev.chebinterpolate(ratio, degree)
    return tuple(float(c) for c in chebyshev.cheb2poly(series))


def cdf_and_density(z: Floats) -> tuple[Floats, Floats]:
    """P(Z <= z) and the density at z, elementwise, freshly allocated in z's dtype.

    For z of at least one dimension, float32 or float64. The probability is right to 2e-15 in float64 and
    2e-7 in float32; in the left tail the error shrinks with it. One formula serves every z, so no element
    depends on its neighbours.
    """
    t = np.abs(z)
    t *= 1 / _BEND
    t += 1.0
    np.divide(1.0, t, out=t)
    y = t * 2.0
    y -= 1.0
    highest, *lower = reversed(_coefficients(_DEGREE[z.dtype]))
    tail = np.full_like(z, highest)
    for coefficient in lower:
        tail *= y
        tail += coefficient
    bell = z * z
    bell *= -0.5
    np.exp(bell, out=bell)
    tail *= t
    tail *= bell
    # z <= 0: the tail itself; z > 0: 1 - tail. (0 - z is +0 for both zeros, -z would not be.)
    np.subtract(0.0, z, out=y)
    np.copysign(tail, y, out=tail)
    tail += z > 0
    bell *= 1 / sqrt(2 * pi)
    return tail, bell
