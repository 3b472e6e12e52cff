"""What the values of one layer's weights tell of where they come from: moments, edges, precision, structure."""

from dataclasses import dataclass, replace
from math import erfc, frexp, inf, isfinite, ldexp, nan, prod, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from initscope.core.blas import one_thread

Array = NDArray[np.floating[Any]]
Floats = NDArray[np.float64]

SAMPLE = 1 << 16
"""Most entries that are sorted for the test of the distribution."""
BLOCK = 1 << 18
"""Entries that are read at once."""
WINDOW = (384, 1024)
"""Most rows and columns of the window whose singular values are looked at, the shorter side first."""
VECTORS = 64
"""Most rows or columns that are compared with each other."""
SANE = (1e-100, 1e100)
"""Standard deviations whose fourth powers are numbers, which the tests need."""
TRUE_ZEROS = 0.01
"""Share of zeros from which they are no accident of rounding."""
_GOLDEN = (sqrt(5) - 1) / 2
_SQUARENESS = 0.01
"""Most that the cosine of two vectors may be for a right angle, in shares of what chance gives; bfloat16 has 0.002."""
_TRACY_WIDOM = (46.446, 0.186054, 9.84801)
"""Shape, scale and shift of the gamma distribution that is near order 1's: Chiani 2014, table 1."""


@dataclass(frozen=True)
class Evidence:
    """A test of chance: what was measured, and how likely fresh weights look as odd or odder."""

    words: str
    chance: float


@dataclass(frozen=True)
class Moments:
    """All that the likelihood of independent entries depends on."""

    size: int
    mean: float
    variance: float
    """With the size in the denominator."""
    low: float
    high: float
    bits: int = 53
    """Significant bits of the entries: 8 of bfloat16 (or fewer), 11 of float16, 24 of float32, whatever the dtype."""

    @property
    def std(self) -> float:
        return sqrt(self.variance)

    def as_seen(self, bound: float, end: float) -> float:
        """The end of the entries, low or high, if a bound is within a rounding step of it; else the bound."""
        step = ldexp(1.0, frexp(bound)[1] - min(self.bits, 20)) if isfinite(bound) else 0.0  # float32 rounds repeatedly
        return end if abs(bound - end) <= step else bound


@dataclass(frozen=True, eq=False)
class Fingerprint:
    """The statistics of weights (out, in) or (out, in, *kernel), read as a matrix (out, in·kernel)."""

    shape: tuple[int, ...]
    moments: Moments
    kurtosis: float
    """Fourth central moment over the squared variance; NaN where all are equal."""
    zeros: int
    zeros_alike: tuple[bool, bool]
    """Whether all rows, whether all columns, hold equally many zeros."""
    nonzero: Moments
    """Of the entries that are not 0; of all where zeros are rarer than TRUE_ZEROS."""
    sample: Floats
    """Up to SAMPLE of the same entries, sorted, with what rounding took put back."""
    distinct: int
    """Different values among the sampled ones."""
    gain: float | None
    """The length of rows or columns, whichever are fewer, if all are as long and at right angles."""
    structure: tuple[Evidence, ...]
    """Tests that entries are independent and alike; none where zeros or a constant make a pattern."""


class _Totals:
    """Sums of z = (w - pivot) / unit, of z² and of zeros over each row and each column, in one pass over blocks."""

    def __init__(self, weights: Array, pivot: float, unit: float) -> None:
        rows, columns = weights.shape[0], prod(weights.shape[1:])
        self.rows, self.columns = np.zeros((3, rows)), np.zeros((3, columns))
        self.low, self.high, self.fourth = inf, -inf, 0.0
        step = max(1, BLOCK // columns)
        for start in range(0, rows, step):
            part = slice(start, start + step)
            z = np.array(weights[part], dtype=np.float64).reshape(-1, columns)
            low, high = float(z.min()), float(z.max())
            self.low, self.high = min(self.low, low), max(self.high, high)
            if low <= 0 <= high or not isfinite(low):
                self._add(2, part, (z == 0).astype(np.float64))
            z -= pivot
            z /= unit
            self._add(0, part, z)
            z *= z
            self._add(1, part, z)
            self.fourth += float(np.vdot(z, z))

    def _add(self, kind: int, part: slice, table: Floats) -> None:
        self.rows[kind, part] = table.sum(axis=1)
        self.columns[kind] += table.sum(axis=0)


def fingerprint(weights: Array) -> Fingerprint:
    """The statistics of weights (out, in) or (out, in, *kernel), in one pass and in bounded memory."""
    with np.errstate(all="ignore"), one_thread():
        sample = np.asarray(weights[np.unravel_index(_spread(SAMPLE, weights.size), weights.shape)], np.float64)
        bits, pivot, unit = _bits(sample[np.isfinite(sample)]), float(sample.mean()), float(sample.std())
        unit = unit if unit > 1e-12 * abs(pivot) else abs(pivot) or 1.0
        totals = _Totals(weights, pivot, unit)
        size, zeros = weights.size, round(totals.rows[2].sum())
        shift = float(totals.rows[0].sum()) / size
        variance = max(float(totals.rows[1].sum()) / size - shift * shift, 0.0)
        moments = Moments(size, pivot + shift * unit, variance * unit * unit, totals.low, totals.high, bits)
        fourth = totals.fourth / size / variance**2 if variance else nan
        varied = totals.low < totals.high and isfinite(totals.low + totals.high) and SANE[0] < moments.std < SANE[1]
        patterned = zeros > TRUE_ZEROS * size
        kept = sample[sample != 0] if patterned else sample
        spread = _spread_of_lengths(sample, moments, fourth) if varied else 0.0
        structure = _structure(weights, totals, moments, fourth, spread) if varied and not patterned else ()
    alike = [bool((table == table[0]).all()) for table in (totals.rows[2], totals.columns[2])]
    return Fingerprint(
        weights.shape, moments, fourth, zeros, (alike[0], alike[1]),
        _without_zeros(moments, zeros) if patterned else moments,
        np.sort(_unrounded(kept, bits)) if varied else kept, np.unique(sample).size,
        right_angles(weights) if varied else None, structure,
    )  # fmt: skip


def _spread_of_lengths(sample: Floats, moments: Moments, kurtosis: float) -> float:
    """c, for which the variance of the cube root of a mean of n squares is 1 + c/n times what a chi-squared one has.

    By the delta method, with v the variance of a squared entry and m its third central moment: (2v - m/v)·2/3. It is 0
    for normal entries and 0.69 for uniform ones.
    """
    v = kurtosis - 1
    if not v > 0.05:
        return 0.0
    third = float((((sample - moments.mean) / moments.std) ** 6).mean()) - 3 * kurtosis + 2
    return max(0.0, (2 * v - third / v) * 2 / 3)


def _spread(count: int, size: int) -> NDArray[np.int64]:
    """`count` places of `size`, spread evenly and without a period: Weyl's golden sequence."""
    if count >= size:
        return np.arange(size)
    return ((np.arange(count) * _GOLDEN) % 1.0 * size).astype(np.int64)


def _bits(values: Floats) -> int:
    """Of the longest significand among the values, at least 8."""
    together = int(np.bitwise_or.reduce(np.ldexp(np.frexp(values)[0], 53).astype(np.int64)))
    return max(8, 54 - (together & -together).bit_length()) if together else 8


def _unrounded(values: Floats, bits: int) -> Floats:
    """Values spread evenly over all that would round to them, so that few bits make no ties."""
    if bits > 20:
        return values
    half = np.ldexp(1.0, np.frexp(values)[1] - bits - 1)
    away = (np.arange(values.size, dtype=np.float64) * sqrt(2)) % 1.0 * 2 - 1
    return np.asarray(values + half * away, dtype=np.float64)


def _without_zeros(moments: Moments, zeros: int) -> Moments:
    """Of the other entries."""
    size = max(moments.size - zeros, 1)
    mean = moments.mean * moments.size / size
    square = (moments.variance + moments.mean**2) * moments.size / size
    return replace(moments, size=size, mean=mean, variance=max(square - mean * mean, 0.0))


def _wide(weights: Array) -> Array:
    """The matrix (out, in·kernel), turned so that it has fewer rows than columns."""
    matrix = weights.reshape(weights.shape[0], -1)
    return matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T


def right_angles(weights: Array) -> float | None:
    """The length of rows, or of columns if they are fewer, if VECTORS of them are as long and orthogonal; else None."""
    matrix = _wide(weights)
    if matrix.shape[0] < 2:
        return None
    count, length = min(VECTORS, matrix.shape[0]), matrix.shape[1]
    vectors = np.asarray(matrix[np.linspace(0, matrix.shape[0] - 1, count).astype(int)], dtype=np.float64)
    size = float(np.abs(vectors).max())
    if not (isfinite(size) and size):
        return None
    vectors = vectors / size
    with one_thread():
        gram = vectors @ vectors.T
    squares = np.diagonal(gram)
    mean = float(squares.mean())
    off = sqrt(max(float((gram * gram).sum() - (squares * squares).sum()), 0.0) / (count * (count - 1)))
    right = off < _SQUARENESS * mean / sqrt(length) and float(np.ptp(squares)) < _SQUARENESS * mean
    return sqrt(mean) * size if right else None


def _structure(
    weights: Array, totals: _Totals, moments: Moments, kurtosis: float, spread: float
) -> tuple[Evidence, ...]:
    """What chance says of rows, columns, neighbours, singular values and clones."""
    found = []
    for what, table, others in (("rows", totals.rows, totals.columns), ("columns", totals.columns, totals.rows)):
        if table.shape[1] > 3:
            length = others.shape[1]
            found += _uneven(what, table[0] / length, table[1] / length, length, kurtosis, 1 + spread / length)
    sides = [weights, weights.T] if weights.ndim == 2 else [weights.reshape(weights.shape[0], -1)]
    for what, side in zip(("rows", "columns"), sides, strict=False):
        if side.shape[1] >= 8:
            places = np.linspace(0, side.shape[1] - 1, min(VECTORS, side.shape[1])).astype(int)
            few = np.ascontiguousarray(side[:, places])
            twins = few.shape[0] - len({row.tobytes() for row in few})
            found.append(Evidence(f"{twins} of {few.shape[0]} {what} are copies of others", 0.0 if twins else 1.0))
    return (*found, *_window(weights, moments))


def _uneven(
    what: str, means: Floats, squares: Floats, length: int, kurtosis: float, expected: float
) -> list[Evidence]:
    """Whether rows differ too much in means, and in lengths, whose cube roots are normal (Wilson & Hilferty 1931).

    `expected` is the variance of these cube roots beside that of a chi-squared one.
    """
    count, centre = means.size, float(means.mean())
    squares = squares - 2 * centre * means + centre * centre
    mean_square = float(squares.mean())
    of_means = float(((means - centre) ** 2).sum()) * length / mean_square
    freedom = 2 * length / max(kurtosis - 1, 0.05)
    roots = np.cbrt(squares / mean_square)
    of_lengths = float(((roots - roots.mean()) ** 2).sum()) * 9 * freedom / 2 / expected
    return [
        Evidence(f"the {thing} of {what} differ {sqrt(total / (count - 1)):.2f} times as much as by chance",
                 _chi_squared(total, count - 1))
        for thing, total in (("means", of_means), ("lengths", of_lengths))
    ]  # fmt: skip


def _window(weights: Array, moments: Moments) -> list[Evidence]:
    """Neighbours, correlations (Schott 2005) and the largest singular value (Johnstone 2001) in the middle."""
    matrix = _wide(weights)
    what = "rows" if matrix.shape[0] == weights.shape[0] else "columns"
    if matrix.shape[0] < 4:
        return []
    cut = tuple(slice((side - min(side, most)) // 2, (side + min(side, most)) // 2)
                for side, most in zip(matrix.shape, WINDOW, strict=True))  # fmt: skip
    a = (np.asarray(matrix[cut], dtype=np.float64) - moments.mean) / moments.std
    p, n = a.shape
    found = []
    for along, left, right in (("longer", a[:, :-1], a[:, 1:]), ("shorter", a[:-1], a[1:])):
        r = float(np.einsum("ij,ij->", left, right)) / left.size
        words = f"neighbours along the {along} side correlate by {r:+.3f}"
        found.append(Evidence(words, _normal(abs(r) * sqrt(left.size), 2)))
    gram = a @ a.T
    length, pairs = np.sqrt(np.diagonal(gram)), p * (p - 1) / 2
    cosines = gram / np.outer(length, length)
    mean = (float((cosines * cosines).sum()) - p) / 2 / pairs
    z = (mean * n - 1) * sqrt(pairs * (n + 2) / (n - 1)) / sqrt(2)
    found.append(Evidence(f"{what} correlate {sqrt(max(mean * n, 0)):.2f} times as much as by chance", _normal(z)))
    edge, shape, scale, shift = sqrt(n - 1) + sqrt(p), *_TRACY_WIDOM
    width = edge * (1 / sqrt(n - 1) + 1 / sqrt(p)) ** (1 / 3)
    top = float(np.linalg.eigvalsh(gram)[-1])
    chance = _chi_squared(max((top - edge * edge) / width + shift, 0.0) / scale * 2, 2 * shape)
    found.append(Evidence(f"the largest singular value is {sqrt(top) / edge:.2f} times that of chance", chance))
    return found


def _normal(z: float, sides: int = 1) -> float:
    return erfc(z / sqrt(2)) * sides / 2


def _chi_squared(total: float, freedom: float) -> float:
    """P(more) by Wilson & Hilferty 1931."""
    width = 2 / (9 * freedom)
    return _normal(((total / freedom) ** (1 / 3) - (1 - width)) / sqrt(width))
