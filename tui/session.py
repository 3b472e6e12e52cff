"""The one worker thread that trains, and the mailbox that the screen pulls the newest snapshot from.

The worker never touches the screen. Requests are carried out between two yields of the trainer, so within
about 20 ms; a slow screen misses snapshots, never steps.
"""

import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from time import perf_counter

from initscope.core.data import Dataset
from initscope.core.snapshot import Snapshot
from initscope.core.spec import Spec
from initscope.core.training import Trainer

FRAME = 0.2
"""Seconds between frames when the pace is limited."""


class Session:
    """A trainer on its own thread. All methods may be called from the screen's thread and return at once."""

    def __init__(self) -> None:
        self.snapshot: Snapshot | None = None
        """The newest one; replaced whole, never changed."""
        self.playing = False
        self.pace: int | None = None
        """Steps a frame; None for as many as possible."""
        self.error: BaseException | None = None
        """What ended the worker, if it ended by itself."""
        self._trainer: Trainer | None = None
        self._requests: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._wake = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="initscope-trainer", daemon=True)
        self._thread.start()

    def close(self, timeout: float = 1.0) -> None:
        """End the worker; it takes as long as the piece of work it is in."""
        self._closing = True
        self._ask(lambda: None)
        self._thread.join(timeout)

    def load(self, specs: Sequence[Spec], datasets: Mapping[str, Dataset], focus: int) -> None:
        """Start over with these lanes, at step 0 and paused."""
        self.playing = False
        self.snapshot = None

        def work() -> None:
            self._trainer = Trainer(specs, datasets)
            self._trainer.focus = focus
            self._publish()

        self._ask(work)

    def play(self) -> None:
        self.playing = True
        self._ask(lambda: None)

    def pause(self) -> None:
        self.playing = False
        self._ask(self._publish)

    def advance(self, steps: int) -> None:
        """Make so many steps and pause; steps asked for before those are done add up."""
        self.playing = False
        self._ask(lambda: self._advance(steps))

    def rewind(self) -> None:
        """Back to the identical initial weights, paused."""
        self.playing = False
        self._ask_trainer(lambda trainer: trainer.rewind())

    def stop(self) -> None:
        """End all lanes where they are."""
        self.playing = False

        def work(trainer: Trainer) -> None:
            trainer.stop()
            for snapshot in trainer.run():
                self.snapshot = snapshot
                if self._closing:
                    return

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
                playing = self.playing and self._trainer is not None
                if playing and self._requests.empty():
                    self._play()
                else:
                    self._requests.get()()
        except BaseException as error:
            self.error = error

    def _publish(self) -> None:
        if self._trainer is not None:
            self.snapshot = self._trainer.snapshot()

    def _interrupted(self) -> bool:
        return self._closing or not self._requests.empty()

    def _play(self) -> None:
        """Train until something else is asked for; with a limited pace, one frame."""
        trainer, pace, start = self._trainer, self.pace, perf_counter()
        assert trainer is not None
        for snapshot in trainer.run(None if pace is None else trainer.step + pace):
            self.snapshot = snapshot
            if self._interrupted():
                return
        if trainer.ended:
            self.playing = False
        elif pace is not None:
            self._wake.clear()
            if self._requests.empty():
                self._wake.wait(max(0.0, start + FRAME - perf_counter()))

    def _advance(self, steps: int) -> None:
        trainer = self._trainer
        if trainer is None:
            return
        for snapshot in trainer.run(trainer.step + steps):
            self.snapshot = snapshot
            if self._closing:
                return
