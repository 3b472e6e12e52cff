"""At which steps weights are saved: geometric in steps, and never more than so many."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from initscope.core.training import Trainer

MOST, FEWEST = 24, 4
"""Snapshots of a run, for small networks and for large ones."""
RATIO = 2**0.5
"""Of the steps of two snapshots at first; it grows to its square whenever there are too many."""

Weights = dict[str, NDArray[np.generic]]


class WeightPlan:
    """Which step is due next, and which ones make room. `budget` bytes are for all of a run's snapshots."""

    def __init__(self, budget: int, steps: Sequence[int] = ()) -> None:
        self.budget = budget
        self.steps = sorted(steps)
        """Of the snapshots that are there."""
        self._most = MOST
        grown = [later / earlier for earlier, later in pairwise(self.steps) if earlier > 0]
        self._ratio = max(RATIO, min(grown, default=RATIO))

    @property
    def due(self) -> int:
        """The first step at which the next snapshot is to be made."""
        last = self.steps[-1] if self.steps else -1
        return max(last + 1, int(last * self._ratio))

    def add(self, step: int, size: int) -> None:
        """Note a snapshot of `size` bytes at a step; what is then not in `steps` any more is to be deleted."""
        self._most = min(MOST, max(FEWEST, self.budget // max(1, size)))
        if step not in self.steps:
            self.steps = sorted([*self.steps, step])
        while len(self.steps) > self._most:
            # The first stays, being the start, and so does the newest; of the others, every second goes.
            self.steps = [self.steps[0], *self.steps[1:-1][1::2], self.steps[-1]]
            self._ratio **= 2


def initial_weights(trainer: Trainer) -> Weights:
    """Weights before training, by `lane0/layer1/weights`; biases are not among them."""
    return {
        f"lane{lane.index}/layer{number}/weights": weights
        for lane in trainer.lanes
        for number, (weights, _) in enumerate(lane.start, 1)
    }


def present_weights(trainer: Trainer) -> Weights:
    """Copies of the weights and biases of dense and convolutional layers, by `lane0/layer1/weights` and `/biases`.

    Lanes count from 0, layers from 1; shapes are those of `layers.Weighted`, without the axis of lanes.
    """
    found: Weights = {}
    for ensemble in trainer.ensembles:
        for number, layer in enumerate(ensemble.network.weighted, 1):
            for row, lane in enumerate(ensemble.lanes):
                place = f"lane{lane.index}/layer{number}"
                found[f"{place}/weights"] = layer.weights[row].copy()
                found[f"{place}/biases"] = layer.biases[row].copy()
    return found
