"""One BLAS thread: two make small networks 3 to 20 times slower on a busy machine (measured)."""

import os
from collections.abc import MutableMapping
from contextlib import AbstractContextManager
from functools import cache
from typing import Any


def prepare(environment: MutableMapping[str, str] = os.environ) -> None:
    """Keep OpenBLAS from starting threads at all; to be called before numpy is imported.

    What the user has set stays.
    """
    environment.setdefault("OPENBLAS_NUM_THREADS", "1")


def one_thread() -> AbstractContextManager[Any]:
    """A context in which BLAS uses one thread, for the whole process."""
    return _controller().limit(limits=1, user_api="blas")  # type: ignore[no-any-return]


@cache
def _controller() -> Any:
    """Finding the loaded libraries takes milliseconds: once is enough."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
