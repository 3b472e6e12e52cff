"""`initscope run FILE.toml` and `initscope FILE.toml`: what the file asks for, what goes before it, what is wrong."""

import argparse
import json
import shlex
from pathlib import Path

import numpy as np
import pytest
from terminal import Terminal

from initscope.core.comparison import Comparison
from initscope.core.exports.comparisontoml import write
from initscope.tui.cli import main
from initscope.tui.comparison import read_comparison
from initscope.tui.options import asks
from initscope.tui.parsers import lab_parser, run_parser

MINE = """\
steps = 5
lr = 0.25
data = "digits:limit=500"

[[lane]]
init = "rand"

[[lane]]
name = "with adam"
init = "randn"
optimizer = "adam"
lr = 0.01
"""


@pytest.fixture
def mine(tmp_path: Path) -> str:
    file = tmp_path / "mine.toml"
    file.write_text(MINE)
    return str(file)


def lanes(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict]:
    assert main(["run", *words, "--json", "-"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return json.loads(out)["lanes"]


def complaint(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(list(words)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("initscope: ")
    assert err.count("\n") == 1
    return err


def asked(parser: argparse.ArgumentParser, *words: str) -> Comparison:
    return read_comparison(parser.parse_args(words))[0]


def test_the_file_is_run(capsys, mine: str) -> None:
    first, second = lanes(capsys, mine)
    assert (first["name"], second["name"]) == ("rand", "with adam")
    assert (first["spec"]["lr"], second["spec"]["lr"], second["spec"]["optimizer"]) == (0.25, 0.01, "adam")
    assert (first["steps"], first["spec"]["data"]) == (5, "digits:limit=500")


@pytest.mark.parametrize("parser", [run_parser, lab_parser])
def test_options_go_before_those_of_the_file_wherever_they_stand(parser, mine: str) -> None:
    given = ("--lr", "2"), ("--seed", "3")
    for words in ((*given[0], mine, *given[1]), (mine, *given[0], *given[1]), (*given[0], *given[1], mine)):
        found = asked(parser(), *words)
        assert found.options == {"steps": "5", "lr": "2", "seed": "3", "data": "digits:limit=500"}
        assert found.lanes == (
            {"init": "rand"}, {"name": "with adam", "init": "randn", "optimizer": "adam", "lr": "0.01"}
        )  # fmt: skip


def test_epochs_and_steps_take_each_others_place(mine: str) -> None:
    assert asked(run_parser(), mine, "--epochs", "2").options == {
        "lr": "0.25", "data": "digits:limit=500", "epochs": "2"
    }  # fmt: skip


def test_limit_and_the_like_are_of_the_files_data(mine: str) -> None:
    assert asked(run_parser(), mine, "--limit", "50", "--split", "0.5").options["data"] == "digits:limit=50,split=0.5"
    assert asked(run_parser(), mine, "--data", "moons", "--limit", "50").options["data"] == "moons:limit=50"


def test_lanes_of_the_command_line_take_the_place_of_the_files(mine: str) -> None:
    found = asked(run_parser(), mine, "--init", "zeros", "--lane", "lr=1")
    assert found.lanes == ({"init": "zeros"}, {"init": "zeros", "lr": "1"})
    assert found.options["steps"] == "5"


def test_the_command_shown_repeats_the_file(mine: str) -> None:
    found = asked(run_parser(), mine)
    again = asked(lab_parser(), *shlex.split(found.command())[1:])
    _, datasets = read_comparison(run_parser().parse_args([mine]))
    assert again.specs(datasets) == found.specs(datasets)


def test_data_lie_beside_the_file(capsys, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "sub" / "d.npz", x=rng.normal(size=(40, 3)), y=np.arange(40) % 2)
    file = tmp_path / "sub" / "a.toml"
    file.write_text(write(Comparison({"data": "d.npz", "steps": "2"}, ({"init": "randn"},))))
    (lane,) = lanes(capsys, str(file))
    assert lane["spec"]["arch"] == "3-30-2"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("inti = 'x'", ["unknown key 'inti'", "did you mean init"]),
        ("[[lane]]\ninit = 'rand'\n[[lane]]\nlr = 'fast'", ["[[lane]] 2: lr must be a number, not 'fast'"]),
        ("lr = 'fast'", ["mine.toml: lr must be a number, not 'fast'"]),
        ("data = 'nowhere.csv'", ["mine.toml: ", "nowhere.csv: no such file"]),
        ("lr = x", ["not TOML"]),
    ],
)
@pytest.mark.parametrize("command", [("run",), ("run", "--json", "-")])
def test_errors_name_the_file(capsys, mine: str, text: str, words: list[str], command: tuple[str, ...]) -> None:
    Path(mine).write_text(text)
    found = complaint(capsys, *command, mine)
    assert f"{mine}: " in found
    for word in words:
        assert word in found


def test_what_is_no_file_of_a_comparison(capsys, tmp_path: Path) -> None:
    assert "a comparison's file ends in .toml" in complaint(capsys, "run", "mine.json")
    assert "did you mean run?" in complaint(capsys, "rnu")
    assert "unexpected 'b.toml'" in complaint(capsys, "run", "a.toml", "b.toml")
    assert "run must come first" in complaint(capsys, "--seed", "1", "run")
    assert "no such file" in complaint(capsys, "run", str(tmp_path / "a.toml"))


def test_the_lab_opens_on_it(mine: str) -> None:
    with Terminal(mine, columns=100, rows=30) as terminal:
        terminal.wait_for("with adam")
        assert "digits:limit=500" in terminal.screen
        terminal.keys("q")
        assert terminal.wait() == 0


def test_a_file_says_what_to_train(mine: str) -> None:
    """So the lab checks it before it takes the screen."""
    assert asks(lab_parser().parse_args([mine]))
    assert not asks(lab_parser().parse_args([]))
