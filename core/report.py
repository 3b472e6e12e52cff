"""Everything measured of a comparison as plain values, ready for strict JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from initscope.core import __version__
from initscope.core.datasets.data import Dataset
from initscope.core.diagnosis.document import verdict_document
from initscope.core.diagnosis.verdict import Verdict
from initscope.core.histograms import Histogram
from initscope.core.jsonnumber import json_number
from initscope.core.probes import PROBES
from initscope.core.shapes import DenseShape
from initscope.core.snapshot import MEASURES, LaneSnapshot, Measures, Snapshot, Status


def report(
    snapshot: Snapshot, datasets: Mapping[str, Dataset], verdicts: Sequence[Verdict] = ()
) -> dict[str, Any]:
    """The document that README.md describes; what is not finite is None. Verdicts are one for each lane, or none.

    Lanes that still train are reported as stopped: that is what they are when nothing follows. The snapshot
    must carry the histograms of all layers.
    """
    first = snapshot.lanes[0].spec.data
    judged = [{"verdict": verdict_document(verdict)} for verdict in verdicts] or [{} for _ in snapshot.lanes]
    return {
        "initscope": __version__,
        "data": datasets[first].describe(),
        "lanes": [
            {**_lane(lane, datasets, first), **verdict}
            for lane, verdict in zip(snapshot.lanes, judged, strict=True)
        ],
    }


def _lane(lane: LaneSnapshot, datasets: Mapping[str, Dataset], first: str) -> dict[str, Any]:
    spec = lane.spec
    status = Status.STOPPED if lane.status is Status.TRAINING else lane.status
    values = lane.measures.T
    other = {} if spec.data == first else {"data": datasets[spec.data].describe()}
    return {
        "name": lane.name,
        "command": spec.command(),
        **other,
        "spec": {
            **spec.options(),
            "lr": spec.lr,
            "weight-decay": spec.weight_decay,
            "clip": spec.clip,
            "batch-size": spec.batch_size,
            **({"epochs": spec.epochs} if spec.steps is None else {"steps": spec.steps}),
            "seed": spec.seed,
            "parameters": spec.architecture.parameters,
        },
        "status": str(status),
        "steps": lane.step,
        "epochs": lane.epoch,
        "initial": _measures(lane.initial or Measures(*lane.measures[0])),
        "final": _measures(lane.latest),
        "history": {
            "step": lane.probe_steps.tolist(),
            "epoch": [step * lane.epoch / lane.step if lane.step else 0.0 for step in lane.probe_steps.tolist()],
            **{name: numbers(values[index]) for index, name in enumerate(MEASURES)},
        },
        "layers": [_layer(lane, number) for number in range(len(lane.layer_names))],
    }


def _measures(measures: Measures) -> dict[str, float | int | None]:
    found = dict(zip(MEASURES, numbers(np.array(measures.values)), strict=True))
    classes = found["classes_predicted"]
    return {**found, "classes_predicted": None if classes is None else int(classes)}


def _layer(lane: LaneSnapshot, number: int) -> dict[str, Any]:
    shape = lane.spec.architecture.layers[number]
    histograms = lane.distributions[number]
    return {
        "name": shape.name,
        "kind": "dense" if isinstance(shape, DenseShape) else "convolution",
        "shape": list(shape.weight_shape),
        "initial": dict(zip(PROBES, numbers(lane.probes[0, number]), strict=True)),
        "final": dict(zip(PROBES, numbers(lane.probes[-1, number]), strict=True)),
        "weights": _histogram(histograms.weights, histograms.weights_start),
        "activations": _histogram(histograms.activations, histograms.activations_start),
    }


def _histogram(now: Histogram, start: Histogram) -> dict[str, Any]:
    return {
        "edges": now.edges.tolist(),
        "counts": now.counts.tolist(),
        "below": now.below,
        "above": now.above,
        "non_finite": now.non_finite,
        "initial_counts": start.counts.tolist(),
    }


def numbers(values: np.ndarray) -> list[float | None]:
    """Floats, None for what JSON cannot say."""
    return [json_number(value) for value in np.asarray(values, float).tolist()]
