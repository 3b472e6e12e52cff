"""What a sample of an initializer looks like beside what is expected of it: moments, histograms, nearness to zero."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import asin, erfc, exp, expm1, inf, isfinite, lgamma, log, log1p, nan, pi, prod, sqrt

import numpy as np
from numpy.typing import NDArray

from initscope.core.errors import InputError
from initscope.core.initialization.distributions import (
    Constant,
    Distribution,
    HalfNormal,
    Normal,
    TruncatedNormal,
    Uniform,
)
from initscope.core.initialization.initializers import Initializer
from initscope.core.initialization.structured import DeltaOrthogonal, Identity, Orthogonal, Sparse

Floats = NDArray[np.float64]

DEPENDENT = (Orthogonal, DeltaOrthogonal, Identity, Sparse)
"""Distributions of whole arrays: one entry tells something of the others."""
WIDE = 4.0
"""Stds from the mean that a histogram shows at least, where a draw can be that far away."""
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(200)
_FAR = 40.0
"""Stds from the mean beyond which float64 holds no probability worth a node of the integration."""


@dataclass(frozen=True)
class Moment:
    """A sample's mean or std beside its expectation."""

    sample: float
    expected: float
    error: float | None
    """Standard error, None where the draws are not independent and none is known."""

    @property
    def z(self) -> float | None:
        """How many standard errors the sample is off; None where there is no error to divide by."""
        return (self.sample - self.expected) / self.error if self.error and isfinite(self.sample) else None

    @property
    def chance(self) -> float | None:
        """Of being as far off or farther, if it is normal, as it is of many draws."""
        return None if self.z is None else erfc(abs(self.z) / sqrt(2))


@dataclass(frozen=True, eq=False)
class Sample:
    """Draws of one initializer in a layer."""

    name: str
    distribution: Distribution
    """Of one entry."""
    values: Floats
    """(n,) draws."""
    weights: Floats
    """(out, in) or (out, in, *kernel), drawn after them."""
    alone: str = ""
    """What these are where an initializer fits its weights to the network, which is not there."""

    @property
    def independent(self) -> bool:
        """Whether the values are independent of one another."""
        return not isinstance(self.distribution, DEPENDENT)

    @property
    def mean(self) -> Moment:
        """Its standard error is std / sqrt(n)."""
        error = sqrt(self.distribution.variance / self.values.size) if self.independent else None
        return Moment(float(self.values.mean()), self.distribution.mean, error)

    @property
    def std(self) -> Moment:
        """With n - 1 in the denominator; its standard error is std·sqrt((kurtosis - 1) / 4n) for large n.

        Of a normal that is std / sqrt(2n). From the sample variance's own: Cramér 1946, section 27.4.
        """
        expected, n = sqrt(self.distribution.variance), self.values.size
        bend = kurtosis(self.distribution) if self.independent and expected else 1.0
        error = expected * sqrt((bend - 1) / (4 * n)) if self.independent else None
        sample = float(self.values.std(ddof=1)) if n > 1 else nan
        return Moment(sample if np.ptp(self.values) else 0.0 * sample, expected, error)  # rounding is no spread


def draw(rule: Initializer, shape: tuple[int, ...], n: int, rng: np.random.Generator) -> Sample:
    """n draws of one entry of weights of this shape, (out, in) or (out, in, *kernel), then such weights.

    Where entries depend on one another the n are picked at random, without repeats, from whole arrays. Raises
    InputError for a shape that the initializer cannot fill and for a spread that float64 cannot square.
    """
    distribution = rule.of(shape)
    variance, (low, high) = distribution.variance, distribution.bounds
    if not (isfinite(variance) and isfinite(distribution.mean)) or (variance < 1e-290 and low < high):
        raise InputError(f"{rule}: its variance does not fit into float64; choose parameters between 1e-140 and 1e140")
    if isinstance(distribution, DEPENDENT):
        arrays = [distribution.sample(rng, shape).reshape(-1) for _ in range(-(-n // prod(shape)))]
        values = rng.permutation(np.concatenate(arrays))[:n]
    else:
        values = distribution.sample(rng, (n,))
    return Sample(str(rule), distribution, values, distribution.sample(rng, shape), rule.alone)


def running(sample: Sample, places: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Mean and std of the first k values for each k of `places`, both in units of the expected std.

    The mean is that of the distance from the expected mean; the std has k - 1 in the denominator and is NaN
    for k = 1. Both NaN where the expected std is 0.
    """
    std = sqrt(sample.distribution.variance)
    if not std:
        return np.full(places.size, np.nan), np.full(places.size, np.nan)
    away = (sample.values - sample.distribution.mean) / std
    sums, squares = (np.cumsum(part)[places - 1] for part in (away, away * away))
    means = sums / places
    variances = np.maximum(squares - sums * means, 0.0) / np.maximum(places - 1, 1)
    return means, np.where(places > 1, np.sqrt(variances), np.nan)


def shared_edges(samples: Sequence[Sample], bins: int) -> Floats:
    """(bins + 1,) edges of equal bins that hold all values and WIDE stds of each distribution within its bounds."""
    lows, highs = [], []
    for sample in samples:
        mean, reach = sample.distribution.mean, WIDE * sqrt(sample.distribution.variance)
        low, high = sample.distribution.bounds
        lows.append(max(low, min(mean - reach, float(sample.values.min()))))
        highs.append(min(high, max(mean + reach, float(sample.values.max()))))
    low, high = min(lows), max(highs)
    size = max(abs(low), abs(high))
    room = 0.5 * (size or 1.0) if high - low <= 1e-9 * size else 0.0
    return np.linspace(low - room, high + room, bins + 1)


def expected_shares(distribution: Distribution, edges: Floats) -> Floats:
    """(bins,): the exact chance of each bin, the density integrated over it; the last holds its right edge."""
    total = np.zeros(edges.size - 1)
    middles, halves = (edges[1:] + edges[:-1]) / 2, np.diff(edges) / 2
    for share, part in mixture(distribution):
        if isinstance(part, Constant):
            total += share * np.histogram([part.value], edges)[0]
        else:
            both = zip(middles.tolist(), halves.tolist(), strict=True)
            total += share * np.array([exp(_log_mass(part, middle, half)) for middle, half in both])
    return total


def log_near_zero(distribution: Distribution, eps: float) -> float:
    """log P(|W| < eps) of one entry, eps > 0; -inf if it cannot be. Right where P itself would underflow."""
    logs = [log(share) + _log_mass(part, 0.0, eps) for share, part in mixture(distribution) if share > 0]
    top = max(logs)
    return min(top + log(sum(exp(one - top) for one in logs)), 0.0) if isfinite(top) else top


def log_all_near_zero(distribution: Distribution, shape: tuple[int, ...], eps: float) -> float | None:
    """The same of all entries of an array at once; None where no closed form is known.

    Independent entries: size·log P. Of orthonormal vectors with d entries each, one entry is gain/sqrt(d) or more.
    """
    match distribution:
        case Sparse() if distribution.variance:
            drawn: int = (distribution.rows - distribution.zeros) * prod(shape[1:])
            return drawn * _log_mass(Normal(0.0, distribution.std), 0.0, eps)
        case Sparse():
            return 0.0
        case Identity(value=value):
            return _log_mass(Constant(value), 0.0, eps)
        case Orthogonal(gain=gain, longer=d) | DeltaOrthogonal(gain=gain, rows=d):
            if abs(gain) < eps:
                return 0.0
            return -inf if abs(gain) >= eps * sqrt(d) else None
    return prod(shape) * log_near_zero(distribution, eps)


def kurtosis(distribution: Distribution) -> float:
    """Fourth central moment over the squared variance, of the distributions of independent entries.

    Johnson, Kotz & Balakrishnan 1994, ch. 13 (half normal); of a truncated normal by Gauss-Legendre integration.
    """
    match distribution:
        case Uniform():
            return 1.8
        case HalfNormal():
            return 3 + 8 * (pi - 3) / (pi - 2) ** 2
        case TruncatedNormal():
            low, high = max(distribution.low, -_FAR), min(distribution.high, _FAR)
            z = (low + high) / 2 + (high - low) / 2 * _NODES
            weights = _WEIGHTS * np.exp(-z * z / 2)
            weights /= weights.sum()
            away = z - float(weights @ z)
            return float(weights @ away**4) / float(weights @ away**2) ** 2
    return 3.0


def mixture(distribution: Distribution) -> list[tuple[float, Distribution]]:
    """(share, part) of what one entry is drawn from: a part is one value, or has a density."""
    match distribution:
        case Sparse(std=std, rows=rows):
            share = distribution.zeros / rows
            return [(share, Constant(0.0)), *_weighted(1 - share, Normal(0.0, std))]
        case Identity(value=value):
            return [(distribution.share, Constant(value)), (1 - distribution.share, Constant(0.0))]
        case DeltaOrthogonal(gain=gain, rows=rows, kernel=kernel):
            return [(1 - 1 / kernel, Constant(0.0)), *_weighted(1 / kernel, Orthogonal(gain, rows))]
        case Orthogonal(gain=gain, longer=1):
            return [(0.5, Constant(gain)), (0.5, Constant(-gain))]
    low, high = distribution.bounds
    return [(1.0, Constant(low) if low == high else distribution)]


def _weighted(weight: float, part: Distribution) -> list[tuple[float, Distribution]]:
    return [(weight * share, inner) for share, inner in mixture(part)]


def _log_mass(part: Distribution, middle: float, half: float) -> float:
    """log P(|W - middle| < half). Middle and half, not two ends: half may be far below middle's last digit."""
    match part:
        case Constant(value=value):
            return 0.0 if abs(value - middle) < half else -inf
        case Uniform():
            low, high = part.bounds
            half = _cut(middle, half, low, high)[1]
            return log(2 * half / (high - low)) if half > 0 else -inf
        case Normal(centre=centre, std=std):
            return _log_normal((middle - centre) / std, half / abs(std))
        case HalfNormal(scale=scale):
            return log(2) + _log_normal(*_cut(middle / scale, half / abs(scale), 0.0, inf))
        case TruncatedNormal(centre=centre, std=std):
            z = _cut((middle - centre) / std, half / abs(std), part.low, part.high)
            return _log_normal(*z) - log(part.mass)
        case Orthogonal(gain=gain, longer=d):
            return _log_coordinate(*_cut(middle / gain, half / abs(gain), -1.0, 1.0), d)
    raise TypeError(f"no density is known of {type(part).__name__}")


def _cut(middle: float, half: float, low: float, high: float) -> tuple[float, float]:
    """The part of an interval within [low, high]; half <= 0 if there is none."""
    if middle - half >= low and middle + half <= high:
        return middle, half
    low, high = max(low, middle - half), min(high, middle + half)
    return (low + high) / 2, (high - low) / 2


def _log_normal(middle: float, half: float) -> float:
    """log P(|Z - middle| < half) of a standard normal Z."""
    if half <= 0:
        return -inf
    middle = abs(middle)
    if half * (1 + middle + half) < 1:  # where tails would cancel, the density is as good as a low polynomial
        return _log_integral(middle, half, lambda z: -z * z / 2) - log(2 * pi) / 2
    low, high = middle - half, middle + half
    if low < 0:
        return log1p(-exp(_log_tail(-low)) - exp(_log_tail(high)))
    return _log_tail(low) + log(-expm1(_log_tail(high) - _log_tail(low)))


def _log_tail(z: float) -> float:
    """log P(Z > z) for z >= 0; beyond 25 by Laplace's continued fraction z + 1/(z + 2/(z + 3/(...)))."""
    if z < 25:
        return log(erfc(z / sqrt(2)) / 2)
    rest = z
    for k in range(40, 0, -1):
        rest = z + k / rest
    return -z * z / 2 - log(rest * sqrt(2 * pi))


def _log_coordinate(middle: float, half: float, d: int) -> float:
    """log P(|t - middle| < half) of a coordinate t of a random unit vector in d >= 2 dimensions.

    One of d normals over the root of the sum of their squares: of density ~ (1 - t²)^((d-3)/2), and so, with
    t = sin a, of density ~ cos(a)^(d-2), which has no pole.
    """
    if half <= 0:
        return -inf
    ends = asin(max(middle - half, -1.0)), asin(min(middle + half, 1.0))
    far = min(_FAR / sqrt(d), pi / 2)
    angle, width = _cut((ends[0] + ends[1]) / 2, (ends[1] - ends[0]) / 2, -far, far)
    if width <= 0:
        return -inf
    inside = _log_integral(angle, width, lambda a: (d - 2) * np.log(np.cos(a)))
    return min(inside + lgamma(d / 2) - lgamma((d - 1) / 2) - log(pi) / 2, 0.0)


def _log_integral(middle: float, half: float, log_density: Callable[[Floats], Floats]) -> float:
    """log of the integral of exp(log_density) over an interval, by Gauss-Legendre."""
    logs = log_density(middle + half * _NODES)
    top = float(logs.max())
    return top + log(half) + log(float(_WEIGHTS @ np.exp(logs - top)))
