"""A JSON header and arrays in one .npz file: no pickle, every part with a checksum, read with bounded memory."""

import json
import zipfile
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from initscope.core import atomic
from initscope.core.datasets.npzfile import DAMAGE, read_header, read_values, reason
from initscope.core.errors import InputError
from initscope.core.files import size_of_regular
from initscope.core.runs import document

HEADER = "header.json"
MAX_BYTES = 2**34
"""The largest file that is read."""
MAX_MEMBERS = 200_000

Arrays = dict[str, NDArray[Any]]


def write(path: Path, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Whole or not at all. `numpy.load` reads it too. Raises OSError."""
    # A zip's directory has no checksum of its own: without the names here a turned bit in it could hide arrays.
    content = {"schema": document.SCHEMA, "arrays": list(arrays), "header": dict(header)}
    text = json.dumps(content, allow_nan=False)
    with atomic.replacing(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo(HEADER), text.encode("ascii"))
        for name, array in arrays.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                _write_array(member, np.asarray(array, order="C"))


def _write_array(member: IO[bytes], array: NDArray[Any]) -> None:
    """Straight from the array's memory: numpy's own writer copies it in pieces while it holds up other threads."""
    npy.write_array_header_1_0(member, npy.header_data_from_array_1_0(array))
    if array.size:
        member.write(array.reshape(-1).view(np.uint8).data)


def read(path: Path) -> tuple[dict[str, Any], Arrays]:
    """The header and the arrays. Raises InputError for all that `write` did not write, and for a newer schema."""
    size = size_of_regular(path)
    if size > MAX_BYTES:
        raise InputError(f"{path}: {size:,} bytes; at most {MAX_BYTES:,} are read")
    try:
        with zipfile.ZipFile(path) as archive:
            members = _members(path, archive, size)
            header = _header(path, archive, list(members))
            return header, {name: _read_array(path, archive, info) for name, info in members.items()}
    except InputError:
        raise
    except MemoryError:
        raise InputError(f"{path}: does not fit in this machine's memory") from None
    except DAMAGE as error:
        raise InputError(f"{path}: truncated or damaged ({reason(error)})") from None


def _members(path: Path, archive: zipfile.ZipFile, size: int) -> dict[str, zipfile.ZipInfo]:
    """The arrays by name, whose bytes all are in the file: so nothing unpacks to more than it holds."""
    infos = archive.infolist()
    names = [info.filename for info in infos]
    plain = all(info.compress_type == zipfile.ZIP_STORED and not info.flag_bits & 1 for info in infos)
    same = all(info.file_size == info.compress_size for info in infos)
    if not plain or not same or len(set(names)) < len(names) or len(names) > MAX_MEMBERS or HEADER not in names:
        raise InputError(f"{path}: damaged: its parts are not those that initscope writes")
    if sum(info.file_size for info in infos) > size:
        raise InputError(f"{path}: damaged: its parts overlap")
    return {info.filename.removesuffix(".npy"): info for info in infos if info.filename != HEADER}


def _header(path: Path, archive: zipfile.ZipFile, names: list[str]) -> dict[str, Any]:
    if archive.getinfo(HEADER).file_size > document.MAX_BYTES:
        raise InputError(f"{path}: damaged: its header is too long")
    fields = document.parse(str(path), archive.read(HEADER))
    schema = fields.take("schema", int)
    if schema > document.SCHEMA:
        raise InputError(
            f"{path}: written by a newer initscope (schema {schema}; this one reads up to {document.SCHEMA})"
        )
    if fields.take("arrays", list) != names:
        raise InputError(f"{path}: damaged: it does not hold the arrays that it should")
    return dict(fields.table("header").content)


def _read_array(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> NDArray[Any]:
    with archive.open(info) as member:
        shape, _, dtype = read_header(member)
        promised = member.tell() + prod(shape) * dtype.itemsize
    if dtype.kind not in "buif" or min(shape, default=0) < 0 or promised != info.file_size:
        raise InputError(f"{path}: damaged: '{info.filename[:60]}' is no array of numbers of that size")
    with archive.open(info) as member:
        return read_values(member)
