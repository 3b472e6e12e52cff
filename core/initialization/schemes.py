"""Initializers of whole networks, which draw as another one does and then fit the layers to each other."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from initscope.core.initialization.initializers import Initializer
from initscope.core.layers import Pass, Weighted
from initscope.core.network import Network

Array = NDArray[np.floating]

TOLERANCE, MOST_PASSES = 0.1, 10
"""Tol_var and T_max of Mishkin & Matas 2016, algorithm 1."""


def fit(rule: Initializer, network: Network, lane: int, x: Array) -> None:
    """Fit a lane's weights, just drawn, to the network and to a batch x (batch, features)."""
    scheme = SCHEMES.get(rule.here.name)
    if scheme:
        scheme(network, lane, x)


def _lsuv(network: Network, lane: int, x: Array) -> None:
    """Layer by layer, divide the weights by the standard deviation of z until its variance is 1.

    Mishkin & Matas 2016, algorithm 1; the weights are orthogonal to begin with.
    """
    alone = network.select([lane])
    work = alone.workspace(len(x))
    alone.mode.kind = Pass.PROBE
    a: Array = x.T
    targets = iter(network.weighted)
    for layer, buffers in zip(alone.layers, work.layers, strict=True):
        out = layer.forward(a, buffers)
        if isinstance(layer, Weighted):
            for _ in range(MOST_PASSES):
                variance = float(out.var(dtype=np.float64))
                if not variance > 0 or not np.isfinite(variance) or abs(variance - 1) < TOLERANCE:
                    break
                layer.weights /= np.sqrt(variance)
                out = layer.forward(a, buffers)
            next(targets).weights[lane] = layer.weights[0]
        a = out


def _fixup(network: Network, lane: int, x: Array) -> None:
    """Zero the last layer of every block and of the network, and scale the others of a block by L^(-1/(2m - 2)).

    L blocks of m layers each: Zhang, Dauphin & Ma 2019, section 3. Its scalar multipliers are left out, and
    its scalar biases are the layers' own.
    """
    blocks = network.architecture.blocks
    for block in blocks:
        *others, last = block
        network.weighted[last].weights[lane] = 0
        for number in others:
            network.weighted[number].weights[lane] *= len(blocks) ** (-1 / (2 * len(block) - 2))
    network.weighted[-1].weights[lane] = 0


SCHEMES: Mapping[str, Callable[[Network, int, Array], None]] = MappingProxyType({"lsuv": _lsuv, "fixup": _fixup})
