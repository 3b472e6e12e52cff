"""How a watched network is measured: computed here from its weights, or from activations that are handed over."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from initscope.core.batches import subset, targets
from initscope.core.datasets.data import Dataset
from initscope.core.ensemble import PROBE_EXAMPLES, TEST_EXAMPLES
from initscope.core.errors import InputError
from initscope.core.evaluation import Totals, fitting
from initscope.core.histograms import activation_edges, histogram, weight_edges
from initscope.core.layers import Pass
from initscope.core.losses import Loss
from initscope.core.network import Network, predictions
from initscope.core.probes import INDEX, PROBES, measure, of_activations, of_hidden, of_weights, rms
from initscope.core.snapshot import Distributions, Measures
from initscope.core.spec import Spec
from initscope.core.watching.layout import Oriented
from initscope.core.watching.parameters import Parameters

Array = NDArray[np.floating]
Floats = NDArray[np.float64]
Pairs = Sequence[tuple[Array, Array]]
"""Weights (out, in) or (out, in, *kernel) and biases (out,) of each layer."""


@dataclass(frozen=True, eq=False)
class Probe:
    """What one look at a network showed."""

    layers: Floats
    """(layers, probes)"""
    measures: Measures | None
    """None where they cannot be known."""
    weights: tuple[Array, ...]
    """Of every layer, a copy."""
    activations: tuple[Array | None, ...]
    """Of every layer for the probe batch, (units, inputs); None where they are not known."""


def distributions(now: Probe, start: Probe, limits: tuple[float, float]) -> dict[int, Distributions]:
    """Histograms of the layers whose activations are known, by their number from 0; `limits` are the activation's."""
    found = {}
    for number, (a, before) in enumerate(zip(now.activations, start.activations, strict=True)):
        if a is not None and before is not None:
            bins = weight_edges([start.weights[number]])
            last = number + 1 == len(now.activations)
            of_values = activation_edges((0.0, 1.0) if last else limits, [before])
            found[number] = Distributions(
                histogram(now.weights[number], bins), histogram(start.weights[number], bins),
                histogram(a, of_values), histogram(before, of_values),
            )  # fmt: skip
    return found


class Computed:
    """A chain of dense layers, whose activations and gradients are computed from a copy of its weights.

    On the examples that the lab would take of the same data.
    """

    alone = True
    """Nothing needs to be handed over."""

    def __init__(self, spec: Spec, dataset: Dataset, oriented: Oriented) -> None:
        self.spec, self.dataset, self.oriented = spec, dataset.astype(spec.dtype), oriented
        data, outputs = self.dataset, spec.architecture.outputs
        self.network = Network(spec.architecture, spec.activation, spec.loss, 1, spec.dtype, spec.units_alike)
        rows = subset(data.n_train, fitting(PROBE_EXAMPLES, spec.architecture))
        self.x, self.labels = data.x_train[rows], data.y_train[rows]
        self.y = targets(self.labels, outputs, spec.dtype).T
        some = subset(data.n_test, TEST_EXAMPLES)
        self.test = data.x_test[some], data.y_test[some]

    def _load(self, parameters: Parameters) -> None:
        """Copy the weights."""
        pairs = self.oriented.pairs(parameters.layers)
        for layer, (weights, biases) in zip(self.network.weighted, pairs, strict=True):
            layer.weights[0], layer.biases[0] = weights, biases

    def look(self, parameters: Parameters, before: Array | None, activations: Any, gradients: Any) -> Probe:
        """Measure; `before` are the flat parameters one step ago, None where they are not known.

        Gradients are computed: those that are handed over are of another batch. Raises InputError for activations.
        """
        if activations is not None:
            raise InputError("activations are computed from the weights here: hand them over where watch got none")
        self._load(parameters)
        network = self.network
        found = measure(network, self.x, self.y, None if before is None else network.parameters - before)
        right = float((predictions(found.outputs)[0] == self.labels).mean())
        work = network.workspace(len(self.x))
        activations = [a[0].copy() for _, a in network.hidden(work)] + [found.outputs[0].copy()]
        tested = self._total(*self.test)
        measures = Measures(float(found.loss[0]), right, float(tested.loss[0]), float(tested.accuracy[0]),
                            float(tested.classes[0]))  # fmt: skip
        weights = tuple(layer.weights[0].copy() for layer in network.weighted)
        return Probe(found.layers[0], measures, weights, tuple(activations))

    def keep(self, parameters: Parameters) -> Array:
        """The flat parameters, to be compared with those a step later."""
        self._load(parameters)
        return self.network.parameters.copy()

    def on_all(self) -> Measures:
        """Measures on all examples, of the weights looked at last."""
        self.network.mode.kind = Pass.TEST
        data = self.dataset
        train, test = self._total(data.x_train, data.y_train), self._total(data.x_test, data.y_test)
        return Measures(float(train.loss[0]), float(train.accuracy[0]), float(test.loss[0]), float(test.accuracy[0]),
                        float(test.classes[0]))  # fmt: skip

    def _total(self, x: Array, labels: NDArray[np.int64]) -> Totals:
        total = Totals(1, self.dataset.classes)
        for _ in total.add_all(self.network, x, labels, targets(labels, self.network.architecture.outputs, x.dtype)):
            pass
        return total


def of_given(
    spec: Spec, pairs: Pairs, before: Pairs | None, activations: Sequence[Array | None], gradients: Sequence[Array]
) -> Floats:
    """Every probe that arrays alone tell, (layers, probes); what they do not tell is NaN.

    `activations` are (units, inputs) of every layer, None where they are not known; `gradients` are those of the
    weights, or empty. Flat and dead units are told where the activation's slope follows from its value.
    """
    values = np.full((len(pairs), len(PROBES)), nan)
    for number, ((weights, biases), a) in enumerate(zip(pairs, activations, strict=True)):
        row, known = values[number : number + 1], np.zeros((1, 1, 0)) if a is None else a[None]
        of_weights(row, weights[None], biases[None], known)
        if a is not None and number + 1 < len(pairs) and not spec.activation.needs_z:
            of_hidden(row, spec.activation, known, known)
        elif a is not None:
            of_activations(row, known)
        if gradients:
            row[:, INDEX["weight_gradient_rms"]] = rms(gradients[number].reshape(1, -1))
        if before is not None:
            change = rms((weights - before[number][0]).reshape(1, -1))
            row[:, INDEX["update_ratio"]] = change / rms(weights.reshape(1, -1))
    return values


def scores(cost: Loss, outputs: Array, labels: NDArray[np.int64]) -> tuple[float, float, float]:
    """Loss, share right and number of classes answered, of outputs (outputs, examples) after their activation."""
    y = targets(labels, len(outputs), outputs.dtype).T
    answers = predictions(outputs[None])[0]
    if cost.name == "quadratic":
        value = float(np.square(outputs - y).sum() / 2 / len(labels))
    else:
        chance = np.where(y > 0, outputs, 1 - outputs) if len(outputs) == 1 else outputs[labels, np.arange(len(labels))]
        value = float(-np.log(np.maximum(chance, np.finfo(outputs.dtype).tiny)).mean())
    return value, float((answers == labels).mean()), float(len(np.unique(answers)))
