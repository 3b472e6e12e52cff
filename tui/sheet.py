"""A sheet of coloured character cells that turns into lines of text with truecolor codes, or without any."""

import locale
import os
import sys
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

RGB = tuple[int, int, int]
RESET = "\x1b[0m"
# About equally far from black and white, so that it recedes on both.
GREY: RGB = (127, 127, 127)

FEW_GLYPHS = ("linux", "cons25", "vt52", "vt100", "vt102", "vt220", "ansi", "sun")
"""Terminals that cannot show what charts are drawn with, whatever the locale says."""
SPELLED = ("±", "+-"), ("·", "."), ("…", "..."), ("−", "-"), ("–", "-"), ("×", "x"), ("η", "lr"), ("²", "^2")
"""Signs, and how they are written in ASCII."""


@dataclass(frozen=True)
class Style:
    """How large, in columns and rows, and with which means a chart is drawn."""

    width: int
    height: int
    colour: bool = True
    unicode: bool = True


class Sheet:
    """`width` by `height` cells, blank at first; what is put outside of them is cut off."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = max(width, 0), max(height, 0)
        self.cells = [[" "] * self.width for _ in range(self.height)]
        self.colours: list[list[RGB | None]] = [[None] * self.width for _ in range(self.height)]

    def put(self, row: int, column: int, text: str, colour: RGB | None = None) -> None:
        """Write `text` from (row, column) to the right, one cell a character."""
        if not 0 <= row < self.height:
            return
        for place, character in enumerate(text, column):
            if 0 <= place < self.width:
                self.cells[row][place] = character
                self.colours[row][place] = colour

    def blank(self, row: int, column: int) -> bool:
        """Whether the cell exists and holds nothing."""
        inside = 0 <= row < self.height and 0 <= column < self.width
        return inside and self.cells[row][column] == " "

    def paste(self, row: int, column: int, lines: Sequence[str]) -> None:
        """Copy a picture whose only codes are a truecolor foreground or a reset, blanks included."""
        for offset, line in enumerate(lines):
            place, colour = column, None
            for number, part in enumerate(line.split("\x1b[")):
                text = part
                if number:
                    code, _, text = part.partition("m")
                    colour = _colour(code)
                self.put(row + offset, place, text, colour)
                place += len(text)

    def lines(self, colour: bool) -> list[str]:
        """`height` lines of `width` columns; each coloured run ends with a reset, blanks never start one."""
        if not colour:
            return ["".join(row) for row in self.cells]
        return [_coloured(cells, colours) for cells, colours in zip(self.cells, self.colours, strict=True)]


def _colour(code: str) -> RGB | None:
    fields = code.split(";")
    if len(fields) != 5 or fields[:2] != ["38", "2"]:
        return None
    return int(fields[2]), int(fields[3]), int(fields[4])


def painted(text: str, colour: RGB, style: Style) -> str:
    """In this colour, where there are colours."""
    return "\x1b[38;2;{};{};{}m".format(*colour) + text + RESET if style.colour else text


def _coloured(cells: list[str], colours: list[RGB | None]) -> str:
    parts: list[str] = []
    current: RGB | None = None
    for character, colour in zip(cells, colours, strict=True):
        wanted = current if character == " " else colour  # a blank shows no colour: no code is spent on it
        if wanted != current:
            if current is not None:
                parts.append(RESET)
            if wanted is not None:
                parts.append("\x1b[38;2;{};{};{}m".format(*wanted))
            current = wanted
        parts.append(character)
    return "".join(parts) + (RESET if current is not None else "")


def takes_unicode() -> bool:
    """Whether the locale, the terminal and standard output take more than ASCII.

    Python writes UTF-8 under LC_ALL=C as well, but who sets that means that their terminal does not show it. The
    console of Linux reads UTF-8, but its fonts of 256 or 512 characters have no braille.
    """
    if sys.stdout is not None and sys.stdout.isatty() and os.environ.get("TERM", "").split("-")[0] in FEW_GLYPHS:
        return False
    encodings = (locale.getencoding(), getattr(sys.stdout, "encoding", None) or "ascii")
    return all(encoding.lower().startswith("utf") for encoding in encodings)


def plain_text(text: str, unicode: bool) -> str:
    """`text` for terminals that have ASCII only."""
    if unicode:
        return text
    for sign, letters in SPELLED:
        text = text.replace(sign, letters)
    return text.encode("ascii", "replace").decode()


@lru_cache(maxsize=1024)
def plain(text: str, unicode: bool) -> str:
    """`text` with one column to a character: "?" for what is not, and for all but ASCII unless `unicode`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if (c.isascii() and c.isprintable()) or (unicode and _narrow(c)) else "?" for c in text)


def _narrow(character: str) -> bool:
    wide = unicodedata.east_asian_width(character) in "WF"
    return character.isprintable() and not wide and unicodedata.combining(character) == 0
