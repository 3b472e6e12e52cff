"""The list of saved runs: a line a run, and the page of the selected one."""

import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from initscope.core.runs import RunInfo
from initscope.core.runs.summary import TRAINING
from initscope.core.snapshot import Snapshot
from initscope.tui import lanetable, runsview, views
from initscope.tui.lines import Lines
from initscope.tui.panels import REVERSE, fit, window
from initscope.tui.runslook import Look
from initscope.tui.sheet import RESET, Style, plain_text
from initscope.tui.views import marker

FULL = 118
"""Columns from which a line has the whole id, and all the numbers."""
NARROW = 64
"""Columns below which it has no status in words and no steps."""
LEAST_LIST = 4
"""Lines of a list that has a heading though not all runs are seen."""
LEAST_CHART, MOST_CHART = 8, 14
NONE_YET = (
    "No runs are saved yet. Every run of the lab is saved from its first step on, and so is every one of "
    "initscope run --save."
)


class RunList(Lines):
    """Those that fit the filter, around the selected one."""

    def __init__(self, now: Callable[[], datetime], here: str) -> None:
        """`here` is the id of the run that is in the lab; empty if none is."""
        super().__init__(id="list")
        self._now, self._here = now, here
        self.runs: Sequence[RunInfo] = ()
        self.chosen = 0
        self.words = ""
        """What is said where there is no run."""

    @property
    def selected(self) -> RunInfo | None:
        return self.runs[self.chosen] if self.runs else None

    def hold(self, runs: Sequence[RunInfo], words: str) -> None:
        """Other runs; the one that was selected stays so, if it is among them."""
        before = self.selected
        places = {run.id: place for place, run in enumerate(runs)}
        self.runs, self.words = runs, words
        self.choose(places.get(before.id, self.chosen) if before else self.chosen)

    def choose(self, place: int) -> None:
        self.chosen = max(min(place, len(self.runs) - 1), 0)
        self.show(self._seen)

    def place_at(self, row: int) -> int | None:
        """The run on this row of the widget."""
        heading, shown = self._shown(self.size.height)
        return shown[row - heading] if 0 <= row - heading < len(shown) else None

    def _shown(self, height: int) -> tuple[int, range]:
        heading = int(height > len(self.runs) or height >= LEAST_LIST)
        return heading, window(len(self.runs), self.chosen, height - heading)

    def _seen(self, style: Style) -> list[str]:
        if not self.runs:
            return textwrap.wrap(plain_text(self.words, style.unicode), max(style.width - 1, 10))
        heading, shown = self._shown(style.height)
        rows = [HEAD, *(self._cells(self.runs[place], style) for place in shown)]
        lines = _columns(rows, style)
        lines[1:] = [REVERSE + line + RESET if place == self.chosen else line
                     for place, line in zip(shown, lines[1:], strict=True)]  # fmt: skip
        return lines[1 - heading :]

    def _cells(self, run: RunInfo, style: Style) -> tuple[str, ...]:
        sign = ("▶" if style.unicode else ">") if run.in_progress and run.status == TRAINING else ""
        sign = sign or ("|" if run.in_progress else "")
        status = f"{run.status}, here" if run.id == self._here else run.status
        name = run.id if style.width >= FULL else run.id[-2:]
        mark = f"{sign:1}{'*' if run.kept else ' '}"
        step = runsview.steps(run) if style.width >= FULL else runsview.steps(run, short=True)
        words = runsview.what(run, lanes_first=True)
        return mark, name, runsview.when(run, self._now()), status, step, runsview.best(run), words


HEAD = ("", "run", "begun", "status", "step", "best", "what")
TO_THE_RIGHT = (4, 5)
"""Columns of numbers."""


def _columns(rows: Sequence[tuple[str, ...]], style: Style) -> list[str]:
    """The cells below each other; narrow screens have neither status nor step, for which the signs stand."""
    kept = [column for column in range(len(HEAD)) if style.width >= NARROW or column not in (3, 4)]
    widths = {column: max(len(row[column]) for row in rows) for column in kept[:-1]}
    lines = []
    for row in rows:
        cells = [f"{row[c]:>{widths[c]}}" if c in TO_THE_RIGHT else f"{row[c]:<{widths[c]}}" for c in kept[:-1]]
        lines.append(fit("  ".join([*cells, row[-1]]), style.width, style.unicode))
    return lines


def page(run: RunInfo, look: Look | None, style: Style) -> Iterator[str]:
    """What came of a run: its lanes, their loss, their verdicts, and how to repeat it."""
    yield fit(f"run {run.id}: {run.status}{', kept' * run.kept}", style.width, style.unicode)
    if look is None:
        yield "reading ..."
        return
    if look.snapshot:
        yield from _lanes(look, look.snapshot, style)
    else:
        yield from _say(look.trouble, style)
        yield from _remembered(run, style)
    yield ""
    for name, words in look.facts:
        yield from _say(f"{name:10} {words}", style, " " * 11)


def _lanes(look: Look, snapshot: Snapshot, style: Style) -> Iterator[str]:
    count = len(snapshot.lanes)
    yield from lanetable.lane_table(snapshot, -1, replace(style, height=count + 1), look.judged)
    height = min(max(style.height - count - 3, LEAST_CHART), MOST_CHART)
    yield ""
    yield from views.loss_chart(snapshot, replace(style, height=height), log=True)
    yield ""
    for lane, judged in zip(snapshot.lanes, look.judged, strict=True):
        words = judged.verdict.words if judged else "no verdict can be made"
        yield from _say(f"{marker(lane)} {lane.name}: {words.rstrip('.')}.", style, "  ")


def _remembered(run: RunInfo, style: Style) -> Iterator[str]:
    """What its summary says of the lanes, where nothing else can be read."""
    for number, lane in enumerate(run.summary.lanes if run.summary else (), 1):
        best = views.percent(lane.accuracy) if lane.accuracy is not None else "-"
        words = f": {lane.words}" if lane.words else ""
        yield from _say(f"{number} {lane.name} at step {lane.step:,}: {best}, {lane.state}{words}", style, "  ")


def _say(words: str, style: Style, indent: str = "") -> list[str]:
    text = plain_text(words, style.unicode)
    return textwrap.wrap(text, max(style.width, 20), subsequent_indent=indent, break_on_hyphens=False)
