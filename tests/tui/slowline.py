"""The installed command behind a slow line: a pseudo-terminal whose bytes arrive late and a few at a time.

    with SlowLine("--epochs", "1000", rate=2000, delay=0.3) as line:
        line.wait_for("paused", 60)
        seconds = line.answer(" ", lambda screen: "steps/s" in screen)
        print(line.frames, line.queued, line.arrived)

What a connection does is modelled as: `buffer` bytes are taken from the terminal at once (a socket's buffers), the
rest waits in the kernel's and then blocks the program; `rate` bytes a second leave the buffer, and arrive `delay`/2
later, as keys do in the other direction.
"""

import fcntl
import os
import select
import signal
import struct
import subprocess
import termios
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from time import monotonic, sleep
from typing import Self

import pyte
from terminal import BARE, COMMAND, FOREIGN, PARTIAL

TURN = 0.01
"""Seconds between looks of the line at its two ends."""
PIECE = 4096
PATIENCE = 5.0
"""Seconds that the command has for ending when the test is over."""


class SlowLine:
    """`rate` bytes a second to us, `delay` seconds for a round trip, `buffer` bytes that the line holds.

    `answers`: whether the terminal answers questions, as all but a few do.
    """

    def __init__(
        self, *words: str, rate: float = 2000.0, delay: float = 0.3, buffer: int = 4096,
        columns: int = 80, rows: int = 24, environment: Mapping[str, str] | None = None, program: str = COMMAND,
        answers: bool = True,
    ) -> None:  # fmt: skip
        self.rate, self.delay, self.buffer = rate, delay, buffer
        self.output = b""
        """All bytes that arrived."""
        self.frames = 0
        """How often what a person sees had changed, looked at ten times a second."""
        self.most_queued = 0
        self.emulated = pyte.Screen(columns, rows)
        if answers:
            self.emulated.write_process_input = self._answer  # type: ignore[method-assign]
        self._stream, self._rest, self._seen = pyte.ByteStream(self.emulated), b"", ""
        self._held = bytearray()
        self._coming: deque[tuple[float, bytes]] = deque()
        self._going: deque[tuple[float, bytes]] = deque()
        self._lock, self._over = threading.Lock(), threading.Event()
        self._master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process = subprocess.Popen(
            [program, *words], stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            env={**BARE, "TERM": "xterm-256color", "COLORTERM": "truecolor", **(environment or {})},
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )  # fmt: skip
        os.close(slave)
        self._mover = threading.Thread(target=self._move, daemon=True)
        self._mover.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE)
        self._over.set()
        self._mover.join(PATIENCE)
        os.close(self._master)

    # The line

    def _move(self) -> None:
        allowed, before, looked = 0.0, monotonic(), 0.0
        while not self._over.is_set():
            sleep(TURN)
            now = monotonic()
            allowed, before = min(allowed + (now - before) * self.rate, self.rate), now
            with self._lock:
                while self._going and self._going[0][0] <= now:
                    with suppress(OSError):
                        os.write(self._master, self._going.popleft()[1])
                self._take_in()
                piece = bytes(self._held[: int(allowed)])
                del self._held[: len(piece)]
                allowed = allowed - len(piece) if self._held else min(allowed - len(piece), self.rate * TURN)
                if piece:
                    self._coming.append((now + self.delay / 2, piece))
                self.most_queued = max(self.most_queued, self.queued)
                while self._coming and self._coming[0][0] <= now:
                    self._arrive(self._coming.popleft()[1])
                if now - looked >= 0.1:
                    looked = now
                    shown = "\n".join(self.emulated.display)
                    self.frames += shown != self._seen
                    self._seen = shown

    def _take_in(self) -> None:
        """From the terminal into the line, as far as it holds."""
        while len(self._held) < self.buffer and select.select([self._master], [], [], 0)[0]:
            try:
                self._held += os.read(self._master, min(PIECE, self.buffer - len(self._held)))
            except OSError:  # the command has ended
                return

    def _arrive(self, piece: bytes) -> None:
        self.output += piece
        data = FOREIGN.sub(b"", self._rest + piece)
        cut = PARTIAL.search(data)  # a code may be split
        self._rest = data[cut.start() :] if cut else b""
        self._stream.feed(data[: cut.start()] if cut else data)

    def _answer(self, data: str) -> None:
        """What the terminal says to a question, such as where its cursor is."""
        self._going.append((monotonic() + self.delay / 2, data.encode()))

    def stop(self) -> None:
        """From now on the line takes nothing; keys still go through."""
        with self._lock:
            self.buffer = 0

    # What is measured

    @property
    def queued(self) -> int:
        """Bytes that the program has written and nobody has seen: in the line, on the way, in the kernel."""
        waiting = bytearray(4)
        with suppress(OSError):
            fcntl.ioctl(self._master, termios.FIONREAD, waiting)
        return len(self._held) + sum(len(piece) for _, piece in self._coming) + int.from_bytes(waiting, "little")

    @property
    def arrived(self) -> int:
        return len(self.output)

    @property
    def screen(self) -> str:
        """What is on the screen now: a line a row, without trailing blanks."""
        with self._lock:
            return "\n".join(line.rstrip() for line in self.emulated.display)

    # What a person does

    def keys(self, text: str) -> None:
        with self._lock:
            self._going.append((monotonic() + self.delay / 2, text.encode()))

    def wait_for(self, what: str | Callable[[str], object], timeout: float) -> float:
        """Wait until the screen contains a text, or satisfies a condition; returns the seconds it took."""
        start = monotonic()
        while True:
            shown = self.screen
            if what in shown if isinstance(what, str) else what(shown):
                return monotonic() - start
            if monotonic() - start > timeout:
                raise AssertionError(f"{what!r} did not come within {timeout} s; the screen is\n{shown}")
            sleep(TURN)

    def answer(self, key: str, what: str | Callable[[str], object], timeout: float = 60.0) -> float:
        """Press a key; the seconds until the screen shows its answer."""
        self.keys(key)
        return self.wait_for(what, timeout)

    def wait(self, timeout: float) -> tuple[int, float]:
        """The exit code, and the seconds until it ended and its last byte arrived."""
        start = monotonic()
        code = self.process.wait(timeout)
        while self.queued and monotonic() - start < timeout:
            sleep(TURN)
        return code, monotonic() - start
