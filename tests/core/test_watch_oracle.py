"""What `watch` records of a plain numpy loop is what our own trainer records with the same weights and batches."""

import numpy as np
import pytest
from runs import DATA, finish, parameters, trainer
from watchloops import ONE_HOT, Network

from initscope.core import Watched, watch
from initscope.core.diagnosis import lane_verdict
from initscope.core.snapshot import LaneSnapshot
from initscope.core.training import Trainer

STEPS = 260
CASES = {"rand": "same", "randn": "same", "xavier_normal": "zeros", "zeros": "zeros"}


def split(made: Trainer) -> list[tuple[np.ndarray, np.ndarray]]:
    """The trainer's weights and biases by layer."""
    flat, layers, used = parameters(made)[0], [], 0
    for shape in made.specs[0].architecture.layers:
        count = int(np.prod(shape.weight_shape))
        weights = flat[used : used + count].reshape(shape.weight_shape)
        layers.append((weights, flat[used + count : used + shape.parameters]))
        used += shape.parameters
    return layers


def both(init: str, steps: int, planned: int | None) -> tuple[LaneSnapshot, LaneSnapshot, Watched]:
    """The lane of our trainer, and that of a loop after Nielsen's, trained on the same batches."""
    made = trainer([f"init={init} bias-init={CASES[init]} name=yours"], steps=str(STEPS), dtype="float64")
    data = DATA["digits"]
    network = Network(split(made))
    watched = watch(
        network, activations="sigmoid", loss="quadratic", lr=3.0, x=data.x_train.T, y=ONE_HOT.T, x_test=data.x_test.T,
        y_test=data.y_test, batch_size=10, steps=planned,
    )  # fmt: skip
    stream = made._batches(made.specs[0])
    for step in range(steps):
        x, chosen = stream.at(step)
        watched.step(network.update(x.T, ONE_HOT[chosen].T, lr=3.0))
    return finish(made, steps).lanes[0], watched.snapshot().lanes[0], watched


@pytest.mark.parametrize("init", CASES)
def test_the_same_numbers_and_the_same_verdict(init: str) -> None:
    ours, theirs, watched = both(init, STEPS, STEPS)
    assert theirs.probe_steps.tolist() == ours.probe_steps.tolist()
    # Identical units come apart by rounding in a loop, and then grow apart.
    few = slice(6) if init == "zeros" else slice(None)
    np.testing.assert_allclose(theirs.probes[few], ours.probes[few], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(theirs.measures, ours.measures, rtol=1e-6, atol=1e-9)
    np.testing.assert_array_equal(theirs.losses.step, ours.losses.step)
    np.testing.assert_allclose(theirs.losses.mean, ours.losses.mean, rtol=1e-6)
    assert (theirs.status, theirs.step, theirs.epoch) == (ours.status, ours.step, ours.epoch)
    assert theirs.final is not None
    assert ours.final is not None
    np.testing.assert_allclose(theirs.final.values, ours.final.values, rtol=1e-6)
    for layer, found in theirs.distributions.items():
        here, there = found, ours.distributions[layer]
        np.testing.assert_array_equal(here.weights_start.counts, there.weights_start.counts)
        np.testing.assert_array_equal(here.activations_start.counts, there.activations_start.counts)
    assert watched.verdict() == lane_verdict(ours, DATA["digits"])


@pytest.mark.parametrize("init", ["rand", "zeros"])
def test_the_forecast_speaks_while_there_is_little_to_see(init: str) -> None:
    ours, _, watched = both(init, 20, STEPS)
    verdict = watched.verdict()
    assert verdict == lane_verdict(ours, DATA["digits"])
    assert not verdict.healthy


def test_without_a_plan_the_verdict_is_of_what_was_done() -> None:
    _, lane, watched = both("rand", STEPS, None)
    assert lane.spec.steps == STEPS
    assert watched.findings()[0].code == "shifted-preactivations"
    assert np.isfinite(lane.probes[-1, :, :]).any()
