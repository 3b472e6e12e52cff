"""The check of a network before training: what theory expects of it, and what one batch shows."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from math import nan

import numpy as np
from numpy.typing import NDArray

from initscope.core.batches import subset, targets
from initscope.core.blas import one_thread
from initscope.core.datasets import data
from initscope.core.datasets.data import Dataset
from initscope.core.datasets.prepare import USUAL_SPLIT, prepare
from initscope.core.diagnosis.findings import Blame, Finding, Remedy, evidence
from initscope.core.diagnosis.remedies import Candidate, ranked
from initscope.core.diagnosis.verdict import Verdict, forecast_verdict
from initscope.core.errors import InputError
from initscope.core.evaluation import fitting
from initscope.core.initialization import schemes
from initscope.core.layers import Pass, Weighted
from initscope.core.network import Network
from initscope.core.probes import INDEX, measure
from initscope.core.spec import Spec
from initscope.core.theory.forecast import Forecast, of_spec
from initscope.core.theory.layerstatistics import LayerStatistics

Array = NDArray[np.floating]

EXAMPLES = 256
"""Training examples of the batch that is measured, at most."""
ENOUGH = 2000
"""Training examples that are read: a check looks at some hundreds, and scaling all of MNIST takes seconds."""


@dataclass(frozen=True)
class LayerMeasured(LayerStatistics):
    """What one batch showed of one layer with weights."""

    non_finite: float
    """Number of weights and activations that are infinite or not a number."""


MEASURES = tuple(field.name for field in fields(LayerMeasured))[1:]
"""What is measured of a layer; all but `non_finite` is forecast as well."""


@dataclass(frozen=True)
class SpecCheck:
    """Everything that is known of a run before its first step."""

    spec: Spec
    forecast: Forecast
    measured: tuple[LayerMeasured, ...]
    """By layer, from the first to the output, with the spec's own seed."""
    loss: float
    """Mean loss over the batch."""
    examples: int
    """In the batch."""
    verdict: Verdict
    candidates: tuple[Candidate, ...]
    """Initializers that would work, best first."""


def check_spec(spec: Spec, dataset: Dataset) -> SpecCheck:
    """Forecast, measurement, verdict and remedies of a run. Nothing is trained."""
    expected = of_spec(spec, dataset)
    measured, loss, examples = measure_start(spec, dataset)
    candidates = ranked(spec, dataset)
    verdict = forecast_verdict(spec, dataset, expected)
    if verdict.healthy and any(layer.non_finite for layer in measured):
        verdict = _overflowed(measured, candidates)
    return SpecCheck(spec, expected, measured, loss, examples, verdict, candidates)


def _overflowed(measured: Sequence[LayerMeasured], candidates: Sequence[Candidate]) -> Verdict:
    """The verdict of a batch that ended in numbers that are none, whatever theory expects."""
    layers = tuple(place for place, layer in enumerate(measured, 1) if layer.non_finite)
    first, count = measured[layers[0] - 1], sum(layer.non_finite for layer in measured)
    cause = f"numbers of one batch become infinite or undefined in {first.name}, before any training"
    help_ = None
    if candidates:
        best = candidates[0]
        help_ = Remedy(f"{best.init}: {best.words}", (("init", best.init), ("bias-init", best.bias_init)))
    blame = Blame.INITIALIZATION if candidates else Blame.ARCHITECTURE
    found = Finding("non-finite", layers, evidence(values=count), cause, blame, help_, "IEEE 754", 1.0)
    return Verdict((found,), ((blame, 1.0),), False, f"{blame.value}: {cause}.")


def load_some(name: str, least: int = 0) -> tuple[Dataset, int]:
    """A data set with at most ENOUGH training examples, or `least`, and how many there are of them in all.

    Where the name has a limit of its own, that holds. Raises InputError.
    """
    contents, selection, call = data.read(name)
    whole, *tests = contents.parts
    count = len(whole.x)
    if not tests or selection.split:
        count = round((count + sum(len(part.x) for part in tests)) * (1 - (selection.split or USUAL_SPLIT)))
    some = selection.limit or max(ENOUGH, least)
    try:
        ready = prepare(contents, replace(selection, limit=some))
    except MemoryError:
        raise InputError(f"{name}: does not fit in this machine's memory") from None
    dataset = Dataset(
        call, ready.x_train, ready.y_train, ready.x_test, ready.y_test, ready.classes,
        f"{contents.title}: {ready.words}", ready.feature_shape, contents.class_names,
    )  # fmt: skip
    return dataset, dataset.n_train if dataset.n_train < some or selection.limit else count


def in_steps(spec: Spec, examples: int) -> Spec:
    """The same run with its length in steps, as it is with so many training examples."""
    return replace(spec, epochs=None, steps=spec.total_steps(examples))


def measure_start(spec: Spec, dataset: Dataset) -> tuple[tuple[LayerMeasured, ...], float, int]:
    """The layers as one batch of training examples sees them at the spec's initial weights; mean loss; examples."""
    network = Network(
        spec.architecture, spec.activation, spec.loss, 1, spec.dtype, alike=spec.units_alike, seed=spec.seed
    )
    rows = subset(dataset.n_train, fitting(EXAMPLES, spec.architecture))
    with np.errstate(all="ignore"), one_thread():
        network.initialize(0, spec.initializer, spec.biases, spec.seed, spec.stream)
        schemes.fit(spec.initializer, network, 0, np.ascontiguousarray(dataset.x_train[rows], dtype=spec.dtype))
    return measure_network(network, dataset)


def measure_network(network: Network, dataset: Dataset) -> tuple[tuple[LayerMeasured, ...], float, int]:
    """The same of a network of one lane with the weights that it has."""
    rows = subset(dataset.n_train, fitting(EXAMPLES, network.architecture))
    x = np.ascontiguousarray(dataset.x_train[rows], dtype=network.dtype)
    y = targets(dataset.y_train[rows], network.architecture.outputs, network.dtype).T
    with np.errstate(all="ignore"), one_thread():
        spreads = _spreads(network, x)
        found = measure(network, x, y, None)
        below = float(np.square(x, dtype=np.float64).mean())
        layers: list[LayerMeasured] = []
        above = [*found.layers[0, 1:, INDEX["gradient_rms"]].tolist(), nan]
        shapes = network.architecture.layers
        for layer, row, spread, higher in zip(shapes, found.layers[0], spreads, above, strict=True):
            value = {name: float(row[place]) for name, place in INDEX.items() if name in MEASURES}
            square = sum(value[part] * value[part] for part in ("activation_mean", "std_over_inputs", "std_over_units"))
            last = len(layers) == len(spreads) - 1
            growth = _ratio(value["gradient_rms"], higher)
            gains = {"forward_gain": nan if last else _ratio(square, below), "backward_gain": growth * growth}
            layers.append(LayerMeasured(layer.name, **value, **spread, **gains))
            below = square
    return tuple(layers), float(found.loss[0]), len(x)


def _spreads(network: Network, x: Array) -> list[dict[str, float]]:
    """Of every layer's z, what `measure` does not tell: its parts over inputs and over units, and the correlation."""
    work, found = network.workspace(len(x)), []
    network.mode.kind = Pass.PROBE
    a: Array = x.T
    for layer, buffers in zip(network.layers, work.layers, strict=True):
        a = layer.forward(a, buffers)
        if isinstance(layer, Weighted):
            found.append(spreads(a[0].reshape(layer.weights.shape[1], -1)))
    return found


def spreads(z: Array) -> dict[str, float]:
    """Of z (units, inputs): spread over inputs and over units, and E[z z'] / E[z²] of two different inputs.

    Poole et al. 2016, eq. 4 and 5; the correlation is NaN where every z is 0.
    """
    by_unit, square = z.mean(axis=1, dtype=np.float64), np.square(z, dtype=np.float64).mean(axis=1)
    inputs = z.shape[1]
    within = np.square(np.subtract(z, by_unit[:, None])).mean(axis=1)
    product = float((by_unit**2 - within / max(inputs - 1, 1)).mean())  # without the pairs of an input and itself
    return {
        "z_std_over_inputs": float(np.sqrt(within.mean())),
        "z_std_over_units": float(by_unit.std()),
        "correlation": _ratio(product, float(square.mean())),
    }


def _ratio(one: float, other: float) -> float:
    return one / other if other else nan
