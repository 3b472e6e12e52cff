"""Whatever the bytes of a file of any format are: it loads, or one line says why not."""

import gzip
import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from samples import NAMES, cifar_records, idx, labels, pictures

from initscope.core.datasets import data
from initscope.core.datasets.inspection import inspect
from initscope.core.errors import InputError

FUZZ = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def attempt(name: str) -> None:
    """Loads or refuses in one line; and so does the checklist."""
    for use in (data.load, inspect):
        message = "it was read"
        try:
            found = use(name)
        except InputError as error:
            message = str(error)
        else:
            if isinstance(found, data.Dataset):
                assert np.isfinite(found.x_train).all()
                assert 0 <= found.y_train.min() <= found.y_train.max() < found.classes
        assert message
        assert "\n" not in message


def npy() -> bytes:
    out = io.BytesIO()
    np.save(out, np.arange(24.0).reshape(12, 2))
    return out.getvalue()


def tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        raw = cifar_records(2, 0)[2]
        info = tarfile.TarInfo("cifar-10-batches-bin/data_batch_1.bin")
        info.size = len(raw)
        archive.addfile(info, io.BytesIO(raw))
    return out.getvalue()


def png() -> bytes:
    out = io.BytesIO()
    Image.fromarray(pictures(1, 0, (5, 4, 3))[0]).save(out, "PNG")
    return out.getvalue()


def beside_labels(folder: Path, raw: bytes) -> str:
    (folder / NAMES[0]).write_bytes(raw)
    (folder / NAMES[1]).write_bytes(idx(labels(12)))
    return str(folder)


def packed_beside_labels(folder: Path, raw: bytes) -> str:
    """Behind a sound gzip, so that the damage reaches the reader."""
    return beside_labels(folder, gzip.compress(raw))


def npy_pair(folder: Path, raw: bytes) -> str:
    (folder / "x.npy").write_bytes(raw)
    np.save(folder / "y.npy", np.arange(12) % 3)
    return str(folder)


def among_pictures(folder: Path, raw: bytes) -> str:
    for name in ("a/1.png", "a/2.png", "b/1.png", "b/2.png"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(raw if name == "b/1.png" else png())
    return str(folder)


def named(name: str) -> Callable[[Path, bytes], str]:
    def place(folder: Path, raw: bytes) -> str:
        (folder / name).write_bytes(raw)
        return str(folder / name)

    return place


CSV = b"a,b,kind\n" + b"".join(b"%d,%d.5,%s\n" % (n, -n, (b"cat", b"dog")[n % 2]) for n in range(12))
FORMATS: dict[str, tuple[bytes, Callable[[Path, bytes], str]]] = {
    "idx": (idx(pictures(12, 0)), beside_labels),
    "idx packed": (idx(pictures(12, 0)), packed_beside_labels),
    "gzip": (gzip.compress(idx(pictures(12, 0)), mtime=0), beside_labels),
    "npy": (npy(), npy_pair),
    "cifar": (cifar_records(2, 0)[2], named("data_batch_1.bin")),
    "tar": (tar(), named("a.tar")),
    "tar.gz": (gzip.compress(tar(), mtime=0), named("a.tar.gz")),
    "csv": (CSV, named("a.csv")),
    "picture": (png(), among_pictures),
    "unknown": (b"", named("thing")),
}


@pytest.mark.parametrize("kind", FORMATS)
def test_the_undamaged_file_is_read(tmp_path: Path, kind: str) -> None:
    raw, place = FORMATS[kind]
    name = place(tmp_path, raw)
    if raw:
        assert data.load(name).n_train > 0
    attempt(name)


@pytest.mark.parametrize("kind", FORMATS)
@FUZZ
@given(raw=st.binary(max_size=200))
def test_any_bytes(tmp_path: Path, kind: str, raw: bytes) -> None:
    attempt(FORMATS[kind][1](tmp_path, raw))


@pytest.mark.parametrize("kind", [kind for kind in FORMATS if kind != "unknown"])
@FUZZ
@given(
    changes=st.lists(
        st.tuples(st.integers(0, 2**20) | st.integers(0, 160), st.integers(0, 255)), min_size=1, max_size=6
    ),
    end=st.integers(0, 2**20),
)
def test_a_good_file_with_bytes_changed(tmp_path: Path, kind: str, changes: list[tuple[int, int]], end: int) -> None:
    good, place = FORMATS[kind]
    raw = bytearray(good)
    for position, value in changes:
        raw[position % len(raw)] = value
    attempt(place(tmp_path, bytes(raw)))
    attempt(place(tmp_path, bytes(raw[: end % len(raw)])))


@FUZZ
@given(
    text=st.text(st.sampled_from("0123456789.,;\t|\n\r\"' eEnaN-+?xyé\0"), max_size=60),
    options=st.sampled_from(
        ["", ":label=1", ":label=x", ":drop=1", ":header=yes", ":header=no,label=first", ":limit=2,scale=standardize"]
    ),
)
def test_any_table(tmp_path: Path, text: str, options: str) -> None:
    (tmp_path / "a.csv").write_text(text, encoding="utf-8", newline="")
    attempt(f"{tmp_path / 'a.csv'}{options}")


@FUZZ
@given(name=st.text(st.sampled_from("/.~:,= \0abnpyzcsvgt\ud800"), max_size=14))
def test_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    attempt(name)
