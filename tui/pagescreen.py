"""A screen of the lab that is one long page under a title: what the sample, the forecast and the why screens share."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from math import inf
from typing import ClassVar, TypeVar

from textual import events
from textual.app import ComposeResult, SystemCommand
from textual.widgets import Footer

from initscope.tui import actions, panels
from initscope.tui.lines import CODE, Lines
from initscope.tui.picture import write_now
from initscope.tui.portable import Kind, Portable, plain_lines
from initscope.tui.sheet import Style

Result = TypeVar("Result")

HEIGHTS = [(0, "-short"), (10, "-tall")]
WHEEL = 3
"""Lines that a turn of the mouse wheel goes."""


class Page(Lines):
    """A long text of which only what has been looked at is made: a chart below the screen costs nothing."""

    def __init__(self) -> None:
        super().__init__(id="body")
        self.top = 0
        """The first line that is seen."""
        self.more = False
        """Whether there are lines below."""
        self._text_of: Callable[[Style], Iterator[str]] = lambda style: iter(())
        self._style: Style | None = None
        self._rest: Iterator[str] = iter(())
        self._made: list[str] = []

    @property
    def arrows(self) -> str:
        """Where there is more of the text, up or down, in two columns."""
        up, down = "▲▼" if getattr(self.app, "unicode", True) else "^v"
        return f"{up if self.top else ' '}{down if self.more else ' '}"

    def open(self, text_of: Callable[[Style], Iterator[str]]) -> None:
        """Another text, at the same place."""
        self._text_of, self._style = text_of, None
        self.show(self._seen)

    def go(self, top: float) -> None:
        """Show the text from a line on, as far as it goes; infinity is the end."""
        if top == inf:
            self._made += self._rest
        self.top = max(int(min(top, len(self._made) + self.size.height)), 0)
        self.redraw()

    def whole(self) -> list[str]:
        """All of it, without codes."""
        self._made += self._rest
        return [CODE.sub("", line).rstrip() for line in self._made]

    def kind(self) -> Kind:
        """All of it as a text in a file, for screens on which it is not all that there is."""
        text = "\n".join([*self.whole(), ""])
        return Kind("page", ".txt", "the page, also what is not seen of it, as text", write_now(lambda: text))

    def _seen(self, style: Style) -> list[str]:
        if style != self._style:
            self._style, self._rest, self._made = style, self._text_of(style), []
        wanted = self.top + style.height + 1
        self._made += islice(self._rest, max(wanted - len(self._made), 0))
        self.top = max(min(self.top, len(self._made) - style.height), 0)
        self.more = len(self._made) > self.top + style.height
        return self._made[self.top : self.top + style.height]


class PageScreen(Portable[Result]):
    """Scrolls its page; a kind of it names its keys, and says what stands in the title."""

    KEYS: ClassVar[str]
    """The screen's name in the table of actions."""
    AUTO_FOCUS = None
    VERTICAL_BREAKPOINTS = HEIGHTS

    def compose(self) -> ComposeResult:
        yield Lines(id="title")
        yield Page()
        yield Footer(compact=True, show_command_palette=False)

    @property
    def page(self) -> Page:
        return self.query_one(Page)

    def stem(self) -> str:
        return self.KEYS

    def text(self) -> Callable[[], list[str]]:
        """Of the title and the whole page, also what is not seen of it now."""
        return lambda: [*plain_lines(self.query_one("#title", Lines).strips), "", *self.page.whole()]

    def title_words(self) -> tuple[str, str]:
        """What is shown, and what is being done; an empty second one shows where there is more of the page."""
        raise AssertionError("every kind of page says what it shows")

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self.draw_title)  # the page has drawn itself: what is below it has changed

    def draw_title(self) -> None:
        shown, state = self.title_words()
        arrows = self.page.arrows
        right = state if state.endswith("...") else f"{state} {arrows}".lstrip() if state else arrows
        self.query_one("#title", Lines).show(lambda style: panels.title_line(shown, right, style))

    def action_line(self, by: int) -> None:
        self._go(self.page.top + by)

    def action_page(self, by: int) -> None:
        self._go(self.page.top + by * max(self.page.size.height - 1, 1))

    def action_top(self) -> None:
        self._go(0)

    def action_bottom(self) -> None:
        self._go(inf)

    def _go(self, top: float) -> None:
        self.page.go(top)
        self.draw_title()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self.action_line(WHEEL)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self.action_line(-WHEEL)

    def action_help(self) -> None:
        from initscope.tui.helpscreen import HelpScreen

        self.app.push_screen(HelpScreen())

    def commands(self) -> Iterable[SystemCommand]:
        """Every action of the table, for the command palette."""
        return actions.commands(self.KEYS, self.run_action)
