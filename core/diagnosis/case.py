"""What a diagnosis looks at before any training: a spec, its data, its forecast, and what follows from these."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from initscope.core.datasets.data import Dataset
from initscope.core.initialization.distributions import Distribution
from initscope.core.learning import Constant, constant_of
from initscope.core.shapes import NormShape, WeightShape
from initscope.core.spec import Spec
from initscope.core.theory.forecast import Forecast, LayerForecast, of_spec
from initscope.core.theory.inputstatistics import InputStatistics

Floats = NDArray[np.float64]

LOOKED_AT = 600
"""Training examples that are looked at, evenly spaced over the set."""


@lru_cache(maxsize=8)
def statistics(dataset: Dataset, first: WeightShape) -> InputStatistics:
    """Of the training inputs as the first layer sees them."""
    return InputStatistics.of_dataset(dataset, first)


def rows_looked_at(dataset: Dataset) -> NDArray[np.int64]:
    """Which training examples are looked at."""
    return np.linspace(0, dataset.n_train - 1, min(dataset.n_train, LOOKED_AT)).astype(np.int64)


@lru_cache(maxsize=8)
def looked_at(dataset: Dataset) -> Floats:
    """Some training inputs, (examples, features)."""
    return np.asarray(dataset.x_train[rows_looked_at(dataset)], np.float64)


@lru_cache(maxsize=8)
def sizes(dataset: Dataset) -> tuple[float, float]:
    """Root of the variance of an input value over examples, averaged over features; and its root mean square."""
    x = looked_at(dataset)
    return float(np.sqrt(x.var(axis=0).mean())), float(np.sqrt(np.square(x).mean()))


@lru_cache(maxsize=64)
def foreseen(spec: Spec, dataset: Dataset) -> Forecast:
    """The forecast of a run as `of_spec` makes it, but with statistics of the inputs that are kept for the next one."""
    return of_spec(spec, dataset, statistics(dataset, spec.architecture.layers[0]))


def weights_of(spec: Spec) -> tuple[Distribution, ...]:
    """What each layer's weights are drawn from. Raises InputError where the initializer cannot fill one."""
    shapes = [layer.weight_shape for layer in spec.architecture.layers]
    return tuple(spec.initializer.for_shape(shape).of(shape) for shape in shapes)


@dataclass(frozen=True, eq=False)
class Case:
    """A run before its first step."""

    spec: Spec
    dataset: Dataset
    given: Forecast | None = None
    """The forecast, if it is known already."""
    drawn: tuple[Distribution, ...] = ()
    """What each layer's weights are taken to be drawn from; empty: what the spec says."""

    @cached_property
    def forecast(self) -> Forecast:
        """Not to be asked for where inputs are not finite."""
        return self.given or foreseen(self.spec, self.dataset)

    @property
    def hidden(self) -> tuple[LayerForecast, ...]:
        """The layers below the output."""
        return self.forecast.layers[:-1]

    @property
    def output(self) -> LayerForecast:
        return self.forecast.layers[-1]

    @property
    def share(self) -> float:
        """Spread over inputs of the output's z beside its size; 1 where it is 0, as with zero weights."""
        top = self.output
        return top.z_std_over_inputs / top.z_rms if top.z_rms else 1.0

    @cached_property
    def weights(self) -> tuple[Distribution, ...]:
        """What each layer's weights are drawn from."""
        return self.drawn or weights_of(self.spec)

    @cached_property
    def means(self) -> tuple[float, ...]:
        """Of each layer's weights."""
        return tuple(distribution.mean for distribution in self.weights)

    @cached_property
    def normed(self) -> bool:
        """Whether a normalization follows every hidden layer, so that the size of weights hardly matters."""
        program = self.spec.architecture.program
        norms = sum(isinstance(shape, NormShape) for shape in program)
        return bool(self.hidden) and norms >= len(self.hidden)

    @property
    def inputs(self) -> Floats:
        """Some training inputs, (examples, features)."""
        return looked_at(self.dataset)

    @property
    def labels(self) -> NDArray[np.int64]:
        """Their labels, (examples,)."""
        return self.dataset.y_train[rows_looked_at(self.dataset)]

    @property
    def input_spread(self) -> float:
        """Root of the variance of an input value over examples, averaged over features."""
        return sizes(self.dataset)[0]

    @property
    def input_size(self) -> float:
        """Root mean square of an input value."""
        return sizes(self.dataset)[1]

    @cached_property
    def shares(self) -> Floats:
        """Of each class in the training examples."""
        counts = np.bincount(self.dataset.y_train, minlength=self.dataset.classes)
        return np.asarray(counts / max(1, counts.sum()))

    @cached_property
    def constant(self) -> Constant:
        """The best answer that ignores the input."""
        return constant_of(self.spec, self.dataset)
