"""Gains against closed forms and a plain sum over millions of points."""

from math import erf, exp, pi, sinh, sqrt

import numpy as np
import pytest

from initscope.core.activations import CATALOGUE, activation
from initscope.core.errors import InputError
from initscope.core.gains import gain
from initscope.core.initialization.initializers import initializer


def phi(z: float) -> float:
    return (1 + erf(z / sqrt(2))) / 2


def elu_square(alpha: float) -> float:
    """E[elu(z)²]: the positive half gives 1/2; E[e^(tz); z < 0] = e^(t²/2)·P(Z < -t)."""
    return 0.5 + alpha**2 * (exp(2) * phi(-2) - 2 * exp(0.5) * phi(-1) + 0.5)


def clip_square(low: float, high: float) -> float:
    """E[clip(z)²]: the bounds' squares with their tails, and between them E[z²; low < z < high] by parts."""
    bell = [exp(-z * z / 2) / sqrt(2 * pi) for z in (low, high)]
    between = phi(high) - phi(low) + low * bell[0] - high * bell[1]
    return low**2 * phi(low) + between + high**2 * phi(-high)


CLOSED = {
    "linear": 1.0,
    "relu": 0.5,
    "leaky_relu": (1 + 0.01**2) / 2,
    "leaky_relu:slope=0.3": (1 + 0.3**2) / 2,
    "elu": elu_square(1.0),
    "elu:alpha=0.4": elu_square(0.4),
    "gelu": 1 / 3 + 1 / (2 * pi * sqrt(3)),  # Stein's lemma twice: E[(zΦ)²] = E[Φ²] + E[φ²]
    "prelu": (1 + 0.25**2) / 2,
    "selu": 1.0,  # what its constants are made for
    "hard_tanh": clip_square(-1, 1),
    "hard_tanh:low=-0.3,high=0.71": clip_square(-0.3, 0.71),  # kinks inside the panels of the quadrature
    "hard_tanh:low=0,high=6": clip_square(0, 6),
    "sine": exp(-1) * sinh(1),  # (1 - e^-2) / 2
    "sine:omega=30": 0.5,
    "sine:omega=0.1": exp(-0.01) * sinh(0.01),
}
"""E[phi(z)²]."""

PLAIN = {
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "softsign": lambda z: z / (1 + abs(z)),
    "silu": lambda z: z / (1 + np.exp(-z)),
    "softplus": lambda z: np.logaddexp(0, z),
    "softplus:beta=50": lambda z: np.logaddexp(0, 50 * z) / 50,
    "mish": lambda z: z * np.tanh(np.logaddexp(0, z)),
    "sine:omega=7": lambda z: np.sin(7 * z),
    "hard_tanh:low=-2,high=0.3": lambda z: np.clip(z, -2, 0.3),
}


@pytest.mark.parametrize("text", CLOSED)
def test_closed_forms(text: str) -> None:
    assert gain(activation(text)) == pytest.approx(1 / sqrt(CLOSED[text]), rel=1e-13)


@pytest.mark.parametrize("text", PLAIN)
def test_sums_over_a_fine_grid(text: str) -> None:
    z = (np.arange(-1_000_000, 1_000_000) + 0.5) * 1e-5
    square = (PLAIN[text](z) ** 2 * np.exp(-z * z / 2)).sum() * 1e-5 / sqrt(2 * pi)
    assert gain(activation(text)) == pytest.approx(1 / sqrt(square), rel=1e-10)


def test_every_activation_has_an_oracle() -> None:
    assert {text.partition(":")[0] for text in (*CLOSED, *PLAIN)} == set(CATALOGUE)


@pytest.mark.parametrize(("text", "published"), [("relu", sqrt(2)), ("tanh", 1.5925374197228312), ("linear", 1.0)])
def test_published_gains(text: str, published: float) -> None:
    assert gain(activation(text)) == pytest.approx(published, rel=1e-12)


NAMEABLE = [text for text in (*CLOSED, *PLAIN) if "," not in text]
"""In an initializer's parameters a comma ends the gain."""


@pytest.mark.parametrize("text", NAMEABLE)
def test_weights_with_the_gain_keep_the_size(text: str) -> None:
    """z of variance 1, its activations, then a layer with the gain: mean square 1 again.

    Where activations have a mean, all z of a unit share its part of z: the error is that of 4,000 units.
    """
    rng = np.random.default_rng(0)
    fan_in, fan_out, kind = 400, 4000, activation(text)
    a = np.empty((1, fan_in, 500))
    kind.forward(rng.standard_normal(a.shape), a)
    rule = initializer(f"lecun_normal:gain={text}")
    z = rule.sample(rng, (fan_out, fan_in), fan_in, fan_out) @ a[0]
    assert (z**2).mean() == pytest.approx(1, abs=5 * sqrt(2 / fan_out))


@pytest.mark.parametrize("text", ["sine:omega=1e-200", "softplus:beta=1e-200", "hard_tanh:low=-1e-200,high=1e-200"])
def test_an_extreme_parameter_has_no_gain(text: str) -> None:
    with pytest.raises(InputError, match="has no gain"):
        gain(activation(text))


def test_gain_by_name_is_the_number() -> None:
    for text in NAMEABLE:
        by_name, number = initializer(f"xavier_uniform:gain={text}"), gain(activation(text))
        assert by_name.bounds(70, 30)[1] == pytest.approx(number * sqrt(6 / 100), rel=1e-14)
        assert str(by_name) == f"xavier_uniform:gain={text}"
    assert initializer("lecun_normal:gain=relu").variance(784, 30) == pytest.approx(2 / 784, rel=1e-14)
