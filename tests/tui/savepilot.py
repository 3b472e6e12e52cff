"""Saving from the lab under test: the dialog opened, a format chosen, waited for."""

from typing import Any

from labpilot import comparison, press, settle, until
from screens import screen_text, write
from textual.pilot import Pilot

from initscope.tui.savescreen import FileLine, SaveScreen

CHOSEN = comparison(inits=("rand", "randn"), lanes=(), **{"batch-size": "50"})
STEPS = 30


async def dialog(pilot: Pilot[Any], kind: str = "") -> SaveScreen:
    """Opened, with a format chosen."""
    await press(pilot, "S")
    await until(pilot, lambda: isinstance(pilot.app.screen, SaveScreen) and pilot.app.screen.query(FileLine))
    screen = pilot.app.screen
    assert isinstance(screen, SaveScreen)
    if kind:  # one step down at a time is another test's
        screen.action_kind([one.name for one in screen.choices].index(kind) - screen.chosen)
        await settle(pilot)
    return screen


async def done(pilot: Pilot[Any]) -> None:
    """Saved, and back."""
    await until(pilot, lambda: not isinstance(pilot.app.screen, SaveScreen))
    await settle(pilot)


async def says(pilot: Pilot[Any], words: str) -> str:
    """Wait until the dialog says something; returns all that it shows, as one line."""
    await until(pilot, lambda: words in " ".join(screen_text(pilot.app).split()))
    return " ".join(screen_text(pilot.app).split())


async def saved(pilot: Pilot[Any], kind: str, name: str = "") -> None:
    """Save under this name, or the one that is offered."""
    await dialog(pilot, kind)
    if name:
        await press(pilot, "ctrl+u")
        await write(pilot, name)
    await press(pilot, "enter")
    await done(pilot)
