"""What a viewer asks of a run that trains without a terminal: the latest request wins."""

import os
from pathlib import Path
from secrets import token_hex

from initscope.core import faults
from initscope.core.errors import InputError
from initscope.core.runs import document

FILE = "control.json"
REQUESTS = ("pause", "resume", "stop")


def ask(folder: Path, request: str) -> None:
    """Leave a request for the run of this folder. Raises InputError."""
    if request not in REQUESTS:
        raise ValueError(f"no request: {request}")
    token = token_hex(8)
    try:
        document.write(folder / FILE, {"request": request, "token": token}, f".{token}")
    except OSError as error:
        raise InputError(f"{folder}: {request} cannot be asked: {faults.words(error)}") from None


class Requests:
    """The running side: what was asked since the last look. A look without news costs one stat."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._seen: tuple[int, int] | None = None
        self._token = ""

    def next(self) -> str | None:
        """The newest request, once. What cannot be read is no request."""
        try:
            found = os.stat(self._path)
            mark = found.st_ino, found.st_mtime_ns
            if mark == self._seen:
                return None
            fields = document.read(self._path)
            request, token = fields.take("request", str), fields.take("token", str)
        except (OSError, InputError):
            return None
        self._seen = mark
        if token == self._token or request not in REQUESTS:
            return None
        self._token = token
        return request
