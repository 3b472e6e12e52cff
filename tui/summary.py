"""What a run came to, as text: a table, a reading of each lane, and charts."""

import sys
from collections.abc import Sequence

from rich import box
from rich.console import JustifyMethod, OverflowMethod
from rich.table import Table
from rich.text import Text

from initscope.core.diagnosis.verdict import Verdict
from initscope.core.probes import dead_or_saturated
from initscope.core.snapshot import LaneSnapshot, Snapshot, Status
from initscope.core.states import reading
from initscope.tui import views
from initscope.tui.charts import Style
from initscope.tui.coloured import CHART_HEIGHT, output
from initscope.tui.sheet import plain_text


def print_summary(snapshot: Snapshot, total: int, verdicts: Sequence[Verdict], plain: bool) -> None:
    """Print on standard output; colour and Unicode only where it takes them and `plain` is not asked for."""
    with output(plain) as (console, style):
        width, unicode = style.width, style.unicode
        console.print(_table(snapshot, unicode, width), width=width)
        for lane in snapshot.lanes:
            prefix = f"{lane.index + 1} {lane.name}: "
            console.print(Text(plain_text(prefix + _reading(lane, verdicts), unicode)), width=width)
        for chart in _charts(snapshot, style):
            # As rich's text, so that terminals with fewer colours get the nearest ones.
            lines = [Text(), *(Text.from_ansi(line.rstrip()) for line in chart)]
            console.print(*lines, sep="\n", width=width, no_wrap=True, crop=False)
        if any(lane.status is Status.STOPPED for lane in snapshot.lanes):
            console.print(f"\nstopped at step {snapshot.step:,} of {total:,}")
    sys.stdout.flush()


def _reading(lane: LaneSnapshot, verdicts: Sequence[Verdict]) -> str:
    """What is wrong, whose fault it is and what would help; of a healthy lane, what its layers show."""
    verdict = verdicts[lane.index] if verdicts else None
    return reading(lane) if verdict is None or verdict.healthy else f"{reading(lane)} {BLAMED} {verdict.words}"


BLAMED = "To blame:"
LANE = "lane"
IMPORTANCE = (
    LANE, "test\nacc.", "status", "test\nloss", "train\nacc.", "classes\nanswered", "steps", "train\nloss", "epochs"
)  # fmt: skip
"""The columns of the table; on a narrow screen the last ones are left out."""
LEAST_NAME = 8
"""Columns for a lane's number and the beginning of its name."""


def _table(snapshot: Snapshot, unicode: bool, width: int) -> Table:
    columns = _cells(snapshot, unicode)
    wide = {name: max(map(len, [*name.split("\n"), *cells])) for name, cells in columns.items()}
    full = wide[LANE]
    wide[LANE] = min(full, LEAST_NAME)
    chosen: list[str] = []
    room = width - 2  # the box
    for name in IMPORTANCE:
        room -= wide[name] + 1
        if chosen and room < 0:
            break
        chosen.append(name)
    else:
        wide[LANE] = min(full, wide[LANE] + room)
    table = Table(
        box=box.SIMPLE_HEAD if unicode else box.ASCII2, safe_box=not unicode, padding=(0, 0), pad_edge=False
    )
    shown = [name for name in columns if name in chosen]
    for name in shown:
        justify: JustifyMethod = "left" if name in (LANE, "status") else "right"
        overflow: OverflowMethod = "ellipsis" if unicode else "crop"
        table.add_column(name, justify=justify, overflow=overflow, no_wrap=True, width=wide[name])
    for cells in zip(*(columns[name] for name in shown), strict=True):
        table.add_row(*map(Text, cells))
    return table


def _cells(snapshot: Snapshot, unicode: bool) -> dict[str, list[str]]:
    """The table's columns in their order, a text for each lane."""
    lanes = snapshot.lanes
    return {
        LANE: [plain_text(f"{lane.index + 1} {lane.name}", unicode) for lane in lanes],
        "status": [str(lane.status) for lane in lanes],
        "steps": [f"{lane.step:,}" for lane in lanes],
        "epochs": [f"{lane.epoch:.4g}" for lane in lanes],
        "train\nloss": [views.number(lane.latest.train_loss) for lane in lanes],
        "train\nacc.": [views.percent(lane.latest.train_accuracy) for lane in lanes],
        "test\nloss": [views.number(lane.latest.test_loss) for lane in lanes],
        "test\nacc.": [views.percent(lane.latest.test_accuracy) for lane in lanes],
        "classes\nanswered": [views.number(lane.latest.classes_predicted) for lane in lanes],
    }


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
    rows = min(max(len(lane.layer_names) - 1, 1), CHART_HEIGHT)  # the output layer is not judged by it
    return Style(style.width, rows + 2, colour=style.colour, unicode=style.unicode)
