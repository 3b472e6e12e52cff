"""Tests neither read nor change the settings and the remembered things of whoever runs them."""

import gc
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from threadpoolctl import threadpool_limits

FOLDERS = ("XDG_CONFIG_HOME", "XDG_STATE_HOME")
NAMED = ("INITSCOPE_CONFIG", "INITSCOPE_RUNS")


def pytest_configure(config: pytest.Config) -> None:
    """Before the tests are imported: some of them copy the environment at once."""
    home = TemporaryDirectory(prefix="initscope-tests-")
    config.add_cleanup(home.cleanup)
    for name in FOLDERS:
        os.environ[name] = str(Path(home.name) / name.lower())
    for name in NAMED:
        os.environ.pop(name, None)
    if sys.dont_write_bytecode:  # nothing is written beside the sources then, nor compiled anew by every process
        sys.dont_write_bytecode, sys.pycache_prefix = False, str(config.rootpath / ".pytest_cache" / "bytecode")
        os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix
        del os.environ["PYTHONDONTWRITEBYTECODE"]


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: those that wait for a terminal leave theirs idle."""
    return len(os.sched_getaffinity(0)) + 1 if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1) + 1


def pytest_collection_finish() -> None:
    """What makes all tests faster, once everything is imported."""
    # As in the command itself: threads of two workers are in each other's way, small products take ten times as much.
    threadpool_limits(1, user_api="blas")
    # What is there by now stays: the collector need not look at eight thousand tests again and again, nor so often.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000)
