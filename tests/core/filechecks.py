"""What the tests of saved weights share: layers drawn in known ways, in layouts that people write, and their check."""

import json
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from initscope.core.activations import activation
from initscope.core.checks.file import FileCheck, check_file

sys.path.append(str(Path(__file__).with_name("weights")))
from weightfiles import safetensors, tensors_of, torch_zip

__all__ = ["SIZES", "Array", "checked", "codes", "drawn", "safetensors", "saved"]

Array = np.ndarray[Any, Any]
SIZES = (784, 40, 30, 10)


def drawn(name: str = "he", sizes: Sequence[int] = SIZES, seed: int = 0) -> list[tuple[Array, Array]]:
    """Weights (out, in) and zero biases of each layer."""
    rng, found = np.random.default_rng(seed), []
    for into, out in pairwise(sizes):
        weights = {
            "he": rng.standard_normal((out, into)) * np.sqrt(2 / into),
            "rand": rng.random((out, into)),
            "randn": rng.standard_normal((out, into)),
            "small": 0.01 * rng.standard_normal((out, into)),
            "linear": rng.uniform(-1, 1, (out, into)) / np.sqrt(into),
            "zeros": np.zeros((out, into)),
        }[name]
        found.append((weights, np.zeros(out)))
    return found


def saved(folder: Path, layout: str, layers: Sequence[tuple[Array, Array]]) -> Path:
    """The layers in one of the layouts that people write."""
    path = folder / f"{layout}.npz"
    numbered = list(enumerate(layers, 1))
    if layout == "nielsen":  # network2.py's JSON: lists of (out, in) matrices and of column biases
        path = path.with_suffix(".json")
        lists = {"sizes": [layers[0][0].shape[1], *(len(w) for w, _ in layers)], "cost": "QuadraticCost",
                 "weights": [w.tolist() for w, _ in layers], "biases": [b.reshape(-1, 1).tolist() for _, b in layers]}
        path.write_text(json.dumps(lists))
    elif layout == "list":
        np.savez(path, *(w for w, _ in layers), *(b[:, None] for _, b in layers))
    elif layout == "coursera":
        np.savez(path, **{f"W{n}": w for n, (w, _) in numbered}, **{f"b{n}": b[:, None] for n, (_, b) in numbered})
    elif layout == "cs231n":
        np.savez(path, **{f"W{n}": w.T for n, (w, _) in numbered}, **{f"b{n}": b for n, (_, b) in numbered})
    else:
        named = {}
        for n, (w, b) in numbered:
            named |= {f"net.{2 * n}.weight": w.astype("<f4"), f"net.{2 * n}.bias": b.astype("<f4")}
        path = path.with_suffix(".pt" if layout == "torch" else ".safetensors")
        path.write_bytes(torch_zip(*tensors_of(named)) if layout == "torch" else safetensors(named))
    return path


def checked(folder: Path, name: str = "he", layout: str = "coursera", **more: Any) -> FileCheck:
    kind = more.pop("kind", None)
    dataset = more.pop("dataset", None)
    return check_file(saved(folder, layout, drawn(name, **more)), kind and activation(kind), dataset)


def codes(check: FileCheck) -> list[str]:
    return [finding.code for finding in check.findings]
