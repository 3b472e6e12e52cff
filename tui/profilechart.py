"""A chart layer by layer: what is expected as a line with its band, what was measured as points."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from initscope.tui.axes import axis
from initscope.tui.charts import DOTS, PALETTE, SINGLE, Curve, curves
from initscope.tui.decimate import HUGE, Floats
from initscope.tui.frame import Frame
from initscope.tui.sheet import GREY, RGB, Sheet, Style

REACH = 0.25
"""Layers by which a line goes on beyond its last point, so that a single layer has one too."""
EXPECTED, DOUBTFUL = GREY, PALETTE[4]
SURE, UNSURE, UNSURE_MARK = "─", "-", "?"
"""The line itself, in Unicode and in ASCII; what is in doubt."""
BEYOND, FAR = 1e3, 4.0
"""Later points so many times farther out than line and first points are held at the border: log and linear axes."""
ROOM = 1.05
"""A linear axis that starts at 0 ends so much above the largest value."""


@dataclass(frozen=True, eq=False)
class Expected:
    """What theory says, one number a layer, NaN for none: (layers,) each."""

    value: Floats
    doubt: NDArray[np.bool_]
    """Where the value may be elsewhere."""
    low: Floats | None = None
    high: Floats | None = None
    """The band, if there is one."""


@dataclass(frozen=True, eq=False)
class Points:
    """Measured numbers, one a layer, NaN for none; `mark` is one character of ASCII."""

    name: str
    mark: str
    values: Floats
    colour: RGB | None = None


def line_mark(style: Style) -> str:
    """What stands for the line of the expected in a key."""
    return SURE if style.unicode else UNSURE


def profile(
    expected: Expected, points: Sequence[Points], style: Style, *, title: str, log: bool = False,
    limits: tuple[float, float] | None = None, named: bool = True,
) -> list[str]:
    """`style.height` lines of `style.width` columns; layers are counted from 1, left to right.

    `limits` are the ends of the vertical axis; None for what the numbers need. On a log axis what is not positive is
    a gap. Points hide those given before them. `named`: say beside the title what the marks mean.
    """
    count, title = expected.value.size, title[: max(style.width, 0)]
    ends = limits or _limits(expected, points, log)
    across = (1 - 2 * REACH, count + 2 * REACH)
    drawn = _lines(expected, style, log, named) + [
        Curve(one.name if named else "", (), (), one.colour or GREY, marker=one.mark) for one in points
    ]
    picture = curves(drawn, style, title=title, log_y=log, x_limits=across, y_limits=ends)
    dots = DOTS["braille"] if style.unicode else SINGLE
    frame = Frame(style, axis([], across), axis([], ends, log), title=title, gutter=1, dots=dots)
    sheet = Sheet(style.width, style.height)
    sheet.paste(0, 0, picture)
    if frame.framed and frame.width > 0:
        _layer_axis(sheet, frame, count)
    for one in points if frame.width > 0 and frame.height > 0 else ():
        _put(sheet, frame, one, log)
    return sheet.lines(style.colour)


def _lines(expected: Expected, style: Style, log: bool, named: bool) -> list[Curve]:
    """The sure part of the line and the doubtful one, each with its band."""
    count = expected.value.size
    places = np.arange(1.0, count + 1)
    between = np.linspace(1 - REACH, count + REACH, max(style.width, 2))
    along = np.unique(np.r_[places, 1 - REACH, between, count + REACH])
    sides = (expected.value, *_band(expected))
    value, *band = (_between(side, along, log) for side in sides)
    low, high = band or (None, None)
    unsure = expected.doubt[np.clip(np.ceil(along - REACH).astype(int), 1, count) - 1]
    parts = [("forecast", ~unsure, line_mark(style), EXPECTED)]
    if (unsure & np.isfinite(value)).any():
        parts.append(("in doubt", unsure, UNSURE_MARK, DOUBTFUL))
    return [
        Curve(
            name if named else "", along, np.where(here, value, np.nan), colour,
            _only(low, here), _only(high, here), mark,
        )
        for name, here, mark, colour in parts
    ]  # fmt: skip


def _only(side: Floats | None, here: NDArray[np.bool_]) -> Floats | None:
    return None if side is None else np.where(here, side, np.nan)


def _band(expected: Expected) -> list[Floats]:
    return [side for side in (expected.low, expected.high) if side is not None]


def _between(values: Floats, along: Floats, log: bool) -> Floats:
    """Values at places between layers, on straight lines as they are drawn; up to REACH into a gap."""
    finite = np.where(np.isfinite(values), np.clip(values, -HUGE, HUGE), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        known = np.log10(np.where(finite > 0, finite, np.nan)) if log else finite
    padded = np.r_[np.nan, known, np.nan]
    below = np.floor(along).astype(int)
    part = along - below
    left, right = padded[below], padded[np.minimum(below + 1, padded.size - 1)]
    found = np.where(part == 0, left, (1 - part) * left + part * right)
    found = np.where(np.isnan(found) & (part <= REACH), left, found)
    found = np.where(np.isnan(found) & (part >= 1 - REACH), right, found)
    return np.asarray(10.0**found if log else found)


def _limits(expected: Expected, points: Sequence[Points], log: bool) -> tuple[float, float]:
    """Of the line, its band and the first points, and of later points that are not far beyond; with 0 if linear."""
    band = _known([expected.value, *_band(expected), *(one.values for one in points[:1])], log)
    later = _known([one.values for one in points[1:]], log)
    band = band if band.size else later
    if not log:
        low, high = min(float(band.min(initial=0.0)), 0.0), max(float(band.max(initial=0.0)), 0.0)
        far = FAR * (high - low)
        low = max(min(float(later.min(initial=0.0)), low), low - far) * ROOM
        high = min(max(float(later.max(initial=0.0)), high), high + far) * ROOM
        return (low, high) if high > low else (0.0, 1.0)
    if not band.size:
        return 0.1, 1.0
    least, most = float(band.min()), float(band.max())
    low = max(float(later.min(initial=least)), least / BEYOND)
    high = min(float(later.max(initial=most)), most * BEYOND, HUGE)
    return (low, high) if high > low * ROOM else (low / 2, low * 2)


def _known(parts: Sequence[Floats], log: bool) -> Floats:
    """What a chart can show of these."""
    values: Floats = np.concatenate([np.zeros(0), *parts])
    return values[np.isfinite(values) & (np.abs(values) <= HUGE) & ((values > 0) | (not log))]


def _put(sheet: Sheet, frame: Frame, points: Points, log: bool) -> None:
    for layer, value in enumerate(points.values, 1):
        if math.isfinite(value) and (value > 0 or not log):
            held = min(max(float(value), -HUGE), HUGE)
            sheet.put(
                frame.row(math.log10(held) if log else held), frame.column(layer), points.mark, points.colour
            )


def _layer_axis(sheet: Sheet, frame: Frame, count: int) -> None:
    """Whole numbers in place of the round ones of other charts: there is no layer 1.5."""
    unicode, last = frame.unicode, sheet.height - 1
    rule = frame.top + frame.height
    if frame.below == 2:
        corner, line = ("└", "─") if unicode else ("+", "-")
        sheet.put(rule, frame.left - 1, corner + line * (sheet.width - frame.left), GREY)
    sheet.put(last, 0, "layer".ljust(sheet.width), GREY)
    free = len("layer") + 1
    for layer in _labelled(count, max(frame.width // (len(str(count)) + 3), 1)):
        column, label = frame.column(layer), str(layer)
        start = min(column - len(label) // 2, sheet.width - len(label))
        if start >= free:
            sheet.put(last, start, label, GREY)
            free = start + len(label) + 1
            if frame.below == 2:
                sheet.put(rule, column, "┴" if unicode else "+", GREY)


def _labelled(count: int, most: int) -> list[int]:
    """The first layer and multiples of 1, 2, 5, 10, ..., not many more than `most`."""
    step = next(digit * 10**power for power in range(9) for digit in (1, 2, 5) if count <= most * digit * 10**power)
    return [1, *(layer for layer in range(step, count + 1, step) if layer > 1)]
