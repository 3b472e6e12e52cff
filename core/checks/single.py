"""Findings about layers whose neighbours are not known: what can be said of each by itself, with its fans."""

from collections.abc import Sequence
from math import hypot, sqrt

from initscope.core.checks.findings import LARGE_TRAINED, MANY_ALIKE, SYMMETRY, Seen, finding, is_shifted
from initscope.core.diagnosis.findings import Finding, Remedy, short
from initscope.core.diagnosis.signal import FADED, LARGE_Z
from initscope.core.theory.layerstatistics import LayerStatistics

MOVED = 4.0
"""Size of z, for inputs of size 1, from where one common shift flattens most activations of a layer that squashes."""
MIDDLE, ACROSS = 0.5, 3**-0.5
"""Mean, and root mean square, of inputs that are uniform from 0 to 1."""
MATRICES = ("dense", "conv")


def of_unjudged(seen: Sequence[Seen], passed: LayerStatistics | None) -> Finding | None:
    """The first trouble of the layers of a file in which no signal is followed from one to the next.

    `passed` is what inputs do in a layer that is alone in its file, None if not known. Of many, only weights with a
    mean are accused: what else looks odd may be meant, or mended by a normalization.
    """
    matrices = [one for one in seen if one.layer.kind in MATRICES]
    if len(seen) == 1 and matrices:
        return _of_one(matrices[0], passed)
    moving = [one for one in matrices if _moves(one, _size(one))]
    return _shifted(moving, None) if moving else None


def of_first(one: Seen) -> Finding | None:
    """Of the first layer of a chain, whose inputs are not known: weights with a mean shift it if those have one.

    Inputs of mean 0 pass through it, so this is said where following N(0, 1) found nothing.
    """
    if one.layer.kind not in MATRICES or not _moves(one, _size(one)):
        return None
    mean, root = one.statistics.mean, sqrt(one.layer.fan_in)
    cause = (
        f"the weights of '{one.layer.name}' have mean {short(mean)}, which adds up over {_inputs(one)} unless these "
        f"have mean 0: by {short(MIDDLE * mean * root * root)} in every unit alike for values from 0 to 1 such as "
        f"pixels, where z differs by about {short(one.statistics.std * root * ACROSS)} between units"
    )
    return finding("shifted-preactivations", [one], cause, "LeCun, Bottou, Orr & Müller 1998, section 4.6", 0.7,
                   _remedy(one), weight_mean=mean, weight_std=one.statistics.std)  # fmt: skip


def _of_one(one: Seen, passed: LayerStatistics | None) -> Finding | None:
    """Of a layer alone. With a bias it may be a linear model, which may begin with zeros, or as small as one likes."""
    across, hidden = _size(one) if passed is None else passed.z_rms, one.layer.bias is None
    if hidden and one.units > 1 and one.copies >= MANY_ALIKE * one.units:
        return _alike(one)
    if _moves(one, across):
        return _shifted([one], passed)
    if across > (LARGE_TRAINED if one.trained else LARGE_Z):
        return _far_off(one, "exploding-activations", across)
    if hidden and not one.trained and across < FADED:
        return _far_off(one, "vanishing-activations", across)
    return None


def _size(one: Seen) -> float:
    """Root mean square of z for independent inputs of mean 0 and size 1."""
    return sqrt(one.layer.fan_in) * hypot(one.statistics.mean, one.statistics.std)


def _moves(one: Seen, across: float) -> bool:
    return not one.trained and is_shifted(one) and across > MOVED


def _remedy(one: Seen) -> Remedy:
    low, high = sqrt(1 / one.layer.fan_in), sqrt(2 / one.layer.fan_in)
    return Remedy(f"weights of mean 0 and standard deviation {short(low)} (tanh) to {short(high)} (relu)")


def _inputs(one: Seen) -> str:
    guess = ", if those are its longer axis" if one.layer.sure == "guess" else ""
    return f"{one.layer.fan_in} inputs{guess}"


def _alike(one: Seen) -> Finding:
    values, left = one.statistics, one.units - one.copies
    what = "all its weights are 0" if not values.std and not values.mean else "with the same weights to them"
    who = f"{one.copies} of the {one.units} units of '{one.layer.name}' are copies of others, {what}"
    cause = (
        f"{who}: in a hidden layer they compute the same and get the same gradient, unless the weights to the next "
        "layer, which are not in the file, tell them apart"
    )
    return finding("symmetric-units", [one], cause, SYMMETRY, 0.7, _remedy(one),
                   units=one.units, different_units=left, weight_std=values.std)  # fmt: skip


def _shifted(found: Sequence[Seen], passed: LayerStatistics | None) -> Finding:
    one, values = found[0], found[0].statistics
    root = sqrt(one.layer.fan_in)
    common, own = (abs(values.mean) * root, values.std * root) if passed is None else (passed.z_mean, passed.z_std)
    z = f"z moves by about ±{short(common)} in all units alike, and by {short(own)} in each"
    if passed is not None:
        z = f"z is {short(common)} ± {short(own)}, and its units move together"
    cause = f"the weights of '{one.layer.name}' have mean {short(values.mean)}, which adds up over {_inputs(one)}: {z}"
    return finding("shifted-preactivations", found, cause, "LeCun, Bottou, Orr & Müller 1998, section 4.6", 0.9,
                   _remedy(one), weight_mean=values.mean, weight_std=values.std)  # fmt: skip


def _far_off(one: Seen, code: str, across: float) -> Finding:
    word = "large" if across > 1 else "small"
    cause = (
        f"weights of standard deviation {short(one.statistics.std)} are far too {word} for {_inputs(one)}: inputs of "
        f"size 1 give z of size {short(across)}"
    )
    return finding(code, [one], cause, "He, Zhang, Ren & Sun 2015, section 2.2", 0.8, _remedy(one),
                   z=across, weight_std=one.statistics.std)  # fmt: skip
