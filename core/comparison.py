"""A comparison as it is asked for: options shared by all lanes, and what each lane differs in.

Everything is kept as the text a person wrote, so that defaults follow the choices they depend on: a lane
with another optimizer gets that optimizer's usual learning rate, not its neighbour's.
"""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count
from typing import Self

from initscope.core.datasets.data import Dataset
from initscope.core.errors import InputError, unknown
from initscope.core.spec import OPTIONS, Spec, option_words, read

DEFAULT_INITIALIZERS = ("rand", "randn")
DEFAULT_LANE = {"init": "randn"}
NAME = "name"
"""The key of a lane's label."""

Options = Mapping[str, str]


@dataclass(frozen=True)
class Comparison:
    """`options` for all lanes, and for each lane its differences, by the names of `spec.OPTIONS`."""

    options: Options
    lanes: tuple[Options, ...]

    @classmethod
    def of(cls, options: Options, initializers: Sequence[str], lanes: Sequence[str]) -> Self:
        """The comparison of a command line: a lane for each of `initializers`, then one for each of `lanes`.

        `lanes` are texts such as `"init=rand lr=0.5"`; one without an initializer takes the first of
        `initializers`. With neither, the lanes are rand and randn. Raises InputError.
        """
        return cls.in_order(options, [("init", text) for text in initializers] + [("lane", text) for text in lanes])

    @classmethod
    def in_order(cls, options: Options, words: Sequence[tuple[str, str]]) -> Self:
        """The same from ("init", text) and ("lane", text) in the order of the lanes. Raises InputError."""
        inits = [text for kind, text in words if kind == "init"]
        if any(not text.strip() for text in inits):
            raise InputError("--init is empty: name an initializer, such as randn")
        first = {"init": inits[0]} if inits else DEFAULT_LANE
        lanes = [{"init": text} if kind == "init" else {**first, **read_lane(text)} for kind, text in words]
        return cls(dict(options), tuple(lanes or [{"init": name} for name in DEFAULT_INITIALIZERS]))

    def data_names(self) -> tuple[str, ...]:
        """The data sets that `specs` needs, each once."""
        return tuple(dict.fromkeys(self._merged(lane)["data"] for lane in self.lanes))

    def specs(self, datasets: Mapping[str, Dataset]) -> tuple[Spec, ...]:
        """The lanes' specs, with names that differ. Raises InputError."""
        specs = []
        for lane in self.lanes:
            merged = self._merged(lane)
            spec = read(merged, datasets[merged["data"]])
            extra = [f"{key}={value}" for key, value in lane.items() if key not in ("init", NAME)]
            specs.append(replace(spec, name=_label(lane.get(NAME) or " ".join([str(spec.initializer), *extra]))))
        return unique_names(specs)

    def _merged(self, lane: Options) -> dict[str, str]:
        merged = {"data": OPTIONS["data"], **{key: value for key, value in self.options.items() if value}}
        if "steps" in lane or "epochs" in lane:  # a lane's own length takes the place of the shared one
            merged = {key: value for key, value in merged.items() if key not in ("steps", "epochs")}
        return merged | {key: value for key, value in lane.items() if key != NAME}

    def command(self, program: str = "initscope") -> str:
        """One line that opens the same comparison."""
        words = program.split()
        for key, value in self.options.items():
            if value and value != OPTIONS[key]:
                words += option_words(key, value)
        leading = True  # initializers come before lanes, so that one after a lane must be a lane as well
        for lane in self.lanes:
            leading = leading and set(lane) == {"init"}
            if leading:
                words += option_words("init", lane["init"])
            else:
                pairs = {**DEFAULT_LANE, **lane}
                if NAME in pairs:
                    pairs[NAME] = _label(pairs[NAME])
                words += ["--lane", " ".join(f"{key}={shlex.quote(value)}" for key, value in pairs.items())]
        return shlex.join(words)


def read_lane(text: str) -> dict[str, str]:
    """`'init=rand lr=0.5 batch_size=20'` -> options by name. Raises InputError."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise InputError(f"lane '{text}': {error}; write key=value pairs such as \"init=rand lr=0.5\"") from None
    found: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        key = key.lstrip("-").replace("_", "-")
        if not equals or not value:
            raise InputError(f"lane '{text}': '{word}' is not key=value, such as init=rand or lr=0.5")
        if key not in OPTIONS and key != NAME:
            raise unknown(f"key in lane '{text}'", key, [*OPTIONS, NAME])
        if key in found:
            raise InputError(f"lane '{text}': {key} is given twice")
        found[key] = value
    if not found:
        raise InputError('a lane must say what differs, such as "init=rand lr=0.5"')
    return found


def unique_names(specs: Iterable[Spec]) -> tuple[Spec, ...]:
    """The same specs, with a number added to names that occurred before."""
    seen: set[str] = set()
    named = []
    for spec in specs:
        numbered = (f"{spec.name} ({number})" for number in count(2))
        name = next(name for name in chain([spec.name], numbered) if name not in seen)
        seen.add(name)
        named.append(replace(spec, name=name))
    return tuple(named)


def _label(text: str) -> str:
    """`text` without what would break a line or steer a terminal."""
    return "".join(c if c.isprintable() else "?" for c in text)
