"""The examples a lane trains on, step by step: shuffled anew each epoch, the same for every lane of a seed."""

import numpy as np
from numpy.typing import DTypeLike, NDArray

from initscope.core.datasets.data import Dataset

Array = NDArray[np.floating]
Indices = NDArray[np.int64]

ORDER = 2
"""Key of the random stream of the shuffles; 0 and 1 are those of weights and biases."""
SUBSET_SEED = 0


class Batches:
    """The batches of one data set, size and seed. Any step can be asked for; consecutive ones are cheap."""

    def __init__(self, dataset: Dataset, batch_size: int, seed: int) -> None:
        self.dataset = dataset
        self.batch_size = batch_size
        self.seed = seed
        self.steps_per_epoch = -(-dataset.n_train // batch_size)
        self._epoch = -1
        self._order: Indices = np.empty(0, np.int64)
        self._all = np.arange(dataset.n_train)
        self._x = np.empty((batch_size, dataset.features), dataset.x_train.dtype)

    def at(self, step: int) -> tuple[Array, Indices]:
        """Inputs (batch, features), valid until the next call, and the numbers of the examples.

        Full batches are in the order of the data: to shuffle them would change the rounding only.
        """
        if self.batch_size == self.dataset.n_train:
            return self.dataset.x_train, self._all
        epoch, place = divmod(step, self.steps_per_epoch)
        if epoch != self._epoch:
            stream = np.random.SeedSequence(self.seed, spawn_key=(ORDER, epoch))
            self._order = np.random.default_rng(stream).permutation(self.dataset.n_train)
            self._epoch = epoch
        chosen = self._order[place * self.batch_size : (place + 1) * self.batch_size]
        x = self._x[: len(chosen)]
        self.dataset.x_train.take(chosen, axis=0, out=x, mode="clip")
        return x, chosen


def targets(labels: NDArray[np.int64], outputs: int, dtype: DTypeLike) -> Array:
    """What the outputs should be: one-hot rows (n, outputs), or the labels 0 and 1 as (n, 1) for one output."""
    if outputs == 1:
        return labels[:, None].astype(dtype)
    table: Array = np.eye(outputs, dtype=dtype)
    return table[labels]


def subset(count: int, most: int) -> slice | Indices:
    """All of `count` examples, or `most` of them, always the same: files are often sorted by class."""
    if count <= most:
        return slice(None)
    return np.sort(np.random.default_rng(SUBSET_SEED).choice(count, most, replace=False))
