"""What the program remembers from one time to the next: the theme and the last set-up. Imports nothing heavy.

A JSON file in the user's state folder. It is a convenience: where it cannot be read or written, or holds nonsense,
nothing is remembered, and nothing else happens.
"""

import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from initscope.core.datasets.dataname import split_path

if TYPE_CHECKING:
    from initscope.core.comparison import Comparison

THEME, LAST = "theme", "last"
LONGEST = 1 << 20
"""Bytes; a longer file is not ours."""


class Memory:
    """`file` None remembers nothing."""

    def __init__(self, file: Path | None) -> None:
        self._file = file

    @property
    def theme(self) -> str:
        """Textual's name of the theme; empty if none is remembered."""
        theme = self._read().get(THEME)
        return theme if isinstance(theme, str) else ""

    @theme.setter
    def theme(self, name: str) -> None:
        self._write({THEME: name})

    @property
    def last(self) -> "Comparison | None":
        """The last set-up; None if none is remembered."""
        from initscope.core.comparison import Comparison

        last = self._read().get(LAST)
        if not isinstance(last, dict):
            return None
        options, lanes = last.get("options"), last.get("lanes")
        if not isinstance(lanes, list) or not lanes or not all(_words(part) for part in (options, *lanes)):
            return None
        return Comparison(dict(options or {}), tuple(lanes))

    @last.setter
    def last(self, comparison: "Comparison") -> None:
        lanes = [absolute(lane) for lane in comparison.lanes]
        self._write({LAST: {"options": absolute(comparison.options), "lanes": lanes}})

    def _read(self) -> dict[str, Any]:
        if self._file is None:
            return {}
        try:
            with self._file.open(encoding="utf-8") as file:
                found = json.loads(file.read(LONGEST))
        except (OSError, ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    def _write(self, changes: Mapping[str, object]) -> None:
        """Whoever reads meanwhile finds the old content or the new."""
        if self._file is None:
            return
        text = json.dumps({**self._read(), **changes}, indent=1)
        with suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._file.parent, prefix=self._file.name, suffix=".part")
            try:
                with open(handle, "w", encoding="utf-8") as file:
                    file.write(text)
                os.replace(name, self._file)
            except OSError:
                os.unlink(name)


def memory() -> Memory:
    """The user's own."""
    from platformdirs import user_state_path

    return Memory(user_state_path("initscope") / "state.json")


def absolute(options: Mapping[str, str]) -> dict[str, str]:
    """The same options, with data that are files named so that they are found from any folder."""
    from initscope.core.datasets.data import NAMES
    from initscope.core.datasets.folders import in_folders

    text = options.get("data", "").strip()
    path = split_path(text)[0]
    if not path or path.partition(":")[0].strip().lower() in NAMES or not text.startswith(path):
        return dict(options)
    parts = [part.strip() for part in path.split(",")] if path.endswith(".npy") else [path]
    if not all(os.path.lexists(os.path.expanduser(part)) for part in parts):
        return dict(options)
    if "/" not in path and in_folders(path) is not None:
        return dict(options)
    found = ",".join(str(Path(part).expanduser().absolute()) for part in parts)
    return {**options, "data": found + text[len(path) :]}


def _words(found: object) -> bool:
    """Whether this is text by text."""
    return isinstance(found, dict) and all(isinstance(word, str) for pair in found.items() for word in pair)
