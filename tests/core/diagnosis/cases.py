"""Small networks to diagnose: read from options, trained where a test needs a record."""

from dataclasses import replace
from functools import cache

import numpy as np

from initscope.core.datasets.data import Dataset, load
from initscope.core.diagnosis import Verdict, forecast_verdict
from initscope.core.snapshot import LaneSnapshot
from initscope.core.spec import Spec, read
from initscope.core.training import Trainer

ENTROPY = {"loss": "cross_entropy", "lr": "0.1", "batch-size": "32", "steps": "600"}
"""What most networks here have in common; beside it, Nielsen's way is the default of every option."""


@cache
def data(name: str = "digits") -> Dataset:
    return load(name)


def spec_of(dataset: Dataset | None = None, **options: str) -> Spec:
    """A spec; underscores in names stand for dashes."""
    named = {key.replace("_", "-"): value for key, value in options.items()}
    return read(named, dataset or data(options.get("data", "digits")))


def entropy(dataset: Dataset | None = None, **options: str) -> Spec:
    """The same with cross-entropy and 600 steps of plain gradient descent."""
    return spec_of(dataset, **{**{key.replace("-", "_"): value for key, value in ENTROPY.items()}, **options})


def judged(spec: Spec, dataset: Dataset | None = None) -> Verdict:
    return forecast_verdict(spec, dataset or data(spec.data))


def codes(verdict: Verdict) -> list[str]:
    return [finding.code for finding in verdict.findings]


def trained(spec: Spec, dataset: Dataset | None = None, until: int | None = None) -> LaneSnapshot:
    """The lane after its run, or at step `until`."""
    *_, last = Trainer([spec], {spec.data: dataset or data(spec.data)}).run(until, budget=10, every=1000)
    return last.lanes[0]


def altered(x: np.ndarray | None = None, y: np.ndarray | None = None, name: str = "digits") -> Dataset:
    """The data set with other training inputs or labels."""
    source = data(name)
    return replace(
        source, x_train=source.x_train if x is None else x, y_train=source.y_train if y is None else y
    )
