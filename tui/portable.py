"""Screens that can be taken elsewhere: as a picture or a text in a file, and as the command that shows the same."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from textual.screen import Screen
from textual.strip import Strip

if TYPE_CHECKING:
    from initscope.tui.drawing import Drawing

Result = TypeVar("Result")


@dataclass(frozen=True)
class Kind:
    """One way of saving."""

    name: str
    ending: str
    """Of the file's name; empty for a folder."""
    words: str
    write: Callable[[Path], Awaitable[Sequence[Path]]]
    """Gives what was written. Raises InputError."""
    places: Callable[[Path], Sequence[Path]] = lambda path: [path]
    """What `write` would write."""
    tail: str = ""
    """What the name that is offered says besides, before its ending."""


class Portable(Screen[Result]):
    """What a kind of it shows is said by `command`; what else than its picture can be saved, by `kinds`."""

    def command(self) -> str:
        """The line that shows the same; empty if there is none."""
        return ""

    def beside_command(self) -> str:
        """What of the screen the line does not show; empty if it shows everything."""
        return ""

    def stem(self) -> str:
        """How the names of files begin that nobody has named."""
        return "initscope"

    def text(self) -> Callable[[], list[str]]:
        """What makes the lines of what is shown now; it is called on the screen's thread."""
        strips = self._compositor.render_strips()
        return lambda: plain_lines(strips)

    def drawings(self) -> "Sequence[Drawing]":
        """The charts that are shown now, which can be saved each alone."""
        return ()

    def kinds(self) -> list[Kind]:
        """Ways of saving what is shown now, the most wanted first."""
        return [*self.pictures(), *self.charts()]

    def charts(self) -> list[Kind]:
        """Every chart alone, as a picture and as text."""
        from initscope.tui.drawing import kinds

        return kinds(self.drawings(), getattr(self.app, "unicode", True), self.rich_style)

    def pictures(self) -> list[Kind]:
        """The screen as it is at this moment."""
        from initscope.tui.picture import svg, write_made, write_now

        strips, width, title, text = self._compositor.render_strips(), self.app.size.width, self.app.title, self.text()
        return [
            Kind("svg", ".svg", "a picture of the screen", write_made(lambda: svg(strips, width, title))),
            Kind("text", ".txt", "what the screen says, as text", write_now(lambda: "\n".join([*text(), ""]))),
        ]

    def action_copy_command(self) -> None:
        from initscope.tui.copying import CopyScreen

        line = self.command()
        if line:
            self.app.push_screen(CopyScreen(line, self.beside_command()))
        else:
            self.notify("There is no command that shows this outside of the lab.", severity="warning")

    def action_save_as(self) -> None:
        from initscope.tui.savescreen import SaveScreen

        self.app.push_screen(SaveScreen(self.kinds(), self.stem()))


def plain_lines(strips: Sequence[Strip]) -> list[str]:
    """Without trailing blanks."""
    return [strip.text.rstrip() for strip in strips]
