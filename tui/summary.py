"""What a run came to, as text: a table, a reading of each lane, and charts."""

import sys

from rich import box
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from initscope.core.probes import dead_or_saturated
from initscope.core.snapshot import LaneSnapshot, Snapshot, Status
from initscope.core.states import reading
from initscope.tui import views
from initscope.tui.charts import Style

MOST_WIDTH = 110
CHART_HEIGHT = 14


def print_summary(snapshot: Snapshot, total: int, plain: bool) -> None:
    """Print on standard output; colour and Unicode only where it takes them and `plain` is not asked for."""
    encoding = (sys.stdout.encoding or "ascii").lower()
    unicode = not plain and encoding.startswith("utf")
    console = Console(no_color=plain or None, highlight=False, safe_box=not unicode)
    width = min(console.width, MOST_WIDTH)
    style = Style(width, CHART_HEIGHT, colour=not plain and console.color_system is not None, unicode=unicode)
    console.print(_table(snapshot, unicode, width), width=width)
    for lane in snapshot.lanes:
        prefix = f"{lane.index + 1} {lane.name}: "
        console.print(Text(views.plain_text(prefix + reading(lane), unicode)), width=width)
    for chart in _charts(snapshot, style):
        print()
        print("\n".join(line.rstrip() for line in chart))
    if any(lane.status is Status.STOPPED for lane in snapshot.lanes):
        print(f"\nstopped at step {snapshot.step:,} of {total:,}")


COLUMNS = {
    "status": 8, "steps": 6, "epochs": 6, "train\nloss": 7, "train\nacc.": 6, "test\nloss": 7, "test\nacc.": 6,
    "classes\nanswered": 8,
}  # fmt: skip
"""Name and least width of each column after the lane's."""


def _table(snapshot: Snapshot, unicode: bool, width: int) -> Table:
    table = Table(box=box.SIMPLE_HEAD if unicode else box.ASCII2, padding=(0, 0), pad_edge=False)
    room = max(width - sum(COLUMNS.values()) - len(COLUMNS) - 3, 6)
    table.add_column("lane", overflow="ellipsis" if unicode else "crop", no_wrap=True, max_width=room)
    for name, least in COLUMNS.items():
        justify: JustifyMethod = "left" if name == "status" else "right"
        table.add_column(name, justify=justify, no_wrap=True, min_width=least)
    for lane in snapshot.lanes:
        latest = lane.latest
        table.add_row(
            f"{lane.index + 1} {lane.name}",
            str(lane.status),
            f"{lane.step:,}",
            f"{lane.epoch:.4g}",
            views.number(latest.train_loss),
            views.percent(latest.train_accuracy),
            views.number(latest.test_loss),
            views.percent(latest.test_accuracy),
            views.number(latest.classes_predicted),
        )
    return table


def _charts(snapshot: Snapshot, style: Style) -> list[list[str]]:
    charts = [
        views.loss_chart(snapshot, style, log=True),
        views.accuracy_chart(snapshot, style),
    ]
    for lane in snapshot.lanes:
        probe = dead_or_saturated(lane.spec.activation)
        charts.append(views.heatmap_chart(lane, probe, _heatmap_style(lane, style)))
    return charts


def _heatmap_style(lane: LaneSnapshot, style: Style) -> Style:
    rows = min(len(lane.layer_names), CHART_HEIGHT)
    return Style(style.width, rows + 2, colour=style.colour, unicode=style.unicode)
