"""Faults that the check of saved weights finds: of starts that are known to be bad, and of none that is good."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from filechecks import SIZES, Array, checked, codes, drawn, saved

from initscope.core.activations import activation
from initscope.core.checks.file import check_file
from initscope.core.datasets.data import Dataset, load
from initscope.core.snapshot import Snapshot
from initscope.core.spec import read
from initscope.core.training import Trainer

DEEP = (64, *[50] * 12, 10)


@pytest.mark.parametrize(
    ("name", "kind", "sizes", "code"),
    [
        ("zeros", None, SIZES, "symmetric-units"),
        ("rand", None, SIZES, "shifted-preactivations"),
        ("rand", "sigmoid", SIZES, "shifted-preactivations"),
        ("small", None, DEEP, "vanishing-activations"),
        ("small", "relu", DEEP, "vanishing-activations"),
        ("randn", "relu", DEEP, "exploding-activations"),
        ("randn", "tanh", DEEP, "saturated"),
        ("he", "sigmoid", DEEP, "indistinguishable-inputs"),
        ("he", "relu", DEEP, ""),
        ("he", "tanh", DEEP, ""),
        ("he", None, DEEP, ""),
        ("linear", None, SIZES, ""),
        ("small", "relu", (64, 10), ""),
        ("zeros", "relu", (64, 10), ""),
        ("randn", "sigmoid", (784, 30, 10), ""),
    ],
)
def test_findings(tmp_path: Path, name: str, kind: str | None, sizes: Sequence[int], code: str) -> None:
    check = checked(tmp_path, name, kind=kind, sizes=sizes)
    assert codes(check) == ([code] if code else [])
    if code != "indistinguishable-inputs":  # what helps twelve layers of sigmoid is not for this file to say
        assert bool(check.candidates) == bool(code)
    assert check.healthy == (not code)


@pytest.mark.parametrize("kind", [None, "sigmoid"])
def test_a_first_layer_with_a_mean_is_told_of_where_the_inputs_are_not_known(tmp_path: Path, kind: str | None) -> None:
    """N(0, 1) passes through it, inputs from 0 to 1 do not."""
    check = checked(tmp_path, "rand", kind=kind, sizes=(64, 30, 10))
    (found,) = check.findings
    assert (found.code, found.layers, found.sure) == ("shifted-preactivations", (1,), 0.7)
    rng = np.random.default_rng(1)
    z = rng.random((1000, 64)) @ drawn("rand", (64, 30, 10))[0][0].T  # weights (out, in)
    shift = re.search(r"by (\S+) in every unit", found.cause)
    between = re.search(r"by about (\S+) between", found.cause)
    assert shift
    assert between
    assert float(shift[1]) == pytest.approx(z.mean(), rel=0.05)
    assert float(between[1]) == pytest.approx(z.std(axis=1).mean(), rel=0.2)
    x = rng.standard_normal((300, 64))  # known inputs are judged as they are
    known = Dataset("mine", x, rng.integers(0, 10, 300), x, rng.integers(0, 10, 300), 10, "", (64,))
    assert codes(checked(tmp_path, "rand", kind=kind, sizes=(64, 30, 10), dataset=known)) == []


def test_units_that_their_outgoing_weights_tell_apart_are_not_symmetric(tmp_path: Path) -> None:
    (_, b1), (w2, b2) = drawn("he", (20, 30, 10))
    for name, first, bias, second in (
        ("alike", np.full((30, 20), 0.3), b1, np.repeat(w2[:, :1], 30, axis=1)),
        ("out", np.full((30, 20), 0.3), b1, w2),
        ("bias", np.full((30, 20), 0.3), np.arange(30.0), np.repeat(w2[:, :1], 30, axis=1)),
    ):
        for layout in ("coursera", "cs231n"):
            check = check_file(saved(tmp_path, layout, [(first, bias), (second, b2)]), activation("tanh"))
            assert check.layers[0].twins == 29
            assert ("symmetric-units" in codes(check)) == (name == "alike"), (name, layout)


def test_numbers_that_are_none_come_first(tmp_path: Path) -> None:
    layers = drawn("rand")
    layers[1][0][3, 4] = np.nan
    check = check_file(saved(tmp_path, "torch", layers))
    assert codes(check) == ["non-finite"]
    assert check.findings[0].layers == (2,)
    assert check.layers[1].statistics.non_finite == 1


def trained(dataset: Dataset, steps: int, **options: str) -> list[tuple[Array, Array]]:
    """Layers after so many steps on the data."""
    wanted = read({"arch": "64-30-20-10", "steps": str(steps), "init": "xavier_normal", **options}, dataset)
    trainer = Trainer([wanted], {dataset.name: dataset})
    last: Snapshot = list(trainer.run())[-1]
    assert last.lanes[0].latest.test_accuracy > 0.8
    network = trainer._ended[0].network
    return [(layer.weights[0].astype(float), layer.biases[0].ravel().astype(float)) for layer in network.weighted]


@pytest.mark.parametrize(
    "options",
    [
        {"activation": "sigmoid"},
        {"activation": "tanh", "loss": "cross_entropy", "lr": "0.5"},
        {"activation": "relu", "loss": "cross_entropy", "lr": "0.3", "init": "he_normal"},
    ],
    ids=["sigmoid", "tanh", "relu"],
)
def test_a_network_that_learned_is_healthy(tmp_path: Path, options: dict[str, str]) -> None:
    digits = load("digits")
    path = saved(tmp_path, "coursera", trained(digits, 3000, **options))
    for check in (check_file(path), check_file(path, activation(options["activation"]), digits)):
        assert codes(check) == []
        assert any(one.trained for one in check.layers)
