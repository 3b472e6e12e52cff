"""Histograms in fixed bins that all lanes share, so that they can be compared over time and side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median_low

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
Floats = NDArray[np.float64]

BINS = 64
MARGIN = 0.25
"""Room left on both sides of the weights at the start, as a share of their range: weights move."""
FARTHEST = 200.0
"""A lane that reaches further than this many times the middle lane does not set the axis; randn beside 0.01*randn
does, weights that explode do not."""


@dataclass(frozen=True)
class Histogram:
    """Counts of values in equal bins; what lies outside or is not finite is counted apart."""

    edges: Floats
    """(bins + 1,)"""
    counts: NDArray[np.int64]
    """(bins,)"""
    below: int
    above: int
    non_finite: int


def histogram(values: Array, edges: Floats) -> Histogram:
    """Counts in the equal bins between `edges`; the last bin includes its right edge, as numpy's does."""
    flat = values.reshape(-1)
    low, high, bins = float(edges[0]), float(edges[-1]), len(edges) - 1
    at_least, at_most = flat >= low, flat <= high
    inside = flat[at_least & at_most]
    place = np.subtract(inside, low, dtype=np.float64)
    place *= bins / (high - low)
    counts = np.bincount(np.minimum(place.astype(np.int64), bins - 1), minlength=bins)
    finite = np.isfinite(flat)
    below, above, bad = (int(np.count_nonzero(o)) for o in (finite & ~at_least, finite & ~at_most, ~finite))
    return Histogram(edges, counts, below, above, bad)


def weight_edges(starts: Sequence[Array]) -> Floats:
    """Shared bins for the weights of one layer in several lanes, from their values before training.

    The range of all of them with a margin, and never narrower than the +-1/sqrt(fan_in) that weights drawn
    as zeros are likely to reach. Each array is (fan_out, fan_in).
    """
    least = max(1 / np.sqrt(weights.shape[-1]) for weights in starts)
    near = _near(starts)
    low = min([float(weights.min()) for weights in near] + [-least])
    high = max([float(weights.max()) for weights in near] + [least])
    margin = MARGIN * (high - low)
    return np.linspace(low - margin, high + margin, BINS + 1)


def activation_edges(limits: tuple[float, float], starts: Sequence[Array]) -> Floats:
    """Shared bins for the activations of one layer in several lanes.

    On the activation's own range where it is bounded: a saturated layer has a spread far smaller than its
    mean, and bins fitted to the data would hide just that. Else from the values before training.
    """
    reach = max((_reach(values) for values in _near(starts)), default=1.0)
    low = limits[0] if np.isfinite(limits[0]) else -reach
    high = limits[1] if np.isfinite(limits[1]) else reach
    return np.linspace(low, high, BINS + 1)


def _reach(values: Array) -> float:
    return float(np.abs(values).max(initial=0.0))


def _near(starts: Sequence[Array]) -> list[Array]:
    """The finite values of those not all zero that reach at most FARTHEST times as far as the middle one of these."""
    finite = [values[np.isfinite(values)] for values in starts]
    reaches = [_reach(values) for values in finite]
    middle = median_low([reach for reach in reaches if reach > 0] or [0.0])
    return [v for v, reach in zip(finite, reaches, strict=True) if 0 < reach <= FARTHEST * middle]
