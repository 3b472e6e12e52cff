"""`initscope data`: light help, the checklist in words, one line for what is wrong, and downloads in a real process."""

import contextlib
import gzip
import hashlib
import io
import math
import subprocess
import sys
import threading
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from terminal import run

from initscope.core.datasets import data, idx, published
from initscope.core.spec import OPTIONS
from initscope.tui import datacommand
from initscope.tui.cli import main, run_parser
from initscope.tui.options import DATA_OPTIONS, DEFAULT_DATA, run_options


@pytest.fixture(autouse=True)
def _own_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("INITSCOPE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def called(*words):
    """Exit code, standard output and standard error of the command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(list(words))
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
        "try: main(['data', '--help'])\nexcept SystemExit as end: assert not end.code\n"
        "assert not {'numpy', 'textual', 'rich', 'PIL', 'urllib.request'} & sys.modules.keys()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    text = run("data", "--help", environment={"COLUMNS": "80"}).stdout
    assert max(map(len, text.splitlines())) <= 80
    for word in ("initscope data list", "initscope data show", "initscope data fetch", "--limit N", "--to FOLDER"):
        assert word in text
    assert "initscope data" in run("--help").stdout


def test_the_list_says_what_is_there_and_how_to_get_the_rest(tmp_path):
    (tmp_path / "data").mkdir()
    x = np.zeros((4, 2, 2), np.uint8)
    np.savez(tmp_path / "data" / "mnist.npz", x_train=x, y_train=[0, 1, 0, 1], x_test=x, y_test=[0, 1, 0, 1])
    (tmp_path / "data" / "iris.csv").write_text("1,0\n")
    code, out, err = called("data", "list")
    assert (code, err) == (0, "")
    assert (code, out, err) == called("data")
    lines = {line.split(" ")[0]: line for line in out.splitlines()}
    assert set(data.NAMES) <= set(lines)
    assert lines["mnist"].endswith(f"in {tmp_path / 'data' / 'mnist.npz'}")
    assert lines["cifar10"].endswith("get it with: initscope data fetch cifar10")
    assert "in a data folder" in lines["iris"]


def test_show_is_a_checklist_with_remedies(tmp_path):
    code, out, err = called("data", "show", "digits")
    assert (code, err) == (0, "")
    assert out.endswith("Nothing here hurts training.\n")
    assert "1,500 examples" in out
    np.savez(tmp_path / "a.npz", x=np.random.default_rng(0).random((99, 2)) * [1, 1000], y=np.arange(99) % 3)
    code, out, err = called("data", "show", str(tmp_path / "a.npz"))
    assert (code, err) == (0, "")
    assert "[warn] features differ in scale" in out
    assert "Remedy: scale=standardize" in out
    assert "2 warnings." in out
    assert out.index("[ ok ]") < out.index("[warn]")
    assert max(map(len, out.splitlines()[1:])) <= 100
    mended = called("data", "show", str(tmp_path / "a.npz"), "--scale", "standardize")[1]
    assert mended.startswith(f"{tmp_path / 'a.npz'}:scale=standardize\n")
    assert "Nothing here hurts training." in mended


def test_show_of_what_cannot_be_trained_on(tmp_path):
    (tmp_path / "t.csv").write_text("a,y\n" + "1,0\n,1\n" * 10)
    code, out, err = called("data", "show", str(tmp_path / "t.csv"))
    assert (code, err) == (2, "")
    assert "[stop] 10 values are missing" in out
    assert out.endswith("This cannot be trained on.\n")


def test_names_in_files_do_not_steer_the_terminal(tmp_path):
    (tmp_path / "t.csv").write_text("a\x1b[31mb,c,y\n" + "".join(f"{n},{n % 3},\x1b[2J{n % 2}x\n" for n in range(20)))
    out = called("data", "show", str(tmp_path / "t.csv"))[1]
    assert "?[2J0x" in out
    assert "\x1b" not in out


def test_plain_ascii_terminals_get_ascii(tmp_path):
    (tmp_path / "t.csv").write_text("".join(f"{n / 9},{'öä'[n % 2]}\n" for n in range(20)))
    out = run("data", "show", str(tmp_path / "t.csv"), environment={"PYTHONIOENCODING": "ascii"})
    assert (out.returncode, out.stderr) == (0, "")
    assert out.stdout.isascii()
    narrow = run("data", "show", str(tmp_path / "t.csv"), environment={"LC_ALL": "C", "COLUMNS": "50"}).stdout
    assert narrow.isascii()
    assert max(len(line) for line in narrow.splitlines()[1:] if str(tmp_path) not in line) <= 50


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["data", "shwo"], "unknown data command 'shwo': did you mean show"),
        (["data", "show"], "data show needs a name"),
        (["data", "fetch"], "data fetch needs a name, such as: initscope data fetch mnist"),
        (["data", "list", "mnist"], "see one data set with: initscope data show mnist"),
        (["data", "show", "digitz"], "did you mean digits"),
        (["data", "fetch", "mnits"], "did you mean mnist"),
        (["data", "fetch", "digits"], "unknown data set to fetch 'digits'"),
        (["data", "show", "digits", "--to", "x"], "--to is for data fetch"),
        (["data", "fetch", "mnist", "--limit", "3"], "--limit is for data show"),
        (["data", "show", "digits", "--limt", "3"], "did you mean --limit"),
        (["data", "show", "digits", "more"], "unexpected 'more'"),
        (["data", "fetch", "mnist", "--mirror", "ftp://x"], "must begin with https:// or http://"),
        (["data", "show", "mnist"], "initscope data fetch mnist"),
        (["run", "--data", "digits:limit=3", "--limit", "4"], "limit is given twice"),
        (["run", "--split", "2"], "split must be less than 1"),
        (["run", "--scale", "standardise"], "did you mean standardize"),
    ],
)
def test_bad_input_is_refused_in_one_line(words, message):
    assert message in refused(*words)


def test_the_flags_become_part_of_the_name():
    def options(*words):
        return run_options(run_parser().parse_args(words)).get("data")

    assert OPTIONS["data"] == DEFAULT_DATA
    assert options() is None
    assert options("--limit", "5") == "digits:limit=5"
    both = options("--data", "moons:noise=0.2", "--scale=unit", "--split", "0.5")
    assert both == "moons:noise=0.2,split=0.5,scale=unit"
    assert [option.flag for option in DATA_OPTIONS] == ["limit", "split", "scale"]


def test_a_run_on_limited_data_says_so_and_can_be_repeated(tmp_path):
    words = ["run", "--steps", "3", "--limit", "50", "--scale", "standardize", "--init", "randn", "--json", "-"]
    code, out, err = called(*words)
    assert (code, err) == (0, "")
    assert '"name": "digits:limit=50,scale=standardize"' in out
    assert '"train_examples": 50' in out
    assert "--data digits:limit=50,scale=standardize" in out


def test_fetch_from_a_mirror(tmp_path, monkeypatch):
    served = tmp_path / "served"
    served.mkdir()
    files = []
    for stem, n in zip(idx.STEMS.values(), (40, 40, 20, 20), strict=True):
        shape = (n, 4, 3) if "images" in stem else (n,)
        raw = bytes([0, 0, 8, len(shape)]) + b"".join(size.to_bytes(4, "big") for size in shape)
        raw += bytes(place % 10 for place in range(math.prod(shape)))
        (served / f"{stem}.gz").write_bytes(gzip.compress(raw))
        files.append(published.RemoteFile(f"{stem}.gz", hashlib.sha256(raw).hexdigest(), True))
    known = replace(published.PUBLISHED["mnist"], files=tuple(files), shape=(40, 4, 3), test_examples=20)
    monkeypatch.setitem(published.PUBLISHED, "mnist", known)

    class Silent(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            """Nothing on standard error."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(served)))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{server.server_port}"
        code, out, err = called("data", "fetch", "mnist", "--mirror", url)
        assert (code, err) == (0, "")
        assert f"mnist from {url}/: {tmp_path / 'data' / 'mnist'}" in out
        assert "40 for training and 20 for testing" in out
        assert "was there already" in called("data", "fetch", "mnist", "--mirror", url)[1]
        assert called("data", "fetch", "mnist", "--mirror", url, "--to", str(tmp_path / "else"))[0] == 0
        assert (tmp_path / "else" / "mnist").is_dir()
    finally:
        server.shutdown()
        server.server_close()
    assert "in " + str(tmp_path / "data" / "mnist") in called("data", "list")[1]


def test_progress_is_one_line_that_goes_away(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stderr", Terminal())
    with datacommand._progress() as show:
        for done in range(0, 1001, 10):
            show("train.gz", done, 1000)
        show("labels.gz", 12345, None)
    lines = sys.stderr.getvalue().split("\r")
    assert lines[:3] == ["", "train.gz   0 %", "train.gz   1 %"]
    assert lines[101:] == ["train.gz 100 %", "labels.gz 12,345 bytes", " " * len("labels.gz 12,345 bytes"), ""]
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with datacommand._progress() as show:
        show("train.gz", 1, 2)
    assert sys.stderr.getvalue() == ""


def test_fetch_without_a_network_says_what_to_do():
    err = refused("data", "fetch", "fashion_mnist", "--mirror", "http://127.0.0.1:9/")
    for word in ("cannot be reached", "by hand", "train-images-idx3-ubyte.gz", "fashion_mnist"):
        assert word in err
