"""What passes through the layers of a file: measured with their very weights, or else as theory expects it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from initscope.core.activations import Activation
from initscope.core.checks import convolutions
from initscope.core.checks.chain import FEW, examples_for, pass_through, why_not
from initscope.core.checks.remedies import Network, network_of
from initscope.core.checks.statistics import Floats, Statistics
from initscope.core.datasets.data import Dataset
from initscope.core.errors import InputError
from initscope.core.initialization.distributions import Normal
from initscope.core.shapes import DenseShape
from initscope.core.theory.forecast import Draw, forecast
from initscope.core.theory.inputstatistics import InputStatistics
from initscope.core.theory.layerstatistics import LayerStatistics
from initscope.core.weights.layers import Layering, LayerWeights

MOST_VALUES = 2**22
"""Of all the inputs that are passed through a dense layer."""


@dataclass(frozen=True, eq=False)
class Passing:
    """Signal and gradient of a chain."""

    by_kind: tuple[tuple[LayerStatistics, ...], ...] = ()
    """For each activation that was tried, by layer."""
    how: str = ""
    """'measured', 'expected', or empty where nothing is known."""
    examples: int = 0
    """Inputs it was measured with."""
    why_not: str = ""
    """Why it was not measured."""
    geometry: str = ""
    """What was taken for granted of convolutions, in words."""
    gradient_of: str = "a sum of outputs with random signs"
    """What the gradients are taken of, in words."""
    network: Network | None = None
    """The network for which other initializers can be ranked."""


def follow(
    raw: BinaryIO, layering: Layering, kinds: Sequence[Activation], dataset: Dataset | None,
    draws: Callable[[], Sequence[Draw]],
) -> Passing:  # fmt: skip
    """What passes through the chain of a file; `draws` are what its weights look drawn from.

    Raises InputError for a damaged file, or where the data are not what its first layer takes.
    """
    chain, reason = layering.chain, why_not(layering)
    images: convolutions.Images | str | None = None
    if not reason and chain[0].kind == "conv":
        images = convolutions.images_for(chain, dataset)
    if isinstance(images, str):
        reason = images
    if not reason and images is None and chain[0].inputs * FEW > MOST_VALUES:
        reason = f"its first layer takes more than {MOST_VALUES // FEW:,} inputs"
    if not reason and images is None and dataset is not None and dataset.features != chain[0].inputs:
        raise InputError(
            f"{dataset.name} has {dataset.features} features, but '{chain[0].name}' of {raw.name} takes "
            f"{chain[0].inputs} inputs"
        )
    if reason and len(chain) > 1 and len(chain) == len(layering.layers):
        return Passing(tuple(_expected(chain, each, draws()) for each in kinds), "expected", why_not=reason)
    if reason or isinstance(images, str):
        return Passing(why_not=reason)
    if images is None:
        x = _inputs(chain[0].inputs, min(examples_for(chain), MOST_VALUES // chain[0].inputs), dataset)
        passed = tuple(pass_through(raw, chain, each, x) for each in kinds)
        return Passing(passed, "measured", len(x), network=network_of(chain, kinds[0], x, dataset))
    x = convolutions.examples(images, chain, dataset)
    passed = tuple(pass_through(raw, chain, each, x, images) for each in kinds)
    network = network_of(chain, kinds[0], x.reshape(images.count, -1), dataset, images)
    return Passing(passed, "measured", images.count, geometry=images.words, network=network)


def _inputs(features: int, count: int, dataset: Dataset | None) -> Floats:
    """Examples of the data, evenly spread, or N(0, 1)."""
    if dataset is None:
        return np.random.default_rng(0).standard_normal((count, features))
    rows = np.linspace(0, dataset.n_train - 1, min(count, dataset.n_train)).astype(np.int64)
    return np.asarray(dataset.x_train[rows], dtype=np.float64)


def _expected(chain: Sequence[LayerWeights], kind: Activation, draws: Sequence[Draw]) -> tuple[LayerStatistics, ...]:
    """By theory: of random weights with the means and spreads of these, convolutions place by place.

    A number in a convolution feeds `fan_out` others, as many as gradients come from.
    """
    program = [DenseShape(layer.name, layer.fan_in, layer.fan_out) for layer in chain]
    return forecast(program, kind, draws, InputStatistics.normal(program[0].fan_in)).layers


def normal(values: Statistics | None) -> Normal:
    """The normal distribution with a tensor's mean and spread."""
    return Normal(values.mean, values.std) if values and values.size > values.non_finite else Normal(0.0, 0.0)
