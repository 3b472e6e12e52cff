"""Draws a table of values, such as layers by time, as one character a value, readable without colour."""

import functools
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from initscope.tui.axes import Axis, axis, short
from initscope.tui.decimate import Floats, log10_or_gap, vector
from initscope.tui.sheet import GREY, RGB, Sheet, Style, plain

ASCII_RAMP, UNICODE_RAMP = ".:-=+*#%@", "·░▒▓█"
COOL, WARM = (60, 120, 190), (213, 94, 0)
NAMED_WIDTH = 12


def heatmap(
    values: ArrayLike, row_names: Sequence[str], style: Style, *, low: float, high: float, log: bool = False,
    letters: Sequence[Sequence[str]] | None = None, title: str = "",
) -> list[str]:
    """A line a row, a character a value: light to dense from low to high, "?" for what is not finite.

    values: shape (rows, columns); letters: rows of one character a value, shown where they change, " " for
    none. Columns that share a cell show the mean of their finite values; few columns are stretched to the
    width. If there are more rows than lines, evenly spaced ones are shown; if a line is left, it says what
    the characters mean. With log, what is not positive counts as lowest. `style.height` lines of
    `style.width` columns each. The cells are drawn here, not by plotext: its heatmap takes 30 ms, and shows
    values by colour alone.
    """
    table = np.asarray(values, dtype=np.float64)
    table = table if table.ndim == 2 else table.reshape(1, -1)
    sheet = Sheet(style.width, style.height)
    top = int(bool(title) and style.height > 1)
    if top:
        sheet.put(0, 0, plain(title, style.unicode))
    shown = _evenly(len(table), sheet.height - top)
    names = [plain(row_names[row], style.unicode) if row < len(row_names) else "" for row in shown]
    left = 0
    if style.width >= NAMED_WIDTH and any(names):
        left = min(max(len(name) for name in names), style.width * 2 // 5) + 1
    ramp = UNICODE_RAMP if style.unicode else ASCII_RAMP
    width = sheet.width - left
    along = axis([], (low, high), log)
    for line, (row, name) in enumerate(zip(shown, names, strict=True), top):
        levels = _levels(table[row], width, along, len(ramp))
        sheet.put(line, 0, name[: left - 1] if left else "")
        for column, level in enumerate(levels):
            character, colour = ("?", GREY) if level < 0 else (ramp[level], _shade(level / (len(ramp) - 1)))
            sheet.put(line, left + column, character, colour)
        if letters is not None and row < len(letters):
            _put_letters(sheet, line, left, plain("".join(letters[row]), style.unicode), table.shape[1])
    if len(shown) + top < sheet.height and sheet.height > 1:
        ends = [short(10.0**end if log else end) for end in (along.low, along.high)]
        key = f"{ends[0]} {ramp} {ends[1]}{', ? not finite' if not np.isfinite(table).all() else ''}"
        sheet.put(sheet.height - 1, left, key[:width], GREY)
    return sheet.lines(style.colour)


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


def _put_letters(sheet: Sheet, line: int, left: int, letters: str, columns: int) -> None:
    if not letters or not columns:
        return
    previous = " "
    for cell, start in enumerate(_starts(columns, sheet.width - left).tolist()):
        letter = letters[start] if start < len(letters) else " "
        if letter != previous and letter != " ":
            sheet.put(line, left + cell, letter)
        previous = letter


@functools.cache
def _shade(share: float) -> RGB:
    cool, warm = np.array(COOL), np.array(WARM)
    red, green, blue = np.round(cool + (warm - cool) * share).astype(int).tolist()
    return red, green, blue
