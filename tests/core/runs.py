"""Training runs for the tests: made from lane texts, driven to the end, compared to the bit."""

from collections.abc import Sequence

import numpy as np

from initscope.core.comparison import Comparison
from initscope.core.datasets.data import Dataset, load
from initscope.core.snapshot import LaneSnapshot, Snapshot
from initscope.core.spec import Spec
from initscope.core.training import Trainer

DATA: dict[str, Dataset] = {name: load(name) for name in ("digits", "circles", "spiral")}
TWO = ["init=rand", "init=randn"]
OVERFLOW = "init=randn:scale=100 lr=1000"
RELU = {"activation": "relu", "loss": "cross_entropy", "arch": "64-20-20-10"}


def specs(lanes: Sequence[str], **options: str) -> tuple[Spec, ...]:
    shared = {key.replace("_", "-"): value for key, value in options.items()}
    return Comparison.of(shared, (), lanes).specs(DATA)


def trainer(lanes: Sequence[str], **options: str) -> Trainer:
    made = Trainer(specs(lanes, **options), DATA)
    made.focus = None
    return made


def finish(made: Trainer, until: int | None = None) -> Snapshot:
    return list(made.run(until, budget=10, every=100))[-1]


def parameters(made: Trainer) -> dict[int, np.ndarray]:
    """Flat parameters by lane, whether it still trains or not."""
    rows = [(lane.index, e.network.parameters[row]) for e in made.ensembles for row, lane in enumerate(e.lanes)]
    return {index: flat.copy() for index, flat in rows}


def assert_same_bits(one: Trainer, other: Trainer) -> None:
    mine, theirs = parameters(one), parameters(other)
    assert mine.keys() == theirs.keys()
    assert all(np.array_equal(mine[key], theirs[key], equal_nan=True) for key in mine)


def assert_same_numbers(one: LaneSnapshot, other: LaneSnapshot) -> None:
    """All that was recorded; probes at the steps at which both were measured, which are several."""
    assert (one.status, one.step, one.epoch, one.loss) == (other.status, other.step, other.epoch, other.loss)
    np.testing.assert_array_equal((one.final or one.latest).values, (other.final or other.latest).values)
    for name in ("step", "mean", "low", "high"):
        assert np.array_equal(getattr(one.losses, name), getattr(other.losses, name))
    common, mine, theirs = np.intersect1d(one.probe_steps, other.probe_steps, return_indices=True)
    assert common[0] == 0
    assert common[-1] == one.probe_steps[-1] == other.probe_steps[-1]
    assert np.array_equal(one.measures[mine], other.measures[theirs], equal_nan=True)
    assert np.array_equal(one.probes[mine], other.probes[theirs], equal_nan=True)
    for layer in one.distributions.keys() & other.distributions.keys():
        for name in ("weights", "weights_start", "activations", "activations_start"):
            a, b = (getattr(lane.distributions[layer], name) for lane in (one, other))
            if np.array_equal(a.edges, b.edges):  # shared with the company, which may differ
                assert a.counts.tolist() == b.counts.tolist()
                assert (a.below, a.above, a.non_finite) == (b.below, b.above, b.non_finite)


def assert_same(one: Snapshot, other: Snapshot) -> None:
    assert (one.step, one.ended, len(one.lanes)) == (other.step, other.ended, len(other.lanes))
    for mine, theirs in zip(one.lanes, other.lanes, strict=True):
        assert_same_numbers(mine, theirs)
