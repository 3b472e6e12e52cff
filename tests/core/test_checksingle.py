"""The check of saved weights where a layer stands for itself: alone in its file, broken, copied, or in no chain."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from initscope.core.activations import activation
from initscope.core.checks.file import FileCheck, check_file
from initscope.core.diagnosis.findings import Blame

sys.path.append(str(Path(__file__).with_name("weights")))
from weightfiles import safetensors

Array = np.ndarray[Any, Any]


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def checked(folder: Path, **arrays: Array) -> FileCheck:
    np.savez(folder / "w.npz", **arrays)
    return check_file(folder / "w.npz")


def codes(check: FileCheck) -> list[str]:
    return [finding.code for finding in check.findings]


def cloned(shape: tuple[int, int] = (784, 30), distinct: int = 5) -> Array:
    """He's, with all but the first few of the columns copies of those."""
    weights = rng().standard_normal(shape) * np.sqrt(2 / shape[0])
    weights[:, distinct:] = weights[:, np.arange(shape[1] - distinct) % distinct]
    return weights


ALONE = {
    "rand": (rng().random((784, 30)), "shifted-preactivations"),
    "a few inputs": (rng().random((6, 4)), ""),
    "zeros": (np.zeros((784, 30)), "symmetric-units"),
    "all the same": (np.full((784, 30), 0.1), "symmetric-units"),
    "clones": (cloned(), "symmetric-units"),
    "some clones": (cloned(distinct=25), ""),
    "far too large": (rng().standard_normal((784, 30)) * 50, "exploding-activations"),
    "far too small": (rng().standard_normal((784, 30)) * 1e-6, "vanishing-activations"),
    "he": (rng().standard_normal((784, 30)) * np.sqrt(2 / 784), ""),
    "randn": (rng().standard_normal((784, 30)), ""),
    "trained": (cloned(distinct=30) + np.outer(rng().random(784), rng().random(30)), ""),
}


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("kind", ALONE)
def test_a_matrix_alone_is_judged_by_its_fans(tmp_path: Path, kind: str, turned: bool) -> None:
    weights, code = ALONE[kind]
    np.save(tmp_path / "w.npy", weights.T if turned else weights)
    for check in (check_file(tmp_path / "w.npy"), check_file(tmp_path / "w.npy", activation("relu"))):
        assert codes(check) == ([code] if code else [])
        if code:
            (found,) = check.findings
            assert (found.layers, found.blame) == ((1,), Blame.INITIALIZATION)
            assert found.sure < 0.95
            assert found.remedy
            assert "0.0357" in found.remedy.words  # sqrt(1/784)


def test_the_size_of_z_is_told(tmp_path: Path) -> None:
    np.save(tmp_path / "w.npy", ALONE["rand"][0])
    (found,) = check_file(tmp_path / "w.npy").findings
    z = np.sqrt(784 * (1 / 4 + 1 / 12))  # E[z²] of inputs of size 1, 16.2
    assert found.cause.endswith(f"± {z:.0f}, and its units move together")


@pytest.mark.parametrize("kind", ["zeros", "all the same", "clones", "far too small", "he"])
def test_what_may_be_a_linear_model_is_not_accused(tmp_path: Path, kind: str) -> None:
    assert codes(checked(tmp_path, W=ALONE[kind][0], b=np.zeros(30))) == []


def test_weights_with_a_mean_are_found_in_no_chain(tmp_path: Path) -> None:
    """Between normalizations, or where sizes do not fit; nothing else is accused there."""
    good, bad = (rng().standard_normal((16, 8, 3, 3)) / 5).astype("<f4"), rng().random((16, 8, 3, 3)).astype("<f4")
    norm = {"bn1.weight": np.ones(16, "<f4"), "bn1.bias": np.zeros(16, "<f4")}
    last = {"last.weight": np.zeros((10, 64), "<f4"), "other.weight": np.ones((7, 5), "<f4")}
    for weights, code in ((good, []), (bad, ["shifted-preactivations"])):
        path = tmp_path / "c.safetensors"
        path.write_bytes(safetensors({"conv1.weight": weights, **norm, **last}))
        check = check_file(path)
        assert (codes(check), check.judged) == (code, False)
        assert all(finding.layers == (1,) for finding in check.findings)


def test_numbers_that_are_none_leave_the_cause_open(tmp_path: Path) -> None:
    first, second = rng().standard_normal((784, 30)), rng().standard_normal((30, 10))
    few = first.copy()
    few[3, :5] = np.nan
    biases = {"b1": np.zeros(30), "b2": np.zeros(10)}
    (found,) = checked(tmp_path, W1=few, W2=second, **biases).findings
    assert (found.code, found.blame, found.sure, found.layers) == ("non-finite", Blame.NONE, 0.5, (1,))
    assert "5 of the 23,550 weights and biases of 'W1'" in found.cause
    assert "hardly the work of training" in found.cause
    (found,) = checked(tmp_path, W1=first * np.nan, W2=second * np.nan, **biases).findings
    assert (found.code, found.blame, found.sure, found.layers) == ("non-finite", Blame.LEARNING_RATE, 0.5, (1, 2))
    words = [found.cause.index(word) for word in ("does not tell why", "learning rate", "initialization", "input")]
    assert words == sorted(words)
    (found,) = checked(tmp_path, W1=first, W2=second, b1=np.full(30, np.inf), b2=np.zeros(10)).findings
    assert (found.code, found.layers) == ("non-finite", (1,))


@pytest.mark.parametrize("layout", ["(in, out)", "(out, in)"])
@pytest.mark.parametrize(
    ("change", "left"), [("", 15), ("outgoing", 0), ("bias", 0), ("one outgoing", 15), ("pruned", 0)]
)  # fmt: skip
def test_units_that_are_copies_in_everything(tmp_path: Path, layout: str, change: str, left: int) -> None:
    first, second, bias = cloned(distinct=15), rng().standard_normal((30, 10)), np.arange(30.0) % 15
    second[15:] = second[:15]
    if change == "outgoing":
        second += rng().standard_normal(second.shape) / 100
    if change == "bias":
        bias = np.arange(30.0)
    if change == "one outgoing":
        second[3] += 1
        left -= 1
    if change == "pruned":
        first[:, 15:], second[15:] = 0, 0
        bias[15:] = 0
    if layout == "(in, out)":
        check = checked(tmp_path, W1=first, b1=bias, W2=second, b2=np.zeros(10))
    else:
        check = checked(tmp_path, W1=first.T, b1=bias[:, None], W2=second.T, b2=np.zeros((10, 1)))
    assert check.layers[0].layer.orientation == layout
    assert codes(check) == (["symmetric-units"] if left else [])
    if left:
        assert f"{left} of the 30 units of 'W1' have the same weights" in check.findings[0].cause
    if change != "pruned":
        recognized = check.layers[0].recognition
        assert recognized
        assert (recognized.trained, recognized.copies) == (False, 15)


@pytest.mark.parametrize(("gates", "name"), [(4, "torch.nn.LSTM"), (3, "torch.nn.GRU"), (1, "torch.nn.RNN")])
def test_pytorchs_recurrent_layers_are_recognized(tmp_path: Path, gates: int, name: str) -> None:
    tensors = {}
    for layer, inputs in enumerate((32, 64)):
        for part, into in (("ih", inputs), ("hh", 64)):
            drawn = rng().uniform(-1 / 8, 1 / 8, (gates * 64, into))
            tensors[f"rnn.weight_{part}_l{layer}"] = drawn.astype("<f4")
    path = tmp_path / "r.safetensors"
    path.write_bytes(safetensors(tensors))
    for one in check_file(path).layers:
        assert one.looks_like == f"U(-0.125, 0.125): {name}'s default"
    tensors = {key: (0.02 * rng().standard_normal(value.shape)).astype("<f4") for key, value in tensors.items()}
    path.write_bytes(safetensors(tensors))
    assert all(one.recognition and "randn:scale=0.02" in one.recognition.names for one in check_file(path).layers)
