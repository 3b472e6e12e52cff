"""What a person's program hands over, of whatever library it is: as numpy's arrays, or refused in a sentence."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from initscope.core.errors import InputError

LONGEST = 100
"""Letters of another library's complaint that are passed on."""


def array_of(what: str, value: Any) -> NDArray[Any]:
    """As it is, where it is an array. Raises InputError, as for PyTorch's tensors that are not detached."""
    try:
        return np.asarray(value)
    except (ValueError, TypeError, RuntimeError) as error:  # the last two are PyTorch's
        raise InputError(f"{what} is no array: {str(error)[:LONGEST]}") from None


def arrays_of_layers(what: str, values: Any) -> list[NDArray[Any]]:
    """One array for each layer, from a list or a dict of them. Raises InputError."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise InputError(f"{what} must be a list of arrays, one for each layer, not {shown(values)}")
    parts = list(values.values() if isinstance(values, Mapping) else values)
    return [array_of(f"{what}: {number}", part) for number, part in enumerate(parts, 1)]


def word(what: str, value: Any, example: str) -> str:
    """A text. Raises InputError."""
    if not isinstance(value, str):
        raise InputError(f"{what} must be a name such as '{example}', not {shown(value)}")
    return value


def count(what: str, value: Any) -> int | None:
    """A whole number from 1, which may be a float; None stays. Raises InputError."""
    if value is None:
        return None
    try:
        whole = int(value)
    except (TypeError, ValueError, OverflowError):
        whole = 0
    if whole < 1 or whole != value:
        raise InputError(
            f"{what} must be at least 1, a whole number, not {shown(value)}: leave it out if you do not know it"
        )
    return whole


def shown(value: Any) -> str:
    """A short text for a message."""
    return str(value)[:60] if isinstance(value, str | int | float | None) else type(value).__name__
