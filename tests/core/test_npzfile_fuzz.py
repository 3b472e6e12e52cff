"""Whatever the bytes of a file are, it loads or says in one line why not."""

import io
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from initscope.core.datasets import data
from initscope.core.errors import InputError

X = np.arange(12.0).reshape(6, 2)
Y = np.array([0, 1, 2, 0, 1, 2])


def npy(array: np.ndarray[Any, Any]) -> bytes:
    out = io.BytesIO()
    np.lib.format.write_array(out, array, allow_pickle=True)
    return out.getvalue()


def write_zip(path: Path, **members: bytes) -> str:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return str(path)


def attempt(path: Path, content: bytes) -> None:
    """Loads, or says why not in one line; anything else is a fault of the reader."""
    path.write_bytes(content)
    try:
        loaded = data.load(str(path))
    except InputError as error:
        message = str(error)
    else:
        message = ""
        assert loaded.classes >= 2
        assert np.isfinite(loaded.x_train).all()
    assert "\n" not in message


FUZZ = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@FUZZ
@given(content=st.binary(max_size=300), start=st.sampled_from([b"", b"PK\x03\x04", b"PK\x05\x06", b"PK"]))
def test_fuzz_any_bytes(tmp_path: Path, start: bytes, content: bytes) -> None:
    attempt(tmp_path / "fuzz.npz", start + content)


@FUZZ
@given(data_=st.data(), packed=st.booleans())
def test_fuzz_a_good_file_with_bytes_changed(tmp_path: Path, data_: st.DataObject, packed: bool) -> None:
    out = io.BytesIO()
    (np.savez_compressed if packed else np.savez)(out, x=X, y=Y)
    raw = bytearray(out.getvalue())
    for place, value in data_.draw(
        st.lists(st.tuples(st.integers(0, len(raw) - 1), st.integers(0, 255)), min_size=1, max_size=6)
    ):
        raw[place] = value
    attempt(tmp_path / "fuzz.npz", bytes(raw))


@FUZZ
@given(data_=st.data())
def test_fuzz_array_bytes_in_a_sound_zip(tmp_path: Path, data_: st.DataObject) -> None:
    """Behind a valid CRC, so that numpy's header reader and the checks of values see the damage."""
    raw = bytearray(npy(X))
    for place, value in data_.draw(
        st.lists(st.tuples(st.integers(0, len(raw) - 1), st.integers(0, 255)), min_size=1, max_size=4)
    ):
        raw[place] = value
    path = tmp_path / "fuzz.npz"
    write_zip(path, x=bytes(raw), y=npy(Y))
    attempt(path, path.read_bytes())


@FUZZ
@given(header=st.text("{}()[]'\",:<>|fiuO0123456789 L\n\\descrfortran_ordershape", max_size=60))
def test_fuzz_array_headers(tmp_path: Path, header: str) -> None:
    path = tmp_path / "fuzz.npz"
    content = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode()
    write_zip(path, x=content + X.tobytes(), y=npy(Y))
    attempt(path, path.read_bytes())
