"""How training will start, from the forecast alone: how far the steps reach, and how far beyond what is stable.

A step of gradient descent changes the weights of layer l by η·g_l·√n_l times what depends on the input in the
activations below, g_l being the gradient of its z and n_l its units. Beside the size of the weights, and over all
the steps of a run, that is how far the run can come at the pace of its first step; much less than the size of the
weights in every layer, and nothing happens. The curvature of the loss along the gradient says how large a step
may be: 2 / λ (LeCun, Bottou, Orr & Müller 1998, sections 5 and 7).
"""

from dataclasses import dataclass
from math import hypot, inf, isfinite, log10, pi, sqrt

import numpy as np

from initscope.core.diagnosis import scheduled
from initscope.core.diagnosis.case import Case
from initscope.core.theory.meanfield import maps

ADAPTIVE = ("adam", "adamw", "rmsprop", "adagrad")
"""Optimizers that divide by the size of the gradient."""
EPS = 1e-8
"""What they add to it: gradients far below it are not made up for."""
CURVATURE = {"quadratic": 1 / 16, "cross_entropy": 1 / 4}
"""Greatest second derivative of the loss by one output's z."""
FALLS = pi / 4
"""How the curvature of outputs z ~ N(0, s²) falls: 1 / √(1 + π s²/4) of the greatest on average, as E[σ'(d)] does for
the difference d of two of them (MacKay 1992, eq. 10, the probit approximation)."""
STEPS, FEWEST = 1000, 200
"""Of a run that is not to be trained, or for fewer than FEWEST steps, which get nowhere from anything."""
LEAST_WEIGHT = 0.1
"""Standard deviation of a weight times √fan_in that zero weights must come to before they count."""
FAR_ENOUGH, FAR_ENOUGH_ADAPTIVE = 9.0, 0.03
"""Reach from which a run gets somewhere. Adaptive steps keep their size, so the first ones say more."""
LONGEST = 3.0
"""Change of the weights by one step beside their size, from where what they were is lost."""
LARGE_Z, LARGE_GRADIENT, FARTHER = 100.0, 30.0, 0.3
"""Steps that keep their size bring down outputs or gradients that are larger than these, but must reach so much
farther for each power of ten."""
ALL_LAYERS = 100.0
"""Of adaptive steps, how many times slower the slowest layer may be."""
DEEP, FADED = 6, 0.2
"""In so many layers, a signal that is fainter than this beside the learning rate is drowned by adaptive steps on the
biases before it has grown."""
ALIKE, LONGER = 3e-3, 3.0
"""Where so little of the output's z depends on the input, a run must reach so many times as far."""
STABLE, STABLE_LATER, STABLE_ADAPTIVE = 4.0, 30.0, 2.5
"""How far beyond the stable learning rate a run still settles: curvature falls at first (Lewkowycz et al. 2020), more
so where activations are bounded or there is one hidden layer. For adaptive optimizers, the change of z in a step."""

HALFWAY = 0.5
"""Share of its steps after which a run should have begun to learn."""
SMALL = 2.0
"""Variance of a weight times fan_in up to which what is there is no hindrance: xavier's and he's."""
NEAR, SLOPE = 1e-3, 0.1
"""How near to 0 an activation's slopes are looked at, and what they should be at least beside the greatest."""
FARTHEST = 99.0
"""Powers of ten."""
ODDS = 3.0
"""To one, that a run fails, from where the forecast says that it will."""


@dataclass(frozen=True)
class Outlook:
    """What is to be expected of a run with its learning rate."""

    reach: float
    """Change of the weights over all the steps beside their size, in the layer where it is largest."""
    force: float
    """Learning rate beside the stable one; for adaptive optimizers the change of z by one step."""
    stable: float
    """The stable learning rate."""
    least: float
    """`reach` from which a run gets somewhere."""
    most: float
    """`force` up to which it settles."""
    stride: float
    """Change of the weights by the first step beside their size, in the layer where it is largest."""
    adaptive: bool
    """Whether the optimizer divides by the size of the gradient."""

    @property
    def lack(self) -> float:
        """Powers of ten by which it falls short; negative if it comes farther than it need."""
        return _log(self.least) - _log(self.reach)

    @property
    def slow(self) -> float:
        """Powers of ten by which it falls short; 0 if it does not."""
        return max(0.0, self.lack)

    @property
    def excess(self) -> float:
        """Powers of ten by which steps are larger than those that settle; negative if they are smaller."""
        if self.force != self.force:
            return inf
        beyond = _log(self.force) - _log(self.most)
        return beyond if self.adaptive else max(beyond, _log(self.stride) - _log(LONGEST))

    @property
    def wild(self) -> float:
        """Powers of ten by which it goes too far; 0 if it does not."""
        return max(0.0, self.excess)

    @property
    def trouble(self) -> float:
        return self.slow + self.wild

    @property
    def learns(self) -> float:
        """How sure it is that it learns, by these two alone: the odds are the factor by which it keeps within both.

        Of 852 freshly drawn networks as those of tests/benchmarks/labelled_design.py, with about -0.5, -0.15, 0.15,
        0.4, 0.75 and 1.5 powers of ten beyond a bound 75, 56, 41, 29, 7 and 1 % learned, and about a tenth halfway;
        this says 76, 59, 41, 28, 15 and 3 %.
        """
        return float(1 / (1 + 10.0 ** min(max(self.lack, self.excess), FARTHEST)))

    @property
    def fails(self) -> bool:
        """Whether it is clear that it does not."""
        return 1 - self.learns >= ODDS * self.learns


def _log(value: float) -> float:
    return log10(value) if value > 1e-99 else -99.0 if value == value else 99.0


def outlook(case: Case) -> Outlook:
    """The outlook of a run, by its forecast, optimizer, learning rate and number of steps."""
    spec = case.spec
    adaptive = spec.optimizer.name in ADAPTIVE
    bounded = spec.activation.saturates and all(map(isfinite, spec.activation.range))
    settles = case.normed or bounded or len(case.hidden) < 2
    momentum = float(dict(spec.optimizer.values).get("momentum", 0.0))
    stable = stable_lr(case, momentum)
    if adaptive:
        force, most = spec.lr * _widest(case), STABLE_ADAPTIVE
    else:
        force, most = spec.lr / stable if stable > 0 else inf, STABLE_LATER if settles else STABLE
    if adaptive:
        least = FAR_ENOUGH_ADAPTIVE + FARTHER * max(0.0, _log(grown(case)))
    else:
        least = FAR_ENOUGH * (LONGER if case.share < ALIKE else 1)
    each = strides(case, momentum, adaptive, LEAST_WEIGHT)
    steps = length(case)
    reached = steps * max(each)
    if adaptive:
        # Every weight moves by the learning rate, whatever it is good for: the least informed layer holds up the rest.
        reached = min(reached, ALL_LAYERS * steps * min((stride for stride in each if stride), default=0.0))
        if len(case.hidden) >= DEEP:
            reached *= min(1.0, case.output.z_std_over_inputs / (FADED * spec.lr) if spec.lr else 1.0) ** 2
        times = rebuilt(case)
        reached = max(reached, times * least) if times >= 1 else reached
    return Outlook(reached, force, stable, least, most, jump(case, momentum, adaptive), adaptive)


def length(case: Case) -> float:
    """Steps of the run with its full learning rate, as far as its schedule leaves them."""
    asked = case.spec.total_steps(case.dataset.n_train)
    return (asked if asked >= FEWEST else STEPS) * scheduled.left(case.spec, asked)


def rebuilt(case: Case) -> float:
    """How many times over adaptive steps bring weights from next to nothing to where they carry a signal, by halfway.

    Steps of the learning rate need 1 / (lr·√fan_in) of them for weights of 1/√fan_in, layer after layer, as a layer
    learns little before those around it do (Saxe, McClelland & Ganguli 2014). 0 where weights are not too small, and
    for activations without a slope on both sides of 0: what the first steps push to the wrong side stays there.
    """
    spec, shapes = case.spec, case.spec.architecture.layers
    small = all(one.variance * shape.fan_in <= SMALL for one, shape in zip(case.weights, shapes, strict=True))
    slopes = np.abs(maps(spec.activation).phi_and_slope(np.array([-NEAR, NEAR]))[1])
    if not small or slopes.min() < SLOPE * spec.activation.slope_max:
        return 0.0
    return HALFWAY * length(case) * spec.lr / sum(1 / sqrt(shape.fan_in) for shape in shapes)


def jump(case: Case, momentum: float, adaptive: bool) -> float:
    """Change of the weights by the first step, and what momentum makes of it, beside their size.

    In the layer where it is largest. Below a normalization a step that is too large makes the weights larger, and so
    the next ones smaller (Arora, Li & Lyu 2019): there the output layer alone counts.
    """
    each = strides(case, momentum, adaptive, 1.0)
    return each[-1] if case.normed else max(each)


def grown(case: Case) -> float:
    """How far beyond LARGE_Z the output is, or the gradient on its way down beyond LARGE_GRADIENT."""
    layers = case.forecast.layers
    gradient = layers[0].gradient_rms / layers[-1].gradient_rms if layers[-1].gradient_rms else 0.0
    return max(layers[-1].z_rms / LARGE_Z, gradient / LARGE_GRADIENT)


def strides(case: Case, momentum: float, adaptive: bool, least: float) -> list[float]:
    """Of every layer, the change of its weights in one step beside their size, as far as it depends on the input.

    That size is at least `least` / √fan_in.
    """
    lr, found = case.spec.lr / (1 - momentum), []
    for number, shape in enumerate(case.spec.architecture.layers):
        own, size = read_by(case, number)
        weight = max(sqrt(case.weights[number].variance), least / sqrt(shape.fan_in))
        gradient = steep(case, number)
        if adaptive:
            share = gradient * own / (gradient * size + EPS)
            found.append(case.spec.lr * share / (weight * sqrt(shape.fan_in)))
        else:
            found.append(lr * gradient * sqrt(shape.units) * own / weight)
    return [stride if stride == stride else inf for stride in found]


def steep(case: Case, number: int) -> float:
    """The gradient of a layer's z.

    Below a normalization small weights have a large one, which the first step mends by making them larger: it is taken
    for weights of variance 1/fan_in (van Laarhoven 2017).
    """
    gradient = case.forecast.layers[number].gradient_rms
    if not case.normed or number == len(case.hidden):
        return gradient
    fan_in = case.spec.architecture.layers[number].fan_in
    return gradient * min(1.0, sqrt(case.weights[number].variance * fan_in))


def read_by(case: Case, number: int) -> tuple[float, float]:
    """Of one of the numbers that a layer reads: what depends on the input, and root mean square."""
    if number == 0:
        return case.input_spread, case.input_size
    below = case.forecast.layers[number - 1]
    return below.std_over_inputs, hypot(below.activation_mean, below.activation_std)


def curvature(case: Case) -> float:
    """λ: about the greatest curvature of the loss along the gradient (Gauss-Newton), for outputs as large as they are.

    c·Σ_l (E|a_{l-1}|² + 1)·n_l g_l² / (n_L g_L²): how much a step on all weights moves the output's z, times the
    curvature c of the loss there.
    """
    layers, shapes = case.forecast.layers, case.spec.architecture.layers
    top = layers[-1].gradient_rms ** 2 * shapes[-1].units
    if not top:
        return 0.0
    total = 0.0
    for number, shape in enumerate(shapes):
        square = shape.fan_in * read_by(case, number)[1] ** 2 + 1
        total += square * float(np.float64(steep(case, number)) ** 2) * shape.units / top
    z = layers[-1].z_rms
    return CURVATURE[case.spec.loss.name] * total / (hypot(1, sqrt(FALLS) * z) if isfinite(z) else 1.0)


def stable_lr(case: Case, momentum: float) -> float:
    """The greatest learning rate at which gradient descent does not grow: 2 / λ; with momentum 2 (1 + μ) / λ."""
    found = curvature(case)
    return 2 * (1 + momentum) / found if found > 0 else inf


def _widest(case: Case) -> float:
    """Greatest change of a z, beside its size or 1, when all weights it reads change by 1."""
    layers, shapes = case.forecast.layers, case.spec.architecture.layers
    sizes = (max(1.0, layer.z_rms) for layer in layers)
    read = [shape.fan_in * read_by(case, number)[1] for number, shape in enumerate(shapes)]
    return max(change / size for change, size in zip(read, sizes, strict=True))
