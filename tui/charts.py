"""Draws curves and histograms as lines of text; the only module that imports plotext.

Pure functions from data to text, for the report on standard output and for the widgets of the lab alike.
plotext draws lines and bars on a bare canvas; the frame around it is ours (frame.py), for ticks that are
short and still. Numbers never make a chart raise: one NaN in a line would abort the whole process inside
plotext's kernel, so nothing reaches it but finite cell coordinates on the canvas. plotext has one global
figure: draw from one thread only.

The only codes in the text are ``ESC[38;2;r;g;bm`` and ``ESC[0m``; without colour there are none.
"""

import functools
import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from initscope.tui.axes import Axis, Limits, axis, inside
from initscope.tui.decimate import Columns, Floats, bars, decimate, log10_or_gap, vector
from initscope.tui.frame import Frame, canvas_columns
from initscope.tui.heatmap import heatmap
from initscope.tui.plotkernel import keep_lock, quickened
from initscope.tui.sheet import GREY, RGB, Style, plain

__all__ = ["PALETTE", "RGB", "Curve", "Style", "curves", "heatmap", "histogram"]

# Found by search: every two are at least 20 apart in CIELAB, to usual eyes and to those with protanopia and
# deuteranopia (simulated after Machado, Oliveira and Fernandes, 2009), and each has a contrast of 3 to 1 or more on
# the light and the dark background (WCAG 2.1, 1.4.11). Okabe and Ito's, darkened for the second, fail the first.
PALETTE: tuple[RGB, ...] = (
    (36, 133, 194),  # blue
    (249, 0, 19),  # red
    (18, 145, 31),  # green
    (189, 1, 147),  # magenta
    (86, 114, 71),  # olive
    (92, 84, 203),  # indigo
    (146, 7, 255),  # violet
    GREY,
)
# Dots to a character, across and down, of plotext's markers; any other marker is one character.
DOTS = {"braille": (2, 4), "hd": (2, 2)}
SINGLE = (1, 1)
# Pictures of plotext that are kept: those of a large screen's charts, several times over.
REMEMBERED = 64


@dataclass(frozen=True, eq=False)
class Curve:
    """One line of a chart; x, y and the optional envelope low and high have the same length, NaN for gaps.

    colour: an index into `PALETTE`, or (r, g, b) of 0..255; marker: the character that names the curve, by
    default its place, 1, 2, ... More points than columns are drawn as their mean (of logarithms on a log
    axis); give `low` and `high` (y itself will do) to see their spread as well.
    """

    name: str
    x: ArrayLike
    y: ArrayLike
    colour: RGB | int = 0
    low: ArrayLike | None = None
    high: ArrayLike | None = None
    marker: str = ""


@dataclass(frozen=True)
class _Layer:
    """Dots for plotext: x and y in cells from the lower left corner, on the canvas, NaN for gaps."""

    x: Floats
    y: Floats
    marker: str
    colour: RGB
    joined: bool = True
    filled: bool = False


class _Stroke(NamedTuple):
    """A layer without its gaps, hashable; `breaks` are the points that no line leads to."""

    x: tuple[float, ...]
    y: tuple[float, ...]
    marker: str
    colour: RGB
    joined: bool
    filled: bool
    breaks: tuple[int, ...]


class _Line(NamedTuple):
    """A curve made ready: its line and envelope in axis units, its character and its colour."""

    line: Columns
    band: Columns
    mark: str
    colour: RGB


def curves(
    curves: Sequence[Curve], style: Style, *, log_y: bool = False, x_label: str = "", title: str = "",
    x_limits: Limits | None = None, y_limits: Limits | None = None, cursor: float | None = None,
) -> list[str]:
    """Curves over one another: `style.height` lines of `style.width` columns each.

    Limits are in data units, None for whatever the data need; points beyond the x limits are left out, points
    beyond the y limits held at the border. With log_y, what is not positive is a gap. cursor: an x value to
    mark. Each curve's character stands at its right end, and is the line itself in ASCII: no colour is needed
    to tell the curves apart. Dots above and below a line are its envelope.
    """
    numbered = len(curves) > 1 or any(curve.marker for curve in curves)
    along, lines = axis([inside(vector(curve.x), x_limits) for curve in curves], x_limits), list[_Line]()
    for place, curve in enumerate(curves, 1):
        mark = plain((curve.marker or str(place))[:1], style.unicode) if numbered else "*"
        columns = _columns(curve, log_y, x_limits, (along.low, along.high), canvas_columns(style))
        lines.append(_Line(*columns, mark, _rgb(curve.colour)))
    names = zip(lines, (curve.name for curve in curves), strict=True)
    frame = Frame(
        style, along,
        axis([side for line in lines for side in (line.line.mean, *line.band[2:])], y_limits, log_y),
        title=title, x_label=x_label, gutter=int(numbered), dots=DOTS["braille"] if style.unicode else SINGLE,
        legend=[(f"{line.mark} {name}" if numbered else name, line.colour) for line, name in names if name],
    )
    layers: list[_Layer] = []
    for _, band, _, colour in lines:
        layers += [_layer(frame, band.x, side, ".", _mix(colour, GREY), joined=False) for side in band[2:]]
    layers += [_layer(frame, line.line.x, line.line.mean, line.mark, line.colour) for line in lines]
    _draw(frame, layers)
    if numbered:
        _number(frame, lines)
        if style.unicode and not style.colour:
            _number_along(frame, lines)
    if cursor is not None:
        frame.cursor(cursor)
    return frame.sheet.lines(style.colour)


def histogram(
    edges: ArrayLike, counts: ArrayLike, style: Style, *, start_counts: ArrayLike | None = None,
    colour: RGB | int = 0, start_colour: RGB | int = 7, x_label: str = "", title: str = "",
    x_limits: Limits | None = None, y_limits: Limits | None = None,
) -> list[str]:
    """Filled bars of the counts now and an outline of the counts at the start, each as shares of its sum.

    edges: shape (bins + 1,), ascending; counts, start_counts: shape (bins,); y_limits: shares, 0.5 for 50 %.
    `style.height` lines of `style.width` columns each.
    """
    sides = vector(edges)
    if sides.size < 2 or not np.all(np.diff(sides) > 0):
        sides = np.empty(0)
    now = _shares(counts, sides.size - 1)
    start = _shares(() if start_counts is None else start_counts, sides.size - 1)
    shape = ("hd", "braille") if style.unicode else ("#", "o")
    signs = "█⠒" if style.unicode else "#o"
    legend = [(f"{signs[0]} now", _rgb(colour)), (f"{signs[1]} start", _rgb(start_colour))]
    frame = Frame(
        style, axis([sides], x_limits), axis([np.zeros(1), now, start], y_limits),
        title=title, x_label=x_label,
        legend=() if start_counts is None else legend, percent=True, dots=DOTS.get(shape[0], SINGLE),
    )
    layers: list[_Layer] = []
    if sides.size and frame.width and frame.height:
        now, start = (bars(sides, part, (frame.x.low, frame.x.high), frame.width) for part in (now, start))
        outline = np.where(start > 0, start, np.nan)
        y = _cells(frame.y, outline, frame.height, DOTS.get(shape[1], SINGLE)[1])
        layers.append(_Layer(np.arange(frame.width, dtype=np.float64) + 0.5, y, shape[1], _rgb(start_colour)))
        # Over the outline: it shows where the start was higher, and never hides what is now.
        layers.append(_bars(frame, now, shape[0], _rgb(colour)))
    _draw(frame, layers)
    return frame.sheet.lines(style.colour)


def _columns(
    curve: Curve, log_y: bool, x_limits: Limits | None, span: tuple[float, float], columns: int
) -> tuple[Columns, Columns]:
    """The curve's line, one point a column, and its envelope, two points every second column (or none)."""
    banded = curve.low is not None and curve.high is not None
    sides = [vector(side) for side in (curve.y, curve.low, curve.high) if side is not None]
    x = inside(vector(curve.x), x_limits)
    size = min(x.size, *(side.size for side in sides)) if banded else min(x.size, sides[0].size)
    sides = [log10_or_gap(side[:size]) if log_y else side[:size] for side in sides]
    line = decimate(x[:size], sides[0], sides[0], sides[0], columns, span)
    if not banded:
        return line, Columns(*(np.empty(0),) * 4)
    return line, decimate(x[:size], sides[0], sides[1], sides[2], max(columns // 2, 1), span)


def _shares(counts: ArrayLike, bins: int) -> Floats:
    """Each count's share of their sum, shape (bins,); what is missing, negative or not finite counts as 0."""
    values = vector(counts)[: max(bins, 0)]
    values = np.pad(np.where(values > 0, values, 0.0), (0, max(bins, 0) - values.size))
    total = float(values.sum())
    return values / total if total > 0 else values


def _cells(along: Axis, values: Floats, cells: int, dots: int) -> Floats:
    """The middle of the dot that each value falls on, in cells from the axis' low end; NaN stays NaN."""
    return (along.dot(values, cells * dots) + 0.5) / dots


def _layer(frame: Frame, x: Floats, y: Floats, mark: str, colour: RGB, joined: bool = True) -> _Layer:
    """A layer of values in axis units, in braille unless the frame is ASCII."""
    across, down = frame.dots
    places = _cells(frame.x, x, frame.width, across), _cells(frame.y, y, frame.height, down)
    return _Layer(*places, "braille" if frame.style.unicode else mark, colour, joined)


def _bars(frame: Frame, heights: Floats, marker: str, colour: RGB) -> _Layer:
    """Dot columns filled from the bottom, one height a column; a bar that is not empty has a dot or more."""
    across, down = DOTS.get(marker, SINGLE)
    tall = np.repeat(heights, across)
    dots = np.maximum(np.floor(frame.y.share(tall) * (frame.height * down) + 0.5), 1)
    places = (np.arange(tall.size) + 0.5) / across
    tops = np.where(tall > 0, (dots - 0.5) / down, np.nan)
    return _Layer(places, tops, marker, colour, joined=False, filled=True)


def _draw(frame: Frame, layers: Sequence[_Layer]) -> None:
    """Draw the layers on the frame's canvas, or say that there is nothing to draw."""
    if frame.width < 1 or frame.height < 1:
        return
    strokes = tuple(stroke for layer in layers if (stroke := _stroke(layer)).x)
    if strokes:
        frame.sheet.paste(frame.top, frame.left, _plot(strokes, frame.width, frame.height, frame.style.colour))
    elif frame.width >= 7:
        frame.sheet.put(frame.top + frame.height // 2, frame.left + frame.width // 2 - 3, "no data", GREY)


def _number(frame: Frame, lines: Sequence[_Line]) -> None:
    """Each curve's character right of its last point, or in the nearest row of that column that is free."""
    taken: set[tuple[int, int]] = set()
    rows = range(frame.top, frame.top + frame.height)
    for line, _, mark, colour in lines if frame.framed else ():
        finite = np.flatnonzero(np.isfinite(line.mean))
        if finite.size:
            row, column = frame.row(line.mean[finite[-1]]), frame.column(line.x[finite[-1]]) + 1
            free = [(abs(other - row), other) for other in rows if (other, column) not in taken]
            if free:
                taken.add((min(free)[1], column))
                frame.sheet.put(min(free)[1], column, mark, colour)


def _number_along(frame: Frame, lines: Sequence[_Line]) -> None:
    """Each curve's character about every 20 columns on the curve, no two curves' in the same column."""
    repeats = max(frame.width // 20, 1)
    for place, (line, _, mark, colour) in enumerate(lines):
        finite = np.flatnonzero(np.isfinite(line.mean))
        for repeat in range(repeats if finite.size else 0):
            point = finite[int((repeat + (place + 0.5) / len(lines)) / repeats * finite.size)]
            frame.sheet.put(frame.row(line.mean[point]), frame.column(line.x[point]), mark, colour)


def _rgb(colour: RGB | int) -> RGB:
    if not isinstance(colour, tuple):
        return PALETTE[int(colour) % len(PALETTE)]
    red, green, blue = (min(max(int(part), 0), 255) for part in colour)
    return red, green, blue


def _mix(one: RGB, other: RGB) -> RGB:
    return (one[0] + other[0]) // 2, (one[1] + other[1]) // 2, (one[2] + other[2]) // 2


def _stroke(layer: _Layer) -> _Stroke:
    where = np.flatnonzero(np.isfinite(layer.x + layer.y))
    breaks = tuple((np.flatnonzero(np.diff(where) > 1) + 1).tolist()) if layer.joined else ()
    x, y = (tuple(side[where].tolist()) for side in (layer.x, layer.y))
    return _Stroke(x, y, layer.marker, layer.colour, layer.joined, layer.filled, breaks)


@functools.cache
def _plotext() -> Any:
    """plotext, imported on the first draw (190 ms of it), its kernel bound to keep the interpreter lock."""
    module = importlib.import_module("plotext")
    keep_lock(importlib.import_module("plotext._kernel.tools"))
    module.terminal.limit(False, False)
    return module


@functools.lru_cache(maxsize=REMEMBERED)
def _plot(strokes: tuple[_Stroke, ...], width: int, height: int, colour: bool) -> tuple[str, ...]:
    """What plotext draws of the strokes on a bare canvas of width x height characters, both at least 1.

    Remembered: much of a screen is the same from frame to frame, and nearly all of it after a key.
    """
    plotext = _plotext()
    figure = plotext.figure.clear()
    figure.plot_size(width, height).axes(False).canvas("default")
    for name, size in (("x", width), ("y", height)):
        figure.ruler(name).frequency(0).lim(0, size).alignment(lim="edge")
    for stroke in strokes:
        marker = plotext.marker(stroke.marker, plotext.pixel(stroke.colour))
        signal = figure.signal(list(stroke.x), list(stroke.y), marker=marker)
        if stroke.joined:
            signal.lines(True)
            for place in stroke.breaks:
                signal.line(place, False)
        figure.draw(quickened(signal.fillx() if stroke.filled else signal))
    return tuple(str(figure.build().string(not colour)).split("\n")[:height])
