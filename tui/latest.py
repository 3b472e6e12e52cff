"""A thread for what takes time and is asked for again and again: of what is asked meanwhile, only the last is done."""

import queue
import threading
from abc import ABC, abstractmethod
from typing import Generic, TypeVar

Wanted = TypeVar("Wanted")


class Latest(ABC, Generic[Wanted]):
    """A kind of it has all that its work needs before `super().__init__` begins the thread."""

    def __init__(self, name: str) -> None:
        self.wanted: Wanted | None = None
        """What was asked for last."""
        self.error: BaseException | None = None
        """What ended the thread, if it ended by itself."""
        self._asked: queue.SimpleQueue[Wanted | None] = queue.SimpleQueue()
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def ask(self, wanted: Wanted | None) -> None:
        """Do this next; None ends the thread."""
        self.wanted = wanted
        self._asked.put(wanted)

    def stale(self, wanted: Wanted) -> bool:
        """Whether something else has been asked for since."""
        return wanted != self.wanted

    def _run(self) -> None:
        try:
            self._work()
        except BaseException as error:
            self.error = error

    def _work(self) -> None:
        while (wanted := self._asked.get()) is not None:
            if not self.stale(wanted):
                self._do(wanted)

    @abstractmethod
    def _do(self, wanted: Wanted) -> None:
        """The work, on the thread. What it raises ends the thread and is its `error`."""
