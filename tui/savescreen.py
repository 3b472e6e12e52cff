"""Asks in which format and to which file what is on the screen is to be saved, and saves it."""

import os
from collections.abc import Sequence
from pathlib import Path

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Footer, Input, Static
from textual.worker import Worker

from initscope.core.datasets.folders import user_path
from initscope.core.errors import InputError
from initscope.tui import actions
from initscope.tui.checkviewtable import cut
from initscope.tui.explain import plain
from initscope.tui.lines import Lines
from initscope.tui.portable import Kind
from initscope.tui.sheet import Style

REVERSE, RESET = "\x1b[7m", "\x1b[0m"
AROUND = 5
"""Rows of a dialog besides those of its list."""
NOTICE = 8.0
"""Seconds that it stands on the screen what was saved."""


class FileLine(Input):
    """The line for the file's name; up and down choose the format meanwhile."""

    BINDINGS = actions.bindings(actions.SAVE_LINE)


class SaveScreen(ModalScreen[None]):
    """`kinds` are what can be chosen; `stem` is how the name begins that stands there at first."""

    BINDINGS = actions.bindings(actions.SAVE)
    AUTO_FOCUS = "#file"
    CSS_PATH = "savescreen.tcss"

    def __init__(self, kinds: Sequence[Kind], stem: str) -> None:
        super().__init__()
        self.choices, self.chosen = kinds, 0
        self._stem = stem
        self._agreed: list[Path] = []
        """What the person was asked about: saving the same again overwrites it."""
        self._writing: Worker[None] | None = None

    @property
    def chosen_kind(self) -> Kind:
        return self.choices[self.chosen]

    def compose(self) -> ComposeResult:
        with Vertical(id="ask"):
            yield Static(f"Save as, in {self._plain(os.getcwd())}", id="what", markup=False)
            kinds = Lines(id="kinds")
            kinds.styles.height = self._rows(self.app.size.height)
            yield kinds
            yield FileLine(self._free(), id="file", compact=True, select_on_focus=False)
            yield Static("", id="state")
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        self._draw()

    def on_resize(self, event: events.Resize) -> None:
        self.query_one("#kinds", Lines).styles.height = self._rows(event.size.height)

    def _rows(self, height: int) -> int:
        """Of the list, in a terminal of so many."""
        return min(len(self.choices), max(height - AROUND, 1))

    def _draw(self) -> None:
        self.query_one("#kinds", Lines).show(self._lines)

    def _lines(self, style: Style) -> list[str]:
        top = min(max(self.chosen - style.height + 1, 0), len(self.choices))
        wide = max(len(kind.name) for kind in self.choices)
        lines = []
        for place, kind in enumerate(self.choices[top : top + style.height], top):
            words = f"{'>' if place == self.chosen else ' '} {kind.name:{wide}}  {kind.words}"
            line = f"{cut(plain(words, style.unicode), style):{style.width}}"
            lines.append(f"{REVERSE}{line}{RESET}" if place == self.chosen else line)
        return lines

    def _free(self) -> str:
        """A name that nothing has yet in the working folder."""
        kind, number, name = self.chosen_kind, 1, self._usual()
        while any(os.path.lexists(place) for place in kind.places(Path(name))):
            number += 1
            name = self._usual(f"-{number}")
        return name

    def _usual(self, number: str = "") -> str:
        """The name of such a file that nobody has named."""
        kind = self.chosen_kind
        tail = f"-{kind.tail.replace(' ', '-')}" if kind.tail else ""
        return f"{self._stem}{tail}{number}{kind.ending}"

    def _endings(self) -> list[str]:
        return [kind.ending for kind in self.choices if kind.ending]

    def _plain(self, text: str) -> str:
        return plain(text, getattr(self.app, "unicode", True))

    def _say(self, text: str, style: str = "") -> None:
        self.query_one("#state", Static).update(Content.styled(self._plain(text), style))

    @on(Input.Changed)
    def _typed(self) -> None:
        self._agreed = []
        if self._writing is None:
            self._say("")

    # What a person can do

    def action_kind(self, by: int) -> None:
        """Another format; the name that was typed stays, with the other ending."""
        if self._writing is not None:
            return
        line, offered = self.query_one(FileLine), self._free()
        self.chosen = (self.chosen + by) % len(self.choices)
        typed = next((line.value.removesuffix(one) for one in self._endings() if line.value.endswith(one)), line.value)
        line.value = self._free() if line.value == offered else typed + self.chosen_kind.ending
        line.cursor_position = len(line.value)
        self._draw()

    @on(Input.Submitted)
    def _save(self, event: Input.Submitted) -> None:
        if self._writing is None:
            self._writing = self.app.run_worker(self._write(event.value.strip()), exit_on_error=True)

    async def _write(self, name: str) -> None:
        """Ask where something is in the way, else save and leave; or say why not."""
        kind = self.chosen_kind
        try:
            path = self._path(name, kind)
            there = [place for place in kind.places(path) if os.path.lexists(place)]
            if there and there != self._agreed and kind.ending:
                self._agreed = there
                key = actions.keys_of("save_as_save", getattr(self.app, "keys", actions.NO_KEYS))[0]
                words = f"{there[0]} is there already: {key} once more overwrites it, or name another"
                self._say(words, "$text-warning")
                return
            self._say(f"writing {path} ...")
            written = await kind.write(path)
        except (InputError, OSError) as error:
            self._complain(str(error))
        else:
            self._leave(written)
        finally:
            self._writing = None

    def _path(self, name: str, kind: Kind) -> Path:
        """Where it goes: into a folder that is named under the usual name, else under this one, with an ending."""
        if not name:
            raise InputError(f"name a {'file' if kind.ending else 'folder'}, such as mine{kind.ending}")
        path = user_path(name)
        if kind.ending and (name.endswith(os.sep) or path.is_dir()):
            return path / self._usual()
        return path if path.suffix else path.with_name(path.name + kind.ending)

    def _complain(self, words: str) -> None:
        if self.is_current:
            self._say(words, "$text-error")
            self.app.bell()
        else:
            self.app.notify(self._plain(words), severity="error", timeout=NOTICE, markup=False)

    def _leave(self, written: Sequence[Path]) -> None:
        if self.is_current:
            self.dismiss()
        last = f" to {written[-1]}" if len(written) > 1 else ""
        self.app.notify(self._plain(f"Saved {written[0]}{last}"), timeout=NOTICE, markup=False)

    def action_cancel(self) -> None:
        """Away; what is being written is finished all the same, and it is then said what came of it."""
        self.dismiss()
