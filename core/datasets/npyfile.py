"""Data as .npy files, one array each: x.npy and y.npy, or x_train.npy, y_train.npy, x_test.npy, y_test.npy."""

from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path

from numpy.lib import format as npy

from initscope.core.datasets import npzfile
from initscope.core.datasets.contents import Array, Contents, Part, two_parts
from initscope.core.errors import InputError
from initscope.core.files import check_promise, listing, size_of_regular

FOUR = ("x_train", "y_train", "x_test", "y_test")
PAIR = ("x", "y")
NEEDED = "x.npy and y.npy, or x_train.npy, y_train.npy, x_test.npy and y_test.npy"


def read_array(path: Path) -> Array:
    """One array of numbers or strings; pickles are refused before anything is read. Raises InputError."""
    held = size_of_regular(path)
    try:
        with open(path, "rb") as file:
            shape, _, dtype = npzfile.read_header(file)
            header = file.tell()
            npzfile.check_type(f"{path}: the array", dtype)
            promised = prod(shape) * dtype.itemsize
            check_promise(path, promised, held, packed=False)
            if promised != held - header or min(shape, default=0) < 0:
                raise InputError(
                    f"{path}: damaged: its header promises {promised:,} bytes, {held - header:,} follow; copy it again"
                )
            file.seek(0)
            return npzfile.read_values(file)
    except InputError:
        raise
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    except npzfile.DAMAGE as error:
        raise InputError(f"{path}: not a whole .npy file ({npzfile.reason(error)}); copy it again") from None


def find(folder: Path) -> dict[str, Path]:
    """The arrays that a folder holds under their usual names, upper or lower case."""
    names = {name.lower(): name for name in listing(folder)[0]}
    return {key: folder / names[f"{key}.npy"] for key in (*FOUR, *PAIR) if f"{key}.npy" in names}


def read_folder(folder: Path) -> Contents:
    """The data of a folder's usual names. Raises InputError."""
    found = find(folder)
    if not (found.keys() >= set(FOUR) or found.keys() >= set(PAIR)):
        there = ", ".join(path.name for path in found.values()) or "none of them"
        raise InputError(f"{folder}: needed are {NEEDED}; it holds {there}. Others are named as X.npy,Y.npy")
    return _contents(folder, folder.name, found)


def read_beside(path: Path) -> Contents:
    """The data that one .npy file belongs to, by the usual names of its folder. Raises InputError."""
    size_of_regular(path)
    if path.stem.lower() not in (*FOUR, *PAIR):
        raise InputError(f"{path}: holds one array; name both, {path},LABELS.npy, or call them {NEEDED}")
    return read_folder(path.parent)


def read_files(paths: Sequence[Path]) -> Contents:
    """Files in the order x, y, or x_train, y_train, x_test, y_test. Raises InputError."""
    keys = {2: PAIR, 4: FOUR}.get(len(paths))
    if keys is None:
        raise InputError(
            f"{len(paths)} .npy files are named; needed are 2 (inputs, labels) or 4 (the same for testing)"
        )
    title = ", ".join(path.name for path in paths)
    return _contents(paths[0], title, dict(zip(keys, paths, strict=True)))


def _contents(path: Path, title: str, files: Mapping[str, Path]) -> Contents:
    keys = FOUR if files.keys() >= set(FOUR) else PAIR
    arrays = [read_array(files[key]) for key in keys]
    if keys == PAIR:
        return Contents(path, title, (Part(arrays[0], arrays[1]),))
    parts = two_parts((arrays[0], arrays[1]), (arrays[2], arrays[3]))
    return Contents(path, title, parts, split="split as in the files")


def is_npy(start: bytes) -> bool:
    """Whether the bytes begin like an .npy file."""
    return start.startswith(npy.MAGIC_PREFIX)
