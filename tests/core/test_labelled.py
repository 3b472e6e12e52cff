"""The labelled networks: counts and balance, specs that read, the rule, and labels that come out again."""

import importlib
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from initscope.core import spec
from initscope.core.datasets.data import load
from initscope.core.snapshot import Measures

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))
labelled, labelled_data, design, rule = (
    importlib.import_module(name) for name in ("labelled", "labelled_data", "labelled_design", "labelled_rule")
)
ROWS = labelled.stored()
BY_NUMBER = {row["id"]: row for row in ROWS}
LEAST = {"initialization": 40, "none": 60, "learning rate": 25}
"""Networks of a cause in each half."""
MOST_BYTES = 400_000


def test_the_file_holds_the_networks_of_the_design_and_is_small():
    assert [labelled.network_of(row) for row in ROWS] == list(design.networks())
    assert len(ROWS) >= 360
    assert labelled.FILE.stat().st_size < MOST_BYTES
    assert len({str(row["options"]) for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("half", ["build", "held"])
def test_each_half_has_enough_of_each_cause(half):
    counts = Counter(row["cause"] for row in ROWS if row["half"] == half)
    assert counts.keys() <= set(rule.CAUSES)
    for cause, least in LEAST.items():
        assert counts[cause] >= least, cause


def test_kinds_are_halved_or_whole_and_some_whole_kinds_lie_in_each_half():
    halves: dict[str, Counter[str]] = {}
    for row in ROWS:
        halves.setdefault(row["kind"], Counter())[row["half"]] += 1
    assert {half for counts in halves.values() if len(counts) == 1 for half in counts} == {"build", "held"}
    for counts in halves.values():
        assert len(counts) == 1 or abs(counts["build"] - counts["held"]) <= 1


def test_every_network_reads_as_a_spec():
    for row in ROWS:
        read = labelled.spec_of(labelled.network_of(row))
        assert read.seed == int(row["options"].get("seed", 0))
        assert spec.read(read.options(), labelled_data.load(read.data)) == read


def test_labels_agree_with_what_was_measured():
    for row in ROWS:
        assert row["learns"] is rule.learns(row["progress"])
        assert (row["cause"] == "none") is (row["learns"] is True)
        assert (row["cause"] == "marginal") is (row["learns"] is None)
        if row["cause"] in ("initialization", "either"):
            assert row["cured_by_init"]
            assert row["best"]["init"][1] >= rule.LEARNED
        if row["cause"] in ("learning rate", "either"):
            assert row["cured_by_lr"]
            assert row["best"]["lr"][1] >= rule.LEARNED


def quick(cause: str) -> int:
    """The smallest network of that cause whose seeds agree."""
    found = [row for row in ROWS if row["cause"] == cause and len(row["progress"]) == labelled.SEEDS]
    assert found
    sized = [(labelled.spec_of(labelled.network_of(row)).architecture.parameters, row["id"]) for row in found]
    return min(sized)[1]


@pytest.mark.parametrize("cause", ["initialization", "learning rate"])
def test_a_label_comes_out_again(cause):
    row = BY_NUMBER[quick(cause)]
    again = labelled.label(labelled.network_of(row))
    assert {key: again[key] for key in ("learns", "cause", "true")} == {
        key: row[key] for key in ("learns", "cause", "true")
    }


def test_a_network_of_another_design_is_labelled_anew(monkeypatch, tmp_path):
    number = quick("none")
    row, file = BY_NUMBER[number], tmp_path / "networks.json"
    trained = []
    labelled.write([{**row, "half": "neither"}], file)
    monkeypatch.setattr(labelled, "label", lambda network: trained.append(network.number) or row)
    network = labelled.network_of(row)
    labelled.fill([network], [network], file)
    assert (trained, labelled.stored(file)) == ([number], [row])


# The rule


@pytest.mark.parametrize(
    ("own", "learning"),
    [
        ([0.9, 0.6], True),
        ([0.0, 0.25], False),
        ([0.9, 0.1], None),
        ([0.9, 0.4], None),
        ([0.9, 0.4, 0.7], True),
        ([0.9, 0.4, 0.1], None),
        ([0.4, 0.5, 0.4], None),
        ([0.1, 0.4, 0.0], False),
        ([0.9, 0.1, 0.9], None),
    ],
)
def test_seeds_must_agree(own, learning):
    assert rule.learns(own) is learning


def outcomes(**runs: list[tuple[float, float]]) -> dict:
    """Margins and falls, two seeds each, by what was changed."""
    return {
        rule.Variant(what, what): [rule.Outcome(margin, fall, margin, 1 - fall) for margin, fall in pairs]
        for what, pairs in runs.items()
    }


def test_progress_is_a_share_of_the_best_of_the_same_seed():
    found = rule.progress(outcomes(own=[(0.4, 0.4), (0.1, 0.4)], lr=[(0.8, 0.5), (0.2, 0.8)]))
    assert found[rule.Variant("own", "own")] == [0.5, 0.0]  # with the second seed nothing is far above chance
    assert found[rule.Variant("lr", "lr")] == [1.0, 0.0]


def test_the_constant_answer_makes_no_progress():
    digits = load("digits")
    shares = np.bincount(digits.y_train) / digits.n_train
    right = float((digits.y_test == shares.argmax()).mean())
    for loss, value in (
        ("quadratic", 0.5 * float(((np.eye(10)[digits.y_train] - shares) ** 2).sum(axis=1).mean())),
        ("cross_entropy", -float(np.log(shares[digits.y_train]).mean())),
    ):
        found = rule.outcome(Measures(value, right, value, right, 1), digits, loss)
        assert (found.margin, found.fall) == (0.0, pytest.approx(0.0, abs=1e-12))
        better = rule.outcome(Measures(value / 4, 1.0, value, 1.0, 10), digits, loss)
        assert (better.margin, better.fall) == (1.0, pytest.approx(0.75))
    diverged = rule.outcome(Measures(float("nan"), 0.5, float("nan"), 0.5, 1), digits, "quadratic")
    assert (diverged.margin, diverged.fall) == (0.0, 0.0)


GOOD, FAIR, BAD = [(1.0, 1.0)] * 2, [(0.65, 0.7)] * 2, [(0.0, 0.1)] * 2


@pytest.mark.parametrize(
    ("broken", "runs", "cause", "true"),
    [
        (False, {"init": GOOD, "lr": BAD}, "initialization", ["initialization"]),
        (False, {"init": BAD, "lr": GOOD}, "learning rate", ["learning rate"]),
        (False, {"init": GOOD, "lr": GOOD}, "either", ["initialization", "learning rate"]),
        (False, {"init": GOOD, "lr": FAIR}, "initialization", ["initialization"]),
        (False, {"init": FAIR, "lr": GOOD}, "learning rate", ["learning rate"]),
        (False, {"init": BAD, "lr": BAD, "both": GOOD, "depth": GOOD}, "both",
         ["both", "initialization", "learning rate"]),
        (False, {"init": BAD, "lr": BAD, "both": BAD, "depth": GOOD}, "depth", ["depth"]),
        (False, {"init": BAD, "lr": BAD, "both": BAD}, "unknown", []),
        (True, {"init": BAD, "lr": BAD, "data": GOOD}, "data", ["data"]),
        (True, {"init": GOOD, "lr": BAD, "data": GOOD}, "data", ["data", "initialization"]),
        (True, {"init": GOOD, "lr": BAD, "data": BAD}, "initialization", ["initialization"]),
        (True, {"init": BAD, "lr": BAD, "data": BAD}, "data", ["data"]),
    ],
)  # fmt: skip
def test_the_cause_is_what_cures(broken, runs, cause, true):
    found = outcomes(own=BAD, **runs)
    cures = {what: rule.best(found, what) for what in runs}
    assert rule.cause(False, cures, broken) == (cause, tuple(true))


def test_one_good_seed_is_no_cure():
    found = rule.best(outcomes(own=BAD, init=[(1.0, 1.0), (0.5, 0.5)], lr=GOOD), "init")
    assert (found.cures, found.progress) == (False, 0.75)


# The data


def test_broken_data_differ_from_digits_in_their_fault_alone():
    digits = load("digits")
    for name in labelled_data.REPAIRED:
        found = labelled_data.load(name)
        assert found.name == name
        if found.classes == digits.classes:
            same_x = np.array_equal(found.x_train, digits.x_train)
            assert same_x is (name == "digits-shuffled-labels")
            assert np.array_equal(found.y_train, digits.y_train) is not same_x
            assert np.array_equal(np.bincount(found.y_train), np.bincount(digits.y_train))
    rare = labelled_data.load("digits-one-class-97")
    assert np.bincount(rare.y_train) / rare.n_train == pytest.approx([0.97, 0.03], abs=0.002)
    zeros, ones = np.bincount(labelled_data.load("digits-eights").y_train)
    assert zeros == ones


def test_the_program_finds_written_data_by_name(monkeypatch, tmp_path):
    labelled_data.write_all(tmp_path)
    monkeypatch.setenv("INITSCOPE_DATA_DIR", str(tmp_path))
    for name in labelled_data.REPAIRED:
        assert np.array_equal(load(name).x_train, labelled_data.load(name).x_train)


def test_the_fresh_networks_are_others_of_the_same_kinds() -> None:
    fresh = labelled.stored(labelled.FILE.with_name("networks-fresh.json"))
    drawn = {network.number: network for network in design.networks(20261122)}
    assert [labelled.network_of(row) for row in fresh] == [drawn[int(row["id"])] for row in fresh]
    assert len(fresh) == 253
    known = [row["options"] for row in ROWS]
    again = sum(row["options"] in known for row in fresh)
    assert again < 10
