"""The one line that reproduces what a screen shows: made, copied to the clipboard, and shown to be selected."""

import shlex
import textwrap
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from initscope.core.activations import Activation
from initscope.core.comparison import Comparison, Options
from initscope.core.datasets.data import Dataset
from initscope.core.exports.comparisontoml import moved, of_specs
from initscope.core.spec import Spec, option_words
from initscope.tui.remembered import absolute

COPIED = "Copied, where the terminal lets programs copy (OSC 52). Else select it with the mouse. Any key closes."
LEAST_WIDTH = 20
HELD = ("shift", "control", "alt", "super", "hyper", "meta", "lock")
"""How the keys end that some terminals report by themselves, as `left_shift`: one holds them to select, or to copy."""
SCROLLING = {"up": "up", "down": "down", "pageup": "page_up", "pagedown": "page_down"}


def comparison_command(comparison: Comparison, program: str = "initscope", folder: str = "") -> str:
    """The command that opens the same lanes, from whatever folder. `folder` is where it was asked for, if elsewhere."""

    def anywhere(options: Options) -> Options:
        found = {key: moved(value, folder) if key == "data" else value for key, value in options.items()}
        return absolute(found)

    lanes = tuple(anywhere(lane) for lane in comparison.lanes)
    return Comparison(anywhere(comparison.options), lanes).command(program)


def spec_command(spec: Spec, program: str, without: tuple[str, ...] = ()) -> str:
    """The command that asks `program` about this network alone; options `without` are left to their defaults."""
    found = of_specs([replace(spec, name=str(spec.initializer))])
    kept = {key: value for key, value in found.options.items() if key not in without}
    return comparison_command(replace(found, options=kept), program)


def file_command(path: Path, kind: Activation | None, dataset: Dataset | None) -> str:
    """The command that opens the view of a file of weights, judged with this activation and these data."""
    words = ["initscope", "check", str(path.absolute()), "--tui"]
    words += option_words("activation", str(kind)) if kind else []
    return shlex.join([*words, *(option_words("data", absolute({"data": dataset.name})["data"]) if dataset else [])])


def shell_lines(command: str, width: int) -> list[str]:
    r"""The command on lines that a shell reads as one: all but the last end with a `\` in the last column.

    What lies between is filled with blanks, so that a terminal has none to add where lines are copied from it.
    """
    if cell_len(command) <= width:
        return [command]
    width = max(width, LEAST_WIDTH)
    lines, line = [], ""
    for piece, glued in _pieces(command, width):
        if glued:
            lines.append(f"{line}\\")
            line = piece
        elif line and cell_len(line) + 1 + cell_len(piece) > width - 2:
            lines.append(f"{line}{' ' * (width - 1 - cell_len(line))}\\")
            line = piece
        else:
            line = f"{line} {piece}" if line else piece
    return [*lines, line]


def _pieces(command: str, width: int) -> Iterator[tuple[str, bool]]:
    """Words that fit, quoted; of a longer one its parts, those after the first glued to the one before."""
    for word in shlex.split(command):
        rest, glued = word, False
        while cell_len(shlex.quote(rest)) > width - 2:
            most = next(n for n in range(min(len(rest) - 1, width), 0, -1) if cell_len(shlex.quote(rest[:n])) < width)
            yield shlex.quote(rest[:most]), glued
            rest, glued = rest[most:], True
        yield shlex.quote(rest), glued


class CopyScreen(ModalScreen[None]):
    """Shows what was copied. The mouse is the terminal's meanwhile, for selecting."""

    AUTO_FOCUS = None
    CSS_PATH = "copying.tcss"

    def __init__(self, command: str, beside: str = "", shell: bool = True) -> None:
        """`beside` is said with it; it is a line for a shell, or else a text of lines."""
        super().__init__()
        self.command, self._beside, self._shell = command, beside, shell

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="copied") as area:
            area.styles.scrollbar_size_vertical = 0
            yield Static(self._readable(f"{COPIED} {self._beside}".rstrip()), id="what", markup=False)
            yield Static(id="line", markup=False)

    def on_mount(self) -> None:
        self.app.copy_to_clipboard(self.command)
        self._give_mouse(to_terminal=True)

    def on_resize(self, event: events.Resize) -> None:
        lines = self._lines(event.size.width)
        shown = self.query_one("#line", Static)
        shown.update(Content("\n".join(self._readable(line) for line in lines)))
        shown.styles.height = len(lines)

    def _lines(self, width: int) -> list[str]:
        if self._shell:
            return shell_lines(self.command, width)
        room = max(width, LEAST_WIDTH)
        return [part for line in self.command.splitlines() for part in textwrap.wrap(line, room) or [""]]

    def _readable(self, text: str) -> str:
        """What the terminal can show of it; what was copied is exact."""
        unicode = getattr(self.app, "unicode", True)
        return "".join(c if c.isprintable() and (unicode or c.isascii()) else "?" for c in text)

    def on_key(self, event: events.Key) -> None:
        """Any key closes, but those that scroll a line that is longer than the screen, and those held for others."""
        event.stop()
        event.prevent_default()
        if event.key.rpartition("_")[2] in HELD:
            return
        area = self.query_one("#copied", VerticalScroll)
        if event.key in SCROLLING and area.max_scroll_y > 0:
            getattr(area, f"scroll_{SCROLLING[event.key]}")(animate=False)
        else:
            self._give_mouse(to_terminal=False)
            self.dismiss()

    def _give_mouse(self, to_terminal: bool) -> None:
        """Not when the program ends under this screen: Textual has then given the terminal back as a whole."""
        with suppress(AttributeError):  # of drivers without a terminal
            driver: Any = self.app._driver
            driver._disable_mouse_support() if to_terminal else driver._enable_mouse_support()
