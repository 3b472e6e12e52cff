"""Runs of a network as it is and with one thing changed: their specs, their cost, their trainers."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import isqrt

from initscope.core.counterfactual.changes import Change, changes
from initscope.core.datasets import data
from initscope.core.datasets.data import Dataset
from initscope.core.errors import InputError
from initscope.core.spec import Spec, read
from initscope.core.training import Trainer

LANE_FLOATS = 2 * 10**7
"""A trainer holds so many lanes that their number squared, times the parameters of one, is no more than this."""
FLOPS, OVERHEAD, LANE = 4e10, 1e-5, 5e-6
"""A second, and seconds a layer and step of a group of lanes and of each: rough, and the same on every machine."""

Job = tuple[Change | None, int]
"""What is changed (None: nothing), and the seed."""


class Runs:
    """What can be run of one spec."""

    def __init__(self, spec: Spec, dataset: Dataset) -> None:
        self.spec, self.dataset = spec, dataset
        self.datasets: dict[str, Dataset] = {dataset.name: dataset}
        """By name, those of the changes included once they are loaded."""
        self._data: dict[str, Dataset] = {}
        """What the trainers are given of them."""

    def changes(self) -> tuple[Change, ...]:
        """All that are worth trying and whose data can be loaded, which is done here."""
        found = []
        for change in changes(self.spec, self.dataset):
            name = dict(change.changes).get("data", self.dataset.name)
            if name not in self.datasets:
                try:
                    loaded = data.load(name)
                except InputError:
                    continue
                self.datasets |= {name: loaded, loaded.name: loaded}
            found.append(change)
        return tuple(found)

    def spec_of(self, job: Job, steps: int) -> Spec:
        """A run so long that it never ends by itself; where the schedule looks ahead it keeps its own length."""
        change, seed = job
        options = self.spec.options() if change is None else change.apply(self.spec.options())
        spec = read(options, self.datasets[options["data"]], self.spec.name)
        total = spec.total_steps(self.dataset.n_train)
        length = max(total, steps) if self.spec.schedule.name != "constant" else steps + 1
        return replace(spec, epochs=None, steps=length, seed=seed)

    def cost(self, jobs: Sequence[Job], steps: int) -> float:
        """Seconds that these take for so many steps, by a rough estimate that no clock has part in."""
        specs = [self.spec_of(job, steps) for job in jobs]
        products = sum(sum(layer.products for layer in s.architecture.layers) * s.batch_size for s in specs)
        groups = {(s.architecture, s.activation, s.batch_size, s.seed) for s in specs}
        layers = sum(len(architecture.layers) + 1 for architecture, *_ in groups)
        of_lanes = sum(len(s.architecture.layers) for s in specs)
        return steps * (6 * products / FLOPS + layers * OVERHEAD + of_lanes * LANE)

    def in_groups(self, jobs: Sequence[Job]) -> Iterator[Sequence[Job]]:
        """As many at a time as one trainer holds."""
        parameters = max(self.spec_of(job, 1).architecture.parameters for job in jobs)
        most = max(1, isqrt(LANE_FLOATS // parameters))
        for start in range(0, len(jobs), most):
            yield jobs[start : start + most]

    def trainer(self, jobs: Sequence[Job], steps: int) -> Trainer:
        """Of these, for so many steps."""
        for name in self.datasets.keys() - self._data.keys():
            self._data[name] = self.datasets[name].astype(self.spec.dtype)
        return Trainer([self.spec_of(job, steps) for job in jobs], self._data)
