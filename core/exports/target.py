"""Where an export goes: a file or folder that is there whole or not at all, never in the place of something else."""

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import IO

from initscope.core.atomic import PART, replacing
from initscope.core.errors import InputError
from initscope.core.faults import words


def put_file(path: Path, write: Callable[[IO[bytes]], object]) -> Path:
    """Let `write` fill a file that then takes the place of `path`; a link stays a link. Returns `path`.

    Raises InputError where that cannot be done; what was there stays.
    """
    place = _place(path)
    try:
        _check_file(path, place)
        with replacing(place, f".{os.getpid()}") as file:
            write(file)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {words(error)}") from None
    return path


def check_place(path: Path, folder: bool = False) -> None:
    """Raises InputError where `put_file`, or `put_folder`, would for want of a place. Leaves nothing behind."""
    place = _place(path)
    try:
        if folder:
            _check_new(path, place)
        else:
            _check_file(path, place)
        part = place.with_name(f".{place.name}.{os.getpid()}{PART}")
        part.touch()
        part.unlink()
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {words(error)}") from None


def _check_file(path: Path, place: Path) -> None:
    if place.is_dir():
        raise InputError(f"{path}: is a folder; name a file in it")
    if place.exists() and not place.is_file():
        raise InputError(f"{path}: is not a regular file; name another")
    if place.exists() and not os.access(place, os.W_OK):
        raise PermissionError(errno.EACCES, "")


def _check_new(path: Path, place: Path) -> None:
    if place.exists() and not (place.is_dir() and not any(place.iterdir())):
        raise InputError(f"{path}: is there already; name a folder that is not, and nothing is overwritten")


def put_bytes(path: Path, content: bytes) -> Path:
    """`put_file` of these bytes."""
    return put_file(path, lambda file: file.write(content))


def put_text(path: Path, text: str) -> Path:
    """`put_file` of this text in UTF-8; what is no Unicode becomes a question mark."""
    return put_bytes(path, text.encode("utf-8", "replace"))


def put_folder(path: Path, fill: Callable[[Path], None]) -> Path:
    """Let `fill` write into a new folder that then appears as `path`, which must not be there or be empty.

    Raises InputError where that cannot be done.
    """
    place = _place(path)
    part = place.with_name(f".{place.name}.{os.getpid()}{PART}")
    try:
        _check_new(path, place)
        part.mkdir()
        try:
            fill(part)
            os.replace(part, place)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {words(error)}") from None
    return path


def _place(path: Path) -> Path:
    """The file that is meant. Raises InputError where there is no folder for it."""
    try:
        place = Path(os.path.realpath(path))
        there = place.parent.is_dir()
    except ValueError as error:
        raise InputError(f"{str(path)!r}: not a possible file name ({error})") from None
    if not there:
        raise InputError(f"{path}: there is no folder {place.parent}; make it first, or name another")
    return place
