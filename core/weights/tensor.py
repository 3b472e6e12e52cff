"""Saved weights as values: what a file says of each tensor, and its numbers when they are asked for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import numpy as np

from initscope.core.errors import InputError
from initscope.core.weights.dtypes import Array, Stored
from initscope.core.weights.mapped import MAX_NAME, Source, Span, printable

MAX_AXES = 32
MAX_TENSORS = 100_000
MAX_REPEATED = 2**24
"""The most values a tensor may have if they are more than lie in the file (an expanded view)."""
BLOCK = 2**18


@dataclass(frozen=True, eq=False)
class Tensor:
    """One array of a file. Nothing of it is in memory until it is read. Made by `checked`."""

    name: str
    shape: tuple[int, ...]
    stored: Stored
    source: Source
    start: int = 0
    """The byte of the source at which its first value lies."""
    strides: tuple[int, ...] | None = None
    """Values from one index to the next, for each axis; None if it lies whole and in C order."""

    @property
    def dtype(self) -> str:
        """The type in the file by name: 'float32', 'bfloat16', 'float8_e4m3fn', 'int64', 'bool', ..."""
        return self.stored.name

    @property
    def size(self) -> int:
        return prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of its values as they lie in the file, unpacked."""
        return self.size * self.stored.itemsize

    @property
    def offset(self) -> int | None:
        """The byte of the file at which its first value lies, or at which what holds it lies packed.

        None where the file has the numbers in another form (as text).
        """
        if self.source.offset is None:
            return None
        return self.source.offset + (self.start if isinstance(self.source, Span) else 0)

    def read(self) -> Array:
        """The array, shape `self.shape`: read-only and mapped from the file where it lies there as NumPy sees it.

        bfloat16 and 8-bit floats become float32. Raises InputError where it is damaged or too large to unpack.
        """
        raw = self._raw()
        array = raw if self.stored.decode is None else np.asarray(self.stored.decode(raw))
        array.flags.writeable = False
        return array

    def blocks(self, values: int = BLOCK) -> Iterator[Array]:
        """Every value once, in C order, as vectors of at most `values`: for statistics in bounded memory.

        What lies packed out of C order is unpacked whole first. Raises InputError where it is damaged.
        """
        decode = self.stored.decode
        for raw in self._raw_blocks(values):
            yield raw if decode is None else decode(raw)

    def _raw(self) -> Array:
        whole = self.source.whole()
        if self.size == 0:
            return np.empty(self.shape, self.stored.raw)
        steps = None if self.strides is None else [step * self.stored.itemsize for step in self.strides]
        return np.ndarray(self.shape, self.stored.raw, whole, self.start, steps)

    def _raw_blocks(self, values: int) -> Iterator[Array]:
        if self.strides is None and not isinstance(self.source, Span):
            yield from self._streamed(values * self.stored.itemsize)
            return
        raw = self._raw()
        flat = raw.reshape(-1) if raw.flags.c_contiguous else raw.flat
        for start in range(0, self.size, values):
            yield flat[start : start + values]

    def _streamed(self, block: int) -> Iterator[Array]:
        """The values of a source that is packed, without those bytes that come before the first."""
        skip, held, left = self.start, bytearray(), self.nbytes
        for chunk in self.source.chunks(block):
            held += chunk[min(skip, len(chunk)) :]
            skip = max(0, skip - len(chunk))
            while left and len(held) >= min(block, left):
                size = min(block, left)
                yield np.frombuffer(bytes(held[:size]), self.stored.raw)
                del held[:size]
                left -= size


def checked(
    where: str,
    name: str,
    shape: Sequence[int],
    stored: Stored,
    source: Source,
    start: int = 0,
    strides: Sequence[int] | None = None,
) -> Tensor:
    """A tensor whose every value lies in the source. Raises InputError, which begins with `where`, if not.

    `start` is in bytes, `strides` in values. Strides that C order has anyway are dropped.
    """
    shape = tuple(shape)
    too_long = len(name) > MAX_NAME
    name = printable(name)
    what = f"{where}: tensor '{name}'"
    if too_long:
        raise InputError(f"{what}: has a name of more than {MAX_NAME} characters")
    if len(shape) > MAX_AXES or min(shape, default=0) < 0:
        raise InputError(f"{what}: has the shape {str(shape)[:80]}; at most {MAX_AXES} axes of 0 or more are possible")
    count, item = prod(shape), stored.itemsize
    steps = None if strides is None or not count or tuple(strides) == c_order(shape) else tuple(strides)
    if strides is not None and (len(strides) != len(shape) or min(strides, default=0) < 0):
        raise InputError(f"{what}: has the strides {str(tuple(strides))[:80]} for {len(shape)} axes; none may be < 0")
    last = count if steps is None else 1 + sum((n - 1) * step for n, step in zip(shape, steps, strict=True))
    if start < 0 or start + last * item > source.size:
        raise InputError(
            f"{what}: damaged: shape {str(shape)[:80]} of {stored.name} needs bytes {start:,} to "
            f"{start + last * item:,} of what holds it, and that has {source.size:,}"
        )
    if count * item > max(source.size, MAX_REPEATED * item):
        raise InputError(f"{what}: repeats its {source.size:,} bytes to {count:,} values; save it contiguous")
    return Tensor(name, shape, stored, source, start, steps)


def c_order(shape: Sequence[int]) -> tuple[int, ...]:
    """The strides, in values, of an array that lies in C order."""
    return tuple(prod(shape[axis + 1 :]) for axis in range(len(shape)))


class Closable(Protocol):
    """Something that has to be given back."""

    def close(self) -> None: ...


@dataclass(frozen=True, eq=False)
class Weights:
    """The tensors of one file, in the order it has them. A context manager; arrays outlive its end if they are held."""

    path: Path
    format: str
    """The format in words."""
    tensors: tuple[Tensor, ...]
    metadata: dict[str, str] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    """What else the file holds, in words: 'optimizer', 'classes (text)'."""
    files: tuple[Closable, ...] = field(default=(), repr=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Gives the file back. Tensors cannot be read afterwards, what was read stays."""
        for file in self.files:
            file.close()

    def __getitem__(self, name: str) -> Tensor:
        """The tensor of that name. Raises KeyError."""
        for tensor in self.tensors:
            if tensor.name == name:
                return tensor
        raise KeyError(name)
