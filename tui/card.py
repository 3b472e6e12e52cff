"""An initializer's card: what it draws in a layer of a given shape, its names elsewhere, and the code that does it."""

from math import isclose, isinf, sqrt

from initscope.core.initialization.definitions import Definition
from initscope.core.initialization.distributions import (
    Constant,
    Distribution,
    HalfNormal,
    Normal,
    TruncatedNormal,
    Uniform,
)
from initscope.core.initialization.initializers import CATALOGUE, Initializer, initializer
from initscope.core.initialization.presets import PRESETS, presets_named
from initscope.core.initialization.recipes import recipe

BIAS = ".bias"
"""How the names of presets for biases end."""


def number(value: float) -> str:
    """Four digits, without a sign on zero."""
    return f"{value + 0.0:.4g}"


def bounds_text(distribution: Distribution) -> str:
    """The bounds in words."""
    low, high = distribution.bounds
    if isinf(low) and isinf(high):
        return "none"
    if low == high:
        return f"always {number(low)}"
    sides = [f"{word} {number(bound)}" for word, bound in (("at least", low), ("at most", high)) if not isinf(bound)]
    return " and ".join(sides) if len(sides) < 2 else f"{number(low)} to {number(high)}"


def moments(rule: Initializer, shape: tuple[int, ...]) -> list[tuple[str, str]]:
    """(word, value) of mean, std and bounds of weights (out, in) or (out, in, *kernel). Raises InputError."""
    distribution = rule.of(shape)
    variance = distribution.variance
    return [
        ("mean", number(distribution.mean)),
        ("std", f"{number(sqrt(variance))} (variance {number(variance)})"),
        ("bounds", bounds_text(distribution)),
    ]


def describe(distribution: Distribution) -> str:
    """A distribution in a few words, with numbers."""
    std = number(sqrt(distribution.variance))
    low, high = map(number, distribution.bounds)
    match distribution:
        case Constant():
            return f"always {low}"
        case Uniform():
            return f"uniform from {low} to {high}, std {std}"
        case TruncatedNormal():
            return f"a normal cut to {low} to {high}, std {std}"
        case Normal():
            mean = f"mean {number(distribution.mean)}, " if distribution.mean else ""
            return f"normal, {mean}std {std}"
        case HalfNormal():
            return f"the absolute value of a normal, mean {number(distribution.mean)}, std {std}"
    return f"{type(distribution).__name__.lower()}, std {std}"


def alike(one: Distribution, other: Distribution) -> bool:
    """Whether both draw the same."""
    pairs = [(one.mean, other.mean), (one.variance, other.variance), *zip(one.bounds, other.bounds, strict=True)]
    return type(one) is type(other) and all(isclose(a, b, rel_tol=1e-9, abs_tol=1e-300) for a, b in pairs)


def same_elsewhere(rule: Initializer) -> list[str]:
    """The same thing's names in other libraries; of a preset, other presets that are the same."""
    definition = rule.definition
    if isinstance(definition, Definition):
        return [f"{library} {call}" for library, call in definition.aliases]
    return [name for name in PRESETS if name != rule.name and initializer(name).here == rule.here]


def different_elsewhere(rule: Initializer, shape: tuple[int, ...]) -> list[str]:
    """What is called alike and draws something else, in other libraries or here, and what that is."""
    mine = rule.of(shape)
    found: dict[str, list[str]] = {}
    for name in _called_alike(rule):
        theirs = initializer(name).of(shape)
        if not alike(mine, theirs):
            found.setdefault(describe(theirs), []).append(name)
    return [f"{', '.join(names)}: {what}" for what, names in found.items()]


def _called_alike(rule: Initializer) -> list[str]:
    definition = rule.definition
    if isinstance(definition, Definition):
        return list(definition.namesakes)
    last = rule.name.rpartition(".")[2].strip("_").lower()
    ours = [name for name, entry in CATALOGUE.items() if name == last or rule.name in entry.namesakes]
    return [*ours, *presets_named(last.replace("_", ""))]


def code(rule: Initializer, shape: tuple[int, ...]) -> dict[str, str]:
    """By library, the line that draws weights of this shape, or the biases of such a layer if `rule` is for them."""
    if not rule.name.endswith(BIAS):
        return recipe(rule, shape)
    low, high = rule.of(shape).bounds
    return recipe(initializer(f"uniform:low={low!r},high={high!r}"), shape[:1])
