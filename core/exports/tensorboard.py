"""A snapshot as a folder that `tensorboard --logdir FOLDER` opens: one run for each lane.

Scalars: `train/loss`, `train/accuracy`, `test/...` and `train/batch_loss`; every probe of every layer as
`PROBE/LAYER`. Histograms: `weights/LAYER` of every copy of the weights that is given, else those of the snapshot,
before training and now; and the activations of the layers whose histograms the snapshot carries.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from initscope.core.exports.events import Buckets, Value, buckets, file_start, step_record
from initscope.core.exports.target import put_folder
from initscope.core.exports.weights import LaneWeights
from initscope.core.histograms import Histogram
from initscope.core.probes import PROBES
from initscope.core.snapshot import MEASURES, LaneSnapshot, Snapshot

TAGS = {
    "train_loss": ("train/loss", "mean loss of at most 256 training examples, always the same"),
    "train_accuracy": ("train/accuracy", "share of the same training examples that is answered right"),
    "test_loss": ("test/loss", "mean loss of at most 1,000 test examples, always the same"),
    "test_accuracy": ("test/accuracy", "share of the same test examples that is answered right"),
    "classes_predicted": ("test/classes_predicted", "number of different classes answered over the test examples"),
}
BATCH_LOSS = "train/batch_loss", "mean loss of the training batches since the point before"
OF_WEIGHTS, OF_ACTIVATIONS = "weights, without biases", "activations of at most 256 training examples"
LONGEST_NAME = 60

Moments = dict[int, list[Value]]
"""What there is of each step."""


def write(
    path: Path, snapshot: Snapshot, weights: Sequence[Sequence[LaneWeights]] = (), seconds: float = 0.0
) -> Path:
    """Make the folder `path`. `weights` holds, for each lane, copies of its weights. Raises InputError.

    `seconds` since 1970 is when the last step was made; earlier ones are dated back by the pace of the snapshot.
    """

    def fill(folder: Path) -> None:
        for lane in snapshot.lanes:
            copies = weights[lane.index] if weights else ()
            run = folder / run_name(lane)
            run.mkdir()
            file = run / f"events.out.tfevents.{int(seconds):010}.initscope"
            file.write_bytes(events(lane, copies, seconds, snapshot.steps_per_second))

    return put_folder(path, fill)


def run_name(lane: LaneSnapshot) -> str:
    """`2-0.01_randn`: the lane's number, and its name as far as a folder can be called by it."""
    name = re.sub(r"[^\w.+=-]+", "_", lane.name)[:LONGEST_NAME].strip("_")
    return f"{lane.index + 1}-{name}" if name else str(lane.index + 1)


def events(lane: LaneSnapshot, copies: Sequence[LaneWeights], seconds: float, pace: float) -> bytes:
    """The content of a lane's event file. `pace` is in steps per second, 0 where it is not known."""
    moments: Moments = defaultdict(list)
    for step, value in (*_scalars(lane), *_histograms(lane, copies)):
        moments[step].append(value)
    last = max(moments, default=0)
    times = {step: seconds - (last - step) / pace if pace > 0 else seconds for step in moments}
    first = min(times.values(), default=seconds)
    records = [step_record(times[step], step, moments[step]) for step in sorted(moments)]
    return b"".join([file_start(first), *records])


def _scalars(lane: LaneSnapshot) -> Iterator[tuple[int, Value]]:
    tag, words = BATCH_LOSS
    for step, loss in zip(lane.losses.step.tolist(), lane.losses.mean.tolist(), strict=True):
        yield step, Value(tag, loss, words)
    for row, step in enumerate(lane.probe_steps.tolist()):
        for column, measure in enumerate(MEASURES):
            tag, words = TAGS[measure]
            yield step, Value(tag, float(lane.measures[row, column]), words)
    for layer, name in enumerate(lane.layer_names):
        for column, (probe, words) in enumerate(PROBES.items()):
            series = lane.probes[:, layer, column]
            if not np.isnan(series).all():
                for step, number in zip(lane.probe_steps.tolist(), series.tolist(), strict=True):
                    yield step, Value(f"{probe}/{name}", number, words)


def _histograms(lane: LaneSnapshot, copies: Sequence[LaneWeights]) -> Iterator[tuple[int, Value]]:
    """Of weights from copies where there are any, else from the snapshot's own bins."""
    for copy in copies:
        for name, path in zip(lane.layer_names, copy.sequential.weighted, strict=True):
            yield copy.step, Value(f"weights/{name}", buckets(copy.tensors[f"{path}.weight"]), OF_WEIGHTS)
    for layer, found in sorted(lane.distributions.items()):
        name = lane.layer_names[layer]
        kinds = [("activations", found.activations_start, found.activations)]
        if not copies:
            kinds.append(("weights", found.weights_start, found.weights))
        for kind, start, now in kinds:
            words = OF_WEIGHTS if kind == "weights" else OF_ACTIVATIONS
            yield 0, Value(f"{kind}/{name}", of_bins(start), words)
            if lane.step:
                yield lane.step, Value(f"{kind}/{name}", of_bins(now), words)


def of_bins(found: Histogram) -> Buckets:
    """What lies outside of the bins goes into the outermost; sums take every value for the middle of its bin.

    Empty bins on both sides are left out: TensorBoard stretches the outermost others over them.
    """
    counts = found.counts.astype(np.float64)
    counts[0] += found.below
    counts[-1] += found.above
    filled = np.flatnonzero(counts)
    first, stop = (filled[0], filled[-1] + 1) if len(filled) else (0, 1)
    edges, counts = found.edges[first : stop + 1], counts[first:stop]
    middles = (edges[1:] + edges[:-1]) / 2
    return Buckets(
        least=float(edges[0]),
        greatest=float(edges[-1]),
        count=float(counts.sum()),
        total=float(counts.dot(middles)),
        squares=float(counts.dot(middles**2)),
        limits=edges[1:],
        counts=counts,
    )
