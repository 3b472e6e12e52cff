"""From named tensors to layers: weights with their biases, which axis goes in, what kind, and what feeds what."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Literal

from initscope.core.plural import plural
from initscope.core.weights.chain import Link, find_chain
from initscope.core.weights.names import (
    ATTENTION,
    CELL,
    EMBEDDING,
    GPT2,
    NORM,
    PROJECTION,
    TOKEN,
    TRANSPOSED,
    Convention,
)
from initscope.core.weights.pairs import Pair, pair_tensors
from initscope.core.weights.tensor import Tensor

Kind = Literal["dense", "conv", "embedding", "norm", "attention", "recurrent", "other"]
Sure = Literal["certain", "likely", "guess"]


@dataclass(frozen=True, eq=False)
class LayerWeights:
    """One layer as its tensors show it."""

    name: str
    kind: Kind
    weight: Tensor
    bias: Tensor | None
    orientation: str
    """The axes of the weight in words: '(out, in)', '(in, out)', '(out, in, kernel, kernel)', '(rows, width)', ..."""
    fan_in: int
    """Inputs of one output: in · kernel for a convolution, rows of a table for an embedding."""
    fan_out: int
    """Outputs of one input: out · kernel for a convolution. Of fused projections all together."""
    transposed: bool
    """Whether the outputs come first, as in PyTorch and Nielsen's network: x @ weight needs the transpose."""
    sure: Sure = "certain"
    why: str = ""
    """What the orientation was seen by, in words."""
    parts: int = 1
    """How many matrices are fused in the weight: 3 where query, key and value are one."""
    inputs: int = 0
    """Numbers (of a convolution: channels) that go in."""
    outputs: int = 0
    """Numbers (of a convolution: channels) that come out."""
    hidden: int = 0
    """Units of PyTorch's recurrent layers, where they are known; `outputs` of their gates are together."""


@dataclass(frozen=True, eq=False)
class Layering:
    """All layers of a file, in its order, and the row of them that feed each other."""

    layers: tuple[LayerWeights, ...]
    chain: tuple[LayerWeights, ...]
    """Every dense and convolutional layer, first to last, if each one's output fits the next; else empty."""
    why: str
    """Why the chain is as it is, in one sentence."""
    rest: tuple[Tensor, ...]
    """Tensors that are no layer's weight or bias: statistics, counters, scalars, biases left alone."""


def find_layers(tensors: Sequence[Tensor]) -> Layering:
    """The layers of a file's tensors; nothing is read but their names and shapes."""
    pairs, rest = pair_tensors(tensors)
    layers = [_layer(pair) for pair in pairs]
    layers = _with_hidden(_as_gpt(_by_majority(layers)))
    links = [_link(place, layer) for place, layer in enumerate(layers) if layer.kind in ("dense", "conv")]
    barred = next((layer for layer in layers if layer.kind in ("attention", "embedding", "recurrent")), None)
    if barred is not None:
        return Layering(tuple(layers), (), f"no chain: '{barred.name}' is of kind {barred.kind}", rest)
    derived = next((pair.named.layer for pair in pairs if pair.named.derived), None)
    if derived is not None:
        why = f"no chain: the weights of '{derived}' are made of several tensors (a weight norm)"
        return Layering(tuple(layers), (), why, rest)
    chain = find_chain(links)
    for link in chain.links:
        if link.undecided:
            layer = _turned(layers[link.place]) if link.turned else layers[link.place]
            if chain.sure != "guess" and layer.kind == "dense":
                layer = _said(layer)
            words = "unknown" if len(chain.links) == 1 and chain.sure == "guess" else layer.orientation
            layers[link.place] = replace(layer, sure=chain.sure, why=chain.why_orientation, orientation=words)
    return Layering(tuple(layers), tuple(layers[link.place] for link in chain.links), chain.why, rest)


def _layer(pair: Pair) -> LayerWeights:
    kind = _kind(pair)
    weight = pair.weight
    if kind == "norm" or len(weight.shape) == 1:
        size = weight.size
        return _make(pair, kind, "(width)", size, size, False, "certain", "one axis")
    if kind == "embedding":
        rows, *rest = weight.shape[1:] if _is_one_table(weight) else weight.shape
        words = "(1, rows, width)" if _is_one_table(weight) else "(rows, width)"
        return _make(pair, kind, words, rows, prod(rest), False, "likely", "by its name")
    if len(weight.shape) > 2 and kind != "attention":
        return _convolution(pair)
    return _dense(pair, kind)


def _kind(pair: Pair) -> Kind:
    name, axes = pair.name, len(pair.weight.shape)
    last = name.rpartition(".")[2]
    if axes == 1:
        return "norm" if pair.weight.size > 1 else "other"
    if NORM.search(last):
        return "norm"
    if axes == 2 and EMBEDDING.search(name) and pair.bias is None:
        return "embedding"
    if pair.named.role == "unknown" and _is_one_table(pair.weight) and (EMBEDDING.search(name) or TOKEN.search(name)):
        return "embedding"
    if last.startswith(("ih", "hh", "recurrent")) or (axes == 2 and CELL.search(name)):
        return "recurrent"
    fused = pair.weight.name.endswith("in_proj_weight")
    if fused or (axes <= 3 and ATTENTION.search(name) and PROJECTION.match(last)):
        return "attention"
    return "conv" if axes > 2 else "dense"


def _is_one_table(weight: Tensor) -> bool:
    """Whether the first of three axes is only there to be repeated for every example, as of a vision transformer's."""
    return len(weight.shape) == 3 and weight.shape[0] == 1


def _make(
    pair: Pair, kind: Kind, orientation: str, fan_in: int, fan_out: int, transposed: bool, sure: Sure, why: str,
    parts: int = 1, inputs: int = 0, outputs: int = 0,
) -> LayerWeights:  # fmt: skip
    return LayerWeights(
        pair.name, kind, pair.weight, pair.bias, orientation, fan_in, fan_out, transposed, sure, why, parts,
        inputs or fan_in, outputs or fan_out,
    )  # fmt: skip


def _convolution(pair: Pair) -> LayerWeights:
    """(out, in, kernel...) as in PyTorch, (kernel..., in, out) as in Keras and Flax; swapped where it goes up."""
    shape = pair.weight.shape
    outputs_first, sure, why = _first_axis_is_out(pair, shape[0], shape[-1])
    axes = ", ".join(["kernel"] * (len(shape) - 2))
    up = bool(TRANSPOSED.search(pair.name))
    if outputs_first:
        out, into, window = (shape[1], shape[0], shape[2:]) if up else (shape[0], shape[1], shape[2:])
        words = f"(in, out, {axes})" if up else f"(out, in, {axes})"
    else:
        out, into, window = (shape[-2], shape[-1], shape[:-2]) if up else (shape[-1], shape[-2], shape[:-2])
        words = f"({axes}, out, in)" if up else f"({axes}, in, out)"
    size = prod(window)
    if pair.weight.name.removesuffix(":0").endswith("depthwise_kernel"):  # (kernel..., in, outputs of each)
        into, out = 1, into * out
    first = outputs_first != up
    return _make(pair, "conv", words, into * size, out * size, first, sure, why, 1, into, out)


def _dense(pair: Pair, kind: Kind) -> LayerWeights:
    shape = pair.weight.shape
    if len(shape) == 3:  # Flax: heads are an axis of their own
        back = pair.name.rpartition(".")[2].endswith(("out", "output", "output_dense"))
        into, out = (shape[0] * shape[1], shape[2]) if back else (shape[0], shape[1] * shape[2])
        words = "(heads, width, out)" if back else "(in, heads, width)"
        return _make(pair, kind, words, into, out, False, "likely", "as Flax writes attention")
    outputs_first, sure, why = _first_axis_is_out(pair, shape[0], shape[1])
    out, into = shape if outputs_first else shape[::-1]
    parts = 3 if kind == "attention" and out == 3 * into else 1
    words = "(out, in)" if outputs_first else "(in, out)"
    if sure == "guess":
        words = "unknown"
    return _make(pair, kind, words, into, out, outputs_first, sure, why, parts)


def _first_axis_is_out(pair: Pair, first: int, last: int) -> tuple[bool, Sure, str]:
    """Whether the outputs come first: by the bias's shape, its length, or the custom of the name."""
    convention: Convention = pair.named.convention
    custom = {"out_in": "as PyTorch names it", "in_out": "as Keras, Flax or GPT-2 name it", "none": ""}[convention]
    bias = pair.bias
    if bias is not None and len(pair.weight.shape) == 2 and len(bias.shape) == 2 and bias.size > 1:
        if bias.shape == (first, 1):
            return True, "certain", "its bias is a column of outputs"
        if bias.shape == (1, last):
            return False, "certain", "its bias is a row of outputs"
    if bias is not None and first != last and bias.size in (first, last) and not TRANSPOSED.search(pair.name):
        return bias.size == first, "certain", f"its bias has {plural(bias.size, 'value')}"
    last_name = pair.name.rpartition(".")[2]
    if convention == "in_out" and last_name in GPT2 and first != last:  # some write GPT-2 with torch.nn.Linear
        return (first > last) == (last_name != "c_proj"), "likely", "by its longer axis"
    if convention != "none":
        return convention == "out_in", "likely", custom
    return len(pair.weight.shape) > 2 and first > last, "guess", "neither its name nor a bias tells"


def _by_majority(layers: Sequence[LayerWeights]) -> list[LayerWeights]:
    """Layers of which nothing tells the orientation get that of the others, if those agree."""
    seen = {layer.transposed for layer in layers if layer.kind in ("dense", "conv") and layer.sure != "guess"}
    if len(seen) != 1:
        return list(layers)
    transposed = seen.pop()
    decided = []
    for layer in layers:
        if layer.sure == "guess" and layer.kind == "dense":
            read = _said(layer) if layer.transposed == transposed else _turned(layer)
            layer = replace(read, sure="likely", why="as the other layers of the file")
        decided.append(layer)
    return decided


def _as_gpt(layers: Sequence[LayerWeights]) -> list[LayerWeights]:
    """GPT-2's square projections lie as its others do."""
    named = [layer.name.rpartition(".")[2] in GPT2 for layer in layers]
    square = [len(layer.weight.shape) == 2 and len(set(layer.weight.shape)) == 1 for layer in layers]
    ahead = {layer.transposed for layer, ours, even in zip(layers, named, square, strict=True) if ours and not even}
    return [
        _turned(layer) if ours and even and ahead == {not layer.transposed} else layer
        for layer, ours, even in zip(layers, named, square, strict=True)
    ]


def _with_hidden(layers: Sequence[LayerWeights]) -> list[LayerWeights]:
    """PyTorch's recurrent layers with their number of units, which the weights from unit to unit have as inputs."""
    units = {layer.name: layer.inputs for layer in layers if layer.kind == "recurrent" and layer.transposed}
    stems = {layer.name: layer.name.rpartition(".") for layer in layers}
    return [
        replace(layer, hidden=units.get(f"{stem}{dot}hh{last[2:]}", 0)) if last[:2] in ("ih", "hh") else layer
        for layer in layers
        for stem, dot, last in [stems[layer.name]]
    ]


def _said(layer: LayerWeights) -> LayerWeights:
    return replace(layer, orientation="(out, in)" if layer.transposed else "(in, out)")


def _turned(layer: LayerWeights) -> LayerWeights:
    """A dense layer read the other way."""
    swapped = replace(
        layer, fan_in=layer.fan_out, fan_out=layer.fan_in, inputs=layer.outputs, outputs=layer.inputs,
        transposed=not layer.transposed,
    )  # fmt: skip
    return _said(swapped)


def _link(place: int, layer: LayerWeights) -> Link:
    undecided = layer.kind == "dense" and layer.sure == "guess"
    return Link(place, layer.name, layer.kind == "conv", layer.inputs, layer.outputs, undecided)
