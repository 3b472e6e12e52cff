"""What an experiment came to, as text: what was measured beside the source's numbers, and what holds of its claim."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isinf, isnan

from initscope.core.datasets.published import PUBLISHED
from initscope.core.experiments.experiment import SPREAD, Expectation, Experiment
from initscope.core.experiments.judging import Answer, Cell, Judgement, cells, layer_counts, verdict
from initscope.core.experiments.measures import MEASURABLE
from initscope.core.experiments.plan import there
from initscope.core.experiments.run import Run
from initscope.core.experiments.samplemeasures import SAMPLE_MEASURES

WIDTH = 80
MARK = 15
"""Columns of `does not hold` and the space after it."""
LEAST_NAME, MOST_NAME = 11, 34
"""Columns of the lanes' names; `reference` must fit."""
ROUNDING = 1e-12
"""A relative spread that is none."""
WORDS = {one.name: one.words for one in MEASURABLE.values()} | {one.name: one.words for one in SAMPLE_MEASURES.values()}


@dataclass(frozen=True)
class _Row:
    """One lane in the table: its cells, layer by layer."""

    name: str
    cells: tuple[Cell, ...]
    expectation: Expectation
    references: list[str]
    """The source's numbers for it: of the values, and of their spread."""


def listing(experiments: Sequence[Experiment], width: int = WIDTH) -> Iterator[str]:
    """Every experiment with its question, and whether its data are there."""
    column = max(len(one.name) for one in experiments) + 2
    for one in experiments:
        indent = " " * column
        yield from textwrap.wrap(one.question, width, initial_indent=one.name.ljust(column), subsequent_indent=indent)
        missing = [name for name in one.data_names if not there(name)]
        if missing:
            yield from textwrap.wrap(f"needs {how_to_get(missing[0])}", width, initial_indent=indent,
                                     subsequent_indent=indent)  # fmt: skip
    yield ""
    yield "Run one with: initscope experiment NAME, or FILE.toml of your own"


def how_to_get(name: str) -> str:
    """`mnist: initscope data fetch mnist`, and of what is not published only what it is called."""
    key = name.partition(":")[0]
    if key in PUBLISHED:
        return f"{key}: initscope data fetch {key}, or --data digits"
    return f"{key} in a data folder (run it to see how), or --data digits"


def lines(run: Run, judgements: Sequence[Judgement], width: int = WIDTH) -> Iterator[str]:
    """The report, results first. The last line is the verdict."""
    experiment = run.plan.experiment
    yield from textwrap.wrap(f"{experiment.name}: {experiment.question}", width)
    yield ""
    yield from _table(run, judgements, width)
    yield ""
    yield from _judgements(judgements, width)
    yield ""
    yield from _prose(run, width)
    yield ""
    yield _last(judgements, width)


def _table(run: Run, judgements: Sequence[Judgement], width: int) -> Iterator[str]:
    groups = _groups(run, [judgement.expectation for judgement in judgements])
    names = [row.name for rows in groups.values() for row in rows]
    column = max(min(max(map(len, names), default=0), MOST_NAME), LEAST_NAME) + 4
    seeds = len(run.plan.experiment.seeds)
    over = f"mean ± standard deviation over {seeds} seeds" if seeds > 1 else "of one seed"
    yield f"{'lane':{column}}{'measured':22}reference"
    yield f"{'':{column}}{over}"[:width]
    for title, rows in groups.items():
        if not rows:
            continue
        yield ""
        yield from textwrap.wrap(title, width, subsequent_indent="  ")
        for row in rows:
            yield from _row(row, column, width, bool(run.plan.stand_in))


def _groups(run: Run, expectations: Sequence[Expectation]) -> dict[str, list[_Row]]:
    """The rows under each measure's title, every value once."""
    counts = layer_counts(run.plan)
    groups: dict[str, dict[tuple[object, ...], _Row]] = {}
    for one in expectations:
        group = groups.setdefault(_title(one, run.plan.experiment.kind), {})
        for lane in dict.fromkeys((*one.lanes, *one.other_lanes)):
            key = (lane, one.seed, one.quantities(counts[lane]))
            found = tuple(cells(one, lane, run, counts[lane]))
            if not any(cell.values for cell in found):
                continue  # the run did not get there
            group.setdefault(key, _Row(_row_name(lane, one), found, one, []))
            reference = f"± {one.reference_text}" if one.seeds == SPREAD else one.reference_text
            if lane in one.lanes and one.reference_text and reference not in group[key].references:
                group[key].references.append(reference)
    lanes = {name: place for place, name in enumerate(run.plan.experiment.lane_names)}
    return {title: sorted(rows.values(), key=lambda row: lanes[row.cells[0].lane]) for title, rows in groups.items()}


def _row_name(lane: str, expectation: Expectation) -> str:
    layers = expectation.layers
    layer = f", layer {layers[0]}" if len(layers) == 1 and isinstance(layers[0], int) else ""
    return lane + layer + ("" if expectation.seed is None else f", seed {expectation.seed}")


def _title(expectation: Expectation, kind: str) -> str:
    settings = [f"{key} = {value:g}" if isinstance(value, float) else f"{key} = {value}"
                for key, value in expectation.settings if not (isinstance(value, float) and isinf(value))]  # fmt: skip
    when = [f"at the {expectation.at}" if " " not in expectation.at else expectation.at] if kind == "train" else []
    return ", ".join([f"{WORDS[expectation.measure]} ({expectation.measure})", *settings, *when])


def _row(row: _Row, column: int, width: int, stand_in: bool) -> Iterator[str]:
    expectation, first = row.expectation, row.cells[0]
    reference = "" if stand_in else " ".join(sorted(row.references, key=lambda text: text.startswith("±")))
    name = row.name if len(row.name) < column - 3 else row.name[: column - 6] + "..."
    if len(row.cells) == 1:
        measured = figure(first.mean, first.spread, expectation)
        start = f"  {name}".ljust(column) + (measured.ljust(22) if reference else measured)
        room = max(width - len(start), 12)
        parts = textwrap.wrap(reference, room) or [""]
        yield (start + parts[0]).rstrip()
        yield from (" " * len(start) + part for part in parts[1:])
        return
    measured = " ".join(figure(cell.mean, float("nan"), expectation) for cell in row.cells)
    for start, text in ((f"  {name}", measured), ("    reference", reference)):
        if text:
            yield from textwrap.wrap(text, width, initial_indent=start.ljust(column), subsequent_indent=" " * column)


def figure(mean: float, spread: float, expectation: Expectation) -> str:
    """A value with its spread, in as many digits as it is judged by."""
    if isinf(mean) and expectation.measure == "first_step":
        return "never"
    if isnan(mean):
        return "-"
    shown = f"{mean:.{max(expectation.digits or 4, 4)}g}"
    return shown if isnan(spread) or spread <= ROUNDING * abs(mean) else f"{shown} ± {spread:.2g}"


def _judgements(judgements: Sequence[Judgement], width: int) -> Iterator[str]:
    """Those that were judged, then the others under their reasons."""
    reasons: dict[str, list[str]] = {}
    for judgement in judgements:
        if judgement.answer is Answer.OPEN:
            reasons.setdefault(judgement.why, []).append(judgement.expectation.text)
        elif judgement.answer is not Answer.SHOWN:
            text = judgement.expectation.text + (f" ({judgement.why})" if judgement.why else "")
            mark = str(judgement.answer).ljust(MARK)
            yield from textwrap.wrap(text, width, initial_indent=mark, subsequent_indent=" " * MARK)
    for reason, texts in reasons.items():
        yield f"{reason}:"[:width]
        for text in texts:
            yield from textwrap.wrap(text, width, initial_indent="  - ", subsequent_indent="    ")


def _prose(run: Run, width: int) -> Iterator[str]:
    experiment, plan = run.plan.experiment, run.plan
    sources = [f"{dataset.name}: {dataset.source}" for dataset in plan.datasets.values()]
    if plan.stand_in:
        sources[0] += "; a stand-in for " + ", ".join(plan.replaced)
    seeds = ", ".join(map(str, experiment.seeds)) if len(experiment.seeds) <= 10 else f"{len(experiment.seeds)} of them"
    facts = [("claim", experiment.claim), ("source", experiment.source), ("notes", experiment.notes)]
    facts += [("data", source) for source in sources] + [("seeds", seeds)]
    for name, text in facts:
        if text:
            words = " ".join(text.split())
            yield from textwrap.wrap(words, width, initial_indent=f"{name:8}", subsequent_indent=" " * 8)


def _last(judgements: Sequence[Judgement], width: int) -> str:
    failed = [judgement for judgement in judgements if judgement.answer is Answer.FAILS]
    judged = len(failed) + sum(judgement.answer is Answer.HOLDS for judgement in judgements)
    still_open = sum(judgement.answer is Answer.OPEN for judgement in judgements)
    rest = f"; {still_open} not judged" if still_open else ""
    match verdict(judgements):
        case Answer.FAILS:
            text = f"does not hold: {len(failed)} of {judged} expectations{rest}: {failed[0].expectation.text}"
        case Answer.HOLDS:
            text = f"holds: {judged} of {judged} expectations{rest}"
        case _:
            text = "not judged: nothing that was measured says whether it holds"
    return textwrap.shorten(text, max(width, 20), placeholder=" ...")
