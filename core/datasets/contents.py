"""What a file or folder holds before it is split, limited and scaled."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.generic]
Rows = npt.NDArray[np.int64]


class Lazy(Protocol):
    """Examples that are read from their files when they are needed."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> np.dtype[Any]: ...

    def __len__(self) -> int: ...

    def rows(self, rows: Rows) -> Array:
        """(len(rows), ...) examples. Raises InputError."""


@dataclass(frozen=True, eq=False)
class Part:
    """Examples x (n, ...) with labels y, (n,) or one-hot, and what to call them in a message."""

    x: Array | Lazy
    y: Array
    x_name: str = "x"
    y_name: str = "y"

    def inputs(self, rows: Rows | None = None) -> Array:
        """Those examples, or all of them."""
        if isinstance(self.x, np.ndarray):
            return self.x if rows is None else self.x[rows]
        return self.x.rows(np.arange(len(self.x)) if rows is None else rows)


@dataclass(frozen=True, eq=False)
class Contents:
    """One part, which is still to be split, or two: for training and for testing."""

    path: Path
    title: str
    """What it is and whose, for the line that says where data come from."""
    parts: tuple[Part, ...]
    class_names: tuple[str, ...] = ()
    """By label, where the labels have names."""
    feature_names: tuple[str, ...] = ()
    split: str = "split as in the file"
    """How it was split, where there are two parts."""
    scaled: str = "x as it is"
    """What was done to the inputs already."""


def two_parts(train: tuple[Array | Lazy, Array], test: tuple[Array | Lazy, Array]) -> tuple[Part, Part]:
    """Parts under the names that messages use for a given split."""
    return Part(*train, "x_train", "y_train"), Part(*test, "x_test", "y_test")
