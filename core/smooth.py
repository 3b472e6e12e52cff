"""Activations that bend smoothly from flat, on the low side, to straight."""

from math import e, erf, inf, log, pi, sqrt

import numpy as np

from initscope.core.catalogue import Parameter
from initscope.core.elementwise import Activation, Definition, Floats
from initscope.core.normal import cdf_and_density


class Elu(Activation):
    definition = Definition(
        "elu", "a relu that bends smoothly to -alpha instead of stopping at 0",
        "a = z, or alpha·(e^z - 1) where z < 0", "Clevert, Unterthiner & Hochreiter 2016",
        (Parameter("alpha", 1.0, "how far below zero it reaches", above=0.0),))
    kinks = (0.0,)

    @property
    def alpha(self) -> float:
        return self._number("alpha")

    @property
    def slope_max(self) -> float:
        return max(1.0, self.alpha)

    @property
    def range(self) -> tuple[float, float]:
        return (-self.alpha, inf)

    def forward(self, z: Floats, out: Floats) -> None:
        z.clip(-inf, 0.0, out=out)
        np.expm1(out, out=out)
        np.multiply(out, self.alpha, out=out)
        np.add(out, z.clip(0.0, inf), out=out)

    def backward(self, delta: Floats, z: Floats, a: Floats, scratch: Floats) -> None:
        positive = np.greater(z, 0.0)
        z.clip(-inf, 0.0, out=scratch)
        np.exp(scratch, out=scratch)
        np.multiply(scratch, self.alpha, out=scratch)
        np.multiply(scratch, ~positive, out=scratch)
        np.add(scratch, positive, out=scratch)
        np.multiply(delta, scratch, out=delta)


class Selu(Elu):
    """elu times a scale, both constants such that E[a] = 0 and E[a²] = 1 for z ~ N(0, 1)."""

    definition = Definition(
        "selu", "an elu scaled so that activations settle at mean 0 and variance 1",
        "a = 1.0507·z, or 1.0507·1.67326·(e^z - 1) where z < 0",
        "Klambauer, Unterthiner, Mayr & Hochreiter 2017, eq. 2")
    alpha = 1.6732632423543772848  # E[a] = 0: 1/√(2π) = alpha·(1/2 - √e·Φ(-1))
    scale = 1.0507009873554804934  # E[a²] = 1: scale² · E[elu(z)²] = 1 with that alpha
    slope_max = scale * alpha  # just below z = 0
    range = (-scale * alpha, inf)

    def forward(self, z: Floats, out: Floats) -> None:
        super().forward(z, out)
        np.multiply(out, self.scale, out=out)

    def backward(self, delta: Floats, z: Floats, a: Floats, scratch: Floats) -> None:
        super().backward(delta, z, a, scratch)
        np.multiply(delta, self.scale, out=delta)


class Softplus(Activation):
    definition = Definition(
        "softplus", "a relu with its corner rounded; its slope is a sigmoid", "a = ln(1 + e^(beta·z)) / beta",
        "Dugas et al. 2001; Glorot, Bordes & Bengio 2011",
        (Parameter("beta", 1.0, "sharpness of the corner", above=0.0),))
    needs_z = False
    slope_max = 1.0
    range = (0.0, inf)

    @property
    def middle(self) -> float:
        return log(2) / self._number("beta")

    def forward(self, z: Floats, out: Floats) -> None:
        # max(0, z) + ln(1 + e^-|beta·z|) / beta never overflows.
        positive = z.clip(0.0, inf)
        np.abs(z, out=out)
        np.multiply(out, -self._number("beta"), out=out)
        np.exp(out, out=out)
        np.log1p(out, out=out)
        np.divide(out, self._number("beta"), out=out)
        np.add(out, positive, out=out)

    def backward(self, delta: Floats, z: Floats, a: Floats, scratch: Floats) -> None:
        # sigmoid(beta·z) = 1 - e^(-beta·a)
        np.multiply(a, -self._number("beta"), out=scratch)
        np.expm1(scratch, out=scratch)
        np.negative(scratch, out=scratch)
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


class Mish(Activation):
    definition = Definition(
        "mish", "z times the tanh of its softplus; dips below zero before it is flat",
        "a = z·tanh(ln(1 + e^z))", "Misra 2019")
    slope_max = 1.0884981612517279  # at z = 1.4905711794854284, where phi'' = 0
    range = (-0.30884341301725041, inf)  # the minimum, at z = -1.1924312145154952, where phi' = 0

    def forward(self, z: Floats, out: Floats) -> None:
        # With u = e^z and w = u(u + 2): tanh(ln(1 + u)) = w / (w + 2). At 40 it is 1 and w is still finite.
        z.clip(-inf, 40.0, out=out)
        np.exp(out, out=out)
        twice = out + 2.0
        np.multiply(out, twice, out=out)
        np.add(out, 2.0, out=twice)
        np.divide(out, twice, out=out)
        np.multiply(out, z.clip(-1000.0, inf), out=out)  # -1000 is as good as -inf, and not -inf·0

    def backward(self, delta: Floats, z: Floats, a: Floats, scratch: Floats) -> None:
        # phi' = w/(w + 2) + z·4u(u + 1)/(w + 2)² = (w + 4u(u + 1)·z/(w + 2)) / (w + 2)
        top = z.clip(-1000.0, 40.0)
        np.exp(top, out=scratch)
        np.multiply(top, scratch, out=top)
        plus = scratch + 1.0
        np.multiply(top, plus, out=top)
        np.multiply(top, 4.0, out=top)
        np.add(plus, 1.0, out=plus)
        np.multiply(scratch, plus, out=scratch)  # w
        np.add(scratch, 2.0, out=plus)
        np.divide(top, plus, out=top)
        np.add(top, scratch, out=top)
        np.divide(top, plus, out=top)
        np.multiply(delta, top, out=delta)
