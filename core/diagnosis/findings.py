"""What a diagnosis consists of: findings with a stable code, evidence in numbers, a cause, a culprit and a remedy."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from math import isfinite, nan
from types import MappingProxyType

LARGEST, SMALLEST = 1e9, 1e-9
"""Ratios beyond these say nothing more: they are shown as these."""


class Blame(Enum):
    """Whose fault a finding is; the value is its name for people."""

    INITIALIZATION = "initialization"
    LEARNING_RATE = "learning rate"
    ARCHITECTURE = "activation or depth"
    DATA = "data"
    NONE = "none"


CODES: Mapping[str, str] = MappingProxyType(
    {
        "symmetric-units": "the units of a layer start identical and learn the same",
        "shifted-preactivations": "weights with a mean shift all units of a layer alike",
        "saturated": "activations start on their flat ends",
        "vanishing-activations": "what depends on the input fades from layer to layer",
        "exploding-activations": "pre-activations grow from layer to layer",
        "vanishing-gradients": "hardly any gradient reaches the lower layers",
        "exploding-gradients": "gradients grow on their way down",
        "indistinguishable-inputs": "different inputs become the same with depth",
        "dead-units": "units are off for every input",
        "non-finite": "numbers became infinite or undefined",
        "constant-answer": "one answer for every input",
        "learning-rate-too-high": "steps are too large: the loss rises, jumps or diverges",
        "learning-rate-too-low": "steps are too small to arrive in the time given",
        "inputs-not-scaled": "inputs are much larger, or lie elsewhere, than initializers are made for",
        "inputs-constant": "all inputs are the same",
        "inputs-broken": "inputs hold values that are no numbers, or single ones far off the others",
        "labels-broken": "labels have nothing to do with the inputs",
        "labels-unbalanced": "nearly all examples are of one class",
        "already-learning": "nothing to mend: it learns",
    }
)
"""Every code of a finding, with what it means in one line."""


@dataclass(frozen=True)
class Remedy:
    """Something that can be applied to a run."""

    words: str
    changes: tuple[tuple[str, str], ...] = ()
    """Options of `spec.OPTIONS` and their new values; none where the remedy lies outside of a run."""

    def apply(self, options: Mapping[str, str]) -> dict[str, str]:
        """These options with the changes made. `epochs` and `steps` replace each other."""
        changed = {**options, **dict(self.changes)}
        for given, other in (("epochs", "steps"), ("steps", "epochs")):
            if given in dict(self.changes):
                changed.pop(other, None)
        return changed


@dataclass(frozen=True)
class Finding:
    """One cause, with everything that follows from it as evidence."""

    code: str
    """One of CODES."""
    layers: tuple[int, ...]
    """From 1; empty for the whole network."""
    evidence: tuple[tuple[str, float], ...]
    """Numbers by name."""
    cause: str
    """One sentence with the numbers in it."""
    blame: Blame
    remedy: Remedy | None
    reference: str
    sure: float
    """From 0 to 1."""

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise ValueError(f"no code of a finding: {self.code}")

    @property
    def title(self) -> str:
        """What the code means, in one line."""
        return CODES[self.code]


def clamped(value: float) -> float:
    """A ratio or size that can be shown: between SMALLEST and LARGEST in size, with its sign; NaN stays."""
    if value != value:
        return nan
    if not isfinite(value) or abs(value) > LARGEST:
        return LARGEST if value > 0 else -LARGEST
    return 0.0 if abs(value) < SMALLEST else value


def evidence(**numbers: float) -> tuple[tuple[str, float], ...]:
    """Numbers by name, clamped; those that do not apply (NaN) are left out."""
    return tuple((name.replace("_", " "), clamped(value)) for name, value in numbers.items() if value == value)


def short(value: float) -> str:
    """A number of three digits at most, as it stands in a sentence."""
    if value != value:
        return "not a number"
    if abs(value) > LARGEST:
        return f"{'-' if value < 0 else ''}more than {LARGEST:.0e}".replace("e+0", "e")
    if abs(value) < SMALLEST and value:
        return f"less than {SMALLEST:.0e}".replace("e-0", "e-")
    return f"{value:.3g}".replace("e+0", "e").replace("e-0", "e-").replace("e+", "e")


def layers_words(layers: tuple[int, ...]) -> str:
    """`layer 2`, `layers 1 to 4`, `layers 1 and 3`, `layers 1, 2 and 5`, or `the network`."""
    if not layers:
        return "the network"
    if len(layers) == 1:
        return f"layer {layers[0]}"
    if len(layers) > 2 and layers == tuple(range(layers[0], layers[-1] + 1)):
        return f"layers {layers[0]} to {layers[-1]}"
    return f"layers {', '.join(map(str, layers[:-1]))} and {layers[-1]}"
