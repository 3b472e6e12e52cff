"""Mean-field propagation through the layers of a network: forwards what z and activations are, backwards gradients.

At initialization, z_i(x) = Σ_j W_ij a_j(x) + b_i is Gaussian over units i, given the layer below, with
    mean      m(x) = E[W]·Σ_j a_j(x) + E[b], which is common to all units and varies over inputs with Σ_j a_j, and
    covariance     Var[W]·Σ_j a_j(x) a_j(x') + Var[b]
(Poole et al. 2016, eq. 2 to 5, who have E[W] = 0). Sums over n units are n times their expectation; where E[W] != 0
what the sum is off, of order √n, shifts all units alike, differently for every seed. So a signal is kept for a few
seeds and a few groups of inputs, in arrays (seeds, groups).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from math import sqrt

import numpy as np

from initscope.core.shapes import DenseShape, NormShape, PoolShape, WeightShape
from initscope.core.theory.inputstatistics import Floats, InputStatistics
from initscope.core.theory.meanfield import Maps, Moments
from initscope.core.theory.nodes import nodes

SEEDS, GROUPS, MANY_GROUPS = 3, 16, 64
"""Seeds that are followed where weights have a mean, and groups of inputs; more of them with a mean, as it adds up."""


@dataclass(frozen=True)
class Rule:
    """Moments of a layer's weights and biases."""

    mean: float
    variance: float
    bias_mean: float
    bias_variance: float


def over_inputs(values: Floats) -> Floats:
    """The mean of each row of (seeds, groups); np.mean takes three times as long for so few."""
    return np.asarray(np.add.reduce(values, axis=1) / values.shape[1])


def spread(values: Floats) -> Floats:
    """The variance of each row of (seeds, groups)."""
    return over_inputs((values - over_inputs(values)[:, None]) ** 2) if values.shape[1] > 1 else 0 * values[:, 0]


@dataclass(frozen=True, eq=False)
class Signal:
    """The z or the activations of one layer; means and variances are over units."""

    mean: Floats
    """For each input, (seeds, groups)."""
    variance: Floats
    """For each input, (seeds, groups)."""
    own: Floats
    """Mean over units of the variance over inputs, (seeds,)."""
    fluctuation: float = 0.0
    """Relative variance over seeds of the mean square, by the finite widths below."""

    @cached_property
    def centre(self) -> Floats:
        """Mean over units and inputs, (seeds,)."""
        return over_inputs(self.mean)

    @cached_property
    def total(self) -> Floats:
        """Variance over units and inputs together, (seeds,)."""
        return over_inputs(self.variance) + spread(self.mean)

    @cached_property
    def shared(self) -> Floats:
        """Variance over units of their mean over inputs, (seeds,)."""
        return np.maximum(self.total - self.own, 0)

    @cached_property
    def square(self) -> Floats:
        """Mean square, (seeds, groups)."""
        return self.variance + self.mean**2

    @property
    def correlation(self) -> float:
        """E[z z'] of two inputs over E[z²], not centred: the c of Poole et al. 2016, eq. 4."""
        both, alone = float((self.shared + self.centre**2).sum()), float((self.total + self.centre**2).sum())
        return both / alone if alone > 0 else 1.0


@cache
def _scores(layer: int, groups: int) -> tuple[Floats, Floats]:
    """Standard normal numbers for the shifts of one layer: (seeds, 1), and (seeds, groups) of mean 0 in each row."""
    rng = np.random.default_rng(layer)
    common, each = rng.standard_normal((SEEDS, 1)), rng.standard_normal((SEEDS, groups))
    each -= each.mean(axis=1, keepdims=True)
    each /= each.std(axis=1, keepdims=True)
    common -= common.mean()
    return common / common.std(), each


def source(inputs: InputStatistics, rules: Sequence[Rule]) -> Signal:
    """The inputs themselves, for a network whose layers have these rules.

    Every input is followed where nothing is drawn, a few groups of them otherwise.
    """
    drawn = any(layer.variance or layer.bias_variance for layer in rules)
    seeds = SEEDS if drawn and any(layer.mean for layer in rules[1:]) else 1
    groups = GROUPS if seeds == 1 else MANY_GROUPS
    count = min(groups if drawn else inputs.sums.size, inputs.sums.size)
    sums, squares = inputs.groups(count, by_sum=rules[0].mean != 0)
    mean, square = np.tile(sums, (seeds, 1)) / inputs.n, np.tile(squares, (seeds, 1)) / inputs.n
    own = np.full(seeds, (inputs.mean_square - inputs.shared) / inputs.n)
    return Signal(mean, np.maximum(square - mean**2, 0), np.maximum(own, 0))


def first(inputs: InputStatistics, rules: Sequence[Rule]) -> Signal:
    """z of the first layer, from the data themselves: a sum over n inputs, of which none is left out nor added."""
    rule, x = rules[0], source(inputs, rules)
    mean = rule.mean * inputs.n * x.mean + rule.bias_mean
    variance = rule.variance * inputs.n * x.square + rule.bias_variance
    return Signal(mean, variance, rule.variance * inputs.n * x.own + spread(mean))


def weigh(signal: Signal, shape: WeightShape, rule: Rule, layer: int) -> Signal:
    """z of a layer from the activations below it."""
    n = shape.fan_in * inside(shape)
    mean = rule.mean * n * signal.mean + rule.bias_mean
    if rule.mean and len(signal.mean) == SEEDS:
        common, each = _scores(layer, signal.mean.shape[1])
        shared = np.minimum(signal.shared[:, None], signal.variance)
        size = abs(rule.mean) * sqrt(n)
        mean = mean + size * (np.sqrt(shared) * common + np.sqrt(signal.variance - shared) * each)
    squares = rule.variance * n * signal.square
    own = rule.variance * n * signal.own + spread(mean)
    drawn = float(squares.sum())
    kept = drawn / (drawn + rule.bias_variance * squares.size) if drawn else 0.0
    z = Signal(mean, squares + rule.bias_variance, own, signal.fluctuation * kept**2)
    return _collapse(z) if len(mean) == 1 and z.variance.any() else z


def _collapse(z: Signal) -> Signal:
    """One group in place of several that have become alike."""
    if z.mean.shape[1] == 1:
        return z
    alike = all(np.ptp(part) <= 1e-7 * np.abs(part).max() for part in (z.variance, z.mean))
    return replace(z, mean=z.mean[:, :1], variance=z.variance[:, :1]) if alike else z


def inside(shape: WeightShape) -> float:
    """Share of a kernel's taps that read a value, not the padding, averaged over places."""
    if isinstance(shape, DenseShape):
        return 1.0
    share = 1.0
    for size, places in zip(shape.source[1:], shape.out[1:], strict=True):
        taps = np.arange(places)[:, None] * shape.stride + np.arange(shape.kernel) - shape.padding
        share *= float(((taps >= 0) & (taps < size)).mean())
    return share


def readers(shape: WeightShape) -> float:
    """Connections that leave one unit of the source, on average: fan_out of a dense layer."""
    if isinstance(shape, DenseShape):
        return float(shape.fan_out)
    _, height, width = shape.source
    return shape.fan_out * inside(shape) * shape.positions / (height * width)


def activate(z: Signal, maps: Maps, units: int) -> tuple[Signal, Moments]:
    """Activations from z, and all expectations that the way back needs."""
    moments = maps.moments(z.mean, np.sqrt(z.variance))
    own = spread(moments.mean)
    if z.variance.any():
        own = np.maximum(maps.apart(z.centre, z.shared, z.own), own)
    return Signal(moments.mean, moments.variance, own, fluctuation(z, moments, units)), moments


def fluctuation(z: Signal, moments: Moments, units: int) -> float:
    """That of the activations: it grows by the kurtosis of phi over the width.

    By 5/n for relu: Hanin & Rolnick 2018, theorem 5.
    """
    count = moments.mean.size
    square, fourth = float(moments.square.sum()) / count, float(moments.fourth.sum()) / count
    kurtosis = fourth / square**2 - 1 if square > 1e-140 and fourth < 1e300 else 0.0
    return float(moments.elasticity.sum() / count) ** 2 * z.fluctuation + kurtosis / units


def pool(a: Signal, z: Signal | None, maps: Maps, shape: PoolShape, overlap: float, units: int) -> Signal:
    """After pooling. `overlap` is the correlation of neighbouring places; `a` came from z, if nothing was between."""
    count = shape.size[0] * shape.size[1]
    if shape.kind == "average":
        share = (1 + (count - 1) * overlap) / count
        shared = np.minimum(a.shared[:, None], a.variance)
        return replace(a, variance=shared + (a.variance - shared) * share, own=a.own * share)
    if z is None:
        return a
    centre, narrowing = _largest(count)
    apart = np.minimum(z.own[:, None], z.variance) * (1 - overlap)
    lower = np.minimum(z.own * (1 - overlap), over_inputs(z.variance)) * (1 - narrowing)
    mean, variance = z.mean + centre * np.sqrt(apart), z.variance - apart * (1 - narrowing)
    return activate(Signal(mean, variance, z.own - lower, z.fluctuation), maps, units)[0]


@cache
def _largest(count: int) -> tuple[float, float]:
    """Mean and variance of the largest of `count` standard normals."""
    z, weights = nodes(np.zeros(1), np.ones(1), 2000)
    power = np.diff(np.cumsum(weights[0]) ** count, prepend=0.0)
    mean = float(power @ z[0])
    return mean, float(power @ z[0] ** 2) - mean**2


def overlap(shape: WeightShape) -> float:
    """Share of inputs that two neighbouring places of a convolution have in common, averaged over a 2x2 window."""
    if isinstance(shape, DenseShape):
        return 0.0
    side = max(0.0, 1 - shape.stride / shape.kernel)
    return (2 * side + side * side) / 3


def normalize(z: Signal, shape: NormShape) -> tuple[Signal, Floats]:
    """After normalization, and the variance by which it divided, of a shape that fits (seeds, groups).

    A batch's takes the offset of every unit away (Yang et al. 2019), a layer's that of every input.
    """
    one = np.ones_like(z.mean)
    if shape.kind == "batch":
        return Signal(0 * one, one, one[:, 0]), z.own[:, None] * one
    own = np.clip(z.own - spread(z.mean), 0, None) / np.maximum(over_inputs(z.variance), 1e-300)
    return Signal(0 * one, one, np.minimum(own, 1), 0.0), z.variance


@dataclass(frozen=True)
class Gradient:
    """Of dC/dz or dC/da over the units of a layer, (seeds, groups) each."""

    square: Floats
    """E[δ²]."""
    product: Floats
    """E[δ_i δ_j] of two units: of what all units have in common."""

    @classmethod
    def constant(cls, square: float, product: float) -> "Gradient":
        return cls(np.full((1, 1), square), np.full((1, 1), product))

    def through_weights(self, shape: WeightShape, rule: Rule) -> "Gradient":
        """dC/da below, taking the weights for independent of δ (Schoenholz et al. 2017, section 4).

        With k readers of a unit, E[(Σ_i W_ij δ_i)²] = Var[W]·k·E[δ²] + E[W]²·E[(Σδ)²]: where weights have a mean, what
        is common to all δ adds up.
        """
        k = readers(shape)
        total = np.maximum(k * self.square + k * (k - 1) * self.product, 0)
        return Gradient(rule.variance * k * self.square + rule.mean**2 * total, rule.mean**2 * total)

    def through_activation(self, moments: Moments) -> "Gradient":
        """dC/dz below; Schoenholz et al. 2017, eq. 20."""
        return Gradient(self.square * moments.slope_square, self.product * moments.slope**2)

    def times(self, square: Floats | float, product: Floats | float) -> "Gradient":
        return Gradient(self.square * square, self.product * product)

    def plus(self, other: "Gradient") -> "Gradient":
        """Of two independent ways."""
        return Gradient(self.square + other.square, self.product + other.product)


def pooled(gradient: Gradient, shape: PoolShape) -> Gradient:
    """dC/da before pooling: one place of a window gets all of it, or every place its share."""
    count = shape.size[0] * shape.size[1]
    return gradient.times(1 / count if shape.kind == "max" else 1 / count**2, 1 / count**2)

