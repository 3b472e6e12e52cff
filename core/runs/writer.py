"""One thread that writes while another trains: one piece of work at a time, none of it queued."""

import threading
from collections.abc import Callable
from queue import SimpleQueue

Work = Callable[[], None]


class Writer:
    """Work must not raise. The thread is begun with the first work and does not keep the process alive."""

    def __init__(self) -> None:
        self._work: SimpleQueue[Work | None] = SimpleQueue()
        self._idle = threading.Event()
        self._idle.set()
        self._thread: threading.Thread | None = None

    @property
    def idle(self) -> bool:
        return self._idle.is_set()

    def offer(self, work: Work) -> bool:
        """Have this done next, if nothing else is being done; returns whether it will be."""
        if not self.idle:
            return False
        self._idle.clear()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="initscope-writer", daemon=True)
            self._thread.start()
        self._work.put(work)
        return True

    def wait(self, seconds: float) -> bool:
        """Until all is done, or so long; returns whether all is."""
        return self._idle.wait(seconds)

    def close(self) -> None:
        """End the thread when it is done with what it does."""
        self._work.put(None)

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            try:
                work()
            finally:
                self._idle.set()
