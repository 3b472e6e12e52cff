"""The command line: help without weight, errors in one line, and never a traceback whatever is typed."""

import contextlib
import io
import json
import os
import shlex
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from terminal import COMMAND, run

from initscope.core import __version__
from initscope.tui.cli import BROKEN_PIPE, main
from initscope.tui.options import RUN_OPTIONS
from initscope.tui.parsers import run_parser

HEAVY = ("numpy", "textual", "plotext", "rich", "threadpoolctl", "platformdirs")


def called(*words: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of the command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(list(words))
        except SystemExit as end:
            code = end.code
    return code, out.getvalue(), err.getvalue()


def refused(*words: str) -> str:
    """The message with which the command refuses; it must be one line and all there is."""
    code, out, err = called(*words)
    assert (code, out) == (2, "")
    assert err.startswith("initscope: ")
    assert err.endswith("\n")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    return err


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["--version"]])
def test_help_and_version_import_nothing_heavy(words):
    code = (
        "import sys; from initscope.tui.cli import main\n"
        f"try: main({words!r})\nexcept SystemExit as end: assert not end.code\n"
        f"assert not [name for name in {HEAVY!r} if name in sys.modules], sys.modules.keys()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("initscope " if words == ["--version"] else "usage: initscope")


def test_version():
    assert called("--version") == (0, f"initscope {__version__}\n", "")


def test_python_m_is_the_same_command():
    done = subprocess.run([sys.executable, "-m", "initscope.tui", "--version"], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"initscope {__version__}\n", "")


def test_help_fits_80_columns_and_names_every_option():
    for words in (["--help"], ["run", "--help"]):
        text = run(*words, environment={"COLUMNS": "80"}).stdout
        assert max(map(len, text.splitlines())) <= 80
        for option in ("--data", "--arch", "--activation", "--init", "--bias-init", "--loss", "--optimizer", "--lr",
                       "--batch-size", "--epochs", "--steps", "--seed", "--dtype", "--lane"):  # fmt: skip
            assert f"{option} " in text
    assert "--json FILE" in text
    assert "--plain" in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run", "--inti", "rand"], "unknown option '--inti': did you mean --init"),
        (["--batchsize=3"], "did you mean --batch-size"),
        (["--json", "x"], "unknown option '--json'"),
        (["runn"], "there is no command 'runn': did you mean run or runs?"),
        (["explian", "--init", "rand"], "did you mean explain?"),
        (["digits"], "unexpected 'digits': every value follows its option"),
        (["run", "rand"], "unexpected 'rand'"),
        (["--seed", "1", "run"], "run must come first"),
        (["run", "--init"], "argument --init: expected one argument"),
        (["run", "--plain=yes"], "--plain"),
        (["run", "--init", "rnad"], "did you mean rand or randn"),
        (["run", "--arch", "64-0-10"], "part 2 has 0 units"),
        (["run", "--arch", "784-30-10"], "write 64-30-10"),
        (["run", "--data", "digit"], "did you mean digits"),
        (["run", "--data", "nowhere/my.npz"], "no such file"),
        (["run", "--data", "a\nb\x1b[31m"], "unknown data set 'a?b?[31m'"),
        (["run", "--batch-size", "-10"], "batch-size must be at least 1"),
        (["run", "--lane", "lr"], "not key=value"),
        (["run", "--lane", "activation=relo"], "did you mean relu"),
        (["run", "--epochs", "1", "--steps", "1"], "either epochs or steps"),
        (["run", "--json", "no/such/folder/x.json"], "cannot be written (No such file or directory)"),
        (["run", "--json", "."], "is a folder"),
        (["run", "--json", ""], "--json is empty: leave it out, or give it a value"),
        (["check", ""], "an empty word, ''"),
        (["check", "~nobody9/w.npz"], "there is no user nobody9"),
        (["run", "--report", "~nobody9/x.html"], "there is no user nobody9"),
        (["run", "--runs", "x"], "add --save or --detach"),
        (["run", "--save", "--runs", __file__], "is not a folder"),
        (["runs", "--runs", "no/such/folder"], "there is no such folder"),
        (["data", "fetch", "mnist", "--to", "a\0b"], "cannot contain a NUL"),
        (["run", "--limit", "1e9"], "less than 1,000,000,000, not 1e9"),
        (["run", "--limit", "1"], "more than the 1 training example of"),
        (["run", "--data", "x" * 500], "x...': known are"),
        (["run", "--json", "a\0b"], "cannot be written"),
    ],
)
def test_bad_input_is_refused_in_one_line(words, message):
    assert message in refused(*words)


def bad_files(folder):
    x, y = np.random.default_rng(0).random((20, 3)), np.arange(20) % 2
    np.savez(folder / "good.npz", x=x, y=y)
    whole = (folder / "good.npz").read_bytes()
    (folder / "truncated.npz").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.npz").write_bytes(b"")
    (folder / "text.npz").write_text("x,y\n1,2\n")
    np.savez(folder / "pickled.npz", x=np.array([{"a": 1}] * 20, dtype=object), y=y)
    np.savez(folder / "nan.npz", x=np.where(x > 0.9, np.nan, x), y=y)
    np.savez(folder / "labels.npz", x=x, y=y - 1)
    np.savez(folder / "lacking.npz", x=x)
    np.savez(folder / "uneven.npz", x=x, y=y[:-1])


def test_bad_data_files_are_refused_in_one_line(tmp_path):
    bad_files(tmp_path)
    for name, message in (
        ("truncated", "truncated or damaged"), ("empty", "empty"), ("text", "not an .npz"), ("pickled", "pickled"),
        ("nan", "NaN"), ("labels", "out of range"), ("lacking", "lacks"), ("uneven", "examples"), ("god", "good.npz"),
    ):  # fmt: skip
        assert message in refused("run", "--data", str(tmp_path / f"{name}.npz"))
    assert called("run", "--steps", "1", "--data", str(tmp_path / "good.npz"))[0] == 0


RUBBISH = st.text(st.sampled_from("0159-.,:=*xe[]'\"\\/ \t\n\x1b~%é") | st.characters(), max_size=6)
NAMES = st.sampled_from(["rand", "zeros", "relu", "sgd", "adam", "float64", "moons", "uniform:low=2", "nan"])
SMALL = ("--data", "xor:n=10", "--batch-size", "2")


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([*(o.flag for o in RUN_OPTIONS if o.flag != "steps"), "init", "lane", "json"]),
            RUBBISH | NAMES | st.integers(-9, 9).map(str),
        ),
        min_size=1, max_size=3,
    )
)  # fmt: skip
def test_no_option_value_whatever_ends_in_an_exception(tmp_path_factory, given_options):
    words = [f"--{key}={value.replace('/', '') if key == 'json' else value}" for key, value in given_options]
    with contextlib.chdir(tmp_path_factory.getbasetemp()):
        code, out, err = called("run", *SMALL, "--steps", "0", *words)  # --epochs is refused beside it
    assert code in (0, 2)
    assert bool(out) == (code == 0)
    assert err == "" if code == 0 else (err.startswith("initscope: ") and err.count("\n") == 1)


@settings(max_examples=40, deadline=None)
@given(RUBBISH, RUBBISH, RUBBISH)
def test_no_length_or_stray_word_whatever_ends_in_an_exception(epochs, steps, stray):
    for words in ([f"--epochs={epochs[:2]}"], [f"--steps={steps[:2]}"], [stray], [f"--{stray}"]):
        code, _, err = called("run", *SMALL, "--steps=1", *words)
        assert code in (0, 2)
        assert code == 0 or (err.startswith("initscope: ") and err.count("\n") == 1)


def test_what_is_typed_reaches_the_comparison():
    arguments = run_parser().parse_args(
        shlex.split("--init rand --lane 'init=randn lr=2' --init zeros --lr 1 --json - --plain")
    )
    assert arguments.lanes == [("init", "rand"), ("lane", "init=randn lr=2"), ("init", "zeros")]
    assert arguments.lr == "1"
    assert (arguments.json, arguments.plain) == ("-", True)


@pytest.mark.parametrize("words", [["run", "--steps", "5"], ["run", "--steps", "5", "--json", "-"], ["run", "--help"]])
def test_a_reader_that_leaves_is_no_error(words):
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as out:
        done = subprocess.run([COMMAND, *words], stdout=out, stderr=subprocess.PIPE)
    assert done.stderr == b""
    assert done.returncode in ((0, BROKEN_PIPE) if "--help" in words else (BROKEN_PIPE,))


PRINTING = ("data", "config", "runs --json -", "check 64-10", "explain --steps 9", "init", "sample", "experiment")


@pytest.mark.parametrize(
    ("words", "unbuffered"),
    [("--help", ""), ("--version", "1"), ("run --steps 5", "")]
    + [pytest.param(words, "", marks=pytest.mark.slow) for words in PRINTING],
)
def test_a_full_disk_under_standard_output_is_said_in_one_line(words, unbuffered):
    env = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    with open("/dev/full", "wb") as full:
        done = subprocess.run([COMMAND, *words.split()], stdout=full, stderr=subprocess.PIPE, text=True, env=env)
    assert done.returncode == 2
    assert done.stderr == "initscope: standard output cannot be written (No space left on device)\n"


@pytest.mark.parametrize("closed", [">&-", "2>&-", pytest.param(">&- 2>&-", marks=pytest.mark.slow)])
def test_closed_streams_are_no_error(closed):
    done = subprocess.run(f"{shlex.quote(COMMAND)} run --steps 5 {closed}", shell=True, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert bool(done.stdout) == (">&- " not in f" {closed} ".replace("2>&-", ""))


def test_a_pipe_can_be_the_json_file(tmp_path):
    fifo = shlex.quote(str(tmp_path / "fifo"))
    command = f"{shlex.quote(COMMAND)} run --steps 3 --json {fifo} >/dev/null & cat {fifo}; wait $!"
    done = subprocess.run(f"mkfifo {fifo}; {command}", shell=True, capture_output=True, text=True)
    assert list(json.loads(done.stdout)) == ["initscope", "data", "lanes"]
