"""Edits of a comparison as the setup screen makes them: text in, a new comparison out, or an InputError."""

import shlex
from collections.abc import Mapping
from dataclasses import replace

from initscope.core.activations import activation
from initscope.core.architecture import Architecture
from initscope.core.catalogue import read_parameters, split_call, write_call
from initscope.core.comparison import NAME, Comparison, Options, read_lane
from initscope.core.datasets.data import CATALOGUE, Dataset
from initscope.core.errors import InputError, unknown
from initscope.core.initialization.initializers import initializer
from initscope.core.losses import loss
from initscope.core.optimizers import optimizer
from initscope.core.rates import schedule
from initscope.core.spec import DTYPES, OPTIONS, SAME, Spec, read

MAX_LANES = 20
RIVALS = {"epochs": "steps", "steps": "epochs"}
"""Of these only one can be given."""
SUGGESTED = ("rand", "randn", "xavier_normal", "he_normal", "scaled_randn", "xavier_uniform", "zeros", "orthogonal")
"""What a new lane starts with: the first that no lane has yet."""

Datasets = Mapping[str, Dataset]


def canonical(key: str, text: str) -> str:
    """The value of an option in its shortest form; empty for the default. Raises InputError.

    Whether numbers are in range is left to `Comparison.specs`.
    """
    text = text.strip()
    if not text:
        return ""
    match key:
        case "data":
            text = _data_name(text)
        case "arch":
            text = str(Architecture.parse(text))
        case "activation":
            text = str(activation(text))
        case "init":
            text = str(initializer(text))
        case "bias-init":
            text = SAME if text.lower() == SAME else str(initializer(text))
        case "loss":
            text = str(loss(text))
        case "optimizer":
            text = str(optimizer(text))
        case "schedule":
            text = str(schedule(text))
        case "dtype" if text not in DTYPES:
            raise unknown("dtype", text, DTYPES)
    return "" if text == OPTIONS[key] else text


def _data_name(text: str) -> str:
    """A catalogue name with its parameters in the shortest form; a file's name as it is."""
    entry = CATALOGUE.get(text.partition(":")[0].strip().lower())
    if entry is None:
        return text
    values = read_parameters(entry.name, entry.parameters, split_call(text)[1])
    return write_call(entry.name, entry.parameters, values)


def with_option(comparison: Comparison, key: str, text: str) -> Comparison:
    """All lanes' option `key` set to `text`, or to its default if that is empty. Raises InputError."""
    given = {**comparison.options, key: canonical(key, text)}
    if given[key] and key in RIVALS:
        given[RIVALS[key]] = ""
    return replace(comparison, options={name: given[name] for name in OPTIONS if given.get(name)})


def with_lane(comparison: Comparison, index: int, init: str, more: str) -> Comparison:
    """Lane `index` with another initializer and, as `key=value ...`, whatever else it differs in. Raises InputError."""
    differences = read_lane(more) if more.strip() else {}
    if "init" in differences:
        raise InputError(f"init={differences['init']}: the initializer has a line of its own, take it out of this one")
    lane = {"init": canonical("init", init)}
    if not lane["init"]:
        raise InputError("a lane needs an initializer, such as randn")
    for key, value in differences.items():
        lane[key] = value if key == NAME else canonical(key, value) or value
    lanes = list(comparison.lanes)
    lanes[index] = lane
    return replace(comparison, lanes=tuple(lanes))


def differences_text(lane: Options) -> str:
    """What a lane differs in besides its initializer, as one would type it."""
    return " ".join(f"{key}={shlex.quote(value)}" for key, value in lane.items() if key != "init")


def add_lane(comparison: Comparison, after: int) -> Comparison:
    """A new lane behind lane `after`. Raises InputError if there are too many."""
    used = {lane.get("init") for lane in comparison.lanes}
    init = next((name for name in SUGGESTED if name not in used), "randn")
    return _insert(comparison, after, {"init": init})


def duplicate_lane(comparison: Comparison, index: int) -> Comparison:
    """The same lane once more, without its name. Raises InputError if there are too many."""
    copy = {key: value for key, value in comparison.lanes[index].items() if key != NAME}
    return _insert(comparison, index, copy)


def _insert(comparison: Comparison, after: int, lane: Options) -> Comparison:
    if len(comparison.lanes) >= MAX_LANES:
        raise InputError(f"there can be {MAX_LANES} lanes at most: remove one first")
    lanes = [*comparison.lanes[: after + 1], lane, *comparison.lanes[after + 1 :]]
    return replace(comparison, lanes=tuple(lanes))


def remove_lane(comparison: Comparison, index: int) -> Comparison:
    """Without that lane. Raises InputError if it is the last."""
    if len(comparison.lanes) == 1:
        raise InputError("the last lane cannot be removed: edit it, or add another first")
    return replace(comparison, lanes=comparison.lanes[:index] + comparison.lanes[index + 1 :])


def move_lane(comparison: Comparison, index: int, by: int) -> tuple[Comparison, int]:
    """The lane `by` places further down, as far as there are lanes; and where it is now."""
    lanes = list(comparison.lanes)
    place = min(max(index + by, 0), len(lanes) - 1)
    lanes.insert(place, lanes.pop(index))
    return replace(comparison, lanes=tuple(lanes)), place


def missing(comparison: Comparison, datasets: Datasets) -> list[str]:
    """The data sets that must be loaded before `specs` can be asked for."""
    return [name for name in comparison.data_names() if name not in datasets]


def fitted(comparison: Comparison, datasets: Datasets) -> tuple[Comparison, list[str]]:
    """Without the widths and batch sizes that do not fit the data of their lanes; and a sentence about each.

    All data must be there.
    """
    notes = []
    for key in ("arch", "batch-size"):
        text = comparison.options.get(key, "")
        users = [_data(comparison, lane, datasets) for lane in comparison.lanes if key not in lane]
        for wrong in [data for data in users if text and not _fits(key, text, data)][:1]:
            comparison = with_option(comparison, key, "")
            notes.append(f"{key} {text} does not fit {wrong.name}, so it goes back to its default")
        for index, lane in enumerate(comparison.lanes):
            data = _data(comparison, lane, datasets)
            if key in lane and not _fits(key, lane[key], data):
                lanes = list(comparison.lanes)
                lanes[index] = {name: value for name, value in lane.items() if name != key}
                comparison = replace(comparison, lanes=tuple(lanes))
                notes.append(f"{key} {lane[key]} of lane {index + 1} does not fit {data.name}, so it is left out")
    return comparison, notes


def _data(comparison: Comparison, lane: Options, datasets: Datasets) -> Dataset:
    return datasets[lane.get("data") or comparison.options.get("data") or OPTIONS["data"]]


def _fits(key: str, text: str, data: Dataset) -> bool:
    try:
        read({"batch-size": "1", key: text}, data)
    except InputError:
        return False
    return True


def shared_spec(comparison: Comparison, datasets: Datasets) -> Spec | None:
    """What a lane without differences would be; None where no lane is, and it cannot be."""
    data = datasets.get(comparison.options.get("data") or OPTIONS["data"])
    try:
        return read(comparison.options, data) if data else None
    except InputError:
        return None


def lane_specs(comparison: Comparison, datasets: Datasets) -> tuple[Spec, ...]:
    """The lanes' specs, or none if they cannot be built."""
    try:
        return () if missing(comparison, datasets) else comparison.specs(datasets)
    except InputError:
        return ()


def settled(before: Comparison, after: Comparison, datasets: Datasets) -> tuple[Comparison, list[str]]:
    """`after` as it can be built, with a sentence about all that had to give way to other data.

    All data must be there. Raises InputError if it cannot be built.
    """
    notes: list[str] = []
    if after.options.get("data") != before.options.get("data"):
        after, notes = fitted(after, datasets)
    after.specs(datasets)
    return after, notes
