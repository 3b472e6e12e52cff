"""Which format a file or folder has, and the reader for it."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from initscope.core.catalogue import Parameter, Value, read_parameters, write_value
from initscope.core.datasets import cifar, csvdata, idx, images, npyfile, npzfile
from initscope.core.datasets.contents import Contents
from initscope.core.datasets.dataname import PICTURES, SELECTION, TABLE
from initscope.core.errors import InputError
from initscope.core.files import listing, opened, size_of_regular

KINDS = (
    "an .npz, .npy, .csv, IDX or CIFAR-10 file (binary, or its .tar.gz), or a folder of these or of class folders "
    "with pictures"
)
Values = Mapping[str, Value]


@dataclass(frozen=True)
class Reader:
    """How one format is read, and the parameters it takes besides those of all data."""

    name: str
    read: Callable[[Path, Values], Contents]
    own: tuple[Parameter, ...] = ()


NPZ = Reader("npz", lambda path, _: npzfile.read_data(path))
NPY = Reader("npy", lambda path, _: npyfile.read_folder(path) if path.is_dir() else npyfile.read_beside(path))
IDX = Reader("IDX", lambda path, _: idx.read_folder(path if path.is_dir() else path.parent))
CIFAR = Reader("CIFAR-10", lambda path, _: cifar.read_folder(path if path.is_dir() else path.parent))
CIFAR_ARCHIVE = Reader("CIFAR-10 archive", lambda path, _: cifar.read_archive(path))
CSV = Reader(
    "CSV", lambda path, v: csvdata.read(path, str(v["label"]), str(v["header"]), str(v["drop"])), TABLE
)
IMAGES = Reader("pictures", lambda path, v: images.read_folder(path, int(float(v["size"]))), PICTURES)


def read(path: Path, given: Mapping[str, str]) -> tuple[Contents, dict[str, Value], str]:
    """What is there, all parameters' values, and these as text after the path. Raises InputError."""
    reader = _folder_reader(path) if os.path.isdir(path) else _file_reader(path)
    parameters = (*reader.own, *SELECTION)
    values = read_parameters(str(path), parameters, given)
    contents = reader.read(path, values)
    pairs = [f"{p.name}={write_value(values[p.name])}" for p in parameters if values[p.name] != p.default]
    return contents, values, f":{','.join(pairs)}" if pairs else ""


def _folder_reader(folder: Path) -> Reader:
    files, folders = listing(folder)
    if any(name.removesuffix(".gz") in _IDX_NAMES for name in files):
        return IDX
    if any(cifar.is_batch(name) for name in files) or "data_batch_1" in files:
        return CIFAR
    if npyfile.find(folder):
        return NPY
    if folders:
        return IMAGES
    raise InputError(f"{folder}: is a directory without a data set that can be seen; name {KINDS}")


_IDX_NAMES = frozenset(name for stem in idx.STEMS.values() for name in (stem, stem.replace("-idx", ".idx")))


def _file_reader(path: Path) -> Reader:
    """By the name where it ends in a known way, else by the first bytes."""
    name = path.name.lower()
    for suffixes, reader in (
        ((".npz",), NPZ),
        ((".npy",), NPY),
        ((".csv", ".tsv"), CSV),
        ((".tar.gz", ".tgz", ".tar"), CIFAR_ARCHIVE),
    ):
        if name.endswith(suffixes):
            return reader
    size_of_regular(path)
    if cifar.is_batch(path.name):
        return CIFAR
    start = _start(path)
    if start.startswith(b"PK"):
        return NPZ
    if npyfile.is_npy(start):
        return NPY
    if idx.is_idx(start) or path.name.removesuffix(".gz") in _IDX_NAMES:
        if path.name.removesuffix(".gz") not in _IDX_NAMES:
            names = ", ".join(idx.STEMS.values())
            raise InputError(f"{path}: an IDX file by another name than MNIST's four: {names} (each may end in .gz)")
        return IDX
    if start and b"\0" not in start:
        return CSV
    raise InputError(f"{path}: is {'of no kind that is known' if start else 'empty (0 bytes)'}; name {KINDS}")


def _start(path: Path) -> bytes:
    """The first bytes, unpacked if they are gzip. An archive of unknown content is left to `opened`."""
    with opened(path) as file:
        return file.read(512)
