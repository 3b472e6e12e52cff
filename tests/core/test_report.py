"""The report: the schema of the issue, strict JSON, and the same numbers for a lane alone and in company."""

import json
import math
import shlex

import numpy as np
import pytest

from initscope.core import __version__
from initscope.core.comparison import Comparison
from initscope.core.datasets.data import load
from initscope.core.diagnosis import lane_verdict
from initscope.core.probes import PROBES
from initscope.core.report import numbers, report
from initscope.core.snapshot import MEASURES
from initscope.core.spec import read
from initscope.core.training import Trainer

DATA = {name: load(name) for name in ("digits", "moons", "gaussians:n=60")}
LANES = (
    "init=rand", "init=randn", "init=he_normal activation=relu arch=64-20-20-10", "init=xavier_uniform lr=0.5",
    "init=randn:scale=30 lr=1e30 loss=cross_entropy name=wild", "init=scaled_randn optimizer=adam bias-init=same",
    "init=randn seed=3 batch-size=7", "init=randn dtype=float64 steps=20", "init=rand data=moons",
    "init=zeros loss=cross_entropy optimizer=momentum",
)  # fmt: skip


def strict(text: str) -> dict:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


def reported(specs, until=None) -> dict:
    trainer = Trainer(specs, DATA)
    trainer.measure_start()
    for _ in trainer.run(until):
        pass
    trainer.stop()
    for _ in trainer.run():  # measures the lanes that were stopped
        pass
    trainer.focus = None
    return strict(json.dumps(report(trainer.snapshot(), DATA), allow_nan=False))


@pytest.fixture(scope="module")
def specs():
    return Comparison.of({"steps": "60"}, [], LANES).specs(DATA)


@pytest.fixture(scope="module")
def company(specs):
    return reported(specs)


def test_the_schema_is_that_of_the_issue(company):
    assert list(company) == ["initscope", "data", "lanes"]
    assert company["initscope"] == __version__
    assert {"name", "source", "features", "classes", "train_examples", "test_examples"} <= set(company["data"])
    for lane in company["lanes"]:
        assert {"name", "command", "spec", "status", "steps", "epochs", "initial", "final", "history", "layers"} <= set(
            lane
        )
        assert set(lane) <= {*company["lanes"][0], "data"}
        assert lane["status"] in ("finished", "diverged", "stopped")
        assert set(lane["initial"]) == set(lane["final"]) == set(MEASURES)
        assert {"step", "epoch", "train_loss", "test_accuracy"} <= set(lane["history"])
        assert len({len(series) for series in lane["history"].values()}) == 1
        for layer in lane["layers"]:
            assert list(layer) == ["name", "kind", "shape", "initial", "final", "weights", "activations"]
            assert set(layer["initial"]) == set(layer["final"]) == set(PROBES)
            for kind in ("weights", "activations"):
                assert {"edges", "counts"} <= set(layer[kind])
                assert len(layer[kind]["edges"]) == len(layer[kind]["counts"]) + 1


def test_histograms_count_every_weight_and_activation(company):
    for lane in company["lanes"]:
        examples = min((lane.get("data") or company["data"])["train_examples"], 256)
        for layer in lane["layers"]:
            for kind, size in (("weights", math.prod(layer["shape"])), ("activations", layer["shape"][0] * examples)):
                shown = layer[kind]
                assert sum(shown["counts"]) + shown["below"] + shown["above"] + shown["non_finite"] == size
                assert sum(shown["initial_counts"]) <= size


def test_layers_have_the_shapes_of_the_architecture(company):
    assert [layer["shape"] for layer in company["lanes"][2]["layers"]] == [[20, 64], [20, 20], [10, 20]]
    assert company["lanes"][2]["spec"]["parameters"] == 20 * 65 + 20 * 21 + 10 * 21


def test_the_spec_holds_numbers_as_numbers(company):
    spec = company["lanes"][3]["spec"]
    assert (spec["lr"], spec["batch-size"], spec["steps"], spec["seed"]) == (0.5, 10, 60, 0)
    assert (spec["schedule"], spec["weight-decay"], spec["clip"]) == ("constant", 0.0, 0.0)
    assert isinstance(spec["weight-decay"], float)
    assert isinstance(spec["clip"], float)
    assert (spec["init"], spec["arch"], spec["dtype"]) == ("xavier_uniform", "64-30-10", "float32")


def test_history_runs_from_the_first_to_the_last_step(company):
    for lane in company["lanes"]:
        history = lane["history"]
        assert history["step"][0] == 0
        assert history["step"][-1] == lane["steps"]
        assert history["step"] == sorted(set(history["step"]))
        assert history["epoch"][-1] == pytest.approx(lane["epochs"])


def test_a_diverged_lane_says_at_which_step_and_leaves_nulls(company):
    wild = company["lanes"][4]
    assert (wild["name"], wild["status"]) == ("wild", "diverged")
    assert 0 < wild["steps"] < 60
    assert wild["final"]["train_loss"] is None
    assert wild["history"]["train_loss"][-1] is None
    assert wild["layers"][0]["final"]["non_finite"] > 0


def test_a_lane_on_other_data_says_so(company):
    assert [lane["data"]["name"] for lane in company["lanes"] if "data" in lane] == ["moons"]
    assert company["data"]["name"] == "digits"


@pytest.mark.parametrize("place", range(len(LANES)))
def test_its_command_repeats_a_lane_to_the_bit_as_it_was_in_company(specs, company, place):
    then = company["lanes"][place]
    words = shlex.split(then["command"])[2:]
    options = {key.removeprefix("--"): value for key, value in zip(words[::2], words[1::2], strict=True)}
    (now,) = reported([read(options, DATA[options.get("data", "digits")])])["lanes"]
    for key in ("spec", "status", "steps", "epochs", "initial", "final", "command"):
        assert now[key] == then[key]
    for layer, before in zip(now["layers"], then["layers"], strict=True):
        assert layer["initial"] == before["initial"]
        assert layer["final"] == before["final"]
    # Company may move the steps at which is measured, and the bins, which all lanes share; never a value.
    columns = [dict(zip(lane["history"]["step"], zip(*lane["history"].values(), strict=True), strict=True))
               for lane in (now, then)]  # fmt: skip
    common = columns[0].keys() & columns[1].keys()
    assert len(common) >= 2
    assert [columns[0][step] for step in common] == [columns[1][step] for step in common]


def test_the_seed_makes_a_difference(company):
    (other,) = reported([read({"init": "randn", "seed": "1", "steps": "60"}, DATA["digits"])])["lanes"]
    assert other["final"] != company["lanes"][1]["final"]
    assert other["initial"] != company["lanes"][1]["initial"]


def test_a_run_cut_short_is_stopped_where_it_was(specs):
    lanes = reported(specs, until=30)["lanes"]
    assert [lane["status"] for lane in lanes] == [
        {"wild": "diverged"}.get(lane["name"], "finished" if lane["spec"]["steps"] == 20 else "stopped")
        for lane in lanes
    ]
    assert lanes[0]["steps"] == lanes[0]["history"]["step"][-1] == 30


def test_no_step_at_all_is_reported_as_well():
    (lane,) = reported([read({"steps": "0"}, DATA["digits"])])["lanes"]
    assert (lane["status"], lane["steps"], lane["epochs"]) == ("finished", 0, 0)
    assert lane["initial"] == lane["final"]
    assert lane["history"]["epoch"] == [0.0]


@pytest.mark.parametrize("name", ["moons", "gaussians:n=60"])
def test_final_measures_are_those_of_a_plain_count(name):
    data = DATA[name]
    trainer = Trainer([read({"data": name, "steps": "40", "dtype": "float64", "lr": "1"}, data)], DATA)
    trainer.measure_start()
    for _ in trainer.run():
        pass
    trainer.focus = None
    (lane,) = report(trainer.snapshot(), DATA)["lanes"]
    layers = [(layer.weights[0], layer.biases[0].ravel()) for layer in trainer._ended[0].network.weighted]
    for part, x, y in (("train", data.x_train, data.y_train), ("test", data.x_test, data.y_test)):
        right, loss, answers = 0, 0.0, set()
        for example, label in zip(x, y, strict=True):
            a = example
            for weights, biases in layers:
                a = 1 / (1 + np.exp(-(weights @ a + biases)))
            right += int(a.argmax()) == label
            answers.add(int(a.argmax()))
            loss += 0.5 * float(((a - np.eye(data.classes)[label]) ** 2).sum())
        assert lane["final"][f"{part}_accuracy"] == right / len(x)
        assert lane["final"][f"{part}_loss"] == pytest.approx(loss / len(x), rel=1e-12)
    assert lane["final"]["classes_predicted"] == len(answers)


def test_what_json_cannot_say_is_none():
    assert numbers(np.array([1, np.nan, -np.inf, 0.5], np.float32)) == [1.0, None, None, 0.5]


def test_verdicts_name_cause_and_remedy() -> None:
    specs = Comparison.of({"steps": "300"}, ["rand", "xavier_normal"], []).specs(DATA)
    trainer = Trainer(specs, DATA)
    *_, _ = trainer.run()
    trainer.focus = None
    shot = trainer.snapshot()
    verdicts = [lane_verdict(lane, DATA[lane.spec.data]) for lane in shot.lanes]
    found = strict(json.dumps(report(shot, DATA, verdicts), allow_nan=False))
    rand, xavier = (lane["verdict"] for lane in found["lanes"])
    assert (rand["healthy"], xavier["healthy"]) == (False, True)
    assert rand["causes"][0]["cause"] == "initialization"
    first = rand["findings"][0]
    assert (first["code"], first["layers"]) == ("shifted-preactivations", [1])
    assert first["remedy"]["changes"]["init"] == "xavier_normal:gain=4"
