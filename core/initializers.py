"""Weight initializers by name, with their formula, source and names in other libraries."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import sqrt
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from initscope.core.catalogue import Parameter, Value, read_parameters, split_call, write_call
from initscope.core.distributions import Constant, Distribution, Normal, Orthogonal, TruncatedNormal, Uniform
from initscope.core.errors import InputError, unknown


@dataclass(frozen=True)
class Definition:
    """A catalogue entry: what a person reads when choosing, and how to build the distribution."""

    name: str
    words: str
    formula: str
    source: str
    build: Callable[..., Distribution]
    """Called with fan_in, fan_out and every parameter by its name."""
    parameters: tuple[Parameter, ...] = ()
    factor: str = ""
    """The parameter that multiplies every sample, if there is one."""
    aliases: tuple[tuple[str, str], ...] = ()
    """(library, call) of the same distribution."""


@dataclass(frozen=True)
class Initializer:
    """A definition with its parameter values; made by `initializer(text)`, written back by `str`."""

    name: str
    settings: tuple[tuple[str, Value], ...] = ()

    @property
    def definition(self) -> Definition:
        return CATALOGUE[self.name]

    @property
    def values(self) -> dict[str, Value]:
        """The parameters' values by name."""
        return dict(self.settings)

    @property
    def needs_matrix(self) -> bool:
        """Whether it can draw weights only, not biases."""
        return self.name == "orthogonal"

    def __str__(self) -> str:
        return write_call(self.name, self.definition.parameters, self.values)

    def distribution(self, fan_in: int, fan_out: int) -> Distribution:
        """The distribution of one entry in a layer of these fans (both at least 1)."""
        return self.definition.build(fan_in, fan_out, **self.values)

    def sample(
        self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int
    ) -> NDArray[np.float64]:
        """Fresh weights, (fan_out, fan_in), or biases, (fan_out,), of a layer with these fans.

        Raises InputError where biases are asked of an initializer that needs a matrix.
        """
        return self.distribution(fan_in, fan_out).sample(rng, shape)

    def mean(self, fan_in: int, fan_out: int) -> float:
        """The exact expectation of an entry."""
        return self.distribution(fan_in, fan_out).mean

    def variance(self, fan_in: int, fan_out: int) -> float:
        """The exact variance of an entry."""
        return self.distribution(fan_in, fan_out).variance

    def bounds(self, fan_in: int, fan_out: int) -> tuple[float, float]:
        """The least and the greatest value an entry can take; infinite where there is none."""
        return self.distribution(fan_in, fan_out).bounds


_STD_WITHIN_2 = sqrt(TruncatedNormal(0.0, 1.0, -2.0, 2.0).variance)  # 0.87962566103423978


def variance_scaling(
    fan_in: int, fan_out: int, scale: float, mode: str, distribution: str, gain: float = 1.0
) -> Distribution:
    """The distribution of mean 0 and variance gain²·scale/n, n being the fan that `mode` names.

    He et al. 2015, eq. 10 and 14, for general scale. A truncated normal ends at two stds of the normal it is
    cut from, which is made wider to keep the variance.
    """
    n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode]
    std = gain * sqrt(scale / n)
    if distribution == "uniform":
        return Uniform(-std * sqrt(3), std * sqrt(3))
    if distribution == "truncated_normal":
        return TruncatedNormal(0.0, std / _STD_WITHIN_2, -2.0, 2.0)
    return Normal(0.0, std)


def _special(scale: float, mode: str, distribution: str) -> Callable[..., Distribution]:
    return lambda fan_in, fan_out, gain: variance_scaling(fan_in, fan_out, scale, mode, distribution, gain)


_SCALE = (Parameter("scale", 1.0, "multiplies every sample"),)
_GAIN = (Parameter("gain", 1.0, "multiplies every sample"),)
_CENTRE = Parameter("mean", 0.0, "centre of the normal")
_STD = Parameter("std", 1.0, "standard deviation of the normal", minimum=0.0)
_GLOROT = "Glorot & Bengio 2010, eq. "
_HE = "He, Zhang, Ren & Sun 2015, eq. 10"
_LECUN = "LeCun, Bottou, Orr & Müller 1998, section 4.6"
_PLAIN = "a plain normal as in PyTorch, where Keras and JAX truncate (variance_scaling:{}truncated_normal)."

_DEFINITIONS = (
    Definition(
        "zeros", "Every entry 0, so the units of a layer stay identical.", "W = 0", "a constant",
        lambda fan_in, fan_out: Constant(0.0),
        aliases=(("NumPy", "np.zeros"), ("PyTorch", "torch.nn.init.zeros_"),
                 ("Keras", "keras.initializers.Zeros"), ("JAX", "jax.nn.initializers.zeros")),
    ),
    Definition(
        "ones", "Every entry 1, so the units of a layer stay identical.", "W = 1", "a constant",
        lambda fan_in, fan_out: Constant(1.0),
        aliases=(("NumPy", "np.ones"), ("PyTorch", "torch.nn.init.ones_"),
                 ("Keras", "keras.initializers.Ones"), ("JAX", "jax.nn.initializers.ones")),
    ),
    Definition(
        "constant", "Every entry the same, so the units of a layer stay identical.", "W = value",
        "a constant", lambda fan_in, fan_out, value: Constant(value),
        (Parameter("value", 0.1, "what every entry is"),), "value",
        (("NumPy", "np.full"), ("PyTorch", "torch.nn.init.constant_"),
         ("Keras", "keras.initializers.Constant"), ("JAX", "jax.nn.initializers.constant")),
    ),
    Definition(
        "rand", "Uniform between 0 and 1: its mean is not zero.", "W ~ scale · U[0, 1)",
        "NumPy's random.rand", lambda fan_in, fan_out, scale: Uniform(0.0, scale), _SCALE, "scale",
        (("NumPy", "np.random.rand"), ("PyTorch", "torch.rand"), ("JAX", "jax.nn.initializers.uniform")),
    ),
    Definition(
        "randn", "Standard normal, whatever the size of the layer.", "W ~ scale · N(0, 1)",
        "NumPy's random.randn", lambda fan_in, fan_out, scale: Normal(0.0, scale), _SCALE, "scale",
        (("NumPy", "np.random.randn"), ("PyTorch", "torch.randn"), ("JAX", "jax.nn.initializers.normal")),
    ),
    Definition(
        "uniform", "Uniform between two bounds of your choice.", "W ~ U[low, high)", "a plain uniform",
        lambda fan_in, fan_out, low, high: Uniform(low, high),
        (Parameter("low", -1.0, "lower bound"), Parameter("high", 1.0, "upper bound")),
        aliases=(("NumPy", "np.random.uniform"), ("PyTorch", "torch.nn.init.uniform_"),
                 ("Keras", "keras.initializers.RandomUniform")),
    ),
    Definition(
        "normal", "Normal with a mean and a standard deviation of your choice.", "W ~ N(mean, std²)",
        "a plain normal", lambda fan_in, fan_out, mean, std: Normal(mean, std), (_CENTRE, _STD),
        aliases=(("NumPy", "np.random.normal"), ("PyTorch", "torch.nn.init.normal_"),
                 ("Keras", "keras.initializers.RandomNormal")),
    ),
    Definition(
        "truncated_normal",
        "A normal without its tails (PyTorch's trunc_normal_ takes the bounds as values, not in stds).",
        "W = mean + std · Z, Z ~ N(0, 1) given low ≤ Z ≤ high", "Johnson, Kotz & Balakrishnan 1994, ch. 13",
        lambda fan_in, fan_out, mean, std, low, high: TruncatedNormal(mean, std, low, high),
        (_CENTRE, Parameter("std", 1.0, "standard deviation before truncation", minimum=0.0),
         Parameter("low", -2.0, "lower bound, in stds from the mean"),
         Parameter("high", 2.0, "upper bound, in stds from the mean")),
        aliases=(("PyTorch", "torch.nn.init.trunc_normal_"), ("Keras", "keras.initializers.TruncatedNormal"),
                 ("JAX", "jax.nn.initializers.truncated_normal")),
    ),
    Definition(
        "variance_scaling", "Mean 0 and a variance divided by the layer's fan: all those below in one.",
        "Var W = scale / n, n = fan_in, fan_out or their average", "He, Zhang, Ren & Sun 2015, eq. 10 and 14",
        variance_scaling,
        (Parameter("scale", 1.0, "variance times fan", above=0.0),
         Parameter("mode", "fan_in", "which fan divides", ("fan_in", "fan_out", "fan_avg")),
         Parameter("distribution", "normal", "its shape", ("normal", "truncated_normal", "uniform"))),
        aliases=(("Keras", "keras.initializers.VarianceScaling"),
                 ("JAX", "jax.nn.initializers.variance_scaling")),
    ),
    Definition(
        "xavier_normal", "Keeps activations and gradients of one size through tanh layers; "
        + _PLAIN.format("mode=fan_avg,distribution="),
        "W ~ gain · N(0, 2 / (fan_in + fan_out))", _GLOROT + "12", _special(1.0, "fan_avg", "normal"),
        _GAIN, "gain", (("PyTorch", "torch.nn.init.xavier_normal_"),),
    ),
    Definition(
        "xavier_uniform", "Keeps activations and gradients of one size through tanh layers.",
        "W ~ gain · U[±√(6 / (fan_in + fan_out))]", _GLOROT + "16", _special(1.0, "fan_avg", "uniform"),
        _GAIN, "gain",
        (("PyTorch", "torch.nn.init.xavier_uniform_"), ("Keras", "keras.initializers.GlorotUniform"),
         ("JAX", "jax.nn.initializers.glorot_uniform")),
    ),
    Definition(
        "he_normal", "Keeps activations of one size through relu layers; "
        + _PLAIN.format("scale=2,distribution="),
        "W ~ gain · N(0, 2 / fan_in)", _HE, _special(2.0, "fan_in", "normal"), _GAIN, "gain",
        (("PyTorch", "torch.nn.init.kaiming_normal_"),),
    ),
    Definition(
        "he_uniform", "Keeps activations of one size through relu layers.",
        "W ~ gain · U[±√(6 / fan_in)]", _HE, _special(2.0, "fan_in", "uniform"), _GAIN, "gain",
        (("PyTorch", "torch.nn.init.kaiming_uniform_"), ("Keras", "keras.initializers.HeUniform"),
         ("JAX", "jax.nn.initializers.he_uniform")),
    ),
    Definition(
        "lecun_normal", "Keeps pre-activations at the size of the inputs; " + _PLAIN.format("distribution="),
        "W ~ gain · N(0, 1 / fan_in)", _LECUN, _special(1.0, "fan_in", "normal"), _GAIN, "gain",
        (("PyTorch", "torch.nn.init.kaiming_normal_(nonlinearity='linear')"),),
    ),
    Definition(
        "lecun_uniform", "Keeps pre-activations at the size of the inputs.",
        "W ~ gain · U[±√(3 / fan_in)]", _LECUN, _special(1.0, "fan_in", "uniform"), _GAIN, "gain",
        (("PyTorch", "torch.nn.init.kaiming_uniform_(nonlinearity='linear')"),
         ("Keras", "keras.initializers.LecunUniform"), ("JAX", "jax.nn.initializers.lecun_uniform")),
    ),
    Definition(
        "scaled_randn", "A standard normal over √fan_in, as courses write it (the same as lecun_normal).",
        "W = gain · randn / √fan_in", "Nielsen, ch. 3, weight initialization",
        _special(1.0, "fan_in", "normal"), _GAIN, "gain",
        (("NumPy", "np.random.randn(fan_out, fan_in) / np.sqrt(fan_in)"),),
    ),
    Definition(
        "orthogonal", "A random rotation: rows or columns of length gain at right angles; for weights only.",
        "W = gain · Q, QᵀQ = 1 or QQᵀ = 1", "Saxe, McClelland & Ganguli 2014",
        lambda fan_in, fan_out, gain: Orthogonal(gain, max(fan_in, fan_out)), _GAIN, "gain",
        (("PyTorch", "torch.nn.init.orthogonal_"), ("Keras", "keras.initializers.Orthogonal"),
         ("JAX", "jax.nn.initializers.orthogonal")),
    ),
)

CATALOGUE: Mapping[str, Definition] = MappingProxyType({d.name: d for d in _DEFINITIONS})
"""Every initializer by name, in the order of the lab's picker."""


def initializer(text: str) -> Initializer:
    """The initializer that `name`, `name:key=value,...` or `0.01*name` (or `name*0.01`) stands for.

    Raises InputError.
    """
    call, factor = _split_factor(text)
    name, given = split_call(call)
    if name not in CATALOGUE:
        raise _unknown(name)
    definition = CATALOGUE[name]
    values = read_parameters(name, definition.parameters, given)
    if factor is not None:
        if not definition.factor:
            having = ", ".join(d.name for d in _DEFINITIONS if d.factor)
            raise InputError(f"'{text}': {name} takes no factor, set its parameters; one goes with {having}")
        scaled = float(values[definition.factor]) * factor
        values |= read_parameters(name, definition.parameters, {definition.factor: repr(scaled)})
    result = Initializer(name, tuple(values.items()))
    _check(result)
    return result


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
    plain = name.replace("_", "")
    for definition in _DEFINITIONS:
        for library, call in definition.aliases:
            theirs = call.partition("(")[0].rpartition(".")[2].replace("_", "").lower()
            if plain == theirs:
                here = f"{library}'s {call} is {definition.name} here"
                return InputError(f"unknown initializer '{name}': {here}")
    return unknown("initializer", name, CATALOGUE)
