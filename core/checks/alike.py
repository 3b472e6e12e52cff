"""Units that can never become different: the same weights to them, the same bias, and the same weights from them."""

from typing import BinaryIO

import numpy as np

from initscope.core.checks.statistics import Floats, count_twins, projections, real
from initscope.core.weights.layers import LayerWeights


def symmetric_units(raw: BinaryIO, layer: LayerWeights, outputs_first: bool, after: LayerWeights, flat: bool) -> int:
    """How many units of a layer could be left out as another is the same in everything; 0 where that cannot be told.

    `outputs_first`: whether the units are the rows of the weight; `flat`: whether all weights of the layer `after` are
    one number. Units without any weight are pruned, not alike, unless all are. Raises InputError for a damaged file.
    """
    with np.errstate(all="ignore"):
        own = projections(raw, layer.weight, outputs_first)
        if own is None:
            return 0
        parts = [own]
        if layer.bias is not None and layer.bias.size == len(own):
            biases = real(layer.bias.read()).reshape(-1, 1)
            parts.append((biases - biases[0]) * np.random.default_rng(2).standard_normal(own.shape[1]))
        if not flat:
            if len(after.weight.shape) != 2 or after.inputs != len(own):
                return 0
            outgoing = projections(raw, after.weight, not after.transposed, seed=1)
            if outgoing is None:
                return 0
            parts.append(outgoing)
        together = sum((part / _size(part) for part in parts), np.zeros(own.shape))
        weighted = own.any(axis=1)
        return count_twins(together[weighted] if weighted.any() else together) or 0


def _size(part: Floats) -> float:
    return float(np.sqrt(np.square(part).mean())) or 1.0
