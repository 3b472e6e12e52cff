"""Keras's files, by h5py: read from the file itself, never from others it points to."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from weightfiles import Array, zipped

from initscope.core.errors import InputError
from initscope.core.weights import find_layers, open_weights

h5py: Any = pytest.importorskip("h5py")
K1: Array = np.random.default_rng(0).standard_normal((7, 5)).astype("<f4")
K2: Array = np.random.default_rng(1).standard_normal((5, 3)).astype("<f4")
B1: Array = np.arange(5, dtype="<f4")
B2: Array = np.arange(3, dtype="<f4")


def old(path: Path, **options: Any) -> Path:
    """As model.save('name.h5') lays it out."""
    with h5py.File(path, "w") as book:
        for layer, kernel, bias in (("dense", K1, B1), ("dense_1", K2, B2)):
            group = book.create_group(f"model_weights/{layer}/{layer}")
            group.create_dataset("kernel:0", data=kernel, **options)
            group.create_dataset("bias:0", data=bias)
        book.create_dataset("optimizer_weights/m:0", data=K1)
    return path


@pytest.mark.parametrize("options", [{}, {"chunks": (2, 3)}, {"compression": "gzip", "shuffle": True}])
def test_a_whole_model(tmp_path: Path, options: dict[str, Any]) -> None:
    expected = {
        "dense/dense/bias:0": B1,
        "dense/dense/kernel:0": K1,
        "dense_1/dense_1/bias:0": B2,
        "dense_1/dense_1/kernel:0": K2,
    }
    with open_weights(old(tmp_path / "m.bin", **options)) as held:
        assert {tensor.name for tensor in held.tensors} == set(expected)
        for tensor in held.tensors:
            np.testing.assert_array_equal(tensor.read(), expected[tensor.name])
            for size in (2, 6, 100):
                flat = np.concatenate(list(tensor.blocks(size)))
                np.testing.assert_array_equal(flat, expected[tensor.name].reshape(-1))
        assert (held["dense/dense/kernel:0"].offset is None) == bool(options)
        found = find_layers(held.tensors)
        fans = [(layer.fan_in, layer.fan_out, layer.transposed) for layer in found.chain]
        assert fans == [(7, 5, False), (5, 3, False)]


@pytest.mark.parametrize("packed", [False, True])
def test_keras_3(tmp_path: Path, packed: bool) -> None:
    inner = tmp_path / "model.weights.h5"
    with h5py.File(inner, "w") as book:
        for layer, kernel, bias in (("dense", K1, B1), ("dense_1", K2, B2)):
            book[f"layers/{layer}/vars/0"] = kernel
            book[f"layers/{layer}/vars/1"] = bias
        book["optimizer/vars/0"] = K1
    members = {"metadata.json": b"{}", "config.json": b"{}", "model.weights.h5": inner.read_bytes()}
    with open_weights(zipped(tmp_path / "m.keras", members, packed)) as held:
        assert held.format == "Keras .keras"
        assert held.left_out == ("optimizer",)
        np.testing.assert_array_equal(held["layers/dense/vars/0"].read(), K1)
        found = find_layers(held.tensors)
        assert [layer.bias and layer.bias.shape for layer in found.chain] == [(5,), (3,)]


def test_other_files_are_never_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"\1" * 80)
    old(tmp_path / "other.h5")
    path = tmp_path / "m.h5"
    with h5py.File(path, "w") as book:
        book.create_dataset("w", data=K1)
        book["link"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "/model_weights")
        book["soft"] = h5py.SoftLink("/w")
    with open_weights(path) as held:
        assert [tensor.name for tensor in held.tensors] == ["w"]
        assert set(held.left_out) == {"link", "soft"}
    with h5py.File(path, "w") as book:
        book.create_dataset("w", (10,), "<f8", external=[(str(secret), 0, 80)])
    with pytest.raises(InputError, match="in another file"):
        open_weights(path)
    layout = h5py.VirtualLayout((7, 5), "<f4")
    layout[:] = h5py.VirtualSource(str(tmp_path / "other.h5"), "model_weights/dense/dense/kernel:0", (7, 5))
    with h5py.File(path, "w") as book:
        book.create_virtual_dataset("w", layout)
    with pytest.raises(InputError, match="in another file"):
        open_weights(path)


def test_a_promise_of_far_too_much(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "m.h5", "w") as book:
        book.create_dataset("w", (2**30, 2**20), "<f8", chunks=(1024, 1024))
    with pytest.raises(InputError, match="more than 500 times"):
        open_weights(tmp_path / "m.h5")


def test_damage_and_emptiness(tmp_path: Path) -> None:
    raw = old(tmp_path / "m.h5").read_bytes()
    for cut in (20, 500, len(raw) - 1000):
        (tmp_path / "m.h5").write_bytes(raw[:cut])
        with pytest.raises(InputError, match="damaged"):
            open_weights(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5", "w") as book:
        book["names"] = ["a", "b"]
    with pytest.raises(InputError, match="without arrays"):
        open_weights(tmp_path / "m.h5")


def test_without_h5py(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = old(tmp_path / "m.h5")
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(InputError, match=r"pip install 'initscope\[keras\]'"):
        open_weights(path)
