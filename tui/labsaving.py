"""What of the lab can be saved: its lanes in every format of the exports, a chart, the screen."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from initscope.core.comparison import Comparison
from initscope.core.counterfactual.results import Explanation
from initscope.core.datasets.data import Dataset
from initscope.core.diagnosis import Verdict, lane_verdict
from initscope.core.errors import InputError
from initscope.core.exports import FORMATS, charts, export, places
from initscope.core.exports.svg import draw
from initscope.core.exports.weights import LaneWeights
from initscope.core.runs import RunInfo
from initscope.core.runs.past import earlier_weights
from initscope.core.snapshot import LaneSnapshot, Snapshot, Status
from initscope.tui.guests import Guest
from initscope.tui.moment import Moment
from initscope.tui.panels import Choice
from initscope.tui.picture import write_made
from initscope.tui.portable import Kind
from initscope.tui.session import Session

WEIGHTED = ("tensorboard", "npz", "safetensors")
"""Formats of weights."""
JUDGED = ("json", "markdown", "html")
"""Formats in which the lanes' verdicts stand."""


@dataclass(frozen=True)
class Lanes:
    """What is to be saved. `datasets` are by the comparison's names for them."""

    comparison: Comparison
    datasets: Mapping[str, Dataset]
    session: Session
    run: Callable[[], RunInfo | None]
    """The run on disk, if these lanes are saved; may take its time, and may raise InputError."""
    explanation: Explanation | None = None
    guests: Sequence[Guest] = ()
    seen: Sequence[LaneSnapshot] = ()
    """The guests, numbered behind the lanes."""
    whose: str = ""
    """Of which runs they are, in words."""


def kinds(lanes: Lanes) -> list[Kind]:
    """The formats of the exports, of the lanes as they are when they are written, and of the guests."""
    count = len(lanes.comparison.lanes) + len(lanes.guests)
    own = {"toml": " (without those of other runs)"} if lanes.guests else {}
    return [
        Kind(name, ending, words + own.get(name, ""), partial(_write, lanes, name), partial(places, name, lanes=count))
        for name, (ending, words) in FORMATS.items()
    ]


def chart_kinds(snapshot: Snapshot, choice: Choice) -> list[Kind]:
    """The charts of curves, each alone."""
    losses = replace(charts.loss(snapshot, choice.test), logarithmic=choice.log)
    shown = (("loss", losses), ("accuracy", charts.accuracy(snapshot, choice.test)))
    return [
        Kind(name, ".svg", f"the chart of {one.title} alone, as SVG", write_made(partial(draw, one)), tail=name)
        for name, one in shown
    ]


async def _write(lanes: Lanes, kind: str, path: Path) -> Sequence[Path]:
    """Copies are made by the thread that trains, all else in a thread of its own."""
    moment = await asyncio.wrap_future(lanes.session.moment(weights=kind in WEIGHTED))
    return await asyncio.to_thread(_export, lanes, kind, path, moment)


def _export(lanes: Lanes, kind: str, path: Path, moment: Moment) -> list[Path]:
    datasets = {dataset.name: dataset for dataset in (*(one.dataset for one in lanes.guests), *lanes.datasets.values())}
    snapshot = replace(moment.snapshot, lanes=(*moment.snapshot.lanes, *lanes.seen))
    weights = [[copy] for copy in moment.weights]
    if kind == "tensorboard":
        weights = _with_earlier(lanes, moment)
    if kind in WEIGHTED:
        weights += [_guest_weights(one, kind == "tensorboard") for one in lanes.guests]
    verdicts = _verdicts(snapshot, datasets) if kind in JUDGED else ()
    return export(
        kind, path, snapshot, datasets, weights, verdicts, lanes.explanation, lanes.comparison, lanes.whose
    )  # fmt: skip


def _guest_weights(guest: Guest, earlier: bool) -> list[LaneWeights]:
    """As they were saved last, and on the way there if those are wanted and still on the disk."""
    if earlier:
        with suppress(InputError):
            return guest.past.weights()[guest.lane]
    return [guest.weights()]


def _with_earlier(lanes: Lanes, moment: Moment) -> list[list[LaneWeights]]:
    """The weights as they were saved on the way, where they were, and as they are."""
    try:
        run = lanes.run()
        earlier = earlier_weights(run, moment.snapshot.lanes) if run else None
    except InputError:  # a run that is not on the disk (yet): what there is now is worth saving
        earlier = None
    return [[*before, now] for before, now in zip(earlier or [[] for _ in moment.weights], moment.weights, strict=True)]


def _verdicts(snapshot: Snapshot, datasets: Mapping[str, Dataset]) -> Sequence[Verdict]:
    """One for each lane, or none where one of them cannot be judged."""
    try:
        with np.errstate(all="ignore"):
            return [lane_verdict(_unstopped(lane), datasets[lane.spec.data]) for lane in snapshot.lanes]
    except InputError:
        return ()


def _unstopped(lane: LaneSnapshot) -> LaneSnapshot:
    """As on the screen: that a lane has not learned by the time at which a person stopped it says nothing."""
    return replace(lane, status=Status.TRAINING) if lane.status is Status.STOPPED else lane
