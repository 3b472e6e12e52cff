"""Where runs lie, and what they are called."""

import os
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from initscope.core.datasets.folders import user_path

VARIABLE = "INITSCOPE_RUNS"
RUNS = "runs"
ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{2}")
_STAMP = "%Y%m%d-%H%M%S"


def runs_folder(given: str | None = None) -> Path:
    """`given` (of --runs), else INITSCOPE_RUNS, else `runs` in the user's state folder. Raises InputError."""
    text = given or os.environ.get(VARIABLE)
    if text:
        return Path(os.path.abspath(user_path(text)))
    from platformdirs import user_state_path

    return user_state_path("initscope") / RUNS


def is_id(name: str) -> bool:
    return ID.fullmatch(name) is not None


def new_id(now: datetime, there: Iterable[str], tail: int) -> str:
    """An id that sorts behind all those `there`: `20261122-051233-a7`, the time in UTC and a number below 256.

    Where the clock was set back, or within one second, the time in it is the next one after the newest id's.
    """
    newest = max(there, default="")
    stamp = now.astimezone(UTC).strftime(_STAMP)
    if stamp <= newest[: len(stamp)]:
        try:
            later = datetime.strptime(newest[: len(stamp)], _STAMP) + timedelta(seconds=1)
            stamp = later.strftime(_STAMP)
        except (ValueError, OverflowError):  # no time at all, or the end of all years
            pass
    return f"{stamp}-{tail % 256:02x}"


def matching(text: str, ids: Iterable[str]) -> list[str]:
    """The ids that begin with `text`, or whose time or last two letters do: `a7`, `0512`, `20261122-05`."""
    exact = [one for one in ids if one == text]
    return exact or [one for one in ids if any(part.startswith(text) for part in (one, one[9:], one[16:]))]
