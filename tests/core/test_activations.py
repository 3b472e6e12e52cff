"""Activations against finite differences, plain scalar mathematics, dense grids and their own limits."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from initscope.core.activations import CATALOGUE, Activation, activation
from initscope.core.errors import InputError
from initscope.core.normal import cdf_and_density

Array = np.ndarray[Any, Any]

ALL = [
    *CATALOGUE, "leaky_relu:slope=0.3", "elu:alpha=1.7", "elu:alpha=0.5", "softplus:beta=3", "softplus:beta=0.25",
    "prelu:slope=0.5", "hard_tanh:low=-0.75,high=0.5", "sine:omega=2",
]  # fmt: skip
DTYPES = [np.float32, np.float64]
PLAIN: dict[str, Callable[[float], float]] = {
    "sigmoid": lambda z: 1 / (1 + math.exp(-z)),
    "tanh": math.tanh,
    "relu": lambda z: max(z, 0.0),
    "leaky_relu": lambda z: z if z > 0 else 0.01 * z,
    "leaky_relu:slope=0.3": lambda z: z if z > 0 else 0.3 * z,
    "softsign": lambda z: z / (1 + abs(z)),
    "elu": lambda z: z if z > 0 else math.expm1(z),
    "elu:alpha=1.7": lambda z: z if z > 0 else 1.7 * math.expm1(z),
    "elu:alpha=0.5": lambda z: z if z > 0 else 0.5 * math.expm1(z),
    "gelu": lambda z: z * math.erfc(-z / math.sqrt(2)) / 2,
    "silu": lambda z: z / (1 + math.exp(-z)),
    "linear": lambda z: z,
    "prelu": lambda z: max(0.0, z) + 0.25 * min(0.0, z),
    "prelu:slope=0.5": lambda z: max(0.0, z) + 0.5 * min(0.0, z),
    "hard_tanh": lambda z: (abs(z + 1) - abs(z - 1)) / 2 if abs(z) > 0.5 else z,
    "hard_tanh:low=-0.75,high=0.5": lambda z: sorted((-0.75, z, 0.5))[1],
    "selu": lambda z: SCALE * (z if z > 0 else SELU_ALPHA * math.expm1(z)),
    "softplus": lambda z: math.log1p(math.exp(z)),
    "softplus:beta=3": lambda z: math.log1p(math.exp(3 * z)) / 3,
    "softplus:beta=0.25": lambda z: math.log1p(math.exp(z / 4)) * 4,
    "mish": lambda z: z * math.tanh(math.log1p(math.exp(z))),
    "sine": math.sin,
    "sine:omega=2": lambda z: 2 * math.sin(z) * math.cos(z),
}
SELU_ALPHA = math.sqrt(2 / math.pi) / (1 - math.exp(0.5) * math.erfc(math.sqrt(0.5)))
"""Klambauer et al. 2017, eq. 14: alpha and the scale such that mean 0 and variance 1 stay so."""
SCALE = 1 / math.sqrt(
    0.5 + SELU_ALPHA**2 * (math.exp(2) * math.erfc(math.sqrt(2)) / 2 - math.exp(0.5) * math.erfc(math.sqrt(0.5)) + 0.5)
)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with np.errstate(all="ignore"):
        yield


def values(phi: Activation, z: Array) -> Array:
    out = np.empty_like(z)
    phi.forward(z, out)
    return out


def slopes(phi: Activation, z: Array) -> Array:
    return phi.slope(z, values(phi, z))


def grid(low: float, high: float, count: int, dtype: Any = np.float64) -> Array:
    return np.linspace(low, high, count).astype(dtype).reshape(1, 1, -1)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("text", ALL)
def test_forward_is_plain_mathematics(text: str, dtype: Any) -> None:
    z = np.concatenate([grid(-40, 40, 1601, dtype), grid(-1e-3, 1e-3, 41, dtype)], axis=2)
    expected = np.array([PLAIN[text](float(x)) for x in z.ravel()]).reshape(z.shape)
    relative, absolute = (1e-14, 1e-14) if dtype is np.float64 else (5e-7, 1e-7)
    np.testing.assert_allclose(values(activation(text), z), expected, rtol=relative, atol=absolute)


@pytest.mark.parametrize("text", ALL)
def test_small_z_keep_their_relative_accuracy(text: str) -> None:
    z = np.array([[[-1e-6, -1e-12, -1e-20, 0, 1e-20, 1e-12, 1e-6]]], np.float32)
    expected = [PLAIN[text](float(x)) for x in z.ravel()]
    np.testing.assert_allclose(values(activation(text), z).ravel(), expected, rtol=5e-7)


@pytest.mark.parametrize("text", ALL)
def test_slope_is_the_finite_difference(text: str) -> None:
    phi, h = activation(text), 1e-5
    z = grid(-30.0003, 30.0004, 2001)
    assert all(np.abs(z - kink).min() > h for kink in phi.kinks)
    expected = (values(phi, z + h) - values(phi, z - h)) / (2 * h)
    np.testing.assert_allclose(slopes(phi, z), expected, rtol=1e-6, atol=2e-9)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("text", ALL)
def test_backward_multiplies_by_the_slope_in_place(text: str, dtype: Any) -> None:
    phi, rng = activation(text), np.random.default_rng(0)
    z = (3 * rng.standard_normal((3, 7, 5))).astype(dtype)
    a, delta = values(phi, z), rng.standard_normal((3, 7, 5)).astype(dtype)
    kept = delta.copy()
    z_before, a_before = z.copy(), a.copy()
    phi.backward(delta, z, a, np.full_like(delta, np.nan))
    np.testing.assert_allclose(delta, kept * phi.slope(z, a), rtol=1e-6 if dtype is np.float32 else 1e-14)
    np.testing.assert_array_equal(z, z_before)
    np.testing.assert_array_equal(a, a_before)


@pytest.mark.parametrize("text", [t for t in ALL if not activation(t).needs_z])
def test_without_z_forward_runs_in_place_and_backward_ignores_z(text: str) -> None:
    phi = activation(text)
    z = grid(-9, 9, 181)
    a, expected = values(phi, z), slopes(phi, z)
    in_place = z.copy()
    phi.forward(in_place, in_place)
    np.testing.assert_array_equal(in_place, a)
    nonsense = np.full_like(z, np.nan)
    np.testing.assert_array_equal(phi.slope(nonsense, a), expected)
    np.testing.assert_array_equal(phi.low_side(nonsense, a), phi.low_side(z, a))


@pytest.mark.parametrize("text", ALL)
def test_slope_max_is_the_greatest_slope(text: str) -> None:
    phi = activation(text)
    greatest = np.abs(slopes(phi, np.append(grid(-30, 30, 600_001), [[[-1e-12, 1e-12, 500]]], axis=2))).max()
    assert greatest == pytest.approx(phi.slope_max, rel=1e-9)
    assert greatest <= phi.slope_max * (1 + 1e-15)


@pytest.mark.parametrize("text", ALL)
def test_range_is_what_it_reaches(text: str) -> None:
    phi = activation(text)
    z = np.append(grid(-100, 100, 2_000_001), [[[-np.inf, np.inf]]], axis=2)
    a = values(phi, z)
    assert (np.nanmin(a), np.nanmax(a)) == pytest.approx(phi.range, abs=2e-9)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("text", ALL)
def test_float32_follows_float64_and_dtype_is_kept(text: str, dtype: Any) -> None:
    phi, z = activation(text), grid(-20, 20, 4001, np.float32)
    a, slope = values(phi, z.astype(dtype)), slopes(phi, z.astype(dtype))
    assert a.dtype == dtype
    assert slope.dtype == dtype
    np.testing.assert_allclose(a, values(phi, z.astype(np.float64)), rtol=5e-7, atol=2e-7)
    np.testing.assert_allclose(slope, slopes(phi, z.astype(np.float64)), rtol=1e-6, atol=5e-7)


LIMITS = {  # at -inf and inf: value, slope
    "sigmoid": (0, 1, 0, 0), "tanh": (-1, 1, 0, 0), "relu": (0, np.inf, 0, 1), "softsign": (-1, 1, 0, 0),
    "leaky_relu": (-np.inf, np.inf, 0.01, 1), "leaky_relu:slope=0.3": (-np.inf, np.inf, 0.3, 1),
    "elu": (-1, np.inf, 0, 1), "elu:alpha=1.7": (-1.7, np.inf, 0, 1), "elu:alpha=0.5": (-0.5, np.inf, 0, 1),
    "gelu": (0, np.inf, 0, 1), "silu": (0, np.inf, 0, 1), "linear": (-np.inf, np.inf, 1, 1),
    "prelu": (-np.inf, np.inf, 0.25, 1), "prelu:slope=0.5": (-np.inf, np.inf, 0.5, 1),
    "hard_tanh": (-1, 1, 0, 0), "hard_tanh:low=-0.75,high=0.5": (-0.75, 0.5, 0, 0),
    "selu": (-SCALE * SELU_ALPHA, np.inf, 0, SCALE), "mish": (0, np.inf, 0, 1),
    "softplus": (0, np.inf, 0, 1), "softplus:beta=3": (0, np.inf, 0, 1), "softplus:beta=0.25": (0, np.inf, 0, 1),
}


def test_only_the_sine_has_no_limits() -> None:
    assert {text.partition(":")[0] for text in set(ALL) - set(LIMITS)} == {"sine"}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("text", LIMITS)
def test_far_out_are_the_limits(text: str, dtype: Any) -> None:
    phi = activation(text)
    z = np.array([[[-np.inf, -1e30, -1e4, 1e4, 1e30, np.inf]]], dtype)
    low, high, slope_low, slope_high = LIMITS[text]
    a, slope = values(phi, z).ravel(), slopes(phi, z).ravel()
    np.testing.assert_allclose(a[[0, -1]], [low, high], rtol=1e-6, atol=1e-30)
    np.testing.assert_allclose(slope, [slope_low] * 3 + [slope_high] * 3, rtol=1e-6, atol=2e-8)
    assert np.isfinite(a[1:-1]).all()


@pytest.mark.parametrize("text", ALL)
def test_not_a_number_stays_so(text: str) -> None:
    assert np.isnan(values(activation(text), np.full((1, 1, 3), np.nan))).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("text", ALL)
def test_an_element_does_not_depend_on_its_neighbours(text: str, dtype: Any) -> None:
    phi, rng = activation(text), np.random.default_rng(1)
    z = (rng.standard_normal((2, 5, 37)) * 10.0 ** rng.integers(-3, 3, (2, 5, 37))).astype(dtype)
    a, slope = values(phi, z), slopes(phi, z)
    for index in np.ndindex(2, 5, 37):
        alone = z[index].reshape(1, 1, 1)
        np.testing.assert_array_equal(values(phi, alone).ravel(), a[index])
        np.testing.assert_array_equal(slopes(phi, alone).ravel(), slope[index])
    wild = z.copy()
    wild[:, :, ::3] = np.resize([np.nan, np.inf, -np.inf, 1e30, 1e-42], wild[:, :, ::3].shape)
    kept = np.arange(37) % 3 != 0
    np.testing.assert_array_equal(values(phi, wild)[:, :, kept], a[:, :, kept])
    np.testing.assert_array_equal(slopes(phi, wild)[:, :, kept], slope[:, :, kept])


def test_slope_at_the_kink() -> None:
    zero = np.zeros((1, 1, 1))
    assert slopes(activation("relu"), zero).item() == 0
    assert slopes(activation("leaky_relu:slope=0.3"), zero).item() == 0.3
    assert slopes(activation("elu:alpha=1.7"), zero).item() == 1.7
    assert slopes(activation("prelu"), zero).item() == 0.25
    for end in (-0.75, 0.5):
        assert slopes(activation("hard_tanh:low=-0.75,high=0.5"), np.full((1, 1, 1), end)).item() == 0


@pytest.mark.parametrize("text", ALL)
def test_low_side_is_where_z_is_negative(text: str) -> None:
    phi, z = activation(text), grid(-30, 30, 600)
    centre = sum(phi.range) / 2 if text.startswith("hard_tanh") else 0.0
    np.testing.assert_array_equal(phi.low_side(z, values(phi, z)), z < centre)


def test_saturated_sigmoid_and_tanh_are_those_beyond_097() -> None:
    """The slope fraction 0.06 of design's saturation means |scaled activation| > 0.97."""
    z = grid(-6, 6, 12_001)
    for name, factor, shift in (("sigmoid", 2, -1), ("tanh", 1, 0)):
        phi = activation(name)
        saturated = slopes(phi, z) < 0.06 * phi.slope_max
        np.testing.assert_array_equal(saturated, np.abs(factor * values(phi, z) + shift) > math.sqrt(0.94))


def test_which_saturate() -> None:
    assert [n for n in CATALOGUE if not activation(n).saturates] == ["relu", "leaky_relu", "prelu", "sine", "linear"]


@pytest.mark.parametrize(
    ("dtype", "absolute", "relative"), [(np.float32, 2.5e-7, 5e-6), (np.float64, 3e-15, 1e-13)]
)
def test_normal_distribution_function(dtype: Any, absolute: float, relative: float) -> None:
    z = np.linspace(-12, 12, 24_001).astype(dtype)
    cdf, density = cdf_and_density(z)
    exact = np.array([math.erfc(-float(x) / math.sqrt(2)) / 2 for x in z])
    np.testing.assert_allclose(cdf, exact, rtol=0, atol=absolute)
    np.testing.assert_allclose(cdf, exact, rtol=relative)
    bell = [math.exp(-(float(x) ** 2) / 2) / math.sqrt(2 * math.pi) for x in z]
    np.testing.assert_allclose(density, bell, rtol=relative)
    assert (cdf.dtype, density.dtype) == (dtype, dtype)
    np.testing.assert_array_equal(cdf_and_density(np.array([0.0, -0.0], dtype))[0].round(6), 0.5)


@given(st.floats(1e-12, 0.999), st.floats(1e-9, 1e9))
def test_reads_back_what_it_writes(slope: float, alpha: float) -> None:
    for text in (*CATALOGUE, f"leaky_relu:slope={slope!r}", f"elu:alpha={alpha!r}", f"sine:omega={alpha!r}",
                 f"hard_tanh:low={-slope!r},high={alpha!r}", f"softplus:beta={alpha!r}", f"prelu:slope={slope!r}"):
        phi = activation(text)
        again = activation(str(phi))
        assert again == phi
        assert hash(again) == hash(phi)
        assert str(again) == str(phi)


def test_equal_only_to_its_like() -> None:
    assert activation("leaky_relu:slope=0.01") == activation("leaky_relu")
    assert str(activation(" Leaky_ReLU:slope=0.01 ")) == "leaky_relu"
    assert len({activation(text) for text in ALL}) == len(ALL)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sigmoyd", "did you mean sigmoid"), ("leaky_relu:alpha=1", "unknown parameter of leaky_relu"),
        ("tanh:slope=1", "has no parameters"), ("leaky_relu:slope=1", "less than 1"),
        ("leaky_relu:slope=0", "greater than 0"), ("elu:alpha=-1", "greater than 0"),
        ("softplus:beta=0", "greater than 0"), ("sine:omega=-30", "greater than 0"), ("prelu:slope=1", "less than 1"),
        ("prelu:slope=0", "greater than 0"), ("prelu:alpha=0.1", "unknown parameter of prelu"),
        ("selu:alpha=1", "has no parameters"), ("mish:beta=1", "has no parameters"),
        ("hard_tanh:low=1", "low must be less than high, not low=1 and high=1"),
        ("hard_tanh:high=-2", "low must be less than high, not low=-1 and high=-2"),
    ],
)
def test_bad_input_is_explained(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        activation(text)
