"""The lab with saved runs under test: its screen of runs opened, and left again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from labpilot import DATA, comparison, now, press, settle, until
from pastruns import saved
from textual.pilot import Pilot

from initscope.core.runs import Store
from initscope.core.snapshot import Snapshot
from initscope.tui.app import LabApp
from initscope.tui.labscreen import LabScreen
from initscope.tui.runsscreen import RunsScreen


@asynccontextmanager
async def lab(
    store: Store | None, size: tuple[int, int] = (80, 24), unicode: bool = True, **options: str
) -> AsyncIterator[tuple[Pilot[Any], LabScreen]]:
    """The lab, whose runs are kept there."""
    app = LabApp(lambda: (comparison(**options), DATA), open_store=None if store is None else lambda: store)
    app.unicode = unicode
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: isinstance(app.screen, LabScreen) and app.screen.snapshot is not None)
        await settle(pilot)
        assert isinstance(app.screen, LabScreen)
        yield pilot, app.screen
    assert app.return_code in (0, None)


async def runs(pilot: Pilot[Any]) -> RunsScreen:
    """The screen of runs, once they and the selected one are there."""
    await press(pilot, "o")
    return await there(pilot)


async def there(pilot: Pilot[Any]) -> RunsScreen:
    await until(pilot, lambda: isinstance(pilot.app.screen, RunsScreen) and pilot.app.screen._known is not None)
    screen = pilot.app.screen
    assert isinstance(screen, RunsScreen)
    await until(pilot, lambda: not screen.list.runs or (screen._shown and screen._shown[1] and not screen._stale()))
    await settle(pilot)
    return screen


async def back_in(pilot: Pilot[Any], screen: LabScreen) -> Snapshot:
    """The lab, once its lanes are there."""
    await until(pilot, lambda: pilot.app.screen is screen and screen.snapshot is not None)
    await settle(pilot)
    return now(screen)


@asynccontextmanager
async def with_guests(
    store: Store, size: tuple[int, int] = (80, 24), **options: str
) -> AsyncIterator[tuple[Pilot[Any], LabScreen]]:
    """Beside rand and randn, zeros and xavier_normal as guests 3 and 4; the first of them is selected."""
    saved(store, inits=("zeros", "xavier_normal"), arch="64-20-20-10")
    async with lab(store, size, **options) as (pilot, screen):
        await runs(pilot)
        await press(pilot, "enter")
        await back_in(pilot, screen)
        yield pilot, screen


def ids(screen: RunsScreen) -> list[str]:
    return [one.id[-2:] for one in screen.list.runs]


def toasts(pilot: Pilot[Any]) -> str:
    return " ".join(notice.message for notice in pilot.app._notifications)
