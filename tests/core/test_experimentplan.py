"""From an experiment to what is run: stand-ins, shorter runs, other seeds, missing data, and groups of seeds."""

import re

import pytest

from initscope.core.datasets.data import load
from initscope.core.errors import InputError
from initscope.core.experiments import file as experimentfile
from initscope.core.experiments import run as experimentrun
from initscope.core.experiments.experiment import Quantity
from initscope.core.experiments.judging import judge
from initscope.core.experiments.plan import Changes, fit_architecture, plan, there
from initscope.core.experiments.run import Run

TOP = 'question = "Q"\nclaim = "C"\nsource = "S"\n'
LANES = '[[lanes]]\nname = "a"\n[[lanes]]\nname = "b"\nsteps = 7\n'


@pytest.fixture(autouse=True)
def _no_data(tmp_path, monkeypatch):
    monkeypatch.setenv("INITSCOPE_DATA_DIR", str(tmp_path / "none"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))


def experiment(options="", expect="", top=""):
    return experimentfile.read("x", f"{TOP}{top}[options]\n{options}\n{LANES}{expect}", "x.toml")


@pytest.mark.parametrize(
    ("text", "data", "fitted"),
    [
        ("784-30-10", "digits", "64-30-10"), ("784-100x22-10", "digits", "64-100x22-10"), ("2-3-1", "xor", "2-3-1"),
        ("28x28x1-8c3-10", "digits", "64-8c3-10"), ("16c3-p2-64-1", "digits", "16c3-p2-64-10"),
        ("100-5-1", "xor", "2-5-1"), ("12288-20-7-5-1", "digits", "64-20-7-5-10"), ("784-10", "xor", "2-2"),
        ("4-r(8-8)-3", "spiral", "2-r(8-8)-3"), ("", "digits", ""),
    ],
)  # fmt: skip
def test_an_architecture_is_fitted_to_the_data(text, data, fitted):
    assert fit_architecture(text, load(data)) == fitted


def test_a_stand_in_takes_the_place_of_all_data():
    options = 'data = "mnist:limit=50,scale=standardize"\narch = "784-5-10"\nbatch-size = 5000\nepochs = 1'
    made = plan(experiment(options), Changes(data="digits"))
    assert made.stand_in == "digits"
    assert made.replaced == ("mnist:limit=50,scale=standardize",)
    assert made.experiment.options["data"] == "digits:scale=standardize"
    assert made.experiment.options["arch"] == "64-5-10"
    assert made.experiment.options["batch-size"] == "1500"
    assert not made.other_length
    assert [spec.data for spec in made.specs(0)] == ["digits:scale=standardize"] * 2


def test_its_own_data_are_no_stand_in():
    assert not plan(experiment('data = "digits"'), Changes(data="digits")).stand_in
    assert not plan(experiment('data = "digits"'), Changes(data="DIGITS")).stand_in
    assert plan(experiment('data = "digits"'), Changes(data="xor")).stand_in == "xor"


def test_another_length_replaces_every_lane_s_own():
    made = plan(experiment("steps = 100"), Changes(epochs=2))
    assert [spec.epochs for spec in made.specs(0)] == [2, 2]
    assert made.other_length
    same = experimentfile.read("x", f'{TOP}[options]\nepochs = 2\n[[lanes]]\nname = "a"\n', "x.toml")
    assert not plan(same, Changes(epochs=2)).other_length


def test_every_reason_not_to_judge_is_told():
    """On digits, 1500 examples in batches of 100: what is measured after an epoch needs 15 steps."""
    made = experiment("epochs = 5\nbatch-size = 100", "".join(
        f'[[expect]]\ntext = "T"\nlane = "a"\nmeasure = "test_percent"\nat = "{at}"\nlow = 0\n'
        for at in ("start", "epoch 1", "epoch 2", "step 16", "end")))  # fmt: skip
    reasons = {
        Changes(): [""] * 5,
        Changes(epochs=1): ["", "", *["not judged at another length"] * 3],
        Changes(epochs=1, data="spiral"): [
            "not judged on spiral", "not judged on spiral", *["not judged on spiral and at another length"] * 3],
    }  # fmt: skip
    for changes, expected in reasons.items():
        planned = plan(made, changes)
        assert [planned.reason_not_to_judge(one) for one in made.expectations] == expected


def test_seeds_fewer_and_more():
    assert plan(experiment(top="seeds = [3, 0]\n"), Changes(seeds=1)).experiment.seeds == (3,)
    assert plan(experiment(top="seeds = [3, 0]\n"), Changes(seeds=1)).fewer_seeds
    more = plan(experiment(top="seeds = [3, 0]\n"), Changes(seeds=4))
    assert (more.experiment.seeds, more.fewer_seeds) == ((3, 0, 1, 2), False)


def test_an_expectation_of_a_seed_that_is_not_run_is_not_judged():
    expect = '[[expect]]\ntext = "T"\nlane = "b"\nmeasure = "test_percent"\nlow = 0\nseed = 1\n'
    run = Run(plan(experiment("", expect, "seeds = 2\n"), Changes(seeds=1)))
    list(run.go())
    assert [judgement.answer for judgement in judge(run)] == ["not judged"]


def test_missing_data_say_how_to_get_them():
    with pytest.raises(InputError) as caught:
        plan(experiment('data = "mnist"'))
    message = str(caught.value)
    assert "experiment x: mnist is not in" in message
    assert "initscope data fetch mnist" in message
    assert "INITSCOPE_DATA_DIR" in message
    assert message.count("--data digits") == 1
    with pytest.raises(InputError) as caught:
        plan(experiment('data = "cats"', top='data_help = "Ask the author for cats.npz"\n'))
    assert "its data cats are in no data folder. Ask the author for cats.npz. Or run it" in str(caught.value)
    assert not there("mnist")
    assert not there("cats")
    assert there("digits")
    assert there("moons:noise=0.2")


def test_what_only_draws_has_no_data_and_no_epochs():
    made = experimentfile.read("x", f'{TOP}kind = "sample"\n[[lanes]]\nname = "a"\n', "x.toml")
    for changes, option in ((Changes(epochs=1), "--epochs"), (Changes(data="digits"), "--data")):
        with pytest.raises(InputError, match=f"only draws, so {option} has no meaning"):
            plan(made, changes)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ('arch = "63-10"', "experiment x: "), ('init = "rnad"', "experiment x: unknown initializer"),
        ('lr = "fast"', "experiment x: lr must be a number"), ('data = "xor:m=3"', "experiment x: "),
        ("batch-size = 100000", "experiment x: batch-size 100000 is more than"),
    ],
)  # fmt: skip
def test_options_that_cannot_be_name_the_experiment(options, words):
    with pytest.raises(InputError, match=re.escape(words)):
        Run(plan(experiment(options)))


def test_a_layer_that_is_not_there_names_the_expectation():
    expect = '[[expect]]\ntext = "T"\nlane = "b"\nmeasure = "z_std"\nlayer = 3\n'
    with pytest.raises(InputError, match=re.escape("[[expect]] 1: lane b has 2 layers, no layer 3")):
        Run(plan(experiment("", expect)))


@pytest.mark.parametrize("option", ['n = "many"', "n = 0", 'shape = "3"', 'shape = "0,3"', "eps = 0", "eps = inf"])
def test_draws_that_cannot_be(option):
    made = experimentfile.read("x", f'{TOP}kind = "sample"\n[[lanes]]\nname = "a"\n{option}\n', "x.toml")
    with pytest.raises(InputError, match="experiment x: lane a: n "):
        Run(plan(made))


def test_seeds_that_do_not_fit_together_train_one_after_the_other(monkeypatch):
    """To the same numbers."""
    expect = '[[expect]]\ntext = "T"\nmeasure = "test_loss"\n'
    one = Run(plan(experiment("steps = 20", expect, "seeds = 3\n")))
    monkeypatch.setattr(experimentrun, "MOST_PARAMETERS", 5000)
    apart = Run(plan(experiment("steps = 20", expect, "seeds = 3\n")))
    assert (one.total, apart.total) == (20, 60)
    assert list(one.go())[-1] == 20
    assert list(apart.go())[-1] == 60
    assert one.values == apart.values
    assert len(one.values) == 6


def test_a_run_that_is_stopped_keeps_what_it_measured():
    expect = '[[expect]]\ntext = "T"\nlane = "a"\nmeasure = "test_percent"\nat = "step 5"\n'
    expect += '[[expect]]\ntext = "U"\nlane = "a"\nmeasure = "test_percent"\nat = "step 1000000"\n'
    run = Run(plan(experiment("steps = 100000000", expect)))
    for _ in run.go():
        if run.values:
            break
    assert list(run.values) == [("a", 0, Quantity("test_percent", "step 5"))]
    assert run.steps["a", 0] == 5
