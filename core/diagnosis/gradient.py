"""Rules on the gradient's way down, where the signal's way up gave no reason to complain."""

from math import isfinite

from initscope.core.diagnosis.case import Case
from initscope.core.diagnosis.findings import Blame, Finding, evidence, short

GONE, HUGE = 1e-4, 1e4
"""Gradient of layer 1 beside the largest, and beside that of the output."""


def vanishing(case: Case) -> Finding | None:
    """Hardly any gradient reaches the lowest layer."""
    layers = case.forecast.layers
    largest = max(layer.gradient_rms for layer in layers)
    share = layers[0].gradient_rms / largest if largest else 1.0
    if case.normed or len(layers) < 3 or not share < GONE:
        return None
    factor = share ** (1 / (len(layers) - 1))
    weak = tuple(n for n, layer in enumerate(layers, 1) if layer.gradient_rms < 10 * GONE * largest)
    cause = (
        f"each layer passes {short(factor)} of its gradient down, so layer 1 gets {short(share)} of the largest: with "
        "one learning rate for all layers it hardly moves"
    )
    found = evidence(gradient_layer_1=layers[0].gradient_rms, gradient_largest=largest, factor_per_layer=factor)
    return Finding("vanishing-gradients", weak, found, cause, Blame.INITIALIZATION, None,
                   "Hochreiter 1991; Glorot & Bengio 2010, section 4.2", 0.8)  # fmt: skip


def exploding(case: Case) -> Finding | None:
    """The gradient grows on its way down."""
    layers = case.forecast.layers
    top, low = layers[-1].gradient_rms, layers[0].gradient_rms
    if case.normed or len(layers) < 3 or not top or (isfinite(low) and low <= HUGE * top):
        return None
    factor = (low / top) ** (1 / (len(layers) - 1)) if isfinite(low) else float("inf")
    large = tuple(n for n, layer in enumerate(layers, 1) if not layer.gradient_rms <= HUGE * top / 10)
    cause = (
        f"each layer hands {short(factor)} times its gradient down, so layer 1 gets {short(low / top)} times that of "
        "the output: no learning rate suits both"
    )
    found = evidence(gradient_layer_1=low, gradient_output=top, factor_per_layer=factor)
    return Finding("exploding-gradients", large, found, cause, Blame.INITIALIZATION, None,
                   "Bengio, Simard & Frasconi 1994; Schoenholz et al. 2017, section 4", 0.8)  # fmt: skip
