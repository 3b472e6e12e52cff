"""The torch.nn.Sequential that is one of our networks: its modules in order, their numbers, and the code that makes it.

Images go in as PyTorch has them, (channels, height, width). Where a dense layer takes an image apart stands a
Flatten, which has a number of its own. With the quadratic loss the outputs are sigmoids; with cross entropy they are
logits, as torch.nn.CrossEntropyLoss (BCEWithLogitsLoss for one output) takes them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from initscope.core.activations import Activation
from initscope.core.catalogue import write_value
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
)
from initscope.core.spec import Spec

WEIGHTED = ("nn.Linear", "nn.Conv")
RESIDUAL = """\
class Residual(nn.Sequential):
    def forward(self, x):
        y = super().forward(x)
        return y + x.reshape(y.shape)
"""
SINE = """\
class Sine(nn.Module):
    def __init__(self, omega):
        super().__init__()
        self.omega = omega

    def forward(self, x):
        return torch.sin(self.omega * x)
"""


@dataclass(frozen=True)
class Module:
    """One module of a Sequential."""

    path: str
    """Its number, such as `3`; inside a residual block `3.0`."""
    code: str
    """The call that makes it, without those inside a block."""
    layer: int | None
    """The number of the layer in the network's program that its parameters are of."""


@dataclass(frozen=True)
class Sequential:
    """All modules, those of residual blocks behind the block that holds them."""

    modules: tuple[Module, ...]
    input_shape: tuple[int, ...]
    """Of one example: (features,), (channels, height, width), or (channels, positions) where only normalized."""

    @property
    def weighted(self) -> tuple[str, ...]:
        """The paths of those that are dense layers or convolutions, as many as the network has layers with weights."""
        return tuple(module.path for module in self.modules if module.code.startswith(WEIGHTED))

    @property
    def code(self) -> str:
        """Lines of Python that make the network as `net`."""
        head = ["import torch", "from torch import nn", ""]
        helpers = [text for word, text in (("Residual", RESIDUAL), ("Sine(", SINE)) if any(
            module.code.startswith(word) for module in self.modules)]  # fmt: skip
        return "\n".join([*head, *(f"\n{text}\n" for text in helpers), f"net = {self.expression}"]) + "\n"

    @property
    def expression(self) -> str:
        """The one line: `nn.Sequential(nn.Linear(64, 30), nn.Sigmoid(), ...)`."""
        outer = [module for module in self.modules if "." not in module.path]
        return f"nn.Sequential({', '.join(self._call(module) for module in outer)})"

    def _call(self, module: Module) -> str:
        if module.code != "Residual":
            return module.code
        inner = [other.code for other in self.modules if other.path.startswith(f"{module.path}.")]
        return f"Residual({', '.join(inner)})"


def sequential(spec: Spec) -> Sequential:
    """The modules of a spec's network."""
    program = spec.architecture.program
    writer = _Writer(spec.activation, input_shape(program))
    for layer, shape in enumerate(program):
        writer.add(layer, shape)
    if spec.loss.output_activation(spec.architecture.outputs) == "sigmoid" and spec.loss.name == "quadratic":
        writer.append("nn.Sigmoid()", None)
    return Sequential(tuple(writer.modules), writer.source)


def input_shape(program: Sequence[LayerShape]) -> tuple[int, ...]:
    """What goes in, as the first layers see it: an image stays one unless a dense layer comes first."""
    first: tuple[int, ...] = ()
    for shape in program:
        if isinstance(shape, DenseShape):
            return first or (shape.fan_in,)
        if isinstance(shape, ConvolutionShape | PoolShape):
            return shape.source
        if isinstance(shape, NormShape) and shape.positions > 1:
            first = first or (shape.channels, shape.positions)
    return first


class _Writer:
    """Numbers modules as it goes, and follows the shape of what they hand on."""

    def __init__(self, activation: Activation, source: tuple[int, ...]) -> None:
        self.activation, self.source = activation, source
        self.shape = source
        self.modules: list[Module] = []
        self._outer = 0
        self._inner: int | None = None

    def append(self, code: str, layer: int | None) -> None:
        if self._inner is None:
            path = str(self._outer)
            self._outer += 1
        else:
            path = f"{self._outer - 1}.{self._inner}"
            self._inner += 1
        self.modules.append(Module(path, code, layer))

    def add(self, layer: int, shape: LayerShape) -> None:
        match shape:
            case DenseShape():
                if len(self.shape) > 1:
                    self.append("nn.Flatten()", None)
                self.append(f"nn.Linear({shape.fan_in}, {shape.fan_out})", layer)
                self.shape = (shape.fan_out,)
            case ConvolutionShape():
                steps = f"stride={shape.stride}, padding={shape.padding}"
                self.append(f"nn.Conv2d({shape.source[0]}, {shape.channels}, {shape.kernel}, {steps})", layer)
                self.shape = shape.out
            case PoolShape():
                kind = "Max" if shape.kind == "max" else "Avg"
                self.append(f"nn.{kind}Pool2d({shape.size}, stride={shape.stride})", None)
                self.shape = shape.out
            case NormShape():
                self.append(self._norm(shape), layer)
            case ActivationShape():
                self.append(activation_code(self.activation), layer)
            case DropoutShape():
                self.append(f"nn.Dropout({write_value(shape.rate)})", None)
            case ForkShape():
                self.append("Residual", None)
                self._inner = 0
            case JoinShape():
                self._inner = None

    def _norm(self, shape: NormShape) -> str:
        if shape.kind == "layer":
            return f"nn.LayerNorm({shape.channels})" if len(self.shape) == 1 else f"nn.GroupNorm(1, {shape.channels})"
        assert prod(self.shape) == shape.units
        return f"nn.BatchNorm{2 if len(self.shape) == 3 else 1}d({shape.channels})"


def activation_code(activation: Activation) -> str:
    """The module that is this activation, with the parameters that it starts from."""
    values = {name: write_value(value) for name, value in activation.values.items()}
    match activation.name:
        case "leaky_relu":
            return f"nn.LeakyReLU({values['slope']})"
        case "prelu":
            return f"nn.PReLU(init={values['slope']})"
        case "hard_tanh":
            return f"nn.Hardtanh({values['low']}, {values['high']})"
        case "elu":
            return f"nn.ELU({values['alpha']})"
        case "softplus":
            return f"nn.Softplus({values['beta']})"
        case "sine":
            return f"Sine({values['omega']})"
        case name:
            return f"nn.{PLAIN[name]}()"


PLAIN = {
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "relu": "ReLU",
    "softsign": "Softsign",
    "selu": "SELU",
    "gelu": "GELU",
    "silu": "SiLU",
    "mish": "Mish",
    "linear": "Identity",
}
"""Activations without parameters."""
