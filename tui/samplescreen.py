"""The sample view as a screen of the lab: what a draw of each lane's initializer looks like in one layer."""

import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain

from initscope.core.spec import Spec
from initscope.tui import actions, sampleview
from initscope.tui.drawing import HEIGHT, MOST_WEIGHTS, WIDTH, Drawing, matrix_width
from initscope.tui.lines import beside
from initscope.tui.pagescreen import PageScreen
from initscope.tui.sampler import MOST_SHOWN, Drawn, Sampler, Wanted, rules_of
from initscope.tui.sampleview import CHART_HEIGHT, FULL, LOWER, View, say
from initscope.tui.sheet import Style

FEWEST, USUAL, MOST = 10, 1000, 10**6
"""Draws."""
SOON = 0.02
"""Seconds between looks whether the draws are there."""
GAP = 3
"""Columns between histograms and numbers where they stand side by side."""
LEAST_CHART = 8


def text(drawn: Drawn, command: str, style: Style) -> Iterator[str]:
    """The page, in two columns where there is room; `command` prints the same. Lines are made as they are taken."""
    charts = min(max(style.height // 2, LEAST_CHART), max(CHART_HEIGHT, style.height // 3))
    two = style.width >= 2 * FULL + GAP
    part = replace(style, height=charts, width=(style.width - GAP) // 2 if two else style.width)
    yield from (line for note in drawn.notes for line in say(note, style))
    view = drawn.view
    if view is None:
        return
    left = chain(sampleview.heading(view, part), sampleview.histograms(view, part))
    right = sampleview.beside_expected(view, part)
    last = chain(sampleview.pictures(view, part), ("",), say(command, part))
    if two:
        yield from beside(chain(left, last), right, part.width + GAP)
    else:
        yield from chain(left, ("",), right, last)


def charts(view: View) -> Iterator[Drawing]:
    """What the page shows, each kind of chart alone."""
    kinds = (
        ("histograms", "the histograms", sampleview.histograms, CHART_HEIGHT),
        ("moments", "mean and std of the first draws", sampleview.running_moments, HEIGHT),
        ("matrices", "the matrices of weights as pictures", sampleview.pictures, MOST_WEIGHTS + LOWER),
    )
    for name, words, draw, height in kinds:
        width = matrix_width(view.shape[0]) if draw is sampleview.pictures else WIDTH
        yield Drawing(name, words, partial(_alone, view, draw), height, width)


def _alone(view: View, draw: Callable[[View, Style], Iterator[str]], style: Style) -> Iterator[str]:
    yield from sampleview.heading(view, style)
    yield from draw(view, style)


class SampleScreen(PageScreen[None]):
    """Of the initializers of all lanes, in the shape of one layer of one lane, with the lane's seed."""

    KEYS = actions.SAMPLE
    BINDINGS = actions.bindings(KEYS)

    def __init__(self, specs: Sequence[Spec], lane: int, layer: int) -> None:
        super().__init__()
        self.rules = rules_of(specs, lane)
        self.shapes = specs[lane].architecture.layers
        self.place = min(layer, len(self.shapes) - 1)
        self.n, self.seed = USUAL, specs[lane].seed
        self.sampler = Sampler()
        self._looking = False

    def on_mount(self) -> None:
        self._ask()

    def on_unmount(self) -> None:
        self.sampler.ask(None)

    # From what is wanted to the screen

    def _ask(self) -> None:
        """Draw anew; what is on the screen stays until that is done."""
        self.sampler.ask(Wanted(self.rules, self.shapes[self.place].weight_shape, self.n, self.seed))
        self.draw_title()
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
            self.draw_title()

    def command(self) -> str:
        """What prints the same outside of the lab."""
        out, inputs, *kernel = shape = self.shapes[self.place].weight_shape
        names = [str(rule.for_shape(shape)) for _, rule in self.rules[:MOST_SHOWN]]
        options = {"-n": self.n, "--seed": self.seed, "--shape": ",".join(map(str, (inputs, out, *kernel)))}
        return shlex.join(["initscope", "sample", *names, *(str(word) for pair in options.items() for word in pair)])

    def title_words(self) -> tuple[str, str]:
        shown = f"sample · n {self.n:,} · seed {self.seed} · layer {self.place + 1} of {len(self.shapes)}"
        return shown, f"drawing {self.n:,} ..." if self.sampler.drawn is None else ""

    def drawings(self) -> list[Drawing]:
        drawn = self.sampler.drawn
        return list(charts(drawn.view)) if drawn and drawn.view else []

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
