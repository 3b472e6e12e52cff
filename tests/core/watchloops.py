"""Loops as people write them in plain numpy, for the tests of `watch`."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from initscope.core.datasets.data import load
from initscope.core.initialization.initializers import initializer
from initscope.core.initialization.streams import SEEDED

Floats = NDArray[np.float64]

DIGITS = load("digits")
X, Y = DIGITS.x_train, DIGITS.y_train
ONE_HOT = np.eye(10)[Y]


def sigmoid(z: Floats) -> Floats:
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-z))


def drawn(weights: str, biases: str, *sizes: int, seed: int = 0) -> list[tuple[Floats, Floats]]:
    """Weights (out, in) and biases (out,) of a chain of these sizes, as a lane of this seed has them."""
    layers = [(np.zeros((b, a)), np.zeros(b)) for a, b in pairwise(sizes)]
    SEEDED.fill(layers, initializer(weights), initializer(biases), seed)
    return layers


class Network:
    """After the first program of Nielsen's book: lists of matrices (out, in) and columns, examples in columns."""

    def __init__(self, layers: list[tuple[Floats, Floats]]) -> None:
        self.weights = [w.copy() for w, _ in layers]
        self.biases = [b[:, None].copy() for _, b in layers]

    def forward(self, x: Floats) -> list[Floats]:
        """Activations of every layer, (units, examples)."""
        found = [x]
        for w, b in zip(self.weights, self.biases, strict=True):
            found.append(sigmoid(w @ found[-1] + b))
        return found[1:]

    def update(self, x: Floats, y: Floats, lr: float) -> float:
        """One step of gradient descent on the quadratic cost, whose value it returns; makes new lists."""
        a = [x, *self.forward(x)]
        cost = float(np.square(a[-1] - y).sum() / 2 / x.shape[1])
        delta = (a[-1] - y) * a[-1] * (1 - a[-1])
        weights, biases = [], []
        for place in range(len(self.weights) - 1, -1, -1):
            weights.insert(0, self.weights[place] - lr / x.shape[1] * (delta @ a[place].T))
            biases.insert(0, self.biases[place] - lr / x.shape[1] * delta.sum(axis=1, keepdims=True))
            delta = (self.weights[place].T @ delta) * a[place] * (1 - a[place])
        self.weights, self.biases = weights, biases
        return cost


def batches(size: int, seed: int = 0) -> Iterator[NDArray[np.int64]]:
    """Numbers of examples, without end."""
    rng = np.random.default_rng(seed)
    while True:
        yield rng.integers(0, len(X), size)


def relu_step(params: dict[str, Floats], x: Floats, labels: NDArray[np.int64], lr: float) -> float:
    """A step of CS231n's two-layer network: x @ W1 + b1, relu, softmax; changes the arrays in place."""
    hidden = np.maximum(0, x @ params["W1"] + params["b1"])
    scores = hidden @ params["W2"] + params["b2"]
    chance = np.exp(scores - scores.max(axis=1, keepdims=True))
    chance /= chance.sum(axis=1, keepdims=True)
    rows = np.arange(len(x))
    cost = float(-np.log(chance[rows, labels]).mean())
    chance[rows, labels] -= 1
    chance /= len(x)
    below = chance @ params["W2"].T * (hidden > 0)
    for name, gradient in (("W2", hidden.T @ chance), ("b2", chance.sum(axis=0)), ("W1", x.T @ below),
                           ("b1", below.sum(axis=0))):  # fmt: skip
        params[name] -= lr * gradient
    return cost


def cs231n(weights: str = "randn:scale=0.01", hidden: int = 20) -> dict[str, Floats]:
    """Its parameters: matrices (in, out)."""
    layers = drawn(weights, "zeros", 64, hidden, 10)
    return {name: np.ascontiguousarray(array) for n, (w, b) in enumerate(layers, 1)
            for name, array in ((f"W{n}", w.T), (f"b{n}", b))}  # fmt: skip

