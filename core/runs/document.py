"""Small JSON files of the run store: written whole, read as if a stranger had written them."""

import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from initscope.core import atomic, faults
from initscope.core.errors import InputError

SCHEMA = 1
"""Counts up when the program of before would misread what this one writes."""
MAX_BYTES = 2**24
"""The longest document that is read."""

T = TypeVar("T")


class Fields:
    """The values of one JSON object, checked as they are taken; `where` begins every InputError."""

    def __init__(self, where: str, content: Any) -> None:
        if not isinstance(content, dict):
            raise InputError(f"{where}: damaged: not a table of values")
        self.where, self.content = where, content

    def take(self, key: str, kind: type[T]) -> T:
        """The value, which must be there and of that kind; a whole number counts as a float."""
        if key not in self.content:
            raise InputError(f"{self.where}: damaged: {key} is missing")
        value = self.content[key]
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = self._float(key, value)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise InputError(f"{self.where}: damaged: {key} is {repr(value)[:40]}")
        return value

    def _float(self, key: str, value: int) -> float:
        try:
            return float(value)
        except OverflowError:
            raise InputError(f"{self.where}: damaged: {key} is too large") from None

    def maybe(self, key: str, kind: type[T]) -> T | None:
        """None where it is missing or null."""
        return None if self.content.get(key) is None else self.take(key, kind)

    def count(self, key: str) -> int:
        """A whole number from 0."""
        value = self.take(key, int)
        if value < 0:
            raise InputError(f"{self.where}: damaged: {key} is {value}")
        return value

    def texts(self, key: str) -> dict[str, str]:
        """An object of texts."""
        return _texts(f"{self.where}: {key}", self.take(key, dict))

    def table(self, key: str) -> "Fields":
        return Fields(f"{self.where}: {key}", self.take(key, dict))

    def tables(self, key: str) -> "list[Fields]":
        return [Fields(f"{self.where}: {key} {n}", one) for n, one in enumerate(self.take(key, list), 1)]

    def list_of(self, key: str, kind: type[T]) -> list[T]:
        values = self.take(key, list)
        if not all(isinstance(value, kind) and not (kind is int and isinstance(value, bool)) for value in values):
            raise InputError(f"{self.where}: damaged: {key} is {repr(values)[:40]}")
        return values


def _texts(where: str, table: dict[Any, Any]) -> dict[str, str]:
    for key, value in table.items():
        if not isinstance(value, str):
            raise InputError(f"{where}: damaged: {key[:40]} is {repr(value)[:40]}, not a text")
    return table


def write(path: Path, content: Mapping[str, Any], writer: str = "") -> None:
    """In ASCII, with the schema; numbers must be finite. Raises OSError."""
    text = json.dumps({"schema": SCHEMA, **content}, allow_nan=False, indent=1) + "\n"
    with atomic.replacing(path, writer) as file:
        file.write(text.encode("ascii"))


def read(path: Path) -> Fields:
    """A document of this schema or an older one. Raises InputError for all else, FileNotFoundError where none is."""
    try:
        raw = _bytes(path)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or faults.words(error)}") from None
    fields = parse(str(path), raw)
    schema = fields.take("schema", int)
    if schema > SCHEMA:
        raise InputError(f"{path}: written by a newer initscope (schema {schema}; this one reads up to {SCHEMA})")
    return fields


def parse(where: str, raw: bytes) -> Fields:
    """Raises InputError."""
    try:
        content = json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        what = "empty" if not raw.strip(b"\0 \n") else f"not JSON ({str(error)[:80]})"
        raise InputError(f"{where}: damaged: {what}") from None
    return Fields(where, content)


def _bytes(path: Path) -> bytes:
    # Not blocking: what lies there may be a pipe.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    with open(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise InputError(f"{path}: damaged: not a regular file")
        if found.st_size > MAX_BYTES:
            raise InputError(f"{path}: damaged: {found.st_size:,} bytes, at most {MAX_BYTES:,} are read")
        return file.read(MAX_BYTES + 1)
