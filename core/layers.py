"""The layers a network is made of: each knows its forward pass and its derivative, for all lanes at once.

Activations are (lanes, units, batch) and weights (lanes, fan_out, fan_in), Nielsen's and PyTorch's layout:
measured, a stack of W @ a is a fifth faster than a stack of a @ W in OpenBLAS. Every lane's product is its
own call of the same shape, so a lane's bits do not depend on its company; one wide product over all lanes
would be another tenth faster, but rounds differently with the number of lanes.
The network's input is shared by all lanes and is (features, batch).
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from initscope.core.activations import Activation, Prelu
from initscope.core.shapes import DenseShape, WeightShape

Array = NDArray[np.floating]


class Pass(Enum):
    """What a pass through the network is for: dropout and batch normalization do not do the same in all."""

    TRAIN = "train"
    """A step: units are dropped, batches are normalized by their own moments, whose running means are kept."""
    PROBE = "probe"
    """A measurement of the network in training: nothing is dropped, batches as in TRAIN, nothing is kept."""
    TEST = "test"
    """An answer: nothing is dropped, and the running means take the place of the batch's moments."""


@dataclass
class Mode:
    """What all layers of a network know of the present pass."""

    kind: Pass = Pass.PROBE
    seed: int = 0
    """Of what is drawn while training; the same for all lanes."""
    step: int = 0
    """The number of the update that the pass is made for."""


class Buffers:
    """What one layer keeps of one batch: its input, its output, the gradient it hands down, and a row of ones."""

    def __init__(self, lanes: int, inputs: int, outputs: int, batch: int, dtype: DTypeLike) -> None:
        self.source: Array = np.empty(0, dtype)
        self.out = np.empty((lanes, outputs, batch), dtype)
        self.delta = np.empty((lanes, inputs, batch), dtype)
        self.ones = np.ones(batch, dtype)


class Layer(Protocol):
    def buffers(self, lanes: int, batch: int, dtype: DTypeLike) -> Buffers: ...

    def forward(self, source: Array, buffers: Buffers) -> Array:
        """The layer's output for `source`, kept in `buffers`."""
        ...

    def backward(self, delta: Array, buffers: Buffers, first: bool) -> Array:
        """From dC/d(output) to dC/d(input), setting parameter gradients on the way.

        The first layer's input is data: its gradient is not wanted, and what is returned means nothing.
        """
        ...


class Weighted(ABC):
    """A layer with weights and biases: views into the network's flat parameters and gradient, (lanes, ...)."""

    shape: WeightShape
    weights: Array
    biases: Array
    weight_gradient: Array
    bias_gradient: Array

    @abstractmethod
    def buffers(self, lanes: int, batch: int, dtype: DTypeLike) -> Buffers: ...

    @abstractmethod
    def forward(self, source: Array, buffers: Buffers) -> Array: ...

    @abstractmethod
    def backward(self, delta: Array, buffers: Buffers, first: bool) -> Array: ...


class Dense(Weighted):
    """z = W a + b.

    With delta = dC/dz, C the sum over the batch:  dC/dW = delta aᵀ,  dC/db = Σ delta,  dC/da = Wᵀ delta.

    `alike` makes every unit's sums in the same order, so that identical units stay identical to the bit, as
    they do in exact arithmetic. BLAS does not: the last units of a matrix go through other kernels, whose
    rounding breaks the tie within a few steps. Without BLAS it is 3 to 9 times slower; while all rows are the
    same, one is multiplied for all.
    """

    def __init__(
        self,
        shape: DenseShape,
        weights: Array,
        biases: Array,
        weight_gradient: Array,
        bias_gradient: Array,
        alike: bool = False,
    ) -> None:
        self.shape = shape
        self.alike = alike
        self.weights, self.biases = weights, biases
        self.weight_gradient, self.bias_gradient = weight_gradient, bias_gradient
        self._transposed = weights.transpose(0, 2, 1)
        self._bias_column = biases[:, :, None]

    def buffers(self, lanes: int, batch: int, dtype: DTypeLike) -> Buffers:
        return Buffers(lanes, self.shape.fan_in, self.shape.units, batch, dtype)

    def forward(self, source: Array, buffers: Buffers) -> Array:
        buffers.source = source
        self._multiply(self.weights, source, buffers.out)
        buffers.out += self._bias_column
        return buffers.out

    def backward(self, delta: Array, buffers: Buffers, first: bool) -> Array:
        self._multiply(delta, buffers.source.swapaxes(-1, -2), self.weight_gradient)
        if self.alike:
            np.add.reduce(delta, axis=2, out=self.bias_gradient)
        else:
            np.matmul(delta, buffers.ones, out=self.bias_gradient)  # three times as fast as the sum
        if not first:
            self._multiply(self._transposed, delta, buffers.delta)
        return buffers.delta

    def _multiply(self, left: Array, right: Array, out: Array) -> None:
        """Matrix products lane by lane; `right` may be shared by all lanes."""
        if not self.alike:
            np.matmul(left, right, out=out)
            return
        subscripts = "lij,jk->lik" if right.ndim == 2 else "lij,ljk->lik"
        if left.shape[1] > 1 and (left == left[:, :1]).all():
            out[...] = np.einsum(subscripts, left[:, :1], right)
        else:
            np.einsum(subscripts, left, right, out=out)


class Nonlinearity:
    """a = phi(z), elementwise; dC/dz = dC/da phi'(z). Written over z where phi' can be had from a alone."""

    def __init__(self, activation: Activation, units: int) -> None:
        self.activation = activation
        self.units = units

    def buffers(self, lanes: int, batch: int, dtype: DTypeLike) -> Buffers:
        units = self.units if self.activation.needs_z else 0
        return Buffers(lanes, self.units, units, batch, dtype)  # its `delta` serves as scratch

    def forward(self, source: Array, buffers: Buffers) -> Array:
        buffers.source = source
        out = buffers.out if self.activation.needs_z else source
        self.activation.forward(source, out)
        return out

    def backward(self, delta: Array, buffers: Buffers, first: bool) -> Array:
        out = buffers.out if self.activation.needs_z else buffers.source
        self.activation.backward(delta, buffers.source, out, buffers.delta)
        return delta


class LearnedNonlinearity(Nonlinearity):
    """a = phi(z) with a slope that every lane learns: prelu."""

    def __init__(self, activation: Activation, units: int, slopes: Array, slope_gradient: Array) -> None:
        """`slopes` and their gradient are (lanes, 1) views into the network's flat arrays."""
        assert isinstance(activation, Prelu)
        super().__init__(activation, units)
        self.rule = activation
        self.slopes, self.slope_gradient = slopes, slope_gradient
        self._column = slopes[:, :, None]

    def forward(self, source: Array, buffers: Buffers) -> Array:
        buffers.source = source
        self.rule.forward_with(source, self._column, buffers.out)
        return buffers.out

    def backward(self, delta: Array, buffers: Buffers, first: bool) -> Array:
        self.slope_gradient[:, 0] = self.rule.backward_with(delta, buffers.source, self._column, buffers.delta)
        return delta
