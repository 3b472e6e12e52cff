"""Text on standard output in the colours, the width and the characters that it takes."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.text import Text

from initscope.tui.sheet import Style, takes_unicode

MOST_WIDTH = 110
CHART_HEIGHT = 14


@contextmanager
def output(plain: bool) -> Iterator[tuple[Console, Style]]:
    """What to print on, and with which means; without colour and in ASCII where `plain`.

    Written in one go, in the end and by ourselves: rich would end the whole program when the reader has gone.
    """
    console = Console(color_system=None if plain else "auto", highlight=False, emoji=False)
    colour = console.color_system is not None and not console.no_color
    style = Style(min(console.width, MOST_WIDTH), CHART_HEIGHT, colour=colour, unicode=not plain and takes_unicode())
    with console.capture() as written:
        yield console, style
    sys.stdout.write("\n".join(line.rstrip() for line in written.get().split("\n")))


def print_coloured(lines_of: Callable[[Style], Iterable[str]], plain: bool) -> None:
    """The lines, whose only codes are those of charts."""
    with output(plain) as (console, style):
        for line in lines_of(style):
            # As rich's text, so that terminals with fewer colours get the nearest ones.
            console.print(Text.from_ansi(line.rstrip()), width=style.width, no_wrap=True, crop=False, overflow="ignore")
