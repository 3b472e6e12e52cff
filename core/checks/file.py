"""The check of weights that somebody saved: what each layer is, what it looks like, and what passes through them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import sqrt
from pathlib import Path
from typing import BinaryIO

import numpy as np

from initscope.core.activations import Activation, activation
from initscope.core.checks.alike import symmetric_units
from initscope.core.checks.findings import Seen, agreed, needed_gain, of_passing, of_values
from initscope.core.checks.passing import Passing, follow, normal
from initscope.core.checks.remedies import candidates
from initscope.core.checks.single import MATRICES, of_first, of_unjudged
from initscope.core.checks.statistics import Look, Statistics, look, real, statistics
from initscope.core.datasets.data import Dataset
from initscope.core.diagnosis.findings import Finding
from initscope.core.diagnosis.remedies import Candidate
from initscope.core.errors import InputError
from initscope.core.plural import plural
from initscope.core.recognition.recognize import Recognition, recognize
from initscope.core.theory.forecast import Draw
from initscope.core.theory.layerstatistics import LayerStatistics
from initscope.core.weights import Layering, LayerWeights, Tensor, Weights, find_layers, open_weights

SAMPLE, SMALL_SAMPLE, MANY_VALUES = 2**20, 2**18, 5 * 10**7
"""Values of a layer that recognition looks at, and of a layer of a file with more than MANY_VALUES."""
ASSUMED = ("relu", "sigmoid", "tanh")
"""Activations that are tried where none is given: a finding must hold for all of them."""
RECURRENT = {4: "torch.nn.LSTM", 3: "torch.nn.GRU"}
"""By how many outputs a unit has, one for each gate."""


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
    passed: tuple[LayerStatistics, ...]
    """By layer of the chain."""
    how: str
    """'measured' with `examples` inputs, 'expected' of random weights of these means and spreads, or empty."""
    examples: int
    why_not: str
    """Why it was not measured."""
    geometry: str
    """What was taken for granted of convolutions while measuring, in words; empty for nothing."""
    gradient_of: str
    """What the gradients are taken of, in words."""
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
        return check_weights(weights, find_layers(weights.tensors), raw, kind, dataset, progress)


def check_weights(
    weights: Weights, layering: Layering, raw: BinaryIO, kind: Activation | None, dataset: Dataset | None = None,
    progress: Callable[[int, int], None] | None = None, measured: Passing | None = None,
) -> FileCheck:  # fmt: skip
    """The same of weights that are open, `raw` the file they lie in; `measured` is what is known to pass through."""
    if not layering.layers:
        raise InputError(f"{weights.path}: holds no layer's weights, only {_some(weights.tensors)}")
    total = sum(layer.weight.size for layer in layering.layers)
    most = SMALL_SAMPLE if total > MANY_VALUES else SAMPLE
    checks = []
    for number, layer in enumerate(layering.layers, 1):
        checks.append(check_layer(raw, number, layer, layering, kind, most))
        if progress:
            progress(number, len(layering.layers))
    return _whole(raw, weights, layering, tuple(checks), kind, dataset, measured)


def _some(tensors: Sequence[Tensor]) -> str:
    named = ", ".join(f"{tensor.name} {tensor.shape}" for tensor in tensors[:3])
    more = ", ..." if len(tensors) > 3 else ""
    return f"{plural(len(tensors), 'other tensor')} ({named}{more})" if tensors else "nothing"


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
    return axes > 1 and ("out" in (words[0], words[-1]) or axes == 2)


def _axes(layer: LayerWeights) -> list[str]:
    """The meaning of each axis: 'out', 'in', 'kernel', 'rows', ..."""
    return layer.orientation.strip("()").split(", ")


def _recognize(layer: LayerWeights, seen: Look) -> Recognition | None:
    """What a layer's weights look like, read as (out, in, *kernel)."""
    sample, words = seen.sample, _axes(layer)
    if len(layer.weight.shape) < 2 or sample.ndim < 2 or sample.dtype.kind != "f":
        return None
    if sample.ndim == len(words) and {"in", "out"} <= set(words):
        sample = np.moveaxis(sample, (words.index("out"), words.index("in")), (0, 1))
    elif sample.ndim == len(words) == 3 and "in" in words:  # Flax's attention: what comes out is by heads
        sample = sample.reshape(len(sample), -1).T
    elif sample.ndim == len(words) == 3 and "out" in words:
        sample = sample.reshape(-1, sample.shape[-1]).T
    biases = real(layer.bias.read()).reshape(-1) if layer.bias is not None and seen.whole else None
    if biases is not None and (biases.size != sample.shape[0] or layer.kind == "attention"):
        biases = None  # those of attention begin with 0 in every library
    fans = None if layer.sure == "guess" and layer.kind == "dense" else (layer.fan_in, layer.fan_out)
    turned = words == ["unknown"] and not layer.transposed
    with np.errstate(all="ignore"):
        if layer.hidden and (own := _recurrent(layer, recognize(sample, None, (layer.hidden, layer.hidden)))):
            return own
        found = recognize(sample.T if turned else sample, biases, fans)
    if turned and found.swapped:
        found = replace(found, words=found.words.replace("(in, out)", "(out, in)"))
    return found


def _recurrent(layer: LayerWeights, found: Recognition) -> Recognition | None:
    """PyTorch's own initialization of recurrent layers, if that is it: as its Linear with all units as inputs."""
    if found.trained or "torch.nn.Linear" not in found.names:
        return None
    name = RECURRENT.get(layer.outputs // layer.hidden, "torch.nn.RNN")
    bound = 1 / sqrt(layer.hidden)
    return replace(found, names=(name,), words=f"U(-{bound:.3g}, {bound:.3g}): {name}'s default")


def _single(seen: Look, weight: Tensor) -> str:
    """A vector or whole numbers in words: norms begin at 1 and 0."""
    values = seen.statistics
    if values.low == values.high:
        return f"{values.low:g} everywhere" + (", as norms begin" if values.low == 1 else "")
    return "not the constant that norms begin with" if len(weight.shape) < 2 else "not floating-point: not judged"


def _whole(
    raw: BinaryIO, weights: Weights, layering: Layering, checks: tuple[LayerCheck, ...], kind: Activation | None,
    dataset: Dataset | None, measured: Passing | None,
) -> FileCheck:  # fmt: skip
    """All that is said of the file beyond its single layers."""
    by_layer = {id(one.layer): one for one in checks}
    chain = tuple(by_layer[id(layer)] for layer in layering.chain)
    seen = {one.number: _seen(raw, one, chain) for one in checks}
    linked = [seen[one.number] for one in chain]
    findings = list(of_values(tuple(seen.values()), linked[:-1]))
    kinds = [kind] if kind else [activation(name) for name in ASSUMED]
    found = measured or follow(
        raw, layering, kinds, dataset, lambda: [Draw(normal(one.statistics), normal(one.biases)) for one in chain]
    )
    real_data = dataset is not None and not found.geometry  # assumed places prove as little as drawn inputs
    begins = linked and linked[-1].statistics.low == linked[-1].statistics.high == 0  # as fixup has it, and it trains
    if found.by_kind and not findings and not begins:
        first = agreed([of_passing(linked, one, real_data) for one in found.by_kind])
        findings += [first] if first else []
    if not findings and (not found.by_kind or len(linked) < 2):
        first = of_unjudged(tuple(seen.values()), found.by_kind[0][0] if found.by_kind else None)
        findings += [first] if first else []
    elif not findings and dataset is None and measured is None:
        first = of_first(linked[0])
        findings += [first] if first else []
    return FileCheck(
        weights.path, weights.format, checks, layering, weights.left_out, len(weights.tensors),
        sum(tensor.size for tensor in weights.tensors), kind, kinds[0] if found.by_kind else None,
        dataset.name if dataset is not None and found.how == "measured" else "",
        found.by_kind[0] if found.by_kind else (), found.how, found.examples, found.why_not, found.geometry,
        found.gradient_of, tuple(findings), candidates(found.network, findings) if len(linked) > 1 else (),
    )  # fmt: skip


def _seen(raw: BinaryIO, one: LayerCheck, chain: Sequence[LayerCheck]) -> Seen:
    after = next((b for a, b in pairwise(chain) if a is one), None)
    copies = one.recognition.copies if one.recognition else 0
    if one.units > 1 and one.twins == one.units - 1:
        copies = one.twins
    symmetric = 0
    if after is not None and one.twins:
        flat = not after.statistics.std
        symmetric = symmetric_units(raw, one.layer, outputs_first(one.layer), after.layer, flat)
    both = [one.statistics, *([one.biases] if one.biases else [])]
    numbers, broken = sum(part.size for part in both), sum(part.non_finite for part in both)
    return Seen(one.number, one.layer, one.statistics, one.units, one.trained, copies, symmetric, numbers, broken)
