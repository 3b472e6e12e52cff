"""A lane trains to the same bits alone and in company; identical units stay so; Nielsen's first steps."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import oracle
import pytest

from initscope.core.batches import Batches
from initscope.core.blas import one_thread
from initscope.core.datasets.data import Dataset, load
from initscope.core.ensemble import Ensemble, Lane, Overflow, same_ensemble
from initscope.core.spec import Spec, read
from initscope.core.training import Trainer

DIGITS = load("digits")
STEPS = 300
OTHERS = [
    "init=rand lr=1", "init=randn lr=0.01", "init=xavier_normal", "init=scaled_randn bias-init=randn lr=2",
    "init=randn:scale=0.01", "init=uniform lr=0.3", "init=orthogonal lr=0.05",
]
CASES = {  # the last batch of an epoch is smaller, but for the third
    "nielsen": "data=digits arch=64-30-10 init=randn lr=3 batch-size=7",
    "one example": "data=digits arch=64-13-10 init=randn lr=0.5 batch-size=1 loss=cross_entropy",
    "tanh adam": "data=digits arch=64-20-15-10 activation=tanh loss=cross_entropy optimizer=adam lr=0.003",
    "relu momentum": "data=circles arch=2-17-9-1 activation=relu loss=cross_entropy optimizer=momentum "
    "lr=0.05 batch-size=32",
    "gelu nesterov": "data=spiral arch=2-11-3 activation=gelu optimizer=nesterov lr=0.1 batch-size=64",
    "deep": "data=spiral arch=2-5-6-7-3 activation=softsign loss=cross_entropy lr=0.2 batch-size=13",
    "silu one output": "data=circles arch=2-6-1 activation=silu lr=1 batch-size=7",
    "elu, no hidden layer": "data=digits arch=64-10 activation=elu loss=cross_entropy lr=0.1 batch-size=33",
    "large batch": "data=digits arch=64-30-10 activation=leaky_relu lr=1 batch-size=400",
}
DATA: dict[str, Dataset] = {}


def spec(text: str, **more: str) -> Spec:
    """The spec of `key=value` words; later ones win."""
    options = dict(word.split("=", 1) for word in text.split())
    options |= {key.replace("_", "-"): value for key, value in more.items()}
    name = options.get("data", "digits")
    if name not in DATA:
        DATA[name] = load(name)
    return read(options, DATA[name])


def train(specs: list[Spec], steps: int = STEPS) -> tuple[np.ndarray, list[np.ndarray], list[np.ndarray]]:
    """(parameters (lanes, n), losses of each lane, probes of each lane); probed at three steps."""
    ensemble = start(specs)
    batches = ensemble.batches
    with np.errstate(all="ignore"), one_thread():
        ensemble.probe(0)
        for step in range(steps):
            probing = step + 1 in (steps // 3, steps)
            assert not ensemble.step(step, *batches.at(step), keep_update=probing)
            if probing:
                ensemble.probe(step + 1)
    lanes = ensemble.lanes
    probes = [np.concatenate([lane.probes.value.ravel(), lane.measures.value.ravel()]) for lane in lanes]
    return ensemble.network.parameters.copy(), [lane.losses.curve().mean for lane in lanes], probes


def start(specs: list[Spec]) -> Ensemble:
    first = specs[0]
    data = DATA[first.data].astype(first.dtype)
    lanes = [Lane(row, one, len(one.architecture.layers)) for row, one in enumerate(specs)]
    return Ensemble.of(lanes, Batches(data, first.batch_size, first.seed), Overflow())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", list(CASES))
def test_a_lane_alone_equals_the_lane_in_company(case: str, dtype: str) -> None:
    text = CASES[case]
    lane = spec(text, dtype=dtype, steps=str(STEPS))
    alone = train([lane])
    assert len(alone[1][0]) == STEPS
    for count, row in ((1, 0), (4, 2), (7, 7)):
        company = [spec(f"{text} {other}", dtype=dtype, steps=str(STEPS)) for other in OTHERS[:count]]
        company.insert(row, lane)
        together = train(company)
        assert np.array_equal(alone[0][0], together[0][row])
        assert np.array_equal(alone[1][0], together[1][row])
        assert np.array_equal(alone[2][0], together[2][row], equal_nan=True)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rule", [
    "optimizer=momentum:momentum=0.5 lr=0.1", "optimizer=nesterov:momentum=0.5 lr=0.1",
    "optimizer=adam:beta1=0.5 lr=0.01",
])
def test_neighbours_with_other_hyperparameters(rule: str, dtype: str) -> None:
    lane = spec(f"arch=64-9-10 {rule}", dtype=dtype, steps="100")
    name = lane.optimizer.name
    other = spec(f"arch=64-9-10 init=rand optimizer={name} lr=0.5", dtype=dtype, steps="100")
    alone, together = train([lane], 100), train([other, lane, other], 100)
    assert np.array_equal(alone[0][0], together[0][1])
    assert not np.array_equal(together[0][0], together[0][1])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("text", [
    "arch=64-13-7-10 lr=1", "arch=64-5-10 optimizer=adam activation=tanh batch-size=1",
])
def test_lanes_of_identical_units_equal_themselves_in_company(text: str, dtype: str) -> None:
    inits = ["zeros", "ones", "constant:value=0.3", "constant:value=-0.2"]
    specs = [spec(text, init=init, dtype=dtype, steps="100", bias_init="same") for init in inits]
    together = train(specs, 100)
    for row, one in enumerate(specs):
        alone = train([one], 100)
        assert np.array_equal(alone[0][0], together[0][row])
        assert np.array_equal(alone[1][0], together[1][row])
        assert np.array_equal(alone[2][0], together[2][row], equal_nan=True)


def wide() -> Dataset:
    """Noise in the shape of MNIST."""
    rng = np.random.default_rng(0)
    x, y = rng.uniform(size=(200, 784)), rng.integers(0, 10, 200)
    return Dataset("wide", x, y, x[:20], y[:20], 10, "noise", (28, 28))


DATA["wide"] = wide()


def assert_clones(ensemble: Ensemble) -> None:
    """Every hidden unit's weights, bias and outgoing weights are those of the first unit, to the bit."""
    for layer, after in zip(ensemble.network.weighted, ensemble.network.weighted[1:], strict=False):
        assert np.array_equal(layer.weights, np.broadcast_to(layer.weights[:, :1], layer.weights.shape))
        assert np.array_equal(layer.biases, np.broadcast_to(layer.biases[:, :1], layer.biases.shape))
        assert np.array_equal(after.weights, np.broadcast_to(after.weights[:, :, :1], after.weights.shape))


def train_clones(text: str, steps: int = 500) -> Ensemble:
    inits = ["zeros", "ones", "constant:value=0.01", "randn:scale=0"]
    ensemble = start([spec(text, init=init, steps=str(steps)) for init in inits])
    assert ensemble.network.alike
    before = ensemble.network.weighted[0].weights.copy()
    with np.errstate(all="ignore"), one_thread():
        for step in range(steps):
            assert not ensemble.step(step, *ensemble.batches.at(step), keep_update=False)
            if step % 50 == 49:
                assert_clones(ensemble)
    assert (ensemble.network.weighted[0].weights[2] != before[2]).any()  # ones may saturate and stay
    return ensemble


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rule", ["sgd", "adam"])
@pytest.mark.parametrize("phi", ["sigmoid", "tanh", "relu"])
def test_identical_units_stay_identical(phi: str, rule: str, dtype: str) -> None:
    lr = {"sgd": "1", "adam": "0.003"}[rule]
    train_clones(f"arch=64-30-10 activation={phi} optimizer={rule} lr={lr} dtype={dtype} batch-size=10")


@pytest.mark.parametrize("text", [
    "data=wide arch=784-33-10 dtype=float32 lr=3 batch-size=10",
    "data=wide arch=784-7-5-10 dtype=float64 lr=0.1 batch-size=9 activation=tanh loss=cross_entropy",
    "data=circles arch=2-10-5-1 dtype=float64 lr=0.5 batch-size=300 activation=silu loss=cross_entropy",
    "data=spiral arch=2-31-17-3 dtype=float32 lr=0.5 batch-size=1 optimizer=momentum",
])
def test_identical_units_stay_identical_in_other_shapes(text: str) -> None:
    train_clones(text, 200)


KERNELS = """
import numpy as np
import test_lockstep as t
text = t.CASES["nielsen"]
lane = t.spec(text, steps="60")
alone = t.train([lane], 60)
together = t.train([t.spec(f"{text} {other}", steps="60") for other in t.OTHERS[:3]] + [lane], 60)
assert np.array_equal(alone[0][0], together[0][3])
assert np.array_equal(alone[1][0], together[1][3])
t.train_clones("arch=64-33-10 lr=1 batch-size=10", 60)
print("equal")
"""


@pytest.mark.parametrize("kernel", ["Nehalem", "Haswell", "SkylakeX"])
def test_on_other_blas_kernels(kernel: str) -> None:
    """OpenBLAS picks kernels by processor; one it cannot run falls back to its own choice."""
    cpu = Path("/proc/cpuinfo")
    flags = cpu.read_text(encoding="utf-8") if cpu.exists() else ""
    needed = {"Nehalem": "sse4_2", "Haswell": "avx2", "SkylakeX": "avx512vl"}[kernel]
    if needed not in flags:
        pytest.skip(f"this processor has no {needed}")
    environment = {**os.environ, "OPENBLAS_CORETYPE": kernel, "PYTHONPATH": os.path.dirname(__file__)}
    words = [sys.executable, "-c", KERNELS]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout == "equal\n", done.stderr


@pytest.mark.parametrize(("init", "batch"), [("randn", 10), ("scaled_randn", 7), ("xavier_uniform", 10)])
def test_nielsens_first_steps(init: str, batch: int) -> None:
    """Step by step against his own program, in float64 to 1e-9 (beyond some 1,000 steps it is chaos).

    Step 215 of those with batches of 7 is the end of an epoch, with 2 examples.
    """
    text = f"arch=64-30-10 init={init} lr=3 bias-init=same dtype=float64 batch-size={batch}"
    lane = replace(spec(text), steps=STEPS)
    ensemble = start([lane])
    network = ensemble.network
    plain = oracle.NielsenNetwork([(d.weights[0], d.biases[0]) for d in network.weighted])
    x_all = DIGITS.x_train
    for step in range(STEPS):
        x, chosen = ensemble.batches.at(step)
        examples = [(x_all[i][:, None], np.eye(10)[:, [DIGITS.y_train[i]]]) for i in chosen]
        cost = plain.update(examples, eta=3.0)
        assert not ensemble.step(step, x, chosen, keep_update=False)
        for number, layer in enumerate(network.weighted):
            assert np.abs(layer.weights[0] - plain.weights[number]).max() < 1e-9
            assert np.abs(layer.biases[0] - plain.biases[number][:, 0]).max() < 1e-9
        ensemble.flush()
        assert ensemble.lanes[0].losses.curve().mean[-1] == pytest.approx(cost, abs=1e-9)


def test_seeds_train_together_where_they_draw_the_weights_alone() -> None:
    """Full batches have one order, and without dropout nothing else is drawn while training."""
    options = {"arch": "2-6-2", "epochs": "3", "batch-size": "300", "data": "circles"}
    data = load("circles")
    specs = [read({**options, "seed": str(seed)}, data) for seed in (0, 1, 2)]
    assert len({same_ensemble(spec, 300) for spec in specs}) == 1
    together, alone = Trainer(specs, {"circles": data}), Trainer(specs[1:2], {"circles": data})
    found = [list(made.run())[-1] for made in (together, alone)]
    assert found[0].lanes[1].losses.mean.tolist() == found[1].lanes[0].losses.mean.tolist()
    for changed in ({"batch-size": "299"}, {"arch": "2-6-d0.5-2"}):
        apart = [read({**options, **changed, "seed": str(seed)}, data) for seed in (0, 1)]
        assert len({same_ensemble(spec, 300) for spec in apart}) == 2
