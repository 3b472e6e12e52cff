"""One BLAS thread, and the fastest kernels this processor has.

Measured: two OpenBLAS threads make small networks 3 to 20 times slower on a busy machine. And OpenBLAS takes
AMD processors with AVX-512 for ones without it, which halves its speed there.
"""

import os
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import Any

_NEEDED = {"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl", "avx2", "fma"}
"""What OpenBLAS compiles its SKYLAKEX kernels with."""


def prepare(environment: dict[str, str] | os._Environ[str] = os.environ, cpu: str | None = None) -> None:
    """Set what OpenBLAS reads when it is loaded. To be called before numpy is imported.

    Whatever the user has set stays. `cpu` is the text of /proc/cpuinfo, read there if not given.
    """
    environment.setdefault("OPENBLAS_NUM_THREADS", "1")
    if "OPENBLAS_CORETYPE" in environment:
        return
    if cpu is None:
        try:
            cpu = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return
    fields = dict(line.partition(":")[::2] for line in reversed(cpu.splitlines()))
    facts = {key.strip(): value.split() for key, value in fields.items()}
    if facts.get("vendor_id") == ["AuthenticAMD"] and set(facts.get("flags", ())) >= _NEEDED:
        environment["OPENBLAS_CORETYPE"] = "SkylakeX"


def one_thread() -> AbstractContextManager[Any]:
    """A context in which BLAS uses one thread, for the whole process."""
    return _controller().limit(limits=1, user_api="blas")  # type: ignore[no-any-return]


@cache
def _controller() -> Any:
    """Finding the loaded libraries takes milliseconds: once is enough."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
