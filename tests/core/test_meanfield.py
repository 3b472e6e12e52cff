"""Expectations, correlation maps and fixed points against closed forms and plain sums on very fine grids."""

from math import asin, inf, pi, sqrt

import numpy as np
import pytest

from initscope.core.activations import CATALOGUE, activation
from initscope.core.probes import SATURATED_SLOPE
from initscope.core.theory.fixedpoint import fixed_point
from initscope.core.theory.meanfield import maps
from initscope.core.theory.nodes import above, nodes

SMOOTH = [name for name in CATALOGUE if name != "sine"]
PLACES = [(0.0, 1e-3), (0.0, 1.0), (0.3, 2.0), (-1.5, 0.4), (4.0, 9.0), (-60.0, 3.0), (55.0, 2.0), (1.0, 80.0)]


def fine(mean: float, std: float) -> tuple[np.ndarray, np.ndarray]:
    """Forty thousand midpoints, and the weights of a normal."""
    edges = np.linspace(-9, 9, 40_001)
    middle = (edges[:-1] + edges[1:]) / 2
    weights = np.exp(-middle * middle / 2)
    return mean + std * middle, weights / weights.sum()


def value(mean: float, std: float) -> tuple[np.ndarray, np.ndarray]:
    return np.array([mean]), np.array([std])


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize(
    ("mean", "std"), [pytest.param(*place, marks=pytest.mark.slow if n % 2 else ()) for n, place in enumerate(PLACES)]
)
def test_moments_are_those_of_a_fine_sum(name: str, mean: float, std: float) -> None:
    kind = activation(name)
    of = maps(kind)
    z, weights = fine(mean, std)
    with np.errstate(all="ignore"):
        a, slope = of.phi_and_slope(z)
    found = of.moments(*value(mean, std))
    centre = weights @ a
    expected = {
        "mean": centre, "square": weights @ a**2, "fourth": weights @ a**4, "slope": weights @ slope,
        "slope_square": weights @ slope**2, "slope_fourth": weights @ slope**4,
        "variance": weights @ (a - centre) ** 2,
    }  # fmt: skip
    size = np.abs(a).max()
    floor = {"mean": size, "square": size**2, "fourth": size**4, "variance": size**2}
    for key, number in expected.items():
        slack = (1e-4 if kind.kinks else 1e-6) * floor.get(key, 1e-4) + 1e-30
        assert float(getattr(found, key)[0]) == pytest.approx(number, rel=0.01 if kind.kinks else 1e-3, abs=slack), key
    if weights @ a**2 > 1e-8:
        elastic = weights @ (a * slope * (z - mean)) / (weights @ a**2)
        assert float(found.elasticity[0]) == pytest.approx(elastic, rel=0.012, abs=1e-3)


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize(("mean", "std"), PLACES)
def test_saturated_shares_are_those_of_a_fine_sum(name: str, mean: float, std: float) -> None:
    kind = activation(name)
    low, high = maps(kind).saturated(*value(mean, std))
    if not kind.saturates:
        assert np.isnan(low[0])
        return
    z, weights = fine(mean, std)
    with np.errstate(all="ignore"):
        a, slope = maps(kind).phi_and_slope(z)
    flat = np.abs(slope) < SATURATED_SLOPE * kind.slope_max
    below = kind.low_side(z.reshape(1, 1, -1), a.reshape(1, 1, -1)).ravel()
    assert float(low[0]) == pytest.approx(weights @ (flat & below), abs=2e-4)
    assert float(high[0]) == pytest.approx(weights @ (flat & ~below), abs=2e-4)


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "gelu", "relu", "hard_tanh"])
@pytest.mark.parametrize(("shared", "own"), [(1.0, 1.0), (100.0, 25.0), (0.2, 1e-4), (3.0, 1e-9), (0.0, 2.0)])
@pytest.mark.parametrize("mean", [0.0, 0.7])
def test_what_depends_on_the_input_is_a_sum_over_a_plane(name: str, shared: float, own: float, mean: float) -> None:
    of = maps(activation(name))
    ticks = (np.arange(800) + 0.5) / 50 - 8
    weights = np.exp(-ticks * ticks / 2)
    weights /= weights.sum()
    z = mean + sqrt(shared) * ticks[:, None] + sqrt(own) * ticks
    with np.errstate(all="ignore"):
        a = of.phi(z)
    first = a @ weights
    expected = weights @ (((a - first[:, None]) ** 2) @ weights)
    found = of.apart(np.array([mean]), np.array([shared]), np.array([own]))
    assert float(found[0]) == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize("c", [0.0, 0.3, 0.9, 0.999])
def test_relu_follows_the_arc_cosine_kernel(c: float) -> None:
    """Cho & Saul 2009, eq. 6 with n = 1: E[phi phi'] = q (sqrt(1 - c²) + c (pi - arccos c)) / 2 pi."""
    q = 3.0
    kernel = q * (sqrt(1 - c * c) + c * (pi / 2 + asin(c))) / (2 * pi)
    found = maps(activation("relu")).apart(np.zeros(1), np.array([q * c]), np.array([q * (1 - c)]))
    assert float(found[0]) == pytest.approx(q / 2 - kernel, rel=1e-9)


def test_a_constant_has_no_variance() -> None:
    for name in CATALOGUE:
        of = maps(activation(name))
        found = of.moments(np.array([0.4, -3.0]), np.zeros(2))
        with np.errstate(all="ignore"):
            a, slope = of.phi_and_slope(np.array([0.4, -3.0]))
        assert np.array_equal(found.mean, a)
        assert np.array_equal(found.slope, slope)
        assert not found.variance.any()


def test_tails() -> None:
    chances = above(np.array([-inf, 0.0, 1.0, inf]), np.zeros(2), np.array([1.0, 0.0]))
    assert chances[0] == pytest.approx([1, 0.5, 0.15865525393145707, 0], abs=1e-12)
    assert chances[1].tolist() == [1, 0, 0, 0]
    z, weights = nodes(np.array([5.0]), np.array([1e5]), 80)
    assert float(weights[0] @ z[0] ** 2) == pytest.approx(1e10, rel=1e-3)


def test_relu_keeps_its_variance_at_two_and_grows_beyond() -> None:
    """He et al. 2015, eq. 10: chi is 1 exactly where odd-order Gauss-Hermite gives 0.90."""
    relu = activation("relu")
    at = fixed_point(relu, 2.0, 0.0, 1.7)
    assert (at.q, at.c, at.xi_q, at.xi_c) == (1.7, 1.0, inf, inf)
    assert at.chi == pytest.approx(1, abs=1e-9)
    assert fixed_point(relu, 2.1, 0.0, 1.0).q == inf
    assert fixed_point(relu, 1.9, 0.0, 1.0).q == 0
    below = fixed_point(relu, 1.0, 0.1, 5.0)
    assert below.q == pytest.approx(0.2)
    assert below.chi == pytest.approx(0.5)


def test_steep_tanh() -> None:
    """sigma_w = 8: chi = 4.49, where 160 Gauss-Hermite nodes give 2.6; two inputs end uncorrelated without biases."""
    at = fixed_point(activation("tanh"), 64.0, 0.0, 1.0)
    q = 1.0
    for _ in range(60):
        z, weights = fine(0.0, sqrt(q))
        q = 64 * float(weights @ np.tanh(z) ** 2)
    z, weights = fine(0.0, sqrt(q))
    assert at.q == pytest.approx(q, rel=1e-3)
    assert at.chi == pytest.approx(64 * float(weights @ np.cosh(z) ** -4.0), rel=1e-3)
    assert at.chi == pytest.approx(4.49, abs=0.01)
    assert at.c == 0


@pytest.mark.parametrize(("weight", "bias"), [(0.8, 0.05), (1.5, 0.05), (2.5, 0.05)])
def test_tanh_converges_to_its_fixed_point_at_the_given_rate(weight: float, bias: float) -> None:
    """By iterating the maps; the rates are Schoenholz et al. 2017, eq. 7 and 9."""
    kind = activation("tanh")
    at, of = fixed_point(kind, weight, bias, 1.0), maps(kind)
    q, shared = np.array([1.0]), np.array([0.3])
    seen = []
    for _ in range(300):
        square = of.moments(np.zeros(1), np.sqrt(q)).square
        both = square - of.apart(np.zeros(1), shared, q - shared)
        q, shared = weight * square + bias, weight * both + bias
        seen.append((float(q[0]), float(shared[0] / q[0])))
    assert at.q == pytest.approx(seen[-1][0], rel=1e-6)
    assert at.c == pytest.approx(seen[-1][1], abs=2e-3)
    gaps = np.array([abs(c - seen[-1][1]) for _, c in seen[:60]])
    use = slice(8, max(10, int(np.argmax(gaps < 1e-5)))) if (gaps < 1e-5).any() else slice(20, 50)
    rate = np.polyfit(np.arange(60)[use], np.log(gaps[use]), 1)[0]
    assert -1 / rate == pytest.approx(at.xi_c, rel=0.08)


def test_sigmoid_forgets_its_input() -> None:
    at = fixed_point(activation("sigmoid"), 1.0, 0.0, 1.0)
    assert at.c == 1
    assert at.chi < 0.06
    assert at.xi_c < 0.4


def test_gelu_fades_or_grows() -> None:
    assert fixed_point(activation("gelu"), 2.0, 0.0, 1.0).q == 0
    assert fixed_point(activation("gelu"), 2.5, 0.0, 1.0).q == inf
