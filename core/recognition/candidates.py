"""What the weights of a layer may have been drawn from: known initializers by what they draw, and their likelihood."""

from dataclasses import dataclass, fields, replace
from functools import cache
from itertools import combinations
from math import inf, log, pi, prod
from typing import Any

from initscope.core.initialization.distributions import (
    Constant,
    Distribution,
    HalfNormal,
    Normal,
    TruncatedNormal,
    Uniform,
)
from initscope.core.initialization.initializers import CATALOGUE, PRESETS, Initializer, fans, initializer
from initscope.core.initialization.sampling import DEPENDENT
from initscope.core.recognition.fingerprints import Moments

NATS = 8.0
"""Mean log likelihood ratio from which two are told apart: four standard errors, wrong 1 time in 40."""
_PRIORS = {
    "torch.nn.Linear": 1.0, "torch.nn.Conv2d": 1.0, "keras.Dense": -0.2, "flax.Dense": -0.2, "flax.Conv": -0.2,
    "scaled_randn": -0.3, "xavier_literal": -1.0, "abs_randn": -1.0, "uniform": -1.0, "normal": -1.0, "fixup": -1.0,
    "truncated_normal": -1.0, "variance_scaling": -1.0, "keras.variance_scaling": -1.0, "jax.variance_scaling": -1.0,
    "lsuv": -1.0,
}  # fmt: skip
"""Log priors; 0 for others of the catalogue, -0.5 for other presets."""
_VARIANTS = {
    -0.3: ("randn:scale=0.01", "randn:scale=0.02"),
    -1.0: ("torch.trunc_normal_:std=0.02", "truncated_normal:std=0.02"),
    -2.5: ("randn:scale=0.001", "randn:scale=0.1", "truncated_normal:std=0.1", "uniform:low=-0.1,high=0.1",
           "uniform:low=-0.01,high=0.01", "uniform:low=-0.5,high=0.5", "torch.kaiming_normal_:mode=fan_out",
           "torch.kaiming_uniform_:mode=fan_out", "keras.variance_scaling:scale=2,mode=fan_out"),
    -4.0: (*(f"{name}:gain={gain}" for gain in ("tanh", "relu", "selu")
             for name in ("torch.xavier_normal_", "torch.xavier_uniform_", "torch.orthogonal_")),
           *(f"torch.kaiming_{kind}_:{rest}" for kind in ("normal", "uniform")
             for rest in ("nonlinearity=tanh", "nonlinearity=selu", "a=0.2", "mode=fan_out,nonlinearity=linear")),
           "orthogonal:gain=relu", "orthogonal:gain=tanh"),
    -5.0: tuple(f"{name}:gain=tanh" for name in ("xavier_normal", "xavier_uniform", "lecun_normal", "lecun_uniform")),
}  # fmt: skip


@dataclass(frozen=True)
class Group:
    """Names of one and the same distribution; swapped are those that hold for an (in, out) array."""

    distribution: Distribution
    prior: float
    """Log probability, of the best known name."""
    names: tuple[str, ...] = ()
    swapped: tuple[str, ...] = ()
    fitted: bool = False
    """Its scale is not round: nothing but these weights speaks for it."""

    @property
    def best(self) -> tuple[str, ...]:
        return self.names or self.swapped


@cache
def _known() -> tuple[tuple[float, str, Initializer], ...]:
    """Log prior, name and meaning of catalogue, presets and usual variants, likely ones first."""
    priors = {name: _PRIORS.get(name, 0.0) for name in CATALOGUE}
    priors |= {name: _PRIORS.get(name, -0.5) for name in PRESETS if not name.endswith(".bias")}
    priors |= {name: prior for prior, names in _VARIANTS.items() for name in names}
    return tuple((prior, name, initializer(name).here) for name, prior in sorted(priors.items(), key=lambda p: -p[1]))


def groups(shape: tuple[int, ...], given: tuple[int, int] | None = None, swap: bool | None = None) -> list[Group]:
    """Every known initializer of weights (out, in) or (out, in, *kernel), by what it draws.

    `given` are other fans than the shape's; `swap` tells whether the array is (in, out, *kernel), None: unknown.
    """
    found: dict[tuple[object, ...], Group] = {}
    ahead = given or fans(shape)
    wrong = ("Linear", "Dense") if len(shape) > 2 else ("Conv",)
    unknown = swap is None and ahead[0] != ahead[1] and not given
    for swapped in (False, True) if unknown else (bool(swap and not given),):
        for prior, name, here in _known():
            if any(word in name for word in wrong) or here.axes > len(shape):
                continue
            distribution = here.distribution(*(ahead[::-1] if swapped else ahead), prod(shape[2:]))
            if isinstance(distribution, TruncatedNormal) and min(-distribution.low, distribution.high) > 8:
                distribution = Normal(distribution.centre, distribution.std)
            drawn = key(distribution)
            prior -= 1.5 * (swapped and swap is None)
            group = found.get(drawn) or Group(distribution, prior)
            group = replace(group, prior=max(prior, group.prior))
            if not swapped:
                found[drawn] = replace(group, names=(*group.names, name))
            elif name not in group.names:
                found[drawn] = replace(group, swapped=(*group.swapped, name))
    return list(found.values())


def key(distribution: Any) -> tuple[object, ...]:
    """The same for two distributions that draw the same but for rounding."""
    return type(distribution), *(f"{getattr(distribution, one.name):.9g}" for one in fields(distribution))


def log_likelihood(distribution: Distribution, m: Moments) -> float:
    """Of independent entries, from their moments and edges alone, in nats."""
    low, high = (m.as_seen(*ends) for ends in zip(distribution.bounds, (m.low, m.high), strict=True))
    if m.low < low or m.high > high:
        return -inf
    match distribution:  # bounds within a rounding step count alike: samples cannot tell them apart
        case Uniform():
            return -m.size * log(high - low)
        case TruncatedNormal(centre=centre, mass=kept):
            std = (high - low) / (distribution.high - distribution.low)
        case Normal(centre=centre, std=std):
            kept = 1.0
        case HalfNormal(scale=std):
            centre, kept = 0.0, 0.5
        case _:
            return -inf
    square = (m.variance + (m.mean - centre) ** 2) / (std * std)
    return -m.size * (log(abs(std) * kept) + (log(2 * pi) + square) / 2)


def alike(shape: tuple[int, ...], given: tuple[int, int] | None = None) -> list[tuple[str, str]]:
    """Pairs of initializers that weights of this shape cannot tell apart, though they draw different things.

    Pairs that draw the same are in one group of `groups`. Told apart: a mean log likelihood ratio of NATS.
    """
    pairs = combinations([g for g in groups(shape, given) if not isinstance(g.distribution, (*DEPENDENT, Constant))], 2)
    return [(a.best[0], b.best[0]) for a, b in pairs
            if min(divergence(a.distribution, b.distribution), divergence(b.distribution, a.distribution))
            * prod(shape) < NATS]  # fmt: skip


def divergence(one: Distribution, other: Distribution) -> float:
    """Kullback and Leibler's, of an entry drawn from `one`, in nats."""
    drawn = Moments(1, one.mean, one.variance, *one.bounds)
    return log_likelihood(one, drawn) - log_likelihood(other, drawn)
