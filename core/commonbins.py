"""Bins in which histograms that were counted apart, each in bins of its own, can be compared."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, isfinite

import numpy as np

from initscope.core.histograms import BINS, FARTHEST, Floats, Histogram

Span = tuple[float, float]

MOST = BINS * 3 // 2
"""Bins, or one more; where it would take more of the width that there is, several become one."""
SLACK = 1e-9
"""A span this share of a bin beyond the others' end is rounding."""


@dataclass(frozen=True, eq=False)
class Bins:
    """Equal bins, each of `each` whole ones of other bins; `before` empty ones stand in front of those."""

    edges: Floats
    """(bins + 1,)"""
    before: int = 0
    each: int = 1

    def merged(self, found: Histogram) -> Histogram:
        """A histogram in those others counted in these: exactly, but what lay outside of its bins stays outside."""
        bins = len(self.edges) - 1
        if bins == len(found.counts) and self.each == 1:
            return found
        counts = np.zeros(bins * self.each, np.int64)
        counts[self.before : self.before + len(found.counts)] = found.counts
        return Histogram(
            self.edges, counts.reshape(bins, self.each).sum(axis=1), found.below, found.above, found.non_finite
        )


def common_bins(edges: Floats, spans: Sequence[Span]) -> Bins:
    """Equal bins `edges` (bins + 1,), widened such that they hold these spans as well.

    A span that reaches FARTHEST times as far as they do, or that is not finite, does not set the axis.
    """
    low, high, count = float(edges[0]), float(edges[-1]), len(edges) - 1
    width = (high - low) / count
    reach = FARTHEST * max(abs(low), abs(high))
    kept = [span for span in spans if all(isfinite(end) and abs(end) <= reach for end in span)]
    before = max([0, *(ceil((low - start) / width - SLACK) for start, _ in kept)])
    after = max([0, *(ceil((end - high) / width - SLACK) for _, end in kept)])
    if not before and not after:
        return Bins(edges)
    each = ceil((before + count + after) / MOST)
    before = ceil(before / each) * each
    bins = ceil((before + count + after) / each)
    start = low - before * width
    return Bins(np.linspace(start, start + bins * each * width, bins + 1), before, each)
