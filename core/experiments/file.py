"""Reads an experiment from its TOML file. Whatever is wrong is said with the file, the table and the key."""

import re
from collections.abc import Collection, Mapping, ValuesView
from pathlib import Path
from typing import Any

from initscope.core.comparison import NAME
from initscope.core.errors import InputError, unknown
from initscope.core.experiments.experiment import (
    HIDDEN,
    KINDS,
    OUTPUT,
    REDUCTIONS,
    WHEN,
    Expectation,
    Experiment,
    Setting,
)
from initscope.core.experiments.measurable import Measure
from initscope.core.experiments.measures import MEASURABLE
from initscope.core.experiments.samplemeasures import SAMPLE_MEASURES, SAMPLE_OPTIONS
from initscope.core.files import read_text
from initscope.core.spec import OPTIONS
from initscope.core.tomltable import Table, read_toml

MOST_BYTES = 200_000
MOST_SEEDS = 1000
MOST_LANES = 40
MOST_LEVELS = 5
"""Of tables and lists within each other: lists in tables in a list make four."""
_NUMBER = re.compile(r"([-+]?[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]{1,4})?) *%?(?: *±.*)?")
"""`88.3`, `88.3 %` and `88.3 ± 4.7` are numbers."""
KEYS = ("question", "claim", "source", "notes", "kind", "seeds", "every", "data_help", "options", "lanes", "expect")
EXPECT_KEYS = (
    "text", "lane", "measure", "layer", "at", "reference", "low", "high", "within", "within_percent", "digits",
    "above_lane", "below_lane", "equals_lane", "factor", "difference", "seeds", "seed", "anywhere",
)  # fmt: skip


def read(name: str, text: str, where: str) -> Experiment:
    """The experiment that `text` describes; `where` is what its file is called. Raises InputError."""
    content = _content(text, where)
    top = Table(where, content, KEYS)
    kind = top.choice("kind", KINDS, KINDS[0])
    lanes, options = _lanes(top, where, kind), _options(top, where, kind)
    names = tuple(lane[NAME] for lane in lanes)
    seeds = _seeds(top)
    made = []
    for number, entry in enumerate(top.tables("expect"), 1):
        made.append(_expectation(f"{where}: [[expect]] {number}", entry, kind, names, seeds))
    every = top.whole("every", 1, 10**9) if "every" in content else None
    if kind == "sample" and (every or "data_help" in content):
        raise InputError(f"{where}: 'every' and 'data_help' are for what trains, and this is of kind 'sample'")
    return Experiment(
        name=name,
        question=top.text("question"),
        claim=top.text("claim"),
        source=top.text("source"),
        kind=kind,
        lanes=lanes,
        expectations=tuple(made),
        options=options,
        seeds=seeds,
        every=every,
        notes=top.text("notes", ""),
        data_help=top.text("data_help", ""),
    )


def _content(text: str, where: str) -> dict[str, Any]:
    """What the TOML holds. Raises InputError, also for whole numbers that TOML has no room for, and for mazes."""
    content = read_toml(text, where)
    level: list[Any] = [content]
    for _ in range(MOST_LEVELS):
        if any(isinstance(value, int) and not -(2**63) <= value < 2**63 for value in level):
            raise InputError(f"{where}: not TOML: a whole number of more than 64 bits")
        inner = [value.values() if isinstance(value, dict) else value for value in level]
        level = [one for values in inner if isinstance(values, list | ValuesView) for one in values]
    if level:
        raise InputError(f"{where}: its tables are nested too deeply")
    return content


def read_path(path: Path) -> Experiment:
    """The experiment of a file. Raises InputError."""
    text = read_text(path, MOST_BYTES, "an experiment's file")
    return read(path.name.removesuffix(".toml"), text, str(path))


def _seeds(top: Table) -> tuple[int, ...]:
    """From a count, or a list of seeds."""
    given = top.content.get("seeds", 1)
    if isinstance(given, list):
        right = all(isinstance(seed, int) and not isinstance(seed, bool) and 0 <= seed < 2**63 for seed in given)
        if right and 0 < len(given) == len(set(given)) <= MOST_SEEDS:
            return tuple(given)
        raise top.wrong("seeds", "a count, or a list of different whole numbers such as [1, 2, 3]")
    return tuple(range(top.whole("seeds", 1, MOST_SEEDS, 1)))


def _known_options(kind: str) -> Collection[str]:
    return [key for key in OPTIONS if key != "seed"] if kind == "train" else list(SAMPLE_OPTIONS)


def _options(top: Table, where: str, kind: str) -> dict[str, str]:
    table = Table(f"{where}: [options]", top.table("options"), _known_options(kind))
    return {key: table.option(key) for key in table.content}


def _lanes(top: Table, where: str, kind: str) -> tuple[Mapping[str, str], ...]:
    found: list[Mapping[str, str]] = []
    for number, content in enumerate(top.tables("lanes"), 1):
        table = Table(f"{where}: [[lanes]] {number}", content, [NAME, *_known_options(kind)])
        name = table.text(NAME)
        if not name.strip() or not name.isprintable():
            raise table.wrong(NAME, "a name that can be printed")
        if name in {lane[NAME] for lane in found}:
            raise InputError(f"{table.where}: there is a lane '{name}' already; give it another name")
        found.append({NAME: name, **{key: table.option(key) for key in content if key != NAME}})
    if not found:
        raise InputError(f'{where}: has no [[lanes]]; each says what to run: name = "he" and init = "he_normal"')
    if len(found) > MOST_LANES:
        raise InputError(f"{where}: {len(found)} lanes are too many, at most {MOST_LANES}")
    return tuple(found)


def _expectation(
    where: str, content: Mapping[str, Any], kind: str, names: tuple[str, ...], seeds: tuple[int, ...]
) -> Expectation:
    measures: Mapping[str, Measure[Any]] = MEASURABLE if kind == "train" else SAMPLE_MEASURES
    name = content.get("measure")
    settings = measures[name].settings if isinstance(name, str) and name in measures else ()
    table = Table(where, content, [*EXPECT_KEYS, *settings])
    measure = measures[table.choice("measure", measures)]
    _check_keys(table, kind, measure)
    reference, shown = _reference(table)
    made = Expectation(
        text=table.text("text"),
        lanes=_names(table, names),
        measure=measure.name,
        at=_when(table),
        layers=_layers(table) if measure.layered else (),
        settings=_settings(table, measure),
        reference=reference,
        reference_text=shown,
        low=table.number("low"),
        high=table.number("high"),
        within=table.number("within", least=0),
        within_percent=table.number("within_percent", least=0),
        digits=table.whole("digits", 1, 17) if "digits" in content else None,
        above_lane=_lane(table, "above_lane", names),
        below_lane=_lane(table, "below_lane", names),
        equals_lane=_lane(table, "equals_lane", names),
        factor=table.number("factor", 1.0, least=1e-300) or 1.0,
        difference=table.number("difference", 0.0) or 0.0,
        seeds=table.choice("seeds", REDUCTIONS, REDUCTIONS[0]),
        seed=table.whole("seed", 0, 2**63 - 1) if "seed" in content else None,
        anywhere=table.flag("anywhere"),
    )
    _check_sense(table, made, seeds)
    return made


def _check_keys(table: Table, kind: str, measure: Measure[Any]) -> None:
    """Raises InputError for a layer or a time where there is none, or none where one is needed."""
    if measure.layered and "layer" not in table.content:
        raise InputError(f'{table.where}: {measure.name} needs a layer: a number from 1, a list of them, or "{HIDDEN}"')
    if not measure.layered and "layer" in table.content:
        raise InputError(f"{table.where}: {measure.name} is of the whole network and has no layer")
    if kind == "sample" and "at" in table.content:
        raise InputError(f"{table.where}: 'at' is for what trains, and draws do not")


def _check_sense(table: Table, made: Expectation, seeds: tuple[int, ...]) -> None:
    """Raises InputError for keys that do not go together."""
    if made.low is not None and made.high is not None and made.low > made.high:
        raise InputError(f"{table.where}: low is {made.low:g}, which is more than high, {made.high:g}")
    needs_number = made.within is not None or made.within_percent is not None
    if (needs_number or (made.digits is not None and not made.equals_lane)) and not made.reference:
        key = next(key for key in ("within", "within_percent", "digits") if getattr(made, key) is not None)
        raise InputError(f"{table.where}: {key} needs a reference that is a number, or a list of them")
    if len(made.reference) > 1 and (len(made.reference) != len(made.layers) or {HIDDEN} & set(made.layers)):
        raise InputError(f"{table.where}: reference has {len(made.reference)} numbers, layer must list as many layers")
    for key in ("factor", "difference"):
        if key in table.content and not (made.above_lane or made.below_lane):
            raise InputError(f"{table.where}: {key} goes with above_lane or below_lane")
    if made.seed is not None and made.seed not in seeds:
        raise InputError(f"{table.where}: seed {made.seed} is not one of the seeds, {', '.join(map(str, seeds))}")
    if made.seed is not None and "seeds" in table.content:
        raise InputError(f"{table.where}: give either seed or seeds")


def _names(table: Table, names: tuple[str, ...]) -> tuple[str, ...]:
    """One lane, some, or without the key all."""
    given = table.content.get("lane", list(names))
    found = given if isinstance(given, list) else [given]
    if not found or not all(isinstance(name, str) for name in found):
        raise table.wrong("lane", "the name of a lane, or a list of them")
    for name in found:
        if name not in names:
            raise unknown_lane(table.where, "lane", name, names)
    return tuple(found)


def _lane(table: Table, key: str, names: tuple[str, ...]) -> str:
    name = table.text(key, "")
    if key in table.content and name not in names:
        raise unknown_lane(table.where, key, name, names)
    return name


def unknown_lane(where: str, key: str, name: str, names: tuple[str, ...]) -> InputError:
    return InputError(f"{where}: {key}: {unknown('lane', name, names)}")


def _when(table: Table) -> str:
    text = " ".join(table.text("at", "end").split())
    if not WHEN.fullmatch(text):
        raise table.wrong("at", '"start", "end", "epoch 1" or "step 2400"')
    return text


def _layers(table: Table) -> tuple[int | str, ...]:
    given = table.content["layer"]
    found = given if isinstance(given, list) else [given]
    for layer in found:
        number = isinstance(layer, int) and not isinstance(layer, bool) and 1 <= layer <= 10**6
        if not (number or layer in (HIDDEN, OUTPUT)):
            found = []
    if not found:
        raise table.wrong("layer", f'a number from 1, a list of them, "{HIDDEN}" or "{OUTPUT}"')
    return tuple(found)


def _reference(table: Table) -> tuple[tuple[float, ...], str]:
    """As numbers, where it is numbers, and as text."""
    given = table.content.get("reference", [])
    found = given if isinstance(given, list) else [given]
    if len(found) == 1 and isinstance(found[0], str):
        number = _NUMBER.fullmatch(found[0].strip())
        return (float(number[1]),) if number else (), found[0].strip()
    if not all(isinstance(one, int | float) and not isinstance(one, bool) and one == one for one in found):
        raise table.wrong("reference", "a number, a list of numbers, or a text")
    return tuple(map(float, found)), " ".join(f"{one:.17g}" if isinstance(one, int) else repr(one) for one in found)


def _settings(table: Table, measure: Measure[Any]) -> tuple[tuple[str, Setting], ...]:
    found: list[tuple[str, Setting]] = []
    for key, default in measure.settings.items():
        if isinstance(default, str):
            found.append((key, table.choice(key, measure.choices[key], default)))
        else:
            value = table.number(key, default)
            assert value is not None
            found.append((key, value))
    return tuple(found)
