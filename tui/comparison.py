"""From a command line to the comparison it asks for, with its data."""

import argparse
from dataclasses import replace
from pathlib import Path

from initscope.core.comparison import Comparison
from initscope.core.datasets.data import Dataset, load
from initscope.core.errors import InputError
from initscope.tui.edits import RIVALS
from initscope.tui.options import DEFAULT_DATA, run_options


def read_comparison(arguments: argparse.Namespace) -> tuple[Comparison, dict[str, Dataset]]:
    """The comparison, and its data by the names it uses for them. Raises InputError."""
    file = getattr(arguments, "file", "")
    if file:
        return _of_file(file, arguments)
    comparison = Comparison.in_order(run_options(arguments), arguments.lanes)
    return comparison, _load(comparison)


def _load(comparison: Comparison) -> dict[str, Dataset]:
    return {name: load(name) for name in comparison.data_names()}


def _of_file(file: str, arguments: argparse.Namespace) -> tuple[Comparison, dict[str, Dataset]]:
    """What a file asks for and what was given besides; whatever is wrong with it is said of the file."""
    comparison = of_file(file, arguments)
    try:
        datasets = _load(comparison)
        comparison.specs(datasets)
    except InputError as error:
        raise InputError(f"{file}: {_lane_at_fault(comparison)}{error}") from None
    return comparison, datasets


def of_file(file: str, arguments: argparse.Namespace) -> Comparison:
    """What a file asks for, with what was given besides in its place; data are not loaded. Raises InputError."""
    from initscope.core.exports.comparisontoml import read_path

    return _given_first(read_path(Path(file)), arguments)


def _lane_at_fault(comparison: Comparison) -> str:
    """`[[lane]] 2: ` where that lane is wrong and another is not."""
    wrong = []
    for number, lane in enumerate(comparison.lanes, 1):
        try:
            alone = replace(comparison, lanes=(lane,))
            alone.specs(_load(alone))
        except InputError:
            wrong.append(number)
    return f"[[lane]] {wrong[0]}: " if 0 < len(wrong) < len(comparison.lanes) else ""


def _given_first(written: Comparison, arguments: argparse.Namespace) -> Comparison:
    """A file's comparison with the options of the command line in the place of its own."""
    given = run_options(arguments, written.options.get("data") or DEFAULT_DATA)
    gone = {RIVALS[key] for key in given if key in RIVALS and RIVALS[key] not in given}
    options = {key: value for key, value in written.options.items() if key not in gone} | given
    if arguments.lanes:
        return Comparison.in_order(options, arguments.lanes)
    return replace(written, options=options)
