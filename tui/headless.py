"""Training without a screen: to the end or until a signal, saved on the way where that is asked for."""

import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from time import perf_counter, sleep
from types import FrameType

from initscope.core.checkpoint import Checkpoint, restore
from initscope.core.comparison import Comparison
from initscope.core.datasets.data import Dataset
from initscope.core.diagnosis import Verdict, lane_verdict
from initscope.core.exports.weights import LaneWeights, of_trainer
from initscope.core.report import report
from initscope.core.runs import Recorder
from initscope.core.runs.folder import look
from initscope.core.runs.past import earlier_weights
from initscope.core.runs.summary import INTERRUPTED, PAUSED, outcome
from initscope.core.snapshot import Snapshot
from initscope.core.training import Trainer
from initscope.tui.jsonfile import JsonFile
from initscope.tui.reports import Report, Results, write_reports
from initscope.tui.summary import print_summary

PATIENCE = 0.5
"""Seconds that measuring on all examples may take after Ctrl+C; then the last probe has to do."""
NAP = 0.05
"""Seconds between two looks at whether a paused run may go on."""


@dataclass(frozen=True)
class Job:
    """What is to be trained: `datasets` by the comparison's names for them, from the start or from `saved`."""

    comparison: Comparison
    datasets: Mapping[str, Dataset]
    recorder: Recorder | None = None
    saved: Checkpoint | None = None
    reports: tuple[Report, ...] = ()
    """Written at the end, also of a run that is interrupted."""


class Interruption:
    """Remembers a first Ctrl+C, SIGTERM or SIGHUP, so that training ends between two steps; a second one kills."""

    def __init__(self) -> None:
        self.code = 0
        """128 and the signal's number; 0 while there was none."""
        self._abort = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.code = 128 + number
        signal.signal(number, signal.SIG_DFL)
        if self._abort:
            raise KeyboardInterrupt

    @contextmanager
    def aborting(self) -> Iterator[None]:
        """What is done in this context can be left half done: a signal ends it at once."""
        self._abort = True
        try:
            yield
        except KeyboardInterrupt:
            if not self.code:
                raise
        finally:
            self._abort = False


@contextmanager
def interruptible() -> Iterator[Interruption]:
    interruption = Interruption()
    numbers = [n for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) if signal.getsignal(n) is not signal.SIG_IGN]
    before = {number: signal.signal(number, interruption) for number in numbers}
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def execute(job: Job, json: str | None, plain: bool) -> int:
    """Train, save, report. Returns the exit code: 0, or 128 and the signal that ended the run early."""
    specs = job.comparison.specs(job.datasets)
    datasets = {dataset.name: dataset for dataset in job.datasets.values()}
    with JsonFile(json) as document:
        trainer = Trainer(specs, datasets)
        if job.saved:
            restore(trainer, job.saved)
        total = max(spec.total_steps(datasets[spec.data].n_train) for spec in specs)
        with interruptible() as interruption:
            snapshot, ended = _train(trainer, total, interruption, plain, job.recorder)
            verdicts: list[Verdict] = []
            with interruption.aborting():
                verdicts = [lane_verdict(lane, datasets[lane.spec.data]) for lane in snapshot.lanes]
            if job.recorder:
                if verdicts:
                    job.recorder.judged(verdicts)
                job.recorder.close(None, ended)

            def tell() -> None:
                with _hung_up(interruption):
                    if json != "-":
                        print_summary(snapshot, total, verdicts, plain=plain)
                    if job.recorder:
                        _say_where(job.recorder, ended == INTERRUPTED)

            found = Results(job.comparison, snapshot, datasets, verdicts, lambda: _weights(job, trainer, snapshot))
            with ExitStack() as last:  # from the last to the first, each in any case: a full disk costs no result
                last.callback(tell)
                last.callback(write_reports, job.reports, found)
                document.write(report(snapshot, datasets, verdicts))
    return interruption.code


def _weights(job: Job, trainer: Trainer, snapshot: Snapshot) -> list[list[LaneWeights]]:
    """Of each lane: as they were saved on the way, if they were, and as they are. Raises InputError."""
    run = job.recorder.run if job.recorder else None
    earlier = earlier_weights(look(run.path), snapshot.lanes) if run else [[] for _ in snapshot.lanes]
    return [[*copies, newest] for copies, newest in zip(earlier, of_trainer(trainer), strict=True)]


def _train(
    trainer: Trainer, total: int, interruption: Interruption, plain: bool, recorder: Recorder | None
) -> tuple[Snapshot, str]:
    """Train to the end or until interrupted; the last snapshot has the histograms of all layers, and how it ended."""
    told = ""
    with _display(total, plain) as show:
        if not trainer.step:
            with interruption.aborting():
                trainer.measure_start()
        for snapshot in () if interruption.code else trainer.run():
            if recorder:
                recorder.tick(trainer)
                _obey(recorder, trainer, interruption)
                told = _tell_trouble(recorder.trouble, told)
            if show:
                with _hung_up(interruption):
                    show(snapshot)
            if interruption.code:
                break
    ended = outcome(trainer)  # before the lanes are stopped for the report: a run that is gone on with has not stopped
    if recorder:
        recorder.save(trainer, ended)
    trainer.stop()
    deadline = perf_counter() + PATIENCE
    for _ in trainer.run():  # nothing trains any more: this measures the stopped lanes
        if perf_counter() > deadline:
            break
    trainer.focus = None
    return trainer.snapshot(), ended


def _obey(recorder: Recorder, trainer: Trainer, interruption: Interruption) -> None:
    """Do what somebody who looks at the run from elsewhere has asked for."""
    run = recorder.run
    request = run.requests.next() if run else None
    if run and request == "pause":
        recorder.save(trainer, PAUSED)
        while request in ("pause", None) and not interruption.code:
            sleep(NAP)
            request = run.requests.next()
    if request == "stop":
        trainer.stop()


def _tell_trouble(trouble: str, told: str) -> str:
    """Say on standard error that the run is not being saved, or is again, when that begins; returns what was said."""
    if trouble != told:
        with suppress(OSError):  # of a run in the background this goes to the same full disk: training goes on
            print(f"initscope: {trouble or 'this run is being saved again'}", file=sys.stderr, flush=True)
    return trouble


def _say_where(recorder: Recorder, interrupted: bool) -> None:
    """On standard error: what the run is called on the disk, or why it is not there."""
    run = recorder.run
    if recorder.trouble:
        print(f"initscope: {recorder.trouble.removesuffix('; training goes on')}", file=sys.stderr)
    elif run:
        goes_on = f"; initscope runs resume {run.id} goes on with it" if interrupted else ""
        print(f"saved as run {run.id}{goes_on}", file=sys.stderr)


@contextmanager
def _hung_up(interruption: Interruption) -> Iterator[None]:
    """After SIGHUP nobody reads what is printed, and writing to the terminal that is gone fails."""
    try:
        yield
    except OSError:
        if interruption.code != 128 + signal.SIGHUP:
            raise


def _display(total: int, plain: bool) -> AbstractContextManager[Callable[[Snapshot], None] | None]:
    """The progress bar, where somebody can see it."""
    if not sys.stderr.isatty():
        return nullcontext()
    from initscope.tui.progress import progress

    return progress(total, plain)
