"""The one worker thread that trains, and the mailbox that the screen pulls the newest snapshot from.

The worker never touches the screen. Requests are carried out in their order, between two yields of the
trainer, so within about 20 ms; a slow screen misses snapshots, never steps.
"""

import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from time import perf_counter

from initscope.core.datasets.data import Dataset
from initscope.core.snapshot import Snapshot
from initscope.core.spec import Spec
from initscope.core.training import Trainer

FRAME = 0.2
"""Seconds between frames when the pace is limited."""


class Session:
    """A trainer on its own thread. All methods may be called from the screen's thread and return at once."""

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
        """End the worker; it takes as long as the piece of work it is in."""
        self._closing = True
        self._ask(lambda: None)
        self._thread.join(timeout)

    def load(self, specs: Sequence[Spec], datasets: Mapping[str, Dataset], focus: int) -> None:
        """Start over with these lanes, at step 0 and paused."""
        self._wanted = False
        self._loads = number = self._loads + 1

        def work() -> None:
            self._rest()
            self._trainer = Trainer(specs, datasets)
            self._trainer.focus = focus
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
            trainer.rewind()

        self._ask_trainer(work)

    def stop(self) -> None:
        """End all lanes where they are; what follows is that they are measured on all examples."""
        self._wanted = False

        def work(trainer: Trainer) -> None:
            trainer.stop()
            self._running, self._goal = False, trainer.step

        self._ask_trainer(work)

    def focus(self, layer: int) -> None:
        """Choose the layer whose histograms are wanted."""
        self._ask_trainer(lambda trainer: setattr(trainer, "focus", layer))

    def _ask_trainer(self, work: Callable[[Trainer], None]) -> None:
        def request() -> None:
            if self._trainer is not None:
                work(self._trainer)
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
                    self._requests.get()()
        except BaseException as error:
            self.error = error

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
            self._publish(snapshot)
            if self._closing or not self._requests.empty():
                return
        if goal is not None or trainer.ended:
            self._rest()
        elif pace is not None:
            self._wake.clear()
            if self._requests.empty():
                self._wake.wait(max(0.0, start + FRAME - perf_counter()))
