"""What weights looked like before training, as an initializer from which forecasts and rules can start."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from initscope.core.diagnosis.findings import Blame, Finding, evidence, layers_words
from initscope.core.errors import InputError
from initscope.core.initialization.distributions import Distribution, Normal
from initscope.core.initialization.initializers import Initializer, fans, initializer
from initscope.core.recognition.recognize import Recognition, recognize

Floats = NDArray[np.float64]
Pairs = Sequence[tuple[Floats, Floats]]
"""Weights (out, in) or (out, in, *kernel) and biases (out,) of each layer."""

ERRORS = 5.0
"""Standard errors by which moments may be off those of what weights were drawn from: more is no chance."""
GIVEN = "as given"


@dataclass(frozen=True)
class Given(Initializer):
    """Weights that no known initializer draws: normal ones with the moments that each shape of layers had."""

    moments: tuple[tuple[tuple[int, ...], Normal], ...] = ()

    @property
    def here(self) -> Initializer:
        return self

    @property
    def axes(self) -> int:
        return 2

    def for_shape(self, shape: tuple[int, ...]) -> Initializer:
        return self

    def of(self, shape: tuple[int, ...]) -> Distribution:
        return self.distribution(*fans(shape))

    def distribution(self, fan_in: int, fan_out: int, kernel: int = 1) -> Distribution:
        return next(normal for shape, normal in self.moments if fans(shape) == (fan_in, fan_out))

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Start:
    """Where training began."""

    weights: Initializer
    biases: Initializer | None
    """None: drawn as the weights are."""
    layers: tuple[Recognition, ...]
    """What each layer looks like by itself."""

    @property
    def words(self) -> str:
        """One line for people."""
        biases = "drawn alike" if self.biases is None else str(self.biases)
        known = {layer.words for layer in self.layers}
        weights = known.pop() if len(known) == 1 else str(self.weights)
        return f"weights: {weights}; biases: {biases}"


def not_finite(held: Sequence[Sequence[NDArray[Any]]]) -> Finding | None:
    """Weights or biases that are no numbers before any step: nothing else needs to be looked for."""
    bad = [sum(int(np.count_nonzero(~np.isfinite(array))) for array in arrays) for arrays in held]
    layers = tuple(number for number, count in enumerate(bad, 1) if count)
    if not layers:
        return None
    cause = f"{sum(bad):,} of the weights and biases of {layers_words(layers)} were no finite numbers before any step"
    return Finding("non-finite", layers, evidence(not_finite=sum(bad)), cause, Blame.INITIALIZATION, None, "", 0.99)


def find_start(pairs: Pairs) -> Start:
    """The initializer that all layers may have been drawn with, and that of the biases."""
    with np.errstate(all="ignore"):
        layers = tuple(recognize(w, b, fans(w.shape)) for w, b in pairs)
        weights = next((rule for rule in _known(pairs, layers) if _drew(rule, [w for w, _ in pairs], pairs)), None)
        rule = weights or _given(pairs)
        return Start(rule, _biases(rule, pairs), layers)


def _known(pairs: Pairs, layers: Sequence[Recognition]) -> Iterator[Initializer]:
    """What the layers are recognized as, the largest first: it tells most."""
    order = sorted(range(len(pairs)), key=lambda n: -pairs[n][0].size)
    for found in (layers[n] for n in order):
        if not found.trained:
            for name in found.names:
                yield initializer(name)


def _drew(rule: Initializer, arrays: Sequence[Floats], pairs: Pairs) -> bool:
    """Whether this rule may have drawn the arrays, which are the weights or the biases of these layers."""
    try:
        distributions = [
            rule.for_shape(w.shape).of(w.shape) if a is w else rule.distribution(*fans(w.shape))
            for a, (w, _) in zip(arrays, pairs, strict=True)
        ]
    except InputError:
        return False
    return all(_from(d, a) for d, a in zip(distributions, arrays, strict=True))


def _from(distribution: Distribution, values: Floats) -> bool:
    """Whether the moments and bounds of the values are those of the distribution, as far as chance goes."""
    mean, std = float(values.mean()), float(values.std())
    near = 1e-6 * max(abs(distribution.mean), sqrt(distribution.variance))
    if not distribution.variance:
        return std <= near and abs(mean - distribution.mean) <= near
    expected, error = sqrt(distribution.variance), ERRORS / sqrt(values.size)
    low, high = distribution.bounds
    inside = values.min() >= low - near and values.max() <= high + near
    return bool(inside and abs(mean - distribution.mean) <= error * expected and abs(std / expected - 1) <= error)


def _moments(values: Floats) -> Normal:
    """A mean that chance explains is 0."""
    values = values[np.isfinite(values)]
    mean, std = (float(values.mean()), float(values.std())) if values.size else (0.0, 0.0)
    return Normal(mean if abs(mean) > ERRORS * std / sqrt(max(values.size, 1)) else 0.0, std)


def _given(pairs: Pairs) -> Given:
    shapes = dict.fromkeys(w.shape for w, _ in pairs)
    alike = ((shape, np.concatenate([w.ravel() for w, _ in pairs if w.shape == shape])) for shape in shapes)
    return Given(GIVEN, (), tuple((shape, _moments(values)) for shape, values in alike))


def _biases(weights: Initializer, pairs: Pairs) -> Initializer | None:
    """Of biases there are few, so that the simplest rule is taken that may have drawn them."""
    arrays = [b for _, b in pairs]
    together = np.concatenate(arrays)
    if np.ptp(together) == 0:
        return initializer(f"constant:value={together[0]:.9g}" if together[0] else "zeros")
    alike = None if weights.needs_matrix else weights
    for rule in (initializer("rand"), alike, initializer("randn")):  # the narrowest first
        if rule and _drew(rule, arrays, pairs):
            return None if rule is alike else rule
    seen = _moments(together)
    return initializer(f"normal:mean={seen.centre:.4g},std={seen.std:.4g}")
