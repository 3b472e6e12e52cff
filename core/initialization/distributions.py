"""Distributions that know their samples, exact mean and variance, and bounds."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from math import erf, exp, inf, pi, sqrt

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float64]


class Distribution(ABC):
    """Of one entry of a weight array. `mean` and `variance` are exact, `bounds` enclose every sample.

    All of the normal kind read the same standard normals from a generator, all of the uniform kind the same
    draws of U[0, 1), so that the same seed gives the same numbers, shifted and scaled.
    """

    @property
    @abstractmethod
    def mean(self) -> float: ...

    @property
    @abstractmethod
    def variance(self) -> float: ...

    @property
    @abstractmethod
    def bounds(self) -> tuple[float, float]: ...

    @abstractmethod
    def sample(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Samples:
        """Fresh draws. Raises InputError for a shape that `check` refuses."""

    def check(self, shape: tuple[int, ...]) -> None:
        """Raises InputError unless an array of this shape can be drawn. Here, any can."""
        return None


@dataclass(frozen=True)
class Constant(Distribution):
    """Always `value`. Draws nothing from the generator."""

    value: float

    @property
    def mean(self) -> float:
        return self.value

    @property
    def variance(self) -> float:
        return 0.0

    @property
    def bounds(self) -> tuple[float, float]:
        return self.value, self.value

    def sample(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Samples:
        return np.full(shape, self.value)


@dataclass(frozen=True)
class Uniform(Distribution):
    """U[low, high); low > high turns the half-open side round."""

    low: float
    high: float

    @property
    def mean(self) -> float:
        return (self.low + self.high) / 2

    @property
    def variance(self) -> float:
        width = self.high - self.low
        return width * width / 12

    @property
    def bounds(self) -> tuple[float, float]:
        return min(self.low, self.high), max(self.low, self.high)

    def sample(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Samples:
        draws = rng.random(shape)
        draws *= self.high - self.low
        draws += self.low
        return draws.clip(*self.bounds, out=draws)  # rounding can step over the far end


@dataclass(frozen=True)
class Normal(Distribution):
    """N(mean, std²); a negative std turns the signs round."""

    centre: float
    std: float

    @property
    def mean(self) -> float:
        return self.centre

    @property
    def variance(self) -> float:
        return self.std * self.std

    @property
    def bounds(self) -> tuple[float, float]:
        return (-inf, inf) if self.std else (self.centre, self.centre)

    def sample(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Samples:
        draws = rng.standard_normal(shape)
        draws *= self.std
        draws += self.centre
        return draws


@dataclass(frozen=True)
class HalfNormal(Distribution):
    """scale·|Z| with Z a standard normal. Moments: Johnson, Kotz & Balakrishnan 1994, ch. 13."""

    scale: float

    @property
    def mean(self) -> float:
        return self.scale * sqrt(2 / pi)

    @property
    def variance(self) -> float:
        return self.scale * self.scale * (1 - 2 / pi)

    @property
    def bounds(self) -> tuple[float, float]:
        if not self.scale:
            return 0.0, 0.0
        return (0.0, inf) if self.scale > 0 else (-inf, 0.0)

    def sample(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Samples:
        draws = rng.standard_normal(shape)
        np.abs(draws, out=draws)
        draws *= self.scale
        return draws


@dataclass(frozen=True)
class TruncatedNormal(Distribution):
    """centre + std·Z, where Z is a standard normal held to [low, high] by drawing again.

    `std` is that of the normal before truncation. Moments: Johnson, Kotz & Balakrishnan 1994, ch. 13.
    """

    centre: float
    std: float
    low: float
    high: float

    @cached_property
    def mass(self) -> float:
        """P(low <= Z <= high): the share of draws that is kept."""
        return (erf(self.high / sqrt(2)) - erf(self.low / sqrt(2))) / 2

    @cached_property
    def _mean_of_z(self) -> float:
        return (_density(self.low) - _density(self.high)) / self.mass

    @property
    def mean(self) -> float:
        return self.centre + self.std * self._mean_of_z

    @property
    def variance(self) -> float:
        pull = (self.low * _density(self.low) - self.high * _density(self.high)) / self.mass
        return self.std * self.std * (1 + pull - self._mean_of_z * self._mean_of_z)

    @property
    def bounds(self) -> tuple[float, float]:
        return self.centre + self.std * self.low, self.centre + self.std * self.high

    def sample(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Samples:
        draws = rng.standard_normal(shape)
        flat = draws.reshape(-1)
        outside = np.flatnonzero((flat < self.low) | (flat > self.high))
        while outside.size:
            again = rng.standard_normal(outside.size)
            flat[outside] = again
            outside = outside[(again < self.low) | (again > self.high)]
        draws *= self.std
        draws += self.centre
        return draws


def _density(z: float) -> float:
    return exp(-z * z / 2) / sqrt(2 * pi)
