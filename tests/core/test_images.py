"""Folders of class folders of pictures: what is decoded is what was saved, and one line says what is wrong."""

import io
import os
import struct
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from initscope.core.datasets import data, images
from initscope.core.errors import InputError

Array = np.ndarray[Any, Any]


def picture(seed: int, shape: tuple[int, ...] = (5, 4, 3)) -> Array:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def save(path: Path, array: Array) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)


def pets(folder: Path, shape: tuple[int, ...] = (5, 4, 3), n: int = 5) -> Path:
    for number in range(n):
        save(folder / "dogs" / f"{number}.png", picture(number, shape))
        save(folder / "cats" / f"{number}.bmp", picture(100 + number, shape))
    return folder


def fails(path: Path, *words: str, options: str = "") -> None:
    with pytest.raises(InputError) as caught:
        data.load(f"{path}{options}")
    for word in words:
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("shape", [(5, 4, 3), (5, 4)])
def test_pictures_are_what_was_saved(tmp_path: Path, shape: tuple[int, ...]) -> None:
    loaded = data.load(str(pets(tmp_path / "p", shape)))
    assert (loaded.n_train, loaded.n_test, loaded.classes) == (8, 2, 2)
    assert loaded.feature_shape == shape
    assert loaded.class_names == ("cats", "dogs")
    rows = {tuple(row): label for row, label in zip(
        np.concatenate([loaded.x_train, loaded.x_test]).tolist(), [*loaded.y_train, *loaded.y_test], strict=True
    )}  # fmt: skip
    expected = {tuple((picture(n, shape) / 255).ravel().tolist()): 1 for n in range(5)}
    expected |= {tuple((picture(100 + n, shape) / 255).ravel().tolist()): 0 for n in range(5)}
    assert rows == expected


def test_given_train_and_test_folders(tmp_path: Path) -> None:
    pets(tmp_path / "train")
    pets(tmp_path / "Test", n=2)
    loaded = data.load(str(tmp_path))
    assert (loaded.n_train, loaded.n_test) == (10, 4)
    np.testing.assert_array_equal(loaded.x_test[0], picture(100).ravel() / 255)
    assert loaded.y_train.tolist() == [0] * 5 + [1] * 5
    (tmp_path / "Test" / "cats").rename(tmp_path / "Test" / "lions")
    fails(tmp_path, "train and Test have not the same class folders")


def test_only_those_that_are_wanted_are_decoded(tmp_path: Path) -> None:
    folder = pets(tmp_path / "p")
    whole = (folder / "dogs" / "4.png").read_bytes()
    (folder / "dogs" / "4.png").write_bytes(whole[:60])  # its header is whole
    fails(folder, "4.png", "is not a picture that can be read")
    loaded = data.load(f"{folder}:limit=1")
    assert (loaded.n_train, loaded.n_test) == (1, 1)


def test_one_size_or_resized(tmp_path: Path) -> None:
    folder = pets(tmp_path / "p")
    save(folder / "dogs" / "wide.jpg", np.full((40, 80, 3), (10, 200, 30), np.uint8))
    fails(folder, "pictures have 2 sizes, such as 4x5 (cats/0.bmp) and 80x40 (dogs/wide.jpg)", "size=32")
    loaded = data.load(f"{folder}:size=8")
    assert (loaded.name, loaded.feature_shape) == (f"{folder}:size=8", (8, 8, 3))
    colours = np.concatenate([loaded.x_train, loaded.x_test]).reshape(-1, 64, 3)
    (flat,) = colours[np.ptp(colours, axis=1).max(axis=1) < 0.02]
    np.testing.assert_allclose(flat.mean(axis=0) * 255, (10, 200, 30), atol=4)
    fails(folder, "size must be a whole number", options=":size=2.5")
    fails(folder, "size must be less than 4,097", options=":size=5000")


def test_gray_and_colour_mixed_become_colour_and_16_bits_8(tmp_path: Path) -> None:
    folder = pets(tmp_path / "p", (5, 4))
    deep = np.arange(20, dtype=np.uint16).reshape(5, 4) * 3000
    save(folder / "dogs" / "0.png", deep)
    gray = data.load(str(folder))
    assert gray.feature_shape == (5, 4)
    assert (np.concatenate([gray.x_train, gray.x_test]) == (deep >> 8).ravel() / 255).all(axis=1).any()
    save(folder / "dogs" / "1.png", picture(1))
    assert data.load(str(folder)).feature_shape == (5, 4, 3)


def test_folders_that_are_no_data(tmp_path: Path) -> None:
    (tmp_path / "p" / "a").mkdir(parents=True)
    fails(tmp_path / "p", "is a directory with 1 subfolders", "2 to 1000")
    (tmp_path / "p" / "b").mkdir()
    fails(tmp_path / "p", "no data set can be seen: no subfolder has pictures")
    save(tmp_path / "p" / "a" / "1.png", picture(1))
    fails(tmp_path / "p", "class folder b has no pictures", "fill it or remove it")
    (tmp_path / "empty").mkdir()
    fails(tmp_path / "empty", "is a directory without a data set")
    fails(tmp_path / "none", "no such file")


def test_links_in_circles_and_pipes(tmp_path: Path) -> None:
    folder = pets(tmp_path / "p")
    (folder / "round").symlink_to(folder / "round")
    (folder / ".hidden").mkdir()
    assert data.load(str(folder)).classes == 2
    (folder / "cats" / "up").symlink_to(folder)
    assert data.load(str(folder)).n_train == 8
    (folder / "cats" / "loop.png").symlink_to("loop.png")
    fails(folder, "loop.png", "symbolic links")
    (folder / "cats" / "loop.png").unlink()
    os.mkfifo(folder / "cats" / "pipe.png")
    fails(folder, "pipe.png", "not a regular file")


def test_a_folder_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, scan = pets(tmp_path / "p"), os.scandir

    def refuse(path: Path) -> Any:
        if path == folder / "cats":
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr("os.scandir", refuse)
    fails(folder, "cats: cannot be read: Permission denied")


def png(width: int, height: int) -> bytes:
    """A PNG that claims this size and has next to nothing."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    content = chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + content


def test_files_that_are_no_pictures(tmp_path: Path) -> None:
    folder = pets(tmp_path / "p")
    path = folder / "cats" / "bad.png"
    eps = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 4 5\n(touch sprung) pop\n%%EOF\n"
    for content in (b"", b"\x89PNG\r\n\x1a\n", b"not a picture", eps, bytes(1000)):
        path.write_bytes(content)
        fails(folder, "bad.png", "is not a picture that can be read", "replace or remove it")
    path.write_bytes(png(10_000, 10_000))
    fails(folder, "has 10000 x 10000 pixels; at most 67,108,864")
    path.write_bytes(png(2**31 - 1, 2**31 - 1))
    fails(folder, "bad.png", "is not a picture that can be read")


def test_more_than_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = pets(tmp_path / "p")
    monkeypatch.setattr(images, "MAX_VALUES", 100)
    fails(folder, "8 pictures of 5x4x3 are 480 values; at most 100", "limit=1000")
    monkeypatch.setattr(images, "MAX_NAMES", 9)
    fails(folder, "holds more than 9 pictures")


def test_without_pillow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = pets(tmp_path / "p")
    monkeypatch.setitem(sys.modules, "PIL", None)
    monkeypatch.setattr(images, "find_spec", lambda name: None)
    fails(folder, "pictures need Pillow: pip install 'initscope[images]'")


def test_animations_and_palettes_are_their_first_frame(tmp_path: Path) -> None:
    folder = pets(tmp_path / "p")
    frames = [Image.fromarray(np.full((5, 4, 3), value, np.uint8)) for value in (51, 204)]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    (folder / "cats" / "moves.gif").write_bytes(out.getvalue())
    loaded = data.load(str(folder))
    assert np.isclose(np.concatenate([loaded.x_train, loaded.x_test]), 0.2, atol=0.01).all(axis=1).any()
