"""Slow plain re-implementations in float64, one example at a time, that the tests hold the core against."""

import math
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Scalar = Callable[[float], float]
Parameters = list[tuple[Floats, Floats]]
"""(weights (fan_out, fan_in), biases (fan_out,)) of each layer."""


def logistic(z: float) -> float:
    return 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))


def normal_cdf(z: float) -> float:
    return math.erfc(-z / math.sqrt(2)) / 2


def normal_density(z: float) -> float:
    return math.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def softplus(z: float) -> float:
    return math.log1p(math.exp(-abs(z))) + max(z, 0.0)


SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772

PHI: dict[str, tuple[Scalar, Scalar]] = {
    "sigmoid": (logistic, lambda z: logistic(z) * (1 - logistic(z))),
    "tanh": (math.tanh, lambda z: 1 - math.tanh(z) ** 2),
    "relu": (lambda z: max(z, 0.0), lambda z: float(z > 0)),
    "leaky_relu": (lambda z: z if z > 0 else 0.01 * z, lambda z: 1.0 if z > 0 else 0.01),
    "softsign": (lambda z: z / (1 + abs(z)), lambda z: 1 / (1 + abs(z)) ** 2),
    "elu": (lambda z: z if z > 0 else math.expm1(z), lambda z: 1.0 if z > 0 else math.exp(z)),
    "gelu": (lambda z: z * normal_cdf(z), lambda z: normal_cdf(z) + z * normal_density(z)),
    "silu": (lambda z: z * logistic(z), lambda z: logistic(z) * (1 + z * (1 - logistic(z)))),
    "linear": (lambda z: z, lambda z: 1.0),
    "hard_tanh": (lambda z: min(1.0, max(-1.0, z)), lambda z: float(-1 < z < 1)),
    "selu": (
        lambda z: SELU_SCALE * (z if z > 0 else SELU_ALPHA * math.expm1(z)),
        lambda z: SELU_SCALE * (1.0 if z > 0 else SELU_ALPHA * math.exp(z)),
    ),
    "softplus": (lambda z: softplus(z), logistic),
    "mish": (
        lambda z: z * math.tanh(softplus(z)),
        lambda z: math.tanh(softplus(z)) + z * logistic(z) / math.cosh(softplus(z)) ** 2,
    ),
    "sine": (math.sin, math.cos),
}
"""Every activation without learned parameters, with its derivative."""
SATURATING = ("sigmoid", "tanh", "softsign", "elu", "gelu", "silu", "hard_tanh", "selu", "softplus", "mish")


def apply(function: Scalar, values: Floats) -> Floats:
    return np.array([function(float(v)) for v in values.ravel()]).reshape(values.shape)


def softmax(z: Floats) -> Floats:
    weights = [math.exp(float(v) - float(z.max())) for v in z]
    return np.array(weights) / sum(weights)


def outputs(loss: str, z: Floats) -> Floats:
    """Outputs of one example, (outputs,), from its last pre-activations."""
    return softmax(z) if loss == "cross_entropy" and len(z) > 1 else apply(logistic, z)


def cost(loss: str, z: Floats, y: Floats) -> float:
    """C_x of one example with last pre-activations z and target y, (outputs,)."""
    if loss == "quadratic":
        return sum((float(p) - float(t)) ** 2 for p, t in zip(outputs(loss, z), y, strict=True)) / 2
    if len(z) == 1:  # -ln of the probability of the right one of two classes, 1 / (1 + e^(-margin))
        margin = float(z[0] if y[0] == 1 else -z[0])
        return math.log1p(math.exp(-margin)) if margin > 0 else math.log1p(math.exp(margin)) - margin
    top = float(z.max())
    return top + math.log(sum(math.exp(float(v) - top) for v in z)) - float(z[int(y.argmax())])


def cost_gradient(loss: str, z: Floats, y: Floats) -> Floats:
    """dC_x/dz of one example: (a - y) a (1 - a) for the quadratic loss, else a - y."""
    a = outputs(loss, z)
    return (a - y) * a * (1 - a) if loss == "quadratic" else a - y


def forward(parameters: Parameters, activation: str, x: Floats) -> tuple[list[Floats], list[Floats]]:
    """(z of every layer, input of every layer) for one example x."""
    a, zs, inputs = x, [], []
    for number, (w, b) in enumerate(parameters):
        inputs.append(a)
        zs.append(np.array([sum(w[i, j] * a[j] for j in range(len(a))) + b[i] for i in range(len(b))]))
        if number + 1 < len(parameters):
            a = apply(PHI[activation][0], zs[-1])
    return zs, inputs


def backprop(
    parameters: Parameters, activation: str, loss: str, x: Floats, y: Floats
) -> tuple[float, Parameters, list[Floats]]:
    """(C_x, its gradient, dC_x/dz of every layer) for one example, by Nielsen's BP1 to BP4 (ch. 2)."""
    zs, inputs = forward(parameters, activation, x)
    delta = cost_gradient(loss, zs[-1], y)
    gradient: Parameters = []
    deltas: list[Floats] = []
    for number in range(len(parameters) - 1, -1, -1):
        gradient.insert(0, (np.outer(delta, inputs[number]), delta))
        deltas.insert(0, delta)
        if number:
            delta = parameters[number][0].T @ delta * apply(PHI[activation][1], zs[number - 1])
    return cost(loss, zs[-1], y), gradient, deltas


def mean_gradient(
    parameters: Parameters, activation: str, loss: str, x: Floats, y: Floats
) -> tuple[float, Parameters]:
    """Mean loss over a batch x (n, features) with targets y (n, outputs), and its gradient."""
    total = 0.0
    sums = [(np.zeros_like(w), np.zeros_like(b)) for w, b in parameters]
    for example, target in zip(x, y, strict=True):
        value, gradient, _ = backprop(parameters, activation, loss, example, target)
        total += value
        sums = [(sw + w, sb + b) for (sw, sb), (w, b) in zip(sums, gradient, strict=True)]
    return total / len(x), [(w / len(x), b / len(x)) for w, b in sums]


class NielsenNetwork:
    """Sigmoid network with quadratic cost and mini-batch gradient descent (Nielsen, ch. 1 and 2).

    Column vectors and one example at a time: w <- w - (eta/m) sum dC_x/dw.
    """

    def __init__(self, parameters: Parameters) -> None:
        self.weights = [w.copy() for w, _ in parameters]
        self.biases = [b[:, None].copy() for _, b in parameters]

    def update(self, batch: Sequence[tuple[Floats, Floats]], eta: float) -> float:
        """One step; returns the mean cost before it. Examples are (x (features, 1), y (outputs, 1))."""
        sums = [(np.zeros_like(w), np.zeros_like(b)) for w, b in zip(self.weights, self.biases, strict=True)]
        total = 0.0
        for x, y in batch:
            activations = [x]
            for w, b in zip(self.weights, self.biases, strict=True):
                activations.append(1 / (1 + np.exp(-(w @ activations[-1] + b))))
            a = activations[-1]
            total += float(((a - y) ** 2).sum()) / 2
            delta = (a - y) * a * (1 - a)
            for number in range(len(self.weights) - 1, -1, -1):
                sums[number][0][...] += delta @ activations[number].T
                sums[number][1][...] += delta
                a = activations[number]
                delta = self.weights[number].T @ delta * a * (1 - a)
        for number, (w, b) in enumerate(sums):
            self.weights[number] -= eta / len(batch) * w
            self.biases[number] -= eta / len(batch) * b
        return total / len(batch)


class ScalarRule:
    """An update rule for one parameter, from the formulas of the papers."""

    def __init__(self, name: str, lr: float, **values: float) -> None:
        self.name, self.lr, self.values = name, lr, values
        self.velocity = self.mean = self.square = 0.0
        self.time = 0

    def step(self, w: float, g: float) -> float:
        """The new parameter."""
        self.time += 1
        if self.name == "sgd":
            return w - self.lr * g
        if self.name == "rmsprop":  # Tieleman & Hinton 2012, lecture 6.5
            self.square = self.values["rho"] * self.square + (1 - self.values["rho"]) * g * g
            return w - self.lr * g / (math.sqrt(self.square) + self.values["eps"])
        if self.name == "adagrad":  # Duchi et al. 2011, figure 1
            self.square += g * g
            return w - self.lr * g / (math.sqrt(self.square) + self.values["eps"])
        if self.name in ("adam", "adamw"):  # Kingma & Ba 2015, algorithm 1; Loshchilov & Hutter 2019, algorithm 2
            w -= self.lr * self.values.get("weight_decay", 0.0) * w
            beta1, beta2 = self.values["beta1"], self.values["beta2"]
            self.mean = beta1 * self.mean + (1 - beta1) * g
            self.square = beta2 * self.square + (1 - beta2) * g * g
            mean = self.mean / (1 - beta1**self.time)
            square = self.square / (1 - beta2**self.time)
            return w - self.lr * mean / (math.sqrt(square) + self.values["eps"])
        mu = self.values["momentum"]
        self.velocity = mu * self.velocity - self.lr * g  # Sutskever et al. 2013, eqs. 1 and 2
        # Nesterov after Bengio et al. 2013, eq. 7: the same velocity, looked at one step ahead.
        return w + (self.velocity if self.name == "momentum" else mu * self.velocity - self.lr * g)


@cache
def steepest(activation: str) -> float:
    """max |phi'| on a fine grid."""
    return max(abs(PHI[activation][1](z / 1000)) for z in range(-6000, 6001))


def probes(
    parameters: Parameters, activation: str, loss: str, x: Floats, y: Floats, update: Parameters | None
) -> list[dict[str, float]]:
    """Every probe of every layer for a batch x (n, features), targets y (n, outputs). NaN: does not apply."""
    runs = [forward(parameters, activation, example) for example in x]
    back = [backprop(parameters, activation, loss, e, t) for e, t in zip(x, y, strict=True)]
    found = []
    for number, (w, b) in enumerate(parameters):
        z = np.array([zs[number] for zs, _ in runs])  # (n, units)
        last = number + 1 == len(parameters)
        a = np.array([outputs(loss, row) for row in z]) if last else apply(PHI[activation][0], z)
        delta = np.array([deltas[number] for _, _, deltas in back])
        dw = np.array([gradient[number][0] for _, gradient, _ in back]).mean(axis=0)
        by_unit = [float(np.mean(a[:, unit])) for unit in range(len(b))]
        values = dict.fromkeys(("saturated_low", "saturated_high", "dead_units", "update_ratio"), math.nan)
        if not last:
            values |= _flatness(activation, z)
        if update is not None:
            values["update_ratio"] = _rms(update[number][0]) / _rms(w)
        found.append(
            values
            | {
                "activation_mean": float(a.mean()),
                "std_over_inputs": math.sqrt(np.mean([np.var(a[:, unit]) for unit in range(len(b))])),
                "std_over_units": float(np.std(by_unit)),
                "z_mean": float(z.mean()),
                "z_std": float(z.std()),
                "gradient_rms": _rms(delta),
                "weight_gradient_rms": _rms(dw),
                "weight_mean": float(w.mean()),
                "weight_std": float(w.std()),
                "non_finite": float(sum(not math.isfinite(v) for v in [*w.ravel(), *b, *a.ravel()])),
            }
        )
    return found


def _flatness(activation: str, z: Floats) -> dict[str, float]:
    """Saturation and dead units of a hidden layer with pre-activations z (n, units)."""
    slope = np.abs(apply(PHI[activation][1], z))
    values = {"dead_units": sum(all(column == 0) for column in slope.T) / z.shape[1]}
    if activation in SATURATING:
        flat = [v for v, s in zip(z.ravel(), slope.ravel(), strict=True) if s < 0.06 * steepest(activation)]
        values["saturated_low"] = sum(v < 0 for v in flat) / z.size
        values["saturated_high"] = sum(v >= 0 for v in flat) / z.size
    return values


def _rms(values: Floats) -> float:
    return math.sqrt(sum(float(v) ** 2 for v in values.ravel()) / values.size)
