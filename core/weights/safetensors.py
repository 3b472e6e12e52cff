"""Files of the safetensors format: 8 bytes of length, a header in JSON, then the tensors without gaps."""

import json
from itertools import pairwise
from math import prod
from typing import Any, NoReturn

from initscope.core.errors import InputError
from initscope.core.weights.dtypes import STORED, Stored
from initscope.core.weights.mapped import MAX_NAME, MappedFile, printable
from initscope.core.weights.tensor import MAX_AXES, MAX_TENSORS, Tensor, Weights, checked

MAX_HEADER = 2**24
"""The longest header that is read, in bytes: enough for 100,000 tensors."""
TYPES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U64": "uint64",
    "U32": "uint32",
    "U16": "uint16",
    "U8": "uint8",
    "BOOL": "bool",
    "C64": "complex64",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
    "F8_E4M3FNUZ": "float8_e4m3fnuz",
    "F8_E5M2FNUZ": "float8_e5m2fnuz",
    "F8_E8M0": "float8_e8m0fnu",
}
PACKED = ("F4", "F6_E2M3", "F6_E3M2")


def begins(start: bytes, size: int) -> bool:
    """Whether a file of `size` bytes begins like one of safetensors."""
    return len(start) > 8 and start[8:9] == b"{" and int.from_bytes(start[:8], "little") <= max(size, 100_000_000)


def read(file: MappedFile) -> Weights:
    """The tensors in the order of their bytes, mapped. Raises InputError unless every rule of the format holds."""
    length = int.from_bytes(file.start(8), "little")
    if length > MAX_HEADER:
        raise InputError(f"{file.path}: promises a header of {length:,} bytes; at most {MAX_HEADER:,} are read")
    header = _header(file, bytes(file.span(8, length).data))
    notes = header.pop("__metadata__", {})
    if not isinstance(notes, dict) or not all(isinstance(note, str) for note in notes.values()):
        raise InputError(f"{file.path}: damaged: __metadata__ must be texts by name")
    if len(header) > MAX_TENSORS:
        raise InputError(f"{file.path}: holds {len(header):,} tensors; at most {MAX_TENSORS:,} are read")
    if not header:
        raise InputError(f"{file.path}: a safetensors file without tensors")
    spans = {name: _span(file, name, entry) for name, entry in header.items()}
    order = sorted(header, key=lambda name: spans[name])
    _check_no_gaps(file, order, spans, 8 + length)
    tensors = tuple(_tensor(file, name, header[name], spans[name], 8 + length) for name in order)
    metadata = {printable(name): printable(note) for name, note in notes.items()}
    return Weights(file.path, "safetensors", tensors, metadata, files=(file,))


def _header(file: MappedFile, raw: bytes) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise InputError(f"{file.path}: damaged: its header names something twice")
        return found

    def refuse(word: str) -> NoReturn:
        raise ValueError(word)

    try:
        header = json.loads(raw.decode("utf-8"), object_pairs_hook=once, parse_constant=refuse)
    except InputError:
        raise
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file.path}: damaged: its header is no JSON ({type(error).__name__})") from None
    if not raw.startswith(b"{") or not isinstance(header, dict):
        raise InputError(f"{file.path}: damaged: its header is no JSON object")
    return header


def _span(file: MappedFile, name: str, entry: object) -> tuple[int, int]:
    """The bytes of a tensor, begin and end, from the end of the header on."""
    what = f"{file.path}: tensor '{printable(name)[:MAX_NAME]}'"
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise InputError(f"{what}: damaged: it must have dtype, shape and data_offsets, and nothing else")
    begin_end, shape = entry["data_offsets"], entry["shape"]
    for values, what_they_are in ((begin_end, "data_offsets"), (shape, "shape")):
        if not isinstance(values, list) or not all(type(value) is int and 0 <= value < 2**63 for value in values):
            raise InputError(f"{what}: damaged: its {what_they_are} must be whole numbers of 0 or more")
    if len(begin_end) != 2 or begin_end[0] > begin_end[1] or len(shape) > MAX_AXES:
        raise InputError(f"{what}: damaged: data_offsets must be [begin, end], and at most {MAX_AXES} axes")
    return begin_end[0], begin_end[1]


def _check_no_gaps(file: MappedFile, order: list[str], spans: dict[str, tuple[int, int]], start: int) -> None:
    """Raises InputError unless the tensors fill the bytes behind the header, each beginning where the last ends."""
    if spans[order[0]][0] != 0:
        raise InputError(f"{file.path}: damaged: a hole before the first tensor, '{printable(order[0])}'")
    for before, after in pairwise(order):
        if spans[after][0] != spans[before][1]:
            what = "overlap" if spans[after][0] < spans[before][1] else "have a hole between them"
            raise InputError(f"{file.path}: damaged: tensors '{printable(before)}' and '{printable(after)}' {what}")
    if spans[order[-1]][1] != file.size - start:
        raise InputError(
            f"{file.path}: damaged or cut short: its tensors need {spans[order[-1]][1]:,} bytes behind the header, "
            f"{file.size - start:,} are there"
        )


def _tensor(file: MappedFile, name: str, entry: dict[str, Any], span: tuple[int, int], start: int) -> Tensor:
    what = f"{file.path}: tensor '{printable(name)}'"
    stored = _type(what, entry["dtype"])
    begin, end = span
    needed = prod(entry["shape"]) * stored.itemsize
    if needed != end - begin:
        raise InputError(
            f"{what}: damaged: shape {str(entry['shape'])[:80]} of {entry['dtype']} needs {needed:,} bytes, "
            f"its span has {end - begin:,}"
        )
    return checked(str(file.path), name, entry["shape"], stored, file.span(start + begin, needed))


def _type(what: str, name: object) -> Stored:
    if isinstance(name, str) and name in PACKED:
        raise InputError(f"{what}: is of type {name}, numbers of less than a byte, which are not read; save it as F16")
    if not isinstance(name, str):
        raise InputError(f"{what}: damaged: its dtype is no text")
    if name not in TYPES:
        raise InputError(f"{what}: is of type '{printable(name[:40])}'; known are {', '.join(TYPES)}")
    return STORED[TYPES[name]]
