"""Before training: every cause is found, by itself, and its remedy leaves nothing to find."""

from dataclasses import replace

import numpy as np
import pytest
from cases import altered, codes, data, entropy, judged, spec_of

from initscope.core.diagnosis import Blame, forecast_verdict
from initscope.core.diagnosis.case import foreseen
from initscope.core.spec import read
from initscope.core.theory.forecast import of_spec
from initscope.core.theory.inputstatistics import InputStatistics

DEEP_RELU, DEEP_SIGMOID = "64-50x8-10", "64-64x5-10"

BAD_STARTS = [
    ("rand", spec_of(init="rand"), "shifted-preactivations"),
    ("normal with rand's moments", spec_of(init="normal:mean=0.5,std=0.2887"), "shifted-preactivations"),
    ("rand, tanh", entropy(init="rand", activation="tanh"), "shifted-preactivations"),
    ("rand, relu", entropy(init="rand", activation="relu", arch="64-50-50-10"), "shifted-preactivations"),
    ("zeros", spec_of(init="zeros"), "symmetric-units"),
    ("constant", spec_of(init="constant:value=0.01", arch="64-20-20-10"), "symmetric-units"),
    ("ones, relu", entropy(init="ones", activation="relu"), "symmetric-units"),
    ("dead", entropy(init="he_normal", activation="relu", bias_init="constant:value=-10"), "dead-units"),
    ("small, deep", entropy(init="0.01*randn", activation="relu", arch=DEEP_RELU), "vanishing-activations"),
    ("small, tanh", entropy(init="normal:std=0.02", activation="tanh", arch=DEEP_RELU), "vanishing-activations"),
    ("large, deep", entropy(init="randn", activation="relu", arch=DEEP_RELU), "exploding-activations"),
    ("large, tanh", entropy(init="3*randn", activation="tanh", arch=DEEP_RELU), "saturated"),
    ("xavier, sigmoid", entropy(init="xavier_normal", arch=DEEP_SIGMOID), "indistinguishable-inputs"),
    ("adam, sigmoid", entropy(init="rand", arch="64-50-50-10", optimizer="adam", lr="0.01"), "shifted-preactivations"),
]


@pytest.mark.parametrize(("spec", "code"), [case[1:] for case in BAD_STARTS], ids=[case[0] for case in BAD_STARTS])
def test_a_bad_start_is_one_finding_that_blames_the_initialization(spec, code):
    verdict = judged(spec)
    assert codes(verdict) == [code]
    assert verdict.causes[0][0] is Blame.INITIALIZATION
    assert not verdict.healthy
    finding = verdict.findings[0]
    assert any(character.isdigit() for character in finding.cause)
    assert finding.reference
    assert all(abs(value) <= 1e9 for _, value in finding.evidence)


@pytest.mark.parametrize("spec", [case[1] for case in BAD_STARTS], ids=[case[0] for case in BAD_STARTS])
def test_its_remedy_changes_the_initialization_alone_and_leaves_nothing_to_find(spec):
    remedy = judged(spec).findings[0].remedy
    assert remedy is not None
    assert {key for key, _ in remedy.changes} <= {"init", "bias-init"}
    mended = read(remedy.apply(spec.options()), data(spec.data))
    assert mended != spec
    assert judged(mended).healthy


@pytest.mark.parametrize("spec", [case[1] for case in BAD_STARTS], ids=[case[0] for case in BAD_STARTS])
def test_no_output_layer_is_accused(spec):
    assert all(layer < len(spec.architecture.layers) for finding in judged(spec).findings for layer in finding.layers)


def test_the_sentence_on_rand_has_its_numbers():
    """z = 0.5·Σx, the sum over 64 pixels of digits being 19.7 on average."""
    cause = judged(spec_of(init="rand")).findings[0].cause
    assert "mean 0.5" in cause
    assert "64 inputs" in cause
    shown = float(cause.partition("z of layer 1 should be ")[2].split()[0])
    assert shown == pytest.approx(0.5 * data().x_train.sum(axis=1).mean(), rel=0.02)


def test_no_initializer_helps_sixty_sigmoid_layers():
    verdict = judged(entropy(init="4*xavier_normal", arch="64-64x60-10"))
    assert codes(verdict) == ["indistinguishable-inputs"]
    assert verdict.causes[0][0] is Blame.ARCHITECTURE
    remedy = verdict.findings[0].remedy
    assert remedy is not None
    assert remedy.changes == ()


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        (entropy(init="xavier_normal", activation="tanh", lr="1e-6"), "learning-rate-too-low"),
        (entropy(init="he_normal", activation="relu", optimizer="adam", lr="1e-7"), "learning-rate-too-low"),
        (entropy(init="he_normal", activation="relu", lr="100"), "learning-rate-too-high"),
        (entropy(init="xavier_normal", activation="tanh", optimizer="adam", lr="3"), "learning-rate-too-high"),
        (spec_of(init="xavier_normal", lr="3000"), "learning-rate-too-high"),
    ],
)
def test_a_learning_rate_that_cannot_do_is_blamed_and_mended(spec, code):
    verdict = judged(spec)
    assert codes(verdict) == [code]
    assert verdict.causes[0][0] is Blame.LEARNING_RATE
    remedy = verdict.findings[0].remedy
    assert remedy is not None
    mended = read(remedy.apply(spec.options()), data())
    assert (mended.lr < spec.lr) == (code == "learning-rate-too-high")
    assert judged(mended).healthy


def test_a_bad_start_is_blamed_whatever_the_learning_rate():
    for lr in ("0.0003", "1", "300"):
        assert judged(spec_of(init="rand", lr=lr)).causes[0][0] is Blame.INITIALIZATION


def broken_data():
    rng = np.random.default_rng(3)
    digits = data()
    outlier = digits.x_train.copy()
    outlier[0, 20] = 1e6
    missing = digits.x_train.copy()
    missing[5, 3] = np.nan
    eights = (digits.y_train == 8) & (rng.random(digits.n_train) < 0.3)
    return [
        ("inputs-broken", altered(x=missing)),
        ("inputs-broken", altered(x=outlier)),
        ("inputs-constant", altered(x=np.full_like(digits.x_train, 0.5))),
        ("inputs-not-scaled", altered(x=digits.x_train + 20)),
        ("labels-broken", altered(y=rng.permutation(digits.y_train))),
        ("labels-unbalanced", altered(y=eights.astype(np.int64))),
    ]


@pytest.mark.parametrize(("code", "dataset"), broken_data())
def test_faults_of_the_data_come_first(code, dataset):
    verdict = judged(entropy(dataset, init="he_normal", activation="relu", lr="0.03"), dataset)
    assert codes(verdict)[0] == code
    assert verdict.causes[0][0] is Blame.DATA


def test_large_inputs_that_hurt_are_blamed_and_not_the_initializer():
    dataset = altered(x=data().x_train * 255)
    verdict = judged(entropy(dataset, init="xavier_normal", activation="tanh", optimizer="momentum"), dataset)
    assert codes(verdict) == ["inputs-not-scaled"]
    remedy = verdict.findings[0].remedy
    assert remedy is not None
    assert remedy.changes == (("data", "digits:scale=standardize"),)


def test_a_bad_start_on_large_inputs_is_found_as_well():
    dataset = altered(x=data().x_train * 255)
    found = codes(judged(entropy(dataset, init="zeros"), dataset))
    assert set(found) == {"inputs-not-scaled", "symmetric-units"}


def test_the_inputs_are_looked_at_once_for_all_forecasts_of_a_data_set(monkeypatch):
    looks = []
    original = InputStatistics.of_dataset
    monkeypatch.setattr(InputStatistics, "of_dataset", lambda *given: looks.append(given) or original(*given))
    fresh = replace(data())
    block = "64-30-r(30-30)-10"
    for init, arch in (("rand", block), ("fixup", block), ("lsuv", block), ("zeros", "64-30-10")):
        spec = spec_of(init=init, arch=arch, activation="relu")
        forecast_verdict(spec, fresh)
        assert str(foreseen(spec, fresh)) == str(of_spec(spec, data()))
    assert len([given for given in looks if given[0] is fresh]) == 1


def test_a_network_of_fixup_is_not_accused_of_its_zeros():
    assert forecast_verdict(spec_of(init="fixup", arch="64-30-r(30-30)-10", activation="relu"), data()).healthy
