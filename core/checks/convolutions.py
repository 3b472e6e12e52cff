"""Images on which the convolutions of a file are tried, whose size, strides and pooling the file does not say.

The images wrap around at their borders and keep their size: every place is one far from the border, where z has the
moments that it has in the inside of an image of any size. Strides and pooling only choose among such places (pooling
also by their values, which is left out). A dense layer reads as many places as it has inputs; from a larger image it
reads them apart from each other, once for every way to do so, and each counts as an example.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, prod
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from initscope.core.archparts import volume_of
from initscope.core.checks.statistics import Floats, blocks, real
from initscope.core.datasets.data import Dataset
from initscope.core.errors import InputError
from initscope.core.weights.layers import LayerWeights

Array = NDArray[Any]

SIDE = 8
"""Places along each axis, at least; and not fewer than a kernel has."""
MOST_IMAGES, LEAST_IMAGES = 64, 4
MOST_PRODUCTS = 5_000_000_000
"""Multiplications of a pass through all layers: about half a second."""
MOST_HELD = 16_000_000
"""Numbers that are held: pre-activations, activations and slopes of all layers."""
MOST_AXES = 3


@dataclass(frozen=True)
class Images:
    """Examples of the layout (examples · places, channels), places in the order of their axes."""

    count: int
    read: tuple[int, ...]
    """Places along each axis that the first dense layer reads at once."""
    apart: tuple[int, ...]
    """Places along each axis from one that is read to the next."""
    channels_first: bool
    """Whether the dense layer reads channel by channel, as in PyTorch, or place by place, as in Keras."""
    reader: str
    """Name of the first dense layer; empty if there is none."""

    @property
    def side(self) -> tuple[int, ...]:
        return tuple(read * apart for read, apart in zip(self.read, self.apart, strict=True))

    @property
    def words(self) -> str:
        """What is taken for granted."""
        size = "x".join(map(str, self.side))
        reads = f"; '{self.reader}' reads {_places(self.read)} of them" if self.reader else ""
        return f"stride 1, no pooling, and images of {size} places that wrap around at their borders{reads}"

    def convolved(self, raw: BinaryIO, layer: LayerWeights, groups: int, a: Floats, back: bool = False) -> Floats:
        """A convolution of `a` (examples · places, channels), or what it hands `back`, by the kernel's places.

        z[y] = Σ W[j] a[y + j - c] over the places j of the kernel, c its middle, y of the image, indices taken modulo
        its sides; back: Σ Wᵀ[j] delta[y - j + c].
        """
        kernel = _kernel(raw, layer)
        outputs, inputs = kernel.shape[:2]
        volume = a.reshape(self.count, *self.side, groups, -1)
        out = np.zeros((groups, a.shape[0], inputs if back else outputs // groups))
        for place in np.ndindex(kernel.shape[2:]):
            by_group = real(kernel[(slice(None), slice(None), *place)]).reshape(groups, -1, inputs)
            shift = [j - (size - 1) // 2 for j, size in zip(place, kernel.shape[2:], strict=True)]
            moved = np.roll(volume, shift if back else [-by for by in shift], range(1, 1 + len(shift)))
            rows = moved.reshape(len(a), groups, -1).swapaxes(0, 1)
            out += rows @ (by_group if back else by_group.swapaxes(1, 2))
        return out.swapaxes(0, 1).reshape(len(a), -1)

    def together(self, a: Floats) -> Floats:
        """What a dense layer reads, (examples, inputs), of `a` (images · places, channels)."""
        channels = a.shape[1]
        split = [size for pair in zip(self.read, self.apart, strict=True) for size in pair]
        table = a.reshape(self.count, *split, channels).transpose(self._order)
        return table.reshape(self.count * prod(self.apart), prod(self.read) * channels)

    def separate(self, delta: Floats) -> Floats:
        """The way back of `together`."""
        channels = delta.shape[1] // prod(self.read)
        places = (channels, *self.read) if self.channels_first else (*self.read, channels)
        table = delta.reshape(self.count, *self.apart, *places)
        back = table.transpose(np.argsort(self._order).tolist())
        return back.reshape(self.count * prod(self.side), channels)

    @property
    def _order(self) -> list[int]:
        """From (image, read, apart, read, apart, ..., channel) to (image, apart ..., what is read at once)."""
        axes = len(self.read)
        reads, aparts, channel = [*range(1, 2 * axes, 2)], [*range(2, 2 * axes + 1, 2)], [2 * axes + 1]
        return [0, *aparts, *channel, *reads] if self.channels_first else [0, *aparts, *reads, *channel]


def _places(sizes: Sequence[int]) -> str:
    return "single ones" if prod(sizes) == 1 else "x".join(map(str, sizes))


def groups_of(chain: Sequence[LayerWeights]) -> list[int]:
    """For each layer, into how many groups its channels are split, of which each output sees one."""
    return [1, *(a.outputs // b.inputs if b.kind == "conv" else 1 for a, b in pairwise(chain))]


def images_for(chain: Sequence[LayerWeights], dataset: Dataset | None) -> Images | str:
    """The images for a chain that begins with convolutions, or why there are none, in words.

    Raises InputError where the data's images have other channels.
    """
    convs = [layer for layer in chain if layer.kind == "conv"]
    axes = len(convs[0].weight.shape) - 2
    if any(len(layer.weight.shape) - 2 != axes for layer in convs) or axes > MOST_AXES:
        return "convolutions of different axes follow each other"
    if any("(in, out" in layer.orientation or "out, in)" in layer.orientation for layer in convs):
        return "a transposed convolution makes images larger, by how much is not in the file"
    dense = chain[len(convs)] if len(chain) > len(convs) else None
    read = _split(dense.inputs // convs[-1].outputs if dense else 1, axes)
    kernels = [max(_window(layer)[axis] for layer in convs) for axis in range(axes)]
    least = [ceil(max(SIDE, kernel) / size) for kernel, size in zip(kernels, read, strict=True)]
    sides = [least]
    if dataset is not None:
        if axes != 2:
            return "its convolutions are not those of images"
        sides.insert(0, [max(size // one, 1) for size, one in zip(_size(dataset, chain[0]), read, strict=True)])
    for apart in sides:
        count = min(MOST_IMAGES, _fitting(chain, read, apart))
        if count >= LEAST_IMAGES:
            first = convs[0].orientation.startswith("(out")
            return Images(count, tuple(read), tuple(apart), first, dense.name if dense else "")
    return "it is too large to be tried with images"


def _window(layer: LayerWeights) -> tuple[int, ...]:
    shape = layer.weight.shape
    return shape[2:] if layer.orientation.startswith("(out") else shape[:-2]


def _split(places: int, axes: int) -> list[int]:
    """So many places as sides, as equal as they can be."""
    if axes == 1:
        return [places]
    side = max(n for n in range(1, round(places ** (1 / axes)) + 1) if places % n == 0)
    return [side, *_split(places // side, axes - 1)]


def _fitting(chain: Sequence[LayerWeights], read: Sequence[int], apart: Sequence[int]) -> int:
    """How many images can be tried at once."""
    ways = prod(apart)
    places = ways * prod(read)
    products = sum(layer.weight.size * (places if layer.kind == "conv" else ways) for layer in chain)
    held = sum(4 * layer.outputs * (places if layer.kind == "conv" else ways) for layer in chain)
    return min(MOST_PRODUCTS // products, MOST_HELD // held)


def _kernel(raw: BinaryIO, layer: LayerWeights) -> Array:
    """The weights as (out, in of a group, kernel...)."""
    weight = layer.weight
    found = np.concatenate(list(blocks(raw, weight))).reshape(weight.shape)
    if layer.orientation.startswith("(out"):
        return found
    if layer.inputs == 1 and weight.shape[-2] > 1:  # each channel by itself: (kernel..., in, outputs of each)
        return np.moveaxis(found, (-2, -1), (0, 1)).reshape(layer.outputs, 1, *weight.shape[:-2])
    return np.moveaxis(found, (-1, -2), (0, 1))


def _size(dataset: Dataset, first: LayerWeights) -> tuple[int, int]:
    """Height and width of the data's images. Raises InputError unless the layer takes them."""
    volume = volume_of(dataset.feature_shape)
    if volume is None:
        raise InputError(f"{dataset.name} holds no images, and '{first.name}' is a convolution")
    (channels, height, width), _ = volume
    if channels != first.inputs:
        raise InputError(f"images of {dataset.name} have {channels} channels, but '{first.name}' takes {first.inputs}")
    return height, width


def examples(images: Images, chain: Sequence[LayerWeights], dataset: Dataset | None) -> Floats:
    """Inputs (images · places, channels): N(0, 1), or of the data, cut out of the middle of their images."""
    channels = chain[0].inputs
    if dataset is None:
        return np.random.default_rng(0).standard_normal((images.count * prod(images.side), channels))
    found = volume_of(dataset.feature_shape)
    assert found
    (_, height, width), last = found
    rows = np.linspace(0, dataset.n_train - 1, images.count).astype(np.int64)
    whole = np.asarray(dataset.x_train[rows], dtype=np.float64)
    if last or channels == 1:
        whole = whole.reshape(-1, height, width, channels)
    else:
        whole = whole.reshape(-1, channels, height, width).transpose(0, 2, 3, 1)
    down, across = (_middle(size, side) for size, side in zip((height, width), images.side, strict=True))
    return np.ascontiguousarray(whole[:, down][:, :, across]).reshape(-1, channels)


def _middle(size: int, side: int) -> NDArray[np.int64]:
    """Indices of the middle; of an image that is too small, around its borders."""
    return (np.arange(side) + max((size - side) // 2, 0)) % size
