"""`initscope attach`: shows a run that trains in another process, live, and can pause and stop it."""

import argparse
from typing import Any

from initscope.core.comparison import Comparison
from initscope.core.datasets.data import Dataset
from initscope.core.errors import InputError
from initscope.core.runs import RunInfo, Store
from initscope.tui.app import LabApp, terminal_trouble
from initscope.tui.config import read_config
from initscope.tui.lab import need_terminal, settings, show
from initscope.tui.options import SLOW_HELP
from initscope.tui.remembered import memory
from initscope.tui.saving import Resumed, add_store_option, open_store

DESCRIPTION = """\
Show a run that trains in another process: one that was begun with --detach, or
that somebody trains with initscope run --save. Leaving the lab leaves it training.
"""


def parser(parser_class: type[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """The parser of what follows `initscope attach`."""
    made = parser_class(
        prog="initscope attach",
        description=DESCRIPTION,
    )
    made.add_argument("run", metavar="RUN", nargs="?", default="", help="its id or a part of it (default: the newest)")
    made.add_argument("--no-mouse", action="store_true", help="leave the mouse to the terminal")
    made.add_argument("--slow", action="store_true", help=SLOW_HELP)
    add_store_option(made)
    return made


def attach_command(arguments: argparse.Namespace) -> int:
    """Returns the exit code."""
    store = open_store(arguments.runs, read_config())
    run = _wanted(store, arguments.run)
    trouble = terminal_trouble()
    if trouble:
        raise InputError(f"{trouble}, which the lab needs; initscope runs show {run.id} tells how far it is")
    return attach(store, run, arguments.no_mouse, arguments.slow)


def attach(store: Store, run: RunInfo, no_mouse: bool, slow: bool) -> int:
    """Show it until the person leaves. Returns the exit code."""
    config = settings(slow)
    described = run.sound()

    def prepare() -> tuple[Any, ...]:
        from initscope.tui.following import Following

        return described.comparison, described.load_datasets(), Following(store, run)

    app = LabApp(prepare, "", config, memory(), lambda: store)
    return show(app, mouse=config.mouse and not no_mouse)


def open_resumed(store: Store, comparison: Comparison, datasets: dict[str, Dataset], resumed: Resumed) -> int:
    """The lab on a saved run, paused where it was. Returns the exit code."""
    need_terminal()
    config = read_config()
    app = LabApp(lambda: (comparison, datasets, None, resumed), "", config, memory(), lambda: store)
    return show(app, mouse=config.mouse)


def _wanted(store: Store, text: str) -> RunInfo:
    if text:
        run = store.find(text)
        if not run.in_progress:
            ended = run.summary and run.summary.ended
            verb, what = ("show", "tells what came of it") if ended else ("resume", "--lab opens it")
            raise InputError(f"run {run.id} is not in progress ({run.status}): initscope runs {verb} {run.id} {what}")
        return run
    found = next((run for run in store.runs() if run.in_progress), None)
    if found is None:
        raise InputError("no run is in progress: initscope run --detach begins one, initscope runs list shows all")
    return found
