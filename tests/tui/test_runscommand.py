"""`initscope runs`: listed, shown, compared, exported, kept, removed."""

import errno
import json
import os
import shlex
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pastruns import saved

from initscope.core.comparison import Comparison
from initscope.core.datasets.data import load
from initscope.core.runs import Recorder, RunFolder, Store
from initscope.core.training import Trainer
from initscope.tui import runscommand, runsview
from initscope.tui.cli import main
from initscope.tui.headless import Job, _tell_trouble, execute

DATA = {"digits": load("digits")}
FORMATS = ("csv", "json", "toml", "html", "markdown", "tensorboard", "npz", "safetensors")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("INITSCOPE_RUNS", str(tmp_path / "runs"))
    return Store(tmp_path / "runs")


class Shell:
    """Runs `initscope` in this process."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self._capture = capture

    def __call__(self, *words: str, code: int = 0) -> str:
        """What it prints on standard output; on standard error where it fails."""
        found = main(words)
        out, err = self._capture.readouterr()
        assert found == code, err
        return err if code else out


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(capsys)


def test_listed_and_filtered(store: Store, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    assert shell("runs", "list") == ""
    assert list(runsview.table([], store, person=True)) == [f"no runs in {store.root}"]
    assert list(runsview.table([], store, person=True, wanted="seed 1")) == [f"no run in {store.root} fits 'seed 1'"]
    oldest, newest = saved(store), saved(store, 20, seed="1")
    listed = shell("runs").splitlines()
    assert [line.split()[0] for line in listed] == [newest, oldest]
    assert "20 of 50" in listed[0]
    assert "interrupted" in listed[0]
    assert shell("runs", "list", "seed 1").split()[0] == newest
    assert shell("runs", "list", "randn", "finished").split()[0] == oldest
    monkeypatch.setenv("COLUMNS", "60")
    narrow = shell("runs").splitlines()
    assert [line.removesuffix("...") for line in narrow] == [line[:57].rstrip() for line in listed]
    shown = shell("runs", "show", oldest, "--plain").splitlines()
    assert max(len(line) for line in shown if str(store.root) not in line) <= 60
    document = json.loads(shell("runs", "list", "--json", "-"))
    assert [entry["summary"]["step"] for entry in document] == [20, 50]


def test_shown_with_the_line_that_repeats_it(store: Store, shell: Shell) -> None:
    run_id = saved(store, seed="1", data="digits")
    shown = shell("runs", "show", "last", "--plain")
    assert f"run {run_id}: finished" in shown
    assert "  data       digits: 1,500 examples for training, 297 for testing\n" in shown
    assert "initscope run --data digits" not in shown
    assert "initscope run --dtype float64 --steps 50 --seed 1 --init rand --init randn" in " ".join(shown.split())
    assert "To blame: initialization" in " ".join(shown.split())


def test_compared(store: Store, shell: Shell) -> None:
    one, other = saved(store), saved(store, seed="1")
    lines = shell("runs", "compare", one, other, "--plain").splitlines()
    assert lines[0].split() == ["option", one, other]
    assert lines[1].split() == ["seed", "0", "1"]
    text = "\n".join(lines)
    assert "4 randn (2)" in text
    assert lines[2].split() == ["lanes", "1", "to", "2", "3", "to", "4"]
    same = shell("runs", "compare", one, one, "--plain")
    assert "no option that all lanes of a run share differs" in same


def test_attached_to_nothing_says_so_before_it_asks_for_a_terminal(store: Store, shell: Shell) -> None:
    assert "no run is in progress" in shell("attach", code=2)
    run_id = saved(store)
    assert f"is not in progress (finished): initscope runs show {run_id} tells" in shell("attach", run_id, code=2)
    run_id = saved(store, 20)
    assert f"(interrupted): initscope runs resume {run_id} --lab opens" in shell("attach", run_id, code=2)


def test_kept_and_removed(store: Store, shell: Shell) -> None:
    one, other = saved(store), saved(store, seed="1")
    shell("runs", "keep", one, other)
    assert [run.kept for run in store.runs()] == [True, True]
    shell("runs", "keep", one, "--not")
    assert not store.info(one).kept
    shell("runs", "rm", one, other, "last")
    assert store.runs() == []


def test_resumed_to_the_end(store: Store, shell: Shell, tmp_path: Path) -> None:
    whole, part = saved(store), saved(store, 20)
    file = tmp_path / "out.json"
    shell("runs", "resume", part, "--json", str(file), "--plain")
    assert store.info(part).status == "finished"
    assert [lane["steps"] for lane in json.loads(file.read_text())["lanes"]] == [50, 50]
    mine, theirs = store.info(part).checkpoint().arrays, store.info(whole).checkpoint().arrays
    assert mine["ensemble0/parameters"].tobytes() == theirs["ensemble0/parameters"].tobytes()
    assert "has ended" in shell("runs", "resume", part, code=2)


def test_a_signal_after_the_last_step_leaves_a_run_that_has_ended(
    store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    late, tick = [signal.SIGTERM], Recorder.tick

    def ticking(self: Recorder, trainer: Trainer) -> None:
        tick(self, trainer)
        if trainer.ended and late:
            os.kill(os.getpid(), late.pop())

    monkeypatch.setattr(Recorder, "tick", ticking)
    comparison = Comparison.of({"data": "digits", "steps": "20"}, ["rand"], [])
    assert execute(Job(comparison, DATA, Recorder(store, comparison, DATA, "run")), None, True) == 143
    assert store.find("last").status == "finished"
    assert capsys.readouterr().err.endswith(f"saved as run {store.find('last').id}\n")


def test_what_keeps_a_run_from_being_saved_is_told_at_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = ""
    for trouble in ("", "the disk is full", "the disk is full", ""):
        told = _tell_trouble(trouble, told)
    assert capsys.readouterr().err == "initscope: the disk is full\ninitscope: this run is being saved again\n"
    monkeypatch.setattr(sys.stderr, "write", raising(OSError(errno.ENOSPC, "")))
    assert _tell_trouble("the disk is full", "") == "the disk is full"


def raising(error: OSError) -> Callable[[str], int]:
    def write(_: str) -> int:
        raise error

    return write


def test_data_by_a_relative_path_are_named_such_that_they_are_found_from_here(
    store: Store, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "mine").mkdir()
    np.savez(tmp_path / "there" / "my data.npz", x=np.random.default_rng(0).random((60, 5)), y=np.arange(60) % 3)
    monkeypatch.chdir(tmp_path / "there")
    shell("run", "--save", "--data", "./my data.npz", "--steps", "20", "--report", "here.csv")
    monkeypatch.chdir(tmp_path / "mine")
    shell("runs", "export", "last", "--as", "toml", "--to", "c.toml")
    shell("run", "c.toml", "--report", "again.csv")
    assert Path("again.csv").read_bytes() == (tmp_path / "there" / "here.csv").read_bytes()
    command = json.loads(shell("runs", "show", "last", "--json", "-"))["command"]
    shell(*shlex.split(command)[1:], "--report", "third.csv")
    assert Path("third.csv").read_bytes() == Path("again.csv").read_bytes()


def test_what_the_process_before_saved_last_is_gone_on_with(
    store: Store, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It lets go of the run while this one waits for it."""
    early, late = saved(store, 20), saved(store, 30)
    state, newer = (store.info(one).path / "state.npz" for one in (early, late))
    reopen, steps = Store.reopen, []

    def waiting(one: Store, run_id: str) -> RunFolder:
        state.write_bytes(newer.read_bytes())
        return reopen(one, run_id)

    def noting(job: Job, json: str | None, plain: bool) -> int:
        assert job.saved
        steps.append(job.saved.step)
        return 0

    monkeypatch.setattr(Store, "reopen", waiting)
    monkeypatch.setattr(runscommand, "execute", noting)
    shell("runs", "resume", early)
    assert steps == [30]


@pytest.mark.parametrize("how", ["", "--lab", "--detach"])
def test_a_run_in_progress_is_left_to_its_process(store: Store, shell: Shell, how: str) -> None:
    held = store.reopen(saved(store, 20))
    said = shell("runs", "resume", "last", *how.split(), code=2)
    held.release()
    assert f"is in progress in another process: initscope attach {held.id} shows it" in said


def test_a_state_that_is_of_other_lanes_is_said_before_the_lab_opens(store: Store, shell: Shell) -> None:
    other, run_id = saved(store, 20, seed="1"), saved(store, 20)
    state, wrong = (store.info(one).path / "state.npz" for one in (run_id, other))
    state.write_bytes(wrong.read_bytes())
    assert "of other lanes" in shell("runs", "resume", run_id, "--lab", code=2)
    assert not store.info(run_id).in_progress


@pytest.mark.parametrize("kind", FORMATS)
def test_exported(store: Store, shell: Shell, tmp_path: Path, kind: str) -> None:
    saved(store)
    written = shell("runs", "export", "last", "--as", kind, "--to", str(tmp_path / "out")).splitlines()
    places = [Path(line.removeprefix("wrote ")) for line in written]
    assert len(places) == (2 if kind in ("npz", "safetensors") else 1)
    files = [path for place in places for path in (place.rglob("*") if place.is_dir() else [place]) if path.is_file()]
    assert all(path.stat().st_size > 100 for path in files)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("show nothing", "no run 'nothing'"),
        ("compare last", "two runs or more"),
        ("shw last", "did you mean show"),
        ("list --as csv", "--as is for runs export"),
        ("export last", "--as is missing"),
        ("export last --as csw", "did you mean csv"),
        ("stop last", "is not in progress"),
        ("resume last", "has ended"),
        ("rm", "one run or more"),
        ("show last --runs /dev/null/x", "runs"),
    ],
)
def test_what_is_wrong_is_said(store: Store, shell: Shell, words: str, says: str) -> None:
    saved(store)
    assert says in shell("runs", *words.split(), code=2)
    assert len(store.runs()) == 1
