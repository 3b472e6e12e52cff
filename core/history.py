"""What was recorded over a run, in bounded memory.

When a record is full, neighbours merge and the stride doubles: a run of a million steps costs the same
memory, and the same time to draw, as one of a thousand.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """A series over steps: the mean of what fell into each stretch, and its extremes."""

    step: NDArray[np.int64]
    mean: Floats
    low: Floats
    high: Floats


class LossRecord:
    """The loss of every step of one lane, averaged over stretches of equal length.

    Bin i holds the steps from i * stride to (i + 1) * stride - 1; step k is the update made after k others.
    """

    def __init__(self, capacity: int = 512) -> None:
        self.stride = 1
        self._sum = np.zeros(capacity)
        self._low = np.full(capacity, np.inf)
        self._high = np.full(capacity, -np.inf)
        self._count = np.zeros(capacity, np.int64)

    def add(self, first: int, losses: Floats) -> None:
        """Losses of consecutive steps from `first`, shape (steps,); they must be finite.

        The record is the same to the last bit in whatever pieces it is given: sums are made one by one, in order.
        """
        while len(losses):
            room = len(self._count) * self.stride - first
            if room <= 0:
                self._double()
                continue
            part, losses = losses[:room], losses[room:]
            bins = np.arange(first, first + len(part)) // self.stride
            np.add.at(self._sum, bins, part)
            np.minimum.at(self._low, bins, part)
            np.maximum.at(self._high, bins, part)
            np.add.at(self._count, bins, 1)
            first += len(part)

    def _double(self) -> None:
        half = len(self._count) // 2
        for array, merge, empty in (
            (self._sum, np.add, 0),
            (self._low, np.minimum, np.inf),
            (self._high, np.maximum, -np.inf),
            (self._count, np.add, 0),
        ):
            array[:half] = merge(array[0::2], array[1::2])
            array[half:] = empty
        self.stride *= 2

    def arrays(self) -> dict[str, NDArray[Any]]:
        """A copy of everything recorded, from which `load` makes the same record."""
        used = 1 + int(np.flatnonzero(self._count).max(initial=-1))
        kept = {"sum": self._sum, "low": self._low, "high": self._high, "count": self._count}
        return {"stride": np.array(self.stride)} | {name: array[:used].copy() for name, array in kept.items()}

    def load(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Become the record that `arrays` are of. Raises ValueError or KeyError for arrays of another kind."""
        used = len(arrays["count"])
        if not 0 <= used <= len(self._count) or (stride := int(arrays["stride"])) < 1:
            raise ValueError("not a record of losses")
        self.stride = stride
        for name, array, empty in (
            ("sum", self._sum, 0),
            ("low", self._low, np.inf),
            ("high", self._high, -np.inf),
            ("count", self._count, 0),
        ):
            array[:used], array[used:] = arrays[name], empty

    def curve(self) -> Curve:
        """A copy of the series; `step` is the number of updates made when the stretch ended."""
        filled = np.flatnonzero(self._count)
        count = self._count[filled]
        mean = self._sum[filled] / count
        return Curve(filled * self.stride + count, mean, self._low[filled], self._high[filled])


class Samples:
    """Values measured at single steps, each of a fixed shape, with the extremes of what was merged away.

    The value of a merged entry is its latest, so that every entry was truly measured at its step. The first
    entry, the state before any training, and the newest one are always there.
    """

    def __init__(self, shape: tuple[int, ...], capacity: int = 257) -> None:
        if capacity % 2 == 0:
            raise ValueError("capacity must be odd: the first entry stays, the others merge in pairs")
        self._length = 0
        self._stride = 1
        self._count = np.zeros(capacity, np.int64)
        self._step = np.zeros(capacity, np.int64)
        self._value, self._low, self._high = (np.zeros((capacity, *shape)) for _ in range(3))

    def add(self, step: int, value: Floats) -> None:
        """Record `value`; a second value for the same step replaces the first."""
        last = self._length - 1
        again = last >= 0 and self._step[last] == step
        if again or (last > 0 and self._count[last] < self._stride):
            self._step[last] = step
            self._value[last] = value
            np.fmin(self._low[last], value, out=self._low[last])
            np.fmax(self._high[last], value, out=self._high[last])
            self._count[last] += not again
            return
        if self._length == len(self._step):
            self._merge_pairs()
        at = self._length
        self._step[at] = step
        self._value[at] = self._low[at] = self._high[at] = value
        self._count[at] = 1
        self._length += 1

    def _merge_pairs(self) -> None:
        earlier, later = slice(1, None, 2), slice(2, None, 2)
        half = slice(1, 1 + len(self._step) // 2)
        self._low[half] = np.fmin(self._low[earlier], self._low[later])
        self._high[half] = np.fmax(self._high[earlier], self._high[later])
        self._value[half] = self._value[later]
        self._step[half] = self._step[later]
        self._count[half] = self._count[earlier] + self._count[later]
        self._length = half.stop
        self._stride *= 2

    def arrays(self) -> dict[str, NDArray[Any]]:
        """A copy of everything recorded, from which `load` makes the same record."""
        kept = {"count": self._count, "step": self._step, "value": self._value, "low": self._low, "high": self._high}
        return {"stride": np.array(self._stride)} | {
            name: array[: self._length].copy() for name, array in kept.items()
        }

    def load(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Become the record that `arrays` are of. Raises ValueError or KeyError for arrays of another kind."""
        length = len(arrays["count"])
        if not 0 <= length <= len(self._count) or (stride := int(arrays["stride"])) < 1:
            raise ValueError("not a record of samples")
        self._length, self._stride = length, stride
        for name in ("count", "step", "value", "low", "high"):
            getattr(self, f"_{name}")[:length] = arrays[name]

    @property
    def latest_step(self) -> int | None:
        return int(self._step[self._length - 1]) if self._length else None

    @property
    def step(self) -> NDArray[np.int64]:
        """A copy, (length,)."""
        return self._step[: self._length].copy()

    @property
    def value(self) -> Floats:
        """A copy, (length, *shape)."""
        return self._value[: self._length].copy()

    @property
    def low(self) -> Floats:
        """Smallest value merged into each entry, NaN ignored; a copy, (length, *shape)."""
        return self._low[: self._length].copy()

    @property
    def high(self) -> Floats:
        return self._high[: self._length].copy()
