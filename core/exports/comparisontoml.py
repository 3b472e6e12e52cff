"""A whole comparison as a TOML file: the options of all lanes at the top, then a [[lane]] table for each lane.

    data = "digits"
    lr = 0.5

    [[lane]]
    init = "rand"

    [[lane]]
    name = "with a small start"
    init = "randn:scale=0.01"

Keys are the names of `spec.OPTIONS`, in a lane also `name`. Numbers may stand with or without quotes; an empty text
is an option's default. Data by a relative path are looked for from the file's folder.
"""

import json
import os
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from initscope.core.comparison import DEFAULT_INITIALIZERS, NAME, Comparison, Options
from initscope.core.datasets.data import CATALOGUE
from initscope.core.datasets.dataname import split_path
from initscope.core.datasets.folders import in_folders
from initscope.core.errors import InputError
from initscope.core.files import read_text
from initscope.core.spec import OPTIONS, Spec
from initscope.core.tomltable import Table, read_toml

LANE = "lane"
MOST_BYTES = 200_000
MOST_LANES = 1000
OPENING = """\
# A comparison of initscope. `initscope run FILE.toml` trains it, `initscope FILE.toml` opens the lab on it;
# options of the command line go before those of this file.
"""
_BARE = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]+)?(e-?[0-9]+)?")
_SUFFIXES = (".npz", ".npy", ".csv", ".gz", ".bin")


def write(comparison: Comparison, file: Path | None = None) -> str:
    """The comparison as TOML, for `read` to give back the same; options that are empty are left out.

    With `file`, relative paths of data are written such that they hold from that file's folder too.
    Raises InputError for texts that are no Unicode, as of names of files.
    """
    top = {key: value for key, value in comparison.options.items() if value}
    blocks = [OPENING, *_lines(top, file)]
    for lane in comparison.lanes:
        blocks += ["\n[[lane]]\n", *_lines(lane, file)]
    return "".join(blocks)


def _lines(options: Options, file: Path | None) -> Iterable[str]:
    """`key = value`, a lane's name and initializer first."""
    for key in sorted(options, key=[NAME, "init", *OPTIONS].index):
        value = options[key]
        if key == "data" and file is not None and not _same_folder(file):
            value = moved(value, os.getcwd())
        yield f"{key} = {_value(key, value)}\n"


def _same_folder(file: Path) -> bool:
    return os.path.abspath(file.parent) == os.getcwd()


def _value(key: str, text: str) -> str:
    """A number as such where reading it gives the same text, else a quoted text."""
    if key != NAME and _BARE.fullmatch(text) and _number_text(tomllib.loads(f"v = {text}")["v"]) == text:
        return text
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise InputError(f"{key} {text!r} is not Unicode text, which TOML needs; give it another name")
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _number_text(value: int | float) -> str:
    return repr(value).removesuffix(".0")


def read(text: str, file: Path) -> Comparison:
    """The comparison that `text`, the content of `file`, describes; without a lane, rand and randn as ever.

    Whether values fit each other and the data shows in `Comparison.specs`. Raises InputError with file, table and key.
    """
    content = _content(text, str(file))
    top = Table(str(file), content, [*OPTIONS, LANE])
    tables = top.tables(LANE)
    if len(tables) > MOST_LANES:
        raise InputError(f"{file}: {len(tables):,} lanes are more than the {MOST_LANES:,} that can be read")
    options = _options(top, file)
    lanes = []
    for number, table in enumerate(tables, 1):
        where = f"{file}: [[{LANE}]] {number}"
        lanes.append(_options(Table(where, _hyphens(table, where), [*OPTIONS, NAME]), file))
    if lanes:
        return Comparison(options, tuple(lanes))
    if init := options.pop("init", ""):
        return Comparison(options, ({"init": init},))
    return Comparison(options, tuple({"init": name} for name in DEFAULT_INITIALIZERS))


def read_path(file: Path) -> Comparison:
    """The comparison of a file. Raises InputError."""
    return read(read_text(file, MOST_BYTES, "the file of a comparison"), file)


def _content(text: str, where: str) -> dict[str, Any]:
    content = read_toml(text, where)
    if {"claim", "expect"} & content.keys():
        raise InputError(f"{where}: is an experiment, not a comparison: initscope experiment {where}")
    return _hyphens(content, where)


def _hyphens(table: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The table by the names of options: `batch_size` is `batch-size`."""
    found: dict[str, Any] = {}
    for key, value in table.items():
        name = key.replace("_", "-")
        if name in found:
            raise InputError(f"{where}: {name} is given twice")
        if isinstance(value, int) and not -(2**63) <= value < 2**63:
            raise InputError(f"{where}: {name} must be a number of 64 bits at most")
        found[name] = value
    return found


def _options(table: Table, file: Path) -> dict[str, str]:
    found = {}
    for key, value in table.content.items():
        if key != LANE:
            text = value if isinstance(value, str) else table.option(key)
            found[key] = moved(text, os.path.dirname(file)) if key == "data" else text
    return found


# Data by relative paths


def moved(name: str, folder: str) -> str:
    """A data set's name, where it is a relative path with `folder` before it. Files may stand beside each other."""
    text = name.strip()
    path, _ = split_path(text)
    if not folder or text.partition(":")[0].strip().lower() in CATALOGUE:
        return name
    pieces = path.split(",") if all(piece.strip().endswith(".npy") for piece in path.split(",")) else [path]
    if not all(_is_relative(piece.strip(), folder) for piece in pieces):
        return name
    return ",".join(os.path.join(folder, piece.strip()) for piece in pieces) + text[len(path) :]


def _is_relative(path: str, folder: str) -> bool:
    """Whether this is a path at all and not the name of something in a data folder."""
    if not path or os.path.isabs(path) or path.startswith("~") or "\0" in path:
        return False
    looks = "/" in path or path.endswith(_SUFFIXES)
    return looks or (in_folders(path) is None and os.path.lexists(os.path.join(folder, path)))


def of_specs(specs: Sequence[Spec]) -> Comparison:
    """A comparison whose `specs` are these: what most of them have as options, what differs in the lanes."""
    every = [spec.options() for spec in specs]
    shared = {key: _shared(key, every) for key in OPTIONS if key != "init"}
    lanes = []
    for spec, options in zip(specs, every, strict=True):
        lane = {"init": options["init"], **{k: v for k, v in options.items() if k != "init" and shared[k] != v}}
        differences = [f"{key}={value}" for key, value in lane.items() if key != "init"]
        if spec.name and spec.name != " ".join([lane["init"], *differences]):
            lane = {NAME: spec.name, **lane}
        lanes.append(lane)
    return Comparison({key: value for key, value in shared.items() if value not in ("", OPTIONS[key])}, tuple(lanes))


def _shared(key: str, every: Sequence[Options]) -> str:
    """The value that most lanes have; of the length of runs what all have, as epochs and steps exclude each other."""
    values = Counter(options.get(key, "") for options in every)
    value, count = values.most_common(1)[0]
    return value if count == len(every) or key not in ("epochs", "steps") else ""
