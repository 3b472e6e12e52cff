"""Mean-field maps: what an activation makes of Gaussian pre-activations, and where stacked layers lead to.

In wide layers the pre-activations of one input are Gaussian over units (Neal 1996; Poole et al. 2016, section 2).
Expectations are closed forms where phi is linear on either side of 0 (Cho & Saul 2009), else sums over nodes.
All functions take and give float64 arrays of any shape and never warn.
"""

from dataclasses import dataclass
from functools import cache, cached_property
from math import inf, nan, pi, sqrt

import numpy as np
from numpy.typing import NDArray

from initscope.core.activations import Activation
from initscope.core.probes import SATURATED_SLOPE
from initscope.core.theory.nodes import REACH, above, nodes

Floats = NDArray[np.float64]

NODES, OUTER, INNER = 80, 40, 32
"""Nodes of one expectation, and of the two of one over correlated pairs. Even: none falls on a kink at the mean."""
VAST = 1e4
"""Std beyond which a bend at 0 does not matter."""
FAR = 40.0
"""Beyond it the slope of most activations is a constant in float64."""
NEAR = 1e-7
"""Share of the variance below which two inputs are so alike that phi is linear between them."""


@dataclass(frozen=True)
class Moments:
    """Expectations over z ~ N(mean, std²), each of the shape of mean and std."""

    mean: Floats
    """E[phi]."""
    variance: Floats
    """Var[phi]."""
    fourth: Floats
    """E[phi⁴]."""
    elasticity: Floats
    """d log E[phi²] / d log std², which is E[phi phi' (z - mean)] / E[phi²]; 1 if phi is linear."""
    slope: Floats
    """E[phi']."""
    slope_square: Floats
    """E[phi'²]."""
    slope_fourth: Floats
    """E[phi'⁴]."""

    @property
    def square(self) -> Floats:
        """E[phi²]."""
        return self.variance + self.mean**2


@dataclass(frozen=True)
class Maps:
    """What one activation does to Gaussians; made once for each by `maps`."""

    kind: Activation

    def phi(self, z: Floats) -> Floats:
        """phi at every z."""
        out = np.empty((1, 1, z.size))
        self.kind.forward(z.reshape(out.shape).copy(), out)
        return out.reshape(z.shape)

    def phi_and_slope(self, z: Floats) -> tuple[Floats, Floats]:
        """phi and phi' at every z."""
        a = self.phi(z)
        row = (1, 1, z.size)
        slope = self.kind.slope(z.reshape(row), a.reshape(row))
        return a, np.asarray(slope, dtype=np.float64).reshape(z.shape)

    @cached_property
    def slopes(self) -> tuple[float, float] | None:
        """The slopes below and above 0 of an activation that is linear on both sides, such as relu: (0, 1)."""
        at = np.array([-1e4, -7.0, -1.0, -1e-3, 1e-3, 1.0, 7.0, 1e4])
        with np.errstate(all="ignore"):
            ratio = self.phi(at) / at
        low, high = float(ratio[2]), float(ratio[5])
        lines = np.allclose(ratio[:4], low, rtol=1e-12, atol=0) and np.allclose(ratio[4:], high, rtol=1e-12, atol=0)
        return (low, high) if lines else None

    @cached_property
    def jumps(self) -> tuple[tuple[float, float, float], ...]:
        """Kinks of phi: where they are, and the slopes before and after."""
        with np.errstate(all="ignore"):
            slopes = [self.phi_and_slope(np.array([at - 1e-9, at + 1e-9]))[1] for at in self.kind.kinks]
        return tuple((at, float(s[0]), float(s[1])) for at, s in zip(self.kind.kinks, slopes, strict=True))

    @cached_property
    def tails(self) -> tuple[tuple[float, float], tuple[float, float]] | None:
        """Slope and offset of the lines that phi is, to rounding, below -FAR and above FAR, if it is."""
        found = []
        with np.errstate(all="ignore"):
            for side in (-1, 1):
                z = side * np.array([FAR, 1.7 * FAR, 1e4])
                a, slope = self.phi_and_slope(z)
                offset = float(a[0] - slope[2] * z[0])
                if not np.allclose(a, slope[2] * z + offset, rtol=1e-14, atol=1e-12) or np.ptp(slope) > 1e-12:
                    return None
                found.append((float(slope[2]), offset))
        return found[0], found[1]

    @cached_property
    def flats(self) -> tuple[tuple[float, float, bool], ...]:
        """Intervals of z in which a unit counts as saturated (probes.py), and whether on the low side."""
        z = np.sinh(np.linspace(-9, 9, 4096))
        with np.errstate(all="ignore"):
            changes = np.flatnonzero(np.diff(self._flat(z)))
            low, high = z[changes], z[changes + 1]
            start = self._flat(low)
            for _ in range(50):
                middle = (low + high) / 2
                same = self._flat(middle) == start
                low, high = np.where(same, middle, low), np.where(same, high, middle)
            borders = np.concatenate([[-inf], low, [inf]])
            inside = np.clip(borders, -4000, 4000)
            centres = (inside[:-1] + inside[1:]) / 2
            row = centres.reshape(1, 1, -1)
            sides = self.kind.low_side(row, self.phi(row)).ravel()
            flat = self._flat(centres)
        return tuple(
            (float(borders[i]), float(borders[i + 1]), bool(sides[i])) for i in np.flatnonzero(flat)
        )

    def _flat(self, z: Floats) -> NDArray[np.bool_]:
        flat: NDArray[np.bool_] = np.abs(self.phi_and_slope(z)[1]) < SATURATED_SLOPE * self.kind.slope_max
        return flat

    def saturated(self, mean: Floats, std: Floats) -> tuple[Floats, Floats]:
        """Expected shares of saturated units on the low and on the high side; NaN where that means nothing."""
        if not self.kind.saturates:
            return np.full(mean.shape, nan), np.full(mean.shape, nan)
        firsts, lasts, low = (np.array(part) for part in zip(*self.flats, strict=True))
        chances = above(np.concatenate([firsts, lasts]), mean, std)
        shares = chances[..., : len(low)] - chances[..., len(low) :]
        return shares @ low, shares @ ~low

    def moments(self, mean: Floats, std: Floats) -> Moments:
        """Expectations over z ~ N(mean, std²), elementwise."""
        with np.errstate(all="ignore"):
            if not std.any():
                return self._points(mean)
            if lines := self._slopes_at(std):
                return _lines(mean, std, lines)
            if self.tails is None:
                return self._sums(mean, std)
            far = np.abs(mean) - REACH * std > FAR
            result = self._beyond(mean, std)
            lines = self._slopes_at(np.full(1, inf))
            vast = (std > VAST) & ~far if lines else np.zeros_like(far)
            if lines and vast.any():
                _enter(result, vast, _lines(mean[vast], std[vast], lines))
            rest = ~(far | vast)
            if rest.any():
                _enter(result, rest, self._sums(mean[rest], std[rest]))
            return result

    def _slopes_at(self, std: Floats) -> tuple[float, float] | None:
        """The slopes on both sides of an activation that is linear there, if only from as far away as std."""
        if self.slopes or self.tails is None:
            return self.slopes
        (low, _), (high, _) = self.tails
        return (low, high) if low**2 + high**2 > 0 and (std > VAST).all() else None

    def _points(self, mean: Floats) -> Moments:
        """The moments of a normal without variance."""
        a, slope = self.phi_and_slope(mean)
        return Moments(a, 0 * a, a**4, np.ones_like(a), slope, slope**2, slope**4)

    def _beyond(self, mean: Floats, std: Floats) -> Moments:
        """The moments where phi is a line."""
        assert self.tails
        (low, under), (high, over) = self.tails
        slope = np.where(mean > 0, high, low)
        first, variance = slope * mean + np.where(mean > 0, over, under), (slope * std) ** 2
        square = first**2 + variance
        fourth = first**4 + 6 * first**2 * variance + 3 * variance**2
        elasticity = np.where(square > 0, variance / np.where(square > 0, square, 1), 1.0)
        return Moments(first, variance, fourth, elasticity, slope, slope**2, slope**4)

    def _sums(self, mean: Floats, std: Floats) -> Moments:
        z, weights = nodes(mean, std, 4 * NODES if self.kind.kinks else NODES)
        a, slope = self.phi_and_slope(z)
        centre = np.einsum("...n,...n->...", a, weights)
        away = a - centre[..., None]
        variance = np.einsum("...n,...n,...n->...", away, away, weights)
        squares, steepness = a * a, slope * slope  # the fourth power itself takes twenty times as long as a product
        square = np.einsum("...n,...n->...", squares, weights)
        fourth = np.einsum("...n,...n,...n->...", squares, squares, weights)
        off = z - mean[..., None]
        powers = [slope, steepness, steepness * steepness, a * slope * off]
        sums = [np.zeros(mean.shape) for _ in powers]
        for kink, before, after in self.jumps:  # a jump between two nodes costs a sum its accuracy
            behind, chance = z > kink, above(np.array([kink]), mean, std)[..., 0]
            lift = float(self.phi(np.array([kink]))[0]) * (after - before)
            steps = [np.full(mean.shape, after**power - before**power) for power in (1, 2, 4)]
            for i, step in enumerate([*steps, lift * (kink - mean)]):
                powers[i] = powers[i] - step[..., None] * behind
                sums[i] += step * chance
        for i, values in enumerate(powers):
            sums[i] += np.einsum("...n,...n->...", values, weights)
        cross = sums.pop()
        elasticity = np.where(square > 0, cross / np.where(square > 0, square, 1), 1.0)
        return Moments(centre, variance, fourth, elasticity, *sums)

    def apart(self, mean: Floats, shared: Floats, own: Floats) -> Floats:
        """E over units of the variance of phi over inputs, where z = u + v, u ~ N(mean, shared) is the unit's
        offset and v ~ N(0, own) depends on the input.

        It is E[phi(z)²] - E[phi(z) phi(z')] for two inputs of covariance `shared`: the C-map (Poole et al. 2016,
        eq. 5; for relu the arc-cosine kernel, Cho & Saul 2009), without the loss of digits near correlation 1.
        """
        with np.errstate(all="ignore"):
            total = shared + own
            std = np.sqrt(total)
            lines = self._slopes_at(std)
            away = np.abs(mean) - REACH * std > (0 if lines else FAR)
            if np.all(own <= NEAR * total) or ((lines or self.tails) and away.all()):
                return own * self.moments(mean, std).slope_square
            if lines and not mean.any():
                return _arc_cosine(shared, own, lines)
            u, outer = nodes(mean, np.sqrt(shared), OUTER)
            std = np.broadcast_to(np.sqrt(own)[..., None], u.shape)
            if lines:
                inner = _lines(u, std, lines).variance
            else:
                z, weights = nodes(u, std, INNER)
                change = self.phi(z) - self.phi(u)[..., None]
                first = np.einsum("...n,...n->...", change, weights)
                inner = np.einsum("...n,...n,...n->...", change, change, weights) - first**2
            return np.asarray(np.einsum("...n,...n->...", inner, outer))


def _lines(mean: Floats, std: Floats, slopes: tuple[float, float]) -> Moments:
    """For slopes (low, high): the moments of a normal cut at 0 (He et al. 2015, eq. 8, for relu and mean 0)."""
    low, high = slopes
    tilt = np.where(std > 0, mean / np.where(std > 0, std, 1), 0.0)
    share = above(np.zeros(1), mean, std)[..., 0]
    bell = np.exp(-np.clip(tilt, -50, 50) ** 2 / 2) / sqrt(2 * pi)
    positive = mean * share + std * bell
    square = mean**2 + std**2
    upper = square * share + mean * std * bell
    fourth = mean**4 + 6 * mean**2 * std**2 + 3 * std**4
    upper_fourth = fourth * share + (mean**3 * std + 5 * mean * std**3) * bell
    first = low * mean + (high - low) * positive
    second = low**2 * square + (high**2 - low**2) * upper
    # E[phi phi' (z - mean)] = E[phi'² z (z - mean)]
    cross = second - mean * (low**2 * mean + (high**2 - low**2) * positive)
    elasticity = np.where(second > 0, cross / np.where(second > 0, second, 1), 1.0)
    steps = [low**p + (high**p - low**p) * share for p in (1, 2, 4)]
    top = low**4 * fourth + (high**4 - low**4) * upper_fourth
    return Moments(first, np.maximum(second - first**2, 0), top, elasticity, *steps)


def _arc_cosine(shared: Floats, own: Floats, slopes: tuple[float, float]) -> Floats:
    low, high = slopes
    q = shared + own
    c = np.where(q > 0, shared / np.where(q > 0, q, 1), 1.0)
    bend = 1 - 2 / pi * (np.sqrt((1 - c) * (1 + c)) + c * np.arcsin(c))
    return np.asarray(((high + low) / 2) ** 2 * own + ((high - low) / 2) ** 2 * q * bend)


def _enter(into: Moments, where: NDArray[np.bool_], values: Moments) -> None:
    for name in Moments.__dataclass_fields__:
        getattr(into, name)[where] = getattr(values, name)


@cache
def maps(kind: Activation) -> Maps:
    """The maps of an activation."""
    return Maps(kind)
