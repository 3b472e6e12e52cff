"""From names and shapes to layers, in the layouts that people write."""

from itertools import pairwise

import pytest
from layering import Shapes, layers, only

SIZES = (784, 30, 20, 10)


def mlp(weight: str, bias: str, out_first: bool, column: str = "", first: int = 1) -> Shapes:
    """Names with {} for the number; the biases flat, or a column, or a row."""
    shapes: Shapes = {}
    for number, (into, out) in enumerate(pairwise(SIZES), first):
        shapes[weight.format(number)] = (out, into) if out_first else (into, out)
        if bias:
            shapes[bias.format(number)] = {"": (out,), "column": (out, 1), "row": (1, out)}[column]
    return shapes


LAYOUTS: dict[str, tuple[Shapes, bool, str]] = {
    "Nielsen's lists": (mlp("weights.{}", "biases.{}", True, "column", 0), True, "certain"),
    "Coursera": (mlp("W{}", "b{}", True, "column"), True, "certain"),
    "CS231n and Deep Learning from Scratch": (mlp("W{}", "b{}", False), False, "certain"),
    "rows of biases": (mlp("W{}", "b{}", False, "row"), False, "certain"),
    "PyTorch": (mlp("fc{}.weight", "fc{}.bias", True), True, "certain"),
    "PyTorch in a module": (mlp("net.{}.weight", "net.{}.bias", True, "", 0), True, "certain"),
    "PyTorch without biases": (mlp("fc{}.weight", "", True), True, "likely"),
    "Flax": (mlp("params/Dense_{}/kernel", "params/Dense_{}/bias", False), False, "certain"),
    "Flax in a pickle, without biases": (mlp("params.Dense_{}.kernel", "", False), False, "likely"),
    "Keras": (mlp("dense_{0}/dense_{0}/kernel:0", "dense_{0}/dense_{0}/bias:0", False), False, "certain"),
    "Keras 3": (mlp("layers/dense_{}/vars/0", "layers/dense_{}/vars/1", False), False, "certain"),
    "scikit-learn": (mlp("coefs_.{}", "intercepts_.{}", False, "", 0), False, "certain"),
    "underscores": (mlp("layer{}_weight", "layer{}_bias", True), True, "certain"),
    "bare, x @ W": (mlp("arr_{}", "", False), False, "likely"),
    "bare, W @ x": (mlp("arr_{}", "", True), True, "likely"),
    "W without biases, W @ x": (mlp("W{}", "", True), True, "likely"),
    "interleaved": ({str(n): shape for n, shape in enumerate(mlp("W{}", "b{}", True).values())}, True, "certain"),
    "np.savez(path, *weights, *biases)": (
        {f"arr_{n}": s for n, s in enumerate([*mlp("W{}", "", False).values(), *[(n,) for n in SIZES[1:]]])},
        False,
        "certain",
    ),
}


@pytest.mark.parametrize("kind", LAYOUTS)
def test_a_multilayer_perceptron(kind: str) -> None:
    shapes, out_first, sure = LAYOUTS[kind]
    found = layers(shapes)
    assert [layer.kind for layer in found.layers] == ["dense"] * 3
    assert [(layer.fan_in, layer.fan_out) for layer in found.chain] == list(pairwise(SIZES))
    for layer in found.chain:
        assert layer.transposed == out_first
        assert layer.orientation == ("(out, in)" if out_first else "(in, out)")
        assert layer.sure == sure
        assert layer.why
        assert (layer.bias is None) == (len(shapes) == 3)
        assert layer.bias is None or layer.bias.size == layer.fan_out
    assert not found.rest


@pytest.mark.parametrize("out_first", [False, True])
def test_a_square_matrix_is_read_as_the_others(out_first: bool) -> None:
    shapes: Shapes = {"W1": (8, 4) if out_first else (4, 8), "b1": (8,), "W2": (8, 8), "b2": (8,)}
    found = layers(shapes)
    assert [layer.transposed for layer in found.layers] == [out_first, out_first]
    assert [layer.sure for layer in found.layers] == ["certain", "likely"]


def test_square_matrices_alone_are_a_guess() -> None:
    found = layers({"W1": (8, 8), "W2": (8, 8)})
    assert [layer.sure for layer in found.chain] == ["guess", "guess"]
    assert {layer.orientation for layer in found.chain} == {"unknown"}
    assert only({"arr_0": (3, 4)}).sure == "guess"


def test_the_bias_has_the_last_word() -> None:
    """A Hugging Face Conv1D is called weight, and lies as (in, out)."""
    layer = only({"block.weight": (4, 12), "block.bias": (12,)})
    assert (layer.fan_in, layer.fan_out, layer.transposed, layer.sure) == (4, 12, False, "certain")


def test_file_order_may_be_alphabetical_or_none() -> None:
    shuffled = {name: mlp("fc{}.weight", "", True)[name] for name in ("fc3.weight", "fc1.weight", "fc2.weight")}
    assert [layer.name for layer in layers(shuffled).chain] == ["fc1", "fc2", "fc3"]
    many: Shapes = {f"l{n}.weight": (n + 2, n + 1) for n in range(12)}
    found = layers(dict(sorted(many.items())))
    assert [layer.name for layer in found.chain] == [f"l{n}" for n in range(12)]
    named: Shapes = {"output.weight": (2, 5), "second.weight": (5, 4), "entry.weight": (4, 3)}
    found = layers(named)
    assert [layer.name for layer in found.chain] == ["entry", "second", "output"]
    found = layers({"a.weight": (4, 3), "b.weight": (9, 8)})
    assert found.chain == ()
    assert found.why == "no chain: 'a' gives 4, 'b' takes 8"


@pytest.mark.parametrize(
    ("shapes", "fans", "transposed", "words"),
    [
        ({"conv1.weight": (16, 3, 5, 5), "conv1.bias": (16,)}, (75, 400), True, "(out, in, kernel, kernel)"),
        ({"conv1.weight": (16, 3, 5, 5)}, (75, 400), True, "(out, in, kernel, kernel)"),
        ({"Conv_0/kernel": (5, 5, 3, 16), "Conv_0/bias": (16,)}, (75, 400), False, "(kernel, kernel, in, out)"),
        ({"conv2d/kernel:0": (3, 3, 16, 16)}, (144, 144), False, "(kernel, kernel, in, out)"),
        ({"conv.weight": (8, 4, 3)}, (12, 24), True, "(out, in, kernel)"),
        ({"conv1d/kernel:0": (3, 4, 8), "conv1d/bias:0": (8,)}, (12, 24), False, "(kernel, in, out)"),
        ({"up.conv_transpose.weight": (8, 4, 2, 2)}, (32, 16), False, "(in, out, kernel, kernel)"),
        ({"conv2d_transpose/kernel:0": (2, 2, 4, 8)}, (32, 16), True, "(kernel, kernel, out, in)"),
        ({"depthwise.weight": (8, 1, 3, 3)}, (9, 72), True, "(out, in, kernel, kernel)"),
        ({"d/depthwise_kernel:0": (3, 3, 8, 2)}, (9, 144), False, "(kernel, kernel, in, out)"),
        ({"arr_0": (16, 3, 5, 5)}, (75, 400), True, "(out, in, kernel, kernel)"),
        ({"W1": (16, 3, 5, 5), "b1": (16,)}, (75, 400), True, "(out, in, kernel, kernel)"),
    ],
)
def test_convolutions(shapes: Shapes, fans: tuple[int, int], transposed: bool, words: str) -> None:
    layer = only(shapes)
    assert layer.kind == "conv"
    assert (layer.fan_in, layer.fan_out) == fans
    assert (layer.transposed, layer.orientation) == (transposed, words)


def test_a_convolutional_network_with_norms_is_a_chain() -> None:
    shapes: Shapes = {
        "conv1.weight": (8, 1, 3, 3), "bn1.weight": (8,), "bn1.bias": (8,), "bn1.running_mean": (8,),
        "bn1.num_batches_tracked": (), "depth.weight": (8, 1, 3, 3), "conv2.weight": (16, 8, 3, 3),
        "fc.weight": (10, 784),
    }  # fmt: skip
    found = layers(shapes)
    assert [layer.name for layer in found.chain] == ["conv1", "depth", "conv2", "fc"]
    assert [layer.kind for layer in found.layers] == ["conv", "norm", "conv", "conv", "dense"]
    assert [tensor.name for tensor in found.rest] == ["bn1.running_mean", "bn1.num_batches_tracked"]


def test_a_matrix_alone_is_taken_with_more_inputs_than_outputs() -> None:
    for shape in ((30, 784), (784, 30)):
        layer = only({"w": shape})
        assert (layer.inputs, layer.outputs, layer.sure) == (784, 30, "guess")


def test_what_is_no_layer_is_left() -> None:
    found = layers({"epoch": (), "b": (3,), "fc.weight": (4, 3), "other": (5,)})
    assert [layer.name for layer in found.layers] == ["fc"]
    assert {tensor.name for tensor in found.rest} == {"epoch", "b", "other"}
    assert layers({}).why == "no chain: there is no dense or convolutional layer"
