"""TensorBoard's event files, byte by byte: records with checksums, each an Event in protocol buffers' wire format.

A record is its length (uint64), that one's masked CRC-32C, the event, and its masked CRC-32C, little-endian
(tensorflow/core/lib/io/record_writer.h). Numbers of fields are those of event.proto, summary.proto and
histogram.proto of TensorBoard; scalars and histograms take the form that torch.utils.tensorboard writes as well, which
every TensorBoard reads.
"""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from initscope.core.exports.crc32c import crc32c

Floats = NDArray[np.floating]

FILE_VERSION = "brain.Event:2"
MASK = 0xA282EAD8
BINS = 64

SCALAR_CLASS, TENSOR_CLASS = 1, 2
"""DataClass of summary.proto."""

_VARINT, _DOUBLE, _BYTES, _FLOAT = 0, 1, 2, 5
"""Types of the wire format."""


@dataclass(frozen=True, eq=False)
class Buckets:
    """A histogram: bucket i holds the values from `limits[i - 1]` up to `limits[i]`, the first those from `least`."""

    least: float
    greatest: float
    count: float
    total: float
    squares: float
    limits: Floats
    counts: Floats


@dataclass(frozen=True)
class Value:
    """One number or histogram of a step. `words` say what it is; TensorBoard keeps those of a tag's first value."""

    tag: str
    value: float | Buckets
    words: str = ""


def buckets(values: Floats) -> Buckets:
    """Of the finite ones of `values`, in BINS equal buckets."""
    flat = np.asarray(values, np.float64).reshape(-1)
    flat = flat[np.isfinite(flat)]
    counts, edges = np.histogram(flat, BINS)
    return Buckets(
        least=float(flat.min(initial=edges[-1])),
        greatest=float(flat.max(initial=edges[0])),
        count=float(flat.size),
        total=float(flat.sum()),
        squares=float(flat.dot(flat)),
        limits=edges[1:],
        counts=counts.astype(np.float64),
    )


def file_start(seconds: float) -> bytes:
    """The record that every file begins with. `seconds` are those since 1970, here as in `step_record`."""
    return record(_double(1, seconds) + _text(3, FILE_VERSION))


def step_record(seconds: float, step: int, values: Iterable[Value]) -> bytes:
    """The record of all values of one step."""
    summary = b"".join(_message(1, _value(value)) for value in values)
    return record(_double(1, seconds) + _number(2, step) + _message(5, summary))


def record(event: bytes) -> bytes:
    length = struct.pack("<Q", len(event))
    return b"".join([length, _masked(length), event, _masked(event)])


def _masked(data: bytes) -> bytes:
    """The checksum, rotated by 15 bits and shifted: checksums of data with checksums in them are weak."""
    crc = crc32c(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + MASK) & 0xFFFFFFFF)


def _value(value: Value) -> bytes:
    if isinstance(value.value, Buckets):
        content = _message(5, _histogram(value.value))
    else:
        with np.errstate(over="ignore"):  # beyond single precision it is infinite
            content = _key(2, _FLOAT) + np.float32(value.value).astype("<f4").tobytes()
    return _text(1, value.tag) + content + (_metadata(value) if value.words else b"")


def _metadata(value: Value) -> bytes:
    """What is new in TensorBoard 2: only with a class of data are words taken."""
    histogram = isinstance(value.value, Buckets)
    plugin = _message(1, _text(1, "histograms" if histogram else "scalars"))
    return _message(9, plugin + _text(3, value.words) + _number(4, TENSOR_CLASS if histogram else SCALAR_CLASS))


def _histogram(found: Buckets) -> bytes:
    numbers: Sequence[float] = (found.least, found.greatest, found.count, found.total, found.squares)
    lists = (found.limits, found.counts)
    return b"".join(_double(field, number) for field, number in enumerate(numbers, 1)) + b"".join(
        _message(field, array.astype("<f8").tobytes()) for field, array in enumerate(lists, 6)
    )


# Wire format


def _varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first."""
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def _key(field: int, kind: int) -> bytes:
    return _varint(field << 3 | kind)


def _number(field: int, number: int) -> bytes:
    return _key(field, _VARINT) + _varint(number)


def _double(field: int, number: float) -> bytes:
    return _key(field, _DOUBLE) + struct.pack("<d", number)


def _message(field: int, content: bytes) -> bytes:
    return _key(field, _BYTES) + _varint(len(content)) + content


def _text(field: int, text: str) -> bytes:
    return _message(field, text.encode("utf-8", "replace"))
