"""The installed `initscope` in a real pseudo-terminal: it shows the lab, and gives the terminal back at every end."""

import re
import signal
from pathlib import Path
from time import perf_counter

import pytest
from terminal import COMMAND, Terminal

LEAVES = b"\x1b[?1049l"
"""Leaves the alternate screen."""
SHOWS_CURSOR = b"\x1b[?25h"
READY = "2 randn"
LONG = ("--epochs", "100000")
OPENING = 60.0
"""Seconds within which the lab must be open even on a busy machine; it takes about one."""


def opened(terminal: Terminal) -> None:
    terminal.wait_for(lambda screen: READY in screen and "paused" in screen, OPENING)


def running(terminal: Terminal) -> None:
    """Started, and several steps further."""
    opened(terminal)
    terminal.keys("+++++ ")
    terminal.wait_for(lambda screen: "steps/s" in screen and not re.search(r"2 randn +\d\d? ", screen), OPENING)


def restored(terminal: Terminal) -> bool:
    """The last that was said of screen and cursor: back to the first one, and shown."""
    output = terminal.output
    left = output.rfind(LEAVES) > output.rfind(b"\x1b[?1049h") > -1
    return left and output.rfind(SHOWS_CURSOR) > output.rfind(b"\x1b[?25l") > -1


def test_it_opens_runs_and_quits() -> None:
    vim = {"COLUMNS": "70", "LINES": "20"}  # as its terminal does: not what counts
    with Terminal(*LONG, columns=100, rows=30, environment=vim) as terminal:
        opened(terminal)
        assert "1 rand" in terminal.screen
        terminal.wait_for(lambda screen: "space Run" in screen.split("\n")[29], OPENING)
        assert b"\x1b[?1000h" in terminal.output  # the mouse is the lab's
        running(terminal)
        start = perf_counter()
        terminal.keys("q")
        assert terminal.wait() == 0
        assert perf_counter() - start < 3
        assert restored(terminal)
        # pyte has, as the Linux console and GNU screen, one screen alone
        assert terminal.screen.strip() == ""
        assert (terminal.emulated.cursor.x, terminal.emulated.cursor.y) == (0, 0)


@pytest.mark.parametrize(
    ("end", "code"),
    [
        pytest.param("\x03", 130, id="ctrl+c"),
        pytest.param(signal.SIGINT, 130, id="SIGINT", marks=pytest.mark.slow),
        pytest.param(signal.SIGTERM, 143, id="SIGTERM", marks=pytest.mark.slow),
        pytest.param(signal.SIGHUP, 129, id="SIGHUP", marks=pytest.mark.slow),
    ],
)
def test_what_ends_it_while_training_gives_the_terminal_back(end: str | signal.Signals, code: int) -> None:
    with Terminal(*LONG) as terminal:
        running(terminal)
        terminal.keys(end) if isinstance(end, str) else terminal.signal(end)
        assert terminal.wait() == code
        assert restored(terminal)
        assert b"Traceback" not in terminal.output


def test_ctrl_c_before_it_is_ready() -> None:
    with Terminal(*LONG) as terminal:
        terminal.wait_for(lambda _: b"\x1b[?1049h" in terminal.output, OPENING)
        terminal.keys("\x03")
        assert terminal.wait() == 130
        assert restored(terminal)


def test_an_error_inside_is_shown_and_gives_the_terminal_back(tmp_path: Path) -> None:
    program = tmp_path / "broken.py"
    program.write_text(
        "import sys\n"
        "from initscope.core.training import Trainer\n"
        "from initscope.tui.cli import main\n"
        "Trainer.rewind_ = Trainer.rewind\n"
        "def broken(trainer):\n"
        "    if hasattr(trainer, 'lanes'):\n"
        "        raise FloatingPointError('broken on purpose')\n"
        "    trainer.rewind_()\n"
        "Trainer.rewind = broken\n"
        "sys.exit(main([]))\n",
        encoding="utf-8",
    )
    with Terminal(str(program), columns=100, program=str(Path(COMMAND).with_name("python"))) as terminal:
        opened(terminal)
        terminal.keys("r")
        assert terminal.wait() == 1
        assert restored(terminal)
        assert b"broken on purpose" in terminal.output[terminal.output.rfind(LEAVES) :]


NO_TERMINAL = {
    "stdin": "{0} 2>{1} </dev/null",
    "stdout": "{0} 2>{1} | cat; exit ${{PIPESTATUS[0]}}",
    "stderr": "{0} 2>{1}",
    "everything": "{0} 2>{1} </dev/null >/dev/null",
    "closed": "{0} 2>{1} <&- >&-",
}


@pytest.mark.parametrize(
    "case", [pytest.param(one, marks=pytest.mark.slow if one in ("stdin", "everything") else ()) for one in NO_TERMINAL]
)
def test_without_a_terminal_it_names_the_other_command(case: str, tmp_path: Path) -> None:
    words = ["-c", NO_TERMINAL[case].format(COMMAND, tmp_path / "errors")]
    with Terminal(*words, program="/bin/bash") as terminal:
        assert terminal.wait() == 2
        assert b"\x1b" not in terminal.output
    (message,) = (tmp_path / "errors").read_text(encoding="utf-8").splitlines()
    assert "`initscope run`" in message


def test_a_dumb_terminal_is_not_enough() -> None:
    with Terminal(environment={"TERM": "dumb"}) as terminal:
        assert terminal.wait() == 2
        assert b"\x1b" not in terminal.output
        assert b"TERM is dumb" in terminal.output
        assert b"`initscope run`" in terminal.output
        assert terminal.output.count(b"\n") == 1


@pytest.mark.parametrize(("name", "words"), [("unknown initializer", ["--init", "nope"]), ("option", ["--nope"])])
def test_bad_options_end_it_before_the_screen_is_taken(name: str, words: list[str]) -> None:
    with Terminal(*words) as terminal:
        assert terminal.wait() == 2
        assert b"\x1b[?1049h" not in terminal.output
        assert terminal.output.count(b"\n") == 1, name
        assert b"nope" in terminal.output


@pytest.mark.slow
def test_resizing_while_training() -> None:
    with Terminal(*LONG, columns=120, rows=40) as terminal:
        running(terminal)
        for columns, rows in ((80, 24), (40, 12), (10, 3), (1, 1), (200, 50), (100, 30)):
            terminal.resize(columns, rows)
            if columns >= 40:
                terminal.wait_for(lambda screen: READY in screen and "space Run" in screen, OPENING)
        terminal.keys(" ")
        terminal.wait_for("paused", OPENING)
        terminal.keys("q")
        assert terminal.wait() == 0


@pytest.mark.slow
def test_a_terminal_without_unicode_gets_ascii() -> None:
    with Terminal(*LONG, columns=120, rows=40, environment={"LC_ALL": "C"}) as terminal:
        running(terminal)
        terminal.keys("zmhgt?")
        terminal.wait_for("Does this network train", OPENING)
        terminal.keys("?zcj l")
        terminal.wait_for("test loss", OPENING)
        shown = terminal.screen
        terminal.keys("q")
        assert terminal.wait() == 0
        assert shown.isascii(), shown
        assert terminal.output.isascii()


@pytest.mark.parametrize(
    "environment",
    [{"NO_COLOR": "1"}, pytest.param({"TERM": "xterm", "COLORTERM": ""}, marks=pytest.mark.slow)],
    ids=["NO_COLOR", "xterm"],
)
def test_terminals_with_few_colours_and_no_mouse_show_the_same_words(environment: dict[str, str]) -> None:
    with Terminal("--no-mouse", columns=100, rows=30, environment=environment) as terminal:
        opened(terminal)
        terminal.wait_for(lambda screen: "S 100% layer 1" in screen and "weights, layer 1" in screen, OPENING)
        assert b"\x1b[?1000h" not in terminal.output
        if "NO_COLOR" in environment:
            colours = {tuple(map(int, found)) for found in re.findall(rb"38;2;(\d+);(\d+);(\d+)", terminal.output)}
            assert all(red == green == blue for red, green, blue in colours)
        elif environment["TERM"] == "xterm":
            assert b"38;2;" not in terminal.output
        terminal.keys("q")
        assert terminal.wait() == 0
