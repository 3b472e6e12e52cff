"""The options of a comparison, the same for `initscope run` and for the lab. Imports nothing heavy."""

import argparse
from dataclasses import dataclass


@dataclass(frozen=True)
class Option:
    flag: str
    metavar: str
    meaning: str


RUN_OPTIONS = (
    Option("data", "NAME|FILE", "digits (default), mnist, circles, moons, spiral, xor, gaussians, or an .npz file"),
    Option("arch", "WIDTHS", "layer widths such as 64-30-10 (default: 30 hidden units between inputs and classes)"),
    Option("activation", "NAME", "sigmoid (default), tanh, relu, leaky_relu, softsign, elu, gelu, silu, linear"),
    Option("bias-init", "NAME", "initializer of the biases: zeros (default), same (as the weights), randn, ..."),
    Option("loss", "NAME", "quadratic (default, on sigmoid outputs) or cross_entropy"),
    Option("optimizer", "NAME[:k=v]", "sgd (default), momentum, nesterov, adam; e.g. momentum:momentum=0.95"),
    Option("lr", "X", "learning rate (default: 3.0 for sgd with quadratic, else what is usual)"),
    Option("batch-size", "N", "examples in a batch (default 10)"),
    Option("epochs", "N", "passes over the training data (default 30)"),
    Option("steps", "N", "updates, instead of epochs"),
    Option("seed", "N", "determines weights and batches (default 0)"),
    Option("dtype", "NAME", "float32 (default) or float64"),
)

INITIALIZERS = """\
initializers:
  zeros ones constant rand randn uniform normal truncated_normal
  variance_scaling xavier_normal xavier_uniform he_normal he_uniform
  lecun_normal lecun_uniform scaled_randn orthogonal;
  with parameters: randn:scale=0.01 uniform:low=-0.5,high=0.5
"""

EXAMPLES = """\
examples:
  initscope                                   the lab: rand and randn on digits
  initscope run --init rand --init randn      the same without a screen
  initscope run --data mnist --init randn --init scaled_randn --epochs 5
  initscope --lane "init=rand lr=0.5" --lane "init=he_normal activation=relu"
"""


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """The options that say what to train."""
    group = parser.add_argument_group("what to train")
    group.add_argument(
        "--init",
        action="append",
        default=[],
        metavar="NAME[:k=v,...]",
        help="initializer of the weights; repeat it for one lane each (default: rand and randn)",
    )
    group.add_argument(
        "--lane",
        action="append",
        default=[],
        metavar='"k=v ..."',
        help='a lane that differs in anything, e.g. --lane "init=rand lr=0.5 arch=64-100-10"',
    )
    for option in RUN_OPTIONS:
        group.add_argument(f"--{option.flag}", default="", metavar=option.metavar, help=option.meaning)


def run_options(arguments: argparse.Namespace) -> dict[str, str]:
    """The options that were given, by name."""
    values = {option.flag: getattr(arguments, option.flag.replace("-", "_")) for option in RUN_OPTIONS}
    return {flag: value for flag, value in values.items() if value}
