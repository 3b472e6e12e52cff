"""Small runs that were trained and saved, for the tests of what shows them or goes on with them."""

from datetime import UTC, datetime

from initscope.core.comparison import Comparison
from initscope.core.datasets.data import Dataset, load
from initscope.core.runs import Recorder, Store
from initscope.core.training import Trainer

DATA: dict[str, Dataset] = {"digits": load("digits")}
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
STEPS = 50


def saved(store: Store, until_step: int = STEPS, inits: tuple[str, ...] = ("rand", "randn"), **options: str) -> str:
    """The id of a run that was trained `until_step`."""
    chosen = Comparison.of({"dtype": "float64", "steps": str(STEPS), **options}, inits, [])
    trainer = Trainer(chosen.specs(DATA), DATA)
    recorder = Recorder(store, chosen, DATA, "run")
    for _ in trainer.run(until_step):
        recorder.tick(trainer)
    recorder.close(trainer, "finished" if trainer.ended else "interrupted")
    assert recorder.run is not None
    return recorder.run.id
