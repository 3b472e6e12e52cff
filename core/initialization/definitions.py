"""What an entry of the catalogue of initializers holds, whether its own or a preset after a library."""

from collections.abc import Callable
from dataclasses import dataclass

from initscope.core.activations import activation
from initscope.core.catalogue import Entry, Parameter, Value
from initscope.core.errors import InputError
from initscope.core.gains import gain
from initscope.core.initialization.distributions import Distribution


@dataclass(frozen=True)
class Definition(Entry):
    """An initializer of the catalogue, and how to build its distribution."""

    build: Callable[..., Distribution]
    """Called with fan_in, fan_out, `kernel` if it makes weights only, and every parameter by its name."""
    parameters: tuple[Parameter, ...] = ()
    factor: str = ""
    """The parameter that multiplies every sample, if there is one."""
    aliases: tuple[tuple[str, str], ...] = ()
    """(library, call) of the same distribution."""
    axes: int = 1
    """The fewest that an array must have: 1 if biases can be drawn, 2 for weights only, 3 for convolutions only."""
    namesakes: tuple[str, ...] = ()
    """Presets that are called alike and draw something else."""
    alone: str = ""
    """What is drawn of it where there is no network to fit it to; empty if that is all of it."""


@dataclass(frozen=True)
class Preset(Entry):
    """A library's initializer, or the default of a layer, in terms of the catalogue."""

    here: Callable[..., str]
    """The same thing in the catalogue; called with every parameter by its name."""
    parameters: tuple[Parameter, ...] = ()
    factor: str = ""
    """The parameter that multiplies every sample, if there is one."""


@dataclass(frozen=True)
class Gain(Parameter):
    """A number, or the activation whose gain it is."""

    def read(self, owner: str, text: str) -> Value:
        try:
            float(text)
        except ValueError:
            return self._read_name(owner, text)
        return super().read(owner, text)

    def _read_name(self, owner: str, text: str) -> Value:
        try:
            return str(activation(text))
        except InputError as error:
            raise InputError(f"{owner}: {self.name} must be a number or an activation's name: {error}") from None

    def number(self, value: Value) -> float:
        """The number that a value stands for."""
        return gain(activation(value)) if isinstance(value, str) else value


def numbers(parameters: tuple[Parameter, ...], values: dict[str, Value]) -> dict[str, Value]:
    """The values with activations' names replaced by their gains."""
    return {p.name: p.number(values[p.name]) if isinstance(p, Gain) else values[p.name] for p in parameters}
