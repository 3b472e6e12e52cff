"""CIFAR-10, binary version: A. Krizhevsky, https://www.cs.toronto.edu/~kriz/cifar.html. Never its pickles."""

import io
import re
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from initscope.core.datasets.contents import Array, Contents, Part, two_parts
from initscope.core.errors import InputError
from initscope.core.files import MAX_VALUES, Readable, listing, opened, size_of_regular

RECORD = 1 + 3 * 32 * 32
"""A label, then the planes of red, green and blue."""
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
BATCH = re.compile(r"(?:data_batch_[1-9]|test_batch)\.bin")
PICKLES = "is CIFAR's Python version, which is pickled and never loaded; take the binary version"
MAX_ARCHIVE = 2**28
"""The most bytes that an archive may unpack to; CIFAR-10 has 184 million."""
NEEDED = "data_batch_1.bin to data_batch_5.bin and test_batch.bin"


def is_batch(name: str) -> bool:
    """Whether a file's name is one of the binary version."""
    return BATCH.fullmatch(name) is not None


def read_folder(folder: Path) -> Contents:
    """The batches that lie in a folder. Raises InputError."""
    names = listing(folder)[0]
    if "data_batch_1" in names:
        raise InputError(f"{folder}: {PICKLES}")
    return _contents(folder, ((name, _content(folder / name)) for name in names if is_batch(name)))


def _content(path: Path) -> bytes:
    _check_size(str(path), size_of_regular(path))
    with opened(path) as file:
        return file.read(MAX_VALUES)


def read_archive(path: Path) -> Contents:
    """The batches of cifar-10-binary.tar.gz, of which nothing is written to the disk. Raises InputError."""
    with opened(path) as file:
        try:
            with tarfile.open(fileobj=_Metered(path, file), mode="r|", bufsize=2**18) as archive:
                return _contents(path, _members(path, archive))
        except (tarfile.TarError, ValueError, OverflowError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(f"{path}: a truncated or damaged tar file ({error}); copy it again") from None


def _members(path: Path, archive: tarfile.TarFile) -> Iterator[tuple[str, bytes]]:
    for member in archive:
        name = member.name.rpartition("/")[2]
        if name == "data_batch_1":
            raise InputError(f"{path}: {PICKLES}")
        if member.isreg() and is_batch(name):
            _check_size(f"{path}: {name}", member.size)
            file = archive.extractfile(member)
            assert file is not None  # as a regular file has one
            content = file.read(member.size)
            if len(content) < member.size:
                raise InputError(f"{path}: {name} is truncated; copy it again")
            yield name, content


def _check_size(where: str, size: int) -> None:
    if size == 0 or size % RECORD:
        raise InputError(f"{where}: has {size:,} bytes, not a multiple of {RECORD:,}: a label and 32 x 32 x 3 bytes")
    if size > MAX_VALUES:
        raise InputError(f"{where}: has {size:,} bytes; at most {MAX_VALUES:,} can be loaded")


def _contents(path: Path, batches: Iterable[tuple[str, bytes]]) -> Contents:
    content = {}
    for name, raw in batches:
        if name in content:
            raise InputError(f"{path}: holds {name} twice")
        content[name] = raw
        if sum(map(len, content.values())) > MAX_VALUES:
            raise InputError(f"{path}: holds more than the {MAX_VALUES:,} bytes that can be loaded")
    train = [content[name] for name in sorted(content) if name.startswith("data")]
    if not train:
        raise InputError(f"{path}: holds no batch of CIFAR-10's binary version: {NEEDED}")
    x, y = _records(path, b"".join(train))
    if "test_batch.bin" not in content:
        return Contents(path, path.name, (Part(x, y),), CLASSES)
    test = _records(path, content["test_batch.bin"])
    return Contents(path, path.name, two_parts((x, y), test), CLASSES, split="split as in the files")


def _records(path: Path, raw: bytes) -> tuple[Array, Array]:
    """Images (n, 32, 32, 3) and labels (n,)."""
    records = np.frombuffer(raw, np.uint8).reshape(-1, RECORD)
    labels = records[:, 0]
    if labels.max() >= len(CLASSES):
        first = int((labels >= len(CLASSES)).argmax())
        raise InputError(f"{path}: label {labels[first]} (record {first}) is out of range: CIFAR-10 has 0 to 9")
    return records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1), labels


class _Metered(io.RawIOBase):
    """Bytes of a file, of which not more are unpacked than a data set can have."""

    def __init__(self, path: Path, file: Readable) -> None:
        self.path, self.file, self.left = path, file, MAX_ARCHIVE

    def read(self, size: int = -1) -> bytes:
        chunk = self.file.read(2**18 if size < 0 else size)
        self.left -= len(chunk)
        if self.left < 0:
            raise InputError(f"{self.path}: unpacks to more than {MAX_ARCHIVE:,} bytes, which CIFAR-10 does not")
        return chunk
