"""NumPy's files of weights: .npy with one array, .npz with many. What is pickled in them is read, and never run."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from initscope.core.datasets.npzfile import DAMAGE, read_header, reason
from initscope.core.errors import InputError
from initscope.core.weights import picklefile
from initscope.core.weights.collect import Found, found_in
from initscope.core.weights.dtypes import of_numpy
from initscope.core.weights.inert import NumpyArray
from initscope.core.weights.machine import Budget
from initscope.core.weights.mapped import MappedFile, Source, Span, printable
from initscope.core.weights.tensor import MAX_TENSORS, Tensor, Weights, c_order, checked

MAX_HEADER = 2**14
"""The first bytes of an array, in which its header must lie; NumPy takes none of more than 10,000."""
MAX_OBJECTS = 2**28
"""The most bytes of packed objects that are unpacked into memory."""
HOW_TO_SAVE = "save each array by itself, np.savez(path, *weights) or np.savez(path, W1=W1, b1=b1)"


@dataclass
class _Objects:
    """An array of Python objects: where its pickle begins."""

    source: Source
    start: int


@dataclass
class _Reader:
    """Everything that the arrays of one file hold, with what its pickles may still take."""

    path: Path
    budget: Budget
    found: Found = field(default_factory=Found)

    def add(self, name: str, source: Source, alone: bool) -> None:
        """One array; of pickled objects all the arrays in them, their names after its own. Raises InputError."""
        array = _array(self.path, name, source)
        if isinstance(array, _Objects):
            root = self._unpickled(name, array)
            inside = found_in(str(self.path), root, "" if alone and isinstance(root, dict) else name)
            self.found.tensors += inside.tensors
            self.found.left_out += inside.left_out if inside.tensors else [f"{printable(name)} (Python objects)"]
            self.found.wrapper = self.found.wrapper or inside.wrapper
        elif array is None:
            self.found.left_out.append(f"{printable(name)} (not numbers)")
        else:
            self.found.tensors.append(array)
        if len(self.found.tensors) > MAX_TENSORS:
            raise InputError(f"{self.path}: holds more than {MAX_TENSORS:,} arrays; at most so many are read")

    def _unpickled(self, name: str, objects: _Objects) -> object:
        """What the pickle of objects holds; an array without axes, such as np.save makes of a dictionary, unwrapped."""
        source, where = objects.source, f"{self.path}: '{printable(name)}'"
        if not isinstance(source, Span):
            if source.size > MAX_OBJECTS:
                raise InputError(
                    f"{where} unpacks to {source.size:,} bytes of Python objects; at most {MAX_OBJECTS:,} are read; "
                    f"{HOW_TO_SAVE}"
                )
            source = Span(None, source.whole())
        root = picklefile.root_of(where, source, objects.start, self.budget)
        if isinstance(root, NumpyArray) and root.shape == () and isinstance(root.data, list) and len(root.data) == 1:
            return root.data[0]
        return root

    def weights(self, file: MappedFile, title: str) -> Weights:
        """All of it. Raises InputError for two arrays of one name."""
        found, names = self.found, set[str]()
        for tensor in found.tensors:
            if tensor.name in names:
                raise InputError(f"{self.path}: two arrays are named '{tensor.name}'; {HOW_TO_SAVE}")
            names.add(tensor.name)
        metadata = {"taken from": found.wrapper} if found.wrapper else {}
        return Weights(self.path, title, tuple(found.tensors), metadata, tuple(found.left_out), (file,))


def read_one(file: MappedFile) -> Weights:
    """The array of an .npy file, mapped, or those of the objects pickled in it. Raises InputError."""
    name, reader = printable(file.path.stem) or "array", _Reader(file.path, Budget())
    reader.add(name, file.span(0, file.size), alone=True)
    if not reader.found.tensors:
        text = reader.found.left_out[-1].endswith("(not numbers)")
        what = "an array of text or records" if text else "pickled Python objects without arrays of numbers in them"
        raise InputError(f"{file.path}: is {what}; weights are arrays of numbers: {HOW_TO_SAVE}")
    return reader.weights(file, "NumPy .npy")


def read_many(file: MappedFile, members: Mapping[str, Source]) -> Weights:
    """The arrays of an .npz: mapped where they lie unpacked, otherwise unpacked when read. Raises InputError."""
    reader = _Reader(file.path, Budget())
    for member, source in members.items():
        name = member.removesuffix(".npy")
        if not member.endswith(".npy"):
            reader.found.left_out.append(f"{name} (not numbers)")
        else:
            reader.add(name, source, alone=len(members) == 1)
    if not reader.found.tensors:
        raise InputError(f"{file.path}: holds no arrays of numbers; {HOW_TO_SAVE}")
    packed = any(not isinstance(tensor.source, Span) for tensor in reader.found.tensors)
    return reader.weights(file, f"NumPy .npz, {'compressed' if packed else 'uncompressed'}")


def _array(path: Path, name: str, source: Source) -> Tensor | _Objects | None:
    """One array, or where its objects are; None if it is text or records. Raises InputError for what is damaged."""
    what = f"{path}: '{printable(name)}'"
    head = io.BytesIO(bytes(next(iter(source.chunks(MAX_HEADER)), b"")))
    try:
        shape, fortran, dtype = read_header(head)
    except DAMAGE as error:
        raise InputError(f"{what}: not a whole NumPy array ({reason(error)}); copy it again") from None
    if dtype.kind == "O":
        return _Objects(source, head.tell())
    if dtype.hasobject:
        raise InputError(f"{what} holds records with Python objects in them, which are not read; {HOW_TO_SAVE}")
    if dtype.kind not in "biufc":
        return None
    if min(shape, default=0) < 0 or not all(type(length) is int for length in shape):
        raise InputError(f"{what}: damaged: it cannot have the shape {str(shape)[:80]}")
    start = head.tell()
    strides = c_order(shape[::-1])[::-1] if fortran else None
    tensor = checked(str(path), name, shape, of_numpy(what, dtype), source, start, strides)
    if start + tensor.nbytes != source.size:
        raise InputError(
            f"{what}: damaged: its header promises {tensor.nbytes:,} bytes, {source.size - start:,} follow"
        )
    return tensor
