"""The types of numbers that saved weights have, and how those that NumPy lacks become float32."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from initscope.core.errors import InputError

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Stored:
    """A type of numbers as it lies in a file."""

    name: str
    raw: np.dtype[Any]
    """What NumPy sees in the bytes."""
    decode: Callable[[Array], Array] | None = None
    """Makes usable numbers of what NumPy sees, where those are not the numbers."""

    @property
    def itemsize(self) -> int:
        return self.raw.itemsize

    def swapped(self) -> "Stored":
        """The same with its most significant byte first."""
        return Stored(self.name, self.raw.newbyteorder(">"), self.decode)


def _from_bfloat16(raw: Array) -> Array:
    """bfloat16 is the upper half of a float32."""
    return np.asarray((raw.astype(np.uint32) << 16).view(np.float32))


def _small_floats(exponent: int, mantissa: int, bias: int, *, infinities: bool, unsigned_zero: bool) -> Array:
    """The 256 values (float32) of an 8-bit float: sign, `exponent` bits, `mantissa` bits, as in arXiv:2209.05433.

    With `infinities` the highest exponent is infinite or not a number, as in IEEE 754. With `unsigned_zero`
    only the code of -0 is not a number; with neither, only the codes whose bits are all one.
    """
    codes = np.arange(256)
    power = (codes >> mantissa) & (2**exponent - 1)
    fraction = (codes & (2**mantissa - 1)) / 2**mantissa
    magnitude = np.where(power == 0, fraction * 2.0 ** (1 - bias), (1 + fraction) * 2.0 ** (power - bias))
    values = np.where(codes < 128, magnitude, -magnitude)
    if infinities:
        top = power == 2**exponent - 1
        values[top & (fraction > 0)] = np.nan
        values[top & (fraction == 0)] = np.copysign(np.inf, values[top & (fraction == 0)])
    elif unsigned_zero:
        values[128] = np.nan
    else:
        values[[127, 255]] = np.nan
    return np.asarray(values, np.float32)


def _by_table(table: Array) -> Callable[[Array], Array]:
    return lambda raw: np.asarray(table[raw])


def _scales() -> Array:
    """The values of float8_e8m0: powers of two, the last code not a number (OCP Microscaling 1.0)."""
    values = 2.0 ** (np.arange(256.0) - 127)
    values[255] = np.nan
    return values.astype(np.float32)


def _plain(name: str) -> Stored:
    return Stored(name, np.dtype(name).newbyteorder("<"))


NAMES = ("float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint64", "uint32", "uint16", "uint8")
BYTE = np.dtype("u1")
TABLES = {
    "float8_e4m3fn": _small_floats(4, 3, 7, infinities=False, unsigned_zero=False),
    "float8_e4m3fnuz": _small_floats(4, 3, 8, infinities=False, unsigned_zero=True),
    "float8_e5m2": _small_floats(5, 2, 15, infinities=True, unsigned_zero=False),
    "float8_e5m2fnuz": _small_floats(5, 2, 16, infinities=False, unsigned_zero=True),
    "float8_e8m0fnu": _scales(),
}
STORED: dict[str, Stored] = {
    **{name: _plain(name) for name in (*NAMES, "complex64", "complex128")},
    "bool": Stored("bool", BYTE, lambda raw: raw != 0),
    "bfloat16": Stored("bfloat16", np.dtype("<u2"), _from_bfloat16),
    **{name: Stored(name, BYTE, _by_table(table)) for name, table in TABLES.items()},
}
"""Little-endian types by name."""


def of_numpy(where: str, dtype: np.dtype[Any]) -> Stored:
    """A NumPy type of numbers. Raises InputError, which begins with `where`, for any other."""
    if dtype.kind == "b":
        return STORED["bool"]
    if dtype.kind not in "iufc":
        raise InputError(f"{where} is of type {dtype}; weights are arrays of numbers")
    return Stored(dtype.name, dtype)
