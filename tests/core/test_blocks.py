"""Dropout's masks; residual blocks; stacks of all these layers against central differences."""

from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from initscope.core.activations import activation
from initscope.core.blocks import Dropout, Fork, Join
from initscope.core.layers import Array, Buffers, Dense, Layer, Mode, Nonlinearity, Pass
from initscope.core.norms import BatchNorm, LayerNorm
from initscope.core.pooling import Pool
from initscope.core.shapes import DenseShape, DropoutShape, ForkShape, JoinShape, NormShape, PoolShape

UNITS, INPUTS, BATCH = 16, 8, 5


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with np.errstate(all="ignore"):
        yield


class Stack:
    """Layers by their names, with flat parameters, run as the network runs them.

    A volume is (4, 2, 2), 16 units; the network's input has 8 features.
    """

    def __init__(self, names: str, phi: str, lanes: int, mode: Mode, seed: int, dtype: str = "float64") -> None:
        self.mode, self.phi, self.lanes, self.dtype = mode, phi, lanes, dtype
        self.parameters = np.random.default_rng(seed).normal(0.3, 0.5, (lanes, 3000)).astype(dtype)
        self.gradient, self.running = np.zeros_like(self.parameters), np.ones_like(self.parameters)
        self.used = 0
        self.layers: list[Layer] = []
        self.fork = Fork(ForkShape(UNITS))
        for name in names.split():
            self.layers.append(self._layer(name))
        self.parameters, self.gradient = self.parameters[:, : self.used], self.gradient[:, : self.used]
        self.work: dict[int, list[Buffers]] = {}

    def _take(self, *shape: int) -> tuple[Array, Array, Array]:
        start, self.used = self.used, self.used + int(np.prod(shape))
        flats = self.parameters, self.gradient, self.running
        first, second, third = (flat[:, start : self.used].reshape(self.lanes, *shape) for flat in flats)
        return first, second, third

    def _layer(self, name: str) -> Layer:
        if name in ("dense", "in", "square"):
            inputs = {"dense": UNITS, "in": INPUTS, "square": INPUTS}[name]
            shape = DenseShape(name, inputs, INPUTS if name == "square" else UNITS)
            weights, weight_gradient, _ = self._take(*shape.weight_shape)
            biases, bias_gradient, _ = self._take(shape.channels)
            return Dense(shape, weights, biases, weight_gradient, bias_gradient)
        if name in ("bn", "ln", "bn1"):
            channels = 4 if name != "bn1" else INPUTS
            norm = NormShape(name, "layer" if name == "ln" else "batch", channels, 4 if name != "bn1" else 1)
            gains, gain_gradient, mean = self._take(channels)
            shifts, shift_gradient, variance = self._take(channels)
            if name == "ln":
                return LayerNorm(norm, gains, shifts, gain_gradient, shift_gradient)
            return BatchNorm(norm, gains, shifts, gain_gradient, shift_gradient, mean, variance, self.mode)
        if name in ("max", "average"):  # windows of one place give back the same 16 units
            return Pool(PoolShape("max" if name == "max" else "average", (4, 2, 2), (1, 1), 1))
        others: dict[str, Layer] = {
            "phi": Nonlinearity(activation(self.phi), UNITS),
            "drop": Dropout(DropoutShape(0.4, UNITS), len(self.layers), self.mode),
            "drop8": Dropout(DropoutShape(0.4, INPUTS), len(self.layers), self.mode),
            "shrink": Pool(PoolShape("max", (4, 2, 2), (2, 1), 1)),
            "fork": self.fork,
            "join": Join(JoinShape(UNITS), self.fork),
        }
        return others[name]

    def forward(self, x: Array) -> Array:
        """x is (features, batch)."""
        batch = x.shape[1]
        if batch not in self.work:
            self.work[batch] = [layer.buffers(self.lanes, batch, self.dtype) for layer in self.layers]
        a = x
        for layer, buffers in zip(self.layers, self.work[batch], strict=True):
            a = layer.forward(a, buffers)
        return a

    def backward(self, delta: Array) -> Array:
        delta = delta.copy()
        work = self.work[delta.shape[2]]
        for index in range(len(self.layers) - 1, -1, -1):
            delta = self.layers[index].backward(delta, work[index], first=index == 0)
        return self.gradient.copy()


STACKS = [
    "in bn phi dense",
    "in phi ln dense bn phi dense",
    "in phi max bn phi dense",
    "in phi average dense ln",
    "in phi shrink",
    "in bn phi drop dense",
    "drop8 in phi drop dense",
    "bn1 in phi dense",
    "in phi fork dense join phi dense",
    "in phi fork dense phi dense join phi dense",
    "in bn phi fork bn dense bn phi dense ln join phi fork drop dense drop join phi dense",
    "in phi fork max dense join ln phi fork dense average join phi dense",
    "in phi fork dense drop join bn phi",
    "fork square join in phi dense",
    "fork bn1 square join in ln phi",
    "fork drop8 square bn1 join bn1 in phi",
]


@pytest.mark.parametrize("names", STACKS)
@pytest.mark.parametrize("phi", ["tanh", "gelu", "sigmoid"])
@pytest.mark.parametrize("kind", list(Pass))
def test_stacks_in_random_directions(names: str, phi: str, kind: Pass) -> None:
    rng = np.random.default_rng(1)
    stack, h = Stack(names, phi, 2, Mode(kind, seed=5, step=9), seed=2), 1e-6
    x = rng.normal(size=(BATCH, INPUTS)).T
    upstream = rng.normal(size=stack.forward(x).shape)
    stack.running[...] = 1
    stack.forward(x)
    found = stack.backward(upstream)
    start = stack.parameters.copy()
    for _ in range(3):
        way = rng.normal(size=start.shape)
        way /= np.linalg.norm(way, axis=1, keepdims=True)
        values = []
        for sign in (1, -1):
            stack.parameters[...] = start + sign * h * way
            stack.running[...] = 1
            values.append((stack.forward(x) * upstream).sum(axis=(1, 2)))
        expected = (values[0] - values[1]) / (2 * h)
        np.testing.assert_allclose((found * way).sum(axis=1), expected, rtol=2e-6, atol=1e-7)


@pytest.mark.parametrize("names", STACKS)
@pytest.mark.parametrize("phi", ["relu", "tanh"])
def test_a_lane_of_a_stack_has_the_same_bits_alone_and_beside_nan(names: str, phi: str) -> None:
    rng = np.random.default_rng(3)
    together, alone = (Stack(names, phi, lanes, Mode(Pass.TRAIN, 7, 1), 4, "float32") for lanes in (3, 1))
    together.parameters[1, 0], together.parameters[0] = np.nan, 1e30
    alone.parameters[...] = together.parameters[2]
    x = rng.normal(size=(BATCH, INPUTS)).T.astype("float32")
    for _ in range(2):
        outs = [stack.forward(x) for stack in (together, alone)]
        assert outs[0].dtype == np.float32
        assert np.array_equal(outs[0][2], outs[1][0])
        upstream = rng.normal(size=outs[0].shape).astype("float32")
        found = [stack.backward(delta) for stack, delta in ((together, upstream), (alone, upstream[2:]))]
        assert np.array_equal(found[0][2], found[1][0])
        assert np.array_equal(together.running[2], alone.running[0])
    assert np.isfinite(found[1]).all()


def test_a_residual_block_by_hand() -> None:
    fork = Fork(ForkShape(2))
    join = Join(JoinShape(2), fork)
    x, inner = np.array([[[1.0], [2.0]]]), np.array([[[10.0], [20.0]]])
    buffers = fork.buffers(1, 1, "float64")
    assert fork.forward(x, buffers) is x
    assert join.forward(inner, buffers) is inner
    assert inner.ravel().tolist() == [11, 22]
    assert x.ravel().tolist() == [1, 2]
    delta, through = np.array([[[3.0], [4.0]]]), np.array([[[0.5], [0.25]]])
    assert join.backward(delta, buffers, False) is delta
    assert fork.backward(through, buffers, False).ravel().tolist() == [3.5, 4.25]
    assert delta.ravel().tolist() == [3, 4]
    assert fork.backward(through, buffers, True) is through


def dropped(mode: Mode, rate: float, x: Array, index: int = 3) -> tuple[Array, Array]:
    """(output, gradient for a delta of ones)"""
    layer = Dropout(DropoutShape(rate, x.shape[-2]), index, mode)
    buffers = layer.buffers(1 if x.ndim == 2 else len(x), x.shape[-1], x.dtype)
    before, delta = x.copy(), np.ones_like(buffers.out)
    out = layer.forward(x, buffers)
    gradient = layer.backward(delta, buffers, False)
    assert np.array_equal(x, before)
    assert (delta == 1).all()
    return out, gradient


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rate", [0.1, 0.5, 0.8])
def test_dropout_keeps_the_mean_and_scales_what_stays(rate: float, dtype: str) -> None:
    out, gradient = dropped(Mode(Pass.TRAIN, 1, 2), rate, np.ones((3, 200, 500), dtype))
    assert out.dtype == gradient.dtype == dtype
    assert np.array_equal(out, gradient)
    assert set(np.unique(out).tolist()) == {0, float(np.ones((), dtype) * (1 / (1 - rate)))}
    assert np.array_equal(out[0], out[1])
    assert np.array_equal(out[0], out[2])
    error = np.sqrt(rate / (1 - rate) / out[0].size)  # of the mean of so many
    assert abs(out[0].mean(dtype=np.float64) - 1) < 5 * error
    for axis in (0, 1):
        means = out[0].mean(axis=axis, dtype=np.float64)
        assert means.std() == pytest.approx(np.sqrt(rate / (1 - rate) / out[0].shape[axis]), rel=0.2)


def test_masks_depend_on_seed_step_and_layer_alone() -> None:
    x = np.ones((2, 30, 20))
    base = dropped(Mode(Pass.TRAIN, 1, 2), 0.5, x)[0]
    assert np.array_equal(dropped(Mode(Pass.TRAIN, 1, 2), 0.5, x)[0], base)
    assert np.array_equal(dropped(Mode(Pass.TRAIN, 1, 2), 0.5, np.ones((5, 30, 20)))[0][4], base[0])
    assert np.array_equal(dropped(Mode(Pass.TRAIN, 1, 2), 0.5, x[0])[0][0], base[0])
    assert np.array_equal(dropped(Mode(Pass.TRAIN, 1, 2), 0.5, x.astype("float32"))[0], base)
    for other in (Mode(Pass.TRAIN, 2, 2), Mode(Pass.TRAIN, 1, 3)):
        assert not np.array_equal(dropped(other, 0.5, x)[0], base)
    assert not np.array_equal(dropped(Mode(Pass.TRAIN, 1, 2), 0.5, x, index=4)[0], base)


def masks(modes: Sequence[Mode], rate: float) -> list[Array]:
    x = np.random.default_rng(0).normal(size=(2, 4, 3))
    return [out - x for mode in modes for out in (dropped(mode, rate, x)[0],)]


def test_nothing_is_dropped_but_in_training() -> None:
    for change in masks([Mode(Pass.PROBE), Mode(Pass.TEST)], 0.5) + masks([Mode(Pass.TRAIN)], 0.0):
        assert not change.any()
    assert all(change.any() for change in masks([Mode(Pass.TRAIN)], 0.5))
    layer = Dropout(DropoutShape(0.5, 4), 0, Mode(Pass.TEST))
    buffers, x = layer.buffers(2, 3, "float64"), np.ones((2, 4, 3))
    assert layer.forward(x, buffers) is x
    assert layer.backward(x, buffers, False) is x
