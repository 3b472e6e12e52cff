"""An ensemble of equal networks with different weights, trained in lock-step.

All parameters of a lane lie in one row of a flat array, so that an update is a single pass over memory.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike, NDArray

from initscope.core.activations import Activation
from initscope.core.architecture import Architecture
from initscope.core.initializers import Initializer
from initscope.core.layers import Buffers, Dense, Layer, Nonlinearity
from initscope.core.losses import Loss

Array = NDArray[np.floating]

WEIGHTS, BIASES = 0, 1
"""Keys of the random streams, which must never change: they are part of what a seed means."""


@dataclass(frozen=True)
class Workspace:
    """Buffers for batches of one size: one for each layer, and those of the loss."""

    batch: int
    layers: tuple[Buffers, ...]
    delta: Array
    scratch: Array


class Network:
    """`lanes` networks of one architecture and activation; parameters start as zeros.

    `alike` is for networks whose units start identical (see `Dense`).
    """

    def __init__(
        self,
        architecture: Architecture,
        activation: Activation,
        loss: Loss,
        lanes: int,
        dtype: DTypeLike,
        alike: bool = False,
    ) -> None:
        self.alike = alike
        self.architecture, self.activation, self.loss = architecture, activation, loss
        self.lanes, self.dtype = lanes, np.dtype(dtype)
        self.parameters = np.zeros((lanes, architecture.parameters), dtype)
        self.gradient = np.zeros_like(self.parameters)
        self.dense: list[Dense] = []
        self.layers: list[Layer] = []
        start = 0
        for shape in architecture.layers:
            stop = start + shape.parameters
            views = [self._views(flat, start, stop, shape.fan_in) for flat in (self.parameters, self.gradient)]
            layer = Dense(shape, *views[0], *views[1], alike)
            if self.dense:
                self.layers.append(Nonlinearity(activation, shape.fan_in))
            self.dense.append(layer)
            self.layers.append(layer)
            start = stop
        self._workspaces: dict[int, Workspace] = {}

    def _views(self, flat: Array, start: int, stop: int, fan_in: int) -> tuple[Array, Array]:
        """Weights (lanes, fan_out, fan_in) and biases (lanes, fan_out) inside the flat array."""
        fan_out = (stop - start) // (fan_in + 1)
        weights = flat[:, start : stop - fan_out].reshape(self.lanes, fan_out, fan_in)
        return weights, flat[:, stop - fan_out : stop]

    def initialize(self, lane: int, weights: Initializer, biases: Initializer, seed: int) -> None:
        """Draw a lane's parameters.

        Each layer's weights and biases have a stream of their own, so that lanes with the same seed draw
        common random numbers whatever else differs between them.
        """
        for index, layer in enumerate(self.dense):
            fans = layer.shape.fan_in, layer.shape.fan_out
            for kind, target, initializer in (
                (WEIGHTS, layer.weights[lane], weights),
                (BIASES, layer.biases[lane], biases),
            ):
                rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(kind, index)))
                target[...] = initializer.sample(rng, target.shape, *fans)

    def workspace(self, batch: int) -> Workspace:
        """Buffers for `batch` examples, made on first use."""
        if batch not in self._workspaces:
            shape = (self.lanes, self.architecture.outputs, batch)
            self._workspaces[batch] = Workspace(
                batch,
                tuple(layer.buffers(self.lanes, batch, self.dtype) for layer in self.layers),
                np.empty(shape, self.dtype),
                np.empty(shape, self.dtype),
            )
        return self._workspaces[batch]

    def forward(self, x: Array, work: Workspace) -> Array:
        """Pre-activations of the outputs, (lanes, outputs, batch), for inputs x of (batch, features)."""
        a = x.T
        for layer, buffers in zip(self.layers, work.layers, strict=True):
            a = layer.forward(a, buffers)
        return a

    def evaluate(self, x: Array, y: Array, work: Workspace) -> tuple[Array, Array]:
        """Mean loss (lanes,) and outputs (lanes, outputs, batch); targets y are (outputs, batch)."""
        out = self.forward(x, work)
        return self.loss.value_and_delta(out, y, work.delta, work.scratch), out

    def backpropagate(self, x: Array, y: Array, scale: Array | float, work: Workspace) -> Array:
        """Mean loss (lanes,); sets `gradient` to `scale` times the gradient summed over the batch.

        `scale` broadcasts to (lanes, 1, 1).
        """
        value, _ = self.evaluate(x, y, work)
        delta = work.delta
        delta *= scale
        for index in range(len(self.layers) - 1, -1, -1):
            delta = self.layers[index].backward(delta, work.layers[index], first=index == 0)
        return value

    def hidden(self, work: Workspace) -> list[tuple[Array, Array]]:
        """(z, a) of every hidden layer after a forward pass; z is a where the activation wrote over it."""
        pairs = []
        for layer, buffers in zip(self.layers, work.layers, strict=True):
            if isinstance(layer, Nonlinearity):
                out = buffers.out if layer.activation.needs_z else buffers.source
                pairs.append((buffers.source, out))
        return pairs

    def select(self, rows: Sequence[int]) -> "Network":
        """A copy that holds only these lanes."""
        other = Network(self.architecture, self.activation, self.loss, len(rows), self.dtype, self.alike)
        other.parameters[...] = self.parameters[list(rows)]
        return other


def predictions(outputs: Array) -> NDArray[np.int64]:
    """The class answered for each example, (lanes, batch), from outputs (lanes, outputs, batch)."""
    if outputs.shape[1] == 1:
        return (outputs[:, 0] > 0.5).astype(np.int64)
    answers: NDArray[np.int64] = outputs.argmax(axis=1)
    return answers
