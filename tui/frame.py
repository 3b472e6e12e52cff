"""The quiet frame around a chart: title, legend, tick labels, and the free canvas they leave."""

from collections.abc import Sequence

import numpy as np

from initscope.tui.axes import Axis, Tick, short, ticks
from initscope.tui.sheet import GREY, RGB, Sheet, Style, plain

# From this size on there are axes; from the second height on, a line under the canvas too.
AXES_WIDTH, AXES_HEIGHT, RULE_HEIGHT = 12, 3, 10
# The longest tick label on the y axis; on narrow charts a third of the width.
LABEL_WIDTH = 7


def canvas_columns(style: Style) -> int:
    """How many columns a canvas of this style has at least, at least 1."""
    if style.width < AXES_WIDTH or style.height < AXES_HEIGHT:
        return max(style.width, 1)
    return style.width - _longest(style) - 2


def _longest(style: Style) -> int:
    return min(LABEL_WIDTH, style.width // 3)


class Frame:
    """Draws the frame on a new `sheet` at once; `left`, `top`, `width`, `height` then tell its canvas.

    gutter: columns kept free to the right of the canvas; percent: y labels are shares; dots: (columns, rows)
    of dots that one character of the canvas can tell apart, so that ticks fall into the very cell of their
    value.
    """

    def __init__(
        self, style: Style, x: Axis, y: Axis, *, title: str = "", x_label: str = "",
        legend: Sequence[tuple[str, RGB]] = (), gutter: int = 0, percent: bool = False,
        dots: tuple[int, int] = (1, 1),
    ) -> None:
        self.sheet = Sheet(style.width, style.height)
        self.style, self.x, self.y, self.dots = style, x, y, dots
        self.unicode = style.unicode
        self.left = self.top = self.below = 0
        self.framed = style.width >= AXES_WIDTH and style.height >= AXES_HEIGHT
        if self.framed:
            self.top = int(bool(title or legend) and style.height > AXES_HEIGHT)
            self.below = 2 if style.height >= RULE_HEIGHT else 1
        self.height = max(style.height - self.top - self.below, 0)
        marks = self._y_marks(percent) if self.framed else []
        if self.framed:
            self.left = 1 + max([4, *(len(label) for _, label in marks)])
        self.width = max(style.width - self.left - (gutter if self.framed else 0), 0)
        if self.framed:
            self._heading(title, legend)
            self._y_axis(marks)
            self._x_axis(plain(x_label, self.unicode))

    def column(self, value: float) -> int:
        """The sheet's column of the cell that `value`, in axis units, falls into."""
        return self.left + _cell(self.x, value, self.width, self.dots[0])

    def row(self, value: float) -> int:
        """The sheet's row of the cell that `value`, in axis units, falls into."""
        return self.top + self.height - 1 - _cell(self.y, value, self.height, self.dots[1])

    def _y_marks(self, percent: bool) -> list[tuple[int, str]]:
        marks: dict[int, str] = {}
        for tick in ticks(self.y, min(6, (self.height + 1) // 2), percent, _longest(self.style)):
            marks.setdefault(self.row(tick.at), tick.label)
        return list(marks.items())

    def _heading(self, title: str, legend: Sequence[tuple[str, RGB]]) -> None:
        if not self.top:
            return
        title = plain(title, self.unicode)
        entries = [(plain(text, self.unicode), colour) for text, colour in legend]
        room = self.sheet.width - (len(title) + 1 if title else 0)
        gap = 2
        if sum(len(text) + gap for text, _ in entries) - gap > room:
            gap = 1  # cut the names; where too little would be left of them, only the first words stay
            share = room // len(entries) - gap
            entries = [(text[:share] if share >= 5 else text.split(" ")[0], rgb) for text, rgb in entries]
        start = self.sheet.width - sum(len(text) + gap for text, _ in entries) + gap
        if start >= self.sheet.width - room:
            for text, colour in entries:
                self.sheet.put(0, start, text, colour)
                start += len(text) + gap
        self.sheet.put(0, 0, title)

    def _y_axis(self, marks: list[tuple[int, str]]) -> None:
        for row in range(self.top, self.top + self.height):
            self.sheet.put(row, self.left - 1, "│" if self.unicode else "|", GREY)
        for row, label in marks:
            self.sheet.put(row, self.left - 1 - len(label), label + ("┤" if self.unicode else "+"), GREY)

    def _x_axis(self, name: str) -> None:
        row = self.top + self.height
        if self.below == 2:
            corner, line = ("└", "─") if self.unicode else ("+", "-")
            self.sheet.put(row, self.left - 1, corner + line * self.width, GREY)
        marks = ticks(self.x, min(8, self.width // 9))
        room = self.sheet.width - (len(name) + 2 if name else 0)
        kept = [tick for tick in marks if self._start(tick) + len(tick.label) <= room]
        if name and (len(kept) >= 2 or len(kept) == len(marks)):
            self.sheet.put(self.sheet.height - 1, room + 2, name, GREY)
            marks = kept
        free = 0
        for tick in marks:
            start = self._start(tick)
            if start >= free:
                self._x_tick(tick, start, GREY)
                free = start + len(tick.label) + 1

    def _start(self, tick: Tick) -> int:
        """Where the label starts: centred below its place as far as the sheet allows."""
        start = self.column(tick.at) - len(tick.label) // 2
        return max(0, min(start, self.sheet.width - len(tick.label)))

    def _x_tick(self, tick: Tick, start: int, colour: RGB | None) -> None:
        if self.below == 2:
            self.sheet.put(self.top + self.height, self.column(tick.at), "┴" if self.unicode else "+", GREY)
        self.sheet.put(self.sheet.height - 1, start, tick.label, colour)

    def cursor(self, at: float) -> None:
        """A vertical line where the canvas is blank, and its value in place of the tick labels it touches."""
        if not (np.isfinite(at) and self.x.low <= at <= self.x.high) or not self.width:
            return
        column = self.column(at)
        for row in range(self.top, self.top + self.height):
            if self.sheet.blank(row, column):
                self.sheet.put(row, column, "│" if self.unicode else "|", GREY)
        if self.framed:
            tick = Tick(at, short(at, 4))
            start, row = self._start(tick), self.sheet.height - 1
            self._clear_words(row, start - 1, start + len(tick.label) + 1)
            self._x_tick(tick, start, None)

    def _clear_words(self, row: int, start: int, stop: int) -> None:
        """Blank the cells from start to stop and what is left of the words that they cut."""
        while start > 0 and not self.sheet.blank(row, start) and not self.sheet.blank(row, start - 1):
            start -= 1
        width = self.sheet.width
        while stop < width and not self.sheet.blank(row, stop - 1) and not self.sheet.blank(row, stop):
            stop += 1
        self.sheet.put(row, max(start, 0), " " * (stop - max(start, 0)))


def _cell(along: Axis, value: float, cells: int, dots: int) -> int:
    place = along.dot(np.asarray(value, dtype=np.float64), max(cells * dots, 1))
    return int(place) // dots
