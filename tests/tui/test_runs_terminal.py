"""Runs that survive: the installed command killed, hung up, detached, attached, and gone on with."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

import numpy as np
import pytest
from terminal import Terminal, run

from initscope.core.runs import Store
from initscope.core.runs.folder import RunInfo

STEPS = 25_000
ENDLESS = ("--epochs", "1000000")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Empty, and with nothing that trains in it when the test has ended."""
    made = Store(tmp_path / "runs")
    yield made
    for one in made.runs():
        if one.in_progress:
            one.ask("stop")
            until(lambda found=one: not made.info(found.id).in_progress)


def until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    start = perf_counter()
    while not condition():
        assert perf_counter() - start < seconds, "it did not come about in time"
        sleep(0.02)


def initscope(store: Store, *words: str, code: int = 0) -> str:
    """Standard output of the command on this store."""
    done = run(*words, environment={"INITSCOPE_RUNS": str(store.root)})
    assert done.returncode == code, done.stderr
    return done.stdout


def only(store: Store) -> RunInfo:
    (found,) = store.runs()
    return found


def trained(store: Store) -> bool:
    """Whether something of the newest run was saved."""
    found = store.runs()
    return bool(found) and found[0].summary is not None and found[0].summary.step > 0


def results(store: Store, run_id: str) -> dict[str, Any]:
    """Everything in the final state."""
    checkpoint = store.info(run_id).checkpoint()
    return {"header": checkpoint.header, **checkpoint.arrays}


def test_killed_at_any_moment_it_goes_on_bit_for_bit(store: Store) -> None:
    whole = Store(store.root.with_name("whole"))
    initscope(whole, "run", "--steps", str(STEPS), "--save", "--optimizer", "momentum", "--lr", "0.01")
    expected = results(whole, only(whole).id)
    words = ["run", "--steps", str(STEPS), "--detach", "--optimizer", "momentum", "--lr", "0.01"]
    run_id = initscope(store, *words).strip()
    generator = np.random.default_rng(os.getpid())
    for _ in range(2):
        sleep(float(generator.uniform(0, 0.6)))
        if not only(store).in_progress:  # it was quicker
            break
        kill(store, run_id)
        assert only(store).status == "interrupted"
        initscope(store, "runs", "resume", run_id, "--detach")
    until(lambda: not only(store).in_progress, 60)
    assert only(store).status == "finished"
    found = results(store, run_id)
    assert found.keys() == expected.keys()
    assert found.pop("header") == expected.pop("header")
    for name, array in found.items():
        np.testing.assert_array_equal(array, expected[name], err_msg=name)


def kill(store: Store, run_id: str) -> None:
    """kill -9 to whoever trains this run."""
    processes = [path for path in Path("/proc").iterdir() if path.name.isdigit()]
    for process in processes:
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"resume" in words and run_id.encode() in words and str(store.root).encode() in words:
            os.kill(int(process.name), signal.SIGKILL)
    until(lambda: not only(store).in_progress)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_saves_and_leaves_by_its_code(store: Store, number: signal.Signals) -> None:
    with Terminal(*ENDLESS, environment={"INITSCOPE_RUNS": str(store.root)}) as terminal:
        terminal.wait_for("paused")
        terminal.keys("+++++ ")
        until(lambda: terminal.read(0.1) and trained(store))
        os.kill(terminal.pid, number)
        assert terminal.wait() == 128 + number
        assert not terminal.cursor_hidden
    found = only(store)
    assert found.status == "interrupted"
    assert found.checkpoint().step == found.summary.step > 0  # type: ignore[union-attr]


def test_a_closed_terminal_saves(store: Store) -> None:
    terminal = Terminal(*ENDLESS, environment={"INITSCOPE_RUNS": str(store.root)})
    terminal.wait_for("paused")
    terminal.keys("+++++ ")
    until(lambda: terminal.read(0.1) and trained(store))
    assert terminal.hang_up() == 128 + signal.SIGHUP
    assert only(store).status == "interrupted"


def test_detached_attached_paused_left_and_stopped(store: Store) -> None:
    run_id = initscope(store, "run", "--detach", *ENDLESS).strip()
    until(lambda: trained(store))
    with Terminal("attach", columns=100, rows=30, environment={"INITSCOPE_RUNS": str(store.root)}) as terminal:
        terminal.wait_for("training elsewhere")
        terminal.keys(" ")
        terminal.wait_for("paused elsewhere")
        assert only(store).status == "paused"
        terminal.keys("s")
        terminal.wait_for("train in another process")
        terminal.keys(" ")
        terminal.wait_for("training elsewhere")
        terminal.keys("q")
        assert terminal.wait() == 0
    assert only(store).in_progress
    initscope(store, "runs", "stop", run_id)
    until(lambda: not only(store).in_progress)
    assert only(store).status == "stopped"
    initscope(store, "attach", run_id, code=2)


def test_a_run_without_a_screen_is_saved_at_a_signal_and_goes_on_in_the_lab(store: Store) -> None:
    with Terminal("run", "--save", *ENDLESS, environment={"INITSCOPE_RUNS": str(store.root)}) as terminal:
        until(lambda: terminal.read(0.1) and trained(store))
        os.kill(terminal.pid, signal.SIGTERM)
        assert terminal.wait() == 128 + signal.SIGTERM
        assert f"initscope runs resume {only(store).id} goes on with it" in terminal.screen.replace("\n", "")
    assert only(store).status == "interrupted"
    step = only(store).checkpoint().step
    words = ("runs", "resume", "last", "--lab")
    with Terminal(*words, columns=100, rows=30, environment={"INITSCOPE_RUNS": str(store.root)}) as terminal:
        terminal.wait_for(f"{step:,}")
        terminal.keys("s")
        terminal.wait_for(f"{step + 1:,}")
        terminal.keys("q")
        assert terminal.wait() == 0
    assert only(store).checkpoint().step == step + 1


@pytest.mark.slow
def test_nothing_is_kept_where_that_is_asked_for(store: Store) -> None:
    with Terminal("--no-save", *ENDLESS, environment={"INITSCOPE_RUNS": str(store.root)}) as terminal:
        terminal.wait_for("paused")
        terminal.keys("s")
        terminal.wait_for("paused")
        terminal.keys("q")
        assert terminal.wait() == 0
    assert store.runs() == []
