"""Weights under PyTorch's names: PyTorch itself loads them and answers as we do; our own readers find the layers."""

import json
from pathlib import Path

import numpy as np
import pytest
from exported import DATA, trainer
from otherreaders import ask

from initscope.core.activations import CATALOGUE
from initscope.core.activations import activation as read_activation
from initscope.core.exports.sequential import activation_code, sequential
from initscope.core.exports.weights import (
    LaneWeights,
    of_network,
    of_trainer,
    safetensors,
    write_npz,
    write_safetensors,
)
from initscope.core.network import Network
from initscope.core.spec import read
from initscope.core.training import Trainer
from initscope.core.weights import find_layers, open_weights

DIGITS = DATA["digits"]
COLOUR = (6, 6, 3)
"""As images of the data lie: height, width, channels."""

CASES = {
    "64-30-10": {},
    "64-20x2-10": {"activation": "prelu", "loss": "cross_entropy"},
    "64-bn-16-ln-d0.5-10": {"activation": "selu"},
    "64-8-r(8-bn-8-bn)-r(8)-10": {"activation": "sine:omega=2", "loss": "cross_entropy"},
    "4c3-bn-p2-8c3s2p1-ln-g-10": {"activation": "leaky_relu:slope=0.2", "loss": "cross_entropy"},
    "p2-3c2p0-a2s1-r(5-12)-10": {"activation": "softplus:beta=2"},
    "6c3-r(6c3-bn-6c3-bn)-r(216)-20-10": {"activation": "hard_tanh:low=-0.5,high=2"},
    "bn-4c3-10": {"activation": "elu:alpha=0.5", "loss": "cross_entropy", "dtype": "float64"},
}
ON_COLOUR = "6c3-r(6c3-bn-6c3-bn)-r(216)-20-10"
ACTIVATIONS = [*CATALOGUE, "elu:alpha=0.3", "prelu:slope=0.1"]

IN_TORCH = """
import json, sys
import numpy as np
import torch
from pathlib import Path
try:
    from safetensors.torch import load_file
except ImportError:
    load_file = None
answers = {}
for folder in sorted(Path(sys.argv[1]).iterdir()):
    scope = {}
    exec((folder / "code.py").read_text(), scope)
    net = scope["net"]
    x = np.load(folder / "x.npy")
    files = {"npz": {name: torch.from_numpy(values) for name, values in np.load(folder / "w.npz").items()}}
    if load_file and (folder / "w.safetensors").exists():
        files["safetensors"] = load_file(folder / "w.safetensors")
    net = net.to(torch.from_numpy(x).dtype).eval()
    given = [name for name in net.state_dict()]
    for kind, state in files.items():
        net.load_state_dict(state, strict=True)
        with torch.no_grad():
            out = net(torch.from_numpy(x))
        answers.setdefault(folder.name, {})[kind] = out.numpy().astype(float).tolist()
    answers[folder.name]["names"] = given
print(json.dumps(answers))
"""


def lane(arch: str, **options: str) -> tuple[LaneWeights, Network, np.ndarray, np.ndarray]:
    """A network with weights, biases, gains and running moments of all kinds; and inputs, ours and PyTorch's."""
    rng = np.random.default_rng(len(arch))
    shape = COLOUR if arch == ON_COLOUR else DIGITS.feature_shape
    data = DIGITS if shape != COLOUR else _colour(rng)
    spec = read({"arch": arch, **options}, data)
    network = Network(spec.architecture, spec.activation, spec.loss, 2, spec.dtype)
    network.parameters[...] = rng.normal(0, 0.4, network.parameters.shape)
    network.running[...] = rng.uniform(0.5, 1.5, network.running.shape)
    made = of_network(network, 1, spec, 7)
    x = data.x_test[:9].astype(spec.dtype)
    images = x.reshape(9, *shape)
    if shape == COLOUR:
        images = images.transpose(0, 3, 1, 2)
    return made, network, x, np.ascontiguousarray(images.reshape(9, *made.sequential.input_shape))


def _colour(rng: np.random.Generator):
    from dataclasses import replace

    x = rng.random((40, 108))
    y = np.arange(40) % 10
    return replace(DIGITS, x_train=x, y_train=y, x_test=x, y_test=y, feature_shape=COLOUR)


def outputs(network: Network, x: np.ndarray) -> np.ndarray:
    y = np.zeros((network.architecture.outputs, len(x)), network.dtype)
    return network.evaluate(x, y, network.workspace(len(x)))[1][1].T


def test_pytorch_loads_them_into_the_same_network_and_answers_alike(tmp_path: Path) -> None:
    ours = {}
    cases = CASES | {f"64-12-{9 + n}-10": {"activation": name} for n, name in enumerate(ACTIVATIONS)}
    for number, (arch, options) in enumerate(cases.items()):
        made, network, x, images = lane(arch, **options)
        folder = tmp_path / str(number)
        folder.mkdir()
        write_npz(folder / "w.npz", made)
        if number < len(CASES):
            write_safetensors(folder / "w.safetensors", made)
        np.save(folder / "x.npy", images)
        (folder / "code.py").write_text(made.sequential.code)
        ours[folder.name] = arch, made, outputs(network, x)
    answers = ask("torch", IN_TORCH, str(tmp_path))
    assert answers.keys() == ours.keys()
    for name, (arch, made, expected) in ours.items():
        assert answers[name].pop("names") == list(made.tensors), arch
        for found in answers[name].values():
            theirs = np.array(found)
            if made.spec.loss.name == "cross_entropy":
                theirs = np.exp(theirs - theirs.max(axis=1, keepdims=True))
                theirs /= theirs.sum(axis=1, keepdims=True)
            scale = 1e-12 if made.spec.dtype == "float64" else 3e-6
            np.testing.assert_allclose(expected, theirs, atol=scale, err_msg=arch)


@pytest.mark.parametrize(
    ("arch", "names", "expression"),
    [
        (
            "64-30-10",
            ["0.weight", "0.bias", "2.weight", "2.bias"],
            "nn.Sequential(nn.Linear(64, 30), nn.Sigmoid(), nn.Linear(30, 10), nn.Sigmoid())",
        ),
        (
            "2c3-bn-p2-10",
            ["0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var", "1.num_batches_tracked",
             "5.weight", "5.bias"],
            "nn.Sequential(nn.Conv2d(1, 2, 3, stride=1, padding=1), nn.BatchNorm2d(2), nn.Sigmoid(), "
            "nn.MaxPool2d((2, 2), stride=2), nn.Flatten(), nn.Linear(32, 10), nn.Sigmoid())",
        ),
        (
            "64-8-r(8-ln)-10",
            ["0.weight", "0.bias", "2.0.weight", "2.0.bias", "2.1.weight", "2.1.bias", "4.weight", "4.bias"],
            "nn.Sequential(nn.Linear(64, 8), nn.Sigmoid(), Residual(nn.Linear(8, 8), nn.LayerNorm(8)), nn.Sigmoid(), "
            "nn.Linear(8, 10), nn.Sigmoid())",
        ),
    ],
)  # fmt: skip
def test_numbers_are_those_that_pytorch_counts(arch: str, names: list[str], expression: str) -> None:
    made, *_ = lane(arch)
    assert list(made.tensors) == names
    assert made.sequential.expression == expression
    assert expression in made.sequential.code


def test_every_activation_has_a_module() -> None:
    codes = {name: activation_code(read_activation(name)) for name in CATALOGUE}
    assert all(code.endswith(")") for code in codes.values())
    assert len(set(codes.values())) == len(CATALOGUE)


@pytest.mark.parametrize("write", [write_npz, write_safetensors])
@pytest.mark.parametrize("arch", ["64-30-20-10", "4c3-bn-p2-8c3s2p1-ln-g-10"])
def test_our_own_readers_find_the_layers_again(tmp_path: Path, write, arch: str) -> None:
    made, network, *_ = lane(arch)
    with open_weights(write(tmp_path / "w", made)) as weights:
        found = {tensor.name: tensor for tensor in weights.tensors}
        assert found.keys() == made.tensors.keys()
        for name, values in made.tensors.items():
            np.testing.assert_array_equal(found[name].read(), values)
        chain = find_layers(weights.tensors).chain
        shapes = [layer.weights.shape[1:] for layer in network.weighted]
        assert [layer.weight.shape for layer in chain] == shapes
        assert all(layer.transposed for layer in chain)


def test_safetensors_has_its_header_and_aligned_tensors_without_gaps() -> None:
    made, *_ = lane("2c3-bn-p2-10")
    raw = safetensors(made)
    length = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + length])
    assert header.pop("__metadata__")["torch"] == made.sequential.expression
    assert length % 8 == 0
    at = 0
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        assert begin == at
        assert begin % made.tensors[name].itemsize == 0
        dtype = {"F32": "<f4", "I64": "<i8"}[entry["dtype"]]
        values = np.frombuffer(raw[8 + length + begin : 8 + length + end], dtype).reshape(entry["shape"])
        np.testing.assert_array_equal(values, made.tensors[name])
        at = end
    assert 8 + length + at == len(raw)
    assert header["1.num_batches_tracked"]["shape"] == []


def test_lanes_of_a_trainer_keep_their_order_and_a_copy_is_not_changed_by_training() -> None:
    made: Trainer = trainer(["init=rand", "init=zeros arch=64-5-10", "init=randn"], steps="3")
    start = of_trainer(made)
    assert [str(one.spec.initializer) for one in start] == ["rand", "zeros", "randn"]
    assert [one.step for one in start] == [0, 0, 0]
    before = [one.tensors["0.weight"].copy() for one in start]
    for _ in made.run():
        pass
    after = of_trainer(made)
    assert [one.step for one in after] == [3, 3, 3]
    for one, kept, now in zip(start, before, after, strict=True):
        np.testing.assert_array_equal(one.tensors["0.weight"], kept)
        assert not np.array_equal(now.tensors["2.bias"], one.tensors["2.bias"])


def test_a_dense_layer_first_takes_images_flat() -> None:
    assert sequential(read({}, DIGITS)).input_shape == (64,)
    assert sequential(read({"arch": "2c3-10"}, DIGITS)).input_shape == (1, 8, 8)
    assert sequential(read({"arch": "bn-10"}, DIGITS)).input_shape == (1, 64)
