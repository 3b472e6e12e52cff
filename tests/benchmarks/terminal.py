"""A command in a real pseudo-terminal of a given size, with an emulator that tells what a person would see."""

import fcntl
import os
import queue
import re
import struct
import subprocess
import termios
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from time import perf_counter

import pyte

PRIVATE = re.compile(rb"\x1b\[[<=>?][0-9;]*(?:\$p|u)")
"""Questions about modes and keyboards, which pyte would print on its screen."""
TICKS = os.sysconf("SC_CLK_TCK")

Seen = Callable[[Sequence[str]], bool]
"""Whether the lines on the screen are what is waited for."""


class Terminal:
    """Runs `command` on one core; a thread notes when each piece of output arrived."""

    def __init__(self, command: Sequence[str], columns: int, rows: int, core: int) -> None:
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self._pieces: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()
        self.bytes = 0
        """Output so far, as far as it was looked at."""
        self._master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

        def take_terminal() -> None:
            os.sched_setaffinity(0, {core})
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
        self.started = perf_counter()
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=environment,
            start_new_session=True, preexec_fn=take_terminal,
        )  # fmt: skip
        os.close(slave)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        with suppress(OSError):  # the other end is closed
            while piece := os.read(self._master, 1 << 16):
                self._pieces.put((perf_counter(), piece))

    def close(self) -> None:
        """End the command, at once if need be."""
        self.process.terminate()
        try:
            self.process.wait(3)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._reader.join(3)  # else it might read what the next terminal gets under the same number
        os.close(self._master)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def write(self, text: str) -> float:
        """Type `text`; returns when."""
        now = perf_counter()
        os.write(self._master, text.encode())
        return now

    def resize(self, columns: int, rows: int) -> None:
        """As a person does who drags the window's corner."""
        self.screen.resize(rows, columns)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def look(self, timeout: float) -> float | None:
        """Take in the next piece of output; returns when it arrived, None if there was none in time."""
        try:
            arrived, piece = self._pieces.get(timeout=max(timeout, 0.0))
        except queue.Empty:
            return None
        self.bytes += len(piece)
        self._stream.feed(PRIVATE.sub(b"", piece))
        return arrived

    def wait(self, seen: Seen, timeout: float = 20.0) -> float:
        """Look until the screen is as waited for; returns when the output that made it so arrived."""
        deadline = perf_counter() + timeout
        arrived = perf_counter()
        while not seen(self.screen.display):
            found = self.look(deadline - perf_counter())
            if found is None:
                raise SystemExit("the screen never showed what was waited for:\n" + "\n".join(self.screen.display))
            arrived = found
        return arrived

    def watch(self, seconds: float, each: Callable[[float, Sequence[str]], None] = lambda *_: None) -> int:
        """Look for so long, showing `each` new picture with its time; returns the number of bytes."""
        before, deadline = self.bytes, perf_counter() + seconds
        while (left := deadline - perf_counter()) > 0:
            arrived = self.look(left)
            if arrived is not None:
                each(arrived, self.screen.display)
        return self.bytes - before

    def cpu(self) -> float:
        """Seconds of processor time that the command has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS
