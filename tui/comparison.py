"""From a command line to the comparison it asks for, with its data."""

import argparse

from initscope.core.comparison import Comparison
from initscope.core.datasets.data import Dataset, load
from initscope.tui.options import run_options


def read_comparison(arguments: argparse.Namespace) -> tuple[Comparison, dict[str, Dataset]]:
    """The comparison, and its data by the names it uses for them. Raises InputError."""
    comparison = Comparison.in_order(run_options(arguments), arguments.lanes)
    return comparison, {name: load(name) for name in comparison.data_names()}
