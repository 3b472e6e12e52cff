"""A pickle on its way to plain values: its bytes, its stack, its memo, and the limits of all three."""

import struct
from dataclasses import dataclass
from typing import Protocol

from initscope.core.errors import InputError
from initscope.core.weights.inert import Global
from initscope.core.weights.mapped import Span

MAX_STEPS = 2_000_000
"""The most instructions of one file: a tensor takes some forty, so these are for 50,000."""
MAX_TEXT = 2**20
"""The longest text, in bytes, that is a name; longer ones stay in the file until they are known to be numbers."""
MAX_ALL_TEXT = 2**26
MAX_DIGITS = 40
MAX_LINE = 2**28


@dataclass
class Budget:
    """What all pickles of one file may still take."""

    steps: int = MAX_STEPS
    text: int = MAX_ALL_TEXT


class Calls(Protocol):
    """What is made of a pickle's wishes."""

    budget: Budget

    def call(self, function: object, args: object) -> object:
        """A function or class applied to its arguments."""

    def persistent(self, key: object) -> object:
        """An object that lies outside the pickle."""

    def build(self, target: object, state: object) -> None:
        """The state of an object that was made."""


class LongText(Span):
    """A text of more than MAX_TEXT bytes in UTF-8, left where it is."""


class Machine:
    """One pickle on its way. Numbers of bytes stay in the file as `Span`."""

    def __init__(self, where: str, source: Span, at: int, calls: Calls) -> None:
        self.where = where
        self.source = source
        self.data = source.data
        self.at = at
        self.calls = calls
        self.stack: list[object] = []
        self.marked: list[list[object]] = []
        self.memo: dict[int, object] = {}

    def error(self, what: str) -> InputError:
        return InputError(f"{self.where}: byte {self.at:,}: {what}")

    def take(self, size: int) -> memoryview:
        """The next bytes."""
        if size < 0 or self.at + size > len(self.data):
            raise self.error(f"{size:,} bytes are promised, {len(self.data) - self.at:,} are left")
        self.at += size
        return self.data[self.at - size : self.at]

    def number(self, layout: str) -> int:
        """The next bytes as a whole number, little-endian."""
        return int(struct.unpack(layout, self.take(struct.calcsize(layout)))[0])

    def line(self, limit: int = MAX_LINE) -> memoryview:
        """The bytes up to the next line feed, without it."""
        end, size = self.at, len(self.data)
        while end < min(size, self.at + limit):
            found = bytes(self.data[end : end + 4096]).find(b"\n")
            if found >= 0:
                line = self.take(end + found - self.at)
                self.at += 1
                return line
            end += 4096
        raise self.error("a line of it has no end")

    def decoded(self, raw: memoryview, encoding: str = "utf-8") -> object:
        """Text; a long one stays where it is."""
        if len(raw) > MAX_TEXT and encoding == "utf-8":
            start = self.at - len(raw)
            return LongText(None if self.source.offset is None else self.source.offset + start, raw)
        self.calls.budget.text -= len(raw)
        if self.calls.budget.text < 0:
            raise self.error(f"more than {MAX_ALL_TEXT:,} bytes of text; save only the weights")
        return str(raw, encoding, "surrogatepass" if encoding == "utf-8" else "strict")

    def span(self, size: int) -> Span:
        """The next bytes, left where they are."""
        raw = self.take(size)
        return self.source.part(self.at - len(raw), len(raw))

    def to_mark(self) -> list[object]:
        """What was pushed since the last mark."""
        items = self.stack
        self.stack = self.marked.pop()
        return items

    def globally(self, module: object, name: object) -> Global:
        if not isinstance(module, str) or not isinstance(name, str) or len(module) + len(name) > 500:
            raise self.error("a class is named by something that is not its name")
        if not (module + name).isprintable():
            raise self.error("a class has a name that is no name; damaged")
        return Global(f"{module}.{name}")
