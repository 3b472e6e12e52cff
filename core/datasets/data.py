"""Data sets by name or file, checked, split and scaled: what a network trains and is tested on."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import resources
from math import sqrt
from pathlib import Path

import numpy as np
import numpy.typing as npt

from initscope.core.catalogue import Parameter, Value, read_parameters, split_call, write_call
from initscope.core.datasets import datafiles, folders, npyfile, published
from initscope.core.datasets.contents import Contents, two_parts
from initscope.core.datasets.dataname import SELECTION, Selection, split_path
from initscope.core.datasets.folders import data_folders as data_folders
from initscope.core.datasets.folders import in_folders, user_path
from initscope.core.datasets.prepare import prepare
from initscope.core.datasets.published import PUBLISHED
from initscope.core.datasets.toys import TOYS, Toy
from initscope.core.errors import InputError, unknown

Inputs = npt.NDArray[np.float32] | npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]

FOUR = ("x_train", "y_train", "x_test", "y_test")
DIGITS_TRAIN = 1500
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
    class_names: tuple[str, ...] = ()
    """By label, where the labels have names."""

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
            "class_names": list(self.class_names),
            "train_examples": self.n_train,
            "test_examples": self.n_test,
            "train_counts": np.bincount(self.y_train, minlength=self.classes).tolist(),
            "test_counts": np.bincount(self.y_test, minlength=self.classes).tolist(),
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
    own: tuple[Parameter, ...] = ()
    """The parameters besides those of all data."""

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return (*self.own, *SELECTION)


CATALOGUE: dict[str, Entry] = {
    entry.name: entry
    for entry in (
        Entry("digits", "1,797 handwritten digits of 8x8 pixels, in the package"),
        Entry("mnist", PUBLISHED["mnist"].description),
        *(Entry(toy.name, f"{toy.meaning}; {toy.classes} classes", toy.parameters) for toy in TOYS.values()),
        *(Entry(known.name, known.description) for known in PUBLISHED.values() if known.name != "mnist"),
    )
}
NAMES: tuple[str, ...] = tuple(CATALOGUE)


def names_in_folders() -> tuple[str, ...]:
    """The names, beyond the catalogue's, of what lies in the data folders."""
    return folders.names_in_folders(NAMES)


def load(name: str) -> Dataset:
    """The data set of a catalogue name, of NAME in a data folder, or of a path; in float64.

    After a colon come parameters: `mnist:limit=5000,scale=standardize`. Toy data are drawn from their own
    parameter `seed`: a run's seed must not change what it is trained on.
    Raises InputError for what is unknown, missing or unusable.
    """
    text = name.strip()
    try:
        contents, selection, call = read(text)
        ready = prepare(contents, selection)
    except MemoryError:
        raise InputError(f"{text}: does not fit in this machine's memory") from None
    return Dataset(
        name=call,
        x_train=ready.x_train,
        y_train=ready.y_train,
        x_test=ready.x_test,
        y_test=ready.y_test,
        classes=ready.classes,
        source=f"{contents.title}: {ready.words}",
        feature_shape=ready.feature_shape,
        class_names=contents.class_names,
    )


def read(name: str) -> tuple[Contents, Selection, str]:
    """What `name` stands for as it is there, what to make of it, and the name in its shortest form.

    A catalogue name wins over a file of that name (`./name` reaches that). Raises InputError.
    """
    text = name.strip()
    key = text.partition(":")[0].strip().lower()
    if key in CATALOGUE:
        return _read_entry(CATALOGUE[key], text)
    path, given = split_path(text)
    if "," in path and all(piece.strip().endswith(".npy") for piece in path.split(",")):
        contents = npyfile.read_files([user_path(piece.strip()) for piece in path.split(",")])
        values = read_parameters(path, SELECTION, given)
        return contents, Selection.of(values), write_call(path, SELECTION, values)
    contents, values, written = datafiles.read(_find(path), given)
    return contents, Selection.of(values), f"{path}{written}"


def _find(text: str) -> Path:
    """The file or folder that is meant: a path, or NAME in a data folder. Raises InputError for a name of nothing."""
    if "/" in text or text.endswith((".npz", ".npy", ".csv", ".gz", ".bin")):
        return user_path(text)
    found = in_folders(text)
    if found is not None:
        return found
    if text and os.path.lexists(user_path(text)):
        return user_path(text)
    error = unknown("data set", text, (*NAMES, *names_in_folders()))
    raise InputError(f"{error}; or the path of {datafiles.KINDS}")


def _read_entry(entry: Entry, text: str) -> tuple[Contents, Selection, str]:
    given = split_call(text)[1]
    common = {parameter.name for parameter in SELECTION}
    if not entry.own and (foreign := next((key for key in given if key not in common), None)):
        raise InputError(
            f"{entry.name} has no parameters but {', '.join(sorted(common))}, "
            f"so '{foreign}={given[foreign]}' cannot be set"
        )
    values = read_parameters(entry.name, entry.parameters, given)
    call = write_call(entry.name, entry.parameters, values)
    if entry.name == "digits":
        contents = _digits()
    elif entry.name in PUBLISHED:
        contents = published.read(PUBLISHED[entry.name])
    else:
        contents = _toy(TOYS[entry.name], values)
    return contents, Selection.of(values), call


def _digits() -> Contents:
    with (
        resources.files("initscope.core").joinpath("digits.npz").open("rb") as file,
        np.load(file, allow_pickle=False) as arrays,
    ):
        x, y = arrays["x"] / 16.0, arrays["y"].astype(np.int64)
    title = "UCI Optical Recognition of Handwritten Digits (E. Alpaydin, C. Kaynak, 1998; CC BY 4.0)"
    train, test = slice(DIGITS_TRAIN), slice(DIGITS_TRAIN, None)
    parts = two_parts((x[train], y[train]), (x[test], y[test]))
    return Contents(Path("digits"), title, parts, split="the first and the last", scaled="x/16")


def _toy(toy: Toy, values: Mapping[str, Value]) -> Contents:
    seed = toy.whole("seed", values)
    rng = np.random.default_rng([seed, TOY_STREAM])
    own = {parameter.name: values[parameter.name] for parameter in toy.parameters}
    train, test = (toy.sample(n, rng, own) for n in toy.sizes(values))
    title = f"{toy.meaning}; generated from seed {seed}"
    return Contents(Path(toy.name), title, two_parts(train, test), split="drawn apart")
