"""`watch`: what it may do to a person's arrays, what it costs, what it says."""

import copy
import doctest
import warnings
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from watchloops import DIGITS, ONE_HOT, Network, X, Y, batches, cs231n, drawn, relu_step

import initscope.core
import initscope.core.watching.begin as begin
from initscope.core import Watched, watch
from initscope.core.probes import INDEX
from initscope.core.snapshot import Status
from initscope.core.states import State

NIELSEN = {"activations": "sigmoid", "loss": "quadratic", "lr": 3.0, "x": X, "y": Y}
RELU = {"activations": "relu", "loss": "cross_entropy", "lr": 0.5, "x": X, "y": Y}


def trained(params: dict[str, np.ndarray], length: int, lr: float = 0.5, **options: Any) -> Watched:
    """CS231n's network after so many steps."""
    watched = watch(params, **{**RELU, "lr": lr, **options})
    for _, rows in zip(range(length), batches(20), strict=False):
        with np.errstate(all="ignore"):
            watched.step(relu_step(params, X[rows], Y[rows], lr))
    return watched


def bytes_of(*arrays: np.ndarray) -> list[tuple[bytes, bool]]:
    return [(array.tobytes(), array.flags.writeable) for array in arrays]


def test_what_is_watched_is_never_changed() -> None:
    params, x, y = cs231n(), X.copy(), Y.copy()
    arrays = [*params.values(), x, y]
    before = bytes_of(*arrays)
    watched = watch(params, **{**RELU, "x": x, "y": y})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(40):
            watched.step(2.3)
    assert [str(watched), watched.findings(), watched.snapshot(), watched.states()]
    assert bytes_of(*arrays) == before
    assert [id(array) for array in params.values()] == [id(array) for array in arrays[:4]]


def test_data_shuffled_in_place_do_no_harm() -> None:
    x, y = X.copy(), Y.copy()
    params = cs231n()
    watched = watch(params, **{**RELU, "x": x, "y": y})
    before = watched.verdict()
    x[...] = np.random.default_rng(0).permutation(x)
    params["W1"] += 1e-12
    watched.step()
    assert watched.verdict() == before
    assert watched.plan.dataset is not None
    assert np.array_equal(watched.plan.dataset.x_train, X)


def test_arrays_are_looked_at_only_when_due() -> None:
    network, reads, made = Network(drawn("randn", "randn", 64, 15, 10)), [], [0]

    def params() -> tuple[list[np.ndarray], list[np.ndarray]]:
        reads.append(made[0])
        return network.weights, network.biases

    watched = watch(params, **NIELSEN, batch_size=10)
    for _, rows in zip(range(1000), batches(10), strict=False):
        due, cost = watched.due, network.update(X[rows].T, ONE_HOT[rows].T, 3.0)
        made[0] += 1
        watched.step(cost)
        assert due == (watched._probes.latest_step == watched.steps)
    steps = watched.snapshot(measure=False).lanes[0].probe_steps
    assert steps[:6].tolist() == [0, 1, 2, 4, 8, 16]
    assert len(steps) < 30
    assert set(reads) <= {k + d for k in steps.tolist() for d in (0, -1)}


def test_memory_is_bounded() -> None:
    params = {"W1": np.full((3, 2), 0.5), "b1": np.zeros(2)}
    data = {"x": np.random.default_rng(0).random((40, 3)), "y": np.arange(40) % 2}
    watched = watch(params, activations="relu", loss="cross_entropy", lr=0.1, **data)
    for step in range(150_000):
        params["W1"][0, 0] = 0.5 + 1e-6 * step
        watched.step(1.0)
    lane = watched.snapshot().lanes[0]
    assert lane.step == 150_000
    assert len(lane.probe_steps) <= 257
    assert len(lane.losses.step) <= 512
    assert len(watched._losses._waiting) <= 256


def test_new_arrays_need_to_be_handed_over() -> None:
    network = Network(drawn("randn", "randn", 64, 15, 10))
    lists = watch((network.weights, network.biases), **NIELSEN)
    handed = watch((network.weights, network.biases), **NIELSEN)
    held = watch(network, **NIELSEN)
    for step, rows in zip(range(1, 9), batches(10), strict=False):
        cost = network.update(X[rows].T, ONE_HOT[rows].T, 3.0)
        held.step(cost)
        handed.step(cost, params=(network.weights, network.biases))
        if step == 2:
            with pytest.warns(UserWarning, match="neither a weight nor a bias has changed in 2 steps"):
                lists.step(cost)
        else:
            lists.step(cost)
    assert any("neither a weight nor a bias" in note for note in lists.notes())
    assert not held.notes()
    np.testing.assert_array_equal(held.snapshot().lanes[0].probes, handed.snapshot().lanes[0].probes)
    assert not np.array_equal(held.snapshot().lanes[0].probes[-1], lists.snapshot().lanes[0].probes[-1])


def test_it_learns() -> None:
    watched = trained(cs231n("he_normal"), 300)
    assert [finding.code for finding in watched.findings()] == ["already-learning"]
    assert watched.verdict().healthy
    text = str(watched)
    assert "64-20-10 relu, cross_entropy, sgd lr 0.5, step 300" in text
    assert "started from weights: N(0, 0.177²)" in text or "he_normal" in text
    assert "layer 1: · healthy" in text
    assert "note:" not in text


def test_a_finding_says_what_code_would_help() -> None:
    watched = trained(cs231n("zeros"), 210)
    lines = str(watched.findings()).splitlines()
    assert lines[0].startswith("symmetric-units (initialization, layer 1): every weight starts at zero")
    assert lines[1].startswith("  what would help: he_normal")
    code = lines[2].removeprefix("  in layer 1: ")
    names: dict[str, Any] = {"np": np, "rng": np.random.default_rng(0)}
    exec(code, names)
    assert names["W"].shape == (64, 20)
    assert np.std(names["W"]) == pytest.approx(np.sqrt(2 / 64), rel=0.1)


def test_steps_that_are_too_large() -> None:
    watched = trained(cs231n("he_normal"), 400, lr=1e300)
    assert watched.snapshot().lanes[0].status is Status.DIVERGED
    assert watched.steps < 400
    assert watched.findings()[0].code == "learning-rate-too-high"
    assert not watched.due
    assert "diverged" in str(watched)


def test_a_loss_that_is_no_number_beside_a_network_that_is_well() -> None:
    params = cs231n("he_normal")
    watched = trained(params, 20)
    watched.step(float("nan"))
    assert watched.snapshot().lanes[0].status is Status.TRAINING
    assert watched.notes() == (
        "the loss reported at step 21 is no finite number, though every weight and activation is: is there a log(0) "
        "in it?",
    )
    watched.step(float("inf"))
    assert watched.steps == 22
    params["W1"][0, 0] = np.nan
    watched.step(float("nan"))
    assert watched.snapshot().lanes[0].status is Status.DIVERGED


@pytest.mark.parametrize("factor", [20.0, 2.0, 0.05])
def test_a_loss_that_is_counted_in_another_way(factor: float) -> None:
    params = cs231n("he_normal")
    watched = watch(params, **RELU)
    for _, rows in zip(range(250), batches(20), strict=False):
        watched.step(factor * relu_step(params, X[rows], Y[rows], 0.5))
    (note,) = watched.notes()
    assert note.startswith("the reported loss is about ")
    assert float(note.split()[5]) == pytest.approx(factor, rel=0.2)
    lane = watched.snapshot().lanes[0]
    assert lane.losses.mean[0] == pytest.approx(lane.measures[0, 0])
    assert watched.findings()[0].code == "already-learning"


def test_without_any_loss() -> None:
    params = cs231n("he_normal")
    watched = watch(params, **RELU)
    for _, rows in zip(range(250), batches(20), strict=False):
        relu_step(params, X[rows], Y[rows], 0.5)
        watched.step()
    assert watched.verdict().healthy
    lane = watched.snapshot().lanes[0]
    assert lane.losses.mean[-1] == pytest.approx(lane.measures[-1, 0], rel=0.3)
    assert watched.notes() == ()


def test_float32_and_float16_and_data_of_whole_numbers() -> None:
    pixels = np.rint(X * 16).astype(np.uint8)
    for dtype, computed in ((np.float32, "float32"), (np.float16, "float32"), (np.float64, "float64")):
        params = {name: array.astype(dtype) for name, array in cs231n("he_normal").items()}
        watched = watch(params, **{**RELU, "x": pixels, "y": Y.astype(np.uint8)})
        assert watched.spec.dtype == computed
        assert watched.states() == (State.HEALTHY, State.HEALTHY)


def test_looking_between_two_measurements_changes_none_of_them() -> None:
    one, other = (trained(cs231n("he_normal"), 0), trained(cs231n("he_normal"), 0))
    for watched, looks in ((one, False), (other, True)):
        params = watched._params
        for _, rows in zip(range(70), batches(20), strict=False):
            watched.step(relu_step(params, X[rows], Y[rows], 0.5))
            if looks:
                watched.states()
    mine, theirs = (w.snapshot(measure=False).lanes[0] for w in (one, other))
    common, here, there = np.intersect1d(mine.probe_steps, theirs.probe_steps, return_indices=True)
    assert len(common) == len(mine.probe_steps)
    np.testing.assert_array_equal(mine.probes[here], theirs.probes[there])
    assert np.isfinite(other.snapshot().lanes[0].probes[-1, :, INDEX["update_ratio"]]).all()


def test_the_test_is_told_apart_from_training() -> None:
    mixed = np.random.default_rng(0).permutation(DIGITS.y_test)
    watched = trained(cs231n("he_normal"), 250, x_test=DIGITS.x_test, y_test=mixed)
    measures = watched.snapshot().lanes[0].latest
    assert measures.train_accuracy > 0.8 > 0.3 > measures.test_accuracy
    assert "already-learning" not in [finding.code for finding in watched.findings()]


def test_an_end_that_was_planned() -> None:
    watched = trained(cs231n("he_normal"), 30, steps=30)
    lane = watched.snapshot().lanes[0]
    assert lane.status is Status.FINISHED
    assert lane.final is not None
    assert lane.probe_steps[-1] == 30
    assert np.isfinite(lane.probes[-1, :, INDEX["update_ratio"]]).all()
    params: Any = watched._params
    relu_step(params, X[:20], Y[:20], 0.5)
    watched.step()
    assert watched.snapshot().lanes[0].status is Status.TRAINING


def test_copies_do_not_share() -> None:
    watched = trained(cs231n("he_normal"), 5)
    assert repr(watched) == "<watched 64-20-10, step 5>"
    assert copy.copy(watched.findings()) == watched.findings()


def test_an_object_with_params() -> None:
    params = cs231n("he_normal")
    model = SimpleNamespace(params=params)
    assert watch(model, **RELU).plan.start == watch(params, **RELU).plan.start


def test_the_examples_in_the_documentation_are_true() -> None:
    done = doctest.testmod(begin)
    assert done.attempted >= 8
    assert not done.failed


def test_only_what_there_is() -> None:
    assert initscope.core.watch is watch
    with pytest.raises(AttributeError, match="no attribute 'watched'"):
        initscope.core.watched  # noqa: B018


@pytest.mark.parametrize(("name", "value"), [("W1", np.nan), ("b2", np.inf)])
def test_a_start_that_is_no_number(name: str, value: float) -> None:
    params = cs231n("he_normal")
    params[name][0] = value
    (found,) = watch(params, **RELU).findings()
    assert (found.code, found.layers) == ("non-finite", (int(name[1]),))
    assert found.blame.value == "initialization"


def test_a_start_that_is_far_too_large() -> None:
    params = cs231n("he_normal")
    params["W1"] *= 1e200
    assert not watch(params, **RELU).verdict().healthy


def test_inputs_that_are_broken_are_blamed_first() -> None:
    x = X.copy()
    x[3, 3] = np.nan
    assert watch(cs231n("he_normal"), **{**RELU, "x": x}).findings()[0].code == "inputs-broken"
    pixels = watch(cs231n("he_normal"), **{**RELU, "x": 255 * X})
    assert pixels.findings()[0].code == "inputs-not-scaled"
