"""A session whose lanes train in another process: what that has saved is shown, and what is asked is passed on."""

import os
import queue
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING

from initscope.core.checkpoint import Checkpoint, restore
from initscope.core.datasets.data import Dataset
from initscope.core.errors import InputError
from initscope.core.runs import RunInfo, Store
from initscope.core.runs.folder import STATE
from initscope.core.runs.summary import TRAINING
from initscope.core.spec import Spec
from initscope.core.training import Trainer
from initscope.tui.session import Session

if TYPE_CHECKING:
    from initscope.core.runs import Recorder

LOOK_EVERY = 0.25
"""Seconds between two looks at whether a newer state was saved."""


class Following(Session):
    """Shows `run`, about a second behind. Its own thread reads, and restores, what the other process writes."""

    away = True

    def __init__(self, store: Store, run: RunInfo) -> None:
        self._store = store
        self.run = run
        """As it was found last."""
        self._seen: tuple[int, int] | None = None
        self._then: tuple[int, float] | None = None
        """Step and time of the state shown last."""
        super().__init__()

    @property
    def playing(self) -> bool:
        return self.run.in_progress and self.run.status == TRAINING

    @property
    def run_id(self) -> str:
        return self.run.id

    def load(
        self,
        specs: Sequence[Spec],
        datasets: Mapping[str, Dataset],
        focus: int,
        record: "Callable[[], Recorder] | None" = None,
        saved: Checkpoint | None = None,
    ) -> None:
        """Show the run, whose specs and data these are."""
        self._seen = None
        super().load(specs, datasets, focus)

    def play(self) -> None:
        self._pass_on("resume")

    def pause(self) -> None:
        self._pass_on("pause")

    def stop(self) -> None:
        self._pass_on("stop")

    def advance(self, steps: int) -> None:
        """Not from here."""

    def rewind(self) -> None:
        """Not from here."""

    def _pass_on(self, request: str) -> None:
        def ask() -> None:
            with suppress(InputError):  # it may have ended meanwhile, which the next look shows
                self.run.ask(request)

        self._ask(ask)

    # The worker's side

    def _answer(self) -> None:
        try:
            request = self._requests.get(timeout=LOOK_EVERY)
        except queue.Empty:
            self._look()
        else:
            request()

    def _look(self) -> None:
        """Show what was saved since the last look."""
        trainer = self._trainer
        if trainer is None:
            return
        try:
            self.run = self._store.info(self.run.id)
            found = os.stat(self.run.path / STATE)
            mark = found.st_ino, found.st_mtime_ns
            if mark == self._seen:
                return
            self._seen = mark
            restore(trainer, self.run.checkpoint())
        except (InputError, OSError):  # not written yet, removed meanwhile, or damaged: what was shown stays
            return
        self._measure_speed(trainer)
        self._publish()

    def _measure_speed(self, trainer: Trainer) -> None:
        now = monotonic()
        if self._then and trainer.step > self._then[0]:
            trainer.steps_per_second = (trainer.step - self._then[0]) / (now - self._then[1])
        self._then = trainer.step, now
