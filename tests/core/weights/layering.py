"""What the tests of layers make of names and shapes of tensors."""

from math import prod

from initscope.core.weights import Layering, LayerWeights, Tensor, find_layers
from initscope.core.weights.dtypes import STORED
from initscope.core.weights.mapped import Span
from initscope.core.weights.tensor import checked

Shapes = dict[str, tuple[int, ...]]


def tensors(shapes: Shapes) -> list[Tensor]:
    return [
        checked("here", name, shape, STORED["uint8"], Span(None, memoryview(bytes(prod(shape)))))
        for name, shape in shapes.items()
    ]


def layers(shapes: Shapes) -> Layering:
    return find_layers(tensors(shapes))


def only(shapes: Shapes) -> LayerWeights:
    (layer,) = layers(shapes).layers
    return layer


def kinds(shapes: Shapes) -> dict[str, tuple[str, int, int, bool]]:
    return {layer.name: (layer.kind, layer.fan_in, layer.fan_out, layer.transposed) for layer in layers(shapes).layers}
