"""Writes the JSON document of a run: whole or not at all, and known to be writable before training."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from initscope.core.data import Dataset
from initscope.core.errors import InputError
from initscope.core.report import report
from initscope.core.snapshot import Snapshot


class JsonFile:
    """`target` is a path, `-` for standard output, or None for no document.

    A regular file is written beside its place and then renamed, so that what was there stays whole until the
    new document is. Raises InputError on entering where that cannot be done.
    """

    def __init__(self, target: str | None) -> None:
        self.target = target
        self._part: IO[str] | None = None

    def __enter__(self) -> Self:
        if self.target in (None, "-"):
            return self
        path = Path(str(self.target))
        try:
            if path.is_dir():
                raise InputError(f"--json {path}: is a folder, name a file in it such as {path / 'run.json'}")
            if path.exists() and not path.is_file():  # a device or a pipe
                self._part = open(path, "w", encoding="utf-8")
            else:
                if path.exists() and not os.access(path, os.W_OK):
                    raise PermissionError(13, "is not writable")
                part = path.with_name(f".{path.name}.{os.getpid()}.part")
                self._part = open(part, "w", encoding="utf-8")
        except OSError as error:
            raise InputError(f"--json {path}: cannot be written ({error.strerror}); name another file") from None
        return self

    def write(self, snapshot: Snapshot, datasets: Mapping[str, Dataset]) -> None:
        if self.target is None:
            return
        text = json.dumps(report(snapshot, datasets), allow_nan=False, ensure_ascii=False) + "\n"
        if self._part is None:
            sys.stdout.write(text)
            sys.stdout.flush()
            return
        path = Path(self.target)
        try:
            with self._part as part:
                part.write(text)
                part.flush()
                if part.name != str(path):
                    os.fsync(part.fileno())
            if part.name != str(path):
                os.replace(part.name, path)
        except OSError as error:
            raise InputError(f"--json {path}: writing failed ({error.strerror})") from None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        part = self._part
        if part is not None:
            part.close()
            if part.name != self.target:
                Path(part.name).unlink(missing_ok=True)
