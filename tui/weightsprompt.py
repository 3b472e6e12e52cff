"""Asks whose weights are to be looked at: those of a file, or, with nothing typed, those of the selected lane."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.suggester import Suggester
from textual.widgets import Footer, Input, Static
from textual.worker import Worker

from initscope.core.datasets.folders import user_path
from initscope.core.errors import InputError
from initscope.tui import actions
from initscope.tui.checkscreen import CheckScreen
from initscope.tui.checkviewer import Viewer
from initscope.tui.explain import plain
from initscope.tui.weightssource import Source, of_file_beside, of_lane_soon

if TYPE_CHECKING:
    from initscope.tui.labscreen import LabScreen

ENDINGS = (".npz", ".npy", ".safetensors", ".pt", ".pth", ".pkl", ".h5", ".keras", ".json", ".bin", ".ckpt")
"""Files that are suggested first."""
MOST = 5000
"""Entries of a folder that are looked at."""


def ask(lab: "LabScreen") -> None:
    """Ask, and then show those weights: of the lab's selected lane, or of a file, judged as that lane's."""
    number, spec, data = lab.choice.lane, lab.spec, lab.dataset

    def show(found: tuple[str, Viewer] | None) -> None:
        if found is not None:
            lab.weights_path, viewer = found
            lab.app.push_screen(CheckScreen(viewer))

    prompt = WeightsPrompt(
        f"lane {number + 1} {spec.name}",
        lab.weights_path,
        lambda: of_lane_soon(lab.copy_lane(), number + 1, data),
        lambda path: of_file_beside(path, spec.activation, data),
    )
    lab.app.push_screen(prompt, show)


class Paths(Suggester):
    """Suggests the rest of a path: files of weights first, then folders, then whatever is there."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        return await asyncio.to_thread(rest_of, value)


def rest_of(text: str) -> str | None:
    """The path that `text` begins, a folder with its separator; None if there is none."""
    folder, start = os.path.split(text)
    if not text or text == "~":
        return None
    try:
        with os.scandir(os.path.expanduser(folder) or ".") as entries:
            found = [entry for entry, _ in zip(entries, range(MOST), strict=False) if _begins(entry.name, start)]
            found.sort(key=_rank)
            name = found[0].name + (os.sep if found[0].is_dir() else "") if found else ""
    except (OSError, ValueError):
        return None
    return text[: len(text) - len(start)] + name if name and name != start else None


def _begins(name: str, start: str) -> bool:
    """Names that nobody typed a dot for are not hidden ones; what cannot be shown is not suggested."""
    return name.startswith(start) and name.isprintable() and (not name.startswith(".") or start.startswith("."))


def _rank(entry: "os.DirEntry[str]") -> tuple[int, str]:
    folder = entry.is_dir()
    return (0 if not folder and entry.name.lower().endswith(ENDINGS) else 1 if folder else 2), entry.name


class PathLine(Input):
    """The line to type in."""

    BINDINGS = actions.bindings(actions.PROMPT_LINE)

    def action_complete(self) -> None:
        """Take what is suggested."""
        self.action_end()
        self.action_cursor_right()


class WeightsPrompt(ModalScreen[tuple[str, Viewer] | None]):
    """Gives back what was typed and what looks at those weights, or None.

    What cannot be opened is said, and what was typed stays.
    """

    BINDINGS = actions.bindings(actions.PROMPT)
    AUTO_FOCUS = "#path"
    CSS_PATH = "weightsprompt.tcss"

    def __init__(
        self, lane: str, path: str, of_lane: Callable[[], Awaitable[Source]], of_file: Callable[[Path], Source]
    ) -> None:  # fmt: skip
        """`path` stands there to begin with."""
        super().__init__()
        self.lane, self.path = lane, path
        self._of_lane, self._of_file = of_lane, of_file
        self._reading: Worker[None] | None = None

    def compose(self) -> ComposeResult:
        with Vertical(id="ask"):
            yield Static(self._plain(f"Weights of a file; empty: of {self.lane}, as they are now"), id="what")
            yield PathLine(
                self.path, id="path", compact=True, suggester=Paths(), placeholder=self._plain("path of a file")
            )
            yield Static("", id="state")
        yield Footer(compact=True, show_command_palette=False)

    def _plain(self, text: str) -> str:
        return plain(text, getattr(self.app, "unicode", True))

    def _say(self, text: str, style: str = "") -> None:
        self.query_one("#state", Static).update(Content.styled(self._plain(text), style))

    @on(Input.Changed)
    def _typed(self) -> None:
        if self._reading is None:
            self._say("")

    @on(Input.Submitted)
    def _open(self, event: Input.Submitted) -> None:
        if self._reading is None:
            self._reading = self.run_worker(self._read(event.value.strip()), exit_on_error=True)

    async def _read(self, text: str) -> None:
        """Open what was asked for, in a thread, and leave with it; or say why not."""
        self._say(f"reading {text or self.lane} ...")
        try:
            if text:
                source = await asyncio.to_thread(self._of_file, user_path(text))
            else:
                source = await self._of_lane()
        except InputError as error:
            self._say(str(error), "$text-error")
            self.app.bell()
        else:
            self.dismiss((text, Viewer(source)))
        finally:
            self._reading = None

    def action_cancel(self) -> None:
        """Away; what is being read is left to end by itself."""
        self.dismiss(None)
