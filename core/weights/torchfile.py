"""PyTorch's files, read without PyTorch and without running anything: zips of 1.6 and later, and older ones."""

import struct
from collections.abc import Mapping
from pathlib import Path

from initscope.core.errors import InputError
from initscope.core.plural import plural
from initscope.core.weights.collect import collect
from initscope.core.weights.inert import Storage
from initscope.core.weights.known import KnownCalls, as_text
from initscope.core.weights.machine import Budget
from initscope.core.weights.mapped import MappedFile, Source, Span
from initscope.core.weights.opcodes import run
from initscope.core.weights.tensor import Weights

MAX_PICKLE = 2**27
"""The most bytes of the pickle inside a zip: that of a state dict has some 150 for each tensor."""
MAGIC = 0x1950A86A20F9469CFC6C
LEGACY = b"\x8a\x0a" + MAGIC.to_bytes(10, "little") + b"."
"""How an older file goes on behind the two bytes of the protocol."""
SAVE_AGAIN = "load it with PyTorch and save it with torch.save(model.state_dict(), path)"


def is_legacy(start: bytes) -> bool:
    """Whether a file begins as torch.save wrote it before 1.6."""
    return start[:1] == b"\x80" and start.startswith(LEGACY, 2)


def read_zip(file: MappedFile, members: Mapping[str, Source]) -> Weights:
    """The weights of a file of torch.save. Raises InputError for anything that is damaged, or TorchScript."""
    path = file.path
    pickles = [name for name in members if name.endswith("/data.pkl") and name.count("/") == 1]
    if len(pickles) != 1:
        raise InputError(f"{path}: a PyTorch zip with {len(pickles)} pickles (data.pkl); it must have one")
    folder = pickles[0].removesuffix("data.pkl")
    if f"{folder}constants.pkl" in members or any(name.startswith(f"{folder}code/") for name in members):
        raise InputError(f"{path}: is TorchScript, a program; load it with torch.jit.load and save model.state_dict()")
    order = _small(members.get(f"{folder}byteorder"), 16)
    if order not in (b"", b"little", b"big"):
        raise InputError(f"{path}: damaged: its byte order is neither little nor big")

    def find(storage: Storage) -> None:
        source = members.get(f"{folder}data/{storage.key}")
        needed = storage.count * (storage.stored.itemsize if storage.stored else 1)
        if source is None:
            raise InputError(f"{path}: damaged: the zip lacks data/{storage.key[:80]!r}")
        if source.size < needed:
            raise InputError(
                f"{path}: damaged: data/{storage.key} should have {needed:,} bytes and has {source.size:,}"
            )
        storage.source = source

    calls = KnownCalls(str(path), find, big_endian=order == b"big")
    root, _ = run(f"{path}: data.pkl", _unpacked(path, members[pickles[0]]), 0, calls)
    return _weights(path, "PyTorch zip (torch.save)", root, file)


def _unpacked(path: Path, source: Source) -> Span:
    if source.size > MAX_PICKLE:
        raise InputError(f"{path}: data.pkl has {source.size:,} bytes; at most {MAX_PICKLE:,} are read")
    return source if isinstance(source, Span) else Span(None, source.whole())


def _small(source: Source | None, limit: int) -> bytes:
    return b"" if source is None or source.size > limit else bytes(source.whole()).strip()


def _weights(path: Path, title: str, root: object, file: MappedFile) -> Weights:
    found = collect(str(path), root)
    metadata = {"taken from": found.wrapper} if found.wrapper else {}
    return Weights(path, title, tuple(found.tensors), metadata, tuple(found.left_out), (file,))


def read_legacy(file: MappedFile) -> Weights:
    """The weights of a file that torch.save wrote before 1.6, or does on request. Raises InputError."""
    root = legacy_root(str(file.path), file.span(0, file.size), Budget())
    return _weights(file.path, "PyTorch, before 1.6 (torch.save)", root, file)


def stored_inside(where: str, span: Span, budget: Budget) -> Storage:
    """A storage that was pickled as the bytes of a file of its own: pickle.dump(model.state_dict(), file)."""
    root = legacy_root(where, span, budget)
    if not isinstance(root, Storage):
        raise InputError(f"{where}: damaged: a storage's bytes hold something else")
    return root


def legacy_root(where: str, source: Span, budget: Budget) -> object:
    """What an older file holds: five pickles (magic, version, system, value, keys), then the storages.

    Each storage is its count of values (8 bytes) and its values, in the order of the keys. Raises InputError.
    """
    plain = KnownCalls(where, budget=budget)
    if not is_legacy(bytes(source.data[:20])):
        raise InputError(f"{where}: damaged: the bytes of a storage do not begin like a file of PyTorch; {SAVE_AGAIN}")
    _, at = run(where, source, 0, plain)
    version, at = run(where, source, at, plain)
    system, at = run(where, source, at, plain)
    if version != 1001 or not isinstance(system, dict):
        raise InputError(f"{where}: a file of PyTorch of another version than 1001; {SAVE_AGAIN}")
    big_endian = system.get("little_endian") is False
    calls = KnownCalls(where, lambda storage: None, budget=budget, big_endian=big_endian)
    root, at = run(where, source, at, calls)
    keys, at = run(where, source, at, plain)
    if not isinstance(keys, list):
        raise InputError(f"{where}: damaged: its storages are not listed; {SAVE_AGAIN}")
    for key in keys:
        storage = calls.storages.get(as_text(key) or "")
        if storage is None or storage.source is not None:
            raise InputError(f"{where}: damaged: a storage is listed that nothing uses, or twice")
        at = _place(where, source, at, storage, big_endian)
    return root


def _place(where: str, source: Span, at: int, storage: Storage, big_endian: bool) -> int:
    """Finds a storage's values behind byte `at`; the byte after them."""
    size = storage.count * (storage.stored.itemsize if storage.stored else 1)
    held = bytes(source.data[at : at + 8])
    if len(held) < 8 or struct.unpack(">Q" if big_endian else "<Q", held)[0] != storage.count:
        raise InputError(f"{where}: damaged: storage {storage.key[:80]!r} should have {plural(storage.count, 'value')}")
    if at + 8 + size > source.size:
        raise InputError(f"{where}: cut short: storage {storage.key[:80]!r} needs {size:,} bytes; copy it again")
    storage.source = source.part(at + 8, size)
    return at + 8 + size
