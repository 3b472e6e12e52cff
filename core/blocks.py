"""Dropout, and the two ends of a residual block y = F(x) + x in a flat list of layers.

Three arrays here have two owners, so that nothing is copied. Why that is safe, as architectures are read:
- `Fork` hands its source on and keeps it for `Join`. The only layers that write over their source are `Join` and a
  `Nonlinearity` that needs no z; a fork is followed by neither, as a block holds a layer with weights, and
  activations follow layers with weights or a join.
- `Join` adds into its source. That is the output of the block's last layer, after which no activation stands inside
  the block: of a layer with weights, a normalization, pooling or dropout, and none of these reads its output again.
  (An activation written over its z does, in `backward`.)
- `Join.backward` keeps the delta and hands it on. Only `Nonlinearity` and `Fork` write into the delta they are given;
  of the block's last layers (see above) the one with weights hands down an array of its own, the others that or, like
  dropout that drops nothing, what they were given. So the kept delta stays, and `Fork.backward` adds into another.
"""

import numpy as np
from numpy.typing import DTypeLike

from initscope.core.layers import Array, Buffers, Mode, Pass
from initscope.core.shapes import DropoutShape, ForkShape, JoinShape

MASKS = 3
"""Key of the masks' random stream, which must never change: it is part of what a seed means."""


class DropoutBuffers(Buffers):
    """Also the mask of the last pass, (units, batch): 0, or 1 / (1 - rate)."""

    def __init__(self, lanes: int, units: int, batch: int, dtype: DTypeLike) -> None:
        super().__init__(lanes, units, units, batch, dtype)
        self.mask = np.empty((units, batch), dtype)
        self.dropped = False


class Dropout:
    """Inverted dropout: y = x · mask / (1 - rate) in `Pass.TRAIN`, else y = x (Srivastava et al. 2014, sections 4, 10).

    All lanes share the mask, drawn anew for every step. It depends on the seed, `index` (the layer's place in the
    network), the step, the units and the batch alone. Neither the source nor `delta` is written to.
    """

    def __init__(self, shape: DropoutShape, index: int, mode: Mode) -> None:
        self.shape, self.index, self.mode = shape, index, mode

    def buffers(self, lanes: int, batch: int, dtype: DTypeLike) -> DropoutBuffers:
        return DropoutBuffers(lanes, self.shape.units, batch, dtype)

    def forward(self, source: Array, buffers: Buffers) -> Array:
        """(lanes, units, batch), or the source itself where nothing is dropped."""
        assert isinstance(buffers, DropoutBuffers)
        buffers.source = source
        buffers.dropped = self.mode.kind is Pass.TRAIN and self.shape.rate > 0
        if not buffers.dropped:
            return source
        self._draw(buffers.mask)
        return np.multiply(source, buffers.mask, out=buffers.out)

    def backward(self, delta: Array, buffers: Buffers, first: bool) -> Array:
        """dC/d(input), by the mask of the last forward pass."""
        assert isinstance(buffers, DropoutBuffers)
        if first or not buffers.dropped:
            return delta
        return np.multiply(delta, buffers.mask, out=buffers.delta)

    def _draw(self, mask: Array) -> None:
        key = MASKS, self.index, self.mode.step
        rng = np.random.default_rng(np.random.SeedSequence(self.mode.seed, spawn_key=key))
        draws = rng.random(mask.shape, np.float32)  # for float64 too: one mask whatever the dtype
        np.greater_equal(draws, self.shape.rate, out=mask)
        mask *= 1 / (1 - self.shape.rate)


class Fork:
    """Where a residual block begins (He et al. 2015b, eq. 1): `kept` is x, and `delta` is dC/dy, from `Join`."""

    def __init__(self, shape: ForkShape) -> None:
        self.shape = shape
        self.kept: Array = np.empty(0)
        self.delta: Array = np.empty(0)

    def buffers(self, lanes: int, batch: int, dtype: DTypeLike) -> Buffers:
        return Buffers(lanes, 0, 0, batch, dtype)

    def forward(self, source: Array, buffers: Buffers) -> Array:
        """The source itself."""
        self.kept = buffers.source = source
        return source

    def backward(self, delta: Array, buffers: Buffers, first: bool) -> Array:
        """dC/dx = dC/dF · dF/dx + dC/dy, added into `delta`."""
        if not first:
            delta += self.delta
        return delta


class Join:
    """Where a residual block ends: y = F(x) + x, written over F(x). Its `fork` must belong to it alone."""

    def __init__(self, shape: JoinShape, fork: Fork) -> None:
        self.shape, self.fork = shape, fork

    def buffers(self, lanes: int, batch: int, dtype: DTypeLike) -> Buffers:
        return Buffers(lanes, 0, 0, batch, dtype)

    def forward(self, source: Array, buffers: Buffers) -> Array:
        """The source, changed; x may be data (features, batch) that all lanes share."""
        buffers.source = source
        source += self.fork.kept
        return source

    def backward(self, delta: Array, buffers: Buffers, first: bool) -> Array:
        """The delta itself, on its way through the block; the fork keeps it too."""
        self.fork.delta = delta
        return delta
