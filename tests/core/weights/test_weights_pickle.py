"""Pickles of NumPy arrays, of every protocol, as they are and inside objects whose classes are never imported."""

import pickle
from collections import OrderedDict, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from weightfiles import B1, W1, W2, Array, Raw, call, name, op, pickled

from initscope.core.errors import InputError
from initscope.core.weights import open_weights

PROTOCOLS = range(6)


def read(path: Path, raw: bytes) -> dict[str, Array]:
    path.write_bytes(raw)
    with open_weights(path) as held:
        found = {}
        for tensor in held.tensors:
            found[tensor.name] = np.array(tensor.read())
            flat = np.concatenate([np.empty(0), *tensor.blocks(3)])
            np.testing.assert_array_equal(flat, found[tensor.name].reshape(-1))
        return found


def same(found: dict[str, Array], expected: dict[str, Any]) -> None:
    assert list(found) == list(expected)
    for label, array in expected.items():
        assert found[label].dtype == np.asarray(array).dtype
        np.testing.assert_array_equal(found[label], array)


class Network:
    """As people write it, with its arrays in lists."""

    def __init__(self) -> None:
        self.sizes = [7, 5]
        self.weights = [W1, W2]
        self.biases = [B1[:, None]]
        self.itself = self


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_dictionaries_and_lists_of_arrays(tmp_path: Path, protocol: int) -> None:
    arrays = {
        "W1": W1, "F": np.asfortranarray(W1), "big": W1.astype(">f4"), "d": W1.astype(float), "i": np.arange(6),
        "B": W1 > 0, "none": np.zeros((0, 3)), "one": np.array(2.5), "h": W1.astype(np.float16),
    }  # fmt: skip
    same(read(tmp_path / "w", pickle.dumps(arrays, protocol)), arrays)
    same(read(tmp_path / "w", pickle.dumps([W1, (B1, W2)], protocol)), {"0": W1, "1.0": B1, "1.1": W2})
    inner: defaultdict[str, Any] = defaultdict(list, c=B1)
    named = OrderedDict(a=W1, b=inner, n=np.float64(3), text="x", none=None, yes=True, f=1.5, s={1})
    same(read(tmp_path / "w", pickle.dumps(named, protocol)), {"a": W1, "b.c": B1})


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_long_arrays(tmp_path: Path, protocol: int) -> None:
    array = np.random.default_rng(0).standard_normal(300_000)
    same(read(tmp_path / "w", pickle.dumps({"w": array}, protocol)), {"w": array})


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_object_gives_its_arrays(tmp_path: Path, protocol: int) -> None:
    expected = {"weights.0": W1, "weights.1": W2, "biases.0": B1[:, None]}
    same(read(tmp_path / "w", pickle.dumps(Network(), protocol)), expected)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_array_of_arrays(tmp_path: Path, protocol: int) -> None:
    ragged = np.empty(2, object)
    ragged[:] = [W1, B1]
    same(read(tmp_path / "w", pickle.dumps(ragged, protocol)), {"0": W1, "1": B1})


def test_python_2(tmp_path: Path) -> None:
    """Its arrays are kept as strings, in a module of the old name."""
    kind = Raw(call("numpy", "dtype", "f4", 0, 1) + op((3, "<", None, None, None, -1, -1, 0)) + b"b")
    empty = call("numpy.core.multiarray", "_reconstruct", name("numpy", "ndarray"), (0,), "b")
    for array, string in ((B1, b"U" + bytes([20])), (W1, b"U" + bytes([140])), (np.tile(W1, (9, 1)), b"T\xec\x04\0\0")):
        state = b"(" + op(1) + op(array.shape) + kind + op(False) + string + array.tobytes() + b"t"
        raw = b"\x80\x02}(U\x01w" + empty + state + b"bu."
        assert pickle.loads(raw, encoding="latin1")["w"].tolist() == array.tolist()
        same(read(tmp_path / "w", raw), {"w": array})
    text = b"(dp0\nS'w'\n" + empty + b"(" + op(1) + op((5,)) + kind + op(False) + b"S" + repr(B1.tobytes())[1:].encode()
    same(read(tmp_path / "w", text + b"\ntbs."), {"w": B1})


def test_of_jax(tmp_path: Path) -> None:
    """It wraps a NumPy array; bfloat16 is a class of ml_dtypes."""
    half = np.array([0x3F80, 0x4000], "<u2")
    kind = Raw(call("numpy", "dtype", name("ml_dtypes", "bfloat16"), False, True) + op((3, "<", None)) + b"b")
    data = Raw(b"C\x04" + half.tobytes())
    array = call(
        "jax._src.array", "_reconstruct_array", name("numpy._core.multiarray", "_reconstruct"),
        (name("numpy", "ndarray"), (0,), "b"), (1, (2,), kind, False, data), {"weak_type": False},
    )  # fmt: skip
    same(read(tmp_path / "w", pickled({"bias": array})), {"bias": np.array([1, 2], np.float32)})


def test_numbers_in_buffers_elsewhere_are_refused(tmp_path: Path) -> None:
    raw = pickle.dumps(W1, 5, buffer_callback=lambda buffer: None)
    with pytest.raises(InputError, match="outside the file"):
        read(tmp_path / "w", raw)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"a": 1, "b": [2.5]}, "holds no tensors"),
        ([], "holds no tensors"),
        ({"optimizer": {"a": W1}}, "holds no tensors besides optimizer"),
    ],
)
def test_pickles_without_arrays(tmp_path: Path, value: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(tmp_path / "w", pickle.dumps(value))


def test_an_array_must_have_the_bytes_of_its_shape(tmp_path: Path) -> None:
    raw = pickle.dumps({"w": np.zeros((3, 5))}, 4)
    assert raw.count(b"K\x03K\x05\x86") == 1
    for shape in (b"K\x04K\x05\x86", b"K\x02K\x05\x86", b"K\xffK\xff\x86"):
        with pytest.raises(InputError, match="damaged"):
            read(tmp_path / "w", raw.replace(b"K\x03K\x05\x86", shape))
