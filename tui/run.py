"""`initscope run`: train without a screen, then say what came of it."""

import argparse
import sys

from initscope.core.errors import InputError
from initscope.core.runs import Recorder
from initscope.tui import background
from initscope.tui.comparison import read_comparison
from initscope.tui.config import read_config
from initscope.tui.headless import Job, execute
from initscope.tui.reports import read_reports
from initscope.tui.saving import open_store


def run(arguments: argparse.Namespace) -> int:
    """Returns the exit code: 0, or 128 and the signal that ended the run early."""
    comparison, datasets = read_comparison(arguments)
    comparison.specs(datasets)
    reports = read_reports(arguments.report, len(comparison.lanes))
    if arguments.runs and not (arguments.save or arguments.detach):
        raise InputError("--runs says where the run is kept: add --save or --detach, or leave --runs out")
    store = open_store(arguments.runs, read_config()) if arguments.save or arguments.detach else None
    if store and arguments.detach:
        if arguments.json or reports:
            flag = "--report" if reports else "--json"
            raise InputError(f"--detach {flag}: the run ends later; then initscope runs export writes the same")
        run_id = background.begin(store, comparison, datasets)
        print(background.words(run_id, sys.stdout.isatty()))
        return 0
    recorder = Recorder(store, comparison, datasets, "run") if store else None
    return execute(Job(comparison, datasets, recorder, reports=reports), arguments.json, arguments.plain)
