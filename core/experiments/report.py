"""Everything that an experiment measured as plain values, ready for strict JSON."""

from typing import Any

from initscope.core import __version__
from initscope.core.experiments.experiment import Expectation
from initscope.core.experiments.judging import Cell, Judgement, cells, layer_counts, verdict
from initscope.core.experiments.run import Run
from initscope.core.jsonnumber import json_number


def experiment_report(run: Run, judgements: list[Judgement]) -> dict[str, Any]:
    """The document of `initscope experiment NAME --json`; what is not finite is None."""
    plan, experiment = run.plan, run.plan.experiment
    layers = layer_counts(plan)
    return {
        "initscope": __version__,
        "kind": "experiment",
        "name": experiment.name,
        "question": experiment.question,
        "claim": experiment.claim,
        "source": experiment.source,
        "data": [dataset.describe() for dataset in plan.datasets.values()],
        "stand_in": plan.stand_in or None,
        "seeds": list(experiment.seeds),
        "lanes": [
            {"name": name, "command": command, "steps": [run.steps.get((name, seed)) for seed in experiment.seeds]}
            for name, command in zip(experiment.lane_names, _commands(run), strict=True)
        ],
        "expectations": [
            {
                "text": judgement.expectation.text,
                "answer": str(judgement.answer),
                "why": judgement.why,
                "measured": _measured(judgement.expectation, run, layers),
            }
            for judgement in judgements
        ],
        "verdict": str(verdict(judgements)),
    }


def _commands(run: Run) -> list[str | None]:
    """What repeats each lane, with the first seed."""
    experiment = run.plan.experiment
    if experiment.kind == "sample":
        return [None] * len(experiment.lanes)
    return [spec.command() for spec in run.plan.specs(experiment.seeds[0])]


def _measured(expectation: Expectation, run: Run, layers: dict[str, int]) -> list[dict[str, Any]]:
    lanes = dict.fromkeys((*expectation.lanes, *expectation.other_lanes))
    return [_cell(cell, expectation) for lane in lanes for cell in cells(expectation, lane, run, layers[lane])]


def _cell(cell: Cell, expectation: Expectation) -> dict[str, Any]:
    quantity = cell.quantity
    return {
        "lane": cell.lane,
        "measure": quantity.measure,
        "at": quantity.at,
        "layer": quantity.layer or None,
        **{key: json_number(value) if isinstance(value, float) else value for key, value in quantity.settings},
        "values": [json_number(value) for value in cell.values],
        "mean": json_number(cell.mean),
        "std": json_number(cell.spread),
        "reference": expectation.reference_text or None if cell.reference is None else json_number(cell.reference),
    }
