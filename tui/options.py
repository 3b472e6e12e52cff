"""The options of a comparison, the same for `initscope run` and for the lab. Imports nothing heavy."""

import argparse
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from initscope.core.datasets.dataname import with_flags
from initscope.core.errors import InputError


@dataclass(frozen=True)
class Option:
    flag: str
    metavar: str
    meaning: str


RUN_OPTIONS = (
    Option(
        "data",
        "NAME|FILE",
        "digits (default), mnist, circles, moons, spiral, xor, gaussians, noise, fashion_mnist, cifar10; "
        "or a file or folder: .npz, .npy, .csv, IDX, CIFAR-10, folders of pictures",
    ),
    Option(
        "arch",
        "LAYERS",
        "such as 64-30-10, 784-100x30-10 or 16c3-p2-64-10, see below "
        "(default: 30 hidden units between inputs and classes)",
    ),
    Option(
        "activation",
        "NAME",
        "sigmoid (default), tanh, relu, leaky_relu, prelu, softsign, hard_tanh, elu, selu, softplus, gelu, silu, "
        "mish, sine, linear",
    ),
    Option("bias-init", "NAME", "initializer of the biases: zeros (default), same (as the weights), randn, ..."),
    Option("loss", "NAME", "quadratic (default, on sigmoid outputs) or cross_entropy"),
    Option(
        "optimizer",
        "NAME[:k=v]",
        "sgd (default), momentum, nesterov, adam, rmsprop, adagrad, adamw; e.g. momentum:momentum=0.95",
    ),
    Option("lr", "X", "learning rate (default: 3.0 for sgd with quadratic, else what is usual)"),
    Option(
        "schedule",
        "NAME[:k=v]",
        "learning rate over the run: constant (default), step, cosine, linear; "
        "e.g. step:every=1000,factor=0.1 or, after 100 steps of warm-up, cosine:warmup=100",
    ),
    Option("weight-decay", "X", "L2: X times each weight, not bias, is added to its gradient (default 0)"),
    Option("clip", "X", "scale a gradient down whose norm, over all parameters, is greater; 0 for never (default 0)"),
    Option("batch-size", "N", "examples in a batch (default 10)"),
    Option("epochs", "N", "passes over the training data (default 30)"),
    Option("steps", "N", "updates, instead of epochs"),
    Option("seed", "N", "determines weights and batches (default 0)"),
    Option("stream", "NAME[:k=v]", "seeded (default), or legacy: the weights that numpy.random.seed(seed) leads to"),
    Option("dtype", "NAME", "float32 (default) or float64"),
)

DEFAULT_DATA = "digits"
DATA_OPTIONS = (
    Option("limit", "N", "at most N examples for training, and N for testing; 0 for all"),
    Option("split", "X", "share for testing, e.g. 0.2 (default: the data's own split, else a fifth)"),
    Option("scale", "NAME", "of the inputs: auto (default; bytes to 0..1), none, unit, standardize"),
)
"""Written into the data's name: `--data mnist --limit 100` is `--data mnist:limit=100`."""

DATA_HELP = """\
data:
  by name, see initscope data list; or a path: .npz (x_train, y_train, x_test,
  y_test, or x, y), x.npy beside y.npy or X.npy,LABELS.npy, a CSV table, a
  folder with MNIST's or CIFAR-10's files, a folder of class folders of
  pictures. Parameters follow a colon: mnist:limit=5000,scale=standardize
  table.csv:label=species,drop=id  photos:size=32  moons:noise=0.2
"""

LAYERS = """\
layers of --arch, between dashes (the activation follows each but the last):
  30 or 100x5           dense: 30 units; five layers of 100 (the first number
                        is the input, and is left out before a convolution)
  16c3, 16c5s2p0        convolution: 16 channels, 3x3 kernel, size kept; with
                        stride 2 and padding 0
  p2, a2, g             max pooling, average pooling, the mean of each channel
  bn, ln, d0.5          batch_norm, layer_norm (before the activation), dropout
  r(64-bn-64)x3         residual blocks: their input is added to their output
"""

INITIALIZERS = """\
initializers:
  zeros ones constant rand randn uniform normal truncated_normal
  variance_scaling xavier_normal xavier_uniform he_normal he_uniform
  lecun_normal lecun_uniform scaled_randn orthogonal abs_randn
  xavier_literal glorot_standard identity sparse dirac delta_orthogonal
  lsuv fixup;
  with parameters: randn:scale=0.01 uniform:low=-0.5,high=0.5
  xavier_normal:gain=tanh; initscope init says what each is, and lists
  those of PyTorch, Keras and JAX, such as torch.nn.Linear
"""

EXAMPLES = """\
examples:
  initscope                                   the lab: rand and randn on digits
  initscope run --init rand --init randn      the same without a screen
  initscope run --data mnist --init randn --init scaled_randn --epochs 5
  initscope --lane "init=rand lr=0.5" --lane "init=he_normal activation=relu"
  initscope run mine.toml --seed 1            a comparison's file, another seed
"""

SLOW_HELP = "draw for a slow line from the start: about 1 kB/s while training (else this is found out)"
FILE = (
    "a comparison as a file; options given here go before those at its top, "
    "and --init and --lane take the place of its lanes"
)


def add_run_options(parser: argparse.ArgumentParser, file: bool = False) -> None:
    """The options that say what to train; with `file`, also the place for a comparison's file."""
    group = parser.add_argument_group("what to train")
    if file:
        group.add_argument("file", metavar="FILE.toml", nargs="?", default="", help=FILE)
    group.add_argument(
        "--init",
        action="append",
        dest="lanes",
        type=lambda text: ("init", text),
        default=[],
        metavar="NAME[:k=v,...]",
        help="initializer of the weights; repeat it for one lane each (default: rand and randn)",
    )
    group.add_argument(
        "--lane",
        action="append",
        dest="lanes",
        type=lambda text: ("lane", text),
        default=[],
        metavar='"k=v ..."',
        help='a lane that differs in anything, e.g. --lane "init=rand lr=0.5 arch=64-100-10"',
    )
    _add(group, RUN_OPTIONS[:1])
    add_data_options(group)
    _add(group, RUN_OPTIONS[1:])


def add_data_options(group: "argparse._ArgumentGroup") -> None:
    """The options that say what to make of data."""
    _add(group, DATA_OPTIONS)


def _add(group: "argparse._ArgumentGroup", options: Iterable[Option]) -> None:
    for option in options:
        group.add_argument(f"--{option.flag}", metavar=option.metavar, help=option.meaning)


def run_options(arguments: argparse.Namespace, data: str = DEFAULT_DATA) -> dict[str, str]:
    """The options that were given, by name. `data` is what --limit and the like are of where no --data is given."""
    found = {option.flag: getattr(arguments, option.flag.replace("-", "_")) for option in RUN_OPTIONS}
    values = {flag: value for flag, value in found.items() if value is not None}
    for flag, value in values.items():
        if not (isinstance(value, str) and value.strip()):  # argparse makes a list of `--steps=--`
            raise InputError(f"--{flag} is empty: leave it out for its default, or give it a value")
    flags = data_flags(arguments)
    if flags:
        values["data"] = with_flags(values.get("data") or without_flags(data, flags), flags)
    return values


def without_flags(data: str, flags: Iterable[str]) -> str:
    """The data set's name without the parameters of these names: `mnist:limit=5,split=0.1` -> `mnist:split=0.1`."""
    for flag in flags:
        data = re.sub(rf"(?<=[:,])\s*{flag}\s*=[^,:]*(,|$)", "", data).rstrip(",:")
    return data


def asks(arguments: argparse.Namespace) -> bool:
    """Whether anything was given that says what to train."""
    return bool(run_options(arguments) or arguments.lanes or getattr(arguments, "file", ""))


def data_flags(arguments: argparse.Namespace) -> dict[str, str]:
    """Those of `DATA_OPTIONS` that were given, by name."""
    return {option.flag: value for option in DATA_OPTIONS if (value := getattr(arguments, option.flag))}


def whole_number(option: str, given: Any, least: int, most: int) -> int:
    """What was given for an option that counts something. Raises InputError."""
    text = str(given or "")  # argparse makes an empty list of `--seeds=--`
    digits = text.replace("_", "")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 20 and least <= int(digits) <= most):
        raise InputError(f"{option} must be a whole number from {least} to {most:,}, not '{text}'")
    return int(digits)
