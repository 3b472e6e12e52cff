"""The weights of a network in memory, as if they lay in a file: for the same check and the same pictures."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from initscope.core.checks.passing import Passing
from initscope.core.checks.spec import measure_network
from initscope.core.datasets.data import Dataset
from initscope.core.layers import Weighted
from initscope.core.network import Network
from initscope.core.shapes import DenseShape
from initscope.core.spec import Spec
from initscope.core.weights.dtypes import of_numpy
from initscope.core.weights.layers import Layering, LayerWeights
from initscope.core.weights.mapped import Span
from initscope.core.weights.tensor import Tensor, Weights, checked

WHY = "as the architecture says"


def weights_of(network: Network, name: str, what: str) -> tuple[Weights, Layering]:
    """Weights and layers of a network of one lane; `name` stands for the file's, `what` for its format.

    Its arrays are looked at as they are, not copied: nobody may change them meanwhile.
    """
    layers = tuple(_layer(layer) for layer in network.weighted)
    tensors = tuple(tensor for one in layers for tensor in (one.weight, one.bias) if tensor is not None)
    return Weights(Path(name), what, tensors), Layering(layers, layers, WHY, ())


def _layer(layer: Weighted) -> LayerWeights:
    shape, name = layer.shape, layer.shape.name
    dense = isinstance(shape, DenseShape)
    # as He et al. 2015 count, the fans of a convolution have its kernel in them, the channels have not
    inputs, outputs = layer.weights.shape[2], layer.weights.shape[1]
    return LayerWeights(
        name, "dense" if dense else "conv", _tensor(f"{name}.weight", layer.weights[0]),
        _tensor(f"{name}.bias", layer.biases[0]), "(out, in)" if dense else "(out, in, kernel, kernel)", shape.fan_in,
        shape.fan_out, True, why=WHY, inputs=inputs, outputs=outputs,
    )  # fmt: skip


def _tensor(name: str, values: NDArray[np.floating]) -> Tensor:
    held = np.ascontiguousarray(values)
    source = Span(None, held.reshape(-1).data.cast("B"))
    return checked("memory", name, held.shape, of_numpy("memory", held.dtype), source)


def passing(network: Network, spec: Spec, dataset: Dataset) -> Passing:
    """What passes through it, whatever it is made of, with training examples of its data."""
    layers, _, examples = measure_network(network, dataset)
    return Passing((layers,), "measured", examples, gradient_of="the loss of one example", network=(spec, dataset))
