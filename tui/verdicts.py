"""The lanes' verdicts, made beside training on a thread of their own: latest wins, and little time is taken from it.

The screen offers every snapshot that it sees and looks at what is known; it never waits.
"""

import queue
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from initscope.core.datasets.data import Dataset
from initscope.core.diagnosis import lane_verdict
from initscope.core.diagnosis.alarms import Alarms
from initscope.core.diagnosis.case import Case
from initscope.core.diagnosis.record import Record
from initscope.core.errors import InputError
from initscope.core.snapshot import LaneSnapshot, Snapshot, Status
from initscope.tui.judged import Judged
from initscope.tui.views import marker

EVERY = 1.0
"""Seconds, at least, between two verdicts of a lane that trains."""
REST = 100.0
"""So many times as long as a verdict took, no other is made, unless one is awaited: a hundredth of the time goes."""
AWAY = 10
"""Verdicts in a row without a finding after which it is news again."""


@dataclass(frozen=True)
class News:
    """A lane that is wrong in another way than before, since the last steps."""

    lane: LaneSnapshot
    judged: Judged


def announcement(news: Sequence[News]) -> str:
    """The news in one line."""
    if len(news) == 1:
        (one,) = news
        return f"Lane {marker(one.lane)} {one.lane.name}: {one.judged.accusation}."
    lanes = ", ".join(marker(one.lane) for one in news)
    causes = " or ".join(dict.fromkeys(one.judged.blamed.value for one in news))
    return f"Lanes {lanes}: {causes} to blame."


class _Load:
    """The lanes of one load, and what is known of each by its number."""

    def __init__(self, datasets: Mapping[str, Dataset]) -> None:
        self.datasets = dict(datasets)
        self.offered: Snapshot | None = None
        self.chosen = 0
        self.judged: dict[int, Judged] = {}
        self.when: dict[int, float] = {}
        """When it was judged last."""
        self.alarms: dict[int, Alarms] = {}
        self.hopeless: set[int] = set()
        """Lanes of which no verdict can be made."""

    def stale(self) -> list[LaneSnapshot]:
        """Lanes whose verdict is missing, or of another state than the one offered."""
        lanes = self.offered.lanes if self.offered else ()
        known = [lane for lane in lanes if lane.index not in self.hopeless]
        return [lane for lane in known if lane.index not in self.judged or not self.judged[lane.index].of(lane)]

    def awaited(self, lane: LaneSnapshot) -> bool:
        """Whether there is no verdict of this run of the lane yet, or none since it has ended."""
        judged = self.judged.get(lane.index)
        return judged is None or judged.step > lane.step or lane.status is not Status.TRAINING


class Verdicts:
    """All methods may be called from the screen's thread and return at once."""

    def __init__(self) -> None:
        self.error: BaseException | None = None
        """What ended the thread, if it ended by itself."""
        self.made = 0
        """How many verdicts were made so far: another number says that there is something new to show."""
        self._case = _Load({})
        self._news: queue.SimpleQueue[tuple[_Load, News]] = queue.SimpleQueue()
        self._wake = threading.Event()
        self._closing = False
        self._rested = 0.0
        """The time before which no verdict is made that nobody awaits."""
        threading.Thread(target=self._work, name="initscope-verdicts", daemon=True).start()

    def close(self) -> None:
        """End the thread after the verdict that it is at."""
        self._closing = True
        self._wake.set()

    def load(self, datasets: Mapping[str, Dataset]) -> None:
        """Forget everything: there are other lanes now, with these data by name."""
        self._case = _Load(datasets)

    def offer(self, snapshot: Snapshot, chosen: int) -> None:
        """The newest there is of the lanes loaded last; the chosen lane comes first."""
        self._case.offered, self._case.chosen = snapshot, chosen
        self._wake.set()

    def of(self, lane: LaneSnapshot) -> Judged | None:
        """The newest verdict of a lane; None while there is none, or only of what a rewind has undone."""
        judged = self._case.judged.get(lane.index)
        return judged if judged and judged.step <= lane.step else None

    @property
    def settled(self) -> bool:
        """Whether every lane's verdict is of the snapshot offered last."""
        return self._case.offered is not None and not self._case.stale()

    def take_news(self) -> list[News]:
        """What has come to be wrong since this was asked last."""
        found = [self._news.get() for _ in range(self._news.qsize())]
        return [news for case, news in found if case is self._case]

    # From here on: the thread's side

    def _work(self) -> None:
        wait: float | None = None
        try:
            while not self._closing:
                self._wake.wait(wait)
                self._wake.clear()
                wait = self._judge_next()
        except BaseException as error:
            self.error = error

    def _judge_next(self) -> float | None:
        """Judge one lane, if one is due. Seconds until the next may be; None if that is for an offer to say."""
        case = self._case
        stale = case.stale()
        if not stale:
            return None
        awaited = [lane for lane in stale if case.awaited(lane)]
        if awaited:
            self._judge(case, min(awaited, key=lambda lane: lane.index != case.chosen))
            return 0.0
        lane = min(stale, key=lambda lane: (case.when[lane.index], lane.index != case.chosen))
        start = perf_counter()
        early = max(case.when[lane.index] + EVERY, self._rested) - start
        if early > 0:
            return early
        self._judge(case, lane)
        now = perf_counter()
        self._rested = now + (now - start) * REST
        return 0.0

    def _judge(self, case: _Load, lane: LaneSnapshot) -> None:
        number, data = lane.index, case.datasets[lane.spec.data]
        try:
            with np.errstate(all="ignore"):
                verdict = lane_verdict(lane, data)
                record = Record(lane, Case(lane.spec, data))
                foreseen = not (record.settled or record.learned)
        except InputError:
            case.hopeless.add(number)
            return
        judged = Judged(verdict, foreseen, lane.step, lane.status, final=lane.final is not None)
        before = case.judged.get(number)
        case.judged[number], case.when[number] = judged, perf_counter()
        self.made += 1
        if before is None or before.step > lane.step:
            case.alarms[number] = Alarms(AWAY)
        fresh = case.alarms[number].news(verdict)
        turned = before is not None and before.step < lane.step and before.blamed is not judged.blamed
        if fresh and turned and lane.status is not Status.STOPPED:
            self._news.put((case, News(lane, judged)))
