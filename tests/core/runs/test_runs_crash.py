"""kill -9 at any moment: the store stays readable, hardly any training is lost, and the run goes on to the bit."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from time import sleep

import numpy as np
import pytest
from savedruns import DATA, advance, comparison, trainer

from initscope.core.checkpoint import restore
from initscope.core.runs import Recorder, Store

TRAIN = """
import os, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from savedruns import DATA, comparison, trainer
from initscope.core.runs import Recorder, Store
asked = comparison()
recording, made = Recorder(Store(Path(sys.argv[1])), asked, DATA, "run", every=float(sys.argv[3])), trainer(asked)
for _ in made.run(budget=0.005):
    os.write(1, b"%d %f\\n" % (made.step, time.monotonic()))
    recording.tick(made)
    time.sleep(0.02)  # so that the reference need not make very many steps
"""
LOST = 2.0
"""Seconds of training that may be lost, of the issue."""


def killed(root: Path, seconds: float, every: float) -> list[tuple[int, float]]:
    """(step, time) at each tick of a process that was killed so long after its first."""
    words = [sys.executable, "-c", TRAIN, str(root), str(Path(__file__).parent), str(every)]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as child:
        assert child.stdout
        first = child.stdout.readline()
        sleep(seconds)
        os.kill(child.pid, signal.SIGKILL)
        lines = [first, *child.stdout.read().splitlines(keepends=True)]
    assert child.returncode == -signal.SIGKILL
    pairs = [line.split() for line in lines if line.endswith(b"\n")]
    return [(int(step), float(time)) for step, time in pairs]


def lost(ticks: list[tuple[int, float]], step: int) -> float:
    """Seconds of training after the saved step."""
    later = [time for at, time in ticks if at > step]
    return ticks[-1][1] - later[0] if later else 0.0


def check(root: Path, ticks: list[tuple[int, float]]) -> None:
    """The newest run is whole and has the numbers of a trainer that was never stopped."""
    info = Store(root).find("last")
    assert (info.damaged, info.in_progress, info.status) == ("", False, "interrupted")
    saved = info.checkpoint()
    assert lost(ticks, saved.step) < LOST
    resumed, whole = trainer(comparison()), trainer(comparison())
    restore(resumed, saved)
    advance(whole, saved.step)
    for one, two in zip(resumed.ensembles, whole.ensembles, strict=True):
        np.testing.assert_array_equal(one.network.parameters, two.network.parameters)
    assert all(info.weights(step) for step in info.weight_steps())


@pytest.mark.slow
def test_killed_while_it_writes_all_the_time(tmp_path: Path) -> None:
    moments = random.Random(3)
    for _ in range(4):
        check(tmp_path, killed(tmp_path, moments.uniform(0.15, 0.4), every=0.01))
    runs = Store(tmp_path).runs()
    assert len(runs) == 4
    store = Store(tmp_path)
    recording = Recorder(store, comparison(), DATA, "run", folder=store.reopen(runs[0].id))
    assert not [path for path in runs[0].path.rglob("*") if path.name.endswith(".part")]
    recording.close(None, "stopped")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_killed_at_any_time_with_the_usual_pause_between_saves(tmp_path: Path, seed: int) -> None:
    check(tmp_path, killed(tmp_path, random.Random(seed).uniform(0.3, 4.0), every=1.0))
