"""Saves a run while it trains: copies are made by the thread that trains, and written by another."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from time import monotonic, thread_time

from initscope.core import faults
from initscope.core.checkpoint import Checkpoint, capture
from initscope.core.comparison import Comparison
from initscope.core.datasets.data import Dataset
from initscope.core.diagnosis.document import verdict_document
from initscope.core.diagnosis.verdict import Verdict
from initscope.core.errors import InputError
from initscope.core.runs.folder import RunFolder
from initscope.core.runs.pace import Pace
from initscope.core.runs.store import Store
from initscope.core.runs.summary import TRAINING, Summary, summarize, with_verdicts
from initscope.core.runs.weightplan import WeightPlan, Weights, initial_weights, present_weights
from initscope.core.runs.writer import Writer
from initscope.core.training import Trainer

SAVE_EVERY = 1.0
"""Seconds between two saves: with the time to write one, less than 2 seconds of training are ever lost."""
RETRY = 30.0
"""Seconds between two tries while the disk refuses."""
CLOSE_WAIT = 10.0
"""Seconds that the last save may take; a disk that hangs must not keep the program from ending."""
PENDING = 2**25
"""Bytes of weights that may wait to be written."""
WEIGHTS_SHARE = 16
"""The weights of one run may take this part of the store's limit."""

Verdicts = tuple[Verdict | None, ...]


@dataclass(frozen=True)
class _Save:
    """What one piece of writing is of."""

    checkpoint: Checkpoint | None
    summary: Summary | None
    weights: Mapping[int, Weights]
    verdicts: Verdicts
    last: bool
    copying: float
    """Seconds that the copies took."""


class Recorder:
    """Keeps one run on the disk. All but `judged`, `run` and `trouble` is for the thread that trains.

    `datasets` are by the comparison's names for them. `folder` is that of a run to go on with (`Store.reopen`).
    A rewound trainer is another run and needs another recorder. `clock` is monotonic, in seconds.
    """

    def __init__(
        self,
        store: Store,
        comparison: Comparison,
        datasets: Mapping[str, Dataset],
        source: str,
        folder: RunFolder | None = None,
        every: float = SAVE_EVERY,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._store, self._comparison, self._datasets, self._source = store, comparison, datasets, source
        self._clock, self._writer = clock, Writer()
        self._states, self._samples = Pace(every), Pace(0.0)
        self._plan = WeightPlan(store.limit // WEIGHTS_SHARE, folder.weight_steps() if folder else ())
        self._verdicts: Verdicts = ()
        self._closed = False
        self._pending: dict[int, Weights] = {}
        # What follows is set by the writer.
        self._unwritten: Mapping[int, Weights] = {}
        self._folder = folder
        self._trouble = ""
        self._failed_at: float | None = None
        self._saved: tuple[object, ...] = ()
        self._summary: Summary | None = None
        self._written_verdicts: Verdicts = ()
        self._has_room = False

    @property
    def run(self) -> RunFolder | None:
        """The run on the disk; None until the first save has begun it."""
        return self._folder

    @property
    def trouble(self) -> str:
        """One sentence for the person while the run is not being saved, else empty."""
        return self._trouble

    def judged(self, verdicts: Sequence[Verdict | None]) -> None:
        """Note what is known of each lane; the next save writes it. From any thread."""
        if len(verdicts) != len(self._comparison.lanes):
            raise ValueError(f"{len(verdicts)} verdicts for {len(self._comparison.lanes)} lanes")
        self._verdicts = tuple(verdicts)

    def tick(self, trainer: Trainer) -> None:
        """To be called every 20 ms or so, between two yields of `Trainer.run`: saves where a save is due."""
        if self._closed or not trainer.step:
            return
        now = self._clock()
        if trainer.step >= self._plan.due and self._samples.due(now):
            self._sample(trainer, now)
        if not self._writer.idle or (self._failed_at is not None and 0 <= now - self._failed_at < RETRY):
            return
        state = self._states.due(now) and self._mark(trainer, TRAINING) != self._saved
        if state or self._pending:
            self._offer(trainer, TRAINING, state)

    def save(self, trainer: Trainer, status: str, wait: float = CLOSE_WAIT) -> bool:
        """Save now, whatever is due, as where a person pauses; returns whether it was written in time."""
        if self._closed or not trainer.step or not self._writer.wait(wait):
            return False
        if self._mark(trainer, status) != self._saved:
            self._offer(trainer, status, True)
        return self._writer.wait(wait) and not self._trouble

    def close(self, trainer: Trainer | None, status: str, wait: float = CLOSE_WAIT) -> None:
        """Save the final state, or without a trainer only how it ended, and let go of the run.

        Gives up after `wait` seconds; what was saved before is then the state, and `trouble` says so.
        """
        if self._closed:
            return
        self._closed = True
        deadline = self._clock() + wait
        done = self._writer.wait(wait)
        if done and not (trainer and trainer.step and self._offer(trainer, status, True, last=True)):
            self._end(status)
        self._writer.close()
        done = done and self._writer.wait(max(0.0, deadline - self._clock()))
        if not done:
            self._trouble = f"the last state was not saved: the disk did not answer within {wait:g} s"

    def _end(self, status: str) -> None:
        """Say how it ended, without another state."""
        summary = self._summary and replace(with_verdicts(self._summary, self._verdicts), status=status)
        saving = _Save(None, summary, {}, self._verdicts, last=True, copying=0.0)
        self._writer.offer(lambda: self._write(saving, ()))

    def _mark(self, trainer: Trainer, status: str) -> tuple[object, ...]:
        """Equal where there is nothing new to save."""
        ended = tuple(lane.status for lane in trainer.lanes)
        return trainer.step, ended, len(trainer.unreported), status, id(self._verdicts)

    def _sample(self, trainer: Trainer, now: float) -> None:
        """Copy the weights, to be written when the writer is free; too many copies do not pile up."""
        if sum(map(_size, self._pending.values())) > PENDING:
            return
        self._samples.begin(now)
        try:
            if not self._plan.steps:
                self._pending[0] = initial_weights(trainer)
                self._plan.add(0, _size(self._pending[0]))
            self._pending[trainer.step] = weights = present_weights(trainer)
        except MemoryError:
            return
        self._plan.add(trainer.step, _size(weights))
        self._samples.cost(self._clock() - now)

    def _offer(self, trainer: Trainer, status: str, state: bool, last: bool = False) -> bool:
        """Copy the state, which takes the time of training, and have all written; returns whether it could be copied.

        The writer must be idle.
        """
        began = self._clock()
        verdicts, mark = self._verdicts, self._mark(trainer, status)
        checkpoint = summary = None
        if state:
            self._states.begin(began)
            try:
                checkpoint, summary = capture(trainer), summarize(trainer, status, verdicts)
            except MemoryError:
                self._fail("there is not enough memory for a copy of it")
                return False
        weights, self._pending, self._unwritten = {**self._unwritten, **self._pending}, {}, {}
        saving = _Save(checkpoint, summary, weights, verdicts, last, self._clock() - began)
        return self._writer.offer(lambda: self._write(saving, mark))

    # From here on: the writer's thread

    def _write(self, saving: _Save, mark: tuple[object, ...]) -> None:
        """Raises nothing: whatever happens to the disk, training goes on."""
        try:
            folder = self._begun(saving)
            if folder:
                began = thread_time()
                self._write_all(folder, saving)
                self._account(saving, thread_time() - began)
                self._make_room(saving)
        except Exception as error:
            self._unwritten = saving.weights
            self._fail(_reason(error))
        else:
            if saving.checkpoint:
                self._saved, self._trouble, self._failed_at = mark, "", None
        finally:
            if saving.last and self._folder:
                self._folder.release()

    def _begun(self, saving: _Save) -> RunFolder | None:
        """The run's folder, made where there is none yet, or no longer; None where there is nothing to put there."""
        if self._folder and not self._folder.path.is_dir():
            self._folder.release()
            self._folder, self._written_verdicts = None, ()
        if self._folder is None and (saving.checkpoint or saving.weights):
            self._folder = self._store.create(self._comparison, self._datasets, self._source)
        return self._folder

    def _write_all(self, folder: RunFolder, saving: _Save) -> None:
        if saving.checkpoint:
            folder.save_state(saving.checkpoint)
        if saving.summary:
            folder.save_summary(saving.summary)
            self._summary = saving.summary
            if saving.verdicts and saving.verdicts is not self._written_verdicts:
                documents = [verdict_document(one) if one else None for one in saving.verdicts]
                folder.save_findings(saving.summary.step, documents)
                self._written_verdicts = saving.verdicts
        for step, weights in saving.weights.items():
            folder.save_weights(step, weights)
        if saving.weights:
            folder.remove_weights(sorted(set(folder.weight_steps()) - set(self._plan.steps)))

    def _make_room(self, saving: _Save) -> None:
        """Once its first state shows how large the run is: when it was begun it took no room yet."""
        if saving.checkpoint and not self._has_room:
            self._has_room = True
            with suppress(InputError):  # the next run tries again
                self._store.prune()

    def _account(self, saving: _Save, writing: float) -> None:
        """Waiting for the disk costs training nothing, so only the processor's time counts."""
        if saving.checkpoint:
            self._states.cost(saving.copying + writing)
        elif saving.weights:
            self._samples.cost(writing)

    def _fail(self, reason: str) -> None:
        self._failed_at = self._clock()
        self._trouble = f"this run is not being saved: {reason}; training goes on"


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return faults.words(error)
    if isinstance(error, MemoryError):
        return "no memory is left"
    return str(error) if isinstance(error, InputError) else f"{type(error).__name__}: {error}"


def _size(weights: Weights) -> int:
    return sum(array.nbytes for array in weights.values())
