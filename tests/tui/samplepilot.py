"""The sample view under test: opened from the lab, waited for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from labpilot import lab, press, until
from textual.pilot import Pilot

from initscope.tui.samplescreen import SampleScreen


async def drawn(pilot: Pilot[Any]) -> SampleScreen:
    """The sample view, once it shows what is wanted."""
    await until(pilot, lambda: isinstance(pilot.app.screen, SampleScreen))
    screen = pilot.app.screen
    assert isinstance(screen, SampleScreen)
    await until(pilot, lambda: screen.sampler.drawn and not screen._looking and screen.page._strips)
    return screen


@asynccontextmanager
async def sample_view(size: tuple[int, int] = (80, 24), **more: Any) -> AsyncIterator[tuple[Pilot[Any], SampleScreen]]:
    async with lab(size, **more) as (pilot, _):
        await press(pilot, "i")
        yield pilot, await drawn(pilot)
