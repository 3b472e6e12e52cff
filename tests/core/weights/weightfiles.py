"""Files of weights written byte by byte as their definitions say, without the libraries that usually do."""

import io
import json
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
RNG = np.random.default_rng(0)
W1: Array = RNG.standard_normal((5, 7)).astype("<f4")
B1: Array = RNG.standard_normal(5).astype("<f4")
W2: Array = RNG.standard_normal((3, 5)).astype("<f4")
B2: Array = RNG.standard_normal(3).astype("<f4")
MLP: dict[str, Array] = {"0.weight": W1, "0.bias": B1, "2.weight": W2, "2.bias": B2}
SAFE = {"f8": "F64", "f4": "F32", "f2": "F16", "i8": "I64", "i4": "I32", "u1": "U8", "b1": "BOOL"}
KINDS = {"f8": "Double", "f4": "Float", "f2": "Half", "i8": "Long", "i4": "Int", "u1": "Byte", "b1": "Bool"}


def code(array: Array) -> str:
    return f"{array.dtype.kind}{array.dtype.itemsize}"


def safetensors(tensors: dict[str, Array], metadata: dict[str, str] | None = None) -> bytes:
    header: dict[str, Any] = {"__metadata__": metadata} if metadata else {}
    data = b""
    for name, array in tensors.items():
        raw = array.tobytes()
        header[name] = {
            "dtype": SAFE[code(array)], "shape": list(array.shape), "data_offsets": [len(data), len(data) + len(raw)]
        }  # fmt: skip
        data += raw
    return safe(header, data)


def safe(header: object, data: bytes = b"", length: int | None = None) -> bytes:
    """A file of safetensors with any header at all."""
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(raw) if length is None else length) + raw + data


class Raw(bytes):
    """Instructions of a pickle, in the place of a value."""


def op(value: object) -> bytes:
    """The instructions of protocol 2 that push a value."""
    if isinstance(value, Raw):
        return value
    if value is None or isinstance(value, bool):
        return {None: b"N", True: b"\x88", False: b"\x89"}[value]
    if isinstance(value, int):
        raw = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
        return b"\x8a" + bytes([len(raw)]) + raw
    if isinstance(value, str):
        return b"X" + struct.pack("<I", len(value.encode())) + value.encode()
    if isinstance(value, dict):
        return b"}(" + b"".join(op(key) + op(part) for key, part in value.items()) + b"u"
    if isinstance(value, list):
        return b"](" + b"".join(map(op, value)) + b"e"
    assert isinstance(value, tuple)
    return b"(" + b"".join(map(op, value)) + b"t"


def name(module: str, word: str) -> Raw:
    return Raw(f"c{module}\n{word}\n".encode())


def call(module: str, word: str, *args: object) -> Raw:
    return Raw(name(module, word) + op(args) + b"R")


def pickled(value: object) -> bytes:
    return b"\x80\x02" + op(value) + b"."


def storage(key: str, kind: str, count: int, module: str = "torch") -> Raw:
    return Raw(op(("storage", name(module, f"{kind}Storage"), key, "cpu", count)) + b"Q")


def tensor(held: object, shape: tuple[int, ...], strides: tuple[int, ...] | None = None, offset: int = 0) -> Raw:
    """torch._utils._rebuild_tensor_v2 of a storage."""
    if strides is None:
        strides = tuple(int(np.prod(shape[axis + 1 :])) for axis in range(len(shape)))
    hooks = Raw(name("collections", "OrderedDict") + b")R")
    return call("torch._utils", "_rebuild_tensor_v2", held, offset, shape, strides, False, hooks)


def tensors_of(arrays: dict[str, Array]) -> tuple[dict[str, object], dict[str, bytes]]:
    """A state dict of whole tensors, and the bytes of each storage by key."""
    state: dict[str, object] = {}
    data: dict[str, bytes] = {}
    for number, (label, array) in enumerate(arrays.items()):
        state[label] = tensor(storage(str(number), KINDS[code(array)], array.size), array.shape)
        data[str(number)] = array.tobytes()
    return state, data


def torch_zip(
    value: object, data: dict[str, bytes], packed: bool = False, order: bytes = b"little", folder: str = "archive",
    **more: bytes,
) -> bytes:  # fmt: skip
    """What torch.save writes since 1.6."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as archive:
        archive.writestr(f"{folder}/data.pkl", pickled(value))
        archive.writestr(f"{folder}/byteorder", order)
        for key, raw in data.items():
            archive.writestr(f"{folder}/data/{key}", raw)
        archive.writestr(f"{folder}/version", b"3\n")
        for label, raw in more.items():
            archive.writestr(f"{folder}/{label}", raw)
    return out.getvalue()


def torch_old(value: object, data: dict[str, tuple[int, bytes]]) -> bytes:
    """What torch.save wrote before 1.6: five pickles, then of each storage its count and its bytes."""
    system = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
    pickles = (0x1950A86A20F9469CFC6C, 1001, system, value, list(data))
    storages = (struct.pack("<q", count) + raw for count, raw in data.values())
    return b"".join(map(pickled, pickles)) + b"".join(storages)


def mlp_zip(**options: Any) -> bytes:
    state, data = tensors_of(MLP)
    return torch_zip(state, data, **options)


def mlp_old() -> bytes:
    state, data = tensors_of(MLP)
    return torch_old(state, {key: (len(raw) // 4, raw) for key, raw in data.items()})


def zipped(path: Path, members: dict[str, bytes], packed: bool = False) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as archive:
        for label, raw in members.items():
            archive.writestr(label, raw)
    return path
