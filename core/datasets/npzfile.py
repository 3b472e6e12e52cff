"""Inputs and labels from .npz files of unknown origin: never unpickled, memory bounded."""

import os
import struct
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Iterable
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
from numpy.lib import format as npy

from initscope.core.datasets.contents import Contents, Part, two_parts
from initscope.core.errors import InputError
from initscope.core.files import DEFLATE_LIMIT, LARGE, MAX_RATIO, MAX_VALUES, size_of_regular

FOUR = ("x_train", "y_train", "x_test", "y_test")
MAX_CLASSES = 1000
LARGEST_INPUT = float(np.finfo(np.float32).max)

HOW_TO_SAVE = "save one with np.savez(path, x_train=..., y_train=..., x_test=..., y_test=...) or x=..., y=..."
DAMAGE = (  # what zipfile, zlib and numpy's header reader are known to raise on broken bytes
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    tokenize.TokenError,
    EOFError,
    OSError,
    ValueError,
    SyntaxError,
    ArithmeticError,
    LookupError,
    TypeError,
    RuntimeError,  # NotImplementedError and RecursionError too
)


def read(path: Path, wanted: Iterable[str]) -> dict[str, npt.NDArray[np.generic]]:
    """Those of the arrays named in `wanted` (lower case) that the file has; upper and lower case are one.

    Values are of kind bool, integer or float, or strings (left for the caller to judge). Raises InputError
    for everything else: no such file, not a zip, damaged, pickled objects, or too large to hold.
    """
    _check_file(path)
    try:
        with zipfile.ZipFile(path) as archive:
            members = _members(path, archive, frozenset(wanted))
            _check_sizes(path, archive, members)
            return {name: _read_array(archive, info) for name, info in members.items()}
    except InputError:
        raise
    except DAMAGE as error:
        raise InputError(f"{path}: a truncated or damaged .npz file ({reason(error)}); copy it again") from None


def reason(error: Exception) -> str:
    """An exception in one line."""
    return f"{error}".splitlines()[0] if f"{error}" else type(error).__name__


def read_data(path: Path) -> Contents:
    """The data set of an .npz with x_train, y_train, x_test, y_test, or with x, y. Raises InputError."""
    arrays = read(path, (*FOUR, "x", "y"))
    missing = [key for key in FOUR if key not in arrays]
    if len(missing) == len(FOUR) and {"x", "y"} <= arrays.keys():
        return Contents(path, path.name, (Part(arrays["x"], arrays["y"]),))
    if missing:
        there = ", ".join(array_names(path)) or "nothing"
        raise InputError(
            f"{path}: lacks {', '.join(missing)}; needed are {', '.join(FOUR)}, or x, y; it holds {there}"
        )
    parts = two_parts((arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"]))
    return Contents(path, path.name, parts)


def array_names(path: Path) -> list[str]:
    """The names of all arrays in a file that `read` accepted, as they are written there."""
    with zipfile.ZipFile(path) as archive:
        return sorted(name.removesuffix(".npy") for name in archive.namelist())


def _check_file(path: Path) -> None:
    """Raises InputError unless path is a readable regular file that begins like a zip."""
    size_of_regular(path)
    try:
        with open(path, "rb") as file:
            start = file.read(6)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    if not start:
        raise InputError(f"{path}: is empty (0 bytes); {HOW_TO_SAVE}")
    if start == b"\x93NUMPY":
        raise InputError(f"{path}: is a single .npy array, not an .npz; {HOW_TO_SAVE}")
    if not start.startswith(b"PK"):
        raise InputError(f"{path}: is not an .npz file (a zip of arrays); {HOW_TO_SAVE}")


def _members(path: Path, archive: zipfile.ZipFile, wanted: frozenset[str]) -> dict[str, zipfile.ZipInfo]:
    """The zip's members that are wanted arrays, by lower-case name."""
    members: dict[str, zipfile.ZipInfo] = {}
    for info in archive.infolist():
        name = info.filename.removesuffix(".npy").lower()
        if name not in wanted:
            continue
        if name in members:
            raise InputError(f"{path}: holds '{name}' twice ({members[name].filename} and {info.filename})")
        members[name] = info
    return members


def _check_sizes(path: Path, archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo]) -> None:
    """Raises InputError unless every header's promise can be true and all of them fit the limits."""
    size = os.stat(path).st_size
    values = 0
    for name, info in members.items():
        if info.flag_bits & 1:
            raise InputError(f"{path}: '{name}' is encrypted; save it without a password")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise InputError(f"{path}: '{name}' is packed in a way numpy does not use; {HOW_TO_SAVE}")
        packed = min(info.compress_size, size)
        ratio = 1 if info.compress_type == zipfile.ZIP_STORED else DEFLATE_LIMIT
        with archive.open(info) as member:
            shape, _, dtype = read_header(member)
            header = member.tell()
        check_type(f"{path}: '{name}'", dtype)
        count = prod(shape)
        promised = header + count * dtype.itemsize
        if promised != info.file_size or info.file_size > ratio * packed or min(shape, default=0) < 0:
            raise InputError(
                f"{path}: damaged: the header of '{name}' promises {promised:,} bytes, "
                f"the file holds {info.file_size:,} in {packed:,} packed ones"
            )
        if info.file_size > LARGE and info.file_size > MAX_RATIO * packed:
            raise InputError(
                f"{path}: '{name}' would unpack {packed:,} bytes to {info.file_size:,}: "
                f"more than {MAX_RATIO} times as many, which no data set does"
            )
        values += max(count, promised // 8)
    if values > MAX_VALUES:
        raise InputError(f"{path}: holds {values:,} values; at most {MAX_VALUES:,} can be loaded")


def check_type(where: str, dtype: np.dtype[np.generic]) -> None:
    """Raises InputError, which begins with `where`, unless an array of this type can be numbers or strings."""
    if dtype.hasobject:
        raise InputError(
            f"{where} contains pickled Python objects, which are never loaded; save it as an array of numbers"
        )
    if dtype.kind not in "buifUS":
        raise InputError(f"{where} is of type {dtype}; it must be an array of numbers")


def read_header(member: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[np.generic]]:
    """Shape, Fortran order and dtype of the .npy array that begins here. Allocates nothing of its size."""
    version = npy.read_magic(member)
    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    if version not in readers:  # 3.0 exists only for the field names of structured arrays
        raise ValueError(f".npy format {version[0]}.{version[1]} is not for plain arrays")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "written by Python 2" is no trouble
        return readers[version](member)


def _read_array(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> npt.NDArray[np.generic]:
    """One array whose size has been checked. zipfile checks its CRC at the last byte."""
    with archive.open(info) as member:
        return read_values(member)


def read_values(member: IO[bytes]) -> npt.NDArray[np.generic]:
    """The .npy array that begins here, whose header has been checked."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.asarray(npy.read_array(member, allow_pickle=False))


def as_inputs(where: str, array: npt.NDArray[np.generic], *, raw: bool = False) -> npt.NDArray[np.float64]:
    """Examples (n, ...) as float64 (n, features); unsigned 8-bit numbers are divided by 255 unless `raw`.

    Raises InputError, which begins with `where`, unless they are finite numbers that float32 can hold,
    with at least one example and one feature.
    """
    if array.dtype.kind not in "buif":
        raise InputError(f"{where}: inputs must be numbers, not {array.dtype}")
    if array.ndim < 2:
        raise InputError(
            f"{where}: has shape {array.shape}; inputs have an axis of examples and at least one of features"
        )
    if array.size == 0:
        raise InputError(f"{where}: has shape {array.shape}: no example or no feature")
    with np.errstate(all="ignore"):  # a long double beyond float64 becomes inf, which is refused below
        x = array.reshape(len(array), -1).astype(np.float64)
    if array.dtype.kind == "f" and (unusable := ~(np.abs(x) <= LARGEST_INPUT)).any():
        first = np.unravel_index(int(unusable.argmax()), array.shape)
        place = ", ".join(str(index) for index in first)
        raise InputError(
            f"{where}: {np.count_nonzero(unusable):,} of {x.size:,} values are NaN, infinite or beyond "
            f"{LARGEST_INPUT:.0e}, the first at [{place}]; remove or replace them"
        )
    return np.divide(x, 255, out=x) if array.dtype == np.uint8 and not raw else x


def as_labels(where: str, array: npt.NDArray[np.generic]) -> tuple[npt.NDArray[np.int64], int]:
    """Labels (n,) and how many classes they imply: the highest label + 1, or the columns of a one-hot table.

    Takes whole numbers of any type (n,) or (n, 1), or one-hot rows (n, K). Raises InputError, which begins
    with `where`, for anything else and for labels outside 0..MAX_CLASSES-1.
    """
    rule = f"labels must be 0..K-1 with at most {MAX_CLASSES} classes"
    if array.dtype.kind in "US":
        raise InputError(f"{where}: labels are text; number them: {rule}")
    if array.dtype.kind not in "buif":
        raise InputError(f"{where}: labels must be whole numbers, not {array.dtype}")
    if array.ndim not in (1, 2) or array.size == 0:
        raise InputError(f"{where}: has shape {array.shape}; labels are (n,), (n, 1) or one-hot (n, K)")
    flat: npt.NDArray[Any] = array.ravel()
    with np.errstate(all="ignore"):
        faults = (
            (~np.isfinite(flat), "not finite"),
            (flat != np.trunc(flat), "not a whole number"),
            ((flat < 0) | (flat >= MAX_CLASSES), "out of range"),
        )
    for bad, what in faults:
        if bad.any():
            place = int(bad.argmax())
            raise InputError(f"{where}: label {flat[place]} (number {place}) is {what}: {rule}")
    labels = flat.astype(np.int64).reshape(array.shape)
    if array.ndim == 1 or array.shape[1] == 1:
        return labels.ravel(), int(labels.max()) + 1
    if array.shape[1] > MAX_CLASSES:
        raise InputError(f"{where}: one-hot with {array.shape[1]:,} columns: {rule}")
    wrong = (labels.sum(axis=1) != 1) | (labels.max(axis=1) != 1)
    if wrong.any():
        raise InputError(
            f"{where}: has shape {array.shape}; with more than one column it must be one-hot, "
            f"one 1 and else 0 in each row; row {int(wrong.argmax())} is not"
        )
    return labels.argmax(axis=1).astype(np.int64), array.shape[1]
