"""One tensor of a file as text: what it is, its histogram against the initializer it looks like, and its picture."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain, zip_longest

import numpy as np

from initscope.core.checks.file import FileCheck
from initscope.core.plural import plural
from initscope.tui import checkviewfile
from initscope.tui.charts import PALETTE, Style, heatmap, histogram
from initscope.tui.checkviewer import Picture, Shown
from initscope.tui.checkviewfile import look_words
from initscope.tui.checkviewtable import BAD, cut, number, say, share
from initscope.tui.drawing import MOST_WEIGHTS, WIDTH, Drawing, matrix_width
from initscope.tui.heatmap import ASCII_RAMP, UNICODE_RAMP
from initscope.tui.lines import CODE
from initscope.tui.sheet import GREY, painted

LEAST, FACTS = 8, 9
"""Rows of a histogram on short screens; and those that are left to words where it stands beside the picture."""
FAINT = 1e-5
"""Expected shares below this are not drawn: the tails of a normal never end."""
WIDE, GAP = 110, 3
"""Columns from which on the picture stands beside the histogram, and those between them."""
HISTOGRAM = 24
"""Rows of a histogram in a file."""
SPREAD = 2.5
"""Standard deviations at which the picture's shades end."""


def lines(shown: Shown, style: Style) -> Iterator[str]:
    """The page of an entry."""
    if isinstance(shown, str):
        yield from say(shown, style)
    elif isinstance(shown, FileCheck):
        yield from checkviewfile.lines(shown, style)
    else:
        yield from _tensor(shown, style)


def _tensor(shown: Picture, style: Style) -> Iterator[str]:
    yield from _facts(shown, style)
    yield ""
    height = max(style.height // 2, LEAST)
    if style.width >= WIDE:
        height = max(style.height - FACTS, LEAST)
        half = Style((style.width - GAP) // 2, height, style.colour, style.unicode)
        left, right = _histogram(shown, half), _image(shown, half)
        for one, other in zip_longest(left, right, fillvalue=""):
            yield one + " " * (half.width + GAP - len(CODE.sub("", one))) + other
    else:
        part = Style(style.width, height, style.colour, style.unicode)
        yield from chain(_histogram(shown, part), ("",), _image(shown, part))


def charts(shown: Picture) -> Iterator[Drawing]:
    """What the page shows, each chart alone below the facts."""
    rows, columns = shown.corner.shape
    kinds = (
        ("histogram", "the histogram of", _histogram, HISTOGRAM, WIDTH),
        ("matrix", "the picture of", _image, min(rows, MOST_WEIGHTS) + 1, matrix_width(columns)),
    )
    for name, words, draw, height, width in kinds:
        yield Drawing(name, f"{words} {shown.entry.label.strip()}", partial(_alone, shown, draw), height, width)


def _alone(shown: Picture, draw: Callable[[Picture, Style], Iterator[str]], style: Style) -> Iterator[str]:
    yield from _facts(shown, style)
    yield ""
    yield from draw(shown, style)


def _facts(shown: Picture, style: Style) -> Iterator[str]:
    tensor, check, values = shown.entry.tensor, shown.check, shown.look.statistics
    assert tensor is not None
    shape = "x".join(map(str, tensor.shape)) or "one number"
    yield cut(f"{tensor.name}: {shape} {tensor.dtype}, {plural(tensor.size, 'number')}", style)
    if check:
        layer = check.layer
        sure = {"certain": "", "likely": ", likely", "guess": ", a guess"}[layer.sure]
        axes = f", axes {layer.orientation}{sure}: {layer.why}" if layer.why else f", axes {layer.orientation}"
        yield from say(f"{layer.kind}{axes}; fan_in {layer.fan_in}, fan_out {layer.fan_out}", style)
        yield from say(f"looks like: {_look(shown)}", style)
    yield from say(
        f"mean {number(values.mean)}  std {number(values.std)}  min {number(values.low)}  max {number(values.high)}  "
        f"zeros {share(values.zero_share)} %", style,
    )  # fmt: skip
    if values.non_finite:
        (line,) = say(f"{values.non_finite:,} are infinite or not a number", style)[:1]
        yield painted(line, BAD, style)
    if check and check.gain is not None:
        needed = f", {number(check.relative_gain)} of what is needed" if check.needed else ""
        twins = "-" if check.twins is None else check.twins
        yield from say(f"gain std*sqrt(fan_in) {number(check.gain)}{needed}; twins among its "
                       f"{plural(check.units, 'unit')}: {twins}", style)  # fmt: skip


def _look(shown: Picture) -> str:
    check = shown.check
    assert check is not None
    sure = f" ({check.recognition.confidence:.0%} sure)" if check.recognition else ""
    return look_words(check) + sure


def _histogram(shown: Picture, style: Style) -> Iterator[str]:
    """The values, with the shares that are expected of the recognized initializer as an outline."""
    bar, line = ("█", "⠒") if style.unicode else ("#", "o")
    colour = PALETTE[0]
    sample = "" if shown.look.whole else " of a sample"
    words = f"share in {len(shown.counts)} bins{sample}  {painted(bar, colour, style)}"
    name = ""
    if shown.expected is not None and shown.check and shown.check.recognition:
        names = shown.check.recognition.names
        name = f" here  {painted(line, GREY, style)} {names[0] if names else 'what it looks like'}"
    room = style.width + len(words + name) - len(CODE.sub("", words + name))
    text = words + name
    yield text if len(CODE.sub("", text)) <= style.width else cut(CODE.sub("", text), style)[:room]
    expected = None if shown.expected is None else np.where(shown.expected < FAINT, 0.0, shown.expected)
    _, *rest = histogram(shown.edges, shown.counts, style, start_counts=expected, colour=colour, title=" ")
    yield from rest


def _image(shown: Picture, style: Style) -> Iterator[str]:
    """The upper left corner as shades."""
    values, corner = shown.look.statistics, shown.corner
    rows, columns = min(len(corner), style.height - 1), min(corner.shape[1], style.width // 2)
    reach = min(max(abs(values.low), abs(values.high)), abs(values.mean) + SPREAD * values.std)
    reach = reach if 0 < reach < float("inf") else 1.0
    ramp = UNICODE_RAMP if style.unicode else ASCII_RAMP
    part = "" if (rows, columns) == corner.shape and corner.size == values.size else f"{rows}x{columns} of "
    key = f"{number(-reach)} {ramp} {number(reach)}"
    yield cut(f"{part}the matrix: {key}", style)
    size = Style(2 * columns, rows, style.colour, style.unicode)  # a character is twice as high as wide
    yield from heatmap(corner[:rows, :columns], (), size, low=-reach, high=reach)
