"""Training that goes on without the terminal: a process of its own session, which a viewer can find by its run."""

import os
import subprocess
import sys
from collections.abc import Mapping
from time import monotonic, sleep

from initscope.core import faults
from initscope.core.comparison import Comparison
from initscope.core.datasets.data import Dataset
from initscope.core.errors import InputError
from initscope.core.runs import RunInfo, Store

LOG = "log.txt"
"""What the process prints, in its run's folder."""
START = 30.0
"""Seconds that the process may take to take up its run: importing and loading data on a busy machine."""
NAP = 0.02


def begin(store: Store, comparison: Comparison, datasets: Mapping[str, Dataset]) -> str:
    """Begin a new run in the background; returns its id. Raises InputError where that fails."""
    folder = store.create(comparison, datasets, "run")
    folder.release()
    go_on(store, store.info(folder.id))
    return folder.id


def go_on(store: Store, run: RunInfo) -> None:
    """Go on with a run in the background. Raises InputError where that fails."""
    # -P: modules that lie in the working folder are not ours. The folder stays, as relative paths in the environment
    # are meant from it.
    python = [sys.executable, "-P", "-m", "initscope.tui"]
    words = [*python, "runs", "resume", run.id, "--plain", "--runs", os.path.abspath(store.root)]
    try:
        with open(run.path / LOG, "ab") as log:
            child = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    except OSError as error:
        raise InputError(f"run {run.id} cannot be begun in the background: {faults.words(error)}") from None
    deadline = monotonic() + START
    while not store.info(run.id).in_progress:
        if child.poll() == 0:  # so short that it has ended already
            return
        if child.poll() is not None or monotonic() > deadline:
            child.kill()  # or it would begin after all, when the person has been told otherwise
            raise InputError(f"run {run.id} did not start in the background: {_last_line(run)}")
        sleep(NAP)


def words(run_id: str, person: bool) -> str:
    """What to print: for a person how to see it again, for a script the id alone."""
    if not person:
        return run_id
    return f"run {run_id} trains in the background\n  initscope attach {run_id}   shows it, and can pause or stop it"


def _last_line(run: RunInfo) -> str:
    try:
        lines = (run.path / LOG).read_text(encoding="utf-8", errors="replace").strip().splitlines()
    except OSError:
        lines = []
    return lines[-1].removeprefix("initscope: ") if lines else "it said nothing"
