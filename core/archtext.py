"""Reads the text of an architecture, part by part, into the shapes of its layers.

The parts stand between dashes. A number alone is a dense layer of so many units, the first one the input
(or `28x28x1`, an image); `100x30` is thirty such layers. `16c3` is a convolution of 16 channels with a 3x3
kernel, padded to keep the size; `s2` sets the stride and `p0` the padding. `p2` is max pooling, `a2` average
pooling, `g` the average of each channel. `bn` and `ln` normalize what the layer before them puts out, `d0.5`
drops units, `r(...)` adds its input to what is inside. The activation follows every layer with weights
(after its normalization) and every block, but not the last layer, nor the last one of a block.
"""

import re
from dataclasses import dataclass, field
from math import prod

from initscope.core.archparts import (
    BLOCK,
    CONVOLUTION,
    DENSE,
    DROPOUT,
    IMAGE,
    POOL,
    names_input,
    parts,
    short,
    too_large,
    volume_of,
)
from initscope.core.errors import InputError
from initscope.core.plural import plural
from initscope.core.shapes import (
    ActivationShape,
    ConvolutionShape,
    DenseShape,
    DropoutShape,
    ForkShape,
    JoinShape,
    LayerShape,
    NormShape,
    PoolShape,
    Volume,
)

MAX_LAYERS = 1000
"""Of all kinds."""
MAX_TEXT = 10_000
MAX_SIZE = 10_000
"""Kernel, stride, padding or window."""


def read(text: str, source: tuple[int, ...], most: int) -> tuple[int, tuple[LayerShape, ...]]:
    """Features of an example, and every layer. Raises InputError; `most` bounds the parameters of one layer."""
    if len(text) > MAX_TEXT:
        raise InputError(
            f"architecture '{short(text)}': {len(text):,} characters are too many; write 100x30 for repeats"
        )
    reader = _Reader(text, most)
    words = parts(text)
    named = names_input(text)
    if named:
        reader.start(words[0], source)
        if len(words) == 1:
            raise InputError(f"architecture '{text}': needs an input and an output, such as {words[0]}-10")
    else:
        reader.start_from_data(source)
    for place, word in enumerate(words, 1):
        if named and place == 1:
            continue
        reader.place = f"part {place}"
        reader.part(word)
    if not DENSE.fullmatch(words[-1]):
        raise reader.error(words[-1], "the last part must be the number of outputs, such as 10")
    return reader.features, tuple(reader.layers)


@dataclass
class _Reader:
    """What has been read so far, and the shape that the next part receives."""

    text: str
    most: int
    place: str = "part 1"
    features: int = 0
    layers: list[LayerShape] = field(default_factory=list)
    volume: Volume | None = None
    channels_last: bool = False
    units: int = 0
    weighted: int = 0
    pending: bool = False
    """Whether what came last awaits its activation."""
    block: bool = False
    """Whether this is inside a residual block."""
    tail: bool = False
    """Whether this comes after the last layer with weights of a residual block."""

    def error(self, word: str, message: str) -> InputError:
        return InputError(f"architecture '{short(self.text)}': {self.place} ({word}): {message}")

    def wrong(self, word: str) -> InputError:
        return InputError(
            f"architecture '{short(self.text)}': {self.place} is {short(word) or 'nothing'}, not a number of units nor "
            "a layer such as 16c3, p2, bn, d0.5 or r(64-64); write widths from input to output, such as 784-30-10"
        )

    # The input

    def start(self, word: str, source: tuple[int, ...]) -> None:
        """The first part, where it is the input: a number of features, or the shape of an image."""
        image = IMAGE.fullmatch(word)
        if image:
            height, width, channels = (self.number(part or "1") for part in image.groups())
            self.features = height * width * channels
            given = volume_of(source)
            self.volume = channels, height, width
            self.channels_last = channels > 1 and (given[1] if given else True)
        elif word.isascii() and word.isdigit():
            self.features = self.number(word)
            given = volume_of(source)
            if given and prod(source) == self.features:
                self.volume, self.channels_last = given
        else:
            raise self.wrong(word)
        self.units = self.features

    def start_from_data(self, source: tuple[int, ...]) -> None:
        if not source:
            raise InputError(
                f"architecture '{short(self.text)}': say what goes in: begin with the image's size, such as 28x28x1-"
            )
        self.features = self.units = prod(source)
        found = volume_of(source)
        if found:
            self.volume, self.channels_last = found

    def number(self, digits: str) -> int:
        """A count of units, channels or places. Raises InputError for 0 and for more than fits."""
        if len(digits) > len(str(self.most)):
            raise too_large(self.text, "its", self.most)
        if int(digits) == 0:
            raise InputError(
                f"architecture '{short(self.text)}': {self.place} has 0 units, every layer needs at least 1"
            )
        return int(digits)

    def size(self, word: str, digits: str, least: int = 1) -> int:
        if not least <= int(digits[:9]) <= MAX_SIZE:
            raise self.error(word, f"sizes must be from {least} to {MAX_SIZE:,}, not {digits}")
        return int(digits)

    # The parts

    def part(self, word: str) -> None:
        """Append the layers of one part. Raises InputError naming it."""
        if found := DENSE.fullmatch(word):
            for _ in range(self.repeats(word, found[2])):
                self.dense(self.number(found[1]))
        elif found := CONVOLUTION.fullmatch(word):
            for _ in range(self.repeats(word, found[5])):
                self.convolution(word, found)
        elif found := POOL.fullmatch(word):
            size = self.size(word, found[2])
            self.pool(word, found[1], (size, size), self.size(word, found[3]) if found[3] else size)
        elif word == "g":
            volume = self.need_volume(word)
            self.pool(word, "a", volume[1:], 1)
        elif word in ("bn", "ln"):
            self.norm(word)
        elif found := DROPOUT.fullmatch(word):
            self.dropout(word, float(found[1]))
        elif found := BLOCK.fullmatch(word):
            for _ in range(self.repeats(word, found[2])):
                self.residual(word, parts(found[1]))
        else:
            raise self.wrong(word)

    def repeats(self, word: str, digits: str | None) -> int:
        count = self.number(digits or "1")
        if count + len(self.layers) > MAX_LAYERS:
            raise self.error(short(word), f"{count:,} more layers are too many: at most {MAX_LAYERS:,} in all")
        return count

    def activate(self) -> None:
        """The activation that the last layer awaits. The last layer of a block gets none inside of it."""
        if self.pending and not self.tail:
            channels = self.volume[0] if self.volume else self.units
            self.layers.append(ActivationShape(self.units, channels))
            self.pending = False

    def dense(self, units: int) -> None:
        self.activate()
        if units * (self.units + 1) > self.most:
            raise too_large(self.text, f"{units * (self.units + 1):,}", self.most)
        self.weighted += 1
        self.layers.append(DenseShape(f"dense{self.weighted}", self.units, units))
        self.units, self.volume, self.channels_last, self.pending = units, None, False, True

    def convolution(self, word: str, found: re.Match[str]) -> None:
        self.activate()
        source, kernel = self.need_volume(word), self.size(word, found[2])
        stride = self.size(word, found[3]) if found[3] else 1
        padding = self.size(word, found[4], least=0) if found[4] else (kernel - 1) // 2
        name, channels = f"conv{self.weighted + 1}", self.number(found[1])
        shape = ConvolutionShape(name, source, channels, kernel, stride, padding, self.channels_last)
        if min(shape.out[1:]) < 1:
            raise self.error(
                word, f"its {kernel}x{kernel} kernel is larger than {_size(source)} with padding {padding}"
            )
        if padding >= kernel:
            raise self.error(
                word, f"with padding {padding} the {kernel}x{kernel} kernel meets zeros alone at the edges"
            )
        if shape.parameters > self.most:
            raise too_large(self.text, f"{shape.parameters:,}", self.most)
        self.weighted += 1
        self.append(shape)
        self.pending = True

    def pool(self, word: str, letter: str, size: tuple[int, int], stride: int) -> None:
        self.activate()
        source = self.need_volume(word)
        shape = PoolShape("max" if letter == "p" else "average", source, size, stride, self.channels_last)
        if min(shape.out[1:]) < 1:
            raise self.error(word, f"its {size[0]}x{size[1]} window is larger than {_size(source)}, which reach it")
        self.append(shape)

    def append(self, shape: ConvolutionShape | PoolShape) -> None:
        self.layers.append(shape)
        self.volume, self.units, self.channels_last = shape.out, shape.units, False

    def need_layer(self, word: str) -> None:
        """Raises InputError where images, whose channels lie last, come straight from the data."""
        if self.channels_last:
            raise self.error(word, "a convolution, pooling or dense layer must come first, to take the images apart")

    def norm(self, word: str) -> None:
        self.need_layer(word)
        channels = self.volume[0] if self.volume else self.units
        kind = f"{word}{self.weighted}"
        self.layers.append(
            NormShape(kind, "batch" if word == "bn" else "layer", channels, self.units // channels)
        )

    def dropout(self, word: str, rate: float) -> None:
        if rate >= 1:
            raise self.error(word, "the share to drop must be less than 1, such as d0.5")
        self.need_layer(word)
        self.activate()
        self.layers.append(DropoutShape(rate, self.units))

    def residual(self, word: str, words: list[str]) -> None:
        if self.block:
            raise self.error(word, "a residual block cannot hold another")
        self.need_layer(word)
        self.activate()
        before = self.volume or (self.units,)
        self.layers.append(ForkShape(self.units))
        weights = self.weighted
        outer, self.block = self.place, True
        weighted = [number for number, inner in enumerate(words) if inner[:1].isdigit()]
        for number, inner in enumerate(words):
            self.place = f"{outer}, its part {number + 1}"
            self.tail = bool(weighted) and number > weighted[-1]
            self.part(inner)
        self.place, self.block, self.tail = outer, False, False
        if self.weighted == weights:
            raise self.error(word, "a residual block needs a layer with weights, such as r(64-64)")
        after = self.volume or (self.units,)
        flat = min(len(before), len(after)) == 1  # dense layers take an image as the units it is made of
        if before != after and not (flat and prod(before) == prod(after)):
            raise self.error(
                word, f"it adds {_size(before)} to {_size(after)}: the block must give back the shape it gets; "
                "change the shape before it",
            )
        self.layers.append(JoinShape(self.units))
        self.pending = True

    def need_volume(self, word: str) -> Volume:
        """The image that reaches a part. Raises InputError where none does."""
        if self.volume:
            return self.volume
        layer = next((layer for layer in reversed(self.layers) if isinstance(layer, DenseShape)), None)
        plain = f"the data are {plural(self.units, 'plain feature')}"
        came = f"{layer.name} puts out {plural(self.units, 'unit')}" if layer else plain
        raise self.error(word, f"needs an image, and {came}")


def _size(shape: tuple[int, ...]) -> str:
    """`16 channels of 8x8`, or `64 units`."""
    if len(shape) == 3:
        return f"{plural(shape[0], 'channel')} of {shape[1]}x{shape[2]}"
    return f"{shape[0]} unit{'s' * (shape[0] > 1)}"
