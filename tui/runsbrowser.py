"""What the screen of saved runs shows, and how one goes through it; `runsscreen` adds what is done with a run."""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial

from textual import events, on
from textual.app import ComposeResult, SystemCommand
from textual.containers import Container
from textual.widgets import Footer, Input

from initscope.core.plural import plural
from initscope.core.runs import RunInfo, Store
from initscope.core.runs.past import Past
from initscope.tui import actions, labdrawings, panels, runsview
from initscope.tui.copying import comparison_command
from initscope.tui.drawing import Drawing
from initscope.tui.lines import Lines
from initscope.tui.pagescreen import WHEEL, Page
from initscope.tui.portable import Kind, Portable
from initscope.tui.runslist import NONE_YET, RunList, page
from initscope.tui.runslook import Look, Reader, Watcher
from initscope.tui.runsopening import Opened

WIDE = 150
"""Columns from which the page stands beside the list."""
WIDTHS = [(0, "-normal"), (WIDE, "-wide")]
HEIGHTS = [(0, "-tiny"), (10, "-short"), (18, "-tall")]
LOOK_EVERY = 0.1
"""Seconds between looks at what the threads have found; most of them find nothing new."""
REDRAW = 10
"""Looks between two pictures of the list in which nothing has changed but the time."""


class RunsBrowser(Portable[Past | Opened | None]):
    """A list above or beside the page of the selected run.

    `here` is the id of the run that is in the lab; empty if none is.
    """

    AUTO_FOCUS = ""
    CSS_PATH = "runsscreen.tcss"
    BINDINGS = actions.bindings(actions.RUNS)
    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS

    def __init__(self, store: Store, here: str, now: Callable[[], datetime]) -> None:
        super().__init__()
        self.store, self.here = store, here
        self._now = now
        self.watcher, self.reader = Watcher(store), Reader(now)
        self._known: list[RunInfo] | None = None
        """As they were found last."""
        self._shown: tuple[RunInfo, Look | None] | None = None
        """What is on the page."""
        self._busy = ""
        """What is being done in a thread."""
        self._left = False
        self._looks = 0

    def compose(self) -> ComposeResult:
        yield Lines(id="title")
        yield Input(id="filter", compact=True, placeholder="words that all must fit, such as randn finished")
        with Container(id="both"):
            yield RunList(self._now, self.here)
            yield Page()
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        self.list, self.page, self.filter = self.query_one(RunList), self.query_one(Page), self.query_one(Input)
        self._look()
        self.set_interval(LOOK_EVERY, self._look)

    def on_unmount(self) -> None:
        self._left = True
        self.watcher.close()
        self.reader.close()

    def on_resize(self, event: events.Resize) -> None:
        self._lay_out()
        self.call_after_refresh(self._draw_title)

    def _lay_out(self) -> None:
        """Above its page the list is as long as it must be, and at most two fifths of the screen."""
        beside, height = self.app.size.width >= WIDE or self.app.size.height < HEIGHTS[-1][0], self.app.size.height
        lines = max(len(self._known or ()) + 1, 2)
        self.query_one(RunList).styles.height = "1fr" if beside else min(lines, height * 2 // 5)

    # From what is found to the screen

    def _look(self) -> None:
        for thread in (self.watcher, self.reader):
            if thread.error is not None:
                raise RuntimeError("looking at saved runs failed") from thread.error
        self._looks += 1
        if self.watcher.runs is not self._known:
            self._known = self.watcher.runs
            self._hold()
        elif self._looks % REDRAW == 0:
            self.list.redraw()
            if self._stale():
                self.reader.ask(self.list.selected)
        self._draw_page()

    def _hold(self) -> None:
        """Give the list those that fit."""
        words = self.filter.value.split()
        runs = self._known or []
        self._lay_out()
        self.list.hold([run for run in runs if all(runsview.fits(run, word) for word in words)], self._none())
        self._selected()

    def _none(self) -> str:
        if self._known is None:
            return "looking ..."
        return self.watcher.trouble or (f"No run fits {self.filter.value.strip()}." if self._known else NONE_YET)

    def _choose(self, place: int) -> None:
        before = self.list.selected
        self.list.choose(place)
        if self.list.selected is not before:
            self.page.top = 0
            self._selected()

    def _selected(self) -> None:
        """What is known of the run is shown; what is not is read, while keys go on being answered."""
        if self._stale():
            self.reader.ask(self.list.selected)
        self._draw_page()
        self._draw_title()

    def _stale(self) -> bool:
        run = self.list.selected
        look = self.reader.of(run) if run else None
        return run is not None and (look is None or look.run != run)

    def _draw_page(self) -> None:
        """Only if there is another run, or more is known of it."""
        run = self.list.selected
        shown = (run, self.reader.of(run)) if run else None
        if shown != self._shown:
            self._shown = shown
            self.page.open(partial(page, *shown) if shown else lambda style: iter(()))
            self._draw_title()

    def _draw_title(self) -> None:
        if not self.is_mounted:
            return
        count, shown = len(self._known or ()), len(self.list.runs)
        runs = f"{plural(count, 'saved run')}" if count == shown else f"{shown} of {count} saved runs"
        state = self._busy or self.page.arrows
        words = f"{runs} · {self.store.root}"
        self.query_one("#title", Lines).show(lambda style: panels.title_line(words, state, style))

    def command(self) -> str:
        """Of the selected run: its lanes, from step 0."""
        run = self.list.selected
        described = run.description if run else None
        return comparison_command(described.comparison, folder=described.folder) if described else ""

    def stem(self) -> str:
        return "runs"

    def drawings(self) -> list[Drawing]:
        snapshot = self._shown and self._shown[1] and self._shown[1].snapshot
        return [labdrawings.loss(snapshot, panels.Choice())] if snapshot else []

    def kinds(self) -> list[Kind]:
        return [*super().kinds(), self.page.kind()]

    # Going through them

    def action_select(self, by: int) -> None:
        self._choose(self.list.chosen + by)

    def action_page(self, by: int) -> None:
        self._choose(self.list.chosen + by * max(self.list.size.height - 2, 1))

    def action_first(self) -> None:
        self._choose(0)

    def action_last(self) -> None:
        self._choose(len(self.list.runs) - 1)

    def action_scroll_page(self, by: int) -> None:
        self._scroll(self.page.top + by * max(self.page.size.height - 1, 1))

    def _scroll(self, top: int) -> None:
        self.page.go(top)
        self._draw_title()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._wheel(event, 1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._wheel(event, -1)

    def _wheel(self, event: events.MouseEvent, by: int) -> None:
        if self.list.region.contains(event.screen_x, event.screen_y):
            self._choose(self.list.chosen + by)
        else:
            self._scroll(self.page.top + by * WHEEL)

    def on_click(self, event: events.Click) -> None:
        region = self.list.region
        if region.contains(event.screen_x, event.screen_y):
            place = self.list.place_at(event.screen_y - region.y)
            self._choose(self.list.chosen if place is None else place)

    # The filter

    def action_filter(self) -> None:
        self.add_class("filtered")
        self.filter.focus()

    @on(Input.Changed, "#filter")
    def _typed(self) -> None:
        self._hold()

    @on(Input.Submitted, "#filter")
    def _take_filter(self) -> None:
        """Back to the list, which stays filtered."""
        self.set_focus(None)
        self.set_class(bool(self.filter.value.strip()), "filtered")

    def action_back(self) -> None:
        """Out of the filter, then to the lab."""
        if self.focused is self.filter:
            self.filter.value = ""
            self._take_filter()
        else:
            self.dismiss(None)

    def action_help(self) -> None:
        from initscope.tui.helpscreen import HelpScreen

        self.app.push_screen(HelpScreen())

    def commands(self) -> Iterable[SystemCommand]:
        """Every action of the table, for the command palette."""
        return actions.commands(actions.RUNS, self.run_action)
