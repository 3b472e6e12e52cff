"""`initscope config`: the person's settings as they are in force, as the file that would ask for them."""

import argparse
import json
from collections.abc import Iterator

from initscope.tui.config import MEBIBYTE, THEMES, VARIABLE, Config, config_file, read_config
from initscope.tui.printing import print_lines
from initscope.tui.sheet import takes_unicode


def parser(parser_class: type[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """The parser of what follows `initscope config`: no options but --help."""
    words = f"Your settings and keys, and the file that they stand in.\n{VARIABLE} names another file."
    return parser_class(prog="initscope config", description=words)


def config_command(arguments: argparse.Namespace) -> int:
    """Returns the exit code. Raises InputError for a file that is wrong."""
    print_lines(config_lines(read_config()))
    return 0


def config_lines(config: Config) -> Iterator[str]:
    """A file that means what `config` means, every action with its keys. Raises InputError for wrong keys."""
    from initscope.tui.actions import identity, with_keys
    from initscope.tui.keymap import keymap

    keys = keymap(config.keys, f"{config.file}, [keys]")
    themes = {name: word for word, name in THEMES.items()}
    yield f"# {config.file or f'{config_file()} (there is no such file yet)'}"
    yield _line("theme", themes[config.theme]) if config.theme else f'# theme = "dark"   # one of {", ".join(THEMES)}'
    yield _line("mouse", config.mouse)
    yield "# slow = true      # draw for a slow line" if config.slow is None else _line("slow", config.slow)
    yield ""
    yield "[runs]"
    yield '# folder = "~/runs"' if config.runs_folder is None else _line("folder", str(config.runs_folder))
    limit = None if config.runs_limit is None else config.runs_limit // MEBIBYTE
    yield "# limit = 1024     # MiB" if limit is None else _line("limit", limit)
    yield ""
    yield "[keys]  # without a # those that you chose"
    table = with_keys(keys)
    wide = max(len(identity(action)) for action in table)
    for action in table:
        shown = _toml(action.shown_keys.split(" "))
        sign = "" if identity(action) in keys else "# "
        yield f"{sign}{identity(action):{wide}} = {shown}  # {action.help}"


def _line(key: str, value: str | int | bool) -> str:
    return f"{key} = {_toml(value)}"


def _toml(value: object) -> str:
    """JSON's texts, numbers, truths and lists of them are TOML's."""
    return json.dumps(value, ensure_ascii=not takes_unicode())
