"""Units that are copies of others: whole rows or columns of weights with the very same numbers."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

SHORTEST = 8
"""Entries of a row from which on chance makes no two of them alike."""
LOOKED_AT = 64
"""Entries of each row that are compared before whole rows are."""


@dataclass(frozen=True, eq=False)
class Copies:
    """What is left of weights without the copies in them."""

    distinct: Array
    """The weights with each row, or column, once."""
    count: int
    """How many were left out."""
    of: int
    """How many there were."""
    inputs: bool
    """Whether they are columns."""

    def words(self, swapped: bool) -> str:
        """'3 of 30 units are copies of others'; `swapped` where rows are inputs, and columns units."""
        one = "is a copy of another one" if self.count == 1 else "are copies of others"
        return f"{self.count} of {self.of} {'inputs' if self.inputs != swapped else 'units'} {one}"


def find_copies(weights: Array) -> Copies | None:
    """Copies among the rows of weights (out, in) or (out, in, *kernel), or else among the columns of a matrix.

    Rows of zeros are none: pruning makes them, and identities have them.
    """
    for axis in (0, 1) if weights.ndim == 2 else (0,):
        table = np.moveaxis(weights, axis, 0)
        kept = _first_of_each(table.reshape(len(table), -1))
        if len(kept) < len(table):
            return Copies(np.take(weights, kept, axis), len(table) - len(kept), len(table), axis == 1)
    return None


def _first_of_each(table: Array) -> list[int]:
    """The places of all rows that are no copy of one before them."""
    rows, columns = table.shape
    if columns < SHORTEST:
        return list(range(rows))
    few = np.ascontiguousarray(table[:, np.linspace(0, columns - 1, min(LOOKED_AT, columns)).astype(int)])
    seen: dict[bytes, list[int]] = {}
    kept = []
    for place, row in enumerate(few):
        alike = seen.setdefault(row.tobytes(), [])
        if not (row.any() and np.isfinite(row).all()) or not any((table[place] == table[one]).all() for one in alike):
            alike.append(place)
            kept.append(place)
    return kept
