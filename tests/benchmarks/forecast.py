"""The forecast against measurement: every initializer with four activations, ten hidden layers, twenty seeds.

    python tests/benchmarks/forecast.py [--width 256] [--seeds 20] [--data mnist] [--only NAME] [--speed]

The network is plain NumPy, in float64, on a batch of standardized MNIST or of normal inputs; what is handed back
from the outputs are random signs, which no saturated output makes vanish, or a loss's gradient for random labels.
What is compared, for every hidden layer: the std of z, the saturated shares, and the backward gain. They hold if they
lie within 5 % of the mean over seeds (shares: or 0.005), or within three standard errors of it, which is all that so
many seeds can tell. What the forecast itself calls uncertain is listed apart.
"""

import argparse
import sys
from dataclasses import dataclass
from itertools import pairwise
from time import perf_counter, process_time

import numpy as np
from numpy.typing import NDArray

from initscope.core.activations import Activation, activation
from initscope.core.initialization.initializers import CATALOGUE, initializer
from initscope.core.losses import loss
from initscope.core.probes import SATURATED_SLOPE
from initscope.core.shapes import DenseShape
from initscope.core.theory.forecast import Draw, Forecast, forecast
from initscope.core.theory.inputstatistics import InputStatistics

Floats = NDArray[np.float64]

ACTIVATIONS = ("sigmoid", "tanh", "relu", "gelu")
DEPTH, CLASSES, BATCH = 10, 10, 256
RELATIVE, SHARE, ERRORS = 0.05, 0.005, 3.0
"""Allowed: relative difference, difference of shares, standard errors of the measurement."""
NOTHING = 1e-12
"""Gains below this are rounding errors or sums that cancel: nothing arrives."""
QUANTITIES = ("z_std", "saturated_low", "saturated_high", "backward_gain")
SCHEMES = ("lsuv", "fixup")
"""Fitted to a whole network after the draw."""


@dataclass(frozen=True)
class Case:
    """One initializer with one activation."""

    init: str
    activation: str
    width: int = 256
    biases: str = "zeros"
    loss: str = ""
    """Empty for random signs at the outputs."""

    @property
    def shapes(self) -> list[DenseShape]:
        sizes = [self.width] * (DEPTH + 1) + [CLASSES]
        return [DenseShape(f"dense{i}", n, m) for i, (n, m) in enumerate(pairwise(sizes), 1)]

    def expected(self, x: Floats) -> Forecast:
        """The forecast for a batch x (inputs, width)."""
        rule, biases = initializer(self.init), initializer(self.biases)
        draws = [
            Draw(rule.of(shape.weight_shape), biases.distribution(shape.fan_in, shape.fan_out)) for shape in self.shapes
        ]
        cost = loss(self.loss) if self.loss else None
        return forecast(self.shapes, activation(self.activation), draws, InputStatistics.of(x), cost)

    def measured(self, x: Floats, seed: int) -> Floats:
        """Of one seed, (hidden layers, quantities)."""
        rng = np.random.default_rng([seed, 5])
        rule, biases, phi = initializer(self.init), initializer(self.biases), activation(self.activation)
        weights, a, slopes, found = [], x.T, [], np.full((DEPTH, len(QUANTITIES)), np.nan)
        for place, shape in enumerate(self.shapes):
            weights.append(rule.sample(rng, shape.weight_shape, shape.fan_in, shape.fan_out))
            b = biases.sample(rng, (shape.fan_out,), shape.fan_in, shape.fan_out)
            z = weights[-1] @ a + b[:, None]
            if place < DEPTH:
                found[place, 0] = z.std()
                a, slope = _apply(phi, z)
                slopes.append(slope)
                if phi.saturates:
                    flat = np.abs(slope) < SATURATED_SLOPE * phi.slope_max
                    low = a <= 0.5 if phi.name == "sigmoid" else z < 0
                    found[place, 1:3] = (flat & low).mean(), (flat & ~low).mean()
        delta = np.sign(rng.standard_normal(z.shape))
        if self.loss:
            y = np.eye(CLASSES)[rng.integers(0, CLASSES, len(x))].T
            loss(self.loss).value_and_delta(z[None].copy(), y, delta[None], np.empty((1, *z.shape)))
        higher = np.square(delta).mean()
        for place in range(DEPTH - 1, -1, -1):
            delta = (weights[place + 1].T @ delta) * slopes[place]
            square = np.square(delta).mean()
            found[place, 3] = square / higher if higher > 0 else np.nan
            higher = square
        return found


def _apply(phi: Activation, z: Floats) -> tuple[Floats, Floats]:
    a = np.empty((1, *z.shape))
    phi.forward(z[None].copy(), a)
    return a[0], phi.slope(z[None], a)[0]


@dataclass(frozen=True)
class Difference:
    """One number of one layer."""

    case: Case
    layer: int
    quantity: str
    expected: float
    measured: float
    error: float
    """Standard error of the measured mean."""
    uncertain: str

    @property
    def relative(self) -> float:
        return abs(self.expected - self.measured) / max(abs(self.measured), 1e-300)

    @property
    def strict(self) -> bool:
        """Within 5 % of the measurement."""
        off = abs(self.expected - self.measured)
        if not np.isfinite(self.measured) and not np.isfinite(self.expected):
            return True
        if self.quantity.startswith("saturated") and off <= SHARE:
            return True
        if self.quantity == "z_std" and max(self.expected, self.measured) < NOTHING:
            return True
        if self.quantity == "backward_gain" and (
            not np.isfinite(self.measured) or max(self.expected, self.measured) < NOTHING
        ):
            return not self.expected >= NOTHING
        return off <= RELATIVE * abs(self.measured)

    @property
    def holds(self) -> bool:
        return self.strict or abs(self.expected - self.measured) <= ERRORS * self.error


def compare(case: Case, x: Floats, seeds: int) -> list[Difference]:
    """Forecast and mean over seeds, for every hidden layer and quantity that applies."""
    with np.errstate(all="ignore"):
        layers = case.expected(x).layers
        values = np.stack([case.measured(x, seed) for seed in range(seeds)])
    found = []
    for place, layer in enumerate(layers[:DEPTH]):
        for index, quantity in enumerate(QUANTITIES):
            expected, column = float(getattr(layer, quantity)), values[:, place, index]
            if index in (1, 2) and np.isnan(expected) and np.isnan(column).all():
                continue
            measured, error = float(column.mean()), float(column.std(ddof=1) / np.sqrt(seeds))
            doubt = layer.gradient_doubt if quantity == "backward_gain" else layer.doubt
            found.append(Difference(case, place + 1, quantity, expected, measured, error, doubt))
    return found


def inputs(data: str, width: int) -> Floats:
    """A batch of `width` features: of MNIST, pixels at random, standardized over all; or normal."""
    rng = np.random.default_rng(7)
    if data == "normal":
        return rng.standard_normal((BATCH, width))
    from initscope.core.datasets.data import load

    x = load(data).x_train[:BATCH].astype(np.float64)
    x = (x - x.mean()) / x.std()
    columns = rng.permutation(x.shape[1])[:width] if width <= x.shape[1] else rng.integers(0, x.shape[1], width)
    return np.ascontiguousarray(x[:, columns])


def initializers() -> list[str]:
    """Every one of the catalogue that can fill dense layers without a network."""
    return [name for name, d in CATALOGUE.items() if d.axes < 3 and name not in SCHEMES]


def _table(cases: list[Case], x: Floats, seeds: int) -> list[Difference]:
    everything = []
    heads = "".join(f"{q:>16}" for q in QUANTITIES)
    print(f"{'':28}{heads}   worst relative difference; cells outside 5 % / outside 3 s.e. too / called uncertain")
    for case in cases:
        begin = perf_counter()
        found = compare(case, x, seeds)
        everything += found
        cells = ""
        for quantity in QUANTITIES:
            mine = [d for d in found if d.quantity == quantity and np.isfinite(d.relative)]
            off = [d for d in mine if not d.strict]
            beyond = [d for d in off if not d.holds]
            sure = [d for d in beyond if not d.uncertain]
            worst = max((d.relative for d in mine if not d.strict), default=0.0)
            cells += f"{worst:>8.3f} {len(off):>2}/{len(beyond):>2}/{len(beyond) - len(sure)}" if mine else f"{'-':>16}"
        print(f"{case.init:18}{case.activation:9} {cells}   {perf_counter() - begin:.0f} s", flush=True)
    return everything


def speed() -> None:
    """Milliseconds of processor time for 100 layers, everything warm."""
    for init in ("xavier_normal", "he_normal", "randn", "rand", "orthogonal", "identity"):
        for name in ACTIVATIONS:
            shapes = [DenseShape(str(i), 784 if i == 0 else 256, 256) for i in range(99)] + [DenseShape("out", 256, 10)]
            rule, biases = initializer(init), initializer("zeros")
            draws = [Draw(rule.of(shape.weight_shape), biases.distribution(1, 1)) for shape in shapes]
            known, times = InputStatistics.normal(784), []
            for _ in range(6):
                begin = process_time()
                forecast(shapes, activation(name), draws, known, loss("cross_entropy"))
                times.append(process_time() - begin)
            print(f"{init:18}{name:9}{1000 * min(times):8.1f} ms")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--data", default="normal", help="normal, mnist or another data set")
    parser.add_argument("--biases", default="zeros")
    parser.add_argument("--loss", default="", help="whose gradient is handed back, instead of random signs")
    parser.add_argument("--only", default="", help="one initializer")
    parser.add_argument("--speed", action="store_true")
    options = parser.parse_args()
    if options.speed:
        speed()
        return 0
    names = [options.only] if options.only else initializers()
    cases = [Case(name, kind, options.width, options.biases, options.loss) for name in names for kind in ACTIVATIONS]
    found = _table(cases, inputs(options.data, options.width), options.seeds)
    sure = [d for d in found if not d.uncertain]
    for title, group in (("sure", sure), ("uncertain", [d for d in found if d.uncertain])):
        strict, holding = sum(d.strict for d in group), sum(d.holds for d in group)
        print(f"{title}: {len(group)} numbers, {strict} within 5 %, {holding} within 5 % or 3 standard errors")
    for d in sorted((d for d in sure if not d.holds), key=lambda d: -d.relative)[:60]:
        where = f"{d.case.init} {d.case.activation} layer {d.layer} {d.quantity}"
        print(f"  {where}: {d.expected:.4g} for {d.measured:.4g} ± {d.error:.2g}")
    return 0 if all(d.holds for d in sure) else 1


if __name__ == "__main__":
    sys.exit(main())
