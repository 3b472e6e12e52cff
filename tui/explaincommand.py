"""`initscope explain`: whether a network learns and, if not, the proof of what is to blame."""

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from initscope.core import __version__
from initscope.tui.options import INITIALIZERS, LAYERS, add_run_options, whole_number

if TYPE_CHECKING:
    from initscope.core.counterfactual.explain import Inquiry, Progress
    from initscope.core.counterfactual.results import Explanation
    from initscope.tui.sheet import Style

NOT_EXPLAINED = 1
"""Exit code where a network does not learn, and nothing that was changed alone cured it."""
MOST_SEEDS = 100

DESCRIPTION = """\
Does this network learn, and if not, what is to blame? Runs it again on the
same batches with one thing changed at a time: initialization, learning rate
(10 values) and its schedule, activation, fewer layers, batch size, and the
scaling of inputs that are not scaled. What cures it alone, in most of several
seeds, is to blame.
"""
EPILOG = """\
It learns if its training loss is a fifth below that of the best constant
answer, and its accuracy above the largest class by a quarter of the rest.
Every run has --steps updates; by default the network as it is goes on to its
own number of steps, 10,000 at most, while its loss falls or has not left its
plateau, and every change gets 300. Until one cures, changes that may yet learn
go on to 1,000, 3,000 and that number, as far as that takes seconds; numbers of
steps are what counts, so that the same network gets the same answer anywhere.
What may still learn at the end is "open", or "not in N steps": that is no "no".
Several lanes are explained one after the other.
Exit code: 0 if all lanes learn or have a proven cause, 1 if one has not,
2 for bad input, 130 after Ctrl+C, which prints what stands by then.

examples:
  initscope explain --init rand
  initscope explain --init xavier_normal --lr 1e-6 --seeds 5
  initscope explain --arch 64-64x5-10 --init xavier_normal --loss cross_entropy
"""


def parser(parser_class: type[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """The parser of what follows `initscope explain`."""
    made = parser_class(
        prog="initscope explain",
        usage="initscope explain [FILE.toml] [run options] [--seeds N] [--json FILE]",
        description=DESCRIPTION,
        epilog=f"{EPILOG}\n{LAYERS}\n{INITIALIZERS}",
    )
    add_run_options(made, file=True)
    group = made.add_argument_group("how to explain")
    group.add_argument("--seeds", metavar="N", default="3", help="seeds of every run, from --seed on (default 3)")
    group.add_argument("--json", metavar="FILE|-", help="write all results as JSON; - is standard output")
    group.add_argument("--plain", action="store_true", help="no colour, ASCII only")
    return made


def explain_command(arguments: argparse.Namespace) -> int:
    """Returns the exit code: 0, NOT_EXPLAINED, or 128 and the signal that ended it early. Raises InputError."""
    from initscope.core.counterfactual.explain import Inquiry
    from initscope.core.counterfactual.words import report
    from initscope.tui.comparison import read_comparison
    from initscope.tui.headless import interruptible
    from initscope.tui.jsonfile import JsonFile

    seeds = whole_number("--seeds", arguments.seeds, 1, MOST_SEEDS)
    comparison, datasets = read_comparison(arguments)
    by_name = {dataset.name: dataset for dataset in datasets.values()}
    inquiries = [
        Inquiry(spec, by_name[spec.data], seeds=seeds, steps=spec.steps) for spec in comparison.specs(datasets)
    ]
    with JsonFile(arguments.json) as document:
        with interruptible() as interruption, _bar(arguments.plain) as show:
            for inquiry in inquiries:
                for progress in inquiry.run():
                    show(inquiry, progress)
                    if interruption.code:
                        break
                if interruption.code:
                    break
        found = [explanation for inquiry in inquiries if (explanation := inquiry.explanation())]
        try:
            document.write({"initscope": __version__, "lanes": [report(explanation) for explanation in found]})
        finally:  # a full disk must not cost the result
            if arguments.json != "-":
                _print(found, arguments.plain)
                if interruption.code:
                    sys.stdout.write("stopped before its end: what stands may rest on fewer seeds\n")
    return interruption.code or (0 if all(explanation.settled for explanation in found) else NOT_EXPLAINED)


def _print(found: list["Explanation"], plain: bool) -> None:
    from initscope.tui.coloured import print_coloured
    from initscope.tui.explainview import heading, lines, wrapped

    def page(style: "Style") -> Iterator[str]:
        for one in found:
            yield from (*wrapped(heading(one), style), "", *lines(one, style), "")

    print_coloured(page, plain)


@contextmanager
def _bar(plain: bool) -> Iterator[Callable[["Inquiry", "Progress"], None]]:
    """A progress bar on standard error, where somebody can see it."""
    if not sys.stderr.isatty():
        yield lambda inquiry, progress: None
        return
    from rich.markup import escape
    from rich.progress import BarColumn, TextColumn

    from initscope.tui.progress import bar

    with bar(BarColumn(), TextColumn("{task.percentage:>3.0f}%  {task.description}"), plain=plain) as made:
        task = made.add_task("", total=1.0)

        def show(inquiry: "Inquiry", progress: "Progress") -> None:
            words = f"{inquiry.spec.name}: {progress.words}"
            made.update(task, completed=progress.done, description=escape(words))
            made.refresh()

        yield show
