"""NumPy's files of weights: .npy with one array, .npz with many. Pickled objects are never unpickled."""

import io
from collections.abc import Mapping
from pathlib import Path

from initscope.core.datasets.npzfile import DAMAGE, read_header, reason
from initscope.core.errors import InputError
from initscope.core.weights.dtypes import of_numpy
from initscope.core.weights.mapped import MappedFile, Source, Span, printable
from initscope.core.weights.tensor import MAX_TENSORS, Tensor, Weights, c_order, checked

MAX_HEADER = 2**14
"""The first bytes of an array, in which its header must lie; NumPy takes none of more than 10,000."""


def read_one(file: MappedFile) -> Weights:
    """The array of an .npy file, mapped. Raises InputError."""
    name = printable(file.path.stem) or "array"
    tensor = _array(file.path, name, file.span(0, file.size))
    if tensor is None:
        raise InputError(f"{file.path}: is an array of text or records; weights are arrays of numbers")
    return Weights(file.path, "NumPy .npy", (tensor,), files=(file,))


def read_many(file: MappedFile, members: Mapping[str, Source]) -> Weights:
    """The arrays of an .npz: mapped where they lie unpacked, otherwise unpacked when read. Raises InputError."""
    tensors: list[Tensor] = []
    left_out: list[str] = []
    for member, source in members.items():
        name = member.removesuffix(".npy")
        tensor = _array(file.path, name, source) if member.endswith(".npy") else None
        if tensor is None:
            left_out.append(f"{name} (not numbers)")
        else:
            tensors.append(tensor)
    if not tensors:
        raise InputError(f"{file.path}: holds no arrays of numbers; save the weights with np.savez(path, *weights)")
    if len(tensors) > MAX_TENSORS:
        raise InputError(f"{file.path}: holds {len(tensors):,} arrays; at most {MAX_TENSORS:,} are read")
    packed = any(not isinstance(tensor.source, Span) for tensor in tensors)
    title = f"NumPy .npz, {'compressed' if packed else 'uncompressed'}"
    return Weights(file.path, title, tuple(tensors), {}, tuple(left_out), (file,))


def _array(path: Path, name: str, source: Source) -> Tensor | None:
    """One array; None if it is text or records. Raises InputError for objects and what is damaged."""
    what = f"{path}: '{printable(name)}'"
    head = io.BytesIO(bytes(next(iter(source.chunks(MAX_HEADER)), b"")))
    try:
        shape, fortran, dtype = read_header(head)
    except DAMAGE as error:
        raise InputError(f"{what}: not a whole NumPy array ({reason(error)}); copy it again") from None
    if dtype.hasobject:
        raise InputError(
            f"{what} holds pickled Python objects, which are never loaded: arrays of unlike shapes in one list; "
            "save each as an array of its own, np.savez(path, *weights) or np.savez(path, W1=W1, b1=b1)"
        )
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
