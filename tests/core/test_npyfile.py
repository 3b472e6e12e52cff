"""Data as .npy files: found by their usual names, named in pairs, never unpickled."""

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from initscope.core.datasets import data
from initscope.core.errors import InputError

X = np.arange(24.0).reshape(12, 2)
Y = np.arange(12) % 3


def fails(name: Path | str, *words: str) -> None:
    with pytest.raises(InputError) as caught:
        data.load(str(name))
    for word in words:
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)


def save(folder: Path, **arrays: Any) -> None:
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)


def test_a_pair_by_folder_by_file_and_by_both_names(tmp_path: Path) -> None:
    save(tmp_path, X=X, y=Y, notes=X)
    save(tmp_path, inputs=X, answers=Y)
    by_npz = tmp_path / "a.npz"
    np.savez(by_npz, x=X, y=Y)
    expected = data.load(str(by_npz))
    pair = f"{tmp_path}/inputs.npy,{tmp_path}/answers.npy"
    for name in (str(tmp_path), f"{tmp_path}/X.npy", f"{tmp_path}/y.npy", pair):
        loaded = data.load(name)
        assert loaded.name == name
        np.testing.assert_array_equal(loaded.x_train, expected.x_train)
        np.testing.assert_array_equal(loaded.y_test, expected.y_test)
    assert data.load(f"{pair}:limit=3").name == f"{pair}:limit=3"


def test_four_files(tmp_path: Path) -> None:
    save(tmp_path, x_train=X, y_train=Y, x_test=X[:3] + 1, y_test=Y[:3])
    names = ",".join(f"{tmp_path}/{name}.npy" for name in ("x_train", "y_train", "x_test", "y_test"))
    for name in (str(tmp_path), f"{tmp_path}/x_test.npy", names):
        loaded = data.load(name)
        np.testing.assert_array_equal(loaded.x_train, X)
        np.testing.assert_array_equal(loaded.x_test, X[:3] + 1)


def test_names_that_do_not_suffice(tmp_path: Path) -> None:
    save(tmp_path, x=X)
    fails(tmp_path, "needed are x.npy and y.npy, or x_train.npy", "it holds x.npy")
    save(tmp_path, inputs=X)
    fails(tmp_path / "inputs.npy", "holds one array; name both")
    fails(f"{tmp_path}/x.npy,{tmp_path}/x.npy,{tmp_path}/x.npy", "3 .npy files are named; needed are 2")
    fails(tmp_path / "z.npy", "no such file")
    fails(f"{tmp_path}/x.npy,{tmp_path}/z.npy", "z.npy: no such file")


def test_a_pickle_is_never_run(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
            return os.mkdir, (str(tmp_path / "sprung"),)

    trap = np.empty((12, 2), object)
    trap[:] = Trap()
    save(tmp_path, y=Y)
    np.save(tmp_path / "x.npy", trap, allow_pickle=True)
    fails(tmp_path, "x.npy", "pickled Python objects, which are never loaded")
    assert not (tmp_path / "sprung").exists()


def test_files_that_are_damaged_or_lie(tmp_path: Path) -> None:
    save(tmp_path, y=Y)
    out = io.BytesIO()
    np.save(out, X)
    whole = out.getvalue()
    for content, words in (
        (b"", ["not a whole .npy file"]),
        (whole[:5], ["not a whole .npy file"]),
        (whole[:60], ["not a whole .npy file"]),
        (whole[:-1], ["damaged: its header promises 192 bytes, 191 follow"]),
        (whole + b"x", ["damaged", "193 follow"]),
        (whole.replace(b"(12, 2), } ", b"(-12, 2), }"), ["damaged"]),
        (whole.replace(b"(12, 2), }       ", b"(2147483, 2000), }"), ["at most 536,870,912"]),
        (whole.replace(b"<f8", b"<M8"), ["is of type datetime64"]),
        (whole.replace(b"<f8", b"<c8"), ["is of type complex64"]),
    ):
        (tmp_path / "x.npy").write_bytes(content)
        fails(tmp_path, str(tmp_path / "x.npy"), *words)
    os.unlink(tmp_path / "x.npy")
    (tmp_path / "x.npy").symlink_to("x.npy")
    fails(tmp_path, "symbolic links")
