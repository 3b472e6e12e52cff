"""What may be to blame for a network that does not learn, and the changes of that one thing that are tried."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from initscope.core.catalogue import write_value
from initscope.core.datasets.data import Dataset
from initscope.core.datasets.dataname import standardized
from initscope.core.diagnosis.remedies import ranked
from initscope.core.errors import InputError
from initscope.core.plural import plural
from initscope.core.shapes import ActivationShape, DenseShape
from initscope.core.spec import Spec, default_lr, read

LARGEST_RMS, LEAST_RMS = 5.0, 0.05
"""Inputs are scaled if no feature has a greater root mean square, and all together no smaller one."""
LOOKED_AT = 1000
"""Examples, evenly spaced, that this is judged by."""
USUAL_INITIALIZERS = ("xavier_normal", "he_normal", "lecun_normal", "lsuv")
MOST_BATCH = 256
SMALL_STEP, LARGE_STEP = 3.0, 10.0
LEARNING_RATES = 10
"""How many others are tried."""
LEAST_LR, GREATEST_LR = 1 / 10_000, 30.0
"""Of the usual learning rate: none beyond is tried. Where only a greater one helps it makes up for something else."""


class Suspect(StrEnum):
    """What can be changed alone, in the order of suspicion; the value is its name for people.

    The last three come last because a network is another one with them, or its batches are.
    """

    DATA = "scaling of the inputs"
    INITIALIZATION = "initialization"
    SCHEDULE = "learning-rate schedule"
    LEARNING_RATE = "learning rate"
    ACTIVATION = "activation"
    DEPTH = "depth"
    BATCH = "batch size"

    @property
    def same_network(self) -> bool:
        """Whether the network and its batches stay what they are."""
        return self not in (Suspect.ACTIVATION, Suspect.DEPTH, Suspect.BATCH)


@dataclass(frozen=True)
class Change:
    """One thing that is different in a run."""

    suspect: Suspect
    words: str
    """What it is now: `xavier_normal`, `lr 0.1`, `1 hidden layer`."""
    changes: tuple[tuple[str, str], ...]
    """Options of `spec.OPTIONS` and their new values."""

    def apply(self, options: Mapping[str, str]) -> dict[str, str]:
        return {**options, **dict(self.changes)}


def changes(spec: Spec, dataset: Dataset) -> tuple[Change, ...]:
    """All changes that are worth trying, suspect by suspect, the usual ones first.

    Those of the data need not be loadable.
    """
    found = [*_data(spec, dataset), *_initializers(spec, dataset), *_schedules(spec), *_learning_rates(spec)]
    found += [*_activations(spec), *_depths(spec), *_batches(spec, dataset)]
    return tuple(change for change in found if change.suspect is Suspect.DATA or _possible(change, spec, dataset))


def _possible(change: Change, spec: Spec, dataset: Dataset) -> bool:
    """Whether it makes a run, and another one than `spec`."""
    try:
        changed = read(change.apply(spec.options()), dataset, spec.name)
    except InputError:
        return False
    return changed != spec


def scaled(dataset: Dataset) -> bool:
    """Whether the training inputs have a size that initializers and learning rates are made for."""
    few = dataset.x_train[:: -(-dataset.n_train // LOOKED_AT)]
    squares = np.mean(np.square(few, dtype=np.float64), axis=0)
    return bool(squares.max() <= LARGEST_RMS**2 and squares.mean() >= LEAST_RMS**2)


def _data(spec: Spec, dataset: Dataset) -> Iterator[Change]:
    if not scaled(dataset):
        yield Change(Suspect.DATA, "standardized inputs", (("data", standardized(dataset.name)),))


def _initializers(spec: Spec, dataset: Dataset) -> Iterator[Change]:
    """Of the weights, with biases of zero: those that theory ranks for this network, then the usual ones.

    Theory may find none, or be wrong: the runs decide. First the biases alone, where they are not zero.
    """
    biased = spec.bias_initializer is None or str(spec.biases) != "zeros"
    zeros = (("bias-init", "zeros"),) if biased else ()
    if biased:
        yield Change(Suspect.INITIALIZATION, "biases zeros", zeros)
    texts = [candidate.init for candidate in ranked(spec, dataset)]
    if spec.activation.name == "sigmoid":  # whose slope is 1/4 at most
        texts += ["xavier_normal:gain=4", "orthogonal:gain=4"]
    for text in dict.fromkeys([*texts, *USUAL_INITIALIZERS]):
        yield Change(Suspect.INITIALIZATION, text, (("init", text), *zeros))


def _schedules(spec: Spec) -> Iterator[Change]:
    if not spec.schedule.is_constant:
        yield Change(Suspect.SCHEDULE, "constant rate", (("schedule", "constant"),))


def _learning_rates(spec: Spec) -> Iterator[Change]:
    """A logarithmic grid around what is usual, and around what was given; what is usual first."""
    usual, given = default_lr(spec.optimizer, spec.loss), spec.lr
    factors = [1, 1 / LARGE_STEP, LARGE_STEP, 1 / SMALL_STEP, SMALL_STEP]
    far = [1 / 100, 100, 1 / 1000, 1000, 1 / 30, 30, 1 / 300, 300]
    wanted = [usual * factor for factor in factors] + [given * factor for factor in factors]
    wanted += [given * factor for factor in far] + [usual * factor for factor in (*far, 1 / 3000)]
    chosen: list[float] = []
    for value in (float(f"{value:.2g}") for value in wanted):
        known, sane = [given, *chosen], 0.9 * LEAST_LR <= value / usual <= 1.1 * GREATEST_LR
        if sane and len(chosen) < LEARNING_RATES and all(abs(value / k - 1) > 0.1 for k in known if k):
            chosen.append(value)
    for value in chosen:
        text = write_value(value)
        yield Change(Suspect.LEARNING_RATE, f"lr {text}", (("lr", text),))


def _activations(spec: Spec) -> Iterator[Change]:
    if not spec.architecture.activations:
        return
    for name in ("relu", "tanh"):
        if name != spec.activation.name:
            yield Change(Suspect.ACTIVATION, name, (("activation", name),))


def _depths(spec: Spec) -> Iterator[Change]:
    """The first hidden layers and the output, of a network that is dense layers alone."""
    architecture = spec.architecture
    if not all(isinstance(shape, DenseShape | ActivationShape) for shape in architecture.program):
        return
    hidden = [layer.units for layer in architecture.layers[:-1]]
    for count in dict.fromkeys(n for n in (len(hidden) // 2, len(hidden) // 4, 1) if 0 < n < len(hidden)):
        text = "-".join(map(str, [architecture.inputs, *hidden[:count], architecture.outputs]))
        yield Change(Suspect.DEPTH, plural(count, "hidden layer"), (("arch", text),))


def _batches(spec: Spec, dataset: Dataset) -> Iterator[Change]:
    size = spec.batch_size
    larger = min(10 * size, dataset.n_train, max(MOST_BATCH, size))
    for other in dict.fromkeys((max(1, size // 10), larger)):
        if other != size:
            yield Change(Suspect.BATCH, f"batch {other}", (("batch-size", str(other)),))
