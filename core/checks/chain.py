"""Signal and gradient through the very weights of a file, where its layers feed each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan, sqrt
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from initscope.core.activations import Activation
from initscope.core.blas import one_thread
from initscope.core.checks.convolutions import Images, groups_of
from initscope.core.checks.spec import LayerMeasured, spreads
from initscope.core.checks.statistics import blocks, real
from initscope.core.probes import SATURATED_SLOPE
from initscope.core.weights.layers import Layering, LayerWeights
from initscope.core.weights.tensor import BLOCK

Floats = NDArray[np.float64]

EXAMPLES, FEW = 256, 32
"""Inputs that are passed through, and those through networks of more than LARGE weights."""
LARGE, LARGEST = 4_000_000, 100_000_000
WIDEST = 1_000_000
"""Units of a layer whose values still fit."""


def why_not(layering: Layering) -> str:
    """Why nothing can be passed through the layers; empty if it can."""
    chain = layering.chain
    if not chain:
        return layering.why
    if len(chain) < len(layering.layers):
        return "it holds normalizations or other layers, and their place among the others is not in the file"
    dense = [layer for layer in chain if layer.kind == "dense"]
    if any(len(layer.weight.shape) != 2 for layer in dense) or max(layer.outputs for layer in chain) > WIDEST:
        return "a layer is no matrix, or too wide"
    if sum(layer.weight.size for layer in chain) > LARGEST:
        return f"it has more than {LARGEST:,} weights"
    return ""


def examples_for(chain: Sequence[LayerWeights]) -> int:
    """How many inputs are passed through."""
    return EXAMPLES if sum(layer.weight.size for layer in chain) <= LARGE else FEW


@dataclass(frozen=True)
class _Chain:
    """Products of the layers' weights; where they begin with convolutions, on images."""

    raw: BinaryIO
    layers: Sequence[LayerWeights]
    images: Images | None

    def times(self, place: int, a: Floats, back: bool = False) -> Floats:
        """a (examples, inputs) times the weights of a layer; or `back` through them, (examples, outputs) to inputs."""
        layer = self.layers[place]
        if layer.kind == "conv":
            assert self.images
            return self.images.convolved(self.raw, layer, groups_of(self.layers)[place], a, back)
        first = self.images is not None and place > 0 and self.layers[place - 1].kind == "conv"
        if not first or not self.images:
            return _times(self.raw, layer, a, back)
        if back:
            return self.images.separate(_times(self.raw, layer, a, back))
        return _times(self.raw, layer, self.images.together(a))


@dataclass
class _Held:
    """Pre-activations and activations, (examples, units), of a layer."""

    z: Floats
    a: Floats
    slope: Floats | None
    """None for the output."""


def pass_through(
    raw: BinaryIO, chain: Sequence[LayerWeights], activation: Activation, x: Floats, images: Images | None = None
) -> tuple[LayerMeasured, ...]:
    """Signal up and gradient down for inputs x (examples, features), or (examples · places, channels) of images.

    Of a convolution a channel counts as a unit, and every place as an input. Raises InputError for a damaged file.
    """
    through = _Chain(raw, chain, images)
    with np.errstate(all="ignore"), one_thread():
        held = _forward(through, activation, x)
        gradients = _gradients(through, held)
        below, layers = float(np.square(x).mean()), list[LayerMeasured]()
        for place, (layer, one) in enumerate(zip(chain, held, strict=True)):
            above = gradients[place + 1] if place + 1 < len(chain) else nan
            layers.append(_record(layer.name, one, activation, below, gradients[place], above))
            below = float(np.square(one.a).mean())
    return tuple(layers)


def _forward(chain: _Chain, activation: Activation, x: Floats) -> list[_Held]:
    held, a = list[_Held](), np.asarray(x, dtype=np.float64)
    for place, layer in enumerate(chain.layers):
        z = chain.times(place, a) + _biases(layer)
        if place + 1 == len(chain.layers):
            held.append(_Held(z, z, None))
            break
        a, keep = np.empty_like(z), z.copy()
        activation.forward(keep, a)
        held.append(_Held(z, a, np.asarray(activation.slope(z, a), dtype=np.float64)))
    return held


def _biases(layer: LayerWeights) -> Floats | float:
    if layer.bias is None or layer.bias.size != layer.outputs:
        return 0.0
    return real(layer.bias.read()).reshape(-1)


def _times(raw: BinaryIO, layer: LayerWeights, a: Floats, back: bool = False) -> Floats:
    """a (examples, inputs) times the weights; or `back` through them, (examples, outputs) to inputs. By blocks."""
    rows, columns = layer.weight.shape
    step, first = max(BLOCK // columns, 1), 0
    collect = layer.transposed == back
    out = np.zeros((len(a), columns if collect else rows))
    for block in blocks(raw, layer.weight, step * columns):
        table = real(block).reshape(-1, columns)
        part = slice(first, first + len(table))
        if collect:
            out += a[:, part] @ table
        else:
            out[:, part] = a @ table.T
        first += len(table)
    return out


def _gradients(chain: _Chain, held: Sequence[_Held]) -> list[float]:
    """Root mean square of the gradient with respect to each layer's z."""
    delta: Floats = np.random.default_rng(1).integers(0, 2, held[-1].z.shape).astype(np.float64) * 2 - 1
    found = [1.0]
    for place in range(len(held) - 1, 0, -1):
        delta, slope = chain.times(place, delta, back=True), held[place - 1].slope
        if slope is not None:
            delta *= slope
        found.append(sqrt(float(np.square(delta).mean())))
    return found[::-1]


def _record(
    name: str, held: _Held, activation: Activation, below: float, gradient: float, above: float
) -> LayerMeasured:
    z, a, slope = held.z, held.a, held.slope
    low, high, dead = (nan, nan, nan) if slope is None else _flat(held, activation)
    by_unit = a.mean(axis=0)
    return LayerMeasured(
        name=name,
        z_mean=float(z.mean()),
        z_std=float(z.std()),
        **spreads(z.T),
        saturated_low=low,
        saturated_high=high,
        dead_units=dead,
        activation_mean=float(a.mean()),
        std_over_inputs=sqrt(float(np.square(a - by_unit).mean())),
        std_over_units=float(by_unit.std()),
        forward_gain=nan if slope is None or not below else float(np.square(a).mean()) / below,
        gradient_rms=gradient,
        backward_gain=(gradient / above) * (gradient / above) if above else nan,
        non_finite=int(np.count_nonzero(~np.isfinite(z))),
    )


def _flat(held: _Held, activation: Activation) -> tuple[float, float, float]:
    """Shares saturated low and high, and of units whose slope is 0 for every input."""
    assert held.slope is not None
    steep = np.abs(held.slope)
    dead = float((steep.max(axis=0) == 0).mean())
    if not activation.saturates:
        return nan, nan, dead
    flat, low = steep < SATURATED_SLOPE * activation.slope_max, activation.low_side(held.z, held.a)
    return float((flat & low).mean()), float((flat & ~low).mean()), dead
