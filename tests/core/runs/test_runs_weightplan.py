"""Weights at a schedule: those of their step, at steps equally far apart on a logarithmic scale, and few."""

import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from savedruns import Clock, advance, recorder, settle

from initscope.core.runs import RunFolder, Store
from initscope.core.runs import recorder as module
from initscope.core.runs.weightplan import WeightPlan


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
