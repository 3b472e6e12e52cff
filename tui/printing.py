"""Lines on standard output, spelled so that every terminal takes them."""

import sys
from collections.abc import Iterable
from shutil import get_terminal_size

from initscope.tui.sheet import plain_text, takes_unicode

LEAST_WIDTH = 20


def width(most: int) -> int:
    """Columns that lines may take: those of the terminal, or of COLUMNS, and at most so many, as where neither is."""
    return max(LEAST_WIDTH, min(most, get_terminal_size((most, 1)).columns))


def print_lines(lines: Iterable[str], plain: bool = False) -> None:
    """In ASCII where `plain` or the terminal asks for it. What steers a terminal is shown as ?."""
    unicode = not plain and takes_unicode()
    encoding = sys.stdout.encoding or "ascii"
    for line in lines:
        clean = "".join(c if c.isprintable() else "?" for c in plain_text(line, unicode))
        sys.stdout.write(clean.encode(encoding, "replace").decode(encoding) + "\n")
