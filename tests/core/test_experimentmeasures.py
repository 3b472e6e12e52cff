"""Measures of a network and of draws, against plain numpy on tiny runs."""

from math import inf, isnan, log2

import numpy as np
import pytest
from runs import DATA, finish, specs

from initscope.core.experiments import file as experimentfile
from initscope.core.experiments.experiment import Quantity
from initscope.core.experiments.measures import MEASURABLE, LayerTensors, Moment
from initscope.core.experiments.plan import plan
from initscope.core.experiments.run import Run
from initscope.core.history import Curve
from initscope.core.plateau import leaving_steps, measured_steps, plateau_ratio
from initscope.core.probes import INDEX
from initscope.core.training import Trainer

TOP = 'question = "Q"\nclaim = "C"\nsource = "S"\n'


def made(options, lanes, expect, **keys):
    text = TOP + "".join(f"{key} = {value}\n" for key, value in keys.items())
    text += "[options]\n" + "".join(f"{key} = '{value}'\n" for key, value in options.items())
    text += "".join(f"[[lanes]]\nname = '{name}'\n{rest}\n" for name, rest in lanes.items())
    text += "".join(f"[[expect]]\ntext = 'T'\n{one}\n" for one in expect)
    run = Run(plan(experimentfile.read("x", text, "x.toml")))
    done = list(run.go())
    assert done == sorted(done)
    assert done[-1] <= run.total
    return run


def forward(weights, biases, x, activation):
    a, layers = x.T, []
    for number, (w, b) in enumerate(zip(weights, biases, strict=True), 1):
        z = w @ a + b[:, None]
        a = activation(z) if number < len(weights) else 1 / (1 + np.exp(-z))
        layers.append((z, a))
    return layers


def test_layers_against_plain_numpy():
    """64-20-20-10 tanh, sigmoid outputs, quadratic cost: everything from the weights that the trainer holds."""
    options = {"activation": "tanh", "arch": "64-20-20-10", "dtype": "float64"}
    trainer = Trainer(specs(["init=xavier_normal"], **options), DATA)
    lane = finish(trainer, 0).lanes[0]
    ensemble = trainer._active[0]
    layers = ensemble.network.weighted
    weights, biases = [layer.weights[0] for layer in layers], [layer.biases[0] for layer in layers]
    x, y = ensemble._probe_x, ensemble._probe_y
    passed = forward(weights, biases, x, np.tanh)
    tensors = [LayerTensors(w, a) for w, (_, a) in zip(weights, passed, strict=True)]
    moment = Moment(lane, lane.latest, lambda: tensors, lambda: tensors)

    def value(name, layer=0, **settings):
        return MEASURABLE[name].of(moment, layer, {**MEASURABLE[name].settings, **settings})

    a3 = passed[2][1]
    deltas = [(a3 - y) * a3 * (1 - a3)]
    for number in (1, 0):
        deltas.insert(0, (weights[number + 1].T @ deltas[0]) * (1 - passed[number][1] ** 2))
    rms = [np.sqrt((delta**2).mean()) for delta in deltas]
    assert value("gradient_ratio", 1) == pytest.approx(rms[0] / rms[1])
    assert value("gradient_ratio", 2) == pytest.approx(rms[1] / rms[2])
    assert isnan(value("gradient_ratio", 3))
    gradient = deltas[1] @ passed[0][1].T / len(x)
    assert value("weight_gradient_norm", 2) == pytest.approx(np.linalg.norm(gradient))
    assert value("weight_gradient_spread") == 1.0  # one hidden layer from the second on
    hidden = passed[1][1]
    assert value("activation_std", 2) == pytest.approx(hidden.std())
    assert value("saturated", 2) == pytest.approx((np.abs(hidden) > np.sqrt(0.94)).mean())
    assert value("beyond", 3, edge=0.4) == pytest.approx(((a3 < 0.4) | (a3 > 0.6)).mean())
    squares = [log2((z**2).mean()) for z, _ in passed[:2]]
    assert value("z_slope") == pytest.approx(squares[1] - squares[0])
    assert value("largest_change", 1) == 0


def test_the_slope_of_many_layers_is_that_of_least_squares():
    run = made(
        {"arch": "64-32x8-10", "activation": "relu", "loss": "cross_entropy", "steps": "1"},
        {"a": "init = 'scaled_randn'"},
        ["measure = 'z_slope'\nat = 'start'", "measure = 'z_mean'\nlayer = 'hidden'\nat = 'start'",
         "measure = 'z_std'\nlayer = 'hidden'\nat = 'start'"],
    )  # fmt: skip
    squares = [
        run.values["a", 0, Quantity("z_mean", "start", n)] ** 2 + run.values["a", 0, Quantity("z_std", "start", n)] ** 2
        for n in range(1, 9)
    ]
    x = np.arange(8) - 3.5
    slope = (x * np.log2(squares)).sum() / (x**2).sum()
    assert run.values["a", 0, Quantity("z_slope", "start")] == pytest.approx(slope)
    assert -1.5 < slope < -0.6


def test_identical_units_and_changes():
    zeros = "init = 'zeros'"
    half = "init = 'zeros'\nbias-init = 'randn'"
    expect = ["measure = 'identical_units'\nlayer = [1, 2]", "measure = 'largest_change'\nlayer = 1"]
    run = made({"arch": "64-6-10", "steps": "40"}, {"zeros": zeros, "half": half}, expect)
    identical = {
        (lane, layer): run.values[lane, 0, Quantity("identical_units", "end", layer)]
        for lane in ("zeros", "half")
        for layer in (1, 2)
    }
    assert identical == {("zeros", 1): 1, ("zeros", 2): 0, ("half", 1): 0, ("half", 2): 0}
    assert run.values["zeros", 0, Quantity("largest_change", "end", 1)] > 0
    rows = np.array([[1.0, 2.0], [3.0, 4.0], [1.0, 2.0], [0.0, 5.0], [1.0, 2.0 + 1e-15]])
    moment = Moment(None, None, lambda: [LayerTensors(rows, rows)], lambda: [LayerTensors(rows + 0.5, rows)])
    assert MEASURABLE["identical_units"].of(moment, 1, {}) == 0.4
    assert MEASURABLE["largest_change"].of(moment, 1, {}) == 0.5


def test_losses_at_a_step_are_those_of_all_examples_there():
    """The cost that a full-batch program prints before its update number k is train_loss at step k."""
    options = {"data": "circles", "arch": "2-8-2", "batch-size": "300", "dtype": "float64", "steps": "20"}
    run = made(options, {"a": "init = 'randn'"}, [f"measure = 'train_loss'\nat = 'step {k}'" for k in (0, 7, 20)])
    spec = specs(["init=randn"], data="circles", arch="2-8-2", batch_size="300", dtype="float64", steps="20")
    losses = finish(Trainer(spec, DATA)).lanes[0].losses
    for step in (0, 7):
        assert losses.step[step] == step + 1
        assert run.values["a", 0, Quantity("train_loss", f"step {step}")] == pytest.approx(losses.mean[step], rel=1e-12)
    assert run.values["a", 0, Quantity("train_loss", "step 20")] < losses.mean[-1]


def test_epochs_and_the_end_are_measured_on_all_test_examples():
    run = made({"epochs": "2"}, {"a": "init = 'randn'", "b": "init = 'rand'"}, [
        f"measure = '{name}'\nat = '{at}'"
        for name in ("test_percent", "test_accuracy", "constant_answer", "classes_predicted", "diverged")
        for at in ("start", "epoch 1", "epoch 2", "end", "epoch 3")
    ], seeds=2)  # fmt: skip
    spec = specs(["init=randn", "init=rand"], epochs="2", seed="1")
    final = finish(Trainer(spec, DATA)).lanes
    for lane, name in zip(final, "ab", strict=True):
        assert run.values[name, 1, Quantity("test_accuracy")] == lane.final.test_accuracy
        assert run.values[name, 1, Quantity("test_percent", "epoch 2")] == 100 * lane.final.test_accuracy
        assert (name, 1, Quantity("test_percent", "epoch 3")) not in run.values
        assert run.values[name, 1, Quantity("diverged", "epoch 1")] == 0
    after = finish(Trainer(specs(["init=randn"], epochs="1", seed="1"), DATA)).lanes[0].final
    assert run.values["a", 1, Quantity("classes_predicted", "epoch 1")] == after.classes_predicted
    assert [run.values["b", s, Quantity("constant_answer", "epoch 1")] for s in (0, 1)] == [1, 1]
    assert run.values["a", 0, Quantity("constant_answer")] == 0


def test_the_first_step_that_passes_a_value():
    above, below = "of = 'test_accuracy'\nabove = 0.5", "of = 'batch_loss'\nbelow = 0.3"
    never = "of = 'test_accuracy'\nabove = 1.5"
    expect = [f"measure = 'first_step'\n{one}" for one in (above, below, never)]
    run = made({"steps": "400"}, {"a": "init = 'xavier_normal'"}, expect, every=10)
    steps = [value for (_, _, quantity), value in run.values.items()]
    assert steps[2] == inf
    assert 10 <= steps[0] <= 400
    assert steps[0] % 10 == 0 or steps[0] in (1, 2, 4, 8, 16, 32, 64, 128, 256) or steps[0] > 256
    lane = finish(Trainer(specs(["init=xavier_normal"], steps="400"), DATA)).lanes[0]
    assert steps[1] == lane.losses.step[np.argmax(lane.losses.mean < 0.3)]


def test_a_lane_that_diverged_says_so():
    options = {"arch": "64-20-10", "loss": "cross_entropy", "steps": "50"}
    expect = ["measure = 'diverged'\nat = 'step 40'", "measure = 'test_loss'"]
    run = made(options, {"a": "init = 'randn'\nlr = 1e30"}, expect)
    assert run.values["a", 0, Quantity("diverged", "step 40")] == 1


def test_the_closed_form_of_the_plateau_against_the_recursion():
    """e^z falls by s·lr·(H + 1) a step: summed step by step, and by the cost of ten such outputs."""
    rng = np.random.default_rng(0)
    lr, hidden, outputs = 3.0, 30, 10
    z = rng.normal(11.0, 0.8, outputs)
    steps = 4000
    now, costs = z.copy(), []
    for _ in range(steps):
        a = 1 / (1 + np.exp(-now))
        costs.append((0.5 * (0.9 * a**2 + 0.1 * (1 - a) ** 2)).sum())
        now -= lr * (hidden + 1) * (a - 0.1) * a * (1 - a)
    losses = Curve(np.arange(1, steps + 1), np.array(costs), np.array(costs), np.array(costs))
    predicted, measured = leaving_steps(z, hidden, lr), measured_steps(losses, outputs)
    there = (predicted < 0.8 * steps) & (predicted > 250)
    assert there.sum() > 3
    assert measured[there] == pytest.approx(predicted[there], rel=0.02)
    start = np.repeat(1 / (1 + np.exp(-z))[:, None], 5, axis=1)
    assert plateau_ratio(start, hidden, lr, losses) == pytest.approx(1, abs=0.02)
    assert plateau_ratio(start, hidden, 2 * lr, losses) == pytest.approx(2, rel=0.05)
    assert isnan(plateau_ratio(np.ones((10, 5)), hidden, lr, losses))


def test_the_plateau_of_a_real_network():
    options = {"dtype": "float64", "steps": "4000"}
    lanes = {"rand": "init = 'normal:mean=0.4,std=0.05'\nbias-init = 'same'"}
    run = made(options, lanes, ["measure = 'plateau_ratio'"])
    assert run.values["rand", 0, Quantity("plateau_ratio")] == pytest.approx(1, abs=0.1)


def test_every_probe_is_a_measure():
    assert set(INDEX) <= set(MEASURABLE)
    run = made({"steps": "3"}, {"a": "init = 'rand'"}, [f"measure = '{name}'\nlayer = [1, 2]" for name in INDEX])
    lane = finish(Trainer(specs(["init=rand"], steps="3"), DATA)).lanes[0]
    for name, index in INDEX.items():
        for layer in (1, 2):
            found, expected = run.values["a", 0, Quantity(name, "end", layer)], lane.probes[-1, layer - 1, index]
            assert found == expected or (isnan(found) and isnan(expected))


def test_draws_against_plain_numpy():
    text = f"{TOP}kind = 'sample'\nseeds = [5]\n[options]\nn = 200\neps = 0.1\nshape = '3,4'\n"
    text += "[[lanes]]\nname = 'a'\ninit = '0.5*randn'\n"
    names = ("mean", "std", "expected_mean", "expected_std", "mean_error", "std_error", "mean_z", "within", "smallest",
             "largest", "near_zero", "all_near_zero", "mean_chance")  # fmt: skip
    text += "".join(f"[[expect]]\ntext = 'T'\nmeasure = '{name}'\n" for name in names)
    text += "value = 0.1\n"
    run = Run(plan(experimentfile.read("x", text, "x.toml")))
    assert list(run.go()) == [1]
    found = {quantity.measure: value for (_, _, quantity), value in run.values.items()}
    x = 0.5 * np.random.default_rng(5).standard_normal(200)
    error = 0.5 / np.sqrt(200)
    near = 0.158519418878205  # erf(0.2/sqrt 2)
    expected = {
        "mean": x.mean(), "std": x.std(ddof=1), "expected_mean": 0, "expected_std": 0.5, "mean_error": error,
        "std_error": 0.5 / np.sqrt(400), "mean_z": x.mean() / error, "within": (np.abs(x) <= 1.5).mean(),
        "smallest": x.min(), "largest": x.max(), "near_zero": near, "all_near_zero": near**12,
        "mean_chance": 0.004677734981047266,  # of 2.8284 standard errors
    }  # fmt: skip
    assert found == pytest.approx(expected)
