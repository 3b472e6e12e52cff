"""The check of saved weights: layouts that people write, statistics and passing against plain numpy, odd tensors."""

import io
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from filechecks import Array, checked, codes, drawn, safetensors, saved

from initscope.core.activations import activation
from initscope.core.checks.file import check_file
from initscope.core.checks.statistics import look
from initscope.core.datasets.data import load
from initscope.core.errors import InputError
from initscope.core.weights import open_weights


@pytest.mark.parametrize("layout", ["nielsen", "list", "coursera", "cs231n", "torch", "safetensors"])
@pytest.mark.parametrize("name", ["he", "rand"])
def test_every_layout_is_understood(tmp_path: Path, layout: str, name: str) -> None:
    check = checked(tmp_path, name, layout, kind="relu")
    assert [(one.layer.fan_in, one.layer.fan_out) for one in check.layers] == [(784, 40), (40, 30), (30, 10)]
    first = check.layers[0]
    assert first.recognition
    assert {"he": "he_normal", "rand": "rand"}[name] in first.recognition.names
    assert (check.how, len(check.passed)) == ("measured", 3)
    assert codes(check) == ([] if name == "he" else ["shifted-preactivations"])
    assert first.gain == pytest.approx({"he": np.sqrt(2), "rand": 28 / np.sqrt(12)}[name], rel=0.02)
    assert first.needed == 1
    assert check.layers[1].needed == pytest.approx(np.sqrt(2))


def test_statistics_are_numpys_whatever_the_blocks(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    weights = rng.standard_normal((700, 600)) + 3  # more than one block
    weights[rng.random(weights.shape) < 0.1] = 0
    weights[5, 5], weights[600, 7] = np.nan, np.inf
    np.savez(tmp_path / "w.npz", W1=weights)
    (one,) = check_file(tmp_path / "w.npz").layers
    known, values = weights[np.isfinite(weights)], one.statistics
    assert (values.size, values.non_finite, values.zeros) == (420_000, 2, int((weights == 0).sum()))
    assert values.mean == pytest.approx(known.mean(), rel=1e-12)
    assert values.std == pytest.approx(known.std(), rel=1e-12)
    assert (values.low, values.high) == (known.min(), known.max())


@pytest.mark.parametrize("shape", [(900, 700), (700, 900), (40, 20_000), (20_000, 40)])
@pytest.mark.parametrize("first", [True, False])
def test_twins_are_counted_and_samples_are_whole_units(tmp_path: Path, shape: tuple[int, int], first: bool) -> None:
    weights = np.random.default_rng(1).standard_normal(shape)
    if first:
        weights[[3, 17]], weights[25] = weights[1], weights[30]
    else:
        weights[:, [3, 17]], weights[:, 25] = weights[:, [1]], weights[:, 30]
    np.save(tmp_path / "w.npy", weights)
    with open_weights(tmp_path / "w.npy") as found, open(tmp_path / "w.npy", "rb") as raw:
        seen = look(raw, found.tensors[0], first, 2**18)
    assert (seen.twins, seen.units) == (3, shape[0] if first else shape[1])
    assert not seen.whole
    assert 2**17 < seen.sample.size <= 2**18
    columns = seen.sample.shape[1]
    if columns == shape[1]:
        assert all((row == weights).all(axis=1).any() for row in seen.sample[::50])
    else:
        assert (seen.sample == weights[:, :columns]).all()


def plain_pass(layers: Sequence[tuple[Array, Array]], x: Array) -> tuple[list[Array], list[float]]:
    """Pre-activations of a tanh network, and the gradient's size in each layer, by matrices."""
    a, zs = x, []
    for w, b in layers:
        zs.append(a @ w.T + b)
        a = np.tanh(zs[-1])
    delta, sizes = np.random.default_rng(1).integers(0, 2, zs[-1].shape) * 2.0 - 1.0, [1.0]
    for (w, _), z in zip(layers[:0:-1], zs[-2::-1], strict=True):
        delta = (delta @ w) * (1 - np.tanh(z) ** 2)
        sizes.insert(0, float(np.sqrt((delta**2).mean())))
    return zs, sizes


@pytest.mark.parametrize("layout", ["coursera", "cs231n"])
def test_what_passes_is_what_matrices_say(tmp_path: Path, layout: str) -> None:
    layers = drawn("he", (64, 50, 40, 10))
    digits = load("digits")
    check = check_file(saved(tmp_path, layout, layers), activation("tanh"), digits)
    assert (check.data, check.examples) == ("digits", 256)
    rows = np.linspace(0, digits.n_train - 1, 256).astype(int)
    zs, sizes = plain_pass(layers, digits.x_train[rows])
    for one, z, size in zip(check.passed, zs, sizes, strict=True):
        assert one.z_mean == pytest.approx(z.mean(), rel=1e-9)
        assert one.z_std == pytest.approx(z.std(), rel=1e-9)
        assert one.gradient_rms == pytest.approx(size, rel=1e-9)
    hidden = np.tanh(zs[0])
    flat = 1 - hidden**2 < 0.06
    assert check.passed[0].saturated_low + check.passed[0].saturated_high == pytest.approx(flat.mean())
    assert check.passed[1].forward_gain == pytest.approx((np.tanh(zs[1]) ** 2).mean() / (hidden**2).mean())
    assert check.passed[0].backward_gain == pytest.approx((sizes[0] / sizes[1]) ** 2)


def test_convolutions_are_tried_and_other_layers_left_alone(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)

    def he(*shape: int) -> Array:
        return (rng.standard_normal(shape) * np.sqrt(2 / np.prod(shape[1:]))).astype("<f4")

    tensors = {"conv1.weight": he(16, 3, 3, 3), "conv1.bias": np.zeros(16, "<f4"), "conv2.weight": he(32, 16, 3, 3),
               "conv2.bias": np.zeros(32, "<f4"), "fc.weight": he(10, 32 * 64), "fc.bias": np.zeros(10, "<f4")}
    path = tmp_path / "c.safetensors"
    path.write_bytes(safetensors(tensors))
    check = check_file(path, activation("relu"))
    assert (check.how, len(check.passed), codes(check)) == ("measured", 3, [])
    assert check.passed[1].z_std == pytest.approx(1.4, rel=0.1)
    tensors |= {"bn1.weight": np.ones(16, "<f4"), "bn1.bias": np.zeros(16, "<f4")}
    path.write_bytes(safetensors(tensors))
    check = check_file(path, activation("relu"))
    assert (check.how, check.passed) == ("", ())
    assert {one.layer.kind: one.looks_like for one in check.layers}["norm"] == "1 everywhere, as norms begin"


def test_keras_convolutions_are_read_as_they_lie(tmp_path: Path) -> None:
    kernel = np.random.default_rng(0).uniform(-1, 1, (3, 3, 16, 64)) * np.sqrt(6 / (9 * 80))
    np.savez(tmp_path / "k.npz", **{"conv/kernel": kernel, "conv/bias": np.zeros(64)})
    (one,) = check_file(tmp_path / "k.npz").layers
    assert (one.layer.fan_in, one.layer.fan_out, one.units) == (144, 576, 64)
    assert one.recognition
    assert "xavier_uniform" in one.recognition.names


def test_embeddings_and_attention_are_recognized_without_a_gain(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    normal = {name: (0.02 * rng.standard_normal(shape)).astype("<f4") for name, shape in (
        ("wte.weight", (300, 64)), ("h.0.attn.c_attn.weight", (64, 192)), ("h.0.mlp.c_fc.weight", (64, 256)))}
    path = tmp_path / "g.safetensors"
    path.write_bytes(safetensors(normal))
    check = check_file(path, activation("gelu"))
    assert [one.layer.kind for one in check.layers] == ["embedding", "attention", "dense"]
    assert [one.gain is None for one in check.layers] == [True, True, False]
    assert all(one.recognition and "randn:scale=0.02" in one.recognition.names for one in check.layers)
    assert (check.findings, check.passed) == ((), ())


def test_data_that_do_not_fit_and_files_without_layers(tmp_path: Path) -> None:
    path = saved(tmp_path, "coursera", drawn())
    with pytest.raises(InputError, match=r"64 features, but 'W1' of .* takes 784 inputs"):
        check_file(path, None, load("digits"))
    np.savez(tmp_path / "none.npz", running_mean=np.zeros(3))
    with pytest.raises(InputError, match="holds no layer's weights"):
        check_file(tmp_path / "none.npz")


@pytest.mark.slow
def test_a_large_file_takes_little_memory(tmp_path: Path) -> None:
    """512 MB, half of it a hole."""
    rows, width = 16_384, 4096
    header = {f"l{n}.weight": {"dtype": "F32", "shape": [rows, width], "data_offsets": [n * rows * width * 4,
              (n + 1) * rows * width * 4]} for n in range(2)}  # fmt: skip
    raw = json.dumps(header).encode()
    path = tmp_path / "large.safetensors"
    with open(path, "wb") as file:
        file.write(len(raw).to_bytes(8, "little") + raw)
        block = np.random.default_rng(0).standard_normal((1024, width)).astype("<f4").tobytes()
        for _ in range(4):
            file.write(block)
        file.truncate(8 + len(raw) + 2 * rows * width * 4)
    program = (
        "import resource, sys\nfrom pathlib import Path\nfrom initscope.core.checks.file import check_file\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "check = check_file(Path(sys.argv[1]))\n"
        "print(len(check.layers), (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True)
    layers, megabytes = map(int, done.stdout.split())
    assert layers == 2
    assert megabytes < 120


RNG = np.random.default_rng(0)

ODD: dict[str, dict[str, Array]] = {
    "complex": {"W1": RNG.normal(size=(5, 4)) + 1j},
    "float16": {"W1": RNG.normal(size=(50, 40)).astype("f2"), "b1": np.zeros(50, "f2")},
    "huge": {"W1": RNG.normal(size=(50, 40)) * 1e200, "W2": RNG.normal(size=(10, 50)) * 1e200},
    "tiny": {"W1": RNG.normal(size=(50, 40)) * 1e-200, "W2": RNG.normal(size=(10, 50)) * 1e-200},
    "one": {"W1": np.ones((1, 1)), "b1": np.ones(1)},
    "row": {"W1": RNG.normal(size=(1, 300))},
    "column": {"W1": RNG.normal(size=(300, 1))},
    "nan": {"W1": np.full((5, 4), np.nan), "b1": np.full(5, np.nan)},
    "infinite": {"W1": np.full((5, 4), np.inf), "W2": np.ones((3, 5))},
    "longest row": {"W1": RNG.normal(size=(2, 2_200_000)).astype("f4")},
    "lstm": {"lstm.weight_ih_l0": RNG.normal(size=(80, 10)), "lstm.weight_hh_l0": RNG.normal(size=(80, 20))},
    "transposed": {"deconv1.weight": RNG.normal(size=(8, 16, 3, 3)), "deconv1.bias": np.zeros(16)},
    "transposed of keras": {"conv2d_transpose/kernel": RNG.normal(size=(3, 3, 16, 8))},
    "heads": {"self/query/kernel": RNG.normal(size=(64, 4, 16)), "self/out/kernel": RNG.normal(size=(4, 16, 64))},
    "depthwise": {"dw/depthwise_kernel": RNG.normal(size=(3, 3, 16, 2))},
    "one axis": {"w": RNG.normal(size=10)},
    "bool": {"W1": np.ones((4, 4), bool)},
    "no chain": {"W1": RNG.normal(size=(5, 4)), "W2": RNG.normal(size=(9, 8))},
}


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("kind", [None, "relu"])
def test_odd_tensors_are_said_something_of(tmp_path: Path, name: str, kind: str | None) -> None:
    np.savez(tmp_path / "odd.npz", **ODD[name])
    check = check_file(tmp_path / "odd.npz", kind and activation(kind))
    assert all(one.looks_like and one.statistics.size == one.layer.weight.size for one in check.layers)
    assert len(check.layers) == sum(key.rpartition(".")[2][0] != "b" for key in ODD[name])


def test_what_is_drawn_is_recognized_whatever_the_order_of_axes(tmp_path: Path) -> None:
    shapes = {"conv/kernel": (3, 3, 16, 64), "deconv.weight": (16, 64, 3, 3), "self/query/kernel": (64, 8, 16)}
    for name, kernel in shapes.items():
        fans = (64, 128) if len(kernel) == 3 else (144, 576)
        drawn = np.random.default_rng(0).uniform(-1, 1, kernel) * np.sqrt(6 / sum(fans))
        np.savez(tmp_path / "k.npz", **{name: drawn})
        (one,) = check_file(tmp_path / "k.npz").layers
        assert (one.layer.fan_in, one.layer.fan_out) == fans
        assert one.recognition
        assert "xavier_uniform" in one.recognition.names, name


def test_a_file_of_bytes_only_is_not_judged(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, W1=np.arange(12).reshape(3, 4))
    (tmp_path / "i.npz").write_bytes(buffer.getvalue())
    (one,) = check_file(tmp_path / "i.npz").layers
    assert (one.recognition, one.looks_like) == (None, "not floating-point: not judged")
