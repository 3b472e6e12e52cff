"""The safetensors format: what is sound is read, and every rule that is broken is named."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from weightfiles import B1, MLP, W1, safe, safetensors

from initscope.core.errors import InputError
from initscope.core.weights import open_weights


def entry(begin: int = 0, end: int = 8, dtype: Any = "F32", shape: Any = (2,)) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def test_tensors_and_metadata(tmp_path: Path) -> None:
    path = tmp_path / "m.bin"
    path.write_bytes(safetensors(MLP, {"format": "pt", "note": "a\x1b[31mb\n"}))
    with open_weights(path) as held:
        assert held.format == "safetensors"
        assert [tensor.name for tensor in held.tensors] == list(MLP)
        assert held.metadata == {"format": "pt", "note": "a\\x1b[31mb\\n"}
        for tensor in held.tensors:
            np.testing.assert_array_equal(tensor.read(), MLP[tensor.name])
            assert not tensor.read().flags.owndata


def test_tensors_are_in_the_order_of_their_bytes_and_the_header_may_be_padded(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    header = {"b": entry(8, 16), "a": entry(0, 8), "empty": entry(8, 8, shape=[0, 4]), "one": entry(16, 20, shape=[])}
    path.write_bytes(safe(json.dumps(header).encode() + b"   ", np.arange(5, dtype="<f4").tobytes()))
    with open_weights(path) as held:
        assert [tensor.name for tensor in held.tensors] == ["a", "empty", "b", "one"]
        assert held["empty"].read().shape == (0, 4)
        assert held["one"].read() == 4
        assert held["b"].offset == path.stat().st_size - 12


def float_value(bits: int, exponent: int, mantissa: int, bias: int) -> float:
    """A small float by its definition, one bit after the other."""
    sign = -1 if bits >> (exponent + mantissa) else 1
    power, fraction = (bits >> mantissa) % 2**exponent, bits % 2**mantissa
    if power == 0:
        return float(sign * fraction / 2**mantissa * 2.0 ** (1 - bias))
    return float(sign * (1 + fraction / 2**mantissa) * 2.0 ** (power - bias))


@pytest.mark.parametrize(
    ("dtype", "exponent", "mantissa", "bias", "special"),
    [
        ("F8_E4M3", 4, 3, 7, {127: np.nan, 255: np.nan}),
        ("F8_E4M3FNUZ", 4, 3, 8, {128: np.nan}),
        ("F8_E5M2", 5, 2, 15, {124: np.inf, 252: -np.inf} | dict.fromkeys((125, 126, 127, 253, 254, 255), np.nan)),
        ("F8_E5M2FNUZ", 5, 2, 16, {128: np.nan}),
        ("F8_E8M0", 8, 0, 127, {255: np.nan}),
    ],
)
def test_small_floats(
    tmp_path: Path, dtype: str, exponent: int, mantissa: int, bias: int, special: dict[int, float]
) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(safe({"w": entry(0, 256, dtype, [256])}, bytes(range(256))))
    expected = [float_value(bits, exponent, mantissa, bias) for bits in range(256)]
    if dtype == "F8_E8M0":
        expected[0] = 2.0**-127  # no zero, no sign, nothing after the point
    for bits, value in special.items():
        expected[bits] = value
    with open_weights(path) as held:
        read = held["w"].read()
        assert read.dtype == np.float32
        np.testing.assert_array_equal(read, np.array(expected, np.float32))
        np.testing.assert_array_equal(np.concatenate(list(held["w"].blocks(100))), read)


def test_bfloat16_is_the_upper_half_of_a_float32(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    values = np.array([[1.5, -2.0, 3e38], [0.0, np.inf, 2.0**-130]], np.float32)
    cut = (values.view(np.uint32) >> 16).astype("<u2")
    path.write_bytes(safe({"w": entry(0, 12, "BF16", [2, 3])}, cut.tobytes()))
    expected = (cut.astype(np.uint32) << 16).view(np.float32)
    with open_weights(path) as held:
        assert held["w"].dtype == "bfloat16"
        np.testing.assert_array_equal(held["w"].read(), expected)


BROKEN: list[tuple[bytes, str]] = [
    (safe({"w": entry()}, b"\0" * 8, length=2**40), "known|header"),
    (safe({"w": entry()}, b"\0" * 8, length=2**24 + 1), "header of 16,777,217 bytes"),
    (safe({"w": entry()}, b"\0" * 8, length=200), "damaged or cut short"),
    (safe(b'{"w": \xff}'), "no JSON"),
    (safe(b"{" + b'"a":[' * 5000), "no JSON"),
    (safe(b'{"w": NaN}'), "no JSON"),
    (safe(b'{"a": {}, "a": {}}'), "something twice"),
    (safe({"w": entry()}, b"\0" * 7), "need 8 bytes"),
    (safe({"w": entry()}, b"\0" * 9), "need 8 bytes"),
    (safe({"w": entry(1, 9)}, b"\0" * 9), "a hole before the first"),
    (safe({"a": entry(), "b": entry(9, 17)}, b"\0" * 17), "a hole between them"),
    (safe({"a": entry(), "b": entry(4, 12)}, b"\0" * 12), "overlap"),
    (safe({"w": entry(8, 0)}, b"\0" * 8), "begin, end"),
    (safe({"w": entry(-8, 0)}), "whole numbers"),
    (safe({"w": entry(0, 2**70)}), "whole numbers"),
    (safe({"w": entry(shape=[3])}, b"\0" * 8), "needs 12 bytes, its span has 8"),
    (safe({"w": entry(shape=[2.0])}, b"\0" * 8), "whole numbers"),
    (safe({"w": entry(shape=[True, 2])}, b"\0" * 8), "whole numbers"),
    (safe({"w": entry(shape=[2**62, 2**62])}, b"\0" * 8), "its span has 8"),
    (safe({"w": entry(shape=[2] + [1] * 40)}, b"\0" * 8), "at most 32 axes"),
    (safe({"w": entry(dtype="F4")}, b"\0" * 8), "less than a byte"),
    (safe({"w": entry(dtype="F7")}, b"\0" * 8), "known are F64"),
    (safe({"w": entry(dtype=[])}, b"\0" * 8), "dtype is no text"),
    (safe({"w": {**entry(), "more": 1}}, b"\0" * 8), "nothing else"),
    (safe({"w": 3}), "nothing else"),
    (safe({"__metadata__": {"a": 1}, "w": entry()}, b"\0" * 8), "__metadata__"),
    (safe({"x" * 600: entry()}, b"\0" * 8), "more than 500 characters"),
    (safe({}), "without tensors"),
]


@pytest.mark.parametrize("number", range(len(BROKEN)))
def test_each_broken_rule_is_named(tmp_path: Path, number: int) -> None:
    raw, message = BROKEN[number]
    path = tmp_path / "m.safetensors"
    path.write_bytes(raw)
    with pytest.raises(InputError, match=message) as caught:
        open_weights(path)
    assert "\n" not in str(caught.value)


def test_too_many_tensors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("initscope.core.weights.safetensors.MAX_TENSORS", 1)
    path = tmp_path / "m.safetensors"
    path.write_bytes(safetensors({"a": W1, "b": B1}))
    with pytest.raises(InputError, match="holds 2 tensors; at most 1"):
        open_weights(path)
