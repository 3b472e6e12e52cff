"""Files made to harm: nothing of them is run, nothing leaves its bounds, and each is refused in one clear line."""

import pickle
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hostile import MIB, bounded, objects, outcome
from weightfiles import Raw, call, name, op, pickled, tensors_of, torch_old, torch_zip, zipped

from initscope.core.weights import numpyfile
from initscope.core.weights.machine import Budget


def attacks(marker: Path) -> dict[str, Raw]:
    """Ways in which a pickle runs a command when it is loaded."""
    line = f"touch {marker}"
    text = op(line)
    system = name("os", "system")
    return {
        "reduce": Raw(system + b"(" + text + b"tR"),
        "reduce by protocol 4": Raw(b"\x8c\x02os\x8c\x06system\x93" + text + b"\x85R"),
        "inst": Raw(b"(" + text + b"ios\nsystem\n"),
        "obj": Raw(b"(" + system + text + b"o"),
        "newobj": Raw(name("subprocess", "Popen") + op((["touch", str(marker)],)) + b"\x81"),
        "newobj_ex": Raw(name("subprocess", "Popen") + b")" + op({"args": ["touch", str(marker)]}) + b"\x92"),
        "eval": call("builtins", "eval", f"open({str(marker)!r}, 'w')"),
        "build": Raw(name("os", "environ") + op({"__setstate__": name("os", "system")}) + b"b" + text + b"b"),
        "wrapped": call("torch._tensor", "_rebuild_from_type_v2", system, name("os", "system"), (line,), {}),
        "jax": call("jax._src.array", "_reconstruct_array", system, (line,), None, {}),
        "reconstructor": call("copyreg", "_reconstructor", name("os", "system"), name("os", "system"), line),
        "partial": Raw(call("functools", "partial", system, line) + b")R"),
        "getattr": Raw(call("builtins", "getattr", name("os", "path"), "os") + text + b"\x85R"),
        "load": call("torch.storage", "_load_from_bytes", Raw(b"B" + struct.pack("<I", 4) + b"boom")),
        "script": call("torch.jit._serialization", "load", str(marker)),
        "codecs": call("_codecs", "encode", line, "unicode_escape"),
    }


@pytest.mark.parametrize("kind", attacks(Path("/nowhere")))
def test_no_pickle_runs_anything(tmp_path: Path, kind: str) -> None:
    marker = tmp_path / "marker"
    attack = attacks(marker)[kind]
    state, data = tensors_of({"w": np.ones((2, 3), "<f4")})
    before = set(sys.modules)
    for value in (attack, {"w": attack}, {**state, "x": attack}, [attack, attack]):
        outcome(tmp_path / "w.pkl", pickled(value))
        outcome(tmp_path / "w.pt", torch_zip(value, data))
        outcome(tmp_path / "old.pt", torch_old(value, {"0": (6, data["0"])}))
        np.savez(tmp_path / "w.npz", w=np.zeros(3))
        outcome(tmp_path / "x.npz", zipped(tmp_path / "x.npz", {"w.npy": pickled(value)}).read_bytes())
        outcome(tmp_path / "w.npy", objects(pickled(value)))
        outcome(tmp_path / "w.npz", zipped(tmp_path / "w.npz", {"w.npy": objects(pickled(value))}).read_bytes())
    time.sleep(0.05 if kind.startswith("newobj") else 0)
    assert not marker.exists()
    assert not {module for module in set(sys.modules) - before if module.startswith(("torch", "jax", "copyreg"))}


def test_the_attack_would_work(tmp_path: Path) -> None:
    """So that the tests above mean something: the standard library runs it."""
    marker = tmp_path / "marker"
    pickle.loads(b"\x80\x02" + attacks(marker)["reduce"] + b".")
    assert marker.exists()


def test_an_attack_beside_sound_tensors_is_only_not_looked_into(tmp_path: Path) -> None:
    state, data = tensors_of({"w": np.ones((2, 3), "<f4")})
    state["x"] = attacks(tmp_path / "marker")["reduce"]
    assert outcome(tmp_path / "w.pt", torch_zip(state, data)) == ""
    assert not (tmp_path / "marker").exists()


def nested(opening: bytes, closing: bytes, count: int) -> bytes:
    return b"\x80\x02" + opening * count + b"N" + closing * count + b"."


def laughs(depth: int) -> bytes:
    """Lists of ten times the list before: 10**depth places."""
    raw = b"\x80\x02]q\x00"
    for level in range(depth):
        raw += b"](" + b"h" + bytes([level]) + (b"h" + bytes([level])) * 9 + b"eq" + bytes([level + 1])
    return raw + b"."


LONG = b"X" + struct.pack("<I", 2 * MIB) + b"x" * 2 * MIB

BOMBS: dict[str, tuple[bytes, float]] = {
    "nested lists": (nested(b"](", b"e", 25_000), 15),
    "nested tuples": (nested(b"", b"\x85", 50_000), 15),
    "nested dictionaries": (nested(b"}N", b"s", 25_000), 20),
    "nested objects": (nested(b"cos\nsystem\n", b"\x85R", 15_000), 20),
    "nested marks": (nested(b"(", b"t", 25_000), 20),
    "a key of nested tuples": (b"\x80\x02}N" + b"\x85" * 50_000 + b"Ns.", 15),
    "a list in itself": (b"\x80\x02]q\x00h\x00a.", 1),
    "a bytes of the whole address space": (b"\x80\x04\x8e" + struct.pack("<Q", 2**62) + b"x.", 1),
    "a text of it": (b"\x80\x04\x8d" + struct.pack("<Q", 2**63) + b"x.", 1),
    "a negative length": (b"\x80\x02T\xff\xff\xff\xff" + b"x.", 1),
    "a long whole number": (b"\x80\x02\x8b" + struct.pack("<i", 10**6) + b"\x7f" * 10**6 + b".", 5),
    "a whole number of many digits": (b"(lp0\nL" + b"9" * 10**6 + b"L\na.", 5),
    "a place of the memo far away": (b"\x80\x02Nr\xff\xff\xff\xff.", 1),
    "a place of the memo that is not": (b"\x80\x02h\x09.", 1),
    "nothing on the stack": (b"\x80\x02R.", 1),
    "no mark": (b"\x80\x02Nt.", 1),
    "no end": (b"\x80\x02}", 1),
    "one long text turned again and again": (
        b"\x80\x02" + LONG + b"q\x010](" + (b"c_codecs\nencode\n(h\x01" + op("latin1") + b"tR") * 200 + b"e.", 20,
    ),
    "one text turned again and again": (
        b"\x80\x02" + op("x" * MIB) + b"q\x010](" + (b"c_codecs\nencode\n(h\x01" + op("latin1") + b"tR") * 200 + b"e.",
        90,
    ),
    "one list turned again and again": (
        b"\x80\x02](" + b"]" * 100_000 + b"eq\x010](" + b"ccollections\nOrderedDict\nh\x01\x85R" * 1000 + b"e.", 60,
    ),
    "keys of one hash": (
        b"\x80\x02}(" + b"".join(op(n * (2**61 - 1)) + b"N" for n in range(1, 30_000)) + b"u.", 60,
    ),
    "a long name": (b"\x80\x02}" + op("x" * MIB) + b"]s.", 10),
    "a class of a long name": (b"c" + b"x" * MIB + b"\nx\n.", 10),
    "an extension": (b"\x80\x02\x82\x01.", 1),
}  # fmt: skip


@pytest.mark.parametrize("kind", BOMBS)
def test_bombs_are_refused_in_bounded_memory(tmp_path: Path, kind: str) -> None:
    raw, limit = BOMBS[kind]
    with bounded(limit):
        assert outcome(tmp_path / "w.pkl", raw)
        if kind in ("nested lists", "a bytes of the whole address space", "an extension"):
            assert outcome(tmp_path / "w.npy", objects(raw))


def test_one_list_as_the_numbers_of_many_arrays(tmp_path: Path) -> None:
    kind = Raw(call("numpy", "dtype", "O", 0, 1) + op((3, "|", None, None, None, -1, -1, 63)) + b"b")
    made = call("numpy.core.multiarray", "_reconstruct", name("numpy", "ndarray"), (0,), Raw(b"C\x01b"))
    state = Raw(b"(K\x01K\xff\x85" + kind + b"\x89h\x01tb")
    numbers = Raw(b"](" + b"G?\xf0\x00\x00\x00\x00\x00\x00" * 255 + b"eq\x01")
    raw = b"\x80\x03](" + numbers + (made + state) * 2100 + b"e."
    with bounded(20):
        assert "more than 500,000 places" in outcome(tmp_path / "w.npy", objects(raw))


def test_members_share_what_pickles_may_take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numpyfile, "Budget", lambda: Budget(steps=1000))
    part = objects(b"\x80\x02" + b"N0" * 200 + b"N.")
    path = tmp_path / "w.npz"
    assert "holds no arrays" in outcome(path, zipped(path, {f"{n}.npy": part for n in range(2)}).read_bytes())
    assert "instructions of pickles" in outcome(path, zipped(path, {f"{n}.npy": part for n in range(4)}).read_bytes())


def test_packed_objects_that_are_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numpyfile, "MAX_OBJECTS", 500)
    path = tmp_path / "w.npz"
    np.savez_compressed(path, w=np.array({"a": np.zeros(100)}))
    assert "bytes of Python objects; at most 500 are read" in outcome(path, path.read_bytes())


HEAVY: dict[str, bytes] = {
    "shared lists": laughs(12),
    "many instructions": b"\x80\x02" + b"N0" * 1_100_000 + b".",
    "many lists": b"\x80\x02" + b"]" * 2_100_000 + b".",
    "many dictionaries": b"\x80\x02" + b"}\x94" * 1_100_000 + b".",
    "deep lists": nested(b"](", b"e", 500_000),
    "deep tuples": nested(b"", b"\x85", 1_500_000),
    "deep objects": nested(b"cos\nsystem\n", b"\x85R", 500_000),
}

OPENED_ALONE = """
import resource, sys
from pathlib import Path
from initscope.core.errors import InputError
from initscope.core.weights import numpyfile, open_weights
from initscope.core.weights.machine import Budget
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    open_weights(Path(sys.argv[1]))
except InputError as error:
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024, error)
"""

USUAL = ("many lists", "deep lists")
"""Of the heavy ones; the others take seconds each."""


@pytest.mark.parametrize(
    "kind", [kind if kind in USUAL else pytest.param(kind, marks=pytest.mark.slow) for kind in HEAVY]
)
@pytest.mark.slow
def test_the_largest_pickles_stay_within_half_a_gibibyte(tmp_path: Path, kind: str) -> None:
    """In a process of their own, whose memory is the system's count, and which a deep structure could crash."""
    (tmp_path / "w.pkl").write_bytes(HEAVY[kind])
    words = [sys.executable, "-c", OPENED_ALONE, str(tmp_path / "w.pkl")]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60)
    grown, _, message = done.stdout.partition(" ")
    assert int(grown) < 512
    assert "w.pkl" in message
