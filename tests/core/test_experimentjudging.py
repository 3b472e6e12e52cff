"""Judging: every bound on made-up numbers, over lanes, layers and seeds, and what cannot be judged."""

from dataclasses import replace
from math import inf, nan

import pytest

from initscope.core.experiments import file as experimentfile
from initscope.core.experiments.experiment import Expectation, Quantity
from initscope.core.experiments.judging import Answer, Cell, broken, judge, judge_one, same_digits, verdict
from initscope.core.experiments.plan import Plan
from initscope.core.experiments.run import Run

LANES = {"a": 0, "b": 0}


def run(seeds=(0, 1), expect="", **values):
    """A run of draws with these means of lanes a and b, one for each seed."""
    text = f'question = "Q"\nclaim = "C"\nsource = "S"\nkind = "sample"\nseeds = {list(seeds)}\n'
    text += '[[lanes]]\nname = "a"\n[[lanes]]\nname = "b"\n' + expect
    made = Run(Plan(experimentfile.read("x", text, "x.toml"), {}))
    for lane, numbers in values.items():
        for seed, number in zip(seeds, numbers, strict=False):
            made.values[lane, seed, Quantity("mean")] = number
    return made


def expectation(**keys):
    return Expectation(**{"text": "T", "lanes": ("a",), "measure": "mean", **keys})


def answer(made, **keys):
    return judge_one(expectation(**keys), made, LANES)


@pytest.mark.parametrize(
    ("keys", "value", "holds"),
    [
        ({"low": 1.0}, 1.0, True), ({"low": 1.0}, 0.999, False), ({"low": 1.0}, nan, False),
        ({"low": inf}, inf, True), ({"high": 1.0}, 1.0, True), ({"high": 1.0}, inf, False),
        ({"high": 1.0}, nan, False), ({"low": 0.0, "high": 1.0}, 0.5, True),
        ({"within": 0.5}, 2.5, True), ({"within": 0.5}, 2.51, False), ({"within": 0.5}, nan, False),
        ({"within_percent": 10.0}, 1.8, True), ({"within_percent": 10.0}, 1.79, False),
        ({"digits": 3}, 2.004, True), ({"digits": 3}, 2.006, False), ({"digits": 3}, nan, False),
    ],
)  # fmt: skip
def test_bounds(keys, value, holds):
    assert (broken(expectation(**keys), value, 2.0, {}) == "") is holds


@pytest.mark.parametrize(
    ("keys", "value", "holds"),
    [
        ({"above_lane": "b"}, 3.0, False), ({"above_lane": "b"}, 3.1, True), ({"above_lane": "b"}, nan, False),
        ({"above_lane": "b", "factor": 2.0}, 6.0, True), ({"above_lane": "b", "factor": 2.0}, 5.9, False),
        ({"above_lane": "b", "difference": 1.0}, 4.0, True), ({"above_lane": "b", "difference": 1.0}, 3.9, False),
        ({"below_lane": "b"}, 3.0, False), ({"below_lane": "b"}, 2.9, True),
        ({"below_lane": "b", "factor": 2.0}, 1.5, True), ({"below_lane": "b", "factor": 2.0}, 1.6, False),
        ({"below_lane": "b", "difference": 1.0}, 2.0, True), ({"below_lane": "b", "difference": 1.0}, 2.1, False),
        ({"equals_lane": "b"}, 3.0, True), ({"equals_lane": "b"}, 3.0 + 1e-15, False),
        ({"equals_lane": "b", "digits": 6}, 3.000001, True), ({"equals_lane": "b", "digits": 6}, 3.00001, False),
    ],
)  # fmt: skip
def test_relations_to_another_lane(keys, value, holds):
    assert (broken(expectation(**keys), value, None, {"b": 3.0}) == "") is holds


@pytest.mark.parametrize(
    ("value", "reference", "digits", "same"),
    [
        (0.7717492, 0.771749, 6, True), (0.7717486, 0.771749, 6, True), (0.7717496, 0.771749, 6, False),
        (0.09287761, 0.092878, 5, True), (0.0928786, 0.092878, 5, False), (0.0, 0.0, 3, True), (1e-9, 0.0, 3, False),
        (inf, inf, 2, True), (nan, 1.0, 1, False), (-1.04, -1.04, 17, True), (6.656e-26, 7e-26, 1, True),
    ],
)  # fmt: skip
def test_digits(value, reference, digits, same):
    assert same_digits(value, reference, digits) is same


def test_seeds_each_mean_any_and_spread():
    made = run(a=[1.0, 3.0])
    assert answer(made, low=2.0).answer is Answer.FAILS
    assert answer(made, low=2.0).why == "a: 1, not at least 2, 1 of 2 seeds"
    assert answer(made, low=2.0, seeds="any").answer is Answer.HOLDS
    assert answer(made, low=4.0, seeds="any").answer is Answer.FAILS
    assert answer(made, reference=(2.0,), within=0.01, seeds="mean").answer is Answer.HOLDS
    assert answer(made, reference=(2**0.5,), digits=6, seeds="spread").answer is Answer.HOLDS
    assert answer(made, low=2.0, seed=1).answer is Answer.HOLDS
    assert answer(made, low=2.0, seed=0).why == "a: 1, not at least 2"
    assert answer(made, low=3.0, seeds="mean").why == "a: mean over seeds is 2, not at least 3"


def test_seeds_are_compared_with_the_same_seed_of_the_other_lane():
    made = run(a=[1.0, 3.0], b=[0.0, 2.0])
    assert answer(made, above_lane="b").answer is Answer.HOLDS
    assert answer(run(a=[1.0, 3.0], b=[0.0, 3.5]), above_lane="b").why == "a: 3, not above b (3.5), 1 of 2 seeds"
    assert answer(run(a=[1.0, 3.0], b=[0.0, 3.5]), above_lane="b", seeds="mean").answer is Answer.HOLDS


def test_all_lanes_must_hold():
    made = run(a=[1.0, 1.0], b=[1.0, 0.0])
    assert answer(made, low=1.0).answer is Answer.HOLDS
    assert answer(made, low=1.0, lanes=("a", "b")).why.startswith("b: 0, not at least 1")


def test_what_was_not_reached_is_not_judged():
    made = run(a=[1.0])
    assert answer(made, low=0.0).answer is Answer.OPEN
    assert answer(made, low=0.0).why == "not judged: the run did not get there"
    assert answer(made, low=0.0, seed=0).answer is Answer.HOLDS
    assert answer(made).answer is Answer.SHOWN


def test_what_a_changed_plan_cannot_say_is_not_judged():
    made = run(a=[1.0, 1.0])
    plan = made.plan
    made.plan = replace(plan, stand_in="digits")
    assert answer(made, low=0.0).why == "not judged on digits"
    assert answer(made, low=0.0, anywhere=True).answer is Answer.HOLDS
    made.plan = replace(plan, fewer_seeds=True)
    assert answer(made, low=0.0, seeds="mean").why == "not judged with fewer seeds"
    assert answer(made, low=0.0).answer is Answer.HOLDS
    made.plan = replace(plan, other_length=True)
    assert answer(made, low=0.0, anywhere=True).why == "not judged at another length"
    made.plan = replace(plan, stand_in="digits", fewer_seeds=True, other_length=True)
    assert answer(made, low=0.0, seeds="mean").why == "not judged on digits, with fewer seeds and at another length"
    assert answer(made, low=0.0).why == "not judged on digits and at another length"
    assert answer(made, low=0.0, at="start").why == "not judged on digits"
    assert answer(made, low=2.0, at="start").answer is Answer.OPEN  # nothing was measured there


def test_the_verdict_of_all():
    made = run(a=[1.0, 1.0], expect='[[expect]]\ntext = "T"\nlane = "a"\nmeasure = "mean"\nlow = 1\n')
    (judgement,) = judge(made)
    assert verdict([judgement]) is Answer.HOLDS
    fails, still_open = replace(judgement, answer=Answer.FAILS), replace(judgement, answer=Answer.OPEN)
    shown = replace(judgement, answer=Answer.SHOWN)
    assert verdict([judgement, fails, still_open]) is Answer.FAILS
    assert verdict([judgement, still_open, shown]) is Answer.HOLDS
    assert verdict([still_open, shown]) is verdict([]) is Answer.OPEN


def test_a_cell_of_one_or_of_infinite_values_has_no_spread():
    quantity = Quantity("mean")
    assert Cell("a", quantity, (1.0, 2.0, 3.0)).spread == 1.0
    for values in ((), (1.0,), (1.0, inf), (nan, 1.0, 2.0)):
        assert Cell("a", quantity, values).spread != Cell("a", quantity, values).spread
