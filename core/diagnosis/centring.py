"""Weights with a mean that an optimizer takes away by itself, before a run is over."""

from dataclasses import replace
from functools import lru_cache
from math import isfinite, sqrt

from initscope.core.activations import Activation
from initscope.core.diagnosis.case import Case, statistics
from initscope.core.diagnosis.outlook import EPS, length, read_by
from initscope.core.initialization.distributions import Normal
from initscope.core.initialization.initializers import fans
from initscope.core.theory.forecast import Draw, forecast
from initscope.core.theory.meanfield import maps

SAME_STEPS = ("adam", "adamw", "rmsprop")
"""Optimizers that move a weight by about the learning rate in every step, whatever the size of its gradient."""
ALIVE = 10.0
"""Times EPS: gradients of weights from where they are followed by steps of full length."""


def centred(case: Case) -> Case:
    """The run without the mean of its weights, if its optimizer takes that away in the steps there are; or else itself.

    The weights of a unit read activations of one sign, so they all get gradients of one sign, and Adam moves each by
    up to the learning rate in a step, however flat the unit is (Kingma & Ba 2015, section 2.1), unless its gradient is
    lost beside the 1e-8 that is added to it. That ends what E[W] did: see `steps_to_centre`. It needs activations with
    bounds: without them each layer's sums raise those of the next, and what is left to learn from is far off.
    """
    spec = case.spec
    bounded = all(map(isfinite, spec.activation.range))
    if spec.optimizer.name not in SAME_STEPS or not bounded or not case.hidden or not any(case.means):
        return case
    if not alive(case) or not steps_to_centre(case) <= length(case):
        return case
    shapes = [layer.weight_shape for layer in spec.architecture.layers]
    weights = tuple(Normal(0.0, sqrt(one.variance)) for one in case.weights)
    biases = (Normal(0.0, sqrt(spec.biases.distribution(*fans(shape)).variance)) for shape in shapes)
    draws = [Draw(one, bias) for one, bias in zip(weights, biases, strict=True)]
    inputs = statistics(case.dataset, spec.architecture.layers[0])
    given = forecast(spec.architecture.program, spec.activation, draws, inputs, spec.loss)
    return replace(case, given=given, drawn=weights)


def alive(case: Case) -> bool:
    """Whether the gradients of all weights are far above EPS."""
    gradients = (layer.gradient_rms * read_by(case, number)[1] for number, layer in enumerate(case.forecast.layers))
    return all(gradient > ALIVE * EPS for gradient in gradients)


def steps_to_centre(case: Case) -> float:
    """Steps of full length until no hidden layer's mean z = E[W]·Σa lies where its activation is flat.

    |E[W]| / lr would take the mean away altogether; of that, the part that z has beyond the border of what is flat.
    """
    spec, found = case.spec, 0.0
    border = flat_from(spec.activation)
    for mean, layer in zip(case.means, case.hidden, strict=False):
        beyond = max(0.0, 1 - border / abs(layer.z_mean)) if layer.z_mean else 0.0
        found = max(found, abs(mean) * beyond / spec.lr if spec.lr else float("inf"))
    return found


@lru_cache(maxsize=16)
def flat_from(kind: Activation) -> float:
    """The least |z| at which a unit counts as saturated; infinite if there is none."""
    borders = [abs(end) for first, last, _ in maps(kind).flats for end in (first, last) if isfinite(end)]
    return min(borders, default=float("inf"))
