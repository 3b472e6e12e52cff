"""What is made of a saved run before the lab takes it up: everything that can fail, fails here."""

from dataclasses import dataclass

from initscope.core.checkpoint import Checkpoint, restore
from initscope.core.comparison import Comparison
from initscope.core.datasets.data import Dataset
from initscope.core.errors import InputError
from initscope.core.runs import RunInfo, Store
from initscope.core.training import Trainer
from initscope.tui.saving import Resumed, take_up


@dataclass(frozen=True)
class Opened:
    """Lanes that take the place of those in the lab."""

    run: RunInfo
    comparison: Comparison
    datasets: dict[str, Dataset]
    """By the comparison's names for them."""
    resumed: Resumed | None = None
    """Where the run itself goes on in this lab."""
    elsewhere: Store | None = None
    """Where it trains in another process: the store that it is followed in."""

    def discard(self) -> None:
        """Nobody wants it any more: others may have the run."""
        if self.resumed:
            self.resumed.folder.release()


def copied(store: Store, run_id: str) -> Opened:
    """Its lanes at step 0, as a run of their own. Raises InputError."""
    return _described(store.info(run_id))


def resumed(store: Store, run_id: str) -> Opened:
    """The run where it was, locked by this process; one that trains elsewhere is followed. Raises InputError."""
    run = store.info(run_id)
    if run.in_progress:
        found = _described(run)
        return Opened(run, found.comparison, found.datasets, elsewhere=store)
    if run.summary and run.summary.ended:
        raise InputError(f"run {run.id} has ended ({run.status}): there is nothing to go on with")
    found = _described(run)
    taken = take_up(store, run.id)
    try:
        if taken.saved:
            _check(found, taken.saved)
    except BaseException:
        taken.folder.release()
        raise
    return Opened(store.info(run.id), found.comparison, found.datasets, taken)


def _described(run: RunInfo) -> Opened:
    described = run.sound()
    found = Opened(run, described.comparison, described.load_datasets())
    found.comparison.specs(found.datasets)
    return found


def _check(found: Opened, saved: Checkpoint) -> None:
    """Restoring now what the lab's own thread will restore. Raises InputError where that cannot be done."""
    datasets = {dataset.name: dataset for dataset in found.datasets.values()}
    restore(Trainer(found.comparison.specs(found.datasets), datasets), saved)
