"""Where layer after layer of one kind leads to: fixed points of the mean-field maps, and depth scales around them."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, log, nan, sqrt

import numpy as np

from initscope.core.activations import Activation
from initscope.core.theory.meanfield import Floats, Maps, maps


@dataclass(frozen=True)
class FixedPoint:
    """Where layer after layer of one kind leads to (Poole et al. 2016; Schoenholz et al. 2017)."""

    q: float
    """q*: the variance of z that reproduces itself; 0 if signals fade for ever, inf if they grow for ever."""
    c: float
    """c*: the correlation of two inputs in the end; NaN where q* is infinite and phi is not linear on both sides."""
    chi: float
    """chi_1 = sigma_w² E[phi'²] at q*: perturbations and squared gradients grow by this factor (Schoenholz, eq. 5)."""
    xi_q: float
    """Layers in which the distance to q* shrinks by e (Schoenholz, eq. 7); inf if it does not shrink."""
    xi_c: float
    """Layers in which the distance to c* shrinks by e (Schoenholz, eq. 9)."""


def fixed_point(kind: Activation, weight: float, bias: float, start: float) -> FixedPoint:
    """The fixed point that is reached from a variance `start`; weight = sigma_w² = fan_in·Var W, bias = Var b.

    For weights and biases of mean 0.
    """
    of = maps(kind)

    def step(q: Floats) -> Floats:
        return weight * of.moments(np.zeros(q.shape), np.sqrt(q)).square + bias

    q = _variance(of, weight, bias, start, step)
    if q == inf and not of.slopes:
        far = of.moments(np.zeros(1), np.array([1e6]))
        return FixedPoint(inf, nan, weight * float(far.slope_square[0]), inf, nan)
    at = q if 0 < q < inf else 1e-12 if q == 0 else 1.0
    chi = weight * float(of.moments(np.zeros(1), np.array([sqrt(at)])).slope_square[0])
    near = step(np.array([at * 0.999, at * 1.001]))
    bend = float(near[1] - near[0]) / (0.002 * at)
    c, pull = _correlation(of, weight, at, chi)
    return FixedPoint(q, c, chi, _scale(bend) if q < inf else inf, _scale(pull))


def _scale(factor: float) -> float:
    """Layers for a shrinkage by e, if every layer multiplies by `factor`."""
    size = abs(factor)
    return inf if size >= 1 - 1e-9 else -1 / log(size) if size else 0.0


def _variance(of: Maps, weight: float, bias: float, start: float, step: Callable[[Floats], Floats]) -> float:
    """q*, by the sign of step(q) - q on ever finer grids; 1e-9 of q is rounding."""
    if of.slopes:
        growth = weight * (of.slopes[0] ** 2 + of.slopes[1] ** 2) / 2
        if abs(growth - 1) < 1e-9:
            return inf if bias else start
        return bias / (1 - growth) if growth < 1 else inf if start + bias else 0.0
    if not start:
        return _variance(of, weight, bias, bias, step) if bias else 0.0
    rising = bool(step(np.array([start]))[0] > start * (1 + 1e-9))
    falling = bool(step(np.array([start]))[0] < start * (1 - 1e-9))
    if not rising and not falling:
        return start
    q = np.geomspace(start, start * 1e12 if rising else start * 1e-12, 97)
    for _ in range(6):
        change = step(q) / q - 1
        turned = np.flatnonzero(change <= 1e-9 if rising else change >= -1e-9)
        if not turned.size:
            return inf if rising else 0.0
        last = max(int(turned[0]), 1)
        q = np.geomspace(q[last - 1], q[last], 33)
    return float(q[-1])


def _correlation(of: Maps, weight: float, q: float, chi: float) -> tuple[float, float]:
    """c* at variance q, and by what a small distance from it is multiplied in a layer.

    From the map of d = 1 - c, whose slope at 0 is chi: c* = 1 if chi <= 1 (Schoenholz et al. 2017, section 3).
    """
    if of.slopes:
        return (nan if of.slopes[0] == of.slopes[1] else 1.0), min(chi, 1.0)
    if chi <= 1 + 1e-9:
        return 1.0, chi

    def step(d: Floats) -> Floats:
        return weight / q * of.apart(np.zeros(d.shape), q * (1 - d), q * d)

    d = np.geomspace(1e-6, 1, 41)
    for _ in range(5):
        shrinks = np.flatnonzero(step(d) < d * (1 - 1e-9))
        last = max(int(shrinks[0]), 1) if shrinks.size else len(d) - 1
        d = np.linspace(d[last - 1], d[last], 9)
    end = float(d[-1]) if shrinks.size else 1.0
    near = step(np.array([end * 0.99, end]))
    return 1 - end, float(near[1] - near[0]) / (0.01 * end)
