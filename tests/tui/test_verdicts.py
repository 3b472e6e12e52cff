"""Verdicts beside training: the same as when asked for directly, latest wins, seldom while a lane trains, news once."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from time import perf_counter, sleep

import numpy as np
import pytest
from sessions import DATA, specs, wait_for

from initscope.core.diagnosis import lane_verdict
from initscope.core.snapshot import LaneSnapshot, Snapshot, Status
from initscope.core.training import Trainer
from initscope.tui import verdicts as module
from initscope.tui.verdicts import News, Verdicts, announcement

FAILS, LEARNS = 0, 1
"""Of rand and randn."""


@pytest.fixture(scope="module")
def pictures() -> dict[int, Snapshot]:
    """Of both lanes at some steps and at the end, 300."""
    trainer = Trainer(specs({"steps": "300", "loss": "cross_entropy", "lr": "0.1"}), DATA)
    found = {}
    for step in (0, 10, 250, 300):
        *_, found[step] = trainer.run(step)
    return found


@contextmanager
def judging() -> Iterator[Verdicts]:
    verdicts = Verdicts()
    verdicts.load(DATA)
    yield verdicts
    verdicts.close()
    assert verdicts.error is None


def settle(verdicts: Verdicts, snapshot: Snapshot, chosen: int = 0) -> None:
    verdicts.offer(snapshot, chosen)
    wait_for(lambda: verdicts.settled or verdicts.error)


def test_they_are_what_the_diagnosis_says(pictures: dict[int, Snapshot], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EVERY", 0.0)
    with judging() as verdicts:
        for step, snapshot in pictures.items():
            settle(verdicts, snapshot)
            for lane in snapshot.lanes:
                judged = verdicts.of(lane)
                assert judged is not None
                assert judged.verdict == lane_verdict(lane, DATA["digits"])
                assert judged.of(lane)
                assert judged.foreseen == (step < 200)  # later it is the record's
    assert not verdicts.take_news()


def test_before_anything_is_known_there_is_none(pictures: dict[int, Snapshot]) -> None:
    with judging() as verdicts:
        assert verdicts.of(pictures[0].lanes[0]) is None
        assert not verdicts.settled
        settle(verdicts, pictures[0])
        verdicts.load(DATA)
        assert verdicts.of(pictures[0].lanes[0]) is None
        assert not verdicts.settled


def test_what_a_rewind_has_undone_is_forgotten(pictures: dict[int, Snapshot]) -> None:
    with judging() as verdicts:
        settle(verdicts, pictures[300])
        assert verdicts.of(pictures[300].lanes[0]) is not None
        assert verdicts.of(pictures[10].lanes[0]) is None
        settle(verdicts, pictures[10])
        judged = verdicts.of(pictures[10].lanes[0])
        assert judged is not None
        assert judged.foreseen
    assert not verdicts.take_news()


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, int, int]]:
    """Every verdict that was made: when, of which lane and step; each takes a hundredth of a second."""
    made = []
    real = lane_verdict

    def slow(lane: LaneSnapshot, data: object) -> object:
        sleep(0.01)
        made.append((perf_counter(), lane.index, lane.step))
        return real(lane, DATA["digits"])

    monkeypatch.setattr(module, "lane_verdict", slow)
    return made


def younger(snapshot: Snapshot, step: int) -> Snapshot:
    lanes = tuple(replace(lane, step=step) for lane in snapshot.lanes)
    return replace(snapshot, step=step, lanes=lanes)


def test_while_lanes_train_a_hundredth_of_the_time_goes_to_verdicts(
    pictures: dict[int, Snapshot], counted: list[tuple[float, int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "EVERY", 0.1)
    monkeypatch.setattr(module, "REST", 20.0)
    with judging() as verdicts:
        settle(verdicts, pictures[0], chosen=1)
        assert [lane for _, lane, _ in counted] == [1, 0]  # both at once, the chosen one first
        start = perf_counter()
        for step in range(11, 61):
            verdicts.offer(younger(pictures[10], step), 1)
            sleep(0.02)
        elapsed = perf_counter() - start
        later = counted[2:]
        assert 2 <= len(later) <= elapsed / 0.21 + 1
        assert all(after[0] - before[0] >= 0.2 for before, after in pairwise(later))
        assert {lane for _, lane, _ in later} == {0, 1}
        steps = [step for _, _, step in later]
        assert steps == sorted(set(steps))  # each time of the newest offer


def test_a_lane_that_ends_does_not_wait(
    pictures: dict[int, Snapshot], counted: list[tuple[float, int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "EVERY", 1000.0)
    with judging() as verdicts:
        settle(verdicts, pictures[0])
        verdicts.offer(pictures[10], 0)
        settle(verdicts, pictures[300])
        assert {lane.status for lane in pictures[300].lanes} == {Status.FINISHED}
        assert [step for _, _, step in counted] == [0, 0, 300, 300]


def test_the_screen_never_waits(pictures: dict[int, Snapshot], monkeypatch: pytest.MonkeyPatch) -> None:
    gate = threading.Event()

    def stuck(lane: LaneSnapshot, data: object) -> object:
        gate.wait(30)
        return lane_verdict(lane, DATA["digits"])

    monkeypatch.setattr(module, "lane_verdict", stuck)
    with judging() as verdicts:
        start = perf_counter()
        for _ in range(100):
            verdicts.offer(pictures[10], 0)
            assert verdicts.of(pictures[10].lanes[0]) is None
            assert verdicts.take_news() == []
        verdicts.load(DATA)
        assert perf_counter() - start < 1
        gate.set()
        settle(verdicts, pictures[0])
        judged = verdicts.of(pictures[0].lanes[0])
        assert judged is not None
        assert judged.step == 0


def spoilt(snapshot: Snapshot, number: int, step: int) -> Snapshot:
    """One of the lanes diverged at this step."""
    lane = snapshot.lanes[number]
    bad = replace(lane, step=step, status=Status.DIVERGED, measures=lane.measures * np.nan)
    return replace(snapshot, step=step, lanes=tuple(bad if one is lane else one for one in snapshot.lanes))


def test_it_is_news_once_that_a_lane_turns_bad(pictures: dict[int, Snapshot], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EVERY", 0.0)
    monkeypatch.setattr(module, "REST", 0.0)
    with judging() as verdicts:
        settle(verdicts, pictures[0])
        assert verdicts.take_news() == []  # what is bad from the start stands in the table
        settle(verdicts, spoilt(pictures[10], LEARNS, 11))
        (news,) = verdicts.take_news()
        assert news.lane.index == LEARNS
        assert announcement([news]) == f"Lane 2 randn: {news.judged.accusation}."
        assert announcement([news, News(pictures[0].lanes[0], news.judged)]) == "Lanes 2, 1: learning rate to blame."
        settle(verdicts, spoilt(pictures[10], LEARNS, 12))
        assert verdicts.take_news() == []
        settle(verdicts, pictures[0])
        settle(verdicts, spoilt(pictures[10], LEARNS, 13))
        assert len(verdicts.take_news()) == 1  # again after a rewind


def test_what_a_person_ended_early_is_not_blamed_for_that_and_is_no_news(pictures: dict[int, Snapshot]) -> None:
    def stopped(snapshot: Snapshot) -> Snapshot:
        return replace(snapshot, lanes=tuple(replace(lane, status=Status.STOPPED) for lane in snapshot.lanes))

    with judging() as verdicts:
        settle(verdicts, pictures[0])
        settle(verdicts, stopped(pictures[10]))
        fails, learns = (verdicts.of(lane) for lane in pictures[10].lanes)
        assert fails is not None
        assert learns is not None
        assert fails.foreseen
        assert fails.blame.startswith("initialization")
        assert learns.foreseen
        assert learns.verdict.healthy
        assert verdicts.take_news() == []


def test_a_network_that_cannot_be_forecast_has_no_verdict(
    pictures: dict[int, Snapshot], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(lane: LaneSnapshot, data: object) -> object:
        raise module.InputError("it cannot be filled")

    monkeypatch.setattr(module, "lane_verdict", refused)
    with judging() as verdicts:
        settle(verdicts, pictures[0])
        assert verdicts.of(pictures[0].lanes[0]) is None


def test_an_error_is_kept_for_the_screen(pictures: dict[int, Snapshot], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "lane_verdict", lambda lane, data: 1 / 0)
    verdicts = Verdicts()
    verdicts.load(DATA)
    verdicts.offer(pictures[0], 0)
    wait_for(lambda: isinstance(verdicts.error, ZeroDivisionError))
