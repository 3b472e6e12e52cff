"""Which tensors of a file belong together: each weight with its bias, by their names, or else by order and sizes."""

from collections.abc import Sequence
from dataclasses import dataclass

from initscope.core.weights.names import Named, understand
from initscope.core.weights.tensor import Tensor


@dataclass(frozen=True, eq=False)
class Pair:
    """A weight and its bias before anything else is known."""

    name: str
    named: Named
    weight: Tensor
    bias: Tensor | None


def pair_tensors(tensors: Sequence[Tensor]) -> tuple[list[Pair], tuple[Tensor, ...]]:
    """Weights with the biases of their layer; tensors without telling names by their order and sizes."""
    names = {tensor.name for tensor in tensors}
    named = [(tensor, _understood(tensor.name, names)) for tensor in tensors]
    weights: dict[str, tuple[Tensor, Named]] = {}
    biases: dict[str, Tensor] = {}
    unknown: list[tuple[Tensor, Named]] = []
    rest: list[Tensor] = []
    for tensor, meaning in named:
        if meaning.derived and len(tensor.shape) < 2:
            rest.append(tensor)
        elif meaning.role == "weight" and tensor.size and tensor.shape and meaning.layer not in weights:
            weights[meaning.layer] = tensor, meaning
        elif meaning.role == "bias" and tensor.shape and meaning.layer not in biases:
            biases[meaning.layer] = tensor
        elif meaning.role == "unknown" and tensor.size > 1:
            unknown.append((tensor, meaning))
        else:
            rest.append(tensor)
    pairs = [
        Pair(_layer_name(layer, weight), meaning, weight, biases.pop(layer, None))
        for layer, (weight, meaning) in weights.items()
    ]
    loose, left = _pair_by_order(unknown)
    return pairs + loose, (*rest, *biases.values(), *left)


def _understood(name: str, names: set[str]) -> Named:
    """A name's meaning, in company: 'weight_v' belongs to a weight norm only where its norm is there as well."""
    found, (stem, _, last) = understand(name), name.rpartition("weight_")
    if found.derived and last in ("v", "g", "u") and not {f"{stem}weight_g", f"{stem}weight_orig"} & names:
        return Named(name, "unknown", "none")
    return found


def _layer_name(layer: str, weight: Tensor) -> str:
    """A layer's name; where that is only a number ('1' of 'W1'), its weight's."""
    return weight.name if layer.replace(".", "").isdigit() or not layer else layer


def _pair_by_order(unknown: Sequence[tuple[Tensor, Named]]) -> tuple[list[Pair], list[Tensor]]:
    """Matrices, each with the first vector not yet taken that has the length of one of its axes.

    So both np.savez(path, W, b, W, b) and np.savez(path, *weights, *biases) are understood.
    """
    matrices = [(tensor, meaning) for tensor, meaning in unknown if _is_matrix(tensor)]
    vectors = [tensor for tensor, _ in unknown if not _is_matrix(tensor)]
    pairs = []
    for tensor, meaning in matrices:
        bias = next((vector for vector in vectors if vector.size in tensor.shape), None)
        if bias is not None:
            vectors.remove(bias)
        pairs.append(Pair(meaning.layer, meaning, tensor, bias))
    return pairs, vectors


def _is_matrix(tensor: Tensor) -> bool:
    """Whether more than one axis is longer than 1, so that it is no bias, row or column."""
    return (len(tensor.shape) > 1 and min(tensor.shape[:2]) > 1) or len(tensor.shape) > 2
