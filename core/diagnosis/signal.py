"""Rules on the signal: what the forecast says of pre-activations and activations, layer by layer."""

from math import exp, hypot, isfinite, log

from initscope.core.diagnosis.case import Case
from initscope.core.diagnosis.findings import Blame, Finding, evidence, short
from initscope.core.diagnosis.outlook import ADAPTIVE, length, outlook, read_by
from initscope.core.plural import plural
from initscope.core.theory.forecast import LayerForecast

FLAT = 0.5
"""Share of saturated activations from which a layer passes too little gradient on."""
ALL_FLAT = 0.8
"""Share of saturated activations in each of two layers from which no learning rate leads out."""
FEW_LAYERS = 2
"""Saturated layers that training still overcomes if their weights have mean 0: randn on MNIST is 62 % saturated, and
learns to 94 %."""
SAME = 0.5
"""What depends on the input in activations beside their size, from where they tell inputs apart."""
LARGE_Z, LARGE_SHIFT = 100.0, 500.0
"""Size of an output's z from where its loss and the first steps are out of all proportion."""
FLAT_OUTPUT = 8.0
"""Size from where all sigmoid outputs, shifted to one side, pass a quadratic loss's gradient on no more."""
HALF = 0.6745
"""Standard deviations within which half of a normal lies."""
FADED = 3e-4
"""Of what depends on the input, in the output's z: below, only the output's biases learn for a long time."""
ALIKE = 2e-3
"""Spread over inputs beside the size of z from where inputs are one to what follows."""


def shifted(case: Case) -> Finding | None:
    """Weights with a mean: z = E[W]·Σa ± ..., the same for every unit, drives units to one side or grows."""
    layers = tuple(n for n, mean in enumerate(case.means, 1) if mean)
    if not layers or not case.hidden or case.spec.units_alike or case.normed:
        return None
    flat = max(_flat(layer) for layer in case.hidden)
    number = next(n for n, layer in enumerate(case.hidden, 1) if _flat(layer) == flat)
    worst = case.hidden[number - 1]
    grown = case.output.z_rms / max(case.hidden[0].z_rms, 1e-300)
    ahead = outlook(case)
    higher = any(_flat(layer) > FLAT for layer in case.hidden[1:])
    stuck = flat > FLAT and _alike(worst) and (ahead.slow > 0 or higher)
    if not (stuck or _out_of_reach(case) or (case.output.z_rms > LARGE_SHIFT and ahead.fails)):
        return None
    if not stuck:
        worst, number = case.output, len(case.forecast.layers)
    mean, fan_in = case.means[number - 1], case.spec.architecture.layers[number - 1].fan_in
    start = (
        f"the weights have mean {short(mean)}, which adds up over {plural(fan_in, 'input')}: z of layer {number} "
        f"should be {short(worst.z_mean)} ± {short(worst.z_std)}, "
    )
    if stuck:
        end = f"where {flat:.0%} of its activations are flat, so it gives nearly the same answer to every input"
    else:
        end = f"{short(grown)} times that of layer 1, and all units of a layer move together"
    found = evidence(weight_mean=mean, z_mean=worst.z_mean, z_std=worst.z_std, saturated=flat,
                     correlation_of_inputs=case.output.correlation,
                     gradient_layer_1=case.forecast.layers[0].gradient_rms)  # fmt: skip
    return Finding("shifted-preactivations", layers, found, start + end, Blame.INITIALIZATION, None,
                   "LeCun, Bottou, Orr & Müller 1998, section 4.6; Glorot & Bengio 2010", 0.97)  # fmt: skip


def exploding(case: Case) -> Finding | None:
    """z grows from layer to layer, with nothing to bound it."""
    if case.normed or not case.hidden:
        return None
    layers = case.forecast.layers
    top = case.output.z_rms
    if isfinite(top) and top <= LARGE_Z:
        return None
    large = tuple(n for n, layer in enumerate(layers, 1) if not layer.z_rms <= LARGE_Z)
    gain = (top / layers[0].z_rms) ** (1 / max(1, len(layers) - 1)) if layers[0].z_rms and isfinite(top) else 0.0
    std, inputs = case.weights[0].variance ** 0.5, plural(case.spec.architecture.layers[0].fan_in, "input")
    cause = (
        f"weights with a standard deviation of {short(std)} for {inputs} make "
        f"z grow to {short(top)} at the output" + (f", {short(gain)} times in each layer" if gain else "")
    )
    found = evidence(z_of_output=top, z_of_layer_1=layers[0].z_rms, growth_per_layer=gain, weight_std=std)
    return Finding("exploding-activations", large, found, cause, Blame.INITIALIZATION, None,
                   "He, Zhang, Ren & Sun 2015, section 2.2", 0.9)  # fmt: skip


def flat(case: Case) -> Finding | None:
    """Two layers or more that are flat nearly everywhere: no gradient comes through that would lead out of it."""
    shares = [_number(layer.saturated_low) + _number(layer.saturated_high) for layer in case.hidden]
    return None if case.normed or sum(share > ALL_FLAT for share in shares) < 2 else saturated(case, least=2)


def flat_output(case: Case) -> Finding | None:
    """Sigmoid outputs so far out that a quadratic loss cannot bring them back in the steps there are."""
    if not _out_of_reach(case):
        return None
    z, fan_in = case.output.z_rms, case.spec.architecture.layers[-1].fan_in
    std = case.weights[-1].variance ** 0.5
    cause = (
        f"weights with a standard deviation of {short(std)} for {plural(fan_in, 'input')} spread z of the output by "
        f"{short(z)}, where sigmoid outputs are flat: their slope there, by which a quadratic loss's gradient is "
        f"multiplied, is {short(exp(-z))}, too little for all steps to bring a wrong one back"
    )
    found = evidence(z_of_output=z, weight_std=std, slope=exp(-z))
    return Finding("saturated", (), found, cause, Blame.INITIALIZATION, None,
                   "Nielsen, Neural Networks and Deep Learning (2015), chapter 3", 0.9)  # fmt: skip


def saturated(case: Case, least: int = FEW_LAYERS + 1) -> Finding | None:
    """Several layers on the flat ends of their activation; one or two alone learn their way out."""
    layers = enumerate(case.hidden, 1)
    many = tuple(n for n, layer in layers if _saturated(layer.saturated_low, layer.saturated_high))
    if case.normed or len(many) < least:
        return None
    first = case.hidden[many[0] - 1]
    share = _number(first.saturated_low) + _number(first.saturated_high)
    std, fan_in = case.weights[many[0] - 1].variance ** 0.5, case.spec.architecture.layers[many[0] - 1].fan_in
    cause = (
        f"weights with a standard deviation of {short(std)} for {plural(fan_in, 'input')} spread z by "
        f"{short(first.z_std)}, so {share:.0%} of the activations of layer {many[0]} are flat, and so on in "
        f"{plural(len(many), 'layer')}"
    )
    found = evidence(saturated=share, z_std=first.z_std, weight_std=std, layers=len(many))
    return Finding("saturated", many, found, cause, Blame.INITIALIZATION, None,
                   "Glorot & Bengio 2010, section 3", 0.8)  # fmt: skip


def vanishing(case: Case) -> Finding | None:
    """What depends on the input fades with z itself."""
    if case.normed or not case.hidden:
        return None
    first, top = case.hidden[0], case.output
    if not top.z_std_over_inputs < FADED or top.z_std_over_inputs < ALIKE * top.z_rms:
        return None
    steps = max(1, len(case.hidden))
    factor = (top.z_std_over_inputs / first.z_std_over_inputs) ** (1 / steps) if first.z_std_over_inputs else 0.0
    std, fan_in = case.weights[-2].variance ** 0.5, case.spec.architecture.layers[-2].fan_in
    cause = (
        f"weights with a standard deviation of {short(std)} for {plural(fan_in, 'input')} shrink what depends on the "
        f"input to {short(factor)} of it in each layer: {short(first.z_std_over_inputs)} in layer 1, "
        f"{short(top.z_std_over_inputs)} at the output"
    )
    found = evidence(spread_of_layer_1=first.z_std_over_inputs, spread_of_output=top.z_std_over_inputs,
                     factor_per_layer=factor, weight_std=std,
                     gradient_layer_1=case.forecast.layers[0].gradient_rms)  # fmt: skip
    return Finding("vanishing-activations", tuple(range(2, len(case.forecast.layers) + 1)), found, cause,
                   Blame.INITIALIZATION, None, "He, Zhang, Ren & Sun 2015, section 2.2", 0.9)  # fmt: skip


def indistinguishable(case: Case) -> Finding | None:
    """Activations keep their size, but all of it is the same for every input."""
    if case.normed or len(case.hidden) < FEW_LAYERS:
        return None
    top = case.output
    share = top.z_std_over_inputs / top.z_rms if top.z_rms else 1.0
    if not share < ALIKE:
        return None
    from_layer = next(
        n for n, layer in enumerate(case.forecast.layers, 1) if layer.z_std_over_inputs < 10 * ALIKE * layer.z_rms
    )
    cause = (
        f"the correlation of two inputs goes from {case.forecast.input_correlation:.3f} to {top.correlation:.6f} at "
        f"the output: of its z of {short(top.z_rms)}, only {short(top.z_std_over_inputs)} depends on the input"
    )
    found = evidence(correlation_of_inputs=case.forecast.input_correlation, correlation_at_output=top.correlation,
                     share_that_depends_on_input=share, chi=case.forecast.chi)  # fmt: skip
    layers = tuple(range(from_layer, len(case.forecast.layers) + 1))
    return Finding("indistinguishable-inputs", layers, found, cause, Blame.INITIALIZATION, None,
                   "Poole et al. 2016, section 2; Schoenholz et al. 2017, section 3", 0.85)  # fmt: skip


def _number(value: float) -> float:
    return value if isfinite(value) else 0.0


def _flat(layer: LayerForecast) -> float:
    """Share of saturated activations; 0 where that means nothing."""
    return _number(layer.saturated_low) + _number(layer.saturated_high)


def _alike(layer: LayerForecast) -> bool:
    """Whether a layer's activations hardly depend on the input: on both of their flat ends they tell inputs apart."""
    return layer.std_over_inputs < SAME * hypot(layer.activation_mean, layer.activation_std)


def _out_of_reach(case: Case) -> bool:
    """Whether a quadratic loss cannot bring wrong sigmoid outputs back in the steps there are.

    An output that is wrong at z moves by dz/dt = η·σ'(z)·(|a|² + 1), η being the learning rate and a what it reads;
    with σ'(z) about exp(-z) that takes exp(z) / (η·(|a|² + 1)) steps (Nielsen 2015, chapter 3: learning slowdown).
    """
    spec, z = case.spec, case.output.z_rms
    if spec.loss.name != "quadratic" or spec.optimizer.name in ADAPTIVE or case.normed or not case.hidden:
        return False
    momentum = float(dict(spec.optimizer.values).get("momentum", 0.0))
    square = spec.architecture.layers[-1].fan_in * read_by(case, len(case.hidden))[1] ** 2 + 1
    way = spec.lr / (1 - momentum) * length(case) * square
    median = abs(case.output.z_mean) + HALF * case.output.z_std
    return z > FLAT_OUTPUT and (not isfinite(way) or median > log(max(way, 1.0)))


def _saturated(low: float, high: float) -> bool:
    return low + high > FLAT


def fallback(case: Case) -> Finding | None:
    """Where no single number stands out: what the best initializer would do better."""
    if not case.hidden:
        return None
    first, top = case.hidden[0], case.output
    ratio = case.forecast.layers[0].gradient_rms / top.gradient_rms if top.gradient_rms else 0.0
    code = "exploding-gradients" if ratio > 1 else "vanishing-gradients"
    cause = (
        f"z spreads over the inputs by {short(first.z_std_over_inputs)} in layer 1 and {short(top.z_std_over_inputs)} "
        f"at the output, and layer 1 gets {short(ratio)} times the gradient of the output"
    )
    found = evidence(spread_of_layer_1=first.z_std_over_inputs, spread_of_output=top.z_std_over_inputs,
                     gradient_ratio=ratio)  # fmt: skip
    return Finding(code, (1,), found, cause, Blame.INITIALIZATION, None, "Glorot & Bengio 2010, section 4.2", 0.6)
