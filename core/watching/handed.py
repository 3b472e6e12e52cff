"""Networks of any kind: a person hands over the activations, by a function or step by step."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from initscope.core.batches import subset
from initscope.core.errors import InputError
from initscope.core.plural import plural
from initscope.core.snapshot import Measures
from initscope.core.spec import Spec
from initscope.core.watching.given import arrays_of_layers
from initscope.core.watching.layout import Oriented, by_unit
from initscope.core.watching.parameters import Array, Parameters, read
from initscope.core.watching.probing import Probe, of_given, scores

Forward = Callable[[Any], Sequence[Any]]
"""From inputs, as `watch` was given them, to the activations of every layer, with or without the outputs."""


class Examples:
    """Some of the inputs, lying as they were given, with their labels: a copy, as programs shuffle in place."""

    def __init__(self, x: Array, labels: NDArray[np.int64], columns: bool, most: int) -> None:
        chosen = subset(len(labels), most)
        self.x = np.array(x[:, chosen] if columns else x[chosen])
        self.labels = labels[chosen]


class Handed:
    """Measures what is handed over. `forward` is None where that is done at each step."""

    def __init__(
        self, spec: Spec, oriented: Oriented, forward: Forward | None, examples: tuple[Examples, Examples] | None,
        columns: bool,
    ) -> None:  # fmt: skip
        self.spec, self.oriented, self.forward, self.columns = spec, oriented, forward, columns
        self.examples = examples

    @property
    def alone(self) -> bool:
        """Whether nothing needs to be handed over."""
        return self.forward is not None

    def look(self, parameters: Parameters, before: Any, activations: Any, gradients: Any) -> Probe:
        """Measure; `before` is what `keep` gave one step ago, or None. Raises InputError."""
        pairs = self.oriented.pairs(parameters.layers)
        measures: Measures | None = None
        if self.forward is not None and self.examples is not None:
            train, test = self.examples
            found = self._read(self.forward(train.x), len(train.labels))
            if found[-1] is not None:
                tested = self._read(self.forward(test.x), len(test.labels))[-1]
                assert tested is not None
                loss, right, _ = scores(self.spec.loss, found[-1], train.labels)
                measures = Measures(loss, right, *scores(self.spec.loss, tested, test.labels))
        else:
            found = self._read(activations, None) if activations is not None else [None] * len(pairs)
        of_weights = self._gradients(parameters, gradients) if gradients is not None else []
        weights = tuple(w.copy() for w, _ in pairs)
        return Probe(of_given(self.spec, pairs, before, found, of_weights), measures, weights, tuple(found))

    def keep(self, parameters: Parameters) -> Any:
        """The weights, to be compared with those a step later."""
        return [(weights.copy(), biases.copy()) for weights, biases in self.oriented.pairs(parameters.layers)]

    def on_all(self) -> None:
        """Nothing more is known of all examples."""
        return None

    def _read(self, activations: Any, inputs: int | None) -> list[Any]:
        """One array (units, inputs) for each layer, None for outputs that are not there. Raises InputError."""
        layers = self.spec.architecture.layers
        parts = arrays_of_layers("activations", activations)
        if len(parts) not in (len(layers) - 1, len(layers)):
            raise InputError(
                f"{plural(len(parts), 'activation')} for {plural(len(layers), 'layer')}: give those of the "
                f"{len(layers) - 1} hidden ones, and of the outputs if you can"
            )
        found = [by_unit(part, shape.channels, inputs, self.columns)
                 for part, shape in zip(parts, layers, strict=False)]  # fmt: skip
        return [*found, None] if len(found) < len(layers) else found

    def _gradients(self, parameters: Parameters, gradients: Any) -> list[Array]:
        """The gradient of each layer's weights, by the weights' names or in their order. Raises InputError."""
        names = [layer.name for layer in parameters.layers]
        if isinstance(gradients, Mapping):
            named = [gradients.get(name, gradients.get(f"d{name}")) for name in names]
            found = arrays_of_layers("grads", [part for part in named if part is not None])
        else:
            found = [layer.weights for layer in read(gradients).layers]
        if [part.shape for part in found] != [layer.weights.shape for layer in parameters.layers]:
            raise InputError(
                f"grads must hold an array of its shape for each of {', '.join(names)}: by the same names (or with a d "
                "before them), or in the same order"
            )
        return found
