"""The Textual application: opens at once, prepares the lab in the background, leaves the terminal as it was."""

import asyncio
import importlib
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events
from textual.app import ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.screen import Screen
from textual.widgets import Static

from initscope.core.errors import InputError
from initscope.tui.actions import said
from initscope.tui.config import Config
from initscope.tui.jobcontrol import JobControl, someone_can_wake_us
from initscope.tui.keymap import keymap
from initscope.tui.patient import PatientApp
from initscope.tui.remembered import Memory
from initscope.tui.sheet import takes_unicode

if TYPE_CHECKING:
    from initscope.core.comparison import Comparison
    from initscope.core.runs import Store

GETTING_READY = "initscope is getting ready ..."
BAD_INPUT = 2
SIZE_EVERY = 0.5
"""Seconds between looks at whether the terminal has another size than what is drawn."""


class LabApp(PatientApp):
    """`prepare` returns what a LabScreen is made of; it may take its time, and may raise InputError.

    `first` names an action of the lab to begin with; `config` is what the person set, `memory` what is remembered.
    """

    TITLE = "initscope"
    CSS_PATH: ClassVar[Any] = ["lab.tcss", "setup.tcss", "page.tcss"]
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "interrupt", "Quit", show=False, priority=True),
        Binding("ctrl+q", "quit", "Quit", show=False, priority=True),
        Binding("ctrl+z", "suspend_process", "Sleep", show=False, priority=True),
        Binding("ctrl+l", "redraw", "Redraw", show=False, priority=True),
    ]

    def __init__(
        self,
        prepare: Callable[[], tuple[Any, ...]],
        first: str = "",
        config: Config | None = None,
        memory: Memory | None = None,
        open_store: "Callable[[], Store] | None" = None,
    ) -> None:
        super().__init__(config.slow if config else None)
        self.open_store = open_store
        """Where runs are kept; None for nowhere."""
        self._prepare, self._first = prepare, first
        self.config, self.memory = config or Config(), memory or Memory(None)
        self.keys: Mapping[str, str] = keymap(self.config.keys, f"{self.config.file}, [keys]")
        """Keys by the identity of an action, where they are not those of the table of actions."""
        self.set_keymap(dict(self.keys))
        self.unicode = takes_unicode()
        """Whether the terminal takes more than ASCII."""
        self._drawn_for: Size | None = None
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
            if self._driver is not None:
                self._jobs = JobControl(self._driver, self._come_back)
        self._dress()
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

    def _dress(self) -> None:
        """In the theme that was asked for, else the one last used; a change of it is remembered."""
        wanted = self.config.theme or self.memory.theme
        if wanted in self.available_themes:
            self.theme = wanted
        self.theme_changed_signal.subscribe(self, lambda theme: setattr(self.memory, "theme", theme.name))

    def remember(self, comparison: "Comparison") -> None:
        """For `--last`; what opens without any options is not worth it, and would replace what is."""
        from initscope.core.comparison import Comparison

        if comparison != Comparison.in_order({}, ()):
            self.memory.last = comparison

    def key_of(self, name: str) -> str:
        """The first key of the lab's action of that identity, as a person would say it."""
        return self._first_keys[name]

    @cached_property
    def _first_keys(self) -> Mapping[str, str]:
        """By the identities of all actions: asked for with every frame."""
        from initscope.tui.actions import identity, with_keys

        return {identity(action): action.shown_keys.split(" ")[0] for action in with_keys(self.keys)}

    def get_key_display(self, binding: Binding) -> str:
        """In the footer as everywhere: `up` and not an arrow, which ASCII has none of."""
        return said(binding.key)

    def action_suspend_process(self) -> None:
        """Ctrl+Z: the terminal is the shell's until `fg`; training stops meanwhile, as the whole process does."""
        if someone_can_wake_us():
            self.once_answered(super().action_suspend_process)
        else:
            self.notify("There is no shell to go back to: nothing could wake initscope up again.", severity="warning")

    def _come_back(self) -> None:
        """The shell has written over the screen, and the terminal may have another size."""
        self.flow.forget()
        self.call_later(self.screen.refresh, layout=True)

    def action_redraw(self) -> None:
        """Ctrl+L, which `dtach` also sends for who attaches: something else has written over the screen."""
        self._come_back()

    def on_resize(self, event: events.Resize) -> None:
        """To the size it has: `dtach -r winch` and the like ask so for the screen to be drawn."""
        if event.size == self._drawn_for:
            self._come_back()
        self._drawn_for = event.size

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
