"""Ctrl+Z, bg and fg in a real shell in a pseudo-terminal, and what happens where there is no shell to go back to."""

import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from terminal import COMMAND, Terminal

PROMPT = "ready>"
OPENING = 60.0
"""Seconds within which things must come even on a busy machine."""
LONG = "--epochs 100000"
MODES = [(b"\x1b[?%dh" % mode, b"\x1b[?%dl" % mode) for mode in (1000, 1003, 1006, 1004, 1049)]
"""How the mouse, focus and the other screen are turned on, and off again."""


@contextmanager
def shell(columns: int = 100, rows: int = 30) -> Iterator[Terminal]:
    """An interactive shell with job control."""
    environment = {"PS1": f"{PROMPT} ", "PROMPT_COMMAND": "", "INPUTRC": "/dev/null"}
    with Terminal(
        "--norc", "--noprofile", "-i", program="/bin/bash", columns=columns, rows=rows, environment=environment
    ) as terminal:
        terminal.wait_for(PROMPT, OPENING)
        yield terminal


def type_line(terminal: Terminal, line: str) -> None:
    terminal.keys(line + "\r")


def in_lab(screen: str) -> bool:
    return "2 randn" in screen and "space Run" in screen and PROMPT not in screen


def lab_lines(screen: str) -> int:
    """Down to the footer."""
    return screen.split("space Run")[0].count("\n") if in_lab(screen) else 0


def steps(screen: str) -> int:
    """Of the second lane; -1 where the lab is not to be seen."""
    found = re.search(r"2 randn +([\d,]+) ", screen)
    return int(found[1].replace(",", "")) if found else -1


def settings(terminal: Terminal) -> str:
    """What the shell says of its terminal."""
    type_line(terminal, "clear; stty -a | grep -v rows; echo done$((1+1))")
    terminal.wait_for("done2", OPENING)
    return terminal.screen.partition("done2")[0]


def test_ctrl_z_gives_the_shell_back_and_fg_the_lab() -> None:
    with shell() as terminal:
        before = settings(terminal)
        type_line(terminal, f"clear; {COMMAND} {LONG}")
        terminal.wait_for(lambda screen: in_lab(screen) and "paused" in screen, OPENING)
        terminal.keys("+++++ ")
        terminal.wait_for(lambda screen: steps(screen) > 100, OPENING)
        for columns, rows in ((100, 30), (120, 40), (80, 24)):
            terminal.keys("\x1a")
            terminal.wait_for("Stopped", OPENING)
            assert not terminal.cursor_hidden
            assert "randn" not in terminal.screen, "what the lab drew is still there"
            assert all(terminal.output.rfind(off) > terminal.output.rfind(on) for on, off in MODES)
            assert settings(terminal) == before
            terminal.resize(columns, rows)
            type_line(terminal, "clear; echo $((1234567 * 9)); fg")
            terminal.wait_for(lambda screen, rows=rows: lab_lines(screen) >= rows - 1, OPENING)
            assert "11111103" not in terminal.screen, "what the shell wrote is still there"
            reached = steps(terminal.screen)
            terminal.wait_for(lambda screen, reached=reached: steps(screen) > reached, OPENING)
        terminal.keys(" ")
        terminal.wait_for("paused", OPENING)
        terminal.keys("q")
        terminal.wait_for(PROMPT, OPENING)
        assert settings(terminal) == before


@pytest.mark.slow
def test_bg_and_signals_from_elsewhere() -> None:
    """`bg` leaves it asleep, with the terminal the shell's; then `fg` works. A `kill -TSTP` is as good as Ctrl+Z."""
    with shell() as terminal:
        type_line(terminal, f"clear; {COMMAND} {LONG}")
        terminal.wait_for(lambda screen: in_lab(screen) and "paused" in screen, OPENING)
        terminal.keys("\x1a")
        terminal.wait_for("Stopped", OPENING)
        before = settings(terminal)
        type_line(terminal, "clear; bg; sleep 0.3; jobs")
        terminal.wait_for(lambda screen: "Stopped" in screen and not in_lab(screen), OPENING)
        assert settings(terminal) == before
        type_line(terminal, "clear; fg")
        terminal.wait_for(lambda screen: lab_lines(screen) == 29, OPENING)
        terminal.keys("s")
        terminal.wait_for(lambda screen: steps(screen) == 1, OPENING)
        terminal.keys("\x1a")
        terminal.wait_for("Stopped", OPENING)
        type_line(terminal, "clear; kill -TERM %1; fg; echo ended $?")
        terminal.wait_for("ended 143", OPENING)
        assert settings(terminal) == before


def foreground(terminal: Terminal) -> int:
    """The process group that has the terminal."""
    return os.tcgetpgrp(terminal.file)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGTSTP])
def test_stopped_and_continued_from_elsewhere(number: signal.Signals) -> None:
    """As debuggers and batch systems do: no key is lost, and the terminal is given back once and for all."""
    with shell() as terminal:
        before = settings(terminal)
        type_line(terminal, f"clear; {COMMAND} {LONG}")
        terminal.wait_for(lambda screen: in_lab(screen) and "paused" in screen, OPENING)
        os.killpg(foreground(terminal), number)
        terminal.wait_for("Stopped", OPENING)
        type_line(terminal, "clear; fg")
        terminal.wait_for(lambda screen: lab_lines(screen) == 29, OPENING)
        for made in range(1, 6):
            terminal.keys("s")
            terminal.wait_for(lambda screen, made=made: steps(screen) == made, OPENING)
        terminal.keys("q")
        terminal.wait_for(PROMPT, OPENING)
        assert settings(terminal) == before


@pytest.mark.slow
def test_continued_without_having_slept() -> None:
    with Terminal(*LONG.split()) as terminal:
        terminal.wait_for(lambda screen: in_lab(screen) and "paused" in screen, OPENING)
        for made in range(1, 4):
            terminal.signal(signal.SIGCONT)
            terminal.keys("s")
            terminal.wait_for(lambda screen, made=made: steps(screen) == made, OPENING)
        assert terminal.output.count(b"\x1b[?1049h") == 1
        terminal.keys("q")
        assert terminal.wait() == 0


def test_whoever_attaches_is_shown_the_lab() -> None:
    """Programs such as dtach keep no picture: they press Ctrl+L for who attaches, or say that the size has changed."""
    with Terminal(*LONG.split()) as terminal:
        terminal.wait_for(lambda screen: lab_lines(screen) == 23, OPENING)
        for ask in (lambda: terminal.keys("\x0c"), lambda: terminal.signal(signal.SIGWINCH)):
            terminal.emulated.reset()
            assert lab_lines(terminal.screen) < 23
            ask()
            terminal.wait_for(lambda screen: lab_lines(screen) == 23, OPENING)
        terminal.keys("q")
        assert terminal.wait() == 0


@pytest.mark.slow
def test_without_a_shell_it_stays_awake_and_says_why() -> None:
    """As in `tmux new initscope`: once asleep, it could not be woken by any key."""
    with Terminal(*LONG.split(), columns=100) as terminal:
        terminal.wait_for(lambda screen: in_lab(screen) and "paused" in screen, OPENING)
        terminal.keys("\x1as")
        terminal.wait_for(lambda screen: "no shell" in screen and steps(screen) == 1, OPENING)
        terminal.keys("q")
        assert terminal.wait() == 0
