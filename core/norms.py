"""Batch and layer normalization with a gain and a shift for each channel, for all lanes at once.

Both keep the centred source and the inverse standard deviation r of the forward pass. With x' = centred · r, n the
numbers that share moments, and g = gain · delta, the derivative through the moments is
dC/dx = r (g - Σg / n - x' Σ(g x') / n)  (Ioffe & Szegedy 2015, section 3, in fewer steps). The variance is that of
the centred source, never E[x²] - E[x]², which cancels in float32.

Neither the source nor `delta` is written to, and the output is not read again: later layers may change it.
"""

from typing import cast

import numpy as np
from numpy.typing import DTypeLike

from initscope.core.layers import Array, Buffers, Mode, Pass
from initscope.core.pooling import lane_blocks
from initscope.core.shapes import NormShape

EPSILON = 1e-5
"""Added to variances, as in PyTorch."""
MOMENTUM = 0.1
"""Share of the newest batch in the running moments."""
ROW = 1024
"""Single examples' moments are taken, and repeated, in rows about this long: twice as fast as in rows of one batch."""


class NormBuffers(Buffers):
    """Also the centred source and its inverse standard deviations, (lanes, moments); scratch; a longer row of ones."""

    def __init__(self, shape: NormShape, lanes: int, batch: int, dtype: DTypeLike) -> None:
        super().__init__(lanes, shape.units, shape.units, batch, dtype)
        self.blocks = lane_blocks(lanes, shape.units * batch * self.out.itemsize)
        self.centred = np.empty((lanes, shape.units, batch), dtype)
        self.scale = np.empty((lanes, shape.channels if shape.kind == "batch" else batch), dtype)
        self.scratch = np.empty((self.blocks[0].stop, shape.units, batch), dtype)
        self.ones = np.ones(shape.positions * batch, dtype)
        most = min(max(1, ROW // batch), shape.positions)
        self.times = next(times for times in range(most, 0, -1) if shape.positions % times == 0)
        """How many positions make a row: as many as divide them all into rows of at most ROW, or one."""
        self.moving = True
        """Whether the moments depended on the source."""

    def take(self, source: Array) -> Array:
        """The source as (lanes, units, batch): data that all lanes share are repeated in `out`."""
        self.source = source
        if source.ndim == 2:
            self.out[...] = source
            return self.out
        return source


class BatchNorm:
    """y = gain · (x - mean) / sqrt(variance + 1e-5) + shift, Ioffe & Szegedy 2015, algorithm 1.

    Moments are each channel's, over the batch and all positions. `Pass.TRAIN` keeps running moments, with the
    unbiased variance as PyTorch does; `Pass.PROBE` does not; `Pass.TEST` uses them in place of the batch's.
    A single number for each channel has no variance: the output is the shift, and the running variance stays.

    All arrays are (lanes, channels), views into the network's flat arrays. `alike`: as in `Dense`.
    """

    def __init__(
        self,
        shape: NormShape,
        gains: Array,
        shifts: Array,
        gain_gradient: Array,
        shift_gradient: Array,
        running_mean: Array,
        running_variance: Array,
        mode: Mode,
        alike: bool = False,
    ) -> None:
        self.shape, self.mode, self.alike = shape, mode, alike
        self.gains, self.shifts = gains, shifts
        self.gain_gradient, self.shift_gradient = gain_gradient, shift_gradient
        self.running_mean, self.running_variance = running_mean, running_variance

    def buffers(self, lanes: int, batch: int, dtype: DTypeLike) -> NormBuffers:
        return NormBuffers(self.shape, lanes, batch, dtype)

    def forward(self, source: Array, buffers: Buffers) -> Array:
        """(lanes, units, batch); `source` may be data (features, batch) that all lanes share."""
        assert isinstance(buffers, NormBuffers)
        source = buffers.take(source)
        buffers.moving = self.mode.kind is not Pass.TEST
        for block in buffers.blocks:
            centred, out = self._rows(buffers.centred[block]), self._rows(buffers.out[block])
            variance = self._center(self._rows(source[block]), centred, block, buffers)
            scale = np.divide(1, np.sqrt(variance + EPSILON), out=buffers.scale[block])
            np.multiply(centred, (self.gains[block] * scale)[:, :, None], out=out)
            out += self.shifts[block, :, None]
        return buffers.out

    def _center(self, x: Array, out: Array, block: slice, buffers: NormBuffers) -> Array:
        """Put x - mean into `out`, and return the variance; which ones says the present pass."""
        if not buffers.moving:
            np.subtract(x, self.running_mean[block, :, None], out=out)
            kept: Array = self.running_variance[block]
            return kept
        count = x.shape[2]
        mean = self._dot(x, buffers.ones) / count
        np.subtract(x, mean[:, :, None], out=out)
        variance: Array = self._dot(out, out) / count
        if self.mode.kind is Pass.TRAIN:
            self.running_mean[block] += MOMENTUM * (mean - self.running_mean[block])
            if count > 1:
                unbiased = variance * (count / (count - 1))
                self.running_variance[block] += MOMENTUM * (unbiased - self.running_variance[block])
        return variance

    def backward(self, delta: Array, buffers: Buffers, first: bool) -> Array:
        """dC/d(input) in `buffers.delta`, by the formula of the last forward pass."""
        assert isinstance(buffers, NormBuffers)
        for block in buffers.blocks:
            given, centred = self._rows(delta[block]), self._rows(buffers.centred[block])
            scale = buffers.scale[block]
            self.shift_gradient[block] = self._dot(given, buffers.ones)
            self.gain_gradient[block] = self._dot(given, centred) * scale
            if not first:
                self._hand_down(given, centred, scale, block, buffers)
        return buffers.delta

    def _hand_down(self, given: Array, centred: Array, scale: Array, block: slice, buffers: NormBuffers) -> None:
        factor = (self.gains[block] * scale)[:, :, None]
        target = self._rows(buffers.delta[block])
        if not buffers.moving:
            np.multiply(given, factor, out=target)
            return
        count = given.shape[2]
        np.multiply(centred, (self.gain_gradient[block] * scale / -count)[:, :, None], out=target)
        target += given
        target -= (self.shift_gradient[block] / count)[:, :, None]
        target *= factor

    def _rows(self, values: Array) -> Array:
        """(lanes, channels, positions · batch)"""
        return values.reshape(len(values), self.shape.channels, -1)

    def _dot(self, left: Array, right: Array) -> Array:
        """Σ left · right for each channel, (lanes, channels); `right` may be one row for all."""
        if self.alike:
            return cast(Array, np.einsum("lcn,n->lc" if right.ndim == 1 else "lcn,lcn->lc", left, right))
        return cast(Array, np.vecdot(left, right))  # BLAS, row by row: a sixth less for the whole pass


class LayerNorm:
    """y = gain · (x - mean) / sqrt(variance + 1e-5) + shift, Ba, Kiros & Hinton 2016, section 3.

    Moments are each example's, over all its units. Gains and shifts are each channel's: for convolutions this
    is PyTorch's GroupNorm(1, channels). All arrays are (lanes, channels), views into the network's flat arrays.
    """

    def __init__(
        self, shape: NormShape, gains: Array, shifts: Array, gain_gradient: Array, shift_gradient: Array
    ) -> None:
        self.shape = shape
        self.gains, self.shifts = gains, shifts
        self.gain_gradient, self.shift_gradient = gain_gradient, shift_gradient

    def buffers(self, lanes: int, batch: int, dtype: DTypeLike) -> NormBuffers:
        return NormBuffers(self.shape, lanes, batch, dtype)

    def forward(self, source: Array, buffers: Buffers) -> Array:
        """(lanes, units, batch); `source` may be data (features, batch) that all lanes share."""
        assert isinstance(buffers, NormBuffers)
        source = buffers.take(source)
        units = self.shape.units
        for block in buffers.blocks:
            x, centred, out = (self._wide(array[block], buffers) for array in (source, buffers.centred, buffers.out))
            mean = self._sums(np.einsum("lcrw->lcw", x), buffers).sum(axis=1) / units
            np.subtract(x, self._repeat(mean[:, None], buffers), out=centred)
            variance = self._sums(np.einsum("lcrw,lcrw->lcw", centred, centred), buffers).sum(axis=1) / units
            scale = np.divide(1, np.sqrt(variance + EPSILON), out=buffers.scale[block])
            np.multiply(centred, self._repeat(self.gains[block, :, None] * scale[:, None], buffers), out=out)
            out += self.shifts[block, :, None, None]
        return buffers.out

    def backward(self, delta: Array, buffers: Buffers, first: bool) -> Array:
        """dC/d(input) in `buffers.delta`."""
        assert isinstance(buffers, NormBuffers)
        for block in buffers.blocks:
            given, centred = self._wide(delta[block], buffers), self._wide(buffers.centred[block], buffers)
            sums = self._sums(np.einsum("lcrw->lcw", given), buffers)
            products = self._sums(np.einsum("lcrw,lcrw->lcw", given, centred), buffers)
            products *= buffers.scale[block, None]
            self.shift_gradient[block] = sums.sum(axis=2)
            self.gain_gradient[block] = products.sum(axis=2)
            if not first:
                self._hand_down(given, centred, sums, products, block, buffers)
        return buffers.delta

    def _hand_down(
        self, given: Array, centred: Array, sums: Array, products: Array, block: slice, buffers: NormBuffers
    ) -> None:
        """From Σ delta and Σ delta x' over positions, (lanes, channels, batch)."""
        gains, scale = self.gains[block, :, None], buffers.scale[block, None]
        share = (gains * sums).sum(axis=1, keepdims=True) / self.shape.units
        slope = (gains * products).sum(axis=1, keepdims=True) / self.shape.units
        target = self._wide(buffers.delta[block], buffers)
        scratch = self._wide(buffers.scratch[: len(given)], buffers)
        np.multiply(centred, self._repeat(slope * scale**2, buffers), out=scratch)
        scratch += self._repeat(share * scale, buffers)
        np.multiply(given, self._repeat(gains * scale, buffers), out=target)
        target -= scratch

    def _wide(self, values: Array, buffers: NormBuffers) -> Array:
        """(lanes, channels, rows, positions in a row · batch)"""
        return values.reshape(len(values), self.shape.channels, -1, buffers.times * values.shape[2])

    def _sums(self, row: Array, buffers: NormBuffers) -> Array:
        """From sums over rows, (lanes, channels, row), to sums over positions, (lanes, channels, batch)."""
        lanes, channels, _ = row.shape
        total: Array = row.reshape(lanes, channels, buffers.times, -1).sum(axis=2)
        return total

    def _repeat(self, moments: Array, buffers: NormBuffers) -> Array:
        """(lanes, 1 or channels, batch), repeated for every position of a row of `_wide`."""
        return np.tile(moments, buffers.times)[:, :, None, :]
