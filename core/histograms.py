"""Histograms in fixed bins that all lanes share, so that they can be compared over time and side by side."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
Floats = NDArray[np.float64]

BINS = 64
MARGIN = 0.25
"""Room left on both sides of the weights at the start, as a share of their range: weights move."""
FARTHEST = 50.0
"""A lane whose activations reach further than this many times the nearest lane's does not set the axis."""


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
    finite = flat[np.isfinite(flat)]
    low, high, bins = float(edges[0]), float(edges[-1]), len(edges) - 1
    place = np.subtract(finite, low, dtype=np.float64)
    place *= bins / (high - low)
    np.floor(place, out=place)
    place[finite == high] = bins - 1
    np.clip(place, -1, bins, out=place)
    counts = np.bincount(place.astype(np.int64) + 1, minlength=bins + 2)
    return Histogram(edges, counts[1:-1], int(counts[0]), int(counts[-1]), flat.size - finite.size)


def weight_edges(starts: Sequence[Array]) -> Floats:
    """Shared bins for the weights of one layer in several lanes, from their values before training.

    The range of all of them with a margin, and never narrower than the +-1/sqrt(fan_in) that weights drawn
    as zeros are likely to reach. Each array is (fan_out, fan_in).
    """
    reach = max(1 / np.sqrt(weights.shape[-1]) for weights in starts)
    low = min([float(weights.min()) for weights in starts] + [-reach])
    high = max([float(weights.max()) for weights in starts] + [reach])
    margin = MARGIN * (high - low)
    return np.linspace(low - margin, high + margin, BINS + 1)


def activation_edges(limits: tuple[float, float], starts: Sequence[Array]) -> Floats:
    """Shared bins for the activations of one layer in several lanes.

    On the activation's own range where it is bounded: a saturated layer has a spread far smaller than its
    mean, and bins fitted to the data would hide just that. Else from the values before training.
    """
    finite = [values[np.isfinite(values)] for values in starts]
    reaches = [float(np.abs(values).max()) for values in finite if values.size]
    reaches = [reach for reach in reaches if reach > 0]
    nearest = min(reaches, default=1.0)
    reach = max((reach for reach in reaches if reach <= FARTHEST * nearest), default=1.0)
    low = limits[0] if np.isfinite(limits[0]) else -reach
    high = limits[1] if np.isfinite(limits[1]) else reach
    return np.linspace(low, high, BINS + 1)
