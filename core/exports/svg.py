"""Line charts as SVG: shapes and text alone, in colours that fit a light page and a dark one. No scripts, no links."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from math import ceil, floor, log10

Points = Sequence[tuple[float, float]]

WIDTH, HEIGHT = 640, 300
LEFT, RIGHT, TOP, BOTTOM = 62, 12, 30, 40
"""Margins around the plot, in pixels; the legend stands under it."""
ROW, COLUMNS = 18, 3
"""Height of a line of the legend, and how many entries it has."""
TICKS = 5
LONGEST_NAME = 26
SMALLEST, LARGEST = 1e-12, 1e100
"""Where a logarithmic axis ends at the latest, and from where on a number is as good as infinite."""
COLOURS = ("#0072b2", "#d55e00", "#007e5b", "#b0508c", "#8a6d00", "#3f6fd1", "#a03c3c", "#5a5a5a")
DARK = ("#56b4e9", "#ff9a4d", "#2fd6a2", "#e58fc5", "#f0e442", "#9db8ff", "#ff8f8f", "#c8c8c8")
DASHES = ("", "7 3", "2 3", "9 3 2 3")
"""Neighbours differ in their dashes as well, for whom colours do not tell apart."""
STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#1a1a1a}.grid{stroke:#d9d9d9}.line{fill:none;stroke-width:1.8}"
    + "".join(f".c{n}{{stroke:{colour}}}" for n, colour in enumerate(COLOURS))
    + "@media(prefers-color-scheme:dark){text{fill:#e6e6e6}.grid{stroke:#444}"
    + "".join(f".c{n}{{stroke:{colour}}}" for n, colour in enumerate(DARK))
    + "}"
)


@dataclass(frozen=True)
class Line:
    """A series; what is not finite is a gap. On a logarithmic axis so is what is not positive."""

    name: str
    points: Points
    colour: int


@dataclass(frozen=True)
class Chart:
    title: str
    lines: tuple[Line, ...]
    logarithmic: bool = False
    limits: tuple[float, float] | None = None
    """Of the vertical axis; None for those of the values."""


def draw(chart: Chart) -> str:
    """One <svg> element without blank lines."""
    stretches = [_stretches(line.points, chart.logarithmic) for line in chart.lines]
    every = [point for line in stretches for stretch in line for point in stretch]
    height = HEIGHT + ROW * (1 + (len(chart.lines) - 1) // COLUMNS) + ROW // 2
    title = escape(clean(chart.title))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'role="img" aria-label="{title}">',
        f"<style>{STYLE}</style>",
        f'<text x="{LEFT}" y="18" font-weight="bold">{title}</text>',
    ]
    if every:
        x_limits = 0.0, max(x for x, _ in every) or 1.0
        y_limits = chart.limits or _limits([y for _, y in every])
        parts += _axes(x_limits, y_limits, chart.logarithmic)
        for line, found in zip(chart.lines, stretches, strict=True):
            parts += [_polyline(line, stretch, x_limits, y_limits) for stretch in found]
    else:
        parts.append(f'<text x="{LEFT}" y="{HEIGHT // 2}">no finite values</text>')
    parts += [_legend(place, line) for place, line in enumerate(chart.lines)]
    return "\n".join([*parts, "</svg>"])


def _stretches(points: Points, logarithmic: bool) -> list[list[tuple[float, float]]]:
    """Points without gaps between them, values as their powers of ten where the axis is logarithmic."""

    def drawn(point: tuple[float, float]) -> bool:
        return abs(point[1]) < LARGEST and (point[1] > 0 or not logarithmic)

    found = [list(stretch) for shown, stretch in groupby(points, drawn) if shown]
    if logarithmic:
        return [[(x, log10(max(y, SMALLEST))) for x, y in stretch] for stretch in found]
    return found


def _limits(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    room = 0.05 * (high - low) or 0.5 * abs(high) or 1.0
    return low - room, high + room


def ticks(low: float, high: float, whole: bool = False) -> list[float]:
    """About TICKS round numbers from `low` to `high`."""
    rough = (high - low) / TICKS
    power = 10.0 ** floor(log10(rough))
    step = power * next(factor for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    if whole:
        step = max(1.0, ceil(step))
    return [number * step for number in range(ceil(low / step), floor(high / step) + 1)]


def _axes(x_limits: tuple[float, float], y_limits: tuple[float, float], logarithmic: bool) -> list[str]:
    parts = []
    decades = logarithmic and y_limits[1] - y_limits[0] > 2
    for value in ticks(*y_limits, whole=decades):
        y = _down(value, y_limits)
        words = f"1e{value:.0f}" if decades else f"{10**value:.2g}" if logarithmic else f"{value:.6g}"
        parts.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{words}</text>')
    for value in ticks(*x_limits, whole=True):
        x = _across(value, x_limits)
        anchor = "end" if x > WIDTH - RIGHT - 20 else "middle"
        parts.append(f'<path class="grid" d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}"/>')
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="{anchor}">{value:,.0f}</text>')
    parts.append(f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 10}" text-anchor="end">step</text>')
    return parts


def _across(x: float, limits: tuple[float, float]) -> float:
    return LEFT + (x - limits[0]) / (limits[1] - limits[0]) * (WIDTH - LEFT - RIGHT)


def _down(y: float, limits: tuple[float, float]) -> float:
    share = min(max((y - limits[0]) / (limits[1] - limits[0]), 0.0), 1.0)
    return TOP + (1 - share) * (HEIGHT - TOP - BOTTOM)


def _polyline(line: Line, stretch: Points, x_limits: tuple[float, float], y_limits: tuple[float, float]) -> str:
    """A single point is drawn as a short dash."""
    places = [(_across(x, x_limits), _down(y, y_limits)) for x, y in stretch]
    if len(places) == 1:
        places.append((places[0][0] + 2, places[0][1]))
    text = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    return f'<polyline {_looks(line)} points="{text}"/>'


def _looks(line: Line) -> str:
    dash = DASHES[line.colour % len(DASHES)]
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return f'class="line c{line.colour % len(COLOURS)}"{dashes}'


def _legend(place: int, line: Line) -> str:
    x = LEFT + place % COLUMNS * (WIDTH - LEFT - RIGHT) // COLUMNS
    y = HEIGHT + ROW // 2 + place // COLUMNS * ROW
    name = clean(line.name)
    short = name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
    return f'<path {_looks(line)} d="M{x} {y}h24"/><text x="{x + 30}" y="{y + 4}">{escape(short)}</text>'


def clean(text: str) -> str:
    """`text` without what XML cannot hold, even escaped."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)
