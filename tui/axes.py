"""Limits, tick positions and short tick labels of a chart's axes; plain numbers and text, no drawing."""

import itertools
import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from initscope.tui.decimate import HUGE, Floats

Limits = tuple[float | None, float | None]


class Tick(NamedTuple):
    """A labelled place on an axis; `at` is in axis units, log10 of the value on a log axis."""

    at: float
    label: str


class Axis(NamedTuple):
    """From `low` to `high`, low < high, both finite; on a log axis both are log10 of the values."""

    low: float
    high: float
    log: bool = False

    def share(self, values: Floats) -> Floats:
        """Where each value lies, 0 at `low` and 1 at `high`; values outside are held at the border."""
        clipped = np.clip(values, self.low, self.high)
        return np.asarray((clipped - self.low) / (self.high - self.low), dtype=np.float64)

    def dot(self, values: Floats, dots: int) -> Floats:
        """Which of `dots` equal parts, 0, 1, ..., each value falls into; NaN stays NaN; dots >= 1."""
        # The billionth keeps a value that is meant to lie on a border, such as 0.3 of ten parts, off the part
        # below.
        return np.minimum(np.floor(self.share(values) * dots + 1e-9), dots - 1)


def axis(values: Iterable[Floats], limits: Limits | None, log: bool = False) -> Axis:
    """The axis that holds every finite value, or the limits asked for where they make sense.

    values: arrays in axis units, NaN for gaps; limits: in data units, in any order, None (or what makes no
    sense) for whatever the values need. One single value gets room on both sides; no value gives 0 to 1 (log:
    0.1 to 1).
    """
    finite = [part[np.isfinite(part)] for part in values]
    bounds = [(float(part.min()), float(part.max())) for part in finite if part.size]
    asked_low, asked_high = (_bound(limit, log) for limit in (limits or (None, None)))
    if asked_low is not None and asked_high is not None and asked_low > asked_high:
        asked_low, asked_high = asked_high, asked_low
    bottom = min((bound[0] for bound in bounds), default=-1.0 if log else 0.0)
    top = max((bound[1] for bound in bounds), default=0.0 if log else 1.0)
    low, high = bottom if asked_low is None else asked_low, top if asked_high is None else asked_high
    if high < low:  # one limit was asked for, and all values lie beyond it
        low, high = (low, low) if asked_high is None else (high, high)
    if high - low <= max(1e-9 * max(abs(low), abs(high)), 1e-290):
        room = 0.5 if log else (0.5 * abs(low) if abs(low) > 1e-280 else 1.0)
        low, high = low - room, high + room
    return Axis(low, high, log)


def _bound(limit: float | None, log: bool) -> float | None:
    if limit is None or not math.isfinite(limit) or (log and limit <= 0):
        return None
    limit = min(max(float(limit), -HUGE), HUGE)
    return math.log10(limit) if log else limit


def inside(x: Floats, limits: Limits | None) -> Floats:
    """x with NaN for what lies beyond the limits; the limits are read as in `axis`."""
    low, high = (_bound(limit, False) for limit in limits or (None, None))
    if low is not None and high is not None and low > high:
        low, high = high, low
    keep = (x >= (-np.inf if low is None else low)) & (x <= (np.inf if high is None else high))
    return np.where(keep, x, np.nan)


def short(value: float, digits: int = 3) -> str:
    """`value` in few characters: 0.25, 12, 1.5k, 20M, 1e-3; nan, inf and -inf as they are."""
    if not math.isfinite(value):
        return f"{value}"
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    rounded, power = float(f"{mantissa}e{exponent}"), int(exponent)
    if rounded == 0 or -2 <= power < 3:
        return f"{rounded:.{max(digits, 3)}g}"
    if 3 <= power < 9:
        return f"{rounded / 1e3:.{max(digits, 3)}g}k" if power < 6 else f"{rounded / 1e6:.{max(digits, 3)}g}M"
    return f"{float(mantissa):g}e{power}"


def ticks(along: Axis, most: int, percent: bool = False, longest: int = 7) -> list[Tick]:
    """Up to `most` (at least 2) round places on the axis, ascending, with different labels of limited length.

    Linear axes step by 1, 2 or 5 times a power of ten; log axes by whole decades, and by 1, 2, 5 where there
    is only one. Where fewer than two round places fit, the two ends are labelled instead.
    """
    most = max(most, 2)
    places = _decades(along, most) if along.log else _steps(along, most)
    if len(places) < 2:
        places = [along.low, along.high]
    values = [10.0 ** min(place, 300.0) if along.log else place for place in places]
    nearest = min(abs(b - a) for a, b in itertools.pairwise(values))
    digits = 1
    while digits < 7 and any(abs(float(f"{v:.{digits - 1}e}") - v) > 0.05 * nearest for v in values):
        digits += 1
    labels = _labels(values, digits, percent)
    while digits > 1 and max(map(len, labels)) > longest:
        digits -= 1
        labels = _labels(values, digits, percent)
    kept = {label: place for label, place in zip(labels, places, strict=True) if len(label) <= longest}
    return [Tick(place, label) for label, place in kept.items()]


def _labels(values: list[float], digits: int, percent: bool) -> list[str]:
    return [f"{100 * v:.{max(digits, 3)}g}%" if percent else short(v, digits) for v in values]


def _steps(along: Axis, most: int) -> list[float]:
    """Multiples of the smallest step of 1, 2 or 5 times a power of ten that gives at most `most` places."""
    span = along.high - along.low
    power = 10.0 ** math.floor(math.log10(span / most))
    for step in (power, 2 * power, 5 * power, 10 * power, 20 * power):
        first, last = math.ceil(along.low / step - 1e-9), math.floor(along.high / step + 1e-9)
        if last - first < most:
            return [k * step for k in range(first, last + 1)]
    return []


def _decades(along: Axis, most: int) -> list[float]:
    """log10 of round values: every n-th power of ten, or 1, 2, 5 times one within less than two decades."""
    first, last = math.ceil(along.low - 1e-9), math.floor(along.high + 1e-9)
    if last > first:
        stride = max(1, math.ceil((last - first + 1) / most))
        return [float(k) for k in range(first, last + 1) if k % stride == 0]
    fine = [k + math.log10(factor) for k in (first - 1, first) for factor in (1, 2, 5)]
    inside = [place for place in fine if along.low <= place <= along.high]
    return inside if len(inside) <= most else [inside[0], inside[-1]]
