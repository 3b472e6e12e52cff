"""What every layer of a network measures: fans, channels and sizes, without any numbers in it.

A volume is (channels, height, width). Activations hold one row for each unit, a volume's in this order.
"""

from dataclasses import dataclass
from math import prod
from typing import Literal

Volume = tuple[int, int, int]


@dataclass(frozen=True)
class DenseShape:
    """A fully connected layer: weights (fan_out, fan_in), biases (fan_out,)."""

    name: str
    fan_in: int
    fan_out: int

    @property
    def weight_shape(self) -> tuple[int, ...]:
        return self.fan_out, self.fan_in

    @property
    def channels(self) -> int:
        """Units with weights of their own, and one bias each."""
        return self.fan_out

    @property
    def positions(self) -> int:
        """Places at which each channel is computed."""
        return 1

    @property
    def units(self) -> int:
        """Numbers that come out for one example."""
        return self.fan_out

    @property
    def parameters(self) -> int:
        return self.fan_out * (self.fan_in + 1)

    @property
    def products(self) -> int:
        """Multiplications for one example."""
        return self.fan_out * self.fan_in


@dataclass(frozen=True)
class ConvolutionShape:
    """A convolution with a square kernel: weights (channels, source channels, kernel, kernel), biases (channels,)."""

    name: str
    source: Volume
    channels: int
    kernel: int
    stride: int
    padding: int
    """Zeros added on each side."""
    channels_last: bool = False
    """Whether the source is data that lie as (height, width, channels)."""

    @property
    def out(self) -> Volume:
        _, height, width = self.source
        return self.channels, self._places(height), self._places(width)

    def _places(self, size: int) -> int:
        return (size + 2 * self.padding - self.kernel) // self.stride + 1

    @property
    def weight_shape(self) -> tuple[int, ...]:
        return self.channels, self.source[0], self.kernel, self.kernel

    @property
    def fan_in(self) -> int:
        """Inputs of one output: source channels · kernel²."""
        return self.source[0] * self.kernel**2

    @property
    def fan_out(self) -> int:
        """Channels · kernel², as He et al. 2015, section 2.2, count it, whatever the stride."""
        return self.channels * self.kernel**2

    @property
    def positions(self) -> int:
        return self.out[1] * self.out[2]

    @property
    def units(self) -> int:
        return prod(self.out)

    @property
    def parameters(self) -> int:
        return self.channels * (self.fan_in + 1)

    @property
    def products(self) -> int:
        return self.units * self.fan_in


WeightShape = DenseShape | ConvolutionShape


@dataclass(frozen=True)
class PoolShape:
    """The greatest or the mean of every `size` x `size` window, channel by channel; no padding."""

    kind: Literal["max", "average"]
    source: Volume
    size: tuple[int, int]
    """Height and width of the window; the whole source for global average pooling."""
    stride: int
    channels_last: bool = False
    """Whether the source is data that lie as (height, width, channels)."""

    @property
    def out(self) -> Volume:
        channels, height, width = self.source
        return channels, (height - self.size[0]) // self.stride + 1, (width - self.size[1]) // self.stride + 1

    @property
    def units(self) -> int:
        return prod(self.out)


@dataclass(frozen=True)
class NormShape:
    """Batch or layer normalization with a gain and a shift for each channel."""

    name: str
    kind: Literal["batch", "layer"]
    channels: int
    positions: int

    @property
    def units(self) -> int:
        return self.channels * self.positions

    @property
    def parameters(self) -> int:
        return 2 * self.channels


@dataclass(frozen=True)
class DropoutShape:
    """Each unit is zero with probability `rate` while training."""

    rate: float
    units: int


@dataclass(frozen=True)
class ActivationShape:
    """The activation function, on every unit."""

    units: int
    channels: int


@dataclass(frozen=True)
class ForkShape:
    """Where a residual block begins: its input is kept."""

    units: int


@dataclass(frozen=True)
class JoinShape:
    """Where a residual block ends: the input that was kept is added."""

    units: int


LayerShape = WeightShape | PoolShape | NormShape | DropoutShape | ActivationShape | ForkShape | JoinShape
