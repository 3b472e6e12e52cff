"""Which tensors are which layer in the networks that people download: transformers, recurrent ones, wrapped weights."""

import pytest
from layering import Shapes, kinds, layers, only


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
