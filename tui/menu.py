"""A list to choose from whose cursor and faint words are readable without colour."""

from collections.abc import Sequence
from dataclasses import dataclass

from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option


@dataclass(frozen=True)
class Entry:
    """One line: `text` and, in a muted colour, `faint`. Without a `key` it is a heading, not to be chosen."""

    key: str
    text: str
    faint: str = ""

    def content(self, cursor: bool) -> Content:
        gutter = "" if not self.key else "> " if cursor else "  "
        return Content.assemble(gutter + self.text, (self.faint, "" if cursor else "$text-muted"))


class Menu(OptionList):
    """An OptionList of entries with `>` at the cursor."""

    def __init__(self, widget_id: str) -> None:
        super().__init__(id=widget_id, compact=True, markup=False)
        self.entries: list[Entry] = []
        self._cursor: int | None = None

    @property
    def key(self) -> str:
        """The key of the entry at the cursor; empty if there is none."""
        return "" if self.highlighted is None else self.entries[self.highlighted].key

    def show(self, entries: Sequence[Entry], key: str) -> None:
        """Show these entries with the cursor at `key`, else at the first. Sends no message."""
        with self.prevent(OptionList.OptionHighlighted):
            self._cursor = None
            self.clear_options()
            self.entries = list(entries)
            self.add_options([Option(e.content(False), id=e.key or None, disabled=not e.key) for e in entries])
            places = [place for place, entry in enumerate(entries) if entry.key]
            found = [place for place in places if entries[place].key == key]
            self.highlighted = next(iter([*found, *places]), None)

    def action_move(self, by: int) -> None:
        """To the entry above or below."""
        if by < 0:
            self.action_cursor_up()
        else:
            self.action_cursor_down()

    def watch_highlighted(self, highlighted: int | None) -> None:
        for place in (self._cursor, highlighted):
            if place is not None:
                prompt = self.entries[place].content(place == highlighted)
                self.replace_option_prompt_at_index(place, prompt)
        self._cursor = highlighted
        super().watch_highlighted(highlighted)
