"""A walk through a network's layers and back that notes, for every layer with weights, what theory expects there."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np

from initscope.core.activations import Activation
from initscope.core.losses import Loss
from initscope.core.shapes import (
    ActivationShape,
    ConvolutionShape,
    DenseShape,
    ForkShape,
    JoinShape,
    LayerShape,
    NormShape,
    PoolShape,
    WeightShape,
)
from initscope.core.theory.inputstatistics import Floats, InputStatistics
from initscope.core.theory.meanfield import Moments, maps
from initscope.core.theory.propagation import (
    Gradient,
    Rule,
    Signal,
    activate,
    first,
    fluctuation,
    normalize,
    overlap,
    pool,
    pooled,
    source,
    weigh,
)

DRAWS = 1024
"""Output vectors that are drawn for the loss's gradient."""
SAME = 1e-9
"""Relative change of z from one layer to the next below which a fixed point is reached."""


@dataclass
class Stop:
    """What is expected at one layer with weights."""

    shape: WeightShape
    rule: Rule
    z: Signal
    read: Signal | None = None
    """What the activation reads: z, or what a normalization or a residual block made of it. None at the output."""
    a: Signal | None = None
    moments: Moments | None = None
    gradient: Gradient | None = None
    """Of dC/dz."""


Back = tuple[str, LayerShape | Moments | Floats | None]


@dataclass
class Walk:
    """State on the way; `walk` goes it."""

    activation: Activation
    rules: Sequence[Rule]
    inputs: InputStatistics
    fit: bool
    """Whether weights are divided by the std of z before use, as `lsuv` does."""
    stops: list[Stop] = field(default_factory=list)
    back: list[Back] = field(default_factory=list)
    """What happened, for the way back."""
    kept: list[Signal] = field(default_factory=list)
    """At the beginnings of residual blocks that have not ended."""
    signal: Signal | None = None
    z: Signal | None = None
    """What the last activation read, while nothing came after it."""

    def forward(self, program: Sequence[LayerShape]) -> None:
        for shape in program:
            match shape:
                case DenseShape() | ConvolutionShape():
                    self._weigh(shape)
                case ActivationShape():
                    self._activate(shape)
                case PoolShape() if self.signal:
                    near = overlap(self.stops[-1].shape)
                    width = self.stops[-1].shape.channels
                    self.signal = pool(self.signal, self.z, maps(self.activation), shape, near, width)
                    self.back.append(("pool", shape))
                case NormShape() if self.signal:
                    self.signal, variance = normalize(self.signal, shape)
                    self.back.append(("divide", variance))
                case ForkShape():
                    self.kept.append(self.signal or source(self.inputs, self.rules))
                    self.back.append(("fork", None))
                case JoinShape() if self.signal:
                    self._join(self.signal)
            if not isinstance(shape, ActivationShape):
                self.z = None

    def _weigh(self, shape: WeightShape) -> None:
        index = len(self.stops)
        rule = self.rules[index]
        z = self._z(shape, rule, index)
        variance = float(z.total.mean())
        if self.fit and variance > 0 and abs(variance - 1) >= 0.1:
            rule = replace(rule, mean=rule.mean / variance**0.5, variance=rule.variance / variance)
            z = self._z(shape, rule, index)
        self.signal = z
        self.stops.append(Stop(shape, rule, z))
        self.back.append(("weights", None))

    def _z(self, shape: WeightShape, rule: Rule, index: int) -> Signal:
        if self.signal is None:
            return first(self.inputs, [rule, *self.rules[1:]])
        return weigh(self.signal, shape, rule, index)

    def _activate(self, shape: ActivationShape) -> None:
        assert self.signal
        z = self.z = self.signal
        stop = self.stops[-1]
        before = self.stops[-2] if len(self.stops) > 1 else None
        if before and before.read and before.a and before.moments and _same(before.read, z):
            stop.moments = before.moments
            stop.a = replace(before.a, fluctuation=fluctuation(z, before.moments, shape.channels))
        else:
            stop.a, stop.moments = activate(z, maps(self.activation), shape.channels)
        stop.read, self.signal = z, stop.a
        self.back.append(("activation", stop.moments))

    def _join(self, signal: Signal) -> None:
        skip = self.kept.pop()
        self.signal = Signal(
            signal.mean + skip.mean,
            signal.variance + skip.variance,
            signal.own + skip.own,
            max(signal.fluctuation, skip.fluctuation),
        )
        self.back.append(("join", None))

    def backward(self, gradient: Gradient) -> None:
        """From the gradient of the last layer's z; enters those of all others."""
        stops, kept = iter(reversed(self.stops)), []
        for place, (kind, what) in enumerate(reversed(self.back), 1):
            match kind, what:
                case "weights", _:
                    stop = next(stops)
                    stop.gradient = gradient
                    if place < len(self.back):
                        gradient = gradient.through_weights(stop.shape, stop.rule)
                case "activation", Moments():
                    gradient = gradient.through_activation(what)
                case "pool", PoolShape():
                    gradient = pooled(gradient, what)
                case "divide", np.ndarray():
                    scale = 1 / np.maximum(what, 1e-300)
                    gradient = gradient.times(scale, scale)
                case "join", _:
                    kept.append(gradient)
                case "fork", _:
                    gradient = gradient.plus(kept.pop())


def _same(one: Signal, other: Signal) -> bool:
    """Whether two layers have the same z, so that a fixed point is reached."""
    if one.mean.shape != other.mean.shape:
        return False
    pairs = ((one.mean, other.mean), (one.variance, other.variance), (one.own, other.own))
    return all(bool((np.abs(a - b) <= SAME * np.abs(b)).all()) for a, b in pairs)


def output_gradient(loss: Loss, z: Signal, outputs: int) -> Gradient:
    """dC_x/dz of the last layer for labels that have nothing to do with z.

    By the loss itself, of outputs drawn from a fixed stream.
    """
    size = z.mean.size
    each = -(-DRAWS // size)
    draws = _draws(outputs, each * size)
    out = np.sqrt(np.repeat(z.variance.ravel(), each)) * draws
    out = np.ascontiguousarray((out + np.repeat(z.mean.ravel(), each))[None])
    labels = np.arange(each * size) % max(outputs, 2)
    y = labels[None].astype(float) if outputs == 1 else (np.arange(outputs)[:, None] == labels).astype(float)
    delta = np.empty_like(out)
    with np.errstate(all="ignore"):
        loss.value_and_delta(out, y, delta, np.empty_like(out))
    square = np.square(delta[0]).mean(axis=0)
    whole = np.square(delta[0].sum(axis=0))
    product = (whole - outputs * square) / max(outputs * (outputs - 1), 1)
    shape = *z.mean.shape, each
    return Gradient(square.reshape(shape).mean(axis=-1), product.reshape(shape).mean(axis=-1))


@cache
def _draws(outputs: int, count: int) -> Floats:
    return np.random.default_rng(0).standard_normal((outputs, count))
