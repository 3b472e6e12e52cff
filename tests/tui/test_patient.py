"""An app that draws no faster than the line takes it: while it holds nothing is drawn, afterwards everything is."""

from time import monotonic
from typing import Any

import pytest
from labpilot import settle, until
from textual import events
from textual.app import ComposeResult
from textual.pilot import Pilot

from initscope.tui.lines import Lines
from initscope.tui.outlet import Outlet
from initscope.tui.patient import GOODBYE, QUESTION, PatientApp


class Line:
    """Stands for the outlet."""

    def __init__(self) -> None:
        self.waiting, self.written, self.stuck = 0, 0, False
        self.questions = 0

    def write(self, text: str) -> None:
        self.written += len(text)
        self.questions += text == QUESTION

    def forget(self) -> None:
        self.waiting = 0


class Board(PatientApp):
    """One widget, on a terminal that a test decides about."""

    def __init__(self) -> None:
        super().__init__()
        self.faked = Line()
        self.displayed = 0

    @property
    def line(self) -> Outlet | None:
        return self.faked  # type: ignore[return-value]

    def compose(self) -> ComposeResult:
        yield Lines()

    def post_display_hook(self) -> None:
        """What a driver would do for every picture; none is written in a batch, and a headless app has none."""
        if not self._batch_count:
            self.displayed += 1
            self.faked.written += 1000

    def show(self, text: str) -> None:
        self.query_one(Lines).show(lambda style: [text])


async def stuck(pilot: Pilot[Any], app: Board) -> None:
    app.faked.waiting, app.faked.stuck = 1000, True
    app.show("first")
    await until(pilot, lambda: app._holding)
    await settle(pilot)


async def test_what_changed_while_the_terminal_was_stuck_is_drawn_without_another_reason() -> None:
    """A tick does not count as one: it is a timer's callback, and no message to the screen."""
    app = Board()
    async with app.run_test() as pilot:
        await stuck(pilot, app)
        before = app.displayed
        app.show("second")
        await settle(pilot)
        assert app.displayed == before
        app.faked.waiting, app.faked.stuck = 0, False
        await until(pilot, lambda: app.displayed > before, 2)
        assert not app._holding


async def test_every_question_is_answered_before_the_next_and_before_leaving() -> None:
    app = Board()
    async with app.run_test() as pilot:
        app.show("first")
        await until(pilot, lambda: app.faked.questions == 1)
        app.post_message(events.CursorPosition(0, 0))
        await until(pilot, lambda: app.flow._answered)
        app.flow._last_asked -= 10
        app.show("second")
        await until(pilot, lambda: app.flow.awaiting)
        app.show("third")
        await settle(pilot)
        assert app.faked.questions == 2
        app.exit()
        await settle(pilot)
        assert not app._exit
        app.post_message(events.CursorPosition(0, 0))
        await until(pilot, lambda: app._exit, 2)


@pytest.mark.parametrize("twice", [True, False])
async def test_leaving_waits_no_longer_than_that_and_the_second_time_not_at_all(twice: bool) -> None:
    app = Board()
    async with app.run_test() as pilot:
        app.flow.ask()
        app.flow.answer()
        app.flow.ask()
        start = monotonic()
        app.exit(return_code=1)
        if twice:
            app.exit(return_code=2)
        await until(pilot, lambda: app._exit)
        assert app.return_code == 1 + twice
        assert monotonic() - start > GOODBYE * 0.9 or twice
        assert monotonic() - start < GOODBYE + 2


async def test_on_a_stuck_terminal_leaving_does_not_wait() -> None:
    app = Board()
    async with app.run_test() as pilot:
        await stuck(pilot, app)
        app.exit()
        assert app._exit
        assert app.faked.waiting == 0
        app.faked.stuck = False
