"""Files of runs that are damaged, hostile or half there: a sentence each, no crash, no more memory than bytes."""

import io
import json
import os
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from savedruns import saved

from initscope.core import atomic
from initscope.core.errors import InputError
from initscope.core.runs import RunInfo, arrayfile
from initscope.core.runs.document import MAX_BYTES
from initscope.core.runs.folder import look

Change = Callable[[dict[str, Any]], Any]
DOCUMENTS: list[tuple[str, Change, str]] = [
    ("run.json", lambda d: d.pop("options"), "options is missing"),
    ("run.json", lambda d: d.update(options=[1]), r"options is \[1\]"),
    ("run.json", lambda d: d["options"].update(arch=5), "arch is 5, not a text"),
    ("run.json", lambda d: d["options"].update(wings="2"), "an option 'wings' that this initscope does not know"),
    ("run.json", lambda d: d.update(lanes=[]), "names no lane"),
    ("run.json", lambda d: d.update(lanes="ab"), "lanes is 'ab'"),
    ("run.json", lambda d: d.update(lanes=[{"init": None}]), "init is None, not a text"),
    ("run.json", lambda d: d.update(data={}), "not the data of each"),
    ("run.json", lambda d: d["data"]["digits"].update(train_shape=[True]), "train_shape"),
    ("run.json", lambda d: d.update(created="yesterday"), "created is 'yesterday'"),
    ("run.json", lambda d: d.update(created="2026-11-22"), "no time zone"),
    ("run.json", lambda d: d.update(created="9999-12-31T23:59:59+00:00"), "created is '9999"),
    ("run.json", lambda d: d.update(schema="1"), "schema is '1'"),
    ("run.json", lambda d: d.update(schema=True), "schema is True"),
    ("summary.json", lambda d: d.update(step=-1), "step is -1"),
    ("summary.json", lambda d: d.update(step=1.5), "step is 1.5"),
    ("summary.json", lambda d: d["lanes"][0].update(loss="low"), "lanes 1: damaged: loss is 'low'"),
    ("summary.json", lambda d: d["lanes"][1].update(loss=10**400), "lanes 2: damaged: loss is too large"),
    ("summary.json", lambda d: d["lanes"][0].update(codes=[1]), "codes"),
    ("summary.json", lambda d: d["lanes"].append(7), "lanes 3: damaged: not a table"),
]
GARBAGE = {
    "empty": b"",
    "zeros": bytes(400),
    "cut": b'{"schema": 1, "options": {',
    "list": b"[]",
    "binary": b"\xff\xfe\x00" * 50,
    "deep": b"[" * 100_000,
    "long number": b'{"schema": ' + b"9" * 10_000 + b"}",
}


@pytest.mark.parametrize(("name", "change", "words"), DOCUMENTS)
def test_wrong_values_are_named(tmp_path: Path, name: str, change: Change, words: str) -> None:
    runs, folder, _ = saved(tmp_path)
    content = json.loads((folder.path / name).read_text())
    change(content)
    (folder.path / name).write_text(json.dumps(content))
    (info,) = runs.runs()
    with pytest.raises(InputError, match=words):
        raise InputError(info.damaged)
    assert name in info.damaged
    assert (info.status == "damaged") is (name == "run.json")
    if name == "run.json":
        with pytest.raises(InputError, match=f"run {folder.id} is damaged"):
            runs.reopen(folder.id)


@pytest.mark.parametrize("kind", GARBAGE)
@pytest.mark.parametrize("name", ["run.json", "summary.json", "findings.json"])
def test_garbage_is_damage(tmp_path: Path, name: str, kind: str) -> None:
    runs, folder, _ = saved(tmp_path)
    (folder.path / name).write_bytes(GARBAGE[kind])
    info = runs.find("last")
    if name == "findings.json":
        assert info.damaged == ""
        with pytest.raises(InputError, match="findings"):
            info.findings()
    else:
        assert "damaged" in info.damaged
        assert "\n" not in info.damaged
    assert info.checkpoint().step == 5
    runs.remove(folder.id)


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    runs, folder, _ = saved(tmp_path)
    for name in ("run.json", "summary.json"):
        path = folder.path / name
        content = path.read_bytes()
        path.unlink()
        os.mkfifo(path)
        assert "not a regular file" in runs.find("last").damaged
        path.unlink()
        path.symlink_to("/dev/zero")
        assert name in runs.find("last").damaged
        path.unlink()
        with open(path, "wb") as file:
            file.truncate(MAX_BYTES + 1)
        assert "at most" in runs.find("last").damaged
        path.unlink()
        path.mkdir()
        assert name in runs.find("last").damaged
        path.rmdir()
        path.write_bytes(content)
    assert runs.find("last").damaged == ""


def test_a_run_without_a_state_says_so(tmp_path: Path) -> None:
    runs, folder, _ = saved(tmp_path)
    for name in ("state.npz", "summary.json"):
        (folder.path / name).unlink()
    info = runs.find("last")
    assert (info.status, info.summary, info.damaged) == ("interrupted", None, "")
    assert (info.weight_steps(), info.findings()) == ([], [])
    with pytest.raises(InputError, match="has no saved state"):
        info.checkpoint()
    with pytest.raises(InputError, match="no such file"):
        info.weights(3)
    (folder.path / "run.json").unlink()
    assert "run.json: is missing" in runs.find("last").damaged


def test_a_state_cut_anywhere_or_with_any_bit_turned_is_refused(tmp_path: Path) -> None:
    _, folder, made = saved(tmp_path)
    path = folder.path / "state.npz"
    whole = path.read_bytes()
    info = look(folder.path)
    before = info.checkpoint()
    rng = np.random.default_rng(0)
    for length in (0, 1, 4, *rng.integers(5, len(whole), 60)):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError, match=r"state\.npz: "):
            info.checkpoint()
    directory = whole.index(b"PK\x01\x02")  # which no checksum covers
    for place in (*rng.integers(0, directory, 60), *rng.integers(directory, len(whole), 200)):
        turned = bytearray(whole)
        turned[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(turned)
        try:
            found = info.checkpoint()
        except InputError:
            continue
        # A bit that no checksum covers (a date, an attribute of the zip) changes nothing.
        assert found.header == before.header
        assert found.arrays.keys() == before.arrays.keys()
        assert all(found.arrays[name].tobytes() == array.tobytes() for name, array in before.arrays.items())
    assert made.step == before.step


def zipped(parts: dict[str, bytes], packing: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", packing) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def npy(array: np.ndarray, **how: Any) -> bytes:
    out = io.BytesIO()
    np.save(out, array, **how)
    return out.getvalue()


def promising(shape: tuple[int, ...]) -> bytes:
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(out, {"descr": "<f8", "fortran_order": False, "shape": shape})
    return out.getvalue() + bytes(64)


HEADER = {"header.json": b'{"schema": 1, "arrays": ["a"], "header": {"step": 3}}'}
HOSTILE = {
    "no header": zipped({"a.npy": npy(np.ones(3))}),
    "header of a list": zipped({"header.json": b"[1]"}),
    "header without schema": zipped({"header.json": b"{}"}),
    "step that is no number": zipped({"header.json": b'{"schema": 1, "arrays": [], "header": {"step": "3"}}'}),
    "step below zero": zipped({"header.json": b'{"schema": 1, "arrays": [], "header": {"step": -3}}'}),
    "array that is missing": zipped(HEADER),
    "array too many": zipped(HEADER | {"a.npy": npy(np.ones(3)), "b.npy": npy(np.ones(3))}),
    "pickle": zipped(HEADER | {"a.npy": npy(np.array([{}, 1], dtype=object), allow_pickle=True)}),
    "text": zipped(HEADER | {"a.npy": npy(np.array(["x"]))}),
    "huge promise": zipped(HEADER | {"a.npy": promising((2**40,))}),
    "promise below zero": zipped(HEADER | {"a.npy": promising((-8, -1))}),
    "no array": zipped(HEADER | {"a.npy": b"hello"}),
    "packed": zipped(HEADER | {"a.npy": npy(np.zeros(2**20))}, zipfile.ZIP_DEFLATED),
    "not a zip": b"PK" + bytes(100),
    "html": b"<html>" * 40,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_states_are_refused_without_much_memory(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "20261122-051233-a7" / "state.npz"
    path.parent.mkdir()
    path.write_bytes(HOSTILE[kind])
    info = RunInfo(path.parent.name, path.parent, "", None, None, False, False)
    tracemalloc.start()
    with pytest.raises(InputError, match=r"state\.npz: "):
        info.checkpoint()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**21


def test_parts_that_overlap_are_refused(tmp_path: Path) -> None:
    """Many names for the same bytes would unpack to many times the file."""
    content = zipped(HEADER | {"a.npy": npy(np.zeros(2**12)), "b.npy": npy(np.zeros(2**12))})
    directory = content.index(b"PK\x01\x02")
    places = [at for at in range(directory, len(content)) if content[at : at + 4] == b"PK\x01\x02"]
    # Twenty entries of the directory for one member, each under a name of its own.
    entry = content[places[1] : places[2]]
    entries = content[places[0] : places[1]] + b"".join(
        entry.replace(b"a.npy", bytes([97 + number]) + b".npy") for number in range(20)
    )
    end = content[-22:-14] + (21).to_bytes(2, "little") * 2 + len(entries).to_bytes(4, "little") + content[-6:]
    path = tmp_path / "state.npz"
    path.write_bytes(content[:directory] + entries + end)
    assert len(zipfile.ZipFile(path).namelist()) == 21
    with pytest.raises(InputError, match="overlap"):
        arrayfile.read(path)


def test_arrays_of_every_kind_come_back(tmp_path: Path) -> None:
    arrays = {
        "none": np.zeros((0, 3)),
        "one": np.array(7),
        "lane0/losses/sum": np.array([np.nan, -np.inf, -0.0, 5e-324]),
        "columns": np.asfortranarray(np.arange(12, dtype=np.int32).reshape(3, 4)),
        "strided": np.arange(20, dtype=np.uint8)[::3],
        "flags": np.array([True, False]),
        "single": np.arange(6, dtype=np.float32).reshape(1, 2, 3),
    }
    path = tmp_path / "a.npz"
    arrayfile.write(path, {"step": 3, "text": "ü \udc80"}, arrays)
    header, found = arrayfile.read(path)
    assert header == {"step": 3, "text": "ü \udc80"}
    assert list(found) == list(arrays)
    with np.load(path, allow_pickle=False) as other:
        for name, array in arrays.items():
            for one in (found[name], other[name]):
                assert (one.shape, one.dtype) == (array.shape, array.dtype)
                assert one.tobytes() == array.tobytes()
    assert zipfile.ZipFile(path).testzip() is None


@pytest.mark.parametrize("step", ["write", "fsync", "replace", "folder"])
def test_a_file_is_the_old_one_or_the_new_one_wherever_writing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    calls: list[int] = []

    def failing(*arguments: Any) -> None:
        calls.append(1)
        raise OSError(28, "No space left on device")

    if step == "folder":
        monkeypatch.setattr(atomic, "sync_folder", failing)
    elif step != "write":
        monkeypatch.setattr(os, step, failing)
    with pytest.raises(OSError, match="No space"), atomic.replacing(path) as file:
        (failing if step == "write" else file.write)(b"new")
    assert calls
    assert path.read_bytes() == (b"new" if step == "folder" else b"old")
    assert [one.name for one in tmp_path.iterdir()] == ["file"]
