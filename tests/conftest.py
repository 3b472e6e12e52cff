"""Tests neither read nor change the settings and the remembered things of whoever runs them."""

import gc
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

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



def pytest_collection_finish() -> None:
    """What is there by now stays: the collector need not look at eight thousand tests again and again."""
    gc.collect()
    gc.freeze()
