"""Draws of initializers beside what is expected of them, drawn as text: histograms, tables, funnels and pictures."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import exp, floor, isfinite, log, prod, sqrt
from string import ascii_lowercase, digits

import numpy as np
from numpy.typing import NDArray

from initscope.core.initialization import sampling
from initscope.core.initialization.initializers import fans
from initscope.core.initialization.sampling import Floats, Moment, Sample
from initscope.core.plural import plural
from initscope.tui.charts import PALETTE, Curve, Style, curves, heatmap, histogram
from initscope.tui.heatmap import ASCII_RAMP, UNICODE_RAMP
from initscope.tui.sheet import GREY, RGB, painted, plain_text
from initscope.tui.views import number

CHART_HEIGHT, LOWER = 14, 2
"""Rows of a chart of curves, and by how many histograms and pictures are lower."""
FULL = 66
"""Columns from which every number stands in its place in a table; below, names have lines of their own."""
MARKS = digits[1:] + ascii_lowercase
"""The character of each number, as lanes have them."""
POINTS = 400
"""Of a running mean, evenly spaced in log n."""
TALLEST = 5.0
"""A histogram this many times as tall as the lowest one does not set the axis that they share."""
FAINT = 1e-5
"""Expected shares below this are not drawn: the tails of a normal never end."""

MEAN = (
    "Why is the mean of {draws} of {name} {mean} and not {expected}? {expected} is the mean of the distribution. "
    "The mean of n draws is itself random, with a std of {std}/sqrt(n), here {error}: about one sample in three ends "
    "outside the dotted band ±1/sqrt(n), one in twenty outside twice the band. Half the error takes four times the "
    "draws."
)
STD = (
    "The std of n draws is as random: it misses by std/sqrt(2n) for a normal, the dotted band, and by std/sqrt(5n) for "
    "a uniform, which has no tails."
)
NEAR = (
    "Why randn*0.001 is safe: units stay alike only if their weights are equal, and that all weights of a layer vanish "
    "at once has the chance in the last column. Small weights still differ; zeros and other constants never do."
)
MATRICES = "The bands are for independent draws; the entries of one matrix are not, so its curves may leave them."
DEPENDENT = "No standard error (-) where the entries of a matrix depend on one another, or where nothing is random."


@dataclass(frozen=True, eq=False)
class View:
    """All that is shown."""

    samples: tuple[Sample, ...]
    n: int
    seed: int
    eps: float
    shape: tuple[int, ...]
    """Of the weights: (out, in, *kernel)."""
    edges: Floats
    numbers: tuple[int, ...] = ()
    """From 0, of each sample: its mark and colour; its place if there are none."""

    @property
    def typed(self) -> tuple[int, ...]:
        """The shape as --shape has it: inputs first."""
        return (self.shape[1], self.shape[0], *self.shape[2:])

    def mark(self, place: int) -> str:
        return MARKS[self._number(place) % len(MARKS)]

    def colour(self, place: int) -> RGB:
        return PALETTE[self._number(place) % (len(PALETTE) - 1)]  # the last is grey, as is what is expected

    def _number(self, place: int) -> int:
        return self.numbers[place] if self.numbers else place

    @cached_property
    def moments(self) -> list[tuple[Moment, Moment]]:
        """Mean and std of each sample."""
        return [(one.mean, one.std) for one in self.samples]

    @cached_property
    def counts(self) -> list[NDArray[np.int64]]:
        return [np.histogram(one.values, self.edges)[0] for one in self.samples]

    @cached_property
    def exact(self) -> list[Floats]:
        """The expected share of each bin."""
        return [sampling.expected_shares(one.distribution, self.edges) for one in self.samples]

    @cached_property
    def places(self) -> NDArray[np.int64]:
        """The numbers of first draws whose mean and std are shown."""
        first = 10 if self.n >= 100 else min(2, self.n)
        return np.unique(np.geomspace(first, self.n, POINTS).round().astype(np.int64))

    @cached_property
    def runs(self) -> list[tuple[Floats, Floats]]:
        return [sampling.running(one, self.places) for one in self.samples]

    def work_out(self) -> None:
        """All of the above now, so that drawing is quick."""
        _ = self.moments, self.counts, self.exact, self.runs


def lines(view: View, style: Style) -> Iterator[str]:
    """The whole answer. Curves are `style.height` rows high, histograms and pictures LOWER less."""
    yield from heading(view, style)
    yield from histograms(view, style)
    yield ""
    yield from beside_expected(view, style)
    yield from pictures(view, style)


def heading(view: View, style: Style) -> Iterator[str]:
    inputs, outputs = fans(view.shape)
    shape = f"weights {_by(view.typed)} (fan_in {inputs}, fan_out {outputs})"
    what = f"{plural(view.n, 'draw')} of each, seed {view.seed}; {shape}"
    same = ["All draw from the same stream: randn and 0.01*randn are the same draws, scaled."] * (len(view.samples) > 1)
    for words in (what, *same, *(f"{one.name}: {one.alone}." for one in view.samples if one.alone)):
        yield from say(words, style)


def beside_expected(view: View, style: Style) -> Iterator[str]:
    """Everything in numbers and curves."""
    yield from _table(view, style)
    yield from running_moments(view, style)
    yield ""
    yield from _near_zero(view, style)


def _by(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape))


def say(text: str, style: Style) -> list[str]:
    """Prose in lines that fit."""
    return textwrap.wrap(plain_text(text, style.unicode), max(style.width, 20), break_on_hyphens=False)


def _named(view: View, place: int, room: int, style: Style) -> str:
    """The mark and name of a sample, cut to the columns there are."""
    text = f"{view.mark(place)} {view.samples[place].name}"
    return text if len(text) <= room else f"{text[: max(room - 1, 3)]}{'…' if style.unicode else '~'}"


def histograms(view: View, style: Style) -> Iterator[str]:
    """One below another on the same axes, each with the exact shares as an outline."""
    peaks = [max(float(c.max()) / view.n, float(e.max())) for c, e in zip(view.counts, view.exact, strict=True)]
    top = 1.05 * max(one for one in peaks if one <= TALLEST * min(peaks))
    drawn, line = ("█", "⠒") if style.unicode else ("#", "o")
    full, size = style.width >= FULL, Style(style.width, style.height - LOWER, style.colour, style.unicode)
    for place, (counts, exact) in enumerate(zip(view.counts, view.exact, strict=True)):
        colour = view.colour(place)
        _, *rest = histogram(
            view.edges, counts, size, start_counts=np.where(exact < FAINT, 0.0, exact), colour=colour,
            y_limits=(0.0, top),
        )  # fmt: skip
        higher = f"  up to {peaks[place]:.0%}" if peaks[place] > top else ""
        words, where = (f", share in {len(counts)} bins  ", "exact where higher") if full else ("  ", "exact")
        signs = f"{painted(drawn, colour, style)} drawn  {painted(line, GREY, style)} {where}"
        room = style.width - len(f"{words}# drawn  o {where}{higher}")
        yield ""
        yield f"{_named(view, place, room, style)}{words}{signs}{higher}"
        yield from rest


def _table(view: View, style: Style) -> Iterator[str]:
    full = style.width >= FULL
    wide = _names_width(view, style, 54) if full else 0
    rooms = {"sample": 11, "expected": 11, "std. error": 11, "z": 7, "as far": 9}
    rooms = rooms if full else {"sample": 10, "expected": 10, "error": 9, "z": 6}
    yield f"{'':{wide}}{'':5}" + "".join(f"{word:>{room}}" for word, room in rooms.items())
    for place, both in enumerate(view.moments):
        if not full:
            yield _named(view, place, style.width, style)
        for word, moment in zip(("mean", "std"), both, strict=True):
            name = _named(view, place, wide - 1, style) if full and word == "mean" else ""
            row = "".join(f"{cell:>{room}}" for cell, room in zip(_cells(moment, full), rooms.values(), strict=False))
            yield f"{name:{wide}}{word:5}{row}"
    yield from say(f"z: standard errors off{'; as far: how many samples are as far off or farther' * full}.", style)
    if any(not moment.error for both in view.moments for moment in both):
        yield from say(DEPENDENT, style)


def _cells(moment: Moment, full: bool) -> tuple[str, ...]:
    """What the table says of a moment, from left to right."""
    error = "-" if not moment.error else f"{moment.error:.3g}"
    z = "-" if moment.z is None else f"{moment.z:+.{1 + full}f}"
    far = "-" if moment.chance is None else f"{moment.chance:.1%}"
    return _short(moment.sample, 3 + full), _short(moment.expected, 3 + full), error, z, far


def _names_width(view: View, style: Style, others: int) -> int:
    """Columns for numbers and names beside `others` columns; long names are cut off."""
    return min(max(11, *(len(one.name) + 3 for one in view.samples)), max(style.width - others, 11))


def _short(value: float, figures: int = 4) -> str:
    return f"{value + 0.0:.{figures}g}" if isfinite(value) else "-"


def running_moments(view: View, style: Style) -> Iterator[str]:
    """Mean and std of the first draws, a chart each, with the bands and why."""
    drawn = [place for place, (_, std) in enumerate(view.moments) if std.expected]
    if view.n < 10 or not drawn:
        return
    places, along = view.places, np.log10(view.places)
    for index, centre, word in ((0, 0.0, "(mean - expected) / std"), (1, 1.0, "std / expected std")):
        width = 1 / np.sqrt(places * (1.0 + index))
        found = [
            Curve(view.samples[k].name, along, view.runs[k][index], view.colour(k), marker=view.mark(k)) for k in drawn
        ]
        name = plain_text(("±1/sqrt(n)", "±1/sqrt(2n)")[index], style.unicode)
        level = np.full(places.size, centre)
        found.insert(0, Curve(name, along, level, GREY, centre - width, centre + width, "-"))
        reach = 2.5 * float(width[0])
        yield ""
        yield from curves(
            found, style, title=word, x_label="log10 n", y_limits=(centre - reach, centre + reach)
        )
        yield ""
        yield from say(_why(view) if index == 0 else STD, style)


def _why(view: View) -> str:
    """Of the first of independent draws that is centred on 0, or else of the first of any independent draws."""
    spread = [place for place, (mean, _) in enumerate(view.moments) if mean.error]
    if not spread:
        return MATRICES
    place = next((place for place in spread if not view.moments[place][0].expected), spread[0])
    mean, std = view.moments[place][0], view.moments[place][1].expected
    return MEAN.format(
        draws=plural(view.n, "draw"), name=view.samples[place].name, mean=_short(mean.sample),
        expected=_short(mean.expected), std=_short(std), error=_short(std / sqrt(view.n)),
    )  # fmt: skip


def _near_zero(view: View, style: Style) -> Iterator[str]:
    size = prod(view.shape)
    titles = ("one weight", f"how many of {size:,}", f"all {size:,} at once")
    rooms = [max(len(title), 12) + 2 for title in titles]
    full, wide = style.width >= 11 + sum(rooms), _names_width(view, style, sum(rooms))
    yield from say(f"Chance to lie within eps = {view.eps:g} of zero:", style)
    if full:
        yield f"{'':{wide}}" + "".join(f"{title:>{room}}" for title, room in zip(titles, rooms, strict=True))
    for place, one in enumerate(view.samples):
        near = sampling.log_near_zero(one.distribution, view.eps)
        together = sampling.log_all_near_zero(one.distribution, view.shape, view.eps)
        cells = (power(near), _count(near, size), "not known" if together is None else power(together))
        if full:
            row = "".join(f"{cell:>{room}}" for cell, room in zip(cells, rooms, strict=True))
            yield f"{_named(view, place, wide - 1, style):{wide}}{row}"
        else:
            yield _named(view, place, style.width, style)
            yield from (f" {title:{max(rooms) - 2}} {cell}" for title, cell in zip(titles, cells, strict=True))
    yield from say(NEAR, style)


def _count(logarithm: float, size: int) -> str:
    """How many of `size` weights to expect, each there with the chance exp(logarithm)."""
    expected = exp(logarithm) * size
    return f"{expected:,.0f}" if expected >= 1000 else power(logarithm + log(size))


def power(logarithm: float) -> str:
    """exp(logarithm) in three digits, however small."""
    if logarithm > -650 or not isfinite(logarithm):
        return f"{exp(logarithm):.3g}"
    tens = logarithm / log(10)
    if tens < -1e9:  # the digits before the exponent are lost
        return f"10^{tens:.3g}"
    mantissa, carry = f"{10 ** (tens - floor(tens)):.2e}".split("e")  # 9.999 is rounded to 1.00e+01
    return f"{float(mantissa):.3g}e{floor(tens) + int(carry)}"


def pictures(view: View, style: Style) -> Iterator[str]:
    """The upper left corner of each weight matrix, inputs down and outputs across as --shape has them."""
    for place, one in enumerate(view.samples):
        matrix = one.weights.reshape(len(one.weights), -1).T
        rows, columns = min(len(matrix), style.height - LOWER), min(matrix.shape[1], style.width // 2)
        (low, high), (mean, std) = one.distribution.bounds, view.moments[place]
        reach = min(max(-low, high), abs(mean.expected) + 2.5 * std.expected) or 1.0
        part = "" if rows * columns == prod(view.shape) else f", {rows}x{columns} of them"
        ramp, ends = UNICODE_RAMP if style.unicode else ASCII_RAMP, [number(-reach), number(reach)]
        words, key = f", weights {_by(view.typed)}", f"{ends[0]} {ramp} {ends[1]}"
        yield ""
        if style.width >= FULL:
            name = _named(view, place, style.width - len(f"{words}{part}  {key}"), style)
            yield f"{name}{words}{part}  {painted(key, GREY, style)}"
        else:
            yield f"{_named(view, place, style.width - len(words), style)}{words}"
            yield f"{painted(key, GREY, style)}{part}"
        size = Style(2 * columns, rows, style.colour, style.unicode)  # a character is twice as high as wide
        yield from heatmap(matrix[:rows, :columns], (), size, low=-reach, high=reach)
