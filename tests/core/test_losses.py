"""Losses against the per-example oracle and finite differences; they stay finite where they should."""

import math

import numpy as np
import oracle
import pytest

from initscope.core.errors import InputError
from initscope.core.losses import CATALOGUE, Loss, loss, sigmoid_in_place

CASES = [("quadratic", 1), ("quadratic", 4), ("cross_entropy", 1), ("cross_entropy", 4)]


def run(cost: Loss, z: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(value, outputs, delta) for z (lanes, outputs, batch)."""
    a, delta, scratch = z.copy(), np.full_like(z, 7), np.full_like(z, 9)
    with np.errstate(all="ignore"):
        value = cost.value_and_delta(a, y, delta, scratch)
    return value, a, delta


def case(outputs: int, lanes: int = 3, batch: int = 6, spread: float = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(outputs)
    labels = rng.integers(0, max(2, outputs), batch)
    y = labels[None].astype(float) if outputs == 1 else np.eye(outputs)[:, labels]
    return spread * rng.normal(size=(lanes, outputs, batch)), y


@pytest.mark.parametrize(("name", "outputs"), CASES)
def test_value_outputs_and_delta_are_the_oracles(name: str, outputs: int) -> None:
    z, y = case(outputs)
    value, a, delta = run(loss(name), z, y)
    for lane in range(3):
        costs = [oracle.cost(name, z[lane, :, i], y[:, i]) for i in range(6)]
        assert value[lane] == pytest.approx(sum(costs) / 6, rel=1e-13)
        for i in range(6):
            np.testing.assert_allclose(a[lane, :, i], oracle.outputs(name, z[lane, :, i]), rtol=1e-13)
            expected = oracle.cost_gradient(name, z[lane, :, i], y[:, i])
            np.testing.assert_allclose(delta[lane, :, i], expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(("name", "outputs"), CASES)
def test_delta_is_the_central_difference(name: str, outputs: int) -> None:
    z, y = case(outputs, lanes=1, batch=1)
    _, _, delta = run(loss(name), z, y)
    for k in range(outputs):
        step = np.zeros_like(z)
        step[0, k, 0] = 1e-6
        slope = (run(loss(name), z + step, y)[0] - run(loss(name), z - step, y)[0]) / 2e-6
        assert delta[0, k, 0] == pytest.approx(slope[0], rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "outputs"), CASES)
def test_a_lane_does_not_depend_on_its_neighbours(name: str, outputs: int, dtype: str) -> None:
    for batch in (1, 5, 33):
        z, y = case(outputs, lanes=7, batch=batch)
        z, y = z.astype(dtype), y.astype(dtype)
        z[3] = np.inf
        together = run(loss(name), z, y)
        for lane in (0, 2, 4, 6):
            alone = run(loss(name), z[lane : lane + 1], y)
            for part, whole in zip(alone, together, strict=True):
                assert part.dtype == whole.dtype == np.dtype(dtype)
                assert np.array_equal(part[0], whole[lane])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_cross_entropy_is_exact_far_out(dtype: str) -> None:
    z = np.array([[[-1000.0, 1000.0, -1000.0, 1000.0]]], dtype)
    value, a, delta = run(loss("cross_entropy"), z, np.array([[1, 1, 0, 0]], dtype))
    assert value[0] == 500  # 1000, 0, 0, 1000
    assert a[0, 0].tolist() == [0, 1, 0, 1]
    assert delta[0, 0].tolist() == [-1, 0, 0, 1]
    z = np.array([[[1000.0, -1000.0], [0.0, -1000.0]]], dtype)
    value, a, delta = run(loss("cross_entropy"), z, np.array([[0, 1], [1, 0]], dtype))
    assert value[0] == pytest.approx((1000 + math.log(2)) / 2, rel=1e-6)
    assert a[0].tolist() == [[1, 0.5], [0, 0.5]]
    assert delta[0].tolist() == [[1, -0.5], [-1, 0.5]]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_quadratic_is_exact_far_out(dtype: str) -> None:
    z = np.array([[[-1e30, 1e30], [1e30, -1e30]]], dtype)
    value, a, delta = run(loss("quadratic"), z, np.array([[1, 1], [0, 0]], dtype))
    assert value[0] == 0.5
    assert a[0].tolist() == [[0, 1], [1, 0]]
    assert not delta.any()


def test_known_values() -> None:
    ten = np.zeros((1, 10, 1))
    y = np.eye(10)[:, [3]]
    assert run(loss("cross_entropy"), ten, y)[0][0] == pytest.approx(math.log(10), rel=1e-14)
    assert run(loss("quadratic"), ten, y)[0][0] == pytest.approx(10 / 8, rel=1e-14)
    half = run(loss("cross_entropy"), np.zeros((1, 1, 1)), np.ones((1, 1)))[0][0]
    assert half == pytest.approx(0.6931471805599453, rel=1e-15)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sigmoid_in_place(dtype: str) -> None:
    z = np.linspace(-30, 30, 601).astype(dtype)
    expected = oracle.apply(oracle.logistic, z.astype(float))
    sigmoid_in_place(z)
    np.testing.assert_allclose(z, expected, rtol=1e-14 if dtype == "float64" else 5e-7)


def test_names() -> None:
    assert [str(loss(name)) for name in CATALOGUE] == ["quadratic", "cross_entropy"]
    assert loss(" Quadratic ").output_activation(10) == "sigmoid"
    assert loss("cross_entropy").output_activation(10) == "softmax"
    assert loss("cross_entropy").output_activation(1) == "sigmoid"
    for entry in CATALOGUE.values():
        assert entry.words
        assert entry.formula
        assert entry.source
    with pytest.raises(InputError, match=r"unknown loss 'cros_entropy': did you mean cross_entropy\?"):
        loss("cros_entropy")
    with pytest.raises(InputError, match="loss quadratic has no parameters"):
        loss("quadratic:scale=2")
