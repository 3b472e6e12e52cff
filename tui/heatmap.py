"""Draws a table of values, such as layers by time, as one character a value, readable without colour."""

import functools
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from initscope.tui.axes import Axis, axis, short
from initscope.tui.decimate import Floats, log10_or_gap, vector
from initscope.tui.sheet import GREY, RGB, Sheet, Style, plain

ASCII_RAMP, UNICODE_RAMP = ".:-=+*#%@", "·░▒▓█"
COOL, WARM = (60, 120, 190), (208, 90, 0)
NAMED_WIDTH = 12


def heatmap(
    values: ArrayLike, row_names: Sequence[str], style: Style, *, low: float, high: float, log: bool = False,
    title: str = "",
) -> list[str]:
    """A line a row, a character a value: light to dense from low to high, "?" for what is not finite.

    values: shape (rows, columns). Columns that share a cell show the mean of their finite values; few columns
    are stretched to the width. If there are more rows than lines, evenly spaced ones are shown; if a line is
    left, it says what the characters mean. With log, what is not positive counts as lowest. `style.height`
    lines of `style.width` columns each. The cells are drawn here, not by plotext: its heatmap takes 30 ms, and
    shows values by colour alone.
    """
    table = np.asarray(values, dtype=np.float64)
    table = table if table.ndim == 2 else table.reshape(1, -1)
    frame = _Frame(len(table), row_names, style, title)
    ramp = UNICODE_RAMP if style.unicode else ASCII_RAMP
    along = axis([], (low, high), log)
    for line, row in frame.rows:
        for column, level in enumerate(_levels(table[row], frame.width, along, len(ramp)), frame.left):
            character, colour = ("?", GREY) if level < 0 else (ramp[level], _shade(level / (len(ramp) - 1)))
            frame.sheet.put(line, column, character, colour)
    ends = [short(10.0**end if log else end) for end in (along.low, along.high)]
    not_finite = "" if np.isfinite(table).all() else ", ? not finite"
    if frame.spare:
        frame.key([(f"{ends[0]} {ramp} {ends[1]}{not_finite}"[: frame.width], GREY)])
    return frame.sheet.lines(style.colour)


def lettermap(
    rows: Sequence[str], row_names: Sequence[str], style: Style, *, colours: Mapping[str, RGB],
    meanings: Mapping[str, str], title: str = "",
) -> list[str]:
    """A line a row of equally many letters, each in its colour: of columns that share a cell, the first.

    Stretched, chosen and sized as a heatmap is. What the letters found mean, in the order of `meanings`, stands in
    the line that is left, or else beside the title, as far as there is room.
    """
    frame = _Frame(len(rows), row_names, style, title)
    for line, row in frame.rows:
        for cell, start in enumerate(_starts(len(rows[row]), frame.width).tolist() if rows[row] else ()):
            letter = rows[row][start]
            frame.sheet.put(line, frame.left + cell, plain(letter, style.unicode), colours.get(letter))
    found = set("".join(rows))
    frame.key([
        (f"{letter} {meaning}", colours.get(letter))
        for letter, meaning in meanings.items() if letter in found
    ])  # fmt: skip
    return frame.sheet.lines(style.colour)


class _Frame:
    """A sheet with the title and the rows' names on it: `width` cells from column `left` on are for the values."""

    def __init__(self, rows: int, row_names: Sequence[str], style: Style, title: str) -> None:
        self.sheet = sheet = Sheet(style.width, style.height)
        top = int(bool(title) and style.height > 1)
        if top:
            sheet.put(0, 0, plain(title, style.unicode))
        shown = _evenly(rows, sheet.height - top)
        self.rows = list(enumerate(shown, top))
        """Line of the sheet and number of the row that it shows."""
        names = [plain(row_names[row], style.unicode) if row < len(row_names) else "" for row in shown]
        self.left = 0
        if style.width >= NAMED_WIDTH and any(names):
            self.left = min(max(len(name) for name in names), style.width * 2 // 5) + 1
        self.width = sheet.width - self.left
        for (line, _), name in zip(self.rows, names, strict=True):
            sheet.put(line, 0, name[: self.left - 1] if self.left else "")
        self._unicode = style.unicode
        self.spare = len(shown) + top < sheet.height and sheet.height > 1
        """Whether there is a line left."""
        self._beside = len(plain(title, style.unicode)) + 2 if top else sheet.width

    def key(self, parts: Iterable[tuple[str, RGB | None]]) -> None:
        """What the characters mean, in the last line or else beside the title, as far as there is room."""
        line, place = (self.sheet.height - 1, self.left) if self.spare else (0, self._beside)
        for text, colour in parts:
            if place + len(text) <= self.sheet.width:
                self.sheet.put(line, place, plain(text, self._unicode), colour)
            place += len(text) + 2


def _evenly(rows: int, room: int) -> list[int]:
    """At most `room` of the rows' numbers, the first and the last among them, evenly spaced."""
    if rows <= room:
        return list(range(rows))
    return [int(row) for row in np.linspace(0, rows - 1, max(room, 0)).round()]


def _starts(columns: int, width: int) -> NDArray[np.int64]:
    """First of the columns behind each of `width` cells, which reach to the next cell's, but hold one at least."""
    return np.arange(width) * columns // max(width, 1)


def _levels(row: Floats, width: int, along: Axis, levels: int) -> list[int]:
    """The level 0 .. levels - 1 of each cell, -1 where no value is finite."""
    if row.size == 0 or width < 1:
        return []
    scaled = vector(row)
    if along.log:
        scaled = np.where(scaled <= 0, along.low, log10_or_gap(scaled))
    shares = along.share(scaled)
    starts, known = _starts(row.size, width), ~np.isnan(shares)
    count = np.add.reduceat(known.astype(np.int64), starts)
    means = np.add.reduceat(np.where(known, shares, 0.0), starts) / np.maximum(count, 1)
    found: list[int] = np.where(count, np.minimum((means * levels).astype(np.int64), levels - 1), -1).tolist()
    return found


@functools.cache
def _shade(share: float) -> RGB:
    cool, warm = np.array(COOL), np.array(WARM)
    red, green, blue = np.round(cool + (warm - cool) * share).astype(int).tolist()
    return red, green, blue
