"""The Textual application: opens at once, prepares the lab in the background, leaves the terminal as it was."""

import asyncio
import importlib
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from textual.app import App, ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Static

from initscope.core.errors import InputError
from initscope.tui.sheet import takes_unicode

GETTING_READY = "initscope is getting ready ..."
BAD_INPUT = 2
SIZE_EVERY = 0.5
"""Seconds between looks at whether the terminal has another size than what is drawn."""


class LabApp(App[None]):
    """`prepare` returns a comparison and its data; it may take its time, and may raise InputError.

    `first` names an action of the lab to begin with.
    """

    TITLE = "initscope"
    CSS_PATH: ClassVar[Any] = ["lab.tcss", "setup.tcss", "page.tcss"]
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "interrupt", "Quit", show=False, priority=True),
        Binding("ctrl+q", "quit", "Quit", show=False, priority=True),
    ]

    def __init__(self, prepare: Callable[[], tuple[Any, Any]], first: str = "") -> None:
        super().__init__()
        self._prepare, self._first = prepare, first
        self.unicode = takes_unicode()
        """Whether the terminal takes more than ASCII."""
        self.complaint = ""
        """What to tell the person once the terminal is theirs again."""

    def compose(self) -> ComposeResult:
        yield Static(GETTING_READY, id="ready")

    def on_mount(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._leave_by_signal, number)
        if not self.is_headless:
            self.set_interval(SIZE_EVERY, self._mind_size)
        self.call_after_refresh(lambda: self.run_worker(self._open_lab(), exit_on_error=True))

    async def _open_lab(self) -> None:
        """Import and load what is heavy in a thread, so that the first picture and the keys do not wait."""
        try:
            module, prepared = await asyncio.to_thread(
                lambda: (importlib.import_module("initscope.tui.labscreen"), self._prepare())
            )
            await self.push_screen(module.LabScreen(*prepared))
            if self._first:
                await self.screen.run_action(self._first)
        except InputError as error:
            self.complaint = str(error)
            self.exit(return_code=BAD_INPUT)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The command palette: Textual's own, and what the screen offers."""
        yield from super().get_system_commands(screen)
        yield from getattr(screen, "commands", tuple)()

    def _mind_size(self) -> None:
        """Ask for the terminal's size again where it is not ours: of changes in a burst, Textual can lose the last."""
        if tuple(shutil.get_terminal_size()) != tuple(self.size):
            signal.raise_signal(signal.SIGWINCH)

    def _leave_by_signal(self, number: int) -> None:
        self.exit(return_code=128 + number)

    def action_interrupt(self) -> None:
        """Ctrl+C as a key, which is how it arrives while the terminal is in raw mode."""
        self.exit(return_code=128 + signal.SIGINT)


def terminal_trouble() -> str:
    """Why the lab cannot be shown here; empty if it can."""
    streams = ((sys.stdin, "standard input"), (sys.stdout, "standard output"), (sys.stderr, "standard error"))
    for stream, name in streams:
        if stream is None or not stream.isatty():
            return f"{name} is not a terminal"
    if os.environ.get("TERM", "dumb") in ("dumb", ""):
        return "this terminal cannot move its cursor (TERM is dumb or not set)"
    return ""
