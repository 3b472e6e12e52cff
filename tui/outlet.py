"""Where the screen's bytes leave: a thread that writes them, and never keeps the program waiting.

Textual's own lets the event loop wait once 30 pieces are queued: on a line that has come to a stop, no key, no timer
and no signal is then answered, not even that the terminal is gone. Here the queue takes everything, and who draws
waits while the line is `stuck`. What has not left when the program ends is dropped.
"""

import os
import select
import threading
from collections import deque
from time import monotonic
from typing import IO, Any

from textual.drivers import linux_driver
from textual.drivers._writer_thread import WriterThread

LEAVING = 1.0
"""Seconds without a byte taken after which we leave a terminal as it is."""
TURN = 0.02
PROMPT = 0.02
"""Seconds within which a terminal takes a piece, if it is not stuck."""
PIECE = 1024
"""Bytes at a time, so that a slow terminal is seen to take some."""
LEAVE = "\x1b[?1049l"
"""Back from the alternate screen, as Textual's driver says it, alone in a piece."""
WIPE = "\x1b[m\x1b[H\x1b[J"
"""Said before it: the Linux console and GNU screen, as it is set at first, have one screen alone, and a shell would
write over what is left there."""
COPY, STRING = "\x1b]52;", 700
"""How a request to copy begins; bytes at a time, at most 768, that GNU screen hands on to the terminal around it."""


class Outlet(WriterThread):
    """Takes the place of Textual's writer thread; the newest one is `current`.

    It writes past Python's buffers: a thread that hangs in one of them aborts the interpreter when that ends.
    """

    current: "Outlet | None" = None

    def __init__(self, file: IO[str]) -> None:
        super().__init__(file)
        self._encoding = getattr(file, "encoding", "utf-8")
        self._errors = getattr(file, "errors", None) or "strict"
        self._pieces: deque[tuple[float, bytes]] = deque()
        self._changed = threading.Condition()
        self._waiting, self._since, self._over = 0, 0.0, False
        self.written = 0
        """Bytes that were to be written so far."""
        Outlet.current = self

    @property
    def waiting(self) -> int:
        """Bytes that the terminal has not taken yet."""
        return self._waiting

    @property
    def stuck(self) -> bool:
        """Whether the terminal has not taken what it should have by now."""
        with self._changed:
            return self._waiting > 0 and monotonic() - self._since > PROMPT

    def write(self, text: str) -> None:
        piece = _understood(text).encode(self._encoding, self._errors)
        with self._changed:
            if not self._waiting:
                self._since = monotonic()
            self._pieces.append((monotonic(), piece))
            self._waiting += len(piece)
            self.written += len(piece)
            self._changed.notify()

    def forget(self) -> None:
        """Drop what has not begun to leave: nobody is going to see it."""
        with self._changed:
            self._waiting -= sum(len(piece) for _, piece in self._pieces)
            self._pieces.clear()

    def run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._pieces or self._over)
                if not self._pieces:
                    return
                self._since, piece = self._pieces.popleft()
            try:
                self._put(piece)
            except OSError:  # the terminal is gone
                self.forget()
                with self._changed:
                    self._waiting = sum(len(piece) for _, piece in self._pieces)

    def _put(self, piece: bytes) -> None:
        file, rest = self._file.fileno(), memoryview(piece)
        while rest:
            try:
                taken = os.write(file, rest[:PIECE])
            except BlockingIOError:  # some other program has left the terminal in that mode
                select.select([], [file], [])
                continue
            rest = rest[taken:]
            with self._changed:
                self._waiting -= taken

    def stop(self) -> None:
        """Let what is left leave for as long as the terminal takes some of it: it may have come to a stop."""
        with self._changed:
            self._over = True
            self._changed.notify()
        left, end = self._waiting, monotonic() + LEAVING
        while self.is_alive() and monotonic() < end:
            self.join(TURN)
            if self._waiting < left:
                left, end = self._waiting, monotonic() + LEAVING


def _understood(text: str) -> str:
    """What Textual says, in words that terminals understand which know less than others."""
    if text == LEAVE:
        return WIPE + text
    if text.startswith(COPY) and os.environ.get("STY") and not os.environ.get("TMUX"):  # within GNU screen
        parts = (text[start : start + STRING] for start in range(0, len(text), STRING))
        return "".join(f"\x1bP{part}\x1b\\" for part in parts)
    return text


def install() -> None:
    """From now on, Textual's driver writes through an `Outlet`."""
    driver: Any = linux_driver
    driver.WriterThread = Outlet
