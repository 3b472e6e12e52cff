"""Ctrl+Z and fg: the program sleeps, training with it, and comes back to a clean screen.

Textual restores the terminal, stops the process, and starts again at SIGCONT. What is added: SIGCONT without a sleep
before it (`kill -STOP` and `kill -CONT`, a batch system) must not start the terminal a second time, only take back the
modes that a shell has set meanwhile; and the screen is drawn anew, as the shell has written over it.
"""

import os
import signal
import sys
import termios
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from textual.driver import Driver


class JobControl:
    """Takes over the driver's two handlers; `awake` is called once the terminal is ours again."""

    def __init__(self, driver: Driver, awake: Callable[[], object]) -> None:
        self._driver, self._awake = driver, awake
        self._asleep = False
        self._modes = self._terminal_modes()
        self._sleep: Any = signal.signal(signal.SIGTSTP, self._on_sleep)
        self._wake: Any = signal.signal(signal.SIGCONT, self._on_wake)

    def _on_sleep(self, *arguments: object) -> None:
        self._asleep = True
        self._sleep(*arguments)

    def _on_wake(self, *arguments: object) -> None:
        """`bg` wakes us without giving us the terminal: Textual then goes back to sleep, and this is called again."""
        if self._asleep:
            self._wake(*arguments)
            reader = getattr(self._driver, "_key_thread", None)
            self._asleep = reader is not None and not reader.is_alive()
        elif self._modes is not None:
            with suppress(termios.error):
                termios.tcsetattr(sys.stdin.fileno(), termios.TCSANOW, self._modes)
        if not self._asleep:
            self._awake()

    @staticmethod
    def _terminal_modes() -> Any:
        """As the driver has set them; None where standard input is no terminal."""
        try:
            return termios.tcgetattr(sys.stdin.fileno())
        except (termios.error, OSError, ValueError):
            return None


def someone_can_wake_us() -> bool:
    """Whether a shell with job control started us. Without one, a process that stops itself stays so for ever."""
    group, session = os.getpgrp(), os.getsid(0)
    parent = os.getppid()
    while parent > 1:
        try:
            if os.getsid(parent) != session:
                return False
            if os.getpgid(parent) != group:
                return True
            parent = _parent_of(parent)
        except (OSError, ValueError):
            return True  # it cannot be told: do as we are told
    return False


def _parent_of(process: int) -> int:
    """From Linux's /proc/PID/stat: after the name in brackets come the state and the parent."""
    status = Path(f"/proc/{process}/stat").read_bytes()
    return int(status.rpartition(b")")[2].split()[1])
