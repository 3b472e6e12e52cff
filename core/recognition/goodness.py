"""How well independent draws from a distribution explain a sample: its shape, and where its values end."""

from math import erfc, exp, expm1, isfinite, log1p, sqrt

import numpy as np
from numpy.typing import NDArray

from initscope.core.initialization.distributions import Distribution, HalfNormal, TruncatedNormal, Uniform
from initscope.core.normal import cdf_and_density
from initscope.core.recognition.fingerprints import Evidence, Moments

Floats = NDArray[np.float64]


def distribution_function(distribution: Distribution, x: Floats) -> Floats:
    """P(W <= x) of independent entries, for x with at least one axis."""
    low, high = distribution.bounds
    if isinstance(distribution, Uniform):
        return np.clip((x - low) / (high - low), 0.0, 1.0)
    if isinstance(distribution, HalfNormal):
        return (2 * cdf_and_density(x / distribution.scale)[0] - 1).clip(0.0, 1.0)
    if isinstance(distribution, TruncatedNormal):
        z = (x - distribution.centre) / distribution.std
        below = cdf_and_density(np.array([distribution.low], dtype=np.float64))[0]
        return ((cdf_and_density(z)[0] - below) / distribution.mass).clip(0.0, 1.0)
    return cdf_and_density((x - distribution.mean) / sqrt(distribution.variance))[0].astype(np.float64)


def distance(distribution: Distribution, ordered: Floats) -> float:
    """The greatest difference of the distribution function from that of the sorted sample (Kolmogorov's)."""
    share = distribution_function(distribution, ordered)
    steps = np.arange(ordered.size + 1) / ordered.size
    return float(max((steps[1:] - share).max(), (share - steps[:-1]).max()))


def shape_evidence(distribution: Distribution, ordered: Floats, fitted: bool = False) -> Evidence:
    """Kolmogorov's test (tail: Stephens 1970); 1/1.5 as far if mean and std are fitted (Lilliefors 1967)."""
    d, n = distance(distribution, ordered), sqrt(ordered.size)
    t = (n + 0.12 + 0.11 / n) * d * (1.5 if fitted else 1.0)
    tail = 1.0 if t < 0.3 else 2 * sum((-1) ** (k - 1) * exp(-2 * k * k * t * t) for k in range(1, 40))
    return Evidence(f"the distribution is off by {d:.4f} at most, {t / 1.36:.1f} times what 1 in 20 samples exceed",
                    min(max(tail, 0.0), 1.0))  # fmt: skip


def edge_evidence(distribution: Distribution, moments: Moments) -> Evidence:
    """Whether so many draws reach out as far as these and no farther."""
    low, high = distribution.bounds
    if isfinite(high) and isfinite(low):
        ends = np.array([moments.low, moments.high])
        ends += np.array([-1, 1]) * 2.0 ** -min(moments.bits, 20) * max(abs(low), abs(high))
        inside = distribution_function(distribution, ends)
        chance = 2 * min(float(inside[1]) ** moments.size, (1 - float(inside[0])) ** moments.size)
        return Evidence(f"values end at {moments.low:.4g} and {moments.high:.4g}", min(chance, 1.0))
    centre, std = distribution.mean, sqrt(distribution.variance)
    if isinstance(distribution, HalfNormal):
        centre, std = 0.0, distribution.scale
    z = max(centre - moments.low, moments.high - centre) / std
    tail = erfc(z / sqrt(2))
    return Evidence(f"the farthest value is {z:.1f} stds away", -expm1(moments.size * log1p(-min(tail, 1 - 1e-16))))
