"""Networks of any kind, whose activations are handed over by a function or step by step."""

from typing import Any

import numpy as np
import pytest
from watchloops import ONE_HOT, Network, X, Y, batches, cs231n, drawn, relu_step

from initscope.core import Watched, watch
from initscope.core.errors import InputError
from initscope.core.probes import INDEX
from initscope.core.snapshot import Status
from initscope.core.states import State

SIGMOID: dict[str, Any] = {"loss": "quadratic", "lr": 3.0}
TOLD = (
    "saturated_low", "saturated_high", "dead_units", "activation_mean", "std_over_inputs", "std_over_units",
    "weight_mean", "weight_std", "update_ratio", "non_finite",
)  # fmt: skip
"""The probes that activations and weights tell."""


def relu_forward(params: dict[str, np.ndarray], x: np.ndarray) -> list[np.ndarray]:
    hidden = np.maximum(0, x @ params["W1"] + params["b1"])
    scores = hidden @ params["W2"] + params["b2"]
    chance = np.exp(scores - scores.max(axis=1, keepdims=True))
    return [hidden, chance / chance.sum(axis=1, keepdims=True)]


def columns(watched: Watched) -> np.ndarray:
    return watched.snapshot().lanes[0].probes[..., [INDEX[name] for name in TOLD]]


@pytest.mark.parametrize("init", ["rand", "randn"])
def test_a_function_tells_the_same_as_computing(init: str) -> None:
    network = Network(drawn(init, "zeros", 64, 15, 12, 10))
    computed = watch(network, activations="sigmoid", **SIGMOID, x=X.T, y=Y)
    told = watch(network, activations=network.forward, activation="sigmoid", **SIGMOID, x=X.T, y=Y)
    for _, rows in zip(range(250), batches(10), strict=False):
        cost = network.update(X[rows].T, ONE_HOT[rows].T, 3.0)
        computed.step(cost)
        told.step(cost)
    np.testing.assert_allclose(columns(told), columns(computed), rtol=1e-9, atol=1e-12)
    one, other = (w.snapshot().lanes[0] for w in (told, computed))
    np.testing.assert_allclose(one.measures, other.measures, rtol=1e-9)
    assert np.isnan(one.probes[..., INDEX["z_mean"]]).all()
    assert told.verdict().causes == computed.verdict().causes
    assert told.states() == computed.states()
    assert not told.notes()


def test_a_function_of_rows_with_softmax() -> None:
    params = cs231n("he_normal")
    computed = watch(params, activations="relu", loss="cross_entropy", lr=0.5, x=X, y=Y)
    told = watch(params, activations=lambda x: relu_forward(params, x), activation="relu", loss="cross_entropy", lr=0.5,
                 x=X, y=Y)  # fmt: skip
    for _, rows in zip(range(60), batches(20), strict=False):
        cost = relu_step(params, X[rows], Y[rows], 0.5)
        computed.step(cost)
        told.step(cost)
    np.testing.assert_allclose(columns(told), columns(computed), rtol=1e-9, atol=1e-12)
    one, other = (w.snapshot().lanes[0].measures for w in (told, computed))
    np.testing.assert_allclose(one, other, rtol=1e-9)


def test_step_by_step_with_gradients() -> None:
    params = cs231n("he_normal")
    watched = watch(params, activation="relu", loss="cross_entropy", lr=0.5)
    looked_at = []
    for _, rows in zip(range(20), batches(20), strict=False):
        before = {name: array.copy() for name, array in params.items()}
        activations = relu_forward(params, X[rows]) if watched.due else None
        relu_step(params, X[rows], Y[rows], 0.5)
        grads = {f"d{name}": (before[name] - params[name]) / 0.5 for name in params}
        if watched.due:
            looked_at.append(np.sqrt(np.square(grads["dW1"]).mean()))
        watched.step(2.3, grads=grads, activations=activations)
    lane = watched.snapshot().lanes[0]
    found = lane.probes[1:, 0, INDEX["weight_gradient_rms"]]
    np.testing.assert_allclose(found, looked_at)
    ratio = lane.probes[1:, 0, INDEX["update_ratio"]]
    np.testing.assert_allclose(ratio[:2], 0.5 * found[:2] / np.sqrt(np.square(params["W1"]).mean()), rtol=0.1)
    assert watched.states() == (State.HEALTHY, State.HEALTHY)
    assert not watched.judged
    assert watched.notes()[0].startswith("layers are judged by their states alone")
    assert watched.findings() == ()
    assert "every hidden layer is healthy" in str(watched)
    assert np.isnan(lane.measures).all()


def test_nothing_is_said_before_something_is_known() -> None:
    watched = watch(cs231n("he_normal"), activation="relu", loss="cross_entropy", lr=0.5)
    with pytest.raises(InputError, match="no activations were handed over yet"):
        watched.states()
    assert not watched.verdict().healthy
    assert "healthy" not in str(watched)
    with pytest.raises(InputError, match="step 1 is to be measured: hand over activations"):
        watched.step(2.3)
    assert watched.steps == 0


def test_hidden_layers_alone_will_do() -> None:
    params = cs231n("he_normal")
    watched = watch(params, activations=[np.zeros((5, 20))], activation="relu", loss="cross_entropy", lr=0.5)
    assert watched.states()[0] is State.DEAD
    params["b1"] += 1.0
    watched.step(activations={"hidden": np.random.default_rng(0).random((5, 20))})
    assert watched.states()[0] is State.HEALTHY
    assert "layer 1: · healthy" in str(watched)


def convolutional(rng: np.random.Generator, flat: bool) -> tuple[dict[str, np.ndarray], list[np.ndarray]]:
    """Kernels (filters, channels, 3, 3), a norm's gain and shift, a dense layer (in, out); and activations."""
    params = {
        "W1": 0.1 * rng.standard_normal((6, 1, 3, 3)), "b1": np.zeros(6), "gamma1": np.ones(6), "beta1": np.zeros(6),
        "W2": 0.1 * rng.standard_normal((6 * 16, 10)), "b2": np.zeros(10),
    }  # fmt: skip
    images = np.tanh((100.0 if flat else 1.0) * rng.standard_normal((7, 6, 8, 8)))
    return params, [images, rng.random((7, 10))]


@pytest.mark.parametrize("flat", [True, False])
def test_convolutions_with_a_norm(flat: bool) -> None:
    params, activations = convolutional(np.random.default_rng(0), flat)
    watched = watch(params, activations=activations, activation="tanh", loss="cross_entropy", lr=0.1, x=X, y=Y)
    lane = watched.snapshot().lanes[0]
    images = activations[0].transpose(1, 0, 2, 3).reshape(6, -1)
    row = lane.probes[0, 0]
    high = float((images > np.sqrt(1 - 0.06)).mean())
    assert row[INDEX["saturated_high"]] == pytest.approx(high)
    assert row[INDEX["std_over_units"]] == pytest.approx(images.mean(axis=1).std())
    assert row[INDEX["std_over_inputs"]] == pytest.approx(np.sqrt(images.var(axis=1).mean()))
    assert row[INDEX["weight_std"]] == pytest.approx(params["W1"].std())
    assert watched.states()[0].saturated is flat
    assert watched.verdict().healthy is not flat
    assert not watched.judged
    assert "2 layers tanh" in str(watched)


def test_it_is_seen_that_any_network_learns() -> None:
    """The outputs alone tell: here of a network that initscope takes for one with something else in it."""
    params = cs231n("he_normal")
    params["gamma1"] = np.ones(20)
    watched = watch(params, activations=lambda x: relu_forward(params, x), activation="relu", loss="cross_entropy",
                    lr=0.5, x=X, y=Y)  # fmt: skip
    assert watched.findings() == ()
    for _, rows in zip(range(250), batches(20), strict=False):
        watched.step(relu_step(params, X[rows], Y[rows], 0.5))
    assert [finding.code for finding in watched.findings()] == ["already-learning"]


def test_activations_that_do_not_tell_their_slope() -> None:
    """Of gelu, one value has two slopes: what is flat is not known, the rest is."""
    params = cs231n("he_normal")
    watched = watch(params, activations=[np.full((5, 20), -0.1)], activation="gelu", loss="cross_entropy", lr=0.5)
    row = watched.snapshot().lanes[0].probes[0, 0]
    assert np.isnan(row[[INDEX["saturated_low"], INDEX["dead_units"]]]).all()
    assert row[INDEX["activation_mean"]] == pytest.approx(-0.1)
    assert watched.states()[0] is State.CLONED


def test_weights_that_are_no_numbers_any_more() -> None:
    params = cs231n("he_normal")
    watched = watch(params, activation="relu", loss="cross_entropy", lr=0.5)
    params["W1"][0, 0] = np.inf
    watched.step(activations=[np.ones((5, 20))])
    assert watched.snapshot().lanes[0].status is Status.DIVERGED
    assert not watched.verdict().healthy


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no name": ({"activations": [np.ones((5, 20))]}, "say which activation the hidden layers have"),
    "too many": ({"activation": "relu", "activations": [np.ones((5, 20))] * 3}, "3 activations for 2 layers"),
    "another width": ({"activation": "relu", "activations": [np.ones((5, 21))]}, r"shape \(5, 21\) do not fit a layer"),
    "words": ({"activation": "relu", "activations": [np.full((5, 20), "a")]}, "hold <U1, not real numbers"),
    "of no example": ({"activation": "relu", "activations": [np.ones((0, 20))]}, r"shape \(0, 20\) are of no example"),
    "a number": ({"activation": "relu", "activations": 3}, "activations must be a list of arrays, one for each layer"),
    "a function and no data": ({"activation": "relu", "activations": len}, "x and y are missing"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_read_is_said(case: str) -> None:
    options, words = BAD[case]
    with pytest.raises(InputError, match=words):
        watch(cs231n(), loss="cross_entropy", lr=0.5, **options)


def test_what_is_handed_to_the_wrong_place() -> None:
    params = cs231n()
    watched = watch(params, activation="relu", loss="cross_entropy", lr=0.5)
    with pytest.raises(InputError, match="grads must hold an array of its shape for each of W1, W2"):
        watched.step(activations=[np.ones((5, 20))], grads={"W1": np.zeros(3)})
    watched = watch(params, activation="relu", loss="cross_entropy", lr=0.5)
    with pytest.raises(InputError, match="loss must be one number"):
        watched.step(loss=[1.0, 2.0], activations=[np.ones((5, 20))])
    computed = watch(params, activations="relu", loss="cross_entropy", lr=0.5, x=X, y=Y)
    with pytest.raises(InputError, match="activations are computed from the weights here"):
        computed.step(activations=[np.ones((5, 20))])


def test_kernels_need_to_be_told_where_nothing_tells() -> None:
    kernels = {"W1": np.ones((4, 3, 3, 4)), "b1": np.zeros(4)}
    with pytest.raises(InputError, match=r"'W1' of shape \(4, 3, 3, 4\) may be \(out, in\) or \(in, out\)"):
        watch(kernels, activation="relu", loss="cross_entropy", lr=0.5)
    told = watch(kernels, activation="relu", loss="cross_entropy", lr=0.5, layout="in,out")
    assert told.plan.spec.architecture.layers[0].fan_in == 36
