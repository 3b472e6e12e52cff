"""The lab's charts as files hold them: losses and accuracies of all lanes, and one lane with all of its layers."""

import textwrap
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from initscope.core.snapshot import LaneSnapshot, Snapshot
from initscope.tui import panels, views
from initscope.tui.drawing import Drawing
from initscope.tui.lines import CODE
from initscope.tui.panels import Choice
from initscope.tui.sheet import Style, plain_text

HISTOGRAM = 14
"""Rows of a histogram."""
BESIDE = 8
"""Numbers of a layer in one table."""


def loss(snapshot: Snapshot, choice: Choice) -> Drawing:
    """As it is on the screen, training or test, on a logarithmic axis or a linear one."""
    words = f"the chart of {_which(choice)} loss alone"
    return Drawing("loss", words, lambda style: _curves(
        snapshot, views.loss_chart(snapshot, style, log=choice.log, test=choice.test), style))  # fmt: skip


def accuracy(snapshot: Snapshot, choice: Choice) -> Drawing:
    words = f"the chart of {_which(choice)} accuracy alone"
    return Drawing("accuracy", words, lambda style: _curves(
        snapshot, views.accuracy_chart(snapshot, style, test=choice.test), style))  # fmt: skip


def lane(snapshot: Snapshot, choice: Choice) -> Drawing:
    """The selected lane's histograms of the chosen layer, its heatmap, and the numbers of all layers."""
    chosen = snapshot.lanes[choice.lane]
    words = f"lane {chosen.index + 1} alone: histograms, heatmap, numbers"
    return Drawing("lane", words, lambda style: _lane(chosen, snapshot, choice, style))


def _which(choice: Choice) -> str:
    return "test" if choice.test else "training"


def _curves(snapshot: Snapshot, chart: list[str], style: Style) -> Iterator[str]:
    """The chart; the lanes' names below it if there is no room for them above."""
    yield from chart
    names = [plain_text(f"{views.marker(one)} {one.name}", style.unicode) for one in snapshot.lanes]
    title = CODE.sub("", chart[0])
    if not all(name in title for name in names):
        yield ""
        yield from textwrap.wrap("; ".join(names), style.width, break_on_hyphens=False)


def _lane(one: LaneSnapshot, snapshot: Snapshot, choice: Choice, style: Style) -> Iterator[str]:
    setting = panels.setting(replace(snapshot, lanes=(one,)))
    head = f"{views.marker(one)} {one.name} at step {one.step:,}: {setting}"
    yield from textwrap.wrap(plain_text(head, style.unicode), style.width, break_on_hyphens=False)
    layer = min(choice.layer, len(one.layer_names) - 1)
    if layer in one.distributions:
        yield ""
        yield from panels.histograms(one, snapshot, layer, replace(style, height=HISTOGRAM))
    heat = views.heat_of(one, choice.heat)
    rows = max(len(views.heat_values(one, heat.key)), 1)
    yield ""
    title = f"{heat.title} by layer, step 0 to {one.probe_steps[-1]:,}"
    yield from views.heatmap_chart(one, heat.key, replace(style, height=rows + 2), snapshot.lanes, title)
    names, table = iter(panels.NUMBERS), replace(style, height=len(one.layer_names) + 2)
    while some := tuple(islice(names, BESIDE)):
        yield ""
        yield from panels.layer_table(one, replace(choice, layer=layer), table, some)


CHARTS = (loss, accuracy, lane)
