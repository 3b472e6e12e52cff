"""Histograms against np.histogram, and the bins that lanes share."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from initscope.core.histograms import BINS, FARTHEST, MARGIN, activation_edges, histogram, weight_edges

RANGES = [(-1.0, 1.0), (0.0, 1.0), (-0.3, 0.7), (-1e-3, 1e-3), (0.1, 0.7), (-5e3, 8e3), (0.0, 1e-30)]


def check(values: np.ndarray, edges: np.ndarray) -> None:
    """Equal to np.histogram, but for values within rounding of an inner edge, which may change sides."""
    found = histogram(values, edges)
    finite = values[np.isfinite(values)].astype(float)
    assert found.below == np.count_nonzero(finite < edges[0])
    assert found.above == np.count_nonzero(finite > edges[-1])
    assert found.non_finite == np.count_nonzero(~np.isfinite(values))
    assert found.counts.sum() + found.below + found.above + found.non_finite == values.size
    assert found.counts.shape == (len(edges) - 1,)
    assert found.edges is edges
    width = edges[1] - edges[0]
    cumulated = np.cumsum(found.counts)[:-1]
    inside = finite[(finite >= edges[0]) & (finite <= edges[-1])]
    slack = 1e-9 * width
    for edge, count in zip(edges[1:-1], cumulated, strict=True):
        assert np.count_nonzero(inside < edge - slack) <= count <= np.count_nonzero(inside < edge + slack)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("limits", RANGES)
def test_equals_numpys(limits: tuple[float, float], dtype: type) -> None:
    low, high = limits
    rng = np.random.default_rng(0)
    edges = np.linspace(low, high, BINS + 1)
    values: np.ndarray = rng.uniform(low - (high - low) / 4, high + (high - low) / 4, (20, 50)).astype(dtype)
    found, expected = histogram(values, edges), np.histogram(values.astype(float), edges)[0]
    assert found.counts.tolist() == expected.tolist()
    check(values, edges)


@pytest.mark.parametrize("limits", RANGES)
def test_both_ends_belong_to_the_outer_bins(limits: tuple[float, float]) -> None:
    low, high = limits
    edges = np.linspace(low, high, BINS + 1)
    near_high = [np.nextafter(high, low), high, np.nextafter(high, np.inf)]
    near_low = [np.nextafter(low, -np.inf), low, np.nextafter(low, high)]
    found = histogram(np.array(near_low + near_high), edges)
    assert (found.below, found.counts[0], found.counts[-1], found.above) == (1, 2, 2, 1)


def test_a_tanh_unit_close_to_one_is_inside() -> None:
    edges = activation_edges((-1.0, 1.0), [np.zeros((2, 2))])
    found = histogram(np.tanh(np.linspace(15, 25, 1001)), edges)
    assert found.above == 0
    assert found.counts[-1] == 1001


VALUES = st.one_of(
    st.floats(-2, 2), st.sampled_from([np.nan, np.inf, -np.inf, 1e300, -1e300, 0.0, 1.0, -1.0, 5e-324])
)


@given(
    arrays(np.float64, st.integers(0, 40), elements=VALUES),
    st.floats(-1, 1), st.floats(1e-3, 2), st.integers(1, BINS),
)
def test_any_values_in_any_bins(values: np.ndarray, low: float, width: float, bins: int) -> None:
    check(values, np.linspace(low, low + width, bins + 1))


@pytest.mark.parametrize("limits", [(-1e-3, 1e-3), (0.0, 1e-300)])
def test_the_largest_numbers_are_outside_without_a_warning(limits: tuple[float, float]) -> None:
    edges = np.linspace(*limits, BINS + 1)
    found = histogram(np.array([1.7e308, -1.7e308, np.inf, np.nan]), edges)
    assert (found.below, found.above, found.non_finite, found.counts.sum()) == (1, 1, 2, 0)


def test_weight_edges_hold_all_lanes_with_a_margin() -> None:
    rng = np.random.default_rng(1)
    starts = [rng.normal(size=(30, 64)), rng.uniform(size=(20, 64)) * 7, np.zeros((10, 64))]
    edges = weight_edges(starts)
    low, high = min(v.min() for v in starts), max(v.max() for v in starts)
    assert edges.shape == (BINS + 1,)
    assert edges[0] == pytest.approx(low - MARGIN * (high - low))
    assert edges[-1] == pytest.approx(high + MARGIN * (high - low))
    np.testing.assert_allclose(np.diff(edges), edges[1] - edges[0])


def test_a_lane_of_far_larger_weights_does_not_set_the_axis() -> None:
    """Against the middle lane: of two, the nearer one; lanes of zeros do not count."""
    near = [np.array([[-1.0, 2.0]]), np.array([[2.0 * FARTHEST, 0.0]]), np.array([[0.5, -0.25]])]
    edges = weight_edges([*near, np.array([[-2.1 * FARTHEST, 2.1 * FARTHEST]]), np.zeros((1, 2))])
    margin = MARGIN * (2 * FARTHEST + 1)
    assert edges[[0, -1]].tolist() == pytest.approx([-1 - margin, 2 * FARTHEST + margin])


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_non_finite_weights_do_not_set_the_axis(bad: float) -> None:
    good = np.array([[-1.0, 2.0, 0.5]])
    edges = weight_edges([good, np.array([[bad, 1.0, -1.0]]), np.array([[bad, bad, bad]])])
    assert edges.tolist() == weight_edges([good]).tolist()


def test_weight_edges_are_never_narrower_than_one_over_the_root_of_fan_in() -> None:
    reach = 1 / np.sqrt(16)
    edges = weight_edges([np.zeros((4, 64)), np.zeros((4, 16), np.float32)])
    assert edges[0] == pytest.approx(-reach - MARGIN * 2 * reach)
    assert edges[-1] == pytest.approx(reach + MARGIN * 2 * reach)


def test_bounded_activations_are_binned_on_their_range() -> None:
    saturated = np.full((3, 5), 0.999)
    assert activation_edges((0.0, 1.0), [saturated]).tolist() == np.linspace(0, 1, BINS + 1).tolist()
    assert activation_edges((-1.0, 1.0), [saturated])[0] == -1


@pytest.mark.parametrize(("reaches", "expected"), [
    ([2.0, 3.0], 3.0),
    ([2.0, 2.0 * FARTHEST], 2.0 * FARTHEST),
    ([2.0, 2.1 * FARTHEST], 2.0),
    ([0.0, 4.0], 4.0),
    ([0.0], 1.0),
    ([], 1.0),
])
def test_open_sides_reach_as_far_as_the_lanes_do(reaches: list[float], expected: float) -> None:
    starts = [np.array([[-reach, reach / 2]]) for reach in reaches]
    for limits in ((-np.inf, np.inf), (0.0, np.inf), (-0.17, np.inf)):
        edges = activation_edges(limits, starts)
        assert edges[0] == (limits[0] if np.isfinite(limits[0]) else -expected)
        assert edges[-1] == expected


def test_non_finite_activations_do_not_set_the_axis() -> None:
    starts = [np.array([[np.nan, np.inf, 2.0]]), np.array([[np.nan, -np.inf]])]
    assert activation_edges((-np.inf, np.inf), starts)[[0, -1]].tolist() == [-2, 2]
