"""The probing schedule: forward, dense early, within its share of the time."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initscope.core.architecture import Architecture
from initscope.core.probeschedule import GROWTH, RESOLUTION, ProbeSchedule, probe_schedule


def steps(interval: int, until: int) -> list[int]:
    found, rule = [0], ProbeSchedule(interval)
    while found[-1] < until:
        found.append(rule.after(found[-1]))
    return found


@given(st.integers(1, 10**6), st.integers(0, 10**12), st.integers(1, 10**6))
def test_later_steps_have_later_probes(interval: int, step: int, more: int) -> None:
    rule = ProbeSchedule(interval)
    assert rule.after(step) > step
    assert rule.after(step + more) >= rule.after(step)
    assert rule.after(step) - step <= max(interval, step // RESOLUTION)


def test_early_steps_are_dense_whatever_the_interval() -> None:
    for interval in (100, 10_000):
        early = steps(interval, 60)
        assert early[:5] == [0, 1, 2, 4, 8]
        assert all(b <= max(a + 1, a * GROWTH) for a, b in pairwise(early))
    assert steps(1, 50)[:51] == list(range(51))


def test_then_every_interval_and_at_last_a_share_of_the_run() -> None:
    found = steps(100, 10**6)
    gaps = {b - a for a, b in pairwise(found) if 300 < a < 15_000}
    assert gaps == {100}
    late = [(a, b - a) for a, b in pairwise(found) if a > 100 * RESOLUTION]
    assert all(gap == a // RESOLUTION for a, gap in late)
    assert len(found) < 1200


def interval(text: str, batch: int = 10, probe: int = 256, tested: int = 1000) -> int:
    return probe_schedule(Architecture.parse(text), batch, probe, tested).interval


def test_dearer_probes_come_less_often() -> None:
    small = interval("784-30-10")
    assert small > interval("784-30-10", probe=64, tested=100)
    assert interval("784-512-512-10", 128) < small


@pytest.mark.parametrize("text", ["2-1", "64-30-10", "784-512-512-10"])
def test_the_interval_is_a_whole_number_of_steps(text: str) -> None:
    found = interval(text, tested=297)
    assert isinstance(found, int)
    assert 1 <= found <= 10_000
