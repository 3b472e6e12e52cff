"""The lab in a Textual app under test: opened, asked, looked at. It waits for conditions, never for a time."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any

from screens import screen_text
from textual import events
from textual.drivers.headless_driver import HeadlessDriver
from textual.geometry import Size
from textual.pilot import Pilot

from initscope.core.comparison import Comparison
from initscope.core.datasets.data import Dataset, load
from initscope.core.snapshot import Snapshot
from initscope.tui.app import LabApp
from initscope.tui.labscreen import LabScreen

DATA: dict[str, Dataset] = {"digits": load("digits")}
NINE = (
    "init=rand", "init=randn arch=64-100-10", "init=xavier_normal", "init=zeros", "init=orthogonal arch=64-10",
    "init=he_normal arch=64-20-20-20-10 activation=relu", "init=randn activation=linear loss=cross_entropy lr=1e300",
    "init=scaled_randn", "init=xavier_uniform optimizer=adam",
)  # fmt: skip
"""Lanes that differ in most that a lane can differ in; the seventh diverges."""
FLAT_OUT = ("plus",) * 5 + ("space",)
"""The keys that start training as fast as it goes."""


def comparison(lanes: Sequence[str] = (), inits: Sequence[str] = ("rand", "randn"), **options: str) -> Comparison:
    """In float64, where digits do not depend on the processor's kernels."""
    return Comparison.of({"dtype": "float64", **options}, () if lanes else inits, lanes)


@asynccontextmanager
async def lab(
    size: tuple[int, int] = (120, 40), chosen: Comparison | None = None, unicode: bool = True
) -> AsyncIterator[tuple[Pilot[Any], LabScreen]]:
    """The lab with the lanes at step 0."""
    app = LabApp(lambda: (chosen or comparison(), DATA))
    app.unicode = unicode
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: isinstance(app.screen, LabScreen) and app.screen.snapshot is not None)
        assert isinstance(app.screen, LabScreen)
        await judged(pilot, app.screen)
        yield pilot, app.screen
    assert app.return_code in (0, None)


async def until(pilot: Pilot[Any], condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait until the condition holds."""
    start = perf_counter()
    while not condition():
        assert perf_counter() - start < seconds, f"not in {seconds} s; on the screen\n{screen_text(pilot.app)}"
        await asyncio.sleep(0.002)


async def settle(pilot: Pilot[Any]) -> None:
    """Let every widget handle what it was sent, what follows from that, and what is done after a refresh."""
    for _ in range(3):
        await pilot.pause(0)


async def resize(pilot: Pilot[Any], width: int, height: int) -> None:
    """Like Pilot's own, without waiting for the process to be idle."""
    assert isinstance(pilot.app._driver, HeadlessDriver)
    pilot.app._driver._size = size = Size(width, height)
    pilot.app.post_message(events.Resize(size, size))
    await until(pilot, lambda: pilot.app.screen._compositor.size == size)
    await settle(pilot)


async def press(pilot: Pilot[Any], *keys: str) -> None:
    """Like Pilot's own, which waits a second for each key while a training thread keeps the process busy."""
    for key in keys:
        pilot.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await settle(pilot)


async def judged(pilot: Pilot[Any], screen: LabScreen) -> None:
    """Wait until what is written about the lanes is the verdict on the picture that is shown."""
    await until(pilot, lambda: screen.verdicts.settled and screen._judged == screen.verdicts.made)
    await settle(pilot)


def now(screen: LabScreen) -> Snapshot:
    """What the screen shows."""
    assert screen.snapshot is not None
    return screen.snapshot


async def at_step(pilot: Pilot[Any], screen: LabScreen, step: int) -> Snapshot:
    """The picture of that step, drawn."""
    await until(pilot, lambda: screen.snapshot is not None and screen.snapshot.step == step)
    await settle(pilot)
    return now(screen)


def line(pilot: Pilot[Any], name: str) -> str:
    """The text of one panel of the lab."""
    return "\n".join(strip.text for strip in pilot.app.screen.query_one(f"#{name}")._strips)  # type: ignore[attr-defined]
