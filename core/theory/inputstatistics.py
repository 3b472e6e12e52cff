"""What a forecast needs to know of the inputs: their sums, their lengths and how alike they are."""

from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from initscope.core.datasets.data import Dataset
from initscope.core.shapes import ConvolutionShape, WeightShape

Floats = NDArray[np.float64]

EXAMPLES, IMAGES = 512, 64
"""Training examples that are looked at, evenly spaced over the set; fewer where they are cut into patches."""
LEVELS = 256
"""Different input values that are told apart."""


@dataclass(frozen=True, eq=False)
class InputStatistics:
    """Statistics of the n numbers x_j that one unit of the first layer sees: an example, or a patch of it."""

    n: int
    """Their count, which is the first layer's fan_in."""
    sums: Floats
    """Σ_j x_j of each of the inputs, (inputs,)."""
    squares: Floats
    """Σ_j x_j² of each, (inputs,)."""
    shared: float
    """Mean of Σ_j x_j x'_j over pairs of different inputs; of a convolution, over pairs of patches."""
    examples: int
    """Inputs in a batch that is measured; dead units are those that are off for all of them."""
    levels: Floats
    """Values of single x_j, ascending, (levels,)."""
    counts: Floats
    """Share of the inputs that have each level, feature by feature, (features, levels); rows sum to 1."""

    @property
    def mean_sum(self) -> float:
        """Mean of Σx."""
        return float(self.sums.mean())

    @property
    def mean_square(self) -> float:
        """Mean of Σx²."""
        return float(self.squares.mean())

    @property
    def variance_of_sum(self) -> float:
        """Variance of Σx over inputs."""
        return float(self.sums.var())

    @property
    def correlation(self) -> float:
        """Mean product of two inputs over their mean square: 1 if all inputs are the same, NaN if all are 0."""
        square = self.mean_square
        return self.shared / square if square else float("nan")

    @classmethod
    def of(cls, x: NDArray[Any], first: WeightShape | None = None) -> "InputStatistics":
        """Of inputs (examples, features), as the layer `first` sees them: whole, or in patches of a convolution."""
        most = IMAGES if isinstance(first, ConvolutionShape) else EXAMPLES
        x = np.asarray(x[np.linspace(0, len(x) - 1, min(len(x), most)).astype(int)], dtype=np.float64)
        seen = _patches(x, first) if isinstance(first, ConvolutionShape) else x
        sums, squares, whole = seen.sum(axis=1), np.square(seen).sum(axis=1), seen.sum(axis=0)
        pairs = len(seen) * (len(seen) - 1)
        shared = float(whole @ whole - squares.sum()) / pairs if pairs else float(squares.mean())
        some = np.linspace(0, len(sums) - 1, min(len(sums), EXAMPLES)).astype(int)
        return cls(seen.shape[1], sums[some], squares[some], shared, len(x), *_levels(x))

    def groups(self, count: int, by_sum: bool) -> tuple[Floats, Floats]:
        """Σx and Σx² of `count` groups of equal weight, of inputs alike in Σx, or else in Σx².

        Means over the groups, the former stretched so that the variance of Σx is kept.
        """
        order = np.argsort(self.sums if by_sum else self.squares, kind="stable")
        cuts = np.arange(len(order)) * count // len(order)
        sizes = np.maximum(np.bincount(cuts, minlength=count), 1)
        sums, squares = (np.bincount(cuts, part[order], count) / sizes for part in (self.sums, self.squares))
        away = sums - sums.mean()
        if np.ptp(away) > 1e-9 * np.abs(sums).max():
            away *= sqrt(self.variance_of_sum / float(np.square(away).mean()))
        return self.mean_sum + away, squares * (self.mean_square / squares.mean() if squares.any() else 1)

    @classmethod
    def of_dataset(cls, dataset: Dataset, first: WeightShape | None = None) -> "InputStatistics":
        """Of the training inputs."""
        return cls.of(dataset.x_train, first)

    @classmethod
    def normal(cls, n: int, mean: float = 0.0, std: float = 1.0, examples: int = EXAMPLES) -> "InputStatistics":
        """Of n independent normal features; seeds and the layout of the features play no part."""
        sums = n * mean + sqrt(n) * std * _normal_scores(EXAMPLES)
        squares = np.full(EXAMPLES, n * (mean * mean + std * std))
        levels = mean + std * _normal_scores(LEVELS)
        counts = np.full((n, LEVELS), 1 / LEVELS)
        return cls(n, sums, squares, n * mean * mean, examples, levels, counts)


def _normal_scores(count: int) -> Floats:
    """Means of the standard normal between its count-iles, scaled to variance 1."""
    fine = np.linspace(-8.5, 8.5, 20001)
    bell = np.exp(-fine * fine / 2)
    cumulative = np.cumsum(bell) / bell.sum()
    scores = np.interp((np.arange(count) + 0.5) / count, cumulative, fine)
    return np.asarray((scores - scores.mean()) / scores.std())


def _levels(x: Floats) -> tuple[Floats, Floats]:
    """Distinct values, or, of more than LEVELS, means of equal shares of them; and how often each feature has each."""
    distinct = np.unique(x)
    if len(distinct) <= LEVELS:
        place = np.searchsorted(distinct, x)  # five times as fast as numpy's own inverse
    else:
        order = np.argsort(x, axis=None, kind="stable")
        place = np.empty(x.size, dtype=np.int64)
        place[order] = np.arange(x.size) * LEVELS // x.size
        distinct = np.bincount(place, x.ravel(), LEVELS) / np.bincount(place, minlength=LEVELS)
    features = x.shape[1]
    cell = np.arange(features) * len(distinct) + place.reshape(x.shape)
    counts = np.bincount(cell.ravel(), minlength=features * len(distinct)).reshape(features, -1)
    return distinct, counts / len(x)


def _patches(x: Floats, shape: ConvolutionShape) -> Floats:
    """(examples · positions, fan_in) of images as they lie in `x`."""
    channels, height, width = shape.source
    if shape.channels_last:
        images = x.reshape(-1, height, width, channels).transpose(0, 3, 1, 2)
    else:
        images = x.reshape(-1, channels, height, width)
    edge = (shape.padding, shape.padding)
    padded = np.pad(images, ((0, 0), (0, 0), edge, edge))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (shape.kernel, shape.kernel), axis=(2, 3))
    windows = windows[:, :, :: shape.stride, :: shape.stride].transpose(0, 2, 3, 1, 4, 5)
    return windows.reshape(-1, shape.fan_in)
