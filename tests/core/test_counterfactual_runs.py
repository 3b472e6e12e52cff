"""The runs behind a proof: the same alone, in any company and at any pace; and what stands when they are stopped."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from inquiries import DIGITS, last, of_rand, spec_of

from initscope.core.counterfactual import explain as counterfactual
from initscope.core.counterfactual import runs
from initscope.core.counterfactual.changes import Suspect
from initscope.core.counterfactual.explain import Inquiry, Progress, explain
from initscope.core.counterfactual.results import Explanation
from initscope.core.counterfactual.runs import Runs
from initscope.core.counterfactual.words import conclusion, report
from initscope.core.errors import InputError
from initscope.core.spec import read
from initscope.core.training import Trainer


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
    for budget, floats in ((0.02, runs.LANE_FLOATS), (10.0, runs.LANE_FLOATS), (0.001, 10**5)):
        monkeypatch.setattr(runs, "LANE_FLOATS", floats)
        inquiry = Inquiry(spec, DIGITS, seeds=2, steps=100)
        for _ in inquiry.run(budget):
            pass
        explanation = inquiry.explanation()
        assert explanation
        found.append(json.dumps(report(explanation)))
    assert found[0] == found[1] == found[2]


def test_a_costly_network_repeats_only_the_best_with_other_seeds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counterfactual, "COSTLY", 0.0)
    found = last(spec_of(init="rand"), seeds=3, steps=150)
    assert found.causes[0].suspect is Suspect.INITIALIZATION
    for one in found.answers:
        seeds = [len(trial.outcomes) for trial in one.trials]
        assert seeds.count(3) == min(3, len(seeds))
        assert set(seeds) <= {1, 3}
        assert len(one.best.outcomes) == 3


def test_a_schedule_that_looks_ahead_keeps_its_length() -> None:
    spec = spec_of(init="rand", schedule="cosine", epochs="4")
    assert Runs(spec, DIGITS).spec_of((None, 0), 300).total_steps(DIGITS.n_train) == 600
    assert Runs(spec_of(init="rand"), DIGITS).spec_of((None, 0), 300).total_steps(DIGITS.n_train) == 301


def test_seeds_at_the_end_of_the_legacy_stream() -> None:
    spec = spec_of(init="rand", seed=str(2**32 - 1), stream="legacy")
    assert Inquiry(spec, DIGITS, seeds=3).seeds == (2**32 - 1, 2**32 - 3, 2**32 - 2)


@pytest.mark.parametrize(("name", "value"), [("seeds", 0), ("steps", 0), ("steps", -1)])
def test_counts_below_one_are_refused(name: str, value: int) -> None:
    with pytest.raises(InputError, match=f"{name} must be at least 1, not {value}"):
        next(explain(spec_of(), DIGITS, **{name: value}))


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
