"""A saved run as it was at its last save: its lanes as a snapshot, as those that train are seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count

import numpy as np
from numpy.typing import NDArray

from initscope.core.blas import one_thread
from initscope.core.checkpoint import restore
from initscope.core.comparison import Comparison, unique_names
from initscope.core.datasets.data import Dataset
from initscope.core.errors import InputError
from initscope.core.exports.sequential import sequential
from initscope.core.exports.weights import LaneWeights, of_trainer
from initscope.core.runs.folder import RunInfo
from initscope.core.snapshot import LaneSnapshot, Snapshot
from initscope.core.training import Trainer

Array = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Past:
    """`datasets` are by the comparison's names for them."""

    run: RunInfo
    comparison: Comparison
    datasets: dict[str, Dataset]
    trainer: Trainer
    snapshot: Snapshot
    """With the histograms of all layers."""

    @cached_property
    def values(self) -> list[list[tuple[Array, Array]]]:
        """Weights, and activations for the probe batch, of each layer of each lane: a pass through all networks."""
        found: dict[int, list[tuple[Array, Array]]] = {}
        for ensemble in self.trainer.ensembles:
            with np.errstate(all="ignore"), one_thread():
                activations = ensemble.activations()
            for row, lane in enumerate(ensemble.lanes):
                layers = zip(ensemble.network.weighted, activations, strict=True)
                found[lane.index] = [(layer.weights[row], values[row].copy()) for layer, values in layers]
        return [found[lane] for lane in sorted(found)]

    def data_by_name(self) -> dict[str, Dataset]:
        """As specs call them."""
        return {dataset.name: dataset for dataset in self.datasets.values()}

    def weights(self) -> list[list[LaneWeights]]:
        """Of each lane: those at the steps at which they were saved, and the newest, whole, last."""
        earlier = earlier_weights(self.run, self.snapshot.lanes)
        return [[*copies, newest] for copies, newest in zip(earlier, of_trainer(self.trainer), strict=True)]


def earlier_weights(run: RunInfo, lanes: Sequence[LaneSnapshot]) -> list[list[LaneWeights]]:
    """Of each lane the weights at the steps, before its own, at which the run has saved them. Raises InputError."""
    copies: list[list[LaneWeights]] = [[] for _ in lanes]
    for step in run.weight_steps():
        try:
            saved = run.weights(step)
        except InputError:
            if step in run.weight_steps():
                raise
            continue  # a run in progress has just deleted them to make room
        for lane, found in zip(lanes, copies, strict=True):
            if step < lane.step and (tensors := _tensors(lane, saved)):
                found.append(LaneWeights(lane.spec, step, tensors))
    return copies


def _tensors(lane: LaneSnapshot, saved: Mapping[str, Array]) -> dict[str, Array]:
    """A lane's weights by PyTorch's names, empty where they are not all there. Raises InputError for others' shapes."""
    found = {}
    paths = sequential(lane.spec).weighted
    for number, path, layer in zip(count(1), paths, lane.spec.architecture.layers, strict=False):
        values = saved.get(f"lane{lane.index}/layer{number}/weights")
        if values is not None and values.shape != layer.weight_shape:
            shapes = f"shape {values.shape} instead of {layer.weight_shape}"
            raise InputError(f"saved weights of lane {lane.index + 1}, layer {number}: damaged: {shapes}")
        if values is not None:
            found[f"{path}.weight"] = values
    return found if len(found) == len(paths) else {}


def load(run: RunInfo) -> Past:
    """Raises InputError where the run is damaged, has no saved state, or its data have changed."""
    described = run.sound()
    saved, datasets = run.checkpoint(), described.load_datasets()
    specs = described.comparison.specs(datasets)
    trainer = Trainer(specs, {dataset.name: dataset for dataset in datasets.values()})
    restore(trainer, saved)
    trainer.focus = None
    return Past(run, described.comparison, datasets, trainer, trainer.snapshot())


def together(pasts: Sequence[Past]) -> Snapshot:
    """The lanes of several runs side by side, with names that differ."""
    lanes: list[LaneSnapshot] = [lane for past in pasts for lane in past.snapshot.lanes]
    specs = unique_names([lane.spec for lane in lanes])
    pairs = enumerate(zip(lanes, specs, strict=True))
    renamed = [replace(lane, index=place, spec=spec) for place, (lane, spec) in pairs]
    return Snapshot(max(past.snapshot.step for past in pasts), tuple(renamed), 0.0, True)
