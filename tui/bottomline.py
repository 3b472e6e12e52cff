"""The lab's last line above the keys: the chosen lane's verdict, or the exact values at the cursor."""

import textwrap
from bisect import bisect
from collections.abc import Sequence

from initscope.core.snapshot import MEASURES, LaneSnapshot, Snapshot
from initscope.core.states import reading
from initscope.tui import views
from initscope.tui.judged import Judged
from initscope.tui.panels import Choice, cursor_of, fit
from initscope.tui.sheet import Style, plain_text
from initscope.tui.views import marker, percent


def bottom(
    snapshot: Snapshot, choice: Choice, style: Style, judged: Judged | None = None, proof: str = ""
) -> list[str]:
    """What is wrong with the chosen lane and what would help, or while measuring, the exact values at the cursor.

    While there is no verdict, what its probes show. `proof` is the key that proves a verdict.
    """
    lane = snapshot.lanes[choice.lane]
    before, middle, after = f"{marker(lane)} {lane.name}: ", "", ""
    if choice.cursor is not None:
        before = measured(snapshot, choice)
    elif judged is None:
        before += reading(lane)
    elif judged.verdict.healthy:
        before += _healthy(lane, judged)
    else:
        before += f"{judged.accusation}:"
        middle = f"{judged.cause}."
        after = f"Remedy: {judged.remedy}. " * bool(judged.remedy) + f"{proof} proves it." * bool(proof)
    before, middle, after = (plain_text(part, style.unicode) for part in (before, middle, after))
    return [fit(line, style.width, style.unicode) for line in _wrapped(before, middle, after, style)]


def _healthy(lane: LaneSnapshot, judged: Judged) -> str:
    if judged.foreseen:
        sure = judged.verdict.causes[0][1]
        return f"{reading(lane)} Forecast: it {'should' if sure > 0.5 else 'may'} learn ({sure:.0%} sure)."
    return f"{judged.verdict.words}."


def _wrapped(before: str, middle: str, after: str, style: Style) -> list[str]:
    """The three as lines, with as many words of the middle one as there is room for; what is still too much is cut."""
    words = middle.split()

    def lines(kept: int) -> list[str]:
        cut = [] if kept == len(words) else ["…" if style.unicode else "..."]
        return textwrap.wrap(" ".join([before, *words[:kept], *cut, after]), style.width) or [""]

    kept = bisect(range(len(words) + 1), style.height, key=lambda kept: len(lines(kept))) - 1
    found = lines(max(kept, 0))
    if len(found) > style.height:
        found[style.height - 1 :] = [" ".join(found[style.height - 1 :])]
    return found


def measured(snapshot: Snapshot, choice: Choice) -> str:
    """Exact values of every lane at its last measurement up to the cursor's step, the chosen lane's in full."""
    lane = snapshot.lanes[choice.lane]
    at = cursor_of(lane, choice)
    step = int(lane.probe_steps[at])
    shown = views.heat_of(lane, choice.heat)
    layer = min(choice.layer, len(views.heat_values(lane, shown.key)) - 1)
    heat = f"layer {layer + 1} {shown.title} {views.heat_words(lane, shown.key, layer, at)}; " if layer >= 0 else ""
    lanes = [_lane_at(other, step, choice.test) for other in _chosen_first(snapshot, choice)]
    return f"step {step:,}: {heat}" + "  ".join(lanes)


def _chosen_first(snapshot: Snapshot, choice: Choice) -> Sequence[LaneSnapshot]:
    return sorted(snapshot.lanes, key=lambda lane: lane.index != choice.lane)


def _lane_at(lane: LaneSnapshot, step: int, test: bool) -> str:
    at = int((lane.probe_steps <= step).sum()) - 1
    kind = "test" if test else "train"
    loss, right = (float(lane.measures[at, MEASURES.index(f"{kind}_{what}")]) for what in ("loss", "accuracy"))
    return f"{marker(lane)} {kind} loss {loss:.4g} acc. {percent(right)}"
