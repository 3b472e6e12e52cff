"""The saved runs as a screen of the lab: to look through, to put beside the lanes there, and to go on with."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from time import monotonic
from typing import Any, TypeVar

from initscope.core.errors import InputError
from initscope.core.runs import Store
from initscope.tui import runslook, runsopening
from initscope.tui.app import LabApp
from initscope.tui.runsbrowser import LOOK_EVERY, RunsBrowser
from initscope.tui.runsopening import Opened

TWICE = 3.0
"""Seconds within which a run is removed by a second key."""
NOTICE = 8.0
"""Seconds that it stands on the screen why something cannot be done."""

T = TypeVar("T")


class RunsScreen(RunsBrowser):
    """It is left with the run whose lanes are to stand beside those of the lab, or in their place, or with None.

    `now` is the wall clock, `clock` one in seconds.
    """

    def __init__(
        self,
        store: Store,
        here: str = "",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = monotonic,
    ) -> None:
        super().__init__(store, here, now)
        self._clock = clock
        self._doomed: tuple[str, float] = "", 0.0
        """The run that a second key removes, and since when."""

    def action_beside(self) -> None:
        """Its lanes, as they were saved last, beside those in the lab."""
        run = self.list.selected
        look = self.reader.of(run) if run else None
        if run and look and look.past and look.run == run:
            self.dismiss(look.past)
        elif run:
            self._do(f"reading {run.id[-2:]} ...", lambda: runslook.whole(self.store.info(run.id)), self.dismiss)

    def action_resume(self) -> None:
        run = self.list.selected
        if run and run.id == self.here:
            self._refuse(f"Run {run.id} is the one in the lab.")
        elif run:
            self._do(f"opening {run.id[-2:]} ...", lambda: runsopening.resumed(self.store, run.id), self.dismiss)

    def action_copy(self) -> None:
        run = self.list.selected
        if run:
            self._do(f"opening {run.id[-2:]} ...", lambda: runsopening.copied(self.store, run.id), self.dismiss)

    def action_keep(self) -> None:
        run = self.list.selected
        if run:
            self._do("marking ...", lambda: self.store.keep(run.id, not run.kept), lambda _: self.watcher.look_now())

    def action_remove(self) -> None:
        """Asks once: by the same key again within some seconds."""
        run, now = self.list.selected, self._clock()
        if run is None:
            return
        doomed, since = self._doomed
        if doomed == run.id and now - since <= TWICE:
            self._doomed = "", 0.0
            self._do("removing ...", lambda: self.store.remove(run.id), lambda _: self.watcher.look_now())
        else:
            self._doomed = run.id, now
            key = self.app.key_of("runs_remove") if isinstance(self.app, LabApp) else ""
            self.notify(f"{key} again removes run {run.id} from the disk.", severity="warning", timeout=TWICE)

    def _refuse(self, words: str) -> None:
        self.notify(words[:1].upper() + words[1:], severity="warning", timeout=NOTICE)

    def _do(self, words: str, work: Callable[[], T], then: Callable[[T], Any]) -> None:
        """In a thread, which outlives this screen."""
        if not self._busy:
            self._busy = words
            self._draw_title()
            self.app.run_worker(self._wait(work, then), exit_on_error=True)

    async def _wait(self, work: Callable[[], T], then: Callable[[T], Any]) -> None:
        try:
            found = await asyncio.to_thread(work)
        except (InputError, MemoryError) as error:
            if not self._left:
                self._refuse(str(error) if isinstance(error, InputError) else "There is not enough memory for it.")
        else:
            while not self._left and self.app.screen is not self:  # below the help page it cannot be left
                await asyncio.sleep(LOOK_EVERY)
            if not self._left:
                then(found)
            elif isinstance(found, Opened):
                found.discard()
        finally:
            self._busy = ""
            if not self._left:
                self._draw_title()
