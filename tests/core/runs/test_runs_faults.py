"""Disks that fail: training goes on, the person is told in a sentence, what was written stays whole."""

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from savedruns import Clock, advance, recorder, settle

from initscope.core.errors import InputError
from initscope.core.runs import Store
from initscope.core.runs import recorder as module

HERE = str(Path(__file__).parent)
SMALL_FILES = """
import resource, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from savedruns import Clock, advance, recorder, settle
from initscope.core.runs import Store
clock, root = Clock(), Path(sys.argv[1])
recording, made = recorder(root, clock)
advance(made, 3)
recording.tick(made)
settle(recording)
assert recording.trouble == "", recording.trouble
resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, resource.RLIM_INFINITY))
clock.pass_by(5)
advance(made, 3)
recording.tick(made)
settle(recording)
print(recording.trouble)
print(made.step, Store(root).find("last").checkpoint().step)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
recording.close(made, "stopped")
print(repr(recording.trouble), Store(root).find("last").checkpoint().step)
"""
TROUBLE = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the disk is read-only",
    errno.EACCES: "there is no permission for it",
    errno.EIO: "the disk reports an error",
    errno.ETIMEDOUT: os.strerror(errno.ETIMEDOUT),
}


class Disk:
    """Makes calls of the system fail with an error number, while there is one."""

    def __init__(self, patch: pytest.MonkeyPatch, *names: str) -> None:
        self.error = 0
        self.tries = 0
        for name in names:
            patch.setattr(os, name, self._failing(getattr(os, name)))

    def _failing(self, call: Any) -> Any:
        def replaced(*given: Any, **named: Any) -> Any:
            if self.error:
                self.tries += 1
                raise OSError(self.error, os.strerror(self.error))
            return call(*given, **named)

        return replaced


@pytest.mark.parametrize("name", ["fsync", "replace"])
@pytest.mark.parametrize("number", TROUBLE)
def test_what_fails_is_told_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, name: str
) -> None:
    clock, disk = Clock(), Disk(monkeypatch, name)
    recording, made = recorder(tmp_path, clock)
    advance(made, 3)
    recording.tick(made)
    settle(recording)
    assert recording.trouble == ""
    disk.error = number
    for _ in range(40):  # 28 seconds
        clock.pass_by(0.7)
        advance(made, 1)
        recording.tick(made)
        settle(recording)
    assert recording.trouble == f"this run is not being saved: {TROUBLE[number]}; training goes on"
    assert disk.tries == 1
    info = Store(tmp_path).find("last")
    assert (info.damaged, info.in_progress, info.checkpoint().step) == ("", True, 3)
    assert not list(tmp_path.rglob("*.part"))
    clock.pass_by(31)
    recording.tick(made)
    settle(recording)
    assert disk.tries == 2
    assert recording.trouble
    disk.error = 0
    clock.pass_by(31)
    recording.tick(made)
    settle(recording)
    assert recording.trouble == ""
    info = Store(tmp_path).find("last")
    assert info.checkpoint().step == 43
    # What could not be written then was not lost.
    assert info.weight_steps() == recording._plan.steps
    recording.close(made, "stopped")


@pytest.mark.parametrize("name", ["mkdir", "fsync", "rename"])
def test_a_run_that_cannot_begin_leaves_nothing_and_begins_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    clock, disk = Clock(), Disk(monkeypatch, name)
    recording, made = recorder(tmp_path / "runs", clock)
    disk.error = errno.EROFS
    advance(made, 3)
    recording.tick(made)
    settle(recording)
    assert recording.run is None
    assert "the disk is read-only; training goes on" in recording.trouble
    assert str(tmp_path / "runs") in recording.trouble
    if name != "mkdir":
        assert [path.name for path in (tmp_path / "runs").iterdir()] == [".lock"]
    disk.error = 0
    advance(made, 3)
    recording.close(made, "stopped")
    assert recording.trouble == ""
    (info,) = Store(tmp_path / "runs").runs()
    assert (info.status, info.checkpoint().step, info.weight_steps()[0]) == ("stopped", 6, 0)


def test_a_run_that_never_could_be_saved_says_so_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    recording, made = recorder(tmp_path / "file" / "runs", Clock())
    advance(made, 3)
    recording.close(made, "stopped")
    assert "it is not a folder" in recording.trouble


def test_files_that_may_not_grow(tmp_path: Path) -> None:
    words = [sys.executable, "-c", SMALL_FILES, str(tmp_path), HERE]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    trouble, steps, after = done.stdout.splitlines()
    assert "the file would be larger than files may be" in trouble
    assert steps == "6 3"
    assert after == "'' 6"


@pytest.mark.parametrize("place", ["capture", "summarize"])
def test_too_little_memory_for_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    def failing(*given: Any) -> Any:
        raise MemoryError

    recording, made = recorder(tmp_path, Clock())
    advance(made, 3)
    recording.tick(made)
    settle(recording)
    monkeypatch.setattr(module, place, failing)
    advance(made, 3)
    recording.close(made, "stopped")
    assert "not enough memory" in recording.trouble
    info = Store(tmp_path).find("last")
    assert (info.status, info.checkpoint().step) == ("stopped", 3)


def test_what_nobody_expected_is_told_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    recording, made = recorder(tmp_path, clock)
    with monkeypatch.context() as patch:
        patch.setattr(module.RunFolder, "save_state", lambda *given: {}["nothing"])
        advance(made, 3)
        recording.tick(made)
        settle(recording)
        assert recording.trouble == "this run is not being saved: KeyError: 'nothing'; training goes on"
    clock.pass_by(31)
    recording.tick(made)
    settle(recording)
    assert recording.trouble == ""
    recording.close(made, "stopped")
    assert Store(tmp_path).find("last").checkpoint().step == 3


def test_folders_that_the_file_system_cannot_bring_to_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fsync, folders = os.fsync, []

    def failing(descriptor: int) -> None:
        if os.path.isdir(f"/proc/self/fd/{descriptor}"):
            folders.append(descriptor)
            raise OSError(errno.EINVAL, "Invalid argument")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", failing)
    recording, made = recorder(tmp_path, Clock())
    advance(made, 3)
    recording.close(made, "stopped")
    assert recording.trouble == ""
    assert folders
    assert Store(tmp_path).find("last").checkpoint().step == 3


def test_a_working_folder_that_was_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    (tmp_path / "here").rmdir()
    recording, made = recorder(tmp_path / "runs", Clock())
    advance(made, 3)
    recording.close(made, "stopped")
    assert recording.trouble == ""
    assert Store(tmp_path / "runs").find("last").sound().folder == ""


def test_old_runs_that_cannot_be_deleted_do_not_stop_new_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from savedruns import ended

    store = Store(tmp_path, 1)
    made = [ended(store).id for _ in range(2)]
    rename = os.rename

    def failing(source: Any, target: Any) -> None:
        if ".removed-" in str(target):
            raise PermissionError(errno.EACCES, "Permission denied")
        rename(source, target)

    monkeypatch.setattr(os, "rename", failing)
    made.append(ended(store).id)
    assert [run.id for run in store.runs()] == made[::-1]
    with pytest.raises(InputError, match="cannot be removed: there is no permission"):
        store.remove(made[0])
    assert not store.info(made[0]).in_progress


def test_a_store_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert Store(tmp_path / "nowhere").runs() == []
    with pytest.raises(InputError, match="runs cannot be read: it is not a folder"):
        Store(tmp_path / "file").runs()


def test_a_store_that_cannot_be_written_is_still_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from savedruns import saved

    store, folder, _ = saved(tmp_path)
    open_ = os.open

    def read_only(path: Any, flags: int, *given: Any, **named: Any) -> int:
        if flags & (os.O_RDWR | os.O_WRONLY | os.O_CREAT):
            raise OSError(errno.EROFS, "Read-only file system")
        return open_(path, flags, *given, **named)

    monkeypatch.setattr(os, "open", read_only)
    monkeypatch.setattr(Path, "touch", lambda *given: read_only(given[0], os.O_WRONLY))
    (info,) = store.runs()
    assert (info.status, info.damaged, info.checkpoint().step) == ("stopped", "", 5)
    for change in (store.remove, store.reopen, lambda name: store.keep(name, True), lambda name: store.prune()):
        with pytest.raises(InputError, match="the disk is read-only"):
            change(folder.id)
