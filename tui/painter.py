"""Decides when what the lab has to show is drawn: staggered, and on a slow line one thing at a time, text first."""

from collections.abc import Sequence

from initscope.tui.flow import Flow
from initscope.tui.lines import Lines

CHARTS_EVERY, PANES_EVERY = 2, 4
"""While training, a chart is drawn on every second turn and a pane on every fourth, not all on the same one."""
DEAR = 0.01
"""Seconds of processor time; a picture that takes so much is drawn half as often, of twice as much a third as often."""
CHARTS, PANES = "charts", "panes"


class Painter:
    """Draws `Lines` that something was offered to. `flow` tells of the line; None is one that is always good."""

    def __init__(
        self, flow: Flow | None, text: Sequence[Lines], charts: Sequence[Lines], panes: Sequence[Lines]
    ) -> None:
        self._flow = flow
        self._text, self._charts, self._panes = tuple(text), tuple(charts), tuple(panes)
        self._turns = 0
        self._last: Lines | None = None
        """The picture drawn last on a slow line."""
        self._asked: list[Lines] = []
        """Pictures that a person waits for."""

    @property
    def slow(self) -> bool:
        return self._flow is not None and self._flow.slow

    def answer(self, asked: str = "") -> None:
        """To what a person asked for: what is written, then the pictures; `asked` says if it is about CHARTS or PANES.

        On a slow line pictures come one at a time, else those asked for at once, and the others when that is under way.
        """
        for lines in self._text:
            lines.redraw()
        first, others = (self._panes, self._charts) if asked == PANES else (self._charts, self._panes)
        self._asked = [*first, *others]
        if not self.slow:
            if asked:
                self._draw_asked(len(first))
            self._text[0].call_after_refresh(self._draw_asked)

    def _draw_asked(self, most: int | None = None) -> None:
        count = len(self._asked) if most is None else most
        now, self._asked = self._asked[:count], self._asked[count:]
        for lines in now:
            if lines.stale:
                lines.redraw()

    def turn(self, training: bool) -> None:
        """Draw what is due, several times a second."""
        if self._flow is not None and not self._flow.ready:
            return
        self._turns += 1
        for lines in self._text:
            if lines.stale:
                lines.redraw()
        if self.slow:
            self._draw_one(training)
            return
        for every, group in ((CHARTS_EVERY, self._charts), (PANES_EVERY, self._panes)):
            for place, lines in enumerate(group):
                seldom = every * (1 + int(lines.cost / DEAR))
                if lines.stale and not (training and (self._turns + place) % seldom):
                    lines.redraw()

    def _draw_one(self, training: bool) -> None:
        """What was asked for; else charts while training, where any are shown, and panes once it rests."""
        while self._asked:
            if self._drawn(self._asked.pop(0)):
                return
        charts_alone = training and any(lines.shown for lines in self._charts)
        pictures = list(self._charts if charts_alone else self._charts + self._panes)
        start = pictures.index(self._last) + 1 if self._last in pictures else 0
        for lines in pictures[start:] + pictures[:start]:
            if self._drawn(lines):
                return

    def _drawn(self, lines: Lines) -> bool:
        """Whether there was anything to draw."""
        if not (lines.stale and lines.redraw()):
            return False
        self._last = lines
        return True
