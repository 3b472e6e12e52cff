"""Gradients against central finite differences and a per-example oracle; initial weights; selecting lanes."""

import zlib
from collections.abc import Iterator

import numpy as np
import oracle
import pytest

from initscope.core.activations import CATALOGUE as ACTIVATIONS
from initscope.core.activations import activation
from initscope.core.architecture import Architecture
from initscope.core.initialization.initializers import initializer
from initscope.core.layers import Dense, Nonlinearity
from initscope.core.losses import loss
from initscope.core.network import Network, predictions

CASES = [("quadratic", 3), ("quadratic", 1), ("cross_entropy", 3), ("cross_entropy", 1)]
HIDDEN = {1: "", 2: "4-", 3: "3-4-", 4: "4-2-3-"}
ALL = [*ACTIVATIONS, "leaky_relu:slope=0.3", "elu:alpha=1.7"]


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with np.errstate(all="ignore"):
        yield


def build(arch: str, phi: str, cost: str, lanes: int, alike: bool = False, dtype: str = "float64") -> Network:
    return Network(Architecture.parse(arch), activation(phi), loss(cost), lanes, dtype, alike)


def examples(
    rng: np.random.Generator, batch: int, features: int, outputs: int
) -> tuple[np.ndarray, np.ndarray]:
    """x (batch, features) and targets (outputs, batch)."""
    x = rng.normal(size=(batch, features))
    labels = rng.integers(0, max(outputs, 2), batch)
    y = labels[None, :].astype(float) if outputs == 1 else np.eye(outputs)[:, labels]
    return x, y


def gradient(network: Network, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(mean loss, its gradient), copies."""
    work = network.workspace(len(x))
    value = network.backpropagate(x, y, 1 / len(x), work)
    return value.copy(), network.gradient.copy()


def plain(network: Network, lane: int) -> oracle.Parameters:
    return [(layer.weights[lane].copy(), layer.biases[lane].copy()) for layer in network.weighted]


def flat(parameters: oracle.Parameters) -> np.ndarray:
    return np.concatenate([part.ravel() for pair in parameters for part in pair])


@pytest.mark.parametrize("phi", ALL)
@pytest.mark.parametrize(("cost", "outputs"), CASES)
@pytest.mark.parametrize("alike", [False, True])
def test_every_derivative_is_the_central_difference(phi: str, cost: str, outputs: int, alike: bool) -> None:
    rng = np.random.default_rng(zlib.crc32(f"{phi}{cost}{outputs}".encode()))
    h = 1e-5
    for depth in HIDDEN:
        arch = f"3-{HIDDEN[depth]}{outputs}"
        network = build(arch, phi, cost, 1, alike)
        count = network.parameters.shape[1]
        moved = build(arch, phi, cost, 2 * count, alike)  # one lane for each parameter moved up and down
        for batch in (1, 3, 7):
            x, y = examples(rng, batch, 3, outputs)
            network.parameters[...] = rng.normal(size=(1, count))
            _, found = gradient(network, x, y)
            moved.parameters[...] = network.parameters + h * np.concatenate([np.eye(count), -np.eye(count)])
            values = moved.evaluate(x, y, moved.workspace(batch))[0]
            expected = (values[:count] - values[count:]) / (2 * h)
            np.testing.assert_allclose(found[0], expected, rtol=1e-5, atol=2e-9, err_msg=f"{arch} {batch}")


@pytest.mark.parametrize("phi", oracle.PHI)
@pytest.mark.parametrize(("cost", "outputs"), CASES)
@pytest.mark.parametrize("alike", [False, True])
def test_loss_and_gradient_of_several_lanes_are_the_oracles(
    phi: str, cost: str, outputs: int, alike: bool
) -> None:
    rng = np.random.default_rng(1)
    network = build(f"5-4-3-{outputs}", phi, cost, 3, alike)
    for batch in (1, 4):
        x, y = examples(rng, batch, 5, outputs)
        network.parameters[...] = rng.normal(size=network.parameters.shape)
        values, found = gradient(network, x, y)
        for lane in range(3):
            value, expected = oracle.mean_gradient(plain(network, lane), phi, cost, x, y.T)
            assert values[lane] == pytest.approx(value, rel=1e-12)
            np.testing.assert_allclose(found[lane], flat(expected), rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("phi", list(ACTIVATIONS))
@pytest.mark.parametrize("cost", ["quadratic", "cross_entropy"])
def test_big_networks_in_random_directions(phi: str, cost: str) -> None:
    rng = np.random.default_rng(2)
    network, h = build("64-30-20-10", phi, cost, 4), 1e-6
    network.parameters[...] = rng.normal(size=network.parameters.shape) / 8
    x, y = examples(rng, 10, 64, 10)
    _, found = gradient(network, x, y)
    start, work = network.parameters.copy(), network.workspace(10)
    for _ in range(3):
        way = rng.normal(size=start.shape)
        way /= np.linalg.norm(way, axis=1, keepdims=True)
        network.parameters[...] = start + h * way
        up = network.evaluate(x, y, work)[0].copy()
        network.parameters[...] = start - h * way
        down = network.evaluate(x, y, work)[0].copy()
        np.testing.assert_allclose((found * way).sum(axis=1), (up - down) / (2 * h), rtol=1e-5, atol=1e-8)


def test_scale_multiplies_each_lane_by_its_own_factor() -> None:
    rng = np.random.default_rng(3)
    network = build("3-4-2", "tanh", "cross_entropy", 3)
    network.parameters[...] = rng.normal(size=(1, network.architecture.parameters))
    x, y = examples(rng, 5, 3, 2)
    network.backpropagate(x, y, np.array([1.0, 2.0, -0.5])[:, None, None], network.workspace(5))
    np.testing.assert_allclose(network.gradient[1], 2 * network.gradient[0], rtol=1e-14)
    np.testing.assert_allclose(network.gradient[2], -0.5 * network.gradient[0], rtol=1e-14)


def test_workspaces_of_several_sizes_do_not_disturb_each_other() -> None:
    rng = np.random.default_rng(4)
    network = build("3-4-2", "gelu", "quadratic", 2)
    network.parameters[...] = rng.normal(size=network.parameters.shape)
    x, y = examples(rng, 7, 3, 2)
    value, found = gradient(network, x, y)
    gradient(network, x[:3], y[:, :3])
    again, same = gradient(network, x, y)
    assert np.array_equal(value, again)
    assert np.array_equal(found, same)
    assert network.workspace(7) is network.workspace(7)


def test_parameters_are_views_of_one_flat_row() -> None:
    network = build("3-4-2", "relu", "quadratic", 2)
    network.parameters[...] = np.arange(2 * 26).reshape(2, 26)
    assert network.weighted[0].weights[0].tolist() == np.arange(12).reshape(4, 3).tolist()
    assert network.weighted[0].biases[0].tolist() == [12, 13, 14, 15]
    assert network.weighted[1].weights[1].tolist() == (26 + np.arange(16, 24)).reshape(2, 4).tolist()
    assert network.weighted[1].biases[1].tolist() == [50, 51]
    assert [type(layer) for layer in network.layers] == [Dense, Nonlinearity, Dense]


def test_select_copies_the_chosen_lanes() -> None:
    network = build("3-4-2", "relu", "quadratic", 4)
    network.parameters[...] = np.random.default_rng(5).normal(size=network.parameters.shape)
    chosen = network.select([3, 1])
    assert np.array_equal(chosen.parameters, network.parameters[[3, 1]])
    chosen.parameters[...] = 0
    assert network.parameters.all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("first", "second", "factor"), [
    ("randn", "randn:scale=0.01", 0.01),
    ("rand", "uniform:low=0,high=0.5", 0.5),
    ("randn", "normal:std=3", 3.0),
    ("xavier_uniform", "xavier_uniform:gain=2", 2.0),
    ("scaled_randn", "lecun_normal", 1.0),
])
def test_common_random_numbers(first: str, second: str, factor: float, dtype: str) -> None:
    network = build("64-30-10", "sigmoid", "quadratic", 2, dtype=dtype)
    for lane, text in enumerate((first, second)):
        network.initialize(lane, initializer(text), initializer("randn"), seed=7)
    tolerance = 1e-14 if dtype == "float64" else 2e-7
    for layer in network.weighted:
        assert layer.weights.any()
        np.testing.assert_allclose(layer.weights[1], layer.weights[0] * factor, rtol=tolerance)
        assert np.array_equal(layer.biases[0], layer.biases[1])


def test_initial_weights_depend_on_the_seed_only() -> None:
    alone, company = build("8-5-3", "tanh", "quadratic", 1), build("8-5-4-3", "relu", "quadratic", 3)
    weights, biases = initializer("randn"), initializer("zeros")
    alone.initialize(0, weights, biases, seed=11)
    company.initialize(2, weights, weights, seed=11)
    company.initialize(1, weights, weights, seed=12)
    assert np.array_equal(alone.weighted[0].weights[0], company.weighted[0].weights[2])
    assert not alone.weighted[0].biases.any()
    assert not np.array_equal(company.weighted[0].weights[1], company.weighted[0].weights[2])
    assert not company.parameters[0].any()
    drawn = [layer.weights[2].ravel()[:3].tolist() for layer in company.weighted]
    drawn += [layer.biases[2][:3].tolist() for layer in company.weighted]
    assert len({tuple(three) for three in drawn}) == 6  # every layer, and its biases, a stream of their own


def test_predictions() -> None:
    one = np.array([[[0.2, 0.5, 0.51, 1.0]]])
    assert predictions(one).tolist() == [[0, 0, 1, 1]]
    many = np.array([[[0.2, 0.9], [0.7, 0.05], [0.1, 0.05]]])
    assert predictions(many).tolist() == [[1, 0]]


def test_the_oracle_knows_every_activation_but_those_that_learn() -> None:
    assert [*oracle.PHI] == sorted(
        (name for name in ACTIVATIONS if not activation(name).learned), key=[*oracle.PHI].index
    )
