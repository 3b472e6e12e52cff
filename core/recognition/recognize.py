"""Which initializer the weights of a layer look like, how sure that is, or that they were trained."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil, e, exp, floor, isfinite, log, log10, prod, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from initscope.core.errors import InputError
from initscope.core.initialization.distributions import (
    Constant,
    Distribution,
    HalfNormal,
    Normal,
    TruncatedNormal,
    Uniform,
)
from initscope.core.initialization.initializers import fans as fans_of
from initscope.core.initialization.sampling import DEPENDENT
from initscope.core.initialization.structured import DeltaOrthogonal, Dirac, Identity, Orthogonal, Sparse
from initscope.core.recognition.candidates import Group, groups, key, log_likelihood
from initscope.core.recognition.copies import find_copies
from initscope.core.recognition.fingerprints import SANE, Evidence, Fingerprint, Moments, fingerprint, right_angles
from initscope.core.recognition.goodness import distance, edge_evidence, shape_evidence

NEAR = 0.02
"""Greatest difference of distribution functions at which trained weights still show what they started from."""
FEW = 4
"""Rows or columns below which they are not compared with each other."""
ODDS = 0.02
"""Of trained to fresh for weights whose entries look like those of a known initializer."""
UNNAMED_ODDS = 0.5
"""The same for those of a plain family with a scale that is not round."""
_FITTED = ((1, -6.0), (2, -9.0), (None, -4.0))
"""(significant digits, log prior) of a scale that no name explains: of each round one, and of all others together."""
_SAYINGS = {
    "rand": "np.random.rand", "randn": "np.random.randn", "abs_randn": "np.abs(np.random.randn)",
    "randn:scale=0.01": "0.01 * np.random.randn", "randn:scale=0.02": "0.02 * np.random.randn, as in GPT-2",
    **{name: f"{name}'s default" for name in ("torch.nn.Linear", "torch.nn.Conv2d", "flax.Dense", "flax.Conv")},
}  # fmt: skip


@dataclass(frozen=True)
class Recognition:
    """What the weights of one layer look like."""

    words: str
    """One line for people: the distribution in numbers and its best known name, or that it is trained."""
    names: tuple[str, ...] = ()
    """All initializers that draw just this with these fans, best known first, as `initializer` reads them.

    Of trained weights what they are still close to, and none where that is nothing.
    """
    confidence: float = 1.0
    """Posterior probability, 0 to 1, among the known initializers, the plain families, and trained."""
    trained: bool = False
    swapped: bool = False
    """The names fit only if the array is (in, out, *kernel)."""
    otherwise: tuple[str, ...] = ()
    """What fits as well if the array's orientation is the other."""
    fans: tuple[int, int] = (0, 0)
    """(fan_in, fan_out) for which `names` fit."""
    distribution: Distribution | None = None
    evidence: tuple[Evidence, ...] = ()
    """The tests of freshness, least likely first."""
    copies: int = 0
    """Rows, or columns, that are copies of others: no draw makes them, and no training. The rest is of the others."""


def recognize(
    weights: NDArray[Any], biases: NDArray[Any] | None = None, fans: tuple[int, int] | None = None
) -> Recognition:
    """What the weights of a layer, (out, in) or (out, in, *kernel), look like.

    Without `fans` (fan_in, fan_out) both orientations are tried, unless the number of biases tells. Biases of zero
    put Keras and Flax before PyTorch. Raises InputError for fewer than two axes and for no entries.
    """
    if weights.ndim < 2 or not weights.size:
        raise InputError(f"an array of shape {weights.shape} cannot be weights: they need two axes and an entry")
    sides = weights.shape[:2]
    told = biases is not None and sides[0] != sides[1] and biases.size in sides
    known = groups(weights.shape, fans, biases is not None and biases.size == sides[1] if told else None)
    if biases is not None and not np.any(biases):
        known = [replace(group, names=_without_torch_first(group.names), swapped=_without_torch_first(group.swapped))
                 for group in known]  # fmt: skip
    ahead, copies = fans or fans_of(weights.shape), None
    seen = fingerprint(weights)
    if seen.moments.low < seen.moments.high and (copies := find_copies(weights)):
        weights = copies.distinct
        seen = fingerprint(weights)
        if min(weights.shape[:2]) < FEW:
            seen = replace(seen, structure=())
    found = _patterned(weights, seen, known) or _independent(seen, known)
    if copies:
        found = replace(found, words=f"{found.words} ({copies.words(found.swapped)})", copies=copies.count)
    return replace(found, fans=ahead[::-1] if found.swapped else ahead)


def _without_torch_first(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(names, key=lambda name: name.startswith("torch.nn.")))


def _named(found: Group, confidence: float, **rest: Any) -> Recognition:
    """The answer that weights are fresh, and of this group."""
    swapped = not found.names
    name = _SAYINGS.get(found.best[0], found.best[0]) + " of an (in, out) array" * swapped
    name = "no initializer known by name" if found.fitted else name
    return Recognition(
        f"{describe(found.distribution)}: {name}", found.best, confidence, swapped=swapped,
        otherwise=found.swapped if found.names else (), distribution=found.distribution, **rest,
    )  # fmt: skip


def _patterned(weights: NDArray[Any], seen: Fingerprint, known: list[Group]) -> Recognition | None:
    """Constants, identities, rotations and sparse matrices; None if the entries may be independent."""
    m = seen.moments
    if not isfinite(m.low + m.high) or (m.low < m.high and not SANE[0] < m.std < SANE[1]):
        return Recognition("no initializer: values are not finite, or far too large or small", trained=True)
    found = _pattern(weights, seen)
    if found:
        text, distribution, slack = found
        for group in known:
            one, other = ((d.mean, d.variance, getattr(d, "zeros", 0)) for d in (group.distribution, distribution))
            if type(group.distribution) is type(distribution) and np.allclose(one, other, rtol=slack, atol=0):
                return _named(group, 1.0)
        return _named(Group(distribution, 0.0, (text,)), 1.0)
    odd = [f"{seen.zeros / m.size:.1%} zeros in no initializer's pattern"] if seen.nonzero is not m else []
    odd += [f"only {seen.distinct} different values"] if seen.distinct < min(16, m.size / 8) else []
    return _trained(seen, known, [Evidence(words, 0.0) for words in odd], 1.0) if odd else None


def _pattern(weights: NDArray[Any], seen: Fingerprint) -> tuple[str, Distribution, float] | None:
    """Name, distribution and relative error of the variance, of weights whose entries depend on one another."""
    m, shape, kernel = seen.moments, weights.shape, prod(weights.shape[2:])
    if m.low == m.high:
        value = next(near for near in (float(f"{m.low:.{digits}g}") for digits in range(1, 18))
                     if abs(near - m.low) <= abs(m.low) * 2.0 ** -min(m.bits, 24))  # fmt: skip
        return f"constant:value={value:g}", Constant(value), 1e-9
    for odd in (0, 1) if seen.nonzero is not m else ():
        middle = weights[(slice(None), slice(None), *((k - 1 + odd) // 2 for k in shape[2:]))]
        diagonal, entries = np.diagonal(middle), m.size - seen.zeros
        if np.count_nonzero(middle) == entries == diagonal.size and np.ptp(diagonal) == 0:
            value = float(diagonal[0])
            dirac = Dirac(value, max(shape[:2]), kernel)
            return ("dirac", dirac, 1e-4) if kernel > 1 else (
                f"identity:gain={value:.4g}", Identity(value, max(shape)), 1e-4)  # fmt: skip
        if kernel > 1 and np.count_nonzero(middle) == entries and (gain := right_angles(middle)):
            return f"delta_orthogonal:gain={gain:.4g}", DeltaOrthogonal(gain, shape[0], kernel), 5e-3
    if seen.gain:
        longer = max(shape[0], prod(shape[1:]))
        return f"orthogonal:gain={seen.gain:.4g}", Orthogonal(seen.gain, longer), 5e-3
    if seen.nonzero is not m and len(shape) == 2 and any(seen.zeros_alike):
        rows, std = shape[0] if seen.zeros_alike[1] else shape[1], seen.nonzero.std
        sparse = Sparse(std, seen.zeros / m.size, rows)
        if shape_evidence(Normal(0.0, std), seen.sample).chance > 1e-5:
            return f"sparse:std={std:.4g},sparsity={sparse.sparsity:.4g}", sparse, 6 / sqrt(seen.nonzero.size)
    return None


def _families(m: Moments) -> Iterator[Group]:
    """Normals, uniforms and the like with scales that are round, or just what fits."""
    scale, edge = sqrt(m.variance + m.mean**2), max(abs(m.low), abs(m.high))
    for digits, prior in _FITTED:
        loose = 0.0 if digits else log(m.size)  # an edge is known to 1/n, a scale to 1/√n
        std, bound = _round(scale, digits), _round(edge * (1 - 2.0 ** -min(m.bits, 20)), digits, up=True)
        bound = bound if digits else edge
        made: list[tuple[Distribution, float, str]] = [
            (Normal(0.0, std), loose / 2, f"normal:std={std:.4g}"),
            (Uniform(-bound, bound), loose, f"uniform:low={-bound:.4g},high={bound:.4g}"),
            (TruncatedNormal(0.0, bound / 2, -2.0, 2.0), loose, f"truncated_normal:std={bound / 2:.4g}"),
        ]
        if m.low >= 0:
            made += [(Uniform(0.0, bound), loose, f"rand:scale={bound:.4g}"),
                     (HalfNormal(std), loose / 2, f"abs_randn:scale={std:.4g}")]  # fmt: skip
        if not digits:
            made += [(Normal(m.mean, m.std), loose, f"normal:mean={m.mean:.4g},std={m.std:.4g}"),
                     (Uniform(m.low, m.high), 2 * loose, f"uniform:low={m.low:.4g},high={m.high:.4g}")]  # fmt: skip
        yield from (Group(what, prior - cost, (text,), fitted=not digits) for what, cost, text in made)


def _round(x: float, digits: int | None, up: bool = False) -> float:
    """To so many significant digits."""
    if not digits:
        return x
    step = 10.0 ** (floor(log10(x)) - digits + 1)
    return (ceil(x / step) if up else round(x / step)) * step


def _independent(seen: Fingerprint, known: list[Group]) -> Recognition:
    """The most probable distribution of independent entries, unless chance does not make such weights."""
    keys = {key(group.distribution) for group in known}
    groups = (*known, *(group for group in _families(seen.moments) if key(group.distribution) not in keys))
    ranked = sorted(((log_likelihood(group.distribution, seen.moments) + group.prior, i, group)
                     for i, group in enumerate(groups)), reverse=True)  # fmt: skip
    best, place, group = ranked[0]
    weight = sum(exp(score - best) for score, *_ in ranked)
    fitted = place >= len(known) and isinstance(group.distribution, Normal) and group.distribution.centre != 0
    tests = sorted((*seen.structure, shape_evidence(group.distribution, seen.sample, fitted),
                    edge_evidence(group.distribution, seen.moments)), key=lambda test: test.chance)  # fmt: skip
    chance = min(tests[0].chance * len(tests), 1 / e)
    for_fresh = -e * chance * log(chance) if chance else 0.0  # the least Bayes factor: Sellke, Bayarri & Berger 2001
    fresh = for_fresh / (for_fresh + (UNNAMED_ODDS if group.fitted else ODDS))
    if for_fresh < ODDS:
        return _trained(seen, known, tests, 1 - fresh)
    return _named(group, fresh / weight, evidence=tuple(tests))


def _trained(seen: Fingerprint, known: list[Group], tests: list[Evidence], confidence: float) -> Recognition:
    """The answer that weights are no longer fresh, with what they are still close to."""
    rest: dict[str, Any] = {"trained": True, "evidence": tuple(tests)}
    likely = [group for group in known if group.prior >= -1.5 and group.distribution.variance
              and not isinstance(group.distribution, DEPENDENT)]  # fmt: skip
    some = seen.sample[np.linspace(0, seen.sample.size - 1, 2049).astype(int)] if seen.sample.size else seen.sample
    near = sorted((distance(group.distribution, some), i) for i, group in enumerate(likely if some.size else ()))
    if near and near[0][0] < NEAR and seen.nonzero is seen.moments:
        found = _named(likely[near[0][1]], confidence)
        return replace(found, words=f"trained, close to its initialization {found.words} ({tests[0].words})", **rest)
    return Recognition(f"trained, no longer any: {tests[0].words}", confidence=confidence, **rest)


def describe(distribution: Distribution) -> str:
    """The distribution in numbers, for people."""
    low, high = distribution.bounds
    match distribution:
        case Constant(value=value):
            return f"{value:.4g} everywhere"
        case Uniform():
            around = f"mean {distribution.mean:.2f}, U[{low:.3g}, {high:.3g})"
            return around if low + high else f"U({low:.3g}, {high:.3g})"
        case Normal(centre=centre, std=std):
            return f"N({centre:.3g}, {abs(std):.3g}²)"
        case TruncatedNormal(centre=centre, std=std):
            return f"N({centre:.3g}, {std:.3g}²) cut at {low:.3g} and {high:.3g}"
        case HalfNormal(scale=scale):
            return f"mean {distribution.mean:.2g}, {scale:.3g}·|N(0, 1)|"
        case Orthogonal(gain=gain) | DeltaOrthogonal(gain=gain):
            return f"right angles, length {gain:.3g}"
        case Sparse(std=std):
            return f"{distribution.zeros / distribution.rows:.0%} zeros, else N(0, {std:.3g}²)"
    return f"ones on the diagonal times {high or low:.3g}"
