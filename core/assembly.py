"""From the shapes of an architecture to layers whose parameters are views into flat arrays."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike, NDArray

from initscope.core.activations import Activation
from initscope.core.architecture import Architecture
from initscope.core.blocks import Dropout, Fork, Join
from initscope.core.convolution import Convolution
from initscope.core.layers import Dense, Layer, LearnedNonlinearity, Mode, Nonlinearity, Weighted
from initscope.core.norms import BatchNorm, LayerNorm
from initscope.core.pooling import Pool
from initscope.core.shapes import (
    ActivationShape,
    ConvolutionShape,
    DenseShape,
    DropoutShape,
    ForkShape,
    JoinShape,
    LayerShape,
    NormShape,
    PoolShape,
    WeightShape,
)

Array = NDArray[np.floating]


@dataclass(frozen=True)
class Parts:
    """A network's layers and the flat arrays behind them, (lanes, ...)."""

    parameters: Array
    gradient: Array
    running: Array
    """Running means and variances of batch normalizations: state, but not learned."""
    layers: list[Layer]
    weighted: list[Weighted]
    """The layers with weights, of `layers`."""
    starts: list[int]
    """Where the weights of each begin in a lane's parameters; its biases follow them."""


def assemble(
    architecture: Architecture, activation: Activation, lanes: int, dtype: DTypeLike, alike: bool, mode: Mode
) -> Parts:
    """Weights and biases are 0, gains 1, shifts 0, learned slopes at their start."""
    learned = len(activation.learned) * len(architecture.activations)
    parameters = np.zeros((lanes, architecture.parameters + learned), dtype)
    running = np.zeros((lanes, sum(norm.parameters for norm in architecture.norms if norm.kind == "batch")), dtype)
    parts = Parts(parameters, np.zeros_like(parameters), running, [], [], [])
    builder = _Builder(parts, activation, alike, mode)
    for shape in architecture.program:
        parts.layers.append(builder.build(shape))
    return parts


class _Builder:
    """Hands out the flat arrays piece by piece."""

    def __init__(self, parts: Parts, activation: Activation, alike: bool, mode: Mode) -> None:
        self.parts, self.activation, self.alike, self.mode = parts, activation, alike, mode
        self.used = 0
        self.running = 0
        self.fork: Fork | None = None

    def build(self, shape: LayerShape) -> Layer:
        match shape:
            case DenseShape() | ConvolutionShape():
                return self._weighted(shape)
            case ActivationShape():
                return self._nonlinearity(shape)
            case PoolShape():
                return Pool(shape)
            case NormShape():
                return self._norm(shape)
            case DropoutShape():
                return Dropout(shape, len(self.parts.layers), self.mode)
            case ForkShape():
                self.fork = Fork(shape)
                return self.fork
            case JoinShape():
                assert self.fork is not None
                return Join(shape, self.fork)

    def _take(self, *shapes: tuple[int, ...]) -> tuple[list[Array], list[Array]]:
        """Views of the next parameters and of their gradients, (lanes, *shape) each."""
        found: tuple[list[Array], list[Array]] = [], []
        for shape in shapes:
            size = int(np.prod(shape))
            for views, flat in zip(found, (self.parts.parameters, self.parts.gradient), strict=True):
                views.append(flat[:, self.used : self.used + size].reshape(len(flat), *shape))
            self.used += size
        return found

    def _weighted(self, shape: WeightShape) -> Weighted:
        self.parts.starts.append(self.used)
        (weights, biases), (of_weights, of_biases) = self._take(shape.weight_shape, (shape.channels,))
        layer: Weighted
        if isinstance(shape, DenseShape):
            layer = Dense(shape, weights, biases, of_weights, of_biases, self.alike)
        else:
            layer = Convolution(shape, weights, biases, of_weights, of_biases, self.alike)
        self.parts.weighted.append(layer)
        return layer

    def _nonlinearity(self, shape: ActivationShape) -> Nonlinearity:
        if not self.activation.learned:
            return Nonlinearity(self.activation, shape.units)
        (slopes,), (gradient,) = self._take((1,))
        slopes[...] = self.activation.values[self.activation.learned[0]]
        return LearnedNonlinearity(self.activation, shape.units, slopes, gradient)

    def _norm(self, shape: NormShape) -> BatchNorm | LayerNorm:
        (gains, shifts), (of_gains, of_shifts) = self._take((shape.channels,), (shape.channels,))
        gains[...] = 1
        if shape.kind == "layer":
            return LayerNorm(shape, gains, shifts, of_gains, of_shifts)
        stop = self.running + shape.channels
        mean, variance = (self.parts.running[:, at : at + shape.channels] for at in (self.running, stop))
        self.running = stop + shape.channels
        variance[...] = 1
        return BatchNorm(shape, gains, shifts, of_gains, of_shifts, mean, variance, self.mode, self.alike)
