"""`initscope check`: a network before training, or weights that somebody saved: findings, without training anything."""

import argparse
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from initscope.core.errors import InputError, unknown
from initscope.tui.jsonfile import JsonFile
from initscope.tui.options import INITIALIZERS, LAYERS, RUN_OPTIONS, add_run_options, data_flags, run_options

if TYPE_CHECKING:
    from initscope.core.checks.file import FileCheck
    from initscope.core.checks.spec import SpecCheck
    from initscope.core.comparison import Comparison

FOUND = 1
"""Exit code where something is wrong."""
FOR_FILES = ("activation", "data")
SUFFIXES = (".npz", ".npy", ".safetensors", ".pt", ".pth", ".pkl", ".pickle", ".h5", ".keras", ".json", ".bin", ".ckpt")
DESCRIPTION = """\
Is the initialization to blame? Says so before training, or of weights that
somebody saved. Nothing is trained, and nothing in a file is ever run.
"""
WORDS = """\
A network (784-30-10, with options as initscope run has them): what theory
expects of it beside what one batch shows, layer by layer; findings; and the
initializers that would work. Several --init, or the lanes of a comparison's
FILE.toml: one after the other.

A FILE (.npy .npz .safetensors .pt .pth .pkl .h5 .keras): of every layer shape,
fans, statistics, twins among its units, and which initializer it looks like or
that it was trained; and where its layers feed each other, what signal and
gradient do in it. With --activation and --data FILE that is judged exactly;
without, inputs are N(0, 1), and a finding must hold for relu, sigmoid and tanh.

Exit code: 0 healthy, 1 findings, 2 bad input.
"""
EXAMPLES = """\
examples:
  initscope check 784-30-10 --init rand --init he_normal --data mnist
  initscope check 64-100x20-10 --activation tanh --init xavier_normal
  initscope check model.safetensors --activation relu
  initscope check w.npz --activation tanh --data mnist --fail-on saturated
"""


def parser(parser_class: type[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """The parser of what follows `initscope check`."""
    made = parser_class(
        prog="initscope check",
        usage="initscope check LAYERS|FILE.toml [--init NAME ...] [options]\n"
        "       initscope check FILE [--activation NAME] [--data NAME] [--tui] [options]",
        description=f"{DESCRIPTION}\n{WORDS}",
        epilog=f"{LAYERS}\n{INITIALIZERS}\n{EXAMPLES}",
    )
    made.add_argument("target", metavar="LAYERS|FILE", nargs="?", default="", help="784-30-10, model.npz or mine.toml")
    add_run_options(made)
    output = made.add_argument_group("output")
    output.add_argument("--fail-on", default="", metavar="CODE[,CODE]", help="only these findings give exit code 1")
    output.add_argument("--tui", action="store_true", help="of a FILE: tensors, histograms and pictures on the screen")
    output.add_argument("--json", metavar="FILE|-", help="write everything as JSON; - is standard output")
    output.add_argument("--plain", action="store_true", help="no colour, ASCII only")
    return made


def check_command(arguments: argparse.Namespace) -> int:
    """Returns the exit code: 0, 1 for findings. Raises InputError."""
    codes = read_codes(arguments.fail_on)
    if not means_file(arguments.target):
        return _networks(arguments, codes)
    return _file(arguments, codes)


def read_codes(text: str) -> frozenset[str]:
    """The codes of `--fail-on`; all if none is named. Raises InputError for one that does not exist."""
    from initscope.core.diagnosis.findings import CODES

    codes = [code.strip() for code in text.split(",")] if text else []
    for code in codes:
        if code not in CODES:
            raise unknown("code of a finding in --fail-on", code, CODES)
    return frozenset(codes or CODES)


def is_comparison(text: str) -> bool:
    """Whether this names a comparison's file."""
    return text.lower().endswith(".toml")


def means_file(text: str) -> bool:
    """Whether the path of weights is meant, and not networks."""
    if text in ("", "-") or is_comparison(text):
        return False
    return os.sep in text or text.lower().endswith(SUFFIXES) or os.path.lexists(os.path.expanduser(text))


# A network


def _networks(arguments: argparse.Namespace, codes: frozenset[str]) -> int:
    if arguments.tui:
        raise InputError("--tui shows a file of weights: initscope check FILE --tui; networks have the lab")
    with JsonFile(arguments.json or None) as document:
        checks = check_networks(arguments)
        if arguments.json:
            from initscope.tui.checkviewjson import of_specs

            document.write(of_specs(checks))
        if arguments.json != "-":
            from initscope.tui.checkview import lines
            from initscope.tui.coloured import print_coloured

            print_coloured(lambda style: (line for one in checks for line in lines(one, style)), arguments.plain)
    found = {finding.code for one in checks if not one.verdict.healthy for finding in one.verdict.findings}
    return FOUND if found & codes else 0


def check_networks(arguments: argparse.Namespace) -> "list[SpecCheck]":
    """The check of each network that is asked for. Raises InputError."""
    from initscope.core.checks.spec import check_spec, in_steps, load_some
    from initscope.core.spec import OPTIONS

    comparison = _asked(arguments)
    lanes = [{**comparison.options, **lane} for lane in comparison.lanes]
    least = max(int(batch) if (batch := lane.get("batch-size", "")).isdigit() else 0 for lane in lanes)
    loaded = {name: load_some(name, least) for name in comparison.data_names()}
    specs = comparison.specs({name: dataset for name, (dataset, _) in loaded.items()})
    found = []
    for spec, lane in zip(specs, lanes, strict=True):
        dataset, examples = loaded[lane.get("data", OPTIONS["data"])]
        found.append(replace(check_spec(in_steps(spec, examples), dataset), spec=spec))
    return found

def _asked(arguments: argparse.Namespace) -> "Comparison":
    """The networks that are to be checked: those of a comparison's file, or of the command line."""
    from initscope.core.comparison import Comparison
    from initscope.tui.comparison import of_file

    options, target = run_options(arguments), arguments.target
    if is_comparison(target):
        return of_file(target, arguments)
    if target and "arch" in options:
        raise InputError(f"the layers are given twice: '{target}' and --arch {options['arch']}")
    if target:
        if not re.match(r"[0-9rgpad]", target.strip().lower()):
            raise InputError(f"'{target}' is neither layers, such as 784-30-10, nor a file that is there")
        options["arch"] = target
    return Comparison.in_order(options, arguments.lanes or [("init", "randn")])


# A file


def _file(arguments: argparse.Namespace, codes: frozenset[str]) -> int:
    from initscope.core.datasets.folders import user_path

    path = user_path(arguments.target)
    options = file_options(arguments)
    if arguments.tui:
        if arguments.json:
            raise InputError("--tui and --json exclude each other: the one is for people, the other for programs")
        from initscope.tui.checkscreen import open_check

        return open_check(path, options.get("activation", ""), options.get("data", ""))
    with JsonFile(arguments.json or None) as document:
        found = check_weights(path, options)
        if arguments.json:
            from initscope.tui.checkviewjson import of_file

            document.write(of_file(found))
        if arguments.json != "-":
            from initscope.tui.checkviewfile import lines
            from initscope.tui.coloured import print_coloured

            print_coloured(lambda style: lines(found, style), arguments.plain)
    return FOUND if {finding.code for finding in found.findings} & codes else 0


def file_options(arguments: argparse.Namespace) -> dict[str, str]:
    """Those of the options that files take. Raises InputError for others."""
    options = run_options(arguments)
    wrong = [option.flag for option in RUN_OPTIONS if option.flag in options and option.flag not in FOR_FILES]
    wrong = ["init" if kind == "init" else "lane" for kind, _ in arguments.lanes] + wrong
    if wrong:
        raise InputError(
            f"--{wrong[0]} says what to build, but {arguments.target} is a file: it takes --activation and --data alone"
        )
    if data_flags(arguments) and getattr(arguments, "data", None) is None:
        raise InputError(f"--{next(iter(data_flags(arguments)))} needs --data NAME|FILE")
    return options


def check_weights(path: Path, options: dict[str, str]) -> "FileCheck":
    """The check of a file. Raises InputError."""
    from initscope.core.activations import activation
    from initscope.core.checks.file import check_file
    from initscope.core.checks.spec import load_some

    kind = activation(options["activation"]) if "activation" in options else None
    return check_file(path, kind, load_some(options["data"])[0] if "data" in options else None)
