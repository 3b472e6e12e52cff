"""From a walk through a network to the numbers of a forecast: one record for each layer with weights."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import nan, sqrt

import numpy as np

from initscope.core.probes import SATURATED_SLOPE
from initscope.core.theory.inputstatistics import Floats, InputStatistics
from initscope.core.theory.layerstatistics import LayerStatistics
from initscope.core.theory.meanfield import Maps
from initscope.core.theory.nodes import above, nodes
from initscope.core.theory.pointwise import Values
from initscope.core.theory.propagation import Signal, inside
from initscope.core.theory.walk import Stop

CARRIERS = 3.0
"""Fewer units than this that carry nearly all of the gradient make its size a matter of luck."""
FEW = 0.2
"""The same for a smaller share of the inputs."""
WIDE_ENOUGH = 0.25
"""Greater relative spread of z_std between seeds makes its mean a matter of luck."""
NARROW = "too narrow for its depth: seeds differ widely"
NO_GRADIENT = "no gradient arrives, but perhaps of the rarest inputs"


@dataclass(frozen=True)
class LayerForecast(LayerStatistics):
    """What is expected of one layer with weights, over the initializer's draws.

    The gradient is for labels that have nothing to do with the input; dead units take all pairs of inputs for equally
    alike.
    """

    z_std_error: float
    """Relative standard deviation of z_std between seeds, by the finite width; it adds up to depth over width
    (Hanin & Rolnick 2018, theorem 5). 0.1: seeds differ by 10 %."""
    z_mean_error: float
    """Standard deviation of z_mean between seeds, which weights with a mean cause; in units of z."""
    chi: float
    """fan_in·Var[W]·E[phi'²] of the layer below: by how much it multiplies the squared distance of two inputs that are
    close (Schoenholz et al. 2017, eq. 5)."""
    doubt: str
    """Why z and the saturation may be elsewhere; empty if they should not."""
    gradient_doubt: str
    """Why the gradients may be elsewhere; empty if they should not."""


def records(stops: Sequence[Stop], maps: Maps, inputs: InputStatistics) -> list[LayerForecast]:
    """The records of all layers by mean-field theory. Doubts about a layer's z are doubts about all that follow."""
    found: list[LayerForecast] = []
    rare = ""
    around = zip([None, *stops[:-1]], stops, [*stops[1:], None], strict=True)
    for below, stop, higher in around:
        record = _record(stop, below, higher, maps, inputs)
        rare = rare or _rare(stop, below)
        doubt = record.doubt or ("" if maps.slopes else rare)
        unsure = rare or (_rare(higher, stop) if higher else "")
        found.append(replace(record, doubt=doubt, gradient_doubt=record.gradient_doubt or unsure))
    return found


def _record(
    stop: Stop, below: Stop | None, higher: Stop | None, maps: Maps, inputs: InputStatistics
) -> LayerForecast:
    """The record of a layer, whose neighbours with weights are `below` and `higher`."""
    z, a, read = stop.z, stop.a, stop.read
    error = _spread(z, stop.shape.channels)
    assert stop.gradient
    gradient = float(stop.gradient.square.mean())
    above_it = float(higher.gradient.square.mean()) if higher and higher.gradient else nan
    low, high = maps.saturated(read.mean, np.sqrt(read.variance)) if read else (NAN, NAN)
    source = float(below.a.square.mean()) if below and below.a else inputs.mean_square / inputs.n
    chi = nan
    if below and below.moments:
        taps = stop.shape.fan_in * inside(stop.shape)
        chi = stop.rule.variance * taps * float(below.moments.slope_square.mean())
    return LayerForecast(
        name=stop.shape.name,
        z_mean=float(z.centre.mean()),
        z_std=float(np.sqrt(z.total).mean()),
        z_std_over_inputs=float(np.sqrt(z.own).mean()),
        z_std_over_units=float(np.sqrt(z.shared).mean()),
        z_std_error=error,
        z_mean_error=float(z.centre.std()),
        correlation=z.correlation,
        saturated_low=float(low.mean()),
        saturated_high=float(high.mean()),
        dead_units=_dead(read, maps, inputs.examples) if read else nan,
        activation_mean=float(a.centre.mean()) if a else nan,
        std_over_inputs=float(np.sqrt(a.own).mean()) if a else nan,
        std_over_units=float(np.sqrt(a.shared).mean()) if a else nan,
        forward_gain=_ratio(float(a.square.mean()), source) if a else nan,
        gradient_rms=sqrt(gradient),
        backward_gain=_ratio(gradient, above_it),
        chi=chi,
        doubt=NARROW if error > WIDE_ENOUGH else "",
        gradient_doubt=_gradient_doubt(stop, error),
    )


NAN: Floats = np.full(1, nan)


def _ratio(one: float, other: float) -> float:
    return one / other if other else nan


def _spread(z: Signal, channels: int) -> float:
    """Relative standard deviation of z_std between seeds: by the widths below, by its own, and by common shifts."""
    std = np.sqrt(z.total)
    if not (std > 0).all():
        return 0.0
    alike = float((z.shared / z.total).mean())
    shifts = float(std.std() / std.mean()) if len(std) > 1 else 0.0
    return sqrt((z.fluctuation + 2 * alike**2 / channels) / 4 + shifts**2)


def _dead(z: Signal, maps: Maps, examples: int) -> float:
    """Share of units of offset u ~ N(mean, shared) for which u + N(0, own) is below 0 for all of the examples."""
    if not maps.slopes or maps.slopes[0]:
        return nan if maps.jumps and maps.kind.saturates else 0.0
    u, weights = nodes(z.centre, np.sqrt(z.shared), 80)
    off = 1 - above(np.zeros(1), u, np.broadcast_to(np.sqrt(z.own)[:, None], u.shape))[..., 0]
    return float((off**examples * weights).sum(axis=-1).mean())


def _rare(stop: Stop, below: Stop | None) -> str:
    """Whether some inputs have no crowd of active units below, so that sums over units are not Gaussian."""
    if not (stop.rule.mean and stop.rule.variance and below and below.moments):
        return ""
    square, fourth = below.moments.square, below.moments.fourth
    few = (square**2 * below.shape.channels < CARRIERS * fourth) | (square == 0)
    return "for some inputs hardly a unit of the layer below is active" if few.any() else ""


def _gradient_doubt(stop: Stop, error: float) -> str:
    """Why a measured gradient may be elsewhere."""
    if stop.moments:
        square, fourth = stop.moments.slope_square.mean(), stop.moments.slope_fourth.mean()
        if square**2 * stop.shape.channels < CARRIERS * fourth:
            return "a few units of steep slope carry the gradient: its size is a matter of luck"
    sizes = stop.gradient.square if stop.gradient else NAN
    if stop.rule.variance and not sizes.any():
        return NO_GRADIENT
    if sizes.size > 1 and sizes.mean() ** 2 < FEW * np.square(sizes).mean():
        return "few inputs carry the gradient: its size is a matter of luck"
    return NARROW if error > WIDE_ENOUGH else ""


def followed(
    values: Sequence[Values], squares: Sequence[float], names: Sequence[str], gain: float, maps: Maps,
    inputs: InputStatistics,
) -> list[LayerForecast]:
    """The records of layers whose weights are gain times the identity; `squares` are E[δ²] by layer."""
    found, source = [], inputs.mean_square / inputs.n
    steep = SATURATED_SLOPE * maps.kind.slope_max
    for place, (layer, name) in enumerate(zip(values, names, strict=True)):
        hidden = place < len(values) - 1
        (centre, shared, own), (mean, units, each), dead = layer.moments
        flat = (np.abs(layer.slope) < steep) & hidden & maps.kind.saturates
        low = maps.kind.low_side(layer.z.reshape(1, 1, -1), layer.a.reshape(1, 1, -1)).ravel()
        both = shared + centre**2 + own
        judged = hidden and maps.kind.saturates
        below = values[place - 1] if place else None
        square = mean**2 + units + each
        found.append(
            LayerForecast(
                name=name, z_mean=centre, z_std=sqrt(shared + own), z_std_over_inputs=sqrt(own),
                z_std_over_units=sqrt(shared), z_std_error=0.0, z_mean_error=0.0,
                correlation=(shared + centre**2) / both if both else 1.0,
                saturated_low=float(layer.weights @ (flat & low)) if judged else nan,
                saturated_high=float(layer.weights @ (flat & ~low)) if judged else nan,
                dead_units=dead if hidden else nan,
                activation_mean=mean if hidden else nan, std_over_inputs=sqrt(each) if hidden else nan,
                std_over_units=sqrt(units) if hidden else nan,
                forward_gain=_ratio(square, source) if hidden else nan,
                gradient_rms=sqrt(squares[place]),
                backward_gain=_ratio(squares[place], squares[place + 1]) if hidden else nan,
                chi=gain**2 * float(below.weights @ below.slope**2) if below else nan, doubt="", gradient_doubt="",
            )
        )  # fmt: skip
        source = square
    return found

