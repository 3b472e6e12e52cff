"""Networks saved as JSON, as Nielsen's network2.py does: {"sizes": ..., "weights": [...], "biases": [...]}."""

import json
from typing import Any

import numpy as np

from initscope.core.errors import InputError
from initscope.core.weights.dtypes import STORED
from initscope.core.weights.mapped import MappedFile, Span
from initscope.core.weights.tensor import MAX_TENSORS, Tensor, Weights, checked

MAX_BYTES = 2**25
"""The longest JSON that is read: numbers take some ten times as much memory while it is."""
NEEDED = 'JSON is read as network2.py of Nielsen saves it, {"weights": [...], "biases": [...]}'
SHARDS = "weight_map"


def read(file: MappedFile) -> Weights:
    """The matrices under "weights" and "biases", named weights.0, biases.0, ... Raises InputError."""
    path = file.path
    if file.size > MAX_BYTES:
        raise InputError(f"{path}: JSON of {file.size:,} bytes, at most {MAX_BYTES:,}; use np.savez(path, *weights)")
    try:
        held = json.loads(file.start(file.size).decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: no JSON ({type(error).__name__}), and nothing else that is known") from None
    if isinstance(held, dict) and SHARDS in held:
        raise InputError(f"{path}: is the index of a model in several files; check the files that it names")
    if not isinstance(held, dict) or not isinstance(held.get("weights"), list):
        raise InputError(f"{path}: holds no weights; {NEEDED}")
    tensors: list[Tensor] = []
    for key in ("weights", "biases"):
        values = held.get(key, [])
        if not isinstance(values, list) or len(values) > MAX_TENSORS:
            raise InputError(f"{path}: '{key}' is no list of matrices; {NEEDED}")
        tensors += [_tensor(file, f"{key}.{number}", value) for number, value in enumerate(values)]
    if not tensors:
        raise InputError(f"{path}: holds no weights; {NEEDED}")
    others = tuple(key for key in held if key not in ("weights", "biases", "sizes", "cost"))
    return Weights(path, "JSON of Nielsen's network2.py", tuple(tensors), {}, others and ("other entries",), (file,))


def _tensor(file: MappedFile, name: str, value: Any) -> Tensor:
    try:
        array = np.array(value, dtype="<f8")
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise InputError(f"{file.path}: '{name}' is no matrix of numbers; {NEEDED}") from None
    span = Span(None, memoryview(array.tobytes()))
    return checked(str(file.path), name, array.shape, STORED["float64"], span)
