"""`initscope`: checks that there is a terminal and opens the lab in it."""

import argparse
import logging
import sys
from typing import Any

from initscope.core.errors import InputError
from initscope.tui.app import BAD_INPUT, LabApp, terminal_trouble
from initscope.tui.options import run_options


def open_lab(arguments: argparse.Namespace, first: str = "") -> int:
    """`first` names an action of the lab that is to be done at once, such as "sample".

    Returns the exit code: 0, 2 for bad input or no terminal, 128 and the signal that ended it."""
    trouble = terminal_trouble()
    if trouble:
        raise InputError(f"{trouble}, which the lab needs; `initscope run` does the same without a screen")

    def prepare() -> tuple[Any, Any]:
        from initscope.tui.comparison import read_comparison

        comparison, datasets = read_comparison(arguments)
        comparison.specs(datasets)
        return comparison, datasets

    if run_options(arguments) or arguments.lanes:
        prepared = prepare()  # what was typed is checked before the screen is taken
        app = LabApp(lambda: prepared, first)
    else:
        app = LabApp(prepare, first)
    # Warnings from the training thread would be written across the screen.
    logging.captureWarnings(True)
    logging.getLogger("py.warnings").addHandler(logging.NullHandler())
    app.run()
    if app.complaint:
        print(f"initscope: {app.complaint}", file=sys.stderr)
        return BAD_INPUT
    return app.return_code or 0
