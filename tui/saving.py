"""Where runs are kept: as the command line, the environment or the settings say."""

import argparse
import os
from dataclasses import dataclass

from initscope.core.checkpoint import Checkpoint
from initscope.core.errors import InputError
from initscope.core.runs import RunFolder, Store, runs_folder
from initscope.core.runs.places import VARIABLE
from initscope.core.runs.store import LIMIT
from initscope.tui.config import Config


@dataclass(frozen=True)
class Resumed:
    """A saved run to go on with: locked by this process, and its newest state; None for one that has none yet."""

    folder: RunFolder
    saved: Checkpoint | None


def take_up(store: Store, run_id: str) -> Resumed:
    """Lock a run, and only then read its state: whoever had it before may have saved until the end.

    Raises InputError where it is in progress or damaged.
    """
    folder = store.reopen(run_id)
    try:
        run = store.info(run_id)
        return Resumed(folder, run.checkpoint() if run.has_state else None)
    except BaseException:
        folder.release()
        raise


def add_store_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--runs", metavar="DIR", help="where runs are kept (default: the user's state folder)")


def open_store(given: str | None, config: Config) -> Store:
    """`given` is what --runs says. Raises InputError for what is no folder."""
    limit = config.runs_limit or LIMIT
    if given and os.path.lexists(folder := runs_folder(given)) and not folder.is_dir():
        raise InputError(f"--runs {given}: is not a folder; name one that is there, or one to make")
    if config.runs_folder and not given and not os.environ.get(VARIABLE):
        return Store(config.runs_folder, limit)
    return Store(runs_folder(given), limit)
