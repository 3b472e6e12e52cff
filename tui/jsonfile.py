"""Writes a JSON document: whole or not at all, and known to be writable before the work it is of."""

import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from initscope.core.errors import InputError


class JsonFile:
    """`target` is a path, `-` for standard output, or None for no document.

    A regular file is written beside its place and then renamed, so that what was there stays whole until the
    new document is. Raises InputError on entering where that cannot be done.
    """

    def __init__(self, target: str | None) -> None:
        self.target = target
        self._path: Path | None = None
        self._device: IO[str] | None = None

    def __enter__(self) -> Self:
        if self.target in (None, "-"):
            return self
        try:
            # A link stays a link: the file that it points to is the one to replace.
            self._path = path = Path(os.path.realpath(str(self.target)))
            if path.is_dir():
                raise InputError(
                    f"--json {self.target}: is a folder, name a file in it such as {path / 'run.json'}"
                )
            if path.exists() and not path.is_file():  # a device or a pipe
                self._device = open(path, "w", encoding="ascii")
            else:
                self._try_to_write(path)
        except (OSError, ValueError) as error:
            if isinstance(error, InputError):
                raise
            reason = error.strerror if isinstance(error, OSError) else error
            raise InputError(f"--json {self.target}: cannot be written ({reason}); name another file") from None
        return self

    @staticmethod
    def _try_to_write(path: Path) -> None:
        """Leaves nothing behind, so that a run killed while it trains does not either."""
        if path.exists() and not os.access(path, os.W_OK):
            raise PermissionError(13, "is not writable")
        part = _beside(path)
        part.touch()
        part.unlink()

    def write(self, content: Mapping[str, Any]) -> None:
        """Strict JSON: numbers must be finite. Raises InputError when the disk is full and the like."""
        if self.target is None:
            return
        # In ASCII, because not every standard output and not every file name is UTF-8.
        text = json.dumps(content, allow_nan=False) + "\n"
        if self._path is None:
            sys.stdout.write(text)
            sys.stdout.flush()
            return
        try:
            if self._device is not None:
                self._device.write(text)
                self._device.flush()
            else:
                _replace(self._path, text)
        except OSError as error:
            raise InputError(f"--json {self.target}: writing failed ({error.strerror})") from None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._device is not None:
            with suppress(OSError):  # `write` has complained about what it still held
                self._device.close()


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.part")


def _replace(path: Path, text: str) -> None:
    """Put `text` in the place of the file, whole or not at all."""
    part = _beside(path)
    try:
        with open(part, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
