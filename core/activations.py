"""Activation functions by name."""

from collections.abc import Mapping
from types import MappingProxyType

from initscope.core.bounded import Sigmoid, Sine, Softsign, Tanh
from initscope.core.catalogue import look_up, read_parameters
from initscope.core.elementwise import Activation, Definition
from initscope.core.piecewise import HardTanh, LeakyRelu, Linear, Prelu, Relu
from initscope.core.smooth import Elu, Gelu, Mish, Selu, Silu, Softplus

__all__ = ["CATALOGUE", "Activation", "Definition", "Prelu", "activation"]

_KINDS: tuple[type[Activation], ...] = (
    Sigmoid, Tanh, Relu, LeakyRelu, Prelu, Softsign, HardTanh, Elu, Selu, Softplus, Gelu, Silu, Mish, Sine, Linear,
)
_BY_NAME = {kind.definition.name: kind for kind in _KINDS}

CATALOGUE: Mapping[str, Definition] = MappingProxyType({d.name: d for d in (k.definition for k in _KINDS)})
"""Every activation by name, in the order of the lab's picker."""


def activation(text: str) -> Activation:
    """The activation that `name` or `name:key=value` stands for. Raises InputError."""
    kind, given = look_up("activation", _BY_NAME, text)
    return kind(tuple(read_parameters(kind.definition.name, kind.definition.parameters, given).items()))
