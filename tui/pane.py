"""The right half of the setup screen: choose or type one option, or one lane, and read what it means."""

from collections.abc import Mapping

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Label, OptionList, Static

from initscope.core.comparison import Comparison
from initscope.core.datasets.data import Dataset
from initscope.core.errors import InputError
from initscope.core.spec import OPTIONS, Spec
from initscope.tui import actions, edits
from initscope.tui.explain import choices, explain, full_call, plain
from initscope.tui.menu import Entry, Menu

LANE = "lane:"
APPLY = "apply"


class Choices(Menu, inherit_bindings=False):
    """The entries of a catalogue."""

    BINDINGS = actions.bindings(actions.CHOICES)


class Line(Input):
    """A line to type in."""

    BINDINGS = actions.bindings(actions.LINE)


class Pane(Vertical):
    """Edits the option or lane `row` of a comparison; `candidate` is the comparison that this would give."""

    BINDINGS = actions.bindings(actions.PANE)

    class Taken(Message):
        """The text in the pane is meant: take the candidate."""

    def __init__(self, widget_id: str) -> None:
        super().__init__(id=widget_id)
        self.comparison = Comparison({}, ())
        self.datasets: Mapping[str, Dataset] = {}
        self.row = ""
        self.shown = ("", "")
        """The texts of the two lines as they were filled in."""

    def compose(self) -> ComposeResult:
        yield Static(id="what")
        yield Choices("choices")
        with Horizontal(id="line-field"):
            yield Label("value ")
            yield Line(id="line", compact=True)
        with Horizontal(id="more-field"):
            yield Label("more  ")
            yield Line(id="more", compact=True, select_on_focus=False, placeholder="lr=0.5 arch=64-100-10 ...")
        with VerticalScroll(id="notes"):
            yield Static(id="note")

    def on_mount(self) -> None:
        self.choices = self.query_one(Choices)
        self.line, self.more = self.query_one("#line", Line), self.query_one("#more", Line)

    @property
    def lane(self) -> int | None:
        """The lane that is edited."""
        return int(self.row.removeprefix(LANE)) if self.row.startswith(LANE) else None

    @property
    def key(self) -> str:
        """The option that the first line edits; empty for none."""
        return "init" if self.lane is not None else self.row if self.row in OPTIONS else ""

    @property
    def touched(self) -> bool:
        """Whether the lines are not as they were filled in."""
        return (self.line.value, self.more.value) != self.shown

    def show(self, comparison: Comparison, datasets: Mapping[str, Dataset], row: str) -> None:
        """Fill the pane for a row: an option's name, `lane:N` or `apply`."""
        self.comparison, self.datasets, self.row = comparison, datasets, row
        value, more = self._present()
        entries = [Entry(e.key, self._glyphs(e.text), self._glyphs(e.faint)) for e in choices(self.key, value)]
        self.choices.show(entries, value if value in [e.key for e in entries] else value.partition(":")[0])
        self.choices.display = bool(entries)
        self.query_one("#line-field").display = bool(self.key)
        self.query_one("#more-field").display = self.lane is not None
        title = f"lane {self.lane + 1}: initializer" if self.lane is not None else self.key or "what will run"
        self.query_one("#what", Static).update(Content(title))
        self.line.select_on_focus = not entries
        self.shown = (full_call(self.key, value), more)
        with self.prevent(Input.Changed):
            self.line.value, self.more.value = self.shown
        for line in (self.line, self.more):
            line.cursor_position = len(line.value)
        self.check()

    def _present(self) -> tuple[str, str]:
        """What the two lines start with."""
        if self.lane is not None:
            lane = self.comparison.lanes[self.lane]
            return lane.get("init", ""), edits.differences_text(lane)
        spec = edits.shared_spec(self.comparison, self.datasets)
        default = spec.options().get(self.key, "") if spec else OPTIONS.get(self.key, "")
        return self.comparison.options.get(self.key, "") or default, ""

    def edit(self) -> None:
        """Put the cursor where the choice is made."""
        self.screen.set_focus(self.choices if self.choices.display else self.line)

    def action_move(self, by: int) -> None:
        """To the part of the pane above or below."""
        parts = [part for part in (self.choices, self.line, self.more) if part.focusable]
        place = next((n + by for n, part in enumerate(parts) if part.has_focus), 0)
        if 0 <= place < len(parts):
            self.screen.set_focus(parts[place])

    def candidate(self) -> Comparison:
        """The comparison with what the lines say. Raises InputError for what cannot be read."""
        if not self.touched:
            return self.comparison
        if self.lane is not None:
            return edits.with_lane(self.comparison, self.lane, self.line.value, self.more.value)
        return edits.with_option(self.comparison, self.key, self.line.value)

    def check(self) -> None:
        """Say what is wrong with the lines as they stand, or what follows from them."""
        problem, notes, candidate = "", list[str](), self.comparison
        try:
            candidate = self.candidate()
            names = edits.missing(candidate, self.datasets)
            if names:
                key = actions.keys_of("setup_take", getattr(self.app, "keys", actions.NO_KEYS))[0]
                notes = [f"{key.capitalize()} loads {', '.join(names)}."]
            else:
                candidate, notes = edits.settled(self.comparison, candidate, self.datasets)
        except InputError as error:
            problem = str(error)
        data = candidate.options.get("data") or OPTIONS["data"]
        spec = None if problem else self._spec(candidate)
        lines = explain(self.key, self.line.value, spec, self.datasets.get(data))
        if not self.key:
            lines = [spec.command() for spec in edits.lane_specs(candidate, self.datasets)]
        parts = [Content.styled(self._glyphs(f"! {problem}"), "$text-error")] if problem else []
        parts += [Content(self._glyphs(line)) for line in (*notes, *lines) if line]
        self.query_one("#note", Static).update(Content("\n").join(parts))
        self.query_one("#notes").scroll_home(animate=False)

    def _spec(self, candidate: Comparison) -> Spec | None:
        """The run that the candidate describes at this row."""
        if self.lane is None:
            return edits.shared_spec(candidate, self.datasets)
        return dict(enumerate(edits.lane_specs(candidate, self.datasets))).get(self.lane)

    def _glyphs(self, text: str) -> str:
        return plain(text, unicode=getattr(self.app, "unicode", True))

    @on(OptionList.OptionHighlighted, "#choices")
    def _preview(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        self._fill(event.option_id or "")

    @on(OptionList.OptionSelected, "#choices")
    def _pick(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self._fill(event.option_id or "")
        self.post_message(self.Taken())

    def _fill(self, name: str) -> None:
        """Write the entry into the line: as it is set now, if it is the present one."""
        if name == self.choices.key:  # else the cursor has moved on
            same = self.line.value.partition(":")[0] == name
            present = self.shown[0] if self.shown[0].partition(":")[0] == name else full_call(self.key, name)
            with self.prevent(Input.Changed):
                self.line.value = self.line.value if same else present
            self.line.cursor_position = len(self.line.value)
            self.check()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.check()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Taken())
