"""The trainer: a generator over snapshots that drives the command line, the tests and the screen alike."""

from collections.abc import Iterator, Mapping, Sequence
from time import perf_counter

import numpy as np

from initscope.core.batches import Batches
from initscope.core.blas import one_thread
from initscope.core.datasets.data import Dataset
from initscope.core.ensemble import Ensemble, Lane, Overflow, same_ensemble
from initscope.core.portrait import Portrait, lane_snapshot
from initscope.core.snapshot import LaneSnapshot, Measures, Snapshot, Status
from initscope.core.spec import Spec

BUDGET = 0.02
"""Seconds between two looks at whether to go on: pausing and quitting feel immediate."""
SNAPSHOT_EVERY = 0.2
"""Seconds between snapshots."""


class Trainer:
    """Trains the lanes of a comparison together. Not for use from two threads at once.

    `datasets` holds the data of every spec by name. The same specs give the same numbers, whatever the
    budget, the pauses and the company of a lane.
    """

    def __init__(self, specs: Sequence[Spec], datasets: Mapping[str, Dataset]) -> None:
        if not specs:
            raise ValueError("a comparison needs at least one lane")
        self.specs = tuple(specs)
        self.datasets = dict(datasets)
        self.focus: int | None = 0
        """Number of the layer whose histograms snapshots carry; None for all."""
        self._cast: dict[tuple[str, str], Dataset] = {}
        self.rewind()

    def rewind(self) -> None:
        """Back to the identical initial weights."""
        self.step = 0
        self.steps_per_second = 0.0
        self.lanes = [Lane(i, spec, len(spec.architecture.layers)) for i, spec in enumerate(self.specs)]
        groups: dict[tuple[object, ...], list[Lane]] = {}
        for lane in self.lanes:
            examples = self.datasets[lane.spec.data].n_train
            groups.setdefault(same_ensemble(lane.spec, examples), []).append(lane)
        self._streams: dict[tuple[object, ...], Batches] = {}
        self._overflow = Overflow()
        self._ended: list[Ensemble] = []
        self._unreported: list[Ensemble] = []
        with np.errstate(all="ignore"), one_thread():
            self._active = [
                Ensemble.of(lanes, self._batches(lanes[0].spec), self._overflow) for lanes in groups.values()
            ]
            for ensemble in self._active:
                self._note_start(ensemble)
                ensemble.probe(0)
            self._portrait = Portrait(self.lanes)
        self._end_lanes_at_their_limit()

    def _batches(self, spec: Spec) -> Batches:
        key = (spec.data, spec.dtype, spec.batch_size, spec.seed)
        if key not in self._streams:
            if key[:2] not in self._cast:
                self._cast[key[:2]] = self.datasets[spec.data].astype(spec.dtype)
            self._streams[key] = Batches(self._cast[key[:2]], spec.batch_size, spec.seed)
        return self._streams[key]

    @property
    def ended(self) -> bool:
        """No lane trains any more."""
        return not self._active

    @property
    def ensembles(self) -> tuple[Ensemble, ...]:
        """Those that train, then those that have ended."""
        return (*self._active, *self._ended)

    @property
    def unreported(self) -> tuple[Ensemble, ...]:
        """Those that have ended and are not yet measured on all examples."""
        return tuple(self._unreported)

    def adopt(
        self, step: int, active: Sequence[Ensemble], ended: Sequence[Ensemble], unreported: Sequence[Ensemble]
    ) -> None:
        """Go on from these ensembles, which hold every lane once, as they were after `step` updates."""
        self.step = step
        self._active, self._ended, self._unreported = list(active), list(ended), list(unreported)

    def run(
        self, until: int | None = None, budget: float = BUDGET, every: float = SNAPSHOT_EVERY
    ) -> Iterator[Snapshot]:
        """Train until every lane has ended, or until step `until`; yields the newest snapshot.

        Yields every `budget` seconds, so that whoever iterates can stop at once; a new snapshot is made every
        `every` seconds, and until then the last one is yielded again. Stopping between two yields leaves the
        trainer ready to go on.
        """
        snapshot = self.snapshot()
        made, steps_then = perf_counter(), self.step
        while True:
            self._advance(until, perf_counter() + budget)
            for _ in self._report_ended(budget):
                yield snapshot
            if self.ended or (until is not None and self.step >= until):
                break
            now = perf_counter()
            if now - made >= every:
                self.steps_per_second = (self.step - steps_then) / (now - made)
                snapshot = self.snapshot()
                made, steps_then = now, self.step
            yield snapshot
        elapsed = perf_counter() - made
        if elapsed > 0 and self.step > steps_then:
            self.steps_per_second = (self.step - steps_then) / elapsed
        yield self.snapshot()

    def stop(self) -> None:
        """End every lane that still trains, where it is."""
        self._end(self._active, Status.STOPPED)

    def measure_start(self) -> None:
        """Measure every lane on all examples before the first step, for reports."""
        for ensemble in self._active + self._unreported:
            for found in self._evaluate(ensemble, float("inf")):
                for lane, measures in zip(ensemble.lanes, found, strict=True):
                    lane.initial = measures

    def _advance(self, until: int | None, deadline: float) -> None:
        """Train up to the deadline, `until`, or the end of all lanes."""
        quiet = np.errstate(all="ignore", over="call", invalid="call", call=self._overflow)
        with quiet, one_thread():
            while self._active and (until is None or self.step < until):
                self._step_once(last=until is not None and self.step + 1 == until)
                if perf_counter() >= deadline:
                    break

    def _step_once(self, last: bool) -> None:
        for ensemble in list(self._active):
            x, chosen = ensemble.batches.at(self.step)
            probing = last or self.step + 1 in (ensemble.next_probe, ensemble.limit)
            rest: Ensemble | None = ensemble
            bad = ensemble.step(self.step, x, chosen, probing)
            if bad:
                rest = self._drop(ensemble, bad, self.step)
                if rest:
                    rest.apply(probing)
            if rest and rest.overflowed and (bad := rest.bad_parameters()):
                self._drop(rest, bad, self.step + 1)
        self.step += 1
        self._end_lanes_at_their_limit()
        for ensemble in self._active:
            if last or self.step == ensemble.next_probe:
                ensemble.probe(self.step)

    def _drop(self, ensemble: Ensemble, rows: list[int], steps: int) -> Ensemble | None:
        """End rows that diverged after so many steps; the others go on in a new ensemble, which is returned."""
        others = [row for row in range(len(ensemble.lanes)) if row not in rows]
        rest = ensemble.select(others) if others else None
        place = self._active.index(ensemble)
        self._active[place : place + 1] = [rest] if rest else []
        self._close(ensemble.select(rows), Status.DIVERGED, steps)
        return rest

    def _end_lanes_at_their_limit(self) -> None:
        self._end([e for e in self._active if self.step >= e.limit], Status.FINISHED)

    def _end(self, ensembles: list[Ensemble], status: Status) -> None:
        for ensemble in list(ensembles):
            self._active.remove(ensemble)
            self._close(ensemble, status, self.step)

    def _close(self, ensemble: Ensemble, status: Status, steps: int) -> None:
        for lane in ensemble.lanes:
            lane.status, lane.steps = status, steps
        with np.errstate(all="ignore"), one_thread():
            ensemble.probe(steps)
        self._ended.append(ensemble)
        self._unreported.append(ensemble)

    def _report_ended(self, budget: float) -> Iterator[None]:
        """Measure ended lanes on all examples; yields every `budget` seconds."""
        while self._unreported:
            ensemble = self._unreported[0]
            for found in self._evaluate(ensemble, budget):
                if found:
                    for lane, measures in zip(ensemble.lanes, found, strict=True):
                        lane.final = measures
                        if lane.status is Status.FINISHED and not np.isfinite(measures.train_loss):
                            lane.status = Status.DIVERGED  # by its last update
                yield
            self._unreported.pop(0)

    @staticmethod
    def _evaluate(ensemble: Ensemble, budget: float) -> Iterator[list[Measures]]:
        """Yields an empty list every `budget` seconds, and the measures at the end."""
        work = ensemble.evaluate_all()
        while True:
            deadline = perf_counter() + budget
            with np.errstate(all="ignore"), one_thread():
                found = next(work)
                while found is None and perf_counter() < deadline:
                    found = next(work)
            yield found or []
            if found:
                return

    # What the screen and the reports see

    def _note_start(self, ensemble: Ensemble) -> None:
        activations = ensemble.activations()
        for row, lane in enumerate(ensemble.lanes):
            lane.start = [
                (layer.weights[row].copy(), a[row].copy())
                for layer, a in zip(ensemble.network.weighted, activations, strict=True)
            ]

    def snapshot(self) -> Snapshot:
        """A frozen picture of the present state."""
        views: dict[int, LaneSnapshot] = {}
        for ensemble in self.ensembles:
            ensemble.flush()
            with np.errstate(all="ignore"), one_thread():
                activations = ensemble.activations()
            for row, lane in enumerate(ensemble.lanes):
                numbers = range(len(lane.start)) if self.focus is None else [min(self.focus, len(lane.start) - 1)]
                weights = [layer.weights[row] for layer in ensemble.network.weighted]
                distributions = {
                    number: self._portrait.distributions(lane, number, weights[number], activations[number][row])
                    for number in numbers
                }
                step = self.step if lane.status is Status.TRAINING else lane.steps
                views[lane.index] = lane_snapshot(lane, step, ensemble.batches.steps_per_epoch, distributions)
        lanes = tuple(views[index] for index in range(len(self.lanes)))
        return Snapshot(self.step, lanes, self.steps_per_second, self.ended and not self._unreported)
