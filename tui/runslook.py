"""Looks at the store of runs on threads of their own: the list again and again, one run whole when it is asked for."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from time import perf_counter

import numpy as np

from initscope.core.diagnosis import lane_verdict
from initscope.core.errors import InputError
from initscope.core.runs import RunInfo, Store, past
from initscope.core.runs.past import Past
from initscope.core.snapshot import Snapshot
from initscope.tui.judged import Judged
from initscope.tui.runsview import fact_pairs

EVERY = 1.0
"""Seconds between two looks at the runs in progress."""
REST = 20.0
"""So many times as long as a look at all runs, or at one whole run, took, it is not done again."""
SETTLE = 0.12
"""Seconds that a run must stay selected before it is read: whoever scrolls past it does not want it."""
KEPT = 6
"""Runs that are kept in memory."""


class Watcher:
    """Keeps `runs` up to date until `close`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.runs: list[RunInfo] | None = None
        """Newest first; replaced whole when anything is different. None before the first look."""
        self.trouble = ""
        """Why the store cannot be read."""
        self.error: BaseException | None = None
        """What ended the thread, if it ended by itself."""
        self._whole_due = 0.0
        self._closing = False
        self._wake = threading.Event()
        threading.Thread(target=self._work, name="initscope-runs", daemon=True).start()

    def look_now(self) -> None:
        """Something has been changed."""
        self._whole_due = 0.0
        self._wake.set()

    def close(self) -> None:
        self._closing = True
        self._wake.set()

    def _work(self) -> None:
        try:
            while not self._closing:
                self._look()
                self._wake.wait(EVERY)
                self._wake.clear()
        except BaseException as error:
            self.error = error

    def _look(self) -> None:
        start = perf_counter()
        whole = self.runs is None or start >= self._whole_due
        if whole:
            self._whole_due = float("inf")  # unless it is asked for meanwhile
        try:
            found = self._store.runs() if whole else [self._newer(run) for run in self.runs or ()]
            self.trouble = ""
        except InputError as error:
            found, self.trouble = self.runs or [], str(error)
        if whole and self._whole_due == float("inf"):
            now = perf_counter()
            self._whole_due = now + (now - start) * REST
        if found != self.runs:
            self.runs = found

    def _newer(self, run: RunInfo) -> RunInfo:
        try:
            return self._store.info(run.id) if run.in_progress else run
        except InputError:  # removed meanwhile, as the next look at all of them shows
            return run


@dataclass(frozen=True, eq=False)
class Look:
    """One run as it was when it was read."""

    run: RunInfo
    snapshot: Snapshot | None
    """None where it could not be read whole."""
    past: Past | None
    """Of the run that was read last alone: it holds the data."""
    trouble: str
    """Why not."""
    judged: tuple[Judged | None, ...]
    """For each lane of its snapshot."""
    facts: tuple[tuple[str, str], ...]


def read(run: RunInfo, now: datetime) -> Look:
    """Takes from some milliseconds to seconds."""
    facts = tuple(fact_pairs(run, now))
    try:
        found = whole(run)
    except InputError as error:
        return Look(run, None, None, str(error), (), facts)
    except MemoryError:
        return Look(run, None, None, "it does not fit in this machine's memory", (), facts)
    return Look(run, found.snapshot, found, "", judge(found), facts)


def whole(run: RunInfo) -> Past:
    """A run with all that its lanes need to stand beside others, so that nothing is left to be worked out then.

    Raises InputError.
    """
    found = past.load(run)
    _ = found.values
    return found


def judge(found: Past) -> tuple[Judged | None, ...]:
    """The lanes' verdicts; None where one cannot be made."""
    data, judged = found.data_by_name(), list[Judged | None]()
    for lane in found.snapshot.lanes:
        try:
            with np.errstate(all="ignore"):
                verdict = lane_verdict(lane, data[lane.spec.data])
        except InputError:
            judged.append(None)
        else:
            judged.append(Judged(verdict, False, lane.step, lane.status, final=lane.final is not None))
    return tuple(judged)


class Reader:
    """Reads the run asked for last; what it has read stays until there are too many."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._now = now
        self.error: BaseException | None = None
        """What ended the thread, if it ended by itself."""
        self._looks: dict[str, Look] = {}
        """By id, those asked for last at the end."""
        self._again: dict[str, float] = {}
        """When a run in progress may be read again."""
        self._wanted: RunInfo | None = None
        self._closing = False
        self._wake = threading.Event()
        threading.Thread(target=self._work, name="initscope-reader", daemon=True).start()

    def ask(self, run: RunInfo | None) -> None:
        """Read this one next, if what is known of it is older."""
        self._wanted = run
        self._wake.set()

    def of(self, run: RunInfo) -> Look | None:
        """What is known of a run, though perhaps of an earlier step."""
        return self._looks.get(run.id)

    def close(self) -> None:
        self._closing = True
        self._wake.set()

    def _work(self) -> None:
        try:
            while not self._closing:
                self._wake.wait()
                self._wake.clear()
                if self._wanted and not self._wake.wait(SETTLE):
                    self._read(self._wanted)
        except BaseException as error:
            self.error = error

    def _read(self, run: RunInfo) -> None:
        known = self._looks.get(run.id)
        if known and (known.run == run or perf_counter() < self._again[run.id]):
            return
        start = perf_counter()
        look = read(run, self._now())
        end = perf_counter()
        self._again[run.id] = end + (end - start) * REST if run.in_progress else 0.0
        others = {key: replace(kept, past=None) for key, kept in self._looks.items() if key != run.id}
        looks = {**others, run.id: look}
        self._looks = dict(list(looks.items())[-KEPT:])
