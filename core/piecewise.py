"""Activations made of straight pieces."""

from dataclasses import dataclass
from math import inf

import numpy as np

from initscope.core.catalogue import Parameter
from initscope.core.elementwise import Activation, Definition, Floats
from initscope.core.errors import InputError


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


class Relu(Activation):
    definition = Definition(
        "relu", "passes what is positive, blocks the rest; units can die", "a = max(0, z)",
        "Nair & Hinton 2010; Glorot, Bordes & Bengio 2011")
    needs_z = False
    saturates = False
    slope_max = 1.0
    range = (0.0, inf)
    kinks = (0.0,)

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
    kinks = (0.0,)

    def forward(self, z: Floats, out: Floats) -> None:
        np.multiply(z, self._number("slope"), out=out)
        np.maximum(z, out, out=out)

    def backward(self, delta: Floats, z: Floats, a: Floats, scratch: Floats) -> None:
        np.greater(z, 0.0, out=scratch)
        scratch.clip(self._number("slope"), 1.0, out=scratch)
        np.multiply(delta, scratch, out=delta)


class Prelu(LeakyRelu):
    """As an activation it has the slope that learning starts from; layers call the two methods that take slopes."""

    definition = Definition(
        "prelu", "a leaky relu whose slope each layer learns", "a = max(0, z) + slope·min(0, z), slope learned",
        "He, Zhang, Ren & Sun 2015, eq. 1",
        (Parameter("slope", 0.25, "slope on the negative side at the start", above=0.0, below=1.0),))
    learned = ("slope",)

    def forward_with(self, z: Floats, slopes: Floats, out: Floats) -> None:
        """out = phi(z) with each lane's slope, any number, in `slopes` (lanes, 1, 1). `out` is not z."""
        z.clip(-inf, 0.0, out=out)
        np.multiply(out, slopes, out=out)
        np.add(out, z.clip(0.0, inf), out=out)

    def backward_with(self, delta: Floats, z: Floats, slopes: Floats, scratch: Floats) -> Floats:
        """dC/d(slope) of each lane, (lanes,): the sum of delta·min(0, z) over units and batch (He et al., eq. 2 and 3).

        Then delta *= phi'(z), in place. `scratch` (same shape, C-contiguous) is overwritten.
        """
        z.clip(-inf, 0.0, out=scratch)
        np.multiply(scratch, delta, out=scratch)
        gradient: Floats = np.add.reduce(scratch.reshape(len(scratch), -1), axis=1)
        # The side with slope 1 is put aside and added: on both sides exact, and 8 times as fast as a mask.
        np.greater(z, 0.0, out=scratch)
        np.multiply(scratch, delta, out=scratch)
        np.subtract(delta, scratch, out=delta)
        np.multiply(delta, slopes, out=delta)
        np.add(delta, scratch, out=delta)
        return gradient


@dataclass(frozen=True)
class HardTanh(Activation):
    """Saturated is exact here: where a meets a bound its slope is 0."""

    definition = Definition(
        "hard_tanh", "passes what lies between two bounds, cuts the rest; saturates on both sides",
        "a = min(high, max(low, z))", "Collobert et al. 2011; low=0,high=6 is the relu6 of Krizhevsky 2010",
        (Parameter("low", -1.0, "lower bound"), Parameter("high", 1.0, "upper bound")))
    needs_z = False
    slope_max = 1.0

    def __post_init__(self) -> None:
        low, high = self.range
        if not low < high:
            raise InputError(f"{self.name}: low must be less than high, not low={low:g} and high={high:g}")

    @property
    def range(self) -> tuple[float, float]:
        return self._number("low"), self._number("high")

    @property
    def kinks(self) -> tuple[float, ...]:
        return self.range

    @property
    def middle(self) -> float:
        return sum(self.range) / 2

    def forward(self, z: Floats, out: Floats) -> None:
        z.clip(*self.range, out=out)

    def backward(self, delta: Floats, z: Floats, a: Floats, scratch: Floats) -> None:
        low, high = self.range
        np.greater(a, low, out=scratch)
        np.multiply(delta, scratch, out=delta)
        np.less(a, high, out=scratch)
        np.multiply(delta, scratch, out=delta)
