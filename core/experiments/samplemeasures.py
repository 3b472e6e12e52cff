"""What an experiment can measure of draws: their moments beside what is expected, and the chances of values."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import erfc, exp, nan, sqrt

import numpy as np

from initscope.core.experiments.experiment import Setting
from initscope.core.experiments.measurable import Measure, by_name
from initscope.core.initialization.sampling import Sample, log_all_near_zero, log_near_zero

SAMPLE_OPTIONS: Mapping[str, str] = {"init": "randn", "n": "1000", "shape": "784,30", "eps": "1e-5"}
"""The options of draws, with their defaults: n draws for a layer of this shape, (inputs, outputs) first."""

Settings = Mapping[str, Setting]


@dataclass(frozen=True)
class Draws:
    """One lane's draws with one seed."""

    sample: Sample
    shape: tuple[int, ...]
    """(out, in) or (out, in, *kernel)"""
    eps: float


def _known(value: float | None) -> float:
    return nan if value is None else value


def _mean_chance(draws: Draws, layer: int, settings: Settings) -> float:
    """Two-sided, of a normal mean, as it is of many draws."""
    mean = draws.sample.mean
    return erfc(abs(float(settings["value"]) - mean.expected) / mean.error / sqrt(2)) if mean.error else nan


def _within(draws: Draws, layer: int, settings: Settings) -> float:
    distribution = draws.sample.distribution
    away = np.abs(draws.sample.values - distribution.mean)
    return float((away <= float(settings["width"]) * sqrt(distribution.variance)).mean())


def _near_zero(draws: Draws, layer: int, settings: Settings) -> float:
    return exp(log_near_zero(draws.sample.distribution, draws.eps))


def _all_near_zero(draws: Draws, layer: int, settings: Settings) -> float:
    chance = log_all_near_zero(draws.sample.distribution, draws.shape, draws.eps)
    return nan if chance is None else exp(chance)


SAMPLE_MEASURES: dict[str, Measure[Draws]] = by_name(
    (
        Measure("mean", "mean of the draws", lambda draws, *_: draws.sample.mean.sample),
        Measure("std", "std of the draws", lambda draws, *_: draws.sample.std.sample),
        Measure("expected_mean", "exact mean", lambda draws, *_: draws.sample.mean.expected),
        Measure("expected_std", "exact std", lambda draws, *_: draws.sample.std.expected),
        Measure("mean_error", "standard error of the mean", lambda draws, *_: _known(draws.sample.mean.error)),
        Measure("std_error", "standard error of the std", lambda draws, *_: _known(draws.sample.std.error)),
        Measure("mean_z", "standard errors that the mean is off", lambda draws, *_: _known(draws.sample.mean.z)),
        Measure("std_z", "standard errors that the std is off", lambda draws, *_: _known(draws.sample.std.z)),
        Measure("mean_chance", "chance of a mean as far off as value, or farther", _mean_chance,
                settings={"value": 0.0}),
        Measure("within", "share of draws within width stds of the exact mean", _within, settings={"width": 3.0}),
        Measure("smallest", "smallest draw", lambda draws, *_: float(draws.sample.values.min())),
        Measure("largest", "largest draw", lambda draws, *_: float(draws.sample.values.max())),
        Measure("near_zero", "chance that one weight is within eps of 0", _near_zero),
        Measure("all_near_zero", "chance that all weights of the shape are within eps of 0", _all_near_zero),
    )
)  # fmt: skip
"""By name. A key of `settings` is a key of the expectation."""
