"""`initscope check`: what is printed and written, exit codes, and what is refused."""

import contextlib
import io
import json
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from screens import plain
from terminal import Terminal, run

from initscope.core.diagnosis.findings import CODES
from initscope.tui.checkcommand import check_networks, check_weights, means_file, parser
from initscope.tui.checkview import lines as network_lines
from initscope.tui.checkviewfile import lines as file_lines
from initscope.tui.checkviewtable import Column, headline, tables
from initscope.tui.cli import Parser, main
from initscope.tui.sheet import Style

HEAVY = ("numpy", "textual", "plotext", "rich", "threadpoolctl", "platformdirs")


def called(*words: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(["check", *words])
        except SystemExit as end:
            code = end.code
    return code, out.getvalue(), err.getvalue()


def printed(*words: str, code: int = 0) -> str:
    found, out, err = called(*words)
    assert (found, err) == (code, "")
    return out


def refused(*words: str) -> str:
    code, out, err = called(*words)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    return err


def document(*words: str, code: int = 0) -> dict[str, Any]:
    def strict(name: str) -> float:
        raise AssertionError(f"{name} is no JSON")

    found: dict[str, Any] = json.loads(printed(*words, "--json", "-", code=code), parse_constant=strict)
    return found


def weights(folder: Path, kind: str = "rand", sizes: tuple[int, ...] = (64, 30, 10)) -> str:
    """Coursera's layout."""
    rng, held = np.random.default_rng(0), {}
    for number, (into, out) in enumerate(pairwise(sizes), 1):
        drawn = {"rand": rng.random, "he": rng.standard_normal, "zeros": np.zeros}[kind]((out, into))
        held[f"W{number}"] = drawn * np.sqrt(2 / into) if kind == "he" else drawn
        held[f"b{number}"] = np.zeros((out, 1))
    np.savez(folder / f"{kind}.npz", **held)
    return str(folder / f"{kind}.npz")


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from initscope.tui.cli import main\n"
        "try: main(['check', '--help'])\nexcept SystemExit as end: assert not end.code\n"
        f"assert not [name for name in {HEAVY!r} if name in sys.modules]"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={"COLUMNS": "80"})
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: initscope check")
    assert max(map(len, done.stdout.splitlines())) <= 80


# A network


def test_the_verdict_stands_first_then_a_line_a_layer() -> None:
    text = printed("64-30-10", "--init", "rand", code=1)
    first, blank, *rest = text.splitlines()
    assert (first, blank) == ("64-30-10 sigmoid, rand, digits: shifted-preactivations (initialization)", "")
    assert [line.split()[1] for line in rest[2:4]] == ["dense1", "dense2"]
    assert max(map(len, text.splitlines())) <= 80
    assert "What would help: " in text
    assert "Initializers that would work" in text


def test_a_healthy_network_gives_zero() -> None:
    text = printed("64-30-10", "--init", "he_normal", "--activation", "relu", "--plain")
    assert text.startswith("64-30-10 relu, he_normal, digits: healthy\n")
    assert text.isascii()
    assert printed("--arch", "64-30-10", "--init", "he_normal", "--activation", "relu", "--plain") == text
    assert printed("--init", "he_normal", "--activation", "relu", "--plain") == text


def test_several_initializers_are_checked_one_after_the_other() -> None:
    lanes = ("--init", "he_normal", "--init", "rand", "--lane", "init=he_normal activation=tanh")
    text = printed("64-30-10", *lanes, code=1)
    heads = [line for line in text.splitlines() if line.startswith("64-30-10")]
    assert [head.partition(", ")[0] for head in heads] == ["64-30-10 sigmoid", "64-30-10 sigmoid", "64-30-10 tanh"]
    assert ["healthy" in head for head in heads] == [True, False, True]


def test_a_limit_of_0_is_none() -> None:
    words = ("64-30-10", "--init", "he_normal")
    assert "0 for all" in " ".join(parser(Parser).format_help().split())
    whole, none, some = (document(*words, *more)["networks"][0] for more in ((), ("--limit", "0"), ("--limit", "99")))
    assert (whole["examples"], none["examples"], some["examples"]) == (256, 256, 99)
    assert none["layers"] == whole["layers"]
    assert "limit must be at least 0" in refused(*words, "--limit", "-1")


def test_only_some_findings_fail() -> None:
    words = ("64-30-10", "--init", "rand", "--fail-on")
    printed(*words, "saturated", code=0)
    printed(*words, "saturated,shifted-preactivations", code=1)
    error = refused(*words, "shifted-preactivation")
    assert "did you mean shifted-preactivations" in error
    assert all(code in error for code in CODES)


def test_the_document_has_forecast_and_measurement(tmp_path: Path) -> None:
    found = document("64-30x3-10", "--init", "rand", "--init", "he_normal", "--activation", "relu", code=1)
    one, other = found["networks"]
    assert (one["healthy"], other["healthy"]) == (False, True)
    assert [finding["code"] for finding in one["findings"]] == ["shifted-preactivations"]
    assert one["findings"][0]["remedy"]["changes"]["init"] == one["candidates"][0]["init"]
    assert [layer["name"] for layer in other["layers"]] == ["dense1", "dense2", "dense3", "dense4"]
    for layer in other["layers"]:
        assert layer["measured"]["z_std"] == pytest.approx(layer["forecast"]["z_std"], rel=0.5)
    assert other["layers"][-1]["measured"]["dead_units"] is None
    path = tmp_path / "check.json"
    assert printed("64-30x3-10", "--init", "he_normal", "--activation", "relu", "--json", str(path))
    assert json.loads(path.read_text())["networks"] == [other]


def test_numbers_without_bounds_are_printed_and_written() -> None:
    words = ("64-30x60-10", "--init", "100*randn", "--activation", "relu", "--loss", "cross_entropy")
    assert "overflow" in printed(*words, code=1)
    assert document(*words, code=1)["networks"][0]["overflow"]


@pytest.mark.parametrize("width", [40, 80, 110, 160])
@pytest.mark.parametrize("unicode", [True, False])
def test_every_line_fits(tmp_path: Path, width: int, unicode: bool) -> None:
    made = parser(Parser).parse_args(["16c3-16c3-p2-64-10", "--init", "rand", "--activation", "relu"])
    style = Style(width, 14, unicode=unicode)
    texts = [list(network_lines(one, style)) for one in check_networks(made)]
    texts += [list(file_lines(check_weights(Path(weights(tmp_path, kind)), {}), style)) for kind in ("rand", "he")]
    for text in texts:
        assert max(len(plain(line)) for line in text) <= width
        assert unicode or "".join(text).isascii()
        assert any("\x1b" in line for line in text)


@pytest.mark.parametrize("width", [20, 30, 44, 80])
def test_the_verdict_is_coloured_wherever_it_breaks(width: int) -> None:
    word = "shifted-preactivations (initialization) and 1 more"
    lines = headline("ward: rand.npz", word, (1, 2, 3), Style(width, 9))
    painted = "".join(re.findall("\x1b\\[38;2;1;2;3m(.*?)\x1b\\[0m", "\n".join(lines)))
    assert painted.replace(" ", "") == word.replace(" ", "")
    assert "".join(map(plain, lines)).replace(" ", "") == f"ward: rand.npz: {word}".replace(" ", "")


def test_tables_break_between_groups_and_lose_no_column() -> None:
    names = ("aaaaaa", "bbbbbb", "c")
    groups = [[Column(name, f"{name}{n}", (str(n), "x" * n)) for n in range(1, 4)] for name in names]
    first = Column("", "layer", ("one", "two"), left=True)
    for width in (16, 20, 30, 60, 100):
        text = "\n".join(tables(first, groups, Style(width, 9)))
        heads = [column.head for group in groups for column in group]
        assert all(head in text for head in heads)
        assert text.count("one") == text.count("layer")


# Files


def test_a_file_is_checked(tmp_path: Path) -> None:
    text = printed(weights(tmp_path), "--activation", "sigmoid", "--data", "digits", code=1)
    first, blank, head, one, two, *_ = text.splitlines()
    assert (first, blank) == ("rand.npz: shifted-preactivations (initialization)", "")
    assert head.split() == ["layer", "shape", "mean", "std", "gain", "looks", "like"]
    assert [line.split()[1:3] for line in (one, two)] == [["W1", "30x64"], ["W2", "10x30"]]
    assert "rand " in one
    assert "measured with sigmoid and 256 examples of digits" in text
    assert max(map(len, text.splitlines())) <= 80
    text = printed(weights(tmp_path, "he"))
    assert text.startswith("he.npz: healthy\n")
    assert "Without --activation" in text


def test_the_document_of_a_file(tmp_path: Path) -> None:
    found = document(weights(tmp_path, "zeros"), code=1)
    assert [finding["code"] for finding in found["findings"]] == ["symmetric-units"]
    first = found["layers"][0]
    assert (first["shape"], first["fan_in"], first["fan_out"], first["twins"]) == ([30, 64], 64, 30, 29)
    assert first["zeros"] == first["size"] == 1920
    assert "zeros" in first["initializers"]
    assert found["assumed_activation"] == "relu"
    printed(weights(tmp_path, "zeros"), "--fail-on", "saturated")


def test_a_matrix_alone_gives_one_where_something_is_wrong(tmp_path: Path) -> None:
    rng, path = np.random.default_rng(0), str(tmp_path / "w.npy")
    np.save(path, rng.random((784, 30)))
    text = printed(path, code=1)
    assert text.startswith("w.npy: shifted-preactivations (initialization)\n")
    assert "What would help: weights of mean 0" in text
    assert "would work" not in text  # of a layer's neighbours nothing is known
    np.save(path, rng.standard_normal((784, 30)) / 28)
    assert printed(path).startswith("w.npy: nothing found in a layer by itself\n")
    np.save(path, np.full((784, 30), np.nan))
    assert printed(path, code=1).startswith("w.npy: non-finite (learning rate)\n")
    assert "50% sure" in printed(path, code=1)


def test_copies_of_units_are_told(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    first = rng.standard_normal((30, 784)) / 28
    first[1] = first[0]
    np.savez(tmp_path / "w.npz", W1=first, W2=rng.standard_normal((10, 30)) / 5)
    assert re.search(r"1 W1 .* lecun_normal \d+ %, 1 copy", printed(str(tmp_path / "w.npz")))
    found = document(str(tmp_path / "w.npz"))["layers"]
    assert [(one["copies"], one["trained"]) for one in found] == [(1, False), (0, False)]
    assert "(1 of 30 units is a copy of another one)" in found[0]["looks_like"]


@pytest.mark.parametrize("name", ["digits", "noise"])
def test_shipped_data_of_another_size_is_refused(tmp_path: Path, name: str) -> None:
    assert "takes 99 inputs" in refused(weights(tmp_path, "he", (99, 30, 10)), "--data", name)


def test_what_is_refused(tmp_path: Path) -> None:
    file = weights(tmp_path)
    (tmp_path / "broken.npz").write_bytes(b"PK\3\4 and no more")
    (tmp_path / "words.txt").write_text("no weights")
    assert "no such file" in refused(str(tmp_path / "none.npz"))
    assert "broken.npz" in refused(str(tmp_path / "broken.npz"))
    assert "no file of weights" in refused(str(tmp_path / "words.txt"))
    assert "is a file" in refused(file, "--init", "randn")
    assert "is a file" in refused(file, "--optimizer", "adam")
    assert "did you mean relu" in refused(file, "--activation", "rleu")
    assert "needs --data" in refused(file, "--limit", "5")
    assert "not a terminal" in refused(file, "--tui")
    assert "exclude each other" in refused(file, "--tui", "--json", "-")
    assert "--tui shows a file" in refused("64-30-10", "--tui")
    assert "neither layers" in refused("weights")
    assert "given twice" in refused("64-30-10", "--arch", "64-10")
    assert "write 64-30-10" in refused("784-30-10")
    assert "--initt" in refused("64-30-10", "--initt", "rand")
    assert "is a folder" in refused("64-30-10", "--json", str(tmp_path))


def test_a_path_is_told_from_layers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model").write_bytes(b"")
    assert all(map(means_file, ["model", "a/b", "x.npz", "X.SAFETENSORS", "none.pt", "~/w.keras"]))
    assert not any(map(means_file, ["784-30-10", "16c3-p2-10", "", "-", "64-d0.5-10", "r(64-64)x2-10"]))


def test_the_installed_command(tmp_path: Path) -> None:
    done = run("check", "64-30-10", "--init", "zeros", environment={"COLUMNS": "80"})
    assert (done.returncode, done.stderr) == (1, "")
    assert "symmetric-units" in done.stdout.splitlines()[0]
    with Terminal("check", weights(tmp_path, "he")) as terminal:
        assert terminal.wait() == 0
        assert "he.npz: healthy" in plain(terminal.output.decode())
        assert "\x1b[" in terminal.output.decode()
