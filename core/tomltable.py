"""TOML that people write: its tables, values checked as they are taken; errors name the file, the table and the key."""

from collections.abc import Collection, Mapping
from typing import Any

from initscope.core.errors import InputError, unknown


def read_toml(text: str, where: str) -> dict[str, Any]:
    """What the text holds. Raises InputError; `where` names the file."""
    import tomllib  # who has no file of settings does not wait for it

    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise InputError(f"{where}: not TOML: {reason}") from None


class Table:
    """`where` names the file and the table. Raises InputError for keys that are not `known`."""

    def __init__(self, where: str, content: Mapping[str, Any], known: Collection[str]) -> None:
        self.where, self.content = where, content
        for key in content:
            if key not in known:
                raise InputError(f"{where}: {unknown('key', key, known)}")

    def wrong(self, key: str, right: str) -> InputError:
        """The error for a value that is not what it must be."""
        value = self.content[key]
        shown = "nothing" if value in ("", [], {}) else repr(value)
        return InputError(f"{self.where}: {key} must be {right}, not {shown[:60]}")

    def text(self, key: str, default: str | None = None) -> str:
        """Required where there is no default."""
        if key not in self.content:
            if default is None:
                raise InputError(f"{self.where}: {key} is missing")
            return default
        value = self.content[key]
        if not isinstance(value, str) or (default is None and not value.strip()):
            raise self.wrong(key, "a text")
        return value.strip()

    def choice(self, key: str, choices: Collection[str], default: str | None = None) -> str:
        value = self.text(key, default)
        if value not in choices:
            raise InputError(f"{self.where}: {unknown(key, value, choices)}")
        return value

    def number(self, key: str, default: float | None = None, least: float | None = None) -> float | None:
        """May be infinite."""
        value = self.content.get(key, default)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
            raise self.wrong(key, "a number")
        if least is not None and value < least:
            raise self.wrong(key, f"at least {least:g}")
        return float(value)

    def whole(self, key: str, least: int, most: int, default: int | None = None) -> int:
        value = self.content.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self.wrong(key, f"a whole number from {least} to {most:,}")
        return value

    def flag(self, key: str) -> bool:
        value = self.content.get(key, False)
        if not isinstance(value, bool):
            raise self.wrong(key, "true or false")
        return value

    def option(self, key: str) -> str:
        """An option of a run as text: 0.1 and "0.1" are the same."""
        value = self.content[key]
        if isinstance(value, bool) or not isinstance(value, str | int | float) or not str(value).strip():
            raise self.wrong(key, "a text or a number")
        return value.strip() if isinstance(value, str) else repr(value).removesuffix(".0")

    def table(self, key: str) -> Mapping[str, Any]:
        value = self.content.get(key, {})
        if not isinstance(value, dict):
            raise self.wrong(key, f"a table, [{key}]")
        return value

    def tables(self, key: str) -> list[Mapping[str, Any]]:
        value = self.content.get(key, [])
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise self.wrong(key, f"tables, each [[{key}]]")
        return value
