"""An explanation as lines of text: a table of what was changed, the conclusion, and every single change."""

import shlex
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from initscope.core.counterfactual.changes import Suspect
from initscope.core.counterfactual.results import Answer, Explanation, Trial
from initscope.core.counterfactual.words import conclusion, number, percent
from initscope.core.plural import plural
from initscope.tui.sheet import RESET, Style, plain, plain_text

MOST_WIDTH = 100
BOLD = "\x1b[1m"
GAP = 2
"""Columns between two columns."""
LEAST = 8
"""Columns of the words that have to give way."""


@dataclass(frozen=True)
class Row:
    """One line of a table; `strong` where the network learned."""

    cells: tuple[str, ...]
    strong: bool = False


HEAD = ("changed alone", "cures", "to", "loss", "accuracy", "steps", "learned")
NUMBERS = (5, 6)
"""Columns that are set to the right."""
SPARE = 5
"""The column that is left out before anything else gives way: sentences say it, too."""
DROPPED = (4, 3, 1, 2)
"""Columns that are left out where there is no room, the first first, once words are cut to LEAST."""


def lines(found: Explanation, style: Style) -> Iterator[str]:
    """The page: results first, then what follows from them, and how to see it."""
    yield from table(found, style)
    for paragraph in conclusion(found):
        yield ""
        yield from wrapped(paragraph, style)
    if found.remedy:
        yield ""
        yield from wrapped(f"Both side by side: {beside(found)}", style)


def heading(found: Explanation) -> str:
    """Which network this is about, in a line."""
    spec = found.spec
    seeds = f"{'seed' if len(found.seeds) == 1 else 'seeds'} {', '.join(map(str, found.seeds))}"
    rate = f"{spec.optimizer} lr {spec.lr:g}" + (f" {spec.schedule}" if not spec.schedule.is_constant else "")
    what = [f"{spec.data} {spec.architecture} {spec.activation}", str(spec.loss), rate, f"batch {spec.batch_size}"]
    longest = max(found.steps, found.own_steps)
    steps = {trial.steps for trial in (found.original, *(t for answer in found.answers for t in answer.trials))}
    return " · ".join([spec.name, *what, seeds, "up to " * (len(steps) > 1) + plural(longest, "step")])


def beside(found: Explanation) -> str:
    """The command that runs the network as it is and with its remedy, for as long as the proof did.

    A schedule that looks ahead keeps its own length, as it did there.
    """
    assert found.remedy is not None
    spec = found.spec
    if spec.schedule.name == "constant":
        spec = replace(spec, epochs=None, steps=found.causes[0].best.steps)
    lane = {"init": str(found.spec.initializer), **dict(found.remedy.changes)}
    pairs = " ".join(f"{key}={shlex.quote(value)}" for key, value in lane.items())
    return f"{spec.command()} {shlex.join(['--lane', pairs])}"


def table(found: Explanation, style: Style) -> list[str]:
    """The network as it is, and of each suspect the best change."""
    shown = [found.original, *(answer.best for answer in found.answers)]
    steps = len({trial.steps for trial in shown}) > 1
    rows = [Row(("as it is", "", "", *_numbers(found.original, steps)), found.original.learns)]
    rows += [_row(answer, answer.best, named=True, steps=steps) for answer in found.answers]
    return _laid_out([Row(HEAD), *rows], style)


def every_change(found: Explanation, style: Style) -> list[str]:
    """All changes, suspect by suspect; learning rates by size, others the best first."""
    rows = [Row(HEAD)]
    steps = len({trial.steps for answer in found.answers for trial in answer.trials}) > 1
    for answer in found.answers:
        trials = sorted(answer.trials, key=lambda trial: trial.rank)
        if answer.suspect is Suspect.LEARNING_RATE:
            trials.sort(key=_learning_rate)
        rows += [_row(answer, trial, named=place == 0, steps=steps) for place, trial in enumerate(trials)]
    return _laid_out([Row((*row.cells[:1], "", *row.cells[2:]), row.strong) for row in rows], style)


def _learning_rate(trial: Trial) -> float:
    assert trial.change is not None
    return float(dict(trial.change.changes)["lr"])


def _row(answer: Answer, trial: Trial, named: bool, steps: bool) -> Row:
    assert trial.change is not None
    cures = "yes" if answer.cures else "open" if answer.open else "no"
    first = (str(answer.suspect), cures) if named else ("", "")
    return Row((*first, trial.change.words, *_numbers(trial, steps)), trial.learns)


def _numbers(trial: Trial, steps: bool) -> tuple[str, str, str, str]:
    """Loss, accuracy, how many steps where they differ, and in how many seeds it learned."""
    learned = f"{trial.learned} of {len(trial.outcomes)}"
    made = f"{trial.steps:,}" if steps else ""
    if trial.diverged:
        return f"{number(trial.loss_before)} -> diverges", "", made, learned
    loss = f"{number(trial.loss_before)} -> {number(trial.loss_after)}"
    return loss, f"{percent(trial.accuracy_before)} -> {percent(trial.accuracy_after)}", made, learned


def _laid_out(rows: Sequence[Row], style: Style) -> list[str]:
    """The rows in columns that fit the width, those without any content left out."""
    shown = [column for column in range(len(HEAD)) if any(row.cells[column] for row in rows[1:])]
    wide = {column: max(len(row.cells[column]) for row in rows) for column in shown}
    room = min(style.width, MOST_WIDTH)

    def excess() -> int:
        return sum(wide[column] + GAP for column in shown) - GAP - room

    if SPARE in shown and excess() > 0:
        shown.remove(SPARE)
    for column in DROPPED:
        if column in shown and excess() > (max(wide[2] - LEAST, 0) if 2 in shown else 0):
            shown.remove(column)
    for column in (2, 0):
        if column in shown and excess() > 0:
            wide[column] = max(wide[column] - excess(), min(LEAST, wide[column]))
    found = []
    for row in rows:
        cells = [_cut(row.cells[column], wide[column], column, style.unicode) for column in shown]
        text = (" " * GAP).join(cells)[:room].rstrip()
        found.append(f"{BOLD}{text}{RESET}" if row.strong and style.colour else text)
    return found


def _cut(text: str, width: int, column: int, unicode: bool) -> str:
    """Numbers to the right, words to the left; what is too long ends in dots."""
    text = plain(text, unicode)
    if len(text) > width:
        text = text[: width - 1] + "…" if unicode else text[: width - 2] + ".."
    return text.rjust(width) if column in NUMBERS else text.ljust(width)


def wrapped(words: str, style: Style) -> list[str]:
    """Words as lines that fit."""
    text = plain(plain_text(words, style.unicode), style.unicode)
    return textwrap.wrap(text, max(min(style.width, MOST_WIDTH), 20), break_on_hyphens=False)
