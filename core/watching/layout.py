"""Which axis of somebody's matrices and data is which, found from what fits, and an error where more than one way does.

Programs write W @ x + b with weights (out, in) and examples in columns, or x @ W + b with weights (in, out) and
examples in rows, or a mixture of these.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod

import numpy as np
from numpy.typing import NDArray

from initscope.core.errors import InputError
from initscope.core.plural import plural
from initscope.core.watching.parameters import Array, Layer

LAYOUTS = {"out,in": True, "in,out": False}
"""How one says whether the rows of a matrix are its outputs."""
FEW = 2


@dataclass(frozen=True)
class Layout:
    """How the matrices lie, and what follows from it."""

    outputs_first: bool
    """Whether weights are (out, in), not (in, out)."""
    sizes: tuple[int, ...]
    """Inputs, units of each hidden layer, outputs."""


def find_layout(layers: Sequence[Layer], layout: str, x: Array | None, y: Array | None) -> Layout:
    """The only way in which matrices feed each other and fit x and y. Raises InputError.

    `layout` is "" or a key of LAYOUTS.
    """
    wanted = _wanted(layout)
    if any(layer.weights.ndim != 2 for layer in layers):
        odd = next(layer for layer in layers if layer.weights.ndim != 2)
        raise InputError(
            f"'{odd.name}' of shape {odd.weights.shape} is no matrix: what initscope computes itself is dense layers "
            "alone; give a function of x that returns the activations of every layer"
        )
    ways = [Layout(first, sizes) for first in wanted if (sizes := _sizes(layers, first))]
    fitting = [way for way in ways if x is None or _takes(way.sizes[0], x)]
    fitting = [way for way in fitting if y is None or _answers(way.sizes[-1], y)]
    if len(fitting) > 1 and (told := _told_by_biases(layers)) is not None:
        fitting = [way for way in fitting if way.outputs_first == told]
    shapes = ", ".join(str(layer.weights.shape) for layer in layers)
    if len(fitting) > 1:
        raise InputError(f"weights of shapes {shapes} may be (out, in) or (in, out): say layout='out,in' or 'in,out'")
    if fitting:
        return fitting[0]
    given = f" as {layout}" if layout else ", whether (out, in) or (in, out)"
    if not ways:
        raise InputError(f"weights of shapes {shapes} do not feed each other{given}, or biases do not fit them")
    takes = " or ".join(f"takes {way.sizes[0]} inputs and gives {way.sizes[-1]} outputs" for way in ways)
    data = " and ".join(f"{word} of shape {part.shape}" for word, part in (("x", x), ("y", y)) if part is not None)
    raise InputError(f"a network of weights {shapes} {takes}, but there is {data}")


def _wanted(layout: str) -> list[bool]:
    if not layout:
        return list(LAYOUTS.values())
    plain = layout.strip("() ").replace(" ", "").replace("_", ",")
    if plain not in LAYOUTS:
        raise InputError(f"layout '{layout}': write 'out,in' if the rows of a matrix are its outputs, else 'in,out'")
    return [LAYOUTS[plain]]


def _sizes(layers: Sequence[Layer], outputs_first: bool) -> tuple[int, ...]:
    """Inputs and outputs of the layers, read this way; empty if they or their biases do not fit."""
    shapes = [layer.weights.shape if outputs_first else layer.weights.shape[::-1] for layer in layers]
    chained = all(after[1] == before[0] for before, after in pairwise(shapes))
    biased = all(b is None or b.size == out for (_, _, b), (out, _) in zip(layers, shapes, strict=True))
    return (shapes[0][1], *(out for out, _ in shapes)) if chained and biased else ()


def _told_by_biases(layers: Sequence[Layer]) -> bool | None:
    """Columns are added to W @ x, rows to x @ W; None where biases are neither."""
    said = {layer.biases.shape[1] == 1 for layer in layers
            if layer.biases is not None and layer.biases.ndim == 2 and layer.biases.size > 1}  # fmt: skip
    return said.pop() if len(said) == 1 else None


def _takes(features: int, x: Array) -> bool:
    return x.ndim > 1 and (prod(x.shape[1:]) == features or (x.ndim == 2 and x.shape[0] == features))


def _answers(outputs: int, y: Array) -> bool:
    """Whether y may be labels, or targets of so many outputs."""
    plain = y.squeeze()
    return plain.ndim < 2 or (plain.ndim == 2 and outputs in plain.shape)


@dataclass(frozen=True)
class Oriented:
    """The matrices of a network, each with the way it lies."""

    shapes: tuple[tuple[int, ...], ...]
    outputs_first: tuple[bool, ...]

    @classmethod
    def of(cls, layers: Sequence[Layer], layout: str, known: Layout | None) -> "Oriented":
        """By a layout that is known, or layer by layer from the biases. Raises InputError."""
        wanted = _wanted(layout)
        said = [known.outputs_first if known else _lies(layer) for layer in layers]
        others = {way for way in said if way is not None}
        usual = wanted[0] if layout else others.pop() if len(others) == 1 else None
        ways = [usual if way is None else way for way in said]
        for layer, way in zip(layers, ways, strict=True):
            if way is None:
                raise InputError(
                    f"'{layer.name}' of shape {layer.weights.shape} may be (out, in) or (in, out): say "
                    "layout='out,in' or 'in,out'"
                )
        return cls(tuple(layer.weights.shape for layer in layers), tuple(bool(way) for way in ways))

    def pairs(self, layers: Sequence[Layer]) -> list[tuple[Array, Array]]:
        """Weights (out, in) or (out, in, *kernel), biases (out,): views wherever it can be. Raises InputError."""
        if tuple(layer.weights.shape for layer in layers) != self.shapes:
            now = ", ".join(str(layer.weights.shape) for layer in layers)
            raise InputError(f"weights had shapes {', '.join(map(str, self.shapes))} and have {now} now")
        found = []
        for (_, weights, biases), first in zip(layers, self.outputs_first, strict=True):
            turned = weights if first else np.moveaxis(weights, (-1, -2), (0, 1))
            flat = np.zeros(len(turned)) if biases is None else biases.reshape(-1)
            found.append((_floats(turned), _floats(flat)))
        return found


def _floats(array: Array) -> Array:
    """As it is where it is float32 or float64."""
    if array.dtype in (np.float32, np.float64):
        return array
    return array.astype(np.float32 if array.dtype == np.float16 else np.float64)


def _lies(layer: Layer) -> bool | None:
    """Whether the outputs come first, by the number of biases; None if that does not tell."""
    first, last = layer.weights.shape[0], layer.weights.shape[-1]
    if layer.biases is None or first == last:
        return None
    return bool(layer.biases.size == first)


def rows_of(x: Array, features: int) -> NDArray[np.floating]:
    """Inputs (examples, features), from any way in which they lie. Raises InputError."""
    if x.dtype.kind not in "fiub":
        raise InputError(f"x holds {x.dtype}, not real numbers")
    if x.ndim == 2 and x.shape == (features, features):
        raise InputError(f"x of shape {x.shape} may have its examples in rows or columns: give more or fewer of them")
    if not _takes(features, x):
        raise InputError(f"x of shape {x.shape} does not fit a network that takes {features} inputs")
    rows = x.reshape(len(x), features) if prod(x.shape[1:]) == features else x.T
    if len(rows) < FEW:
        raise InputError(f"x of shape {x.shape} holds {plural(len(rows), 'example')}: give some hundred")
    return rows if rows.dtype.kind == "f" else rows.astype(np.float64)


def labels_of(y: Array, examples: int, outputs: int) -> NDArray[np.int64]:
    """Labels (examples,) in 0..classes-1 from labels or one-hot targets, however they lie. Raises InputError."""
    if y.dtype.kind not in "fiub":
        raise InputError(f"y holds {y.dtype}, not labels")
    plain = y.squeeze()
    if plain.ndim == 2 and outputs > 1 and {examples, outputs} == set(plain.shape):
        table = plain if plain.shape == (examples, outputs) else plain.T
        hot: NDArray[np.int64] = table.argmax(axis=1).astype(np.int64)
        if not np.array_equal(table != 0, np.eye(outputs)[hot] != 0):
            raise InputError("y must be labels, or one-hot targets with one value in each row that is not 0")
        return hot
    if plain.shape != (examples,):
        raise InputError(f"y of shape {y.shape} does not fit {plural(examples, 'example')}: give one label for each")
    labels: NDArray[np.int64] = plain.astype(np.int64)
    classes = max(outputs, 2)
    if not np.array_equal(labels, plain) or labels.min() < 0 or labels.max() >= classes:
        raise InputError(f"y must be labels 0 to {classes - 1}, or one-hot targets of {outputs} outputs")
    return labels


def by_unit(a: Array, units: int, inputs: int | None, columns: bool) -> NDArray[np.floating]:
    """Activations (units, inputs), from (inputs, units) or (units, inputs); every place counts as an input.

    `inputs` is how many examples there are, if that is known; `columns` tells how examples lie where both ways fit.
    Raises InputError.
    """
    if a.dtype.kind not in "fiub":
        raise InputError(f"activations hold {a.dtype}, not real numbers")
    if not a.size:
        raise InputError(f"activations of shape {a.shape} are of no example")
    first, second = (a.ndim > 1 and a.shape[axis] == units for axis in (0, 1))
    if inputs is not None and a.ndim == 2:
        first, second = first and a.shape[1] == inputs, second and a.shape[0] == inputs
    last = a.ndim > 2 and a.shape[-1] == units
    if a.ndim > 2:
        found = np.moveaxis(a, 1 if second else -1, 0) if second or last else None
    else:
        found = a if first and (columns or not second) else a.T if second else None
    if found is None:
        raise InputError(f"activations of shape {a.shape} do not fit a layer of {plural(units, 'unit')}")
    flat = np.ascontiguousarray(found.reshape(units, -1))
    return flat if flat.dtype.kind == "f" else flat.astype(np.float64)
