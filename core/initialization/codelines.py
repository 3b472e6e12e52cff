"""Parts of a line of code: numbers, shapes as each library writes them, and what must be imported first."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from initscope.core.catalogue import Value

_NEEDS = (
    (r"\b(np|rng)\.", "import numpy as np"),
    (r"\brng\.", "rng = np.random.default_rng(0)"),
    (r"\bN\.", "import statistics; N = statistics.NormalDist()"),
    (r"\bmath\.", "import math"),
    (r"\btorch\.", "import torch"),
    (r"\bkeras\.", "import keras"),
    (r"\bjax\.", "import jax"),
    (r"\bjnp\.", "import jax.numpy as jnp"),
    (r"\bkey,", "key = jax.random.key(0)"),
)
"""(what a line has in it, what makes that)."""


def setup(lines: Collection[str]) -> list[str]:
    """Statements that make the names which `lines` use."""
    return [statement for use, statement in _NEEDS if any(re.search(use, line) for line in lines)]


def short(value: Value) -> str:
    """A number in at most ten digits."""
    return f"{float(value):.10g}"


def times(factor: Value) -> str:
    """A factor before what it multiplies: `0.5 * `, and nothing for 1."""
    return "" if float(factor) == 1 else f"{short(factor)} * "


@dataclass(frozen=True)
class Lines:
    """An expression, or statements that end in `W = ...`, for each library."""

    numpy: str
    torch: str
    keras: str
    jax: str

    def named(self) -> dict[str, str]:
        """By the library's name, each as statements that make W."""
        code = {"NumPy": self.numpy, "PyTorch": self.torch, "Keras": self.keras, "JAX": self.jax}
        return {name: line if "W = " in line else f"W = {line}" for name, line in code.items()}


@dataclass(frozen=True)
class Shape:
    """An array's shape as each library writes it."""

    axes: tuple[int, ...]

    def __str__(self) -> str:
        return str(self.axes)

    @property
    def flipped(self) -> tuple[int, ...]:
        """As Keras and JAX keep it."""
        return (*self.axes[2:], *self.axes[1::-1])

    @property
    def torch(self) -> str:
        return f"torch.empty({', '.join(map(str, self.axes))})"

    def keras(self, numpy: str) -> str:
        """NumPy's array for Keras, where Keras has no line of its own."""
        order = "" if len(self.axes) <= 2 else f", {(*range(2, len(self.axes)), 1, 0)}"
        return f"keras.ops.convert_to_tensor(np.transpose({numpy}{order}))"

    def centre(self, shift: int) -> str:
        """The index of the kernel's centre, (k - shift) // 2 on each of its axes."""
        return ", ".join(str((k - shift) // 2) for k in self.axes[2:])
