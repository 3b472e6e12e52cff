"""Convolutions of a saved file, tried on images that wrap around: against plain loops, and what is said of it."""

from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from initscope.core.activations import activation
from initscope.core.checks import convolutions
from initscope.core.checks.convolutions import Images, examples, groups_of, images_for
from initscope.core.checks.file import FileCheck, check_file
from initscope.core.datasets.data import Dataset
from initscope.core.errors import InputError
from initscope.core.weights import find_layers, open_weights

Array = np.ndarray[Any, Any]


def drawn(name: str, *shapes: tuple[int, ...], seed: int = 0) -> list[Array]:
    """Kernels (out, in, window...) and matrices (out, in)."""
    rng = np.random.default_rng(seed)
    kinds = {
        "he": lambda shape: rng.standard_normal(shape) * np.sqrt(2 / prod(shape[1:])),
        "rand": rng.random,
        "small": lambda shape: 0.01 * rng.standard_normal(shape),
        "randn": rng.standard_normal,
    }
    return [kinds[name](shape) for shape in shapes]


def saved(folder: Path, weights: Sequence[Array], biases: bool = True) -> Path:
    """As PyTorch lays them out, with biases that differ."""
    named = {}
    for number, values in enumerate(weights, 1):
        named[f"layer{number}.weight"] = values
        if biases:
            named[f"layer{number}.bias"] = np.linspace(-0.1, 0.1, len(values))
    np.savez(folder / "w.npz", **named)
    return folder / "w.npz"


def read(path: Path, dataset: Dataset | None = None) -> tuple[Images, Array]:
    """The images that are used, and the inputs, (images, *side, channels)."""
    with open_weights(path) as weights:
        chain = find_layers(weights.tensors).chain
        images = images_for(chain, dataset)
        assert isinstance(images, Images)
        return images, examples(images, chain, dataset).reshape(images.count, *images.side, -1)


def slow_convolution(x: Array, kernel: Array) -> Array:
    """z (images, *side, out) of x (images, *side, in), sum by sum."""
    count, *side, channels = x.shape
    outputs, inputs, *window = kernel.shape
    groups = channels // inputs
    z = np.zeros((count, *side, outputs))
    for out in range(outputs):
        first = out // (outputs // groups) * inputs
        for at in np.ndindex(*side):
            for place in np.ndindex(*window):
                meets = tuple((y + j - (k - 1) // 2) % s for y, j, k, s in zip(at, place, window, side, strict=True))
                z[(slice(None), *at, out)] += x[(slice(None), *meets)][:, first : first + inputs] @ kernel[
                    (out, slice(None), *place)
                ]
    return z


def slow_parts(a: Array, images: Images) -> Array:
    """What the dense layer reads, channel by channel, of every image for every way to read it."""
    rows = []
    for image in a:
        for offset in np.ndindex(*images.apart):
            picked = image[tuple(slice(first, None, step) for first, step in zip(offset, images.apart, strict=True))]
            rows.append(np.moveaxis(picked, -1, 0).reshape(-1))
    return np.array(rows)


def slow_pass(path: Path, weights: Sequence[Array]) -> list[Array]:
    """z of every layer with tanh."""
    images, a = read(path)
    zs = []
    for values in weights:
        bias = np.linspace(-0.1, 0.1, len(values))
        if values.ndim > 2:
            zs.append(slow_convolution(a, values) + bias)
        else:
            zs.append((a if a.ndim == 2 else slow_parts(a, images)) @ values.T + bias)
        a = np.tanh(zs[-1])
    return zs


CHAINS = {
    "images": ((4, 2, 3, 3), (6, 4, 3, 3), (5, 6 * 16), (3, 5)),
    "even kernels, sides that differ": ((4, 1, 2, 2), (3, 4, 4, 2), (5, 3 * 6)),
    "groups": ((4, 2, 3, 3), (8, 2, 3, 3), (5, 8)),
    "each channel by itself": ((4, 2, 1, 1), (4, 1, 3, 3), (3, 4 * 4)),
    "no dense layer": ((4, 2, 3, 3), (3, 4, 1, 1)),
    "series": ((4, 2, 5), (6, 4, 3), (3, 6 * 10)),
    "volumes": ((3, 1, 3, 3, 3), (2, 3, 1, 1, 1), (3, 2 * 8)),
}


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few images, so that loops in Python see to them in time."""
    monkeypatch.setattr(convolutions, "MOST_IMAGES", 4)
    monkeypatch.setattr(convolutions, "SIDE", 4)


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("name", CHAINS)
def test_what_passes_is_what_plain_loops_say(tmp_path: Path, name: str) -> None:
    weights = drawn("he", *CHAINS[name])
    path = saved(tmp_path, weights)
    check = check_file(path, activation("tanh"))
    assert (check.how, check.examples, len(check.passed)) == ("measured", 4, len(weights))
    for one, z in zip(check.passed, slow_pass(path, weights), strict=True):
        assert one.z_mean == pytest.approx(z.mean(), rel=1e-9)
        assert one.z_std == pytest.approx(z.std(), rel=1e-9)
        units = z.reshape(-1, z.shape[-1])
        assert one.z_std_over_units == pytest.approx(units.mean(axis=0).std(), rel=1e-9)


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("name", CHAINS)
def test_the_way_back_is_the_transpose_of_the_way_there(tmp_path: Path, name: str) -> None:
    """<back(d), v> = <d, there(v)> for any d and v."""
    path = saved(tmp_path, drawn("randn", *CHAINS[name]), biases=False)
    rng = np.random.default_rng(1)
    with open_weights(path) as weights, open(path, "rb") as raw:
        chain = find_layers(weights.tensors).chain
        images = images_for(chain, None)
        assert isinstance(images, Images)
        for layer, groups in zip(chain, groups_of(chain), strict=True):
            if layer.kind == "conv":
                v = rng.standard_normal((images.count * prod(images.side), layer.inputs * groups))
                d = rng.standard_normal((len(v), layer.outputs))
                there = images.convolved(raw, layer, groups, v)
                back = images.convolved(raw, layer, groups, d, back=True)
                assert (d * there).sum() == pytest.approx((back * v).sum(), rel=1e-10)
    v = rng.standard_normal((images.count * prod(images.side), 5))
    np.testing.assert_array_equal(images.separate(images.together(v)), v)


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("name", ["images", "groups"])
def test_gradients_go_back_through_transposed_products_and_slopes(tmp_path: Path, name: str) -> None:
    weights = drawn("he", *CHAINS[name])
    path = saved(tmp_path, weights)
    check, zs = check_file(path, activation("tanh")), slow_pass(path, weights)
    delta = np.random.default_rng(1).integers(0, 2, zs[-1].shape).astype(float) * 2 - 1
    sizes = [1.0]
    with open_weights(path) as found, open(path, "rb") as raw:
        chain = find_layers(found.tensors).chain
        for place in range(len(chain) - 1, 0, -1):
            if chain[place].kind == "conv":
                delta = read(path)[0].convolved(raw, chain[place], groups_of(chain)[place], delta, back=True)
            else:
                delta = delta @ weights[place]
                delta = delta if zs[place - 1].ndim == 2 else read(path)[0].separate(delta)
            delta *= 1 - np.tanh(zs[place - 1].reshape(delta.shape)) ** 2
            sizes.insert(0, float(np.sqrt((delta**2).mean())))
    assert [one.gradient_rms for one in check.passed] == pytest.approx(sizes, rel=1e-9)


@pytest.mark.usefixtures("few")
def test_keras_layout_gives_the_same(tmp_path: Path) -> None:
    one, two, dense = drawn("he", (4, 2, 3, 3), (6, 4, 3, 3), (5, 6 * 4))
    places_first = dense.reshape(5, 6, 2, 2).transpose(2, 3, 1, 0).reshape(-1, 5)
    np.savez(tmp_path / "k.npz", **{
        "conv2d/kernel": one.transpose(2, 3, 1, 0), "conv2d_1/kernel": two.transpose(2, 3, 1, 0),
        "dense/kernel": places_first})  # fmt: skip
    keras = check_file(tmp_path / "k.npz", activation("relu"))
    torch = check_file(saved(tmp_path, [one, two, dense], biases=False), activation("relu"))
    assert keras.how == "measured"
    for a, b in zip(keras.passed, torch.passed, strict=True):
        assert a.z_std == pytest.approx(b.z_std, rel=1e-9)
        assert a.gradient_rms == pytest.approx(b.gradient_rms, rel=1e-9)


NET = ((16, 3, 3, 3), (32, 16, 3, 3), (64, 32, 3, 3), (64, 64, 3, 3), (128, 64 * 64), (10, 128))


def codes(check: FileCheck) -> list[str]:
    return [finding.code for finding in check.findings]


@pytest.mark.parametrize(
    ("name", "kind", "code"),
    [
        ("he", "relu", ""),
        ("he", None, ""),
        ("rand", "relu", "shifted-preactivations"),
        ("rand", None, "shifted-preactivations"),
        ("small", "relu", "vanishing-activations"),
        ("small", None, "vanishing-activations"),
        ("randn", "tanh", "saturated"),
        ("randn", "relu", "exploding-activations"),
    ],
)
def test_findings_and_initializers_that_would_work(tmp_path: Path, name: str, kind: str | None, code: str) -> None:
    check = check_file(saved(tmp_path, drawn(name, *NET), biases=False), kind and activation(kind))
    assert (check.how, codes(check)) == ("measured", [code] if code else [])
    assert "stride 1, no pooling, and images of 8x8 places" in check.geometry
    assert "'layer5' reads 8x8 of them" in check.geometry
    assert bool(check.candidates) == bool(code)


def test_he_keeps_the_size_and_the_gradient_as_theory_says(tmp_path: Path) -> None:
    """He et al. 2015, equations 10 and 14: each layer keeps the size, the gradient goes by fan_out / fan_in."""
    weights = drawn("he", (64, 3, 3, 3), *[(64, 64, 3, 3)] * 6, (10, 64))
    check = check_file(saved(tmp_path, weights, biases=False), activation("relu"))
    assert "reads single ones" in check.geometry
    for one in check.passed[:-1]:
        assert one.forward_gain == pytest.approx(1, rel=0.2)
    for one in check.passed[1:-2]:
        assert one.backward_gain == pytest.approx(1, rel=0.15)
    assert check.passed[-2].backward_gain == pytest.approx(10 / 64, rel=0.3)


def images(side: int, channels: int, count: int = 6) -> Dataset:
    x = np.random.default_rng(3).standard_normal((count, side * side * channels))
    labels = np.arange(count) % 2
    return Dataset("pictures", x, labels, x, labels, 2, "", (side, side, channels))


def test_images_of_the_data_are_used_and_cut_to_what_the_dense_layer_reads(tmp_path: Path) -> None:
    path, data = saved(tmp_path, drawn("he", (4, 3, 3, 3), (2, 4 * 9))), images(10, 3)
    found, x = read(path, data)
    assert (found.side, found.read, found.apart) == ((9, 9), (3, 3), (3, 3))
    np.testing.assert_array_equal(x[0], data.x_train[0].reshape(10, 10, 3)[:9, :9])
    check = check_file(path, activation("relu"), data)
    assert (check.data, check.examples) == ("pictures", found.count)
    small, x = read(path, images(2, 3))
    assert small.side == (3, 3)
    np.testing.assert_array_equal(x[:, 2], x[:, 0])
    with pytest.raises(InputError, match="images of pictures have 1 channels, but 'layer1' takes 3"):
        check_file(path, None, images(10, 1))
    plain = Dataset("rows", x[:, 0, 0], np.zeros(len(x), int), x[:, 0, 0], np.zeros(len(x), int), 2, "", (3,))
    with pytest.raises(InputError, match="rows holds no images"):
        check_file(path, None, plain)


def test_what_cannot_be_tried_is_expected_and_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    he = drawn("he", (4, 2, 3, 3), (6, 4, 3, 3), (5, 6))
    np.savez(tmp_path / "t.npz", **{"conv1.weight": he[0], "deconv2.weight": he[1].swapaxes(0, 1), "fc.weight": he[2]})
    check = check_file(tmp_path / "t.npz", activation("relu"))
    assert (check.how, check.geometry) == ("expected", "")
    assert "a transposed convolution makes images larger" in check.why_not
    monkeypatch.setattr(convolutions, "MOST_PRODUCTS", 1000)
    check = check_file(saved(tmp_path, he), activation("relu"))
    assert (check.how, check.candidates) == ("expected", ())
    assert "too large to be tried" in check.why_not
    assert len(check.passed) == 3


def test_a_deep_stack_that_is_too_large_is_expected_to_keep_its_gradient(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = drawn("he", (64, 3, 3, 3), *[(64, 64, 3, 3)] * 12, (10, 64))
    path = saved(tmp_path, weights, biases=False)
    measured = check_file(path, activation("relu"))
    monkeypatch.setattr(convolutions, "MOST_PRODUCTS", 1000)
    check = check_file(path, activation("relu"))
    assert (check.how, codes(check)) == ("expected", [])
    assert check.passed[0].gradient_rms == pytest.approx(measured.passed[0].gradient_rms, rel=0.5)
