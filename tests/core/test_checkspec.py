"""The check of a network before training: the measurement against plain loops, the forecast beside it, the verdict."""

from math import isnan, nan
from pathlib import Path

import numpy as np
import pytest

from initscope.core.checks.spec import ENOUGH, MEASURES, check_spec, in_steps, load_some, measure_start, spreads
from initscope.core.datasets.data import Dataset, load
from initscope.core.diagnosis.findings import Blame
from initscope.core.network import Network
from initscope.core.spec import Spec, read

DIGITS = load("digits")


def spec(dataset: Dataset = DIGITS, **options: str) -> Spec:
    return read({"dtype": "float64", **{key.replace("_", "-"): value for key, value in options.items()}}, dataset)


def plain_pass(wanted: Spec, x: np.ndarray, y: np.ndarray) -> list[dict[str, float]]:
    """The same numbers for a dense sigmoid network with the quadratic loss, one matrix after the other."""
    network = Network(wanted.architecture, wanted.activation, wanted.loss, 1, "float64")
    network.initialize(0, wanted.initializer, wanted.biases, wanted.seed)
    layers = [(layer.weights[0], layer.biases[0].ravel()) for layer in network.weighted]
    a, zs, activations = x, [], [x]
    for w, b in layers:
        zs.append(a @ w.T + b)
        a = 1 / (1 + np.exp(-zs[-1]))
        activations.append(a)
    delta = (a - y) * a * (1 - a)
    deltas = [delta]
    for (w, _), low in zip(layers[:0:-1], activations[-2:0:-1], strict=True):
        delta = (delta @ w) * low * (1 - low)
        deltas.insert(0, delta)
    rms = [np.sqrt((one**2).mean()) for one in deltas]
    found = []
    for place, (z, out, below) in enumerate(zip(zs, activations[1:], activations[:-1], strict=True)):
        last = place == len(zs) - 1
        pairs = [z[i] @ z[j] for i in range(len(z)) for j in range(len(z)) if i != j]
        found.append({
            "z_mean": z.mean(), "z_std": z.std(), "z_std_over_inputs": np.sqrt(z.var(axis=0).mean()),
            "z_std_over_units": z.mean(axis=0).std(), "correlation": np.mean(pairs) / (z**2).sum(axis=1).mean(),
            "activation_mean": out.mean(), "std_over_inputs": np.sqrt(out.var(axis=0).mean()),
            "std_over_units": out.mean(axis=0).std(),
            "forward_gain": nan if last else (out**2).mean() / (below**2).mean(),
            "gradient_rms": rms[place], "backward_gain": nan if last else (rms[place] / rms[place + 1]) ** 2,
        })  # fmt: skip
    return found


def test_the_measurement_is_that_of_plain_matrices() -> None:
    few = Dataset("few", DIGITS.x_train[:40], DIGITS.y_train[:40], DIGITS.x_test, DIGITS.y_test, 10, "", (8, 8))
    wanted = spec(few, arch="64-30-20-10", init="randn", bias_init="randn")
    measured, _, examples = measure_start(wanted, few)
    assert examples == 40
    for one, other in zip(measured, plain_pass(wanted, few.x_train, np.eye(10)[few.y_train]), strict=True):
        for key, value in other.items():
            assert getattr(one, key) == pytest.approx(value, rel=1e-9, abs=1e-12, nan_ok=True), key


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "gelu"])
def test_forecast_and_measurement_lie_side_by_side(activation: str) -> None:
    check = check_spec(spec(arch="64-256x3-10", init="he_normal", activation=activation), DIGITS)
    for one, other in zip(check.forecast.layers, check.measured, strict=True):
        assert other.z_std == pytest.approx(one.z_std, rel=0.05 + 4 * one.z_std_error)
        assert isnan(other.forward_gain) == isnan(one.forward_gain)
        assert isnan(other.backward_gain) == isnan(one.backward_gain)
        if not isnan(one.backward_gain):
            assert other.backward_gain == pytest.approx(one.backward_gain, rel=0.35)
    assert all(hasattr(check.forecast.layers[0], name) for name in MEASURES if name != "non_finite")


def test_correlation_leaves_out_pairs_of_an_input_and_itself() -> None:
    z = np.random.default_rng(0).standard_normal((50_000, 4))
    assert spreads(z)["correlation"] == pytest.approx(0, abs=0.02)
    same = np.repeat(z[:, :1], 4, axis=1)
    assert spreads(same)["correlation"] == pytest.approx(1)
    assert isnan(spreads(np.zeros((3, 4)))["correlation"])


def test_rand_is_blamed_and_something_else_would_work() -> None:
    check = check_spec(spec(arch="64-30-10", init="rand"), DIGITS)
    assert not check.verdict.healthy
    first = check.verdict.findings[0]
    assert (first.code, first.blame) == ("shifted-preactivations", Blame.INITIALIZATION)
    assert check.measured[0].saturated_high > 0.95
    assert check.candidates
    assert first.remedy
    mended = first.remedy.apply({"arch": "64-30-10", "init": "rand"})
    assert check_spec(read(mended, DIGITS), DIGITS).verdict.healthy


def test_zeros_are_measured_as_the_engine_trains_them() -> None:
    check = check_spec(spec(arch="64-30-10", init="zeros"), DIGITS)
    assert [finding.code for finding in check.verdict.findings] == ["symmetric-units"]
    assert check.measured[0].z_std == 0
    assert check.measured[0].std_over_units == 0


@pytest.mark.parametrize("arch", ["16c3-p2-64-10", "64-32-bn-32-10", "64-r(64-bn-64)x2-10", "64-10"])
@pytest.mark.parametrize("init", ["he_normal", "lsuv", "randn"])
def test_every_kind_of_network_can_be_checked(arch: str, init: str) -> None:
    check = check_spec(spec(arch=arch, init=init, activation="relu", loss="cross_entropy"), DIGITS)
    assert len(check.measured) == len(check.forecast.layers) == len(check.spec.architecture.layers)
    assert all(layer.z_std > 0 for layer in check.measured)
    assert all(layer.non_finite == 0 for layer in check.measured)


def test_overflow_is_measured_and_not_raised() -> None:
    options = {"arch": "64-30x60-10", "init": "randn:scale=100", "activation": "relu", "loss": "cross_entropy"}
    check = check_spec(read(options, DIGITS), DIGITS)
    assert check.measured[-1].non_finite > 0
    assert check.forecast.overflow
    assert not check.verdict.healthy


def test_few_examples_are_read_and_all_are_counted(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (5000, 6)).astype(np.uint8), rng.integers(0, 3, 5000)
    np.savez(tmp_path / "one.npz", x=x, y=y)
    np.savez(tmp_path / "two.npz", x_train=x, y_train=y, x_test=x[:9], y_test=y[:9])
    for name, examples in (("one.npz", 4000), ("two.npz", 5000)):
        path = str(tmp_path / name)
        dataset, count = load_some(path)
        assert (dataset.name, dataset.n_train, count) == (load(path).name, ENOUGH, examples)
        assert load_some(path, 3000)[0].n_train == 3000
        assert load_some(f"{path}:limit=100")[1] == 100
        wanted = read({"arch": "6-5-3", "epochs": "2"}, dataset)
        assert in_steps(wanted, count).total_steps(dataset.n_train) == 2 * examples // 10
    dataset, count = load_some("digits")
    assert count == dataset.n_train == DIGITS.n_train
    assert (dataset.x_train == DIGITS.x_train).all()
