"""`initscope run` as installed: what it prints where, the JSON it leaves, and what it refuses."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from jsonreports import LONG, strict
from terminal import Terminal, run

from initscope.core.training import Trainer
from initscope.tui.cli import main

ESCAPE = "\x1b"


def printed(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    """What the command prints on standard output when run in this process."""
    assert main(["run", *words]) == code
    out, err = capsys.readouterr()
    assert err == ""
    return out


def test_table_reading_and_charts_go_to_standard_output_and_nothing_to_standard_error():
    done = run("run", "--init", "rand", "--init", "randn", environment={"COLUMNS": "100"})
    assert (done.returncode, done.stderr) == (0, "")
    assert ESCAPE not in done.stdout
    table = re.search(r"1 rand +finished +4,500 +30 +\S+ +(\S+)% +\S+ +(\S+)% +1\n", done.stdout)
    assert table
    assert all(9 < float(share) < 11 for share in table.groups())
    assert re.search(r"2 randn +finished +4,500 +30 +\S+ +9\S+% +\S+ +9\S+% +10\n", done.stdout)
    assert "1 rand: layer 1 is saturated, 100%" in done.stdout
    words = " ".join(done.stdout.split())
    assert "It answers one class for every input. To blame: initialization, layer 1: the weights have mean 0.5" in words
    assert "What would help: xavier_normal:gain=4" in words
    assert words.count("To blame") == 1
    for title in ("training loss", "test accuracy", "1 rand: saturated share", "2 randn: saturated share"):
        assert title in done.stdout


@pytest.mark.parametrize("columns", [6, 20, 80, 300])
@pytest.mark.parametrize("plain", [(), ("--plain",)])
def test_lines_fit_the_screen(capsys, monkeypatch, columns, plain):
    monkeypatch.setenv("COLUMNS", str(columns))
    out = printed(
        capsys, "--steps", "9", *plain, "--init", "rand", "--lane", "init=he_normal activation=relu name='a long name'"
    )
    assert max(map(len, out.splitlines())) <= min(columns, 110)
    assert not plain or out.isascii()
    assert not any(line.endswith(" ") for line in out.splitlines())
    assert columns < 20 or re.search(r"1 rand.*\d%", out)
    assert columns < 80 or re.search(r"a long name.*finished[ |]+9[ |].*\d%", out)


def test_plain_has_neither_codes_nor_signs_even_in_a_terminal():
    with Terminal("run", "--steps", "200", "--plain", columns=90) as terminal:
        assert terminal.wait() == 0
    report = terminal.output[terminal.output.index(b"+---") :]
    assert ESCAPE.encode() not in report
    assert report.isascii()
    assert b"training loss" in report


def test_a_terminal_gets_colours_and_a_bar_that_goes_away():
    with Terminal("run", "--epochs", "150", columns=90, rows=70) as terminal:
        terminal.wait_for("steps/s")
        assert re.search(r"training .* \d+%  step [\d,]+ of 22,500  [\d,]+ steps/s", terminal.screen)
        assert terminal.wait() == 0
        assert "steps/s" not in terminal.screen
        assert "finished" in terminal.screen
        assert not terminal.cursor_hidden
    assert b"\x1b[38;2;" in terminal.output


@pytest.mark.parametrize(
    ("environment", "codes"),
    [
        ({"NO_COLOR": "1"}, {b"1", b"0"}),
        ({"TERM": "dumb"}, set()),
        ({"TERM": "xterm", "COLORTERM": ""}, {b"1", b"0", *(b"%d" % n for n in (*range(30, 38), *range(90, 98)))}),
    ],
)
@pytest.mark.slow
def test_a_terminal_is_not_given_more_colours_than_it_has(environment, codes):
    with Terminal("run", "--steps", "5", environment=environment) as terminal:
        assert terminal.wait() == 0
    assert set(re.findall(rb"\x1b\[([0-9;]*)m", terminal.output)) <= codes


@pytest.mark.parametrize(
    ("setting", "output"),
    [
        ("LC_ALL=C", []), pytest.param("LC_ALL=C", ["--json", "-"], marks=pytest.mark.slow),
        ("PYTHONIOENCODING=latin-1", ["--json", "-"]),
        pytest.param("PYTHONIOENCODING=latin-1", [], marks=pytest.mark.slow),
    ],
)  # fmt: skip
def test_any_encoding_will_do(setting, output):
    environment = dict([setting.split("=")])
    done = run("run", "--steps", "5", "--lane", "init=randn name='é 日本'", *output, environment=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert "finished" in done.stdout
    assert done.stdout.isascii() or "LC_ALL" in environment


def test_names_are_shown_as_they_are(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "110")
    name = "[/b] [red]x :smile: [link=http://a]"
    out = printed(capsys, "--steps", "1", "--lane", f"init=rand name={shlex.quote(name)}")
    assert f"1 {name} finished" in out
    assert f"1 {name}: layer 1" in out


def test_the_json_file_is_strict_and_repeats_itself(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    out = printed(capsys, "--steps", "30", "--init", "rand", "--init", "randn", "--json", "run.json")
    document = strict(Path("run.json").read_text())
    assert [lane["name"] for lane in document["lanes"]] == ["rand", "randn"]
    assert [lane["status"] for lane in document["lanes"]] == ["finished"] * 2
    assert "finished" in out
    assert [file.name for file in tmp_path.iterdir()] == ["run.json"]
    for lane in document["lanes"]:
        (again,) = strict(printed(capsys, *shlex.split(lane["command"])[2:], "--json", "-"))["lanes"]
        assert again["final"] == lane["final"]


def test_a_diverged_lane_says_so_everywhere(capsys, tmp_path):
    lanes = ("--init", "randn", "--lane", "init=randn lr=1e30 loss=cross_entropy name=wild")
    out = printed(capsys, "--steps", "50", *lanes, "--json", str(tmp_path / "x.json"))
    tame, wild = strict((tmp_path / "x.json").read_text())["lanes"]
    assert (wild["status"], wild["final"]["train_loss"]) == ("diverged", None)
    assert 1 <= wild["steps"] < 50
    assert f"2 wild: diverged: after {wild['steps']} steps" in out
    (alone,) = strict(printed(capsys, "--steps", "50", "--init", "randn", "--json", "-"))["lanes"]
    assert tame["final"] == alone["final"]


@pytest.mark.parametrize("length", [("--steps", "0"), ("--epochs", "0"), ("--steps", "1"), ("--epochs", "1")])
@pytest.mark.parametrize("lanes", [("randn",), ("rand",) * 9])
def test_any_length_and_any_number_of_lanes(capsys, length, lanes):
    out = printed(capsys, *length, *(f"--init={lane}" for lane in lanes), "--data", "xor:n=20", "--batch-size", "1")
    steps = {"--steps 0": 0, "--epochs 0": 0, "--steps 1": 1, "--epochs 1": 12}[" ".join(length)]
    assert len(re.findall(rf"finished +{steps} ", out)) == len(lanes)


@pytest.mark.parametrize("name", ["digits", "circles", "moons", "spiral", "xor", "gaussians:n=40", "MOONS:noise=0.2"])
def test_every_data_set_trains(capsys, name):
    document = strict(printed(capsys, "--data", name, "--steps", "2", "--json", "-"))
    assert list(document) == ["initscope", "data", "lanes"]
    assert document["data"]["name"] == name.lower()
    assert [lane["steps"] for lane in document["lanes"]] == [2, 2]


def test_a_file_of_ones_own_trains_from_its_command(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for name in ("my data's \"best\".npz", "-odd.npz", "日本.npz"):
        np.savez(name, x=rng.random((40, 3)), y=rng.integers(0, 3, 40))
        first = strict(printed(capsys, f"--data={name}", "--steps", "5", "--json", "-"))
        assert first["data"]["name"] == name
        assert first["lanes"][0]["spec"]["arch"] == "3-30-3"
        for lane in first["lanes"]:
            (again,) = strict(printed(capsys, *shlex.split(lane["command"])[2:], "--json", "-"))["lanes"]
            assert again["final"] == lane["final"]


def test_seed_and_dtype_matter(capsys):
    found = []
    for words in ([], ["--seed", "1"], ["--dtype", "float64"], ["--seed", "0", "--dtype", "float32"]):
        document = strict(printed(capsys, "--steps", "20", "--init", "randn", *words, "--json", "-"))
        found.append(document["lanes"][0]["final"]["train_loss"])
    assert found[0] == found[3]
    assert abs(found[1] - found[0]) > 1e-3
    assert 0 < abs(found[2] - found[0]) < 1e-4


def test_an_old_file_stays_whole_when_writing_fails(capsys, tmp_path, monkeypatch):
    old = tmp_path / "run.json"
    old.write_text("old")

    def full(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    assert main(["run", "--steps", "3", "--json", str(old)]) == 2
    out, err = capsys.readouterr()
    assert err == f"initscope: --json {old}: writing failed (No space left on device)\n"
    assert "finished" in out  # a full disk does not cost the result
    assert old.read_text() == "old"
    assert list(tmp_path.iterdir()) == [old]


def test_a_link_stays_a_link(capsys, tmp_path):
    (tmp_path / "there.json").write_text("old")
    (tmp_path / "link.json").symlink_to("there.json")
    printed(capsys, "--steps", "1", "--json", str(tmp_path / "link.json"))
    assert (tmp_path / "link.json").is_symlink()
    assert strict((tmp_path / "there.json").read_text())["lanes"]


def test_a_full_device_is_said_in_one_line(capsys):
    assert main(["run", "--steps", "3", "--json", "/dev/full"]) == 2
    assert capsys.readouterr().err == "initscope: --json /dev/full: writing failed (No space left on device)\n"


@pytest.mark.parametrize("target", ["missing/x.json", "file.txt/x.json", "."])
def test_an_unwritable_path_is_refused_before_training(capsys, tmp_path, monkeypatch, target):
    (tmp_path / "file.txt").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Trainer, "run", None)  # so that nothing trains unseen
    assert main([*LONG, "--json", target]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"initscope: --json {target}: ")
    assert err.count("\n") == 1
