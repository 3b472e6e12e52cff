"""A frozen picture of all lanes at one step: the only thing that crosses from the worker to the screen."""

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from initscope.core.histograms import Histogram
from initscope.core.history import Curve
from initscope.core.spec import Spec

Floats = NDArray[np.float64]


class Status(StrEnum):
    """What has become of a lane."""

    TRAINING = "training"
    FINISHED = "finished"
    DIVERGED = "diverged"
    STOPPED = "stopped"


MEASURES = ("train_loss", "train_accuracy", "test_loss", "test_accuracy", "classes_predicted")
"""Measures of a lane; the order is that of the last axis of its history."""


@dataclass(frozen=True)
class Measures:
    """How good a lane is. Accuracies are shares; what is not finite stays so."""

    train_loss: float
    train_accuracy: float
    test_loss: float
    test_accuracy: float
    classes_predicted: float
    """Number of different classes answered over the test examples; 1 means the same answer to everything."""

    @property
    def values(self) -> list[float]:
        return [float(getattr(self, name)) for name in MEASURES]


@dataclass(frozen=True)
class Distributions:
    """Histograms of one layer: now, and before training."""

    weights: Histogram
    weights_start: Histogram
    activations: Histogram
    activations_start: Histogram


@dataclass(frozen=True, eq=False)
class LaneSnapshot:
    """One lane. `k` probes were recorded; they are of layers x probes."""

    index: int
    spec: Spec
    status: Status
    step: int
    """Updates made."""
    epoch: float
    loss: float
    """Mean loss of the last stretch of training batches; of the probe batch before the first step."""
    losses: Curve
    """The loss of every training batch."""
    probe_steps: NDArray[np.int64]
    """(k,)"""
    measures: Floats
    """(k, measures): on at most 256 training and 1,000 test examples, always the same ones."""
    probes: Floats
    """(k, layers, probes)"""
    layer_names: tuple[str, ...]
    initial: Measures | None = None
    """On all examples, before training; only where it was asked for."""
    final: Measures | None = None
    """On all examples, when the lane has ended."""
    distributions: dict[int, Distributions] = field(default_factory=dict)
    """By layer number; those that were asked for."""

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def latest(self) -> Measures:
        """The final measures if there are any, else those of the last probe."""
        return self.final or Measures(*self.measures[-1])


@dataclass(frozen=True, eq=False)
class Snapshot:
    """All lanes at one step."""

    step: int
    lanes: tuple[LaneSnapshot, ...]
    steps_per_second: float
    ended: bool
    """No lane trains any more."""
