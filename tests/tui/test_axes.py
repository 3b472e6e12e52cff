"""Decimation against a slow plain loop, and axes: limits, round ticks, short labels."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from initscope.tui.axes import Axis, axis, short, ticks
from initscope.tui.decimate import bars, decimate, vector


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 300), st.integers(1, 60))
def test_decimation_keeps_extremes_and_means_like_a_plain_loop(seed, size, columns):
    rng = np.random.default_rng(seed)
    x = np.sort(rng.random(size)) * 100
    y = np.where(rng.random(size) < 0.2, np.nan, rng.standard_normal(size))
    result = decimate(x, y, y - 1, y + 1, columns)
    assert len(result.x) <= max(columns, 1)
    if size <= columns:
        np.testing.assert_array_equal(result.mean, y)
        return
    parts: dict[int, list[int]] = {}
    for place in range(size):
        part = min(int(columns * ((x[place] - x[0]) / (x[-1] - x[0]))), columns - 1)
        parts.setdefault(part, []).append(place)
    for column, places in enumerate(parts.values()):
        finite = [y[place] for place in places if np.isfinite(y[place])]
        expected = [np.mean(x[places])]
        expected += [np.mean(finite), min(finite) - 1, max(finite) + 1] if finite else [np.nan] * 3
        np.testing.assert_allclose([side[column] for side in result], expected, rtol=1e-12, atol=1e-12)


def test_decimation_puts_x_in_order_and_leaves_out_what_has_no_x():
    x, y = np.array([3.0, 1.0, np.nan, 2.0]), np.array([30.0, 10.0, 99.0, 20.0])
    assert decimate(x, y, y, y, 9).mean.tolist() == [10.0, 20.0, 30.0]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 40))
def test_bars_show_the_tallest_bin_like_a_plain_loop(seed, bins, columns):
    rng = np.random.default_rng(seed)
    edges, heights = np.cumsum(0.1 + rng.random(bins + 1)), rng.random(bins)
    low, high = edges[0] - 0.37, edges[-1] + 0.41
    width = (high - low) / columns
    expected = []
    for column in range(columns):
        left, right = low + column * width, low + (column + 1) * width
        touching = [heights[b] for b in range(bins) if edges[b] < right and edges[b + 1] > left]
        expected.append(max(touching, default=0.0))
    np.testing.assert_array_equal(bars(edges, heights, (low, high), columns), expected)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.5, "0.5"), (1e-3, "1e-3"), (0.01, "0.01"), (10_000, "10k"), (999.9, "1k"), (2.5e6, "2.5M"),
     (-1500, "-1.5k"), (3e12, "3e12"), (math.inf, "inf"), (99.96, "100"), (5e-324, "4.94e-324")],
)
def test_short_numbers(value, text):
    assert short(value) == text


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(2, 8), st.booleans())
def test_ticks_are_few_ascending_distinct_and_inside(low, span, most, log):
    along = Axis(low % 300, low % 300 + span % 300, True) if log else Axis(low, low + span)
    assume(along.high - along.low > 1e-3)
    found = ticks(along, most)
    places = [tick.at for tick in found]
    assert len(found) <= most
    assert places == sorted(set(places))
    assert len({tick.label for tick in found}) == len(found)
    assert all(len(tick.label) <= 7 for tick in found)
    assert all(along.low - 1e-6 * span <= place <= along.high + 1e-6 * span for place in places)


def test_round_ticks():
    assert [tick.label for tick in ticks(Axis(0, 1), 6)] == ["0", "0.2", "0.4", "0.6", "0.8", "1"]
    assert [tick.label for tick in ticks(Axis(0, 23_000), 4)] == ["0", "10k", "20k"]
    assert [tick.label for tick in ticks(Axis(0, 0.4), 3, percent=True)] == ["0%", "20%", "40%"]
    assert [tick.label for tick in ticks(Axis(-3, 2, True), 6)] == ["1e-3", "0.01", "0.1", "1", "10", "100"]
    assert [tick.label for tick in ticks(Axis(-0.4, 0.4, True), 6)] == ["0.5", "1", "2"]


def test_an_axis_makes_room_and_ignores_nonsense():
    assert axis([np.array([2.0, np.nan, 2.0])], None)[:2] == (1.0, 3.0)
    assert axis([], None)[:2] == (0.0, 1.0)
    assert axis([np.array([1.0, 3.0])], (9.0, 0.0))[:2] == (0.0, 9.0)
    assert axis([np.array([1.0, 3.0])], (math.nan, None))[:2] == (1.0, 3.0)
    assert axis([np.array([0.0, 2.0])], (-1.0, 100.0), True)[:2] == (0.0, 2.0)


def test_vectors_hold_huge_values_and_turn_infinities_into_gaps():
    np.testing.assert_array_equal(vector([1e308, -np.inf, 2]), [1e150, np.nan, 2])
