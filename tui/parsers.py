"""The command lines of the lab and of the light commands, and what they have in common. Imports nothing heavy."""

import argparse
import sys
from itertools import pairwise
from typing import Any

from initscope.core import __version__
from initscope.core.errors import InputError, unknown
from initscope.tui.options import EXAMPLES, INITIALIZERS, LAYERS, SLOW_HELP, add_run_options

LAB = """\
Does this network train, and if not, is the initialization to blame?
Trains the same network from several initializers side by side, live in the
terminal.
"""
RUN = "Train without a screen and print a table and charts."
DATA = "List, fetch and check data."
INIT = "What each initializer draws, and the code for it."
SAMPLE = "What draws look like beside what is expected of them."
CHECK = "Judge a network before training, or saved weights."
EXPLAIN = "Why a network does not learn, with the proof."
CONFIG = "Your settings and keys, and the file that they stand in."
EXPERIMENT = "Published experiments by name, judged by their numbers."
RUNS = "Saved runs: list, show, compare, export, keep, resume."
ATTACH = "Show a run that trains in the background, live."
REPORT = (
    "write what came of it, by the name's ending: .html .md (with charts and findings), .csv .json, .npz .safetensors "
    "(weights), .toml (the comparison), or FOLDER/ for TensorBoard; repeat it for more"
)
RUNS_DIR = "where runs are kept (default: the user's state folder)"
SHAPE = "inputs and outputs (default 784,30), then a convolution's kernel, e.g. 3,16,3,3"
SAMPLE_WORDS = """\
What does a draw look like? Histograms on shared axes against the exact density,
mean and std beside what is expected of them, how both settle as n grows, the
chance that weights lie next to zero, and the weights as a picture.
"""
COMMANDS = f"""\
commands, each with its own --help:
  run         {RUN}
  check       {CHECK}
  explain     {EXPLAIN}
  init        {INIT}
  sample      {SAMPLE}
  experiment  {EXPERIMENT}
  data        {DATA}
  runs        {RUNS}
  attach      {ATTACH}
  config      {CONFIG}
"""


class Parser(argparse.ArgumentParser):
    """Errors as one clear line, like those of bad input; texts as they are written, options only in full."""

    def __init__(self, **texts: Any) -> None:
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, **texts)

    def error(self, message: str) -> None:  # type: ignore[override]
        raise InputError(f"{message}; see {self.prog} --help")

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse does, with close names for an option that does not exist."""
        for before, word in pairwise([self.prog, *args]):
            if not word:
                which = f"{before} is empty" if before.startswith("-") else "an empty word, ''"
                raise InputError(f"{which}: leave it out, or give it a value")
        found, extra = self.parse_known_args(args, namespace)
        file = getattr(found, "file", "")
        if file and not file.lower().endswith(".toml"):
            extra = sorted([file, *extra], key=list(args).index)
        if not extra:
            return found
        word = extra[0].partition("=")[0]
        if word.startswith("--"):
            raise unknown("option", word, self._option_string_actions)
        if word == "run":
            self.error("run must come first: initscope run [options]")
        toml = ", and a comparison's file ends in .toml" if hasattr(found, "file") else ""
        such = ", such as --init randn" if "--init" in self._option_string_actions else ""
        return self.error(f"unexpected '{word}': every value follows its option{such}{toml}")

    def _print_message(self, message: str, file: Any = None) -> None:
        """As argparse does, which keeps to itself that it could not write."""
        (file or sys.stderr).write(message)

    def exit(self, status: int = 0, message: str | None = None) -> Any:
        """After --help and --version: that nobody could read them is noticed here, not when Python ends."""
        sys.stdout.flush()
        super().exit(status, message)


def lab_parser() -> Parser:
    parser = Parser(
        prog="initscope",
        usage="initscope [FILE.toml] [options]\n       initscope run [FILE.toml] [options] [--json FILE] [--plain]\n"
        "       initscope check LAYERS|FILE|FILE.toml [options]\n"
        "       initscope explain [FILE.toml] [options] [--seeds N]\n"
        "       initscope init [NAME] [--shape IN,OUT] [--plain]\n"
        "       initscope sample [NAME ...] [-n N] [--shape IN,OUT] [--plain]\n"
        "       initscope experiment [NAME|FILE.toml] [options]\n"
        "       initscope data list|show|fetch [NAME|FILE]\n"
        "       initscope runs list|show|compare|export|keep|rm|resume [RUN ...]\n"
        "       initscope attach [RUN]\n"
        "       initscope config",
        description=LAB,
        epilog=f"{COMMANDS}\n{LAYERS}\n{INITIALIZERS}\n{EXAMPLES}",
    )
    parser.add_argument("--version", action="version", version=f"initscope {__version__}")
    add_run_options(parser, file=True)
    screen = parser.add_argument_group("the screen")
    screen.add_argument("--last", action="store_true", help="open the last setup again, in place of all other options")
    screen.add_argument("--no-mouse", action="store_true", help="leave the mouse to the terminal, to select text")
    screen.add_argument("--slow", action="store_true", help=SLOW_HELP)
    keeping = parser.add_argument_group("runs on disk")
    keeping.add_argument("--no-save", action="store_true", help="keep nothing of what is trained")
    keeping.add_argument("--detach", action="store_true", help="train in the background, which goes on without the lab")
    keeping.add_argument("--runs", metavar="DIR", help=RUNS_DIR)
    return parser


def run_parser() -> Parser:
    parser = Parser(
        prog="initscope run",
        usage="initscope run [FILE.toml] [options] [--report FILE] [--json FILE]",
        description=RUN,
        epilog=f"{LAYERS}\n{INITIALIZERS}",
    )
    add_run_options(parser, file=True)
    output = parser.add_argument_group("output")
    output.add_argument("--json", metavar="FILE|-", help="write everything measured as JSON; - is standard output")
    output.add_argument("--report", metavar="FILE", action="append", default=[], help=REPORT)
    output.add_argument("--plain", action="store_true", help="no colour, ASCII only")
    output.add_argument("--save", action="store_true", help="keep the run: initscope runs lists it and goes on with it")
    output.add_argument("--detach", action="store_true", help="train in the background, saved; see initscope attach")
    output.add_argument("--runs", metavar="DIR", help=RUNS_DIR)
    return parser


def init_parser() -> Parser:
    parser = Parser(
        prog="initscope init",
        description=f"{INIT}\nWithout NAME: the list of all.",
        epilog=INITIALIZERS,
    )
    parser.add_argument("name", metavar="NAME", nargs="?", default="", help="such as he_normal or torch.nn.Linear")
    parser.add_argument("--shape", metavar="IN,OUT[,KERNEL]", default="", help=SHAPE)
    parser.add_argument("--plain", action="store_true", help="ASCII only")
    return parser


def sample_parser() -> Parser:
    parser = Parser(
        prog="initscope sample",
        usage="initscope sample [NAME ...] [options]",
        description=SAMPLE_WORDS,
        epilog=INITIALIZERS,
    )
    parser.add_argument("names", metavar="NAME", nargs="*", help="such as randn, 0.01*randn (default: rand randn)")
    parser.add_argument("-n", default="1000", metavar="N", help="draws of each (default 1000)")
    parser.add_argument("--bins", default="50", metavar="N", help="bars of the histograms (default 50)")
    parser.add_argument("--seed", default="0", metavar="N", help="of the draws (default 0)")
    parser.add_argument("--shape", metavar="IN,OUT[,KERNEL]", default="", help=SHAPE)
    parser.add_argument("--eps", default="1e-5", metavar="X", help="how near to zero counts as zero (default 1e-5)")
    parser.add_argument("--json", metavar="FILE|-", help="write all numbers as JSON; - is standard output")
    parser.add_argument("--plain", action="store_true", help="no colour, ASCII only")
    return parser
