"""The run store: runs are found by what people type, the oldest make room, and no process is in another's way."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from savedruns import DATA, NOON, Clock, comparison, ended

from initscope.core.errors import InputError
from initscope.core.runs import Store, runs_folder, store

CHILD = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from savedruns import ended
from initscope.core.runs import Store
store = Store(Path(sys.argv[1]), 3_000)
for _ in range(8):
    ended(store, size=1000)
    store.prune()
"""


def test_ids_sort_by_time_even_when_the_clock_is_set_back(tmp_path: Path) -> None:
    clock = Clock()
    runs = Store(tmp_path, now=clock.now)
    made = [ended(runs).id for _ in range(2)]
    clock.wall -= timedelta(days=3)
    made += [ended(runs).id for _ in range(2)]
    clock.wall = NOON + timedelta(hours=1)
    made.append(ended(runs).id)
    assert [one[:15] for one in made[:2]] == ["20261122-120000", "20261122-120001"]
    assert made[-1].startswith("20261122-130000")
    assert made == sorted(made)
    assert [run.id for run in runs.runs()] == made[::-1]
    assert runs.find("last").id == made[-1]
    # The id is made to sort; when it was truly begun stands in the description.
    assert runs.find(made[2]).sound().created == NOON - timedelta(days=3)


def test_runs_are_found_by_what_people_type(tmp_path: Path) -> None:
    runs = Store(tmp_path)
    with pytest.raises(InputError, match="there are no runs"):
        runs.find("last")
    for name in ("20261121-235959-0b", "20261122-051233-a7", "20261122-051240-c7"):
        (tmp_path / name).mkdir()
    (tmp_path / "20261122-051299-zz").mkdir()
    (tmp_path / "20261123-000000-00").symlink_to(tmp_path / "20261121-235959-0b")
    (tmp_path / "notes").mkdir()
    for text in ("20261122-051233-a7", "20261122-051233", "051233", "a7", "a"):
        assert runs.find(text).id == "20261122-051233-a7", text
    assert runs.find("20261121").id == "20261121-235959-0b"
    assert runs.find("last").id == "20261122-051240-c7"
    assert len(runs.runs()) == 3
    for text, words in (
        ("0512", "any of 2: 20261122-051240-c7, 20261122-051233-a7"),
        ("20261122-051232-a7", "did you mean 20261122-051233-a7"),
        ("", "no run ''"),
        ("../notes", "no run"),
    ):
        with pytest.raises(InputError, match=words):
            runs.find(text)


def test_only_runs_are_removed_or_kept(tmp_path: Path) -> None:
    runs = Store(tmp_path)
    made = ended(runs)
    (tmp_path / "notes").mkdir()
    outside = tmp_path / "20200101-000000-00"
    outside.symlink_to(tmp_path / "notes")
    for name in ("notes", "../x", outside.name, "20200101-000000-01", ""):
        with pytest.raises(InputError, match="no run"):
            runs.remove(name)
        with pytest.raises(InputError, match="no run"):
            runs.keep(name, True)
    runs.keep(made.id, True)
    runs.keep(made.id, True)
    assert runs.find(made.id).kept
    runs.keep(made.id, False)
    runs.keep(made.id, False)
    assert not runs.find(made.id).kept
    runs.remove(made.id)
    assert runs.runs() == []
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", outside.name, "notes"]


def test_the_oldest_make_room_but_none_kept_or_in_progress(tmp_path: Path) -> None:
    runs = Store(tmp_path, 2**30)
    made = [ended(runs, size=10_000) for _ in range(6)]
    runs.keep(made[0].id, True)
    busy = runs.reopen(made[1].id)
    (made[2].path / "run.json").unlink()
    assert runs.prune() == []
    tight = Store(tmp_path, 45_000)
    assert tight.prune() == [made[2].id, made[3].id]
    assert tight.prune() == []
    # Not even for a limit that cannot be held: neither these, nor the newest of those that ended.
    assert Store(tmp_path, 1).prune() == [made[4].id]
    assert [run.id for run in runs.runs()] == [made[5].id, made[1].id, made[0].id]
    busy.release()
    assert Store(tmp_path, 1).prune() == [made[1].id]


def test_a_new_run_makes_room(tmp_path: Path) -> None:
    runs = Store(tmp_path, 25_000)
    made = [ended(runs, size=10_000) for _ in range(5)]
    assert [run.id for run in runs.runs()] == [one.id for one in made[:1:-1]]


def test_what_is_in_progress_is_not_removed_nor_opened_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "LOOK_PATIENCE", 0.05)
    runs = Store(tmp_path)
    made = runs.create(comparison(), DATA, "lab")
    assert runs.find("last").in_progress
    with pytest.raises(InputError, match="in progress: stop it first"):
        runs.remove(made.id)
    with pytest.raises(InputError, match="in progress in another process"):
        runs.reopen(made.id)
    made.release()
    made.release()
    again = runs.reopen(made.id)
    assert runs.find("last").in_progress
    again.release()
    runs.remove(made.id)
    assert runs.runs() == []


def test_what_a_killed_process_left_is_cleaned_up(tmp_path: Path) -> None:
    runs = Store(tmp_path, 1)
    made = ended(runs)
    (made.path / ".state.npz.part").write_bytes(b"half")
    (made.path / "weights").mkdir()
    (made.path / "weights" / ".5.npz.part").write_bytes(b"half")
    (tmp_path / ".removed-20200101-000000-00-12345678").mkdir()
    (tmp_path / ".new-20200101-000000-00").mkdir()
    others = [".new-things", ".removed-20200101", "20200101-000000-00"]
    for name in others:  # the store may lie in a folder that holds other things, too
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine.txt").write_text("as long as the limit")
    again = runs.reopen(made.id)
    assert sorted(path.name for path in made.path.rglob("*")) == ["lock", "run.json", "weights"]
    again.release()
    runs.prune()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([".lock", made.id, *others])


def test_a_store_that_another_holds_for_long_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "PATIENCE", 0.1)
    from initscope.core.runs.lock import Lock

    held = Lock.take(tmp_path / ".lock", 0)
    assert held
    with pytest.raises(InputError, match="is it stopped"):
        ended(Store(tmp_path))
    held.release()
    ended(Store(tmp_path))


def test_requests_reach_a_run_and_the_latest_wins(tmp_path: Path) -> None:
    runs = Store(tmp_path)
    made = runs.create(comparison(), DATA, "run")
    viewer = runs.find("last")
    assert made.requests.next() is None
    viewer.ask("pause")
    viewer.ask("stop")
    assert [made.requests.next(), made.requests.next()] == ["stop", None]
    viewer.ask("stop")
    assert [made.requests.next(), made.requests.next()] == ["stop", None]
    for content in (b"", b"{}", b'{"schema": 1, "request": "dance", "token": "1"}', b"\xff" * 99):
        (made.path / "control.json").write_bytes(content)
        assert made.requests.next() is None
    viewer.ask("resume")
    assert made.requests.next() == "resume"
    with pytest.raises(ValueError, match="dance"):
        viewer.ask("dance")
    viewer.ask("stop")
    made.release()
    with pytest.raises(InputError, match="not in progress"):
        viewer.ask("pause")
    assert runs.reopen(made.id).requests.next() is None


def test_several_processes_create_and_prune_at_once(tmp_path: Path) -> None:
    here = str(Path(__file__).parent)
    kept = ended(Store(tmp_path), size=1000)
    Store(tmp_path).keep(kept.id, True)
    words = [sys.executable, "-c", CHILD, str(tmp_path), here]
    children = [subprocess.Popen(words, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    faults = []
    while any(child.poll() is None for child in children):
        faults += [run.damaged for run in Store(tmp_path).runs() if run.damaged and run.path.exists()]
    assert faults == []
    assert [child.communicate()[1] for child in children] == ["", "", ""]
    assert [child.returncode for child in children] == [0, 0, 0]
    left = Store(tmp_path, 3_000)
    left.prune()
    assert left.runs()[-1].id == kept.id
    assert sum(run.bytes for run in left.runs()) <= 3_000 + max(run.bytes for run in left.runs())
    assert all(run.damaged == "" for run in left.runs())
    assert not list(tmp_path.glob(".removed-*"))


def test_where_runs_lie(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("INITSCOPE_RUNS", raising=False)
    assert runs_folder() == tmp_path / "state" / "initscope" / "runs"
    monkeypatch.setenv("INITSCOPE_RUNS", "~/elsewhere")
    assert runs_folder() == Path.home() / "elsewhere"
    assert runs_folder("here/../there") == tmp_path / "there"
    with pytest.raises(InputError, match="NUL"):
        runs_folder("a\0b")
