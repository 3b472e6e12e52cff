"""Batches: each epoch a permutation, any step at any time, streams of their own; targets and subsets."""

import numpy as np
import pytest

from initscope.core.batches import Batches, subset, targets
from initscope.core.datasets.data import Dataset


def dataset(n: int, features: int = 3) -> Dataset:
    x = np.arange(n * features, dtype=float).reshape(n, features)
    y = np.arange(n, dtype=np.int64) % 2
    return Dataset("toy", x, y, x[:2], y[:2], 2, "numbers", (features,))


def epoch(batches: Batches, number: int) -> list[int]:
    first = number * batches.steps_per_epoch
    return [i for step in range(first, first + batches.steps_per_epoch) for i in batches.at(step)[1].tolist()]


@pytest.mark.parametrize(("n", "size"), [(10, 1), (10, 3), (10, 10), (11, 5), (1, 1), (97, 32)])
def test_every_epoch_is_a_permutation(n: int, size: int) -> None:
    batches = Batches(dataset(n), size, seed=0)
    assert batches.steps_per_epoch == (n + size - 1) // size
    for number in (0, 1, 7):
        assert sorted(epoch(batches, number)) == list(range(n))
    sizes = [len(batches.at(step)[1]) for step in range(batches.steps_per_epoch)]
    assert sizes == [size] * (n // size) + [n % size] * (n % size > 0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_inputs_are_those_of_the_numbers(dtype: str) -> None:
    data = dataset(23).astype(dtype)
    batches = Batches(data, 5, seed=3)
    for step in range(12):
        x, chosen = batches.at(step)
        assert x.dtype == np.dtype(dtype)
        assert np.array_equal(x, data.x_train[chosen])
        assert x.shape == (len(chosen), 3)


def test_any_step_can_be_asked_for() -> None:
    sequential, random = Batches(dataset(23), 5, seed=3), Batches(dataset(23), 5, seed=3)
    every = [(x.copy(), chosen.copy()) for x, chosen in (sequential.at(step) for step in range(40))]
    for step in np.random.default_rng(0).permutation(40).tolist():
        x, chosen = random.at(step)
        assert np.array_equal(chosen, every[step][1])
        assert np.array_equal(x, every[step][0])
    assert random.at(10**9)[1].tolist() == sequential.at(10**9)[1].tolist()


def test_streams_differ_by_seed_and_epoch_and_by_nothing_else() -> None:
    first, second = Batches(dataset(50), 10, 0), Batches(dataset(50), 10, 1)
    orders = [epoch(first, 0), epoch(first, 1), epoch(first, 2), epoch(second, 0), epoch(second, 1)]
    assert len({tuple(order) for order in orders}) == 5
    assert epoch(Batches(dataset(50), 7, 0), 1) == epoch(first, 1)  # the same order, cut elsewhere


def test_shuffling_reads_no_global_state() -> None:
    before = epoch(Batches(dataset(50), 10, 0), 0)
    np.random.seed(5)  # noqa: NPY002
    state = repr(np.random.get_state())  # noqa: NPY002
    assert epoch(Batches(dataset(50), 10, 0), 0) == before
    assert repr(np.random.get_state()) == state  # noqa: NPY002


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_targets(dtype: str) -> None:
    labels = np.array([2, 0, 1, 2])
    many = targets(labels, 3, np.dtype(dtype))
    assert many.tolist() == [[0, 0, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]]
    one = targets(np.array([1, 0, 1]), 1, np.dtype(dtype))
    assert one.tolist() == [[1], [0], [1]]
    assert many.dtype == one.dtype == np.dtype(dtype)


def test_subset_is_all_or_a_fixed_choice() -> None:
    values = np.arange(5000)
    assert values[subset(5000, 5000)].tolist() == values.tolist()
    assert values[:7][subset(7, 100)].tolist() == list(range(7))
    chosen = values[subset(5000, 256)]
    assert len(set(chosen.tolist())) == 256
    assert chosen.tolist() == sorted(chosen.tolist())
    assert np.array_equal(chosen, values[subset(5000, 256)])
    thirds = np.histogram(chosen, 3, (0, 5000))[0]
    assert thirds.min() > 60  # spread over a file that may be sorted by class
