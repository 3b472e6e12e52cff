"""The layers of a network, written `784-30-10` or `16c3-p2-64-10`, read once into a value object."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

from initscope.core import archtext
from initscope.core.archparts import names_input, parts, short, too_large
from initscope.core.errors import InputError
from initscope.core.plural import plural
from initscope.core.shapes import (
    ActivationShape,
    ConvolutionShape,
    DenseShape,
    DropoutShape,
    ForkShape,
    JoinShape,
    LayerShape,
    NormShape,
    WeightShape,
)

MAX_PARAMETERS = 50_000_000
"""A lane needs about four times this many floats (weights, gradients, optimizer state)."""
MAX_UNITS = 50_000_000
"""Of all layers together, for one example."""


@dataclass(frozen=True)
class Architecture:
    """What a network is made of, from the input to the output; the last layer is dense and has no activation."""

    text: str = field(compare=False)
    inputs: int
    """Features of one example."""
    program: tuple[LayerShape, ...]
    """Every layer in the order of computation."""

    @classmethod
    def parse(cls, text: str, source: tuple[int, ...] = ()) -> Self:
        """`'784-30-10'` -> two dense layers. Raises InputError naming the part that is wrong.

        `source` is the shape of one example of the data, such as (28, 28) or (32, 32, 3): a text that begins
        with a convolution takes its input from there. README.md lists what a text may hold.
        """
        inputs, program = archtext.read(text, source, MAX_PARAMETERS)
        architecture = cls(text.strip().lower(), inputs, program)
        if architecture.parameters > MAX_PARAMETERS:
            raise too_large(text, f"{architecture.parameters:,}", MAX_PARAMETERS)
        if architecture.units > MAX_UNITS:
            raise InputError(
                f"architecture '{short(text)}': {architecture.units:,} activations for one example are more "
                f"than the {MAX_UNITS:,} that fit this tool; pool earlier, or use a stride"
            )
        return architecture

    @cached_property
    def layers(self) -> tuple[WeightShape, ...]:
        """The layers that have weights: convolutions and dense layers."""
        return tuple(layer for layer in self.program if isinstance(layer, DenseShape | ConvolutionShape))

    @cached_property
    def parameters(self) -> int:
        """Number of weights, biases, and gains and shifts of normalizations."""
        return sum(layer.parameters for layer in (*self.layers, *self.norms))

    @cached_property
    def norms(self) -> tuple[NormShape, ...]:
        return tuple(layer for layer in self.program if isinstance(layer, NormShape))

    @cached_property
    def activations(self) -> tuple[ActivationShape, ...]:
        """One for each layer with weights but the last."""
        return tuple(layer for layer in self.program if isinstance(layer, ActivationShape))

    @property
    def drops(self) -> bool:
        """Whether units are dropped in training."""
        return any(isinstance(layer, DropoutShape) for layer in self.program)

    @cached_property
    def units(self) -> int:
        """Numbers that all layers put out for one example."""
        return sum(layer.units for layer in self.program if not isinstance(layer, ForkShape | JoinShape))

    @cached_property
    def blocks(self) -> tuple[tuple[int, ...], ...]:
        """For each residual block, the numbers (from 0) in `layers` of those inside it."""
        blocks, inside, number = [], False, 0
        members: list[int] = []
        for layer in self.program:
            if isinstance(layer, ForkShape):
                inside, members = True, []
            elif isinstance(layer, JoinShape):
                inside = False
                blocks.append(tuple(members))
            elif isinstance(layer, DenseShape | ConvolutionShape):
                if inside:
                    members.append(number)
                number += 1
        return tuple(blocks)

    @property
    def outputs(self) -> int:
        return self.layers[-1].units

    def check_fits(self, data: str, features: int, classes: int) -> None:
        """Raise InputError unless inputs and outputs are those of the data."""
        first, *middle, _ = parts(self.text)
        hidden = "".join(f"{part}-" for part in middle)
        named = names_input(self.text)
        start = f"{features}-{hidden}" if named else f"{first}-{hidden}"
        if self.inputs != features:
            raise InputError(
                f"architecture {self} takes {plural(self.inputs, 'input')}, but {data} has "
                f"{plural(features, 'feature')}: write {features}-{hidden}{classes}"
            )
        if self.outputs != classes and not (self.outputs == 1 and classes == 2):
            one = f" (or {start}1: one output for two classes)" if classes == 2 else ""
            raise InputError(
                f"architecture {self} has {plural(self.outputs, 'output')}, but {data} has "
                f"{plural(classes, 'class', 'classes')}: "
                f"write {start}{classes}{one}"
            )

    def __str__(self) -> str:
        return self.text
