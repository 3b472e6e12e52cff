"""A single chart of a screen, drawn anew for a file: alone, whole, and in a size of its own."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rich.style import Style as RichStyle
from textual.strip import Strip

from initscope.tui.lines import strip_of
from initscope.tui.picture import svg, write_drawn, write_now
from initscope.tui.portable import Kind
from initscope.tui.sheet import Style

WIDTH, HEIGHT = 100, 30
"""Columns and rows of a chart in a file; what is a stack of charts or a table takes more rows."""
MOST_WEIGHTS = 100
"""Rows and columns of weights in the picture of a matrix, each two columns wide."""


def matrix_width(columns: int) -> int:
    """Of the picture of so many columns of weights, with words above it."""
    return max(WIDTH, 2 * min(columns, MOST_WEIGHTS))


@dataclass(frozen=True)
class Drawing:
    """What can be drawn; nothing is drawn before a file is wanted."""

    name: str
    words: str
    """`the chart of training loss`."""
    draw: Callable[[Style], Iterable[str]]
    height: int = HEIGHT
    """Of one chart."""
    width: int = WIDTH

    def lines(self, unicode: bool, colour: bool = False) -> list[str]:
        return [line.rstrip() for line in self.draw(Style(self.width, self.height, colour, unicode))]

    def strips(self, unicode: bool, base: RichStyle) -> list[Strip]:
        """In colours over `base`."""
        styles: dict[str, RichStyle] = {}
        lines = [strip_of(line, base, styles) for line in self.lines(unicode, colour=True)]
        width = max([self.width, *(line.cell_length for line in lines)])
        return [line.adjust_cell_length(width, base) for line in lines]


def text_kind(one: Drawing, unicode: bool) -> Kind:
    """Plain text; where curves would be told apart by colour alone they carry their numbers."""
    name, words = f"{one.name} text", f"{one.words}, as text"
    return Kind(name, ".txt", words, write_now(lambda: "\n".join([*one.lines(unicode), ""])), tail=one.name)


def svg_kind(one: Drawing, unicode: bool, base: RichStyle) -> Kind:
    """A picture in the colours of the screen."""

    def made() -> Callable[[], str]:
        strips = one.strips(unicode, base)
        return lambda: svg(strips, max(strip.cell_length for strip in strips), one.words)

    return Kind(one.name, ".svg", f"{one.words}, as SVG", write_drawn(made), tail=one.name)


def kinds(drawings: Sequence[Drawing], unicode: bool, base: RichStyle) -> list[Kind]:
    """Each as a picture and as text."""
    return [kind for one in drawings for kind in (svg_kind(one, unicode, base), text_kind(one, unicode))]
