"""Saved runs in words: the list, the facts of one, what differs between several."""

import sys
import textwrap
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import accumulate, pairwise
from typing import Any

from initscope.core.comparison import Comparison
from initscope.core.plural import plural
from initscope.core.runs import RunInfo, Store
from initscope.core.runs.description import Description
from initscope.core.spec import OPTIONS
from initscope.tui.printing import width
from initscope.tui.views import number, percent

WIDTH = 100


def fits(run: RunInfo, text: str) -> bool:
    """Whether a text stands in what a run is called, is of, or has come to."""
    return text.casefold() in " ".join([run.id, run.status, "kept" if run.kept else "", what(run)]).casefold()


def what(run: RunInfo, lanes_first: bool = False) -> str:
    """`digits · 64-30-10 · rand, randn`: the data, what all lanes share, and the lanes, or these first."""
    if run.description is None:
        return run.damaged
    comparison = run.description.comparison
    shared = [f"{key} {value}" for key, value in comparison.options.items() if value and key != "data"]
    parts, names = [", ".join(comparison.data_names()), *shared], [", ".join(lanes(run))]
    return " · ".join(names + parts if lanes_first else parts + names)


def lanes(run: RunInfo) -> list[str]:
    """What its lanes are called."""
    if run.summary:
        return [lane.name for lane in run.summary.lanes]
    return [" ".join(lane.values()) for lane in run.description.comparison.lanes] if run.description else []


def table(runs: Sequence[RunInfo], store: Store, person: bool, wanted: str = "") -> Iterator[str]:
    """A line for each run, cut at the terminal's width or at COLUMNS; for a person also a heading, and the total.

    `wanted` is what they were filtered by.
    """
    if not runs:
        if person:
            yield f"no run in {store.root} fits '{wanted}'" if wanted else f"no runs in {store.root}"
        return
    rows = [
        (run.id, when(run), run.status + (" *" if run.kept else ""), steps(run), best(run), what(run)) for run in runs
    ]
    head = ("run", "begun", "status", "step", "best", "what")
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(5)]
    room = width(sys.maxsize)
    for row in ([head] if person else []) + rows:
        yield cut("  ".join([*(cell.ljust(wide) for cell, wide in zip(row, widths, strict=False)), row[5]]), room)
    if person:
        total = sum(run.bytes for run in runs)
        kept = "; * is kept" if any(run.kept for run in runs) else ""
        words = f"{plural(len(runs), 'run')}, {size(total)} of {size(store.limit)} in {store.root}{kept}"
        yield from textwrap.wrap(words, room, break_on_hyphens=False)


def cut(line: str, room: int) -> str:
    """In so many columns, which are more than three."""
    return line if len(line) <= room else line[: room - 3].rstrip() + "..."


def when(run: RunInfo, now: datetime | None = None) -> str:
    """How long ago it was begun, as people say it; `now` is the present, unless given otherwise."""
    if run.description is None:
        return "-"
    seconds = ((now or datetime.now(UTC)) - run.description.created).total_seconds()
    for length, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit} ago"
    return "just now"


def steps(run: RunInfo, short: bool = False) -> str:
    """`20 of 50`: the step that was saved last, and how many are asked for if it is not there yet; short, `20/50`."""
    if run.summary is None:
        return "0"
    asked = max((lane.steps for lane in run.summary.lanes), default=0)
    words, of = (number, "/") if short else ("{:,}".format, " of ")
    return words(run.summary.step) + (f"{of}{words(asked)}" if run.summary.step < asked else "")


def best(run: RunInfo) -> str:
    """The best accuracy of its lanes on test examples."""
    found = [lane.accuracy for lane in run.summary.lanes if lane.accuracy is not None] if run.summary else []
    return percent(max(found)) if found else "-"


def size(count: int) -> str:
    """Bytes as people say it."""
    value = float(count)
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:.3g} GB"


def facts(run: RunInfo) -> Iterator[str]:
    """What is known of one run."""
    yield f"run {run.id}: {run.status}" + (", kept" if run.kept else "")
    if run.damaged:
        yield f"  damaged: {run.damaged}"
    *pairs, (last, disk) = fact_pairs(run)
    for name, words in pairs:
        yield from textwrap.wrap(f"{name:10} {words}", width(WIDTH), initial_indent="  ", subsequent_indent=" " * 13)
    yield f"  {last:10} {disk}, {run.path}"


def fact_pairs(run: RunInfo, now: datetime | None = None) -> list[tuple[str, str]]:
    """The same as names and words, without its path; the last says what it takes on the disk, and looks there."""
    pairs = []
    described = run.description
    if described:
        pairs = [
            ("begun", f"{described.created.astimezone():%Y-%m-%d %H:%M:%S}, {when(run, now)}"),
            ("by", f"initscope{' run' * (described.source == 'run')} {described.version} in {described.folder}"),
            ("repeat it", command(described.comparison, described.source)),
            *(("data", f"{name}: {mark.train_shape[0]:,} examples for training, {mark.test_shape[0]:,} for testing"
                       + f", {mark.place}" * (mark.place != name)) for name, mark in described.data.items()),
        ]  # fmt: skip
    weights = f", weights at {plural(len(run.weight_steps()), 'step')}" if run.weight_steps() else ""
    return [*pairs, ("on disk", f"{size(run.bytes)}{weights}")]


def command(comparison: Comparison, source: str) -> str:
    """One line that begins the same again."""
    return comparison.command("initscope run" if source == "run" else "initscope")


def differences(runs: Sequence[RunInfo]) -> Iterator[str]:
    """The options in which runs differ: a line for each option, a column for each run, and which lanes are whose."""
    found = [_options(run.sound()) for run in runs]
    differing = [key for key in OPTIONS if len({one[key] for one in found}) > 1]
    rows = [["option", *(run.id for run in runs)], *([key, *(one[key] for one in found)] for key in differing)]
    ends = list(accumulate((len(lanes(run)) for run in runs), initial=0))
    whose = (f"{first + 1} to {last}" if last - first > 1 else f"{last}" for first, last in pairwise(ends))
    rows.append(["lanes", *whose])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(wide) for cell, wide in zip(row, widths, strict=True)).rstrip()
    if not differing:
        yield "  no option that all lanes of a run share differs"


def _options(described: Description) -> dict[str, str]:
    """What all lanes share, and under init the lanes."""
    comparison = described.comparison
    shared = {key: comparison.options.get(key) or default or "-" for key, default in OPTIONS.items()}
    return shared | {"init": ", ".join(" ".join(lane.values()) for lane in comparison.lanes)}


def document(run: RunInfo) -> dict[str, Any]:
    """A run as plain values, for JSON."""
    described = run.description
    return {
        "id": run.id,
        "status": run.status,
        "kept": run.kept,
        "in_progress": run.in_progress,
        "bytes": run.bytes,
        "path": str(run.path),
        "damaged": run.damaged or None,
        "created": described.created.isoformat() if described else None,
        "command": command(described.comparison, described.source) if described else None,
        "summary": run.summary.document() if run.summary else None,
    }

