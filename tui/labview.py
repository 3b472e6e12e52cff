"""What the lab shows: its panels, where they go, and how snapshots get to them. What is drawn is made elsewhere."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Footer

from initscope.core.comparison import Comparison
from initscope.core.datasets.data import Dataset
from initscope.core.runs import Recorder
from initscope.core.snapshot import Snapshot
from initscope.core.spec import Spec
from initscope.tui import bottomline, lanetable, panels, views
from initscope.tui.activity import activity
from initscope.tui.app import BAD_INPUT, LabApp
from initscope.tui.guests import Guests
from initscope.tui.lines import Lines
from initscope.tui.painter import Painter
from initscope.tui.panels import Choice
from initscope.tui.portable import Portable
from initscope.tui.saving import Resumed
from initscope.tui.session import Session
from initscope.tui.sheet import plain_text
from initscope.tui.verdicts import Verdicts, announcement

TICK = 0.25
"""Seconds between looks at the mailbox: 4 frames a second are plenty and cheap."""
SOON = 0.02
"""Seconds between looks just after something was asked for."""
PATIENCE = 25
"""How many of those quick looks before the usual ones must do."""
PACES = (1, 10, 100, 1000, 10_000, None)
"""Steps a frame; None is as fast as possible."""
START_PACE = 2
LEAVING = 0.3
"""Seconds that leaving waits for the worker; one in a very long step is left to end with the program."""
LEAST_PANE = 38
"""Columns of a lane's pane."""
MOST_PANES = 5
NOTICE = 8.0
"""Seconds that it stands on the screen that a lane has turned bad."""
BOTH_CHARTS = 100
"""Columns from which loss and accuracy stand side by side."""


class LabView(Portable[None]):
    """The comparison that is shown and what of it is looked at; `labscreen` adds what a person can do."""

    AUTO_FOCUS = None

    def __init__(
        self,
        comparison: Comparison,
        datasets: Mapping[str, Dataset],
        session: Session | None = None,
        resumed: Resumed | None = None,
    ) -> None:
        """`session` is given where the lanes train elsewhere, `resumed` where they go on from what was saved."""
        super().__init__()
        self.comparison = comparison
        self.datasets = dict(datasets)
        self.session = session or Session()
        self._resumed = resumed
        self._trouble = ""
        """Why the run is not being saved, as it was told to the person."""
        self.verdicts = Verdicts()
        self.choice = Choice()
        self.guests = Guests()
        self.snapshot: Snapshot | None = None
        self._live: Snapshot | None = None
        """The same without the guests."""
        self.pace = START_PACE
        """Place in PACES."""
        self.accuracy_first = False
        self._soon = 0
        self._judged = 0
        """How many verdicts had been made when they were drawn last."""

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
        flow = self.app.flow if isinstance(self.app, LabApp) else None
        text, charts = ("title", "lanes", "bottom"), ("loss", "accuracy")
        panes = (*(f"pane{number}" for number in range(MOST_PANES)), "layers")
        self._painter = Painter(flow, *(list(map(self.lines, names)) for names in (text, charts, panes)))
        self.load(self._resumed)
        self.set_interval(TICK, self._tick)

    def on_unmount(self) -> None:
        self.verdicts.close()
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
        lanes = self.lane_count
        self.lines("lanes").styles.height = min(lanes + (height >= 14), max(height // 3, 1))
        for number in range(MOST_PANES):
            self.lines(f"pane{number}").display = number < min(self.panes_shown(), lanes)
        self.call_after_refresh(self.draw_all)

    def panes_shown(self) -> int:
        """How many lanes have a pane on one page."""
        return 1 if self.has_class("zoomed") else max(1, min(MOST_PANES, self.app.size.width // LEAST_PANE))

    # From the mailbox to the screen

    def load(self, resumed: Resumed | None = None) -> None:
        """Give the session the lanes as they are now chosen. What is on the screen stays until it answers."""
        self.snapshot = self._live = None
        datasets = {d.name: d for d in self.datasets.values()}
        self.verdicts.load({**self.guests.datasets, **datasets})
        record = self._recording(resumed)
        self.session.load(self.specs, datasets, self.choice.layer, record, resumed.saved if resumed else None)
        self.choice = replace(self.choice, cursor=None, lane=min(self.choice.lane, self.lane_count - 1))
        self.lay_out(*self.app.size)
        self.look_soon()
        if isinstance(self.app, LabApp):
            self.app.remember(self.comparison)

    def _recording(self, resumed: Resumed | None) -> Callable[[], Recorder] | None:
        """What begins a record of the lanes on disk: the first goes on with the resumed run, if there is one."""
        if not isinstance(self.app, LabApp) or self.app.open_store is None:
            return None
        store, comparison, datasets = self.app.open_store(), self.comparison, dict(self.datasets)
        folders = [resumed.folder] if resumed else []
        return lambda: Recorder(store, comparison, datasets, "lab", folders.pop() if folders else None)

    @property
    def specs(self) -> tuple[Spec, ...]:
        return self.comparison.specs(self.datasets)

    @property
    def lane_count(self) -> int:
        return len(self.comparison.lanes) + len(self.guests)

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
        if isinstance(self.session.error, MemoryError):
            self.app.exit(None, BAD_INPUT, "initscope: these networks do not fit in this machine's memory")
        elif self.session.error is not None:
            raise RuntimeError("training failed") from self.session.error
        if self._pull():
            self._offer_pictures()
        self._mind_verdicts()
        self._offer_title()
        self._painter.turn(self.session.playing)
        self._mind_trouble()

    def _mind_trouble(self) -> None:
        """Say it once when the run cannot be saved any more, and when it can again."""
        trouble = self.session.trouble
        if trouble != self._trouble:
            words = trouble[:1].upper() + trouble[1:] + "." if trouble else "The run is being saved again."
            self.notify(words, severity="warning" if trouble else "information", timeout=NOTICE)
            self._trouble = trouble

    def _mind_verdicts(self) -> None:
        """Show verdicts that have come since, and say in one line if some lanes have turned bad."""
        if self.verdicts.error is not None:
            raise RuntimeError("judging failed") from self.verdicts.error
        if self.verdicts.made != self._judged:
            self._offer_verdicts()
            self._save_verdicts()
        news = self.verdicts.take_news()
        if news:
            words = plain_text(announcement(news), getattr(self.app, "unicode", True))
            self.notify(words, severity="warning", timeout=NOTICE)

    def _save_verdicts(self) -> None:
        """With the run on disk."""
        if self.snapshot is not None:
            judged = [self.verdicts.of(lane) for lane in self.snapshot.lanes[: len(self.comparison.lanes)]]
            self.session.judged([one.verdict if one else None for one in judged])

    def _pull(self) -> bool:
        """Take the newest snapshot; whether there was a new one."""
        newest = self.session.snapshot
        if newest is None or newest is self._live:
            return False
        self._live, self.snapshot = newest, self.guests.beside(newest)
        self.verdicts.offer(self.snapshot, self.choice.lane)
        return True

    def draw_all(self, asked: str = "") -> None:
        """In answer to a person, who asked for CHARTS, PANES or neither in particular."""
        self._offer_title()
        self._offer_pictures()
        self._painter.answer(asked)

    def draw_title(self) -> None:
        self._offer_title()
        self.lines("title").redraw()

    def _offer_title(self) -> None:
        snapshot = self.snapshot
        setting = panels.setting(snapshot) if snapshot else "getting ready ..."
        doing = "slow line · " * self._painter.slow + self._activity(snapshot)
        self.lines("title").offer(lambda style: panels.title_line(setting, doing, style))

    def _activity(self, snapshot: Snapshot | None) -> str:
        unicode = getattr(self.app, "unicode", True)
        return activity(self.session, snapshot, PACES[self.pace], self._key("rewind"), unicode)

    def _key(self, name: str) -> str:
        """The key of an action, by its identity, as this person has it."""
        return self.app.key_of(name) if isinstance(self.app, LabApp) else ""

    def _offer_pictures(self) -> None:
        """All that is below the title, to be drawn in its turn."""
        self._offer_verdicts()
        self._offer_charts()
        self._offer_panes()

    def _offer_charts(self) -> None:
        snapshot, choice = self.snapshot, self.choice
        if snapshot is None:
            return
        cursor = panels.cursor_x(snapshot, choice)
        self.lines("loss").offer(
            lambda style: views.loss_chart(snapshot, style, log=choice.log, test=choice.test, cursor=cursor)
        )
        self.lines("accuracy").offer(
            lambda style: views.accuracy_chart(snapshot, style, test=choice.test, cursor=cursor)
        )

    def _offer_verdicts(self) -> None:
        """What is written about the lanes."""
        snapshot, choice = self.snapshot, self.choice
        self._judged = self.verdicts.made
        if snapshot is None:
            return
        judged = [self.verdicts.of(lane) for lane in snapshot.lanes]
        proof = self._key("proof")
        self.lines("lanes").offer(lambda style: lanetable.lane_table(snapshot, choice.lane, style, judged))
        self.lines("bottom").offer(
            lambda style: bottomline.bottom(snapshot, choice, style, judged[choice.lane], proof)
        )

    def _offer_panes(self) -> None:
        snapshot, choice = self.snapshot, self.choice
        if snapshot is None:
            return
        panes = [self.lines(f"pane{number}") for number in range(MOST_PANES)]
        shown = [pane for pane in panes if pane.display]
        first = choice.lane // max(len(shown), 1) * len(shown)
        paged = len(shown) < len(snapshot.lanes)
        turns = f"{self._key('page_back')} {self._key('page_on')}"
        for place, pane in enumerate(shown, first):
            if place < len(snapshot.lanes):
                last = place in (first + len(shown) - 1, len(snapshot.lanes) - 1)
                note = f" {first + 1}-{place + 1} of {len(snapshot.lanes)} {turns}" if last and paged else ""
                pane.offer(partial(panels.pane, snapshot.lanes[place], snapshot, choice, note=note))
            else:
                pane.offer(lambda style: [])
        chosen = snapshot.lanes[choice.lane]
        self.lines("layers").offer(lambda style: panels.layer_table(chosen, choice, style))
