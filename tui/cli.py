"""The `initscope` command: reads the command line and hands over. Heavy imports wait until they are needed."""

import io
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from types import MappingProxyType

from initscope.core import blas
from initscope.core.errors import InputError
from initscope.tui.parsers import Parser, init_parser, lab_parser, run_parser, sample_parser

BAD_INPUT = 2
INTERRUPTED, BROKEN_PIPE = 130, 141
"""What a shell reports of a command that SIGINT or SIGPIPE ended."""

LIGHT = MappingProxyType({"run": run_parser, "init": init_parser, "sample": sample_parser})
"""Commands whose parsers are made without importing what they do."""
COMMANDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "run": ("run", "run"),
        "check": ("checkcommand", "check_command"),
        "explain": ("explaincommand", "explain_command"),
        "init": ("initcommand", "init"),
        "sample": ("samplecommand", "sample"),
        "experiment": ("experimentcommand", "experiment_command"),
        "data": ("datacommand", "data_command"),
        "runs": ("runscommand", "runs_command"),
        "attach": ("attach", "attach_command"),
        "config": ("configcommand", "config_command"),
    }
)
"""By name: the module, and the function of it that takes the arguments and returns the exit code.

Modules of commands that are not LIGHT also have `parser(parser_class)`.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code: 0, 2 for bad input or unwritable output, 130 after Ctrl+C."""
    words = list(sys.argv[1:] if argv is None else argv)
    _open_closed_streams()
    try:
        code = _command(words[0], words[1:]) if words and words[0] in COMMANDS else _lab(words)
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


def _command(name: str, words: Sequence[str]) -> int:
    module, function = COMMANDS[name]
    arguments = LIGHT[name]().parse_args(words) if name in LIGHT else None
    blas.prepare()
    found = import_module(f"initscope.tui.{module}")
    code: int = getattr(found, function)(arguments or found.parser(Parser).parse_args(words))
    return code


def _not_a_command(word: str) -> None:
    """Raises InputError for what is nearly a command."""
    from difflib import get_close_matches

    close = get_close_matches(word.lower(), COMMANDS, cutoff=0.65)
    if close:
        raise InputError(f"there is no command '{word}': did you mean {' or '.join(close)}? see initscope --help")


def _lab(words: Sequence[str]) -> int:
    if words and words[0].isalpha():
        _not_a_command(words[0])
    arguments = lab_parser().parse_args(words)
    blas.prepare()
    from initscope.tui.lab import open_lab

    return open_lab(arguments)


if __name__ == "__main__":
    sys.exit(main())
