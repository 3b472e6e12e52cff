"""What the lab does with saved runs: their lanes as guests beside its own, or in their place."""

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from threading import Thread

from initscope.core.datasets.data import Dataset
from initscope.core.lanecopy import LaneCopy
from initscope.core.runs.past import Past
from initscope.core.snapshot import Snapshot
from initscope.core.spec import Spec
from initscope.tui import panels
from initscope.tui.app import LabApp
from initscope.tui.following import Following
from initscope.tui.guests import Guest
from initscope.tui.labview import NOTICE, LabView
from initscope.tui.runsopening import Opened
from initscope.tui.session import LAST_SAVE, Session


class RunsLab(LabView):
    """Knows which lane is whose."""

    @property
    def all_specs(self) -> Sequence[Spec]:
        """Of the lab's own lanes, then of the guests."""
        return (*self.specs, *self.guests.specs)

    @property
    def guest(self) -> Guest | None:
        """The selected lane, if it is one."""
        place = self.choice.lane - len(self.comparison.lanes)
        return self.guests[place] if 0 <= place < len(self.guests) else None

    @property
    def spec(self) -> Spec:
        """Of the selected lane."""
        return self.all_specs[self.choice.lane]

    @property
    def dataset(self) -> Dataset:
        """Of the selected lane."""
        if self.guest:
            return self.guest.dataset
        return next(dataset for dataset in self.datasets.values() if dataset.name == self.spec.data)

    def copy_lane(self) -> Future[LaneCopy]:
        """The selected lane's weights as they are when the worker comes to it; those of a guest as they were saved."""
        return self.guest.copy() if self.guest else self.session.copy(self.choice.lane)

    def all_lanes(self) -> Snapshot | None:
        """The newest picture of the lab's own lanes, with the guests."""
        newest = self.session.snapshot
        return newest and self.guests.beside(newest)

    def refuse_guest(self) -> None:
        if self.guest:
            runs, copy, remove = (self._key(name) for name in ("runs", "runs_copy", "remove"))
            words = f"Lane {self.choice.lane + 1} is a guest from run {self.guest.run_id}: it cannot be changed. "
            self.notify(words + f"{remove} takes it out of the lab; {copy} among the runs ({runs}) opens a copy.")

    def remove_guest(self) -> None:
        """Out of the lab; on the disk nothing changes."""
        self.guests.remove(self.choice.lane - len(self.comparison.lanes))
        self._guests_changed(min(self.choice.lane, self.lane_count - 1))

    def _guests_changed(self, lane: int) -> None:
        """Show those that there are now beside the same picture of the lab's own lanes, with `lane` selected."""
        self.verdicts.load({**self.guests.datasets, **{data.name: data for data in self.datasets.values()}})
        self.choice = replace(self.choice, lane=lane)
        self._live = None
        LabView._pull(self)  # whether or not this screen is hidden: the number of lanes must fit
        self.lay_out(*self.app.size)

    def _activity(self, snapshot: Snapshot | None) -> str:
        """With the run's id where there is room beside what is compared."""
        words, run_id = super()._activity(snapshot), self.session.run_id
        if snapshot is None or not run_id or self.session.away:
            return words
        room = self.app.size.width - len(f" initscope  {panels.setting(snapshot)}   {words} ")
        name = next((name for name in (run_id, run_id[-2:]) if len(f"run {name} · ") <= room), "")
        return f"run {name} · {words}" if name else words

    # The screen of saved runs

    def action_runs(self) -> None:
        from initscope.tui.runsscreen import RunsScreen

        open_store = self.app.open_store if isinstance(self.app, LabApp) else None
        if open_store is None:
            self.notify("This lab keeps no runs: it was opened with --no-save.")
        else:
            self.app.push_screen(RunsScreen(open_store(), self.session.run_id), self._runs_done)

    def _runs_done(self, found: Past | Opened | None) -> None:
        if isinstance(found, Past):
            first = len(self.comparison.lanes) + self.guests.add(found)
            self._guests_changed(first)
            last = first + len(found.snapshot.lanes)
            lanes = f"Lane {last} is" if last == first + 1 else f"Lanes {first + 1} to {last} are"
            self.notify(f"{lanes} run {found.run.id}, as saved; {self._key('remove')} takes one out.")
        elif found:
            self._take_up(found)

    def _take_up(self, found: Opened) -> None:
        """Its lanes in the place of those that are here."""
        before, left = self.session, self._what_is_left()
        if found.elsewhere:
            self.session = Following(found.elsewhere, found.run)
        elif before.away:
            self.session = Session()
        if self.session is not before:  # it may have to save still, which must not hold up keys
            Thread(target=before.close, args=(LAST_SAVE,), name="initscope-leaving").start()
        self.comparison, self.datasets = found.comparison, dict(found.datasets)
        self.choice = replace(self.choice, lane=0)
        self.load(found.resumed)
        self.notify(f"{self._what_comes(found)} {left}".rstrip(), timeout=NOTICE)

    def _what_comes(self, found: Opened) -> str:
        run = found.run.id
        if found.elsewhere:
            return f"Run {run} trains in another process, and is shown here."
        if not found.resumed:
            return f"These are the lanes of run {run} at step 0; {self._key('edit')} changes them."
        step = found.resumed.saved.step if found.resumed.saved else 0
        return f"Run {run} goes on from step {step:,}; {self._key('run')} runs it."

    def _what_is_left(self) -> str:
        """What becomes of the lanes that are here."""
        session = self.session
        if session.away:
            return f"Run {session.run_id} trains on without this lab." if session.playing else ""
        if session.trouble:
            return "The lanes that were here are lost: they could not be saved."
        return f"What was here is saved as run {session.run_id}." if session.run_id else ""
