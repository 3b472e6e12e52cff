"""Whole networks of convolutions, norms, blocks and dropout: gradients, lock-step, and what initializes them."""

import numpy as np
import pytest
from pictures import images

from initscope.core.activations import activation
from initscope.core.architecture import Architecture
from initscope.core.errors import InputError
from initscope.core.initialization.initializers import initializer
from initscope.core.initialization.schemes import fit
from initscope.core.layers import Pass
from initscope.core.losses import loss
from initscope.core.network import Network
from initscope.core.probes import INDEX, measure
from initscope.core.spec import Spec, read
from initscope.core.training import Trainer

ARCHITECTURES = (
    "4c3-p2-3c3s2-5-3", "3c3-a2-g-3", "4c3-bn-p2-8-ln-3", "2c3-r(2c3-bn-2c3)-r(2c1)-p3s2-3", "p2-6-bn-3",
    "36-r(36-36)-r(36-ln-36-d0.4)-3", "2c5p0-ln-d0.3-4-3", "36-d0.2-5-3", "6x6-2c2-p2s1-3",
)  # fmt: skip
SMOOTH = ("tanh", "prelu", "mish")


def network(text: str, lanes: int, dtype: str, phi: str = "tanh", cost: str = "cross_entropy", **more) -> Network:
    made = Network(Architecture.parse(text, (6, 6)), activation(phi), loss(cost), lanes, dtype, **more)
    for lane in range(lanes):
        made.initialize(lane, initializer("he_normal"), initializer("randn:scale=0.3"), lane)
    return made


def batch(count: int, dtype: str, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, count)
    return rng.standard_normal((count, 36)).astype(dtype), np.eye(3, dtype=dtype)[labels].T


@pytest.mark.parametrize("phi", SMOOTH)
@pytest.mark.parametrize("text", ARCHITECTURES)
@pytest.mark.parametrize("kind", [Pass.TRAIN, Pass.PROBE])
def test_gradients_are_those_of_finite_differences(text: str, phi: str, kind: Pass) -> None:
    """Along random directions, with every parameter of every lane moved at once."""
    made = network(text, 2, "float64", phi)
    x, y = batch(5, "float64")
    work = made.workspace(5)
    made.backpropagate(x, y, 1 / 5, work, kind)
    gradient, there = made.gradient.copy(), made.parameters.copy()
    rng = np.random.default_rng(1)
    for _ in range(3):
        direction = rng.standard_normal(there.shape)
        ends = []
        for step in (1e-6, -1e-6):
            made.parameters[...] = there + step * direction
            ends.append(made.evaluate(x, y, work, kind)[0].copy())
        np.testing.assert_allclose((ends[0] - ends[1]) / 2e-6, (gradient * direction).sum(axis=1), rtol=2e-5, atol=1e-8)


@pytest.mark.parametrize("text", ARCHITECTURES)
def test_a_lane_alone_equals_the_lane_in_company(text: str) -> None:
    company, x_y = network(text, 3, "float32", "relu"), batch(7, "float32")
    alone = company.select([1])
    for step in range(4):
        for made in (company, alone):
            made.mode.step = step
            made.backpropagate(*x_y, np.float32(0.1 / 7), made.workspace(7))
            made.parameters -= made.gradient
    assert np.array_equal(company.parameters[1], alone.parameters[0])
    assert np.array_equal(company.running[1], alone.running[0])
    for made in (company, alone):
        made.evaluate(*x_y, made.workspace(7))
    assert np.array_equal(company.workspace(7).layers[-1].out[1], alone.workspace(7).layers[-1].out[0])


def test_data_behind_a_dropout_are_shared_in_one_pass_and_not_in_another() -> None:
    company, (x, y) = network("d0.5-4c3-3", 3, "float32"), batch(7, "float32")
    alone = company.select([2])
    for made in (company, alone):
        made.evaluate(x, y, made.workspace(7))  # shared: nothing is dropped
        made.backpropagate(x, y, 1.0, made.workspace(7))
    assert np.array_equal(company.gradient[2], alone.gradient[0])
    assert company.gradient[2].any()


def test_probes_of_a_convolution_do_not_depend_on_the_company() -> None:
    company, (x, y) = network("4c3-36-r(36)-3", 3, "float32", "relu"), batch(64, "float32")
    alone = company.select([1])
    found = [measure(made, x, y, None).layers for made in (company, alone)]
    np.testing.assert_array_equal(found[0][1], found[1][0])


def test_dropout_changes_with_the_step_and_with_nothing_else() -> None:
    made, (x, y) = network("36-20-d0.5-3", 2, "float64"), batch(5, "float64")
    losses = []
    for step in (0, 0, 1):
        made.mode.step = step
        losses.append(made.evaluate(x, y, made.workspace(5), Pass.TRAIN)[0].tolist())
    assert losses[0] == losses[1] != losses[2]


def test_identical_channels_stay_identical() -> None:
    made = Network(
        Architecture.parse("4c3-bn-p2-5-3", (6, 6)), activation("tanh"), loss("cross_entropy"), 1, "float32", alike=True
    )
    made.initialize(0, initializer("constant:value=0.1"), initializer("zeros"), 0)
    x, y = batch(7, "float32")
    for _ in range(20):
        made.backpropagate(x, y, np.float32(0.5 / 7), made.workspace(7))
        made.parameters -= made.gradient
    convolution, dense, _ = made.weighted
    assert np.ptp(convolution.weights, axis=1).max() == 0
    assert np.ptp(dense.weights, axis=1).max() == 0
    assert np.ptp(convolution.weights) > 0


@pytest.mark.parametrize("text", ["4c3-p2-3c3-20-3", "36-50x4-3", "36-36-r(36-36)-3"])
def test_lsuv_gives_every_layer_unit_variance(text: str) -> None:
    made = network(text, 2, "float64", "relu")
    made.initialize(1, initializer("lsuv"), initializer("zeros"), 0)
    before = made.parameters[0].copy()
    x, _ = batch(200, "float64")
    fit(initializer("lsuv"), made, 1, x)
    assert np.array_equal(made.parameters[0], before)
    work = made.workspace(200)
    a = x.T
    for layer, buffers in zip(made.layers, work.layers, strict=True):
        a = layer.forward(a, buffers)
        if layer in made.weighted:
            assert a[1].var() == pytest.approx(1, abs=0.1)


def test_fixup_starts_with_blocks_that_pass_their_input_on() -> None:
    made = network("36-36-r(36-36)x4-3", 1, "float64", "relu")
    made.initialize(0, initializer("fixup"), initializer("zeros"), 0)
    plain = [layer.weights.copy() for layer in made.weighted]
    x, y = batch(9, "float64")
    fit(initializer("fixup"), made, 0, x)
    zero = [not layer.weights.any() for layer in made.weighted]
    assert zero == [False, *[False, True] * 4, True]
    np.testing.assert_allclose(made.weighted[1].weights, plain[1] / 2)  # 4^(-1/(2·2-2))
    assert np.array_equal(made.weighted[0].weights, plain[0])
    made.evaluate(x, y, made.workspace(9), Pass.PROBE)
    pairs = made.hidden(made.workspace(9))
    np.testing.assert_array_equal(pairs[-1][1], pairs[0][1])


def spec(data, **options: str) -> Spec:
    return read({key.replace("_", "-"): value for key, value in options.items()}, data)


def test_fixup_without_blocks_is_refused() -> None:
    with pytest.raises(InputError, match="it is for residual blocks"):
        spec(images(), arch="4c3-2", init="fixup")


def test_an_initializer_that_cannot_fill_a_layer_is_refused_with_its_name() -> None:
    with pytest.raises(InputError, match="init sparse, conv1 of 4c3-2"):
        spec(images(), arch="4c3-2", init="sparse")
    with pytest.raises(InputError, match="conv2 of 8c3-4c3-2: delta_orthogonal needs at least as many channels out"):
        spec(images(), arch="8c3-4c3-2", init="delta_orthogonal")


@pytest.mark.parametrize("init", ["dirac", "identity", "delta_orthogonal", "orthogonal", "lsuv", "torch.nn.Conv2d"])
def test_networks_of_both_kinds_of_layers_are_filled(init: str) -> None:
    data = images()
    trainer = Trainer([spec(data, arch="4c3-4c3-p2-4-2", init=init, steps="3")], {data.name: data})
    *_, last = trainer.run()
    assert np.isfinite(last.lanes[0].losses.mean).all()


def test_a_small_convolutional_network_learns() -> None:
    data = images()
    options = {"arch": "4c3-bn-p2-8-d0.1-2", "activation": "relu", "loss": "cross_entropy", "lr": "0.1", "epochs": "20"}
    specs = [spec(data, **options, init=name) for name in ("he_normal", "lsuv")]
    *_, last = Trainer(specs, {data.name: data}).run()
    for lane in last.lanes:
        assert lane.latest.test_accuracy > 0.9
        assert np.isfinite(lane.probes[-1, :-1, INDEX["dead_units"] :]).all()


def test_the_probes_of_a_convolution_take_a_channel_for_a_unit() -> None:
    made = network("4c3-p2-3", 1, "float64", "relu")
    made.weighted[0].biases[0] = [-100, 0, 0, -100]
    x, y = batch(20, "float64")
    found = measure(made, x, y, None)
    assert found.layers[0, 0, INDEX["dead_units"]] == 0.5
