"""The training thread: it answers at once, pauses change no number, and it ends when it is told to."""

import random
from collections.abc import Callable, Iterator
from time import perf_counter, process_time, sleep

import numpy as np
import pytest
from sessions import (
    BIG,
    BOUND,
    DATA,
    after,
    ready,
    same_numbers,
    settled,
    settled_without_trainer,
    specs,
    trainers,
    uninterrupted,
    wait_for,
)

from initscope.core.snapshot import Snapshot, Status
from initscope.tui.session import FRAME, Session


@pytest.fixture
def session() -> Iterator[Session]:
    before = len(trainers())
    made = Session()
    yield made
    made.close(BOUND)
    assert len(trainers()) == before
    assert made.error is None


def test_every_request_returns_at_once_and_is_answered(session: Session) -> None:
    first = ready(session)
    assert (first.step, session.playing) == (0, False)

    def asked(request: Callable[[], None], condition: Callable[[Snapshot], object]) -> Snapshot:
        start = perf_counter()
        request()
        assert perf_counter() - start < BOUND / 10
        snapshot = after(session, condition)
        assert perf_counter() - start < BOUND
        return snapshot

    asked(session.play, lambda s: s.step > 0)
    assert session.playing
    asked(lambda: session.focus(1), lambda s: set(s.lanes[0].distributions) == {1})
    session.pause()
    assert not session.playing
    reached = settled(session)
    asked(lambda: session.advance(3), lambda s: s.step == reached.step + 3)
    asked(session.rewind, lambda s: s.step == 0)
    ended = asked(session.stop, lambda s: s.ended)
    assert {lane.status for lane in ended.lanes} == {Status.STOPPED}
    assert all(lane.final is not None for lane in ended.lanes)


def test_rewind_gives_the_identical_start(session: Session) -> None:
    first = ready(session)
    session.advance(200)
    after(session, lambda s: s.step == 200)
    session.rewind()
    same = after(session, lambda s: s.step == 0)
    for lane, twin in zip(first.lanes, same.lanes, strict=True):
        np.testing.assert_array_equal(lane.probes, twin.probes)
        np.testing.assert_array_equal(lane.measures, twin.measures)
        np.testing.assert_array_equal(lane.distributions[0].weights.counts, twin.distributions[0].weights.counts)


def test_pauses_at_any_time_change_no_number(session: Session) -> None:
    options = {"steps": "3000"}
    ready(session, options)
    clock = random.Random(1)
    for _ in range(15):
        session.pace = clock.choice([None, 7, 100])
        session.play()
        sleep(clock.random() * 0.02)
        session.pause()
        session.focus(clock.randrange(2))
        session.advance(clock.randrange(5))
    session.focus(0)
    session.pace = None
    session.play()
    last = after(session, lambda s: s.ended and 0 in s.lanes[0].distributions)
    same_numbers(last, uninterrupted(3000, options))
    assert {lane.status for lane in last.lanes} == {Status.FINISHED}


def test_steps_asked_for_quickly_add_up(session: Session) -> None:
    ready(session)
    for _ in range(20):
        session.advance(1)
    session.advance(130)
    after(session, lambda s: s.step == 150)
    assert settled(session).step == 150
    same_numbers(settled(session), uninterrupted(150))


@pytest.mark.parametrize("request_", ["pause", "play", "rewind", "stop", "load"])
def test_a_long_advance_gives_way_to_what_is_asked_next(session: Session, request_: str) -> None:
    ready(session)
    session.advance(10**9)
    after(session, lambda s: s.step > 0)
    if request_ == "load":
        session.load(specs(inits=("zeros",)), DATA, 0)
        assert session.snapshot is None or len(session.snapshot.lanes) == 1
        assert after(session, lambda s: True).step == 0
    else:
        getattr(session, request_)()
        if request_ == "play":
            wait_for(lambda: session._running)
            session.pause()
        assert settled(session).step < 10**9


def test_a_long_advance_goes_on_while_the_layer_is_changed(session: Session) -> None:
    ready(session)
    session.advance(2000)
    session.focus(1)
    done = after(session, lambda s: s.step == 2000)
    assert set(done.lanes[0].distributions) == {1}


def test_snapshots_of_lanes_that_were_replaced_are_never_seen(session: Session) -> None:
    ready(session)
    session.play()
    after(session, lambda s: s.step > 0)
    for count in (1, 3, 2, 5, 1):
        session.load(specs(inits=("randn",) * count), DATA, 0)
        seen = set()
        for _ in range(200):
            snapshot = session.snapshot
            seen.add(len(snapshot.lanes) if snapshot else 0)
        assert seen <= {0, count}
        assert len(after(session, lambda s: True).lanes) == count
        session.play()


def test_the_mailbox_holds_the_newest_snapshot_only(session: Session) -> None:
    ready(session)
    session.play()
    steps = []
    while len(steps) < 4:
        wait_for(lambda: not steps or session.snapshot.step > steps[-1])  # type: ignore[union-attr]
        steps.append(session.snapshot.step)  # type: ignore[union-attr]
    assert steps == sorted(set(steps))
    assert session.snapshot is session.snapshot


def test_a_limited_pace_makes_so_many_steps_a_frame(session: Session) -> None:
    ready(session)
    session.pace = 10
    start = perf_counter()
    session.play()
    seen = []
    while perf_counter() - start < 3 * FRAME:
        if not seen or seen[-1] != session.snapshot.step:  # type: ignore[union-attr]
            seen.append(session.snapshot.step)  # type: ignore[union-attr]
        sleep(0.001)
    elapsed = perf_counter() - start
    session.pause()
    last = settled(session).step
    assert seen == [0, *range(10, 10 * len(seen), 10)]
    assert 10 <= last <= 10 * (elapsed / FRAME + 2)


def test_a_new_pace_holds_at_once(session: Session) -> None:
    ready(session)
    session.pace = 1
    session.play()
    after(session, lambda s: s.step >= 1)
    session.pace = None
    session.play()
    after(session, lambda s: s.step > 500)


def test_playing_ends_with_the_last_lane(session: Session) -> None:
    ready(session, {"steps": "50"})
    session.play()
    last = after(session, lambda s: s.ended)
    assert not session.playing
    assert last.step == 50
    session.play()
    session.advance(10)
    assert settled(session).step == 50
    session.rewind()
    session.play()
    after(session, lambda s: s.step == 50 and s.ended)


def test_requests_before_loading_do_nothing(session: Session) -> None:
    for request in (session.play, session.pause, session.rewind, session.stop):
        request()
    session.advance(3)
    session.focus(1)
    assert settled_without_trainer(session) is None
    assert ready(session).step == 0


def test_requests_right_after_load_wait_for_it(session: Session) -> None:
    session.load(specs(), DATA, 0)
    session.advance(2)
    session.advance(3)
    assert after(session, lambda s: s.step == 5).lanes[0].distributions.keys() == {0}


@pytest.mark.parametrize("options", [{}, BIG], ids=["small", "big"])
def test_closing_is_quick_while_training_flat_out(options: dict[str, str]) -> None:
    session = Session()
    session.load(specs({"dtype": "float32", **options}), DATA, 0)
    session.play()
    after(session, lambda s: s.step > 0)
    start = process_time()  # of the training too: on a busy machine it is not the wall's
    session.close(BOUND)
    assert not session._thread.is_alive()
    assert process_time() - start < (1.0 if options else 0.5)


def test_closing_ends_a_long_advance_and_a_resting_worker() -> None:
    for busy in (True, False):
        session = Session()
        ready(session)
        if busy:
            session.advance(10**9)
            after(session, lambda s: s.step > 0)
        session.close(BOUND)
        assert not session._thread.is_alive()


def test_what_goes_wrong_in_the_worker_is_kept() -> None:
    session = Session()
    session.load(specs(), {}, 0)
    wait_for(lambda: session.error is not None)
    assert isinstance(session.error, KeyError)
    for request in (session.play, session.pause, session.rewind, session.stop):
        request()
    assert session.snapshot is None
    session.close(BOUND)
    assert not session._thread.is_alive()


def test_200_random_requests(session: Session) -> None:
    """A model of the requests says at which step the session must rest in the end."""
    dice = random.Random(7)
    ready(session)
    for _ in range(200):
        match dice.randrange(8):
            case 0:
                session.play()
            case 1:
                session.pause()
            case 2:
                session.advance(dice.randrange(1, 40))
            case 3:
                session.rewind()
            case 4:
                session.focus(dice.randrange(3))
            case 5:
                session.stop()
            case 6:
                session.pace = dice.choice([None, 1, 10])
            case 7 if dice.random() < 0.3:
                session.load(specs(inits=("randn",) * dice.randrange(1, 4)), DATA, 0)
        if dice.random() < 0.1:
            sleep(dice.random() * 0.01)
    session.load(specs({"steps": "500"}), DATA, 0)
    session.advance(123)
    session.focus(0)
    last = after(session, lambda s: s.step == 123 and s is session.snapshot)
    same_numbers(last, uninterrupted(123, {"steps": "500"}))
    assert settled(session).step == 123
