"""From names and shapes to layers, in the layouts that people write."""

from itertools import pairwise
from math import prod

import pytest

from initscope.core.weights import Layering, LayerWeights, Tensor, find_layers
from initscope.core.weights.dtypes import STORED
from initscope.core.weights.mapped import Span
from initscope.core.weights.tensor import checked

Shapes = dict[str, tuple[int, ...]]
SIZES = (784, 30, 20, 10)


def tensors(shapes: Shapes) -> list[Tensor]:
    return [
        checked("here", name, shape, STORED["uint8"], Span(None, memoryview(bytes(prod(shape)))))
        for name, shape in shapes.items()
    ]


def layers(shapes: Shapes) -> Layering:
    return find_layers(tensors(shapes))


def only(shapes: Shapes) -> LayerWeights:
    (layer,) = layers(shapes).layers
    return layer


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


def kinds(shapes: Shapes) -> dict[str, tuple[str, int, int, bool]]:
    return {layer.name: (layer.kind, layer.fan_in, layer.fan_out, layer.transposed) for layer in layers(shapes).layers}


def test_bert() -> None:
    block = "bert.encoder.layer.0"
    shapes: Shapes = {
        "bert.embeddings.word_embeddings.weight": (100, 8),
        "bert.embeddings.position_ids": (1, 16),
        "bert.embeddings.LayerNorm.weight": (8,),
        "bert.embeddings.LayerNorm.bias": (8,),
        f"{block}.attention.self.query.weight": (8, 8),
        f"{block}.attention.self.query.bias": (8,),
        f"{block}.attention.output.dense.weight": (8, 8),
        f"{block}.attention.output.LayerNorm.gamma": (8,),
        f"{block}.attention.output.LayerNorm.beta": (8,),
        f"{block}.intermediate.dense.weight": (32, 8),
        f"{block}.intermediate.dense.bias": (32,),
    }
    assert kinds(shapes) == {
        "bert.embeddings.word_embeddings": ("embedding", 100, 8, False),
        "bert.embeddings.LayerNorm": ("norm", 8, 8, False),
        f"{block}.attention.self.query": ("attention", 8, 8, True),
        f"{block}.attention.output.dense": ("attention", 8, 8, True),
        f"{block}.attention.output.LayerNorm": ("norm", 8, 8, False),
        f"{block}.intermediate.dense": ("dense", 8, 32, True),
    }
    found = layers(shapes)
    assert found.chain == ()
    assert "embedding" in found.why


def test_gpt_2() -> None:
    shapes: Shapes = {
        "wte.weight": (50, 8), "wpe.weight": (16, 8), "h.0.ln_1.weight": (8,), "h.0.ln_1.bias": (8,),
        "h.0.attn.c_attn.weight": (8, 24), "h.0.attn.c_attn.bias": (24,), "h.0.attn.c_proj.weight": (8, 8),
        "h.0.attn.c_proj.bias": (8,), "h.0.mlp.c_fc.weight": (8, 32), "h.0.mlp.c_fc.bias": (32,), "ln_f.weight": (8,),
    }  # fmt: skip
    assert kinds(shapes) == {
        "wte": ("embedding", 50, 8, False),
        "wpe": ("embedding", 16, 8, False),
        "h.0.ln_1": ("norm", 8, 8, False),
        "h.0.attn.c_attn": ("attention", 8, 24, False),
        "h.0.attn.c_proj": ("attention", 8, 8, False),
        "h.0.mlp.c_fc": ("dense", 8, 32, False),
        "ln_f": ("norm", 8, 8, False),
    }
    assert layers(shapes).layers[3].parts == 3


def test_attention_of_pytorch_and_flax() -> None:
    layer = only({"att.in_proj_weight": (24, 8), "att.in_proj_bias": (24,)})
    assert (layer.kind, layer.parts, layer.fan_in, layer.fan_out, layer.transposed) == ("attention", 3, 8, 24, True)
    flax = "params/SelfAttention_0"
    assert kinds({f"{flax}/query/kernel": (8, 2, 4), f"{flax}/out/kernel": (2, 4, 8)}) == {
        "params.SelfAttention_0.query": ("attention", 8, 8, False),
        "params.SelfAttention_0.out": ("attention", 8, 8, False),
    }


def test_recurrent_layers_embeddings_and_norms() -> None:
    assert kinds({"rnn.weight_ih_l0": (16, 3), "rnn.weight_hh_l0": (16, 4), "rnn.bias_ih_l0": (16,)}) == {
        "rnn.ih_l0": ("recurrent", 3, 16, True),
        "rnn.hh_l0": ("recurrent", 4, 16, True),
    }
    assert kinds({"lstm/kernel:0": (3, 16), "lstm/recurrent_kernel:0": (4, 16)}) == {
        "lstm": ("recurrent", 3, 16, False),
        "lstm.recurrent": ("recurrent", 4, 16, False),
    }
    assert only({"params/Embed_0/embedding": (9, 4)}).kind == "embedding"
    assert only({"embedding/embeddings:0": (9, 4)}).kind == "embedding"
    assert only({"params/LayerNorm_0/scale": (9,), "params/LayerNorm_0/bias": (9,)}).kind == "norm"
    found = layers({"W1": (4, 8), "b1": (8,), "gamma1": (8,), "beta1": (8,), "W2": (8, 2), "b2": (2,)})
    assert [layer.kind for layer in found.layers] == ["dense", "norm", "dense"]
    assert [layer.bias and layer.bias.name for layer in found.layers] == ["b1", "beta1", "b2"]


@pytest.mark.parametrize("out_first", [True, False])
@pytest.mark.parametrize("biased", [True, False])
def test_gpt_2_may_be_written_with_either_orientation(out_first: bool, biased: bool) -> None:
    sizes = {"attn.c_attn": (8, 24), "attn.c_proj": (8, 8), "mlp.c_fc": (8, 32), "mlp.c_proj": (32, 8)}
    shapes: Shapes = {}
    for name, (into, out) in sizes.items():
        shapes[f"transformer.h.0.{name}.weight"] = (out, into) if out_first else (into, out)
        if biased:
            shapes[f"transformer.h.0.{name}.bias"] = (out,)
    found = layers(shapes).layers
    assert [(layer.fan_in, layer.fan_out, layer.transposed) for layer in found] == [
        (*size, out_first) for size in sizes.values()
    ]


@pytest.mark.parametrize(
    ("weight", "others"),
    [
        ("weight_v", {"weight_g": (5, 1)}),
        ("parametrizations.weight.original1", {"parametrizations.weight.original0": (5, 1)}),
        ("weight_orig", {"weight_u": (5,), "weight_v": (3,)}),
        ("parametrizations.weight.original", {"parametrizations.weight.0._u": (5,),
                                              "parametrizations.weight.0._v": (3,)}),
    ],
)  # fmt: skip
def test_weights_that_are_made_of_several_tensors_are_no_chain(weight: str, others: Shapes) -> None:
    shapes: Shapes = {
        "fc.bias": (5,),
        **{f"fc.{name}": shape for name, shape in others.items()},
        f"fc.{weight}": (5, 3),
    }
    found = layers(shapes)
    (layer,) = found.layers
    assert (layer.name, layer.kind, layer.fan_in, layer.bias and layer.bias.name) == ("fc", "dense", 3, "fc.bias")
    assert (len(found.rest), found.chain) == (len(others), ())
    assert "'fc' are made of several tensors" in found.why


def test_weight_v_alone_is_no_part_of_a_norm() -> None:
    assert [layer.name for layer in layers({f"x.weight_{part}": (8, 8) for part in "qkv"}).layers] == [
        "x.weight_q", "x.weight_k", "x.weight_v",
    ]  # fmt: skip


def test_attention_with_keys_of_another_size_and_of_keras_3() -> None:
    shapes: Shapes = {f"attn.{part}_proj_weight": (8, size) for part, size in zip("qkv", (8, 4, 6), strict=True)}
    assert [(one.kind, one.fan_in, one.transposed) for one in layers(shapes).layers] == [
        ("attention", 8, True), ("attention", 4, True), ("attention", 6, True),
    ]  # fmt: skip
    stem = "layers/multi_head_attention"
    assert kinds({f"{stem}/query_dense/vars/0": (32, 4, 8), f"{stem}/output_dense/vars/0": (4, 8, 32)}) == {
        "layers.multi_head_attention.query_dense": ("attention", 32, 32, False),
        "layers.multi_head_attention.output_dense": ("attention", 32, 32, False),
    }


def test_recurrent_layers_of_keras_3_and_their_units_in_pytorch() -> None:
    cell = "layers/lstm/cell/vars"
    found = layers({f"{cell}/0": (3, 16), f"{cell}/1": (4, 16), f"{cell}/2": (16,)})
    assert [(one.name, one.fan_in, one.bias and one.bias.name) for one in found.layers] == [
        ("layers.lstm.cell", 3, f"{cell}/2"), ("layers.lstm.cell.recurrent", 4, None),
    ]  # fmt: skip
    shapes: Shapes = {}
    for tail in ("l0", "l0_reverse", "l1"):
        shapes |= {f"rnn.weight_ih_{tail}": (16, 8 if tail == "l1" else 3), f"rnn.weight_hh_{tail}": (16, 4)}
    assert [one.hidden for one in layers(shapes).layers] == [4] * 6


def test_tables_that_every_example_gets_are_no_convolutions() -> None:
    assert kinds({"pos_embed": (1, 50, 8), "cls_token": (1, 1, 8), "params/pos_embedding": (1, 9, 8)}) == {
        "pos_embed": ("embedding", 50, 8, False),
        "cls_token": ("embedding", 1, 8, False),
        "params/pos_embedding": ("embedding", 9, 8, False),
    }
    assert only({"shared.weight": (100, 8)}).kind == "embedding"
    assert only({"embed_conv/kernel": (1, 9, 8)}).kind == "conv"


def test_a_matrix_alone_is_taken_with_more_inputs_than_outputs() -> None:
    for shape in ((30, 784), (784, 30)):
        layer = only({"w": shape})
        assert (layer.inputs, layer.outputs, layer.sure) == (784, 30, "guess")


def test_what_is_no_layer_is_left() -> None:
    found = layers({"epoch": (), "b": (3,), "fc.weight": (4, 3), "other": (5,)})
    assert [layer.name for layer in found.layers] == ["fc"]
    assert {tensor.name for tensor in found.rest} == {"epoch", "b", "other"}
    assert layers({}).why == "no chain: there is no dense or convolutional layer"
