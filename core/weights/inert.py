"""What a pickle is read into: plain values, and notes of what it asked for that is not done."""

from dataclasses import dataclass, field

from initscope.core.weights.dtypes import Stored
from initscope.core.weights.mapped import Source, Span


@dataclass(frozen=True, slots=True, eq=False)
class Global:
    """A class or function that a pickle names. It is never imported."""

    name: str


@dataclass(slots=True, eq=False)
class Unknown:
    """An object that a pickle wants made by something that is not known: its parts, and nothing else."""

    name: str
    """The class or function, 'module.name'."""
    args: object
    state: object = None
    items: dict[object, object] = field(default_factory=dict)
    elements: list[object] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Storage:
    """A PyTorch storage: a row of numbers that tensors look into."""

    key: str
    stored: Stored | None
    """None for a row of bytes of no type."""
    count: int
    """Values, or bytes if it has no type."""
    source: Source | None = None


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A PyTorch tensor: offset and strides are in values of its storage."""

    storage: Storage
    stored: Stored
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


@dataclass(slots=True, eq=False)
class NumberType:
    """A numpy.dtype: 'f4' and its byte order; `stored` is None if it is not one of numbers."""

    code: str
    stored: Stored | None


@dataclass(slots=True, eq=False)
class NumpyArray:
    """A numpy.ndarray as a pickle fills it; `data` is a list for an array of objects."""

    shape: tuple[int, ...] = ()
    type: NumberType | None = None
    fortran: bool = False
    data: Span | list[object] | None = None
