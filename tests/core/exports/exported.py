"""Short runs for the tests of exports."""

from collections.abc import Sequence

from initscope.core.comparison import Comparison
from initscope.core.datasets.data import Dataset, load
from initscope.core.snapshot import Snapshot
from initscope.core.training import Trainer

DATA: dict[str, Dataset] = {name: load(name) for name in ("digits", "circles")}


def trainer(lanes: Sequence[str], **options: str) -> Trainer:
    """Not begun, on `DATA`; snapshots have the histograms of all layers."""
    shared = {key.replace("_", "-"): value for key, value in options.items()}
    made = Trainer(Comparison.of(shared, (), lanes).specs(DATA), DATA)
    made.focus = None
    return made


def finish(made: Trainer) -> Snapshot:
    return list(made.run(None, budget=10, every=100))[-1]
