"""The check of a network as text: verdict, what is expected of each layer beside what one batch shows, remedies."""

from collections.abc import Iterator
from math import isfinite

from initscope.core.checks.spec import SpecCheck
from initscope.core.diagnosis.findings import layers_words
from initscope.core.diagnosis.remedies import ORDER
from initscope.core.theory.forecast import Forecast
from initscope.tui.charts import Style
from initscope.tui.checkviewtable import (
    BAD,
    GOOD,
    Column,
    candidates,
    correlation,
    findings,
    fitted,
    headline,
    number,
    say,
    share,
    tables,
)  # fmt: skip

READING = """\
How to read it: theory, and one batch of {examples} examples at seed {seed}; numbers below the tables are theory's. z:
pre-activations; flat: share of activations on a flat end; gradient: rms of dC/dz; corr.: of two inputs' z; a: spread of
activations over inputs (what depends on the input) and over units (offsets); gain: mean square over that of the layer
below (forward) or above (backward). Outputs have no activation to judge.
"""
PAIRS = (
    ("z mean", "z_mean", number),
    ("z std", "z_std", number),
    ("flat %", "saturated", share),
    ("dead units %", "dead_units", share),
    ("gradient", "gradient_rms", number),
    ("corr. of inputs", "correlation", correlation),
    ("a, over inputs", "std_over_inputs", number),
    ("a, over units", "std_over_units", number),
    ("forward gain", "forward_gain", number),
    ("backward gain", "backward_gain", number),
)
"""What is shown forecast beside measured; what applies to no layer is left out, and so are dead units if none is."""


def lines(check: SpecCheck, style: Style) -> Iterator[str]:
    """The whole answer: one line, then one a layer, then prose. A blank line ends it."""
    spec = check.spec
    yield from _headline(check, style)
    yield ""
    yield from _layers(check, style)
    if not check.verdict.healthy:
        yield from findings(check.verdict.findings, style)
    title = f"Initializers that would work, and how well signal and gradient keep their size (1: fully), {ORDER}:"
    yield from candidates(check.candidates, title, style, str(spec.initializer))
    if not check.candidates:
        yield ""
        yield from say("No initializer that is known here would work: fewer layers, bn after each, or relu.", style)
    yield ""
    yield from _depth(check, style)
    for note in check.forecast.notes:
        yield from say(f"Forecast: {note}.", style)
    yield from _doubts(check, style)
    yield from say(READING.format(examples=check.examples, seed=spec.seed), style)
    yield ""


def _headline(check: SpecCheck, style: Style) -> Iterator[str]:
    spec, verdict = check.spec, check.verdict
    what = f"{spec.architecture} {spec.activation}, {spec.name or spec.initializer}, {spec.data}"
    if verdict.healthy:
        word, colour = "healthy", GOOD
    else:
        first, more = verdict.findings[0], len(verdict.findings) - 1
        word, colour = f"{first.code} ({first.blame.value})" + (f" and {more} more" if more else ""), BAD
    yield from headline(what, word, colour, style)


def _layers(check: SpecCheck, style: Style) -> Iterator[str]:
    """A line a layer, in as many tables as the width needs."""
    room = max(style.width // 5, 8)
    names = tuple(fitted(f"{n} {one.name}", room, style) for n, one in enumerate(check.measured, 1))
    groups = []
    for title, key, written in PAIRS:
        sides = [[float(getattr(one, key)) for one in side] for side in (check.forecast.layers, check.measured)]
        known = [value for side in sides for value in side if isfinite(value)]
        if known and (key != "dead_units" or any(known)):
            forecast, measured = (tuple(map(written, side)) for side in sides)
            width = max(len(title) - max(map(len, measured)) - 2, 0)
            groups.append([Column(title, "theory", _padded(forecast, width)), Column(title, "batch", measured)])
    yield from tables(Column("", "layer", names, left=True), groups, style)


def _padded(cells: tuple[str, ...], width: int) -> tuple[str, ...]:
    return tuple(f"{cell:>{width}}" for cell in cells)


def _depth(check: SpecCheck, style: Style) -> Iterator[str]:
    """Where signal and gradient are lost, and how deep such layers train."""
    forecast = check.forecast
    point = forecast.fixed_point
    if point:
        q = "none: z grows for ever" if point.q == float("inf") else f"z variance {number(point.q)}"
        yield from say(
            f"More such layers lead to a fixed point ({q}; correlation of inputs {number(point.c)}; chi "
            f"{number(point.chi)}). " + _scale(forecast, point.xi_c), style
        )  # fmt: skip
    for word, place in (("signal", forecast.signal_lost), ("gradient", forecast.gradient_lost)):
        if place is not None:
            yield from say(f"The {word} should be lost in layer {place}: less than a thousandth of it is left.", style)
    if forecast.overflow is not None:
        yield from say(f"Numbers should overflow from layer {forecast.overflow} on.", style)


def _scale(forecast: Forecast, xi: float) -> str:
    if not isfinite(xi):
        return "Two inputs stay apart at any depth, as far as is known."
    deepest = forecast.trainable_depth
    how = f"about {deepest:.0f}" if deepest > forecast.kept else f"{forecast.kept} or little more"
    kept = f"signal and gradient are kept to a depth of {how}"
    return f"Two inputs come e times nearer to it in {number(xi)} layers: {kept}."


def _doubts(check: SpecCheck, style: Style) -> Iterator[str]:
    """Why the two columns may differ."""
    for what, key in (("z", "doubt"), ("gradients", "gradient_doubt")):
        by_words: dict[str, list[int]] = {}
        for place, layer in enumerate(check.forecast.layers, 1):
            by_words.setdefault(getattr(layer, key), []).append(place)
        for words, places in by_words.items():
            if words and not (key == "gradient_doubt" and words == check.forecast.layers[places[0] - 1].doubt):
                yield from say(f"Forecast of {what}, {layers_words(tuple(places))}: {words}.", style)
