"""`initscope run`: train without a screen, then say what came of it."""

import argparse
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from initscope.core.snapshot import Snapshot
from initscope.core.training import Trainer
from initscope.tui.comparison import read_comparison
from initscope.tui.jsonfile import JsonFile
from initscope.tui.summary import print_summary

INTERRUPTED = 128 + signal.SIGINT
TERMINATED = 128 + signal.SIGTERM


class Interruption:
    """Remembers a first Ctrl+C or SIGTERM, so that training ends between two steps; a second one kills."""

    def __init__(self) -> None:
        self.code = 0

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.code = 128 + number
        signal.signal(number, signal.SIG_DFL)


@contextmanager
def interruptible() -> Iterator[Interruption]:
    interruption = Interruption()
    before = {number: signal.signal(number, interruption) for number in (signal.SIGINT, signal.SIGTERM)}
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
    with JsonFile(arguments.json) as document, interruptible() as interruption:
        trainer = Trainer(specs, datasets)
        trainer.measure_start()
        total = max(spec.total_steps(datasets[spec.data].n_train) for spec in specs)
        snapshot = _train(trainer, total, interruption)
        document.write(snapshot, datasets)
    if arguments.json != "-":
        print_summary(snapshot, total, plain=arguments.plain)
    return interruption.code


def _train(trainer: Trainer, total: int, interruption: Interruption) -> Snapshot:
    """Train to the end or until interrupted; the last snapshot has the histograms of all layers."""
    if sys.stderr.isatty():
        from initscope.tui.progress import progress

        with progress(total) as show:
            for snapshot in trainer.run():
                show(snapshot)
                if interruption.code:
                    break
    else:
        for _ in trainer.run():
            if interruption.code:
                break
    trainer.stop()
    trainer.finish_reports()
    trainer.focus = None
    return trainer.snapshot()
