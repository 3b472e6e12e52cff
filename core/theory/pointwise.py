"""What an identity matrix does, exactly: unit i passes on what unit i had, so every input value goes its own way.

Mean-field theory is wrong here: a relu halves the mean square of Gaussian pre-activations in every layer, but those
of an identity only once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from initscope.core.shapes import DenseShape
from initscope.core.theory.inputstatistics import Floats, InputStatistics
from initscope.core.theory.meanfield import Maps


@dataclass(frozen=True, eq=False)
class Values:
    """z of one layer. Rows are kinds of units, levels the input values they began with."""

    z: Floats
    """By level, (levels,)."""
    a: Floats
    """phi(z)."""
    slope: Floats
    """phi'(z)."""
    rows: Floats
    """Share of the inputs for which units of a row have each level, (rows, levels)."""
    units: Floats
    """Number of units of each row, (rows,)."""

    @cached_property
    def weights(self) -> Floats:
        """Of the levels, over units and inputs, (levels,)."""
        return np.asarray(self.units @ self.rows / self.units.sum())

    @cached_property
    def moments(self) -> tuple[tuple[float, float, float], tuple[float, float, float], float]:
        """Of z and of a: mean over units and inputs, variance over units of the mean over inputs, mean variance over
        inputs. And the share of units whose slope is 0 for all inputs.
        """
        parts = self.rows @ np.stack([self.z, self.z**2, self.a, self.a**2, self.slope != 0], axis=1)
        weights = self.units / self.units.sum()

        def of(first: Floats, second: Floats) -> tuple[float, float, float]:
            centre = float(weights @ first)
            own = np.maximum(second - first**2, 0)
            return centre, float(weights @ (first - centre) ** 2), float(weights @ own)

        z, z_square, a, a_square, alive = parts.T
        return of(z, z_square), of(a, a_square), float(weights @ (alive == 0))


def pass_on(
    shapes: Sequence[DenseShape], gain: float, bias: float, inputs: InputStatistics, maps: Maps
) -> list[Values]:
    """Every layer of a network with W = gain·I and equal biases."""
    a, rows, units = inputs.levels, inputs.counts, np.ones(len(inputs.counts))
    found = []
    for shape in shapes:
        before = np.cumsum(units) - units
        units = np.clip(shape.fan_out - before, 0, units)
        rows, units = rows[units > 0], units[units > 0]
        z = gain * a + bias
        missing = shape.fan_out - units.sum()
        if missing:  # units that receive nothing
            z = np.append(z, bias)
            rows = np.pad(rows, ((0, 1), (0, 1)))
            rows[-1, -1] = 1
            units = np.append(units, missing)
        with np.errstate(all="ignore"):
            a, slope = maps.phi_and_slope(z)
        found.append(Values(z, a, slope, rows, units))
    return found


def gradients(layers: Sequence[Values], gain: float, square: float) -> list[float]:
    """E[δ²] of dC/dz in every layer, if it is `square` in the last."""
    last = layers[-1]
    found, reach = [square], float(last.units.sum())
    passed = np.full(len(last.z), square)
    for layer in reversed(layers[:-1]):
        passed = gain**2 * passed[: len(layer.z)] * layer.slope**2
        before = np.cumsum(layer.units) - layer.units
        reached = np.clip(reach - before, 0, layer.units)
        found.append(float(reached @ (layer.rows @ passed) / layer.units.sum()))
        reach = min(reach, float(layer.units.sum()))
    return found[::-1]
