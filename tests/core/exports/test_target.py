"""Files and folders that are there whole or not at all; what cannot be written is said in one line."""

import errno
import os
from pathlib import Path

import pytest

from initscope.core.errors import InputError
from initscope.core.exports.target import put_bytes, put_file, put_folder, put_text


def test_a_file_is_replaced_and_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    (tmp_path / "link").symlink_to("a")
    assert put_text(tmp_path / "link", "new ü") == tmp_path / "link"
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "a").read_text(encoding="utf-8") == "new ü"
    assert put_text(tmp_path / "b", "\udcff").read_bytes() == b"?"


def test_what_fails_half_way_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")

    def fail(file) -> None:
        file.write(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(InputError, match="a: cannot be written: the disk is full"):
        put_file(tmp_path / "a", fail)
    assert (tmp_path / "a").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_folder_comes_whole_or_not_at_all(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").write_text("x")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(InputError, match="the disk is full"):
        put_folder(tmp_path / "new", fail)
    assert list(tmp_path.iterdir()) == []
    put_folder(tmp_path / "new", lambda folder: (folder / "one").touch())
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["one"]


@pytest.mark.parametrize(
    ("name", "words"),
    [(".", "is a folder"), ("no/a", "there is no folder"), ("pipe", "is not a regular file"), ("a\0b", "possible")],
)
def test_targets_that_cannot_be_written_to(tmp_path: Path, name: str, words: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match=words):
        put_bytes(tmp_path / name, b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]


def test_what_is_write_protected_is_not_replaced(tmp_path: Path, monkeypatch) -> None:
    """Said by os.access, which for the superuser is always willing."""
    (tmp_path / "a").write_text("old")
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(InputError, match="permission"):
        put_text(tmp_path / "a", "new")
    assert (tmp_path / "a").read_text() == "old"


@pytest.mark.parametrize("name", ["file", "full"])
def test_a_folder_takes_nothings_place(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "inside").touch()
    with pytest.raises(InputError, match="is there already"):
        put_folder(tmp_path / name, lambda folder: None)
    assert (tmp_path / "full" / "inside").exists()
