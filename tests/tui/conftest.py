"""What several files of tests of the screen take."""

from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from pastruns import NOON

from initscope.core.runs import Store


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Its runs begin a minute after each other, and are called 00, 01, 02 and so on."""
    numbers, times = count(), count()
    monkeypatch.setattr("initscope.core.runs.store.randbits", lambda bits: next(numbers))
    return Store(tmp_path / "runs", now=lambda: NOON + timedelta(minutes=next(times)))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, empty."""
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)
    return place
