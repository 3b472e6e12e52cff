"""The charts of a report: losses and accuracies of all lanes, and what became of each lane's hidden layers."""

from collections.abc import Callable

import numpy as np

from initscope.core.exports.svg import Chart, Line
from initscope.core.probes import INDEX, dead_or_saturated
from initscope.core.snapshot import MEASURES, LaneSnapshot, Snapshot

MOST_LAYERS = 6
"""Lines of one chart of layers; of deeper networks as many layers are chosen, the first and the last among them."""

Series = Callable[[LaneSnapshot], list[tuple[float, float]]]


def charts(snapshot: Snapshot) -> list[Chart]:
    """Training loss, test loss and test accuracy; then of every lane with hidden layers its saturated or dead units."""
    every = [loss(snapshot, test=False), loss(snapshot, test=True), accuracy(snapshot, test=True)]
    return every + [_layers(lane) for lane in snapshot.lanes if len(lane.layer_names) > 1]


def loss(snapshot: Snapshot, test: bool) -> Chart:
    """Of every training batch, or on the test examples."""
    series = _measure("test_loss") if test else _batch_loss
    return Chart(f"{'test' if test else 'training'} loss", _lines(snapshot, series), logarithmic=True)


def accuracy(snapshot: Snapshot, test: bool) -> Chart:
    series = _measure("test_accuracy" if test else "train_accuracy")
    return Chart(f"{'test' if test else 'training'} accuracy", _lines(snapshot, series), limits=(0.0, 1.0))


def title(lane: LaneSnapshot) -> str:
    """`1 rand`, as it is called everywhere."""
    return f"{lane.index + 1} {lane.name}"


def _lines(snapshot: Snapshot, series: Series) -> tuple[Line, ...]:
    return tuple(Line(title(lane), series(lane), lane.index) for lane in snapshot.lanes)


def _batch_loss(lane: LaneSnapshot) -> list[tuple[float, float]]:
    return list(zip(lane.losses.step.tolist(), lane.losses.mean.tolist(), strict=True))


def _measure(name: str) -> Series:
    column = MEASURES.index(name)
    return lambda lane: list(zip(lane.probe_steps.tolist(), lane.measures[:, column].tolist(), strict=True))


def _layers(lane: LaneSnapshot) -> Chart:
    hidden = len(lane.layer_names) - 1
    chosen = sorted({round(place) for place in np.linspace(0, hidden - 1, min(hidden, MOST_LAYERS)).tolist()})
    saturation = dead_or_saturated(lane.spec.activation) == "saturation"
    columns = [INDEX["saturated_low"], INDEX["saturated_high"]] if saturation else [INDEX["dead_units"]]
    shares = lane.probes[:, :, columns].sum(axis=2)
    steps = lane.probe_steps.tolist()
    lines = [
        Line(f"layer {layer + 1}", list(zip(steps, shares[:, layer].tolist(), strict=True)), place)
        for place, layer in enumerate(chosen)
    ]
    what = "saturated activations" if saturation else "dead units"
    return Chart(f"{title(lane)}: share of {what}", tuple(lines), limits=(0.0, 1.0))
