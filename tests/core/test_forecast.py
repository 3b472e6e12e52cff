"""The forecast against closed forms, against networks of plain NumPy, and against the probes of a real one."""

import importlib.util
import sys
from itertools import pairwise
from math import nan, sqrt
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from initscope.core.activations import activation
from initscope.core.architecture import Architecture
from initscope.core.datasets.data import load
from initscope.core.initialization.initializers import initializer
from initscope.core.network import Network
from initscope.core.probes import INDEX, measure
from initscope.core.shapes import ConvolutionShape, DenseShape
from initscope.core.spec import read
from initscope.core.theory.forecast import Draw, Forecast, forecast, of_spec
from initscope.core.theory.inputstatistics import InputStatistics


def _benchmark() -> ModuleType:
    path = Path(__file__).parents[1] / "benchmarks" / "forecast.py"
    found = importlib.util.spec_from_file_location("forecast_benchmark", path)
    assert found
    assert found.loader
    module = importlib.util.module_from_spec(found)
    sys.modules[found.name] = module
    found.loader.exec_module(module)
    return module


bench = _benchmark()


def of(init: str, kind: str, sizes: list[int], inputs: InputStatistics, biases: str = "zeros") -> Forecast:
    shapes = [DenseShape(f"dense{i}", n, m) for i, (n, m) in enumerate(pairwise(sizes), 1)]
    rule, shifts = initializer(init), initializer(biases)
    draws = [Draw(rule.of(s.weight_shape), shifts.distribution(s.fan_in, s.fan_out)) for s in shapes]
    return forecast(shapes, activation(kind), draws, inputs)


def test_input_statistics_are_plain_sums() -> None:
    x = np.random.default_rng(0).normal(0.3, 2, (37, 5))
    found = InputStatistics.of(x)
    pairs = [x[i] @ x[j] for i in range(37) for j in range(37) if i != j]
    assert found.n == 5
    assert found.shared == pytest.approx(np.mean(pairs))
    assert found.mean_sum == pytest.approx(x.sum(axis=1).mean())
    assert found.mean_square == pytest.approx((x**2).sum(axis=1).mean())
    assert found.variance_of_sum == pytest.approx(x.sum(axis=1).var())
    assert found.correlation == pytest.approx(np.mean(pairs) / (x**2).sum(axis=1).mean())
    sums, squares = found.groups(4, by_sum=True)
    assert sums.var() == pytest.approx(found.variance_of_sum)
    assert squares.mean() == pytest.approx(found.mean_square)
    assert (np.diff(sums) > 0).all()
    for feature in range(5):
        assert found.counts[feature] @ found.levels == pytest.approx(x[:, feature].mean())


def test_input_statistics_of_patches() -> None:
    x = np.random.default_rng(0).normal(size=(3, 2 * 4 * 5))
    shape = ConvolutionShape("conv1", (2, 4, 5), 6, 3, 2, 1)
    padded = np.pad(x.reshape(3, 2, 4, 5), ((0, 0), (0, 0), (1, 1), (1, 1)))
    patches = [padded[k, :, i : i + 3, j : j + 3] for k in range(3) for i in (0, 2) for j in (0, 2, 4)]
    found = InputStatistics.of(x, shape)
    assert found.n == 18
    assert sorted(found.sums) == pytest.approx(sorted(p.sum() for p in patches))
    assert sorted(found.squares) == pytest.approx(sorted((p**2).sum() for p in patches))


def test_rand_on_inputs_in_a_row() -> None:
    """z = 0.5 Σx + 0.5 ± sqrt((Σx² + 1) / 12), where biases are drawn as weights are."""
    x = np.tile(np.random.default_rng(0).random(784) * 0.25, (6, 1))
    found = of("rand", "sigmoid", [784, 30, 10], InputStatistics.of(x), "rand").layers[0]
    assert found.z_mean == pytest.approx(0.5 * x[0].sum() + 0.5)
    assert found.z_std == pytest.approx(sqrt((x[0] @ x[0] + 1) / 12))
    assert found.z_std_over_inputs == pytest.approx(0, abs=1e-6)
    assert found.saturated_high == pytest.approx(1)


def test_glorot_and_bengio_and_he() -> None:
    """Section 4 of Glorot & Bengio 2010: tanh shrinks gradients by 1/3 a layer at first; He's relu keeps both."""
    inputs = InputStatistics.normal(1000)
    standard = of("glorot_standard", "tanh", [1000] * 6 + [10], inputs)
    assert 0.27 < standard.layers[2].backward_gain < 1 / 3
    xavier = of("xavier_normal", "sigmoid", [1000] * 6 + [10], inputs)
    assert sqrt(xavier.layers[3].backward_gain) == pytest.approx(0.24, abs=0.01)
    for layer in of("he_normal", "relu", [1000] * 9 + [10], inputs).layers[:-2]:
        assert layer.backward_gain == pytest.approx(1, rel=1e-9)
        assert layer.z_std == pytest.approx(sqrt(2), rel=1e-9)
        assert layer.forward_gain == pytest.approx(1, rel=1e-9)
        assert layer.correlation < 1


def test_deep_sigmoid_keeps_its_offset_and_loses_its_input() -> None:
    """5 layers of 100, Xavier's 1/n: the part that depends on the input is 0.208, 0.049, 0.0115, 0.0027, 0.00063."""
    found = of("lecun_normal", "sigmoid", [100] * 6 + [10], InputStatistics.normal(100))
    parts = [layer.std_over_inputs for layer in found.layers[:5]]
    assert parts == pytest.approx([0.208, 0.049, 0.0115, 0.0027, 0.00063], rel=0.05)
    assert [layer.activation_std for layer in found.layers[1:5]] == pytest.approx([0.123, 0.123, 0.122, 0.12], rel=0.05)
    deep = of("lecun_normal", "sigmoid", [100] * 12 + [10], InputStatistics.normal(100))
    assert deep.signal_lost in (5, 6)
    assert deep.gradient_lost is not None
    assert deep.fixed_point
    assert 6 * deep.fixed_point.xi_c < 3
    assert deep.kept == min(deep.signal_lost - 1, 12 - deep.gradient_lost)
    assert deep.trainable_depth == deep.kept > 3


def test_no_less_layers_can_train_than_there_are_where_nothing_is_lost() -> None:
    """Theory's 6 xi_c is 0.7 of weak sigmoid layers; the three of this network train all the same."""
    found = of("0.1*randn", "sigmoid", [64, 30, 30, 10], InputStatistics.normal(64))
    assert found.fixed_point
    assert 6 * found.fixed_point.xi_c < 2
    assert (found.signal_lost, found.gradient_lost, found.kept, found.trainable_depth) == (None, None, 3, 3)
    wide = of("he_normal", "tanh", [64, 30, 30, 10], InputStatistics.normal(64))
    assert wide.fixed_point
    assert wide.trainable_depth == 6 * wide.fixed_point.xi_c > 3


def test_relu_above_two_has_no_fixed_point_and_overflows() -> None:
    found = of("randn", "relu", [256] * 60 + [10], InputStatistics.normal(256))
    assert any("no fixed point above sigma_w² = 2" in note for note in found.notes)
    assert found.fixed_point
    assert found.fixed_point.q == np.inf
    assert found.overflow == 37
    layers = found.layers
    assert layers[5].z_std / layers[4].z_std == pytest.approx(sqrt(128))


@pytest.mark.parametrize("kind", ["sigmoid", "tanh", "relu", "gelu"])
def test_zeros(kind: str) -> None:
    found = of("zeros", kind, [50, 40, 30, 10], InputStatistics.normal(50))
    for layer in found.layers:
        assert (layer.z_mean, layer.z_std, layer.z_std_over_units) == (0, 0, 0)
    assert found.layers[0].gradient_rms == 0
    assert found.layers[0].activation_mean == (0.5 if kind == "sigmoid" else 0)
    assert found.layers[0].dead_units == (1 if kind == "relu" else 0)
    assert found.signal_lost == 1
    assert any("identical" in note for note in found.notes)


def test_fluctuations_grow_by_depth_over_width() -> None:
    """Hanin & Rolnick 2018: for He's relu each layer adds 5/n to the relative variance of the mean square."""
    wide = of("he_normal", "relu", [400] * 21 + [10], InputStatistics.normal(400)).layers
    alike = 2 * wide[19].correlation ** 2 / 400
    assert (2 * wide[19].z_std_error) ** 2 == pytest.approx(19 * 5 / 400 + alike, rel=1e-6)
    assert of("he_normal", "relu", [30] * 21 + [10], InputStatistics.normal(30)).layers[15].doubt


FAST = [
    ("he_normal", "relu"), ("randn", "sigmoid"), ("rand", "sigmoid"),
    ("ones", "tanh"), ("xavier_literal", "gelu"),
]  # fmt: skip


@pytest.mark.parametrize(("init", "kind"), FAST)
def test_measured(init: str, kind: str) -> None:
    """As the benchmark measures, with fewer seeds: 5 %, or three standard errors."""
    found = bench.compare(bench.Case(init, kind), bench.inputs("normal", 256), 6)
    wrong = [d for d in found if not d.uncertain and not d.holds and d.relative > 0.1]
    assert not wrong
    assert [d for d in found if not d.uncertain]


@pytest.mark.slow
@pytest.mark.parametrize("kind", bench.ACTIVATIONS)
@pytest.mark.parametrize("init", bench.initializers())
def test_every_initializer(init: str, kind: str) -> None:
    found = bench.compare(bench.Case(init, kind), bench.inputs("normal", 256), 20)
    assert not [d for d in found if not d.uncertain and not d.holds]


@pytest.mark.parametrize("biases", ["randn", "0.1*rand"])
def test_biases(biases: str) -> None:
    found = bench.compare(bench.Case("xavier_normal", "tanh", biases=biases), bench.inputs("normal", 256), 6)
    assert not [d for d in found if not d.holds and d.relative > 0.1]


def test_a_loss_hands_back_what_it_does() -> None:
    case = bench.Case("xavier_normal", "sigmoid", loss="quadratic")
    found = bench.compare(case, bench.inputs("normal", 256), 6)
    assert not [d for d in found if not d.holds and d.relative > 0.1]


SPECS = [
    ("64-128-128-128-10", "relu", "he_normal"), ("64-128-128-10", "sigmoid", "0.05*rand"),
    ("8x8x1-32c3-32c3-64-10", "relu", "he_normal"), ("8x8x1-32c3-32c3-64-10", "tanh", "xavier_normal"),
]  # fmt: skip


@pytest.mark.parametrize(("arch", "kind", "init"), SPECS)
def test_the_probes_of_a_real_network(arch: str, kind: str, init: str) -> None:
    """Over seeds; convolutions, whose places are alike to different degrees, more roughly."""
    data = load("digits")
    spec = read({"arch": arch, "activation": kind, "init": init, "loss": "cross_entropy"}, data)
    expected = of_spec(spec, data).layers
    seeds = 12
    network = Network(spec.architecture, spec.activation, spec.loss, seeds, "float64")
    for lane in range(seeds):
        network.initialize(lane, spec.initializer, spec.biases, lane)
    inputs = 32 if "c" in arch else 256  # convolutions measure at 64 places of each
    x = np.ascontiguousarray(data.x_train[:inputs])
    y = np.eye(10)[data.y_train[:inputs]].T.copy()
    with np.errstate(all="ignore"):
        found = measure(network, x, y, None).layers.mean(axis=0)
    for place, layer in enumerate(expected):
        slack = (0.3 if "c" in arch else 0.06) + 3 * layer.z_std_error / sqrt(seeds)
        assert layer.z_std == pytest.approx(found[place, INDEX["z_std"]], rel=slack), layer.name
        assert layer.gradient_rms == pytest.approx(found[place, INDEX["gradient_rms"]], rel=slack), layer.name
        if place < len(expected) - 1:
            for name in ("activation_mean", "std_over_inputs", "std_over_units"):
                assert getattr(layer, name) == pytest.approx(found[place, INDEX[name]], rel=2 * slack, abs=0.02), name


@pytest.mark.parametrize("arch", ["64-r(64-64)-10", "8x8x1-8c3-bn-p2-16c3-g-10", "64-64-ln-64-d0.5-10"])
def test_any_architecture_has_a_forecast(arch: str) -> None:
    data = load("digits")
    found = of_spec(read({"arch": arch, "activation": "relu", "init": "he_normal"}, data), data)
    layers = Architecture.parse(arch, data.feature_shape).layers
    assert [layer.name for layer in found.layers] == [shape.name for shape in layers]
    for layer in found.layers:
        assert 0 < layer.z_std < 100
        assert layer.gradient_rms > 0
    assert found.notes


def test_lsuv_makes_every_variance_one() -> None:
    data = load("digits")
    found = of_spec(read({"arch": "64-80-80-80-10", "activation": "gelu", "init": "lsuv"}, data), data)
    assert [layer.z_std for layer in found.layers] == pytest.approx([1] * 4, abs=0.06)


@pytest.mark.parametrize("arch", ["64-r(64)-10", "64-r(30-64)-10", "64-30-r(30-30)-10"])
def test_zeros_of_fixup_are_no_symmetry_and_lose_nothing(arch: str) -> None:
    """What starts at 0 is the last layer of each block and of the network; skips tell the units apart."""
    data = load("digits")
    found = of_spec(read({"arch": arch, "activation": "relu", "init": "fixup"}, data), data)
    count = len(found.layers)
    assert found.zeroed == (count - 1, count)
    assert [place for place, one in enumerate(found.layers, 1) if one.z_std == 0] == [count - 1, count]
    assert (found.signal_lost, found.gradient_lost) == (None, None)
    assert not any(one.gradient_doubt for one in found.layers)
    assert not any("identical" in note for note in found.notes)
    assert any(note.startswith("fixup: the last layer of each residual block") for note in found.notes)
    zeros = of_spec(read({"arch": "64-30-10", "init": "zeros"}, data), data)
    assert (zeros.zeroed, zeros.signal_lost) == ((), 1)
    assert any("identical" in note for note in zeros.notes)


def test_statistics_of_the_inputs_can_be_given() -> None:
    data = load("digits")
    spec = read({"init": "xavier_normal"}, data)
    inputs = InputStatistics.of_dataset(data)
    assert str(of_spec(spec, data, inputs)) == str(of_spec(spec, data))
    assert of_spec(spec, data, InputStatistics.normal(64)).layers[0].z_std != of_spec(spec, data).layers[0].z_std


def test_levels_are_the_distinct_values_or_means_of_equal_shares() -> None:
    x = np.random.default_rng(0).integers(0, 9, (40, 3)) / 8
    found = InputStatistics.of(x)
    assert found.levels.tolist() == sorted({float(value) for value in x.ravel()})
    for feature, level in np.ndindex(found.counts.shape):
        assert found.counts[feature, level] == np.mean(x[:, feature] == found.levels[level])
    many = InputStatistics.of(np.random.default_rng(1).normal(size=(400, 3)))
    assert many.levels.shape == (256,)
    assert (np.diff(many.levels) > 0).all()
    assert many.counts.sum(axis=1) == pytest.approx(1)


def test_output_layers_are_not_judged() -> None:
    last = of("randn", "sigmoid", [20, 30, 10], InputStatistics.normal(20)).layers[-1]
    assert str((last.saturated_low, last.dead_units, last.backward_gain)) == str((nan, nan, nan))
