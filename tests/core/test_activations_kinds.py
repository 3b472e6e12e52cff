"""What single activations promise beyond what all do: prelu's learned slope, hard_tanh's bounds, sine's frequency."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from initscope.core.activations import CATALOGUE, Activation, Prelu, activation
from initscope.core.probes import SATURATED_SLOPE

Array = np.ndarray[Any, Any]

DTYPES = [np.float32, np.float64]
SLOPES = [0.25, 0.0, 1.0, 1.75, -0.5]


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with np.errstate(all="ignore"):
        yield


def values(phi: Activation, z: Array) -> Array:
    out = np.empty_like(z)
    phi.forward(z, out)
    return out


def row(*z: float, dtype: Any = np.float64) -> Array:
    return np.array(z, dtype).reshape(1, 1, -1)


def prelu() -> Prelu:
    phi = activation("prelu")
    assert isinstance(phi, Prelu)
    return phi


def learned(dtype: Any) -> tuple[Array, Array, Array]:
    """(z, dC/da, slopes) of lanes with slopes of every kind; one z is 0."""
    rng = np.random.default_rng(3)
    z, delta = rng.normal(size=(2, len(SLOPES), 6, 11)).astype(dtype)
    z[:, 2, 3] = 0
    return z, delta, np.array(SLOPES, dtype).reshape(-1, 1, 1)


def test_only_prelu_learns() -> None:
    assert {name: activation(name).learned for name in CATALOGUE if activation(name).learned} == {"prelu": ("slope",)}
    assert prelu().values["slope"] == 0.25


@pytest.mark.parametrize("dtype", DTYPES)
def test_prelu_with_the_start_in_every_lane_is_prelu(dtype: Any) -> None:
    z, delta, _ = learned(dtype)
    phi, start = prelu(), np.full((len(z), 1, 1), 0.25, dtype)
    out, by_slopes, scratch = np.empty_like(z), delta.copy(), np.empty_like(z)
    phi.forward_with(z, start, out)
    np.testing.assert_array_equal(out, values(phi, z))
    phi.backward_with(by_slopes, z, start, scratch)
    phi.backward(delta, z, out, scratch)
    np.testing.assert_array_equal(by_slopes, delta)


@pytest.mark.parametrize("dtype", DTYPES)
def test_prelu_takes_any_slope(dtype: Any) -> None:
    z, delta, slopes = learned(dtype)
    out, changed = np.full_like(z, np.nan), delta.copy()
    prelu().forward_with(z, slopes, out)
    gradient = prelu().backward_with(changed, z, slopes, np.full_like(z, np.nan))
    assert (out.dtype, changed.dtype, gradient.dtype, gradient.shape) == (dtype, dtype, dtype, (len(SLOPES),))
    for lane, unit, example in np.ndindex(z.shape):
        slope = dtype(1) if z[lane, unit, example] > 0 else slopes[lane, 0, 0]
        assert out[lane, unit, example] == slope * z[lane, unit, example]
        assert changed[lane, unit, example] == slope * delta[lane, unit, example]


def test_the_gradient_of_a_slope_is_the_central_difference() -> None:
    z, delta, slopes = learned(np.float64)
    up, down, h = np.empty_like(z), np.empty_like(z), 1e-6
    prelu().forward_with(z, slopes + h, up)
    prelu().forward_with(z, slopes - h, down)
    expected = (delta * (up - down)).sum(axis=(1, 2)) / (2 * h)
    found = prelu().backward_with(delta.copy(), z, slopes, np.empty_like(z))
    np.testing.assert_allclose(found, expected, rtol=1e-8)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_lane_of_prelu_alone_is_the_lane_in_company(dtype: Any) -> None:
    z, delta, slopes = learned(dtype)
    z[1, ::2] = np.nan
    together = delta.copy()
    gradient = prelu().backward_with(together, z, slopes, np.empty_like(z))
    assert np.isnan(gradient).tolist() == [False, True, False, False, False]
    for lane in range(len(z)):
        own = slice(lane, lane + 1)
        alone = delta[own].copy()
        np.testing.assert_array_equal(
            prelu().backward_with(alone, z[own].copy(), slopes[own], np.empty_like(alone)), gradient[own]
        )
        np.testing.assert_array_equal(alone, together[own])


@pytest.mark.parametrize("text", ["hard_tanh", "hard_tanh:low=0,high=6", "hard_tanh:low=-3,high=-0.5"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_hard_tanh_saturates_exactly_beyond_its_bounds(text: str, dtype: Any) -> None:
    phi = activation(text)
    low, high = phi.range
    z = np.linspace(-10, 10, 2001).astype(dtype).reshape(1, 1, -1)
    a = values(phi, z)
    slope = phi.slope(z, a)
    flat = slope < SATURATED_SLOPE * phi.slope_max
    np.testing.assert_array_equal(flat, (z <= low) | (z >= high))
    np.testing.assert_array_equal(slope, ~flat)
    np.testing.assert_array_equal(flat & phi.low_side(z, a), z <= low)


def test_bounds_that_float32_rounds_are_still_flat() -> None:
    phi, z = activation("hard_tanh:low=-0.3,high=0.7"), row(-5, -0.3, 0.7, 5, dtype=np.float32)
    assert not phi.slope(z, values(phi, z)).any()


@pytest.mark.parametrize("omega", [30.0, 0.25])
def test_sine_by_complex_numbers(omega: float) -> None:
    phi, z = activation(f"sine:omega={omega}"), np.linspace(-9, 9, 3001).reshape(1, 1, -1)
    turn = np.exp(1j * omega * z)
    np.testing.assert_allclose(values(phi, z), turn.imag, atol=1e-14)
    np.testing.assert_allclose(phi.slope(z, z), omega * turn.real, atol=1e-13 * omega)
    assert np.abs(phi.slope(z, z)).max() == pytest.approx(phi.slope_max, rel=1e-4)


@pytest.mark.parametrize("dtype", DTYPES)
def test_sine_has_no_value_at_infinity_and_is_bounded_before(dtype: Any) -> None:
    phi = activation("sine:omega=30")
    assert np.isnan(values(phi, row(-np.inf, np.inf, dtype=dtype))).all()
    far = row(-1e30, -1e4, 1e4, 1e30, dtype=dtype)
    assert (np.abs(values(phi, far)) <= 1).all()
    assert (np.abs(phi.slope(far, far)) <= 30).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("beta", [0.1, 1.0, 50.0])
def test_softplus_keeps_its_tails(dtype: Any, beta: float) -> None:
    """Far below zero a = e^(beta·z) / beta and phi' = e^(beta·z), far above a = z; nothing overflows on the way."""
    phi = activation(f"softplus:beta={beta}")
    z = (row(-80, -60, -40, dtype=dtype) / beta).astype(dtype)
    tail = np.exp(dtype(beta) * z)
    np.testing.assert_allclose(values(phi, z), tail / beta, rtol=1e-5 if dtype is np.float32 else 1e-13)
    np.testing.assert_allclose(phi.slope(z, values(phi, z)), tail, rtol=1e-5 if dtype is np.float32 else 1e-13)
    high = row(1e4, 1e30, dtype=dtype)
    np.testing.assert_array_equal(values(phi, high), high)
    assert values(phi, np.zeros((1, 1, 1), dtype)).item() == pytest.approx(math.log(2) / beta, rel=1e-6)
    assert phi.middle == pytest.approx(math.log(2) / beta)


@pytest.mark.parametrize("dtype", DTYPES)
def test_mish_keeps_its_low_tail_and_passes_zero_slope_at_its_dip(dtype: Any) -> None:
    phi, tolerance = activation("mish"), 1e-5 if dtype is np.float32 else 1e-13
    z = row(-80, -60, -40, dtype=dtype)
    np.testing.assert_allclose(values(phi, z), z * np.exp(z), rtol=tolerance)
    np.testing.assert_allclose(phi.slope(z, z), (1 + z) * np.exp(z), rtol=tolerance)
    dip = row(-1.1924312145154952, dtype=dtype)
    assert values(phi, dip).item() == pytest.approx(phi.range[0], rel=1e-6)
    assert abs(phi.slope(dip, dip).item()) < (1e-7 if dtype is np.float32 else 1e-15)


def test_selu_keeps_mean_zero_and_variance_one() -> None:
    """The fixed point of Klambauer et al. 2017, by a sum over a fine grid with the kink on a border."""
    z = ((np.arange(-1_000_000, 1_000_000) + 0.5) * 1e-5).reshape(1, 1, -1)
    weight = np.exp(-z * z / 2) * 1e-5 / math.sqrt(2 * math.pi)
    a = values(activation("selu"), z)
    assert (a * weight).sum() == pytest.approx(0, abs=1e-10)
    assert (a * a * weight).sum() == pytest.approx(1, abs=1e-10)
