"""Initializers that would work: computed for the activation, the fans and the depth at hand."""

from time import perf_counter

import pytest
from cases import data, entropy, judged, spec_of, trained

from initscope.core.diagnosis import Blame, ranked
from initscope.core.diagnosis.remedies import AS_GOOD, ORDER
from initscope.core.initialization.initializers import initializer
from initscope.core.learning import constant_of, lane_learns
from initscope.core.spec import read


def names(**options: str) -> list[str]:
    return [candidate.init for candidate in ranked(entropy(**options), data())]


def test_every_candidate_can_be_read_and_scored():
    found = ranked(entropy(init="rand", activation="tanh"), data())
    assert len(found) > 3
    assert all(0 < candidate.score <= 1 and candidate.bias_init == "zeros" for candidate in found)
    assert all(str(initializer(candidate.init)) for candidate in found)
    assert all("depends on the input" in candidate.words for candidate in found)


def test_relu_is_offered_he_first():
    assert names(activation="relu", arch="64-50x8-10")[0] == "he_normal"


def test_tanh_is_offered_xavier_first():
    assert names(activation="tanh", arch="64-50-50-10")[0].startswith("xavier_normal")


def test_deep_sigmoid_is_offered_gain_4_and_not_gain_1():
    found = names(arch="64-64x5-10")
    assert found[0] == "xavier_normal:gain=4"
    assert "xavier_normal" not in found


def test_nothing_is_offered_for_sixty_sigmoid_layers():
    assert names(arch="64-64x60-10") == []


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "gelu", "selu"])
def test_the_order_is_what_is_said_of_it(activation: str):
    """Those as good as the best first, whatever their scores; the rest by the score that is shown."""
    found = ranked(entropy(activation=activation, arch="64-50-50-50-10"), data())
    best = max(candidate.score for candidate in found)
    good = [candidate.score >= AS_GOOD * best - 1e-3 for candidate in found]
    assert good == sorted(good, reverse=True)
    rest = [candidate.score for candidate, as_good in zip(found, good, strict=True) if not as_good]
    assert rest == sorted(rest, reverse=True)
    assert f"up to {1 - AS_GOOD:.0%} below the best" in ORDER


def test_the_ranking_does_not_depend_on_what_is_there():
    one, other = (ranked(spec_of(init=init, seed=seed), data()) for init, seed in (("rand", "1"), ("zeros", "2")))
    assert one == other


@pytest.mark.parametrize(
    "spec",
    [
        entropy(init="rand"),
        entropy(init="0.01*randn", activation="relu", arch="64-50x6-10"),
        entropy(init="xavier_normal", arch="64-64x5-10", lr="0.3", steps="1500"),
        entropy(init="zeros", activation="tanh"),
        entropy(init="randn", activation="gelu", arch="64-50x6-10"),
    ],
    ids=lambda spec: f"{spec.initializer} {spec.activation}",
)
def test_the_remedy_cures(spec):
    """What theory offers is trained: the same network learns with it, and did not before."""
    remedy = judged(spec).findings[0].remedy
    assert remedy is not None
    constant = constant_of(spec, data())
    assert not lane_learns(trained(spec), constant)
    assert lane_learns(trained(read(remedy.apply(spec.options()), data())), constant)


def test_no_advice_that_is_followed_already():
    """Whatever is found of a network, its remedy changes something."""
    for lr in ("0.00001", "0.1", "100"):
        for init in ("he_normal", "rand", "0.01*randn", "xavier_normal"):
            spec = entropy(init=init, activation="relu", arch="64-30x4-10", lr=lr)
            for finding in judged(spec).findings:
                assert finding.remedy is not None
                assert read(finding.remedy.apply(spec.options()), data()) != spec


def test_the_verdict_is_quick():
    spec = entropy(init="randn", activation="relu", arch="64-100-100-100-10", seed="77")
    begin = perf_counter()
    assert judged(spec).causes[0][0] is not Blame.DATA
    assert perf_counter() - begin < 2  # 0.1 when the machine is idle
