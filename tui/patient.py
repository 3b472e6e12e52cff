"""An application that draws no faster than the line takes it: on a slow one frames are left out, not queued."""

from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import Any

from rich.console import RenderableType
from textual import events
from textual.app import App
from textual.screen import Screen

from initscope.tui import outlet
from initscope.tui.flow import Flow

LOOK = 0.03
"""Seconds between looks whether the terminal has taken what was drawn."""
QUESTION = "\x1b[6n"
"""Where the cursor is: every terminal answers that, when it has come to it."""
GOODBYE = 0.7
"""Seconds that leaving waits for an answer that is under way: in a shell it would look like something typed."""


class PatientApp(App[None]):
    """While too much is under way, what changes is only marked; afterwards it is drawn once, as it then is."""

    def __init__(self, slow: bool | None = None) -> None:
        """`slow` is whether to draw for a slow line, None for as it turns out to be."""
        super().__init__()
        outlet.install()
        self.flow = Flow(slow)
        self._looking = self._holding = self._lost = False
        self._stuck_since: float | None = None
        self._leave: Callable[[], object] | None = None
        """What is to be done when the last answer has come."""

    @property
    def line(self) -> outlet.Outlet | None:
        """Where the screen's bytes leave; None without a terminal."""
        return None if self.is_headless else outlet.Outlet.current

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        """Textual's one way to the terminal. A new layout comes here while we hold: all is then drawn again."""
        self._lost = self._lost or self._holding
        line = self.line
        if line is None:
            super()._display(screen, renderable)
            return
        self._ask(line)  # before the frame where it is the first: that tells how far the terminal is
        before = line.written
        super()._display(screen, renderable)
        if line.written > before:
            self.flow.sent(line.written - before)
            self._ask(line)
        if not self._looking and (line.waiting or self.flow.awaiting):
            self._looking = True
            self.set_timer(LOOK, self._look)

    def _ask(self, line: outlet.Outlet) -> None:
        if self.flow.asks and not (self._leave or self._exit or self._holding):
            line.write(QUESTION)
            self.flow.ask()

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.InputEvent | events.Resize | events.AppFocus):
            self.flow.heard()
        await super().on_event(event)

    def on_cursor_position(self, event: events.CursorPosition) -> None:
        """Or it was F3 with Shift, which looks the same and can do no harm."""
        self.flow.answer(event.time)
        self._go()

    def _look(self) -> None:
        """Textual draws nothing during a batch."""
        line = self.line
        stuck = line is not None and line.stuck
        self._mind_stuck(stuck)
        hold = stuck or self.flow.late
        if hold and not self._holding:
            self._begin_batch()
        elif self._holding and not hold:
            self._end_batch()
            if self._lost:
                self.screen.refresh()
            self._lost = False
            self.screen.check_idle()  # else what is marked waits for the next message to the screen, maybe for ever
        self._holding = hold
        self._looking = hold or bool(line and line.waiting) or self.flow.awaiting
        if self._looking:
            self.set_timer(LOOK, self._look)

    def _mind_stuck(self, stuck: bool) -> None:
        now = monotonic()
        if stuck and self._stuck_since is None:
            self._stuck_since = now
        elif not stuck and self._stuck_since is not None:
            self.flow.blocked(now - self._stuck_since)
            self._stuck_since = None

    def once_answered(self, leave: Callable[[], object]) -> None:
        """Give up the terminal by `leave` when no answer is under way to it; the next one to wait does not."""
        waits, self._leave = self._leave is not None, None
        if self.line is None or self.line.waiting or not self.flow.awaiting or waits:
            leave()
        else:
            self._leave = leave
            self.set_timer(GOODBYE, self._go)

    def _go(self) -> None:
        leave, self._leave = self._leave, None
        if leave:
            leave()

    def exit(self, *arguments: Any, **named: Any) -> None:
        """What the terminal has not taken by now, nobody will see."""
        leave = partial(super().exit, *arguments, **named)
        if self.line is not None and self.line.waiting:
            self.line.forget()
            leave()
        else:
            self.once_answered(leave)
