"""An ensemble of equal networks with different weights, trained in lock-step.

All parameters of a lane lie in one row of a flat array, so that an update is a single pass over memory.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike, NDArray

from initscope.core.activations import Activation
from initscope.core.architecture import Architecture
from initscope.core.assembly import assemble
from initscope.core.initialization.initializers import Initializer
from initscope.core.initialization.streams import SEEDED, Stream
from initscope.core.layers import Buffers, Mode, Nonlinearity, Pass
from initscope.core.losses import Loss

Array = NDArray[np.floating]


@dataclass(frozen=True)
class Workspace:
    """Buffers for batches of one size: one for each layer, and those of the loss."""

    batch: int
    layers: tuple[Buffers, ...]
    delta: Array
    scratch: Array


class Network:
    """`lanes` networks of one architecture and activation; weights and biases start as zeros.

    `alike` is for networks whose units start identical (see `Dense`). `seed` is that of dropout.
    """

    def __init__(
        self,
        architecture: Architecture,
        activation: Activation,
        loss: Loss,
        lanes: int,
        dtype: DTypeLike,
        alike: bool = False,
        seed: int = 0,
    ) -> None:
        self.alike = alike
        self.architecture, self.activation, self.loss = architecture, activation, loss
        self.lanes, self.dtype = lanes, np.dtype(dtype)
        self.mode = Mode(seed=seed)
        parts = assemble(architecture, activation, lanes, self.dtype, alike, self.mode)
        self.parameters, self.gradient, self.running = parts.parameters, parts.gradient, parts.running
        self.layers, self.weighted, self.starts = parts.layers, parts.weighted, parts.starts
        self._workspaces: dict[int, Workspace] = {}

    def initialize(
        self, lane: int, weights: Initializer, biases: Initializer, seed: int, stream: Stream = SEEDED
    ) -> None:
        """Draw a lane's weights and biases from a stream of this seed."""
        stream.fill([(layer.weights[lane], layer.biases[lane]) for layer in self.weighted], weights, biases, seed)

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

    def evaluate(self, x: Array, y: Array, work: Workspace, kind: Pass = Pass.TEST) -> tuple[Array, Array]:
        """Mean loss (lanes,) and outputs (lanes, outputs, batch); targets y are (outputs, batch)."""
        self.mode.kind = kind
        out = self.forward(x, work)
        return self.loss.value_and_delta(out, y, work.delta, work.scratch), out

    def backpropagate(
        self, x: Array, y: Array, scale: Array | float, work: Workspace, kind: Pass = Pass.TRAIN
    ) -> Array:
        """Mean loss (lanes,); sets `gradient` to `scale` times the gradient summed over the batch.

        `scale` broadcasts to (lanes, 1, 1).
        """
        value, _ = self.evaluate(x, y, work, kind)
        delta = work.delta
        delta *= scale
        for index in range(len(self.layers) - 1, -1, -1):
            delta = self.layers[index].backward(delta, work.layers[index], first=index == 0)
        return value

    def hidden(self, work: Workspace) -> list[tuple[Array, Array]]:
        """(z, a) of every hidden layer with weights after a forward pass, (lanes, channels, positions · batch).

        z is a where the activation wrote over it.
        """
        pairs = []
        shapes = iter(self.architecture.activations)
        for layer, buffers in zip(self.layers, work.layers, strict=True):
            if isinstance(layer, Nonlinearity):
                out = buffers.out if layer.activation.needs_z else buffers.source
                by_channel = self.lanes, next(shapes).channels, -1
                pairs.append((buffers.source.reshape(by_channel), out.reshape(by_channel)))
        return pairs

    def select(self, rows: Sequence[int]) -> "Network":
        """A copy that holds only these lanes."""
        other = Network(
            self.architecture, self.activation, self.loss, len(rows), self.dtype, self.alike, self.mode.seed
        )
        other.parameters[...] = self.parameters[list(rows)]
        other.running[...] = self.running[list(rows)]
        other.mode.step = self.mode.step
        return other


def predictions(outputs: Array) -> NDArray[np.int64]:
    """The class answered for each example, (lanes, batch), from outputs (lanes, outputs, batch)."""
    if outputs.shape[1] == 1:
        return (outputs[:, 0] > 0.5).astype(np.int64)
    answers: NDArray[np.int64] = outputs.argmax(axis=1)
    return answers
