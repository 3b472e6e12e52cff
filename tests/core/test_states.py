"""States: each is reached by a real small network, and its reading says why."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from initscope.core.comparison import Comparison
from initscope.core.datasets.data import load
from initscope.core.diagnosis import Blame, lane_verdict
from initscope.core.probes import INDEX, PROBES
from initscope.core.snapshot import Status
from initscope.core.states import (
    HUGE,
    STATES,
    State,
    lane_state,
    layer_states,
    reading,
    saturation,
    state_numbers,
)
from initscope.core.training import Trainer

DIGITS = load("digits")


def lane_of(text: str, steps: int = 0):
    specs = Comparison.of({}, [], [f"{text} steps={max(steps, 1)}"]).specs({"digits": DIGITS})
    trainer = Trainer(specs, {"digits": DIGITS})
    for _ in trainer.run(until=steps):
        pass
    return trainer.snapshot().lanes[0]


def probed(**values: float):
    """A lane with one hidden sigmoid layer of these probes, all else in health."""
    lane = lane_of("init=xavier_normal")
    probes = lane.probes.copy()
    for name, value in values.items():
        probes[-1, 0, INDEX[name]] = value
    return replace(lane, probes=probes)


DEEP = "64-50-50-50-50-10"


@pytest.mark.parametrize(
    ("text", "state", "layer", "words"),
    [
        ("init=rand", State.SATURATED_HIGH, 1, ["saturated, 100%", "high side", "mean 0.5, so z = 10 ± 1.4"]),
        ("init=uniform:low=-1,high=0", State.SATURATED_LOW, 1, ["saturated", "low side", "mean -0.5, so z = -9."]),
        ("init=randn:scale=9", State.SATURATED_LOW, 1, ["saturated", "standard deviation 9", "64 inputs, so z ="]),
        ("init=zeros", State.CLONED, 1, ["units of layer 1 are identical"]),
        ("init=constant:value=0.01", State.CLONED, 1, ["units of layer 1 are identical"]),
        ("init=zeros activation=tanh", State.CLONED, 1, ["units of layer 1 are identical"]),
        ("init=constant:value=0.01 activation=gelu", State.CLONED, 1, ["units of layer 1 are identical"]),
        (
            "init=xavier_normal bias-init=constant:value=-50 activation=relu", State.DEAD, 1,
            ["dead: 100% of its units", "standard deviation", "biases were constant:value=-50, so z = -"],
        ),
        (f"init=randn:scale=0.01 activation=tanh arch={DEEP}", State.FAINT, 3, ["layer 3 is faint", "50 inputs"]),
        (f"init=randn activation=relu arch={DEEP}", State.EXPLODING, 4, ["layer 4 explodes", "deviation 1.02 for 50"]),
        ("init=xavier_normal", State.HEALTHY, 0, ["every hidden layer is healthy."]),
        ("init=he_normal activation=relu", State.HEALTHY, 0, ["every hidden layer is healthy."]),
        (f"init=xavier_normal activation=tanh arch={DEEP}", State.HEALTHY, 0, ["every hidden layer is healthy."]),
        ("init=randn arch=64-10", State.HEALTHY, 0, ["no hidden layer."]),
    ],
)
def test_a_network_before_training(text, state, layer, words):
    lane = lane_of(text)
    assert lane_state(lane) == (state, layer)
    for word in words:
        assert word in reading(lane)


@pytest.mark.parametrize("init", ["zeros", "constant:value=0.02"])
@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "gelu"])
@pytest.mark.parametrize("width", [2, 7, 33])
def test_clones_stay_clones_while_they_train(init, activation, width):
    lane = lane_of(f"init={init} activation={activation} arch=64-{width}-10 lr=0.1", 50)
    assert lane_state(lane) == (State.CLONED, 1)


def test_one_unit_is_no_clone():
    assert lane_state(lane_of("init=constant:value=0.01 arch=64-1-10"))[0] is State.HEALTHY


def test_what_training_did_is_not_blamed_on_the_weights():
    lane = lane_of("init=he_normal activation=relu lr=1000 optimizer=sgd loss=quadratic arch=64-20-20-10", 30)
    state, layer = lane_state(lane)
    assert state is not State.HEALTHY
    assert layer_states(lane, 0)[layer - 1] is State.HEALTHY
    first = next(at for at in range(len(lane.probe_steps)) if layer_states(lane, at)[layer - 1] is state)
    since = f"It was healthy before training, and has been {state.word} since step {lane.probe_steps[first]}."
    assert since in reading(lane)
    assert "weights had" not in reading(lane)


def test_what_came_with_training_may_still_be_the_initializers_fault():
    """A convolution from rand: its own units die in the first steps, because the weights above shift everything."""
    options = "arch=8c3-p2-30-10 activation=relu loss=cross_entropy lr=0.1"
    lane = lane_of(f"init=rand {options}", 60)
    assert lane_verdict(lane, DIGITS).causes[0][0] is Blame.INITIALIZATION
    assert lane_state(lane)[0] is State.DEAD
    assert layer_states(lane, 0)[0] is State.HEALTHY
    assert "learning rate" not in reading(lane)
    assert "healthy before training, and has been dead since step" in reading(lane)


def slow_state(lane, at: int, layer: int) -> State:
    """The rules once more, one layer of one probe at a time, in plain words."""
    row = {name: float(lane.probes[at, layer, index]) for name, index in INDEX.items()}
    if row["non_finite"] > 0:
        return State.NON_FINITE
    if layer == len(lane.layer_names) - 1:
        return State.HEALTHY
    low, high = row["saturated_low"], row["saturated_high"]
    if low + high > 0.5:
        return State.SATURATED_LOW if low > high else State.SATURATED_HIGH
    if row["dead_units"] > 0.5:
        return State.DEAD
    if lane.spec.activation.name not in ("sigmoid", "tanh") and row["z_std"] > 100:
        return State.EXPLODING
    units = lane.spec.architecture.layers[layer].channels
    if units > 1 and row["std_over_units"] <= 1e-9 * (abs(row["activation_mean"]) + row["std_over_inputs"]):
        return State.CLONED
    return State.FAINT if row["std_over_inputs"] < 1e-3 else State.HEALTHY


VALUES = [0.0, 0.3, 0.51, 1.0, 1e-12, 1e-4, 99.0, 101.0, 1e300, np.inf, np.nan]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["sigmoid", "tanh", "relu", "gelu"]), st.integers(0, 2**32 - 1))
def test_all_probes_at_once_are_as_one_by_one(activation, seed):
    lane = made(f"init=xavier_normal activation={activation} arch=64-1-5-10")
    probes = np.random.default_rng(seed).choice(VALUES, (4, 3, len(PROBES)))
    probes[::2, :, INDEX["non_finite"]] = 0
    spoilt = replace(lane, probes=probes)
    numbers = state_numbers(lane.spec, probes)
    assert numbers.shape == (4, 3)
    for at in range(4):
        found = layer_states(spoilt, at)
        assert found == [STATES[number] for number in numbers[at]]
        assert found == [slow_state(spoilt, at, layer) for layer in range(3)]


@cache
def made(text: str):
    return lane_of(text)


def test_dead_is_dead_however_large_its_numbers():
    """Units off for every input pass no gradient, and nothing on: that z has exploded matters no more."""
    lane = lane_of("init=randn:scale=60 bias-init=constant:value=-5000 activation=relu arch=64-30-10")
    assert lane.probes[-1, 0, INDEX["z_std"]] > HUGE
    assert lane_state(lane) == (State.DEAD, 1)
    alive = lane_of("init=randn:scale=60 activation=relu arch=64-30-10")
    assert lane_state(alive) == (State.EXPLODING, 1)


def test_one_answer_is_mentioned_once_there_were_steps():
    assert "one class" not in reading(lane_of("init=rand"))
    assert reading(lane_of("init=rand", 3)).endswith(" It answers one class for every input.")
    lane = probed()
    lane = replace(lane, step=5, final=replace(lane.latest, classes_predicted=1.0))
    assert reading(lane) == "every hidden layer is healthy, but it answers one class for every input."


def test_a_diverged_lane_says_when():
    lane = lane_of("init=randn lr=1e30 loss=cross_entropy", 9)
    assert lane.status is Status.DIVERGED
    assert lane_state(lane)[0] is State.NON_FINITE
    assert reading(lane).startswith(f"diverged: after {lane.step} steps")


def test_numbers_that_are_not_finite_come_before_everything():
    lane = probed(non_finite=1.0, saturated_high=1.0, z_std=np.nan)
    assert lane_state(lane) == (State.NON_FINITE, 1)
    assert "layer 1 holds numbers that are not finite" in reading(lane)
    assert lane_state(probed(**dict.fromkeys(set(PROBES) - {"non_finite"}, np.nan)))[0] is State.HEALTHY


def test_the_output_layer_is_judged_by_finite_numbers_alone():
    lane = lane_of("init=xavier_normal arch=64-10 bias-init=constant:value=50")
    assert layer_states(lane) == [State.HEALTHY]
    probes = lane.probes.copy()
    probes[-1, -1, INDEX["non_finite"]] = 1
    assert layer_states(replace(lane, probes=probes)) == [State.NON_FINITE]


@pytest.mark.parametrize(
    ("probes", "state"),
    [
        ({"saturated_low": 0.25, "saturated_high": 0.25}, State.HEALTHY),
        ({"saturated_low": 0.25, "saturated_high": 0.26}, State.SATURATED_HIGH),
        ({"saturated_low": 0.26, "saturated_high": 0.25}, State.SATURATED_LOW),
        ({"dead_units": 0.5}, State.HEALTHY),
        ({"dead_units": 0.51}, State.DEAD),
        ({"dead_units": 0.51, "saturated_low": 0.6}, State.SATURATED_LOW),
        ({"z_std": 1e6}, State.HEALTHY),  # a sigmoid is bounded
        ({"std_over_units": 0.0}, State.CLONED),
        ({"std_over_inputs": 0.99e-3}, State.FAINT),
        ({"std_over_inputs": 1.01e-3}, State.HEALTHY),
    ],
)
def test_thresholds(probes, state):
    assert lane_state(probed(**probes))[0] is state


def test_saturation_adds_both_sides_and_is_nan_where_it_does_not_apply():
    lane = lane_of("init=randn")
    low, high = lane.probes[-1, 0, INDEX["saturated_low"]], lane.probes[-1, 0, INDEX["saturated_high"]]
    assert saturation(lane.probes)[-1, 0] == low + high
    assert np.isnan(saturation(lane.probes)[-1, -1])
    assert np.isnan(saturation(lane_of("init=randn activation=relu").probes)).all()


def test_every_state_has_its_own_letter_and_word():
    assert len({state.letter for state in State}) == len({state.word for state in State}) == len(State)
    assert all(len(state.letter) == 1 for state in State)
