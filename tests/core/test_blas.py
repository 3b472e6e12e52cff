"""BLAS settings, and that one thread means one thread."""

import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from initscope.core.blas import one_thread, prepare


@pytest.mark.parametrize("given", [{}, {"OPENBLAS_NUM_THREADS": "4"}, {"OPENBLAS_CORETYPE": "Haswell"}])
def test_what_the_user_set_stays(given: dict[str, str]) -> None:
    environment = dict(given)
    prepare(environment)
    assert environment == {"OPENBLAS_NUM_THREADS": "1"} | given


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


def test_it_holds_until_the_last_thread_that_needs_it_has_left() -> None:
    """One that trains, and one that judges; then the number of before holds in all."""
    before = threads()
    if set(before) != {2}:
        pytest.skip("this numpy's BLAS has not two threads here")
    entered, leave, left = threading.Event(), threading.Event(), threading.Event()

    def judge() -> None:
        with one_thread():
            entered.set()
            leave.wait(5)
        left.set()

    judging = threading.Thread(target=judge)
    judging.start()
    assert entered.wait(5)
    with one_thread():
        leave.set()
        assert left.wait(5)
        assert set(threads()) == {1}
    assert threads() == before
    judging.join()
    with one_thread():
        assert set(threads()) == {1}
