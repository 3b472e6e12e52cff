"""Longer runs of what the first ones did not tell: which changes go on, what cures only then, and what is no no."""

import json

import pytest
from inquiries import CONSTANT, DIGITS, last, spec_of

from initscope.core.counterfactual import explain as counterfactual
from initscope.core.counterfactual import runs
from initscope.core.counterfactual.changes import Change, Suspect, changes
from initscope.core.counterfactual.explain import Inquiry
from initscope.core.counterfactual.judging import moves
from initscope.core.counterfactual.race import RUNNERS, runners
from initscope.core.counterfactual.results import Answer, Explanation, Outcome, Trial
from initscope.core.counterfactual.words import conclusion, report
from initscope.core.datasets.data import Dataset
from initscope.core.snapshot import LaneSnapshot
from initscope.core.spec import Spec
from initscope.core.training import Trainer

ORIGINAL = Trial(None, (Outcome(0, 300, 2.0, 1.0, 0.5, 0.5, False, False, False),))


def alone(options: dict[str, str], steps: int) -> LaneSnapshot:
    *_, snapshot = Trainer([spec_of(**options)], {"digits": DIGITS}).run(steps)
    return snapshot.lanes[0]


DEEP = {"arch": "64-30x8-10", "init": "xavier_normal", "loss": "cross_entropy", "epochs": "7"}
"""Of sigmoids: with gain 4 it stands at the loss of a constant answer for some 500 steps before it learns."""


@pytest.fixture
def few_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two initializers, two learning rates and one activation: the others each cost a group of lanes."""

    def some(spec: Spec, dataset: Dataset) -> tuple[Change, ...]:
        wanted = ("xavier_normal:gain=4", "lecun_normal", "lr 0.01", "lr 1", "tanh")
        return tuple(change for change in changes(spec, dataset) if change.words in wanted)

    monkeypatch.setattr(runs, "changes", some)


@pytest.mark.usefixtures("few_changes")
def test_a_deep_sigmoid_network_is_cured_by_what_takes_longer_than_the_first_runs() -> None:
    found = last(spec_of(**DEEP), seeds=2)
    assert not last(spec_of(**DEEP), seeds=1, steps=300).answers[1].cures
    assert [one.suspect for one in found.causes] == [Suspect.INITIALIZATION, Suspect.ACTIVATION]
    best = found.causes[0].best
    assert best.change
    assert (best.change.words, best.steps, best.learned) == ("xavier_normal:gain=4", 1050, 2)
    assert found.own_steps >= best.steps, "what it is compared with was given no fewer"
    assert found.answers[2].suspect is Suspect.LEARNING_RATE
    assert found.answers[2].steps == 300, "its answers do not depend on the input: dead, so it ended there"
    words = " ".join(conclusion(found))
    assert "in 1,050 steps (2 of 2 seeds); changing the learning rate (lr 0.01, lr 1): no." in words
    for outcome in best.outcomes:
        lane = alone({**DEEP, "init": "xavier_normal:gain=4", "seed": str(outcome.seed)}, best.steps)
        assert outcome.loss_after == lane.measures[-1, 0]


@pytest.mark.usefixtures("few_changes")
def test_longer_runs_are_the_same_whatever_the_budget_and_the_company(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for budget, floats in ((10.0, runs.LANE_FLOATS), (0.001, 10**5)):
        monkeypatch.setattr(runs, "LANE_FLOATS", floats)
        inquiry = Inquiry(spec_of(**DEEP), DIGITS, seeds=1)
        progress = list(inquiry.run(budget))
        assert progress[-1].so_far
        found.append(json.dumps(report(progress[-1].so_far)))
    assert found[0] == found[1]


@pytest.mark.usefixtures("few_changes")
def test_what_could_not_be_tried_for_longer_is_no_no(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counterfactual, "RACE", 0.0)
    found = last(spec_of(**DEEP), seeds=1)
    of_init = next(one for one in found.answers if one.suspect is Suspect.INITIALIZATION)
    assert (of_init.cures, of_init.open, of_init.steps) == (False, True, 300)
    assert "; another initialization (xavier_normal:gain=4, lecun_normal): not in 300 steps; " in conclusion(found)[1]
    document = next(one for one in report(found)["suspects"] if one["suspect"] == "initialization")
    assert (document["cures"], document["open"], document["steps"]) == (False, True, 300)
    assert [trial["runs"][0]["alive"] for trial in document["trials"]] == [True, False]


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["quadratic", "cross_entropy"])
def test_the_whole_search_of_a_deep_sigmoid_network(loss: str) -> None:
    found = last(spec_of(**{**DEEP, "loss": loss, "epochs": "30"}))
    assert found.causes[0].suspect is Suspect.INITIALIZATION
    assert found.causes[0].best.learned == 3
    assert found.remedy
    assert found.remedy.words == "xavier_normal:gain=4"


@pytest.mark.parametrize(
    ("then", "now", "fall", "wanted"),
    [
        (1e-3, 1e-3, 0.1, True), (1e-3, 2e-3, 0.0, True), (2e-3, 1e-3, 0.0, True), (1e-3, 1e-3, 1e-4, False),
        (1e-3, 1.005e-3, 0.0, False), (1e-7, 9e-7, 0.1, False), (0.1, 0.1, float("nan"), False),
    ],
)  # fmt: skip
def test_a_run_moves_while_something_of_the_input_arrives_and_something_changes(
    then: float, now: float, fall: float, wanted: bool
) -> None:
    assert moves(then, now, fall, CONSTANT) == wanted


def test_who_goes_on() -> None:
    """Until a change cures that leaves the network what it is, the best that are alive of every other suspect."""

    def lane(suspect: Suspect, number: int, loss: float, signal: float, alive: bool = True, way: bool = False) -> Trial:
        outcome = Outcome(0, 300, 2.0, loss, 0.5, 0.5, False, False, way, 0.5, signal, alive)
        return Trial(Change(suspect, str(number), ()), (outcome,))

    def who(*answers: Answer) -> list[str]:
        found = Explanation(spec_of(), (0,), 300, CONSTANT, ORIGINAL, answers, False)
        return [change.words for change in runners(found)]

    init = tuple(lane(Suspect.INITIALIZATION, number, 1.0, 10.0**-number, number != 3) for number in range(1, 8))
    rates = (lane(Suspect.LEARNING_RATE, 8, 1.5, 0.5), lane(Suspect.LEARNING_RATE, 9, 0.9, 0.1))
    cured = Answer(Suspect.LEARNING_RATE, rates, True, rates[0])
    depth = Answer(Suspect.DEPTH, rates, True, rates[0])
    open_init = Answer(Suspect.INITIALIZATION, init, False, init[0])
    assert who(open_init, Answer(Suspect.LEARNING_RATE, rates, False, rates[0])) == ["1", "2", "4", "5", "9", "8"]
    assert len(who(open_init)) == RUNNERS
    other = Answer(Suspect.BATCH, rates, False, rates[0])
    assert who(open_init, other) == ["1", "2", "4", "5", "9", "8"]
    assert who(depth, open_init, other) == ["1", "2", "4", "5"]
    assert who(cured, open_init) == []
    promising = (lane(Suspect.INITIALIZATION, 1, 0.9, 0.1, way=True),)
    assert who(cured, Answer(Suspect.INITIALIZATION, promising, False, promising[0])) == ["1"]


@pytest.mark.parametrize(
    ("length", "wanted"),
    [("1", [1000]), ("7", [1050]), ("30", [1000, 4500]), ("40", [1000, 3000, 6000]), ("900", [1000, 3000, 10_000])],
)
def test_longer_runs_come_to_the_networks_own_length(length: str, wanted: list[int]) -> None:
    assert Inquiry(spec_of(epochs=length), DIGITS)._longer == wanted
    assert Inquiry(spec_of(epochs=length), DIGITS, steps=300)._longer == []
