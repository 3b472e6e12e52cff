"""Histories as one long CSV table: every row is one number, ready for a pivot table or pandas.

Columns: `lane` (from 1), `name`, `step` (updates made), `epoch`, `layer` (from 1; empty for the whole network),
`measure`, `value`. Long and not wide, because losses, accuracies and probes are recorded at steps of their own and
networks differ in layers: a wide table would be mostly empty. `pandas.read_csv(file).pivot_table(index="step",
columns=["name", "measure"], values="value")` makes it wide.

Measures: `batch_loss` with `batch_loss_low` and `batch_loss_high` are the mean and extremes over the stretch of
training batches that ends at that step; then `snapshot.MEASURES`, and those with `initial_` and `final_` before
them, which are of all examples; of layers, `probes.PROBES`. Values that are not finite read NaN, inf and -inf, as
pandas takes them; a probe that never applies to a layer is left out. A name that a spreadsheet would take for a
formula, beginning with =, +, - or @, has an apostrophe before it (OWASP, "CSV Injection").
"""

import csv
import io
from collections.abc import Iterator

import numpy as np

from initscope.core.probes import PROBES
from initscope.core.snapshot import MEASURES, LaneSnapshot, Snapshot

COLUMNS = ("lane", "name", "step", "epoch", "layer", "measure", "value")
Entry = tuple[int, str, str, float]
"""Step, layer, measure, value."""


def write(snapshot: Snapshot) -> str:
    """The table with its line of headings; lines end in a newline alone."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(COLUMNS)
    for lane in snapshot.lanes:
        updates = lane.step or 1
        name = f"'{lane.name}" if lane.name.startswith(("=", "+", "-", "@")) else lane.name
        for step, layer, measure, value in _entries(lane):
            epoch = repr(step * lane.epoch / updates)
            table.writerow((lane.index + 1, name, step, epoch, layer, measure, number(value)))
    return out.getvalue()


def number(value: float) -> str:
    """The shortest text that reads back as this float; NaN, inf or -inf."""
    return "NaN" if value != value else repr(float(value))


def _entries(lane: LaneSnapshot) -> Iterator[Entry]:
    curve = lane.losses
    for name, values in (("batch_loss", curve.mean), ("batch_loss_low", curve.low), ("batch_loss_high", curve.high)):
        for step, value in zip(curve.step.tolist(), values.tolist(), strict=True):
            yield step, "", name, value
    steps = lane.probe_steps.tolist()
    for column, measure in enumerate(MEASURES):
        for step, value in zip(steps, lane.measures[:, column].tolist(), strict=True):
            yield step, "", measure, value
    for word, step, measures in (("initial", 0, lane.initial), ("final", lane.step, lane.final)):
        for measure, value in zip(MEASURES, measures.values if measures else (), strict=False):
            yield step, "", f"{word}_{measure}", value
    for layer in range(lane.probes.shape[1]):
        for column, probe in enumerate(PROBES):
            series = lane.probes[:, layer, column]
            if not np.isnan(series).all():
                for step, value in zip(steps, series.tolist(), strict=True):
                    yield step, str(layer + 1), probe, value
