"""PyTorch's files, new and old: every value, views and ties as saved, without PyTorch."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from weightfiles import (
    B1,
    MLP,
    W1,
    Array,
    Raw,
    call,
    mlp_old,
    mlp_zip,
    name,
    op,
    pickled,
    storage,
    tensor,
    tensors_of,
    torch_old,
    torch_zip,
)

from initscope.core.errors import InputError
from initscope.core.weights import open_weights

A: Array = np.arange(24, dtype="<f4").reshape(4, 6)
HELD = {"0": A.tobytes()}


def floats(count: int = 24, key: str = "0") -> Raw:
    return storage(key, "Float", count)


def read(path: Path, raw: bytes) -> dict[str, Array]:
    path.write_bytes(raw)
    with open_weights(path) as held:
        return {tensor.name: np.array(tensor.read()) for tensor in held.tensors}


def same(found: dict[str, Array], expected: dict[str, Any]) -> None:
    assert list(found) == list(expected)
    for label, array in expected.items():
        assert found[label].shape == np.shape(array)
        np.testing.assert_array_equal(found[label], array)


@pytest.mark.parametrize("raw", [mlp_zip(), mlp_zip(packed=True), mlp_zip(folder="fc"), mlp_old()])
def test_a_state_dict(tmp_path: Path, raw: bytes) -> None:
    same(read(tmp_path / "w.bin", raw), MLP)


def test_nothing_is_copied_from_an_unpacked_file(tmp_path: Path) -> None:
    path = tmp_path / "w.pt"
    path.write_bytes(mlp_zip())
    with open_weights(path) as held:
        assert held.format == "PyTorch zip (torch.save)"
        for part in held.tensors:
            assert part.offset is not None
            assert path.read_bytes()[part.offset : part.offset + part.nbytes] == MLP[part.name].tobytes()
            assert not part.read().flags.owndata


def test_views_transposes_and_ties(tmp_path: Path) -> None:
    tied = Raw(tensor(floats(), (4, 6)) + b"q\x07")
    value = {
        "a": tied,
        "tied": Raw(b"h\x07"),
        "t": tensor(floats(), (6, 4), (1, 6)),
        "cut": tensor(floats(), (2, 3), (6, 1), 8),
        "wide": tensor(floats(), (3, 6), (0, 1)),
        "one": tensor(floats(), (), (), 5),
        "none": tensor(floats(), (0, 6), (6, 1)),
    }
    expected = {
        "a": A, "tied": A, "t": A.T, "cut": A[1:3, 2:5], "wide": np.stack([A[0]] * 3), "one": A[0, 5], "none": A[:0]
    }  # fmt: skip
    same(read(tmp_path / "w.pt", torch_zip(value, HELD)), expected)
    with open_weights(tmp_path / "w.pt") as held:
        np.testing.assert_array_equal(np.concatenate(list(held["t"].blocks(5))), A.T.reshape(-1))
    same(read(tmp_path / "w.pt", torch_zip(value, HELD, packed=True)), expected)
    old = torch_old(value, {"0": (24, HELD["0"])})
    same(read(tmp_path / "w.pt", old), expected)


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [
        ("Double", "<f8"), ("Half", "<f2"), ("Long", "<i8"), ("Int", "<i4"), ("Short", "<i2"),
        ("Char", "|i1"), ("Byte", "|u1"), ("Bool", "|b1"), ("ComplexFloat", "<c8"),
    ],
)  # fmt: skip
def test_types(tmp_path: Path, kind: str, dtype: str) -> None:
    array = (np.arange(6) % 2).astype(dtype)
    value = {"w": tensor(storage("0", kind, 6), (2, 3))}
    found = read(tmp_path / "w.pt", torch_zip(value, {"0": array.tobytes()}))
    assert found["w"].dtype == array.dtype
    same(found, {"w": array.reshape(2, 3)})
    big = torch_zip(value, {"0": array.astype(array.dtype.newbyteorder(">")).tobytes()}, order=b"big")
    same(read(tmp_path / "w.pt", big), {"w": array.reshape(2, 3)})


def test_bfloat16_and_the_untyped_storage_of_float8(tmp_path: Path) -> None:
    half = (A.view(np.uint32) >> 16).astype("<u2")
    small = call(
        "torch._utils", "_rebuild_tensor_v3", storage("1", "Untyped", 4, "torch.storage"), 0, (4,), (1,),
        False, None, name("torch", "float8_e5m2"), None,
    )  # fmt: skip
    value = {"b": tensor(storage("0", "BFloat16", 24), (4, 6)), "f": small}
    data = {"0": half.tobytes(), "1": bytes([0, 60, 64, 188])}
    same(read(tmp_path / "w.pt", torch_zip(value, data)), {"b": A, "f": np.array([0, 1, 2, -1])})


def test_a_checkpoint_is_its_network_without_the_optimizer(tmp_path: Path) -> None:
    state, data = tensors_of(MLP)
    moments = {"state": {0: {"exp_avg": tensor(storage("0", "Float", 35), (5, 7))}}, "param_groups": [{"lr": 0}]}
    value = {"epoch": 3, "model": state, "optimizer": moments, "args": call("argparse", "Namespace")}
    path = tmp_path / "w.pt"
    same(read(path, torch_zip(value, data)), MLP)
    with open_weights(path) as held:
        assert held.left_out == ("optimizer",)
        assert held.metadata == {"taken from": "model"}
    both = {"generator": {"w": state["0.weight"]}, "critic": {"w": state["0.bias"]}}
    same(read(path, torch_zip(both, data)), {"generator.w": W1, "critic.w": B1})


def test_parameters_and_lists_and_a_tensor_alone(tmp_path: Path) -> None:
    whole = tensor(floats(), (4, 6))
    parameter = call("torch._utils", "_rebuild_parameter", whole, True, None)
    stated = call("torch._utils", "_rebuild_parameter_with_state", whole, True, None, {"tag": "x"})
    kind = name("torch.nn.parameter", "Parameter")
    typed = call("torch._tensor", "_rebuild_from_type_v2", name("torch._utils", "_rebuild_tensor_v2"), kind,
                 (floats(), 0, (4, 6), (6, 1), False, None), {})  # fmt: skip
    same(read(tmp_path / "w.pt", torch_zip([parameter, stated, typed], HELD)), {"0": A, "1": A, "2": A})
    same(read(tmp_path / "w.pt", torch_zip(whole, HELD)), {"tensor": A})


def module(**parts: object) -> Raw:
    """An object of a class that exists nowhere, with a module's state."""
    state = {"training": True, "_parameters": {}, "_buffers": {}, "_modules": {}, **parts}
    return Raw(name("nowhere.models", "Net") + b")\x81" + op(state) + b"b")


def test_a_whole_module_gives_its_parameters(tmp_path: Path) -> None:
    state, data = tensors_of(MLP)
    inner = module(_parameters={"weight": state["2.weight"], "bias": None})
    outer = module(_parameters={"w": state["0.weight"]}, _buffers={"b": state["0.bias"]}, _modules={"fc": inner})
    found = read(tmp_path / "w.pt", torch_zip(outer, data))
    same(found, {"w": W1, "b": B1, "fc.weight": MLP["2.weight"]})


def test_an_older_file_may_name_a_class_with_its_program(tmp_path: Path) -> None:
    kind = Raw(op(("module", name("nowhere.models", "Net"), "net.py", "import os")) + b"Q")
    state, data = tensors_of({"w": W1})
    whole = Raw(kind + b")\x81" + op({"_parameters": state}) + b"b")
    same(read(tmp_path / "w.pt", torch_old(whole, {"0": (35, data["0"])})), {"w": W1})


def test_tensors_pickled_without_torch_save(tmp_path: Path) -> None:
    """Each storage is a whole older file inside the pickle."""
    state = {}
    for label, array in MLP.items():
        alone = torch_old(storage("0", "Float", array.size), {"0": (array.size, array.tobytes())})
        held = Raw(name("torch.storage", "_load_from_bytes") + b"(B" + len(alone).to_bytes(4, "little") + alone + b"tR")
        state[label] = tensor(held, array.shape)
    same(read(tmp_path / "w.pkl", pickled(state)), MLP)


def test_torchscript_is_refused(tmp_path: Path) -> None:
    raw = mlp_zip(**{"constants.pkl": pickled(())})
    with pytest.raises(InputError, match=r"TorchScript.*model.state_dict\(\)"):
        read(tmp_path / "w.pt", raw)


def test_tensors_that_need_the_unknown_are_refused_but_not_their_mention(tmp_path: Path) -> None:
    whole = tensor(floats(), (4, 6))
    found = read(tmp_path / "w.pt", torch_zip({"w": whole, "kind": name("torch", "float32")}, HELD))
    same(found, {"w": A})
    sparse = call("torch._utils", "_rebuild_sparse_tensor", name("torch", "sparse_coo"), (whole, whole, (4, 6)))
    with pytest.raises(InputError, match=r"'w' is made by torch._utils._rebuild_sparse_tensor.*not known"):
        read(tmp_path / "w.pt", torch_zip({"w": sparse}, HELD))
    with pytest.raises(InputError, match=r"'torch.QInt8Storage' is no storage"):
        read(tmp_path / "w.pt", torch_zip({"w": tensor(storage("0", "QInt8", 24), (24,))}, HELD))


BROKEN: list[tuple[object, str]] = [
    (tensor(floats(), (5, 6)), "needs bytes 0 to 120 of what holds it, and that has 96"),
    (tensor(floats(), (4, 6), (6, 1), 1), "needs bytes 4 to 100"),
    (tensor(floats(), (4, 6), (6, 1), -1), "cannot be called"),
    (tensor(floats(), (4, 6), (-6, 1), 23), "cannot be called"),
    (tensor(floats(), (4, -6), (6, 1)), "cannot be called"),
    (tensor(floats(), (4, 6), (6,)), "strides"),
    (tensor(floats(), (2**40, 2**40), (0, 0)), "repeats its 96 bytes"),
    (tensor(floats(), (2**80,), (1,)), "needs bytes"),
    (tensor(floats(), (1,) * 40), "cannot be called"),
    (tensor(floats(25), (5, 5)), "should have 100 bytes and has 96"),
    (tensor(floats(2**70), (1,)), "should have"),
    (tensor(floats(24, "1"), (4, 6)), "lacks data/'1'"),
    (tensor(floats(24, "../../data/0"), (4, 6)), "lacks data/"),
    ([tensor(floats(), (4, 6)), tensor(floats(12), (2, 6))], "24 values and 12"),
    ([tensor(floats(), (4, 6)), tensor(storage("0", "Int", 24), (4, 6))], "24 values and 24"),
    (tensor(A.ndim, (4, 6)), "cannot be called"),
    (Raw(op(("other", name("torch", "FloatStorage"), "0", "cpu", 24)) + b"Q"), "not its name"),
    (Raw(op(("storage", "torch.FloatStorage", "0", "cpu", 24)) + b"Q"), "without class"),
    ({"epoch": 3}, r"holds no tensors.*torch.save\(model.state_dict"),
    (call("nowhere", "Net"), "only an object of nowhere.Net"),
]


@pytest.mark.parametrize("number", range(len(BROKEN)))
@pytest.mark.parametrize("form", ["new", "old"])
def test_lies_about_tensors_are_named(tmp_path: Path, number: int, form: str) -> None:
    value, message = BROKEN[number]
    raw = torch_zip(value, HELD) if form == "new" else torch_old(value, {"0": (24, HELD["0"])})
    with pytest.raises(InputError, match=message if form == "new" else ".") as caught:
        read(tmp_path / "w.pt", raw)
    assert "\n" not in str(caught.value)


def test_the_old_format_is_checked(tmp_path: Path) -> None:
    path, whole = tmp_path / "w.pt", tensor(floats(), (4, 6))
    for data, message in (
        ({"0": (23, HELD["0"])}, "should have 24 values"),
        ({"0": (24, HELD["0"][:-1])}, "cut short"),
        ({}, "are not in the file"),
        ({"1": (24, HELD["0"])}, "listed that nothing uses"),
    ):
        with pytest.raises(InputError, match=message):
            read(path, torch_old(whole, data))
    raw = torch_old(whole, {"0": (24, HELD["0"])})
    with pytest.raises(InputError, match="another version"):
        read(path, raw.replace(pickled(1001), pickled(1002)))
    assert pickle.loads(pickled({"a": (1, None, [True])})) == {"a": (1, None, [True])}  # the writer here is right
