"""What an experiment can measure of a network in training: everything recorded by its name, and what follows from it.

Layers are numbered from 1, the last is the output layer. Probes are of at most 256 training examples, always the
same; losses and accuracies are of all examples. What does not apply is NaN.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import hypot, inf, nan, sqrt

import numpy as np
from numpy.typing import NDArray

from initscope.core.experiments.experiment import Setting
from initscope.core.experiments.measurable import Measure, by_name
from initscope.core.plateau import plateau_ratio
from initscope.core.probes import INDEX, PROBES
from initscope.core.snapshot import MEASURES, LaneSnapshot, Measures, Status

Array = NDArray[np.floating]
Floats = NDArray[np.float64]
Settings = Mapping[str, Setting]


@dataclass(frozen=True)
class LayerTensors:
    """Weights (out, in) or (out, in, *kernel) and activations (units, inputs) of one layer of one lane."""

    weights: Array
    activations: Array


@dataclass(frozen=True, eq=False)
class Moment:
    """One lane at one step."""

    lane: LaneSnapshot
    measures: Measures
    """On all examples, where a measure says that it needs that."""
    now: Callable[[], list[LayerTensors]]
    start: Callable[[], list[LayerTensors]]
    """Before training."""

    def probe(self, name: str, layer: int) -> float:
        """The newest value of a probe."""
        return float(self.lane.probes[-1, layer - 1, INDEX[name]])

    def probes(self, name: str) -> Floats:
        """The newest values of a probe, layer by layer."""
        values: Floats = self.lane.probes[-1, :, INDEX[name]]
        return values


def _recorded(name: str) -> Measure[Moment]:
    words = name.replace("_", " ") + " on all examples"
    return Measure(name, words, lambda moment, *_: float(getattr(moment.measures, name)), all_examples=True)


def _probe(name: str) -> Measure[Moment]:
    return Measure(name, PROBES[name], lambda moment, layer, settings: moment.probe(name, layer), layered=True)


def _activation_std(moment: Moment, layer: int, settings: Settings) -> float:
    """Variances add up: over inputs within units, and between units."""
    return hypot(moment.probe("std_over_inputs", layer), moment.probe("std_over_units", layer))


def _saturated(moment: Moment, layer: int, settings: Settings) -> float:
    return moment.probe("saturated_low", layer) + moment.probe("saturated_high", layer)


def _gradient_ratio(moment: Moment, layer: int, settings: Settings) -> float:
    gradients = moment.probes("gradient_rms")
    return float(gradients[layer - 1] / gradients[layer]) if layer < len(gradients) and gradients[layer] else nan


def _gradient_norm(moment: Moment, layer: int, settings: Settings) -> float:
    """The root of the sum of squares of dC/dW, C averaged over the probe batch."""
    size = moment.start()[layer - 1].weights.size
    return moment.probe("weight_gradient_rms", layer) * sqrt(size)


def _gradient_spread(moment: Moment, layer: int, settings: Settings) -> float:
    """The first hidden layer has other inputs, and the output layer other units: neither is like the rest."""
    gradients = moment.probes("weight_gradient_rms")[1:-1]
    return float(gradients.max() / gradients.min()) if gradients.size and gradients.min() > 0 else nan


def _z_slope(moment: Moment, layer: int, settings: Settings) -> float:
    """Of the line of least squares through log2 of the mean square of z in the hidden layers."""
    squares = (moment.probes("z_mean") ** 2 + moment.probes("z_std") ** 2)[:-1]
    if len(squares) < 2 or not (np.isfinite(squares).all() and squares.min() > 0):
        return nan
    return float(np.polyfit(np.arange(len(squares)), np.log2(squares), 1)[0])


def _first_step(moment: Moment, layer: int, settings: Settings) -> float:
    """Of the probes' own steps; the loss of every batch is averaged over stretches (see history.LossRecord)."""
    of, lane = str(settings["of"]), moment.lane
    if of == "batch_loss":
        steps, values = lane.losses.step, lane.losses.mean
    else:
        steps, values = lane.probe_steps, lane.measures[:, MEASURES.index(of)]
    there = (values < float(settings["below"])) | (values > float(settings["above"]))
    return float(steps[there.argmax()]) if there.any() else inf


def _identical_units(moment: Moment, layer: int, settings: Settings) -> float:
    """-0.0 and 0.0 count as equal: the units compute the same."""
    rows = moment.now()[layer - 1].weights
    _, counts = np.unique(rows.reshape(len(rows), -1), axis=0, return_counts=True)
    return float(counts[counts > 1].sum() / len(rows))


def _beyond(moment: Moment, layer: int, settings: Settings) -> float:
    edge, a = float(settings["edge"]), moment.now()[layer - 1].activations
    return float(((a < edge) | (a > 1 - edge)).mean())


def _largest_change(moment: Moment, layer: int, settings: Settings) -> float:
    return float(np.abs(moment.now()[layer - 1].weights - moment.start()[layer - 1].weights).max())


def _plateau(moment: Moment, layer: int, settings: Settings) -> float:
    last = moment.start()[-1]
    return plateau_ratio(last.activations, last.weights.shape[1], moment.lane.spec.lr, moment.lane.losses)


_FIRST: Settings = {"of": "train_loss", "below": -inf, "above": inf}
_OF = {"of": ("batch_loss", *MEASURES)}

MEASURABLE: dict[str, Measure[Moment]] = by_name(
    (
        *map(_recorded, MEASURES),
        *map(_probe, PROBES),
        Measure("train_percent", "train accuracy in %", lambda m, *_: 100 * m.measures.train_accuracy,
                all_examples=True),
        Measure("test_percent", "test accuracy in %", lambda m, *_: 100 * m.measures.test_accuracy, all_examples=True),
        Measure("constant_answer", "1 if all test examples are answered alike, else 0",
                lambda m, *_: float(m.measures.classes_predicted == 1), all_examples=True),
        Measure("diverged", "1 if a loss or weight is no longer finite, else 0",
                lambda m, *_: float(m.lane.status is Status.DIVERGED)),
        Measure("activation_std", "std of activations over inputs and units", _activation_std, layered=True),
        Measure("saturated", "share of activations with a slope < 6 % of the steepest", _saturated, layered=True),
        Measure("beyond", "share of activations below edge or above 1 - edge", _beyond, layered=True,
                settings={"edge": 0.01}),
        Measure("gradient_ratio", "gradient_rms over that of the next layer", _gradient_ratio, layered=True),
        Measure("weight_gradient_norm", "norm of dC/dW, C averaged over the probe batch", _gradient_norm, layered=True),
        Measure("weight_gradient_spread", "largest over smallest weight_gradient_rms of hidden layers from 2",
                _gradient_spread),
        Measure("z_slope", "slope of log2 of the mean square of z over the hidden layers", _z_slope),
        Measure("first_step", "first step at which a value has been passed", _first_step, settings=_FIRST, choices=_OF),
        Measure("identical_units", "share of units whose incoming weights another unit has to the bit",
                _identical_units, layered=True),
        Measure("largest_change", "largest change of a weight since the start", _largest_change, layered=True),
        Measure("plateau_ratio", "steps that outputs take to leave their plateau, measured over predicted", _plateau),
    )
)  # fmt: skip
"""By name. A key of `settings` is a key of the expectation, e.g. `below = 1.0` of first_step."""
