"""Files that a run leaves behind: formats by the endings of their names, known to be writable before it begins."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from initscope.core.comparison import Comparison
from initscope.core.datasets.data import Dataset
from initscope.core.datasets.folders import user_path
from initscope.core.diagnosis import Verdict
from initscope.core.errors import InputError
from initscope.core.exports import FORMATS, export, places
from initscope.core.exports.target import check_place
from initscope.core.exports.weights import LaneWeights
from initscope.core.snapshot import Snapshot

ENDINGS = {ending: name for name, (ending, _) in FORMATS.items() if ending}


@dataclass(frozen=True)
class Report:
    kind: str
    """One of FORMATS."""
    path: Path

    @property
    def has_weights(self) -> bool:
        return self.kind in ("npz", "safetensors", "tensorboard")


def read_reports(texts: Sequence[str], lanes: int) -> tuple[Report, ...]:
    """Those of `--report FILE`, given so many times, of a run of so many lanes.

    Raises InputError for an ending that means no format, and where a file cannot be written.
    """
    reports = tuple(Report(_kind(text), user_path(text)) for text in texts)
    taken: dict[str, str] = {}
    for text, report in zip(texts, reports, strict=True):
        for place in places(report.kind, report.path, lanes):
            try:
                check_place(place, folder=report.kind == "tensorboard")
            except InputError as error:
                raise InputError(f"--report {error}") from None
            whole = os.path.realpath(place)
            if whole in taken:
                raise InputError(f"--report {text}: {place} is written by --report {taken[whole]} already")
            taken[whole] = text
    return reports


def _kind(text: str) -> str:
    if text.endswith("/"):
        return "tensorboard"
    ending = os.path.splitext(text)[1].lower()
    if ending not in ENDINGS:
        known = ", ".join(sorted(ENDINGS))
        raise InputError(f"--report {text}: the name must end in one of {known}, or in / for a folder for TensorBoard")
    return ENDINGS[ending]


@dataclass(frozen=True)
class Results:
    """What there is to report. `datasets` are as specs call them; `weights` makes what `export` takes."""

    comparison: Comparison
    snapshot: Snapshot
    datasets: Mapping[str, Dataset]
    verdicts: Sequence[Verdict]
    weights: Callable[[], Sequence[Sequence[LaneWeights]]]


def write_reports(reports: Sequence[Report], found: Results) -> None:
    """All that can be written; then raises InputError if some could not."""
    troubles = []
    for one in reports:
        try:
            weights = found.weights() if one.has_weights else ()
            export(
                one.kind, one.path, found.snapshot, found.datasets, weights, found.verdicts,
                comparison=found.comparison,
            )  # fmt: skip
        except InputError as error:
            troubles.append(f"--report {error}")
    if troubles:
        raise InputError("; ".join(troubles))
