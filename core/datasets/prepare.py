"""From what a file holds to what a network sees: split, limited, checked and scaled, the same in every run."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from initscope.core.datasets.contents import Array, Contents, Part, Rows
from initscope.core.datasets.dataname import Selection
from initscope.core.datasets.npzfile import LARGEST_INPUT, as_inputs, as_labels
from initscope.core.errors import InputError
from initscope.core.plural import plural

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]

SPLIT_SEED = 0
"""Splits and limits alike in every run: a run's own seed must not change what it is tested on."""
USUAL_SPLIT = 0.2


@dataclass(frozen=True, eq=False)
class Prepared:
    """Inputs (n, features) in float64 and labels (n,), and how they came about in words."""

    x_train: Floats
    y_train: Labels
    x_test: Floats
    y_test: Labels
    classes: int
    feature_shape: tuple[int, ...]
    words: str


@dataclass(frozen=True, eq=False)
class Chosen:
    """Raw examples of one side, with labels (n,)."""

    x: Array
    y: Labels
    x_name: str
    y_name: str


def prepare(contents: Contents, selection: Selection) -> Prepared:
    """The two sides as a network is to see them. Raises InputError for what cannot be trained on."""
    (train, test), classes, split = choose(contents, selection)
    x_train, x_test = (_inputs(contents, side, selection.scale) for side in (train, test))
    shape = train.x.shape[1:]
    if train.x.dtype == np.uint8 and selection.scale in ("auto", "unit"):
        scaled = "x/255"
    else:
        scaled = _scale(contents, x_train, x_test, selection.scale, together=len(shape) > 1)
    words = f"{len(x_train):,} train, {len(x_test):,} test, {split}; {scaled}"
    return Prepared(x_train, train.y, x_test, test.y, classes, shape, words)


def choose(contents: Contents, selection: Selection) -> tuple[tuple[Chosen, Chosen], int, str]:
    """The raw examples of both sides, how many classes all labels imply, and the split in words.

    Raises InputError unless inputs and labels belong together; the inputs may still be NaN.
    """
    path, parts = contents.path, contents.parts
    for part in parts:
        if len(part.x.shape) < 1 or part.y.ndim < 1 or (len(parts) == 1 and not len(part.x) == len(part.y) >= 2):
            raise InputError(
                f"{path}: {part.x_name} has shape {part.x.shape} and {part.y_name} {part.y.shape}; "
                f"both need the same number of examples, {3 - len(parts)} or more"
            )
    if len(parts) == 2:
        _check_alike(contents)
    labels = [as_labels(f"{path}: {part.y_name}", part.y) if part.y.size else (None, 0) for part in parts]
    classes = max(len(contents.class_names), *(count for _, count in labels))
    numbers = [np.empty(0, np.int64) if y is None else y for y, _ in labels]
    for part, y in zip(parts, numbers, strict=True):
        if len(part.x) and len(part.x) != len(y):
            raise InputError(
                f"{path}: {part.x_name} has {plural(len(part.x), 'example')} but {part.y_name} has "
                f"{plural(len(y), 'label')}"
            )
    if classes == 1:
        raise InputError(f"{path}: every label is 0; there must be at least two classes")
    if len(parts) == 2 and not contents.class_names and labels[1][1] > labels[0][1] > 0:
        raise InputError(
            f"{path}: {parts[1].y_name} has the label {labels[1][1] - 1}, but {parts[0].y_name} has none above "
            f"{labels[0][1] - 1}: labels must be 0..K-1, and each class of the test must be among the training examples"
        )
    sides, split = _sides(contents, numbers, selection)
    return sides, classes, split


def _check_alike(contents: Contents) -> None:
    train, test = contents.parts
    x_train, x_test = train.x, test.x
    if x_train.shape[1:] != x_test.shape[1:] or (x_train.dtype == np.uint8) != (x_test.dtype == np.uint8):
        raise InputError(
            f"{contents.path}: one example is {x_train.dtype} {x_train.shape[1:]} in {train.x_name} but "
            f"{x_test.dtype} {x_test.shape[1:]} in {test.x_name}; they must be alike"
        )


def _sides(contents: Contents, labels: list[Labels], selection: Selection) -> tuple[tuple[Chosen, Chosen], str]:
    """Training and test examples: as they are given, or as a shuffle with a fixed seed splits all of them."""
    parts, limit = contents.parts, selection.limit
    limited = f", at most {limit:,} of each drawn with fixed seed {SPLIT_SEED}" if limit else ""
    if len(parts) == 2 and not selection.split:
        train, test = (
            Chosen(part.inputs(rows), y if rows is None else y[rows], part.x_name, part.y_name)
            for part, y in zip(parts, labels, strict=True)
            for rows in [_limited(len(part.x), limit)]
        )
        return (train, test), f"{contents.split}{limited}"
    share = selection.split or USUAL_SPLIT
    n = sum(len(part.x) for part in parts)
    order = np.random.default_rng(SPLIT_SEED).permutation(n)
    held_out = min(max(1, int(n * share)), n - 1)
    halves = [half[: limit or n] for half in np.split(order, [n - held_out])]
    train, test = (
        Chosen(_gather(parts, rows), np.concatenate(labels)[rows], parts[0].x_name, parts[0].y_name)
        for rows in halves
    )
    last = "fifth" if share == USUAL_SPLIT else f"{100 * share:g} %"
    return (train, test), f"the last {last} of a shuffle with fixed seed {SPLIT_SEED} for testing{limited}"


def _limited(n: int, limit: int) -> Rows | None:
    """`limit` of n examples in their order, or None for all. More of them include those of a smaller limit."""
    if not 0 < limit < n:
        return None
    return np.sort(np.random.default_rng(SPLIT_SEED).permutation(n)[:limit])


def _gather(parts: tuple[Part, ...], rows: Rows) -> Array:
    """Those examples of all parts put one after the other."""
    if len(parts) == 1:
        return parts[0].inputs(rows)
    first, second = parts
    inside = rows < len(first.x)
    dtype = np.result_type(first.x.dtype, second.x.dtype)
    out = np.empty((len(rows), *first.x.shape[1:]), dtype)
    out[inside] = first.inputs(rows[inside])
    out[~inside] = second.inputs(rows[~inside] - len(first.x))
    return out


def _inputs(contents: Contents, side: Chosen, scale: str) -> Floats:
    return as_inputs(f"{contents.path}: {side.x_name}", side.x, raw=scale == "none")


def _scale(contents: Contents, x_train: Floats, x_test: Floats, scale: str, together: bool) -> str:
    """Scale both in place by what the training examples are; returns it in words.

    Features that share a unit, the pixels of a picture, are scaled `together`. A constant feature becomes 0.
    """
    if scale in ("auto", "none"):
        return contents.scaled
    axis = None if together else 0
    low, high = x_train.min(axis=axis), x_train.max(axis=axis)
    if scale == "unit":
        centre, width = low, high - low
        words = "x to 0..1"
    else:
        centre = x_train.mean(axis=axis)
        width = np.sqrt(np.maximum(_mean_square(x_train, centre, together), 0))
        words = "x to mean 0 and standard deviation 1"
    constant = low == high
    width = np.where(width == 0, high - low, width)  # squares of tiny deviations are 0
    width = np.where(constant, 1, width)
    centre = np.where(constant, low, centre)
    with np.errstate(over="ignore"):
        for x in (x_train, x_test):
            np.subtract(x, centre, out=x)
            np.divide(x, width, out=x)
    if not np.abs(x_test).max() <= LARGEST_INPUT:
        raise InputError(f"{contents.path}: scale={scale} makes test inputs beyond {LARGEST_INPUT:.0e}; use scale=none")
    return f"{words} over the training examples, {'all features together' if together else 'each feature'}"


def _mean_square(x: Floats, centre: Floats, together: bool) -> Floats:
    """Mean squared deviation, in blocks: the deviations of all inputs at once would be a second copy of them."""
    total = np.zeros(() if together else x.shape[1])
    for block in np.array_split(x, min(len(x), 1 + x.size // 2**20)):
        total = total + np.square(block - centre).sum(axis=None if together else 0)
    return np.asarray(total / (x.size if together else len(x)))
