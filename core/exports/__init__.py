"""A comparison taken elsewhere: the files that other programs and people read."""

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from initscope.core import report as json_report
from initscope.core.comparison import Comparison
from initscope.core.counterfactual.results import Explanation
from initscope.core.datasets.data import Dataset
from initscope.core.diagnosis.verdict import Verdict
from initscope.core.errors import InputError, unknown
from initscope.core.exports import comparisontoml, csvfile, tensorboard
from initscope.core.exports.html import html
from initscope.core.exports.markdown import markdown
from initscope.core.exports.report import compose
from initscope.core.exports.target import put_text
from initscope.core.exports.weights import LaneWeights, write_npz, write_safetensors
from initscope.core.snapshot import Snapshot

__all__ = ["FORMATS", "export", "places"]

FORMATS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "toml": (".toml", "the comparison as a file that `initscope run` and the lab take"),
        "csv": (".csv", "histories as one long table: lane, name, step, epoch, layer, measure, value"),
        "json": (".json", "everything measured, as `initscope run --json` writes it"),
        "tensorboard": ("", "a folder for TensorBoard: scalars and histograms, one run for each lane"),
        "npz": (".npz", "weights under PyTorch's names, one file for each lane"),
        "safetensors": (".safetensors", "weights under PyTorch's names, one file for each lane"),
        "markdown": (".md", "a report with charts, findings and proof, in one file"),
        "html": (".html", "the same as a page for the browser, in one file"),
    }
)
"""By name: how the name of the file ends (a folder's not at all), and what it is."""


def export(
    kind: str,
    path: Path,
    snapshot: Snapshot,
    datasets: Mapping[str, Dataset],
    weights: Sequence[Sequence[LaneWeights]] = (),
    verdicts: Sequence[Verdict] = (),
    explanation: Explanation | None = None,
    comparison: Comparison | None = None,
    beside: str = "",
) -> list[Path]:
    """Write one of FORMATS to `path`; returns what was written.

    `datasets` are by name. `weights` holds for each lane copies at some steps, the newest last: npz and safetensors
    need one, TensorBoard takes all. `verdicts` are one for each lane, or none. `comparison` is as the person wrote
    it; without it, it is made from the snapshot. `beside` says in reports which lanes it does not make. json needs a
    snapshot with the histograms of all layers.
    Weights of several lanes go into files beside `path`, `NAME-1`, `NAME-2`, ...
    Raises InputError where it cannot be written, or weights are asked for and none are at hand.
    """
    asked = comparison or comparisontoml.of_specs([lane.spec for lane in snapshot.lanes])
    match kind:
        case "toml":
            return [put_text(path, comparisontoml.write(asked, path))]
        case "csv":
            return [put_text(path, csvfile.write(snapshot))]
        case "json":
            document = json_report.report(snapshot, datasets, verdicts)
            return [put_text(path, json.dumps(document, allow_nan=False) + "\n")]
        case "tensorboard":
            return [tensorboard.write(path, snapshot, weights, time.time())]
        case "npz" | "safetensors":
            return _weights(kind, path, [copies[-1] if copies else None for copies in weights])
        case "markdown" | "html":
            composed = compose(asked, snapshot, datasets, verdicts, explanation, beside)
            return [put_text(path, (markdown if kind == "markdown" else html)(composed))]
    raise unknown("format", kind, FORMATS)


def _weights(kind: str, path: Path, lanes: Sequence[LaneWeights | None]) -> list[Path]:
    write = write_npz if kind == "npz" else write_safetensors
    if not any(lanes):
        raise InputError(f"{path}: there are no weights at hand; those of a run that is open or saved can be written")
    found = zip(places(kind, path, len(lanes)), lanes, strict=True)
    return [write(place, lane) for place, lane in found if lane is not None]


def places(kind: str, path: Path, lanes: int) -> list[Path]:
    """The files, or the one folder, that `export` of so many lanes to `path` writes. Raises InputError for no name."""
    if kind not in ("npz", "safetensors") or lanes <= 1:
        return [path]
    if path.name in ("", ".."):
        raise InputError(f"{path}: is a folder; name a file in it")
    return [path.with_name(f"{path.stem}-{number}{path.suffix}") for number in range(1, lanes + 1)]
