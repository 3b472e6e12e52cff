"""What a data set is called: a name or path, with parameters after a colon. Imports nothing heavy."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

from initscope.core.catalogue import Parameter, Value, split_call
from initscope.core.errors import InputError

SCALES = ("auto", "none", "unit", "standardize")


class Word(Parameter):
    """A parameter that takes any text."""

    def read(self, owner: str, text: str) -> Value:
        return text


@dataclass(frozen=True)
class Whole(Parameter):
    """A parameter that counts."""

    def read(self, owner: str, text: str) -> Value:
        value = Parameter.read(self, owner, text)
        if not float(value).is_integer():
            raise InputError(f"{owner}: {self.name} must be a whole number, not {text}")
        return value


SELECTION: tuple[Parameter, ...] = (
    Whole("limit", 0, "at most so many examples for training and for testing, 0 for all", minimum=0, below=1e9),
    Parameter("split", 0, "share for testing, 0 for the data's own or a fifth", minimum=0, below=1),
    Parameter("scale", "auto", "of the inputs: bytes to 0..1 (auto), none, unit, standardize", choices=SCALES),
)
"""What every data set takes besides its own parameters."""

TABLE: tuple[Parameter, ...] = (
    Word("label", "", "column of the labels: its name, its number from 1, first or last"),
    Parameter("header", "auto", "whether the first line has names", choices=("auto", "yes", "no")),
    Word("drop", "", "columns to leave out, joined by +"),
)
PICTURES: tuple[Parameter, ...] = (
    Whole("size", 0, "pixels of a side that pictures are resized to", minimum=0, below=4097),
)
_KNOWN = frozenset(parameter.name for parameter in (*SELECTION, *TABLE, *PICTURES))
_PAIR = re.compile(r"\s*(\w+)\s*=")


@dataclass(frozen=True)
class Selection:
    """The values of `SELECTION`."""

    limit: int = 0
    split: float = 0.0
    scale: str = "auto"

    @classmethod
    def of(cls, values: Mapping[str, Value]) -> "Selection":
        limit, split = float(values["limit"]), float(values["split"])
        assert isfinite(limit)
        return cls(int(limit), split, str(values["scale"]))


def split_path(text: str) -> tuple[str, dict[str, str]]:
    """`'a/b.csv:label=2'` -> `('a/b.csv', {'label': '2'})`. A colon may be part of a path. Raises InputError."""
    path, colon, rest = text.rpartition(":")
    pair = _PAIR.match(rest)
    if not (colon and pair) or _exists(text) or not (pair.group(1) in _KNOWN or _exists(path)):
        return text, {}
    return path.strip(), split_call(f"FILE:{rest}")[1]


def with_flags(text: str, flags: Mapping[str, str]) -> str:
    """The name with parameters added, as they were given by options of their own: `--limit 100`."""
    if not flags:
        return text
    added = ",".join(f"{key}={value.strip()}" for key, value in flags.items())
    has_parameters = not _exists(text) and _PAIR.match(text.rpartition(":")[2]) and ":" in text
    return f"{text}{',' if has_parameters else ':'}{added}"


def _exists(path: str) -> bool:
    try:
        return os.path.lexists(os.path.expanduser(path))
    except ValueError:  # a NUL or a lone surrogate
        return False


def standardized(name: str) -> str:
    """The same data with its inputs standardized: `t.csv:scale=none,drop=id` -> `t.csv:drop=id,scale=standardize`."""
    kept = re.sub(r"(?<=[:,])scale=\w+(,|$)", "", name).rstrip(",:")
    return with_flags(kept, {"scale": "standardize"})
