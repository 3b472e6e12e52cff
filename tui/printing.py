"""Lines on standard output, spelled so that every terminal takes them."""

import sys
from collections.abc import Iterable

from initscope.tui.sheet import takes_unicode
from initscope.tui.views import plain_text


def print_lines(lines: Iterable[str], plain: bool = False) -> None:
    """In ASCII where `plain` or the terminal asks for it. What steers a terminal is shown as ?."""
    unicode = not plain and takes_unicode()
    encoding = sys.stdout.encoding or "ascii"
    for line in lines:
        clean = "".join(c if c.isprintable() else "?" for c in plain_text(line, unicode))
        sys.stdout.write(clean.encode(encoding, "replace").decode(encoding) + "\n")
