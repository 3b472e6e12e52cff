"""The lab's table of lanes: a line a lane, with its numbers, its state, and what is to blame for it."""

from collections.abc import Sequence

from initscope.core.snapshot import LaneSnapshot, Snapshot, Status
from initscope.core.states import State, lane_state, saturation
from initscope.tui import views
from initscope.tui.judged import Judged
from initscope.tui.panels import fit, table_rows
from initscope.tui.sheet import RESET, Style, painted
from initscope.tui.views import marker, number, percent

BOLD = "\x1b[1m"
FULL, NARROW = 78, 60
"""Columns from which the table has every number, and from which it has the state in words."""
ROOMY = 100
"""From so many columns on it says as well how a lane ended, and the state beside what is to blame for it."""
STATE_WIDTHS = {
    ROOMY: len("S 100% layer 1: activation or depth 97%"),
    NARROW: len("S activation or depth 97%"),
    0: len("S 100%"),
}
"""Room for the state, by the least number of columns."""


def lane_table(
    snapshot: Snapshot, chosen: int, style: Style, judged: Sequence[Judged | None] = ()
) -> list[str]:
    """A line a lane; a heading where there is a line to spare. The chosen lane is always among those shown."""
    heading, shown = table_rows(len(snapshot.lanes), chosen, style.height)
    words = _columns("", "lane", "step", "epoch", "loss", "train", "test", "state", style)
    lines = [fit(words, style.width, style.unicode)]
    verdicts = judged or [None] * len(snapshot.lanes)
    rows = [_lane_line(snapshot.lanes[index], index == chosen, style, verdicts[index]) for index in shown]
    return lines[:heading] + rows


def _lane_line(lane: LaneSnapshot, chosen: bool, style: Style, judged: Judged | None) -> str:
    latest = lane.latest
    text = _columns(
        f"{'>' if chosen else ' '}{marker(lane)}",
        lane.name,
        f"{lane.step:,}",
        f"{lane.epoch:.2f}" if lane.epoch < 1000 else f"{lane.epoch:,.0f}",
        number(lane.loss),
        percent(latest.train_accuracy),
        percent(latest.test_accuracy),
        state_words(lane, style.width, judged),
        style,
    )
    text = fit(text, style.width, style.unicode)
    bold = BOLD if chosen else ""
    return bold + painted(text[:2], views.colour(lane), style) + bold + text[2:] + RESET


def _columns(
    mark: str, name: str, step: str, epoch: str, loss: str, train: str, test: str, state: str, style: Style
) -> str:
    """One line of the table; narrower screens drop the epoch and the training accuracy, then the state's words."""
    cells = [f"{step:>9}", f"{epoch:>7}", f"{loss:>8}", f"{train:>6}", f"{test:>6}"]
    if style.width < FULL:
        cells = [f"{step:>7}", f"{loss:>7}", f"{test:>6}"]
    numbers = " ".join(cells)
    state_width = next(room for least, room in STATE_WIDTHS.items() if style.width >= least)
    name_width = min(max(style.width - len(numbers) - state_width - 6, 6), 36)
    return f"{mark:<2} {fit(name, name_width, style.unicode)} {numbers}  {state}"


def state_words(lane: LaneSnapshot, width: int, judged: Judged | None = None) -> str:
    """Letter, word, and the share and layer that it is about, and how the lane ended; what is to blame comes first.

    As much of it as a table so wide has room for.
    """
    state, number_ = lane_state(lane)
    where = f" layer {number_}" if number_ else ""
    share = f" {saturation(lane.probes[-1, number_ - 1]):.0%}" if state.saturated else ""
    diverged = lane.status is Status.DIVERGED
    if width < NARROW:
        return state.letter + (" diverged" if diverged else share or where)
    blame = judged.blame if judged else ""
    word = "diverged" if diverged else state.word.split()[0]
    if blame and width < ROOMY:
        return f"{state.letter} {blame}"
    if blame:
        return f"{state.letter} {word if diverged or state is State.HEALTHY else (share + where).strip()}: {blame}"
    done = f" ({lane.status})" if width >= ROOMY and not diverged and lane.status is not Status.TRAINING else ""
    return f"{state.letter} {word}{share}{where}{done}"
