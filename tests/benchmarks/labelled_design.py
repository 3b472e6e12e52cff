"""Which networks are labelled: kinds, each a small grid of choices from which networks are drawn at random.

Nothing here was chosen by what came out. Every kind has a stream of its own, so that a kind added later
leaves the networks of the others as they are. A kind's networks go alternately to the half that rules are
built on and to the half held out; some kinds go to one half as a whole, so that the held half also has
combinations that no rule has seen.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar
from zlib import crc32

import numpy as np
from labelled_data import load

from initscope.core.architecture import Architecture
from initscope.core.spec import OPTIONS

SEED = 20240
BUILD, HELD = "build", "held"

EASY = ("digits", "digits", "digits", "digits", "moons", "circles", "spiral", "xor", "gaussians")
DIGITS = ("digits",)
RECTIFIERS = ("relu", "leaky_relu", "elu", "gelu")
SQUASHERS = ("sigmoid", "tanh", "softsign")
ALL = (*RECTIFIERS, *SQUASHERS, "selu")
XAVIERS = ("xavier_normal", "xavier_uniform", "lecun_normal", "orthogonal", "glorot_standard")
HES = ("he_normal", "he_uniform", "0.9*he_normal", "orthogonal:gain=1.4")
SMALL = ("0.01*randn", "0.001*randn", "uniform:low=-0.05,high=0.05", "normal:std=0.05", "sparse")
SHALLOW, MIDDLE, DEEP = (1, 1, 2, 3), (4, 5, 6, 8), (10, 15, 20, 30)
NARROW, WIDE = (10, 16, 30, 50), (64, 100, 128, 256)
RULES = (("quadratic", "sgd"), ("cross_entropy", "sgd"), ("cross_entropy", "momentum"), ("cross_entropy", "adam"))
USUAL_LR = {
    ("quadratic", "sgd"): (1.0, 3.0),
    ("quadratic", "momentum"): (0.1, 0.3),
    ("cross_entropy", "sgd"): (0.1, 0.3),
    ("cross_entropy", "momentum"): (0.01, 0.03),
    ("cross_entropy", "adam"): (0.001, 0.003, 0.01),
}
"""Learning rates that people begin with, by loss and optimizer."""
Pick = TypeVar("Pick")


@dataclass(frozen=True)
class Kind:
    """`count` networks, each choice drawn from its tuple."""

    name: str
    count: int
    inits: Sequence[str]
    activations: Sequence[str] = ALL
    depths: Sequence[int] = SHALLOW
    widths: Sequence[int] = NARROW
    data: Sequence[str] = EASY
    rules: Sequence[tuple[str, str]] = RULES
    factors: Sequence[float] = (1,)
    """Times the usual learning rate."""
    biases: Sequence[str] = ("zeros",)
    batches: Sequence[int] = (10, 32, 64)
    form: str = "plain"
    """plain, bn (after every hidden layer), residual (blocks of two layers) or conv."""
    half: str = ""
    """Empty: alternately."""


KINDS = (
    # Meant to learn
    Kind("healthy squashing", 28, XAVIERS, SQUASHERS),
    Kind("healthy rectifier", 28, (*HES, "xavier_uniform"), RECTIFIERS),
    Kind("healthy selu", 8, ("lecun_normal", "orthogonal"), ("selu",), (2, 4, 6), half=HELD),
    Kind("healthy linear", 8, ("xavier_normal", "zeros", "randn", "0.01*randn"), ALL, (0,), data=DIGITS),
    Kind("healthy deep rectifier", 14, HES, RECTIFIERS, (5, 8, 10, 15), (32, 50), DIGITS, RULES[1:], batches=(32,)),
    Kind("healthy deep tanh", 10, ("xavier_normal", "orthogonal", "lecun_normal"), ("tanh", "softsign"),
         (5, 8, 10, 15), (32, 50), DIGITS, RULES[1:], batches=(32,)),
    Kind("healthy bn", 10, (*HES, "xavier_normal", "randn"), RECTIFIERS + SQUASHERS, (2, 4, 6), (30, 64), DIGITS,
         RULES[1:], batches=(32, 64), form="bn"),
    Kind("healthy residual", 8, HES, RECTIFIERS, (4, 6, 10), (30, 50), DIGITS, RULES[1:], batches=(32,),
         form="residual", half=BUILD),
    Kind("healthy conv", 8, (*HES, "glorot_standard", "xavier_uniform"), RECTIFIERS, (1, 2), (8,), DIGITS, RULES[1:],
         batches=(32,), form="conv"),
    Kind("odd start, shallow", 20,
         ("randn", "0.01*rand", "0.01*randn", "normal:std=0.05", "uniform:low=-0.05,high=0.05", "xavier_literal",
          "sparse:std=1", "identity", "abs_randn:scale=0.1", "rand:scale=0.1"), ALL, (1, 2)),
    Kind("biases like weights", 10, (*XAVIERS, "randn", "normal:std=0.05"), ALL, (1, 2, 3), biases=("same", "randn")),
    # Bad initialization
    Kind("rand sigmoid", 18, ("rand", "rand", "2*rand", "rand:scale=0.5"), ("sigmoid",), data=DIGITS,
         biases=("zeros", "same"), widths=(*NARROW, *WIDE)),
    Kind("rand tanh", 10, ("rand",), ("tanh", "softsign"), widths=(30, 64, 100), biases=("zeros", "same")),
    Kind("rand rectifier", 12, ("rand",), (*RECTIFIERS, "selu"), (2, 3, 4, 6), (30, 64, 100), DIGITS),
    Kind("abs_randn", 12, ("abs_randn", "abs_randn:scale=0.5"), ALL, (1, 2, 3, 4), (30, 64, 100), DIGITS),
    Kind("randn deep squashing", 12, ("randn", "xavier_literal:gain=2"), SQUASHERS, MIDDLE, (64, 100), DIGITS,
         batches=(32,)),
    Kind("randn deep rectifier", 12, ("randn", "xavier_literal"), RECTIFIERS, (3, *MIDDLE), (32, 64, 100), DIGITS,
         batches=(32,)),
    Kind("10*randn", 12, ("10*randn", "normal:std=5", "3*randn"), ALL, (1, 2, 3), (30, 64, 100), DIGITS),
    Kind("small start, middle", 18, SMALL, ALL, MIDDLE, (30, 64), DIGITS, batches=(32,)),
    Kind("small start, deep", 8, SMALL, ALL, (10, 15, 20), (32,), DIGITS, batches=(32,)),
    Kind("zeros", 14, ("zeros",), ALL, (1, 2, 3, 5)),
    Kind("constant", 12, ("ones", "constant", "constant:value=0.01", "constant:value=0.5"), ALL, (1, 2, 3, 5)),
    Kind("deep sigmoid, gain 1", 12, XAVIERS, ("sigmoid",), (4, 5, 6, 8, 10), (30, 64), DIGITS, batches=(32,)),
    Kind("deep rectifier, too small", 10, ("xavier_normal", "glorot_standard", "lecun_normal", "0.7*he_normal"),
         RECTIFIERS, (15, 20, 30), (32,), DIGITS, RULES[1:], batches=(32,)),
    Kind("deep tanh, too small", 6, ("glorot_standard", "0.5*xavier_normal"), ("tanh", "softsign"), (10, 15, 20),
         (32,), DIGITS, RULES[1:], batches=(32,), half=BUILD),
    Kind("deep selu or gelu, off", 6, ("glorot_standard", "2*he_normal", "0.5*he_normal"), ("selu", "gelu"),
         (10, 15, 20), (32, 50), DIGITS, RULES[1:], batches=(32,), half=HELD),
    Kind("dead by biases", 10, ("he_normal", "xavier_uniform"), ("relu",), (1, 2, 3), (30, 64), DIGITS,
         biases=("constant:value=-3", "constant:value=-10")),
    Kind("conv, bad start", 8, ("randn", "rand", "0.01*randn", "zeros", "10*randn"), RECTIFIERS, (1, 2), (8,), DIGITS,
         RULES[1:], batches=(32,), form="conv"),
    # Wrong learning rate
    Kind("lr too small", 26, (*XAVIERS, "he_normal"), ALL, SHALLOW, (*NARROW, 100), EASY, RULES,
         (0.0001, 0.001, 0.003, 0.01)),
    Kind("lr too small, deep", 6, HES, RECTIFIERS, (5, 8, 10), (32, 50), DIGITS, RULES[1:], (0.0001, 0.001),
         batches=(32,)),
    Kind("lr too large", 30, (*XAVIERS, "he_normal"), ALL, SHALLOW, (*NARROW, 100), EASY, RULES, (30, 100, 300, 1000)),
    Kind("lr too large, deep", 8, HES, RECTIFIERS, (5, 8, 10), (32, 50), DIGITS, RULES[1:], (30, 100, 1000),
         batches=(32,)),
    Kind("lr too large, conv", 6, HES, RECTIFIERS, (1, 2), (8,), DIGITS, RULES[1:], (100, 1000), batches=(32,),
         form="conv"),
    Kind("bad start, bad lr", 10, ("rand", "10*randn", "zeros", "0.001*randn"), ALL, (3, 4, 5), (30, 64), DIGITS, RULES,
         (0.0003, 300), batches=(32,)),
    # Data, depth
    Kind("unscaled inputs", 16, (*XAVIERS, "he_normal"), ALL, SHALLOW, (30, 64),
         ("digits-0-to-16", "digits-0-to-255", "digits-offset", "digits-unscaled-feature")),
    Kind("constant inputs", 6, (*XAVIERS, "he_normal"), ALL, SHALLOW, (30, 64), ("digits-constant",)),
    Kind("shuffled labels", 6, (*XAVIERS, "he_normal"), ALL, SHALLOW, (30, 64), ("digits-shuffled-labels",)),
    Kind("one class 97 %", 6, (*XAVIERS, "he_normal"), ALL, SHALLOW, (30, 64), ("digits-one-class-97",)),
    Kind("very deep sigmoid", 6, ("xavier_normal", "orthogonal", "4*xavier_normal"), ("sigmoid",), (15, 20, 30),
         (32,), DIGITS, batches=(32,)),
    # Everything at once
    Kind("anything", 36, ("rand", "randn", *SMALL, "zeros", "abs_randn", *XAVIERS, *HES, "10*randn", "identity"), ALL,
         (1, 2, 3, 4, 6, 8, 12), (16, 30, 64, 100), EASY, (*RULES, ("quadratic", "momentum")),
         (0.001, 0.1, 1, 1, 1, 1, 10, 100), ("zeros", "zeros", "same"), (16, 32)),
)  # fmt: skip


@dataclass(frozen=True)
class Network:
    """One network to label; `options` read as a spec."""

    number: int
    kind: str
    half: str
    options: dict[str, str]


def networks(seed: int = SEED) -> Iterator[Network]:
    """All of them, always the same; numbers count from 0. Another seed gives others of the same kinds."""
    number = 0
    for kind in KINDS:
        rng = np.random.default_rng([seed, crc32(kind.name.encode())])
        for place in range(kind.count):
            half = kind.half or (BUILD, HELD)[place % 2]
            yield Network(number, kind.name, half, _draw(kind, rng))
            number += 1


def _draw(kind: Kind, rng: np.random.Generator) -> dict[str, str]:
    def pick(choices: Sequence[Pick]) -> Pick:
        return choices[int(rng.integers(len(choices)))]

    data, rule = pick(kind.data), pick(kind.rules)
    arch = _architecture(kind.form, data, pick(kind.depths), pick(kind.widths))
    init, biases = pick(kind.inits), pick(kind.biases)
    if biases == "same" and init.startswith(("orthogonal", "identity", "sparse", "lsuv")):
        biases = "randn"  # those draw matrices
    batch = pick(kind.batches)
    options = {
        "data": data, "arch": arch, "activation": pick(kind.activations), "init": init, "bias-init": biases,
        "loss": rule[0], "optimizer": rule[1], "lr": f"{pick(USUAL_LR[rule]) * pick(kind.factors):.3g}",
        "batch-size": str(batch), "steps": str(_steps(arch, data, batch)), "seed": str(rng.integers(100)),
    }  # fmt: skip
    return {key: value for key, value in options.items() if value != OPTIONS[key]}


def _architecture(form: str, data: str, depth: int, width: int) -> str:
    source = load(data)
    if form == "conv":
        return f"8c3-p2-{source.classes}" if depth == 1 else f"8c3-8c3-p2-30-{source.classes}"
    if form == "residual":
        return f"{source.features}-{width}-r({width}-{width})x{depth // 2}-{source.classes}"
    hidden = [f"{width}-bn" if form == "bn" else str(width)] * depth
    return "-".join([str(source.features), *hidden, str(source.classes)])


MOST_STEPS, FEWEST_STEPS = 600, 300
WORK = 1.2e8
"""Weights times examples that a network may see in its steps, within those bounds."""


def _steps(arch: str, data: str, batch: int) -> int:
    """Fewer for large networks, whose updates do more."""
    source = load(data)
    parsed = Architecture.parse(arch, source.feature_shape)
    work = sum(layer.products for layer in parsed.layers) * batch
    return int(np.clip(WORK / work, FEWEST_STEPS, MOST_STEPS) // 50 * 50)
