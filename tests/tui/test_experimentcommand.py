"""`initscope experiment`: the list, runs of shipped experiments and of one's own, JSON, the lab, and clear errors."""

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from jsonreports import strict
from terminal import Terminal, run

from initscope.core.experiments import catalogue as experimentcatalogue
from initscope.tui.cli import main

NAMES = experimentcatalogue.names()
QUICK = ("near-zero", "law-of-large-numbers", "symmetry", "dlfs-activations")
"""Those that need no data and end in seconds."""
SMALL = """\
question = "Does it?"
claim = "It does."
source = "Me"
seeds = 2
[options]
steps = {steps}
[[lanes]]
name = "a [b]"
init = "rand"
[[lanes]]
name = "c"
[[expect]]
text = "rand answers one class"
lane = "a [b]"
measure = "constant_answer"
reference = 1
low = {low}
[[expect]]
text = "it starts wide, ±"
lane = "c"
measure = "z_std"
layer = [1, 2]
at = "start"
reference = [3.9, 2.5]
"""


@pytest.fixture(autouse=True)
def _no_data(tmp_path, monkeypatch):
    monkeypatch.setenv("INITSCOPE_DATA_DIR", str(tmp_path / "none"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture
def small(tmp_path):
    def write(low=1, steps=5):
        path = tmp_path / "small.toml"
        path.write_text(SMALL.format(low=low, steps=steps), encoding="utf-8")
        return str(path)

    return write


def called(*words):
    """Exit code, standard output and standard error of the command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(["experiment", *words])
        except SystemExit as end:
            code = end.code
    return code, out.getvalue(), err.getvalue()


def refused(*words):
    code, out, err = called(*words)
    assert (code, out) == (2, "")
    assert err.startswith("initscope: ")
    assert err.count("\n") == 1
    return err


def test_help_is_light_and_fits_80_columns():
    code = (
        "import sys; from initscope.tui.cli import main\n"
        "try: main(['experiment', '--help'])\nexcept SystemExit as end: assert not end.code\n"
        "assert not {'numpy', 'textual', 'rich', 'tomllib'} & sys.modules.keys()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert max(map(len, done.stdout.splitlines())) <= 80
    for option in ("--seeds", "--epochs", "--data", "--json", "--plain", "--tui"):
        assert option in done.stdout


def test_the_list_has_every_question_and_says_what_data_are_missing():
    code, out, err = called()
    assert (code, err) == (0, "")
    words = " ".join(out.split())
    for name in NAMES:
        assert re.search(rf"^{name} ", out, re.MULTILINE)
        assert " ".join(experimentcatalogue.find(name).question.split()) in words
    assert words.count("needs mnist: initscope data fetch mnist, or --data digits") >= 7
    assert max(map(len, out.splitlines())) <= 80


def test_the_list_says_nothing_of_data_that_are_there(tmp_path, monkeypatch):
    monkeypatch.setenv("INITSCOPE_DATA_DIR", str(tmp_path))
    (tmp_path / "mnist.npz").write_bytes(b"")
    assert "needs mnist" not in called()[1]


@pytest.mark.parametrize("name", [*QUICK[:-1], pytest.param(QUICK[-1], marks=pytest.mark.slow)])
def test_experiments_without_foreign_data_hold(name):
    code, out, err = called(name)
    assert (code, err) == (0, "")
    assert re.fullmatch(r"holds: (\d+) of \1 expectations", out.splitlines()[-1])
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize("name", sorted(set(NAMES) - set(QUICK)))
@pytest.mark.slow
def test_all_others_run_on_a_stand_in(name):
    code, out, err = called(name, "--seeds", "1", "--data", "digits", "--epochs", "1")
    assert (code, err) == (0, "")
    assert re.match(r"holds: (\d+) of \1 |not judged: ", out.splitlines()[-1])
    assert max(map(len, out.splitlines())) <= 80
    assert "not judged on digits" in out
    assert "a stand-in for" in " ".join(out.split())


def test_a_file_of_ones_own(small):
    code, out, err = called(small())
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "small: Does it?"
    assert re.search(r"^  a \[b\] +1 +1$", out, re.MULTILINE)
    assert re.search(r"^  c +\d\.\d+ \d\.\d+\n    reference +3\.9 2\.5$", out, re.MULTILINE)
    assert "holds          rand answers one class" in lines
    assert "claim   It does." in lines
    assert "starts wide" not in out  # it is shown, not judged
    assert lines[-1] == "holds: 1 of 1 expectations"


def test_one_that_does_not_hold_says_why(small):
    code, out, err = called(small(low=2))
    assert (code, err) == (1, "")
    assert re.search(r"does not hold  rand answers one class \(a \[b\]: 1, not at least 2, 2 of 2\s+seeds\)", out)
    assert out.splitlines()[-1] == "does not hold: 1 of 1 expectations: rand answers one class"


def test_another_length_is_not_judged(small):
    code, out, _ = called(small(low=2), "--epochs", "1")
    assert code == 0
    assert "not judged at another length:\n  - rand answers one class\n" in out
    assert out.splitlines()[-1].startswith("not judged")


def test_json_has_every_value(small, tmp_path):
    target = tmp_path / "out.json"
    assert called(small(), "--json", str(target))[0] == 0
    document = strict(target.read_text())
    assert (document["kind"], document["name"], document["seeds"]) == ("experiment", "small", [0, 1])
    assert document["verdict"] == "holds"
    assert document["stand_in"] is None
    assert [data["name"] for data in document["data"]] == ["digits"]
    assert [lane["steps"] for lane in document["lanes"]] == [[5, 5], [5, 5]]
    first, second = document["expectations"]
    assert (first["answer"], first["measured"][0]["values"]) == ("holds", [1.0, 1.0])
    assert [cell["layer"] for cell in second["measured"]] == [1, 2]
    assert [cell["reference"] for cell in second["measured"]] == [3.9, 2.5]
    assert all(len(cell["values"]) == 2 and cell["std"] > 0 for cell in second["measured"])
    assert strict(called(small(), "--json", "-")[1]) == document


def test_json_of_draws():
    document = strict(called("near-zero", "--json", "-")[1])
    assert document["data"] == []
    assert document["lanes"][0] == {"name": "0.001*randn", "command": None, "steps": [None]}
    assert document["expectations"][1]["measured"][0]["values"] == [pytest.approx(6.656e-26, rel=1e-3)]


def test_a_lane_s_command_repeats_it(small):
    document = strict(called(small(), "--json", "-")[1])
    words = shlex.split(document["lanes"][0]["command"])
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert main([*words[1:], "--json", "-"]) == 0
    assert strict(out.getvalue())["lanes"][0]["final"]["classes_predicted"] == 1


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_lines_fit_and_plain_is_ascii(small, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    for words in ([], [small()], ["near-zero"]):
        code, out, _ = called(*words, "--plain")
        assert code == 0
        assert out.isascii()
        assert width < 60 or max(map(len, out.splitlines())) <= min(width, 80)
    assert "+-" in called("law-of-large-numbers", "--seeds", "3", "--plain")[1]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["nielson"], "unknown experiment 'nielson': did you mean nielsen"),
        (["./missing.toml"], "missing.toml: no such file"),
        (["near-zero", "more"], "unexpected 'more'"),
        (["near-zero", "--sedes", "3"], "unknown option '--sedes': did you mean --seeds"),
        (["near-zero", "--seeds", "0"], "--seeds must be a whole number from 1 to 1,000, not '0'"),
        (["near-zero", "--seeds", "x"], "--seeds must be a whole number"),
        (["symmetry", "--epochs", "-1"], "--epochs must be a whole number"),
        (["symmetry", "--data", "nowhere"], "unknown data set 'nowhere'"),
        (["near-zero", "--data", "digits"], "only draws, so --data has no meaning"),
        (["--seeds", "3"], "--seeds needs an experiment's name"),
        (["nielsen"], "initscope data fetch mnist"),
        (["nielsen"], "--data digits"),
        (["symmetry", "--json", "."], "is a folder"),
        (["symmetry", "--tui"], "is not a terminal"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(words, expected):
    assert expected in refused(*words)


def test_control_c_reports_what_stands(small, tmp_path):
    words = ("experiment", small(steps=10**8), "--json", str(tmp_path / "x.json"))
    with Terminal(*words, columns=80, rows=60) as terminal:
        terminal.wait_for("of 100,000,000")
        terminal.keys("\x03")
        assert terminal.wait() == 130
        assert "stopped at" in terminal.screen
        assert "not judged: the run did not get there" in terminal.screen
        assert "Traceback" not in terminal.screen
        assert not terminal.cursor_hidden
    document = strict((tmp_path / "x.json").read_text())
    assert document["verdict"] == "not judged"
    assert document["expectations"][1]["measured"][0]["values"]


def test_a_terminal_gets_a_bar_that_goes_away(small):
    with Terminal("experiment", small(steps=3000), columns=80, rows=40) as terminal:
        terminal.wait_for("of 3,000")
        assert terminal.wait() == 0
        assert "of 3,000" not in terminal.screen
        assert "holds: 1 of 1 expectations" in terminal.screen


def test_it_opens_in_the_lab(small):
    with Terminal("experiment", small(), "--tui", columns=100, rows=40) as terminal:
        terminal.wait_for("a [b]")
        terminal.keys("q")
        assert terminal.wait() == 0


@pytest.mark.slow
def test_one_about_draws_opens_with_them():
    with Terminal("experiment", "near-zero", "--tui", columns=100, rows=40) as terminal:
        terminal.wait_for("randn:scale=0.001, share in 50 bins")
        terminal.keys("\x1b")
        terminal.wait_for(">1 randn:scale=0.001")
        terminal.keys("q")
        assert terminal.wait() == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(NAMES) - set(QUICK)))
def test_a_full_run_holds(name, monkeypatch):
    """INITSCOPE_TEST_DATA names the folder that has the data: INITSCOPE_DATA_DIR is set for the other tests."""
    folder = os.environ.get("INITSCOPE_TEST_DATA", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("INITSCOPE_TEST_DATA names no folder with the data")
    monkeypatch.setenv("INITSCOPE_DATA_DIR", folder)
    code, out, _ = called(name)
    assert (code, out.splitlines()[-1][:6]) == (0, "holds:")


def test_the_installed_command_lists_them():
    done = run("experiment", environment={"COLUMNS": "80"})
    assert (done.returncode, done.stderr) == (0, "")
    assert "near-zero" in done.stdout
