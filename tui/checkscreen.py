"""The tensors of a file or of a lane, each with its histogram, picture and statistics."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from math import inf
from pathlib import Path

from textual import events
from textual.app import ComposeResult, SystemCommand
from textual.containers import Horizontal
from textual.widgets import Footer

from initscope.core.activations import activation
from initscope.core.checks.spec import load_some
from initscope.core.errors import InputError
from initscope.tui import actions, checkviewtensor, panels
from initscope.tui.app import BAD_INPUT, LabApp, terminal_trouble
from initscope.tui.checkviewer import Entry, Picture, Viewer
from initscope.tui.checkviewtable import cut, fitted
from initscope.tui.config import Config, read_config
from initscope.tui.drawing import Drawing
from initscope.tui.helpscreen import HelpScreen
from initscope.tui.lab import show
from initscope.tui.lines import Lines
from initscope.tui.pagescreen import HEIGHTS, WHEEL, Page
from initscope.tui.portable import Kind, Portable
from initscope.tui.remembered import Memory, memory
from initscope.tui.sheet import RESET, Style
from initscope.tui.weightssource import of_file

SOON = 0.02
"""Seconds between looks whether what was asked for is there."""
WIDTHS = [(0, "-narrow"), (70, "-normal"), (120, "-wide")]

HELP = """\
# Weights, tensor by tensor

On the left the tensors: layers by number, their biases below them, and what belongs to no layer. On the right what is
selected: the check of them all, or one tensor with its statistics, the initializer it looks like, a histogram of its
values, and a picture of its upper left corner.

**Outline** of the histogram: what is expected of the initializer it looks like. Of trained weights there is one only \
where they are still close to what they started from.

**Nothing** in a file is run, and large tensors are read piece by piece. A lane's weights are those of the moment when
they were asked for, while training goes on.

# Keys
"""


class TensorList(Lines):
    """The lines of the list around the selected one."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        super().__init__(id="list")
        self.entries, self.chosen, self.top = entries, 0, 0

    def choose(self, place: int) -> None:
        self.chosen = min(max(place, 0), len(self.entries) - 1)
        self.show(self._seen)

    def _seen(self, style: Style) -> list[str]:
        last = max(len(self.entries) - style.height, 0)
        self.top = min(max(self.top, self.chosen - style.height + 1, 0), self.chosen, last)
        return [self._line(place, style) for place in range(self.top, min(self.top + style.height, len(self.entries)))]

    def _line(self, place: int, style: Style) -> str:
        entry = self.entries[place]
        shape = "x".join(map(str, entry.tensor.shape)) if entry.tensor else ""
        room = style.width - len(shape) - 3
        if room < max(len(entry.label), 8):  # the page has the shape as well, the name is what one looks for
            shape, room = "", max(style.width - 2, 0)
        line = f" {cut(fitted(entry.label, room, style), style):{room}} {shape} "[: style.width]
        return f"{panels.REVERSE}{line:{style.width}}{RESET}" if place == self.chosen else line


class CheckScreen(Portable[None]):
    """The list, and the page of what is selected in it."""

    AUTO_FOCUS = None
    CSS_PATH = "checkscreen.tcss"
    BINDINGS = actions.bindings(actions.CHECK)
    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS

    def __init__(self, viewer: Viewer) -> None:
        super().__init__()
        self.viewer = viewer
        self._looking = False

    def compose(self) -> ComposeResult:
        yield Lines(id="title")
        with Horizontal(id="both"):
            yield TensorList(self.viewer.entries)
            yield Page()
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        self.list, self.page = self.query_one(TensorList), self.query_one(Page)
        self._go_to(0)

    def on_unmount(self) -> None:
        self.viewer.ask(None)

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self._draw_title)

    def stem(self) -> str:
        return "weights"

    def command(self) -> str:
        return self.viewer.command

    def drawings(self) -> list[Drawing]:
        shown = self.viewer.shown(self.list.chosen)
        return list(checkviewtensor.charts(shown)) if isinstance(shown, Picture) else []

    def kinds(self) -> list[Kind]:
        return [*super().kinds(), self.page.kind()]

    # From what is selected to the screen

    def _go_to(self, place: int) -> None:
        """Select an entry; what is on the page stays until it is there."""
        self.list.choose(place)
        self.page.top = 0
        self.viewer.ask(self.list.chosen)
        if not self._looking:
            self._look()
        self._draw_title()

    def _look(self) -> None:
        if self.viewer.error is not None:
            raise RuntimeError("looking at a tensor failed") from self.viewer.error
        shown = self.viewer.shown(self.list.chosen)
        self._looking = shown is None
        if shown is None:
            self.set_timer(SOON, self._look)
        else:
            self.page.open(partial(checkviewtensor.lines, shown))
        self._draw_title()

    def _draw_title(self) -> None:
        place, count = self.list.chosen, len(self.viewer.entries) - 1
        state = f"looking {self.viewer.progress if not place else ''}..." if self._looking else self.page.arrows
        where = f"tensor {place} of {count}" if place else f"{count} tensors"
        self.query_one("#title", Lines).show(
            lambda style: panels.title_line(f"check {self.viewer.path.name} · {where}", state, style)
        )

    # What a person can do

    def action_select(self, by: int) -> None:
        self._go_to(self.list.chosen + by)

    def action_leap(self, by: int) -> None:
        """To the next entry in this direction that is a layer, or else to the end."""
        place = self.list.chosen + by
        while 0 < place < len(self.viewer.entries) - 1 and self.viewer.entries[place].layer is None:
            place += by
        self._go_to(place)

    def action_first(self) -> None:
        self._go_to(0)

    def action_last(self) -> None:
        self._go_to(len(self.viewer.entries) - 1)

    def action_page(self, by: int) -> None:
        self._scroll(self.page.top + by * max(self.page.size.height - 1, 1))

    def _scroll(self, top: float) -> None:
        self.page.go(min(top, inf))
        self._draw_title()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._scroll(self.page.top + WHEEL)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._scroll(self.page.top - WHEEL)

    def on_click(self, event: events.Click) -> None:
        region = self.list.region
        if region.contains(event.screen_x, event.screen_y):
            self._go_to(self.list.top + event.screen_y - region.y)

    def action_back(self) -> None:
        self.dismiss(None)

    def action_help(self) -> None:
        self.app.push_screen(CheckHelp())

    def commands(self) -> Iterable[SystemCommand]:
        """Every key, for the command palette."""
        return actions.commands(actions.CHECK, self.run_action)


class CheckHelp(HelpScreen):
    """What the view shows, and its keys."""

    def text(self, keys: Mapping[str, str]) -> str:
        table = actions.of(actions.CHECK, keys)
        wide = max(len(one.shown_keys) for one in table)
        said = [f"**{one.shown_keys:<{wide}}**  {one.help}" for one in table]
        paragraphs = [" ".join(part.split("\n")) if not part.startswith("#") else part for part in HELP.split("\n\n")]
        return "\n\n".join(paragraphs) + "\n" + "\n".join(said)


class CheckApp(LabApp):
    """The lab's application with the view of a file in the place of the lab."""

    def __init__(
        self, viewer: Callable[[], Viewer], config: Config | None = None, memory: Memory | None = None
    ) -> None:  # fmt: skip
        super().__init__(lambda: (None, None), config=config, memory=memory)
        self._viewer = viewer

    async def _open_lab(self) -> None:
        try:
            await self.push_screen(CheckScreen(await asyncio.to_thread(self._viewer)), lambda _: self.exit())
        except InputError as error:
            self.complaint = str(error)
            self.exit(return_code=BAD_INPUT)


def open_check(path: Path, kind: str = "", data: str = "") -> int:
    """Returns the exit code: 0, 2 for a file that broke meanwhile. Raises InputError for no terminal or no weights."""
    trouble = terminal_trouble()
    if trouble:
        raise InputError(f"{trouble}, which --tui needs; without it the check is printed")
    chosen = activation(kind) if kind else None
    of_file(path).weights.close()  # what was typed is checked before the screen is taken
    config = read_config()
    app = CheckApp(
        lambda: Viewer(of_file(path, chosen, load_some(data)[0] if data else None)), config, memory()
    )  # fmt: skip
    return show(app, mouse=config.mouse)
