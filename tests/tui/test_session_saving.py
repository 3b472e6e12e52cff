"""What the training thread saves of its lanes, and what a session shows that follows another process."""

import threading
from pathlib import Path
from time import sleep

import numpy as np
import pytest
from sessions import BOUND, DATA, after, wait_for

from initscope.core.checkpoint import Checkpoint
from initscope.core.comparison import Comparison
from initscope.core.runs import Recorder, RunInfo, Store
from initscope.core.training import Trainer
from initscope.tui import following
from initscope.tui.following import Following
from initscope.tui.session import Session


def recorded(root: Path, options: dict[str, str]) -> Session:
    """A session whose lanes are loaded and saved in a store at `root`."""
    comparison = Comparison.of(options, ["rand", "randn"], [])
    session = Session()
    session.load(comparison.specs(DATA), DATA, 0, lambda: Recorder(Store(root), comparison, DATA, "lab"))
    after(session, lambda s: True)
    return session


def test_lanes_that_broke_off_within_a_step_are_not_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first had made its step, the second had not: to go on from there would make one step twice."""
    session = recorded(tmp_path, {"optimizer": "adam", "steps": "1000"})
    session.advance(10)
    after(session, lambda s: s.step == 10)
    wait_for(lambda: session.run_id and Store(tmp_path).find("last").summary is not None)
    expected = Store(tmp_path).find("last").checkpoint()

    def breaking(trainer: Trainer, last: bool) -> None:
        ensemble = trainer.ensembles[0]
        ensemble.step(trainer.step, *ensemble.batches.at(trainer.step), last)
        raise MemoryError

    monkeypatch.setattr(Trainer, "_step_once", breaking)
    session.play()
    wait_for(lambda: session.error is not None)
    session.close(BOUND)
    found = Store(tmp_path).find("last")
    assert (found.status, found.in_progress, found.checkpoint().step) == ("interrupted", False, expected.step)
    for name, array in found.checkpoint().arrays.items():
        np.testing.assert_array_equal(array, expected.arrays[name], err_msg=name)


def test_closing_waits_for_a_long_step_to_save_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = recorded(tmp_path, {"steps": "1000"})
    step, begun = Trainer._step_once, threading.Event()

    def slow(trainer: Trainer, last: bool) -> None:
        begun.set()
        sleep(0.3)
        step(trainer, last)

    monkeypatch.setattr(Trainer, "_step_once", slow)
    session.play()
    assert begun.wait(BOUND)
    session.close(timeout=0.01)
    assert Store(tmp_path).find("last").checkpoint().step == 1


def test_a_damaged_state_is_looked_at_once_and_what_was_shown_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = recorded(tmp_path, {"steps": "1000"})
    session.advance(7)
    after(session, lambda s: s.step == 7)
    session.close(BOUND)
    store, read, reads = Store(tmp_path), RunInfo.checkpoint, []

    def noting(run: RunInfo) -> Checkpoint:
        reads.append(run.id)
        return read(run)

    monkeypatch.setattr(RunInfo, "checkpoint", noting)
    monkeypatch.setattr(following, "LOOK_EVERY", 0.01)
    run = store.find("last")
    shown = Following(store, run)
    shown.load(run.sound().comparison.specs(DATA), DATA, 0)
    after(shown, lambda s: s.step == 7)
    (run.path / "state.npz").write_bytes(b"damaged")
    wait_for(lambda: len(reads) == 2)
    sleep(0.1)
    assert len(reads) == 2
    assert shown.snapshot is not None
    assert shown.snapshot.step == 7
    shown.close(BOUND)
    assert shown.error is None
