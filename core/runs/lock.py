"""A file locked by a living process: the lock ends with the process, however that ends."""

import fcntl
import os
from pathlib import Path
from time import monotonic, sleep

PAUSE = 0.02
"""Seconds between two tries."""


class Lock:
    """A lock that is held until `release`, or until the process and those forked from it are gone."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def take(cls, path: Path, patience: float) -> "Lock | None":
        """The lock, or None where another has held it for so many seconds. Makes the file. Raises OSError.

        Whoever asks `held` has the lock for a moment, so patience of 0 would be too little.
        """
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        deadline = monotonic() + patience
        try:
            while not _try(descriptor, fcntl.LOCK_EX):
                if monotonic() >= deadline:
                    os.close(descriptor)
                    return None
                sleep(PAUSE)
        except OSError:
            os.close(descriptor)
            raise
        return cls(descriptor)

    def release(self) -> None:
        """May be called again."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def held(path: Path) -> bool:
    """Whether some process holds it; one that cannot be looked at counts as held."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    try:
        return not _try(descriptor, fcntl.LOCK_SH)
    except OSError:
        return True
    finally:
        os.close(descriptor)


def _try(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
