"""Where a user's data lie: the data folders, and what goes by its name in them."""

import os
from collections.abc import Iterable
from pathlib import Path

from platformdirs import user_data_dir

from initscope.core.errors import InputError

SUFFIXES = (".npz", ".csv", "")
"""NAME.npz before NAME.csv before a folder NAME."""


def user_path(text: str) -> Path:
    """The path that was typed, `~` resolved. Raises InputError for what no file can be called, and nobody's home."""
    if "\0" in text:
        raise InputError(f"{text!r}: a file name cannot contain a NUL character")
    try:
        path = Path(os.path.expanduser(text))
        nobody = text.startswith("~") and os.sep in text and str(path).startswith("~") and not os.path.lexists(path)
    except ValueError as error:  # a lone surrogate in the name of a user
        raise InputError(f"{text!r}: not a possible file name ({error})") from None
    if nobody:
        raise InputError(f"{text}: there is no user {text[1:].partition(os.sep)[0]}; write the folder in full")
    return path


def data_folders() -> tuple[Path, ...]:
    """Where data are looked for: INITSCOPE_DATA_DIR if set, then the user's data folder."""
    given = os.environ.get("INITSCOPE_DATA_DIR")
    return (*([Path(os.path.expanduser(given))] if given else []), Path(user_data_dir("initscope")))


def names_in_folders(known: Iterable[str] = ()) -> tuple[str, ...]:
    """The names, beyond those `known`, of the files and folders that `in_folders` finds."""
    found: set[str] = set()
    for folder in data_folders():
        if os.access(folder, os.R_OK) and folder.is_dir():
            for entry in folder.iterdir():
                if not entry.name.startswith(".") and (entry.suffix in SUFFIXES[:2] or os.path.isdir(entry)):
                    found.add(entry.name.removesuffix(".npz").removesuffix(".csv"))
    return tuple(sorted(found - set(known)))


def in_folders(name: str) -> Path | None:
    """The first data folder's NAME.npz, NAME.csv or folder NAME. What cannot be looked at counts as missing."""
    if not name or "\0" in name:
        return None
    for folder in data_folders():
        for suffix in SUFFIXES:
            path = folder / f"{name}{suffix}"
            if os.path.exists(path) if suffix else os.path.isdir(path):
                return path
    return None
