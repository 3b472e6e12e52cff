"""Tables as plain lines that fit any width, and the words around them: what the views of checks share."""

import textwrap
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite

from initscope.core.diagnosis.findings import Finding, layers_words
from initscope.core.diagnosis.remedies import Candidate
from initscope.tui.charts import PALETTE, Style
from initscope.tui.sheet import RGB, painted, plain, plain_text

MOST_CANDIDATES = 5
GOOD, BAD = PALETTE[2], PALETTE[1]
GAP = 2


@dataclass(frozen=True)
class Column:
    """Cells under two lines of words."""

    over: str
    head: str
    cells: tuple[str, ...]
    left: bool = False
    """Whether cells begin at the left, as words do."""

    @property
    def width(self) -> int:
        return max(len(self.head), *map(len, self.cells))


Group = Sequence[Column]
"""Columns that belong together: they have `over` in common."""


def tables(first: Column, groups: Sequence[Group], style: Style) -> Iterator[str]:
    """As few tables as have room for all groups, each with the first column; every line is as wide as fits."""
    room, waiting, below = style.width, list(groups), False
    while waiting:
        if below:
            yield ""
        below = True
        taken: list[Column] = []
        left = room - first.width
        while waiting:
            need = sum(column.width + GAP for column in waiting[0])
            if need > left and not taken:  # too wide even alone: as many of its columns as there is room for
                head, rest = _split(waiting[0], left)
                taken, waiting[:1] = list(head), [rest] if rest else []
                break
            if need > left:
                break
            taken += waiting.pop(0)
            left -= need
        yield from _table([first, *taken], style)


def _split(group: Group, room: int) -> tuple[Group, Group]:
    """The first columns that fit, one at least, and those that do not."""
    count = 1
    while count < len(group) and sum(column.width + GAP for column in group[: count + 1]) <= room:
        count += 1
    return group[:count], group[count:]


def _table(columns: Sequence[Column], style: Style) -> Iterator[str]:
    if any(column.over for column in columns):
        over, at = "", 0
        for place, column in enumerate(columns):
            start = at + (GAP if place else 0)
            at = start + column.width
            if column.over and (not place or columns[place - 1].over != column.over):
                over = over.ljust(max(start, len(over) + 1 if over else 0)) + column.over
        yield cut(over, style)
    yield cut(_row([column.head for column in columns], columns), style)
    for cells in zip(*(column.cells for column in columns), strict=True):
        yield cut(_row(cells, columns), style)


def _row(cells: Sequence[str], columns: Sequence[Column]) -> str:
    placed = (f"{c:{o.width}}" if o.left else f"{c:>{o.width}}" for c, o in zip(cells, columns, strict=True))
    return (" " * GAP).join(placed).rstrip()


def shown(text: str, style: Style) -> str:
    """The text with what this terminal can show: formulas stay readable in ASCII."""
    if not style.unicode:
        for sign, word in (("²", "^2"), ("σ", "sigma"), ("φ", "phi"), ("Σ", "sum "), ("√", "sqrt "), ("δ", "delta")):
            text = text.replace(sign, word)
        text = unicodedata.normalize("NFKD", text)
        text = "".join(c for c in text if not unicodedata.combining(c))
    return plain(plain_text(text, style.unicode), style.unicode)


def cut(line: str, style: Style) -> str:
    """The line as this terminal shows it, not wider than it is."""
    line = shown(line, style)
    return line if len(line) <= style.width else line[: max(style.width - 1, 0)] + ("…" if style.unicode else "~")


def fitted(text: str, width: int, style: Style) -> str:
    """The text in `width` columns at most; what is left out is after its beginning: names differ in their ends."""
    if len(text) <= width:
        return text
    mark = "…" if style.unicode else "~"
    head = max((width - 1) // 3, 0)
    return text[:head] + mark + text[len(text) - max(width - 1 - head, 0) :]


def say(text: str, style: Style, indent: str = "") -> list[str]:
    """Prose in lines that fit."""
    text = shown(" ".join(text.split()), style)
    room = max(style.width, 20)
    return textwrap.wrap(text, room, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)


def headline(what: str, word: str, rgb: RGB, style: Style) -> list[str]:
    """`what: word` in lines that fit, the word in its colour wherever it breaks."""
    lines = say(f"{what}: {word}", style)
    left = len(shown(word, style).replace(" ", ""))
    for place in range(len(lines) - 1, -1, -1):
        at = len(lines[place])
        while at and left:
            at -= 1
            left -= lines[place][at] != " "
        if at < len(lines[place]):
            lines[place] = lines[place][:at] + painted(lines[place][at:], rgb, style)
    return lines


def number(value: float | None) -> str:
    """Three digits, shortly; '-' for what does not apply."""
    if value is None or value != value:
        return "-"
    if not isfinite(value):
        return "inf" if value > 0 else "-inf"
    if value and not 1e-99 < abs(value) < 1e99:
        return "1e99+" if abs(value) > 1 else "0"
    text = f"{value:.3g}".replace("e+0", "e").replace("e-0", "e-").replace("e+", "e")
    return "0" if text == "-0" else text


def share(value: float | None) -> str:
    """Per cent without a sign."""
    if value is None or value != value:
        return "-"
    return f"{100 * value:.0f}" if value >= 0.0995 or value < 1e-4 else f"{100 * value:.2g}"


def correlation(value: float) -> str:
    """With enough digits to tell how far from 1 it is."""
    if 0.999 < value < 1 - 1e-12:
        return "1-" + f"{1 - value:.0e}".replace("e-0", "e-")
    return number(round(value, 3))


def findings(found: Sequence[Finding], style: Style) -> Iterator[str]:
    """Each finding in prose, with where, what would help and who says so."""
    for one in found:
        yield ""
        sure = f"{one.blame.value}, {one.sure:.0%} sure" if one.blame.value != "none" else f"{one.sure:.0%} sure"
        where = f", {layers_words(one.layers)}" if one.layers else ""
        yield from say(f"{one.code} ({sure}){where}:", style)
        yield from say(one.cause[:1].upper() + one.cause[1:] + ".", style, "  ")
        if one.remedy:
            yield from say(f"What would help: {one.remedy.words}.", style, "  ")
        yield from say(f"See {one.reference}.", style, "  ")


def candidates(found: Sequence[Candidate], title: str, style: Style, present: str = "") -> Iterator[str]:
    """The best of the initializers that would work, with what is expected of them; `present` is the one there is."""
    if not found:
        return
    yield ""
    yield from say(title, style)
    wide = max(len(one.init) for one in found[:MOST_CANDIDATES])
    for one in found[:MOST_CANDIDATES]:
        biases = "" if one.bias_init == "zeros" else f"biases {one.bias_init}; "
        now = "as it is; " if one.init == present else ""
        yield cut(f"  {one.init:{wide}}  {one.score:.2f}", style)
        yield from say(now + biases + one.words, style, "      ")
