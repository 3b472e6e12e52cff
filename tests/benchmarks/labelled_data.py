"""The data of the labelled networks: those of the catalogue, and digits broken in known ways."""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from initscope.core.datasets import data
from initscope.core.datasets.data import Dataset

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]
Break = Callable[[Floats, Labels, np.random.Generator], tuple[Floats, Labels]]

SEED = 0xB4D
PIXEL = 28
"""The feature that is unscaled: in the middle of the picture, where every digit has ink."""
EIGHT = 8
SHARE = 0.03
"""Of the rare class where the other has 97 %."""


def _unscaled(x: Floats, y: Labels, rng: np.random.Generator) -> tuple[Floats, Labels]:
    x = x.copy()
    x[:, PIXEL] *= 1e4
    return x, y


def _eights(x: Floats, y: Labels, rng: np.random.Generator, share: float) -> tuple[Floats, Labels]:
    """Class 1 is the digit 8, with this share; of the more frequent class some are left out."""
    ones, zeros = np.flatnonzero(y == EIGHT), np.flatnonzero(y != EIGHT)
    ones = ones[: round(len(zeros) * share / (1 - share))]
    zeros = zeros[: round(len(ones) * (1 - share) / share)]
    rows = np.sort(np.concatenate([ones, zeros]))
    return x[rows], (y[rows] == EIGHT).astype(np.int64)


_BREAKS: Mapping[str, Break] = {
    "digits-0-to-16": lambda x, y, rng: (16 * x, y),
    "digits-0-to-255": lambda x, y, rng: (255 * x, y),
    "digits-offset": lambda x, y, rng: (x + 20, y),
    "digits-unscaled-feature": _unscaled,
    "digits-constant": lambda x, y, rng: (np.full_like(x, 0.5), y),
    "digits-shuffled-labels": lambda x, y, rng: (x, rng.permutation(y)),
    "digits-one-class-97": lambda x, y, rng: _eights(x, y, rng, SHARE),
    "digits-eights": lambda x, y, rng: _eights(x, y, rng, 0.5),
}
REPAIRED: Mapping[str, str] = {
    **{name: "digits" for name in _BREAKS if name not in ("digits-one-class-97", "digits-eights")},
    "digits-one-class-97": "digits-eights",
}
"""The same data without the fault, by the name of the broken ones."""


@cache
def load(name: str) -> Dataset:
    """The data set of that name, of the catalogue or broken here."""
    if name not in _BREAKS:
        return data.load(name)
    with tempfile.TemporaryDirectory() as folder:
        return replace(data.load(str(write(name, Path(folder)))), name=name)


def write(name: str, folder: Path) -> Path:
    """A file of broken data; with INITSCOPE_DATA_DIR=folder the program knows it by its name."""
    digits, rng = data.load("digits"), np.random.default_rng(SEED)
    x_train, y_train = _BREAKS[name](digits.x_train.astype(np.float64), digits.y_train, rng)
    x_test, y_test = _BREAKS[name](digits.x_test.astype(np.float64), digits.y_test, rng)
    path = folder / f"{name}.npz"
    np.savez(path, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    return path


def write_all(folder: Path) -> None:
    for name in _BREAKS:
        write(name, folder)
