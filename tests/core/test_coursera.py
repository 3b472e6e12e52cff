"""The experiments of the Coursera courses: their published digits, and the courses' own loop in plain numpy."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from initscope.core.datasets.data import Dataset, load
from initscope.core.experiments.catalogue import find
from initscope.core.experiments.experiment import Expectation, Experiment, Quantity
from initscope.core.experiments.judging import Answer, judge, verdict
from initscope.core.experiments.plan import Changes, plan
from initscope.core.experiments.run import Run

Floats = NDArray[np.float64]
Draw = Callable[[np.random.RandomState, int, int], Floats]


# The courses' loop


@dataclass
class Course:
    """What the course's program prints of one network."""

    costs: list[float]
    """Of the batch before each update, and after the last."""
    train_percent: float
    test_percent: float


def course(data: Dataset, sizes: tuple[int, ...], draw: Draw, seed: int, lr: float, steps: int) -> Course:
    """L_layer_model: ReLU, one sigmoid output, the cost by logarithms, full batches; examples are columns."""
    rng = np.random.RandomState(seed)
    weights = [draw(rng, units, inputs) for inputs, units in pairwise(sizes)]
    biases = [np.zeros((units, 1)) for units in sizes[1:]]
    x, y = data.x_train.T, data.y_train[None, :]
    costs = []
    for step in range(steps + 1):
        layers = forward(weights, biases, x)
        a = layers[-1]
        costs.append(float(-np.mean(y * np.log(a) + (1 - y) * np.log(1 - a))))
        if step == steps:
            break
        delta = (a - y) / len(data.x_train)
        for number in range(len(weights) - 1, -1, -1):
            before = delta
            if number:
                delta = (weights[number].T @ before) * (layers[number] > 0)
            weights[number] = weights[number] - lr * (before @ layers[number].T)
            biases[number] = biases[number] - lr * before.sum(axis=1, keepdims=True)
    train, test = (
        100 * float(np.mean((forward(weights, biases, inputs.T)[-1] > 0.5) == labels))
        for inputs, labels in ((data.x_train, data.y_train), (data.x_test, data.y_test))
    )
    return Course(costs, train, test)


def forward(weights: list[Floats], biases: list[Floats], x: Floats) -> list[Floats]:
    """The input and the activations of every layer, (units, examples)."""
    layers = [x]
    for number, (w, b) in enumerate(zip(weights, biases, strict=True), 1):
        z = w @ layers[-1] + b
        layers.append(np.maximum(z, 0) if number < len(weights) else 1 / (1 + np.exp(-z)))
    return layers


# Running the shipped files


def measured(experiment: Experiment, changes: Changes) -> Run:
    run = Run(plan(experiment, changes))
    for _ in run.go():
        pass
    return run


def only(experiment: Experiment, lanes: tuple[str, ...]) -> Experiment:
    """The experiment without its other lanes and what is expected of them."""
    kept = tuple(lane for lane in experiment.lanes if lane["name"] in lanes)
    expectations = tuple(e for e in experiment.expectations if {*e.lanes, *e.other_lanes} <= set(lanes))
    return replace(experiment, lanes=kept, expectations=expectations)


def of(run: Run, lane: str, seed: int, measure: str, at: str) -> float:
    value: float = run.values[lane, seed, Quantity(measure, at)]
    return value


# Cats: made-up pictures, the shipped file, the course's loop


def draw_pictures(n: int, rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Of 4x3 pixels; a third are cats, which have more of the first colour."""
    y = (np.arange(n) % 3 == 0).astype(np.int64)
    x = rng.integers(0, 200, (n, 4, 3, 3))
    x[..., 0] += 55 * y[:, None, None]
    return x.astype(np.uint8), y


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The path of 36 to train and 12 to test."""
    rng = np.random.default_rng(5)
    train, test = draw_pictures(36, rng), draw_pictures(12, rng)
    path = tmp_path_factory.mktemp("cats") / "cats.npz"
    np.savez(path, x_train=train[0], y_train=train[1], x_test=test[0], y_test=test[1])
    return str(path)


CATS: dict[str, tuple[tuple[int, ...], Draw]] = {
    "randn/sqrt(n)": ((20, 7, 5, 1), lambda rng, units, inputs: rng.randn(units, inputs) / np.sqrt(inputs)),
    "0.01*randn": ((20, 7, 5, 1), lambda rng, units, inputs: rng.randn(units, inputs) * 0.01),
    "zeros": ((20, 7, 5, 1), lambda rng, units, inputs: np.zeros((units, inputs))),
    "0.01*randn, 2 layers": ((7, 1), lambda rng, units, inputs: rng.randn(units, inputs) * 0.01),
}
STEPS = 400


WANTED = (
    *(("train_loss", at) for at in ("start", "step 1", "step 100", "end")),
    ("train_percent", "end"),
    ("test_percent", "end"),
)


@pytest.fixture(scope="module")
def cats(pictures: str) -> Run:
    """The shipped lanes and options, with these measures."""
    experiment = find("coursera-cat")
    wanted = tuple(Expectation("", experiment.lane_names, measure, at) for measure, at in WANTED)
    return measured(replace(experiment, expectations=wanted), Changes(seeds=1, epochs=STEPS, data=pictures))


@pytest.mark.parametrize("lane", CATS)
def test_cats_train_as_the_courses_loop_does(lane: str, cats: Run, pictures: str) -> None:
    hidden, draw = CATS[lane]
    data = load(pictures)
    expected = course(data, (36, *hidden), draw, 1, 0.0075, STEPS)
    for at, step in (("start", 0), ("step 1", 1), ("step 100", 100), ("end", STEPS)):
        assert of(cats, lane, 1, "train_loss", at) == pytest.approx(expected.costs[step], rel=1e-12)
    assert expected.costs[-1] < expected.costs[0] - 0.005
    assert of(cats, lane, 1, "train_percent", "end") == pytest.approx(expected.train_percent)
    assert of(cats, lane, 1, "test_percent", "end") == pytest.approx(expected.test_percent)


def test_every_lane_of_cats_is_compared() -> None:
    assert find("coursera-cat").lane_names == tuple(CATS)


# Circles: scikit-learn's, the shipped file, the published digits


def make_circles(n: int, seed: int) -> tuple[Floats, NDArray[np.int64]]:
    """scikit-learn's make_circles(n, noise=0.05) after numpy.random.seed(seed), as its documentation has it.

    Half of the points evenly on the unit circle, class 0, half on one of radius 0.8, class 1; shuffled, then moved.
    """
    rng = np.random.RandomState(seed)
    angles = np.linspace(0, 2 * np.pi, n // 2, endpoint=False)
    circle = np.column_stack([np.cos(angles), np.sin(angles)])
    order = np.arange(n)
    rng.shuffle(order)
    x = np.concatenate([circle, 0.8 * circle])[order]
    return x + rng.normal(scale=0.05, size=x.shape), (order >= n // 2).astype(np.int64)


@pytest.fixture
def circles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The data folder holds circles_c2w1.npz."""
    train, test = make_circles(300, 1), make_circles(100, 2)
    np.savez(tmp_path / "circles_c2w1.npz", x_train=train[0], y_train=train[1], x_test=test[0], y_test=test[1])
    monkeypatch.setenv("INITSCOPE_DATA_DIR", str(tmp_path))


@pytest.mark.usefixtures("circles")
def test_circles_show_the_published_digits() -> None:
    experiment = only(find("coursera-circles"), ("10*randn", "He"))
    run = measured(experiment, Changes(seeds=1))
    assert run.plan.experiment.seeds == (3,)
    assert of(run, "He", 3, "train_loss", "start") == pytest.approx(0.8830537463419761, rel=1e-15)
    assert of(run, "He", 3, "train_loss", "step 14000") == pytest.approx(0.07357895962677366, rel=1e-12)
    assert of(run, "He", 3, "train_percent", "end") == pytest.approx(100 * 298 / 300)
    assert of(run, "He", 3, "test_percent", "end") == pytest.approx(96)
    assert of(run, "10*randn", 3, "train_percent", "end") == pytest.approx(83)
    assert of(run, "10*randn", 3, "test_percent", "end") == pytest.approx(86)
    judgements = judge(run)
    assert verdict(judgements) is Answer.HOLDS, [judgement.why for judgement in judgements]


@pytest.mark.usefixtures("circles")
def test_zeros_stay_at_ln_2_on_circles_to_the_bit() -> None:
    """As many points of each class lie in both circles: even the last bias has a gradient of exactly 0."""
    run = measured(only(find("coursera-circles"), ("zeros",)), Changes(seeds=2, epochs=50))
    for seed in (3, 0):
        assert of(run, "zeros", seed, "train_loss", "end") == np.log(2)
        assert of(run, "zeros", seed, "train_loss", "end") == of(run, "zeros", seed, "train_loss", "start")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["coursera-cat", "coursera-circles", "cats-dogs-cnn"])
def test_the_whole_experiment_holds_on_its_own_data(name: str) -> None:
    """With the data in INITSCOPE_DATA_DIR; minutes each."""
    judgements = judge(measured(find(name), Changes()))
    assert verdict(judgements) is Answer.HOLDS, [judgement.why for judgement in judgements]
