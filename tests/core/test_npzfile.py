"""What a file cannot be or hold: every fault has its own clear error, and nothing in a file is ever run."""

import io
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from initscope.core.datasets import data, npzfile
from initscope.core.errors import InputError

X = np.arange(12.0).reshape(6, 2)
Y = np.array([0, 1, 2, 0, 1, 2])


def save(path: Path, **arrays: Any) -> str:
    np.savez(path, **arrays)
    return str(path)


def four(**changed: Any) -> dict[str, Any]:
    return {"x_train": X, "y_train": Y, "x_test": X[:3], "y_test": Y[:3], **changed}


def npy(array: np.ndarray[Any, Any]) -> bytes:
    out = io.BytesIO()
    np.lib.format.write_array(out, array, allow_pickle=True)
    return out.getvalue()


def write_zip(path: Path, **members: bytes) -> str:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return str(path)


def test_headers_written_by_python_2_are_read(tmp_path: Path) -> None:
    old = npy(X).replace(b"(6, 2)", b"(6L,2)")
    path = write_zip(tmp_path / "a.npz", x=old, y=npy(Y))
    assert data.load(path).features == 2


# Files that cannot be used: what is in them

NAN = np.where(np.arange(12).reshape(6, 2) >= 7, np.nan, X)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"x_train": X, "y_train": Y}, ["lacks x_test, y_test", "it holds x_train, y_train"]),
        ({"images": X}, ["lacks x_train, y_train, x_test, y_test", "or x, y", "it holds images"]),
        ({"x": X}, ["lacks", "it holds x"]),
        ({"x": X, "X": X, "y": Y}, ["'x' twice"]),
        ({"x": X, "y": Y[:5]}, ["x has shape (6, 2) and y (5,)"]),
        ({"x": X[:1], "y": Y[:1]}, ["2 or more"]),
        ({"x": np.float64(1), "y": Y}, ["x has shape ()"]),
        (four(y_test=Y[:2]), ["x_test has 3 examples but y_test has 2 labels"]),
        (four(x_test=np.ones((3, 4))), ["(2,) in x_train", "(4,) in x_test"]),
        (four(x_test=np.ones((3, 2), np.uint8)), ["float64", "uint8", "must be alike"]),
        (four(x_test=X[:0], y_test=Y[:0]), ["x_test", "no example"]),
        (four(x_train=X[:, :0], x_test=X[:3, :0]), ["x_train", "no feature"]),
        (four(x_train=X[:, 0], x_test=X[:3, 0]), ["x_train", "shape (6,)"]),
        (four(x_train=X * 1j), ["'x_train' is of type complex128", "numbers"]),
        (four(x_train=X.astype("M8[s]")), ["'x_train' is of type datetime64"]),
        (four(x_train=X.astype(str), x_test=X[:3].astype(str)), ["x_train", "must be numbers"]),
        (four(x_train=np.zeros(6, "f8,i4")), ["'x_train' is of type", "array of numbers"]),
        (four(x_train=NAN), ["x_train: 5 of 12 values are NaN", "first at [3, 1]"]),
        (four(x_test=np.full((3, 2), -np.inf)), ["x_test: 6 of 6 values", "first at [0, 0]"]),
        (four(x_train=X * 1e200), ["x_train: 11 of 12 values", "beyond 3e+38"]),
        (four(x_train=X.astype("g") * np.longdouble("1e4000")), ["x_train: 11 of 12"]),
        (four(y_train=Y - 1), ["y_train: label -1 (number 0) is out of range", "labels must be 0..K-1"]),
        (four(y_train=Y * 1000000000), ["label 1000000000 (number 1)", "at most 1000 classes"]),
        (four(y_train=Y.astype(np.uint64) + np.uint64(2**63)), ["label 9223372036854775808"]),
        (four(y_test=Y[:3] + 0.5), ["y_test: label 0.5 (number 0) is not a whole number"]),
        (four(y_train=np.where(Y == 2, np.nan, Y)), ["label nan (number 2) is not finite"]),
        (four(y_train=np.array(list("abcabc"))), ["y_train: labels are text; number them"]),
        (four(y_train=np.zeros((6, 2, 1))), ["y_train: has shape (6, 2, 1)"]),
        (four(y_train=np.array([[1, 0], [0, 1], [1, 1], [0, 0], [1, 0], [1, 0]])), ["one-hot", "row 2"]),
        (four(y_train=np.array([[1, 0]] * 5 + [[2, -1]]).clip(0)), ["one-hot", "row 5"]),
        (four(y_train=np.eye(2000, dtype=np.int8)[Y]), ["2,000 columns", "at most 1000 classes"]),
        (four(y_train=Y * 0, y_test=Y[:3] * 0), ["every label is 0", "at least two classes"]),
        (four(x_train=X.astype(object)), ["'x_train' contains pickled Python objects", "never loaded"]),
        (four(y_train=np.array(list("abcabc"), object)), ["'y_train' contains pickled Python objects"]),
    ],
)
def test_contents_that_cannot_be_used(tmp_path: Path, arrays: dict[str, Any], words: list[str]) -> None:
    path = save(tmp_path / "a.npz", **arrays)
    with pytest.raises(InputError) as caught:
        data.load(path)
    for word in (path, *words):
        assert word in str(caught.value)


def test_a_pickle_is_never_run(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
            return os.mkdir, (str(tmp_path / "sprung"),)

    trap = np.empty((6, 2), object)
    trap[:] = Trap()
    with pytest.raises(InputError, match="pickled Python objects, which are never loaded"):
        data.load(save(tmp_path / "a.npz", **four(x_train=trap)))
    assert not (tmp_path / "sprung").exists()


# Files that cannot be used: the file itself


def good(tmp_path: Path) -> bytes:
    return Path(save(tmp_path / "good.npz", **four())).read_bytes()


def fails(path: Path | str, *words: str) -> None:
    with pytest.raises(InputError) as caught:
        data.load(str(path))
    for word in (str(path), *words):
        assert word in str(caught.value)


def test_a_missing_file_names_its_neighbours(tmp_path: Path) -> None:
    good(tmp_path)
    fails(tmp_path / "god.npz", "no such file", "did you mean", str(tmp_path / "good.npz"))
    fails(tmp_path / "nowhere" / "good.npz", "no such file", f"'{tmp_path / 'nowhere'}' is not a folder")


def test_truncated_files(tmp_path: Path) -> None:
    whole, path = good(tmp_path), tmp_path / "a.npz"
    for length in (10, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        fails(path, "truncated or damaged")


def test_files_of_another_kind(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(b"")
    fails(path, "is empty (0 bytes)")
    path.write_text("x,y\n1,2\n")
    fails(path, "is not an .npz file", "np.savez")
    path.write_bytes(npy(X))
    fails(path, "single .npy array", "np.savez")
    fails(tmp_path / "..", "is a directory")
    fails("/dev/null", "is not a regular file")
    os.mkfifo(tmp_path / "pipe.npz")
    fails(tmp_path / "pipe.npz", "is not a regular file")


def test_a_loop_of_links(tmp_path: Path) -> None:
    (tmp_path / "a.npz").symlink_to(tmp_path / "b.npz")
    (tmp_path / "b.npz").symlink_to(tmp_path / "a.npz")
    fails(tmp_path / "a.npz", "cannot be read", "symbolic links")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(tmp_path: Path) -> None:
    good(tmp_path)
    (tmp_path / "good.npz").chmod(0)
    fails(tmp_path / "good.npz", "cannot be read", "Permission denied")


def test_a_refused_open_is_told_by_its_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for root, whom no file mode keeps out."""
    good(tmp_path)

    def refuse(path: Path, mode: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(npzfile, "open", refuse, raising=False)
    fails(tmp_path / "good.npz", "cannot be read: Permission denied")


def test_too_little_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*_: object, **__: object) -> None:
        raise MemoryError

    good(tmp_path)
    monkeypatch.setattr(np.lib.format, "read_array", exhausted)
    fails(tmp_path / "good.npz", "does not fit in this machine's memory")


def test_a_flipped_bit_is_noticed(tmp_path: Path) -> None:
    whole, path = good(tmp_path), tmp_path / "a.npz"
    place = whole.index(X.tobytes())
    path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
    fails(path, "truncated or damaged", "CRC")


@pytest.mark.parametrize("shape", [b"(7, 2)", b"(5, 2)", b"(6,-2)", b"(0, 2)"])
def test_a_header_that_lies(tmp_path: Path, shape: bytes) -> None:
    path = write_zip(tmp_path / "a.npz", x=npy(X).replace(b"(6, 2)", shape), y=npy(Y))
    fails(path, "damaged", "promises", "the file holds")


def test_a_header_that_promises_terabytes(tmp_path: Path) -> None:
    header = npy(X)[:128].replace(b"(6, 2), }", b"(99999999999, 99), }").replace(b"  \n", b"\n", 1)
    path = write_zip(tmp_path / "a.npz", x=header + X.tobytes(), y=npy(Y))
    fails(path, "a.npz", "damaged")


def test_a_directory_entry_that_lies_about_the_size(tmp_path: Path) -> None:
    """Header and zip directory agree on 800 MB, which so few packed bytes cannot become."""
    content = npy(np.empty((0, 2))).replace(b"(0, 2), }          ", b"(50000000, 2), }   ") + bytes(160)
    path = Path(write_zip(tmp_path / "a.npz", x=content, y=npy(Y)))
    raw = path.read_bytes()
    packed = struct.pack("<I", len(content))
    assert raw.count(packed) == 2
    path.write_bytes(raw.replace(packed, struct.pack("<I", 128 + 800_000_000)))
    fails(path, "promises 800,000,128 bytes", "packed ones")


def test_a_zip_bomb(tmp_path: Path) -> None:
    """A true one: 90 MB of zeros in 90 kB."""
    rows = 5_625_000
    header = npy(np.empty((0, 2))).replace(b"(0, 2), }       ", b"(5625000, 2), } ")
    with (
        zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive,
        archive.open("x.npy", "w") as member,
    ):
        member.write(header)
        for _ in range(9):
            member.write(bytes(rows * 16 // 9))
    assert (tmp_path / "a.npz").stat().st_size < 100_000
    fails(tmp_path / "a.npz", "would unpack", "to 90,000,128: more than 500 times", "which no data set does")


def test_more_values_than_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(npzfile, "MAX_VALUES", 20)
    good(tmp_path)
    fails(tmp_path / "good.npz", "at most 20 can be loaded")


def test_encrypted_and_oddly_packed_members(tmp_path: Path) -> None:
    raw = bytearray(Path(write_zip(tmp_path / "a.npz", x=npy(X), y=npy(Y))).read_bytes())
    entry = raw.index(b"PK\x01\x02")
    raw[entry + 8] |= 1
    (tmp_path / "a.npz").write_bytes(raw)
    fails(tmp_path / "a.npz", "'x' is encrypted")
    with zipfile.ZipFile(tmp_path / "b.npz", "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("x.npy", npy(X))
    fails(tmp_path / "b.npz", "packed in a way numpy does not use")
