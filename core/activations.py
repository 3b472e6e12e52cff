"""Activation functions by name, each with its derivative, in place on (lanes, units, batch) buffers."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from math import e, erf, inf, pi, sqrt
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from initscope.core.catalogue import Entry, Parameter, Value, read_parameters, split_call, write_call
from initscope.core.errors import unknown
from initscope.core.normal import cdf_and_density

Floats = NDArray[np.floating[Any]]
"""A float32 or float64 array, here of shape (lanes, units, batch). Every result keeps the dtype."""


@dataclass(frozen=True)
class Definition(Entry):
    """An activation of the catalogue."""

    parameters: tuple[Parameter, ...] = ()


@dataclass(frozen=True)
class Activation(ABC):
    """An activation function a = phi(z) with its parameter values; made by `activation(text)`.

    Infinite z gives the limit. Callers silence floating-point warnings (np.errstate(all="ignore")).
    """

    definition: ClassVar[Definition]
    needs_z: ClassVar[bool] = True
    """False: `backward` reads only a, and `forward` may write over z."""
    saturates: ClassVar[bool] = True
    """Whether phi' fades to 0 smoothly, so that a share of saturated units means something."""
    middle: ClassVar[float] = 0.0
    """The a at or below which an element lies on the low side."""

    settings: tuple[tuple[str, Value], ...] = ()

    @property
    def name(self) -> str:
        return self.definition.name

    @property
    def values(self) -> dict[str, Value]:
        """The parameters' values by name."""
        return dict(self.settings)

    def __str__(self) -> str:
        return write_call(self.name, self.definition.parameters, self.values)

    @property
    @abstractmethod
    def slope_max(self) -> float:
        """The greatest |phi'(z)| over all z."""

    @property
    @abstractmethod
    def range(self) -> tuple[float, float]:
        """The infimum and supremum of phi."""

    @abstractmethod
    def forward(self, z: Floats, out: Floats) -> None:
        """out = phi(z). `out` may be z itself unless needs_z."""

    @abstractmethod
    def backward(self, delta: Floats, z: Floats, a: Floats, scratch: Floats) -> None:
        """delta *= phi'(z), in place, given a = phi(z). `scratch` (same shape) is overwritten.

        Unless needs_z, z is not read: it may hold anything.
        """

    def slope(self, z: Floats, a: Floats) -> Floats:
        """phi'(z), freshly allocated; z as in `backward`."""
        result = np.ones_like(a)
        self.backward(result, z, a, np.empty_like(a))
        return result

    def low_side(self, z: Floats, a: Floats) -> NDArray[np.bool_]:
        """Which elements lie on the low side: a saturated one there is saturated low, any other one high."""
        return np.less(z, 0.0) if self.needs_z else np.less_equal(a, self.middle)

    def _number(self, name: str) -> float:
        return float(self.values[name])


class Sigmoid(Activation):
    definition = Definition(
        "sigmoid", "squashes to (0, 1); saturates on both sides", "a = 1 / (1 + e^-z)",
        "Nielsen, ch. 1, eq. 3")
    needs_z = False
    middle = 0.5
    slope_max = 0.25
    range = (0.0, 1.0)

    def forward(self, z: Floats, out: Floats) -> None:
        # (1 + tanh(z/2)) / 2 takes two thirds of the time, but drops the low tail below float32's 6e-8.
        np.negative(z, out=out)
        np.exp(out, out=out)
        np.add(out, 1.0, out=out)
        np.divide(1.0, out, out=out)

    def backward(self, delta: Floats, z: Floats, a: Floats, scratch: Floats) -> None:
        np.subtract(1.0, a, out=scratch)
        np.multiply(scratch, a, out=scratch)
        np.multiply(delta, scratch, out=delta)


class Tanh(Activation):
    definition = Definition(
        "tanh", "squashes to (-1, 1) around zero; saturates on both sides", "a = tanh z",
        "LeCun et al. 1998, section 4.4")
    needs_z = False
    slope_max = 1.0
    range = (-1.0, 1.0)

    def forward(self, z: Floats, out: Floats) -> None:
        np.tanh(z, out=out)

    def backward(self, delta: Floats, z: Floats, a: Floats, scratch: Floats) -> None:
        np.multiply(a, a, out=scratch)
        np.subtract(1.0, scratch, out=scratch)
        np.multiply(delta, scratch, out=delta)


class Relu(Activation):
    definition = Definition(
        "relu", "passes what is positive, blocks the rest; units can die", "a = max(0, z)",
        "Nair & Hinton 2010; Glorot, Bordes & Bengio 2011")
    needs_z = False
    saturates = False
    slope_max = 1.0
    range = (0.0, inf)

    def forward(self, z: Floats, out: Floats) -> None:
        z.clip(0.0, inf, out=out)  # three times as fast as np.maximum(z, 0.0) on large arrays

    def backward(self, delta: Floats, z: Floats, a: Floats, scratch: Floats) -> None:
        np.greater(a, 0.0, out=scratch)
        np.multiply(delta, scratch, out=delta)


class LeakyRelu(Activation):
    definition = Definition(
        "leaky_relu", "a relu that lets a little of the negative side through", "a = max(z, slope·z)",
        "Maas, Hannun & Ng 2013",
        (Parameter("slope", 0.01, "slope on the negative side", above=0.0, below=1.0),))
    saturates = False
    slope_max = 1.0
    range = (-inf, inf)

    def forward(self, z: Floats, out: Floats) -> None:
        np.multiply(z, self._number("slope"), out=out)
        np.maximum(z, out, out=out)

    def backward(self, delta: Floats, z: Floats, a: Floats, scratch: Floats) -> None:
        np.greater(z, 0.0, out=scratch)
        scratch.clip(self._number("slope"), 1.0, out=scratch)
        np.multiply(delta, scratch, out=delta)


class Softsign(Activation):
    definition = Definition(
        "softsign", "squashes to (-1, 1) like tanh, but saturates more slowly", "a = z / (1 + |z|)",
        "Glorot & Bengio 2010, section 3; Bergstra et al. 2009")
    slope_max = 1.0
    range = (-1.0, 1.0)

    def forward(self, z: Floats, out: Floats) -> None:
        # 1 / (1 + 1/|z|) is the same and right at infinity, where z / (1 + |z|) is not a number.
        np.abs(z, out=out)
        np.divide(1.0, out, out=out)
        np.add(out, 1.0, out=out)
        np.divide(1.0, out, out=out)
        np.copysign(out, z, out=out)

    def backward(self, delta: Floats, z: Floats, a: Floats, scratch: Floats) -> None:
        np.abs(z, out=scratch)
        np.add(scratch, 1.0, out=scratch)
        np.multiply(scratch, scratch, out=scratch)
        np.divide(delta, scratch, out=delta)


class Elu(Activation):
    definition = Definition(
        "elu", "a relu that bends smoothly to -alpha instead of stopping at 0",
        "a = z, or alpha·(e^z - 1) where z < 0", "Clevert, Unterthiner & Hochreiter 2016",
        (Parameter("alpha", 1.0, "how far below zero it reaches", above=0.0),))

    @property
    def slope_max(self) -> float:
        return max(1.0, self._number("alpha"))

    @property
    def range(self) -> tuple[float, float]:
        return (-self._number("alpha"), inf)

    def forward(self, z: Floats, out: Floats) -> None:
        z.clip(-inf, 0.0, out=out)
        np.expm1(out, out=out)
        np.multiply(out, self._number("alpha"), out=out)
        np.add(out, z.clip(0.0, inf), out=out)

    def backward(self, delta: Floats, z: Floats, a: Floats, scratch: Floats) -> None:
        positive = np.greater(z, 0.0)
        z.clip(-inf, 0.0, out=scratch)
        np.exp(scratch, out=scratch)
        np.multiply(scratch, self._number("alpha"), out=scratch)
        np.multiply(scratch, ~positive, out=scratch)
        np.add(scratch, positive, out=scratch)
        np.multiply(delta, scratch, out=delta)


class Gelu(Activation):
    """The exact form with the normal distribution function, not the tanh approximation."""

    definition = Definition(
        "gelu", "z times the probability that a standard normal is below z",
        "a = z·Φ(z) = z·(1 + erf(z/√2)) / 2", "Hendrycks & Gimpel 2016, section 2")
    slope_max = (1 + erf(1.0)) / 2 + 1 / (e * sqrt(pi))  # at z = sqrt 2
    range = (-0.16997120747990369, inf)  # the minimum, at z = -0.7518

    def forward(self, z: Floats, out: Floats) -> None:
        cdf, _ = cdf_and_density(z)
        z.clip(-40.0, inf, out=out)  # there Φ is 0, and -inf·0 would not be a number
        np.multiply(out, cdf, out=out)

    def backward(self, delta: Floats, z: Floats, a: Floats, scratch: Floats) -> None:
        cdf, density = cdf_and_density(z)
        z.clip(-40.0, 40.0, out=scratch)
        np.multiply(scratch, density, out=scratch)
        np.add(scratch, cdf, out=scratch)
        np.multiply(delta, scratch, out=delta)


class Silu(Activation):
    definition = Definition(
        "silu", "z times its sigmoid (also called swish)", "a = z / (1 + e^-z)",
        "Hendrycks & Gimpel 2016; Elfwing, Uchibe & Doya 2018")
    slope_max = 1.099839320128867  # 1/2 + z/4 at z = 2.39936, where z·tanh(z/2) = 2
    range = (-0.2784645427610739, inf)  # the minimum, at z = -1.27846

    def forward(self, z: Floats, out: Floats) -> None:
        np.negative(z, out=out)
        np.exp(out, out=out)
        np.add(out, 1.0, out=out)
        np.divide(z.clip(-1000.0, inf), out, out=out)  # -1000 is as good as -inf, and not inf/inf

    def backward(self, delta: Floats, z: Floats, a: Floats, scratch: Floats) -> None:
        # With u = e^-z: phi' = (1 + u(1 + z)) / (1 + u)². At ±80 it has its limits and u is still finite.
        top = z.clip(-80.0, 80.0)
        np.negative(top, out=scratch)
        np.exp(scratch, out=scratch)
        np.add(top, 1.0, out=top)
        np.multiply(top, scratch, out=top)
        np.add(top, 1.0, out=top)
        np.add(scratch, 1.0, out=scratch)
        np.divide(top, scratch, out=top)
        np.divide(top, scratch, out=top)
        np.multiply(delta, top, out=delta)


class Linear(Activation):
    definition = Definition("linear", "passes everything as it is", "a = z", "the identity")
    needs_z = False
    saturates = False
    slope_max = 1.0
    range = (-inf, inf)

    def forward(self, z: Floats, out: Floats) -> None:
        if out is not z:
            np.copyto(out, z)

    def backward(self, delta: Floats, z: Floats, a: Floats, scratch: Floats) -> None:
        pass


_KINDS: tuple[type[Activation], ...] = (Sigmoid, Tanh, Relu, LeakyRelu, Softsign, Elu, Gelu, Silu, Linear)
_BY_NAME = {kind.definition.name: kind for kind in _KINDS}

CATALOGUE: Mapping[str, Definition] = MappingProxyType({d.name: d for d in (k.definition for k in _KINDS)})
"""Every activation by name, in the order of the lab's picker."""


def activation(text: str) -> Activation:
    """The activation that `name` or `name:key=value` stands for. Raises InputError."""
    name, given = split_call(text)
    if name not in _BY_NAME:
        raise unknown("activation", name, _BY_NAME)
    kind = _BY_NAME[name]
    return kind(tuple(read_parameters(name, kind.definition.parameters, given).items()))
