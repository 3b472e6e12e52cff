"""Pickles of weights: dictionaries, lists and objects of NumPy arrays, read without running anything."""

from initscope.core.weights.collect import collect
from initscope.core.weights.known import KnownCalls
from initscope.core.weights.machine import Budget
from initscope.core.weights.mapped import MappedFile, Span
from initscope.core.weights.opcodes import run
from initscope.core.weights.tensor import Weights
from initscope.core.weights.torchfile import stored_inside

OPENINGS = (b"(d", b"(l", b"(i", b"}q", b"]q", b"}(", b"](", b"ccopy_reg\n", b"cnumpy", b"ccollections\n")
"""How pickles of protocols 0 and 1 begin that hold a dictionary, a list, an array or an object."""


def is_pickle(start: bytes, end: bytes) -> bool:
    """Whether the bytes begin and end like a pickle of protocols 0 to 5."""
    if start[:1] == b"\x80" and start[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return True
    return end.endswith(b".") and start.startswith(OPENINGS)


def read(file: MappedFile) -> Weights:
    """The arrays of a pickle, named by their places in it. Raises InputError where there are none, or it is damaged."""
    where = str(file.path)
    found = collect(where, root_of(where, file.span(0, file.size)))
    metadata = {"taken from": found.wrapper} if found.wrapper else {}
    return Weights(file.path, "pickle", tuple(found.tensors), metadata, tuple(found.left_out), (file,))


def root_of(where: str, source: Span, at: int = 0, budget: Budget | None = None) -> object:
    """What the pickle at byte `at` holds, as plain values. Raises InputError, beginning with `where`, if damaged."""
    calls = KnownCalls(where, unpack_storage=lambda span, left: stored_inside(where, span, left), budget=budget)
    return run(where, source, at, calls)[0]
