"""MNIST's own file format, IDX, packed with gzip or not: http://yann.lecun.com/exdb/mnist/."""

from math import prod
from pathlib import Path

import numpy as np

from initscope.core.datasets.contents import Array, Contents, Part, two_parts
from initscope.core.errors import InputError
from initscope.core.files import GZIP, check_promise, listing, opened, size_of_regular

TYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
"""By the third byte of a file; the fourth is the number of axes."""
MAX_AXES = 8
STEMS = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}
"""The four files of MNIST and of those that imitate it."""


def is_idx(start: bytes) -> bool:
    """Whether the (unpacked) bytes begin like an IDX file."""
    return len(start) >= 4 and start[:2] == b"\0\0" and start[2] in TYPES and 1 <= start[3] <= MAX_AXES


def read_array(path: Path) -> Array:
    """The array of one IDX file, in the machine's memory once. Raises InputError."""
    held = size_of_regular(path)
    with opened(path) as file:
        start = file.read(4)
        if not is_idx(start):
            raise InputError(
                f"{path}: is not an IDX file: it begins with {start.hex(' ') or 'nothing'}, "
                "not with 00 00, a type (08 for bytes) and the number of axes"
            )
        dtype, axes = np.dtype(TYPES[start[2]]), start[3]
        sizes = file.read(4 * axes)
        if len(sizes) < 4 * axes:
            raise InputError(f"{path}: truncated: it ends within the sizes of its {axes} axes; copy it again")
        shape = tuple(int(size) for size in np.frombuffer(sizes, ">u4"))
        promised = prod(shape) * dtype.itemsize
        with open(path, "rb") as raw:
            packed = raw.read(2) == GZIP
        check_promise(path, promised, held, packed)
        content = file.read(promised)
        rest = file.read(1)  # at the end gzip compares its checksum
    if len(content) != promised or rest:
        found = "more" if rest else f"{len(content):,}"
        raise InputError(
            f"{path}: damaged: {' x '.join(map(str, shape))} values are {promised:,} bytes, it holds {found}; "
            "copy it again"
        )
    return np.frombuffer(content, dtype).reshape(shape)


def find(folder: Path) -> dict[str, Path]:
    """Those of the four files that a folder holds, by array; a packed one counts, `.idx3` for `-idx3` too."""
    names = listing(folder)[0]
    found = {}
    for key, stem in STEMS.items():
        for spelling in (stem, stem.replace("-idx", ".idx")):
            for name in (spelling, f"{spelling}.gz"):
                if key not in found and name in names:
                    found[key] = folder / name
    return found


def read_folder(folder: Path) -> Contents:
    """Four files, or the two for training, which are then split. Raises InputError."""
    found = find(folder)
    missing = [stem for key, stem in STEMS.items() if key not in found]
    if missing and not (found.keys() == {"x_train", "y_train"}):
        raise InputError(f"{folder}: lacks {', '.join(missing)} (each may end in .gz)")
    arrays = {key: read_array(file) for key, file in found.items()}
    for key, array in arrays.items():
        if key.startswith("y") and array.ndim != 1:
            raise InputError(f"{found[key]}: has {array.ndim} axes, but labels have one: is it the file of images?")
    if missing:
        return Contents(folder, folder.name, (Part(arrays["x_train"], arrays["y_train"], "x_train", "y_train"),))
    parts = two_parts((arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"]))
    return Contents(folder, folder.name, parts, split="split as in the files")
