"""Schedules, weight decay and clipping in an ensemble, against a loop over single examples and parameters."""

import math
from collections.abc import Callable

import numpy as np
import oracle
import pytest
from runs import RELU, assert_same_numbers, finish, parameters, trainer
from test_lockstep import spec, start, train

from initscope.core.optimizers import CATALOGUE
from initscope.core.snapshot import Status
from initscope.core.spec import Spec
from initscope.core.steering import Steering, norm

STEPS = 50
LANES = {  # each with the rule's own learning rate times so much
    "": 1.0,
    "schedule=cosine": 2.0,
    "schedule=step:every=20,factor=0.3,warmup=5": 1.0,
    "schedule=linear:floor=0.1,warmup=100": 1.0,
    "weight-decay=0.3": 0.5,
    "clip=0.2": 1.0,
    "clip=0.2 weight-decay=0.1 schedule=cosine:floor=0.1": 1.0,
    "clip=1000": 1.0,
    "clip=0.1 weight-decay=0.3": 0.0,
}
LR = {"sgd": 0.5, "adagrad": 0.1, "momentum": 0.1, "nesterov": 0.1}


def whole(step: int) -> float:
    """No schedule: the learning rate as it is."""
    return 1.0


FACTORS: dict[str, Callable[[int], float]] = {
    "schedule=cosine": lambda t: (1 + math.cos(math.pi * t / STEPS)) / 2,
    "schedule=step:every=20,factor=0.3,warmup=5": lambda t: (t + 1) / 5 if t < 5 else 0.3 ** ((t - 5) // 20),
    "schedule=linear:floor=0.1,warmup=100": lambda t: (t + 1) / 100,
    "schedule=cosine:floor=0.1": lambda t: 0.1 + 0.9 * (1 + math.cos(math.pi * t / STEPS)) / 2,
}


def lanes_of(rule: str, dtype: str = "float64", arch: str = "2-4-3", **more: str) -> list[Spec]:
    """A lane for each of `LANES` that goes with the rule, from different weights."""
    texts = [text for text in LANES if not (rule == "adamw" and "weight-decay" in text)]
    return [
        spec(
            f"data=spiral arch={arch} optimizer={rule} activation=tanh loss=cross_entropy init=randn "
            f"lr={LR.get(rule, 0.01) * LANES[text]} batch-size=9 steps={STEPS} dtype={dtype} {text}",
            **more,
        )
        for text in texts
    ]


def plain_run(one: Spec, text: str, initial: oracle.Parameters) -> np.ndarray:
    """Flat parameters after every step of a run, from the formulas."""
    words = dict(word.split("=", 1) for word in text.split())
    factor: Callable[[int], float] = FACTORS.get(f"schedule={words.get('schedule')}", whole)
    decay, clip = float(words.get("weight-decay", 0)), float(words.get("clip", math.inf))
    values = {name: float(value) for name, value in one.optimizer.values}
    batches = start([one]).batches
    flat = [float(v) for w, b in initial for v in (*w.ravel(), *b)]
    is_weight = [kind for w, b in initial for kind in (*[True] * w.size, *[False] * b.size)]
    rules = [oracle.ScalarRule(one.optimizer.name, one.lr, **values) for _ in flat]
    path = []
    for step in range(STEPS):
        x, chosen = batches.at(step)
        y = np.eye(3)[batches.dataset.y_train[chosen]]
        _, gradient = oracle.mean_gradient(shaped(flat, initial), "tanh", "cross_entropy", x.astype(float), y)
        g = [float(v) for w, b in gradient for v in (*w.ravel(), *b)]
        length = math.sqrt(sum(v * v for v in g))
        g = [v * clip / length for v in g] if length > clip else g
        g = [v + decay * w if weight else v for v, w, weight in zip(g, flat, is_weight, strict=True)]
        for rule in rules:
            rule.lr = one.lr * factor(step)
        flat = [rule.step(w, v) for rule, w, v in zip(rules, flat, g, strict=True)]
        path.append(flat)
    return np.array(path)


def shaped(flat: list[float], like: oracle.Parameters) -> oracle.Parameters:
    rest, parts = np.array(flat), []
    for w, b in like:
        parts.append((rest[: w.size].reshape(w.shape), rest[w.size : w.size + b.size]))
        rest = rest[w.size + b.size :]
    return parts


@pytest.mark.parametrize("rule", list(CATALOGUE))
def test_fifty_steps_are_those_of_a_plain_loop(rule: str) -> None:
    specs = lanes_of(rule)
    ensemble = start(specs)
    layers = ensemble.network.weighted
    first = [[(layer.weights[row].copy(), layer.biases[row].copy()) for layer in layers] for row in range(len(specs))]
    paths = []
    for step in range(STEPS):
        assert not ensemble.step(step, *ensemble.batches.at(step), keep_update=False)
        paths.append(ensemble.network.parameters.copy())
    texts = [text for text in LANES if not (rule == "adamw" and "weight-decay" in text)]
    for row, (one, text) in enumerate(zip(specs, texts, strict=True)):
        expected = plain_run(one, text, first[row])
        np.testing.assert_allclose(np.array(paths)[:, row], expected, rtol=1e-8, atol=1e-10, err_msg=text)
    assert np.ptp(np.array(paths)[-1], axis=0).min() > 0, "every lane went its own way"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rule", list(CATALOGUE))
def test_a_lane_alone_equals_the_lane_in_company(rule: str, dtype: str) -> None:
    specs = lanes_of(rule, dtype, arch="2-13-7-3")
    together = train(specs, STEPS)
    for row, one in enumerate(specs):
        alone = train([one], STEPS)
        assert np.array_equal(alone[0][0], together[0][row])
        assert np.array_equal(alone[1][0], together[1][row])
        assert np.array_equal(alone[2][0], together[2][row], equal_nan=True)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_lane_that_diverges_within_a_step_leaves_its_neighbours_alone(optimizer: str) -> None:
    """Warm-up lasts: the rates of the step must live on when the ensemble is cut down in the middle of it."""
    quiet = [
        "init=he_normal schedule=cosine:warmup=50", "init=he_uniform", "init=randn weight-decay=0.1",
        "init=he_normal clip=0.1 schedule=linear:warmup=90",
    ]  # fmt: skip
    options = {**RELU, "optimizer": optimizer, "steps": "60", "lr": "0.01"}
    wild = {"init=he_normal lr=1e30 schedule=constant:warmup=3": 2, "init=randn:scale=1e20": 0}
    for lane, place in wild.items():
        with_it = trainer([*quiet[:place], lane, *quiet[place:]], **options)
        without = trainer(quiet, **options)
        shot, expected = finish(with_it), finish(without)
        assert shot.lanes[place].status is Status.DIVERGED
        others = [lane for index, lane in enumerate(shot.lanes) if index != place]
        for one, other in zip(others, expected.lanes, strict=True):
            assert_same_numbers(one, other)
        mine, theirs = parameters(with_it), parameters(without)
        assert np.array_equal([mine[index] for index in range(5) if index != place], [theirs[i] for i in range(4)])


def test_identical_units_stay_identical() -> None:
    lanes = ["schedule=cosine weight-decay=0.01", "clip=0.01", "schedule=step:every=9 clip=0.1 weight-decay=0.1"]
    ensemble = start([spec(f"arch=64-33-10 init=constant:value=0.1 lr=1 steps=100 {text}") for text in lanes])
    for step in range(100):
        assert not ensemble.step(step, *ensemble.batches.at(step), keep_update=False)
    first, second = ensemble.network.weighted
    assert np.array_equal(first.weights, np.broadcast_to(first.weights[:, :1], first.weights.shape))
    assert np.array_equal(second.weights, np.broadcast_to(second.weights[:, :, :1], second.weights.shape))
    assert (first.weights != np.float32(0.1)).any()


def test_a_run_without_steps() -> None:
    lanes = [f"init=randn schedule={name}:warmup=2 clip=1 weight-decay=1" for name in ("cosine", "step", "linear")]
    made = trainer(lanes, steps="0")
    assert [lane.status for lane in finish(made).lanes] == [Status.FINISHED] * 3


@pytest.mark.parametrize("optimizer", list(CATALOGUE))
def test_without_anything_to_steer_there_is_nothing_to_do(optimizer: str) -> None:
    one = spec(f"optimizer={optimizer}")
    steering = Steering([one, one], 100, folds=True)
    assert not steering.acts
    assert steering.scale(0, 7) is steering.scale(50, 7)
    assert Steering([one, spec("clip=1")], 100, folds=True).acts
    assert not Steering([one, spec("clip=1")], 100, folds=True).select([0]).acts


def test_decay_shrinks_weights_alone() -> None:
    one = spec("arch=64-5-bn-ln-10 activation=prelu bias-init=ones weight-decay=0.25 lr=0.5")
    ensemble = start([one, one])
    network, rule = ensemble.network, ensemble.rule
    network.gradient[...] = 0
    ensemble._steering.scale(0, 10)
    ensemble._steering.adjust(network.weighted, network.gradient, rule)
    for layer in network.weighted:
        np.testing.assert_array_equal(layer.weight_gradient, 0.125 * layer.weights)
        layer.weight_gradient[...] = 0
    assert not network.gradient.any(), "biases, gains, shifts and slopes stay as they are"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [1e-30, 1e-3, 1.0, 1e19, 1e30])
def test_the_norm_of_any_size(size: float, dtype: str) -> None:
    values = np.random.default_rng(0).normal(size=1001) * size
    expected = math.sqrt(math.fsum(float(v / size) ** 2 for v in values)) * size
    with np.errstate(over="ignore"):
        assert norm(values.astype(dtype)) == pytest.approx(expected, rel=1e-6)


def test_the_norm_of_nothing_and_of_what_is_none() -> None:
    assert norm(np.zeros(5, "float32")) == 0
    with np.errstate(all="ignore"):
        assert math.isnan(norm(np.array([1, np.nan], "float32")))
        assert norm(np.array([1, -np.inf], "float32")) == math.inf
