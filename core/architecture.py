"""The layers of a network, written `784-30-10`, read once into a value object."""

from dataclasses import dataclass
from typing import Self

from initscope.core.errors import InputError

MAX_PARAMETERS = 50_000_000
"""A lane needs about four times this many floats (weights, gradients, optimizer state)."""


@dataclass(frozen=True)
class DenseShape:
    """A fully connected layer: weights (fan_out, fan_in), biases (fan_out,)."""

    name: str
    fan_in: int
    fan_out: int

    @property
    def parameters(self) -> int:
        return self.fan_out * (self.fan_in + 1)


@dataclass(frozen=True)
class Architecture:
    """Layer widths from the input to the output, at least two of them."""

    sizes: tuple[int, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """`'784-30-10'` -> sizes (784, 30, 10). Raises InputError naming the part that is wrong."""
        sizes = []
        parts = text.strip().split("-")
        for place, part in enumerate(parts, 1):
            if not (part.isascii() and part.isdigit()):
                shown = part or "nothing"
                raise InputError(
                    f"architecture '{text}': part {place} is {shown}, not a number of units; "
                    "write widths from input to output, such as 784-30-10"
                )
            if len(part) > len(str(MAX_PARAMETERS)):
                raise _too_large(text, "its")
            if int(part) == 0:
                raise InputError(f"architecture '{text}': part {place} has 0 units, every layer needs at least 1")
            sizes.append(int(part))
        if len(sizes) < 2:
            raise InputError(f"architecture '{text}': needs an input and an output, such as {text}-10")
        architecture = cls(tuple(sizes))
        if architecture.parameters > MAX_PARAMETERS:
            raise _too_large(text, f"{architecture.parameters:,}")
        return architecture

    @property
    def layers(self) -> tuple[DenseShape, ...]:
        pairs = zip(self.sizes, self.sizes[1:], strict=False)
        return tuple(DenseShape(f"dense{i}", n, m) for i, (n, m) in enumerate(pairs, 1))

    @property
    def parameters(self) -> int:
        """Number of weights and biases."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def inputs(self) -> int:
        return self.sizes[0]

    @property
    def outputs(self) -> int:
        return self.sizes[-1]

    def check_fits(self, data: str, features: int, classes: int) -> None:
        """Raise InputError unless inputs and outputs are those of the data."""
        hidden = "-".join(map(str, self.sizes[1:-1])) + "-" if len(self.sizes) > 2 else ""
        right = f"{features}-{hidden}{classes}"
        if self.inputs != features:
            raise InputError(
                f"architecture {self} takes {self.inputs} inputs, but {data} has {features} features: "
                f"write {right}"
            )
        if self.outputs != classes and not (self.outputs == 1 and classes == 2):
            one = f" (or {features}-{hidden}1: one output for two classes)" if classes == 2 else ""
            raise InputError(
                f"architecture {self} has {self.outputs} outputs, but {data} has {classes} classes: "
                f"write {right}{one}"
            )

    def __str__(self) -> str:
        return "-".join(map(str, self.sizes))


def _too_large(text: str, count: str) -> InputError:
    shown = text if len(text) <= 60 else f"{text[:60]}..."
    return InputError(
        f"architecture '{shown}': {count} parameters are more than the {MAX_PARAMETERS:,} that fit this tool; "
        "use narrower layers"
    )
