"""The help page: what the lab shows, and the keys, from the table of actions."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib import resources
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Footer, Static

from initscope.tui.actions import HELP, NO_KEYS, Action, bindings, identity, with_keys
from initscope.tui.sheet import plain_text

STRONG = re.compile(r"^#+ (.+)$|\*\*(.+?)\*\*", re.MULTILINE)
KEY = re.compile(r"\{(\w+)\}")


def help_text(keys: Mapping[str, str] = NO_KEYS) -> str:
    """The whole page: paragraphs, one a line, with `# headings` and `**strong**` words.

    `keys` are other keys by the identity of an action. In help.md, `{sample}` is the key of the action `sample`.
    """
    table = with_keys(keys)
    page = resources.files("initscope.tui").joinpath("help.md").read_text(encoding="utf-8").strip().replace("`", "")
    first = {identity(action): action.shown_keys.split(" ")[0] for action in table}
    page = KEY.sub(lambda match: first[match[1]], page)
    words = [re.sub(r"(?<=\S)\n *", " ", paragraph) for paragraph in re.split(r"\n(?=\n|- )", page)]
    return "\n".join([*words, *_keys(table)])


def _keys(table: Sequence[Action]) -> Iterator[str]:
    """A line for each action, below a heading for each group."""
    width = max(len(action.shown_keys) for action in table)
    for group in dict.fromkeys(action.group for action in table):
        yield f"\n# {group}"
        yield from (f"**{a.shown_keys:<{width}}**  {a.help}" for a in table if a.group == group)


def strong(text: str) -> Content:
    """The text with its headings and strong words in bold. A Markdown widget takes half a second to open."""
    parts, place = [], 0
    for match in STRONG.finditer(text):
        parts += [Content(text[place : match.start()]), Content.styled(match[1] or match[2], "bold")]
        place = match.end()
    return Content("").join([*parts, Content(text[place:])])


class HelpScreen(ModalScreen[None]):
    """The lab's help page; a kind of it has another text."""

    BINDINGS: ClassVar[list[BindingType]] = [
        replace(one, show=one.action == "close") for one in bindings(HELP) if isinstance(one, Binding)
    ]

    def compose(self) -> ComposeResult:
        unicode = getattr(self.app, "unicode", True)
        keys: Mapping[str, str] = getattr(self.app, "keys", NO_KEYS)
        with VerticalScroll(id="help") as page:
            page.styles.scrollbar_size_vertical = 2 * unicode  # its ends are drawn as block characters
            yield Static(strong(plain_text(self.text(keys), unicode)))
        yield Footer()

    def text(self, keys: Mapping[str, str]) -> str:
        """As `help_text` gives it; `keys` are other keys by the identity of an action."""
        return help_text(keys)

    def action_close(self) -> None:
        self.dismiss()

    def action_help(self) -> None:
        """The key that opened the page closes it."""
        self.dismiss()
