"""Toy data sets, generated from formulas; most have two features."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from initscope.core.catalogue import Parameter, Value
from initscope.core.errors import InputError

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]
Points = Callable[[Labels, np.random.Generator, Mapping[str, float]], Floats]

TRAIN_SHARE = 0.6
"""Of n examples this share is for training: 300 of the default 500."""
_MOON_CENTRE = np.array([0.5, 0.25])


def circles(labels: Labels, rng: np.random.Generator, values: Mapping[str, float]) -> Floats:
    """(n, 2) points r_y (cos t, sin t) + noise * N(0, 1), t ~ U[0, 2π), with r_0 = 1 and r_1 = inner."""
    radius = np.where(labels == 0, 1.0, values["inner"])
    return _noisy(_polar(radius, rng.uniform(0, 2 * np.pi, labels.size)), rng, values)


def moons(labels: Labels, rng: np.random.Generator, values: Mapping[str, float]) -> Floats:
    """(n, 2) points of two half circles that reach into each other, t ~ U[0, π), + noise * N(0, 1).

    Class 0 is (cos t, sin t) - c, class 1 is (1 - cos t, 1/2 - sin t) - c, with c = (1/2, 1/4): the two are
    each other's mirror image at the origin.
    """
    upper = _polar(np.ones(labels.size), rng.uniform(0, np.pi, labels.size)) - _MOON_CENTRE
    return _noisy(np.where(labels[:, None] == 0, upper, -upper), rng, values)


def spiral(labels: Labels, rng: np.random.Generator, values: Mapping[str, float]) -> Floats:
    """(n, 2) points t (cos a, sin a) + noise * N(0, 1), t ~ U[0, 1), a = 2π (turns * t + y / 3)."""
    t = rng.uniform(0, 1, labels.size)
    return _noisy(_polar(t, 2 * np.pi * (values["turns"] * t + labels / 3)), rng, values)


def xor(labels: Labels, rng: np.random.Generator, values: Mapping[str, float]) -> Floats:
    """(n, 2) points uniform in the square [-1, 1]², of class 1 where the signs differ, + noise * N(0, 1)."""
    points = rng.uniform(-1, 1, (labels.size, 2))
    points[:, 1] = np.abs(points[:, 1]) * np.sign(points[:, 0]) * np.where(labels == 0, 1, -1)
    return _noisy(points, rng, values)


def gaussians(labels: Labels, rng: np.random.Generator, values: Mapping[str, float]) -> Floats:
    """(n, 2) points (cos a, sin a) + noise * N(0, 1), a = π/4 + y π/2: four clouds on the unit circle."""
    return _noisy(_polar(np.ones(labels.size), np.pi / 4 + labels * np.pi / 2), rng, values)


def noise(labels: Labels, rng: np.random.Generator, values: Mapping[str, float]) -> Floats:
    """(n, features) points N(0, 1) that say nothing of their labels: to look at what signals do, not to learn."""
    return rng.standard_normal((labels.size, int(values["features"])))


def _polar(radius: Floats, angle: Floats) -> Floats:
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def _noisy(points: Floats, rng: np.random.Generator, values: Mapping[str, float]) -> Floats:
    return points + values["noise"] * rng.standard_normal(points.shape)


_COUNT = Parameter("n", 500, "examples in all, three fifths for training", minimum=10, below=1_000_001)
_SEED = Parameter("seed", 0, "determines the points", minimum=0, below=2**53)


def _parameters(noise: float, *more: Parameter) -> tuple[Parameter, ...]:
    spread = Parameter("noise", noise, "standard deviation of the noise on each coordinate", minimum=0, below=100)
    return spread, _COUNT, *more, _SEED


@dataclass(frozen=True)
class Toy:
    """A toy data set: what it looks like and how to draw it."""

    name: str
    classes: int
    meaning: str
    points: Points
    parameters: tuple[Parameter, ...]

    def sizes(self, values: Mapping[str, Value]) -> tuple[int, int]:
        """(training, test) examples. Raises InputError unless n is a whole number."""
        n = self.whole("n", values)
        train = round(n * TRAIN_SHARE)
        return train, n - train

    def whole(self, name: str, values: Mapping[str, Value]) -> int:
        """A parameter that counts. Raises InputError unless it is a whole number."""
        value = float(values[name])
        if not value.is_integer():
            raise InputError(f"{self.name}: {name} must be a whole number, not {value}")
        return int(value)

    def sample(
        self, n: int, rng: np.random.Generator, values: Mapping[str, Value]
    ) -> tuple[Floats, Labels]:
        """x (n, features) and y (n,) in random order; class counts differ by one at most. Raises InputError."""
        if "features" in values:
            self.whole("features", values)
        labels = rng.permutation(np.arange(n, dtype=np.int64) % self.classes)
        return self.points(labels, rng, {key: float(value) for key, value in values.items()}), labels


TOYS: dict[str, Toy] = {
    toy.name: toy
    for toy in (
        Toy(
            "circles",
            2,
            "two circles around the origin, one inside the other",
            circles,
            _parameters(0.1, Parameter("inner", 0.5, "radius of the inner circle", minimum=0, below=1)),
        ),
        Toy("moons", 2, "two half circles that reach into each other", moons, _parameters(0.1)),
        Toy(
            "spiral",
            3,
            "three spiral arms from the origin",
            spiral,
            _parameters(0.03, Parameter("turns", 0.75, "turns of an arm", minimum=-100, below=100)),
        ),
        Toy("xor", 2, "the four quadrants of a square, opposite ones alike", xor, _parameters(0.0)),
        Toy("gaussians", 4, "four round clouds on the unit circle", gaussians, _parameters(0.3)),
        Toy(
            "noise",
            2,
            "standard normal inputs with labels at random: nothing to learn",
            noise,
            (Parameter("features", 100, "numbers in each input", minimum=1, below=10_001), _COUNT, _SEED),
        ),
    )
}
