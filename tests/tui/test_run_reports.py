"""`initscope run --report FILE`: formats by ending, refused before training, written at the end and after Ctrl+C."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from terminal import Terminal

from initscope.core.comparison import Comparison
from initscope.core.datasets.data import load
from initscope.core.errors import InputError
from initscope.core.exports.comparisontoml import read_path
from initscope.core.exports.weights import of_trainer
from initscope.core.runs import Store
from initscope.core.runs.past import load as load_past
from initscope.core.training import Trainer
from initscope.tui import reports
from initscope.tui.cli import main
from initscope.tui.reports import read_reports

SHORT = ("--steps", "20", "--init", "rand", "--init", "randn")
DATA = {"digits": load("digits")}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, empty."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def flags(*names: str) -> list[str]:
    return [word for name in names for word in ("--report", name)]


def test_one_for_each_ending(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = ("a.html", "a.md", "a.csv", "a.JSON", "a.toml", "w.npz", "w.safetensors", "board/")
    assert main(["run", *SHORT, *flags(*names)]) == 0
    assert "2 randn" in capsys.readouterr().out
    assert {path.name for path in folder.iterdir()} == {
        "a.html", "a.md", "a.csv", "a.JSON", "a.toml", "w-1.npz", "w-2.npz", "w-1.safetensors", "w-2.safetensors",
        "board",
    }  # fmt: skip
    wanted = Comparison.of({"steps": "20"}, ["rand", "randn"], [])
    assert read_path(folder / "a.toml") == wanted
    assert "initialization" in (folder / "a.md").read_text().partition("## Findings")[2]
    document = json.loads((folder / "a.JSON").read_text())
    assert main(["run", *SHORT, "--json", "b.json"]) == 0
    assert document == json.loads((folder / "b.json").read_text())
    trainer = Trainer(wanted.specs(DATA), DATA)
    for _ in trainer.run():
        pass
    for number, lane in enumerate(of_trainer(trainer), 1):
        with np.load(folder / f"w-{number}.npz") as found:
            for name, values in lane.tensors.items():
                np.testing.assert_array_equal(found[name], values)


def test_tensorboard_of_a_saved_run_has_its_earlier_weights(folder: Path) -> None:
    assert main(["run", *SHORT, "--save", "--runs", "runs", *flags("with/")]) == 0
    assert main(["run", *SHORT, *flags("without/")]) == 0
    (run,) = Store(folder / "runs").runs()
    assert len(load_past(run).weights()[0]) > 1
    sizes = [sum(path.stat().st_size for path in (folder / name).rglob("*") if path.is_file()) for name in
             ("with", "without")]  # fmt: skip
    assert sizes[0] > sizes[1]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("a.pdf",), "must end in one of .csv, .html, .json, .md, .npz, .safetensors, .toml, or in /"),
        (("a",), "must end in one of"),
        (("-",), "must end in one of"),
        (("no/such/a.md",), "there is no folder"),
        (("full.md",), "is a folder"),
        (("full.md/",), "is there already"),
        (("a.md", "./a.md"), "is written by --report a.md already"),
        (("w.npz", "./w.npz"), "w-1.npz is written by --report w.npz already"),
        (("bad\0.md",), "a file name cannot contain a NUL"),
    ],
)
def test_refused_before_anything_is_trained(
    names: tuple[str, ...],
    words: str,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (folder / "full.md").mkdir()
    (folder / "full.md" / "x").touch()
    monkeypatch.setattr("initscope.tui.run.execute", None)
    assert main(["run", *SHORT, *flags(*names)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err
    assert err.count("\n") == 1
    assert [path.name for path in folder.iterdir()] == ["full.md"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_to_is_refused(folder: Path) -> None:
    (folder / "closed").mkdir(mode=0o500)
    with pytest.raises(InputError, match="there is no permission for it"):
        read_reports(["closed/a.md"], 1)


def test_one_that_fails_at_the_end_costs_neither_the_others_nor_the_summary(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    export = reports.export

    def failing(kind, path, *rest, **named):  # type: ignore[no-untyped-def]
        if kind == "html":
            raise InputError(f"{path}: cannot be written: the disk is full")
        return export(kind, path, *rest, **named)

    monkeypatch.setattr(reports, "export", failing)
    assert main(["run", *SHORT, *flags("a.html", "a.csv"), "--json", "a.json"]) == 2
    out, err = capsys.readouterr()
    assert "2 randn" in out
    assert err == "initscope: --report a.html: cannot be written: the disk is full\n"
    assert {path.name for path in folder.iterdir()} == {"a.csv", "a.json"}


def test_not_of_a_run_in_the_background(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", *SHORT, "--detach", *flags("a.md")]) == 2
    assert "--detach --report" in capsys.readouterr().err


def test_after_control_c_they_hold_what_there_is(folder: Path) -> None:
    with Terminal("run", "--epochs", "100000", *flags("a.md", "w.npz"), folder=folder) as terminal:
        terminal.wait_for(lambda screen: "steps/s" in screen and " 0 steps/s" not in screen, 60)
        terminal.keys("\x03")
        assert terminal.wait() == 130
    assert "stopped" in (folder / "a.md").read_text()
    assert {path.name for path in folder.iterdir()} == {"a.md", "w-1.npz", "w-2.npz"}


# A comparison's file for the other commands


def test_check_and_explain_take_a_comparison_as_run_does(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = 'steps = 20\n[[lane]]\ninit = "rand"\n[[lane]]\nname = "mine"\ninit = "xavier_normal"\nlr = 0.5\n'
    (folder / "mine.toml").write_text(text)
    by_hand = ("--lr", "0.25", "--steps", "20", "--lane", "init=rand", "--lane", "name=mine init=xavier_normal lr=0.5")
    for command in (["check"], ["explain", "--seeds", "1"]):
        documents = []
        for words in (["mine.toml", "--lr", "0.25"], by_hand):
            assert main([*command, *words, "--json", "-"]) in (0, 1)
            documents.append(json.loads(capsys.readouterr().out))
        assert documents[0] == documents[1]
    assert main(["check", "none.toml"]) == 2
    assert "none.toml" in capsys.readouterr().err
    assert main(["check", "mine.toml", "--tui"]) == 2
