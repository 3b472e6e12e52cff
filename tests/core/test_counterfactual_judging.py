"""What a proof makes of numbers: cures, the best of them, their order, the words, and the report."""

import json

import pytest
from inquiries import CONSTANT, of_rand, spec_of

from initscope.core.counterfactual.changes import Change, Suspect
from initscope.core.counterfactual.judging import unsettled
from initscope.core.counterfactual.results import Explanation, Outcome, Trial, answer, in_order
from initscope.core.counterfactual.words import conclusion, report


@pytest.mark.parametrize(
    ("start", "then", "now", "wanted"),
    [
        (2.0, 1.5, 1.4, True), (2.0, 1.5, 1.5, False), (2.0, 1.5, 1.7, False), (2.0, 2.0, 2.0, True),
        (2.0, 0.99, 0.99, True), (2.0, 0.6, 0.6, False), (2.0, 0.6, 0.58, True),
    ],
)  # fmt: skip
def test_a_loss_is_unsettled_while_it_falls_or_lies_on_a_plateau(
    start: float, then: float, now: float, wanted: bool
) -> None:
    assert unsettled(start, then, now, CONSTANT) == wanted


def trial(suspect: Suspect | None, words: str, *losses: float) -> Trial:
    """With one seed for each loss: it has learned where that is below 0.8, and diverged where it is NaN."""
    change = Change(suspect, words, (("lr", words),)) if suspect else None
    runs = [
        Outcome(seed, 300, 2.0, after, 0.5, 0.9 if after < 0.8 else 0.5 + 0 * after, after != after, after < 0.8, False)
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
