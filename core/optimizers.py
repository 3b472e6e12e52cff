"""Update rules for all lanes at once.

Parameters and gradients are flat, (lanes, parameters). A rule that is linear in the gradient lets the
network fold the learning rate into the small output gradient, which saves a pass over all weights.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import DTypeLike, NDArray

from initscope.core.catalogue import Entry, Parameter, Value, read_parameters, split_call, write_call
from initscope.core.errors import unknown

Array = NDArray[np.floating]


@dataclass(frozen=True)
class Definition(Entry):
    """An update rule of the catalogue."""

    parameters: tuple[Parameter, ...] = ()
    usual_lr: float = 0.1
    """A learning rate to start from, with cross-entropy."""


@dataclass(frozen=True)
class Optimizer:
    """An update rule with its parameter values; the learning rate is the spec's own."""

    definition: Definition
    values: tuple[tuple[str, Value], ...]

    @property
    def name(self) -> str:
        return self.definition.name

    def __str__(self) -> str:
        return write_call(self.name, self.definition.parameters, dict(self.values))


_MOMENTUM = Parameter("momentum", 0.9, "share of the last step that is kept", minimum=0.0, below=1.0)

CATALOGUE: Mapping[str, Definition] = MappingProxyType(
    {
        entry.name: entry
        for entry in (
            Definition("sgd", "Plain gradient descent.", "w ← w − η g", "Robbins & Monro (1951)"),
            Definition(
                "momentum",
                "Gradient descent with a velocity that remembers earlier steps.",
                "v ← μ v − η g;  w ← w + v",
                "Polyak (1964); Sutskever et al. (2013), eqs. 1 and 2",
                (_MOMENTUM,),
                usual_lr=0.01,
            ),
            Definition(
                "nesterov",
                "Momentum that looks one step ahead.",
                "v ← μ v − η g;  w ← w + μ v − η g",
                "Nesterov (1983); Bengio et al., Advances in optimizing recurrent networks (2013), eq. 7",
                (_MOMENTUM,),
                usual_lr=0.01,
            ),
            Definition(
                "adam",
                "Steps of about η in each weight, whatever the size of the gradient.",
                "w ← w − η m̂ / (√v̂ + ε)",
                "Kingma & Ba, Adam (2015), algorithm 1",
                (
                    Parameter("beta1", 0.9, "decay of the mean of the gradient", minimum=0.0, below=1.0),
                    Parameter("beta2", 0.999, "decay of the mean square", minimum=0.0, below=1.0),
                    Parameter("eps", 1e-8, "keeps the quotient finite", above=0.0),
                ),
                usual_lr=0.001,
            ),
        )
    }
)


def optimizer(text: str) -> Optimizer:
    """`'momentum:momentum=0.95'` -> the optimizer. Raises InputError with close names."""
    name, given = split_call(text)
    if name not in CATALOGUE:
        raise unknown("optimizer", name, CATALOGUE)
    definition = CATALOGUE[name]
    return Optimizer(definition, tuple(read_parameters(name, definition.parameters, given).items()))


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
        self.state = {name: np.zeros((len(lanes), parameters), dtype) for name in self.state_names}

    def _column(self, values: Sequence[Value]) -> Array:
        return np.array([[float(value)] for value in values], self.dtype)

    def _values(self, name: str) -> Array:
        """One value a lane as a column (lanes, 1)."""
        return self._column([dict(rule.values)[name] for rule, _ in self.lanes])

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
        # In float64: 1 - beta is often less than float32 can say.
        self.beta1, self.beta2, eps = (
            np.array([[float(dict(rule.values)[name])] for rule, _ in lanes]) for name in ("beta1", "beta2", "eps")
        )
        self.eps = np.maximum(eps, np.finfo(dtype).tiny).astype(dtype)
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

    def _cast(self, column: NDArray[np.float64]) -> Array:
        return column.astype(self.dtype)


_RULES: Mapping[str, type[Updater]] = MappingProxyType(
    {"sgd": Sgd, "momentum": Momentum, "nesterov": Nesterov, "adam": Adam}
)


def updater(lanes: Sequence[tuple[Optimizer, float]], parameters: int, dtype: DTypeLike) -> Updater:
    """The update rule for lanes of (optimizer, learning rate); all must have the same optimizer name."""
    (name,) = {rule.name for rule, _ in lanes}
    return _RULES[name](lanes, parameters, dtype)
