"""What it means to learn: the best constant answer by search, and networks that do and do not beat it."""

import numpy as np
import pytest
from runs import DATA, finish, specs, trainer

from initscope.core.learning import ACCURACY_RISE, LOSS_FALL, Constant, constant_answer, constant_of, lane_learns
from initscope.core.losses import loss
from initscope.core.snapshot import Status

LABELS = {
    "balanced": np.repeat([0, 1, 2, 3], 25),
    "skewed": np.array([0] * 70 + [1] * 20 + [2] * 10),
    "a class is missing": np.array([0] * 30 + [2] * 10),
    "two": np.array([0] * 60 + [1] * 40),
}


def mean_loss(name: str, labels: np.ndarray, outputs: int, z: np.ndarray) -> float:
    """Of the network whose output pre-activations are z for every input, example by example."""
    values = []
    for label in labels:
        y = np.array([[float(label)]]) if outputs == 1 else np.eye(outputs)[label][:, None]
        one = z.reshape(1, outputs, 1).copy()
        values.append(loss(name).value_and_delta(one, y, np.empty_like(one), np.empty_like(one))[0])
    return float(np.mean(values))


@pytest.mark.parametrize("name", ["quadratic", "cross_entropy"])
@pytest.mark.parametrize("which", LABELS)
def test_no_constant_is_better(name: str, which: str) -> None:
    labels = LABELS[which]
    rng = np.random.default_rng(0)
    for outputs in {1, 4} if which == "two" else {4}:
        found = constant_answer(labels, outputs, loss(name))
        p = np.clip(np.bincount(labels, minlength=4) / len(labels), 1e-15, 1 - 1e-15)
        p = p[1:2] if outputs == 1 else p
        softmax = name == "cross_entropy" and outputs > 1
        z = np.log(p) if softmax else np.log(p / (1 - p))
        assert mean_loss(name, labels, outputs, z) == pytest.approx(found.loss, rel=1e-9)
        for scale in (0.1, 1.0):
            for _ in range(5):
                assert mean_loss(name, labels, outputs, z + scale * rng.standard_normal(outputs)) > found.loss
        assert found.accuracy == np.bincount(labels).max() / len(labels)


def test_known_values() -> None:
    assert constant_answer(np.arange(10), 10, loss("cross_entropy")).loss == pytest.approx(np.log(10))
    assert constant_answer(np.arange(10), 10, loss("quadratic")).loss == pytest.approx(0.45)
    cats = np.array([1] * 72 + [0] * 137)  # Coursera's cats: randn*0.01 ends 1e-5 above their entropy, at 0.643985
    assert constant_answer(cats, 1, loss("cross_entropy")).loss == pytest.approx(0.643985, abs=2e-5)
    digits = specs(["init=rand"])[0]
    assert constant_of(digits, DATA["digits"]).loss == pytest.approx(0.45, abs=1e-3)


def test_both_loss_and_accuracy_must_beat_it() -> None:
    constant = Constant(1.0, 0.6)
    loss_limit, accuracy_limit = 1 - LOSS_FALL, 0.6 + ACCURACY_RISE * 0.4
    assert constant.beaten_by(loss_limit - 1e-9, accuracy_limit + 1e-9)
    assert not constant.beaten_by(loss_limit + 1e-9, 1.0)
    assert not constant.beaten_by(0.0, accuracy_limit - 1e-9)
    assert constant.accuracy_rise(0.6) == 0
    assert constant.loss_fall(1.0) == 0
    assert constant.accuracy_rise(1.0) == constant.loss_fall(0.0) == 1


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_not_finite_has_not_learned(value: float) -> None:
    constant = Constant(1.0, 0.5)
    assert not constant.beaten_by(value, 1.0)
    assert not constant.beaten_by(0.0, float("nan"))


def test_of_a_single_class_nothing_can_be_learned() -> None:
    constant = constant_answer(np.zeros(10, np.int64), 2, loss("cross_entropy"))
    assert constant == Constant(0.0, 1.0)
    assert not constant.beaten_by(0.0, 1.0)


def test_networks_that_learn_and_that_do_not() -> None:
    wild = "init=randn lr=1e30 loss=cross_entropy"
    lanes = ["init=randn", "init=xavier_normal", "init=rand", "init=zeros", wild]
    made = trainer(lanes, steps="10000")
    start, after = made.snapshot(), finish(made, until=300)
    constants = [constant_of(lane.spec, DATA["digits"]) for lane in after.lanes]
    assert [lane_learns(*pair) for pair in zip(start.lanes, constants, strict=True)] == [False] * 5
    assert [lane_learns(*pair) for pair in zip(after.lanes, constants, strict=True)] == [True] * 2 + [False] * 3
    assert after.lanes[4].status is Status.DIVERGED


def test_the_symmetry_of_zeros_is_not_learning() -> None:
    """Its units stay one for ever, and tell a few classes apart after long: a quarter of the accuracy to be had."""
    after = finish(trainer(["init=zeros"], steps="10000"), until=2000).lanes[0]
    constant = constant_of(after.spec, DATA["digits"])
    assert constant.accuracy_rise(after.latest.train_accuracy) > 0.05
    assert not lane_learns(after, constant)
