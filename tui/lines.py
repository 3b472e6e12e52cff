"""Widgets that show lines of text made elsewhere, and redraw only the lines that changed."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import zip_longest
from time import thread_time

from rich.segment import Segment
from rich.style import Style as RichStyle
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from initscope.tui.sheet import Style

Draw = Callable[[Style], Sequence[str]]

CODE = re.compile(r"\x1b\[([0-9;]*)m")


def strip_of(line: str, base: RichStyle, styles: dict[str, RichStyle]) -> Strip:
    """A line with the codes of charts (truecolor foreground, bold, reverse, reset) as a strip.

    `styles` remembers what each code looks like over `base`.
    """
    segments = []
    style = base
    place = 0
    for match in CODE.finditer(line):
        if match.start() > place:
            segments.append(Segment(line[place : match.start()], style))
        place = match.end()
        style = _styled(match[1], style, base, styles)
    if place < len(line):
        segments.append(Segment(line[place:], style))
    return Strip(segments)


def _styled(code: str, style: RichStyle, base: RichStyle, styles: dict[str, RichStyle]) -> RichStyle:
    if code in ("", "0"):
        return base
    if code not in styles:
        if code == "1":
            styles[code] = RichStyle(bold=True)
        elif code == "7":
            styles[code] = RichStyle(reverse=True)
        else:
            red, green, blue = (int(part) for part in code.split(";")[2:5])
            styles[code] = RichStyle.from_color(_rgb(red, green, blue))
    return style + styles[code]


def _rgb(red: int, green: int, blue: int):  # type: ignore[no-untyped-def]
    from rich.color import Color

    return Color.from_rgb(red, green, blue)


def beside(left: Iterable[str], right: Iterable[str], column: int) -> Iterator[str]:
    """The lines of `right` beside those of `left`, from this column on."""
    for one, other in zip_longest(left, right, fillvalue=""):
        yield one + " " * (column - len(CODE.sub("", one))) + other


class Lines(Widget):
    """Shows what `draw` makes for the present size. `show` gives it something new to draw, `offer` to draw later."""

    DEFAULT_CSS = "Lines { height: 1fr; width: 1fr; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._draw: Draw | None = None
        self._text: list[str] = []
        self._strips: list[Strip] = []
        self._styles: dict[str, RichStyle] = {}
        self._base: RichStyle | None = None
        self._stale = False
        self.cost = 0.0
        """Seconds of processor time that the last drawing took."""

    @property
    def strips(self) -> Sequence[Strip]:
        """The lines as they were drawn last."""
        return self._strips

    @property
    def shown(self) -> bool:
        """Whether it has a place on the screen."""
        return bool(self.region)

    @property
    def stale(self) -> bool:
        """Whether something was offered that is not drawn yet, though there is room for it."""
        return self._stale and self.shown

    def offer(self, draw: Draw) -> None:
        """Draw this from the next `redraw` on."""
        self._draw, self._stale = draw, True

    def show(self, draw: Draw) -> None:
        """Draw this from now on; at once if there is room on the screen, else when there is."""
        self.offer(draw)
        self.redraw()

    def redraw(self) -> bool:
        """Draw again, and refresh the lines that are different; returns whether there are any."""
        width, height = self.size
        if self._draw is None or not (width and height and self.is_attached):
            return False
        self._stale, begin = False, thread_time()
        text = list(self._draw(Style(width, height, unicode=getattr(self.app, "unicode", True))))[:height]
        self.cost = thread_time() - begin
        fits = bool(self._strips) and self._strips[0].cell_length == width
        if fits and self._base is not None and text == self._text:
            return False
        base = self.rich_style
        same = fits and base == self._base
        if not same:
            self._styles, self._text, self._strips, self._base = {}, [], [], base
        changed = [row for row, line in enumerate(text) if row >= len(self._text) or self._text[row] != line]
        gone = range(len(text), len(self._text))
        strips = self._strips[: len(text)] + [Strip([])] * (len(text) - len(self._strips))
        for row in changed:
            strips[row] = strip_of(text[row], base, self._styles).adjust_cell_length(width, base)
        self._text, self._strips = text, strips
        if same:
            self.refresh(*(Region(0, row, width, 1) for row in [*changed, *gone]))
        else:
            self.refresh()
        return True

    def render_line(self, y: int) -> Strip:
        if y < len(self._strips):
            return self._strips[y]
        return Strip.blank(self.size.width, self.rich_style)

    def on_resize(self) -> None:
        self.redraw()

    def notify_style_update(self) -> None:
        """A new theme, say."""
        super().notify_style_update()
        self._base = None
        self.call_later(self.redraw)
