"""The `initscope` command: reads the command line and hands over. Heavy imports wait until they are needed."""

import argparse
import os
import sys
from collections.abc import Sequence

from initscope.core import __version__, blas
from initscope.core.errors import InputError
from initscope.tui.options import EXAMPLES, INITIALIZERS, add_run_options

BAD_INPUT = 2

LAB = """\
Does this network train, and if not, is the initialization to blame?
Trains the same network from several initializers side by side, live in the terminal.
"""
RUN = "Train without a screen and print a table and charts."


class Parser(argparse.ArgumentParser):
    """Errors as one clear line, like those of bad input."""

    def error(self, message: str) -> None:  # type: ignore[override]
        raise InputError(f"{message}; see {self.prog} --help")


def lab_parser() -> Parser:
    parser = Parser(
        prog="initscope",
        usage="initscope [options]\n       initscope run [options] [--json FILE] [--plain]",
        description=LAB,
        epilog=f"commands:\n  run                   {RUN} See initscope run --help.\n\n{INITIALIZERS}\n{EXAMPLES}",
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
        epilog=INITIALIZERS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add_run_options(parser)
    output = parser.add_argument_group("output")
    output.add_argument("--json", metavar="FILE|-", help="write everything measured as JSON; - is standard output")
    output.add_argument("--plain", action="store_true", help="no colour, ASCII only")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code: 0, 2 for bad input, 130 after Ctrl+C."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        if words[:1] == ["run"]:
            return _run(run_parser().parse_args(words[1:]))
        return _lab(lab_parser().parse_args(words))
    except InputError as error:
        print(f"initscope: {error}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read our output has gone (`| head`). Python would complain again when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def _run(arguments: argparse.Namespace) -> int:
    blas.prepare()
    from initscope.tui.run import run

    return run(arguments)


def _lab(arguments: argparse.Namespace) -> int:
    blas.prepare()
    from initscope.tui.lab import open_lab

    return open_lab(arguments)


if __name__ == "__main__":
    sys.exit(main())
