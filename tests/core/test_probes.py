"""Every probe against a slow plain re-implementation, and what probes say of known states."""

from collections.abc import Iterator

import numpy as np
import oracle
import pytest

from initscope.core.activations import activation
from initscope.core.architecture import Architecture
from initscope.core.losses import loss
from initscope.core.network import Network
from initscope.core.probes import INDEX, PROBES, dead_or_saturated, measure

SHAPES = [
    ("4-5-3", "quadratic"), ("4-3-5-3", "cross_entropy"), ("4-6-1", "cross_entropy"), ("4-2", "quadratic"),
]
INPUTS = 9


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with np.errstate(all="ignore"):
        yield


def build(arch: str, phi: str, cost: str, lanes: int = 3, dtype: str = "float64") -> Network:
    """Lanes with weights of very different sizes; the second has dead relus, the last has an offset."""
    network = Network(Architecture.parse(arch), activation(phi), loss(cost), lanes, dtype)
    rng = np.random.default_rng(len(arch))
    network.parameters[...] = rng.normal(size=network.parameters.shape)
    network.parameters *= np.array([1.0, 3.0, 0.2, 5.0])[:lanes, None]
    network.weighted[0].biases[1, ::2] -= 60
    network.parameters[-1] += 0.5
    return network


def examples(outputs: int, dtype: str = "float64") -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, max(2, outputs), INPUTS)
    y = labels[None] if outputs == 1 else np.eye(outputs)[:, labels]
    return rng.normal(size=(INPUTS, 4)).astype(dtype), y.astype(dtype)


def plain(network: Network, flat: np.ndarray) -> oracle.Parameters:
    """Flat parameters of one lane -> float64 weights and biases of each layer."""
    found, start = [], 0
    for shape in network.architecture.layers:
        stop = start + shape.fan_in * shape.fan_out
        weights = flat[start:stop].reshape(shape.fan_out, shape.fan_in)
        found.append((weights.astype(float), flat[stop : stop + shape.fan_out].astype(float)))
        start = stop + shape.fan_out
    return found


@pytest.mark.parametrize("phi", oracle.PHI)
@pytest.mark.parametrize(("arch", "cost"), SHAPES)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_every_probe_is_the_oracles(arch: str, cost: str, phi: str, dtype: str) -> None:
    network = build(arch, phi, cost, dtype=dtype)
    x, y = examples(network.architecture.outputs, dtype)
    update = (np.random.default_rng(1).normal(size=network.parameters.shape) / 100).astype(dtype)
    found = measure(network, x, y, update)
    assert found.layers.shape == (3, len(network.weighted), len(PROBES))
    relative, absolute = (1e-9, 1e-14) if dtype == "float64" else (2e-4, 2e-6)
    for lane in range(3):
        parameters = plain(network, network.parameters[lane])
        steps = plain(network, update[lane])
        expected = oracle.probes(parameters, phi, cost, x.astype(float), y.T.astype(float), steps)
        value, _ = oracle.mean_gradient(parameters, phi, cost, x.astype(float), y.T.astype(float))
        assert found.loss[lane] == pytest.approx(value, rel=relative)
        for layer, probes in enumerate(expected):
            assert set(probes) == set(PROBES)
            for name, right in probes.items():
                got = found.layers[lane, layer, INDEX[name]]
                close = pytest.approx(right, rel=relative, abs=absolute, nan_ok=True)
                assert got == close, (name, layer, lane)


@pytest.mark.parametrize("phi", oracle.PHI)
def test_what_does_not_apply_is_not_a_number(phi: str) -> None:
    network = build("4-5-5-3", phi, "quadratic")
    found = measure(network, *examples(3), None).layers
    saturation = found[:, :, [INDEX["saturated_low"], INDEX["saturated_high"]]]
    assert np.isnan(saturation[:, -1]).all()
    assert np.isnan(saturation[:, :-1]).all() == (phi not in oracle.SATURATING)
    assert np.isnan(found[:, -1, INDEX["dead_units"]]).all()
    assert np.isfinite(found[:, :-1, INDEX["dead_units"]]).all()
    assert np.isnan(found[:, :, INDEX["update_ratio"]]).all()
    always = [INDEX[name] for name in PROBES if name.split("_")[0] not in ("saturated", "dead", "update")]
    assert np.isfinite(found[:, :, always]).all()
    assert dead_or_saturated(activation(phi)) == ("saturation" if phi in oracle.SATURATING else "dead_units")


@pytest.mark.parametrize("phi", ["sigmoid", "tanh", "relu", "gelu"])
def test_law_of_total_variance(phi: str) -> None:
    network = build("4-7-6-3", phi, "quadratic")
    x, y = examples(3)
    found = measure(network, x, y, None)
    work = network.workspace(INPUTS)
    layers = [a for _, a in network.hidden(work)] + [found.outputs]
    for number, a in enumerate(layers):
        over_inputs = found.layers[:, number, INDEX["std_over_inputs"]]
        over_units = found.layers[:, number, INDEX["std_over_units"]]
        np.testing.assert_allclose(over_inputs**2 + over_units**2, a.var(axis=(1, 2)), rtol=1e-10)


def test_outputs_are_kept() -> None:
    network = build("4-5-3", "tanh", "cross_entropy")
    x, y = examples(3)
    found = measure(network, x, y, None)
    for lane in range(3):
        for number, example in enumerate(x):
            zs, _ = oracle.forward(plain(network, network.parameters[lane]), "tanh", example)
            right = oracle.outputs("cross_entropy", zs[-1])
            np.testing.assert_allclose(found.outputs[lane, :, number], right, rtol=1e-10, atol=1e-14)


def test_parameters_are_left_alone_and_probing_twice_gives_the_same() -> None:
    network = build("4-5-5-3", "silu", "quadratic", dtype="float32")
    before = network.parameters.copy()
    x, y = examples(3, "float32")
    first, second = measure(network, x, y, None), measure(network, x, y, None)
    assert np.array_equal(network.parameters, before)
    assert np.array_equal(first.layers, second.layers, equal_nan=True)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_lane_alone_is_the_lane_in_company(dtype: str) -> None:
    network = build("4-7-5-3", "tanh", "cross_entropy", lanes=4, dtype=dtype)
    network.parameters[2, 3] = np.nan
    x, y = examples(3, dtype)
    update = network.parameters / 7
    together = measure(network, x, y, update)
    for lane in (0, 1, 3):
        alone = measure(network.select([lane]), x, y, update[lane : lane + 1])
        assert np.array_equal(alone.layers[0], together.layers[lane], equal_nan=True)
        assert alone.loss[0] == together.loss[lane]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_non_finite_values_are_counted(bad: float) -> None:
    network = build("4-5-3", "linear", "quadratic")
    network.weighted[0].weights[1, 2, 3] = bad
    network.weighted[0].biases[1, 4] = bad
    found = measure(network, *examples(3), network.parameters / 9)
    counts = found.layers[:, :, INDEX["non_finite"]]
    assert counts[0].tolist() == counts[2].tolist() == [0, 0]
    assert counts[1, 0] == 2 + 2 * INPUTS  # a weight, a bias, and two units' activations
    others = found.layers[[0, 2], 0, INDEX["dead_units"] :]  # saturation does not apply
    assert np.isfinite(others).all()


def test_rand_on_many_inputs_is_saturated_high() -> None:
    rng = np.random.default_rng(3)
    network = Network(Architecture.parse("400-20-2"), activation("sigmoid"), loss("quadratic"), 2, "float32")
    network.weighted[0].weights[0] = rng.uniform(size=(20, 400))
    network.weighted[0].weights[1] = -rng.uniform(size=(20, 400))
    x = rng.uniform(size=(INPUTS, 400)).astype("float32")
    found = measure(network, x, examples(2, "float32")[1], None).layers[:, 0]
    assert found[0, [INDEX["saturated_low"], INDEX["saturated_high"]]].tolist() == [0, 1]
    assert found[1, [INDEX["saturated_low"], INDEX["saturated_high"]]].tolist() == [1, 0]


def test_small_gradients_do_not_underflow() -> None:
    """In float32 the square of 1e-30 is 0; the root mean square is taken in float64."""
    network = build("4-5-3", "linear", "quadratic", dtype="float32")
    network.weighted[1].weights *= np.float32(1e-30)
    found = measure(network, *examples(3, "float32"), network.parameters * np.float32(1e-30))
    assert 1e-33 < found.layers[0, 0, INDEX["gradient_rms"]] < 1e-29
    assert found.layers[0, 1, INDEX["weight_std"]] > 1e-31
    assert found.layers[0, 0, INDEX["update_ratio"]] == pytest.approx(1e-30, rel=1e-5)
