"""The recorder: what is saved when, what that costs training, and how a run ends."""

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from savedruns import DATA, Clock, advance, comparison, ended, recorder, settle, trainer

from initscope.core.checkpoint import Checkpoint, restore
from initscope.core.diagnosis import lane_verdict
from initscope.core.errors import InputError
from initscope.core.runs import Recorder, RunFolder, Store, arrayfile, past
from initscope.core.runs import recorder as module
from initscope.core.runs.summary import summarize


@pytest.fixture
def steps_saved(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The step of every state that was written."""
    found: list[int] = []
    write = RunFolder.save_state

    def noting(folder: RunFolder, checkpoint: Checkpoint) -> None:
        write(folder, checkpoint)
        found.append(checkpoint.step)

    monkeypatch.setattr(RunFolder, "save_state", noting)
    return found


def test_nothing_is_on_the_disk_before_the_first_step(tmp_path: Path, clock: Clock) -> None:
    recording, made = recorder(tmp_path / "runs", clock)
    recording.tick(made)
    recording.close(made, "stopped")
    assert recording.run is None
    assert not (tmp_path / "runs").exists()


def test_a_state_is_saved_every_second_and_only_where_there_is_a_new_one(
    tmp_path: Path, clock: Clock, steps_saved: list[int]
) -> None:
    recording, made = recorder(tmp_path, clock)
    for _ in range(150):
        advance(made, 1)
        recording.tick(made)
        settle(recording)
        clock.pass_by(1 / 32)
    assert steps_saved == [1, 33, 65, 97, 129]
    clock.pass_by(10)
    recording.tick(made)
    clock.pass_by(10)
    recording.tick(made)
    settle(recording)
    assert steps_saved == [1, 33, 65, 97, 129, 150]
    info = Store(tmp_path).find("last")
    assert info.in_progress
    assert info.summary is not None
    assert (info.summary.step, info.summary.status, info.checkpoint().step) == (150, "training", 150)
    recording.close(made, "stopped")


def test_training_does_not_wait_for_the_disk(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch, steps_saved: list[int]
) -> None:
    hangs = threading.Event()
    write = RunFolder.save_state
    monkeypatch.setattr(RunFolder, "save_state", lambda *given: (hangs.wait(20), write(*given)))
    recording, made = recorder(tmp_path, clock)
    for _ in range(100):
        advance(made, 1)
        recording.tick(made)
        clock.pass_by(0.5)
    assert made.step == 100
    assert steps_saved == []
    hangs.set()
    settle(recording)
    assert steps_saved == [1]
    recording.tick(made)
    settle(recording)
    assert steps_saved == [1, 100]
    recording.close(made, "stopped")


def test_saving_takes_a_twentieth_of_the_time_at_most(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch, steps_saved: list[int]
) -> None:
    copy = module.capture

    def slow(made: Any) -> Checkpoint:
        clock.pass_by(0.3)
        return copy(made)

    monkeypatch.setattr(module, "capture", slow)
    recording, made = recorder(tmp_path, clock)
    began = clock()
    while clock() < began + 60:
        advance(made, 1)
        recording.tick(made)
        settle(recording)
        clock.pass_by(0.2)
    assert 8 <= len(steps_saved) <= 11  # 0.3 s each and what writing takes: every 6 s, and a bit more
    recording.close(made, "stopped")


def test_jumps_of_the_clock_neither_stop_nor_flood_saving(
    tmp_path: Path, clock: Clock, steps_saved: list[int]
) -> None:
    recording, made = recorder(tmp_path, clock)
    for jump in (0.0, 86_400.0, -86_400.0 * 3, 0.02, 0.02):
        clock.pass_by(jump)
        advance(made, 1)
        recording.tick(made)
        settle(recording)
    assert steps_saved == [1, 2, 3]
    recording.close(made, "stopped")


def test_training_is_the_same_to_the_bit_with_a_recorder(tmp_path: Path, clock: Clock) -> None:
    recording, made = recorder(tmp_path, clock)
    alone = trainer(comparison())
    for _ in range(30):
        advance(made, 3)
        recording.tick(made)
        advance(alone, 3)
        clock.pass_by(0.7)
    recording.close(made, "stopped")
    for one, two in zip(made.ensembles, alone.ensembles, strict=True):
        np.testing.assert_array_equal(one.network.parameters, two.network.parameters)
    for one_lane, two_lane in zip(made.lanes, alone.lanes, strict=True):
        np.testing.assert_array_equal(one_lane.probes.value, two_lane.probes.value)


@pytest.mark.parametrize("given", [True, False])
def test_how_a_run_ended_is_said_and_the_lock_let_go(tmp_path: Path, clock: Clock, given: bool) -> None:
    recording, made = recorder(tmp_path, clock)
    advance(made, 3)
    recording.tick(made)
    settle(recording)
    advance(made, 4)
    verdicts = [lane_verdict(lane, DATA["digits"]) for lane in made.snapshot().lanes]
    recording.judged(verdicts)
    recording.close(made if given else None, "finished")
    recording.close(made, "again")
    recording.tick(made)
    info = Store(tmp_path).find("last")
    assert (info.status, info.in_progress, recording.trouble) == ("finished", False, "")
    assert info.checkpoint().step == (7 if given else 3)
    assert info.summary is not None
    assert [lane.words for lane in info.summary.lanes] == [verdict.words for verdict in verdicts]
    assert [one and one["words"] for one in info.findings()] == [verdict.words for verdict in verdicts]
    with pytest.raises(ValueError, match="1 verdicts for 2 lanes"):
        recording.judged(verdicts[:1])


def test_a_run_makes_room_for_its_own_state(tmp_path: Path, clock: Clock) -> None:
    store, asked = Store(tmp_path, 60_000), comparison()
    old = [ended(store, size=20_000) for _ in range(2)]
    recording, made = Recorder(store, asked, DATA, "lab", clock=clock), trainer(asked)
    advance(made, 3)
    recording.tick(made)
    settle(recording)
    assert recording.run
    assert 20_000 < store.info(recording.run.id).bytes < 40_000
    assert [run.id for run in store.runs()] == [recording.run.id, old[1].id]
    recording.close(made, "interrupted")


@pytest.mark.parametrize("said", ["training", "interrupted"])
def test_a_run_that_was_killed_after_its_last_step_has_ended(tmp_path: Path, said: str) -> None:
    made = trainer(comparison(steps="5"))
    advance(made, 5)
    folder = Store(tmp_path).create(comparison(steps="5"), DATA, "run")
    folder.save_summary(summarize(made, said))
    assert Store(tmp_path).find("last").status == said
    folder.release()
    assert Store(tmp_path).find("last").status == "finished"


def test_weights_in_the_place_of_others_are_refused(tmp_path: Path, clock: Clock) -> None:
    recording, made = recorder(tmp_path, clock)
    for _ in range(3):
        advance(made, 5)
        clock.pass_by(2)
        recording.tick(made)
        settle(recording)
    recording.close(made, "interrupted")
    info = Store(tmp_path).find("last")
    first, second = info.weight_steps()[:2]
    weights = info.weights(second)
    (info.path / "weights" / f"{first}.npz").rename(info.path / "weights" / f"{second}.npz")
    with pytest.raises(InputError, match=rf"{second}\.npz: damaged: it holds the weights of step {first}"):
        info.weights(second)
    weights["lane0/layer1/weights"] = weights["lane0/layer1/weights"].T
    arrayfile.write(info.path / "weights" / f"{second}.npz", {"step": second}, weights)
    with pytest.raises(InputError, match=r"lane 1, layer 1: damaged: shape \(64, 8\) instead of \(8, 64\)"):
        past.load(info).weights()


def test_a_pause_is_saved_at_once(tmp_path: Path, clock: Clock) -> None:
    recording, made = recorder(tmp_path, clock)
    assert not recording.save(made, "paused")
    advance(made, 3)
    recording.tick(made)
    advance(made, 1)
    assert recording.save(made, "paused")
    assert recording.save(made, "paused")
    info = Store(tmp_path).find("last")
    assert (info.status, info.checkpoint().step) == ("paused", 4)
    recording.close(None, "paused")
    assert Store(tmp_path).find("last").status == "interrupted"


def test_a_disk_that_hangs_does_not_keep_the_program(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs = threading.Event()
    monkeypatch.setattr(RunFolder, "save_state", lambda *given: hangs.wait(20))
    recording, made = recorder(tmp_path, clock)
    advance(made, 3)
    recording.tick(made)
    recording.close(made, "stopped", wait=0.05)
    assert "did not answer within 0.05 s" in recording.trouble
    hangs.set()
    settle(recording)


def test_a_run_goes_on_in_its_folder(tmp_path: Path, clock: Clock) -> None:
    recording, made = recorder(tmp_path, clock)
    for _ in range(40):
        advance(made, 1)
        recording.tick(made)
        settle(recording)
        clock.pass_by(0.5)
    recording.close(None, "stopped")
    store = Store(tmp_path)
    info = store.find("last")
    before = info.weight_steps()
    other = trainer(comparison())
    restore(other, info.checkpoint())
    again = Recorder(store, comparison(), DATA, "lab", folder=store.reopen(info.id), clock=clock)
    advance(other, 100)
    again.tick(other)
    again.close(other, "stopped")
    (info,) = store.runs()
    assert info.weight_steps() == [*before, other.step]
    assert info.checkpoint().step == other.step
    assert info.sound().comparison == comparison()


def test_a_run_whose_folder_somebody_deleted_is_saved_as_another(tmp_path: Path, clock: Clock) -> None:
    recording, made = recorder(tmp_path, clock)
    advance(made, 3)
    recording.judged([lane_verdict(lane, DATA["digits"]) for lane in made.snapshot().lanes])
    recording.tick(made)
    settle(recording)
    first = recording.run
    assert first is not None
    findings = Store(tmp_path).find("last").findings()
    for path in sorted(first.path.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    first.path.rmdir()
    advance(made, 3)
    clock.pass_by(2)
    recording.tick(made)
    recording.close(made, "stopped")
    (info,) = Store(tmp_path).runs()
    assert info.checkpoint().step == 6
    assert info.findings() == findings != []
    assert recording.trouble == ""
