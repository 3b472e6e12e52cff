"""Activations whose values stay between two bounds: those that squash, and the sine."""

from math import expm1

import numpy as np

from initscope.core.catalogue import Parameter
from initscope.core.elementwise import Activation, Definition, Floats


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


class Softsign(Activation):
    definition = Definition(
        "softsign", "squashes to (-1, 1) like tanh, but saturates more slowly", "a = z / (1 + |z|)",
        "Glorot & Bengio 2010, section 3; Bergstra et al. 2009")
    slope_max = 1.0
    range = (-1.0, 1.0)
    kinks = (0.0,)

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


class Sine(Activation):
    definition = Definition(
        "sine", "a wave that never settles: no side is flat, its slope comes back", "a = sin(omega·z)",
        "Sitzmann et al. 2020 (SIREN), with omega = 30",
        (Parameter("omega", 1.0, "frequency; SIREN uses 30", above=0.0),))
    saturates = False
    range = (-1.0, 1.0)

    @property
    def slope_max(self) -> float:
        return self._number("omega")

    @property
    def mean_square(self) -> float:
        """(1 - E[cos(2·omega·z)]) / 2; E[cos(tz)] = e^(-t²/2). Quadrature would miss waves shorter than its panels."""
        return -expm1(-2 * self._number("omega") ** 2) / 2

    def forward(self, z: Floats, out: Floats) -> None:
        np.multiply(z, self._number("omega"), out=out)
        np.sin(out, out=out)

    def backward(self, delta: Floats, z: Floats, a: Floats, scratch: Floats) -> None:
        omega = self._number("omega")
        np.multiply(z, omega, out=scratch)
        np.cos(scratch, out=scratch)
        np.multiply(scratch, omega, out=scratch)
        np.multiply(delta, scratch, out=delta)
