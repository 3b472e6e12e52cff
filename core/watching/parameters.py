"""The weights and biases of somebody's network, in whatever they are kept, read anew at every look."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from initscope.core.errors import InputError
from initscope.core.watching.given import array_of
from initscope.core.weights.names import understand

Array = NDArray[Any]

FORMS = (
    "weights and biases may be a dict such as {'W1': ..., 'b1': ...}, a list [W1, b1, W2, b2], pairs [(W1, b1), ...], "
    "two lists (weights, biases), an object that has such, or a function that returns one of these"
)


class Layer(NamedTuple):
    """One layer's arrays, as they lie in the person's program."""

    name: str
    weights: Array
    biases: Array | None


class Parameters(NamedTuple):
    """All layers with weights, first to last, and the names of what is none of these."""

    layers: tuple[Layer, ...]
    others: tuple[str, ...]


def read(params: Any) -> Parameters:
    """The arrays themselves, not copies of them: they must not be written to. Raises InputError.

    `params` is what `watch` was given. Loops replace arrays, lists and attributes, so that it is read at every look.
    """
    if callable(params) and not _holds(params):
        params = params()
    params = _holds(params) or params
    if isinstance(params, Mapping):
        found = _named(params)
    elif isinstance(params, Sequence | np.ndarray) and not isinstance(params, str):
        found = Parameters(_in_order(list(params)), ())
    else:
        raise InputError(f"params is of type {type(params).__name__}: {FORMS}")
    if not found.layers:
        raise InputError(f"params holds no weights: {FORMS}")
    return found


def arrays_of(parameters: Parameters) -> list[Array]:
    """Weights and biases, those that there are."""
    return [array for layer in parameters.layers for array in (layer.weights, layer.biases) if array is not None]


def _holds(thing: Any) -> Any:
    """What an object such as Nielsen's Network or CS231n's TwoLayerNet keeps its arrays in; None if it does not."""
    if isinstance(thing, Mapping | Sequence | np.ndarray):
        return None
    if hasattr(thing, "weights") and hasattr(thing, "biases"):
        return thing.weights, thing.biases
    return getattr(thing, "params", None)


def _named(params: Mapping[Any, Any]) -> Parameters:
    """By names: 'W1' and 'b1', 'fc1.weight' and 'fc1.bias', or 'weights' and 'biases' that are lists."""
    lists = [params.get(name) for name in ("weights", "biases")]
    if all(isinstance(part, Sequence) for part in lists):
        return Parameters(_in_order(lists), tuple(str(key) for key in params if key not in ("weights", "biases")))
    weights, biases = dict[str, tuple[str, Array]](), dict[str, Array]()
    unknown, others = dict[str, Array](), list[str]()
    for key, value in params.items():
        named = understand(str(key))
        array = _array(str(key), value)
        if named.role == "weight" and array.ndim > 1:
            weights[named.layer] = str(key), array
        elif named.role == "bias":
            biases[named.layer] = array
        elif named.role == "unknown":
            unknown[str(key)] = array
        else:
            others.append(str(key))
    if not weights:
        return Parameters(_in_order(list(unknown.values())), tuple(others))
    order = sorted(weights, key=int) if all(name.isdecimal() for name in weights) else list(weights)
    layers = tuple(Layer(*weights[name], biases.pop(name, None)) for name in order)
    return Parameters(layers, (*others, *biases, *unknown))


def _in_order(parts: list[Any]) -> tuple[Layer, ...]:
    """The first reading that fits: two lists, pairs, W b W b, weights and then biases, weights alone."""
    nested = bool(parts) and all(isinstance(part, Sequence) or _of_objects(part) for part in parts)
    readings: list[list[tuple[Any, ...]]] = []
    if nested:
        if len(parts) == 2 and len(parts[0]) == len(parts[1]):
            readings.append(list(zip(*parts, strict=True)))
        readings.append([tuple(part) for part in parts])
    else:
        half = len(parts) // 2
        if len(parts) % 2 == 0:
            readings.append(list(zip(parts[::2], parts[1::2], strict=True)))
            readings.append(list(zip(parts[:half], parts[half:], strict=True)))
        readings.append([(part,) for part in parts])
    for pairs in readings:
        if all(1 <= len(pair) <= 2 for pair in pairs):
            arrays = [tuple(_array(f"{number}", part) for part in pair) for number, pair in enumerate(pairs, 1)]
            if all(_fit(*pair) for pair in arrays):
                return tuple(Layer(f"W{n}", pair[0], pair[1] if len(pair) > 1 else None)
                             for n, pair in enumerate(arrays, 1))  # fmt: skip
    shapes = ", ".join(str(np.shape(part)) for part in (chain(*parts) if nested else parts))
    raise InputError(f"params holds arrays of shapes {shapes}, which are no layers' weights and biases: {FORMS}")


def _of_objects(part: Any) -> bool:
    return isinstance(part, np.ndarray) and part.dtype == object


def _fit(weights: Array, biases: Array | None = None) -> bool:
    """Whether these are weights, with the biases of their outputs."""
    return weights.ndim > 1 and (biases is None or biases.size in (weights.shape[0], weights.shape[-1]))


def _array(name: str, value: Any) -> Array:
    """As it is, where it is an array. Raises InputError for what holds no real numbers."""
    array = array_of(f"params: '{name}'", value)
    if array.dtype.kind not in "fiub":
        raise InputError(f"params: '{name}' holds {array.dtype}, not real numbers")
    return array
