"""Charts of a snapshot: what is drawn of which numbers, the same in the report and in the lab."""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from initscope.core.histograms import Histogram
from initscope.core.probes import INDEX, dead_or_saturated
from initscope.core.snapshot import MEASURES, LaneSnapshot, Snapshot
from initscope.core.states import STATES, State, saturation, state_numbers
from initscope.tui.axes import short
from initscope.tui.charts import PALETTE, RGB, Curve, Style, curves, heatmap, histogram
from initscope.tui.heatmap import lettermap
from initscope.tui.sheet import GREY, plain_text

Floats = NDArray[np.float64]
Limits = tuple[float, float]

DECADES = 6.0
"""A lane that explodes must not flatten the others: log scales reach this far from the middle value."""
REMEMBERED, FRAMES = 32, 4
"""Pictures that are kept: a key changes none of them, or only some. Of histograms and heatmaps; of each chart."""


@dataclass(frozen=True)
class Heat:
    """A quantity that the heatmap can show, or the states of the layers."""

    key: str
    title: str
    log: bool
    limits: Limits | None
    """None: from the smallest to the largest value of all lanes."""


HEATS = (
    Heat("saturation", "saturated share", False, (0.0, 1.0)),
    Heat("states", "state", False, None),
    Heat("dead_units", "dead units", False, (0.0, 1.0)),
    Heat("std_over_inputs", "activation std over inputs", True, None),
    Heat("gradient_rms", "gradient RMS", True, None),
    Heat("update_ratio", "update / weight", True, None),
)
HEAT_BY_KEY = {heat.key: heat for heat in HEATS}
STATE_COLOURS: dict[State, RGB] = {
    State.HEALTHY: GREY, State.SATURATED_LOW: PALETTE[0], State.SATURATED_HIGH: PALETTE[1], State.FAINT: PALETTE[5],
    State.EXPLODING: PALETTE[3], State.CLONED: PALETTE[6], State.DEAD: PALETTE[4], State.NON_FINITE: (208, 58, 58),
}  # fmt: skip
"""What is healthy recedes. The letter says it all: colours only help to find where it changes."""


def colour(lane: LaneSnapshot) -> RGB:
    """The lane's colour, the same everywhere."""
    return PALETTE[lane.index % len(PALETTE)]


def marker(lane: LaneSnapshot) -> str:
    """The lane's number as one character."""
    return "123456789abcdefghijklmnopqrstuvwxyz"[lane.index % 35]


def number(value: float) -> str:
    """Three significant digits."""
    return short(value, 3) if math.isfinite(value) else "-"


def percent(value: float) -> str:
    return f"{value:.1%}" if math.isfinite(value) else "-"


def in_epochs(snapshot: Snapshot) -> bool:
    """Whether curves run over epochs: not before a lane has seen all its examples once."""
    return any(lane.epoch >= 1 for lane in snapshot.lanes)


def _along(lane: LaneSnapshot, steps: NDArray[np.int64], epochs: bool) -> Floats:
    return np.multiply(steps, lane.epoch / lane.step if epochs and lane.step else 1.0, dtype=np.float64)


def x_limits(snapshot: Snapshot) -> Limits:
    """From 0 to a round number not far beyond the present: an axis that mostly stays put costs few bytes."""
    lanes = snapshot.lanes
    now = max((lane.epoch if in_epochs(snapshot) else lane.step) for lane in lanes)
    return 0.0, _round_up(max(now, 1))


def _round_up(value: float) -> float:
    """The next round number from `value` > 0 on."""
    decade = 10.0 ** math.floor(math.log10(value))
    return next((decade * digit for digit in (1, 1.5, 2, 3, 4, 5, 6, 8) if decade * digit >= value), 10 * decade)


def loss_chart(
    snapshot: Snapshot, style: Style, *, log: bool, test: bool = False, cursor: float | None = None
) -> list[str]:
    """Loss of all lanes: of every training batch, or on the test examples."""
    return list(_loss_lines(snapshot, style, log, test, cursor))


@functools.lru_cache(maxsize=FRAMES)
def _loss_lines(
    snapshot: Snapshot, style: Style, log: bool, test: bool, cursor: float | None
) -> tuple[str, ...]:
    epochs = in_epochs(snapshot)
    drawn = []
    for lane in snapshot.lanes:
        if test:
            drawn.append(_measured(lane, "test_loss", epochs))
        else:
            # Before the first step there is no training batch, but the loss of the probe batch.
            steps = np.r_[0, lane.losses.step]
            losses = np.r_[lane.measures[0, 0], lane.losses.mean]
            drawn.append(Curve(lane.name, _along(lane, steps, epochs), losses, colour(lane), marker=marker(lane)))
    title = f"{'test' if test else 'training'} loss{' · log' if log else ''}"
    lines = curves(
        drawn,
        style,
        log_y=log,
        x_label=_unit(epochs),
        title=plain_text(title, style.unicode),
        cursor=cursor,
        x_limits=x_limits(snapshot),
        y_limits=_still(_log_limits([np.asarray(curve.y, float) for curve in drawn])) if log else None,
    )
    return tuple(lines)


def _still(limits: Limits | None) -> Limits | None:
    """The limits widened to quarters of a decade, so that a falling loss moves the axis now and then only."""
    if limits is None:
        return None
    low, high = (4 * math.log10(limit) for limit in limits)
    return 10.0 ** (math.floor(low) / 4), 10.0 ** (math.ceil(high) / 4)


def accuracy_chart(
    snapshot: Snapshot, style: Style, *, test: bool = True, cursor: float | None = None
) -> list[str]:
    return list(_accuracy_lines(snapshot, style, test, cursor))


@functools.lru_cache(maxsize=FRAMES)
def _accuracy_lines(snapshot: Snapshot, style: Style, test: bool, cursor: float | None) -> tuple[str, ...]:
    epochs = in_epochs(snapshot)
    name = "test_accuracy" if test else "train_accuracy"
    drawn = [_measured(lane, name, epochs) for lane in snapshot.lanes]
    title = f"{'test' if test else 'training'} accuracy"
    lines = curves(
        drawn,
        style,
        x_label=_unit(epochs),
        y_limits=(0.0, 1.0),
        title=title,
        cursor=cursor,
        x_limits=x_limits(snapshot),
    )
    return tuple(lines)


def _measured(lane: LaneSnapshot, name: str, epochs: bool) -> Curve:
    values = lane.measures[:, MEASURES.index(name)]
    return Curve(lane.name, _along(lane, lane.probe_steps, epochs), values, colour(lane), marker=marker(lane))


def _unit(epochs: bool) -> str:
    return "epoch" if epochs else "step"


def histogram_chart(
    now: Histogram, start: Histogram, lane: LaneSnapshot, style: Style, title: str, top: float | None
) -> list[str]:
    """Now against the start; `top` is the largest share that the axis must show, None for its own."""
    outside = now.below + now.above
    notes = [f"{outside:,} outside"] * bool(outside) + [f"{now.non_finite:,} not finite"] * bool(now.non_finite)
    words = ", ".join([title, *notes])
    arrays = (part.tobytes() for part in (now.edges, now.counts, start.counts))
    return list(_bars(*arrays, style, colour(lane), words, top))


@functools.lru_cache(maxsize=REMEMBERED)
def _bars(
    edges: bytes, counts: bytes, start: bytes, style: Style, colour: RGB, title: str, top: float | None
) -> tuple[str, ...]:
    """By what the arrays hold: the histograms of a saturated lane never change."""
    limits = None if top is None else (0.0, min(_round_up(top), 1.0))
    now, before = np.frombuffer(counts, np.int64), np.frombuffer(start, np.int64)
    return tuple(
        histogram(np.frombuffer(edges), now, style, start_counts=before, colour=colour, title=title, y_limits=limits)
    )


def tallest(histograms: Sequence[Histogram]) -> float:
    """The largest share of any bin, for an axis that several histograms share."""
    shares = [h.counts.max() / h.counts.sum() for h in histograms if h.counts.sum()]
    return float(max(shares, default=1.0))


def heat_of(lane: LaneSnapshot, heat: Heat) -> Heat:
    """What is shown of this lane: dead units where the activation does not saturate, as relu's does not."""
    return HEAT_BY_KEY[dead_or_saturated(lane.spec.activation)] if heat.key == "saturation" else heat


def heat_values(lane: LaneSnapshot, key: str) -> Floats:
    """(layers, probes in time) of one quantity, of hidden layers alone where outputs are not judged by it.

    States are places in `STATES`."""
    if key == "states":
        return state_numbers(lane.spec, lane.probes).T.astype(np.float64)
    values = saturation(lane.probes) if key == "saturation" else lane.probes[..., INDEX[key]]
    hidden_only = key in ("saturation", "dead_units")
    return values[:, :-1].T if hidden_only else values.T


def heat_words(lane: LaneSnapshot, key: str, layer: int, at: int) -> str:
    """The value of one layer, from 0, at one probe."""
    value = float(heat_values(lane, key)[layer, at])
    return f"{STATES[int(value)].letter} {STATES[int(value)].word}" if key == "states" else number(value)


def heat_limits(lanes: Sequence[LaneSnapshot], heat: Heat) -> Limits:
    """The range of the colours, the same for all lanes."""
    if heat.limits:
        return heat.limits
    return _log_limits([heat_values(lane, heat.key) for lane in lanes]) or (1e-3, 1.0)


def _log_limits(parts: Sequence[Floats]) -> Limits | None:
    """The range of what is positive and finite, within DECADES of its median; None if there is nothing."""
    values = np.concatenate([np.zeros(0), *(part.ravel() for part in parts)])
    values = values[np.isfinite(values) & (values > 0)]
    if not values.size:
        return None
    middle = float(np.median(values))
    low = max(float(values.min()), middle / 10**DECADES)
    high = min(float(values.max()), middle * 10**DECADES)
    return (low, high) if high > low else (low / 2, high * 2)


def by_time(values: Floats, steps: NDArray[np.int64], columns: int) -> Floats:
    """(rows, probes) -> (rows, columns) evenly spaced in steps: in each column the last value known there."""
    if not len(steps) or columns < 1:
        return values[:, :0]
    ends = steps[0] + (steps[-1] - steps[0]) * (np.arange(columns) + 1) / columns
    return values[:, np.searchsorted(steps, ends, side="right") - 1]


def heatmap_chart(
    lane: LaneSnapshot, key: str, style: Style, lanes: Sequence[LaneSnapshot] | None = None, title: str | None = None
) -> list[str]:
    """Layers by time of one quantity, in the colour range of `lanes`."""
    return list(_heat_lines(lane, key, style, tuple(lanes or [lane]), title))


@functools.lru_cache(maxsize=REMEMBERED)
def _heat_lines(
    lane: LaneSnapshot, key: str, style: Style, lanes: tuple[LaneSnapshot, ...], title: str | None
) -> tuple[str, ...]:
    heat = HEAT_BY_KEY[key]
    values = heat_values(lane, key)
    names = [str(row) for row in range(1, len(values) + 1)]
    if not len(values):
        values, names = np.full((1, 1), np.nan), ["no hidden layer"]
    table = by_time(values, lane.probe_steps, max(style.width, 1)) if values.shape[1] > 1 else values
    words = f"{marker(lane)} {lane.name}: {heat.title}, layers by time" if title is None else title
    words = plain_text(words, style.unicode)
    if key == "states":
        return tuple(_state_lines(table, names, style, words))
    low, high = heat_limits(lanes, heat)
    return tuple(heatmap(table, names, style, low=low, high=high, log=heat.log, title=words))


def _state_lines(table: Floats, names: Sequence[str], style: Style, title: str) -> list[str]:
    letters = [plain_text(state.letter, style.unicode) for state in STATES]
    rows = ["".join(letters[int(number)] for number in row) for row in table]
    colours = {letter: STATE_COLOURS[state] for letter, state in zip(letters, STATES, strict=True)}
    meanings = {letter: state.word for letter, state in zip(letters, STATES, strict=True)}
    meanings[letters[0]] = meanings.pop(letters[0])  # of what there is room for, least is missed
    return lettermap(rows, names, style, colours=colours, meanings=meanings, title=title)
