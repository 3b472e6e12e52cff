"""Things chosen by name with parameters, written `name` or `name:key=value,key=value`."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from operator import ge, le, lt
from typing import TypeVar

from initscope.core.errors import InputError, unknown

Value = float | str
Found = TypeVar("Found")


@dataclass(frozen=True)
class Parameter:
    """One free parameter of a catalogue entry. `choices` makes it a word, otherwise it is a number."""

    name: str
    default: Value
    meaning: str
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    """Smallest value allowed."""
    above: float | None = None
    """The value must be greater than this."""
    below: float | None = None
    """The value must be less than this."""

    def read(self, owner: str, text: str) -> Value:
        """The value that `text` stands for. Raises InputError naming owner and parameter."""
        if self.choices:
            if text not in self.choices:
                raise unknown(f"{self.name} of {owner}", text, self.choices)
            return text
        try:
            value = float(text)
        except ValueError:
            raise InputError(f"{owner}: {self.name} must be a number, not '{text}'") from None
        if not isfinite(value):
            raise InputError(f"{owner}: {self.name} must be finite, not {text}")
        for rule, limit, wrong in (("at least", self.minimum, lt), ("greater than", self.above, le),
                                   ("less than", self.below, ge)):  # fmt: skip
            if limit is not None and wrong(value, limit):
                raise InputError(f"{owner}: {self.name} must be {rule} {limit:,.12g}, not {text}")
        return value


@dataclass(frozen=True)
class Entry:
    """What a person reads of a catalogue entry when choosing."""

    name: str
    words: str
    """One sentence: what it does."""
    formula: str
    source: str
    """Who wrote it down: paper, equation."""


def split_call(text: str) -> tuple[str, dict[str, str]]:
    """`'uniform:low=-1,high=1'` -> `('uniform', {'low': '-1', 'high': '1'})`."""
    name, colon, rest = text.strip().partition(":")
    given: dict[str, str] = {}
    for pair in rest.split(",") if colon else ():
        key, equals, value = (part.strip() for part in pair.partition("="))
        if not (key and equals and value):
            raise InputError(f"'{text}': after the colon write {name}:key=value[,key=value], not '{pair}'")
        if key in given:
            raise InputError(f"'{text}': {key} is given twice")
        given[key] = value
    return name.strip().lower(), given


def look_up(what: str, catalogue: Mapping[str, Found], text: str) -> tuple[Found, dict[str, str]]:
    """The entry that a call names, and the parameters that it gives, unread. Raises InputError with close names."""
    name, given = split_call(text)
    if name not in catalogue:
        raise unknown(what, name, catalogue)
    return catalogue[name], given


def read_parameters(
    owner: str, parameters: tuple[Parameter, ...], given: Mapping[str, str]
) -> dict[str, Value]:
    """Every parameter's value: as given, else its default. Raises InputError for unknown or bad ones."""
    known = {parameter.name: parameter for parameter in parameters}
    for key in given:
        if key not in known:
            if not known:
                raise InputError(f"{owner} has no parameters, so '{key}={given[key]}' cannot be set")
            raise unknown(f"parameter of {owner}", key, known)
    return {
        name: parameter.read(owner, given[name]) if name in given else parameter.default
        for name, parameter in known.items()
    }


def write_call(name: str, parameters: tuple[Parameter, ...], values: Mapping[str, Value]) -> str:
    """The shortest text that reads back as these values: defaults are left out."""
    changed = [
        f"{p.name}={write_value(values[p.name])}" for p in parameters if values[p.name] != p.default
    ]
    return f"{name}:{','.join(changed)}" if changed else name


def write_value(value: Value) -> str:
    """A number in its shortest exact form (`3`, not `3.0`), a word as it is."""
    return value if isinstance(value, str) else repr(value).removesuffix(".0")
