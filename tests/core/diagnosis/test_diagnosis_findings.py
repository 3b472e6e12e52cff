"""Findings are plain values: codes with words, clamped numbers, remedies that apply."""

from dataclasses import replace
from math import inf, nan

import pytest
from cases import data, spec_of

from initscope.core.diagnosis.alarms import Alarms
from initscope.core.diagnosis.findings import (
    CODES,
    LARGEST,
    SMALLEST,
    Blame,
    Finding,
    Remedy,
    clamped,
    evidence,
    layers_words,
    short,
)
from initscope.core.diagnosis.verdict import Verdict
from initscope.core.spec import read


def finding(code: str) -> Finding:
    return Finding(code, (), (), "a cause", Blame.DATA, None, "", 0.5)


def verdict(*found: str) -> Verdict:
    return Verdict(tuple(finding(code) for code in found), (), not found, "")


def test_every_code_has_one_line_of_words():
    assert len(CODES) == 19
    assert all("\n" not in words and 10 < len(words) < 90 for words in CODES.values())
    assert finding("saturated").title == CODES["saturated"]


def test_a_finding_of_no_code_is_refused():
    with pytest.raises(ValueError, match="no-such-code"):
        finding("no-such-code")


@pytest.mark.parametrize(
    ("value", "shown"),
    [(inf, LARGEST), (-inf, -LARGEST), (3e300, LARGEST), (1e-300, 0.0), (0.25, 0.25), (-2.0, -2.0), (1e-9, SMALLEST)],
)
def test_absurd_numbers_are_clamped(value, shown):
    assert clamped(value) == shown


def test_what_does_not_apply_is_no_evidence():
    assert evidence(z_std=inf, saturated=nan, weight_mean=0.5) == (("z std", LARGEST), ("weight mean", 0.5))


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.12345, "0.123"), (1e12, "more than 1e9"), (-1e12, "-more than 1e9"), (1e-12, "less than 1e-9"), (0, "0"),
     (2.5e-7, "2.5e-7"), (nan, "not a number")],
)  # fmt: skip
def test_numbers_in_sentences_are_short(value, text):
    assert short(value) == text


@pytest.mark.parametrize(
    ("layers", "words"),
    [((), "the network"), ((2,), "layer 2"), ((1, 2), "layers 1 and 2"), ((1, 2, 3, 4), "layers 1 to 4"),
     ((1, 3, 4), "layers 1, 3 and 4")],
)  # fmt: skip
def test_layers_in_words(layers, words):
    assert layers_words(layers) == words


def test_a_remedy_applies_to_options_and_leaves_the_rest():
    options = spec_of(init="rand", steps="7").options()
    mended = Remedy("another", (("init", "xavier_normal"), ("bias-init", "randn"))).apply(options)
    assert {key for key in mended if mended[key] != options.get(key)} == {"init", "bias-init"}
    assert str(read(mended, data()).initializer) == "xavier_normal"


def test_epochs_replace_steps_and_steps_epochs():
    by_steps, by_epochs = spec_of(steps="7").options(), spec_of(epochs="2").options()
    assert read(Remedy("longer", (("epochs", "3"),)).apply(by_steps), data()).epochs == 3
    assert read(Remedy("longer", (("steps", "9"),)).apply(by_epochs), data()).steps == 9


def test_a_finding_fires_once():
    alarms = Alarms()
    assert [f.code for f in alarms.news(verdict("saturated", "dead-units"))] == ["saturated", "dead-units"]
    assert alarms.news(verdict("saturated", "dead-units")) == ()
    assert [f.code for f in alarms.news(verdict("saturated", "non-finite"))] == ["non-finite"]


def test_a_finding_that_flickers_does_not_fire_each_time():
    alarms = Alarms(away=3)
    alarms.news(verdict("saturated"))
    for _ in range(4):
        assert alarms.news(verdict()) == alarms.news(verdict()) == ()
        assert alarms.news(verdict("saturated")) == ()


def test_a_finding_that_was_away_fires_again():
    alarms = Alarms(away=3)
    alarms.news(verdict("saturated"))
    for _ in range(3):
        assert alarms.news(verdict()) == ()
    assert [f.code for f in alarms.news(verdict("saturated"))] == ["saturated"]


def test_that_it_learns_is_no_alarm():
    learning = replace(finding("already-learning"), blame=Blame.NONE)
    assert Alarms().news(Verdict((learning,), ((Blame.NONE, 0.9),), True, "it learns")) == ()
