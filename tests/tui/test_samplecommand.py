"""`initscope sample`: what is printed and written, at every width, and the right call for numpy's mistake."""

import contextlib
import io
import json
import re
import subprocess
import sys
from math import log10
from pathlib import Path

import numpy as np
import pytest
from screens import plain

from initscope.core.initialization.initializers import CATALOGUE, initializer
from initscope.tui.cli import main, sample_parser
from initscope.tui.samplecommand import document, read
from initscope.tui.sampleview import lines, power
from initscope.tui.sheet import Style

HEAVY = ("numpy", "textual", "plotext", "rich", "threadpoolctl", "platformdirs")


def called(*words: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(["sample", *words])
        except SystemExit as end:
            code = end.code
    return code, out.getvalue(), err.getvalue()


def printed(*words: str) -> str:
    code, out, err = called(*words)
    assert (code, err) == (0, "")
    return out


def refused(*words: str) -> str:
    code, out, err = called(*words)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    return err


def shown(style: Style, *words: str) -> list[str]:
    return list(lines(read(sample_parser().parse_args(words)), style))


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from initscope.tui.cli import main\n"
        "try: main(['sample', '--help'])\nexcept SystemExit as end: assert not end.code\n"
        f"assert not [name for name in {HEAVY!r} if name in sys.modules]"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={"COLUMNS": "80"})
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: initscope sample")
    assert max(map(len, done.stdout.splitlines())) <= 80


@pytest.mark.parametrize("width", [66, 80, 120])
@pytest.mark.parametrize("colour", [True, False])
def test_every_line_fits(width: int, colour: bool) -> None:
    names = ("rand", "randn", "0.001*randn", "variance_scaling:mode=fan_avg,distribution=truncated_normal", "zeros")
    found = shown(Style(width, 14, colour=colour, unicode=True), *names, "sparse")
    assert max(len(plain(line)) for line in found) <= width
    assert any("\x1b" in line for line in found) == colour
    assert any("█" in line for line in found)


def test_plain_is_ascii_and_says_all() -> None:
    text = printed("rand", "randn", "--plain")
    assert text.isascii()
    assert "?" not in text.replace("and not 0?", "")
    for words in ("1,000 draws of each, seed 0", "+-1/sqrt(n)", "+-1/sqrt(2n)", "log10 n", "Why is the mean of 1,000"):
        assert words in text
    assert "\x1b" not in text


def test_the_table_holds_the_numbers() -> None:
    text = printed("randn", "-n", "100", "--seed", "4", "--plain")
    values = np.random.default_rng(4).standard_normal(100)
    row = next(line.split() for line in text.splitlines() if line.startswith("1 randn") and " mean " in line)
    assert row[3:6] == [f"{values.mean():.4g}", "0", "0.1"]
    assert row[6] == f"{values.mean() / 0.1:+.2f}"
    assert "here 0.1: about one sample in three" in " ".join(text.split())


def test_histograms_share_their_axes() -> None:
    found = shown(Style(80, 14, colour=False), "rand", "randn", "0.01*randn")
    heads = [k for k, line in enumerate(found) if "share in 50 bins" in line]
    axes = [found[k + 11] for k in heads]
    assert len(axes) == 3
    assert len(set(axes)) == 1
    assert "-4" in axes[0]
    assert len({line[:5] for k in heads for line in found[k + 1 : k + 9] if "15%" in line}) == 1
    assert "up to" in found[heads[2]]
    assert "up to" not in found[heads[1]]


def test_the_chance_near_zero() -> None:
    text = printed("0.001*randn", "rand", "--shape", "3,4", "--plain")
    rows = [line.split() for line in text.splitlines() if re.match(r"[12] \S+ +[0-9.e-]+ +[0-9.e-]+ +[0-9.e-]+$", line)]
    assert rows[0][2:] == ["0.00798", "0.0957", "6.66e-26"]
    assert rows[1][2:] == ["1e-05", "0.00012", "1e-60"]


@pytest.mark.parametrize(
    ("logarithm", "text"),
    [
        (0.0, "1"), (-float("inf"), "0"), (np.log(7.98e-6), "7.98e-06"), (-700.0 * np.log(10), "1e-700"),
        (-1e12, "10^-4.34e+11"), (-49347.2 * np.log(10), "6.31e-49348"), (-1000 * np.log(10) - 1e-4, "1e-1000"),
    ],
)  # fmt: skip
def test_powers(logarithm: float, text: str) -> None:
    assert power(logarithm) == text


def test_pictures_have_inputs_down_and_outputs_across() -> None:
    found = shown(Style(80, 14, colour=False, unicode=False), "identity", "--shape", "3,5")
    start = next(k for k, line in enumerate(found) if "weights 3x5" in line and "1 identity" in line)
    assert found[start + 1 :] == ["@@++++++++", "++@@++++++", "++++@@++++"]


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_initializer_can_be_sampled(name: str) -> None:
    text = printed(name, "-n", "60", "--plain")
    assert f"1 {initializer(name)}" in text
    assert "nan" not in text
    assert "not known" not in text or "orthogonal" in name


@pytest.mark.parametrize("n", ["1", "2", "10", "11", "99"])
def test_few_draws(n: str) -> None:
    text = printed("rand", "randn", "-n", n, "--plain")
    assert text.startswith(f"{n} draw{'s' * (n != '1')} of each, seed 0")
    assert ("log10 n" in text) == (int(n) >= 10)
    assert "nan" not in text


def test_json_holds_everything(tmp_path: Path) -> None:
    target = tmp_path / "sample.json"
    words = ("rand", "0.001*randn", "zeros", "-n", "500", "--bins", "20", "--shape", "3,4")
    text = printed(*words, "--json", str(target), "--plain")
    assert "500 draws of each" in text
    found = json.loads(target.read_text())
    assert json.loads(printed(*words, "--json", "-")) == found
    assert [entry.name for entry in tmp_path.iterdir()] == ["sample.json"]
    assert (found["n"], found["shape"], found["fan_in"], len(found["edges"])) == (500, [3, 4], 3, 21)
    rand, small, zeros = found["initializers"]
    assert sum(rand["counts"]) == 500
    assert sum(rand["expected_shares"]) == pytest.approx(1)
    assert rand["mean"]["z"] == pytest.approx((rand["mean"]["sample"] - 0.5) / (12**-0.5 / 500**0.5))
    assert small["one_near_zero"]["probability"] == pytest.approx(0.00798, abs=5e-6)
    assert small["all_near_zero"]["log10"] == pytest.approx(log10(6.6557e-26), abs=1e-4)
    assert (zeros["mean"]["z"], zeros["all_near_zero"]["probability"]) == (None, 1.0)


def test_json_of_extremes_is_json() -> None:
    for words in (["ones", "-n", "1"], ["orthogonal", "--eps", "0.05"], ["1e-130*randn", "constant:value=-2"]):
        text = printed(*words, "--json", "-")
        assert "NaN" not in text
        assert "Infinity" not in text
        assert json.loads(text)["initializers"]


def test_the_same_seed_gives_the_same_output() -> None:
    assert printed("randn", "--seed", "3", "--plain") == printed("randn", "--seed", "3", "--plain")
    views = [document(read(sample_parser().parse_args(["randn", "--seed", seed]))) for seed in ("3", "4")]
    assert views[0]["initializers"][0]["counts"] != views[1]["initializers"][0]["counts"]


@pytest.mark.parametrize(
    ("text", "call", "python"),
    [
        ("randn((3,4))", "initscope sample randn --shape 3,4", "np.random.randn(3, 4)"),
        ("rand( (3, 4) )", "initscope sample rand --shape 3,4", "np.random.rand(3, 4)"),
        ("np.random.randn([784, 30])*0.01", "initscope sample 'randn*0.01' --shape 784,30", "np.random.randn(784, 30)"),
        ("randn((5,))", "initscope sample randn -n 5", "one argument, np.random.randn(5)"),
    ],
)
def test_numpys_mistake_is_answered_with_the_right_call(text: str, call: str, python: str) -> None:
    message = refused(text)
    assert call in message
    assert python in message
    assert "raises TypeError" in message
    with pytest.raises(TypeError):
        np.random.RandomState(0).randn((3, 4))


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("randn(3,4)", "initscope sample randn --shape 3,4"), ("rand(3,4)", "initscope sample rand --shape 3,4"),
        ("0.01 * np.random.randn(3, 4)", "initscope sample '0.01*randn' --shape 3,4"),
        ("np.zeros((3, 4))", "initscope sample zeros --shape 3,4"), ("randn(100)", "initscope sample randn -n 100"),
        ("randn()", "initscope sample randn\n"),
    ],
)  # fmt: skip
def test_calls_are_answered_with_the_option(text: str, call: str) -> None:
    message = refused(text)
    assert call in message
    assert "TypeError" not in message


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["rnad"], "did you mean rand or randn"), (["randn", "-n", "0"], "-n must be a whole number from 1"),
        (["randn", "-n", "1e3"], "-n must be"), (["randn", "-n", "99999999999"], "to 10,000,000"),
        (["randn", "--bins", "0"], "--bins must be"),
        (["randn", "--eps", "0"], "--eps must be a number greater than 0"),
        (["randn", "--eps", "nan"], "--eps"), (["randn", "--seed=-1"], "--seed must be"),
        (["rnd(3)"], "unknown initializer"),
        (["randn", "--shape", "3"], "write inputs,outputs"), (["randn", "--shape", "9999,9999"], "are too many"),
        (["randn"] * 10, "too many to compare"), (["dirac", "--shape", "3,4"], "use identity"),
        (["randn", "--json", "/"], "is a folder"), (["randn", "--bin", "3"], "did you mean --bins"),
        (["1e200*randn"], "does not fit into float64"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_in_one_line(words: list[str], message: str) -> None:
    assert message in refused(*words)


def test_what_needs_a_network_says_what_is_drawn_without_one() -> None:
    out = " ".join(printed("lsuv", "randn", "-n", "10", "--plain").split())
    assert "lsuv: without a network and its data, these are orthogonal weights" in out
    assert "randn: without" not in out
    one, other = json.loads(printed("fixup", "randn", "-n", "10", "--json", "-"))["initializers"]
    assert one["note"].startswith("without a network, these are the he_normal weights")
    assert "note" not in other
