"""The screen on which a comparison is put together: data, network, training, and the lanes with their initializers."""

import asyncio
from collections.abc import Callable, Mapping
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Footer, Input, Label, OptionList, Static
from textual.worker import Worker

from initscope.core.comparison import Comparison
from initscope.core.data import Dataset, load
from initscope.core.errors import InputError
from initscope.core.spec import OPTIONS
from initscope.tui import edits
from initscope.tui.explain import choices, explain, full_call, option_entry, plain
from initscope.tui.menu import Entry, Menu

Result = tuple[Comparison, dict[str, Dataset]]

ROWS = tuple(key for key in OPTIONS if key != "init")
LANE = "lane:"
APPLY = "apply"
NARROW = 70
"""Below this many columns the list and the pane take turns."""


class Rows(Menu):
    """The list of everything that can be set."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,right", "select", "Edit", key_display="enter"),
        Binding("a", "screen.add_lane", "Add"),
        Binding("d", "screen.duplicate_lane", "Duplicate"),
        Binding("x,delete", "screen.remove", "Remove", key_display="x", tooltip="remove the lane, or back to the default"),
        Binding("K,shift+up", "screen.move_lane(-1)", "Up", key_display="K"),
        Binding("J,shift+down", "screen.move_lane(1)", "Down", key_display="J"),
        Binding("escape", "screen.cancel", "Cancel", key_display="esc"),
    ]


class Choices(Menu):
    """The entries of a catalogue."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "Pick", key_display="enter"),
        Binding("right", "app.focus_next", "Parameters", key_display="right"),
        Binding("left", "screen.back", "Back", show=False),
    ]


class Line(Input):
    """A line to type in, from which the arrow keys lead to its neighbours."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Take", key_display="enter"),
        Binding("up", "app.focus_previous", "Up", show=False),
        Binding("down", "app.focus_next", "Down", show=False),
    ]


class SetupScreen(Screen[Result | None]):
    """Gives back the comparison with the data it needs, or None if it was cancelled.

    `datasets` holds, by the names that `comparison` uses, what is loaded already; `row` is the row to begin
    with: an option's name or `lane:N`.
    """

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (NARROW, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (10, "-medium"), (18, "-tall")]
    AUTO_FOCUS = "#rows"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f2,ctrl+s", "apply", "Apply", key_display="F2"),
        Binding("escape", "back", "Back", key_display="esc"),
    ]

    def __init__(self, comparison: Comparison, datasets: Mapping[str, Dataset], row: str = "data") -> None:
        super().__init__()
        self.comparison, self.datasets, self.row = comparison, dict(datasets), row
        self.shown = ("", "")
        """The texts of the two lines as they were filled in."""
        self.inside = False
        """Whether the pane is being edited."""
        self.loader: Worker[None] | None = None

    def compose(self) -> ComposeResult:
        yield Static("Setup: what to train, and from which initial weights", id="title")
        with Horizontal(id="panes"):
            yield Rows("rows")
            with Vertical(id="pane"):
                yield Static(id="what")
                yield Choices("choices")
                with Horizontal(id="line-field", classes="field"):
                    yield Label("value ")
                    yield Line(id="line", compact=True)
                with Horizontal(id="more-field", classes="field"):
                    yield Label("more  ")
                    yield Line(id="more", compact=True, select_on_focus=False, placeholder="lr=0.5 arch=64-100-10 ...")
                with VerticalScroll(id="notes"):
                    yield Static(id="note")
        yield Static(id="status")
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        self.rows, self.choices = self.query_one(Rows), self.query_one(Choices)
        self.line, self.more = self.query_one("#line", Line), self.query_one("#more", Line)
        self.show_rows(self.row)

    def on_resize(self, event: events.Resize) -> None:
        self.arrange(event.size.width)

    def arrange(self, width: int) -> None:
        """On a narrow screen show only the list or only the pane."""
        narrow = width < NARROW
        self.rows.display = not (narrow and self.inside)
        self.query_one("#pane").display = self.inside or not narrow

    # What is shown

    @property
    def lane(self) -> int | None:
        """The lane at the cursor."""
        return int(self.row.removeprefix(LANE)) if self.row.startswith(LANE) else None

    def say(self, text: str) -> None:
        """A line at the bottom, until the next change."""
        self.query_one("#status", Static).update(Content(self.glyphs(text)))

    def complain(self, error: InputError | str) -> None:
        self.query_one("#status", Static).update(Content.styled(self.glyphs(f"! {error}"), "$text-error"))
        self.app.bell()

    def glyphs(self, text: str) -> str:
        return plain(text, getattr(self.app, "unicode", True))

    def show_rows(self, row: str) -> None:
        """Fill the list anew, with the cursor at `row`."""
        spec = edits.shared_spec(self.comparison, self.datasets)
        entries = [option_entry(key, self.comparison.options, spec) for key in ROWS]
        entries.append(Entry("", f"lanes ({len(self.comparison.lanes)})"))
        for index, lane in enumerate(self.comparison.lanes):
            more = edits.differences_text(lane)
            entries.append(Entry(f"{LANE}{index}", f"{index + 1} {lane.get('init', '')} {more}".rstrip()))
        self.rows.show([*entries, Entry("", ""), Entry(APPLY, "apply and close")], row)
        self.row = self.rows.key
        self.show_pane()

    def show_pane(self) -> None:
        """Fill the pane for the row at the cursor."""
        lane, key = self.lane, self.key
        value, more = "", ""
        if lane is not None:
            value, more = self.comparison.lanes[lane].get("init", ""), edits.differences_text(self.comparison.lanes[lane])
        elif key in OPTIONS:
            spec = edits.shared_spec(self.comparison, self.datasets)
            value = self.comparison.options.get(key, "") or (spec.options().get(key, "") if spec else OPTIONS[key])
        entries = [] if self.row == APPLY else choices(key, value)
        entries = [Entry(e.key, self.glyphs(e.text), self.glyphs(e.faint)) for e in entries]
        self.shown = (full_call(key, value), more)
        self.choices.show(entries, value if value in [e.key for e in entries] else value.partition(":")[0])
        self.choices.display = bool(entries)
        self.query_one("#line-field").display = self.row != APPLY
        self.query_one("#more-field").display = lane is not None
        self.query_one("#what", Static).update(Content(key if lane is None else f"lane {lane + 1}: initializer"))
        self.line.select_on_focus = not entries
        with self.prevent(Input.Changed):
            self.line.value, self.more.value = self.shown
        self.check()

    @property
    def key(self) -> str:
        """The option that the pane edits."""
        return self.row if self.lane is None else "init"

    def check(self) -> None:
        """Say what is wrong with the lines as they stand, or what follows from them."""
        problem, candidate, notes = "", self.comparison, list[str]()
        try:
            candidate, notes = self.checked(self.candidate())
        except InputError as error:
            problem = str(error)
        if self.row == APPLY:
            lines = [spec.command() for spec in edits.lane_specs(candidate, self.datasets)]
        else:
            lines = explain(self.key, self.line.value, self.spec_of(candidate), self.data_of(candidate))
        parts = [Content.styled(self.glyphs(f"! {problem}"), "$text-error")] if problem else []
        parts += [Content(self.glyphs(line)) for line in (*notes, *lines) if line]
        self.query_one("#note", Static).update(Content("\n").join(parts))
        self.query_one("#line-field").set_class(bool(problem), "wrong")

    def checked(self, candidate: Comparison) -> tuple[Comparison, list[str]]:
        """The candidate as it would be taken, with what there is to say about that. Raises InputError."""
        names = edits.missing(candidate, self.datasets)
        if names:
            return candidate, [f"Enter loads {', '.join(names)}."]
        notes = list[str]()
        if candidate.options.get("data") != self.comparison.options.get("data"):
            candidate, notes = edits.fitted(candidate, self.datasets)
        candidate.specs(self.datasets)
        return candidate, notes

    def spec_of(self, candidate: Comparison):  # type: ignore[no-untyped-def]
        if self.lane is None:
            return edits.shared_spec(candidate, self.datasets)
        specs = edits.lane_specs(candidate, self.datasets) or edits.lane_specs(self.comparison, self.datasets)
        return specs[self.lane] if specs else None

    def data_of(self, candidate: Comparison) -> Dataset | None:
        return self.datasets.get(candidate.options.get("data") or OPTIONS["data"])
