"""One BLAS thread: two make small networks 3 to 20 times slower on a busy machine (measured)."""

import os
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import Any


def prepare(environment: MutableMapping[str, str] = os.environ) -> None:
    """Keep OpenBLAS from starting threads at all; to be called before numpy is imported.

    What the user has set stays.
    """
    environment.setdefault("OPENBLAS_NUM_THREADS", "1")


@contextmanager
def one_thread() -> Iterator[None]:
    """A context in which BLAS uses one thread, for the whole process.

    Threads that train and judge enter it as they please: the number of before comes back when the last has left.
    """
    _users.enter()
    try:
        yield
    finally:
        _users.leave()


class _Users:
    """How many are in the context, in whatever threads. The last lifts the limit that the first found."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._count = 0
        self._limit: Any = None

    def enter(self) -> None:
        with self._lock:
            limit = _controller().limit(limits=1, user_api="blas")  # always: with OpenMP each thread has its own
            _let_go()
            if not self._count:
                self._limit = limit
            self._count += 1

    def leave(self) -> None:
        with self._lock:
            self._count -= 1
            if not self._count:
                self._limit.restore_original_limits()
                _let_go()


def _let_go() -> None:
    """Let any thread set the next limit: threadpoolctl from 3.8 on heeds only the one that has set the last."""
    for library in _controller().lib_controllers:
        if hasattr(library, "clear_controlling_thread"):
            library.clear_controlling_thread()


_users = _Users()


@cache
def _controller() -> Any:
    """Finding the loaded libraries takes milliseconds: once is enough."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
