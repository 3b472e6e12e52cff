"""The sample view as a screen of the lab: what a draw of each lane's initializer looks like in one layer."""

import shlex
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain, islice, zip_longest
from math import inf

from textual import events
from textual.app import ComposeResult, SystemCommand
from textual.screen import Screen
from textual.widgets import Footer

from initscope.core.spec import Spec
from initscope.tui import actions, panels, sampleview
from initscope.tui.lines import CODE, Lines
from initscope.tui.sampler import MOST_SHOWN, Drawn, Sampler, Wanted, rules_of
from initscope.tui.sampleview import CHART_HEIGHT, FULL
from initscope.tui.sheet import Style
from initscope.tui.views import plain_text

FEWEST, USUAL, MOST = 10, 1000, 10**6
"""Draws."""
HEIGHTS = [(0, "-short"), (10, "-tall")]
SOON = 0.02
"""Seconds between looks whether the draws are there."""
GAP = 3
"""Columns between histograms and numbers where they stand side by side."""
LEAST_CHART = 8
WHEEL = 3
"""Lines that a turn of the mouse wheel goes."""


class Page(Lines):
    """A long text of which only what has been looked at is made: a chart below the screen costs nothing."""

    def __init__(self) -> None:
        super().__init__(id="body")
        self.top = 0
        """The first line that is seen."""
        self.more = False
        """Whether there are lines below."""
        self._text_of: Callable[[Style], Iterator[str]] = lambda style: iter(())
        self._style: Style | None = None
        self._rest: Iterator[str] = iter(())
        self._made: list[str] = []

    def open(self, text_of: Callable[[Style], Iterator[str]]) -> None:
        """Another text, at the same place."""
        self._text_of, self._style = text_of, None
        self.show(self._seen)

    def go(self, top: float) -> None:
        """Show the text from a line on, as far as it goes; infinity is the end."""
        if top == inf:
            self._made += self._rest
        self.top = max(int(min(top, len(self._made) + self.size.height)), 0)
        self.redraw()

    def _seen(self, style: Style) -> list[str]:
        if style != self._style:
            self._style, self._rest, self._made = style, self._text_of(style), []
        wanted = self.top + style.height + 1
        self._made += islice(self._rest, max(wanted - len(self._made), 0))
        self.top = max(min(self.top, len(self._made) - style.height), 0)
        self.more = len(self._made) > self.top + style.height
        return self._made[self.top : self.top + style.height]


def text(drawn: Drawn, command: str, style: Style) -> Iterator[str]:
    """The page, in two columns where there is room; `command` prints the same. Lines are made as they are taken."""
    charts = min(max(style.height // 2, LEAST_CHART), max(CHART_HEIGHT, style.height // 3))
    two = style.width >= 2 * FULL + GAP
    part = replace(style, height=charts, width=(style.width - GAP) // 2 if two else style.width)
    yield from (line for note in drawn.notes for line in _wrapped(note, style))
    view = drawn.view
    if view is None:
        return
    left = chain(sampleview.heading(view, part), sampleview.histograms(view, part))
    right = sampleview.beside_expected(view, part)
    last = chain(sampleview.pictures(view, part), ("",), _wrapped(command, part))
    if two:
        yield from _beside(chain(left, last), right, part.width + GAP)
    else:
        yield from chain(left, ("",), right, last)


def _beside(left: Iterable[str], right: Iterable[str], column: int) -> Iterator[str]:
    """The lines of `right` beside those of `left`, from this column on."""
    for one, other in zip_longest(left, right, fillvalue=""):
        yield one + " " * (column - len(CODE.sub("", one))) + other


def _wrapped(words: str, style: Style) -> list[str]:
    return textwrap.wrap(plain_text(words, style.unicode), max(style.width, 20), break_on_hyphens=False)


class SampleScreen(Screen[None]):
    """Of the initializers of all lanes, in the shape of one layer of one lane, with the lane's seed."""

    AUTO_FOCUS = None
    BINDINGS = actions.bindings(actions.SAMPLE)
    VERTICAL_BREAKPOINTS = HEIGHTS

    def __init__(self, specs: Sequence[Spec], lane: int, layer: int) -> None:
        super().__init__()
        self.rules = rules_of(specs, lane)
        self.shapes = specs[lane].architecture.layers
        self.place = min(layer, len(self.shapes) - 1)
        self.n, self.seed = USUAL, specs[lane].seed
        self.sampler = Sampler()
        self._looking = False

    def compose(self) -> ComposeResult:
        yield Lines(id="title")
        yield Page()
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        self.page = self.query_one(Page)
        self._ask()

    def on_unmount(self) -> None:
        self.sampler.ask(None)

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self._draw_title)  # the page has drawn itself: what is below it has changed

    # From what is wanted to the screen

    def _ask(self) -> None:
        """Draw anew; what is on the screen stays until that is done."""
        self.sampler.ask(Wanted(self.rules, self.shapes[self.place].weight_shape, self.n, self.seed))
        self._draw_title()
        if not self._looking:
            self._looking = True
            self.set_timer(SOON, self._look)

    def _look(self) -> None:
        drawn = self.sampler.drawn
        if self.sampler.error is not None:
            raise RuntimeError("drawing failed") from self.sampler.error
        self._looking = drawn is None
        if drawn is None:
            self.set_timer(SOON, self._look)
        else:
            self.page.open(partial(text, drawn, self.command()))
            self._draw_title()

    def command(self) -> str:
        """What prints the same outside of the lab."""
        out, inputs, *kernel = shape = self.shapes[self.place].weight_shape
        names = [str(rule.for_shape(shape)) for _, rule in self.rules[:MOST_SHOWN]]
        options = {"-n": self.n, "--seed": self.seed, "--shape": ",".join(map(str, (inputs, out, *kernel)))}
        return shlex.join(["initscope", "sample", *names, *(str(word) for pair in options.items() for word in pair)])

    def _draw_title(self) -> None:
        setting = f"sample · n {self.n:,} · seed {self.seed} · layer {self.place + 1} of {len(self.shapes)}"
        unicode = getattr(self.app, "unicode", True)
        up, down = "▲▼" if unicode else "^v"
        state = f"{up if self.page.top else ' '}{down if self.page.more else ' '}"
        if self.sampler.drawn is None:
            state = f"drawing {self.n:,} ..."
        self.query_one("#title", Lines).show(lambda style: panels.title_line(setting, state, style))

    # What a person can do

    def action_back(self) -> None:
        self.dismiss()

    def action_more(self) -> None:
        self._draw_many(self.n * 10)

    def action_fewer(self) -> None:
        self._draw_many(self.n // 10)

    def _draw_many(self, n: int) -> None:
        if FEWEST <= n <= MOST:
            self.n = n
            self._ask()

    def action_next_seed(self) -> None:
        self.seed += 1
        self._ask()

    def action_layer(self, by: int) -> None:
        self.place = (self.place + by) % len(self.shapes)
        self._ask()

    def action_line(self, by: int) -> None:
        self._go(self.page.top + by)

    def action_page(self, by: int) -> None:
        self._go(self.page.top + by * max(self.page.size.height - 1, 1))

    def action_top(self) -> None:
        self._go(0)

    def action_bottom(self) -> None:
        self._go(inf)

    def _go(self, top: float) -> None:
        self.page.go(top)
        self._draw_title()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self.action_line(WHEEL)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self.action_line(-WHEEL)

    def action_help(self) -> None:
        from initscope.tui.helpscreen import HelpScreen

        self.app.push_screen(HelpScreen())

    def commands(self) -> Iterable[SystemCommand]:
        """Every action of the table, for the command palette."""
        return actions.commands(actions.SAMPLE, self.run_action)
