"""Whatever runs can be judged: every initializer, activation, optimizer and form of network, without a warning."""

import pytest
from cases import ENTROPY, codes, data, spec_of

from initscope.core import activations, optimizers
from initscope.core.diagnosis import CODES, Blame, forecast_verdict, lane_verdict, ranked
from initscope.core.errors import InputError
from initscope.core.initialization.initializers import CATALOGUE
from initscope.core.spec import Spec
from initscope.core.training import Trainer

SHARED = {key.replace("-", "_"): value for key, value in ENTROPY.items()} | {"steps": "20"}
FORMS = ("64-10", "64-1-10", "64-20x12-10", "8c3-p2-10", "64-20-ln-20-10", "64-20-bn-20-10", "64-20-r(20-20)x2-10",
         "64-20-d0.5-10")  # fmt: skip


def specs(**options: str) -> list[Spec]:
    found = []
    for arch in FORMS:
        try:
            found.append(spec_of(**SHARED, arch=arch, **options))
        except InputError:  # such as dirac in a network without convolutions
            continue
    return found


def check(spec: Spec) -> None:
    verdict = forecast_verdict(spec, data())
    assert verdict.words
    assert verdict.healthy == (verdict.causes[0][0] is Blame.NONE) == (not verdict.findings)
    assert set(codes(verdict)) <= CODES.keys()
    assert all(0 < sure <= 1 for _, sure in verdict.causes)
    for finding in verdict.findings:
        assert "nan" not in finding.cause
        assert "inf " not in finding.cause
        if finding.remedy:
            finding.remedy.apply(spec.options())


@pytest.mark.parametrize("init", CATALOGUE)
def test_every_initializer(init):
    for spec in specs(init=init, activation="relu"):
        check(spec)


@pytest.mark.parametrize("activation", activations.CATALOGUE)
def test_every_activation(activation):
    for spec in specs(init="rand", activation=activation)[:4]:
        check(spec)
        assert all(candidate.score > 0 for candidate in ranked(spec, data()))


@pytest.mark.parametrize("optimizer", optimizers.CATALOGUE)
def test_every_optimizer(optimizer):
    for lr in ("0", "1e-9", "0.01", "1000"):
        for init in ("he_normal", "zeros", "100*randn"):
            check(spec_of(**{**SHARED, "lr": lr}, init=init, optimizer=optimizer, arch="64-20-20-10"))


@pytest.mark.parametrize("steps", ["0", "1", "20"])
def test_every_length_of_a_record(steps):
    inits = ("rand", "zeros", "he_normal", "1000*randn", "abs_randn")
    runs = [
        spec_of(**{**SHARED, "steps": steps, "lr": lr}, init=init, activation="relu", arch="64-20-20-20-10")
        for init in inits
        for lr in ("0", "0.1", "1e6")
    ]
    *_, last = Trainer(runs, {"digits": data()}).run(budget=10, every=1000)
    for lane in last.lanes:
        verdict = lane_verdict(lane, data())
        assert verdict.healthy == (verdict.causes[0][0] is Blame.NONE)
        assert "nan" not in verdict.words
