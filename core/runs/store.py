"""All runs on the disk: a folder of folders that any number of processes may use at once."""

import errno
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from secrets import randbits, token_hex
from shutil import rmtree

from initscope.core import __version__, atomic, faults
from initscope.core.comparison import Comparison
from initscope.core.datasets.data import Dataset
from initscope.core.errors import InputError
from initscope.core.runs import document, folder, places
from initscope.core.runs.description import Description, here
from initscope.core.runs.folder import RunFolder, RunInfo
from initscope.core.runs.lock import Lock, held
from initscope.core.runs.marks import marks

LIMIT = 2**30
"""Bytes of all runs together before the oldest go."""
LAST = "last"
LOCK = ".lock"
NEW, DOOMED = ".new-", ".removed-"
"""How the name of a run begins that is being made, or deleted; nobody makes one while another holds the store."""
LEFT = re.compile(rf"{re.escape(NEW)}{places.ID.pattern}|{re.escape(DOOMED)}{places.ID.pattern}-[0-9a-f]{{8}}")
"""What a killed process may leave. Nothing else is deleted: the root may be a folder that holds other things."""
PATIENCE = 5.0
"""Seconds to wait for another process that is at work on the store: it may have been stopped by Ctrl+Z."""
LOOK_PATIENCE = 0.5
"""The same for a run's own lock, which others hold for a moment when they look."""


class Store:
    """The runs in `root`, which is made with the first; more than `limit` bytes make room by the oldest."""

    def __init__(self, root: Path, limit: int = LIMIT, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.root, self.limit, self._now = root, limit, now

    def create(self, comparison: Comparison, datasets: Mapping[str, Dataset], source: str) -> RunFolder:
        """A new run, locked by this process; then the store makes room.

        `datasets` are by the comparison's names for them, `source` is `lab` or `run`.
        Raises InputError where it cannot be written.
        """
        data = marks({name: datasets[name] for name in comparison.data_names()})
        now = self._now()
        with self._alone():
            run_id = places.new_id(now, filter(places.is_id, os.listdir(self.root)), randbits(8))
            made = self._begin(Description(run_id, now, __version__, source, comparison, here(), data))
        with suppress(InputError):  # a run that is begun must not fail by old ones that cannot be deleted
            self.prune()
        return made

    def runs(self) -> list[RunInfo]:
        """All runs, the newest first, damaged ones among them. Raises InputError where the store cannot be read."""
        found = [folder.look(path) for path in reversed(self._paths())]
        return [run for run in found if run.path.exists()]

    def find(self, text: str) -> RunInfo:
        """The run of that id, of a beginning of it or of its time or last letters that fits no other, or `last`.

        Raises InputError.
        """
        ids = [path.name for path in self._paths()]
        if not ids:
            raise InputError(f"no run '{text}': there are no runs in {self.root}")
        if text == LAST:
            return self.info(ids[-1])
        matches = places.matching(text, ids) if text else []
        if len(matches) == 1:
            return self.info(matches[0])
        if matches:
            some = ", ".join(matches[::-1][:4]) + (", ..." if len(matches) > 4 else "")
            raise InputError(f"run '{text}' could be any of {len(matches)}: {some}; type more of it")
        close = get_close_matches(text, ids, n=3, cutoff=0.6)
        hint = f"did you mean {' or '.join(close)}? " if close else ""
        raise InputError(f"no run '{text}': {hint}the newest is {ids[-1]}, and `initscope runs list` shows all")

    def info(self, run_id: str) -> RunInfo:
        """The run of exactly that id. Raises InputError."""
        return folder.look(self._path(run_id))

    def reopen(self, run_id: str) -> RunFolder:
        """A run to go on with, locked by this process. Raises InputError where it is in progress or damaged."""
        self.info(run_id).sound()
        with self._alone():
            path = self._path(run_id)
            opened = RunFolder(path, self._claim(path, "is in progress in another process"))
            opened.clean()
        return opened

    def remove(self, run_id: str) -> None:
        """Delete a run, kept or not. Raises InputError where it is in progress."""
        with self._alone():
            doomed = self._set_aside(self._path(run_id))
        rmtree(doomed, ignore_errors=True)

    def keep(self, run_id: str, kept: bool) -> None:
        """Mark a run as never to be deleted to make room, or take the mark away. Raises InputError."""
        with self._alone():  # or it might be deleted between the look for the mark and the end
            folder.set_kept(self._path(run_id), kept)

    def prune(self) -> list[str]:
        """Delete the oldest runs while all together are over the limit; returns their ids. Raises InputError.

        Left alone are runs that are kept or in progress, and the newest of those that have ended: it may be
        the one that somebody wants to go on with.
        """
        doomed = []
        with self._alone():
            paths = self._paths()
            sizes = {path: folder.size_of(path) for path in paths}
            excess = sum(sizes.values()) - self.limit
            ended = [path for path in paths if _is_run(path) and not held(path / folder.LOCK)] if excess > 0 else []
            for path in ended[:-1]:
                if excess > 0 and not (path / folder.KEEP).exists():
                    with suppress(InputError):
                        doomed.append((path.name, self._set_aside(path)))
                        excess -= sizes[path]
            left = [path for path in self.root.iterdir() if LEFT.fullmatch(path.name)]
        for path in left:
            rmtree(path, ignore_errors=True)
        return [name for name, _ in doomed]

    def _paths(self) -> list[Path]:
        """The folders that are called like runs, the oldest first; links are not followed."""
        try:
            with os.scandir(self.root) as entries:
                found = [e.name for e in entries if places.is_id(e.name) and e.is_dir(follow_symlinks=False)]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise InputError(f"{self.root}: runs cannot be read: {faults.words(error)}") from None
        return [self.root / name for name in sorted(found)]

    def _path(self, run_id: str) -> Path:
        path = self.root / run_id
        if not places.is_id(run_id) or path.is_symlink() or not path.is_dir():
            raise InputError(f"no run '{run_id}' in {self.root}")
        return path

    def _begin(self, what: Description) -> RunFolder:
        """The folder comes to be by one rename, locked and described: nobody sees it half made."""
        path, place = self.root / what.id, self.root / f"{NEW}{what.id}"
        place.mkdir(mode=0o700)
        lock = None
        try:
            lock = self._claim(place, "is in use")
            document.write(place / folder.RUN, what.document())
            os.rename(place, path)
            place = path
            atomic.sync_folder(self.root)
        except BaseException:
            rmtree(place, ignore_errors=True)
            if lock:
                lock.release()
            raise
        return RunFolder(path, lock)

    def _set_aside(self, path: Path) -> Path:
        """Take a run out of the store by one rename; what is left to do is to delete it."""
        lock = self._claim(path, "is in progress: stop it first")
        doomed = self.root / f"{DOOMED}{path.name}-{token_hex(4)}"
        try:
            os.rename(path, doomed)
        except OSError as error:
            raise InputError(f"{path}: cannot be removed: {faults.words(error)}") from None
        finally:
            lock.release()
        return doomed

    @staticmethod
    def _claim(path: Path, why_not: str) -> Lock:
        try:
            lock = Lock.take(path / folder.LOCK, LOOK_PATIENCE)
        except OSError as error:
            raise InputError(f"{path}: cannot be locked: {faults.words(error)}") from None
        if lock is None:
            raise InputError(f"run {path.name} {why_not}")
        return lock

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """While no other process creates, removes or reopens. Raises InputError for all that the disk refuses."""
        try:
            try:
                self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            except FileExistsError:
                raise NotADirectoryError(errno.ENOTDIR, "") from None
            lock = Lock.take(self.root / LOCK, PATIENCE)
            if lock is None:
                raise InputError(f"{self.root}: another process has held it for {PATIENCE:g} s; is it stopped?")
            try:
                yield
            finally:
                lock.release()
        except OSError as error:
            raise InputError(f"{self.root}: runs cannot be written: {faults.words(error)}") from None


def _is_run(path: Path) -> bool:
    """Whether a folder that is called like a run is one, as far as a damaged one still shows."""
    return any(os.path.lexists(path / name) for name in (folder.LOCK, folder.RUN))
