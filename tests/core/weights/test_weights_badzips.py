"""Archives made to harm: bombs, lies in the directory, names that no library writes; and files that are none."""

import os
import re
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hostile import bounded, outcome
from weightfiles import mlp_zip, zipped

from initscope.core.errors import InputError
from initscope.core.weights import open_weights


def test_a_zip_that_unpacks_to_far_too_much(tmp_path: Path) -> None:
    path = tmp_path / "w.npz"
    words = b"{'descr': '|u1', 'fortran_order': False, 'shape': (104857600,), }"
    head = b"\x93NUMPY\x01\x00v\x00" + words.ljust(117) + b"\n"
    zipped(path, {"w.npy": head + b"\0" * 104857600}, packed=True)
    with bounded(4):
        assert "more than 500 times" in outcome(path, path.read_bytes())


def test_a_packed_pickle_that_is_too_long(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "w.pt", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", np.random.default_rng(0).integers(0, 4, 2**18, np.uint8).tobytes())
    raw = (tmp_path / "w.pt").read_bytes()
    size = struct.pack("<I", 2**18)
    with bounded(4):
        assert "cannot unpack" in outcome(tmp_path / "w.pt", raw.replace(size, struct.pack("<I", 2**32 - 2)))
        assert outcome(tmp_path / "w.pt", raw.replace(size, struct.pack("<I", 2**27)))
        assert "ends before" in outcome(tmp_path / "w.pt", raw.replace(size, struct.pack("<I", 2**18 + 9)))


def directory(raw: bytes, at: int, value: bytes) -> bytes:
    """The bytes of a zip with a field of the first entry of its directory changed."""
    place = raw.index(b"PK\1\2") + at
    return raw[:place] + value + raw[place + len(value) :]


@pytest.mark.parametrize(
    ("at", "value", "message"),
    [
        (8, b"\1\0", "is encrypted"),
        (10, b"\x0e\0", "method 14"),
        (20, b"\xff\xff\xff\x0f", "needed|directory"),
        (24, b"\xff\xff\xff\x0f", "should be"),
        (24, b"\xff\xff\xff\xff", "64-bit size|should be"),
        (42, b"\xff\0\0\0", "where it is not"),
        (42, b"\xfe\xff\xff\xff", "cut short"),
        (28, b"\xff\xff", "cut short"),
    ],
)
def test_lies_in_the_directory_of_a_zip(tmp_path: Path, at: int, value: bytes, message: str) -> None:
    assert re.search(message, outcome(tmp_path / "w.pt", directory(mlp_zip(), at, value)))


def test_members_that_overlap(tmp_path: Path) -> None:
    """Two entries for the same bytes: how one zip unpacks to petabytes."""
    path = zipped(tmp_path / "w.npz", {"a.npy": b"12345678", "b.npy": b"12345678"})
    raw = path.read_bytes()
    second = raw.index(b"PK\1\2", raw.index(b"PK\1\2") + 4)
    lie = raw[: second + 42] + b"\0\0\0\0" + raw[second + 46 :]
    assert "lies inside another" in outcome(path, lie.replace(b"b.npy", b"a.npy"))
    assert outcome(path, lie)


@pytest.mark.parametrize("label", ["../w.npy", "/etc/w.npy", "a/../../w.npy", "a\\w.npy", "a\x1b[31m.npy", "x" * 600])
def test_names_that_no_library_writes(tmp_path: Path, label: str) -> None:
    path = zipped(tmp_path / "w.npz", {label: b""})
    assert "named" in (found := outcome(path, path.read_bytes())) or "characters" in found


def test_a_member_twice(tmp_path: Path) -> None:
    path = zipped(tmp_path / "w.npz", {"a.npy": b"1", "b.npy": b"2"})
    assert "twice" in outcome(path, path.read_bytes().replace(b"b.npy", b"a.npy"))


def test_too_many_members(tmp_path: Path) -> None:
    raw = zipped(tmp_path / "w.npz", {"a.npy": b"1"}).read_bytes()
    end = raw.index(b"PK\5\6")
    wide = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, 2**40, 2**40, end, 0)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, end, 1)
    with bounded(1):
        assert "at most 200,000" in outcome(tmp_path / "w.npz", raw[:end] + wide + locator + raw[end:])


def test_special_files_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").touch()
    for path in (tmp_path / "pipe", tmp_path, tmp_path / "missing", Path("/dev/zero"), tmp_path / "empty"):
        with pytest.raises(InputError):
            open_weights(path)
