"""The names people give to saved tensors: which layer, which role in it, and what library it speaks of."""

import re
from dataclasses import dataclass
from typing import Literal

Role = Literal["weight", "bias", "other", "unknown"]
Convention = Literal["out_in", "in_out", "none"]

PARTS = re.compile(r"[/.\\]")
NUMBERED = re.compile(r"^(weights?|kernel|w|theta|bias(?:es)?|b|gamma|beta)_?(\d+)$", re.IGNORECASE)
BEHIND = re.compile(r"^(.+?)_(weights?|kernel|w|bias(?:es)?|b)$", re.IGNORECASE)
ROLES: dict[str, tuple[Role, Convention]] = {
    "weight": ("weight", "out_in"),
    "in_proj_weight": ("weight", "out_in"),
    "kernel": ("weight", "in_out"),
    "depthwise_kernel": ("weight", "in_out"),
    "pointwise_kernel": ("weight", "in_out"),
    "recurrent_kernel": ("weight", "in_out"),
    "embedding": ("weight", "in_out"),
    "embeddings": ("weight", "in_out"),
    "weights": ("weight", "none"),
    "w": ("weight", "none"),
    "theta": ("weight", "none"),
    "gamma": ("weight", "none"),
    "scale": ("weight", "none"),
    "bias": ("bias", "none"),
    "biases": ("bias", "none"),
    "in_proj_bias": ("bias", "none"),
    "beta": ("bias", "none"),
    "b": ("bias", "none"),
}
STATISTICS = (
    "running_mean", "running_var", "num_batches_tracked", "moving_mean", "moving_variance", "mean", "var",
    "position_ids", "inv_freq", "masked_bias", "attn_mask",
)  # fmt: skip
LISTS: dict[str, tuple[Role, Convention]] = {
    "weights": ("weight", "none"),
    "biases": ("bias", "none"),
    "coefs_": ("weight", "in_out"),
    "intercepts_": ("bias", "none"),
}
"""Lists of one tensor for each layer: of Nielsen's network, of scikit-learn's MLP."""
GPT2 = ("c_attn", "c_proj", "c_fc")
"""Hugging Face's Conv1D of GPT-2, whose weights are (in, out)."""
NORM = re.compile(r"(^|[._\d])(ln|bn|norm)|(layer|batch|group|rms|instance)_?norm|norm\d*$", re.I)
EMBEDDING = re.compile(r"embed|(^|[._/])(wte|wpe|emb|tok|lookup|shared)\d*$|relative_(attention|position)_bias", re.I)
TOKEN = re.compile(r"token|(^|[._/])(cls|dist|mask|register)s?$", re.I)
ATTENTION = re.compile(r"attn|attention|(^|[._/])(self|mha|att)($|[._/])", re.I)
PROJECTION = re.compile(
    r"^([qkvo]|query|key|value|out|output|attention_output|dense|qkv|proj|([qkvo]|out)_proj|(query|key|value|output)_dense|"
    r"c_attn|c_proj)$",
    re.I,
)
TRANSPOSED = re.compile(r"deconv|conv\d?d?_?transpose|transposed?_?conv|upconv", re.I)
DERIVED = re.compile(r"^(?:(.*)\.)?(?:weight_(v|g|u|orig)|parametrizations\.weight\.(original\d?|\d+\._[uv]))$")
"""PyTorch's weight_norm (g, v or original0, original1), spectral_norm (orig, u, v) and other parametrizations."""
MADE_OF = ("v", "orig", "original", "original1")
"""What of those has the shape of the weights."""
OUT_IN = ("q_proj", "k_proj", "v_proj")
"""Of torch.nn.MultiheadAttention with keys or values of other sizes: 'q_proj_weight'."""
RECURRENT = re.compile(r"^(weight|bias)_([ih]h)(_l\d+(_reverse)?)?$")
CELL = re.compile(r"lstm|gru|rnn", re.I)


@dataclass(frozen=True)
class Named:
    """What a tensor's name says of it."""

    layer: str
    """The layer it belongs to; tensors of one layer share it."""
    role: Role
    convention: Convention
    """How a weight of this name lies: as PyTorch's, as Keras's and Flax's, or no rule."""
    derived: bool = False
    """Whether the network makes its weights of this tensor and others whenever it runs."""


def understand(name: str) -> Named:
    """The meaning of 'fc1.weight', 'params/Dense_0/kernel', 'dense/kernel:0', 'W1', 'weights.0', 'arr_3', '2'."""
    parts = PARTS.split(name.removesuffix(":0"))
    last, rest = parts[-1], parts[:-1]
    stem = ".".join(rest)
    if last in STATISTICS:
        return Named(stem, "other", "none")
    if found := RECURRENT.match(last):
        tail = found[2] + (found[3] or "")
        return Named(f"{stem}.{tail}".lstrip("."), "weight" if found[1] == "weight" else "bias", "out_in")
    if found := DERIVED.match(".".join(parts)):
        whole = (found[2] or found[3]) in MADE_OF
        return Named(found[1] or "", "weight" if whole else "other", "out_in", derived=True)
    if last.isdigit() and rest:
        return _in_list(rest, last)
    if last.lower() in ROLES:
        return _by_role(stem, rest, last.lower())
    if found := NUMBERED.match(last):
        word = found[1].lower()
        number = f"{found[2]}.norm" if word in ("gamma", "beta") else found[2]
        return Named(".".join([*rest, number]), "bias" if word.startswith("b") else "weight", "none")
    if found := BEHIND.match(last):
        custom: Convention = "out_in" if found[1] in OUT_IN else "none"
        return Named(".".join([*rest, found[1]]), "bias" if found[2].lower().startswith("b") else "weight", custom)
    return Named(name, "unknown", "none")


def _in_list(rest: list[str], number: str) -> Named:
    """'weights.0', 'biases.0'; 'dense.vars.0' is Keras 3: the kernel, and 1 the bias; 'net.0' says nothing."""
    before = rest[-1].lower()
    if before == "vars":
        if len(rest) > 1 and rest[-2].lower().endswith("cell"):  # kernel, recurrent kernel, bias
            part: Role = "weight" if number in "01" else "bias" if number == "2" else "other"
            return Named(".".join([*rest[:-1], *["recurrent"] * (number == "1")]), part, "in_out")
        role: Role = "weight" if number == "0" else "bias" if number == "1" else "other"
        return Named(".".join(rest[:-1]), role, "in_out")
    if before in LISTS:
        role, convention = LISTS[before]
        return Named(".".join([*rest[:-1], number]), role, convention)
    return Named(".".join([*rest, number]), "unknown", "none")


def _by_role(stem: str, rest: list[str], last: str) -> Named:
    role, convention = ROLES[last]
    if last == "weight" and rest and rest[-1] in GPT2 and "h" in rest:
        convention = "in_out"
    if last == "recurrent_kernel":
        stem += ".recurrent"
    elif last.endswith("wise_kernel"):
        stem += f".{last.removesuffix('_kernel')}"
    return Named(stem, role, convention)
