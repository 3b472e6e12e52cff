"""Measuring a network on many examples, chunk by chunk, in bounded memory."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from initscope.core.architecture import Architecture
from initscope.core.network import Network, predictions

Array = NDArray[np.floating]

CHUNK = 512
"""Examples in one pass of an evaluation, at most."""
MOST_VALUES = 4_000_000
"""Activations of a lane that one such pass should hold; at least FEW examples are taken."""
FEW = 16


def fitting(most: int, architecture: Architecture) -> int:
    """So many examples, or as many as fit one pass. The number of lanes must not matter: sums would round otherwise."""
    return max(FEW, min(most, MOST_VALUES // architecture.units))


class Totals:
    """Loss, right answers and classes answered, summed over chunks of examples."""

    def __init__(self, lanes: int, classes: int) -> None:
        self._examples = 0
        self._loss = np.zeros(lanes)
        self._right = np.zeros(lanes)
        self._answered = np.zeros((lanes, classes), bool)

    def add_all(self, network: Network, x: Array, labels: NDArray[np.int64], y: Array) -> Iterator[None]:
        """Add examples, chunk by chunk, and yield after each. x is (examples, features), y (examples, outputs)."""
        most = fitting(CHUNK, network.architecture)
        for start in range(0, len(x), most):
            chunk = slice(start, start + most)
            self._add(network, x[chunk], labels[chunk], y[chunk])
            yield

    def _add(self, network: Network, x: Array, labels: NDArray[np.int64], y: Array) -> None:
        loss, outputs = network.evaluate(x, y.T, network.workspace(len(x)))
        answers = predictions(outputs)
        self._examples += len(x)
        self._loss += loss * len(x)
        self._right += np.count_nonzero(answers == labels, axis=1)
        for row, lane_answers in enumerate(answers):
            self._answered[row, lane_answers] = True

    @property
    def loss(self) -> Array:
        mean: Array = self._loss / self._examples
        return mean

    @property
    def accuracy(self) -> Array:
        share: Array = self._right / self._examples
        return share

    @property
    def classes(self) -> Array:
        count: Array = self._answered.sum(axis=1, dtype=np.float64)
        return count
