"""`initscope explain`: what it prints and writes, its exit codes, and what it leaves when interrupted."""

import json
import re
import shlex
import time
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from screens import plain
from terminal import Terminal, run

from initscope.core.counterfactual.explain import explain
from initscope.core.counterfactual.results import Explanation
from initscope.core.datasets.data import load
from initscope.core.spec import read
from initscope.tui.cli import main
from initscope.tui.explainview import beside, every_change, lines, table
from initscope.tui.sheet import Style

QUICK = ("--seeds", "1", "--steps", "150")
LONG = ("explain", "--init", "rand", "--seeds", "100", "--steps", "40")
"""A search of many minutes."""


def printed(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    assert main(["explain", *words]) == code
    out, err = capsys.readouterr()
    assert err == ""
    return out


@cache
def found(**options: str) -> Explanation:
    digits = load("digits")
    *_, last = explain(read(options, digits, "a lane"), digits, seeds=1, steps=150)
    assert isinstance(last, Explanation)
    return last


# What it prints


def test_results_come_first_then_the_conclusion(capsys: pytest.CaptureFixture[str]) -> None:
    out = printed(capsys, "--init", "rand", *QUICK)
    places = [out.index(words) for words in ("rand", "as it is", "learning rate", "It does not learn", "side by side")]
    assert places == sorted(places)
    assert re.search(r"^initialization +yes +\S+ .*1 of 1$", out, re.MULTILINE)
    assert re.search(r"^learning rate +no +lr \S+ .*0 of 1$", out, re.MULTILINE)
    words = " ".join(out.split())
    assert "Initialization: yes. Same network, same batches, " in words
    assert "; changing the learning rate (10 values): no; " in words
    assert "in 150 steps (1 of 1 seed)" in words


def test_the_command_at_the_end_shows_both(capsys: pytest.CaptureFixture[str]) -> None:
    command = shlex.split(beside(found(init="rand", **{"bias-init": "same"})))
    assert command[:2] == ["initscope", "run"]
    assert command[command.index("--steps") + 1] == "150"
    assert main([*command[1:], "--json", "-"]) == 0
    as_it_is, cured = json.loads(capsys.readouterr().out)["lanes"]
    assert as_it_is["final"]["train_accuracy"] < 0.2
    assert cured["final"]["train_accuracy"] > 0.4
    assert cured["spec"]["bias-init"] == "zeros"


def test_several_lanes_are_explained_one_after_the_other(capsys: pytest.CaptureFixture[str]) -> None:
    lanes = ("--init", "randn", "--lane", "init=xavier_normal lr=1e-6 name=slow")
    out = printed(capsys, *lanes, "--seeds", "1", "--steps", "300")
    assert out.index("It learns") < out.index("slow") < out.index("Learning rate: yes")
    assert "There is nothing to accuse." in " ".join(out.split())


@pytest.mark.parametrize("columns", [20, 40, 80, 120])
@pytest.mark.parametrize("unicode", [True, False])
def test_lines_fit_and_always_say_which_suspect_and_what_came_of_it(columns: int, unicode: bool) -> None:
    explanation = found(init="rand")
    for colour in (True, False):
        style = Style(columns, 20, colour=colour, unicode=unicode)
        shown = [*lines(explanation, style), *every_change(explanation, style)]
        assert max(len(plain(line)) for line in shown) <= columns
        assert unicode or "".join(shown).isascii()
        assert any("\x1b" in line for line in shown) == colour
        rows = [plain(line) for line in table(explanation, style)]
        assert len(rows) == 2 + len(explanation.answers)
        for row, answer in zip(rows[2:], explanation.answers, strict=True):
            assert row.startswith(str(answer.suspect)[:6])
            assert row.endswith(f"{answer.best.learned} of 1")
            assert columns < 40 or ("yes" in row) == answer.cures
            assert columns < 80 or "->" in row


def test_every_change_is_there_and_learning_rates_are_in_order() -> None:
    explanation = found(init="rand")
    shown = every_change(explanation, Style(100, 20, colour=False))
    assert len(shown) == 1 + sum(len(answer.trials) for answer in explanation.answers)
    rates = [float(match[1]) for line in shown if (match := re.search(r" lr (\S+) ", line))]
    assert len(rates) == 10
    assert rates == sorted(rates)


def test_plain_is_ascii_without_codes_even_in_a_terminal() -> None:
    with Terminal("explain", "--init", "randn", *QUICK, "--plain", columns=90) as terminal:
        assert terminal.wait() == 0
        assert "It learns" in terminal.screen
        assert not terminal.cursor_hidden
    text = terminal.output[terminal.output.index(b"randn . digits") :]
    assert text.isascii()
    assert b"\x1b" not in text


def test_a_terminal_gets_a_bar_that_goes_away_and_bold_cures() -> None:
    with Terminal("explain", "--init", "rand", "--seeds", "2", "--steps", "150", columns=90, rows=40) as terminal:
        terminal.wait_for("seed 1 of 2, 150 steps")
        assert terminal.wait(60) == 0
        assert "seed 2 of 2, 150 steps" not in terminal.screen
        assert "Initialization: yes" in terminal.screen
    assert re.search(rb"\x1b\[1minitialization +yes", terminal.output)


# Exit codes and JSON


def test_one_that_nothing_cures_is_exit_code_1(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "noise.npz", x=rng.random((600, 5)), y=rng.integers(0, 4, 600))
    file = tmp_path / "out.json"
    out = printed(capsys, "--data", str(tmp_path / "noise.npz"), "--init", "randn", *QUICK, "--json", str(file), code=1)
    assert "No single change cures it in 150 steps." in " ".join(out.split())
    assert re.search(r"^learning rate +open +lr ", out, re.MULTILINE), "who does not know must not say no"
    (lane,) = json.loads(file.read_text())["lanes"]
    assert (lane["learns"], lane["causes"], lane["remedy"]) == (False, [], None)


def test_json_alone_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    out = printed(capsys, "--lane", "init=rand name=x", *QUICK, "--json", "-")
    document = json.loads(out)
    (lane,) = document["lanes"]
    assert set(document) == {"initscope", "lanes"}
    assert (lane["name"], lane["steps"], lane["seeds"], lane["causes"]) == ("x", 150, [0], ["initialization"])
    again = json.loads(printed(capsys, "--init", "rand", *QUICK, "--json", "-"))["lanes"][0]
    assert again["suspects"] == lane["suspects"]


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("--seeds", "0"), "--seeds must be a whole number from 1 to 100, not '0'"),
        (("--seeds", "x"), "--seeds must be a whole number from 1 to 100, not 'x'"),
        (("--seeds=--",), "--seeds must be a whole number from 1 to 100, not ''"),
        (("--steps", "0"), "steps must be at least 1, not 0"),
        (("--init", "rnd"), "rnd"),
        (("--seed",), "--seed"),
        (("--json", "."), "is a folder"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], wanted: str
) -> None:
    assert main(["explain", *words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert wanted in err
    assert err.count("\n") == 1


def test_help_says_what_learning_and_the_exit_codes_are() -> None:
    done = run("explain", "--help", environment={"COLUMNS": "80"})
    assert (done.returncode, done.stderr) == (0, "")
    assert max(map(len, done.stdout.splitlines())) <= 80
    for words in ("usage: initscope explain", "It learns if", "Exit code: 0 if", "--seeds N", "--init NAME"):
        assert words in done.stdout


# Stopping


def test_control_c_prints_what_stands(tmp_path: Path) -> None:
    file = tmp_path / "out.json"
    with Terminal(*LONG, "--json", str(file), columns=100, rows=60) as terminal:
        terminal.wait_for("seed 1 of 100", timeout=120)
        start = time.perf_counter()
        terminal.keys("\x03")
        assert terminal.wait() == 130
        assert time.perf_counter() - start < 3
        assert "stopped before its end" in terminal.screen
        assert re.search(r"as it is .* 0 of 100", terminal.screen)
        assert "Traceback" not in terminal.screen
        assert not terminal.cursor_hidden
    (lane,) = json.loads(file.read_text())["lanes"]
    assert lane["complete"] is False
    assert list(tmp_path.iterdir()) == [file]


def test_control_c_before_the_first_result() -> None:
    with Terminal("explain", "--init", "rand", "--arch", "64-1000-1000-10", "--batch-size", "500") as terminal:
        terminal.wait_for("as it is")
        terminal.keys("\x03")
        assert terminal.wait() == 130
        assert "stopped before its end" in terminal.screen
        assert "Traceback" not in terminal.screen
