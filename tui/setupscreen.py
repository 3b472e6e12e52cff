"""The screen on which a comparison is put together: data, network, training, and the lanes with their initializers."""

import asyncio
from collections.abc import Callable, Mapping

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Footer, OptionList, Static
from textual.worker import Worker

from initscope.core.comparison import Comparison
from initscope.core.datasets.data import Dataset, load
from initscope.core.errors import InputError
from initscope.core.spec import OPTIONS
from initscope.tui import actions, edits
from initscope.tui.explain import option_entry, plain
from initscope.tui.menu import Entry, Menu
from initscope.tui.pane import APPLY, LANE, Pane

Result = tuple[Comparison, dict[str, Dataset]]

OPTION_ROWS = tuple(key for key in OPTIONS if key != "init")
NARROW = 70
"""Below this many columns the list and the pane take turns."""
WIDTHS = [(0, "-narrow"), (NARROW, "-wide"), (110, "-wider")]
HEIGHTS = [(0, "-short"), (10, "-medium"), (18, "-tall")]


class Rows(Menu, inherit_bindings=False):
    """The list of everything that can be set."""

    BINDINGS = actions.bindings(actions.LIST)


class SetupScreen(Screen[Result | None]):
    """Gives back the comparison with the data it needs, or None if it was cancelled.

    `datasets` holds, by the names that `comparison` uses, what is loaded already; `row` is the row to begin
    with: an option's name or `lane:N`.
    """

    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS
    AUTO_FOCUS = "#rows"
    BINDINGS = actions.bindings(actions.SETUP)

    def __init__(self, comparison: Comparison, datasets: Mapping[str, Dataset], row: str = "data") -> None:
        super().__init__()
        self.comparison, self.datasets = comparison, dict(datasets)
        self._first_row = row
        self._inside = False
        """Whether the cursor is in the pane."""
        self._loader: Worker[None] | None = None

    def compose(self) -> ComposeResult:
        yield Static("Setup: what to train, and from which initial weights", id="title")
        with Horizontal(id="panes"):
            yield Rows("rows")
            yield Pane("pane")
        yield Static(id="status")
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        self.rows, self.pane = self.query_one(Rows), self.query_one(Pane)
        self.set_class(not getattr(self.app, "unicode", True), "-ascii")  # a scroll bar is made of block characters
        self.call_after_refresh(self._show, self._first_row)

    def on_resize(self, event: events.Resize) -> None:
        self._arrange(event.size.width)

    def _arrange(self, width: int) -> None:
        """On a narrow screen show only the list or only the pane."""
        narrow = width < NARROW
        self.pane.display = self._inside or not narrow
        self.rows.display = not (self._inside and narrow)

    def _show(self, row: str) -> None:
        """Fill the list anew, with the cursor at `row`, and the pane with that row."""
        spec = edits.shared_spec(self.comparison, self.datasets)
        entries = [option_entry(key, self.comparison.options, spec) for key in OPTION_ROWS]
        entries.append(Entry("", f"lanes ({len(self.comparison.lanes)})"))
        for index, lane in enumerate(self.comparison.lanes):
            more = edits.differences_text(lane)
            entries.append(Entry(f"{LANE}{index}", f"{index + 1} {lane.get('init', '')} {more}".rstrip()))
        self.rows.show([*entries, Entry("", ""), Entry(APPLY, "apply and close")], row)
        self.pane.show(self.comparison, self.datasets, self.rows.key)

    def _say(self, text: str) -> None:
        """A note at the bottom, until the next one; empty for none."""
        style = "$text-error" if text.startswith("!") else ""
        words = plain(text, getattr(self.app, "unicode", True))
        self.query_one("#status", Static).update(Content.styled(words, style))
        self.query_one("#status").display = bool(text)

    def _key(self, name: str) -> str:
        """The first key of an action, as this person has it."""
        return actions.keys_of(name, getattr(self.app, "keys", actions.NO_KEYS))[0]

    def _refuse(self, error: InputError | str) -> None:
        self._say(f"! {error}")
        self.app.bell()

    # Between the list and the pane

    def _enter(self) -> None:
        self._say("")
        self._inside = True
        self._arrange(self.size.width)
        self.pane.edit()
        self._arrange(self.size.width)

    def _leave(self) -> None:
        """To the list; the pane shows again what holds."""
        self._inside = False
        self.rows.display = True
        self.set_focus(self.rows)
        self._arrange(self.size.width)
        self._show(self.rows.key)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Leaving the pane by mouse or Tab takes what was typed, if it can be taken."""
        inside = self.pane in event.widget.ancestors
        if self._inside and event.widget is self.rows and self.pane.touched and not self._loader:
            self._inside = False
            try:
                self._take(self.pane.candidate(), self._leave)
            except InputError as error:
                self._leave()
                self._refuse(f"not taken: {error}")
        self._inside = inside

    @on(OptionList.OptionHighlighted, "#rows")
    def _row_changed(self) -> None:
        self._say("")
        self.pane.show(self.comparison, self.datasets, self.rows.key)

    @on(OptionList.OptionSelected, "#rows")
    def _row_selected(self) -> None:
        if self.rows.key == APPLY:
            self.action_apply()
        else:
            self._enter()

    @on(Pane.Taken)
    def _taken(self) -> None:
        self._change(self.pane.candidate, self._leave)

    def action_back(self) -> None:
        """Out of the pane, with nothing changed."""
        if self._stop_loading():
            return
        self._leave()
        self._say("")

    def action_cancel(self) -> None:
        if not self._stop_loading():
            self.dismiss(None)

    def action_apply(self) -> None:
        """Take what stands in the pane, then close with the comparison."""
        self._change(self.pane.candidate, self._close)

    def _close(self) -> None:
        names = self.comparison.data_names()
        self.dismiss((self.comparison, {name: self.datasets[name] for name in names}))

    # Changes

    def _change(self, edit: Callable[[], Comparison], then: Callable[[], None]) -> None:
        """Take what `edit` gives, and go on with `then`; or say why not."""
        if self._loader:
            self._refuse(f"still loading; {self._key('setup_back')} stops that")
            return
        try:
            self._take(edit(), then)
        except InputError as error:
            self._refuse(error)

    def _take(self, candidate: Comparison, then: Callable[[], None]) -> None:
        names = edits.missing(candidate, self.datasets)
        if names:
            self._loader = self.run_worker(self._load(names, candidate, then), group="load", exclusive=True)
            self._say(f"loading {', '.join(names)} ... ({self._key('setup_back')} stops waiting)")
            return
        self.comparison, notes = edits.settled(self.comparison, candidate, self.datasets)
        then()
        self._say(" ".join(f"{note}." for note in notes))

    async def _load(self, names: list[str], candidate: Comparison, then: Callable[[], None]) -> None:
        """Load in a thread, so that the screen stays alive."""
        try:
            for name in names:
                self.datasets[name] = await asyncio.to_thread(load, name)
            self._loader = None
            self._take(candidate, then)
        except InputError as error:
            self._loader = None
            self._refuse(error)

    def _stop_loading(self) -> bool:
        """Whether there was something to stop. The thread ends by itself and is forgotten."""
        if not self._loader:
            return False
        self._loader.cancel()
        self._loader = None
        self._say("not loaded")
        return True

    def action_add_lane(self) -> None:
        at = len(self.comparison.lanes) - 1 if self.pane.lane is None else self.pane.lane
        self._change(lambda: edits.add_lane(self.comparison, at), lambda: self._show(f"{LANE}{at + 1}"))

    def action_duplicate_lane(self) -> None:
        at = self.pane.lane
        if at is None:
            self._refuse("go to a lane to copy it")
        else:
            self._change(lambda: edits.duplicate_lane(self.comparison, at), lambda: self._show(f"{LANE}{at + 1}"))

    def action_remove(self) -> None:
        """Remove the lane, or give the option its default."""
        at, key = self.pane.lane, self.rows.key
        if at is not None:
            place = min(at, len(self.comparison.lanes) - 2)
            self._change(lambda: edits.remove_lane(self.comparison, at), lambda: self._show(f"{LANE}{place}"))
        elif key in OPTIONS:
            self._change(lambda: edits.with_option(self.comparison, key, ""), lambda: self._show(key))

    def action_move_lane(self, by: int) -> None:
        at = self.pane.lane
        if at is None:
            self._refuse("go to a lane to move it")
            return
        moved, place = edits.move_lane(self.comparison, at, by)
        self._change(lambda: moved, lambda: self._show(f"{LANE}{place}"))
