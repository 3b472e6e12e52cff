"""What a run was trained on: where it lies, and a fingerprint by which changed data are refused."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from initscope.core.datasets.data import CATALOGUE, FOUR, Dataset, load
from initscope.core.datasets.dataname import split_path, with_flags
from initscope.core.datasets.folders import in_folders, user_path
from initscope.core.errors import InputError
from initscope.core.runs.document import Fields


@dataclass(frozen=True)
class DataMark:
    """A data set as it was when the run began."""

    name: str
    """As the data set calls itself; specs have it."""
    place: str
    """What `load` finds it by from any folder."""
    train_shape: tuple[int, ...]
    test_shape: tuple[int, ...]
    digest: str
    """BLAKE2b of inputs and labels, 128 bits in hexadecimal."""

    @classmethod
    def of(cls, typed: str, dataset: Dataset) -> "DataMark":
        """`typed` is what the person wrote for it."""
        shapes = dataset.x_train.shape, dataset.x_test.shape
        return cls(dataset.name, place(typed), *shapes, digest(dataset))

    def document(self) -> dict[str, Any]:
        shapes = {"train_shape": list(self.train_shape), "test_shape": list(self.test_shape)}
        return {"name": self.name, "place": self.place, **shapes, "digest": self.digest}

    @classmethod
    def read(cls, fields: Fields) -> "DataMark":
        """Raises InputError."""
        train, test = (tuple(fields.list_of(key, int)) for key in ("train_shape", "test_shape"))
        return cls(fields.take("name", str), fields.take("place", str), train, test, fields.take("digest", str))

    def load(self) -> Dataset:
        """The same data, under the same name. Raises InputError where they have changed or are gone."""
        dataset = load(self.place)
        shapes = dataset.x_train.shape, dataset.x_test.shape
        if shapes != (self.train_shape, self.test_shape):
            raise InputError(
                f"{self.place}: has changed since the run began: {shapes[0]} and {shapes[1]} "
                f"instead of {self.train_shape} and {self.test_shape}"
            )
        if digest(dataset) != self.digest:
            raise InputError(f"{self.place}: has changed since the run began: its numbers are others")
        return replace(dataset, name=self.name)


def digest(dataset: Dataset) -> str:
    """Of all examples: shapes, types and bits."""
    found = hashlib.blake2b(digest_size=16)
    for field in FOUR:
        array = getattr(dataset, field)
        found.update(f"{array.dtype.str}{array.shape}".encode("ascii"))
        found.update(array.reshape(-1).view("u1").data)
    return found.hexdigest()


def place(typed: str) -> str:
    """A name of the catalogue as it is; a path made absolute, with its parameters."""
    text = typed.strip()
    if text.partition(":")[0].strip().lower() in CATALOGUE:
        return text
    path, flags = split_path(text)
    if "," in path and all(piece.strip().endswith(".npy") for piece in path.split(",")):
        whole = ",".join(_absolute(piece.strip()) for piece in path.split(","))
    else:
        found = None if "/" in path else in_folders(path)
        whole = _absolute(str(found or path))
    return with_flags(whole, flags)


def _absolute(path: str) -> str:
    return os.path.abspath(user_path(path))


def marks(typed: Mapping[str, Dataset]) -> dict[str, DataMark]:
    """Of data sets by the names that were typed for them."""
    return {name: DataMark.of(name, dataset) for name, dataset in typed.items()}
