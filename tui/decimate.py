"""Reduces a series to at most one point a column before it is drawn; numpy only."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
# Beyond this the difference of two values, or its square, may overflow; no chart is that tall.
HUGE = 1e150


class Columns(NamedTuple):
    """A series by column, all of shape (n,), ascending in x; NaN in `mean`, `low` and `high` marks a gap."""

    x: Floats
    mean: Floats
    low: Floats
    high: Floats


def vector(values: ArrayLike) -> Floats:
    """`values` as a flat float64 vector, magnitudes held within `HUGE`; infinities and NaN all become NaN."""
    flat = np.asarray(values, dtype=np.float64).reshape(-1)
    return np.where(np.isfinite(flat), np.clip(flat, -HUGE, HUGE), np.nan)


def log10_or_gap(values: Floats) -> Floats:
    """log10 of the positive values, NaN for the others."""
    positive = values > 0
    return np.where(positive, np.log10(np.where(positive, values, 1.0)), np.nan)


def decimate(
    x: Floats, y: Floats, low: Floats, high: Floats, columns: int, span: tuple[float, float] | None = None
) -> Columns:
    """Mean of `y`, minimum of `low` and maximum of `high` over each of `columns` equal parts of x's range.

    x, y, low, high: shape (n,), NaN for gaps; columns >= 1. span: the range to divide in place of x's own, which
    it must hold: with one that stays, a growing series keeps its parts. Points without a finite x are left out,
    and x is put in order if it is not. Parts without points give nothing; parts with points but no finite value give
    NaN, so a gap narrower than a column closes. A series of at most `columns` points comes back as it is.
    """
    keep = np.isfinite(x)
    x, y, low, high = x[keep], y[keep], low[keep], high[keep]
    if np.any(np.diff(x) < 0):
        order = np.argsort(x, kind="stable")
        x, y, low, high = x[order], y[order], low[order], high[order]
    if x.size <= columns:
        return Columns(x, y, low, high)
    first, last = span or (x[0], x[-1])
    part = np.zeros(x.size, dtype=np.int64)
    if last > first:
        part = np.minimum((columns * ((x - first) / (last - first))).astype(np.int64), columns - 1)
    starts = np.concatenate(([0], np.flatnonzero(np.diff(part)) + 1))
    sizes = np.diff(np.append(starts, x.size))
    return Columns(
        np.add.reduceat(x / sizes.repeat(sizes), starts),
        _mean(y, starts),
        _finite_or_gap(np.minimum.reduceat(np.where(np.isnan(low), np.inf, low), starts)),
        _finite_or_gap(np.maximum.reduceat(np.where(np.isnan(high), -np.inf, high), starts)),
    )


def _mean(y: Floats, starts: NDArray[np.int64]) -> Floats:
    finite = np.isfinite(y)
    count = np.add.reduceat(finite.astype(np.float64), starts)
    total = np.add.reduceat(np.where(finite, y, 0.0), starts)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _finite_or_gap(values: Floats) -> Floats:
    return np.where(np.isfinite(values), values, np.nan)


def bars(edges: Floats, heights: Floats, limits: tuple[float, float], columns: int) -> Floats:
    """The tallest bin that touches each of `columns` equal parts of `limits`; 0 where there is none.

    edges: shape (bins + 1,), ascending; heights: shape (bins,), finite; returns shape (columns,). The
    tallest, not the mean: a thin pile at -1 or +1 is what a saturated layer looks like, and must not fade on
    a narrow screen.
    """
    low, high = limits
    sides = low + (high - low) * np.arange(columns + 1) / columns
    # Half a millionth of a column: an edge that meets a column's side touches only the column it opens.
    slack = 5e-7 * (high - low) / columns
    first = np.searchsorted(edges[1:], sides[:-1] + slack, side="right")
    last = np.searchsorted(edges[:-1], sides[1:] - slack, side="left")
    result = np.zeros(columns)
    for column, (start, stop) in enumerate(zip(first.tolist(), last.tolist(), strict=True)):
        if start < stop:
            result[column] = heights[start:stop].max()
    return result
