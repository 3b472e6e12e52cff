"""The convolution layer: its forward pass and its derivatives, for all lanes at once.

Activations are (lanes, units, batch) with a volume's units in the order (channel, row, column). As the batch
comes last, a row of a channel is one run of width · batch numbers, and a row of the result one matrix product
of decent size: weights (channels, window) by the windows of that row (see `Windows`).
"""

import numpy as np
from numpy.typing import DTypeLike, NDArray

from initscope.core.layers import Buffers, Weighted
from initscope.core.shapes import ConvolutionShape
from initscope.core.windows import Geometry, Windows

Array = NDArray[np.floating]

SMALL = 1_000_000
"""Multiplications up to which OpenBLAS, on processors with AVX-512, leaves out copying the matrices first.

With few channels that is a quarter to a third faster (measured); where it makes no difference, cutting products
into so small ones costs a twentieth.
"""
NARROW = 80
"""Columns below which products so cut are slower than whole ones, which is to say: with many channels."""


class ConvolutionBuffers(Buffers):
    """Besides a layer's usual buffers the layouts of its input and of the gradient it is handed."""

    def __init__(self, shape: ConvolutionShape, lanes: int, batch: int, dtype: DTypeLike) -> None:
        channels, height, width = shape.source
        super().__init__(lanes, channels * height * width, shape.units, batch, dtype)
        self.ones = np.ones(shape.positions * batch, dtype)
        self.shape = shape
        self._lanes, self._batch = lanes, batch
        self._inputs: dict[int, Windows] = {}
        """By the lanes of the source: data behind a dropout are shared in one pass and not in another."""
        self._deltas: Windows | None = None

    def take(self, source: Array) -> Windows:
        """Keeps `source` as (lanes, channels, height, width, batch), one lane if all share it; the layout for it."""
        channels, height, width = self.shape.source
        if source.ndim == 3:
            self.source = source.reshape(-1, channels, height, width, self._batch)
            return self.inputs
        if self.shape.channels_last:
            volume = source.reshape(height, width, channels, self._batch).transpose(2, 0, 1, 3)
        else:
            volume = source.reshape(channels, height, width, self._batch)
        self.source = np.ascontiguousarray(volume)[None]  # it is read once for every column of the kernel
        return self.inputs

    @property
    def inputs(self) -> Windows:
        """The layout of the input, from which outputs and weight gradients come."""
        lanes = len(self.source)
        if lanes not in self._inputs:
            shape = self.shape
            geometry = Geometry(shape.source, *shape.out[1:], shape.kernel, shape.stride, shape.padding)
            gradient = geometry.window * shape.channels * self.out.itemsize
            self._inputs[lanes] = Windows(geometry, lanes, self._batch, self.out.dtype, gradient)
        return self._inputs[lanes]

    @property
    def deltas(self) -> Windows:
        """The layout of dC/dz, from which dC/dx comes."""
        if self._deltas is None:
            shape = self.shape
            padding = shape.kernel - 1 - shape.padding
            geometry = Geometry(shape.out, *shape.source[1:], shape.kernel, 1, padding, shape.stride)
            self._deltas = Windows(geometry, self._lanes, self._batch, self.out.dtype)
        return self._deltas


class Convolution(Weighted):
    """z = W * x + b, the cross-correlation that neural networks call convolution, zeros around the source.

    z[o, y, x] = Σ W[o, c, i, j] x[c, s y + i - p, s x + j - p] + b[o] over c, i, j, with stride s and padding p.
    With delta = dC/dz:  dC/dW[o, c, i, j] = Σ delta[o, y, x] x[c, s y + i - p, s x + j - p] over y, x and the
    batch,  dC/db[o] = Σ delta[o],  and dC/dx is the convolution of delta, spread by s, with the kernel turned
    by 180 degrees, of stride 1 and padding k - 1 - p (Dumoulin & Visin 2016, "A guide to convolution
    arithmetic for deep learning", section 4).

    Weights are (lanes, channels, source channels, kernel, kernel), biases (lanes, channels); they and their
    gradients are views into the network's flat arrays. `alike` is as for `Dense`: channels that start
    identical stay so to the bit, at several times the cost.
    """

    def __init__(
        self,
        shape: ConvolutionShape,
        weights: Array,
        biases: Array,
        weight_gradient: Array,
        bias_gradient: Array,
        alike: bool = False,
    ) -> None:
        self.shape: ConvolutionShape = shape
        self.alike = alike
        self.weights, self.biases = weights, biases
        self.weight_gradient, self.bias_gradient = weight_gradient, bias_gradient

    def buffers(self, lanes: int, batch: int, dtype: DTypeLike) -> ConvolutionBuffers:
        return ConvolutionBuffers(self.shape, lanes, batch, dtype)

    def forward(self, source: Array, buffers: Buffers) -> Array:
        """z of (lanes, units, batch) from `source`, (lanes, source units, batch) or data (features, batch)."""
        assert isinstance(buffers, ConvolutionBuffers)
        windows = buffers.take(source)
        kernels = self._matrix(self.weights.transpose(0, 1, 3, 2, 4))
        out = _rows(buffers.out, self.shape.channels, self.shape.out[1])
        biases = self.biases[:, None, :, None]
        for tile in windows.tiles:
            lanes = tile.lanes if source.ndim == 3 else slice(None)
            target = out[lanes, tile.rows]
            self._apply(kernels[lanes], windows.fill(buffers.source, tile), target)
            target += biases[lanes]
        return buffers.out

    def backward(self, delta: Array, buffers: Buffers, first: bool) -> Array:
        """dC/dx of (lanes, source units, batch), always in the order (channel, row, column)."""
        assert isinstance(buffers, ConvolutionBuffers)
        by_channel = delta.reshape(len(delta), self.shape.channels, -1)
        if self.alike:
            np.add.reduce(by_channel, axis=2, out=self.bias_gradient)
        else:
            np.matmul(by_channel, buffers.ones, out=self.bias_gradient)
        self._set_weight_gradient(delta, buffers)
        if not first:
            self._hand_down(delta, buffers)
        return buffers.delta

    def _set_weight_gradient(self, delta: Array, buffers: ConvolutionBuffers) -> None:
        """The products of windows and delta, row by row; windows come first: OpenBLAS takes twice as long for
        the transposed product."""
        shape, windows = self.shape, buffers.inputs
        columns = _rows(delta, shape.channels, shape.out[1]).swapaxes(2, 3)
        total = np.zeros((len(delta), shape.fan_in, shape.channels), delta.dtype)
        for tile in windows.tiles:
            matrices = windows.held(tile) if len(windows.tiles) == 1 else windows.fill(buffers.source, tile)
            lanes = slice(None) if len(buffers.source) < len(delta) else tile.lanes
            right = columns[lanes, tile.rows]
            products = np.empty((*right.shape[:2], shape.fan_in, shape.channels), delta.dtype)
            self._multiply(matrices, right, products)
            total[lanes] += np.add.reduce(products, axis=1)
        parts = total.reshape(len(delta), shape.kernel, shape.source[0], shape.kernel, shape.channels)
        self.weight_gradient[...] = parts.transpose(0, 4, 2, 1, 3)

    def _hand_down(self, delta: Array, buffers: ConvolutionBuffers) -> None:
        """Sets `buffers.delta`."""
        shape, windows = self.shape, buffers.deltas
        kernels = self._matrix(self.weights[..., ::-1, ::-1].transpose(0, 2, 3, 1, 4))
        volume = delta.reshape(len(delta), *shape.out, -1)
        out = _rows(buffers.delta, *shape.source[:2])
        for tile in windows.tiles:
            self._apply(kernels[tile.lanes], windows.fill(volume, tile), out[tile.lanes, tile.rows])

    def _matrix(self, kernels: Array) -> Array:
        """(lanes, 1, channels, window) from (lanes, channels, i, source channels, j)."""
        return np.ascontiguousarray(kernels).reshape(len(kernels), 1, kernels.shape[1], -1)

    def _apply(self, kernels: Array, windows: Array, out: Array) -> None:
        """out = kernels · windows for every row, in blocks of columns; all (lanes, rows, ...)."""
        blocks = _blocks(windows.shape[-1], windows.shape[-2] * out.shape[-2])
        self._multiply(kernels[:, :, None], _cut(windows, blocks), _cut(out, blocks))

    def _multiply(self, left: Array, right: Array, out: Array) -> None:
        """Matrix products row by row and lane by lane; one lane's `left` or `right` may serve all."""
        if self.alike:
            np.einsum("...ij,...jk->...ik", left, right, out=out)
        else:
            np.matmul(left, right, out=out)


def _blocks(columns: int, each: int) -> int:
    """How many equal blocks to cut a matrix of so many columns into, `each` costing so many multiplications.

    The fewest that stay within SMALL, unless they were narrow, or do not divide the columns.
    """
    least = -(-columns * each // SMALL)
    return next((blocks for blocks in range(least, columns // NARROW + 1) if columns % blocks == 0), 1)


def _cut(matrices: Array, blocks: int) -> Array:
    """(lanes, rows, blocks, m, n / blocks), a view, from (lanes, rows, m, n)."""
    lanes, rows, height, width = matrices.shape
    return matrices.reshape(lanes, rows, height, blocks, width // blocks).swapaxes(2, 3)


def _rows(units: Array, channels: int, height: int) -> Array:
    """(lanes, height, channels, width · batch), a view, from (lanes, units, batch)."""
    return units.reshape(len(units), channels, height, -1).swapaxes(1, 2)
