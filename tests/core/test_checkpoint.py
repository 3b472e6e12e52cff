"""Going on from a checkpoint is, bit for bit, never having stopped."""

import json

import numpy as np
import pytest
from runs import DATA, OVERFLOW, RELU, TWO, assert_same, assert_same_bits, finish, trainer

from initscope.core.checkpoint import Checkpoint, capture, restore
from initscope.core.errors import InputError
from initscope.core.snapshot import Snapshot, Status
from initscope.core.training import Trainer

EVERYTHING = {
    "sgd": {},
    "momentum": {"optimizer": "momentum", "schedule": "cosine:warmup=10"},
    "nesterov": {"optimizer": "nesterov", "clip": "0.5"},
    "adam": {"optimizer": "adam", "weight_decay": "0.01"},
    "adamw": {"optimizer": "adamw", "dtype": "float64"},
    "rmsprop": {"optimizer": "rmsprop", "arch": "64-d0.3-20-10"},
    "adagrad": {"optimizer": "adagrad", "activation": "prelu", "arch": "64-20-bn-20-10"},
    "convolution": {"arch": "8x8x1-4c3-bn-p2-10", "activation": "relu", "loss": "cross_entropy"},
    "legacy": {"stream": "legacy", "batch_size": "50"},
}


def resumed(made: Trainer) -> Trainer:
    """Another trainer, brought to the same place by way of what a file can hold."""
    saved = capture(made)
    header = json.loads(json.dumps(saved.header, allow_nan=False))
    other = Trainer(made.specs, made.datasets)
    restore(other, Checkpoint(header, {name: array.copy() for name, array in saved.arrays.items()}))
    return other


def assert_same_run(one: Snapshot, other: Snapshot) -> None:
    """To the last bit: curves, probes, histograms, measures, and how each lane ended."""
    assert_same(one, other)
    assert one.step == other.step
    for a, b in zip(one.lanes, other.lanes, strict=True):
        np.testing.assert_array_equal(a.probe_steps, b.probe_steps)
        assert (a.final is None) == (b.final is None)
        assert a.initial == b.initial


@pytest.mark.parametrize("kind", EVERYTHING)
def test_stopped_at_a_random_step(kind: str) -> None:
    options = {"steps": "90", **EVERYTHING[kind]}
    whole = finish(trainer(["init=he_normal", "init=0.3*randn"], **options))
    stop = int(np.random.default_rng(len(kind)).integers(1, 90))
    made = trainer(["init=he_normal", "init=0.3*randn"], **options)
    finish(made, until=stop)
    other = resumed(made)
    assert other.step == stop
    assert_same_bits(made, other)
    # A probe is made where somebody stops: the run that goes on is compared with one that stopped there too.
    there = finish(made)
    assert_same_run(finish(other), there)
    for a, b in zip(there.lanes, whole.lanes, strict=True):
        assert a.final == b.final
        np.testing.assert_array_equal(a.losses.mean, b.losses.mean)


def test_again_and_again() -> None:
    whole, made = trainer(TWO, steps="60"), trainer(TWO, steps="60")
    for step in range(1, 60, 7):
        finish(whole, until=step)
        finish(made, until=step)
        made = resumed(made)
    assert_same_run(finish(made), finish(whole))


def test_lanes_that_ended_stay_ended() -> None:
    lanes = [OVERFLOW, "init=randn", "init=randn steps=5"]
    made = trainer(lanes, steps="40", **RELU)
    finish(made, until=20)
    ended = [lane.status for lane in made.lanes]
    assert Status.DIVERGED in ended
    assert Status.FINISHED in ended
    other = resumed(made)
    assert [lane.status for lane in other.lanes] == ended
    assert_same_run(finish(other), finish(made))


def test_measures_still_to_be_made_are_made() -> None:
    made = trainer(TWO, steps="10")
    made.measure_start()
    while not made.ended:
        made._advance(None, 0.0)
    assert made.unreported
    other = resumed(made)
    assert_same_run(finish(other), finish(made))
    assert other.lanes[0].final is not None
    assert other.lanes[0].initial is not None


def test_a_capture_is_a_copy() -> None:
    made = trainer(TWO, steps="50")
    finish(made, until=10)
    saved = capture(made)
    before = {name: array.copy() for name, array in saved.arrays.items()}
    finish(made)
    for name, array in saved.arrays.items():
        np.testing.assert_array_equal(array, before[name])
    assert saved.step == 10
    assert saved.bytes > 2 * 4 * (64 * 30 + 30 * 10)


def test_what_does_not_fit_is_refused() -> None:
    made = trainer(TWO, steps="50")
    finish(made, until=10)
    saved = capture(made)
    for other in (trainer(TWO, steps="51"), trainer(TWO[:1], steps="50")):
        with pytest.raises(InputError, match="other lanes"):
            restore(other, saved)
        assert other.step == 0
    wrong: list[tuple[Checkpoint, str]] = [
        (Checkpoint({**saved.header, "format": 99}, saved.arrays), "format 99"),
        (Checkpoint({**saved.header, "ensembles": []}, saved.arrays), "every lane once"),
        (Checkpoint(saved.header, {}), "damaged"),
        (Checkpoint({}, saved.arrays), "damaged"),
    ]
    for name in ("ensemble0/parameters", "lane1/losses/count", "lane0/probes/value"):
        cut = {**saved.arrays, name: saved.arrays[name][..., :-1]}
        wrong.append((Checkpoint(saved.header, cut), "damaged"))
    for checkpoint, words in wrong:
        again = Trainer(made.specs, DATA)
        with pytest.raises(InputError, match=words):
            restore(again, checkpoint)
        assert again.step == 0
        assert finish(again, until=10).step == 10
