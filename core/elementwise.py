"""What an activation is: a function with its derivative, in place on (lanes, units, batch) buffers."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from initscope.core.catalogue import Entry, Parameter, Value, write_call

Floats = NDArray[np.floating[Any]]
"""A float32 or float64 array, here of shape (lanes, units, batch). Every result keeps the dtype."""


@dataclass(frozen=True)
class Definition(Entry):
    """An activation of the catalogue."""

    parameters: tuple[Parameter, ...] = ()


@dataclass(frozen=True)
class Activation(ABC):
    """An activation function a = phi(z) with its parameter values; made by `activation(text)`.

    Infinite z gives the limit, or not a number where there is none. Callers silence floating-point warnings
    (np.errstate(all="ignore")).
    """

    definition: ClassVar[Definition]
    needs_z: ClassVar[bool] = True
    """False: `backward` reads only a, and `forward` may write over z."""
    saturates: ClassVar[bool] = True
    """Whether phi' goes to 0 where no healthy element should be, so that a share of saturated units means something.

    Not so for relu, whose slope is 0 for half its inputs in health, nor for sine, whose slope comes back.
    """
    learned: ClassVar[tuple[str, ...]] = ()
    """Parameters that a network learns, one for each layer; the activation itself holds their start."""

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

    @property
    def middle(self) -> float:
        """The a at or below which an element lies on the low side."""
        return 0.0

    @property
    def kinks(self) -> tuple[float, ...]:
        """The z where phi is not smooth, which an integral over z must take as borders."""
        return ()

    @property
    def mean_square(self) -> float | None:
        """E[phi(z)²] for z ~ N(0, 1), where it is better had exactly than by quadrature."""
        return None

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
