"""One core, one thread each, and contestants timed in turns: what every benchmark here needs.

Imports nothing that loads numpy, so that `one_core` can still decide how BLAS is set up.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from time import perf_counter

from initscope.core import blas

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
XLA = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

Samples = dict[str, list[float]]
"""Seconds of each repeat, by contestant."""


def one_core(keep_kernels: bool = False) -> dict[str, str]:
    """Bind this process and all threads it will start to one core, one thread per library.

    To be called before numpy, PyTorch or JAX are imported, which read all this when they are loaded. What the
    environment says of OpenBLAS's kernels is dropped unless `keep_kernels`: it would hold back numpy alone, as
    the others choose theirs by the processor. Returns the core, and what was kept or dropped.
    """
    given = [key for key in sorted(os.environ) if key.startswith("OPENBLAS_") and key not in THREADS]
    said = " ".join(f"{key}={os.environ[key]}" for key in given) or "nothing"
    if not keep_kernels:
        for key in given:
            del os.environ[key]
    core = 0
    if hasattr(os, "sched_setaffinity"):
        core = max(os.sched_getaffinity(0))  # interrupts and other people's work prefer the first
        os.sched_setaffinity(0, {core})
    for name in THREADS:
        os.environ[name] = "1"
    os.environ["XLA_FLAGS"] = XLA
    os.environ["JAX_PLATFORMS"] = "cpu"
    blas.prepare()
    return {"core": str(core), "kernels kept" if keep_kernels else "kernel settings dropped": said}


def in_turns(contestants: Mapping[str, Callable[[], None]], repeats: int) -> Samples:
    """Time each contestant `repeats` times, in turns, so that a slow spell of the machine hits all alike.

    Each has been called once before, for what happens only the first time.
    """
    samples: Samples = {name: [] for name in contestants}
    for run in contestants.values():
        run()
    names = list(contestants)
    for repeat in range(repeats):
        for name in names if repeat % 2 == 0 else reversed(names):
            begin = perf_counter()
            contestants[name]()
            samples[name].append(perf_counter() - begin)
    return samples


def ratio(slow: list[float], fast: list[float]) -> float:
    """How many times as long `slow` took: the median over repeats, each against its neighbour in time."""
    return median(a / b for a, b in zip(slow, fast, strict=True))


def machine() -> dict[str, str]:
    """What the numbers are measured on. To be called after `one_core`; imports numpy."""
    import numpy
    from threadpoolctl import threadpool_info

    found = [pool for pool in threadpool_info() if "numpy" in pool["filepath"]] or threadpool_info()
    pool = found[0] if found else {}
    kernels = str(pool.get("architecture", "unknown"))
    return {
        "cpu": _cpu_model(),
        "load": " ".join(f"{load:.1f}" for load in os.getloadavg()),
        "numpy": numpy.__version__,
        "blas": f"{pool.get('internal_api', 'unknown')} {pool.get('version', '')}, kernels {kernels}",
    }


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    pairs = [line.partition(":")[::2] for line in reversed(lines)]  # reversed: the first processor wins
    facts = {key.strip(): value.strip() for key, value in pairs}
    return f"{facts.get('model name', 'unknown')} (family {facts.get('cpu family', '?')})"
