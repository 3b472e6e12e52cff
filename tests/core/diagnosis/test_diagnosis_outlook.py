"""How sure the forecast is, and what an optimizer mends by itself: closed forms, and runs that bear them out."""

from dataclasses import replace
from math import inf, log, sqrt

import numpy as np
import pytest
from cases import codes, data, entropy, judged, spec_of, trained

from initscope.core.diagnosis import Blame, lane_verdict
from initscope.core.diagnosis.case import Case
from initscope.core.diagnosis.centring import alive, centred, flat_from, steps_to_centre
from initscope.core.diagnosis.outlook import FALLS, ODDS, Outlook, outlook, rebuilt
from initscope.core.diagnosis.signal import flat_output
from initscope.core.diagnosis.symmetry import one_number_tells

SHIFTED = entropy(init="rand", arch="64-100-10", optimizer="adam", lr="0.003", steps="300")
"""Sigmoid units at z of about 10 ± 1.5; the mean of 0.5 is gone in 0.5 / 0.003 = 167 steps at most."""


def expected(**changes: float) -> Outlook:
    usual = {"reach": 100.0, "force": 1.0, "stable": 1.0, "least": 100.0, "most": 1e9, "stride": 0.0}
    return Outlook(**{**usual, **changes}, adaptive=False)


@pytest.mark.parametrize("factor", [0.01, 0.2, 1.0, 2.0, 5.0, 1e6])
def test_the_odds_are_the_factor_by_which_a_bound_is_missed(factor):
    """P / (1 - P) = 1 / factor, whichever of the two bounds it is."""
    for found in (expected(reach=100 / factor), expected(reach=1e12, force=20 * factor, most=20.0)):
        assert found.learns == pytest.approx(1 / (1 + factor))
        assert found.fails == (factor >= ODDS)


def test_of_two_bounds_the_one_that_is_missed_by_more_counts():
    assert expected(reach=50.0, force=80.0, most=20.0).learns == pytest.approx(1 / 5)


def test_what_knows_no_bounds_is_hopeless_and_still_a_number():
    assert 0 <= expected(force=float("nan")).learns < 1e-90
    assert 0 <= expected(reach=0.0).learns < 1e-90


def test_a_unit_is_flat_from_where_its_slope_is_a_sixteenth_or_so():
    """s (1 - s) = 0.06 / 4 gives z = log(s / (1 - s)); 1 / (1 + z)² = 0.06."""
    s = (1 + sqrt(1 - 0.06)) / 2
    assert flat_from(SHIFTED.activation) == pytest.approx(log(s / (1 - s)), rel=1e-6)
    assert flat_from(entropy(activation="softsign").activation) == pytest.approx(1 / sqrt(0.06) - 1, rel=1e-6)
    assert flat_from(entropy(activation="linear").activation) == inf


def test_adam_takes_a_mean_away_at_the_learning_rate_in_each_step():
    z = 0.5 * data().x_train.sum(axis=1).mean()
    wanted = 0.5 / 0.003 * (1 - flat_from(SHIFTED.activation) / z)
    assert steps_to_centre(Case(SHIFTED, data())) == pytest.approx(wanted, rel=0.02)


def test_what_it_leaves_is_the_network_without_the_mean():
    found = centred(Case(SHIFTED, data()))
    plain = Case(entropy(init=f"normal:std={sqrt(1 / 12)}", arch="64-100-10"), data())
    assert found.means == (0.0, 0.0)
    for one, other in zip(found.forecast.layers, plain.forecast.layers, strict=True):
        assert one.z_std_over_inputs == pytest.approx(other.z_std_over_inputs, rel=1e-9)
        assert one.gradient_rms == pytest.approx(other.gradient_rms, rel=1e-9)


def test_it_learns_out_of_saturation_and_is_not_accused():
    assert judged(SHIFTED).healthy
    assert lane_verdict(trained(SHIFTED), data()).causes[0][0] is Blame.NONE


@pytest.mark.parametrize(
    "changes",
    [
        {"lr": "0.0003"},  # 1,667 steps for 300
        {"optimizer": "sgd", "lr": "0.1"},
        {"optimizer": "adagrad", "lr": "0.003"},  # its steps shrink
        {"activation": "tanh", "init": "2*rand", "steps": "600"},  # slope 4 exp(-2·20): lost beside Adam's 1e-8
        {"arch": "64-100-100-10"},  # slope of layer 2 exp(-50)
    ],
)
def test_what_cannot_take_the_mean_away_in_time_is_accused(changes):
    options = {"init": "rand", "arch": "64-100-10", "optimizer": "adam", "lr": "0.003", "steps": "300"} | changes
    spec = entropy(**options)
    assert codes(judged(spec)) == ["shifted-preactivations"]
    assert centred(Case(spec, data())).means != (0.0, 0.0)


def test_gradients_that_adam_cannot_see_keep_a_network_where_it_is():
    assert alive(Case(SHIFTED, data()))
    assert not alive(Case(entropy(init="2*rand", arch="64-100-10", activation="tanh"), data()))


def test_units_on_both_flat_ends_tell_inputs_apart():
    """Inputs of mean 0: z of layer 2 is -15 or 15 by the input, and its slope 1 / (1 + |z|)² is no bar."""
    points = data("gaussians")
    spec = entropy(points, data="gaussians", arch="2-100-100-4", activation="softsign", init="rand", lr="0.3")
    assert judged(spec, points).healthy
    assert lane_verdict(trained(spec, points), points).causes[0][0] is Blame.NONE


def test_below_a_normalization_steps_that_are_too_large_mend_themselves():
    arch = "64" + "-64-bn" * 6 + "-10"
    spec = entropy(init="orthogonal:gain=1.4", activation="relu", arch=arch, lr="0.3", steps="300")
    plain = outlook(Case(replace(spec, architecture=entropy(arch="64-64x6-10").architecture), data()))
    assert outlook(Case(spec, data())).most > plain.most
    assert judged(spec).healthy
    assert lane_verdict(trained(spec), data()).causes[0][0] is Blame.NONE


def test_a_forecast_is_less_sure_towards_the_border_and_says_so():
    rates = ("0.1", "0.02", "0.006", "0.003")
    found = [judged(entropy(init="he_normal", activation="relu", lr=lr)) for lr in rates]
    assert [verdict.healthy for verdict in found] == [True, True, True, False]
    assert [verdict.words for verdict in found[:2]] == ["nothing is wrong with it"] * 2
    assert "may not learn" in found[2].words
    sure = [verdict.causes[0][1] for verdict in found]
    assert sure[0] == 0.8 > sure[1] > 0.5 > sure[2] > 1 / (1 + ODDS)
    assert found[3].causes[0][0] is Blame.LEARNING_RATE
    assert sure[3] < 0.8


def test_flat_outputs_of_a_quadratic_loss_come_back_in_exp_z_steps_or_never():
    """z of the output is 19 from leaky units: exp(19) = 2e8, and 600 steps of rate 1 on |a|² of about 500 are 3e5."""
    far = spec_of(init="randn", activation="leaky_relu", arch="64-50-10", lr="1", batch_size="10", steps="600")
    assert codes(judged(far)) == ["saturated"]
    assert judged(far).causes[0][0] is Blame.INITIALIZATION
    assert trained(far).latest.train_accuracy < 0.3
    near = replace(far, architecture=spec_of(arch="64-100-10").architecture, activation=spec_of().activation)
    case = Case(near, data())
    assert 4 < case.output.z_rms < 8
    assert flat_output(case) is None  # sigmoid units of at most 1


def test_adam_makes_a_signal_of_next_to_nothing_where_there_is_time():
    """Layer after layer takes 1 / (lr·√fan_in) steps: (1/8 + 8/√30) / 0.01 = 159 of the 200 that are half of them."""
    options = {"arch": "64-30x8-10", "optimizer": "adam", "lr": "0.01", "steps": "400"}
    spec = entropy(init="normal:std=0.05", activation="elu", **options)
    assert rebuilt(Case(spec, data())) == pytest.approx(200 * 0.01 / (1 / 8 + 8 / sqrt(30)))
    assert judged(spec).healthy
    assert lane_verdict(trained(spec), data()).causes[0][0] is Blame.NONE


@pytest.mark.parametrize("changes", [{"lr": "0.003"}, {"activation": "relu"}, {"optimizer": "sgd", "lr": "0.1"}])
def test_where_there_is_not_a_start_that_is_too_small_is_accused(changes):
    usual = {"init": "normal:std=0.05", "activation": "elu", "arch": "64-30x8-10", "optimizer": "adam", "lr": "0.01"}
    assert codes(judged(entropy(**{**usual, "steps": "400", **changes}))) == ["vanishing-activations"]


@pytest.mark.parametrize(("name", "tells"), [("moons", True), ("gaussians", True), ("xor", False), ("digits", False)])
def test_units_that_are_one_unit_are_enough_where_one_number_tells_classes_apart(name, tells):
    shape = "64-30-10" if name == "digits" else f"2-30-{data(name).classes}"
    spec = entropy(data(name), data=name, arch=shape, activation="tanh", init="constant:value=0.5")
    assert one_number_tells(Case(spec, data(name))) == tells
    assert codes(judged(spec, data(name))) == ([] if tells else ["symmetric-units"])
    zeros = entropy(data(name), data=name, arch=shape, activation="tanh", init="zeros")
    assert codes(judged(zeros, data(name))) == ["symmetric-units"]


def test_the_curvature_falls_with_the_size_of_the_outputs():
    """E[σ'(d)] for d ~ N(0, 2 s²), by Monte Carlo, beside 1/4: 1 / √(1 + π s²/4) to a few per cent."""
    draws = np.random.default_rng(0).standard_normal(200_000)
    for size in (0.1, 1.0, 5.0, 30.0):
        slope = 0.25 / np.cosh(size * np.sqrt(2) * draws / 2) ** 2
        assert slope.mean() * 4 == pytest.approx(1 / np.hypot(1, np.sqrt(FALLS) * size), rel=0.15)
