"""The one worker thread that trains, and the mailbox that the screen pulls the newest snapshot from.

The worker never touches the screen. Requests are carried out in their order, between two yields of the
trainer, so within about 20 ms; a slow screen misses snapshots, never steps.
"""

import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from time import perf_counter
from typing import TYPE_CHECKING, TypeVar

from initscope.core.checkpoint import Checkpoint, restore
from initscope.core.datasets.data import Dataset
from initscope.core.errors import InputError
from initscope.core.lanecopy import LaneCopy, lane_copy
from initscope.core.runs.summary import INTERRUPTED, PAUSED, outcome
from initscope.core.snapshot import Snapshot
from initscope.core.spec import Spec
from initscope.core.training import Trainer
from initscope.tui.moment import Moment, moment

if TYPE_CHECKING:
    from initscope.core.diagnosis import Verdict
    from initscope.core.runs.recorder import Recorder

T = TypeVar("T")

FRAME = 0.2
"""Seconds between frames when the pace is limited."""
LAST_SAVE = 10.0
"""Seconds that leaving may wait for the disk, and before that for the step that is being made."""
AGAIN = 1.0
"""Seconds between two looks at whether all is saved, while nothing is asked for."""


class Session:
    """A trainer on its own thread. All methods may be called from the screen's thread and return at once."""

    away = False
    """Whether the lanes train in another process, where they can be paused, resumed and stopped, and nothing else."""

    def __init__(self) -> None:
        self.pace: int | None = None
        """Steps a frame; None for as many as possible."""
        self.error: BaseException | None = None
        """What ended the worker, if it ended by itself."""
        self._wanted = False
        self._loads = 0
        self._mail: tuple[int, Snapshot] | None = None
        """The newest snapshot and the load that it is of; replaced whole."""
        self._requests: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._wake = threading.Event()
        self._closing = False
        # What follows is the worker's own.
        self._trainer: Trainer | None = None
        self._loaded = 0
        self._record: Callable[[], Recorder] | None = None
        """Begins a record on disk; the lanes of one load have a new one after each rewind."""
        self._recorder: Recorder | None = None
        self._ending = False
        """Whether a record is being closed."""
        self._running = False
        self._goal: int | None = None
        """The step to train to and pause at; None if there is none."""
        self._thread = threading.Thread(target=self._work, name="initscope-trainer", daemon=True)
        self._thread.start()

    @property
    def snapshot(self) -> Snapshot | None:
        """The newest one of the lanes loaded last; None while they are being loaded."""
        mail = self._mail
        return mail[1] if mail and mail[0] == self._loads else None

    @property
    def playing(self) -> bool:
        """Whether training goes on until it is paused or all lanes have ended."""
        snapshot = self.snapshot
        return self._wanted and not (snapshot and snapshot.ended)

    def close(self, timeout: float = 1.0) -> None:
        """End the worker; it takes as long as the piece of work it is in, and as the last save takes."""
        self._closing = True
        self._ask(lambda: None)
        self._thread.join(timeout)
        if self._recorder or self._ending:  # it has something to save when it comes to it
            self._thread.join(LAST_SAVE)

    def load(
        self,
        specs: Sequence[Spec],
        datasets: Mapping[str, Dataset],
        focus: int,
        record: "Callable[[], Recorder] | None" = None,
        saved: Checkpoint | None = None,
    ) -> None:
        """Start over with these lanes, paused, at step 0 or where they were `saved`.

        `record` begins a record of them on disk. What cannot be restored raises InputError in `error`.
        """
        self._wanted = False
        self._loads = number = self._loads + 1

        def work() -> None:
            self._rest()
            self._end_record()
            self._trainer = trainer = Trainer(specs, datasets)
            trainer.focus = focus
            if saved:
                restore(trainer, saved)
            self._record = record
            self._begin_record()
            self._loaded = number
            self._publish()

        self._ask(work)

    def play(self) -> None:
        self._wanted = True

        def work() -> None:
            self._running, self._goal = True, None

        self._ask(work)

    def pause(self) -> None:
        """Stay at the step that is reached."""
        self._wanted = False
        self._ask_trainer(lambda trainer: self._rest())

    def advance(self, steps: int) -> None:
        """Make so many steps and pause; steps asked for before those are done add up."""
        self._wanted = False

        def work(trainer: Trainer) -> None:
            start = trainer.step if self._goal is None else self._goal
            self._running, self._goal = False, start + steps

        self._ask_trainer(work)

    def rewind(self) -> None:
        """Back to the identical initial weights, paused."""
        self._wanted = False

        def work(trainer: Trainer) -> None:
            self._rest()
            self._end_record()
            trainer.rewind()
            self._begin_record()

        self._ask_trainer(work)

    def stop(self) -> None:
        """End all lanes where they are; what follows is that they are measured on all examples."""
        self._wanted = False

        def work(trainer: Trainer) -> None:
            trainer.stop()
            self._running, self._goal = False, trainer.step

        self._ask_trainer(work)

    @property
    def trouble(self) -> str:
        """Why the run cannot be saved at present; empty if it can, or need not be."""
        recorder = self._recorder
        return recorder.trouble if recorder else ""

    @property
    def run_id(self) -> str:
        """What the run is called on disk; empty if it is not there."""
        recorder = self._recorder
        run = recorder.run if recorder else None
        return run.id if run else ""

    def judged(self, verdicts: "Sequence[Verdict | None]") -> None:
        """Have the lanes' verdicts saved with the run, one for each lane."""
        if self._loads == self._loaded:  # looked at first: a record that there is then is of these lanes
            recorder = self._recorder
            if recorder:
                recorder.judged(verdicts)

    def focus(self, layer: int) -> None:
        """Choose the layer whose histograms are wanted."""
        self._ask_trainer(lambda trainer: setattr(trainer, "focus", layer))

    def copy(self, lane: int) -> Future[LaneCopy]:
        """A lane's weights as they are when the worker comes to it; the future fails with an InputError."""
        return self._answered(lambda trainer: lane_copy(trainer, lane))

    def moment(self, weights: bool) -> Future[Moment]:
        """All lanes as they are when the worker comes to it; the future fails with an InputError."""
        return self._answered(lambda trainer: moment(trainer, weights))

    def _answered(self, make: Callable[[Trainer | None], T]) -> Future[T]:
        answer: Future[T] = Future()

        def work() -> None:
            if not answer.set_running_or_notify_cancel():
                return
            try:
                answer.set_result(make(self._trainer))
            except InputError as error:
                answer.set_exception(error)

        self._ask(work)
        return answer

    def _ask_trainer(self, work: Callable[[Trainer], None]) -> None:
        def request() -> None:
            if self._trainer is not None:
                work(self._trainer)
                self._save()
                self._publish()

        self._ask(request)

    def _ask(self, request: Callable[[], None]) -> None:
        self._requests.put(request)
        self._wake.set()

    # From here on: the worker's side

    def _work(self) -> None:
        try:
            while not self._closing:
                if self._requests.empty() and self._trainer and (self._running or self._goal is not None):
                    self._train(self._trainer)
                else:
                    self._answer()
        except BaseException as error:
            self._trainer = None  # between two lanes' steps, perhaps: what was saved before is what goes on
            self.error = error
        finally:
            self._end_record()

    def _answer(self) -> None:
        """Wait for a request and carry it out; what could not be saved is tried again meanwhile."""
        try:
            request = self._requests.get(timeout=AGAIN if self._recorder else None)
        except queue.Empty:
            self._save()
        else:
            request()

    def _begin_record(self) -> None:
        self._recorder = self._record() if self._record else None

    def _end_record(self) -> None:
        """Save the last state, too; a new record may follow."""
        recorder = self._recorder
        if recorder:
            self._ending, self._recorder = True, None
            recorder.close(self._trainer, outcome(self._trainer) if self._trainer else INTERRUPTED)
            self._ending = False

    def _save(self) -> None:
        """Training saves now and then; where it rests, what it has reached."""
        recorder, trainer = self._recorder, self._trainer
        if recorder and trainer:
            if self._running or self._goal is not None or recorder.trouble:
                recorder.tick(trainer)
            else:
                recorder.save(trainer, PAUSED, wait=0)

    def _rest(self) -> None:
        self._running, self._goal = False, None

    def _publish(self, snapshot: Snapshot | None = None) -> None:
        if self._trainer is not None:
            self._mail = self._loaded, snapshot or self._trainer.snapshot()

    def _train(self, trainer: Trainer) -> None:
        """Train to the goal, or until all lanes have ended, or with a limited pace, one frame.

        Returns early if something is asked for; calling it again then goes on.
        """
        pace, start, goal = self.pace, perf_counter(), self._goal
        until = trainer.step + pace if goal is None and pace is not None else goal
        for snapshot in trainer.run(until):
            self._save()
            self._publish(snapshot)
            if self._closing or not self._requests.empty():
                return
        if goal is not None or trainer.ended:
            self._rest()
        elif pace is not None:
            self._wake.clear()
            if self._requests.empty():
                self._wake.wait(max(0.0, start + FRAME - perf_counter()))
