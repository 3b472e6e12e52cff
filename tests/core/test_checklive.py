"""The check of a lane's weights in memory: what is copied, and that it says what checks of specs and files say."""

from dataclasses import asdict
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from initscope.core.checks.file import FileCheck, check_file, check_weights
from initscope.core.checks.live import passing, weights_of
from initscope.core.checks.spec import measure_start
from initscope.core.comparison import Comparison
from initscope.core.datasets.data import Dataset, load
from initscope.core.errors import InputError
from initscope.core.lanecopy import LaneCopy, lane_copy
from initscope.core.snapshot import Status
from initscope.core.training import Trainer

DIGITS = load("digits")


def trainer(*lanes: str, data: Dataset = DIGITS, **options: str) -> Trainer:
    specs = Comparison.of({"dtype": "float64", **options}, (), lanes).specs({data.name: data})
    return Trainer(specs, {data.name: data})


def check(copy: LaneCopy) -> FileCheck:
    weights, layering = weights_of(copy.network, "lane", "network")
    measured = passing(copy.network, copy.spec, DIGITS)
    return check_weights(weights, layering, BytesIO(), copy.spec.activation, DIGITS, measured=measured)


def test_a_copy_is_of_that_lane_at_that_step_and_stays_so() -> None:
    wild = "init=randn lr=1e300 activation=linear loss=cross_entropy"
    made = trainer("init=rand", "init=randn arch=64-20-10", wild, steps="300")
    *_, last = made.run(10)
    assert last.lanes[2].status is Status.DIVERGED
    copies = [lane_copy(made, lane) for lane in range(3)]
    assert [copy.step for copy in copies] == [lane.step for lane in last.lanes]
    assert [copy.spec for copy in copies] == list(made.specs)
    for ensemble in made.ensembles:
        for row, lane in enumerate(ensemble.lanes):
            kept = copies[lane.index].network.parameters
            np.testing.assert_array_equal(kept, ensemble.network.parameters[[row]])
            assert not np.shares_memory(kept, ensemble.network.parameters)
    before = copies[0].network.parameters.copy()
    for _ in made.run(20):
        pass
    np.testing.assert_array_equal(copies[0].network.parameters, before)
    assert not np.array_equal(lane_copy(made, 0).network.parameters, before)


def test_a_lane_that_is_not_there_is_said_so() -> None:
    with pytest.raises(InputError, match="no weights yet"):
        lane_copy(None, 0)
    with pytest.raises(InputError, match="no weights yet"):
        lane_copy(trainer("init=rand"), 1)


@pytest.mark.parametrize("arch", ["64-30-20-10", "8x8x1-4c3-p2-6c3-bn-20-10", "64-20-r(20-20)-10"])
def test_before_training_it_is_what_the_check_of_the_spec_measures(arch: str) -> None:
    copy = lane_copy(trainer("init=he_normal", arch=arch, activation="tanh"), 0)
    found, (layers, _, examples) = check(copy), measure_start(copy.spec, DIGITS)
    assert (found.how, found.examples, found.data, found.geometry) == ("measured", examples, "digits", "")
    for one, other in zip(found.passed, layers, strict=True):
        assert asdict(one) == pytest.approx(asdict(other), nan_ok=True)
    assert [one.layer.name for one in found.layers] == [shape.name for shape in copy.spec.architecture.layers]
    for one, layer in zip(found.layers, copy.network.weighted, strict=True):
        np.testing.assert_array_equal(one.layer.weight.read(), layer.weights[0])
        assert one.layer.bias is not None
        np.testing.assert_array_equal(one.layer.bias.read(), layer.biases[0])
        assert (one.layer.fan_in, one.layer.fan_out) == (layer.shape.fan_in, layer.shape.fan_out)
        assert "he_normal" in one.looks_like


@pytest.mark.parametrize(
    ("init", "code"), [("rand", "shifted-preactivations"), ("zeros", "symmetric-units"), ("xavier_normal", "")]
)
def test_a_file_of_the_same_weights_gets_the_same_answer(tmp_path: Path, init: str, code: str) -> None:
    copy = lane_copy(trainer(f"init={init}", arch="64-30-20-10"), 0)
    named = {}
    for number, layer in enumerate(copy.network.weighted, 1):
        named |= {f"l{number}.weight": layer.weights[0], f"l{number}.bias": layer.biases[0]}
    np.savez(tmp_path / "w.npz", **named)
    here, there = check(copy), check_file(tmp_path / "w.npz", copy.spec.activation, DIGITS)
    assert [one.code for one in here.findings] == [one.code for one in there.findings] == ([code] if code else [])
    assert [one.looks_like for one in here.layers] == [one.looks_like for one in there.layers]
    assert bool(here.candidates) == bool(code)
    assert (here.healthy, here.judged) == (not code, True)
