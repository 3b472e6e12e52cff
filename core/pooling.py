"""Max and average pooling, for all lanes at once."""

from math import prod

import numpy as np
from numpy.typing import DTypeLike, NDArray

from initscope.core.layers import Array, Buffers
from initscope.core.shapes import PoolShape

BLOCK = 1 << 20
"""Bytes of activations worked on at a time: what stays in a core's own cache. A third faster than all lanes at once."""


def lane_blocks(lanes: int, size: int) -> list[slice]:
    """Lanes to work on together, given the bytes of one lane's activations; the first block is the largest."""
    step = min(lanes, max(1, BLOCK // size))
    return [slice(start, min(start + step, lanes)) for start in range(0, lanes, step)]


class PoolBuffers(Buffers):
    """Also which place of each window was the greatest, and scratch for as many lanes as one block holds."""

    def __init__(self, shape: PoolShape, lanes: int, batch: int, dtype: DTypeLike) -> None:
        units = prod(shape.source)
        super().__init__(lanes, units, shape.units, batch, dtype)
        self.blocks = lane_blocks(lanes, units * batch * self.out.itemsize)
        size = self.blocks[0].stop
        channels, height, width = shape.out
        places = np.min_scalar_type(prod(shape.size) - 1)
        self.chosen = np.empty((lanes, channels, height, width, batch), places)
        self.mark = np.empty((size, channels, height, width, batch), places)
        self.mask = np.empty(self.mark.shape, bool)
        self.part = np.empty(self.mark.shape, dtype)
        self.rows = np.empty((size, channels, shape.source[1], width, batch), dtype)


class Pool:
    """The greatest or the mean of each window, channel by channel.

    Max pooling hands a window's gradient to the first of its greatest values, row by row, as PyTorch does.
    Windows may overlap, and what no window covers gets the gradient 0. A window that holds NaN gives NaN.
    Neither the source nor `delta` is written to, and the output is not read again: later layers may change it.
    """

    def __init__(self, shape: PoolShape) -> None:
        self.shape = shape
        self._forward, self._backward = {
            "max": (self._greatest, self._to_greatest),
            "average": (self._mean, self._to_all),
        }[shape.kind]
        axes = list(zip(shape.source[1:], shape.size, shape.out[1:], strict=True))
        self._apart = all(count == 1 or shape.stride >= size for _, size, count in axes)
        self._tiled = self._apart and all(size * count == length for length, size, count in axes)

    def buffers(self, lanes: int, batch: int, dtype: DTypeLike) -> PoolBuffers:
        return PoolBuffers(self.shape, lanes, batch, dtype)

    def forward(self, source: Array, buffers: Buffers) -> Array:
        """(lanes, units, batch); `source` may be data (features, batch) that all lanes share."""
        assert isinstance(buffers, PoolBuffers)
        buffers.source = source
        batch = source.shape[-1]
        volumes = self._volumes(source)
        out = buffers.out.reshape(len(buffers.out), *self.shape.out, batch)
        for block in buffers.blocks if source.ndim == 3 else [slice(0, 1)]:
            self._forward(volumes[block], out[block], buffers.chosen[block], buffers)
        if source.ndim == 2:
            out[1:] = out[0]
            buffers.chosen[1:] = buffers.chosen[0]
        return buffers.out

    def backward(self, delta: Array, buffers: Buffers, first: bool) -> Array:
        """dC/d(input) in `buffers.delta`; `delta` is left as it is."""
        assert isinstance(buffers, PoolBuffers)
        if not first:
            lanes, _, batch = delta.shape
            given = delta.reshape(lanes, *self.shape.out, batch)
            target = buffers.delta.reshape(lanes, *self.shape.source, batch)
            for block in buffers.blocks:
                self._backward(given[block], target[block], buffers.chosen[block], buffers)
        return buffers.delta

    def _volumes(self, source: Array) -> Array:
        """The source as (lanes, channels, height, width, batch); one lane if it is shared."""
        channels, height, width = self.shape.source
        batch = source.shape[-1]
        if self.shape.channels_last:
            return source.reshape(1, height, width, channels, batch).transpose(0, 3, 1, 2, 4)
        return source.reshape(-1, channels, height, width, batch)

    def _across(self, volumes: Array) -> list[Array]:
        """For each place along a window's width, the columns that stand there in all windows."""
        stop = self.shape.stride * (self.shape.out[2] - 1) + 1
        return [volumes[:, :, :, place : place + stop : self.shape.stride] for place in range(self.shape.size[1])]

    def _down(self, volumes: Array) -> list[Array]:
        """For each place along a window's height, the rows that stand there in all windows."""
        stop = self.shape.stride * (self.shape.out[1] - 1) + 1
        return [volumes[:, :, place : place + stop : self.shape.stride] for place in range(self.shape.size[0])]

    def _places(self, volumes: Array) -> list[Array]:
        """For each place in a window, row by row, what stands there in all windows."""
        return [values for rows in self._down(volumes) for values in self._across(rows)]

    def _greatest(self, volumes: Array, out: Array, chosen: NDArray[np.unsignedinteger], buffers: PoolBuffers) -> None:
        mark, mask = buffers.mark[: len(out)], buffers.mask[: len(out)]
        start, *others = self._places(volumes)
        np.copyto(out, start)
        chosen.fill(0)
        for place, values in enumerate(others, 1):
            np.greater(values, out, out=mask)
            np.maximum(out, values, out=out)
            np.multiply(mask, mark.dtype.type(place), out=mark)
            np.maximum(chosen, mark, out=chosen)  # places only grow: the last one that was greater stays

    def _to_greatest(
        self, delta: Array, target: Array, chosen: NDArray[np.unsignedinteger], buffers: PoolBuffers
    ) -> None:
        mask, part = buffers.mask[: len(delta)], buffers.part[: len(delta)]
        if not self._tiled:
            target.fill(0)
        for place, into in enumerate(self._places(target)):
            np.equal(chosen, place, out=mask)
            if self._apart:
                np.multiply(delta, mask, out=into)
            else:
                np.multiply(delta, mask, out=part)
                into += part

    def _mean(self, volumes: Array, out: Array, _: NDArray[np.unsignedinteger], buffers: PoolBuffers) -> None:
        """Along rows, then along columns: fewer additions, and the sums of large windows lose less to rounding."""
        rows = buffers.rows[: len(out)]
        _add_all(self._across(volumes), rows)
        _add_all(self._down(rows), out)
        out *= 1 / prod(self.shape.size)

    def _to_all(self, delta: Array, target: Array, _: NDArray[np.unsignedinteger], buffers: PoolBuffers) -> None:
        rows, part = buffers.rows[: len(delta)], buffers.part[: len(delta)]
        np.multiply(delta, 1 / prod(self.shape.size), out=part)
        self._spread(part, rows, self._down(rows))
        self._spread(rows, target, self._across(target))

    def _spread(self, values: Array, whole: Array, places: list[Array]) -> None:
        """Add `values` at all `places` of `whole`, which is 0 elsewhere."""
        if not self._tiled:
            whole.fill(0)
        for into in places:
            if self._apart:
                np.copyto(into, values)
            else:
                into += values


def _add_all(terms: list[Array], out: Array) -> None:
    np.copyto(out, terms[0])
    for term in terms[1:]:
        out += term
