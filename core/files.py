"""Opening files and folders of unknown origin: what cannot be read is refused in one line, nothing is run."""

import gzip
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Protocol

from initscope.core.errors import InputError

MAX_VALUES = 2**29
"""The most numbers one file may bring in: 4 GiB once they are float64."""
MAX_RATIO = 500
"""What is packed may not unpack to more than LARGE bytes and more than this many times its size."""
LARGE = 2**26
DEFLATE_LIMIT = 1032
"""No deflate stream unpacks to more than this many times its size (zlib's technical notes)."""
MAX_NAMES = 200_000
"""The most files and folders of one folder that are looked at."""
GZIP = b"\x1f\x8b"


def size_of_regular(path: Path) -> int:
    """The bytes of a regular file. Raises InputError for anything else, with close names if it is missing."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        raise InputError(_missing(path)) from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:  # a NUL or a lone surrogate in the name
        raise InputError(f"{str(path)!r}: not a possible file name ({error})") from None
    if stat.S_ISDIR(found.st_mode):
        raise InputError(f"{path}: is a directory; name a file in it")
    if not stat.S_ISREG(found.st_mode):
        raise InputError(f"{path}: is not a regular file")
    return found.st_size


def read_text(path: Path, most: int, what: str) -> str:
    """A file of UTF-8 of at most so many bytes; longer ones are not `what` it should be. Raises InputError."""
    if size_of_regular(path) > most:
        raise InputError(f"{path}: more than {most:,} bytes are not {what}")
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text (byte {error.start})") from None


def _missing(path: Path) -> str:
    """What to say of a file that is not there, with the files of its folder that have a close name."""
    folder = path.parent
    try:
        there = sorted(file.name for file in folder.iterdir() if file.suffix == path.suffix)
    except OSError:
        return f"{path}: no such file, and '{folder}' is not a folder that can be read"
    close = get_close_matches(path.name, there, n=3, cutoff=0.6)
    hint = f"; did you mean {' or '.join(str(folder / name) for name in close)}?" if close else ""
    return f"{path}: no such file{hint}"


class Readable(Protocol):
    """A file as far as the readers of data need it."""

    def read(self, size: int = -1, /) -> bytes: ...

    def readline(self, size: int = -1, /) -> bytes: ...

    def tell(self) -> int: ...

    def seek(self, offset: int, whence: int = 0, /) -> int: ...


@contextmanager
def opened(path: Path) -> Iterator[Readable]:
    """A regular file's bytes, unpacked where they are gzip. What fails while they are read is an InputError."""
    size_of_regular(path)
    try:
        with open(path, "rb") as file:
            packed = file.read(2) == GZIP
            file.seek(0)
            if packed:
                with gzip.GzipFile(fileobj=file) as unpacked:
                    yield unpacked
            else:
                yield file
    except InputError:
        raise
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"{path}: a truncated or damaged gzip file ({error}); copy it again") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None


def check_promise(path: Path, promised: int, held: int, packed: bool) -> None:
    """Raises InputError unless a file of `held` bytes can hold `promised` ones, and they are not too many."""
    if promised > MAX_VALUES:
        raise InputError(f"{path}: promises {promised:,} bytes; at most {MAX_VALUES:,} can be loaded")
    if promised > held * (DEFLATE_LIMIT if packed else 1):
        raise InputError(f"{path}: damaged: its header promises {promised:,} bytes, the file has {held:,}")
    if packed and promised > LARGE and promised > MAX_RATIO * held:
        raise InputError(
            f"{path}: would unpack {held:,} bytes to {promised:,}: more than {MAX_RATIO} times as many, "
            "which no data set does"
        )


def listing(folder: Path) -> tuple[list[str], list[str]]:
    """The names of a folder's files and of its subfolders, sorted, hidden ones left out.

    Links count as what they point to; those that point nowhere, or in a circle, count as files.
    Raises InputError where it cannot be read or has more than MAX_NAMES entries.
    """
    files: list[str] = []
    folders: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for number, entry in enumerate(entries):
                if number == MAX_NAMES:
                    raise InputError(f"{folder}: holds more than {MAX_NAMES:,} files; make a smaller folder")
                if not entry.name.startswith("."):
                    (folders if _is_folder(entry) else files).append(entry.name)
    except OSError as error:
        raise InputError(f"{folder}: cannot be read: {error.strerror}") from None
    return sorted(files), sorted(folders)


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a circle of links
        return False
