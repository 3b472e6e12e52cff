"""Where a lane's weights come from for a seed: streams of random numbers, and the order in which they are drawn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import cast

import numpy as np
from numpy.typing import NDArray

from initscope.core.catalogue import Entry, Parameter, Value, look_up, read_parameters, write_call
from initscope.core.errors import InputError
from initscope.core.initialization.initializers import Initializer, fans

Array = NDArray[np.floating]

WEIGHTS, BIASES = 0, 1
"""Keys of the random streams, which must never change: they are part of what a seed means."""
MOST_LEGACY = 2**32 - 1
"""numpy.random.seed takes no more."""


@dataclass(frozen=True)
class Definition(Entry):
    """A stream of the catalogue."""

    parameters: tuple[Parameter, ...] = ()


CATALOGUE: Mapping[str, Definition] = MappingProxyType(
    {
        entry.name: entry
        for entry in (
            Definition(
                "seeded", "Each layer's weights and biases have a stream of their own, whatever else differs.",
                "PCG64 of (seed, weights or biases, layer)", "NumPy's SeedSequence and default_rng",
            ),
            Definition(
                "legacy", "The numbers that a program with numpy.random.seed(seed) draws, one after the other.",
                "MT19937 of the seed", "NumPy's RandomState",
                (
                    Parameter("order", "layers", "layer by layer, or all biases before all weights as Nielsen draws",
                              ("layers", "biases_first")),
                    Parameter("layout", "out_in", "rows of a matrix are its outputs (Nielsen, Coursera) or its inputs",
                              ("out_in", "in_out")),
                ),
            ),
        )
    }
)  # fmt: skip


@dataclass(frozen=True)
class Stream:
    """A stream with its parameter values; made by `stream(text)`, written back by `str`."""

    name: str
    settings: tuple[tuple[str, Value], ...] = ()

    def __str__(self) -> str:
        return write_call(self.name, CATALOGUE[self.name].parameters, dict(self.settings))

    def check(self, seed: int) -> None:
        """Raises InputError for a seed that this stream cannot take."""
        if self.name == "legacy" and seed > MOST_LEGACY:
            raise InputError(f"seed {seed} is too large for the legacy stream: at most {MOST_LEGACY}")

    def fill(
        self, layers: Sequence[tuple[Array, Array]], weights: Initializer, biases: Initializer, seed: int
    ) -> None:
        """Draw the weights (out, in, *kernel) and biases (out,) of every layer, in place."""
        if self.name == "legacy":
            self._fill_in_turn(layers, weights, biases, seed)
            return
        for index, arrays in enumerate(layers):
            fan = fans(arrays[0].shape)
            for kind, target, initializer in zip((WEIGHTS, BIASES), arrays, (weights, biases), strict=True):
                rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(kind, index)))
                target[...] = initializer.for_shape(arrays[0].shape).sample(rng, target.shape, *fan)

    def _fill_in_turn(
        self, layers: Sequence[tuple[Array, Array]], weights: Initializer, biases: Initializer, seed: int
    ) -> None:
        values = dict(self.settings)
        # A RandomState has every method of a Generator that a distribution calls.
        rng = cast(np.random.Generator, np.random.RandomState(seed))
        both = [(index, kind) for index in range(len(layers)) for kind in (WEIGHTS, BIASES)]
        if values["order"] == "biases_first":
            both.sort(key=lambda one: -one[1])
        for index, kind in both:
            fan = fans(layers[index][0].shape)
            target = layers[index][kind]
            rule = (weights, biases)[kind].for_shape(layers[index][0].shape)
            if kind == WEIGHTS and values["layout"] == "in_out" and not rule.needs_matrix:
                outs, ins, *kernel = target.shape
                target[...] = np.moveaxis(rule.sample(rng, (*kernel, ins, outs), *fan), (-1, -2), (0, 1))
            else:  # what makes whole matrices knows rows from columns
                target[...] = rule.sample(rng, target.shape, *fan)


def stream(text: str) -> Stream:
    """`'legacy:order=biases_first'` -> the stream. Raises InputError with close names."""
    definition, given = look_up("stream", CATALOGUE, text)
    return Stream(definition.name, tuple(read_parameters(definition.name, definition.parameters, given).items()))


SEEDED = stream("seeded")
