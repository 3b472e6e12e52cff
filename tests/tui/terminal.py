"""The installed command in a real pseudo-terminal, and what a person would see of it on an emulated screen.

    with Terminal("run", "--steps", "100", columns=120, rows=40) as terminal:
        terminal.wait_for("training")
        terminal.keys("q")
        assert terminal.wait() == 0
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from time import perf_counter, sleep
from typing import Self

import pexpect
import pyte

COMMAND = str(Path(sys.executable).with_name("initscope"))
"""The script that pip installed beside this Python."""
BARE = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR")}
"""This environment without what would change a terminal's size or colours."""
# Queries and keyboard modes that pyte does not know and would take for something else.
FOREIGN = re.compile(rb"\x1b\[[<>=][0-9;]*[a-zA-Z]|\x1b\[\?[0-9;]*(\$p|u|m)|\x1b\[[0-9;]*t|\x1b[P_^][^\x1b]*\x1b\\")
PARTIAL = re.compile(rb"\x1b(\[[0-9;?<>=$]*|[P_^][^\x1b]{0,40}\x1b?)?\Z")
QUANTUM = 0.05
"""Seconds to wait for output at a time."""


def run(
    *words: str, environment: Mapping[str, str] | None = None, folder: Path | None = None, timeout: float = 60
) -> subprocess.CompletedProcess[str]:
    """The installed command without a terminal: both outputs are pipes, as UTF-8 with lossless escapes."""
    return subprocess.run(
        [COMMAND, *words],
        env={**BARE, **(environment or {})},
        cwd=folder,
        timeout=timeout,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
    )


class Terminal:
    """`initscope` with `words`, in `columns` by `rows`. Leave the context to end it, whatever it does.

    `program` runs another command in place of `initscope`. `output` holds all bytes that came so far.
    """

    def __init__(
        self,
        *words: str,
        columns: int = 80,
        rows: int = 24,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        program: str = COMMAND,
    ) -> None:
        self.output = b""
        self._rest = b""
        self.emulated = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.emulated)
        self._child = pexpect.spawn(
            program,
            list(words),
            env={**BARE, "TERM": "xterm-256color", "COLORTERM": "truecolor", **(environment or {})},
            cwd=None if folder is None else str(folder),
            dimensions=(rows, columns),
            echo=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._child.close(force=True)

    @property
    def pid(self) -> int:
        return int(self._child.pid)

    @property
    def file(self) -> int:
        """The descriptor of our end of the terminal."""
        return int(self._child.child_fd)

    @property
    def screen(self) -> str:
        """What is on the screen now: a line a row, without trailing blanks."""
        self.read()
        return "\n".join(line.rstrip() for line in self.emulated.display)

    @property
    def cursor_hidden(self) -> bool:
        return bool(self.emulated.cursor.hidden)

    def read(self, seconds: float = 0.0) -> bool:
        """Take in what comes within so many seconds. False: the command has closed the terminal."""
        end = perf_counter() + seconds
        while not self._child.closed:
            try:
                self._feed(self._child.read_nonblocking(1 << 16, timeout=max(0.0, min(QUANTUM, end - perf_counter()))))
            except pexpect.TIMEOUT:
                if perf_counter() >= end:
                    return True
            except pexpect.EOF:
                break
        return False

    def _feed(self, data: bytes) -> None:
        self.output += data
        data = FOREIGN.sub(b"", self._rest + data)
        cut = PARTIAL.search(data)  # a code may be split between two reads
        self._rest = data[cut.start() :] if cut else b""
        self._stream.feed(data[: cut.start()] if cut else data)

    def wait_for(self, what: str | Callable[[str], object], timeout: float = 10.0) -> float:
        """Wait until the screen contains a text, or satisfies a condition; returns the seconds it took.

        Raises AssertionError with the screen after `timeout` seconds, or when the command ends before.
        """
        start = perf_counter()
        while True:
            open_still = self.read(0.005)
            shown = self.screen
            if what in shown if isinstance(what, str) else what(shown):
                return perf_counter() - start
            if not open_still or perf_counter() - start > timeout:
                raise AssertionError(f"{what!r} did not come within {timeout} s; the screen is\n{shown}")

    def keys(self, text: str) -> None:
        r"""Press keys: characters as they are, `\r` for Enter, `\x1b` for Escape, `\x03` for Ctrl+C."""
        self._child.send(text)

    def signal(self, number: signal.Signals) -> None:
        self._child.kill(number)

    def hang_up(self, timeout: float = 30.0) -> int:
        """Close the terminal, as a line that drops does; the exit code of the command, as of `wait`."""
        os.close(self._child.child_fd)
        self._child.closed, self._child.child_fd = True, -1
        end = perf_counter() + timeout
        while (found := os.waitpid(self.pid, os.WNOHANG)) == (0, 0):
            assert perf_counter() < end, f"still running {timeout} s after its terminal was closed"
            sleep(QUANTUM)
        self._child.terminated = True
        return os.waitstatus_to_exitcode(found[1])

    def resize(self, columns: int, rows: int) -> None:
        self._child.setwinsize(rows, columns)
        self.emulated.resize(rows, columns)

    def wait(self, timeout: float = 30.0) -> int:
        """The exit code once the command has ended; minus the number of the signal that killed it.

        Raises AssertionError with the screen if it has not ended in time.
        """
        end = perf_counter() + timeout
        while self.read(QUANTUM):
            if perf_counter() > end:
                raise AssertionError(f"still running after {timeout} s; the screen is\n{self.screen}")
        self._child.wait()
        if self._child.exitstatus is not None:
            return int(self._child.exitstatus)
        return -int(self._child.signalstatus)
