"""The one entry to all exports: what each kind writes where."""

import json
from pathlib import Path

import numpy as np
import pytest
from exported import DATA, finish, trainer

from initscope.core.comparison import Comparison
from initscope.core.diagnosis import lane_verdict
from initscope.core.errors import InputError
from initscope.core.exports import FORMATS, comparisontoml, export, places
from initscope.core.exports.weights import of_trainer
from initscope.core.report import report

LANES = ["init=rand", "init=randn"]


@pytest.fixture(scope="module")
def run():
    made = trainer(LANES, steps="20")
    snapshot = finish(made)
    verdicts = [lane_verdict(lane, DATA["digits"]) for lane in snapshot.lanes]
    return snapshot, [[one] for one in of_trainer(made)], verdicts


@pytest.mark.parametrize("kind", FORMATS)
def test_every_kind_is_written_and_says_where(tmp_path: Path, run, kind: str) -> None:
    snapshot, weights, verdicts = run
    path = tmp_path / f"out{FORMATS[kind][0]}"
    found = export(kind, path, snapshot, DATA, weights, verdicts)
    assert sorted(found) == sorted(tmp_path.iterdir())
    assert found == ([tmp_path / f"out-{n}.{kind}" for n in (1, 2)] if kind in ("npz", "safetensors") else [path])
    if kind == "tensorboard":
        assert sorted(folder.name for folder in path.iterdir()) == ["1-rand", "2-randn"]
    else:
        assert all(one.stat().st_size > 50 for one in found)


def test_json_is_the_report_and_toml_the_comparison(tmp_path: Path, run) -> None:
    snapshot, _, verdicts = run
    (path,) = export("json", tmp_path / "a.json", snapshot, DATA, (), verdicts)
    assert json.loads(path.read_text()) == json.loads(json.dumps(report(snapshot, DATA, verdicts)))
    (path,) = export("toml", tmp_path / "a.toml", snapshot, DATA)
    assert comparisontoml.read_path(path).specs(DATA) == tuple(lane.spec for lane in snapshot.lanes)
    asked = Comparison.of({"steps": "20"}, (), LANES)
    (path,) = export("toml", path, snapshot, DATA, comparison=asked)
    assert comparisontoml.read_path(path) == asked


def test_one_lanes_weights_go_into_the_file_that_was_named(tmp_path: Path, run) -> None:
    snapshot, weights, _ = run
    (path,) = export("npz", tmp_path / "w.npz", snapshot, DATA, weights[1:])
    with np.load(path) as saved:
        np.testing.assert_array_equal(saved["0.weight"], weights[1][-1].tensors["0.weight"])
    found = export("npz", tmp_path / "v.npz", snapshot, DATA, [[], weights[1]])
    assert found == [tmp_path / "v-2.npz"]


def test_what_is_wrong_is_said(tmp_path: Path, run) -> None:
    snapshot, *_ = run
    with pytest.raises(InputError, match="there are no weights at hand"):
        export("npz", tmp_path / "w.npz", snapshot, DATA)
    with pytest.raises(InputError, match="did you mean html"):
        export("htm", tmp_path / "w", snapshot, DATA)
    with pytest.raises(InputError, match="is a folder"):
        export("csv", tmp_path, snapshot, DATA)
    with pytest.raises(InputError, match="is a folder; name a file"):
        places("npz", Path(".."), 2)
    assert list(tmp_path.iterdir()) == []
