"""The setup screen under test, alone in an app that keeps what it gives back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from screens import press, screen_text, write
from textual.app import App
from textual.pilot import Pilot

from initscope.core.comparison import Comparison
from initscope.core.datasets.data import load
from initscope.tui import setupscreen
from initscope.tui.setupscreen import Result, SetupScreen

DIGITS = load("digits")
STYLES = Path(setupscreen.__file__).with_name("setup.tcss")
UNSET = object()


class Bench(App[None]):
    """Opens the setup screen and keeps what it gives back."""

    CSS_PATH = STYLES

    def __init__(self, comparison: Comparison, row: str, unicode: bool) -> None:
        super().__init__()
        self.before, self.row, self.unicode = comparison, row, unicode
        self.result: Any = UNSET

    def on_mount(self) -> None:
        self.push_screen(SetupScreen(self.before, {"digits": DIGITS}, self.row), self.keep)

    def keep(self, result: Result | None) -> None:
        self.result = result

    @property
    def comparison(self) -> Comparison:
        assert isinstance(self.result, tuple), f"not applied: {self.result}\n{screen_text(self)}"
        return self.result[0]

    @property
    def inits(self) -> list[str]:
        return [lane["init"] for lane in self.comparison.lanes]


def compare(*inits: str, lanes: tuple[str, ...] = (), **options: str) -> Comparison:
    return Comparison.of({key.replace("_", "-"): value for key, value in options.items()}, inits, lanes)


@asynccontextmanager
async def bench(
    comparison: Comparison | None = None, row: str = "lane:0", size: tuple[int, int] = (100, 40), unicode: bool = True
) -> AsyncIterator[tuple[Bench, Pilot[None]]]:
    app = Bench(comparison or compare("rand", "randn"), row, unicode)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        await pilot.pause()
        yield app, pilot


async def to(pilot: Pilot[None], text: str) -> None:
    """Empty the line and type another text."""
    await press(pilot, "end", "ctrl+u")
    await write(pilot, text)
