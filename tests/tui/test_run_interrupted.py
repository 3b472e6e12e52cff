"""`initscope run` interrupted: by keys and signals, early and late, once and twice; what was reached is reported."""

import re
import shlex
import signal
import sys
import time

import numpy as np
import pytest
from jsonreports import LONG, strict
from terminal import COMMAND, Terminal


def training(screen: str) -> bool:
    """Whether the bar shows steps made."""
    return "step" in screen and "step 0" not in screen


def test_control_c_ends_a_run_and_reports_what_was_reached(tmp_path):
    file = tmp_path / "run.json"
    with Terminal(*LONG, "--json", str(file), columns=100, rows=70) as terminal:
        terminal.wait_for(training)
        start = time.perf_counter()
        terminal.keys("\x03")
        assert terminal.wait() == 130
        assert time.perf_counter() - start < 2
        assert re.search(r"stopped at step [\d,]+ of 100,000,000", terminal.screen)
        assert len(re.findall(r"\d \S+ +stopped +[\d,]+ ", terminal.screen)) == 2
        assert "Traceback" not in terminal.screen
        assert not terminal.cursor_hidden
    lanes = strict(file.read_text())["lanes"]
    assert [lane["status"] for lane in lanes] == ["stopped"] * 2
    assert lanes[0]["steps"] == lanes[0]["history"]["step"][-1] > 0
    assert lanes[0]["final"]["classes_predicted"] == 1
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.slow
def test_a_signal_from_outside_does_the_same(tmp_path):
    with Terminal(*LONG, "--json", "run.json", folder=tmp_path) as terminal:
        terminal.wait_for(training)
        terminal.signal(signal.SIGTERM)
        assert terminal.wait(5) == 143
    assert strict((tmp_path / "run.json").read_text())["lanes"][0]["status"] == "stopped"


def test_a_second_control_c_ends_a_step_that_takes_for_ever():
    program = (
        "from initscope.tui.headless import interruptible\n"
        "with interruptible() as interruption:\n"
        "    print('ready', flush=True)\n"
        "    while not interruption.code: pass\n"
        "    print('noticed', flush=True)\n"
        "    while True: pass"
    )
    with Terminal("-c", program, program=sys.executable) as terminal:
        terminal.wait_for("ready")
        terminal.keys("\x03")
        terminal.wait_for("noticed")
        terminal.keys("\x03")
        assert terminal.wait(5) == -signal.SIGINT


def test_a_run_that_is_killed_leaves_nothing_behind(tmp_path):
    old = tmp_path / "run.json"
    old.write_text("old")
    with Terminal(*LONG, "--json", "run.json", folder=tmp_path) as terminal:
        terminal.wait_for(training)
        assert not terminal.cursor_hidden
        terminal.signal(signal.SIGKILL)
        assert terminal.wait(5) == -signal.SIGKILL
    assert list(tmp_path.iterdir()) == [old]
    assert old.read_text() == "old"


def test_a_signal_that_was_ignored_stays_ignored():
    with Terminal("-c", f"trap '' INT; exec {shlex.quote(COMMAND)} run --epochs 30", program="/bin/sh") as terminal:
        terminal.wait_for("step")
        terminal.keys("\x03")
        assert terminal.wait() == 0


def test_measuring_at_the_start_does_not_hold_up_control_c(tmp_path):
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "big.npz", x=rng.random((40000, 100)).astype(np.float32), y=np.arange(40000) % 2)
    words = ("--data", "big.npz", "--arch", "100-1500-1500-2", "--json", "run.json", "--steps", "1000")
    with Terminal("run", *words, folder=tmp_path) as terminal:
        terminal.wait_for("step 0 of")  # measuring on 40,000 examples takes seconds
        start = time.perf_counter()
        terminal.keys("\x03")
        assert terminal.wait() == 130
        assert time.perf_counter() - start < 2
    (lane, _) = strict((tmp_path / "run.json").read_text())["lanes"]
    assert (lane["status"], lane["steps"]) == ("stopped", 0)
    assert lane["initial"]["test_accuracy"] > 0
