"""Draws of initializers beside what is expected of them, drawn as text: histograms, tables, funnels and pictures."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import exp, floor, isfinite, log, prod, sqrt

import numpy as np

from initscope.core import sampling
from initscope.core.initializers import fans
from initscope.core.sampling import Floats, Sample
from initscope.tui.charts import PALETTE, Curve, Style, curves, heatmap, histogram
from initscope.tui.heatmap import ASCII_RAMP, UNICODE_RAMP
from initscope.tui.sheet import GREY, RGB
from initscope.tui.views import number, plain_text

HISTOGRAM_HEIGHT, CHART_HEIGHT, PICTURE_HEIGHT = 12, 14, 12
POINTS = 400
"""Of a running mean, evenly spaced in log n."""
TALLEST = 5.0
"""A histogram this many times as tall as the lowest one does not set the axis that they share."""
FAINT = 1e-5
"""Expected shares below this are not drawn: the tails of a normal never end."""

MEAN = (
    "Why is the mean of {n:,} draws of {name} {mean} and not {expected}? {expected} is the mean of the distribution. "
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

    @property
    def typed(self) -> tuple[int, ...]:
        """The shape as --shape has it: inputs first."""
        return (self.shape[1], self.shape[0], *self.shape[2:])


def lines(view: View, style: Style) -> Iterator[str]:
    """The whole answer, each line at most `style.width` columns."""
    inputs, outputs = fans(view.shape)
    what = f"{view.n:,} draws of each, seed {view.seed}; weights {_by(view.typed)} (fan_in {inputs}, fan_out {outputs})"
    yield from _say(what, style)
    if len(view.samples) > 1:
        yield from _say("All draw from the same stream: randn and 0.01*randn are the same draws, scaled.", style)
    yield from _histograms(view, style)
    yield ""
    yield from _table(view, style)
    yield from _running(view, style)
    yield ""
    yield from _near_zero(view, style)
    yield from _pictures(view, style)


def _by(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape))


def _say(text: str, style: Style) -> list[str]:
    return textwrap.wrap(plain_text(text, style.unicode), max(style.width, 20), break_on_hyphens=False)


def _paint(text: str, rgb: RGB, style: Style) -> str:
    return "\x1b[38;2;{};{};{}m{}\x1b[0m".format(*rgb, text) if style.colour else text


def _colour(place: int) -> RGB:
    return PALETTE[place % (len(PALETTE) - 1)]  # the last is grey, as is what is expected


def _numbered(place: int, one: Sample, room: int, style: Style) -> str:
    """The number and name of a sample, cut to the columns there are."""
    text = f"{place + 1} {one.name}"
    return text if len(text) <= room else f"{text[: max(room - 1, 3)]}{'…' if style.unicode else '~'}"


def _histograms(view: View, style: Style) -> Iterator[str]:
    """One below another on the same axes, each with the exact shares as an outline."""
    counted = [np.histogram(one.values, view.edges)[0] for one in view.samples]
    exact = [sampling.expected_shares(one.distribution, view.edges) for one in view.samples]
    tops = [max(float(c.max()) / view.n, float(e.max())) for c, e in zip(counted, exact, strict=True)]
    top = 1.05 * max(one for one in tops if one <= TALLEST * min(tops))
    drawn, line = ("█", "⠒") if style.unicode else ("#", "o")
    for place, one in enumerate(view.samples):
        colour = _colour(place)
        _, *rest = histogram(
            view.edges, counted[place], Style(style.width, HISTOGRAM_HEIGHT, style.colour, style.unicode),
            start_counts=np.where(exact[place] < FAINT, 0.0, exact[place]), colour=colour, y_limits=(0.0, top),
        )  # fmt: skip
        higher = f"  up to {tops[place]:.0%}" if tops[place] > top else ""
        words = f", share in {len(counted[place])} bins  "
        signs = f"{_paint(drawn, colour, style)} drawn  {_paint(line, GREY, style)} exact where higher"
        room = style.width - len(f"{words}# drawn  o exact where higher{higher}")
        yield ""
        yield f"{_numbered(place, one, room, style)}{words}{signs}{higher}"
        yield from rest


def _table(view: View, style: Style) -> Iterator[str]:
    wide = _names_width(view, style, 54)
    yield f"{'':{wide}}{'':5}{'sample':>11}{'expected':>11}{'std. error':>11}{'z':>7}{'as far':>9}"
    for place, one in enumerate(view.samples):
        for name, word, moment in ((_numbered(place, one, wide - 1, style), "mean", one.mean), ("", "std", one.std)):
            error = "-" if not moment.error else f"{moment.error:.3g}"
            z = "-" if moment.z is None else f"{moment.z:+.2f}"
            far = "-" if moment.chance is None else f"{moment.chance:.1%}"
            numbers = f"{_short(moment.sample):>11}{_short(moment.expected):>11}{error:>11}{z:>7}{far:>9}"
            yield f"{name:{wide}}{word:5}{numbers}"
    yield from _say("z: standard errors off; as far: how many samples are as far off or farther.", style)
    if any(not moment.error for one in view.samples for moment in (one.mean, one.std)):
        yield from _say(DEPENDENT, style)


def _names_width(view: View, style: Style, others: int) -> int:
    """Columns for numbers and names beside `others` columns; long names are cut off."""
    return min(max(11, *(len(one.name) + 3 for one in view.samples)), max(style.width - others, 11))


def _short(value: float) -> str:
    return f"{value + 0.0:.4g}" if isfinite(value) else "-"


def _running(view: View, style: Style) -> Iterator[str]:
    """Mean and std of the first draws, a chart each, with the bands and why."""
    drawn = [(place, one) for place, one in enumerate(view.samples) if one.std.expected]
    if view.n < 10 or not drawn:
        return
    first = 10 if view.n >= 100 else 2
    places = np.unique(np.geomspace(first, view.n, POINTS).round().astype(np.int64))
    runs = [sampling.running(one, places) for _, one in drawn]
    for index, centre, word in ((0, 0.0, "(mean - expected) / std"), (1, 1.0, "std / expected std")):
        width = 1 / np.sqrt(places * (1.0 + index))
        found = [Curve(o.name, np.log10(places), runs[k][index], _colour(p), marker=str(p + 1))
                 for k, (p, o) in enumerate(drawn)]  # fmt: skip
        name = plain_text(("±1/sqrt(n)", "±1/sqrt(2n)")[index], style.unicode)
        level = np.full(places.size, centre)
        found.insert(0, Curve(name, np.log10(places), level, GREY, centre - width, centre + width, "-"))
        reach = 2.5 * float(width[0])
        yield ""
        yield from curves(
            found, style, title=word, x_label="log10 n", y_limits=(centre - reach, centre + reach)
        )
        yield ""
        yield from _say(_why(view) if index == 0 else STD, style)


def _why(view: View) -> str:
    """Of the first of independent draws that is centred on 0, or else of the first of any independent draws."""
    spread = [one for one in view.samples if one.mean.error]
    if not spread:
        return MATRICES
    one = next((one for one in spread if not one.mean.expected), spread[0])
    mean, std = one.mean, one.std.expected
    return MEAN.format(
        n=view.n, name=one.name, mean=_short(mean.sample), expected=_short(mean.expected), std=_short(std),
        error=_short(std / sqrt(view.n)),
    )  # fmt: skip


def _near_zero(view: View, style: Style) -> Iterator[str]:
    size = prod(view.shape)
    titles = ("one weight", f"how many of {size:,}", f"all {size:,} at once")
    first, second, third = (max(len(title), 12) + 2 for title in titles)
    wide = _names_width(view, style, first + second + third)
    yield f"Chance to lie within eps = {view.eps:g} of zero:"
    yield f"{'':{wide}}{titles[0]:>{first}}{titles[1]:>{second}}{titles[2]:>{third}}"
    for place, one in enumerate(view.samples):
        near = sampling.log_near_zero(one.distribution, view.eps)
        together = sampling.log_all_near_zero(one.distribution, view.shape, view.eps)
        count, every = _count(near, size), "not known" if together is None else power(together)
        yield f"{_numbered(place, one, wide - 1, style):{wide}}{power(near):>{first}}{count:>{second}}{every:>{third}}"
    yield from _say(NEAR, style)


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


def _pictures(view: View, style: Style) -> Iterator[str]:
    """The upper left corner of each weight matrix, inputs down and outputs across as --shape has them."""
    for place, one in enumerate(view.samples):
        matrix = one.weights.reshape(view.shape[0], -1).T
        rows, columns = min(len(matrix), PICTURE_HEIGHT), min(matrix.shape[1], style.width // 2)
        low, high = one.distribution.bounds
        reach = min(max(-low, high), abs(one.mean.expected) + 2.5 * one.std.expected) or 1.0
        part = "" if (rows, columns) == matrix.shape else f", {rows}x{columns} of them"
        ramp, ends = UNICODE_RAMP if style.unicode else ASCII_RAMP, [number(-reach), number(reach)]
        yield ""
        words, key = f", weights {_by(view.typed)}{part}  ", f"{ends[0]} {ramp} {ends[1]}"
        name = _numbered(place, one, style.width - len(words + key), style)
        yield f"{name}{words}{_paint(key, GREY, style)}"
        size = Style(2 * columns, rows, style.colour, style.unicode)  # a character is twice as high as wide
        yield from heatmap(matrix[:rows, :columns], (), size, low=-reach, high=reach)
