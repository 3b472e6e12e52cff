"""The numeric core of initscope: initializers, networks, training, probes. numpy only, no screen.

`from initscope.core import watch` diagnoses a network that a program of one's own trains.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from initscope.core.watching import Watched as Watched
    from initscope.core.watching import watch as watch

__version__ = "0.1.0"

_WATCHING = ("watch", "Watched")


def __getattr__(name: str) -> object:
    """What needs numpy is imported when it is asked for: the command line must start without it."""
    if name in _WATCHING:
        from initscope.core import watching

        return getattr(watching, name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
