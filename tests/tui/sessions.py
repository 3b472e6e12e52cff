"""What the tests of the training thread share: lanes, waiting for conditions, comparing snapshots."""

import threading
from collections.abc import Callable
from time import perf_counter, sleep

import numpy as np

from initscope.core.comparison import Comparison
from initscope.core.datasets.data import Dataset, load
from initscope.core.snapshot import Snapshot
from initscope.core.spec import Spec
from initscope.core.training import Trainer
from initscope.tui.session import Session

DATA: dict[str, Dataset] = {"digits": load("digits")}
BOUND = 5.0
"""Seconds within which an answer must come even on a busy machine; it takes about 0.02."""
BIG = {"arch": "64-1000-1000-10", "batch-size": "100"}


def specs(options: dict[str, str] | None = None, inits: tuple[str, ...] = ("rand", "randn")) -> tuple[Spec, ...]:
    length = {} if "steps" in (options or {}) else {"epochs": "1000000"}
    return Comparison.of({"dtype": "float64", **length, **(options or {})}, inits, []).specs(DATA)


def wait_for(condition: Callable[[], object], seconds: float = 30.0) -> float:
    """Seconds that it took until the condition held."""
    start = perf_counter()
    while not condition():
        assert perf_counter() - start < seconds, "it did not come about in time"
        sleep(0.001)
    return perf_counter() - start


def trainers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "initscope-trainer"]


def ready(session: Session, options: dict[str, str] | None = None, **more: tuple[str, ...]) -> Snapshot:
    session.load(specs(options, **more), DATA, 0)
    return after(session, lambda snapshot: True)


def after(session: Session, condition: Callable[[Snapshot], object]) -> Snapshot:
    """The first snapshot seen that satisfies the condition."""
    found: list[Snapshot] = []

    def look() -> bool:
        snapshot = session.snapshot
        if session.error is not None:
            raise session.error
        if snapshot is not None and condition(snapshot):
            found.append(snapshot)
        return bool(found)

    wait_for(look)
    return found[0]


def same_numbers(one: Snapshot, other: Snapshot) -> None:
    """Same steps, losses of every batch, and measures wherever both measured."""
    assert one.step == other.step
    for lane, twin in zip(one.lanes, other.lanes, strict=True):
        assert (lane.step, lane.status, lane.final) == (twin.step, twin.status, twin.final)
        np.testing.assert_array_equal(lane.losses.step, twin.losses.step)
        # Stretches of many steps are summed up in pieces whose borders depend on when one looked.
        np.testing.assert_allclose(lane.losses.mean, twin.losses.mean, rtol=1e-13)
        np.testing.assert_array_equal(lane.losses.low, twin.losses.low)
        np.testing.assert_array_equal(lane.losses.high, twin.losses.high)
        _, here, there = np.intersect1d(lane.probe_steps, twin.probe_steps, return_indices=True)
        assert len(here) >= 2
        np.testing.assert_array_equal(lane.measures[here], twin.measures[there])
        np.testing.assert_array_equal(lane.probes[here], twin.probes[there])
        for layer, found in lane.distributions.items():
            np.testing.assert_array_equal(found.weights.counts, twin.distributions[layer].weights.counts)


def uninterrupted(steps: int, options: dict[str, str] | None = None) -> Snapshot:
    trainer = Trainer(specs(options), DATA)
    *_, last = trainer.run(steps)
    return last


def settled(session: Session) -> Snapshot:
    """The snapshot that shows everything asked for before to be done, once the worker rests."""
    asked = threading.Event()
    session._ask(asked.set)
    wait_for(lambda: asked.is_set() and (session._goal is None and not session._running))
    assert session.snapshot is not None
    return session.snapshot


def settled_without_trainer(session: Session) -> Snapshot | None:
    asked = threading.Event()
    session.pause()
    session._ask(asked.set)
    wait_for(asked.is_set)
    return session.snapshot
