"""In what people keep their weights and data, and what is said where it cannot be read."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from watchloops import ONE_HOT, X, Y, drawn

from initscope.core import watch
from initscope.core.errors import InputError
from initscope.core.states import State
from initscope.core.watching.parameters import read
from initscope.core.watching.start import find_start

(W1, B1), (W2, B2) = LAYERS = drawn("randn", "rand", 64, 15, 10)
COLUMNS = [(w, b[:, None]) for w, b in LAYERS]
SIGMOID: dict[str, Any] = {"activations": "sigmoid", "loss": "quadratic", "lr": 3.0}
EXPECTED = watch([W1, B1, W2, B2], **SIGMOID, x=X, y=Y)

FORMS: dict[str, Any] = {
    "a flat list": [W1, B1, W2, B2],
    "weights, then biases, flat": [W1, W2, B1, B2],
    "pairs": LAYERS,
    "pairs in a tuple": tuple(COLUMNS),
    "two lists": ([W1, W2], [B1, B2]),
    "two lists of columns": ([w for w, _ in COLUMNS], [b for _, b in COLUMNS]),
    "two arrays of objects": [np.array([W1, W2], object), np.array([B1, B2], object)],
    "an object with lists": SimpleNamespace(weights=[W1, W2], biases=[B1, B2]),
    "an object with params": SimpleNamespace(params={"W1": W1, "b1": B1, "W2": W2, "b2": B2}),
    "lists in a dict": {"weights": [W1, W2], "biases": [B1, B2]},
    "Coursera's dict": {"W1": W1, "b1": B1[:, None], "W2": W2, "b2": B2[:, None]},
    "a dict in another order": {"b2": B2, "W2": W2, "b1": B1, "W1": W1},
    "CS231n's dict": {"W1": W1.T, "b1": B1, "W2": W2.T, "b2": B2},
    "rows of biases": {"W1": W1.T, "b1": B1[None], "W2": W2.T, "b2": B2[None]},
    "PyTorch's names": {"fc1.weight": W1, "fc1.bias": B1, "fc2.weight": W2, "fc2.bias": B2},
    "names that tell nothing": {"hid": W1, "hidden offset": B1, "out": W2, "out offset": B2},
    "a function": lambda: [W1, B1, W2, B2],
    "a function of an object": lambda: SimpleNamespace(weights=[W1, W2], biases=[B1, B2]),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_same_network_in_any_form(form: str) -> None:
    found = watch(FORMS[form], **SIGMOID, x=X, y=Y)
    assert found.spec == EXPECTED.spec
    np.testing.assert_array_equal(found.snapshot().lanes[0].probes, EXPECTED.snapshot().lanes[0].probes)


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (X, ONE_HOT),
        (X.T, Y),
        (X.T, ONE_HOT.T),
        (X.reshape(-1, 8, 8), Y[:, None]),
        (X[:, :, None], ONE_HOT[:, :, None]),
        (X.T, Y[None]),
        (X, Y.astype(float)),
        (X.tolist(), Y.tolist()),
        (np.asfortranarray(X), Y),
    ],
)
def test_the_same_data_in_any_form(x: Any, y: Any) -> None:
    found = watch(FORMS["pairs"], **SIGMOID, x=x, y=y)
    np.testing.assert_array_equal(found.snapshot().lanes[0].measures, EXPECTED.snapshot().lanes[0].measures)


def test_names_with_numbers_are_in_their_order() -> None:
    sizes = [64, *range(12, 22), 10]
    layers = drawn("randn", "zeros", *sizes)
    named = {f"{kind}{n}": part for n, layer in enumerate(layers, 1) for kind, part in zip("Wb", layer, strict=True)}
    shuffled = {name: named[name] for name in sorted(named)}
    assert [layer.name for layer in read(shuffled).layers] == [f"W{n}" for n in range(1, 12)]
    assert watch(shuffled, **SIGMOID, x=X, y=Y).spec.architecture.text == "-".join(map(str, sizes))


def test_no_biases() -> None:
    found = watch([W1, W2], **SIGMOID, x=X, y=Y)
    zero = watch([W1, 0 * B1, W2, 0 * B2], **SIGMOID, x=X, y=Y)
    np.testing.assert_array_equal(found.snapshot().lanes[0].probes, zero.snapshot().lanes[0].probes)


def test_square_matrices_need_to_be_told() -> None:
    square = [np.random.default_rng(n).standard_normal((64, 64)) for n in (0, 1)]
    last = np.random.default_rng(2).standard_normal((64, 64))
    data = {"x": X, "y": Y + 54}
    with pytest.raises(InputError, match=r"may be \(out, in\) or \(in, out\): say layout='out,in'"):
        watch([*square, last], **SIGMOID, **data)
    told = [watch([*square, last], **SIGMOID, **data, layout=layout) for layout in ("out,in", "(in, out)")]
    turned = watch([w.T for w in (*square, last)], **SIGMOID, **data, layout="in,out")
    one, other, third = (w.snapshot().lanes[0].probes for w in (*told, turned))
    assert not np.allclose(one, other, equal_nan=True)
    np.testing.assert_allclose(one, third)
    columns = watch([(w, np.zeros((64, 1))) for w in (*square, last)], **SIGMOID, **data)
    np.testing.assert_allclose(columns.snapshot().lanes[0].probes, one)
    one_decides = watch([*square, W1, W2], **SIGMOID, x=X, y=Y)
    np.testing.assert_array_equal(one_decides.plan.spec.architecture.text, "64-64-64-15-10")


def test_one_output_and_no_hidden_layer() -> None:
    binary = (Y > 4).astype(int)
    for last in (np.zeros((1, 64)), np.zeros((64, 1))):
        found = watch([last], activations="sigmoid", loss="cross_entropy", lr=0.1, x=X, y=binary)
        assert found.states() == (State.HEALTHY,)
        assert found.spec.architecture.text == "64-1"
        assert found.snapshot().lanes[0].measures[0, 0] == pytest.approx(np.log(2))


class Attached:
    """Refuses as PyTorch's tensors do that ask for a gradient."""

    def __array__(self, *_: Any, **__: Any) -> None:
        raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")

    def item(self) -> float:
        return 2.5


BAD: dict[str, tuple[Any, dict[str, Any], str]] = {
    "nothing": ({}, {}, "params holds no weights"),
    "a number": (3.0, {}, "params is of type float"),
    "text": ("W1", {}, "params is of type str"),
    "vectors": ([B1, B2], {}, r"arrays of shapes \(15,\), \(10,\), which are no layers"),
    "words in an array": ({"W1": np.array([["a"]])}, {}, "'W1' holds <U1, not real numbers"),
    "complex": ([W1 * 1j, W2], {}, "holds complex128"),
    "ragged": ({"W1": [[1.0], [1.0, 2.0]]}, {}, "'W1' is no array"),
    "no chain": ([W1, W1], {}, r"\(15, 64\), \(15, 64\) do not feed each other"),
    "biases of another layer": ([(W1, B1), (W2[:5], B2)], {}, "which are no layers' weights and biases"),
    "a layer with a gain": ({"W1": W1, "gamma1": B1, "W2": W2}, {}, "params holds gamma1 beside weights"),
    "other features": (LAYERS, {"x": X[:, :60]}, "takes 64 inputs and gives 10 outputs, but there is x of shape"),
    "other classes": (LAYERS, {"y": ONE_HOT[:, :7]}, "but there is x of shape"),
    "labels from 1": (LAYERS, {"y": Y + 1}, "y must be labels 0 to 9"),
    "labels that are no labels": (LAYERS, {"y": Y + 0.5}, "y must be labels 0 to 9"),
    "targets that are not one-hot": (LAYERS, {"y": ONE_HOT + 0.1}, "one value in each row"),
    "too few labels": (LAYERS, {"y": Y[:-1]}, r"y of shape \(1499,\) does not fit 1,500 examples"),
    "a square x": (LAYERS, {"x": X[:64], "y": Y[:64]}, "may have its examples in rows or columns"),
    "one example": (LAYERS, {"x": X[:1], "y": Y[:1]}, "holds 1 example"),
    "no y": (LAYERS, {"y": None}, "x and y go together"),
    "no x": (LAYERS, {"x": None, "y": None}, "x and y are missing"),
    "half a test": (LAYERS, {"x_test": X}, "x_test and y_test go together"),
    "no such activation": (LAYERS, {"activations": "sigmod"}, "did you mean sigmoid"),
    "no such loss": (LAYERS, {"loss": "hinge"}, "unknown loss 'hinge': known are cross_entropy, quadratic"),
    "no such optimizer": (LAYERS, {"optimizer": "sdg"}, "unknown optimizer"),
    "no such layout": (LAYERS, {"layout": "rows"}, "layout 'rows': write 'out,in'"),
    "a rate below 0": (LAYERS, {"lr": -1}, "lr must be a number, finite and not negative"),
    "a rate that is none": (LAYERS, {"lr": "fast"}, "lr must be a number"),
    "no steps": (LAYERS, {"steps": 0}, "steps must be at least 1"),
    "an empty batch": (LAYERS, {"batch_size": 0}, "batch_size must be at least 1"),
    "two activations": (LAYERS, {"activations": ["relu"] * 4}, "4 activations for 2 layers"),
    "different ones": ([W1, np.eye(15), W2], {"activations": ["relu", "tanh"]}, "different activations, relu, tanh"),
    "a kernel": ([np.zeros((4, 1, 3, 3)), W2], {}, "is no matrix"),
    "an attached tensor": ({"W1": Attached()}, {}, "'W1' is no array: Can't call numpy"),
    "an attached tensor as x": (LAYERS, {"x": Attached()}, "x is no array: Can't call numpy"),
    "no example": (LAYERS, {"x": X[:0], "y": Y[:0]}, "holds 0 examples"),
    "labels of nothing": (LAYERS, {"y": [None] * len(Y)}, "y holds object"),
    "a loss, not its name": (LAYERS, {"loss": 0.5}, "loss must be a name such as 'cross_entropy', not 0.5"),
    "half a step": (LAYERS, {"steps": 10.5}, "steps must be at least 1, a whole number, not 10.5"),
    "a batch in words": (LAYERS, {"batch_size": "ten"}, "batch_size must be at least 1, a whole number, not ten"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_read_is_said(case: str) -> None:
    params, options, words = BAD[case]
    with pytest.raises(InputError, match=words):
        watch(params, **{**SIGMOID, "x": X, "y": Y, **options})


def test_a_loss_may_be_a_tensor_and_steps_a_float() -> None:
    watched = watch(LAYERS, **SIGMOID, x=X, y=Y, steps=30 * len(X) / 10)
    watched.step(loss=Attached())
    assert watched.plan.steps == 4500
    assert watched.snapshot().lanes[0].step == 1


def test_names_of_activations_in_a_list() -> None:
    for names in (["sigmoid"], ["sigmoid", "softmax"], ("sigmoid",)):
        assert watch(LAYERS, **{**SIGMOID, "activations": names}, x=X, y=Y).spec == EXPECTED.spec


def test_shapes_must_stay() -> None:
    params = {"W1": W1, "b1": B1, "W2": W2, "b2": B2}
    watched = watch(params, **SIGMOID, x=X, y=Y)
    params["W1"] = W1[:, :60]
    with pytest.raises(InputError, match=r"weights had shapes \(15, 64\), \(10, 15\) and have \(15, 60\)"):
        watched.step()


@pytest.mark.parametrize(
    ("weights", "biases", "words"),
    [
        ("rand", "rand", "weights: mean 0.50, U[0, 1): np.random.rand; biases: rand"),
        ("randn", "randn", "weights: N(0, 1²): np.random.randn; biases: drawn alike"),
        ("randn", "zeros", "weights: N(0, 1²): np.random.randn; biases: zeros"),
        ("randn:scale=0.01", "constant:value=0.1", "weights: N(0, 0.01²): 0.01 * np.random.randn; biases: constant"),
        ("zeros", "zeros", "weights: 0 everywhere: zeros; biases: zeros"),
    ],
)
def test_what_the_start_looks_like(weights: str, biases: str, words: str) -> None:
    found = find_start(drawn(weights, biases, 64, 40, 30, 10))
    assert found.words.startswith(words)
    assert found.weights.for_shape((40, 64)).of((40, 64)).mean == (0.5 if weights == "rand" else 0)


@pytest.mark.parametrize("name", ["he_normal", "xavier_uniform", "scaled_randn", "lecun_normal", "torch.nn.Linear"])
def test_what_depends_on_the_fans(name: str) -> None:
    """Two names may mean the same; the distributions must be those that were drawn from."""
    from initscope.core.initialization.initializers import initializer

    found, drawn_by = find_start(drawn(name, "zeros", 64, 50, 40, 10)).weights, initializer(name)
    for shape in ((50, 64), (40, 50), (10, 40)):
        one, other = found.for_shape(shape).of(shape), drawn_by.for_shape(shape).of(shape)
        assert (one.mean, one.variance) == pytest.approx((other.mean, other.variance), rel=1e-3)


def test_a_start_that_nothing_explains() -> None:
    """Every layer has another spread: moments are kept as they are, by shape."""
    rng = np.random.default_rng(0)
    spreads = ((64, 40, 0.3), (40, 30, 2.0), (30, 10, 0.05))
    layers = [(rng.standard_normal((b, a)) * spread, np.zeros(b)) for a, b, spread in spreads]
    found = find_start(layers)
    assert str(found.weights) == "as given"
    for weights, _ in layers:
        seen = found.weights.of(weights.shape)
        assert seen.mean == 0
        assert np.sqrt(seen.variance) == pytest.approx(weights.std())
    watched = watch([w for w, _ in layers], **SIGMOID, x=X, y=Y)
    assert watched.verdict().words
    assert "started from weights: as given; biases: zeros" in str(watched)
