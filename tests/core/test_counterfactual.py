"""Proof by counterfactual, where the cause is known: it is found, and nothing else is accused."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from inquiries import DIGITS, last, of_rand, spec_of
from numpy.typing import NDArray

from initscope.core.counterfactual import explain as counterfactual
from initscope.core.counterfactual.changes import LEARNING_RATES, Suspect, scaled
from initscope.core.counterfactual.explain import Inquiry
from initscope.core.counterfactual.results import Explanation
from initscope.core.counterfactual.words import conclusion, report
from initscope.core.datasets.data import Dataset, load

CIRCLES = load("circles")


def suspects(found: Explanation) -> dict[Suspect, bool]:
    return {one.suspect: one.cures for one in found.answers}


def test_rand_is_to_blame_and_the_learning_rate_is_not() -> None:
    found = of_rand()
    assert not found.learns
    assert found.settled
    assert found.complete
    assert suspects(found) == {
        Suspect.INITIALIZATION: True, Suspect.LEARNING_RATE: False, Suspect.ACTIVATION: False, Suspect.BATCH: False
    }  # fmt: skip
    assert found.answers[0].suspect is Suspect.INITIALIZATION
    assert found.answers[0].best.learned == len(found.seeds) == 3
    assert found.remedy
    assert dict(found.remedy.changes).keys() == {"init"}
    rates = next(one for one in found.answers if one.suspect is Suspect.LEARNING_RATE)
    assert (len(rates.trials), rates.best.learned) == (LEARNING_RATES, 0)
    assert all(outcome.accuracy_after < 0.2 for trial in rates.trials for outcome in trial.outcomes)
    words = " ".join(conclusion(found))
    assert "Initialization: yes. Same network, same batches, " in words
    assert "changing the learning rate (10 values): no" in words
    assert " in 300 steps (3 of 3 seeds)" in words


def test_a_tiny_learning_rate_is_to_blame_and_xavier_is_not() -> None:
    found = last(spec_of(init="xavier_normal", lr="1e-6"), seeds=2)
    assert [one.suspect for one in found.causes] == [Suspect.LEARNING_RATE]
    assert found.remedy
    assert found.remedy.changes == (("lr", "3"),), "the usual one, where others are hardly better"
    assert "Learning rate: yes. Same network, same batches, lr 3: " in " ".join(conclusion(found))


def test_a_learning_rate_that_makes_it_diverge_is_to_blame() -> None:
    options = {"init": "he_normal", "activation": "relu", "loss": "cross_entropy", "lr": "30"}
    found = last(spec_of(arch="64-20-20-10", **options), seeds=2)
    assert Suspect.LEARNING_RATE is found.causes[0].suspect
    assert found.remedy
    assert float(dict(found.remedy.changes)["lr"]) < 30


def test_of_broken_labels_nothing_is_to_blame() -> None:
    labels = np.random.default_rng(0).permutation(DIGITS.y_train)
    found = last(spec_of(init="xavier_normal"), replace(DIGITS, y_train=labels), seeds=2, steps=200)
    assert not found.learns
    assert not any(suspects(found).values())
    assert not found.settled
    assert found.remedy is None
    words = " ".join(conclusion(found))
    assert "No single change cures it in 200 steps. Another initialization (" in words
    assert "; changing the learning rate (10 values): not in 200 steps; " in words
    assert all(one.open for one in found.answers), "of labels at random, too, nobody knows"
    assert "look at the data" in words


def test_a_network_that_learns_accuses_nobody() -> None:
    found = last(spec_of(init="randn"))
    assert found.learns
    assert found.settled
    assert (found.answers, found.causes, found.remedy) == ((), (), None)
    words = conclusion(found)
    assert len(words) == 1
    assert words[0].startswith("It learns: loss 1.")
    assert words[0].endswith("There is nothing to accuse.")


def test_one_that_is_slow_gets_the_time_it_has() -> None:
    """Tanh on circles stands at the constant answer's loss after 300 steps, and has learned after 1,000."""
    slow = {"arch": "2-10-2", "activation": "tanh", "loss": "cross_entropy", "init": "xavier_normal"}
    found = last(spec_of(CIRCLES, **slow), CIRCLES)
    assert found.learns
    assert found.steps == 1000
    brief = last(spec_of(CIRCLES, **slow), CIRCLES, steps=300, seeds=1)
    assert not brief.learns
    assert brief.steps == 300


def test_a_deep_network_with_small_steps_gets_its_own_length_before_it_is_called_dead() -> None:
    deep = {"arch": "64-30x8-10", "activation": "tanh", "init": "xavier_normal", "loss": "cross_entropy", "lr": "5e-4"}
    found = last(spec_of(**deep), seeds=1)
    assert found.learns
    assert (found.steps, found.answers) == (3000, ())
    assert " in 3,000 steps (1 of 1 seed)" in conclusion(found)[0]
    assert not last(spec_of(**deep), seeds=1, steps=300).learns


def test_one_whose_own_length_is_too_long_to_try_may_yet_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counterfactual, "AFFORDABLE", 0.0)
    found = last(spec_of(init="xavier_normal", lr="0.01"), seeds=1)
    assert (found.learns, found.own_steps, found.untried) == (False, 300, 4500)
    assert "It may yet: it has 4,500 steps, too many to try." in conclusion(found)[0]
    assert last(spec_of(init="xavier_normal", lr="0.01"), seeds=1, steps=300).untried == 0, "so it was wanted"


def test_a_warm_up_longer_than_the_run_is_to_blame_and_named() -> None:
    found = last(spec_of(init="randn", schedule="constant:warmup=1000000"), seeds=1)
    assert found.causes[0].suspect is Suspect.SCHEDULE
    assert found.remedy
    assert found.remedy.changes == (("schedule", "constant"),)
    words = " ".join(conclusion(found))
    assert "Learning-rate schedule: yes. Same network, same batches, constant rate: " in words
    assert "Its warm-up takes 1,000,000 steps: in 4,500 the learning rate got to 0.013 of 3." in words


def test_what_is_learned_by_heart_is_called_so() -> None:
    """Labels at random are fitted by enough weights; the test stays at chance."""
    rng = np.random.default_rng(0)
    dataset = Dataset("noise", *_noise(rng, 200), *_noise(rng, 400), 4, "random", (20,))
    options = {"arch": "20-100-4", "init": "he_normal", "activation": "relu", "loss": "cross_entropy"}
    found = last(spec_of(dataset, **options, optimizer="adam", lr="0.003"), dataset, seeds=2)
    assert found.learns
    assert found.by_heart(found.original)
    assert re.search("^It learns by heart: .* of the test examples only 2.% are right. ", conclusion(found)[0])
    assert "nothing to accuse" not in conclusion(found)[0]
    document = report(found)
    assert document["learned_by_heart"]
    assert all(0.15 < run["test_accuracy"] < 0.35 for run in document["original"]["runs"])
    cured = last(spec_of(dataset, **options, optimizer="adam", lr="1e-8"), dataset, seeds=1)
    assert cured.causes[0].suspect is Suspect.LEARNING_RATE
    assert ", but by heart: of the test examples only 2" in " ".join(conclusion(cured))
    assert not report(of_rand())["suspects"][0]["learned_by_heart"]


def _noise(rng: np.random.Generator, count: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    return rng.random((count, 20)), rng.integers(0, 4, count)


def test_inputs_that_are_not_scaled_are_to_blame(tmp_path: Path) -> None:
    file = tmp_path / "far.npz"
    np.savez(file, x=DIGITS.x_train[:400] * 50 + 1000, y=DIGITS.y_train[:400])
    dataset = load(str(file))
    assert not scaled(dataset)
    inquiry = Inquiry(spec_of(dataset, init="xavier_normal", loss="cross_entropy"), dataset, seeds=1)
    for _ in inquiry.run():
        pass
    found = inquiry.explanation()
    assert found
    assert found.causes[0].suspect is Suspect.DATA
    assert found.remedy
    name = dict(found.remedy.changes)["data"]
    np.testing.assert_array_equal(inquiry.datasets[name].x_train, load(name).x_train)
    assert name == f"{file}:scale=standardize"
    assert scaled(inquiry.datasets[name])
