"""Data sets by name or file, checked, split and scaled: what a network trains and is tested on."""

import os
from dataclasses import dataclass, replace
from importlib import resources
from math import sqrt
from pathlib import Path

import numpy as np
import numpy.typing as npt
from platformdirs import user_data_dir

from initscope.core import npzfile
from initscope.core.catalogue import Parameter, read_parameters, split_call, write_call
from initscope.core.errors import InputError, unknown
from initscope.core.toys import TOYS

Arrays = dict[str, npt.NDArray[np.generic]]
Inputs = npt.NDArray[np.float32] | npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]

FOUR = ("x_train", "y_train", "x_test", "y_test")
DIGITS_TRAIN = 1500
SPLIT_SEED = 0
"""Splits a file of x, y alike in every run: a run's own seed must not change what it is tested on."""
TOY_STREAM = 0x70F5
"""Set beside the seed for toy data, whose numbers must not be those that the same seed draws as weights."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Inputs (n, features), C-contiguous and read-only, and labels (n,) in 0..classes-1."""

    name: str
    """As one would type it: `digits`, `moons:noise=0.2`, `path/to/file.npz`."""
    x_train: Inputs
    y_train: Labels
    x_test: Inputs
    y_test: Labels
    classes: int
    source: str
    """One line: what it is, how it was split and scaled, whose it is."""
    feature_shape: tuple[int, ...]
    """The shape of one example before it was made flat, e.g. (28, 28)."""

    def __post_init__(self) -> None:
        for field in FOUR:
            view = np.ascontiguousarray(getattr(self, field)).view()
            view.flags.writeable = False
            object.__setattr__(self, field, view)

    @property
    def features(self) -> int:
        return int(self.x_train.shape[1])

    @property
    def n_train(self) -> int:
        return len(self.x_train)

    @property
    def n_test(self) -> int:
        return len(self.x_test)

    def astype(self, dtype: npt.DTypeLike) -> "Dataset":
        """The same data with inputs of this floating-point type."""
        if self.x_train.dtype == np.dtype(dtype):
            return self
        return replace(self, x_train=self.x_train.astype(dtype), x_test=self.x_test.astype(dtype))

    def describe(self) -> dict[str, object]:
        """JSON-ready facts; mean, standard deviation and range are over all training inputs."""
        x = self.x_train
        mean = float(x.mean(dtype=np.float64))
        # In blocks, because the deviations of all inputs at once would be a second copy of them.
        blocks = np.array_split(x, min(len(x), 1 + x.size // 2**20))
        squares = sum(float(np.square(np.subtract(block, mean, dtype=np.float64)).sum()) for block in blocks)
        return {
            "name": self.name,
            "source": self.source,
            "features": self.features,
            "feature_shape": list(self.feature_shape),
            "classes": self.classes,
            "train_examples": self.n_train,
            "test_examples": self.n_test,
            "input_mean": mean,
            "input_std": sqrt(squares / x.size),
            "input_min": float(x.min()),
            "input_max": float(x.max()),
        }


@dataclass(frozen=True)
class Entry:
    """A data set that goes by a name."""

    name: str
    description: str
    parameters: tuple[Parameter, ...] = ()


CATALOGUE: dict[str, Entry] = {
    entry.name: entry
    for entry in (
        Entry("digits", "1,797 handwritten digits of 8x8 pixels, in the package"),
        Entry("mnist", "70,000 handwritten digits of 28x28 pixels, from mnist.npz in the data folder"),
        *(Entry(toy.name, f"{toy.meaning}; {toy.classes} classes", toy.parameters) for toy in TOYS.values()),
    )
}
NAMES: tuple[str, ...] = tuple(CATALOGUE)


def data_folders() -> tuple[Path, ...]:
    """Where NAME.npz is looked for: INITSCOPE_DATA_DIR if set, then the user's data folder."""
    given = os.environ.get("INITSCOPE_DATA_DIR")
    return (*([Path(given).expanduser()] if given else []), Path(user_data_dir("initscope")))


def names_in_folders() -> tuple[str, ...]:
    """The names, beyond the catalogue's, of the .npz files in the data folders."""
    found: set[str] = set()
    for folder in data_folders():
        if os.access(folder, os.R_OK) and folder.is_dir():
            found |= {file.stem for file in folder.iterdir() if file.suffix == ".npz"}
    return tuple(sorted(found - CATALOGUE.keys()))


def load(name: str) -> Dataset:
    """The data set of a catalogue name, of NAME.npz in a data folder, or of a path to an .npz; in float64.

    Toy data are drawn from their own parameter `seed`: a run's seed must not change what it is trained on.
    Raises InputError for what is unknown, missing or unusable.
    """
    text = name.strip()
    try:
        return _load(text)
    except MemoryError:
        raise InputError(f"{text}: does not fit in this machine's memory") from None


def _load(text: str) -> Dataset:
    """What `text` stands for; a catalogue name wins over a file of that name (`./name` reaches that)."""
    key = text.partition(":")[0].strip().lower()
    if key in CATALOGUE:
        return _load_entry(key, text)
    if text.endswith(".npz") or "/" in text:
        return _load_file(text, _path(text))
    file = _in_folders(text)
    if file is not None:
        return _load_file(text, file)
    if text and os.path.lexists(_path(text)):
        return _load_file(text, _path(text))
    error = unknown("data set", text, (*NAMES, *names_in_folders()))
    raise InputError(f"{error}, or the path of an .npz file")


def _path(text: str) -> Path:
    if "\0" in text:
        raise InputError(f"{text!r}: a file name cannot contain a NUL character")
    return Path(os.path.expanduser(text))


def _in_folders(name: str) -> Path | None:
    """The first data folder's NAME.npz. A folder or file that cannot be looked at counts as missing."""
    for folder in data_folders() if name else ():
        if os.path.exists(folder / f"{name}.npz"):
            return folder / f"{name}.npz"
    return None


def _load_entry(key: str, text: str) -> Dataset:
    values = read_parameters(key, CATALOGUE[key].parameters, split_call(text)[1])
    if key == "digits":
        return _digits()
    if key == "mnist":
        return _mnist()
    toy = TOYS[key]
    seed = toy.whole("seed", values)
    n_train, n_test = toy.sizes(values)
    rng = np.random.default_rng([seed, TOY_STREAM])
    x_train, y_train = toy.sample(n_train, rng, values)
    x_test, y_test = toy.sample(n_test, rng, values)
    call = write_call(key, toy.parameters, values)
    source = f"{toy.meaning}; generated from seed {seed}: {n_train:,} train, {n_test:,} test; x as it is"
    return Dataset(call, x_train, y_train, x_test, y_test, toy.classes, source, (2,))


def _digits() -> Dataset:
    with (
        resources.files("initscope.core").joinpath("digits.npz").open("rb") as file,
        np.load(file, allow_pickle=False) as arrays,
    ):
        x, y = arrays["x"].reshape(-1, 64) / 16.0, arrays["y"].astype(np.int64)
    source = (
        f"UCI Optical Recognition of Handwritten Digits (E. Alpaydin, C. Kaynak, 1998; CC BY 4.0): "
        f"first {DIGITS_TRAIN:,} train, last {len(x) - DIGITS_TRAIN} test, x/16"
    )
    train, test = slice(DIGITS_TRAIN), slice(DIGITS_TRAIN, None)
    return Dataset("digits", x[train], y[train], x[test], y[test], 10, source, (8, 8))


def _mnist() -> Dataset:
    file = _in_folders("mnist")
    if file is None:
        places = " and ".join(f"'{folder}'" for folder in data_folders())
        raise InputError(
            f"mnist needs the file mnist.npz, which is not in {places}: put it there, or set "
            "INITSCOPE_DATA_DIR to the folder that has it. --data digits needs no download"
        )
    data = _load_file("mnist", file)
    return replace(data, source=f"MNIST (Y. LeCun, C. Cortes, C. Burges); {data.source}")


def _load_file(name: str, path: Path) -> Dataset:
    """The data set of an .npz with x_train, y_train, x_test, y_test, or with x, y."""
    arrays = npzfile.read(path, (*FOUR, "x", "y"))
    missing = [key for key in FOUR if key not in arrays]
    if len(missing) == len(FOUR) and {"x", "y"} <= arrays.keys():
        arrays, split = _shuffle_and_split(path, arrays)
    elif missing:
        there = ", ".join(npzfile.array_names(path)) or "nothing"
        raise InputError(
            f"{path}: lacks {', '.join(missing)}; needed are {', '.join(FOUR)}, or x, y; it holds {there}"
        )
    else:
        split = "split as in the file"
    x_train, x_test = arrays["x_train"], arrays["x_test"]
    if x_train.shape[1:] != x_test.shape[1:] or (x_train.dtype == np.uint8) != (x_test.dtype == np.uint8):
        raise InputError(
            f"{path}: one example is {x_train.dtype} {x_train.shape[1:]} in x_train but "
            f"{x_test.dtype} {x_test.shape[1:]} in x_test; they must be alike"
        )
    inputs = [npzfile.as_inputs(f"{path}: {key}", arrays[key]) for key in ("x_train", "x_test")]
    labels = [npzfile.as_labels(f"{path}: {key}", arrays[key]) for key in ("y_train", "y_test")]
    for part, x, (y, _) in zip(("train", "test"), inputs, labels, strict=True):
        if len(x) != len(y):
            raise InputError(f"{path}: x_{part} has {len(x):,} examples but y_{part} has {len(y):,} labels")
    classes = max(count for _, count in labels)
    if classes < 2:
        raise InputError(f"{path}: every label is 0; there must be at least two classes")
    scaled = "x/255" if x_train.dtype == np.uint8 else "x as it is"
    source = f"{path.name}: {len(inputs[0]):,} train, {len(inputs[1]):,} test, {split}; {scaled}"
    return Dataset(
        name, inputs[0], labels[0][0], inputs[1], labels[1][0], classes, source, x_train.shape[1:]
    )


def _shuffle_and_split(path: Path, arrays: Arrays) -> tuple[Arrays, str]:
    """x, y in the order of a fixed shuffle, the last fifth for testing; and these words for `source`."""
    x, y = arrays["x"], arrays["y"]
    if x.ndim < 1 or y.ndim < 1 or len(x) != len(y) or len(x) < 2:
        raise InputError(
            f"{path}: x has shape {x.shape} and y {y.shape}; both need the same number of examples, 2 or more"
        )
    order = np.random.default_rng(SPLIT_SEED).permutation(len(x))
    train, test = np.split(order, [len(x) - max(1, len(x) // 5)])
    parts = {"x_train": x[train], "y_train": y[train], "x_test": x[test], "y_test": y[test]}
    return parts, f"the last fifth of a shuffle with fixed seed {SPLIT_SEED} for testing"
