"""What the tests of files made to harm share: bounds on memory and time, and what came of reading one."""

import io
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from initscope.core.errors import InputError
from initscope.core.weights import open_weights

MIB = 2**20


@contextmanager
def bounded(mib: float, seconds: float = 60) -> Iterator[None]:
    """Fails if Python and NumPy come to hold more, or if it takes longer."""
    start = time.monotonic()
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < mib * MIB
    assert time.monotonic() - start < seconds


def outcome(path: Path, raw: bytes) -> str:
    """The message of a refusal, or '' if it opened and every tensor of it was read."""
    path.write_bytes(raw)
    try:
        with open_weights(path) as held:
            for tensor in held.tensors:
                for _ in tensor.blocks():
                    pass
    except InputError as error:
        message = str(error)
    else:
        message = ""
    assert message.isprintable()
    return message


def objects(raw: bytes, shape: tuple[int, ...] = ()) -> bytes:
    """An .npy of Python objects with this pickle in it."""
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(out, {"descr": "|O", "fortran_order": False, "shape": shape})
    return out.getvalue() + raw
