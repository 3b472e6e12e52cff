"""The check of weights that somebody saved: what each layer is, what it looks like, and what passes through them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

import numpy as np

from initscope.core.activations import Activation, activation
from initscope.core.checks.chain import examples_for, pass_through, why_not
from initscope.core.checks.findings import Passed, Seen, agreed, needed_gain, of_passing, of_values
from initscope.core.checks.remedies import candidates
from initscope.core.checks.statistics import Floats, Look, Statistics, blocks, look, real, statistics
from initscope.core.datasets.data import Dataset
from initscope.core.diagnosis.findings import Finding
from initscope.core.diagnosis.remedies import Candidate
from initscope.core.errors import InputError
from initscope.core.initialization.distributions import Normal
from initscope.core.recognition.recognize import Recognition, recognize
from initscope.core.shapes import DenseShape
from initscope.core.theory.forecast import Draw, forecast
from initscope.core.theory.inputstatistics import InputStatistics
from initscope.core.weights import Layering, LayerWeights, Tensor, Weights, find_layers, open_weights
from initscope.core.weights.tensor import BLOCK

SAMPLE, SMALL_SAMPLE, MANY_VALUES = 2**20, 2**18, 5 * 10**7
"""Values of a layer that recognition looks at, and of a layer of a file with more than MANY_VALUES."""
SANE = (1e-100, 1e100)
"""Standard deviations whose fourth powers are numbers, which recognition needs."""
ASSUMED = ("relu", "sigmoid", "tanh")
"""Activations that are tried where none is given: a finding must hold for all of them."""
MATRICES = ("dense", "conv")


@dataclass(frozen=True, eq=False)
class LayerCheck:
    """What is known of one layer of a file."""

    number: int
    """From 1, in the order of the file."""
    layer: LayerWeights
    statistics: Statistics
    units: int
    twins: int | None
    """Units that could be left out, as another one has the same weights; None where it was not looked."""
    recognition: Recognition | None
    """None for integers, complex numbers and single axes without a known start."""
    looks_like: str
    """In words."""
    whole: bool
    """Whether recognition saw every weight."""
    biases: Statistics | None
    gain: float | None
    """std·sqrt(fan_in), of dense layers and convolutions."""
    needed: float | None
    """What it should be for this activation and place, to keep the size of z; None if the activation is not known."""

    @property
    def relative_gain(self) -> float | None:
        return self.gain / self.needed if self.gain is not None and self.needed else None

    @property
    def trained(self) -> bool:
        return self.recognition is None or self.recognition.trained


@dataclass(frozen=True, eq=False)
class FileCheck:
    """Everything that is known of a file of weights."""

    path: Path
    format: str
    layers: tuple[LayerCheck, ...]
    layering: Layering
    left_out: tuple[str, ...]
    tensors: int
    values: int
    activation: Activation | None
    """As it was given."""
    assumed: Activation | None
    """What `passed` takes for the activation; None where nothing was passed through."""
    data: str
    """Name of the inputs; empty for N(0, 1)."""
    passed: tuple[Passed, ...]
    """By layer of the chain."""
    how: str
    """'measured' with `examples` inputs, 'expected' of random weights of these means and spreads, or empty."""
    examples: int
    why_not: str
    """Why it was not measured."""
    findings: tuple[Finding, ...]
    candidates: tuple[Candidate, ...] = ()
    """Initializers that would work for the activation given or assumed, best first, if the present one is to blame."""

    @property
    def healthy(self) -> bool:
        return not self.findings

    @property
    def judged(self) -> bool:
        """Whether signal and gradient could be followed through hidden layers: without, little can be found."""
        return len(self.passed) > 1

    @property
    def chain(self) -> tuple[LayerCheck, ...]:
        """The checks of the layers that feed each other, in their order."""
        by_layer = {id(one.layer): one for one in self.layers}
        return tuple(by_layer[id(layer)] for layer in self.layering.chain)


def check_file(
    path: Path, kind: Activation | None = None, dataset: Dataset | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> FileCheck:  # fmt: skip
    """The check of a file, in bounded memory. Raises InputError for a file or data that cannot be used.

    `progress` is called with the layers done and all.
    """
    with open_weights(path) as weights, open(path, "rb") as raw:
        layering = find_layers(weights.tensors)
        if not layering.layers:
            raise InputError(f"{path}: holds no layer's weights, only {_some(weights.tensors)}")
        total = sum(layer.weight.size for layer in layering.layers)
        most = SMALL_SAMPLE if total > MANY_VALUES else SAMPLE
        checks = []
        for number, layer in enumerate(layering.layers, 1):
            checks.append(check_layer(raw, number, layer, layering, kind, most))
            if progress:
                progress(number, len(layering.layers))
        return _whole(raw, weights, layering, tuple(checks), kind, dataset)


def _some(tensors: Sequence[Tensor]) -> str:
    named = ", ".join(f"{tensor.name} {tensor.shape}" for tensor in tensors[:3])
    return f"{len(tensors)} other tensors ({named}{', ...' if len(tensors) > 3 else ''})" if tensors else "nothing"


def check_layer(
    raw: BinaryIO, number: int, layer: LayerWeights, layering: Layering, kind: Activation | None, most: int = SAMPLE
) -> LayerCheck:
    """One layer by itself; of a large one, recognition sees a sample of `most` values. Raises InputError."""
    seen = look(raw, layer.weight, outputs_first(layer), most)
    return check_seen(raw, number, layer, layering, kind, seen)


def check_seen(
    raw: BinaryIO, number: int, layer: LayerWeights, layering: Layering, kind: Activation | None, seen: Look
) -> LayerCheck:
    """One layer that has been looked at. Raises InputError."""
    weight = layer.weight
    recognition = _recognize(layer, seen)
    biases = statistics(raw, layer.bias) if layer.bias is not None and layer.bias.size else None
    matrix = layer.kind in MATRICES
    gain = seen.statistics.std * float(np.sqrt(layer.fan_in)) if matrix else None
    first = bool(layering.chain) and layer is layering.chain[0]
    return LayerCheck(
        number, layer, seen.statistics, seen.units, seen.twins if _units_are_whole(layer) else None, recognition,
        recognition.words if recognition else _single(seen, weight), seen.whole, biases, gain,
        needed_gain(first, kind) if matrix and kind else None,
    )  # fmt: skip


def outputs_first(layer: LayerWeights) -> bool:
    """Whether the rows of the tensor are looked at as units, not the columns."""
    words = _axes(layer)
    return words[:1] == ["out"] or (words[-1:] != ["out"] and (layer.transposed or layer.kind == "embedding"))


def _units_are_whole(layer: LayerWeights) -> bool:
    """Whether what was looked at as a unit is one: the outputs are the first or the last axis."""
    words, axes = _axes(layer), len(layer.weight.shape)
    return axes > 1 and ("out" in (words[0], words[-1]) or layer.kind == "embedding" or axes == 2)


def _axes(layer: LayerWeights) -> list[str]:
    """The meaning of each axis: 'out', 'in', 'kernel', 'rows', ..."""
    return layer.orientation.strip("()").split(", ")


def _recognize(layer: LayerWeights, seen: Look) -> Recognition | None:
    """What a layer's weights look like, read as (out, in, *kernel)."""
    sample, words = seen.sample, _axes(layer)
    if len(layer.weight.shape) < 2 or sample.ndim < 2 or sample.dtype.kind != "f":
        return None
    if seen.statistics.low < seen.statistics.high and not SANE[0] < seen.statistics.std < SANE[1]:
        return Recognition("no initializer: values are too large or too small", trained=True)
    if sample.ndim == len(words) and {"in", "out"} <= set(words):
        sample = np.moveaxis(sample, (words.index("out"), words.index("in")), (0, 1))
    elif sample.ndim == len(words) == 3 and "in" in words:  # Flax's attention: what comes out is by heads
        sample = sample.reshape(len(sample), -1).T
    elif sample.ndim == len(words) == 3 and "out" in words:
        sample = sample.reshape(-1, sample.shape[-1]).T
    biases = real(layer.bias.read()).reshape(-1) if layer.bias is not None and seen.whole else None
    if biases is not None and biases.size != sample.shape[0]:
        biases = None
    fans = None if layer.sure == "guess" and layer.kind == "dense" else (layer.fan_in, layer.fan_out)
    with np.errstate(all="ignore"):
        return recognize(sample, biases, fans)


def _single(seen: Look, weight: Tensor) -> str:
    """A vector or whole numbers in words: norms begin at 1 and 0."""
    values = seen.statistics
    if values.low == values.high:
        return f"{values.low:g} everywhere" + (", as norms begin" if values.low == 1 else "")
    return "not the constant that norms begin with" if len(weight.shape) < 2 else "not floating-point: not judged"


def _whole(
    raw: BinaryIO, weights: Weights, layering: Layering, checks: tuple[LayerCheck, ...], kind: Activation | None,
    dataset: Dataset | None,
) -> FileCheck:  # fmt: skip
    """All that is said of the file beyond its single layers."""
    by_layer = {id(one.layer): one for one in checks}
    chain = tuple(by_layer[id(layer)] for layer in layering.chain)
    seen = {one.number: _seen(raw, one, chain) for one in checks}
    linked = [seen[one.number] for one in chain]
    findings = list(of_values(tuple(seen.values()), linked[:-1]))
    reason, passed, how, x = why_not(layering), list[tuple[Passed, ...]](), "", np.empty((0, 0))
    kinds = [kind] if kind else [activation(name) for name in ASSUMED]
    if dataset is not None and chain and not reason and dataset.features != chain[0].layer.inputs:
        raise InputError(
            f"{dataset.name} has {dataset.features} features, but '{chain[0].layer.name}' of {weights.path} takes "
            f"{chain[0].layer.inputs} inputs"
        )
    if not reason:
        x, how = _inputs(chain[0].layer.inputs, examples_for(layering.chain), dataset), "measured"
        passed = [pass_through(raw, layering.chain, each, x) for each in kinds]
    elif len(chain) > 1 and len(chain) == len(checks):
        passed, how = [_expected(chain, each) for each in kinds], "expected"
    begins = linked and linked[-1].statistics.low == linked[-1].statistics.high == 0  # as fixup has it, and it trains
    if passed and not findings and not begins:
        first = agreed([of_passing(linked, one, dataset is not None) for one in passed])
        findings += [first] if first else []
    data = dataset.name if dataset is not None and how == "measured" else ""
    return FileCheck(
        weights.path, weights.format, checks, layering, weights.left_out, len(weights.tensors),
        sum(tensor.size for tensor in weights.tensors), kind, kinds[0] if passed else None, data,
        passed[0] if passed else (), how, len(x), reason, tuple(findings),
        candidates(layering.chain, kinds[0], x, dataset, findings) if len(x) else (),
    )  # fmt: skip


def _inputs(features: int, count: int, dataset: Dataset | None) -> Floats:
    """Examples of the data, evenly spread, or N(0, 1)."""
    if dataset is None:
        return np.random.default_rng(0).standard_normal((count, features))
    rows = np.linspace(0, dataset.n_train - 1, min(count, dataset.n_train)).astype(np.int64)
    return np.asarray(dataset.x_train[rows], dtype=np.float64)


def _expected(chain: Sequence[LayerCheck], kind: Activation) -> tuple[Passed, ...]:
    """By theory: of random weights with the means and spreads of these, convolutions place by place."""
    program = [DenseShape(one.layer.name, one.layer.fan_in, one.layer.outputs) for one in chain]
    draws = [Draw(_normal(one.statistics), _normal(one.biases)) for one in chain]
    return forecast(program, kind, draws, InputStatistics.normal(program[0].fan_in)).layers


def _normal(values: Statistics | None) -> Normal:
    return Normal(values.mean, values.std) if values and values.size > values.non_finite else Normal(0.0, 0.0)


def _seen(raw: BinaryIO, one: LayerCheck, chain: Sequence[LayerCheck]) -> Seen:
    after = next((b for a, b in pairwise(chain) if a is one), None)
    suspect = after is not None and one.units > 1 and one.twins == one.units - 1
    alike = bool(after and suspect and _alike_outgoing(raw, one, after))
    return Seen(one.number, one.layer, one.statistics, one.units, one.twins, one.trained, alike)


def _alike_outgoing(raw: BinaryIO, one: LayerCheck, after: LayerCheck) -> bool:
    """Whether every unit of a layer has the same biases, and weights to the next layer."""
    bias = one.biases
    if bias and bias.low != bias.high:
        return False
    weight = after.layer.weight
    if not after.statistics.std:
        return True
    if len(weight.shape) != 2 or after.layer.inputs != one.layer.outputs:
        return False
    columns, first = weight.shape[1], None
    near = 1e-6 * max(abs(after.statistics.low), abs(after.statistics.high))
    for block in blocks(raw, weight, max(BLOCK // columns, 1) * columns):
        table = real(block).reshape(-1, columns)
        if first is None:
            first = table[0]
        apart = np.ptp(table, axis=1) if after.layer.transposed else np.abs(table - first).max(axis=1)
        if not (apart <= near).all():
            return False
    return True
