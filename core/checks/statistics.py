"""Statistics of one saved tensor in one pass over its blocks, whatever its size, with a sample of it to look at."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import inf, isfinite, nan, prod, sqrt
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from initscope.core.blas import one_thread
from initscope.core.errors import InputError
from initscope.core.weights.mapped import Span
from initscope.core.weights.tensor import BLOCK, Tensor

Array = NDArray[Any]
Floats = NDArray[np.float64]

LONGEST_ROW = 2**21
"""Values of a row beyond which units are not compared with each other."""
PROJECTIONS = 3
ALIKE = 1e-6
"""Units are identical whose random projections all differ by less than this, relative to the usual one."""


@dataclass(frozen=True)
class Statistics:
    """Of the finite values of a tensor."""

    size: int
    mean: float
    std: float
    low: float
    high: float
    zeros: int
    """Values that are exactly 0."""
    non_finite: int

    @property
    def zero_share(self) -> float:
        return self.zeros / self.size if self.size else 0.0


@dataclass(frozen=True, eq=False)
class Look:
    """What one pass over a tensor showed."""

    statistics: Statistics
    units: int
    """Rows of the matrix, or columns where the outputs are the last axis."""
    twins: int | None
    """Units that could be left out because another one has the same weights; None where it was not looked."""
    sample: Array
    """In the tensor's own order of axes: all of it, or whole units, or of every unit the first inputs."""
    whole: bool
    """Whether the sample is all of it."""


def blocks(raw: BinaryIO, tensor: Tensor, values: int = BLOCK) -> Iterator[Array]:
    """As `Tensor.blocks`, from the open file where the numbers lie there plainly: pages of a map would stay in memory.

    Raises InputError where the file has become shorter.
    """
    stored = tensor.stored
    if not isinstance(tensor.source, Span) or tensor.offset is None or tensor.strides is not None:
        yield from tensor.blocks(values)
        return
    raw.seek(tensor.offset)
    for start in range(0, tensor.size, values):
        count = min(values, tensor.size - start)
        held = raw.read(count * stored.itemsize)
        if len(held) < count * stored.itemsize:
            raise InputError(f"{raw.name}: became shorter while it was read")
        array = np.frombuffer(held, stored.raw)
        yield array if stored.decode is None else stored.decode(array)


class Totals:
    """Count, mean, squares, range and zeros of values that come in blocks, combined as Chan et al. 1983 do."""

    def __init__(self) -> None:
        self.size = self.count = self.zeros = 0
        self.mean = self.squares = 0.0
        self.low, self.high = inf, -inf

    def add(self, block: Floats) -> None:
        self.size += block.size
        low, high = float(block.min()), float(block.max())
        if not isfinite(low) or not isfinite(high):
            block = block[np.isfinite(block)]
            if not block.size:
                return
            low, high = float(block.min()), float(block.max())
        self.low, self.high = min(self.low, low), max(self.high, high)
        if low <= 0 <= high:
            self.zeros += block.size - int(np.count_nonzero(block))
        mean = float(block.mean())
        away = block - mean
        squares, count = float(np.vdot(away, away)), self.count + block.size
        apart = mean - self.mean  # not ** 2 below, which raises where * gives infinity
        self.squares += squares + apart * apart * self.count * block.size / count
        self.mean += apart * block.size / count
        self.count = count

    def statistics(self) -> Statistics:
        if not self.count:
            return Statistics(self.size, nan, nan, nan, nan, 0, self.size)
        std = sqrt(self.squares / self.count)
        return Statistics(self.size, self.mean, std, self.low, self.high, self.zeros, self.size - self.count)


def statistics(raw: BinaryIO, tensor: Tensor) -> Statistics:
    """Of a tensor in which nothing is compared."""
    totals = Totals()
    with np.errstate(all="ignore"):
        for block in blocks(raw, tensor):
            totals.add(real(block))
    return totals.statistics()


def real(block: Array) -> Floats:
    """As float64; of complex numbers the real part."""
    return np.asarray(block.real, dtype=np.float64)


def matrix_shape(shape: tuple[int, ...], outputs_first: bool) -> tuple[int, int]:
    """Rows and columns of the tensor as a matrix: (out, rest) or (rest, out)."""
    if len(shape) < 2:
        return 1, prod(shape)
    return (shape[0], prod(shape[1:])) if outputs_first else (prod(shape[:-1]), shape[-1])


class Stopped(Exception):
    """What was looked for is not wanted any more."""


def look(
    raw: BinaryIO, tensor: Tensor, outputs_first: bool, most: int, stop: Callable[[], bool] = lambda: False
) -> Look:
    """One pass over a tensor, with a sample of about `most` values.

    Raises InputError for a tensor that is empty or damaged, and Stopped soon after `stop` is true.
    """
    if not tensor.size:
        raise InputError(f"{raw.name}: tensor '{tensor.name}' of shape {tensor.shape} is empty")
    rows, columns = matrix_shape(tensor.shape, outputs_first)
    if columns > LONGEST_ROW:
        return _flat(raw, tensor, most)
    keep = _Sample(tensor, rows, columns, outputs_first, most)
    totals, alike = Totals(), _Alike(rows, columns, outputs_first)
    step, first = max(BLOCK // columns, 1), 0
    with np.errstate(all="ignore"), one_thread():
        for block in blocks(raw, tensor, step * columns):
            if stop():
                raise Stopped
            table = block.reshape(-1, columns)
            keep.add(first, table)
            numbers = real(block)
            totals.add(numbers)
            alike.add(first, numbers.reshape(-1, columns))
            first += len(table)
    units = rows if outputs_first else columns
    return Look(totals.statistics(), units, count_twins(alike.found), keep.taken(), keep.whole)


def _flat(raw: BinaryIO, tensor: Tensor, most: int) -> Look:
    """Of a tensor with rows so long that no unit fits a block: its first values as the sample."""
    totals, parts, kept = Totals(), list[Array](), 0
    with np.errstate(all="ignore"):
        for block in blocks(raw, tensor):
            totals.add(real(block))
            if kept < most:
                parts.append(block[: most - kept].copy())
                kept += parts[-1].size
    return Look(totals.statistics(), len(tensor.shape) and tensor.shape[0], None, np.concatenate(parts)[None], False)


class _Sample:
    """Whole units of a matrix, evenly spread, or the first inputs of all, whichever are the shorter side."""

    def __init__(self, tensor: Tensor, rows: int, columns: int, outputs_first: bool, most: int) -> None:
        self.whole = rows * columns <= most
        plain = len(tensor.shape) == 2
        by_rows = outputs_first if not plain else rows <= columns
        self.columns = columns if self.whole or by_rows else max(most // rows, 1)
        count = rows if self.whole or not by_rows else max(most // columns, 1)
        self.rows = np.unique(np.linspace(0, rows - 1, min(count, rows)).astype(np.int64))
        self.shape = self._shape(tensor.shape, outputs_first)
        self.parts: list[Array] = []

    def _shape(self, shape: tuple[int, ...], outputs_first: bool) -> tuple[int, ...]:
        """Of what is taken, with the axes of the tensor."""
        if len(shape) < 3:
            return len(self.rows), self.columns
        return (len(self.rows), *shape[1:]) if outputs_first else (*shape[:-1], self.columns)

    def add(self, first: int, table: Array) -> None:
        """Rows of the matrix from number `first` on."""
        chosen = self.rows[(self.rows >= first) & (self.rows < first + len(table))] - first
        if chosen.size:
            self.parts.append(table[chosen, : self.columns])

    def taken(self) -> Array:
        return np.concatenate(self.parts).reshape(self.shape)


class _Alike:
    """Random projections of every unit: those of identical ones are the same, whatever the order of adding up."""

    def __init__(self, rows: int, columns: int, outputs_first: bool, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.outputs_first = outputs_first
        self.directions = rng.standard_normal((columns if outputs_first else rows, PROJECTIONS))
        self.found = np.zeros((rows if outputs_first else columns, PROJECTIONS))

    def add(self, first: int, table: Floats) -> None:
        if self.outputs_first:
            self.found[first : first + len(table)] = table @ self.directions
        else:
            self.found += table.T @ self.directions[first : first + len(table)]


def projections(raw: BinaryIO, tensor: Tensor, outputs_first: bool, seed: int = 0) -> Floats | None:
    """Of every row of a tensor as a matrix, or every column, (units, PROJECTIONS); None where rows are too long.

    Raises InputError for a damaged file.
    """
    rows, columns = matrix_shape(tensor.shape, outputs_first)
    if columns > LONGEST_ROW:
        return None
    alike, first = _Alike(rows, columns, outputs_first, seed), 0
    with one_thread():
        for block in blocks(raw, tensor, max(BLOCK // columns, 1) * columns):
            table = real(block).reshape(-1, columns)
            alike.add(first, table)
            first += len(table)
    return alike.found


def count_twins(found: Floats) -> int | None:
    """How many of these projections, (units, PROJECTIONS), are the same as another's; None if one is not finite."""
    if not np.isfinite(found).all():
        return None
    order = found[np.argsort(found[:, 0])]
    order = order / (np.abs(order).max() or 1)
    size = float(np.sqrt(np.square(order).mean()))
    return int((np.abs(np.diff(order, axis=0)) <= ALIKE * size).all(axis=1).sum())
