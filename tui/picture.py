"""A screen's lines as an SVG picture, and how a text that is made when it is wanted gets into a file."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.segment import Segment, Segments
from textual.strip import Strip

from initscope.core.exports.target import put_text

Write = Callable[[Path], Awaitable[Sequence[Path]]]

FROM_ELSEWHERE = re.compile(r',?\s*url\("https?:[^"]*"\)\s*format\("[a-z0-9]+"\)')
"""Fonts that a viewer would fetch from the net: a picture in a report should not."""


def svg(strips: Sequence[Strip], width: int, title: str) -> str:
    """The picture in a window's frame, in the colours of the theme, as Textual's own screenshots are."""
    console = Console(
        width=width,
        height=len(strips),
        file=StringIO(),
        force_terminal=True,
        color_system="truecolor",
        record=True,
        legacy_windows=False,
        safe_box=False,
    )
    for strip in strips:
        console.print(Segments([*strip, Segment.line()]), no_wrap=True, crop=False)
    found = FROM_ELSEWHERE.sub("", console.export_svg(title=title))
    return found.replace("<svg ", '<svg xml:space="preserve" ', 1)  # else librsvg drops blanks, even those of no break


def write_made(make: Callable[[], str]) -> Write:
    """Makes and writes the text in a thread."""

    def write(path: Path) -> list[Path]:
        return [put_text(path, make())]

    return lambda path: asyncio.to_thread(write, path)


def write_now(make: Callable[[], str]) -> Write:
    """Makes the text where it is called, since charts are drawn by one thread alone, and writes it in another."""

    async def write(path: Path) -> list[Path]:
        text = make()
        return [await asyncio.to_thread(put_text, path, text)]

    return write


def write_drawn(draw: Callable[[], Callable[[], str]]) -> Write:
    """Draws where it is called; what that gives makes the text, and that and the writing are done in a thread."""
    return lambda path: write_made(draw())(path)
