"""The forecast: what theory expects of a network before any training."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf, nan

import numpy as np

from initscope.core.activations import Activation
from initscope.core.datasets.data import Dataset
from initscope.core.initialization.distributions import Distribution
from initscope.core.initialization.initializers import fans
from initscope.core.initialization.structured import Dirac, Identity, Orthogonal
from initscope.core.losses import Loss
from initscope.core.shapes import (
    ActivationShape,
    ConvolutionShape,
    DenseShape,
    DropoutShape,
    JoinShape,
    LayerShape,
    NormShape,
    PoolShape,
    WeightShape,
)
from initscope.core.spec import Spec
from initscope.core.theory.fixedpoint import FixedPoint, fixed_point
from initscope.core.theory.foresight import NO_GRADIENT, LayerForecast, followed, records
from initscope.core.theory.inputstatistics import InputStatistics
from initscope.core.theory.meanfield import maps
from initscope.core.theory.pointwise import gradients, pass_on
from initscope.core.theory.propagation import Gradient, Rule, Signal
from initscope.core.theory.walk import Walk, output_gradient

__all__ = ["Draw", "Forecast", "LayerForecast", "forecast", "of_spec"]

LOST = 1e-3
"""A signal or gradient this small beside the largest is lost: learning with one rate for all layers passes it over."""
FLOAT32_MAX, FLOAT32_MIN = 3.4e38, 1.2e-38
"""Beyond these, squares and sums are infinite or 0."""


@dataclass(frozen=True)
class Draw:
    """What a layer's weights and biases are drawn from."""

    weights: Distribution
    biases: Distribution
    factor: float = 1.0
    """By which the weights are multiplied afterwards."""

    @property
    def rule(self) -> Rule:
        mean, variance = self.weights.mean * self.factor, self.weights.variance * self.factor**2
        return Rule(mean, variance, self.biases.mean, self.biases.variance)


@dataclass(frozen=True)
class Forecast:
    """What is expected of a network at initialization."""

    layers: tuple[LayerForecast, ...]
    """From the first to the output."""
    input_correlation: float
    """Of two inputs of the data."""
    fixed_point: FixedPoint | None
    """Where more layers like the last hidden one would lead to; None if there is none or its weights have a mean."""
    notes: tuple[str, ...]
    """What holds for the whole network: approximations, divergence, limits."""
    zeroed: tuple[int, ...] = ()
    """Layers (1 is the lowest) that begin at 0 by intent, as fixup's: nothing is lost in them."""

    @property
    def chi(self) -> float:
        """chi_1 at the fixed point; NaN without one."""
        return self.fixed_point.chi if self.fixed_point else nan

    @property
    def signal_lost(self) -> int | None:
        """The first layer (1 is the lowest) whose z hardly depends on the input any more.

        z_std_over_inputs is below LOST times the rms of z in the same layer, or times what it is in the first.
        """
        least = self.layers[0].z_std_over_inputs
        for place, layer in enumerate(self.layers, 1):
            if place not in self.zeroed and layer.z_std_over_inputs <= LOST * max(layer.z_rms, least):
                return place
        return None

    @property
    def gradient_lost(self) -> int | None:
        """The highest layer whose gradient is below LOST times the largest of those above it.

        None where the output layer begins at 0 by intent: it lets gradients pass from the second step on.
        """
        if len(self.layers) in self.zeroed:
            return None
        largest = self.layers[-1].gradient_rms
        for place in range(len(self.layers), 0, -1):
            gradient = self.layers[place - 1].gradient_rms
            if gradient <= max(LOST * largest, FLOAT32_MIN):
                return place
            largest = max(largest, gradient)
        return None

    @property
    def overflow(self) -> int | None:
        """The first layer whose z does not fit into float32."""
        places = (place for place, layer in enumerate(self.layers, 1) if not layer.z_rms < FLOAT32_MAX)
        return next(places, None)

    @property
    def trainable_depth(self) -> float:
        """Layers; networks much deeper do not train. NaN without a fixed point.

        6 xi_c (Schoenholz et al. 2017, section 5), which holds from some depth on: no less than `kept`. Inf if
        distances do not shrink exponentially.
        """
        return max(6 * self.fixed_point.xi_c, self.kept) if self.fixed_point else nan

    @property
    def kept(self) -> int:
        """How many layers of this network both the signal from below and the gradient from above get through."""
        signal = (self.signal_lost or len(self.layers) + 1) - 1
        return min(signal, len(self.layers) - (self.gradient_lost or 0))


def forecast(
    program: Sequence[LayerShape],
    activation: Activation,
    draws: Sequence[Draw],
    inputs: InputStatistics,
    loss: Loss | None = None,
    fit: bool = False,
) -> Forecast:
    """What is expected of a network before training.

    `program` is that of an architecture; if it has no activations, one follows every layer with weights but the last.
    `draws` has one entry for each of these. Without a loss the gradients are those of a sum of outputs with random
    signs. `fit` divides the weights of each layer by the std of its z, as lsuv does.
    """
    program = _with_activations(program)
    weighted = [shape for shape in program if isinstance(shape, DenseShape | ConvolutionShape)]
    rules = [draw.rule for draw in draws]
    walk = Walk(activation, rules, inputs, fit)
    exact = _identity(program, draws)
    of = maps(activation)
    if exact and not fit:
        gain, bias = exact
        values = pass_on([shape for shape in weighted if isinstance(shape, DenseShape)], gain, bias, inputs, of)
        top = values[-1]
        centre, shared, own = top.moments[0]
        z = Signal(np.full((1, 1), centre), np.full((1, 1), shared + own), np.full(1, own))
        square = float(_top(loss, z, weighted[-1]).square.mean())
        names = [shape.name for shape in weighted]
        layers = followed(values, gradients(values, gain, square), names, gain, of, inputs)
    else:
        with np.errstate(all="ignore"):
            walk.forward(program)
            walk.backward(_top(loss, walk.stops[-1].z, weighted[-1]))
            layers = records(walk.stops, of, inputs)
    point = None if exact else _end(program, weighted, rules, activation, layers[0].z_std)
    notes = _notes(program, draws, activation, point, bool(exact))
    zeroed = tuple(place for place, draw in enumerate(draws, 1) if draw.factor == 0)
    if len(draws) in zeroed:
        layers = [replace(one, gradient_doubt="") if one.gradient_doubt == NO_GRADIENT else one for one in layers]
    return Forecast(tuple(layers), inputs.correlation, point, tuple(notes), zeroed)


def _with_activations(program: Sequence[LayerShape]) -> list[LayerShape]:
    if any(isinstance(shape, ActivationShape) for shape in program):
        return list(program)
    found: list[LayerShape] = []
    for shape in program:
        if found and isinstance(shape, DenseShape | ConvolutionShape):
            last = next(s for s in reversed(found) if isinstance(s, DenseShape | ConvolutionShape))
            found.append(ActivationShape(last.units, last.channels))
        found.append(shape)
    return found


def _top(loss: Loss | None, z: Signal, last: WeightShape) -> Gradient:
    return output_gradient(loss, z, last.units) if loss else Gradient.constant(1.0, 0.0)


def _identity(program: Sequence[LayerShape], draws: Sequence[Draw]) -> tuple[float, float] | None:
    """Gain and bias, if all weights are one multiple of identities and nothing else happens."""
    if not all(isinstance(shape, DenseShape | ActivationShape | DropoutShape) for shape in program):
        return None
    kinds = {
        (d.weights.value * d.factor, d.biases.mean)
        for d in draws
        if isinstance(d.weights, Identity) and not isinstance(d.weights, Dirac) and d.biases.variance == 0
    }
    whole = all(isinstance(d.weights, Identity) and d.biases.variance == 0 for d in draws)
    return kinds.pop() if whole and len(kinds) == 1 else None


def _end(
    program: Sequence[LayerShape], weighted: Sequence[WeightShape], rules: Sequence[Rule], kind: Activation, std: float
) -> FixedPoint | None:
    """The fixed point of layers like the last hidden one."""
    plain = not any(isinstance(shape, NormShape | JoinShape | PoolShape) for shape in program)
    if len(weighted) < 2 or not plain or not std < 1e100:
        return None
    rule, shape = rules[-2], weighted[-2]
    if rule.mean or rule.bias_mean:
        return None
    return fixed_point(kind, shape.fan_in * rule.variance, rule.bias_variance, std * std)


def _notes(
    program: Sequence[LayerShape], draws: Sequence[Draw], kind: Activation, point: FixedPoint | None, exact: bool
) -> list[str]:
    has = {type(shape) for shape in program}
    notes = []
    if exact:
        notes.append("identity: exact, every input value is followed on its own way; gradients take labels at random")
    elif any(isinstance(draw.weights, Identity) for draw in draws):
        notes.append("identity: taken for random weights of the same moments, which is wrong beyond the first layers")
    if any(isinstance(draw.weights, Orthogonal) for draw in draws):
        notes.append("orthogonal: first two moments only, which is exact for wide layers")
    if point and point.q == inf:
        limit = " above sigma_w² = 2" if kind.name == "relu" else ""
        notes.append(f"{kind} has no fixed point{limit}: z grows layer by layer for ever")
    if point and point.q == 0:
        notes.append("z fades layer by layer to 0")
    if not exact and any(draw.rule.mean for draw in draws):
        notes.append("weights have a mean, which shifts all units of a layer alike: z = E[W]·Σa ± ...")
    if all(draw.weights.variance == 0 and draw.rule.bias_variance == 0 for draw in draws):
        notes.append("nothing is drawn: all units of a layer are identical")
    if any(draw.factor == 0 for draw in draws):
        notes.append(
            "fixup: the last layer of each residual block and of the network is 0 by intent; the first step moves the "
            "network's last layer alone, the others follow"
        )
    if ConvolutionShape in has:
        notes.append("convolutions: places are taken for more inputs, patches for as alike as on average")
    if PoolShape in has:
        notes.append("pooling: neighbours are taken for as alike as their windows overlap")
    if NormShape in has or JoinShape in has:
        notes.append("normalization and residual blocks: branches are taken for independent (Yang & Schoenholz 2017)")
    return notes


def of_spec(spec: Spec, dataset: Dataset, inputs: InputStatistics | None = None) -> Forecast:
    """The forecast of a run, from the initializers' exact moments and statistics of the training inputs.

    `inputs` are these statistics as the first layer sees them, where they are known already.
    """
    architecture = spec.architecture
    scheme = spec.initializer.here.name
    factors = [1.0] * len(architecture.layers)
    if scheme == "fixup":  # Zhang, Dauphin & Ma 2019, section 3
        for *others, last in architecture.blocks:
            factors[last] = 0.0
            for number in others:
                factors[number] = len(architecture.blocks) ** (-1 / (2 * len(others)))
        factors[-1] = 0.0
    draws = []
    for shape, factor in zip(architecture.layers, factors, strict=True):
        weights = spec.initializer.for_shape(shape.weight_shape).of(shape.weight_shape)
        draws.append(Draw(weights, spec.biases.distribution(*fans(shape.weight_shape)), factor))
    inputs = inputs or InputStatistics.of_dataset(dataset, architecture.layers[0])
    return forecast(architecture.program, spec.activation, draws, inputs, spec.loss, scheme == "lsuv")
