"""BLAS settings from fake machines, and that one thread means one thread."""

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from initscope.core.blas import one_thread, prepare

NEEDED = "avx512f avx512cd avx512bw avx512dq avx512vl avx2 fma"


def cpu(vendor: str, flags: str, second: str = "") -> str:
    """Two processors as /proc/cpuinfo lists them; the second may have other flags."""
    def one(number: int, these: str) -> str:
        names = f"processor\t: {number}\nvendor_id\t: {vendor}\nmodel name\t: X: Y\n"
        return f"{names}flags\t\t: fpu {these}\nbugs\t:\n\n"

    return one(0, flags) + one(1, second or flags)


AMD, INTEL = "AuthenticAMD", "GenuineIntel"
ARM = "processor\t: 0\nBogoMIPS\t: 48.00\nFeatures\t: fp asimd\nCPU implementer\t: 0x61\n"


@pytest.mark.parametrize(("text", "kernel"), [
    (cpu(AMD, NEEDED), "SkylakeX"),
    (cpu(AMD, "sse4_2 " + NEEDED + " avx512_vnni"), "SkylakeX"),
    (cpu(AMD, NEEDED.replace("avx512vl ", "")), None),
    (cpu(AMD, NEEDED.replace("avx512f ", "avx512fp16 ")), None),
    (cpu(AMD, "avx2 fma"), None),
    (cpu(AMD, "avx2 fma", NEEDED), None),
    (cpu(INTEL, NEEDED), None),
    (cpu("HygonGenuine", NEEDED), None),
    (f"flags : {NEEDED}\n", None),
    (f"vendor_id : {AMD}\n", None),
    (ARM, None),
    ("", None),
    ("no colon\n\n:\n::\n", None),
])
def test_kernel_by_processor(text: str, kernel: str | None) -> None:
    environment: dict[str, str] = {}
    prepare(environment, text)
    assert environment.pop("OPENBLAS_NUM_THREADS") == "1"
    assert environment == ({"OPENBLAS_CORETYPE": kernel} if kernel else {})


@pytest.mark.parametrize("given", [
    {"OPENBLAS_NUM_THREADS": "4"},
    {"OPENBLAS_CORETYPE": "Haswell"},
    {"OPENBLAS_NUM_THREADS": "2", "OPENBLAS_CORETYPE": "Zen", "OTHER": "x"},
])
def test_what_the_user_set_stays(given: dict[str, str]) -> None:
    environment = dict(given)
    prepare(environment, cpu(AMD, NEEDED))
    assert environment == {"OPENBLAS_NUM_THREADS": "1", "OPENBLAS_CORETYPE": "SkylakeX"} | given


def test_without_a_text_this_machine_is_read() -> None:
    environment: dict[str, str] = {}
    prepare(environment)
    assert environment["OPENBLAS_NUM_THREADS"] == "1"
    assert environment.get("OPENBLAS_CORETYPE") in (None, "SkylakeX")


def threads() -> list[int]:
    return [found["num_threads"] for found in threadpool_info() if found["user_api"] == "blas"]


def test_one_thread_limits_and_gives_back() -> None:
    assert np.ones((2, 2)) @ np.ones((2, 2)) is not None
    before = threads()
    if not before:
        pytest.skip("this numpy's BLAS cannot be asked for its threads")
    with one_thread():
        assert set(threads()) == {1}
        with one_thread():
            assert set(threads()) == {1}
        assert set(threads()) == {1}
    assert threads() == before
