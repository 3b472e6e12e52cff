"""Keep actions of the lab to lanes that can be changed from here; of others it is said why not."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

P = ParamSpec("P")
Doing = Callable[Concatenate[Any, P], None]


def local(doing: Doing[P]) -> Doing[P]:
    """Only where the lanes train in this process."""

    @wraps(doing)
    def guarded(self: Any, /, *arguments: P.args, **named: P.kwargs) -> None:
        if self.session.away:
            pause, stop = self._key("run"), self._key("stop")
            words = f"{pause} pauses them, {stop} ends them, no more from here."
            self.notify(f"These lanes train in another process: {words}")
        else:
            doing(self, *arguments, **named)

    return guarded


def own(doing: Doing[P]) -> Doing[P]:
    """Only where the selected lane is the lab's own, not a guest."""

    @wraps(doing)
    def guarded(self: Any, /, *arguments: P.args, **named: P.kwargs) -> None:
        if self.guest:
            self.refuse_guest()
        else:
            doing(self, *arguments, **named)

    return guarded
