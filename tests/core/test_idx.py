"""IDX files: the four of MNIST, packed or not, under every usual name; and every way they can be wrong."""

import gzip
import os
from pathlib import Path

import numpy as np
import pytest
from samples import NAMES, labels, mnist_like, pictures
from samples import idx as written

from initscope.core import files
from initscope.core.datasets import data, idx
from initscope.core.errors import InputError


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INITSCOPE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))


def fails(path: Path, *words: str) -> None:
    with pytest.raises(InputError) as caught:
        idx.read_array(path)
    for word in (str(path), *words):
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("dtype", "code"), [("u1", 8), ("i1", 9), ("i2", 11), ("i4", 12), ("f4", 13), ("f8", 14)]
)
@pytest.mark.parametrize("packed", [False, True])
def test_arrays_of_every_type_come_back(tmp_path: Path, dtype: str, code: int, packed: bool) -> None:
    array = np.arange(-4, 8).reshape(3, 2, 2).astype(dtype)
    raw = written(array, code)
    (tmp_path / "a").write_bytes(gzip.compress(raw) if packed else raw)
    np.testing.assert_array_equal(idx.read_array(tmp_path / "a"), array)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_a_known_data_set_from_its_four_files(tmp_path: Path, name: str, packed: bool) -> None:
    mnist_like(tmp_path / "data" / name, packed=packed)
    loaded = data.load(name)
    assert (loaded.name, loaded.n_train, loaded.n_test, loaded.classes) == (name, 40, 20, 10)
    assert loaded.feature_shape == (4, 3)
    np.testing.assert_allclose(loaded.x_train, pictures(40, 0).reshape(40, 12) / 255, rtol=1e-15)
    np.testing.assert_array_equal(loaded.y_test, labels(20))
    assert ("ankle boot" in loaded.class_names) == (name == "fashion_mnist")
    assert "MNIST (" in loaded.source
    assert "x/255" in loaded.source


@pytest.mark.parametrize("place", [".", "mnist", "MNIST/raw"])
def test_where_mnist_may_lie(tmp_path: Path, place: str) -> None:
    mnist_like(tmp_path / "data" / place)
    assert data.load("mnist").n_train == 40


def test_by_the_path_of_the_folder_or_of_one_file(tmp_path: Path) -> None:
    mnist_like(tmp_path / "mine")
    (tmp_path / "mine" / f"{NAMES[0]}.gz").rename(tmp_path / "mine" / "train-images.idx3-ubyte.gz")
    for name in (".", f"{NAMES[1]}.gz", "train-images.idx3-ubyte.gz"):
        path = tmp_path / "mine" / name
        loaded = data.load(str(path))
        assert (loaded.name, loaded.n_train, loaded.n_test) == (str(path), 40, 20)


def test_the_training_files_alone_are_split(tmp_path: Path) -> None:
    mnist_like(tmp_path)
    for name in NAMES[2:]:
        (tmp_path / f"{name}.gz").unlink()
    loaded = data.load(str(tmp_path))
    assert (loaded.n_train, loaded.n_test) == (32, 8)
    (tmp_path / f"{NAMES[1]}.gz").unlink()
    with pytest.raises(InputError, match="lacks train-labels-idx1-ubyte, t10k-images"):
        data.load(str(tmp_path))


def test_images_in_the_place_of_labels(tmp_path: Path) -> None:
    mnist_like(tmp_path)
    (tmp_path / f"{NAMES[0]}.gz").replace(tmp_path / f"{NAMES[1]}.gz")
    mnist_like(tmp_path / "other")
    (tmp_path / "other" / f"{NAMES[0]}.gz").rename(tmp_path / f"{NAMES[0]}.gz")
    with pytest.raises(InputError, match="labels have one: is it the file of images"):
        data.load(str(tmp_path))


def test_truncated_files(tmp_path: Path) -> None:
    raw, path = written(pictures(30, 2)), tmp_path / "a"
    for length, word in ((0, "begins with nothing"), (3, "begins with 00 00 08"), (9, "truncated"), (200, "damaged")):
        path.write_bytes(raw[:length])
        fails(path, word)
    packed = gzip.compress(raw)
    for length in (8, len(packed) // 2, len(packed) - 1):
        path.write_bytes(packed[:length])
        fails(path, "gzip")
    path.write_bytes(packed[:-8] + bytes(8))
    fails(path, "truncated or damaged gzip", "CRC")
    path.write_bytes(gzip.compress(raw[:-1]))
    fails(path, "30 x 4 x 3 values are 360 bytes, it holds 359")


def test_files_that_are_too_long(tmp_path: Path) -> None:
    for content in (written(labels(5)) + b"x", gzip.compress(written(labels(5)) + b"x")):
        (tmp_path / "a").write_bytes(content)
        fails(tmp_path / "a", "5 values are 5 bytes, it holds more")


@pytest.mark.parametrize("start", [b"\0\0\x08\0", b"\0\0\x07\x01", b"\0\1\x08\x01", b"\0\0\x08\x09", b"PK\3\4"])
def test_another_magic(tmp_path: Path, start: bytes) -> None:
    (tmp_path / "a").write_bytes(start + bytes(100))
    fails(tmp_path / "a", "is not an IDX file", start.hex(" "))


def test_a_header_of_four_gigabytes_in_a_hundred_bytes(tmp_path: Path) -> None:
    lie = b"\0\0\x08\x03" + b"\x00\x00\xff\xff" * 2 + b"\0\0\0\1"
    for content in (lie.ljust(100, b"\0"), gzip.compress(lie.ljust(100, b"\0"))):
        (tmp_path / "a").write_bytes(content)
        fails(tmp_path / "a", "promises 4,294,836,225 bytes; at most")
    small = b"\0\0\x08\x01\x10\0\0\0"
    (tmp_path / "a").write_bytes(small.ljust(100, b"\0"))
    fails(tmp_path / "a", "promises 268,435,456 bytes, the file has 100")


def test_a_gzip_bomb(tmp_path: Path) -> None:
    n = files.LARGE + 1
    bomb = gzip.compress(b"\0\0\x08\x01" + n.to_bytes(4, "big") + bytes(n), compresslevel=9)
    (tmp_path / "a.gz").write_bytes(bomb)
    assert len(bomb) < 100_000
    fails(tmp_path / "a.gz", "would unpack", "more than 500 times as many")


def test_loops_pipes_and_folders(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    fails(tmp_path / "loop", "symbolic links")
    os.mkfifo(tmp_path / "pipe")
    fails(tmp_path / "pipe", "not a regular file")
    fails(tmp_path, "is a directory")
    fails(tmp_path / "none", "no such file")


def test_a_folder_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("os.scandir", refuse)
    with pytest.raises(InputError, match="cannot be read: Permission denied"):
        idx.read_folder(tmp_path)
