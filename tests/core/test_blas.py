"""BLAS settings, that one thread means one thread, and that training has no more."""

import threading
from collections.abc import Iterator

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from initscope.core.blas import one_thread, prepare
from initscope.core.datasets.data import load
from initscope.core.network import Network
from initscope.core.spec import read
from initscope.core.training import Trainer


@pytest.fixture
def two() -> Iterator[list[int]]:
    """BLAS with two threads, where the other tests have one: the threads of each library."""
    assert np.ones((2, 2)) @ np.ones((2, 2)) is not None
    with threadpool_limits(2, user_api="blas"):
        found = threads()
        if set(found) != {2}:
            pytest.skip("this numpy's BLAS cannot be given two threads, or not be asked for them")
        yield found


@pytest.mark.parametrize("given", [{}, {"OPENBLAS_NUM_THREADS": "4"}, {"OPENBLAS_CORETYPE": "Haswell"}])
def test_what_the_user_set_stays(given: dict[str, str]) -> None:
    environment = dict(given)
    prepare(environment)
    assert environment == {"OPENBLAS_NUM_THREADS": "1"} | given


def threads() -> list[int]:
    return [found["num_threads"] for found in threadpool_info() if found["user_api"] == "blas"]


def test_training_and_measuring_have_one_thread_whatever_there_are(
    two: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    forward = Network.forward
    monkeypatch.setattr(Network, "forward", lambda *a, **n: seen.extend(threads()) or forward(*a, **n))
    digits = load("digits")
    list(Trainer([read({"steps": "3"}, digits)], {"digits": digits}).run())
    assert len(seen) > 3
    assert set(seen) == {1}
    assert threads() == two


def test_one_thread_limits_and_gives_back(two: list[int]) -> None:
    with one_thread():
        assert set(threads()) == {1}
        with one_thread():
            assert set(threads()) == {1}
        assert set(threads()) == {1}
    assert threads() == two


def test_it_holds_until_the_last_thread_that_needs_it_has_left(two: list[int]) -> None:
    """One that trains, and one that judges; then the number of before holds in all."""
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
    assert threads() == two
    judging.join()
    with one_thread():
        assert set(threads()) == {1}
