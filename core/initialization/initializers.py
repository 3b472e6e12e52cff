"""Weight initializers by name: what a text such as `randn`, `0.01*he_normal` or `torch.nn.Linear` stands for."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from math import prod

import numpy as np
from numpy.typing import NDArray

from initscope.core.catalogue import Value, read_parameters, split_call, write_call
from initscope.core.errors import InputError, unknown
from initscope.core.initialization.definitions import Definition, Preset, numbers
from initscope.core.initialization.distributions import Distribution, TruncatedNormal, Uniform
from initscope.core.initialization.entries import CATALOGUE, variance_scaling
from initscope.core.initialization.presets import PRESETS, preset, presets_named

__all__ = ["CATALOGUE", "PRESETS", "Definition", "Initializer", "Preset", "fans", "find", "initializer",
           "variance_scaling"]  # fmt: skip


COUNTERPARTS = {"dirac": "identity", "delta_orthogonal": "orthogonal"}
"""What draws the dense layers of a network whose convolutions are drawn by the first."""


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """fan_in and fan_out of weights (out, in) or, of a convolution, (out, in, *kernel).

    They count in·kernel and out·kernel connections: He et al. 2015, section 2.2.
    """
    kernel = prod(shape[2:])
    return shape[1] * kernel, shape[0] * kernel


def find(name: str) -> Definition | Preset | None:
    """The entry of the catalogue, or the preset, of that name."""
    return CATALOGUE.get(name.lower()) or preset(name)


@dataclass(frozen=True)
class Initializer:
    """A definition with its parameter values; made by `initializer(text)`, written back by `str`."""

    name: str
    settings: tuple[tuple[str, Value], ...] = ()

    @property
    def definition(self) -> Definition | Preset:
        found = find(self.name)
        assert found is not None
        return found

    @property
    def alone(self) -> str:
        """What is drawn of it where there is no network to fit it to; empty if that is all of it."""
        return CATALOGUE[self.here.name].alone

    @property
    def values(self) -> dict[str, Value]:
        """The parameters' values by name."""
        return dict(self.settings)

    @property
    def numbers(self) -> dict[str, Value]:
        """The same, with a number in place of an activation's name."""
        return numbers(self.definition.parameters, self.values)

    @property
    def here(self) -> "Initializer":
        """The entry of the catalogue that a preset stands for; itself, if it is one."""
        definition = self.definition
        return self if isinstance(definition, Definition) else initializer(definition.here(**self.numbers))

    @property
    def axes(self) -> int:
        """The fewest that an array must have: 1 if biases can be drawn, 2 for weights, 3 for convolutions only."""
        definition = self.definition
        if isinstance(definition, Preset):
            defaults = {p.name: p.default for p in definition.parameters}
            definition = CATALOGUE[split_call(definition.here(**numbers(definition.parameters, defaults)))[0]]
        return definition.axes

    @property
    def needs_matrix(self) -> bool:
        """Whether it can draw weights only, not biases."""
        return self.axes > 1

    @property
    def needs_convolution(self) -> bool:
        """Whether it can draw the weights of convolutions only."""
        return self.axes > 2

    def for_shape(self, shape: tuple[int, ...]) -> "Initializer":
        """Itself, or what does the same in a layer of the other kind: dirac for identity, and back.

        `shape` is that of the layer's weights, (out, in) or (out, in, *kernel).
        """
        here = self.here
        if here.name not in (COUNTERPARTS if len(shape) == 2 else {"identity"}):
            return self
        if len(shape) == 2:
            twin = find(COUNTERPARTS[here.name])
            assert isinstance(twin, Definition)
            return Initializer(twin.name, tuple((p.name, here.values.get(p.name, p.default)) for p in twin.parameters))
        return Initializer("dirac") if here.values["gain"] == 1.0 else self

    def __str__(self) -> str:
        return write_call(self.name, self.definition.parameters, self.values)

    def distribution(self, fan_in: int, fan_out: int, kernel: int = 1) -> Distribution:
        """The distribution of one entry in a layer of these fans (both at least 1).

        `kernel` counts the positions in a convolution's kernel, which the fans include.
        """
        definition = self.definition
        if isinstance(definition, Preset):
            return self.here.distribution(fan_in, fan_out, kernel)
        shape = {"kernel": kernel} if definition.axes > 1 else {}
        return definition.build(fan_in, fan_out, **shape, **self.numbers)

    def sample(
        self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int
    ) -> NDArray[np.float64]:
        """Fresh weights, (out, in) or (out, in, *kernel), or biases, (out,), of a layer with these fans.

        Raises InputError for a shape that the initializer cannot fill, such as biases by orthogonal.
        """
        return self.distribution(fan_in, fan_out, prod(shape[2:])).sample(rng, shape)

    def of(self, shape: tuple[int, ...]) -> Distribution:
        """The distribution of one entry of weights (out, in) or (out, in, *kernel).

        Raises InputError for a shape that the initializer cannot fill.
        """
        distribution = self.distribution(*fans(shape), prod(shape[2:]))
        distribution.check(shape)
        return distribution

    def mean(self, fan_in: int, fan_out: int) -> float:
        """The exact expectation of an entry of a dense layer."""
        return self.distribution(fan_in, fan_out).mean

    def variance(self, fan_in: int, fan_out: int) -> float:
        """The exact variance of an entry of a dense layer."""
        return self.distribution(fan_in, fan_out).variance

    def bounds(self, fan_in: int, fan_out: int) -> tuple[float, float]:
        """The least and the greatest value an entry can take; infinite where there is none."""
        return self.distribution(fan_in, fan_out).bounds


def initializer(text: str) -> Initializer:
    """The initializer that `name`, `name:key=value,...` or `0.01*name` (or `name*0.01`) stands for.

    The name is one of CATALOGUE or of PRESETS. Raises InputError.
    """
    call, factor = _split_factor(text)
    name, given = split_call(call)
    definition = find(name)
    if definition is None:
        raise _unknown(name)
    values = read_parameters(definition.name, definition.parameters, given)
    if factor is not None:
        values |= _scaled(text, definition, values, factor)
    result = Initializer(definition.name, tuple(values.items()))
    try:
        _check(result.here)
    except InputError as error:
        raise error if isinstance(definition, Definition) else InputError(f"{result}: {error}") from None
    return result


def _scaled(
    text: str, definition: Definition | Preset, values: Mapping[str, Value], factor: float
) -> dict[str, Value]:
    """The parameter that multiplies every sample, times `factor`."""
    name = definition.factor
    if not name:
        having = ", ".join(d.name for d in CATALOGUE.values() if d.factor)
        raise InputError(
            f"'{text}': {definition.name} takes no factor, set its parameters; one goes with {having}"
        )
    scaled = float(numbers(definition.parameters, dict(values))[name]) * factor
    return {name: read_parameters(definition.name, definition.parameters, {name: repr(scaled)})[name]}


def _split_factor(text: str) -> tuple[str, float | None]:
    """`'0.01*randn'` or `'randn*0.01'` -> `('randn', 0.01)`; without a factor, None."""
    first, star, last = text.partition("*")
    if not star:
        return text, None
    for number, call in ((first, last), (last, first)):
        try:
            return call, float(number)
        except ValueError:
            continue
    raise InputError(f"'{text}': write NUMBER*NAME or NAME*NUMBER, such as 0.01*randn")


def _check(made: Initializer) -> None:
    """What no parameter can tell alone."""
    distribution = made.distribution(1, 1)
    if isinstance(distribution, Uniform | TruncatedNormal) and "low" in made.values:
        low, high = made.values["low"], made.values["high"]
        if distribution.low >= distribution.high:
            raise InputError(f"{made.name}: low must be less than high, not low={low} and high={high}")
    if isinstance(distribution, TruncatedNormal) and distribution.mass < 0.01:
        raise InputError(
            f"{made.name}: low and high are in stds from the mean; 1 % of the normal must lie between them"
        )


def _unknown(name: str) -> InputError:
    """The error for a name that is not here, which may be another library's name of one that is."""
    path, _, last = name.partition("(")[0].replace("_", "").rpartition(".")
    numpy = path.partition(".")[0] in ("np", "numpy")
    plain = last if numpy else name.replace("_", "")
    for definition in CATALOGUE.values():
        for library, call in definition.aliases:
            theirs = call.partition("(")[0].rpartition(".")[2].replace("_", "").lower()
            if plain == theirs and (library == "NumPy" or not numpy):
                here = f"{library}'s {call} is {definition.name} here"
                return InputError(f"unknown initializer '{name}': {here}")
    if "." in name:
        close = get_close_matches(name, PRESETS, n=3, cutoff=0.6)
        hint = f"did you mean {' or '.join(close)}? " if close else ""
        return InputError(f"unknown initializer '{name}': {hint}initscope init lists those of PyTorch, Keras and JAX")
    if named := presets_named(plain):
        return InputError(f"unknown initializer '{name}': did you mean {' or '.join(named)}?")
    return unknown("initializer", name, CATALOGUE)
