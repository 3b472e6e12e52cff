"""The bytes of a file of unknown origin: a small one is held, a large one mapped; pieces are found, never copied."""

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from initscope.core.errors import InputError
from initscope.core.files import size_of_regular

HELD = 2**24
"""Bytes of a file that is read at once, so that it may be written anew meanwhile, as training does with checkpoints."""
MAX_NAME = 500
"""The longest name, in characters, that a file may give to something in it."""


class Source(Protocol):
    """Bytes that lie somewhere in a file, packed or not."""

    @property
    def offset(self) -> int | None:
        """The byte of the file at which they begin; None where they are made from something else."""

    @property
    def size(self) -> int:
        """How many bytes they are, unpacked."""

    def whole(self) -> memoryview:
        """All of them. Raises InputError where they are damaged or too many to hold."""

    def chunks(self, size: int) -> Iterator[memoryview]:
        """All of them in order, `size` at a time, the last piece maybe shorter. Raises InputError."""


@dataclass(frozen=True, slots=True, eq=False)
class Span:
    """Bytes that lie as they are: a piece of a mapped file, or of something held in memory."""

    offset: int | None
    data: memoryview

    @property
    def size(self) -> int:
        return len(self.data)

    def whole(self) -> memoryview:
        return self.data

    def chunks(self, size: int) -> Iterator[memoryview]:
        return (self.data[start : start + size] for start in range(0, len(self.data), size))

    def part(self, start: int, length: int) -> "Span":
        """`length` bytes from byte `start` of it; the caller has checked that they are there."""
        return Span(None if self.offset is None else self.offset + start, self.data[start : start + length])


class MappedFile:
    """A regular file that is not empty, held or mapped for reading. Raises InputError for anything else.

    If another program shortens a file of more than HELD bytes meanwhile, the system ends this process at the next
    touch of the map; whole tensors are therefore read through the file where that can be (`statistics.blocks`).
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        size = size_of_regular(path)
        self._map: mmap.mmap | None = None
        held = b""
        try:
            with open(path, "rb") as file:
                if size > HELD:
                    self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
                else:
                    held = file.read(size)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise InputError(f"{path}: cannot be read: {reason}") from None
        self._view = memoryview(held if self._map is None else self._map)
        self.size = len(self._view)
        if not self.size:
            raise InputError(f"{path}: is empty (0 bytes); save the weights again")

    def span(self, start: int, length: int) -> Span:
        """`length` bytes from byte `start` on. Raises InputError unless the file has them."""
        if start < 0 or length < 0 or start + length > self.size:
            raise InputError(
                f"{self.path}: damaged or cut short: bytes {start:,} to {start + length:,} are needed, "
                f"the file has {self.size:,}; copy it again"
            )
        return Span(start, self._view[start : start + length])

    def start(self, count: int) -> bytes:
        """The first `count` bytes, or all that there are."""
        return bytes(self._view[:count])

    def end(self, count: int) -> bytes:
        """The last `count` bytes, or all that there are."""
        return bytes(self._view[-count:])

    def close(self) -> None:
        """Gives the file back; arrays that still look into it keep their own hold of it."""
        try:
            self._view.release()
            if self._map is not None:
                self._map.close()
        except BufferError:
            return  # somebody holds a piece: the map goes when the last one does


def printable(text: str) -> str:
    """Text of unknown origin in one line that a terminal can show: what is not a visible sign is escaped."""
    if len(text) > MAX_NAME:
        text = text[: MAX_NAME - 1] + "…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
