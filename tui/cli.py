"""The `initscope` command: reads the command line and hands over. Heavy imports wait until they are needed."""

import argparse
import io
import os
import sys
from collections.abc import Sequence
from typing import Any

from initscope.core import __version__, blas
from initscope.core.errors import InputError, unknown
from initscope.tui.options import EXAMPLES, INITIALIZERS, LAYERS, add_run_options

BAD_INPUT = 2
INTERRUPTED, BROKEN_PIPE = 130, 141
"""What a shell reports of a command that SIGINT or SIGPIPE ended."""

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
EXPERIMENT = "Published experiments by name, judged by their numbers."
SHAPE = "inputs and outputs (default 784,30), then a convolution's kernel, e.g. 3,16,3,3"
SAMPLE_WORDS = """\
What does a draw look like? Histograms on shared axes against the exact density,
mean and std beside what is expected of them, how both settle as n grows, the
chance that weights lie next to zero, and the weights as a picture.
"""
COMMANDS = f"""\
commands:
  run                   {RUN}
                        See initscope run --help.
  check                 {CHECK}
                        See initscope check --help.
  explain               {EXPLAIN}
                        See initscope explain --help.
  init                  {INIT}
                        See initscope init --help.
  sample                {SAMPLE}
                        See initscope sample --help.
  experiment            {EXPERIMENT}
                        See initscope experiment --help.
  data                  {DATA}
                        See initscope data --help.
"""


class Parser(argparse.ArgumentParser):
    """Errors as one clear line, like those of bad input."""

    def error(self, message: str) -> None:  # type: ignore[override]
        raise InputError(f"{message}; see {self.prog} --help")

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse does, with close names for an option that does not exist."""
        found, extra = self.parse_known_args(args, namespace)
        if not extra:
            return found
        word = extra[0].partition("=")[0]
        if word.startswith("--"):
            raise unknown("option", word, self._option_string_actions)
        if word == "run":
            self.error("run must come first: initscope run [options]")
        return self.error(f"unexpected '{word}': every value follows its option, such as --init randn")

    def exit(self, status: int = 0, message: str | None = None) -> Any:
        """After --help and --version: that nobody could read them is noticed here, not when Python ends."""
        sys.stdout.flush()
        super().exit(status, message)


def lab_parser() -> Parser:
    parser = Parser(
        prog="initscope",
        usage="initscope [options]\n       initscope run [options] [--json FILE] [--plain]\n"
        "       initscope check LAYERS|FILE [options]\n"
        "       initscope explain [options] [--seeds N]\n"
        "       initscope init [NAME] [--shape IN,OUT] [--plain]\n"
        "       initscope sample [NAME ...] [-n N] [--shape IN,OUT] [--plain]\n"
        "       initscope experiment [NAME|FILE.toml] [options]\n"
        "       initscope data list|show|fetch [NAME|FILE]",
        description=LAB,
        epilog=f"{COMMANDS}\n{LAYERS}\n{INITIALIZERS}\n{EXAMPLES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"initscope {__version__}")
    add_run_options(parser)
    return parser


def run_parser() -> Parser:
    parser = Parser(
        prog="initscope run",
        usage="initscope run [options] [--json FILE] [--plain]",
        description=RUN,
        epilog=f"{LAYERS}\n{INITIALIZERS}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add_run_options(parser)
    output = parser.add_argument_group("output")
    output.add_argument("--json", metavar="FILE|-", help="write everything measured as JSON; - is standard output")
    output.add_argument("--plain", action="store_true", help="no colour, ASCII only")
    return parser


def init_parser() -> Parser:
    parser = Parser(
        prog="initscope init",
        description=f"{INIT}\nWithout NAME: the list of all.",
        epilog=INITIALIZERS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
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
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
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


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code: 0, 2 for bad input or unwritable output, 130 after Ctrl+C."""
    words = list(sys.argv[1:] if argv is None else argv)
    _open_closed_streams()
    try:
        if words[:1] == ["run"]:
            code = _run(run_parser().parse_args(words[1:]))
        elif words[:1] == ["check"]:
            code = _check(words[1:])
        elif words[:1] == ["explain"]:
            code = _explain(words[1:])
        elif words[:1] == ["init"]:
            code = _init(init_parser().parse_args(words[1:]))
        elif words[:1] == ["sample"]:
            code = _sample(sample_parser().parse_args(words[1:]))
        elif words[:1] == ["experiment"]:
            code = _experiment(words[1:])
        elif words[:1] == ["data"]:
            code = _data(words[1:])
        else:
            code = _lab(lab_parser().parse_args(words))
        sys.stdout.flush()
        return code
    except InputError as error:
        return _complain(str(error))
    except MemoryError:
        return _complain("these networks do not fit in this machine's memory; use narrower layers or fewer lanes")
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # whoever read our output has gone (`| head`)
        _give_up_stdout()
        return BROKEN_PIPE
    except OSError as error:  # bad files are InputErrors: what is left is our own output
        _give_up_stdout()
        return _complain(f"standard output cannot be written ({error.strerror})")


def _complain(message: str) -> int:
    """One line on stderr, whatever a file's name or an option's value holds."""
    line = "".join(c if c.isprintable() else "?" for c in message)
    print(f"initscope: {line}", file=sys.stderr)
    return BAD_INPUT


def _open_closed_streams() -> None:
    """A stream that the caller closed (`>&-`) becomes one that swallows, so that none is None."""
    if sys.stdout is None:
        sys.stdout = io.StringIO()
    if sys.stderr is None:
        sys.stderr = io.StringIO()


def _give_up_stdout() -> None:
    """Python would complain again when it flushes stdout at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(arguments: argparse.Namespace) -> int:
    blas.prepare()
    from initscope.tui.run import run

    return run(arguments)


def _check(words: list[str]) -> int:
    blas.prepare()
    from initscope.tui.checkcommand import check_command, parser

    return check_command(parser(Parser).parse_args(words))


def _explain(words: list[str]) -> int:
    blas.prepare()
    from initscope.tui.explaincommand import explain_command, parser

    return explain_command(parser(Parser).parse_args(words))


def _init(arguments: argparse.Namespace) -> int:
    from initscope.tui.initcommand import init

    return init(arguments)


def _sample(arguments: argparse.Namespace) -> int:
    blas.prepare()
    from initscope.tui.samplecommand import sample

    return sample(arguments)


def _experiment(words: list[str]) -> int:
    blas.prepare()
    from initscope.tui.experimentcommand import experiment_command, parser

    return experiment_command(parser(Parser).parse_args(words))


def _data(words: list[str]) -> int:
    blas.prepare()
    from initscope.tui.datacommand import data_command, parser

    return data_command(parser(Parser).parse_args(words))


def _lab(arguments: argparse.Namespace) -> int:
    blas.prepare()
    from initscope.tui.lab import open_lab

    return open_lab(arguments)


if __name__ == "__main__":
    sys.exit(main())
