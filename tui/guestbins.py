"""The bins that guests share with the lanes beside them: only in the same bins can histograms be compared."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from initscope.core.commonbins import Bins, Span, common_bins
from initscope.core.histograms import Floats, Histogram, activation_edges, histogram, weight_edges
from initscope.core.portrait import Array
from initscope.core.snapshot import Distributions, LaneSnapshot

Kind = tuple[float, float] | None
"""What shares bins: weights (None), and activations of the same range."""
Plan = Mapping[tuple[int, Kind], Bins]
"""By the number of the layer, from 0."""


@dataclass(frozen=True, eq=False)
class Values:
    """What a guest's histograms are counted from, layer by layer: weights and activations."""

    start: Sequence[tuple[Array, Array]]
    now: Sequence[tuple[Array, Array]]


def activation_range(lane: LaneSnapshot, number: int) -> tuple[float, float]:
    """Of layer `number`, from 0."""
    return lane.spec.activation.range if number + 1 < len(lane.layer_names) else (0.0, 1.0)


def edges_of(lanes: Sequence[LaneSnapshot]) -> dict[tuple[int, Kind], Floats]:
    """The bins in which the first lane that has such a histogram counts it."""
    found: dict[tuple[int, Kind], Floats] = {}
    for lane in lanes:
        for number, one in lane.distributions.items():
            found.setdefault((number, None), one.weights.edges)
            found.setdefault((number, activation_range(lane, number)), one.activations.edges)
    return found


def spans(seen: LaneSnapshot, values: Values) -> Iterator[tuple[tuple[int, Kind], Span]]:
    """From where to where an axis must go that shows this guest, as if it were alone."""
    for number, (weights, activations) in enumerate(values.start):
        limits = activation_range(seen, number)
        for kind, edges in ((None, weight_edges([weights])), (limits, activation_edges(limits, [activations]))):
            yield (number, kind), (float(edges[0]), float(edges[-1]))


def plan(lanes: Sequence[LaneSnapshot], guests: Sequence[tuple[LaneSnapshot, Values]]) -> Plan:
    """The bins of the lanes, widened for the guests; of layers that no lane shows, those of the first guest."""
    bases = edges_of([*lanes, *(seen for seen, _ in guests)])
    wanted: dict[tuple[int, Kind], list[Span]] = {key: [] for key in bases}
    for seen, values in guests:
        for key, span in spans(seen, values):
            wanted[key].append(span)
    return {key: common_bins(edges, wanted[key]) for key, edges in bases.items()}


def merged(lane: LaneSnapshot, bins: Plan) -> LaneSnapshot:
    """A lane that trains, with its histograms in those bins; the very same where they are its own."""

    def put(number: int, one: Distributions) -> Distributions:
        weights, activations = bins[number, None], bins[number, activation_range(lane, number)]
        return Distributions(
            weights.merged(one.weights), weights.merged(one.weights_start),
            activations.merged(one.activations), activations.merged(one.activations_start),
        )  # fmt: skip

    own = [(one.weights.edges, one.activations.edges) for one in lane.distributions.values()]
    found = {number: put(number, one) for number, one in lane.distributions.items()}
    same = all(
        one.weights.edges is edges and one.activations.edges is others
        for one, (edges, others) in zip(found.values(), own, strict=True)
    )
    return lane if same else replace(lane, distributions=found)


def counted(seen: LaneSnapshot, values: Values, bins: Plan) -> LaneSnapshot:
    """A guest with its histograms in those bins, counted anew where they are not its own."""

    def count(found: Histogram, array: Array, edges: Floats) -> Histogram:
        return found if np.array_equal(found.edges, edges) else histogram(array, edges)

    found = {}
    for number, one in seen.distributions.items():
        of_weights, of_values = bins[number, None].edges, bins[number, activation_range(seen, number)].edges
        start, now = values.start[number], values.now[number]
        found[number] = Distributions(
            count(one.weights, now[0], of_weights), count(one.weights_start, start[0], of_weights),
            count(one.activations, now[1], of_values), count(one.activations_start, start[1], of_values),
        )  # fmt: skip
    return replace(seen, distributions=found)
