"""`initscope explain`: whether a network learns and, if not, the proof of what is to blame."""

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from initscope.core import __version__
from initscope.core.errors import InputError
from initscope.tui.options import INITIALIZERS, LAYERS, add_run_options

if TYPE_CHECKING:
    from initscope.core.counterfactual.explain import Inquiry, Progress
    from initscope.core.counterfactual.results import Explanation

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
Every run has --steps updates; by default 300, or more if that is too few to
tell: the network as it is goes on to its own number of steps, 10,000 at most,
while its loss falls or has not left its plateau, as far as that takes seconds.
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
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
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

    seeds = _seeds(arguments.seeds)
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


def _seeds(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= MOST_SEEDS):
        raise InputError(f"--seeds must be a whole number from 1 to {MOST_SEEDS}, not '{text}'")
    return int(text)


def _print(found: list["Explanation"], plain: bool) -> None:
    """On standard output, in one go: rich would end the whole program when the reader has gone."""
    from rich.console import Console
    from rich.text import Text

    from initscope.tui.explainview import heading, lines, wrapped
    from initscope.tui.sheet import Style, takes_unicode

    console = Console(color_system=None if plain else "auto", highlight=False, emoji=False)
    colour = console.color_system is not None and not console.no_color
    style = Style(console.width, 0, colour=colour, unicode=not plain and takes_unicode())
    with console.capture() as written:
        for explanation in found:
            for line in (*wrapped(heading(explanation), style), "", *lines(explanation, style)):
                console.print(Text.from_ansi(line), width=console.width, no_wrap=True, crop=False, overflow="ignore")
            console.print()
    sys.stdout.write("\n".join(line.rstrip() for line in written.get().split("\n")))


@contextmanager
def _bar(plain: bool) -> Iterator[Callable[["Inquiry", "Progress"], None]]:
    """A progress bar on standard error, where somebody can see it."""
    if not sys.stderr.isatty():
        yield lambda inquiry, progress: None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    bar = Bar(
        *([] if plain else [BarColumn()]),
        TextColumn("{task.percentage:>3.0f}%  {task.description}"),
        console=Console(stderr=True, color_system=None if plain else "auto"),
        auto_refresh=False,
        transient=True,
    )
    with bar:
        bar.console.show_cursor(True)  # a second Ctrl+C kills, and nobody would bring the cursor back
        task = bar.add_task("", total=1.0)

        def show(inquiry: "Inquiry", progress: "Progress") -> None:
            words = f"{inquiry.spec.name}: {progress.words}"
            bar.update(task, completed=progress.done, description=escape(words))
            bar.refresh()

        yield show
