"""Loss functions, each with the output activation that belongs to it.

Arrays are (lanes, outputs, batch). The targets y are shared by all lanes, (outputs, batch): one-hot
columns, or a single row of 0 and 1 for one output.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from initscope.core.catalogue import Entry, look_up
from initscope.core.errors import InputError

Array = NDArray[np.floating]


def sigmoid_in_place(z: Array) -> None:
    """z <- 1 / (1 + exp(-z)); exp may overflow to inf, which gives the right limit 0."""
    np.negative(z, out=z)
    np.exp(z, out=z)
    z += 1
    np.reciprocal(z, out=z)


@dataclass(frozen=True)
class Loss(Entry, ABC):
    """A loss by name. `value_and_delta` is all that training needs of it."""

    @abstractmethod
    def output_activation(self, outputs: int) -> str:
        """Name of the activation of the last layer."""

    @abstractmethod
    def value_and_delta(self, z: Array, y: Array, delta: Array, scratch: Array) -> Array:
        """Mean loss over the batch, (lanes,); z becomes the outputs a, delta becomes dC_x/dz per example.

        C_x is the loss of one example, so delta is not divided by the batch size. z, delta and scratch are
        (lanes, outputs, batch), C-contiguous.
        """

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Quadratic(Loss):
    """C_x = |a - y|^2 / 2 on sigmoid outputs."""

    def output_activation(self, outputs: int) -> str:
        return "sigmoid"

    def value_and_delta(self, z: Array, y: Array, delta: Array, scratch: Array) -> Array:
        sigmoid_in_place(z)
        np.subtract(z, y, out=delta)
        flat = delta.reshape(len(delta), -1)
        value: Array = np.vecdot(flat, flat)
        value *= 0.5 / z.shape[-1]
        np.subtract(1, z, out=scratch)  # sigmoid'(z) = a (1 - a)
        scratch *= z
        delta *= scratch
        return value


@dataclass(frozen=True)
class CrossEntropy(Loss):
    """C_x = -ln softmax(z)_label, or for one output the binary form on a sigmoid. delta = a - y in both."""

    def output_activation(self, outputs: int) -> str:
        return "sigmoid" if outputs == 1 else "softmax"

    def value_and_delta(self, z: Array, y: Array, delta: Array, scratch: Array) -> Array:
        if z.shape[1] == 1:
            # -y ln a - (1-y) ln(1-a) = ln(1 + e^z) - y z, which stays finite where a rounds to 0 or 1.
            np.logaddexp(0, z, out=scratch)
            np.multiply(z, y, out=delta)
            scratch -= delta
            sigmoid_in_place(z)
        else:
            z -= np.maximum.reduce(z, axis=1, keepdims=True)
            np.multiply(z, y, out=scratch)
            label = _sum_by_lane(scratch)
            np.exp(z, out=z)
            total = np.add.reduce(z, axis=1, keepdims=True)
            z /= total
            np.subtract(z, y, out=delta)
            value = _sum_by_lane(np.log(total, out=total))
            value -= label
            value /= z.shape[-1]
            return value
        np.subtract(z, y, out=delta)
        value = _sum_by_lane(scratch)
        value /= z.shape[-1]
        return value


def _sum_by_lane(values: Array) -> Array:
    """(lanes, rows, batch), C-contiguous -> (lanes,). A lane's sum does not depend on its neighbours."""
    total: Array = np.add.reduce(values.reshape(len(values), -1), axis=1)
    return total


CATALOGUE: Mapping[str, Loss] = MappingProxyType(
    {
        loss.name: loss
        for loss in (
            Quadratic(
                "quadratic",
                "Half the squared distance to the target, on sigmoid outputs.",
                "C = 1/(2n) Σ |a − y|²",
                "Nielsen, Neural Networks and Deep Learning (2015), eq. 6",
            ),
            CrossEntropy(
                "cross_entropy",
                "Minus the log of the probability given to the right class; softmax, or sigmoid for one output.",
                "C = −1/n Σ ln a_label",
                "Goodfellow, Bengio & Courville, Deep Learning (2016), sections 6.2.2.2 and 6.2.2.3",
            ),
        )
    }
)


def loss(text: str) -> Loss:
    """The loss of that name. Raises InputError with close names."""
    found, given = look_up("loss", CATALOGUE, text)
    if given:
        raise InputError(f"loss {found.name} has no parameters: write {found.name}")
    return found
