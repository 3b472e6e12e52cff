"""Small runs for the tests of the run store: a comparison on the digits, its trainer, its recorder."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from initscope.core.checkpoint import capture
from initscope.core.comparison import Comparison
from initscope.core.datasets.data import Dataset, load
from initscope.core.runs import Recorder, RunFolder, Store
from initscope.core.runs.summary import summarize
from initscope.core.training import Trainer

DATA: dict[str, Dataset] = {"digits": load("digits")}
LANES = ("init=rand", "init=0.5*randn lr=0.5 name='a ⟨b⟩'")
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def comparison(lanes: Sequence[str] = LANES, **options: str) -> Comparison:
    shared = {"arch": "64-8-10", "steps": "100000", **options}
    return Comparison.of({key.replace("_", "-"): value for key, value in shared.items()}, (), lanes)


def trainer(asked: Comparison) -> Trainer:
    return Trainer(asked.specs(DATA), DATA)


def advance(made: Trainer, steps: int) -> None:
    for _ in made.run(made.step + steps):
        pass


class Clock:
    """Seconds and wall time that go where a test puts them."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.wall = NOON

    def __call__(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return self.wall

    def pass_by(self, seconds: float) -> None:
        self.seconds += seconds
        self.wall += timedelta(seconds=seconds)


def ended(store: Store, asked: Comparison | None = None, size: int = 0) -> RunFolder:
    """A run that was created and let go, with a file of `size` bytes."""
    made = store.create(asked or comparison(), DATA, "run")
    if size:
        (made.path / "state.npz").write_bytes(bytes(size))
    made.release()
    return made


def saved(root: Path, steps: int = 5) -> tuple[Store, RunFolder, Trainer]:
    """A run with a state and a summary, let go."""
    store, made = Store(root), trainer(comparison())
    advance(made, steps)
    folder = store.create(comparison(), DATA, "lab")
    folder.save_state(capture(made))
    folder.save_summary(summarize(made, "stopped"))
    folder.release()
    return store, folder, made


def recorder(root: Path, clock: Callable[[], float], **more: float) -> tuple[Recorder, Trainer]:
    asked = comparison()
    return Recorder(Store(root), asked, DATA, "lab", clock=clock, **more), trainer(asked)


def settle(recording: Recorder) -> None:
    """Until the writer is idle."""
    assert recording._writer.wait(20)
