"""What a report of a comparison says, as plain values that `markdown` and `html` put into words and tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from initscope.core import __version__
from initscope.core.comparison import Comparison
from initscope.core.counterfactual.results import Explanation
from initscope.core.counterfactual.words import conclusion
from initscope.core.datasets.data import Dataset
from initscope.core.diagnosis.document import verdict_document
from initscope.core.diagnosis.findings import CODES, layers_words
from initscope.core.diagnosis.verdict import Verdict
from initscope.core.exports import comparisontoml
from initscope.core.exports.charts import charts, title
from initscope.core.exports.svg import Chart
from initscope.core.snapshot import LaneSnapshot, Snapshot, Status

HEADINGS = (
    "lane", "status", "steps", "epochs", "train loss", "train accuracy", "test loss", "test accuracy", "classes",
)  # fmt: skip
FINDING_HEADINGS = ("finding", "where", "cause", "to blame", "sure", "what would help", "reference")
REPRODUCED = "The same numbers again, on the same version of initscope and the same data:"


@dataclass(frozen=True)
class Judgement:
    """What was found about one lane."""

    lane: str
    words: str
    findings: tuple[tuple[str, ...], ...]
    """A row under FINDING_HEADINGS for each."""


@dataclass(frozen=True)
class Report:
    """All that is said; `proof` are paragraphs, and `proved` the lane that they are of."""

    title: str
    facts: tuple[tuple[str, str], ...]
    command: str
    toml: str
    lanes: tuple[tuple[str, ...], ...]
    judgements: tuple[Judgement, ...]
    proved: str
    proof: tuple[str, ...]
    charts: tuple[Chart, ...]


def compose(
    comparison: Comparison,
    snapshot: Snapshot,
    datasets: Mapping[str, Dataset],
    verdicts: Sequence[Verdict] = (),
    explanation: Explanation | None = None,
    beside: str = "",
) -> Report:
    """Verdicts are one for each lane, or none. `explanation` may be of any lane.

    `beside` tells in words where lanes are from that the comparison does not make; empty if it makes all.
    """
    documents = [verdict_document(verdict) for verdict in verdicts]
    names = dict.fromkeys(lane.spec.data for lane in snapshot.lanes)
    data = "; ".join(f"{name}: {datasets[name].source}" for name in names if name in datasets)
    facts = [("data", data), ("step", f"{snapshot.step:,}"), ("made by", f"initscope {__version__}")]
    if beside:
        facts.append(("beside them", f"{beside}; the command and the file below are of the other lanes"))
    return Report(
        title=f"{' against '.join(lane.name for lane in snapshot.lanes[:4])}{' ...' * (len(snapshot.lanes) > 4)}",
        facts=tuple(facts),
        command=comparison.command().replace("initscope", "initscope run", 1),
        toml=comparisontoml.write(comparison),
        lanes=tuple(_row(lane) for lane in snapshot.lanes),
        judgements=tuple(
            Judgement(title(lane), document["words"], tuple(_finding(one) for one in document["findings"]))
            for lane, document in zip(snapshot.lanes, documents, strict=False)
        ),
        proved=explanation.spec.name if explanation else "",
        proof=tuple(conclusion(explanation)) if explanation else (),
        charts=tuple(charts(snapshot)),
    )


def _row(lane: LaneSnapshot) -> tuple[str, ...]:
    found = lane.latest
    status = Status.STOPPED if lane.status is Status.TRAINING else lane.status
    return (
        title(lane), str(status), f"{lane.step:,}", f"{lane.epoch:.4g}",
        _number(found.train_loss), _percent(found.train_accuracy),
        _number(found.test_loss), _percent(found.test_accuracy),
        f"{found.classes_predicted:.0f}" if isfinite(found.classes_predicted) else "unknown",
    )  # fmt: skip


def _finding(document: Mapping[str, Any]) -> tuple[str, ...]:
    remedy = document["remedy"]
    return (
        CODES[document["code"]], layers_words(tuple(document["layers"])), document["cause"], document["blame"],
        _percent(document["sure"]), remedy["words"] if remedy else "", document["reference"],
    )  # fmt: skip


def _number(value: float) -> str:
    return f"{value:.4g}" if isfinite(value) else "not finite"


def _percent(value: float) -> str:
    return f"{100 * value:.1f}%" if isfinite(value) else "unknown"
