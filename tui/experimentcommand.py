"""`initscope experiment`: lists the experiments, and runs one of them or a file of one's own."""

import argparse
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from initscope.core.errors import InputError
from initscope.tui.options import whole_number

if TYPE_CHECKING:
    from initscope.core.experiments.plan import Plan

FAILED = 1
"""Exit code of an experiment that does not hold."""
MOST_SEEDS, MOST_EPOCHS = 1000, 10**6
MOST_WIDTH = 80

DESCRIPTION = """\
A published experiment in one command: trains (or draws) what its source did,
prints what was measured beside the source's numbers, and says what holds.
Without a name: the list of all. Exit code 0 if it holds, 1 if not.
"""
EPILOG = """\
examples:
  initscope experiment                        what there is
  initscope experiment near-zero              a matter of seconds
  initscope experiment nielsen --data digits  on other data than its own
  initscope experiment ./mine.toml --seeds 5  one that you wrote
"""


def parser(parser_class: type[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """The parser of what follows `initscope experiment`."""
    made = parser_class(
        prog="initscope experiment",
        usage="initscope experiment [NAME|FILE.toml] [options]",
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    made.add_argument("name", metavar="NAME|FILE.toml", nargs="?", default="", help="the experiment")
    made.add_argument("--seeds", metavar="N", help="the first N seeds (default: the experiment's own)")
    made.add_argument("--epochs", metavar="N", help="train for N epochs (default: the experiment's own)")
    made.add_argument("--data", metavar="NAME|FILE", default="", help="run it on other data, such as digits")
    made.add_argument("--json", metavar="FILE|-", help="write all numbers as JSON; - is standard output")
    made.add_argument("--plain", action="store_true", help="no colour, ASCII only")
    made.add_argument("--tui", action="store_true", help="open its lanes (first seed), or its draws, in the lab")
    return made


def experiment_command(arguments: argparse.Namespace) -> int:
    """Returns the exit code: 0, 1 if the experiment does not hold, or 128 and the signal that ended it early."""
    from initscope.core.experiments import catalogue as experimentcatalogue

    if not arguments.name:
        for option in ("seeds", "epochs", "data", "json", "tui"):
            if getattr(arguments, option):
                raise InputError(f"--{option} needs an experiment's name; see the list with: initscope experiment")
        from initscope.tui.experimentview import listing

        shipped = [experimentcatalogue.find(name) for name in experimentcatalogue.names()]
        return _print(listing(shipped, _width()), arguments.plain)
    from initscope.core.experiments.plan import Changes, plan

    changes = Changes(
        _count("seeds", arguments.seeds, MOST_SEEDS, 1), _count("epochs", arguments.epochs, MOST_EPOCHS, 0),
        arguments.data,
    )  # fmt: skip
    experiment = experimentcatalogue.find(arguments.name)
    if arguments.tui:
        if experiment.kind == "sample":
            inits = dict.fromkeys(lane["init"] for lane in experiment.lanes)
            words = [word for init in inits for word in ("--init", init)]
            return _open_lab(shlex.join(["initscope", *words]), first="sample")
        made = plan(experiment, changes).experiment
        return _open_lab(made.comparison(made.seeds[0]).command())
    return _run(arguments, plan(experiment, changes))


def _count(option: str, text: str | None, most: int, least: int) -> int | None:
    return None if text is None else whole_number(f"--{option}", text, least, most)


def _open_lab(command: str, first: str = "") -> int:
    from initscope.tui.lab import open_lab
    from initscope.tui.parsers import lab_parser

    return open_lab(lab_parser().parse_args(shlex.split(command)[1:]), first)


def _run(arguments: argparse.Namespace, planned: "Plan") -> int:
    from initscope.core.experiments.judging import Answer, judge, verdict
    from initscope.core.experiments.report import experiment_report
    from initscope.core.experiments.run import Run
    from initscope.tui.experimentview import lines
    from initscope.tui.headless import interruptible
    from initscope.tui.jsonfile import JsonFile

    with JsonFile(arguments.json) as document:
        run = Run(planned)
        with interruptible() as interruption, _bar(run.total, arguments.plain) as show:
            for done in run.go():
                show(done)
                if interruption.code:
                    break
        judgements = judge(run)
        try:
            document.write(experiment_report(run, judgements))
        finally:  # a full disk must not cost the result of a long run
            if arguments.json != "-":
                _print(lines(run, judgements, _width()), arguments.plain)
                if interruption.code:
                    _print([f"stopped at {done:,} of {run.total:,}"], arguments.plain)
    return interruption.code or (FAILED if verdict(judgements) is Answer.FAILS else 0)


def _width() -> int:
    from initscope.tui.printing import width

    return width(MOST_WIDTH)


def _print(lines: Iterable[str], plain: bool) -> int:
    from initscope.tui.printing import print_lines

    print_lines(lines, plain)
    return 0


@contextmanager
def _bar(total: int, plain: bool) -> Iterator[Callable[[int], None]]:
    """A progress bar on standard error, where somebody can see it."""
    if not sys.stderr.isatty():
        yield lambda done: None
        return
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn

    from initscope.tui.progress import bar

    done_of = TextColumn("{task.percentage:>3.0f}%  {task.completed:,.0f} of {task.total:,.0f}")
    with bar(BarColumn(bar_width=None), done_of, TimeRemainingColumn(compact=True), plain=plain) as made:
        task = made.add_task("", total=total)

        def show(done: int) -> None:
            made.update(task, completed=done)
            made.refresh()

        show(0)
        yield show
