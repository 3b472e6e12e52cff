"""Update rules for all lanes at once.

Parameters and gradients are flat, (lanes, parameters). A rule that is linear in the gradient lets the
network fold the learning rate into the small output gradient, which saves a pass over all weights.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import DTypeLike, NDArray

from initscope.core.catalogue import Value
from initscope.core.optimizers import Optimizer

Array = NDArray[np.floating]


class Updater(ABC):
    """The state of one rule over the lanes of an ensemble. Subclasses say how a step is made.

    `state` holds arrays of (lanes, parameters); selecting lanes selects its rows.
    """

    folds_learning_rate = True
    """Whether gradients arrive already multiplied by the learning rate."""
    state_names: tuple[str, ...] = ()

    def __init__(
        self, lanes: Sequence[tuple[Optimizer, float]], parameters: int, dtype: DTypeLike
    ) -> None:
        self.lanes = tuple(lanes)
        self.dtype = np.dtype(dtype)
        self.steps = 0
        self.learning_rate = self._column([lr for _, lr in lanes])
        """Of the next step, (lanes, 1); rules that fold it do not look at it."""
        self.state = {name: np.zeros((len(lanes), parameters), dtype) for name in self.state_names}

    def _column(self, values: Sequence[Value]) -> Array:
        return np.array([[float(value)] for value in values], self.dtype)

    def _values(self, name: str) -> Array:
        """One value a lane as a column (lanes, 1)."""
        return self._column([dict(rule.values)[name] for rule, _ in self.lanes])

    def _exact(self, name: str) -> NDArray[np.float64]:
        """The same in float64: one minus a value is often less than float32 can say."""
        return np.array([[float(dict(rule.values)[name])] for rule, _ in self.lanes])

    def _eps(self) -> Array:
        """`eps` as a column, at least the smallest number that is not subnormal."""
        return self._cast(np.maximum(self._exact("eps"), np.finfo(self.dtype).tiny))

    def _cast(self, column: NDArray[np.float64]) -> Array:
        return column.astype(self.dtype)

    @abstractmethod
    def update(self, parameters: Array, gradient: Array) -> None:
        """Change `parameters` in place; `gradient` may be overwritten. Both (lanes, parameters)."""

    def select(self, rows: Sequence[int]) -> "Updater":
        """A copy that holds only these lanes."""
        size = next(iter(self.state.values())).shape[1] if self.state else 0
        other = type(self)([self.lanes[row] for row in rows], size, self.dtype)
        other.steps = self.steps
        other.state = {name: values[list(rows)] for name, values in self.state.items()}
        return other


class Sgd(Updater):
    def update(self, parameters: Array, gradient: Array) -> None:
        parameters -= gradient


class Momentum(Updater):
    state_names = ("velocity",)

    def __init__(
        self, lanes: Sequence[tuple[Optimizer, float]], parameters: int, dtype: DTypeLike
    ) -> None:
        super().__init__(lanes, parameters, dtype)
        self.momentum = self._values("momentum")

    def update(self, parameters: Array, gradient: Array) -> None:
        velocity = self.state["velocity"]
        velocity *= self.momentum
        velocity -= gradient
        parameters += velocity


class Nesterov(Momentum):
    def update(self, parameters: Array, gradient: Array) -> None:
        velocity = self.state["velocity"]
        velocity *= self.momentum
        velocity -= gradient
        parameters -= gradient
        np.multiply(velocity, self.momentum, out=gradient)
        parameters += gradient


class Adam(Updater):
    folds_learning_rate = False
    state_names = ("mean", "square")

    def __init__(
        self, lanes: Sequence[tuple[Optimizer, float]], parameters: int, dtype: DTypeLike
    ) -> None:
        super().__init__(lanes, parameters, dtype)
        self.beta1, self.beta2 = self._exact("beta1"), self._exact("beta2")
        self.eps = self._eps()
        self.scratch = np.empty((len(lanes), parameters), dtype)

    def update(self, parameters: Array, gradient: Array) -> None:
        self.steps += 1
        mean, square, scratch = self.state["mean"], self.state["square"], self.scratch
        mean *= self._cast(self.beta1)
        np.multiply(gradient, self._cast(1 - self.beta1), out=scratch)
        mean += scratch
        square *= self._cast(self.beta2)
        gradient *= gradient
        gradient *= self._cast(1 - self.beta2)
        square += gradient
        np.sqrt(square, out=scratch)
        scratch *= self._cast(1 / np.sqrt(1 - self.beta2**self.steps))
        scratch += self.eps
        np.divide(mean, scratch, out=scratch)
        scratch *= self._cast(self.learning_rate / (1 - self.beta1**self.steps))
        parameters -= scratch


class AdamW(Adam):
    def __init__(
        self, lanes: Sequence[tuple[Optimizer, float]], parameters: int, dtype: DTypeLike
    ) -> None:
        super().__init__(lanes, parameters, dtype)
        self.weight_decay = self._exact("weight_decay")

    def update(self, parameters: Array, gradient: Array) -> None:
        # Not by a factor of 1 - η λ as in PyTorch: float32 would round it, and all weights would drift alike.
        np.multiply(parameters, self._cast(self.learning_rate * self.weight_decay), out=self.scratch)
        parameters -= self.scratch
        super().update(parameters, gradient)


class Adagrad(Updater):
    """The gradient over the root of a measure of its past squares: here their sum."""

    folds_learning_rate = False
    state_names = ("square",)

    def __init__(
        self, lanes: Sequence[tuple[Optimizer, float]], parameters: int, dtype: DTypeLike
    ) -> None:
        super().__init__(lanes, parameters, dtype)
        self.eps = self._eps()
        self.scratch = np.empty((len(lanes), parameters), dtype)

    def update(self, parameters: Array, gradient: Array) -> None:
        square, scratch = self.state["square"], self.scratch
        np.multiply(gradient, gradient, out=scratch)
        self._remember(square, scratch)
        np.sqrt(square, out=scratch)
        scratch += self.eps
        gradient /= scratch
        gradient *= self.learning_rate
        parameters -= gradient

    def _remember(self, square: Array, latest: Array) -> None:
        """Enter the `latest` squares, which may be overwritten."""
        square += latest


class RmsProp(Adagrad):
    """The measure is a mean that forgets."""

    def __init__(
        self, lanes: Sequence[tuple[Optimizer, float]], parameters: int, dtype: DTypeLike
    ) -> None:
        super().__init__(lanes, parameters, dtype)
        rho = self._exact("rho")
        self.kept, self.new = self._cast(rho), self._cast(1 - rho)

    def _remember(self, square: Array, latest: Array) -> None:
        square *= self.kept
        latest *= self.new
        square += latest


_RULES: Mapping[str, type[Updater]] = MappingProxyType(
    {
        "sgd": Sgd,
        "momentum": Momentum,
        "nesterov": Nesterov,
        "adam": Adam,
        "rmsprop": RmsProp,
        "adagrad": Adagrad,
        "adamw": AdamW,
    }
)


def updater(lanes: Sequence[tuple[Optimizer, float]], parameters: int, dtype: DTypeLike) -> Updater:
    """The update rule for lanes of (optimizer, learning rate); all must have the same optimizer name."""
    (name,) = {rule.name for rule, _ in lanes}
    return _RULES[name](lanes, parameters, dtype)
