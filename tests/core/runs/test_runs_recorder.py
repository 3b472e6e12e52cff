"""The recorder: what is saved when, what that costs training, and how a run ends."""

import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from savedruns import DATA, Clock, advance, comparison, recorder, settle, trainer

from initscope.core.checkpoint import Checkpoint, restore
from initscope.core.diagnosis import lane_verdict
from initscope.core.runs import Recorder, RunFolder, Store
from initscope.core.runs import recorder as module
from initscope.core.runs.weightplan import WeightPlan


@pytest.fixture
def clock() -> Clock:
    return Clock()


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


# Weights at a schedule


def test_weights_are_those_of_their_step(tmp_path: Path, clock: Clock) -> None:
    recording, made = recorder(tmp_path, clock)
    start = [[weights.copy() for weights, _ in lane.start] for lane in made.lanes]
    seen: dict[int, list[np.ndarray]] = {}
    for _ in range(80):
        advance(made, 1)
        seen[made.step] = [layer.weights.copy() for layer in made.ensembles[0].network.weighted]
        recording.tick(made)
        settle(recording)
        clock.pass_by(0.5)
    recording.close(made, "stopped")
    info = Store(tmp_path).find("last")
    steps = info.weight_steps()
    assert steps[:2] == [0, 1]
    assert all(later <= max(earlier + 1, 1.5 * earlier) for earlier, later in pairwise(steps[1:]))
    for step in steps[1:]:
        found = info.weights(step)
        assert found.keys() == {f"lane{i}/layer{n}/{w}" for i in (0, 1) for n in (1, 2) for w in ("weights", "biases")}
        for lane in (0, 1):
            for number in (1, 2):
                kept = found[f"lane{lane}/layer{number}/weights"]
                np.testing.assert_array_equal(kept, seen[step][number - 1][lane])
                assert found[f"lane{lane}/layer{number}/biases"].shape == kept.shape[:1]
    first = info.weights(0)
    for lane, layers in enumerate(start):
        for number, weights in enumerate(layers, 1):
            np.testing.assert_array_equal(first[f"lane{lane}/layer{number}/weights"], weights)


def every_step(until: int, stride: int) -> Iterator[int]:
    return iter(range(1, until, stride))


@pytest.mark.parametrize(("until", "stride"), [(100_000, 1), (10**9, 40_007), (300, 1)])
@pytest.mark.parametrize(("size", "most"), [(1, 24), (10**6, 10), (10**9, 4)])
def test_the_plan_is_geometric_and_bounded(until: int, stride: int, size: int, most: int) -> None:
    plan = WeightPlan(10**7)
    plan.add(0, size)
    for step in every_step(until, stride):
        if step >= plan.due:
            plan.add(step, size)
            assert len(plan.steps) <= most
            assert plan.steps[0] == 0
            assert plan.steps[-1] == step
    assert plan.steps == sorted(set(plan.steps))
    assert len(plan.steps) > most / 2
    ratios = [later / earlier for earlier, later in pairwise(plan.steps[2:])]
    late = [ratio for ratio, step in zip(ratios, plan.steps[2:], strict=False) if step > 50 * stride]
    # Equal on a logarithmic scale, but for one of the two at the end, from where every second is not yet gone.
    assert not late or max(late[:-1], default=1.0) <= min(late[:-1], default=1.0) ** 2 * 1.05


def test_files_that_the_plan_gave_up_are_deleted(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("initscope.core.runs.weightplan.MOST", 6)
    recording, made = recorder(tmp_path, clock)
    written = set[int]()
    for _ in range(30):
        advance(made, 1)
        recording.tick(made)
        settle(recording)
        clock.pass_by(0.5)
        written |= set(Store(tmp_path).find("last").weight_steps())
    recording.close(None, "stopped")
    info = Store(tmp_path).find("last")
    assert 4 <= len(info.weight_steps()) <= 6 < len(written)
    assert info.weight_steps()[0] == 0


def test_copies_do_not_pile_up_while_the_disk_is_slow(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs = threading.Event()
    write = RunFolder.save_state
    monkeypatch.setattr(RunFolder, "save_state", lambda *given: (hangs.wait(20), write(*given)))
    monkeypatch.setattr(module, "PENDING", 10_000)
    recording, made = recorder(tmp_path, clock)
    for _ in range(60):
        advance(made, 1)
        recording.tick(made)
        clock.pass_by(0.5)
    waiting = sum(array.nbytes for weights in recording._pending.values() for array in weights.values())
    assert 10_000 < waiting < 10_000 + 2 * 4 * (64 * 8 + 8 + 8 * 10 + 10) + 1
    hangs.set()
    settle(recording)
    recording.close(made, "stopped")
    # Nothing was lost of what was copied, and every file is one of the plan.
    assert Store(tmp_path).find("last").weight_steps() == recording._plan.steps
