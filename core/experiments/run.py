"""Runs what was planned of an experiment and measures it where its expectations ask for that."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from initscope.core.comparison import NAME
from initscope.core.errors import InputError
from initscope.core.experiments.experiment import Quantity
from initscope.core.experiments.measures import MEASURABLE, LayerTensors, Moment
from initscope.core.experiments.plan import Plan
from initscope.core.experiments.samplemeasures import SAMPLE_MEASURES, SAMPLE_OPTIONS, Draws
from initscope.core.initialization.initializers import initializer
from initscope.core.initialization.sampling import draw
from initscope.core.spec import Spec
from initscope.core.training import Trainer

MOST_PARAMETERS = 50_000_000
"""Of all lanes that train at the same time: seeds that do not fit train after the others."""
SNAPSHOT_EVERY = 1.0
"""Seconds between snapshots, which nobody looks at but the progress bar."""
MOST_DRAWS = 10**7


@dataclass(frozen=True)
class _Lane:
    """A lane of a seed, and what is to be measured of it at which step."""

    name: str
    seed: int
    spec: Spec
    wanted: dict[int, list[Quantity]]


class Run:
    """One run of a plan. `values` fills as the run proceeds. Raises InputError for options that cannot be."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.values: dict[tuple[str, int, Quantity], float] = {}
        """What was measured, by lane, seed and quantity."""
        self.steps: dict[tuple[str, int], int] = {}
        """Updates made, by lane and seed."""
        experiment = plan.experiment
        if experiment.kind == "sample":
            self._draws = [(seed, lane) for seed in experiment.seeds for lane in experiment.lanes]
            for lane in experiment.lanes:
                self._draw_options(lane)
            self.total = len(self._draws)
            return
        seeds = [[self._lane(seed, *pair) for pair in self._pairs(seed)] for seed in experiment.seeds]
        self._groups = _groups(seeds)
        self.total = sum(self._stops(group)[-1] for group in self._groups)
        """Steps, or draws, that it takes."""

    def go(self) -> Iterator[int]:
        """Runs; yields the steps, or draws, that are done. Stopping between two yields leaves what was measured."""
        return self._draw() if self.plan.experiment.kind == "sample" else self._train()

    # Training

    def _pairs(self, seed: int) -> Iterator[tuple[str, Spec]]:
        return zip(self.plan.experiment.lane_names, self.plan.specs(seed), strict=True)

    def _lane(self, seed: int, name: str, spec: Spec) -> _Lane:
        wanted: dict[int, list[Quantity]] = defaultdict(list)
        limit = spec.total_steps(self.plan.data(spec).n_train)
        for quantity in self.plan.wanted(name, len(spec.architecture.layers)):
            step = self.plan.step(spec, quantity.at)
            if step <= limit:
                wanted[step].append(quantity)
        return _Lane(name, seed, spec, wanted)

    def _stops(self, group: Sequence[_Lane]) -> list[int]:
        """The steps at which to measure, and `every` so many."""
        found = {0, *(step for lane in group for step in lane.wanted)}
        every = self.plan.experiment.every
        return sorted(found | set(range(0, max(found), every) if every else ()))

    def _train(self) -> Iterator[int]:
        done = 0
        for group in self._groups:
            trainer = Trainer([lane.spec for lane in group], {d.name: d for d in self.plan.datasets.values()})
            for stop in self._stops(group):
                if stop > trainer.step and not trainer.ended:
                    for _ in trainer.run(stop, every=SNAPSHOT_EVERY):
                        yield done + trainer.step
                self._measure(trainer, group, stop)
                yield done + trainer.step
            done += self._stops(group)[-1]

    def _measure(self, trainer: Trainer, group: Sequence[_Lane], step: int) -> None:
        wanted = [quantity for lane in group for quantity in lane.wanted.get(step, ())]
        if not wanted:
            return
        if any(MEASURABLE[quantity.measure].all_examples for quantity in wanted):
            trainer.measure_start()  # which measures all lanes that were not measured at their end, wherever they are
        snapshot = trainer.snapshot()
        for lane, seen in zip(group, snapshot.lanes, strict=True):
            self.steps[lane.name, lane.seed] = seen.step
            moment = Moment(
                lane=seen,
                measures=seen.final or seen.initial or seen.latest,
                now=partial(_now, trainer, seen.index),
                start=partial(_start, trainer, seen.index),
            )
            for quantity in lane.wanted.get(step, ()):
                value = MEASURABLE[quantity.measure].of(moment, quantity.layer, quantity.values)
                self.values[lane.name, lane.seed, quantity] = float(value)

    # Drawing

    def _draw(self) -> Iterator[int]:
        for done, (seed, lane) in enumerate(self._draws, 1):
            rule, count, shape, eps = self._draw_options(lane)
            sample = draw(initializer(rule), shape, count, np.random.default_rng(seed))
            draws = Draws(sample, shape, eps)
            for quantity in self.plan.wanted(lane[NAME], 0):
                value = SAMPLE_MEASURES[quantity.measure].of(draws, quantity.layer, quantity.values)
                self.values[lane[NAME], seed, quantity] = float(value)
            yield done

    def _draw_options(self, lane: Mapping[str, str]) -> tuple[str, int, tuple[int, ...], float]:
        """Initializer, number of draws, shape of the weights and eps. Raises InputError."""
        given = {**SAMPLE_OPTIONS, **self.plan.experiment.options, **lane}
        where = f"experiment {self.plan.experiment.name}: lane {given[NAME]}"
        try:
            count, eps = int(given["n"]), float(given["eps"])
            inputs, outputs, *kernel = (int(size) for size in given["shape"].split(","))
        except ValueError:
            raise InputError(
                f'{where}: n must be a whole number, eps a number, shape such as "784,30", '
                f"not n = {given['n']}, eps = {given['eps']}, shape = {given['shape']}"
            ) from None
        shape = (outputs, inputs, *kernel)
        if not (1 <= count <= MOST_DRAWS and 0 < eps < np.inf and min(shape) >= 1 and np.prod(shape) <= MOST_DRAWS):
            raise InputError(f"{where}: n and the weights of shape must be 1 to {MOST_DRAWS:,}, eps greater than 0")
        return given["init"], count, shape, eps


def _groups(seeds: Sequence[list[_Lane]]) -> list[list[_Lane]]:
    """The lanes that train together: those of as many seeds as fit."""
    groups: list[list[_Lane]] = [[]]
    for lanes in seeds:
        size = sum(lane.spec.architecture.parameters for lane in [*groups[-1], *lanes])
        if groups[-1] and size > MOST_PARAMETERS:
            groups.append([])
        groups[-1] += lanes
    return groups


def _now(trainer: Trainer, index: int) -> list[LayerTensors]:
    """Weights and activations of a lane as they are."""
    for ensemble in trainer.ensembles:
        for row, lane in enumerate(ensemble.lanes):
            if lane.index == index:
                with np.errstate(all="ignore"):
                    layers = zip(ensemble.network.weighted, ensemble.activations(), strict=True)
                    return [LayerTensors(layer.weights[row], a[row]) for layer, a in layers]
    raise LookupError(index)


def _start(trainer: Trainer, index: int) -> list[LayerTensors]:
    """The same before training."""
    return [LayerTensors(weights, activations) for weights, activations in trainer.lanes[index].start]
