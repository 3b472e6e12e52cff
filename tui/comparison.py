"""From a command line to the specs and data of a comparison."""

import argparse

from initscope.core.data import Dataset, load
from initscope.core.spec import OPTIONS, Spec, read_lane, read_lanes
from initscope.tui.options import run_options


def read_comparison(arguments: argparse.Namespace) -> tuple[tuple[Spec, ...], dict[str, Dataset]]:
    """The lanes that the options ask for, and the data of each by name. Raises InputError."""
    options = run_options(arguments)
    asked = [options.get("data") or OPTIONS["data"]]
    asked += [lane["data"] for lane in map(read_lane, arguments.lane) if "data" in lane]
    datasets = {name: load(name) for name in dict.fromkeys(asked)}
    specs = read_lanes(options, arguments.init, arguments.lane, datasets)
    return specs, {dataset.name: dataset for dataset in datasets.values()}
