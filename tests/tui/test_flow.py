"""How fast frames may follow: against lines that are simulated, a certain number of bytes a second and so far away."""

from collections.abc import Iterator

import pytest

from initscope.tui import flow as flows
from initscope.tui.flow import BUDGET, CLEAR, LATE, LONGEST_LOST, LOST, TRIES, Flow

FRAME, SMALL, EVERY = 2000, 700, 0.25
"""Bytes of a frame on a good line and on a slow one; seconds between two frames that might be drawn."""


class Line:
    """Brings `rate` bytes a second to a terminal that is `trip` seconds there and back away."""

    def __init__(self, rate: float, trip: float = 0.3, slow: bool | None = None, answers: bool = True) -> None:
        self.rate, self.trip, self.answers = rate, trip, answers
        self.now = self.free = self.queued = self.seconds_slow = 0.0
        self.sent = 0
        self.flow = Flow(slow, lambda: self.now)
        self._answer: float | None = None

    def write(self, size: int) -> None:
        self.free = max(self.free, self.now) + size / self.rate
        self.sent += size
        self.flow.sent(size)
        self.ask()

    def ask(self) -> None:
        if self.flow.asks:
            self.flow.ask()
            self._answer = max(self.free, self.now) + self.trip if self.answers else None

    def run(self, seconds: float) -> Iterator[float]:
        """Draw whenever it is allowed, as the lab does; the seconds that what is queued still takes."""
        for _ in range(round(seconds / EVERY)):
            self.now += EVERY
            if self._answer is not None and self._answer <= self.now:
                at, self._answer = self._answer, None
                self.flow.answer(at)
            if self.flow.ready:
                self.write(SMALL if self.flow.slow else FRAME)
            yield max(self.free - self.now, 0.0)


def opened(line: Line) -> Line:
    """The first question goes before the first, large, picture."""
    line.ask()
    line.write(5000)
    return line


@pytest.mark.parametrize("trip", [0.001, 0.05, 0.3, 0.55])
def test_a_good_line_gets_every_frame_however_far_it_goes(trip: float) -> None:
    line = opened(Line(100_000, trip))
    list(line.run(20))
    assert not line.flow.slow
    assert line.sent >= 5000 + 0.9 * 20 / EVERY * FRAME


@pytest.mark.parametrize("rate", [500, 1000, 2000, 4000])
def test_a_slow_line_is_found_out_and_hardly_ever_busy_for_long(rate: float) -> None:
    line = opened(Line(rate))
    list(line.run(40))
    assert line.flow.slow
    sent, queued = line.sent, list(line.run(60))
    assert max(queued) <= SMALL / rate + 1e-6, "one frame at most is under way"
    assert 0.2 * rate < (line.sent - sent) / 60 < 0.7 * rate, "the line rests as long as it works"


def test_it_comes_back_up_when_the_line_is_good_again_and_down_with_it() -> None:
    line = opened(Line(2000))
    list(line.run(15))
    for rate, slow in ((1e6, False), (1000, True), (1e6, False)):
        line.rate, line.free = rate, min(line.free, line.now + 1)
        list(line.run(10))
        assert line.flow.slow is slow


def test_a_line_that_stops_gets_nothing_more() -> None:
    line = opened(Line(1e6))
    list(line.run(5))
    line.rate = 1e-9
    list(line.run(LOST - 1))
    assert line.flow.late
    sent = line.sent
    list(line.run(1))
    assert line.sent == sent <= 5000 + (5 + LATE) / EVERY * FRAME


@pytest.mark.parametrize("answers", [True, False])
def test_where_a_slow_line_is_asked_for_a_kilobyte_a_second_is_sent(answers: bool) -> None:
    line = opened(Line(1e6, slow=True, answers=answers))
    list(line.run(10))
    sent = line.sent
    list(line.run(60))
    assert line.flow.slow
    assert 0.8 * BUDGET < (line.sent - sent) / 60 <= 1.05 * BUDGET


def lost(line: Line) -> float:
    """The seconds for which an answer is awaited that went to nobody; when it is given up, it is asked again."""
    line.flow.ask()
    start = line.now
    while line.flow.awaiting:
        assert not line.flow.asks
        line.now += 0.5
    assert not line.flow.late
    assert line.flow.asks
    return line.now - start


def test_an_answer_that_is_lost_is_given_up_later_each_time_and_at_once_when_somebody_is_there() -> None:
    line = opened(Line(1e6))
    list(line.run(5))
    line.flow.answer()
    assert [lost(line) for _ in range(3)] == [LOST, 2 * LOST, 4 * LOST]
    line.flow.ask()
    line.now += LOST
    line.flow.heard()
    assert line.flow.late, "what is heard is as old as the question"
    line.now += 1
    line.flow.heard()
    assert not line.flow.late
    assert line.flow.asks
    line.flow.ask()
    shortest = line.flow._shortest
    line.flow.answer()
    assert line.flow._shortest == shortest, "it may be the answer to an earlier question"
    assert lost(line) == LOST
    for _ in range(20):
        assert lost(line) <= LONGEST_LOST


def test_a_person_may_say_that_no_line_is_slow() -> None:
    line = opened(Line(1000, slow=False))
    list(line.run(20))
    assert not line.flow.slow


def test_a_terminal_that_does_not_answer_is_asked_a_few_times_and_served_all_the_same() -> None:
    line = Line(1e6, answers=False)
    asked = 0
    for _ in range(20):
        asked += line.flow.asks
        line.ask()
        list(line.run(LOST))
    assert asked <= TRIES
    assert not line.flow.awaiting
    assert not line.flow.slow
    assert line.sent == 20 * LOST / EVERY * FRAME


def test_without_answers_writes_that_wait_make_a_line_slow_until_none_has_for_a_while() -> None:
    line = Line(1e6, answers=False)
    line.flow.blocked(0.1)
    assert not line.flow.slow
    line.flow.blocked(0.5)
    line.flow.blocked(0.5)
    assert line.flow.slow
    assert not line.flow.ready
    list(line.run(CLEAR - 1))
    assert line.flow.slow
    list(line.run(4))
    assert not line.flow.slow
    line.flow.blocked(2.0)
    list(line.run(CLEAR + 4))
    assert line.flow.slow, "the second time it takes twice as long"
    list(line.run(CLEAR))
    assert not line.flow.slow


def test_an_answer_that_nobody_waits_for_changes_nothing() -> None:
    flow = Flow(clock=lambda: 1.0)
    flow.answer()
    assert not flow.awaiting
    flow.ask()
    flow.forget()
    flow.answer()
    assert (flow.awaiting, flow.slow, flow.ready) == (False, False, True)


def test_bytes_that_take_long_do_not_count_as_distance() -> None:
    now = [0.0]
    flow = Flow(clock=lambda: now[0])
    for _ in range(2):
        flow.ask()
        now[0] += flows.LONGEST_TRIP + flows.SLUGGISH + 0.1
        flow.answer()
    assert flow.slow
