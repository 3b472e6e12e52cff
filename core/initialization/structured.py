"""Distributions of whole weight arrays, whose entries are not independent: rotations, identities, sparse matrices.

Shapes are (out, in) of a dense layer or (out, in, *kernel) of a convolution. The mean and the variance are those
of an entry picked at random.
"""

from dataclasses import dataclass
from math import ceil, inf, prod

import numpy as np

from initscope.core.errors import InputError
from initscope.core.initialization.distributions import Distribution, Samples


def _need_weights(name: str, shape: tuple[int, ...]) -> None:
    if len(shape) < 2:
        raise InputError(f"{name} makes matrices and cannot draw biases: choose another for them, such as zeros")


def _need_matrix(name: str, shape: tuple[int, ...]) -> None:
    _need_weights(name, shape)
    if len(shape) > 2:
        raise InputError(
            f"{name} makes matrices and cannot fill a convolution's {shape}: use dirac or delta_orthogonal"
        )


def _need_kernel(name: str, shape: tuple[int, ...], instead: str) -> None:
    _need_weights(name, shape)
    if len(shape) < 3:
        raise InputError(
            f"{name} fills the kernels of a convolution, such as (16, 3, 3, 3), not the {shape[0]}x{shape[1]} matrix "
            f"of a dense layer: use {instead}"
        )


@dataclass(frozen=True)
class Orthogonal(Distribution):
    """gain times a (rows, columns) matrix whose rows or columns, whichever are fewer, are orthonormal.

    More than two axes are read as (shape[0], all others). The matrix is uniform over all such matrices:
    Saxe, McClelland & Ganguli 2014, with QR's signs fixed as in Mezzadri 2007, section 5.
    """

    gain: float
    longer: int
    """max(rows, columns)."""

    @property
    def mean(self) -> float:
        return 0.0

    @property
    def variance(self) -> float:
        return self.gain * self.gain / self.longer

    @property
    def bounds(self) -> tuple[float, float]:
        return -abs(self.gain), abs(self.gain)

    def check(self, shape: tuple[int, ...]) -> None:
        _need_weights("orthogonal", shape)

    def sample(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Samples:
        self.check(shape)
        draws = rng.standard_normal(shape).reshape(shape[0], -1)
        wide = draws.shape[0] < draws.shape[1]
        q, r = np.linalg.qr(draws.T if wide else draws)
        q *= np.copysign(self.gain, np.diagonal(r) * self.gain)
        return np.ascontiguousarray(q.T if wide else q).reshape(shape)


@dataclass(frozen=True)
class DeltaOrthogonal(Distribution):
    """gain times a matrix with orthonormal columns at the centre of the kernel, 0 elsewhere.

    Xiao et al. 2018: it needs out >= in. The centre is at (k - 1) // 2, as in JAX.
    """

    gain: float
    rows: int
    """Channels out."""
    kernel: int
    """Positions in the kernel."""

    @property
    def mean(self) -> float:
        return 0.0

    @property
    def variance(self) -> float:
        return self.gain * self.gain / (self.rows * self.kernel)

    @property
    def bounds(self) -> tuple[float, float]:
        return -abs(self.gain), abs(self.gain)

    def check(self, shape: tuple[int, ...]) -> None:
        _need_kernel("delta_orthogonal", shape, "orthogonal")
        if shape[0] < shape[1]:
            raise InputError(
                f"delta_orthogonal needs at least as many channels out as in, not {shape[1]} in and {shape[0]} out: "
                "use orthogonal"
            )

    def sample(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Samples:
        self.check(shape)
        weights = np.zeros((*shape[:2], prod(shape[2:])))
        centre = np.ravel_multi_index([(k - 1) // 2 for k in shape[2:]], shape[2:])
        weights[:, :, centre] = Orthogonal(self.gain, self.rows).sample(rng, shape[:2])
        return weights.reshape(shape)


@dataclass(frozen=True)
class Identity(Distribution):
    """`value` where row and column are equal, 0 elsewhere. Draws nothing from the generator."""

    value: float
    longer: int
    """max(rows, columns)."""

    @property
    def share(self) -> float:
        """Of entries that are not 0."""
        return 1 / self.longer

    @property
    def mean(self) -> float:
        return self.value * self.share

    @property
    def variance(self) -> float:
        return self.value * self.value * self.share * (1 - self.share)

    @property
    def bounds(self) -> tuple[float, float]:
        return (self.value, self.value) if self.share == 1 else (min(0.0, self.value), max(0.0, self.value))

    def check(self, shape: tuple[int, ...]) -> None:
        _need_matrix("identity", shape)

    def sample(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Samples:
        self.check(shape)
        return self.value * np.eye(shape[0], shape[1])


@dataclass(frozen=True)
class Dirac(Identity):
    """A convolution that passes channel i on as channel i: 1 at (i, i, centre of the kernel), 0 elsewhere.

    The centre is at k // 2, as in PyTorch.
    """

    kernel: int
    """Positions in the kernel."""

    @property
    def share(self) -> float:
        return 1 / (self.longer * self.kernel)

    def check(self, shape: tuple[int, ...]) -> None:
        _need_kernel("dirac", shape, "identity")

    def sample(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Samples:
        self.check(shape)
        weights = np.zeros((*shape[:2], prod(shape[2:])))
        centre = np.ravel_multi_index([k // 2 for k in shape[2:]], shape[2:])
        weights[:, :, centre] = self.value * np.eye(shape[0], shape[1])
        return weights.reshape(shape)


@dataclass(frozen=True)
class Sparse(Distribution):
    """N(0, std²) with ceil(sparsity·rows) zeros at random places of each column of a (rows, columns) matrix.

    After Martens 2010, who leaves 15 weights in each row instead.
    """

    std: float
    sparsity: float
    rows: int

    @property
    def zeros(self) -> int:
        """In each column."""
        return ceil(self.sparsity * self.rows)

    @property
    def mean(self) -> float:
        return 0.0

    @property
    def variance(self) -> float:
        return self.std * self.std * (1 - self.zeros / self.rows)

    @property
    def bounds(self) -> tuple[float, float]:
        return (-inf, inf) if self.variance else (0.0, 0.0)

    def check(self, shape: tuple[int, ...]) -> None:
        _need_matrix("sparse", shape)

    def sample(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Samples:
        self.check(shape)
        draws = rng.standard_normal(shape)
        draws *= self.std
        draws[rng.random(shape).argsort(axis=0) < self.zeros] = 0.0
        return draws
