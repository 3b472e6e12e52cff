"""Proof by counterfactual: causes that are known, runs that are the same alone, and what stands when it is stopped."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from initscope.core.counterfactual import explain as counterfactual
from initscope.core.counterfactual.changes import LEARNING_RATES, Change, Suspect, changes, scaled
from initscope.core.counterfactual.explain import Inquiry, Progress, explain
from initscope.core.counterfactual.results import Explanation, Outcome, Trial, answer, in_order
from initscope.core.counterfactual.words import conclusion, report
from initscope.core.datasets.data import Dataset, load
from initscope.core.datasets.dataname import standardized
from initscope.core.errors import InputError
from initscope.core.learning import Constant
from initscope.core.spec import Spec, default_lr, read
from initscope.core.training import Trainer

DIGITS = load("digits")
CIRCLES = load("circles")


def spec_of(dataset: Dataset = DIGITS, **options: str) -> Spec:
    return read({key.replace("_", "-"): value for key, value in options.items()}, dataset, "lane")


def last(spec: Spec, dataset: Dataset = DIGITS, **more: int) -> Explanation:
    *_, found = explain(spec, dataset, **more)
    assert isinstance(found, Explanation)
    return found


@cache
def of_rand() -> Explanation:
    return last(spec_of(init="rand"))


def suspects(found: Explanation) -> dict[Suspect, bool]:
    return {one.suspect: one.cures for one in found.answers}


# Known causes


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
    assert "No single change cures it. Another initialization (" in words
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


@pytest.mark.parametrize(
    ("start", "then", "now", "wanted"),
    [
        (2.0, 1.5, 1.4, True), (2.0, 1.5, 1.5, False), (2.0, 1.5, 1.7, False), (2.0, 2.0, 2.0, True),
        (2.0, 0.99, 0.99, True), (2.0, 0.6, 0.6, False), (2.0, 0.6, 0.58, True),
    ],
)  # fmt: skip
def test_a_loss_is_open_while_it_falls_or_lies_on_a_plateau(
    start: float, then: float, now: float, wanted: bool
) -> None:
    inquiry = Inquiry(spec_of(), DIGITS)
    inquiry.constant = CONSTANT
    assert inquiry._is_open(start, then, now) == wanted


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


# The runs


@pytest.mark.parametrize("place", [0, 1])
def test_only_the_change_is_different(place: int) -> None:
    """What is reported of a change is what a run with that option has: same seed, same batches, alone."""
    found = of_rand()
    trial = found.answers[place].best
    for outcome in trial.outcomes:
        changed = trial.change.apply(found.spec.options()) if trial.change else {}
        lane = _alone({**changed, "seed": str(outcome.seed)}, found.steps)
        assert (outcome.loss_before, outcome.loss_after) == (lane.measures[0, 0], lane.measures[-1, 0])
        assert (outcome.accuracy_before, outcome.accuracy_after) == (lane.measures[0, 1], lane.measures[-1, 1])


def _alone(options: dict[str, str], steps: int):  # type: ignore[no-untyped-def]
    *_, snapshot = Trainer([read(options, DIGITS)], {"digits": DIGITS}).run(steps)
    return snapshot.lanes[0]


def test_the_original_is_run_as_it_is() -> None:
    found = of_rand()
    assert [outcome.seed for outcome in found.original.outcomes] == [0, 1, 2]
    assert (found.own_steps, found.steps) == (found.spec.total_steps(DIGITS.n_train), 300) == (4500, 300)
    lane = _alone({"init": "rand"}, found.own_steps)
    assert found.original.outcomes[0].loss_after == lane.measures[-1, 0]


def test_it_is_the_same_every_time_whatever_the_budget_and_the_company(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = spec_of(init="zeros", arch="64-20-10")
    found = []
    for budget, floats in ((0.02, counterfactual.LANE_FLOATS), (10.0, counterfactual.LANE_FLOATS), (0.001, 10**5)):
        monkeypatch.setattr(counterfactual, "LANE_FLOATS", floats)
        inquiry = Inquiry(spec, DIGITS, seeds=2, steps=100)
        for _ in inquiry.run(budget):
            pass
        explanation = inquiry.explanation()
        assert explanation
        found.append(json.dumps(report(explanation)))
    assert found[0] == found[1] == found[2]


def test_a_costly_network_repeats_only_the_best_with_other_seeds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counterfactual, "AFFORDABLE", 0.0)
    found = last(spec_of(init="rand"), seeds=3, steps=150)
    assert found.causes[0].suspect is Suspect.INITIALIZATION
    for one in found.answers:
        seeds = [len(trial.outcomes) for trial in one.trials]
        assert seeds.count(3) == min(3, len(seeds))
        assert set(seeds) <= {1, 3}
        assert len(one.best.outcomes) == 3


def test_a_schedule_that_looks_ahead_keeps_its_length() -> None:
    spec = spec_of(init="rand", schedule="cosine", epochs="4")
    inquiry = Inquiry(spec, DIGITS, seeds=1)
    assert inquiry._spec(None).total_steps(DIGITS.n_train) == 600
    assert Inquiry(spec_of(init="rand"), DIGITS)._spec(None).total_steps(DIGITS.n_train) == 301


def test_seeds_at_the_end_of_the_legacy_stream() -> None:
    spec = spec_of(init="rand", seed=str(2**32 - 1), stream="legacy")
    assert Inquiry(spec, DIGITS, seeds=3).seeds == (2**32 - 1, 2**32 - 3, 2**32 - 2)


@pytest.mark.parametrize(("name", "value"), [("seeds", 0), ("steps", 0), ("steps", -1)])
def test_counts_below_one_are_refused(name: str, value: int) -> None:
    with pytest.raises(InputError, match=f"{name} must be at least 1, not {value}"):
        next(explain(spec_of(), DIGITS, **{name: value}))


# Stopping


def progress_of(found: Iterator[Progress | Explanation]) -> list[Progress]:
    return [item for item in found if isinstance(item, Progress)]


def test_progress_says_what_is_done_and_what_stands() -> None:
    items = progress_of(explain(spec_of(init="rand"), DIGITS, seeds=2, steps=60))
    assert all(0 <= item.done <= 1 for item in items)
    assert {"as it is, 2 seeds, 60 steps", "done"} <= {item.words for item in items}
    assert any(item.words.endswith("seed 2 of 2, 60 steps") for item in items)
    assert items[0].so_far is None
    standing = [item.so_far for item in items if item.so_far]
    assert [found.complete for found in standing] == [False] * (len(standing) - 1) + [True]
    seeds = [len(found.answers[0].trials[0].outcomes) if found.answers else 0 for found in standing]
    assert seeds == sorted(seeds)
    assert {0, 1, 2} == set(seeds)


def test_what_stands_when_it_is_stopped() -> None:
    inquiry = Inquiry(spec_of(init="rand"), DIGITS, seeds=3, steps=150)
    assert inquiry.explanation() is None
    for progress in inquiry.run():
        if progress.so_far and progress.so_far.answers:
            break
    found = inquiry.explanation()
    assert found
    assert not found.complete
    assert found.causes[0].suspect is Suspect.INITIALIZATION
    assert "(1 of 1 seed)" in " ".join(conclusion(found))
    rates = replace(found, answers=tuple(one for one in found.answers if not one.cures))
    assert "No single change cures it so far. " in " ".join(conclusion(rates))
    assert "look at the data" not in " ".join(conclusion(rates))


# Changes


def test_each_change_changes_one_thing_and_can_be_run() -> None:
    for options in (
        {"init": "rand", "bias_init": "same", "arch": "64-30x6-10"}, {"activation": "relu", "lr": "0"},
        {"schedule": "cosine"},
    ):  # fmt: skip
        spec = spec_of(**options)
        found = changes(spec, DIGITS)
        assert len({change.changes for change in found}) == len(found)
        for change in found:
            keys = {key for key, _ in change.changes}
            own = {
                Suspect.INITIALIZATION: {"init", "bias-init"}, Suspect.LEARNING_RATE: {"lr"}, Suspect.DEPTH: {"arch"},
                Suspect.ACTIVATION: {"activation"}, Suspect.BATCH: {"batch-size"}, Suspect.SCHEDULE: {"schedule"},
            }  # fmt: skip
            assert keys <= own[change.suspect]
            changed = read(change.apply(spec.options()), DIGITS).options()
            assert {key for key, value in changed.items() if value != spec.options()[key]} == keys


@pytest.mark.parametrize("given", ["3", "0.1", "1e-6", "1e4", "0", "2.9"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_ten_learning_rates_around_what_is_usual_and_what_was_given(given: str, optimizer: str) -> None:
    spec = spec_of(lr=given, optimizer=optimizer)
    found = [float(dict(c.changes)["lr"]) for c in changes(spec, DIGITS) if c.suspect is Suspect.LEARNING_RATE]
    assert len(set(found)) == LEARNING_RATES == 10
    assert all(value > 0 and (not spec.lr or abs(value / spec.lr - 1) > 0.1) for value in found)
    usual = default_lr(spec.optimizer, spec.loss)
    assert any(abs(value / usual - 1) < 0.1 for value in [*found, spec.lr])
    assert min(found) <= usual / 10
    assert usual * 10 <= max(found) <= usual * 33, "larger ones are no remedy"


def test_depths_are_the_first_layers_of_dense_networks_alone() -> None:
    def archs(arch: str) -> list[str]:
        found = changes(spec_of(arch=arch, init="he_normal"), DIGITS)
        return [dict(c.changes)["arch"] for c in found if c.suspect is Suspect.DEPTH]

    assert archs("64-9-8-7-6-5-10") == ["64-9-8-10", "64-9-10"]
    assert archs("64-5x8-10") == ["64-5-5-5-5-10", "64-5-5-10", "64-5-10"]
    assert archs("64-30-10") == archs("64-10") == archs("64-20-bn-20-10") == []


def test_biases_are_part_of_the_initialization() -> None:
    def inits(**options: str) -> list[tuple[tuple[str, str], ...]]:
        return [c.changes for c in changes(spec_of(**options), DIGITS) if c.suspect is Suspect.INITIALIZATION]

    with_biases = inits(init="xavier_normal", bias_init="randn")
    assert with_biases[0] == (("bias-init", "zeros"),)
    assert all(("bias-init", "zeros") in one for one in with_biases)
    assert (("init", "xavier_normal"),) not in inits(init="xavier_normal")
    assert all(len(one) == 1 for one in inits(init="rand"))


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("mnist", "mnist:scale=standardize"), ("mnist:limit=10", "mnist:limit=10,scale=standardize"),
        ("a/b.csv:scale=none,drop=id", "a/b.csv:drop=id,scale=standardize"),
        ("x.npz:limit=3,scale=unit", "x.npz:limit=3,scale=standardize"),
        ("moons:noise=0.2,scale=none", "moons:noise=0.2,scale=standardize"),
    ],
)  # fmt: skip
def test_names_of_standardized_data(name: str, wanted: str) -> None:
    assert standardized(name) == wanted


def test_known_data_are_scaled() -> None:
    for name in ("digits", "circles", "moons", "spiral", "xor", "gaussians", "noise", "digits:scale=standardize"):
        assert scaled(load(name)), name
    assert not scaled(replace(DIGITS, x_train=DIGITS.x_train * 255))
    assert not scaled(replace(DIGITS, x_train=DIGITS.x_train / 255))


# Judging, of made-up numbers

CONSTANT = Constant(1.0, 0.5)


def trial(suspect: Suspect | None, words: str, *losses: float) -> Trial:
    """With one seed for each loss: it has learned where that is below 0.8, and diverged where it is NaN."""
    change = Change(suspect, words, (("lr", words),)) if suspect else None
    runs = [
        Outcome(seed, 2.0, after, 0.5, 0.9 if after < 0.8 else 0.5 + 0 * after, after != after, after < 0.8, False)
        for seed, after in enumerate(losses)
    ]
    return Trial(change, tuple(runs))


def test_a_cure_needs_more_than_half_of_the_seeds_and_more_than_there_were() -> None:
    never, once = trial(None, "", 1.0, 1.0, 1.0), trial(None, "", 1.0, 1.0, 0.1)

    def cures(original: Trial, *losses: float) -> bool:
        return answer(Suspect.DEPTH, (trial(Suspect.DEPTH, "x", *losses),), original, CONSTANT).cures

    assert cures(never, 0.1, 0.1, 1.0)
    assert not cures(never, 0.1, 1.0, 1.0)
    assert cures(once, 0.1, 0.1, 0.1)
    assert cures(once, 0.1, 0.1, float("nan"))
    assert cures(trial(None, "", float("nan"), 1.0, 1.0), 0.1, 0.1, 0.1)
    assert not cures(trial(None, "", float("nan"), float("nan"), 1.0), 1.0, 1.0, float("nan"))
    assert not cures(trial(None, "", 0.1, 0.1, 1.0), 0.1, 0.1, 1.0)


def test_the_best_is_the_usual_one_among_equals() -> None:
    original = trial(None, "", 1.0, 1.0)
    usual, better, much_better, unsure, wild = (
        trial(Suspect.LEARNING_RATE, words, *losses)
        for words, losses in (
            ("usual", (0.4, 0.4)), ("better", (0.35, 0.35)), ("much", (0.1, 0.1)), ("unsure", (0.01, 1.0)),
            ("wild", (float("nan"), 0.01)),
        )
    )  # fmt: skip
    assert answer(Suspect.LEARNING_RATE, (usual, better), original, CONSTANT).best is usual
    assert answer(Suspect.LEARNING_RATE, (wild, unsure, usual, much_better), original, CONSTANT).best is much_better
    assert answer(Suspect.LEARNING_RATE, (wild, unsure), original, CONSTANT).best is unsure
    hopeless = trial(Suspect.LEARNING_RATE, "nan", float("nan"), float("nan"))
    assert answer(Suspect.LEARNING_RATE, (hopeless,), original, CONSTANT).best is hopeless


def test_one_lucky_seed_does_not_stand_against_three() -> None:
    original = trial(None, "", 1.0, 1.0, 1.0)
    lucky, tried = trial(Suspect.DEPTH, "lucky", 0.01), trial(Suspect.DEPTH, "tried", 0.1, 1.0, 1.0)
    found = answer(Suspect.DEPTH, (lucky, tried), original, CONSTANT)
    assert (found.best, found.cures) == (tried, False)


def test_cures_that_keep_the_network_come_first_then_the_better_ones() -> None:
    original = trial(None, "", 1.0, 1.0)
    given = {
        Suspect.DEPTH: 0.01, Suspect.ACTIVATION: 0.3, Suspect.LEARNING_RATE: 0.1, Suspect.INITIALIZATION: 0.5,
        Suspect.DATA: 1.0, Suspect.BATCH: 1.0,
    }  # fmt: skip
    answers = [answer(one, (trial(one, "x", loss, loss),), original, CONSTANT) for one, loss in given.items()]
    order = [one.suspect for one in in_order(answers, CONSTANT)]
    assert order == [
        Suspect.LEARNING_RATE, Suspect.INITIALIZATION, Suspect.DEPTH, Suspect.ACTIVATION, Suspect.DATA, Suspect.BATCH
    ]  # fmt: skip
    equal = [
        answer(one, (trial(one, "x", loss, loss),), original, CONSTANT)
        for one, loss in ((Suspect.LEARNING_RATE, 0.10), (Suspect.INITIALIZATION, 0.12))
    ]
    assert in_order(equal, CONSTANT)[0].suspect is Suspect.INITIALIZATION


def test_words_of_luck_and_of_divergence() -> None:
    spec = spec_of()
    lucky = Explanation(spec, (0, 1, 2), 300, CONSTANT, trial(None, "", 1.0, 0.1, 0.1), (), True)
    assert "With its own seed, 0, it has not: that is chance, not a cause." in conclusion(lucky)[0]
    wild = Explanation(spec, (0, 1), 300, CONSTANT, trial(None, "", float("nan"), 1.0), (), True)
    assert "loss 2, and it diverges with 1 of the seeds in 300 steps (0 of 2 seeds)" in conclusion(wild)[0]


def test_the_report_is_strict_json_and_complete() -> None:
    found = of_rand()
    document = json.loads(json.dumps(report(found), allow_nan=False))
    assert document["causes"] == ["initialization"]
    assert document["remedy"]["options"] == dict(found.answers[0].best.change.changes)  # type: ignore[union-attr]
    assert document["suspects"][0]["suspect"] == "initialization"
    assert sum(len(one["trials"]) for one in document["suspects"]) == sum(len(one.trials) for one in found.answers)
    assert all(len(t["runs"]) == 3 for one in document["suspects"] for t in one["trials"])
    assert document["original"]["runs"][0]["loss"][1] == found.original.outcomes[0].loss_after
    assert document["conclusion"] == conclusion(found)
    assert (document["steps"], document["seeds"], document["complete"]) == (300, [0, 1, 2], True)
