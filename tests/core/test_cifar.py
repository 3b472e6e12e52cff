"""CIFAR-10's binary version, as a folder and as its archive; never its pickles."""

import gzip
import tarfile
from pathlib import Path

import numpy as np
import pytest
from samples import cifar_like, cifar_records, tar_of

from initscope.core.datasets import cifar, data
from initscope.core.errors import InputError


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INITSCOPE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))


def fails(path: Path, *words: str) -> None:
    with pytest.raises(InputError) as caught:
        data.load(str(path))
    for word in (str(path), *words):
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)


def check(loaded: data.Dataset) -> None:
    assert (loaded.n_train, loaded.n_test, loaded.classes, loaded.feature_shape) == (50, 10, 10, (32, 32, 3))
    x, y, _ = cifar_records(10, 2)
    np.testing.assert_allclose(loaded.x_train[10:20], x.reshape(10, -1) / 255, rtol=1e-15)
    np.testing.assert_array_equal(loaded.y_train[10:20], y)
    np.testing.assert_allclose(loaded.x_test, cifar_records(10, 6)[0].reshape(10, -1) / 255, rtol=1e-15)
    assert loaded.class_names[3] == "cat"


def test_a_folder_and_an_archive_are_the_same(tmp_path: Path) -> None:
    cifar_like(tmp_path / "bin")
    check(data.load(str(tmp_path / "bin")))
    check(data.load(str(tmp_path / "bin" / "test_batch.bin")))
    tar_of(tmp_path / "bin", tmp_path / "cifar-10-binary.tar.gz")
    check(data.load(str(tmp_path / "cifar-10-binary.tar.gz")))


@pytest.mark.parametrize("place", ["cifar-10-batches-bin", "cifar10", "cifar10/cifar-10-batches-bin"])
def test_by_name_from_a_folder(tmp_path: Path, place: str) -> None:
    cifar_like(tmp_path / "data" / place)
    check(data.load("cifar10"))
    assert "Krizhevsky" in data.load("cifar10").source


@pytest.mark.parametrize("place", ["", "cifar10"])
def test_by_name_from_the_archive(tmp_path: Path, place: str) -> None:
    cifar_like(tmp_path / "bin")
    (tmp_path / "data" / place).mkdir(parents=True)
    tar_of(tmp_path / "bin", tmp_path / "data" / place / "cifar-10-binary.tar.gz")
    check(data.load("cifar10"))


def test_a_class_that_is_lacking_still_counts(tmp_path: Path) -> None:
    (tmp_path / "data_batch_1.bin").write_bytes(cifar_records(4, 0)[2])
    assert data.load(str(tmp_path)).classes == 10


def test_batches_that_cannot_be_used(tmp_path: Path) -> None:
    raw = cifar_records(3, 0)[2]
    for content, word in (
        (b"", "has 0 bytes"),
        (raw[:-1], "has 9,218 bytes, not a multiple of 3,073"),
        (b"\x0a" + raw[1:], "label 10 (record 0) is out of range"),
    ):
        (tmp_path / "data_batch_1.bin").write_bytes(content)
        fails(tmp_path, word)
    (tmp_path / "data_batch_1.bin").rename(tmp_path / "test_batch.bin")
    (tmp_path / "test_batch.bin").write_bytes(raw)
    fails(tmp_path, "holds no batch of CIFAR-10's binary version")


def test_the_pickled_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "data_batch_1").write_bytes(b"cos\nsystem\n(S'touch sprung'\ntR.")
    fails(tmp_path / "p", "pickled and never loaded; take the binary version")
    tar_of(tmp_path / "p", tmp_path / "cifar-10-python.tar.gz")
    fails(tmp_path / "cifar-10-python.tar.gz", "pickled and never loaded")


def test_archives_that_cannot_be_used(tmp_path: Path) -> None:
    cifar_like(tmp_path / "bin")
    path = tmp_path / "a.tar.gz"
    tar_of(tmp_path / "bin", path)
    whole = path.read_bytes()
    for length in (5, len(whole) // 2, len(whole) - 4):
        path.write_bytes(whole[:length])
        fails(path, "truncated or damaged")
    path.write_bytes(b"")
    fails(path, "truncated or damaged")
    path.write_bytes(gzip.compress(b"no tar" * 1000))
    fails(path, "truncated or damaged tar file")
    (tmp_path / "empty").mkdir()
    tar_of(tmp_path / "empty", path)
    fails(path, "holds no batch")
    tar_of(tmp_path / "bin", path, **{"again/test_batch.bin": cifar_records(1, 0)[2]})
    fails(path, "holds test_batch.bin twice")


def test_a_member_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        info = tarfile.TarInfo("x/data_batch_1.bin")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(info)
    fails(tmp_path / "a.tar.gz", "holds no batch")


def test_an_archive_that_unpacks_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cifar, "MAX_ARCHIVE", 2**21)
    cifar_like(tmp_path / "bin")
    tar_of(tmp_path / "bin", tmp_path / "a.tar.gz", bomb=bytes(2**22))
    fails(tmp_path / "a.tar.gz", "unpacks to more than 2,097,152 bytes")
    with tarfile.open(tmp_path / "b.tar.gz", "w:gz") as archive:
        info = tarfile.TarInfo("data_batch_1.bin")
        info.size = 3073 * 10**6
        archive.fileobj.write(info.tobuf())
    fails(tmp_path / "b.tar.gz", "data_batch_1.bin: has 3,073,000,000 bytes; at most")
