"""Findings about saved weights: from their values, and from what signal and gradient do on their way through them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite, sqrt

from initscope.core.activations import Activation
from initscope.core.checks.statistics import Statistics
from initscope.core.diagnosis.findings import Blame, Finding, Remedy, evidence, layers_words, short
from initscope.core.diagnosis.gradient import GONE, HUGE
from initscope.core.diagnosis.signal import ALIKE, FADED, FEW_LAYERS, FLAT, LARGE_Z
from initscope.core.diagnosis.symmetry import MOST_DEAD
from initscope.core.gains import gain
from initscope.core.theory.layerstatistics import LayerStatistics
from initscope.core.weights.layers import LayerWeights

LARGE_TRAINED = 1e4
"""Size of an output's z that is out of all proportion after training, when it may be sure of itself."""
MANY_ALIKE = 0.25
"""Share of units that are copies, from where a layer is much smaller than it looks."""
SPREAD = 0.5
"""Share of numbers that are none in the layers that have some, once training has spread them."""
SYMMETRY = "Goodfellow, Bengio & Courville, Deep Learning (2016), section 8.4"
SHIFTED = 2.0
"""|mean|·sqrt(fan_in) over the standard deviation, from where the mean of weights rules z."""
FAMILIES = (
    ("shifted-preactivations", "exploding-activations", "saturated"),
    ("vanishing-activations", "indistinguishable-inputs", "vanishing-gradients"),
)
"""Codes that are the same trouble under different activations."""


@dataclass(frozen=True, eq=False)
class Seen:
    """What the rules look at of one layer; `number` counts the layers of the file from 1."""

    number: int
    layer: LayerWeights
    statistics: Statistics
    units: int
    trained: bool
    copies: int
    """Units with the same weights to them as another one; none where that was not looked at, or weights are 0."""
    symmetric: int
    """Units that are a copy of another in their weights from them as well, so that nothing ever tells them apart."""
    numbers: int
    """Of weights and biases together."""
    non_finite: int
    """Of those."""


def of_values(seen: Sequence[Seen], hidden: Sequence[Seen]) -> Iterator[Finding]:
    """What needs no activation: broken numbers, and units that are and stay the same; `hidden` layers of a chain."""
    broken = [one for one in seen if one.non_finite]
    if broken:
        yield _non_finite(broken)
    alike = [one for one in hidden if one.units > 1 and one.symmetric >= MANY_ALIKE * one.units]
    if alike:
        first, value, left = alike[0], alike[0].statistics, alike[0].units - alike[0].symmetric
        what = "zero" if not value.std and not value.mean else f"N({short(value.mean)}, {short(value.std)}²)"
        who = f"{f'{first.symmetric} of ' if left > 1 else ''}the {first.units} units of '{first.layer.name}' have"
        yield Finding(
            "symmetric-units", _numbers(alike), evidence(units=first.units, different_units=left, weight_std=value.std),
            f"{who} the same weights ({what}) to and from them{' as another one' if left > 1 else ''}, so they "
            "compute the same, get the same gradient and stay one unit for ever", Blame.INITIALIZATION, None,
            SYMMETRY, 0.97,
        )  # fmt: skip


def _non_finite(broken: Sequence[Seen]) -> Finding:
    """Numbers that are none. What made them is not in the file: only how many there are speaks for one or the other."""
    count, first = sum(one.non_finite for one in broken), broken[0]
    words = f"{first.non_finite:,} of the {first.numbers:,} weights and biases of '{first.layer.name}'"
    words += f" are infinite or not a number{f', {count:,} in all' if len(broken) > 1 else ''}"
    if count >= SPREAD * sum(one.numbers for one in broken):
        blame, sure = Blame.LEARNING_RATE, 0.5
        why = (
            "training has diverged, but the file does not tell why: most often the learning rate was too high, else "
            "the initialization too large, or an input or label broken"
        )
    else:
        blame, sure = Blame.NONE, 0.5
        why = (
            "so few are hardly the work of training, which spreads them to nearly all weights; the file does not tell "
            "what made them: a division by zero or an overflow (float16) when it was made, or damage"
        )
    return Finding(
        "non-finite", _numbers(broken), evidence(values=count, layers=len(broken)), f"{words}: {why}", blame, None,
        "IEEE 754", sure,
    )  # fmt: skip


def of_passing(seen: Sequence[Seen], passed: Sequence[LayerStatistics], data: bool) -> Finding | None:
    """The first trouble that signal or gradient run into in a chain, `seen` from the first layer to the output.

    `data` tells whether the inputs were real: of trained weights, inputs drawn from N(0, 1) prove little.
    """
    if len(passed) < 2:
        return None
    fresh = not all(one.trained for one in seen)
    rules = (_shifted, _exploding, _saturated, _vanishing, _indistinguishable, _dead, _lost, _gradient_exploding)
    for rule in rules:
        found = rule(seen, passed)
        if found and (fresh or data or rule in (_exploding, _indistinguishable)):
            return found
    return None


def agreed(found: Sequence[Finding | None]) -> Finding | None:
    """The first finding, if there is one of the same family under every activation that was tried."""
    families = [_family(one.code) if one else "" for one in found]
    return found[0] if families[0] and len(set(families)) == 1 else None


def _family(code: str) -> str:
    return next((family[0] for family in FAMILIES if code in family), code)


def needed_gain(first: bool, activation: Activation) -> float:
    """std·sqrt(fan_in) that keeps the size of z: 1 for inputs of size 1, the activation's gain above (He et al. 2015).

    Raises InputError where the activation has none.
    """
    return 1.0 if first else gain(activation)


def _numbers(seen: Sequence[Seen]) -> tuple[int, ...]:
    return tuple(one.number for one in seen)


def finding(
    code: str, seen: Sequence[Seen], cause: str, reference: str, sure: float, remedy: Remedy | None = None,
    **numbers: float,
) -> Finding:  # fmt: skip
    """A finding about these layers, for which nothing is to blame that is known if all of them were trained."""
    blame = Blame.INITIALIZATION if not all(one.trained for one in seen) else Blame.NONE
    return Finding(code, _numbers(seen), evidence(**numbers), cause, blame, remedy, reference, sure)


def _flat(layer: LayerStatistics) -> float:
    return layer.saturated if isfinite(layer.saturated) else 0.0


def _shifted(seen: Sequence[Seen], passed: Sequence[LayerStatistics]) -> Finding | None:
    """Weights with a mean shift all units of a layer alike."""
    shifted = [one for one in seen if not one.trained and is_shifted(one)]
    flat = max((_flat(layer) for layer in passed[:-1]), default=0.0)
    if not shifted or not (flat > FLAT or not passed[-1].z_rms <= LARGE_Z):
        return None
    first, values = shifted[0], shifted[0].statistics
    layer = passed[list(seen).index(first)]
    end = f"{flat:.0%} of a layer is flat" if flat > FLAT else "all units of a layer move together"
    cause = (
        f"the weights of '{first.layer.name}' have mean {short(values.mean)}, which adds up over {first.layer.fan_in} "
        f"inputs: z is {short(layer.z_mean)} ± {short(layer.z_std)}, and {end}"
    )
    return finding("shifted-preactivations", shifted, cause, "LeCun, Bottou, Orr & Müller 1998, section 4.6", 0.95,
                   weight_mean=values.mean, z_mean=layer.z_mean, z_std=layer.z_std, saturated=flat)  # fmt: skip


def is_shifted(one: Seen) -> bool:
    """Whether the mean of the weights, and not their spread, decides what comes out."""
    values = one.statistics
    chance = 5 * values.std / sqrt(values.size)
    return abs(values.mean) > chance and abs(values.mean) * sqrt(one.layer.fan_in) > SHIFTED * values.std


def _exploding(seen: Sequence[Seen], passed: Sequence[LayerStatistics]) -> Finding | None:
    """z grows without bound."""
    top = passed[-1].z_rms
    most = LARGE_Z if not all(one.trained for one in seen) else LARGE_TRAINED
    if top <= most:
        return None
    large = [one for one, layer in zip(seen, passed, strict=True) if not layer.z_rms <= most]
    one = large[0]
    cause = (
        f"z grows to {short(top)} at the output: '{one.layer.name}' has weights of standard deviation "
        f"{short(one.statistics.std)} for {one.layer.fan_in} inputs"
    )
    return finding("exploding-activations", large, cause, "He, Zhang, Ren & Sun 2015, section 2.2", 0.9,
                   z_of_output=top, z_of_layer_1=passed[0].z_rms, weight_std=one.statistics.std)  # fmt: skip


def _saturated(seen: Sequence[Seen], passed: Sequence[LayerStatistics]) -> Finding | None:
    """Several layers on the flat ends of their activation."""
    flat = [(one, layer) for one, layer in zip(seen, passed, strict=True) if _flat(layer) > FLAT]
    if len(flat) <= FEW_LAYERS:
        return None
    one, layer = flat[0]
    cause = (
        f"weights of standard deviation {short(one.statistics.std)} for {one.layer.fan_in} inputs spread z of "
        f"'{one.layer.name}' by {short(layer.z_std)}, so {_flat(layer):.0%} of its activations are flat, and so on in "
        f"{len(flat)} layers"
    )
    return finding("saturated", [one for one, _ in flat], cause, "Glorot & Bengio 2010, section 3", 0.8,
                   saturated=_flat(layer), z_std=layer.z_std, layers=len(flat))  # fmt: skip


def _vanishing(seen: Sequence[Seen], passed: Sequence[LayerStatistics]) -> Finding | None:
    """What depends on the input fades with z itself."""
    first, top = passed[0], passed[-1]
    if not top.z_std_over_inputs < FADED or top.z_std_over_inputs < ALIKE * top.z_rms:
        return None
    cause = (
        f"what depends on the input shrinks from {short(first.z_std_over_inputs)} in layer 1 to "
        f"{short(top.z_std_over_inputs)} at the output: '{seen[-1].layer.name}' has weights of standard deviation "
        f"{short(seen[-1].statistics.std)} for {seen[-1].layer.fan_in} inputs"
    )
    return finding("vanishing-activations", seen[1:], cause, "He, Zhang, Ren & Sun 2015, section 2.2", 0.9,
                   spread_of_layer_1=first.z_std_over_inputs, spread_of_output=top.z_std_over_inputs)  # fmt: skip


def _indistinguishable(seen: Sequence[Seen], passed: Sequence[LayerStatistics]) -> Finding | None:
    """Activations keep their size, but are the same for every input."""
    top = passed[-1]
    if len(passed) < 3 or not top.z_std_over_inputs < ALIKE * top.z_rms:
        return None
    lost = [one for one, layer in zip(seen, passed, strict=True) if layer.z_std_over_inputs < 10 * ALIKE * layer.z_rms]
    cause = (
        f"of the output's z of {short(top.z_rms)}, only {short(top.z_std_over_inputs)} depends on the input: "
        f"the correlation of two inputs is {top.correlation:.6f} there"
    )
    return finding("indistinguishable-inputs", lost, cause, "Poole et al. 2016; Schoenholz et al. 2017", 0.85,
                   correlation_at_output=top.correlation,
                   share_that_depends_on_input=top.z_std_over_inputs / top.z_rms)  # fmt: skip


def _dead(seen: Sequence[Seen], passed: Sequence[LayerStatistics]) -> Finding | None:
    """Units that are off for every input."""
    dead = [(one, layer) for one, layer in zip(seen, passed, strict=True) if layer.dead_units > MOST_DEAD]
    if not dead:
        return None
    one, layer = dead[0]
    cause = (
        f"{layer.dead_units:.0%} of the units of '{one.layer.name}' are off for every input (z is "
        f"{short(layer.z_mean)} ± {short(layer.z_std)}): no gradient passes them, so they stay off"
    )
    return finding("dead-units", [one for one, _ in dead], cause, "Lu, Shin, Su & Karniadakis 2020", 0.9,
                   dead_units=layer.dead_units, z_mean=layer.z_mean, z_std=layer.z_std)  # fmt: skip


def _lost(seen: Sequence[Seen], passed: Sequence[LayerStatistics]) -> Finding | None:
    """Hardly any gradient reaches the lowest layer."""
    largest = max(layer.gradient_rms for layer in passed)
    share = passed[0].gradient_rms / largest if largest and isfinite(largest) else 1.0
    if len(passed) < 3 or not share < GONE:
        return None
    weak = [one for one, layer in zip(seen, passed, strict=True) if layer.gradient_rms < 10 * GONE * largest]
    cause = (
        f"layer 1 gets {short(share)} of the largest gradient: {layers_words(_numbers(weak))} hardly move with one "
        "learning rate for all"
    )
    return finding("vanishing-gradients", weak, cause, "Glorot & Bengio 2010, section 4.2", 0.8,
                   gradient_of_layer_1=share, factor_per_layer=share ** (1 / (len(passed) - 1)))  # fmt: skip


def _gradient_exploding(seen: Sequence[Seen], passed: Sequence[LayerStatistics]) -> Finding | None:
    """The gradient grows on its way down."""
    top, low = passed[-1].gradient_rms, passed[0].gradient_rms
    if len(passed) < 3 or not top or low <= HUGE * top:
        return None
    cause = f"layer 1 gets {short(low / top)} times the gradient of the output: no learning rate suits both"
    large = [one for one, layer in zip(seen, passed, strict=True) if not layer.gradient_rms <= HUGE * top / 10]
    return finding("exploding-gradients", large, cause, "Schoenholz et al. 2017, section 4", 0.8,
                   gradient_of_layer_1=low / top)  # fmt: skip
