"""The forecast of a lane as text: charts layer by layer beside what was measured, then depth in words, then numbers."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import inf, isfinite, isnan

import numpy as np
from numpy.typing import NDArray

from initscope.core.diagnosis.findings import layers_words
from initscope.core.plural import plural
from initscope.core.probes import INDEX, dead_or_saturated
from initscope.core.snapshot import LaneSnapshot
from initscope.core.states import saturation
from initscope.core.theory.fixedpoint import FixedPoint
from initscope.core.theory.forecast import Forecast
from initscope.tui import views
from initscope.tui.checkviewtable import Column, correlation, number, say, share, tables
from initscope.tui.drawing import Drawing
from initscope.tui.lines import beside
from initscope.tui.profilechart import UNSURE_MARK, Expected, Points, line_mark, profile
from initscope.tui.sheet import Style, plain_text

Floats = NDArray[np.float64]

NAMED, GAP = 58, 3
"""Columns from which a chart has room to say what its marks mean, and between two charts side by side."""
LEAST_CHART, MOST_CHART = 8, 16
DECADES = 30.0
"""Numbers that differ by more than this factor from layer to layer are drawn on a logarithmic axis."""
SHIFTED = 0.05
"""The mean of z is shown if it is more than this share of its std anywhere."""
EDGE = 0.03
"""chi as near to 1 as this is called 1: a factor of 20 in a hundred layers at most."""


@dataclass(frozen=True)
class Quantity:
    """What is forecast of a layer, and measured where there is a probe of that name."""

    key: str
    title: str
    head: str
    """Of the table."""
    written: Callable[[float], str] = number
    log: bool | None = False
    """None: where it spans decades."""
    limits: tuple[float, float] | None = None
    hidden: bool = False
    """Whether it says nothing of the output layer."""


Z_MEAN = Quantity("z_mean", "z mean", "z mean")
Z_STD = Quantity("z_std", "z std", "z std", log=None)
FLAT = Quantity("saturation", "share saturated", "saturated %", share, limits=(0.0, 1.0), hidden=True)
DEAD = Quantity("dead_units", "share of dead units", "dead units %", share, limits=(0.0, 1.0), hidden=True)
SPREAD = Quantity("std_over_inputs", "activation std over inputs", "a, over inputs", log=None, hidden=True)
GRADIENT = Quantity("gradient_rms", "gradient rms", "gradient rms", log=True)
ALIKE = Quantity("correlation", "correlation of two inputs", "correlation", correlation)
FORECAST_ALONE = (("chi", "chi"), ("forward gain", "forward_gain"), ("backward gain", "backward_gain"))


@dataclass(frozen=True, eq=False)
class Seen:
    """All that is shown of a lane."""

    forecast: Forecast
    correlation: Floats | None
    """Of two inputs in every layer, measured at the start, (layers,); None where that takes too long."""
    lane: LaneSnapshot

    @property
    def trained(self) -> bool:
        """Whether there is a measurement of another step than the first."""
        return len(self.lane.probe_steps) > 1

    def expected(self, what: Quantity) -> Expected:
        layers = self.forecast.layers
        doubt = np.array([bool(one.gradient_doubt if what is GRADIENT else one.doubt) for one in layers])
        if what is FLAT:
            return Expected(np.array([one.saturated for one in layers]), doubt)
        value = np.array([float(getattr(one, what.key)) for one in layers])
        if what is Z_STD:  # held on both sides of a logarithmic axis
            factor = 1 + np.array([one.z_std_error for one in layers])
            return Expected(value, doubt, value / factor, value * factor)
        if what is Z_MEAN:
            error = np.array([one.z_mean_error for one in layers])
            return Expected(value, doubt, value - error, value + error)
        return Expected(value, doubt)

    def measured(self, what: Quantity, at: int) -> Floats:
        """At one of the lane's probes, NaN for what is not measured: (layers,)."""
        probes = self.lane.probes[at]
        if what is ALIKE:
            nothing = np.full(len(probes), np.nan)
            return nothing if self.correlation is None or at else self.correlation
        return saturation(probes) if what is FLAT else probes[:, INDEX[what.key]]

    @property
    def quantities(self) -> list[Quantity]:
        """What there is to show."""
        layers = self.forecast.layers
        shifted = any(abs(one.z_mean) > SHIFTED * one.z_std for one in layers)
        passing = FLAT if dead_or_saturated(self.lane.spec.activation) == FLAT.key else DEAD
        hidden = [passing, SPREAD] if len(layers) > 1 else []
        return [Z_MEAN] * shifted + [Z_STD, *hidden, GRADIENT, ALIKE]


def text(seen: Seen, style: Style) -> Iterator[str]:
    """The page, in two columns where there is room. Lines are made as they are taken."""
    two = style.width >= 2 * NAMED + GAP
    what = seen.quantities
    rows = -(-len(what) // 2) if two else 2
    height = min(max((style.height - 2) // rows, LEAST_CHART), MOST_CHART)
    part = replace(style, height=height, width=(style.width - GAP) // 2 if two else style.width)
    yield from say(_key(seen, style), style)
    while two and len(what) > 1:
        left, right, *what = what
        yield from beside(_chart(seen, left, part), _chart(seen, right, part), part.width + GAP)
    if two and what:
        yield from beside(_chart(seen, what[0], part), _prose(seen, part), part.width + GAP)
    else:
        for one in what:
            yield from _chart(seen, one, part)
        yield ""
        yield from _prose(seen, style)
    yield ""
    yield from _table(seen, style)


def charts(seen: Seen) -> Iterator[Drawing]:
    """What the page shows, each chart alone, with what its marks mean."""
    for what in seen.quantities:
        yield Drawing(what.key, f"the chart of {what.title}", partial(_alone, seen, what), MOST_CHART + 4)


def _alone(seen: Seen, what: Quantity, style: Style) -> Iterator[str]:
    yield from _chart(seen, what, style)
    yield ""
    yield from say(_key(seen, style), style)


def _key(seen: Seen, style: Style) -> str:
    """What the marks mean."""
    doubtful = any(one.doubt or one.gradient_doubt for one in seen.forecast.layers)
    doubt = f", {UNSURE_MARK} where in doubt" if doubtful else ""
    now = f"; x now, at step {seen.lane.probe_steps[-1]:,} (hides o)" if seen.trained else ""
    return f"{line_mark(style)} forecast{doubt}; dots: ±1 std of seeds; o measured at the start{now}."


def _chart(seen: Seen, what: Quantity, style: Style) -> list[str]:
    expected, start = seen.expected(what), seen.measured(what, 0)
    points = [Points("start", "o", start, views.colour(seen.lane))]
    if seen.trained and what is not ALIKE:
        points.append(Points("now", "x", seen.measured(what, -1), views.colour(seen.lane)))
    known = np.concatenate([expected.value, start])
    known = known[np.isfinite(known) & (known > 0)]
    log = what.log if what.log is not None else bool(known.size and known.max() > DECADES * known.min())
    words = " · log" * log if np.isfinite(expected.value).any() else ": not forecast"
    limits = what.limits
    if what is ALIKE:
        both = np.concatenate([expected.value, start, np.zeros(1)])
        limits = (float(np.nanmin(np.where(np.isfinite(both), both, 0.0))), 1.0)
    named = style.width >= NAMED
    title = plain_text(what.title + words, style.unicode)
    return profile(expected, points, style, title=title, log=log, limits=limits, named=named)


# In words


def _prose(seen: Seen, style: Style) -> Iterator[str]:
    forecast = seen.forecast
    for sentence in (*_end(forecast), *_lost(forecast), *_missing(seen)):
        yield from say(sentence, style)
    for note in forecast.notes:
        yield from say(f"Forecast: {note}.", style)
    for doubt in _doubts(forecast):
        yield from say(f"In doubt: {doubt}.", style)


def _end(forecast: Forecast) -> Iterator[str]:
    """Where more layers would lead to."""
    point = forecast.fixed_point
    if len(forecast.layers) < 2:
        yield "No hidden layer: nothing saturates, and there is no chi and no fixed point."
    elif point is None:
        yield (
            "No fixed point is forecast: theory has one for plain layers, one like the other, whose weights have "
            "mean 0. chi of each layer is in the table."
        )
    else:
        if 0 < point.q < inf:
            yield (
                f"Fixed point of more layers like the last hidden one: z variance q* = {number(point.q)}, correlation "
                f"of two inputs c* = {number(point.c)}."
            )
        yield f"chi = {number(point.chi)}: {_chi(point)}."
        yield _scales(point, forecast)


def _chi(point: FixedPoint) -> str:
    if abs(point.chi - 1) < EDGE:
        return "the edge of chaos, gradients neither fade nor grow on their way down"
    grows = "grow" if point.chi > 1 else "shrink"
    return f"squared gradients {grows} by this factor from layer to layer on their way down"


def _scales(point: FixedPoint, forecast: Forecast) -> str:
    """Depth scales as Schoenholz et al. (2017) have them."""
    q, c = (number(xi) if isfinite(xi) else "infinite" for xi in (point.xi_q, point.xi_c))
    deepest, count = forecast.trainable_depth, len(forecast.layers)
    here = f"; this one has {count}" if count > deepest else ""
    rule = f"6 xi_c = {number(deepest)} layers" if deepest > forecast.kept else plural(forecast.kept, "layer")
    limit = f"networks much deeper than {rule} hardly train{here}"
    return (
        f"Depth scales, layers for an e-fold approach: xi_q = {q} for the variance of z, xi_c = {c} for the "
        f"correlation of two inputs: {limit if isfinite(deepest) else 'no limit to depth follows'}."
    )


def _lost(forecast: Forecast) -> Iterator[str]:
    """How far signal and gradient are expected to come."""
    signal, gradient, overflow = forecast.signal_lost, forecast.gradient_lost, forecast.overflow
    if signal is not None:
        yield f"The signal should be lost in layer {signal}: less than a thousandth of z still depends on the input."
    if gradient is not None:
        yield f"The gradient should be lost in layer {gradient}: less than a thousandth of the largest above is left."
    if overflow is not None:
        yield f"Numbers should no longer fit into float32 from layer {overflow} on."
    known = all(isfinite(one.gradient_rms) and isfinite(one.z_std_over_inputs) for one in forecast.layers)
    if known and signal is gradient is overflow is None:
        yield f"Neither signal nor gradient should be lost in {_layers(len(forecast.layers))}."


def _layers(count: int) -> str:
    return "the one layer" if count == 1 else f"these {count} layers"


def _missing(seen: Seen) -> Iterator[str]:
    """What has no forecast though there is a layer to have it."""
    for what in seen.quantities:
        values = seen.expected(what).value
        values = values[:-1] if what.hidden else values
        gaps = tuple(int(place) + 1 for place in np.flatnonzero(~np.isfinite(values)))
        if gaps:
            yield f"Cannot be forecast: {what.title}, {layers_words(gaps)}."


def _doubts(forecast: Forecast) -> Iterator[str]:
    """Why forecast and measurement may differ; what is true of gradients because it is of z is said once."""
    reasons: dict[tuple[str, str], list[int]] = {}
    for place, layer in enumerate(forecast.layers, 1):
        for what, words in (("z", layer.doubt), ("gradients", layer.gradient_doubt)):
            if words and (what == "z" or words != layer.doubt):
                reasons.setdefault((what, words), []).append(place)
    for (what, words), places in reasons.items():
        yield f"{what} of {layers_words(tuple(places))} ({words})"


# In numbers


def _table(seen: Seen, style: Style) -> Iterator[str]:
    """A line a layer, in as many tables as the width needs."""
    layers = seen.forecast.layers
    marks = [UNSURE_MARK if one.doubt or one.gradient_doubt else "" for one in layers]
    first = tuple(f"{place} {mark}".rstrip() for place, mark in enumerate(marks, 1))
    groups = [_group(seen, what) for what in seen.quantities]
    alone = []
    for head, key in FORECAST_ALONE:
        values = [float(getattr(one, key)) for one in layers]
        if not all(map(isnan, values)):
            alone.append(Column("forecast alone", head, tuple(map(number, values))))
    yield from tables(Column("", "layer", first, left=True), [*groups, alone] if alone else groups, style)


def _group(seen: Seen, what: Quantity) -> Sequence[Column]:
    sides = [("forecast", seen.expected(what).value), ("start", seen.measured(what, 0))]
    if what is ALIKE and seen.correlation is None:
        sides.pop()
    elif seen.trained and what is not ALIKE:
        sides.append(("now", seen.measured(what, -1)))
    cells = [tuple(what.written(float(value)) for value in values) for _, values in sides]
    rest = sum(2 + max(len(head), *map(len, column)) for (head, _), column in zip(sides[1:], cells[1:], strict=True))
    cells[0] = tuple(f"{cell:>{max(len(what.head) - rest, 0)}}" for cell in cells[0])  # room for the heading
    return [Column(what.head, head, column) for (head, _), column in zip(sides, cells, strict=True)]
