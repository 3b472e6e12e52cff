"""A person's own settings: the file config.toml, read and checked. Imports nothing heavy.

    theme = "light"             # dark, light, ansi-dark, ansi-light; left out: the one last used
    mouse = false
    slow = true                 # draw for a slow line; left out: as the line turns out to be

    [keys]                      # by the names that `initscope config` lists
    step = "."
    page_on = ["pgdn", "]"]

    [runs]
    folder = "~/runs"           # where runs are kept
    limit = 2048                # MiB; the oldest go first
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from initscope.core.errors import InputError
from initscope.core.tomltable import Table, read_toml

VARIABLE = "INITSCOPE_CONFIG"
"""The environment variable that names another file."""
THEMES = {"dark": "textual-dark", "light": "textual-light", "ansi-dark": "ansi-dark", "ansi-light": "ansi-light"}
"""Textual's names of the themes that can be asked for; the ansi ones use the terminal's own 16 colours."""
LONGEST = 1 << 20
"""Bytes of a file that can be one of settings."""
MEBIBYTE = 1 << 20
MOST_MEBIBYTES = 1 << 30


@dataclass(frozen=True)
class Config:
    """What the file says; without a file, and without a key, what the program does by itself."""

    file: Path | None = None
    """None where there is no file."""
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The keys of an action by its id, as the person wrote them; `keymap` checks them."""
    theme: str = ""
    """Textual's name of a theme; empty for the one last used."""
    mouse: bool = True
    slow: bool | None = None
    """Whether to draw for a slow line; None is as the line turns out to be."""
    runs_folder: Path | None = None
    runs_limit: int | None = None
    """Bytes."""


def config_file() -> Path:
    """Where the settings are looked for, whether or not there is such a file."""
    named = os.environ.get(VARIABLE)
    if named:
        from initscope.core.datasets.folders import user_path

        return user_path(named)
    from platformdirs import user_config_path

    return user_config_path("initscope") / "config.toml"


def read_config() -> Config:
    """The person's settings. Raises InputError that names the file, the table and the key."""
    file = config_file()
    try:
        if file.stat().st_size > LONGEST or not (file.is_file() or file.is_dir()):
            raise InputError(f"{file}: cannot be read (it is not a file of settings)")
        content = file.read_bytes()
    except FileNotFoundError:
        if os.environ.get(VARIABLE):
            raise InputError(f"{file}: there is no such file; {VARIABLE} names it") from None
        return Config()
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror})") from None
    return parse_config(content, file)


def parse_config(content: bytes, file: Path) -> Config:
    """The settings in the content of a file. Raises InputError."""
    try:
        found = read_toml(content.decode("utf-8"), str(file))
    except UnicodeDecodeError:
        raise InputError(f"{file}: is not UTF-8 text") from None
    top = Table(str(file), found, ("keys", "theme", "mouse", "slow", "runs"))
    runs = Table(f"{file}, [runs]", top.table("runs"), ("folder", "limit"))
    return Config(
        file=file,
        keys=_keys(f"{file}, [keys]", top.table("keys")),
        theme=THEMES[top.choice("theme", THEMES)] if "theme" in found else "",
        mouse=top.flag("mouse") if "mouse" in found else True,
        slow=top.flag("slow") if "slow" in found else None,
        runs_folder=_folder(runs) if "folder" in runs.content else None,
        runs_limit=runs.whole("limit", 1, MOST_MEBIBYTES) * MEBIBYTE if "limit" in runs.content else None,
    )


def _folder(runs: Table) -> Path:
    """Where one starts the program must not decide where runs are found again: no relative paths."""
    try:
        folder = Path(runs.text("folder")).expanduser()
    except RuntimeError:  # ~somebody who does not exist
        raise runs.wrong("folder", "a folder that exists") from None
    if not folder.is_absolute():
        raise runs.wrong("folder", "a path that begins with / or ~")
    return folder


def _keys(where: str, content: Mapping[str, object]) -> dict[str, tuple[str, ...]]:
    table = Table(where, content, tuple(content))
    found = {}
    for name, value in content.items():
        keys = value if isinstance(value, list) else [value]
        if not keys or not all(isinstance(key, str) and key.strip() for key in keys):
            raise table.wrong(name, 'a key such as "s" or "ctrl+s", or several: ["s", "."]')
        found[name] = tuple(str(key).strip() for key in keys)
    return found
