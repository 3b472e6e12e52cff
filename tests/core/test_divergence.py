"""Lanes that turn non-finite: they end, say at which step, and leave their neighbours as they are."""

import numpy as np
import pytest
from runs import OVERFLOW, RELU, assert_same_numbers, finish, parameters, trainer

from initscope.core.probes import INDEX
from initscope.core.snapshot import Status


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_lane_that_overflows_leaves_its_neighbours_alone(place: int) -> None:
    quiet = ["init=he_normal lr=0.1", "init=he_uniform lr=0.05"]
    lanes = [*quiet[:place], OVERFLOW, *quiet[place:]]
    with_it, without = trainer(lanes, steps="100", **RELU), trainer(quiet, steps="100", **RELU)
    shot, expected = finish(with_it), finish(without)
    bad = shot.lanes[place]
    assert bad.status is Status.DIVERGED
    assert 0 < bad.step < 20
    assert len(bad.losses.step) in (bad.step, bad.step + 1)
    assert np.isfinite(bad.losses.mean).all()
    assert bad.probe_steps[-1] == bad.step
    assert bad.final is not None
    others = [lane for index, lane in enumerate(shot.lanes) if index != place]
    for one, other in zip(others, expected.lanes, strict=True):
        assert_same_numbers(one, other)
    mine, theirs = parameters(with_it), parameters(without)
    kept = [mine[index] for index in range(3) if index != place]
    assert np.array_equal(kept, [theirs[0], theirs[1]])


def test_all_lanes_may_overflow() -> None:
    shot = finish(trainer([OVERFLOW, "init=randn:scale=1000 lr=1000"], steps="100", **RELU))
    assert shot.ended
    assert [lane.status for lane in shot.lanes] == [Status.DIVERGED] * 2


HIDDEN_INF = {"optimizer": "momentum:momentum=0.99", "arch": "64-5-10"}
"""With such a learning rate biases run to -inf, where the sigmoid is 0 and the loss stays finite."""


def first_infinite(lane: str) -> int:
    """Updates after which some parameter of the lane is not finite."""
    made = trainer([lane], steps="400", **HIDDEN_INF)
    ensemble = made.ensembles[0]
    for step in range(400):
        with np.errstate(all="ignore"):
            bad = ensemble.step(step, *ensemble.batches.at(step), keep_update=False)
        if bad or ensemble.bad_parameters():
            return step if bad else step + 1
    raise AssertionError("this lane stays finite")


@pytest.mark.parametrize("lr", ["3e37", "1e38", "3e38"])
def test_the_step_of_a_hidden_overflow_does_not_depend_on_the_pieces(lr: str) -> None:
    lane = f"init=randn lr={lr}"
    step = first_infinite(lane)
    whole = finish(trainer([lane], steps="400", **HIDDEN_INF)).lanes[0]
    made = trainer([lane], steps="400", **HIDDEN_INF)
    for until in range(1, 60):
        finish(made, until)
    pieces = finish(made).lanes[0]
    assert (whole.status, whole.step) == (pieces.status, pieces.step) == (Status.DIVERGED, step)


def test_a_hidden_overflow_leaves_the_neighbours_probes_alone() -> None:
    bad, quiet = "init=randn lr=3e38", "init=randn lr=0.001"
    step = first_infinite(bad)
    with_it = trainer([bad, quiet], steps="60", **HIDDEN_INF)
    without = trainer([quiet], steps="60", **HIDDEN_INF)
    for until in (step, 60):
        mine, theirs = finish(with_it, until).lanes[1], finish(without, until).lanes[0]
        assert np.isfinite(theirs.probes[-1, :, INDEX["update_ratio"]]).all()
        assert_same_numbers(mine, theirs)


def test_a_lane_that_overflows_in_its_last_step_has_diverged() -> None:
    options = {**RELU, "steps": "100"}
    step = finish(trainer([OVERFLOW], **options)).lanes[0].step
    lane = finish(trainer([OVERFLOW], **{**options, "steps": str(step)})).lanes[0]
    assert lane.final is not None
    assert not np.isfinite(lane.final.train_loss)
    assert (lane.status, lane.step) == (Status.DIVERGED, step)


@pytest.mark.parametrize("lane", [
    "init=randn:scale=1e39", "init=constant:value=1e39", "init=randn lr=1e39",
    "init=randn:scale=1e308 dtype=float64", "init=randn:scale=0.01 activation=linear lr=1e60 dtype=float64",
    "init=randn:scale=1e-3 activation=relu loss=cross_entropy lr=1e153 dtype=float64",
])
def test_absurd_sizes_end_as_diverged_without_a_warning(lane: str) -> None:
    made = trainer([lane, "init=randn"], steps="20", arch="64-5-5-10")
    shots = list(made.run(budget=0, every=0))
    assert shots[-1].lanes[0].status in (Status.DIVERGED, Status.FINISHED)
    assert shots[-1].lanes[1].status is Status.FINISHED
