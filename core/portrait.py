"""Pictures of lanes as they are beside how they began: histograms on shared axes, and all that was recorded."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from initscope.core.ensemble import Lane
from initscope.core.histograms import Floats, activation_edges, histogram, weight_edges
from initscope.core.snapshot import Distributions, LaneSnapshot

Array = NDArray[np.floating]


class Portrait:
    """Bins of weights and activations by (lane, layer). Lanes share them layer by layer.

    Activations share them only with lanes of the same range, and outputs only with outputs.
    """

    def __init__(self, lanes: Sequence[Lane]) -> None:
        self._edges: dict[tuple[int, int], tuple[Floats, Floats]] = {}
        for lane in lanes:
            for number in range(len(lane.start)):
                peers = [other for other in lanes if number < len(other.start)]
                alike = [other for other in peers if _limits(other, number) == _limits(lane, number)]
                self._edges[lane.index, number] = (
                    weight_edges([other.start[number][0] for other in peers]),
                    activation_edges(_limits(lane, number), [other.start[number][1] for other in alike]),
                )

    def distributions(self, lane: Lane, number: int, weights: Array, activations: Array) -> Distributions:
        """Of layer `number`, from 0."""
        weight_bins, activation_bins = self._edges[lane.index, number]
        weights_start, activations_start = lane.start[number]
        return Distributions(
            histogram(weights, weight_bins),
            histogram(weights_start, weight_bins),
            histogram(activations, activation_bins),
            histogram(activations_start, activation_bins),
        )


def _limits(lane: Lane, number: int) -> tuple[float, float]:
    return lane.spec.activation.range if number + 1 < len(lane.start) else (0.0, 1.0)


def lane_snapshot(
    lane: Lane, step: int, steps_per_epoch: int, distributions: Mapping[int, Distributions]
) -> LaneSnapshot:
    """A lane after `step` updates, with copies of everything recorded."""
    curve, measures = lane.losses.curve(), lane.measures.value
    return LaneSnapshot(
        index=lane.index,
        spec=lane.spec,
        status=lane.status,
        step=step,
        epoch=step / steps_per_epoch,
        loss=float(curve.mean[-1]) if len(curve.mean) else float(measures[0, 0]),
        losses=curve,
        probe_steps=lane.measures.step,
        measures=measures,
        probes=lane.probes.value,
        layer_names=tuple(shape.name for shape in lane.spec.architecture.layers),
        initial=lane.initial,
        final=lane.final,
        distributions=dict(distributions),
    )
