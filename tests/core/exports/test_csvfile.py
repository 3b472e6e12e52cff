"""The CSV table: every number of a snapshot once, and spelled so that others read it."""

import csv
import io
import math
from dataclasses import replace

import numpy as np
import pytest
from exported import finish, trainer

from initscope.core.exports import csvfile
from initscope.core.probes import INDEX
from initscope.core.snapshot import MEASURES


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_every_number_stands_there_and_reads_back_exactly() -> None:
    made = trainer(["init=rand name='a, \"b\"'", "init=randn"], arch="64-9-10", steps="30")
    made.measure_start()
    snapshot = finish(made)
    found = rows(csvfile.write(snapshot))
    assert tuple(found[0]) == csvfile.COLUMNS
    for lane in snapshot.lanes:
        own = [row for row in found if row["lane"] == str(lane.index + 1)]
        assert {row["name"] for row in own} == {lane.name}

        def series(measure: str, layer: str = "", own: list[dict[str, str]] = own) -> dict[int, float]:
            chosen = [row for row in own if (row["measure"], row["layer"]) == (measure, layer)]
            return {int(row["step"]): float(row["value"]) for row in chosen}

        steps = lane.probe_steps.tolist()
        for column, measure in enumerate(MEASURES):
            assert series(measure) == dict(zip(steps, lane.measures[:, column].tolist(), strict=True))
            assert series(f"initial_{measure}") == {0: lane.initial.values[column]}
            assert series(f"final_{measure}") == {30: lane.final.values[column]}
        assert series("batch_loss") == dict(zip(lane.losses.step.tolist(), lane.losses.mean.tolist(), strict=True))
        high = lane.probes[:, 0, INDEX["saturated_high"]].tolist()
        assert series("saturated_high", "1") == dict(zip(steps, high, strict=True))
        assert series("saturated_high", "2") == {}
        assert all(float(row["epoch"]) == pytest.approx(int(row["step"]) / 150) for row in own)


def test_what_is_not_finite_reads_as_a_number() -> None:
    assert [csvfile.number(value) for value in (math.nan, math.inf, -math.inf, 0.1)] == ["NaN", "inf", "-inf", "0.1"]
    snapshot = finish(trainer(["init=randn"], arch="64-10", steps="2"))
    (lane,) = snapshot.lanes
    measures = lane.measures.copy()
    measures[-1] = np.nan, np.inf, 1, 1, 1
    formula = replace(lane, measures=measures, spec=replace(lane.spec, name="=HYPERLINK(1)"))
    found = rows(csvfile.write(replace(snapshot, lanes=(formula,))))
    assert {row["name"] for row in found} == {"'=HYPERLINK(1)"}
    last = {row["measure"]: row["value"] for row in found if row["step"] == "2"}
    assert (last["train_loss"], last["train_accuracy"]) == ("NaN", "inf")
    ratios = [row for row in found if row["measure"] == "update_ratio"]
    assert ratios[0]["value"] == "NaN"
    assert float(ratios[-1]["value"]) > 0


def test_a_run_that_has_not_begun_has_epoch_zero() -> None:
    found = rows(csvfile.write(trainer(["init=randn"], arch="64-10", steps="2").snapshot()))
    assert {(row["step"], row["epoch"]) for row in found} == {("0", "0.0")}
