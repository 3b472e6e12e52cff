"""Negative rigs: nothing is said of networks that have nothing wrong with them."""

import numpy as np
import pytest
from cases import altered, codes, data, entropy, judged, spec_of, trained

from initscope.core.diagnosis import lane_verdict
from initscope.core.diagnosis.case import Case
from initscope.core.diagnosis.symmetry import symmetric_units

SUITABLE = {
    "sigmoid": "xavier_normal", "tanh": "xavier_normal", "softsign": "xavier_uniform", "hard_tanh": "xavier_normal",
    "relu": "he_normal", "leaky_relu": "he_uniform", "prelu": "he_normal", "elu": "he_normal", "gelu": "he_normal",
    "silu": "he_normal", "mish": "he_normal", "softplus": "xavier_normal", "selu": "lecun_normal",
    "sine": "xavier_normal",
}  # fmt: skip

RIGS = {
    "linear model from zeros": entropy(arch="64-10", init="zeros"),
    "linear model from randn": entropy(arch="64-10", init="randn"),
    "linear model, quadratic, from zeros": spec_of(arch="64-10", init="zeros"),
    "randn, though saturated": spec_of(init="randn"),
    "uniform with randn's moments": spec_of(init="uniform:low=-1.732,high=1.732"),
    "0.01 rand": spec_of(init="0.01*rand"),
    "0.01 randn, shallow": spec_of(init="0.01*randn"),
    "glorot_standard, shallow": spec_of(init="glorot_standard"),
    "misprinted xavier": spec_of(init="xavier_literal"),
    "relu with half its activations zero": entropy(init="he_normal", activation="relu", arch="64-50-50-50-10"),
    "deep relu": entropy(init="he_normal", activation="relu", arch="64-64x10-10"),
    "deep tanh": entropy(init="xavier_normal", activation="tanh", arch="64-64x10-10"),
    "deep sigmoid, gain 4": entropy(init="4*xavier_normal", arch="64-64x5-10"),
    "batch norm from randn": entropy(init="randn", activation="relu", arch="64-50-bn-50-bn-50-bn-10"),
    "batch norm from 10 randn": entropy(init="10*randn", activation="tanh", arch="64-50-bn-50-bn-10"),
    "batch norm from 0.01 randn": entropy(init="0.01*randn", activation="relu", arch="64-50-bn-50-bn-50-bn-10"),
    "residual from fixup": entropy(init="fixup", activation="relu", arch="64-50-r(50-50)x4-10"),
    "residual from he": entropy(init="he_normal", activation="relu", arch="64-50-r(50-50)x2-10", lr="0.03"),
    "convolution": entropy(init="he_normal", activation="relu", arch="8c3-p2-10", lr="0.05"),
    "lsuv": entropy(init="lsuv", activation="relu", arch="64-50x6-10"),
    "small learning rate": entropy(init="he_normal", activation="relu", lr="0.01"),
    "adam": entropy(init="he_normal", activation="relu", optimizer="adam", lr="0.001"),
}


@pytest.mark.parametrize("name", RIGS)
def test_silent_before_training(name):
    verdict = judged(RIGS[name])
    assert codes(verdict) == []
    assert verdict.healthy


@pytest.mark.parametrize(("activation", "init"), SUITABLE.items())
@pytest.mark.parametrize("arch", ["64-30-10", "64-40-40-10"])
def test_silent_on_suitable_initializers(activation, init, arch):
    spec = entropy(activation=activation, init=init, arch=arch)
    assert codes(judged(spec)) == []


@pytest.mark.parametrize(
    "name",
    ["linear model from zeros", "randn, though saturated", "0.01 rand", "0.01 randn, shallow",
     "relu with half its activations zero", "batch norm from randn", "residual from fixup", "adam"],
)  # fmt: skip
def test_these_do_learn_and_are_told_so(name):
    spec = RIGS[name]
    verdict = lane_verdict(trained(spec, until=600), data(spec.data))
    assert codes(verdict) == ["already-learning"]
    assert verdict.healthy


def test_silent_on_a_softmax_that_is_sure_of_itself_at_the_end():
    lane = trained(entropy(init="he_normal", activation="relu", arch="64-100-10", lr="0.3", steps="3000"))
    assert lane.latest.train_loss < 0.01
    assert lane_verdict(lane, data()).healthy


def test_silent_on_classes_of_70_and_30():
    digits = data()
    rng = np.random.default_rng(0)
    few = np.where(rng.random(digits.n_train) < 0.6, digits.y_train < 5, 0).astype(np.int64)
    dataset = altered(y=few)
    assert 0.25 < few.mean() < 0.35
    found = codes(judged(entropy(dataset, arch="64-30-10", init="xavier_normal"), dataset))
    assert "labels-unbalanced" not in found


@pytest.mark.parametrize("name", ["circles", "moons", "xor", "gaussians", "spiral"])
def test_silent_on_labels_that_can_be_learned(name):
    spec = spec_of(data(name), data=name, arch=f"2-30-{data(name).classes}", init="xavier_normal", steps="600")
    assert codes(judged(spec)) == []


def test_pure_noise_is_no_fault_of_the_initializer():
    spec = entropy(data("noise"), data="noise", arch="100-30-2", init="xavier_normal")
    assert codes(judged(spec)) == ["labels-broken"]


def test_one_unit_a_layer_has_no_twin():
    assert symmetric_units(Case(spec_of(arch="64-1-10", init="constant"), data())) is None
    assert symmetric_units(Case(spec_of(arch="64-2-10", init="constant"), data())) is not None


def test_zeros_with_dropout_break_their_symmetry():
    assert "symmetric-units" not in codes(judged(entropy(arch="64-30-d0.5-10", init="constant:value=0.1")))
