"""Files that are there whole or not at all, whatever is killed or pulled out while they are written."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

PART = ".part"
"""How the name of a file ends that is still being written."""
NO_SUCH_SERVICE = (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EACCES)
"""Errors of file systems that cannot bring a folder to the disk by itself, and of folders that may not be listed."""


@contextmanager
def replacing(path: Path, writer: str = "") -> Iterator[IO[bytes]]:
    """A file to write to; once all of it is on the disk it takes the place of `path`. Raises OSError.

    Two that may write the same file at once must differ in `writer`.
    """
    part = path.with_name(f".{path.name}{writer}{PART}")
    try:
        with open(part, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        with suppress(OSError):  # on a full disk the piece would only be in the way
            part.unlink()
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk: a power cut after this does not undo them. Raises OSError.

    Where the file system has no such service (some of a network, of USB sticks, of virtual machines) nothing is done.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in NO_SUCH_SERVICE:
            raise


def remove_parts(folder: Path) -> None:
    """Delete what a killed process left half written. Raises OSError."""
    for path in folder.glob(f".*{PART}"):
        path.unlink(missing_ok=True)
