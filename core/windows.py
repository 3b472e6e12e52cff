"""Lays out a volume so that every row of a convolution is one matrix product."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import DTypeLike, NDArray

from initscope.core.shapes import Volume

Array = NDArray[np.floating]

TILE_BYTES = 2 << 20
"""About what is laid out before it is used, measured on a core with 1 MB of second cache: half is a twentieth slower,
and everything at once, where the lanes are many, a third."""


@dataclass(frozen=True)
class Geometry:
    """Where the windows of a convolution lie: out[y, x] meets source[(stride·y + i - padding) / spacing, ...].

    The window's places (i, j) that meet no element, for they lie outside or between two, meet 0.
    """

    source: Volume
    height: int
    """Rows of the result."""
    width: int
    kernel: int
    stride: int = 1
    padding: int = 0
    """May be negative: then the outermost elements are met by no window."""
    spacing: int = 1
    """Distance of the source's elements, where zeros are to lie between them."""

    @property
    def window(self) -> int:
        """Numbers in one window."""
        return self.source[0] * self.kernel**2


@dataclass(frozen=True)
class Tile:
    """Lanes and rows of the result that are computed together, and what their windows are made of."""

    lanes: slice
    rows: slice
    places: slice
    """Rows of the layout that hold a row of the source."""
    source: slice
    """Those rows of the source."""
    empty: NDArray[np.intp]
    """Rows of the layout that hold zeros."""


class Windows:
    """For each row of the result a matrix (window, width · batch), whose columns are the windows.

    The source's rows are copied `kernel` times, each time shifted by one column, into (rows, channels, kernel,
    width, batch). There the windows of one row are `kernel` consecutive rows, and so a matrix with the rows
    (i, channel, j) as it is: a third of the copying, for a kernel of 3, of having every window apart.

    How many rows are laid out at a time depends on one lane only, so that a lane's sums are made in the same
    order in any company. Where a lane's whole volume is small, several lanes share a tile.
    """

    def __init__(self, geometry: Geometry, lanes: int, batch: int, dtype: DTypeLike, row_bytes: int = 0) -> None:
        """`row_bytes` is what the caller needs for each row and lane besides the layout."""
        channels = geometry.source[0]
        line = channels * geometry.kernel * geometry.width * batch
        row_bytes += geometry.stride * line * np.dtype(dtype).itemsize
        self.rows = min(max(TILE_BYTES // row_bytes, 1), geometry.height)
        self.lanes = 1
        if self.rows == geometry.height:
            self.lanes = min(max(TILE_BYTES // (row_bytes * self.rows), 1), lanes)
        held = (self.rows - 1) * geometry.stride + geometry.kernel
        self._layout = np.zeros((self.lanes, held, channels, geometry.kernel, geometry.width, batch), dtype)
        size = self._layout.itemsize
        self._matrices = as_strided(
            self._layout,
            (self.lanes, self.rows, geometry.window, geometry.width * batch),
            (held * line * size, geometry.stride * line * size, geometry.width * batch * size, size),
        )
        self._columns = [
            _meeting(geometry.width, geometry.stride, j - geometry.padding, geometry.spacing, geometry.source[2])
            for j in range(geometry.kernel)
        ]
        self.tiles = list(self._cut(geometry, lanes))

    def _cut(self, geometry: Geometry, lanes: int) -> Iterator[Tile]:
        for lane in range(0, lanes, self.lanes):
            for row in range(0, geometry.height, self.rows):
                rows = slice(row, min(row + self.rows, geometry.height))
                held = (rows.stop - row - 1) * geometry.stride + geometry.kernel
                first = row * geometry.stride - geometry.padding
                places, source = _meeting(held, 1, first, geometry.spacing, geometry.source[1])
                empty = np.setdiff1d(np.arange(held), np.arange(held)[places])
                yield Tile(slice(lane, min(lane + self.lanes, lanes)), rows, places, source, empty)

    def fill(self, volume: Array, tile: Tile) -> Array:
        """The matrices (lanes, rows, window, width · batch) of a tile, until the next is filled.

        `volume` is the whole source, (lanes, channels, height, width, batch).
        """
        layout = self._layout[: tile.lanes.stop - tile.lanes.start]
        layout[:, tile.empty] = 0
        by_row = volume[tile.lanes, :, tile.source].swapaxes(1, 2)
        for j, (places, source) in enumerate(self._columns):
            layout[:, tile.places, :, j, places] = by_row[:, :, :, source]
        return self.held(tile)

    def held(self, tile: Tile) -> Array:
        """What `fill` last returned, if it was for this tile."""
        return self._matrices[: tile.lanes.stop - tile.lanes.start, : tile.rows.stop - tile.rows.start]


def _meeting(places: int, stride: int, offset: int, spacing: int, size: int) -> tuple[slice, slice]:
    """The places n, of 0 ... places - 1, where (stride·n + offset) / spacing is an index below `size`, and those.

    Either `stride` or `spacing` is 1, so that both are evenly spaced.
    """
    found = [n for n in range(places) if (stride * n + offset) % spacing == 0]
    found = [n for n in found if 0 <= (stride * n + offset) // spacing < size]
    if not found:
        return slice(0, 0), slice(0, 0)
    first, last = ((stride * n + offset) // spacing for n in (found[0], found[-1]))
    return slice(found[0], found[-1] + 1, spacing), slice(first, last + 1, stride)
