"""Whatever the bytes of a file of weights are: it opens and can be read, or one line says why not."""

import io
import pickle
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from weightfiles import B1, MLP, W1, Raw, mlp_old, mlp_zip, pickled, safe, safetensors, tensors_of, torch_zip

from initscope.core.errors import InputError
from initscope.core.weights import find_layers, open_weights

FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
MIB = 2**20


def npy() -> bytes:
    out = io.BytesIO()
    np.save(out, W1)
    return out.getvalue()


def npz(packed: bool) -> bytes:
    out = io.BytesIO()
    (np.savez_compressed if packed else np.savez)(out, W1=W1, b1=B1)
    return out.getvalue()


def inner_pickle() -> bytes:
    return pickled(tensors_of(MLP)[0])


GOOD: dict[str, bytes] = {
    "npy": npy(),
    "npz": npz(packed=False),
    "npz packed": npz(packed=True),
    "safetensors": safetensors(MLP),
    "torch": mlp_zip(),
    "torch packed": mlp_zip(packed=True),
    "torch old": mlp_old(),
    **{f"pickle {protocol}": pickle.dumps({"W1": W1, "l": [B1]}, protocol) for protocol in range(6)},
}
STARTS = [b"", *(raw[:12] for raw in GOOD.values()), b"GGUF", b"\x08\x07\x12", b"{", b"\x80\x04", b"\x93NUMPY\1\0"]


def attempt(path: Path, raw: bytes) -> None:
    """Opens and reads, or refuses in one line; within 40 MiB either way."""
    path.write_bytes(raw)
    message = ""
    tracemalloc.start()
    try:
        with open_weights(path) as held:
            find_layers(held.tensors)
            for tensor in held.tensors:
                assert tensor.read().shape == tensor.shape
                assert sum(len(block) for block in tensor.blocks(7)) == tensor.size
                assert tensor.name.isprintable()
    except InputError as error:
        message = str(error)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert message.isprintable()
    assert peak < 40 * MIB


@pytest.mark.parametrize("kind", GOOD)
def test_the_undamaged_file_is_read(tmp_path: Path, kind: str) -> None:
    (tmp_path / "w").write_bytes(GOOD[kind])
    with open_weights(tmp_path / "w") as held:
        assert len(held.tensors) >= 1


@FUZZ
@given(start=st.sampled_from(STARTS), raw=st.binary(max_size=200))
def test_any_bytes(tmp_path: Path, start: bytes, raw: bytes) -> None:
    attempt(tmp_path / "w", start + raw)


@pytest.mark.parametrize("kind", GOOD)
@FUZZ
@given(
    changes=st.lists(
        st.tuples(st.integers(0, 2**20) | st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=6
    ),
    end=st.integers(0, 2**20),
)
def test_a_good_file_with_bytes_changed(tmp_path: Path, kind: str, changes: list[tuple[int, int]], end: int) -> None:
    raw = bytearray(GOOD[kind])
    for place, value in changes:
        raw[place % len(raw)] = value
    attempt(tmp_path / "w", bytes(raw))
    attempt(tmp_path / "w", bytes(raw[: end % len(raw)]))


@FUZZ
@given(
    changes=st.lists(st.tuples(st.integers(0, 2**20), st.integers(0, 255)), min_size=1, max_size=6),
    cuts=st.lists(st.tuples(st.integers(0, 2**20), st.integers(0, 30)), max_size=2),
)
def test_a_changed_pickle_in_a_sound_zip(
    tmp_path: Path, changes: list[tuple[int, int]], cuts: list[tuple[int, int]]
) -> None:
    """So that the damage reaches the stack machine and what is built of its values."""
    raw = bytearray(inner_pickle())
    for place, value in changes:
        raw[place % len(raw)] = value
    for place, size in cuts:
        del raw[place % len(raw) : place % len(raw) + size]
    broken = Raw(bytes(raw[2:-1]))
    attempt(tmp_path / "w", torch_zip(broken, tensors_of(MLP)[1]))
    attempt(tmp_path / "w", bytes(raw))


OPCODES = b"(.012FIJKLMNPQRSTUVXabcdeghijlmopqrstu)]}GBC" + bytes(range(0x80, 0x99))


@FUZZ
@given(codes=st.lists(st.sampled_from(OPCODES) | st.integers(0, 4), max_size=60))
def test_any_instructions(tmp_path: Path, codes: list[int]) -> None:
    attempt(tmp_path / "w", b"\x80\x04" + bytes(codes) + b".")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 2**70) | st.sampled_from(["F32", "F64", "BF16", "F4", "dtype"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["dtype", "shape", "a"]), inner),
    max_leaves=8,
)


@FUZZ
@given(
    header=st.dictionaries(
        st.sampled_from(["a", "b", "__metadata__"]),
        VALUES
        | st.fixed_dictionaries(
            {
                "dtype": st.sampled_from(["F32", "U8", "BF16", "F8_E5M2"]) | VALUES,
                "shape": st.lists(st.integers(0, 4), max_size=3) | VALUES,
                "data_offsets": st.lists(st.integers(0, 24), min_size=2, max_size=2) | VALUES,
            }
        ),
    ),
    size=st.integers(0, 24),
)
def test_any_header(tmp_path: Path, header: dict[str, object], size: int) -> None:
    attempt(tmp_path / "w", safe(header, b"\0" * size))
