"""Weights as Keras saves them, .h5 and .keras, where the package h5py is installed.

HDF5 is read by a large C library. What it could be made to do by a file is kept small: only datasets that lie in
the file itself are read, never those behind links to, or stored in, other files.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from math import prod
from typing import Any

import numpy as np

from initscope.core.errors import InputError
from initscope.core.files import LARGE, MAX_RATIO
from initscope.core.weights.dtypes import STORED, Stored, of_numpy
from initscope.core.weights.mapped import MAX_NAME, MappedFile, Source, Span, printable
from initscope.core.weights.tensor import MAX_TENSORS, Tensor, Weights, checked
from initscope.core.weights.zipdir import MAX_UNPACKED

MEMBER = "model.weights.h5"
SIGN = b"\x89HDF\r\n\x1a\n"
MAX_DEPTH = 30
MAX_GROUPS = 200_000
OTHER = ("optimizer_weights", "optimizer")


def is_hdf5(start: bytes) -> bool:
    """Whether a file begins like HDF5."""
    return start.startswith(SIGN)


def read(file: MappedFile) -> Weights:
    """The datasets of an .h5 file. Raises InputError, also if h5py is missing."""
    return _read(file, file.span(0, file.size), "Keras .h5")


def read_zip(file: MappedFile, member: Source) -> Weights:
    """The datasets of a .keras file, whose weights are an HDF5 file of their own. Raises InputError."""
    span = member if isinstance(member, Span) else Span(None, member.whole())
    return _read(file, span, "Keras .keras")


@dataclass(frozen=True, slots=True, eq=False)
class Chunked:
    """A dataset that HDF5 keeps in pieces, maybe packed: read by rows."""

    where: str
    dataset: Any
    stored: Stored

    @property
    def offset(self) -> int | None:
        return None

    @property
    def size(self) -> int:
        return int(prod(self.dataset.shape)) * self.stored.itemsize

    def whole(self) -> memoryview:
        if self.size > MAX_UNPACKED:
            raise InputError(f"{self.where}: unpacks to {self.size:,} bytes, too many to hold")
        return self._rows(())

    def chunks(self, size: int) -> Iterator[memoryview]:
        shape = self.dataset.shape
        row = self.size // max(1, shape[0]) if shape else 0
        step = size // row if row > 0 else 0
        if step < 1:  # a row is more than a piece
            whole = self.whole()
            yield from (whole[start : start + size] for start in range(0, len(whole), size))
            return
        for first in range(0, shape[0], step):
            yield self._rows(slice(first, first + step))

    def _rows(self, rows: Any) -> memoryview:
        try:
            array = np.ascontiguousarray(self.dataset[rows], self.stored.raw)
        except (OSError, RuntimeError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{self.where}: damaged ({type(error).__name__}); copy the file again") from None
        return memoryview(array.tobytes())


def _read(file: MappedFile, span: Span, title: str) -> Weights:
    try:
        h5py = import_module("h5py")  # an extra: nobody else needs it
    except ImportError:
        raise InputError(
            f"{file.path}: is HDF5, which needs the package h5py: pip install 'initscope[keras]'; "
            "or save the weights with np.savez(path, *model.get_weights())"
        ) from None
    try:
        book = h5py.File(io.BufferedReader(_Raw(span.data)), "r")
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        raise InputError(f"{file.path}: damaged HDF5 ({printable(str(error))}); copy it again") from None
    try:
        walker = _Walker(file, span, h5py)
        walker.walk(_root(book), "", 0)
        if not walker.tensors:
            raise InputError(f"{file.path}: an HDF5 file without arrays of numbers")
    except InputError:
        book.close()
        raise
    except (OSError, RuntimeError, ValueError, KeyError, TypeError, AttributeError) as error:
        book.close()
        raise InputError(f"{file.path}: damaged HDF5 ({printable(str(error))}); copy it again") from None
    return Weights(file.path, title, tuple(walker.tensors), {}, tuple(walker.left_out), (book, file))


def _root(book: Any) -> Any:
    """Where the weights lie: in a whole model under model_weights."""
    return book.get("model_weights", book)


class _Raw(io.RawIOBase):
    """A piece of memory as a file for reading."""

    def __init__(self, data: memoryview) -> None:
        self.data = data
        self.at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0, /) -> int:
        self.at = int(max(0, offset + (0, self.at, len(self.data))[whence]))
        return int(self.at)

    def tell(self) -> int:
        return self.at

    def readinto(self, buffer: Any, /) -> int:
        piece = self.data[self.at : self.at + len(buffer)]
        buffer[: len(piece)] = piece
        self.at += len(piece)
        return len(piece)


class _Walker:
    """Goes through the groups of a file in the order of their names' numbers, following no link out of it."""

    def __init__(self, file: MappedFile, span: Span, h5py: Any) -> None:
        self.file, self.span, self.h5py = file, span, h5py
        self.tensors: list[Tensor] = []
        self.left_out: list[str] = []
        self.groups = 0

    def walk(self, group: Any, name: str, depth: int) -> None:
        self.groups += 1
        if depth > MAX_DEPTH or self.groups > MAX_GROUPS or len(self.tensors) > MAX_TENSORS:
            raise InputError(f"{self.file.path}: too deep or too many groups of HDF5")
        for key in group:
            label = f"{name}/{key}".lstrip("/")
            link = group.get(key, getlink=True)
            if not isinstance(link, self.h5py.HardLink) or key in OTHER or len(label) > MAX_NAME:
                self.left_out.append(printable(label))
                continue
            thing = group[key]
            if isinstance(thing, self.h5py.Group):
                self.walk(thing, label, depth + 1)
            elif isinstance(thing, self.h5py.Dataset):
                self.dataset(thing, label)

    def dataset(self, dataset: Any, name: str) -> None:
        what = f"{self.file.path}: '{printable(name)}'"
        if dataset.external or dataset.is_virtual:
            raise InputError(f"{what}: its numbers lie in another file, which is not read")
        if dataset.shape is None or dataset.dtype.kind not in "biufc":
            self.left_out.append(f"{printable(name)} (not numbers)")
            return
        stored = STORED["bool"] if dataset.dtype.kind == "b" else of_numpy(what, dataset.dtype)
        held = int(dataset.id.get_storage_size())
        needed = prod(dataset.shape) * stored.itemsize
        if needed > LARGE and needed > MAX_RATIO * held:
            raise InputError(f"{what}: would unpack {held:,} bytes to {needed:,}: more than {MAX_RATIO} times as many")
        place = dataset.id.get_offset()
        if place is not None and place + needed <= self.span.size and held == needed:
            source: Source = self.span.part(place, needed)
        else:
            source = Chunked(what, dataset, stored)
        self.tensors.append(checked(str(self.file.path), name, dataset.shape, stored, source))
