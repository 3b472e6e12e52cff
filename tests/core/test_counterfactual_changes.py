"""The changes that a proof tries: each changes one thing, and can be run."""

from dataclasses import replace

import pytest
from inquiries import DIGITS, spec_of

from initscope.core.counterfactual.changes import LEARNING_RATES, Suspect, changes, scaled
from initscope.core.datasets.data import load
from initscope.core.datasets.dataname import standardized
from initscope.core.spec import default_lr, read


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
