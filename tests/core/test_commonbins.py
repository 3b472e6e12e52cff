"""Bins for histograms that were counted apart, against counting all values in them at once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from initscope.core.commonbins import MOST, common_bins
from initscope.core.histograms import BINS, FARTHEST, histogram


@given(st.floats(-3, 3), st.floats(0.1, 4), st.lists(st.tuples(st.floats(-90, 90), st.floats(0, 90)), max_size=3))
def test_all_spans_fit_and_nothing_is_lost(low: float, wide: float, starts: list[tuple[float, float]]) -> None:
    edges = np.linspace(low, low + wide, BINS + 1)
    spans = [(start, start + more) for start, more in starts]
    values = np.random.default_rng(0).normal(low, wide, 500)
    found = common_bins(edges, spans)
    counted = found.merged(histogram(values, edges))
    inside = values[(values >= edges[0]) & (values <= edges[-1])]
    assert abs(counted.counts - np.histogram(inside, found.edges)[0]).sum() <= 2  # rounding at an edge
    assert counted.counts.sum() == inside.size
    assert counted.counts.sum() + counted.below + counted.above == values.size
    assert len(found.edges) - 1 <= MOST + 1
    assert np.diff(found.edges) == pytest.approx(found.each * wide / BINS)
    near = [span for span in spans if max(map(abs, span)) <= FARTHEST * max(abs(edges[[0, -1]]))]
    assert all(found.edges[0] <= a + 1e-6 and b - 1e-6 <= found.edges[-1] for a, b in near)


def test_what_fits_changes_nothing_and_what_explodes_does_not_set_the_axis() -> None:
    edges = np.linspace(-1, 1, BINS + 1)
    own = histogram(np.linspace(-1, 1, 50), edges)
    for spans in ([], [(-0.5, 1.0)], [(-1e9, 1e9)], [(-np.inf, np.nan)]):
        assert common_bins(edges, spans).merged(own) is own


def test_wider_bins_are_whole_ones_of_the_others() -> None:
    edges = np.linspace(0, 64, BINS + 1)
    found = common_bins(edges, [(-30, 200)])
    assert found.each == 3
    assert found.edges[:2].tolist() == [-30, -27]
    assert 0 in found.edges
    counts = found.merged(histogram(np.array([0.5, 1.5, 2.5, 3.5]), edges)).counts
    assert counts[10:12].tolist() == [3, 1]
    assert found.edges[-1] >= 200
    twice = common_bins(edges, [(0, 128)])  # as many bins as before, each of two
    assert (len(twice.edges), twice.each, twice.before) == (BINS + 1, 2, 0)
    assert twice.merged(histogram(np.array([0.5, 1.5, 2.5, 3.5]), edges)).counts[:3].tolist() == [2, 2, 0]
