"""Records in bounded memory against slow lists that keep everything."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from initscope.core.history import LossRecord, Samples

CAPACITIES = [2, 4, 8, 64]


def losses(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).lognormal(size=count)


def expected_curve(every: np.ndarray, stride: int) -> tuple[list[int], list[float], list[float], list[float]]:
    stretches = [every[start : start + stride] for start in range(0, len(every), stride)]
    ends = [min(start + stride, len(every)) for start in range(0, len(every), stride)]
    return (
        ends,
        [float(np.mean(part)) for part in stretches],
        [min(part) for part in stretches],
        [max(part) for part in stretches],
    )


def smallest_stride(count: int, capacity: int) -> int:
    stride = 1
    while count > capacity * stride:
        stride *= 2
    return stride


@settings(deadline=None)
@given(
    st.sampled_from(CAPACITIES), st.integers(0, 3),
    st.lists(st.one_of(st.integers(0, 9), st.integers(0, 300)), max_size=12),
)
def test_losses_are_those_of_a_list(capacity: int, seed: int, blocks: list[int]) -> None:
    every = losses(sum(blocks), seed)
    record, done = LossRecord(capacity), 0
    for block in blocks:
        record.add(done, every[done : done + block])
        done += block
        curve = record.curve()
        assert record.stride == smallest_stride(done, capacity)
        steps, means, lows, highs = expected_curve(every[:done], record.stride)
        assert curve.step.tolist() == steps
        np.testing.assert_allclose(curve.mean, means, rtol=1e-12)
        assert curve.low.tolist() == lows
        assert curve.high.tolist() == highs
        assert len(curve.step) <= capacity


def test_block_sizes_make_no_difference() -> None:
    every, big, small = losses(5000, 1), LossRecord(64), LossRecord(64)
    big.add(0, every)
    for step in range(5000):
        small.add(step, every[step : step + 1])
    assert big.curve().step.tolist() == small.curve().step.tolist()
    np.testing.assert_allclose(big.curve().mean, small.curve().mean, rtol=1e-12)
    assert big.curve().low.tolist() == small.curve().low.tolist()


def test_a_million_losses_in_the_memory_of_a_few() -> None:
    record = LossRecord()
    for start in range(0, 1_000_000, 50_000):
        record.add(start, np.full(50_000, float(start)))
    curve = record.curve()
    assert 256 <= len(curve.step) <= 512
    assert curve.step[-1] == 1_000_000
    assert curve.high[-1] == 950_000
    assert curve.low[0] == 0
    assert np.all(np.diff(curve.step) > 0)
    assert np.all((curve.low <= curve.mean) & (curve.mean <= curve.high))


def test_a_curve_is_a_copy() -> None:
    record = LossRecord(8)
    record.add(0, np.ones(3))
    before = record.curve()
    record.add(3, np.full(100, 5.0))
    assert before.mean.tolist() == [1, 1, 1]
    assert before.high.tolist() == [1, 1, 1]


def check_samples(samples: Samples, steps: list[int], values: np.ndarray, capacity: int) -> None:
    """Against everything that was added: steps ascending, values (n, 2)."""
    kept, stored = samples.step.tolist(), samples.value
    assert len(kept) <= capacity
    assert len(kept) >= min(len(steps), 1 + capacity // 2)
    assert kept == sorted(set(kept))
    assert kept[0] == steps[0]
    assert kept[-1] == steps[-1]
    place = [steps.index(step) for step in kept]
    np.testing.assert_array_equal(stored, values[place])
    start = 0
    for row, end in enumerate(place):
        part = values[start : end + 1]
        np.testing.assert_array_equal(samples.low[row], np.fmin.reduce(part))
        np.testing.assert_array_equal(samples.high[row], np.fmax.reduce(part))
        start = end + 1


@settings(deadline=None)
@given(
    st.sampled_from([3, 5, 9, 33]), st.integers(0, 3), st.integers(0, 5),
    st.lists(st.integers(1, 40), max_size=150),
)
def test_samples_are_those_of_a_list(capacity: int, seed: int, first: int, gaps: list[int]) -> None:
    rng = np.random.default_rng(seed)
    steps = np.cumsum([first, *gaps]).tolist()
    values = rng.normal(size=(len(steps), 2))
    values[rng.random(values.shape) < 0.2] = np.nan
    samples = Samples((2,), capacity)
    for count, (step, value) in enumerate(zip(steps, values, strict=True), 1):
        samples.add(step, value)
        if count % 7 == 0 or count < 12 or count == len(steps):
            check_samples(samples, steps[:count], values[:count], capacity)


@settings(deadline=None)
@given(st.sampled_from([3, 5, 9]), st.lists(st.booleans(), min_size=1, max_size=60))
def test_a_second_value_for_a_step_replaces_the_first(capacity: int, again: list[bool]) -> None:
    """Twice the same number at a step leaves a record as if it had come once."""
    once, twice = Samples((1,), capacity), Samples((1,), capacity)
    for step, repeat in enumerate(again):
        value = np.array([float(step * step % 7)])
        once.add(step, value)
        twice.add(step, value)
        if repeat:
            twice.add(step, value)
    for name in ("step", "value", "low", "high"):
        assert getattr(once, name).tolist() == getattr(twice, name).tolist()


def test_the_replacing_value_is_the_one_kept() -> None:
    samples = Samples((1,))
    for step, value in ((0, 1.0), (0, 2.0), (5, 3.0), (5, 4.0)):
        samples.add(step, np.array([value]))
    assert samples.step.tolist() == [0, 5]
    assert samples.value.tolist() == [[2], [4]]
    assert samples.high.tolist() == [[2], [4]]


def test_nothing_yet_and_wrong_capacity() -> None:
    assert Samples((3, 4)).value.shape == (0, 3, 4)
    assert len(LossRecord().curve().step) == 0
    with pytest.raises(ValueError, match="odd"):
        Samples((2,), 8)


def test_shapes_and_copies() -> None:
    samples = Samples((3, 4), 5)
    for step in range(50):
        samples.add(step, np.full((3, 4), float(step)))
    values = samples.value
    assert values.shape[1:] == (3, 4)
    values[...] = -1
    assert samples.value.min() == 0
    assert samples.value[-1].max() == samples.step[-1] == 49
