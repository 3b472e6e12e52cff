"""What the lab shows: its panels, where they go, and how snapshots get to them. What is drawn is made elsewhere."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widgets import Footer

from initscope.core.comparison import Comparison
from initscope.core.datasets.data import Dataset
from initscope.core.snapshot import Snapshot
from initscope.core.spec import Spec
from initscope.tui import panels, views
from initscope.tui.app import BAD_INPUT
from initscope.tui.lines import Lines
from initscope.tui.panels import Choice
from initscope.tui.session import Session

TICK = 0.25
"""Seconds between looks at the mailbox: 4 frames a second are plenty and cheap."""
SOON = 0.02
"""Seconds between looks just after something was asked for."""
PATIENCE = 25
"""How many of those quick looks before the usual ones must do."""
PANES_EVERY = 4
"""Panes are drawn on every fourth tick while training: they change slowly and cost most."""
PACES = (1, 10, 100, 1000, 10_000, None)
"""Steps a frame; None is as fast as possible."""
START_PACE = 2
LEAVING = 0.3
"""Seconds that leaving waits for the worker; one in a very long step is left to end with the program."""
LEAST_PANE = 38
"""Columns of a lane's pane."""
MOST_PANES = 5
BOTH_CHARTS = 100
"""Columns from which loss and accuracy stand side by side."""


class LabView(Screen[None]):
    """The comparison that is shown and what of it is looked at; `labscreen` adds what a person can do."""

    AUTO_FOCUS = None

    def __init__(self, comparison: Comparison, datasets: Mapping[str, Dataset]) -> None:
        super().__init__()
        self.comparison = comparison
        self.datasets = dict(datasets)
        self.session = Session()
        self.choice = Choice()
        self.snapshot: Snapshot | None = None
        self.pace = START_PACE
        """Place in PACES."""
        self.accuracy_first = False
        self._ticks = 0
        self._soon = 0

    # What is on the screen

    def compose(self) -> ComposeResult:
        yield Lines(id="title")
        yield Lines(id="lanes")
        with Horizontal(id="charts"):
            yield Lines(id="loss")
            yield Lines(id="accuracy")
        with Horizontal(id="panes"):
            for number in range(MOST_PANES):
                yield Lines(id=f"pane{number}", classes="pane")
        yield Lines(id="layers")
        yield Lines(id="bottom")
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        self.load()
        self.set_interval(TICK, self._tick)

    def on_unmount(self) -> None:
        self.session.close(LEAVING)

    def lines(self, name: str) -> Lines:
        return self.query_one(f"#{name}", Lines)

    def on_resize(self, event: events.Resize) -> None:
        self.lay_out(event.size.width, event.size.height)

    def lay_out(self, width: int, height: int) -> None:
        """Drop what does not fit rather than squeeze it."""
        both = width >= BOTH_CHARTS
        self.set_class(not both and self.accuracy_first, "accuracy-only")
        self.set_class(not both and not self.accuracy_first, "loss-only")
        self.set_class(height < 20, "short")
        self.set_class(height < 10, "tiny")
        lanes = len(self.comparison.lanes)
        self.lines("lanes").styles.height = min(lanes + (height >= 14), max(height // 3, 1))
        for number in range(MOST_PANES):
            self.lines(f"pane{number}").display = number < min(self.panes_shown(), lanes)
        self.call_after_refresh(self.draw_all)

    def panes_shown(self) -> int:
        """How many lanes have a pane on one page."""
        return 1 if self.has_class("zoomed") else max(1, min(MOST_PANES, self.app.size.width // LEAST_PANE))

    # From the mailbox to the screen

    def load(self) -> None:
        """Give the session the lanes as they are now chosen. What is on the screen stays until it answers."""
        self.snapshot = None
        self.session.load(self.specs, {d.name: d for d in self.datasets.values()}, self.choice.layer)
        self.choice = replace(self.choice, cursor=None, lane=min(self.choice.lane, len(self.comparison.lanes) - 1))
        self.lay_out(*self.app.size)
        self.look_soon()

    @property
    def specs(self) -> tuple[Spec, ...]:
        return self.comparison.specs(self.datasets)

    def look_soon(self) -> None:
        """An answer is on its way: look for it without waiting for the next tick."""
        if not self._soon:
            self.set_timer(SOON, self._look_again)
        self._soon = PATIENCE

    def _look_again(self) -> None:
        self._soon -= 1
        if self._pull():
            self.draw_all()
            self._soon = 0
        elif self._soon:
            self.set_timer(SOON, self._look_again)

    def _tick(self) -> None:
        self._ticks += 1
        if isinstance(self.session.error, MemoryError):
            self.app.exit(None, BAD_INPUT, "initscope: these networks do not fit in this machine's memory")
        elif self.session.error is not None:
            raise RuntimeError("training failed") from self.session.error
        if self._pull():
            self._draw_charts()
            if self._ticks % PANES_EVERY == 0 or not self.session.playing:
                self._draw_panes()
        self.draw_title()

    def _pull(self) -> bool:
        """Take the newest snapshot; whether there was a new one."""
        newest = self.session.snapshot
        if newest is None or newest is self.snapshot:
            return False
        self.snapshot = newest
        return True

    def draw_all(self) -> None:
        self.draw_title()
        self._draw_charts()
        self._draw_panes()

    def draw_title(self) -> None:
        snapshot = self.snapshot
        setting = panels.setting(snapshot) if snapshot else "getting ready ..."
        activity = self._activity(snapshot)
        self.lines("title").show(lambda style: panels.title_line(setting, activity, style))

    def _activity(self, snapshot: Snapshot | None) -> str:
        pace = PACES[self.pace]
        speed = "" if pace is None else f"{pace:,} steps/frame"
        if self.session.playing and snapshot:
            sign = "▶" if getattr(self.app, "unicode", True) else "running"
            return f"{sign} {speed or f'{views.number(snapshot.steps_per_second)} steps/s'}"
        if snapshot and snapshot.ended:
            return "ended · r rewinds"
        return f"paused · {speed or 'full speed'}"

    def _draw_charts(self) -> None:
        snapshot, choice = self.snapshot, self.choice
        if snapshot is None:
            return
        cursor = panels.cursor_x(snapshot, choice)
        self.lines("lanes").show(lambda style: panels.lane_table(snapshot, choice.lane, style))
        self.lines("bottom").show(lambda style: panels.bottom(snapshot, choice, style))
        self.lines("loss").show(
            lambda style: views.loss_chart(snapshot, style, log=choice.log, test=choice.test, cursor=cursor)
        )
        self.lines("accuracy").show(
            lambda style: views.accuracy_chart(snapshot, style, test=choice.test, cursor=cursor)
        )

    def _draw_panes(self) -> None:
        snapshot, choice = self.snapshot, self.choice
        if snapshot is None:
            return
        panes = [self.lines(f"pane{number}") for number in range(MOST_PANES)]
        shown = [pane for pane in panes if pane.display]
        first = choice.lane // max(len(shown), 1) * len(shown)
        paged = len(shown) < len(snapshot.lanes)
        for place, pane in enumerate(shown, first):
            if place < len(snapshot.lanes):
                last = place in (first + len(shown) - 1, len(snapshot.lanes) - 1)
                note = f" {first + 1}-{place + 1} of {len(snapshot.lanes)} [ ]" if last and paged else ""
                pane.show(partial(panels.pane, snapshot.lanes[place], snapshot, choice, note=note))
            else:
                pane.show(lambda style: [])
        chosen = snapshot.lanes[choice.lane]
        self.lines("layers").show(lambda style: panels.layer_table(chosen, choice, style))
