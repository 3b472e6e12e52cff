"""`initscope run`: train without a screen, then say what came of it."""

import argparse
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from time import perf_counter
from types import FrameType

from initscope.core.diagnosis import Verdict, lane_verdict
from initscope.core.report import report
from initscope.core.snapshot import Snapshot
from initscope.core.training import Trainer
from initscope.tui.comparison import read_comparison
from initscope.tui.jsonfile import JsonFile
from initscope.tui.summary import print_summary

PATIENCE = 0.5
"""Seconds that measuring on all examples may take after Ctrl+C; then the last probe has to do."""


class Interruption:
    """Remembers a first Ctrl+C or SIGTERM, so that training ends between two steps; a second one kills."""

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
    numbers = [n for n in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(n) is not signal.SIG_IGN]
    before = {number: signal.signal(number, interruption) for number in numbers}
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run(arguments: argparse.Namespace) -> int:
    """Returns the exit code: 0, or 128 and the signal that ended the run early."""
    comparison, loaded = read_comparison(arguments)
    specs = comparison.specs(loaded)
    datasets = {dataset.name: dataset for dataset in loaded.values()}
    with JsonFile(arguments.json) as document:
        trainer = Trainer(specs, datasets)
        total = max(spec.total_steps(datasets[spec.data].n_train) for spec in specs)
        with interruptible() as interruption:
            snapshot = _train(trainer, total, interruption, arguments.plain)
            verdicts: list[Verdict] = []
            with interruption.aborting():
                verdicts = [lane_verdict(lane, datasets[lane.spec.data]) for lane in snapshot.lanes]
            try:
                document.write(report(snapshot, datasets, verdicts))
            finally:  # a full disk must not cost the result of a long run
                if arguments.json != "-":
                    print_summary(snapshot, total, verdicts, plain=arguments.plain)
    return interruption.code


def _train(trainer: Trainer, total: int, interruption: Interruption, plain: bool) -> Snapshot:
    """Train to the end or until interrupted; the last snapshot has the histograms of all layers."""
    with _display(total, plain) as show:
        with interruption.aborting():
            trainer.measure_start()
        for snapshot in () if interruption.code else trainer.run():
            if show:
                show(snapshot)
            if interruption.code:
                break
    trainer.stop()
    deadline = perf_counter() + PATIENCE
    for _ in trainer.run():  # nothing trains any more: this measures the stopped lanes
        if perf_counter() > deadline:
            break
    trainer.focus = None
    return trainer.snapshot()


def _display(total: int, plain: bool) -> AbstractContextManager[Callable[[Snapshot], None] | None]:
    """The progress bar, where somebody can see it."""
    if not sys.stderr.isatty():
        return nullcontext()
    from initscope.tui.progress import progress

    return progress(total, plain)
