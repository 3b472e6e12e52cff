"""Known data sets from their mirrors into a data folder, every file compared with the sum that is published for it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from initscope.core.datasets import datafiles
from initscope.core.datasets.contents import Contents
from initscope.core.datasets.download import Progress, download
from initscope.core.datasets.published import PUBLISHED, Published, RemoteFile, by_hand
from initscope.core.errors import InputError, unknown
from initscope.core.files import MAX_VALUES, opened

SPARE = 2
"""A download may be so many times the size that is known of it."""


@dataclass(frozen=True)
class Fetched:
    """What is there now."""

    folder: Path
    sources: tuple[str, ...]
    """Where each file came from; empty for one that was there."""
    summary: str
    """What the files hold."""


def published(name: str) -> Published:
    """The data set of that name. Raises InputError."""
    known = PUBLISHED.get(name.strip().lower())
    if known is None:
        raise unknown("data set to fetch", name, PUBLISHED)
    return known


def fetch(known: Published, folder: Path, progress: Progress, mirrors: Sequence[str] = ()) -> Fetched:
    """The data set's files in `folder`/NAME; those that are there already and right are left alone.

    `mirrors` take the place of the known ones. Raises InputError, with how to place the files by hand.
    """
    for mirror in mirrors:
        try:
            proper = mirror.startswith(("http://", "https://")) and bool(urlsplit(mirror).hostname)
        except ValueError:
            proper = False
        if not (proper and mirror.isascii() and mirror.isprintable() and " " not in mirror):
            raise InputError(f"mirror {mirror}: must begin with https:// or http:// and be an address")
    place = folder / known.name
    sources = []
    for file in known.files:
        urls = [f"{mirror.rstrip('/')}/{file.name}" for mirror in mirrors or known.mirrors]
        sources.append(_one(known, file, place, urls, progress, folder))
    contents = datafiles.read(place if len(known.files) > 1 else place / known.files[0].name, {})[0]
    return Fetched(place, tuple(sources), check_contents(known, contents))


def _one(
    known: Published, file: RemoteFile, place: Path, urls: Sequence[str], progress: Progress, folder: Path
) -> str:
    target = place / file.name
    if target.exists():
        try:
            check_sum(file, target)
        except InputError as error:
            raise InputError(f"{error}; move it away, then fetch again") from None
        return ""
    try:
        return download(urls, target, lambda path: check_sum(file, path), SPARE * known.total, progress)
    except InputError as error:
        raise InputError(f"{error}; the same command goes on where it stopped. {by_hand(known, folder)}") from None


def check_sum(file: RemoteFile, path: Path) -> None:
    """Raises InputError unless `path` has the right sha256. Reads in pieces; a bomb is not unpacked to its end."""
    digest, size = hashlib.sha256(), 0
    if file.unpacked:
        with opened(path) as content:
            while chunk := content.read(2**18):
                digest.update(chunk)
                size += len(chunk)
                if size > MAX_VALUES:
                    break
    else:
        with open(path, "rb") as raw:
            while chunk := raw.read(2**18):
                digest.update(chunk)
    if digest.hexdigest() != file.sha256:
        what = "its content has" if file.unpacked else "has"
        raise InputError(f"{path}: {what} sha256 {digest.hexdigest()}, not {file.sha256}")


def check_contents(known: Published, contents: Contents) -> str:
    """The shapes and label counts in words. Raises InputError unless they are those of the data set."""
    shapes = [part.x.shape for part in contents.parts]
    counts = [np.bincount(part.y.ravel().astype(np.int64), minlength=10) for part in contents.parts]
    expected = [known.shape, (known.test_examples, *known.shape[1:])]
    if shapes != expected or any(len(count) != 10 or count.min() == 0 for count in counts):
        raise InputError(f"{contents.path}: holds {shapes}, not the {expected} of {known.name}")
    spread = [f"{count.min():,} to {count.max():,}" if np.ptp(count) else f"{count[0]:,}" for count in counts]
    size = "x".join(map(str, known.shape[1:]))
    return (
        f"{shapes[0][0]:,} for training and {shapes[1][0]:,} for testing of {size}, "
        f"10 classes of {spread[0]} and {spread[1]} each"
    )
