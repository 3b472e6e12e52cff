"""The text of the lab's panels: pure functions from a snapshot and what is chosen to lines."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from initscope.core.probes import INDEX
from initscope.core.snapshot import LaneSnapshot, Snapshot
from initscope.core.spec import OPTIONS, Spec
from initscope.core.states import layer_states
from initscope.tui import views
from initscope.tui.sheet import RESET, Style, painted, plain, plain_text
from initscope.tui.views import HEATS, Heat, marker, number, percent

REVERSE = "\x1b[7m"
GAP = 2
LEAST_SIDE_BY_SIDE = 64
"""Columns from which a pane sets its two histograms side by side."""
LEAST_HISTOGRAM = 5
NEWEST = 2**62
"""A cursor's step that stays with the newest measurement as training goes on."""
CHART_LEFT = 5
"""Columns that a chart's y axis takes, as a rule."""


@dataclass(frozen=True)
class Choice:
    """What the person looks at."""

    lane: int = 0
    layer: int = 0
    heat: Heat = HEATS[0]
    log: bool = True
    test: bool = False
    cursor: int | None = None
    """The step that is read; None while not measuring."""


def fit(text: str, width: int, unicode: bool = True) -> str:
    """`text` without codes, cut or padded to exactly `width` columns."""
    text = plain(plain_text(text, unicode), unicode)
    if len(text) > width:
        return text[: max(width - 1, 0)] + ("…" if unicode else ".") if width else ""
    return text.ljust(width)


def title_line(setting: str, activity: str, style: Style) -> list[str]:
    """What is compared on the left, what it is doing on the right."""
    right = plain_text(activity, style.unicode)
    left = fit(f" initscope  {setting}", max(style.width - len(right) - 2, 0), style.unicode)
    return [(REVERSE + fit(f"{left} {right} ", style.width, style.unicode) + RESET)]


SELDOM = ("schedule", "weight-decay", "clip", "stream", "dtype")  # named where they are not at their default

def setting(snapshot: Snapshot) -> str:
    """What the lanes have in common; what differs stands in their names."""
    return _common(tuple(lane.spec for lane in snapshot.lanes))


@lru_cache(maxsize=4)
def _common(specs: tuple[Spec, ...]) -> str:
    parts = []
    for values in (
        [spec.data for spec in specs],
        [f"{spec.architecture} {spec.activation}" for spec in specs],
        [str(spec.loss) for spec in specs],
        [f"{spec.optimizer} lr {number(spec.lr)}" for spec in specs],
        [f"batch {spec.batch_size}" for spec in specs],
        [f"seed {spec.seed}" for spec in specs],
    ):
        parts.append(values[0] if len(set(values)) == 1 else "…")
    for key in SELDOM:
        value, *others = {spec.options()[key] for spec in specs}
        parts += [f"{key} {value}"] * (not others and value != OPTIONS[key])
    return " · ".join(parts)


def table_rows(lanes: int, chosen: int, height: int) -> tuple[int, range]:
    """How many lines of heading the table of lanes has, and the numbers of the lanes below it."""
    heading = int(height > lanes)
    return heading, window(lanes, chosen, height - heading)


def window(count: int, chosen: int, room: int) -> range:
    """The numbers of the `room` rows to show, the chosen one among them."""
    start = min(max(chosen - room // 2, 0), max(count - room, 0))
    return range(start, min(start + max(room, 0), count))


def pane(lane: LaneSnapshot, snapshot: Snapshot, choice: Choice, style: Style, note: str = "") -> list[str]:
    """One lane: its histograms of the chosen layer, and its heatmap; `note` stands at the right of its heading.

    The heatmap takes as much room in every lane, so that histograms side by side stand at one height.
    """
    layers = len(lane.layer_names)
    layer = min(choice.layer, layers - 1)
    mark = ">" if lane.index == choice.lane else " "
    head = fit(f"{mark}{marker(lane)} {lane.name}", style.width - len(note), style.unicode) + note
    heat = views.heat_of(lane, choice.heat)
    rows = max(len(views.heat_values(peer, views.heat_of(peer, choice.heat).key)) for peer in snapshot.lanes) or 1
    heat_height = min(rows + 2, max(style.height // 2, 3), style.height - 1)
    if style.height - heat_height == LEAST_HISTOGRAM and heat_height > rows + 1:
        heat_height -= 1  # what the characters mean is worth less than the histograms
    histogram_height = style.height - 1 - heat_height
    if histogram_height < LEAST_HISTOGRAM:
        heat_height, histogram_height = style.height - 1, 0
    lines = [painted(head, views.colour(lane), style)]
    if histogram_height and layer in lane.distributions:
        lines += histograms(lane, snapshot, layer, replace(style, height=histogram_height))
    lines += views.heatmap_chart(
        lane,
        heat.key,
        replace(style, height=heat_height),
        snapshot.lanes,
        title=f"{heat.title}, by layer",
    )
    return lines


def histograms(lane: LaneSnapshot, snapshot: Snapshot, layer: int, style: Style) -> list[str]:
    """Weights, and activations beside or below them where there is room."""
    found = lane.distributions[layer]
    peers = [peer.distributions[layer] for peer in snapshot.lanes if layer in peer.distributions]
    weights = found.weights, found.weights_start, [d.weights for d in peers], f"weights, layer {layer + 1}"
    activations = (
        found.activations,
        found.activations_start,
        [d.activations for d in peers],
        f"activations, layer {layer + 1}",
    )

    def draw(part: tuple, style: Style) -> list[str]:  # type: ignore[type-arg]
        now, start, all_of_them, title = part
        return views.histogram_chart(now, start, lane, style, title, views.tallest(all_of_them))

    if style.width >= LEAST_SIDE_BY_SIDE:
        left = (style.width - GAP) // 2
        right = style.width - GAP - left
        columns = draw(weights, replace(style, width=left)), draw(activations, replace(style, width=right))
        return [a + " " * GAP + b for a, b in zip(*columns, strict=True)]
    if style.height >= 2 * LEAST_HISTOGRAM:
        above = style.height // 2
        return draw(weights, replace(style, height=above)) + draw(
            activations, replace(style, height=style.height - above)
        )
    return draw(weights, style)


NUMBERS = {
    "sat. low": "saturated_low", "sat. high": "saturated_high", "dead": "dead_units", "mean a": "activation_mean",
    "std inputs": "std_over_inputs", "std units": "std_over_units", "z mean": "z_mean", "z std": "z_std",
    "grad RMS": "gradient_rms", "W grad": "weight_gradient_rms", "W mean": "weight_mean", "W std": "weight_std",
    "update": "update_ratio", "not finite": "non_finite",
}  # fmt: skip
"""Heading of each column of the table of layers, and its probe."""
SHARES = ("saturated_low", "saturated_high", "dead_units")


def layer_table(
    lane: LaneSnapshot, choice: Choice, style: Style, names: Sequence[str] = tuple(NUMBERS)
) -> list[str]:
    """These NUMBERS of every layer at the cursor, else at the last probe; as many of them as fit."""
    at = cursor_of(lane, choice)
    shown = max((style.width - 8) // 11, 1)
    columns = names[:shown]
    step = int(lane.probe_steps[at])
    lines = [fit(f"layers at step {step:,}", style.width, style.unicode)]
    lines.append(fit(f"{'':8}" + "".join(f"{name:>11}" for name in columns), style.width, style.unicode))
    states = layer_states(lane, at)
    for index in window(len(states), choice.layer, style.height - 2):
        row = lane.probes[at, index]
        cells = [
            (percent if NUMBERS[name] in SHARES else number)(float(row[INDEX[NUMBERS[name]]])) for name in columns
        ]
        chosen = ">" if index == choice.layer else " "
        text = f"{chosen}{index + 1:>3} {states[index].letter:<3}" + "".join(f"{cell:>11}" for cell in cells)
        line = fit(text, style.width, style.unicode)
        lines.append(line[:5] + painted(line[5:6], views.STATE_COLOURS[states[index]], style) + line[6:])
    return lines[: style.height]


def cursor_of(lane: LaneSnapshot, choice: Choice) -> int:
    """The last measurement up to the cursor's step, or of all while not measuring."""
    last = len(lane.probe_steps) - 1
    if choice.cursor is None:
        return last
    return max(int(np.searchsorted(lane.probe_steps, choice.cursor, side="right")) - 1, 0)


def cursor_x(snapshot: Snapshot, choice: Choice) -> float | None:
    """Where the cursor stands on the charts' x axis."""
    if choice.cursor is None:
        return None
    lane = snapshot.lanes[choice.lane]
    step = float(lane.probe_steps[cursor_of(lane, choice)])
    return step * lane.epoch / lane.step if views.in_epochs(snapshot) and lane.step else step


def cursor_at(snapshot: Snapshot, choice: Choice, column: int, width: int) -> int:
    """The measured step of the chosen lane nearest to a column of a chart that is `width` wide."""
    lane = snapshot.lanes[choice.lane]
    share = (column - CHART_LEFT) / max(width - CHART_LEFT - 1, 1)
    x = share * views.x_limits(snapshot)[1]
    step = x * lane.step / lane.epoch if views.in_epochs(snapshot) and lane.epoch else x
    return int(lane.probe_steps[np.abs(lane.probe_steps - step).argmin()])
