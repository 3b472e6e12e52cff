"""Initializers that would work: candidates for this activation and these fans, judged by their forecasts."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from math import isfinite, log10

from initscope.core.datasets.data import Dataset
from initscope.core.diagnosis.case import Case, weights_of
from initscope.core.diagnosis.findings import Remedy, short
from initscope.core.diagnosis.outlook import outlook
from initscope.core.errors import InputError
from initscope.core.gains import gain
from initscope.core.initialization.initializers import initializer
from initscope.core.rates import schedule
from initscope.core.spec import Spec, default_lr
from initscope.core.theory.forecast import Forecast

SIGMOID_GAIN = 4
"""1 / sigmoid'(0): keeps the size of what depends on the input, where Glorot & Bengio suppose a slope of 1."""
HALF = 2.0
"""Cost that counts for a tenth of the score."""
UNLIKELY, TROUBLE, TOO_NARROW = 5.0, 0.66, 1.5
"""Cost, trouble, and relative spread of z between seeds from where a candidate would not work.

Optimizers that divide by the size of the gradient bear the last."""
USUAL = 3.0
"""A learning rate within this factor of the usual one, or ten times above, is what candidates are judged with."""
EQUAL = 0.3
"""Difference of costs that means nothing: of equals, the one that is made for the activation comes first."""
AS_GOOD = 10 ** (-EQUAL / HALF)
"""The same as a share of the best's score."""
ORDER = f"best first; of those up to {1 - AS_GOOD:.0%} below the best, what is made for the activation"
"""What a ranking is ordered by, in words."""


@dataclass(frozen=True)
class Candidate:
    """One way to initialize the network at hand."""

    init: str
    bias_init: str
    words: str
    """What its forecast says."""
    score: float
    """From 0 to 1; 1 keeps signal and gradient as they are."""


def ranked(spec: Spec, dataset: Dataset) -> tuple[Candidate, ...]:
    """Initializers that would work for this activation, these fans and this depth, the best first; perhaps none."""
    usual = default_lr(spec.optimizer, spec.loss)
    lr = spec.lr if usual / USUAL <= spec.lr <= 10 * usual else usual
    return _ranked(replace(spec, name="", seed=0, lr=lr, schedule=schedule("constant")), dataset)


@lru_cache(maxsize=16)
def _ranked(spec: Spec, dataset: Dataset) -> tuple[Candidate, ...]:
    found, known = [], dict[tuple[float, ...], Case]()
    for order, text in enumerate(dict.fromkeys(_texts(spec))):
        trial = replace(spec, initializer=initializer(text), bias_initializer=initializer("zeros"))
        try:
            moments = (trial.initializer.here.name == "lsuv", *(d.variance for d in weights_of(trial)))
            case = known[moments] if moments in known else Case(trial, dataset)
        except InputError:
            continue
        known[moments] = case
        loss, ahead = cost(case.forecast), outlook(case)
        narrow = not ahead.adaptive and case.output.z_std_error > TOO_NARROW
        if loss < UNLIKELY and ahead.trouble < TROUBLE and not narrow:
            found.append((loss, order, Candidate(text, "zeros", _words(case.forecast), _score(loss))))
    best = min((loss for loss, _, _ in found), default=0.0)
    found.sort(key=lambda item: (max(0.0, item[0] - best - EQUAL), item[1]))
    return tuple(candidate for _, _, candidate in found)


def _score(loss: float) -> float:
    return round(10 ** (-loss / HALF), 3)


def _texts(spec: Spec) -> Iterator[str]:
    """Those that are made for the activation first: the order decides between equals."""
    try:
        own = f"{gain(spec.activation):.4g}"
    except InputError:
        own = "1"
    low, high = spec.activation.range
    if spec.architecture.blocks:
        yield "fixup"
    if spec.activation.name == "sigmoid":
        yield from ("xavier_normal", f"xavier_normal:gain={SIGMOID_GAIN}", f"orthogonal:gain={SIGMOID_GAIN}")
    elif isfinite(low) and isfinite(high):
        yield from ("xavier_normal", f"xavier_normal:gain={own}", f"orthogonal:gain={own}")
    elif spec.activation.name == "selu":
        yield "lecun_normal"
    yield from ("he_normal", f"orthogonal:gain={own}", f"lecun_normal:gain={own}", "xavier_uniform", "lecun_normal")
    yield "lsuv"


def cost(forecast: Forecast) -> float:
    """How much of signal and gradient is lost or blown up, in powers of ten; 0 for none."""
    layers = forecast.layers
    sizes = [layer.z_rms for layer in layers]
    if not all(isfinite(size) and size > 0 for size in sizes) or not layers[-1].gradient_rms > 0:
        return float("inf")
    share = layers[-1].z_std_over_inputs / max(sizes[-1], 1e-3)
    gradients = [layer.gradient_rms for layer in layers]
    flat = max((layer.saturated_low + layer.saturated_high for layer in layers[:-1]), default=0.0)
    total = max(0.0, -_log(share / 0.3))
    total += abs(_log(gradients[0] / gradients[-1])) / 2
    total += max(0.0, _log(sizes[-1] / 3)) + max(0.0, -_log(sizes[-1] / 0.1))
    return total + (flat if isfinite(flat) else 0.0)


def _log(value: float) -> float:
    return log10(value) if value > 1e-300 else -300.0


def _words(forecast: Forecast) -> str:
    first, last = forecast.layers[0], forecast.layers[-1]
    ratio = first.gradient_rms / last.gradient_rms if last.gradient_rms else float("nan")
    return (
        f"z at the output ± {short(last.z_rms)}, of which {short(last.z_std_over_inputs)} depends on the input; "
        f"gradient of layer 1 {short(ratio)} times that of the output"
    )


def initialization(case: Case) -> Remedy | None:
    """The best other initializer; None if none would work."""
    spec = case.spec
    now = (str(spec.initializer), str(spec.biases))
    for candidate in ranked(spec, case.dataset):
        if (candidate.init, candidate.bias_init) == now:
            continue
        changes = [("init", candidate.init)] if candidate.init != now[0] else []
        if candidate.bias_init != now[1]:
            changes.append(("bias-init", candidate.bias_init))
        biases = " with zero biases" if candidate.bias_init != now[1] else ""
        return Remedy(f"{candidate.init}{biases}: {candidate.words}", tuple(changes))
    return None
