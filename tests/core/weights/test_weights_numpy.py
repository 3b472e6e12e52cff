"""Weights in .npy, .npz and JSON: every value as it was saved, mapped or streamed; of objects, the arrays in them."""

import io
import json
import subprocess
import sys
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from weightfiles import B1, B2, W1, W2, Array, zipped

from initscope.core.errors import InputError
from initscope.core.weights import open_weights
from initscope.core.weights.mapped import Span

KINDS = ["<f8", "<f4", ">f4", "<f2", "<i8", "<i2", "|u1", "|b1", "<c8"]


def npy(array: Array) -> bytes:
    out = io.BytesIO()
    np.save(out, array, allow_pickle=True)
    return out.getvalue()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shape", [(), (0, 3), (6,), (4, 3), (2, 3, 4)])
@pytest.mark.parametrize("form", ["npy", "npz", "packed"])
def test_values_are_those_saved(tmp_path: Path, kind: str, order: str, shape: tuple[int, ...], form: str) -> None:
    array = np.asarray(np.arange(np.prod(shape)).reshape(shape) % 7, dtype=kind, order="F" if order == "F" else "C")
    path = tmp_path / "weights.bin"  # the name says nothing: the content does
    if form == "npy":
        path.write_bytes(npy(array))
    else:
        with open(path, "wb") as file:
            (np.savez if form == "npz" else np.savez_compressed)(file, weights=array)
    with open_weights(path) as held:
        (tensor,) = held.tensors
        assert tensor.shape == shape
        assert tensor.dtype == array.dtype.name
        assert tensor.nbytes == array.nbytes
        np.testing.assert_array_equal(tensor.read(), array)
        for size in (1, 4, 1000):
            blocks = list(tensor.blocks(size))
            assert all(1 <= len(block) <= size for block in blocks)
            flat = np.concatenate(blocks) if blocks else np.empty(0)
            np.testing.assert_array_equal(flat, array.reshape(-1))


def test_an_uncompressed_npz_is_mapped_where_it_lies(tmp_path: Path) -> None:
    path = tmp_path / "w.npz"
    np.savez(path, W1=W1, b1=B1)
    with open_weights(path) as held:
        assert [tensor.name for tensor in held.tensors] == ["W1", "b1"]
        assert held.format == "NumPy .npz, uncompressed"
        tensor = held["W1"]
        assert isinstance(tensor.source, Span)
        assert tensor.offset is not None
        assert path.read_bytes()[tensor.offset : tensor.offset + tensor.nbytes] == W1.tobytes()
        read = tensor.read()
        assert not read.flags.owndata
        assert not read.flags.writeable
    np.testing.assert_array_equal(read, W1)  # it keeps its hold of the file


def test_large_packed_arrays_are_streamed_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "w.npz"
    array = np.random.default_rng(0).integers(0, 9, 2_000_000).astype(np.float32)
    np.savez_compressed(path, w=array)
    tracemalloc.start()
    with open_weights(path) as held:
        total = sum(float(block.sum(dtype=np.float64)) for block in held.tensors[0].blocks(10_000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total == array.sum(dtype=np.float64)
    assert peak - path.stat().st_size < 1_000_000 < array.nbytes  # a file of this size is held


def ragged(*arrays: Array) -> Array:
    held = np.empty(len(arrays), object)
    held[:] = arrays
    return held


PICKLED: dict[str, tuple[dict[str, Any], dict[str, Array]]] = {
    "nielsen": (
        {"weights": ragged(W1, W2), "biases": ragged(B1[:, None], B2[:, None])},
        {"weights.0": W1, "weights.1": W2, "biases.0": B1[:, None], "biases.1": B2[:, None]},
    ),
    "dictionary": ({"arr_0": np.array({"W1": W1, "b1": B1, "lr": 0.1})}, {"W1": W1, "b1": B1}),
    "wrapped": ({"arr_0": np.array({"params": {"W1": W1}, "optimizer": {"m": W1}})}, {"W1": W1}),
    "beside": ({"params": np.array({"W1": W1}), "mean": B1}, {"params.W1": W1, "mean": B1}),
    "of one shape": ({"weights": np.array([W1, 2 * W1], dtype=object)}, {"weights": np.array([W1, 2 * W1], float)}),
    "fortran": ({"weights": np.array(W1, dtype=object, order="F")}, {"weights": np.array(W1, float)}),
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", PICKLED)
def test_arrays_in_pickled_objects_are_read(tmp_path: Path, kind: str, packed: bool) -> None:
    members, expected = PICKLED[kind]
    (np.savez_compressed if packed else np.savez)(tmp_path / "w.npz", **members)
    with open_weights(tmp_path / "w.npz") as held:
        assert [tensor.name for tensor in held.tensors] == list(expected)
        for tensor in held.tensors:
            np.testing.assert_array_equal(tensor.read(), expected[tensor.name])
    if len(members) == 1:
        np.save(tmp_path / "arr_0.npy", *members.values())
        with open_weights(tmp_path / "arr_0.npy") as held:
            names = [tensor.name.removeprefix("arr_0").removeprefix(".") for tensor in held.tensors]
            assert names == [name.removeprefix("weights") for name in expected]


def test_objects_without_arrays_are_refused_with_the_way_to_save(tmp_path: Path) -> None:
    path = tmp_path / "w.npy"
    for value in ({"lr": 0.1}, "text", None):
        np.save(path, np.array(value, dtype=object))
        with pytest.raises(InputError, match=r"objects without arrays of numbers.*np.savez\(path, \*weights\)"):
            open_weights(path)
    np.save(path, np.zeros(3, [("a", object), ("b", "f4")]))
    with pytest.raises(InputError, match=r"records with Python objects.*np.savez"):
        open_weights(path)
    np.savez(tmp_path / "w.npz", W1=W1, about=np.array({"lr": 0.1}))
    with open_weights(tmp_path / "w.npz") as held:
        assert ([tensor.name for tensor in held.tensors], held.left_out) == (["W1"], ("about (Python objects)",))
    np.savez(tmp_path / "w.npz", **{"w": np.array({"a": W1}), "w.a": W1})
    with pytest.raises(InputError, match=r"two arrays are named 'w\.a'"):
        open_weights(tmp_path / "w.npz")


def test_text_is_left_out_and_alone_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", W1=W1, classes=np.array(["cat", "dog"]))
    with open_weights(tmp_path / "w.npz") as held:
        assert [tensor.name for tensor in held.tensors] == ["W1"]
        assert held.left_out == ("classes (not numbers)",)
    np.savez(tmp_path / "t.npz", classes=np.array(["cat", "dog"]))
    with pytest.raises(InputError, match="holds no arrays of numbers"):
        open_weights(tmp_path / "t.npz")
    np.save(tmp_path / "t.npy", np.array(["cat", "dog"]))
    with pytest.raises(InputError, match="array of text"):
        open_weights(tmp_path / "t.npy")


@pytest.mark.parametrize("packed", [False, True])
def test_a_small_file_may_be_written_anew_while_it_is_open(tmp_path: Path, packed: bool) -> None:
    """As a training script does with its checkpoint; a mapped one would end the process at the next touch."""
    path = tmp_path / "w.npz"
    expected = np.random.default_rng(0).standard_normal((300, 200))
    (np.savez_compressed if packed else np.savez)(path, w=expected)
    program = (
        "import sys\nfrom pathlib import Path\nfrom initscope.core.weights import open_weights\n"
        "with open_weights(Path(sys.argv[1])) as held:\n"
        "    open(sys.argv[1], 'wb').close()\n"
        "    print(repr(float(held.tensors[0].read().sum())))"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert float(done.stdout) == pytest.approx(expected.sum(), rel=1e-9)


@pytest.mark.parametrize("cut", [1, 30, 90, 200])
def test_cut_short_is_said(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "w.npy"
    path.write_bytes(npy(W1)[:-cut])
    with pytest.raises(InputError, match=r"damaged|not a whole"):
        open_weights(path)


def test_a_packed_array_with_a_wrong_checksum_is_found_when_it_is_read(tmp_path: Path) -> None:
    path = zipped(tmp_path / "w.npz", {"w.npy": npy(np.arange(9000.0) % 100)}, packed=True)
    raw = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        crc = archive.infolist()[0].CRC.to_bytes(4, "little")
    path.write_bytes(raw.replace(crc, b"\1\2\3\4"))
    with open_weights(path) as held, pytest.raises(InputError, match="checksum is wrong"):
        held.tensors[0].read()


def test_nielsens_json(tmp_path: Path) -> None:
    path = tmp_path / "net.json"
    biases = [B1[:, None].tolist()]
    saved = {"sizes": [7, 5], "weights": [W1.tolist()], "biases": biases, "cost": "CrossEntropyCost"}
    path.write_text(json.dumps(saved))
    with open_weights(path) as held:
        assert [(tensor.name, tensor.shape) for tensor in held.tensors] == [("weights.0", (5, 7)), ("biases.0", (5, 1))]
        np.testing.assert_array_equal(held["weights.0"].read(), W1.astype(float))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"weight_map": {}}', "index of a model in several files"),
        ('{"weights": [[[1, 2], [3]]]}', "no matrix of numbers"),
        ('{"weights": [["a"]]}', "no matrix of numbers"),
        ('{"weights": 3}', "holds no weights"),
        ('{"a": ' + "[" * 100_000, "no JSON"),
        ("{", "no JSON"),
    ],
)
def test_other_json_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "net.json"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        open_weights(path)
