"""The help page: what the lab shows, and the keys, from the table of actions."""

import re
from collections.abc import Iterator
from importlib import resources
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Footer, Static

from initscope.tui.actions import ACTIONS
from initscope.tui.views import plain_text

STRONG = re.compile(r"^#+ (.+)$|\*\*(.+?)\*\*", re.MULTILINE)


def help_text() -> str:
    """The whole page: paragraphs, one a line, with `# headings` and `**strong**` words."""
    page = resources.files("initscope.tui").joinpath("help.md").read_text(encoding="utf-8")
    paragraphs = re.split(r"\n(?=\n|- )", page.strip().replace("`", ""))
    words = [re.sub(r"(?<=\S)\n *", " ", paragraph) for paragraph in paragraphs]
    return "\n".join([*words, *_keys()])


def _keys() -> Iterator[str]:
    """A line for each action, below a heading for each group."""
    width = max(len(action.shown_keys) for action in ACTIONS)
    for group in dict.fromkeys(action.group for action in ACTIONS):
        yield f"\n# {group}"
        yield from (f"**{a.shown_keys:<{width}}**  {a.help}" for a in ACTIONS if a.group == group)


def strong(text: str) -> Content:
    """The text with its headings and strong words in bold. A Markdown widget takes half a second to open."""
    parts, place = [], 0
    for match in STRONG.finditer(text):
        parts += [Content(text[place : match.start()]), Content.styled(match[1] or match[2], "bold")]
        place = match.end()
    return Content("").join([*parts, Content(text[place:])])


class HelpScreen(ModalScreen[None]):
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,question_mark,f1", "dismiss", "Close")]

    def compose(self) -> ComposeResult:
        unicode = getattr(self.app, "unicode", True)
        with VerticalScroll(id="help") as page:
            page.styles.scrollbar_size_vertical = 2 * unicode  # its ends are drawn as block characters
            yield Static(strong(plain_text(help_text(), unicode)))
        yield Footer()
