"""What the lab shows, character by character: before, during and after a run, at four sizes.

Set INITSCOPE_UPDATE_SNAPSHOTS=1 to write the files in `snapshots` anew, and read the difference.
"""

import asyncio
import os
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from labpilot import at_step, comparison, judged, lab, line, now, press, resize, until
from screens import screen_text
from textual.pilot import Pilot

FOLDER = Path(__file__).with_name("snapshots")
UPDATE = os.environ.get("INITSCOPE_UPDATE_SNAPSHOTS") == "1"
SIZES = ((40, 12), (80, 24), (120, 40), (200, 60))
PATIENCE = 5.0
"""Seconds that a picture may take to come."""
STEPS = 30
"""An epoch in batches of 50. Few, because later digits depend on the order in which a processor's kernels add."""
THREE = comparison(inits=("rand", "randn", "xavier_normal"), **{"batch-size": "50"})


async def check_all(pilot: Pilot[Any], name: str) -> None:
    """The present picture at every size is the one on file, or becomes it within seconds."""
    wrong = []
    for width, height in SIZES:
        await resize(pilot, width, height)
        file = FOLDER / f"{name}-{width}x{height}.txt"
        if UPDATE:
            await asyncio.sleep(0.5)
            FOLDER.mkdir(exist_ok=True)
            file.write_text(screen_text(pilot.app) + "\n", encoding="utf-8")
            continue
        expected = file.read_text(encoding="utf-8") if file.exists() else "nothing"
        start = perf_counter()
        while screen_text(pilot.app) + "\n" != expected and perf_counter() - start < PATIENCE:
            await asyncio.sleep(0.02)
        if screen_text(pilot.app) + "\n" != expected:
            wrong.append(f"{file.name} is now\n{screen_text(pilot.app)}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("unicode", [True, False], ids=["unicode", "ascii"])
async def test_before_during_and_after_a_run(unicode: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    kind = "lab" if unicode else "ascii"
    if not unicode:
        monkeypatch.setattr("test_lab_snapshots.SIZES", ((40, 12), (120, 40)))
    async with lab(SIZES[0], THREE, unicode) as (pilot, screen):
        await judged(pilot, screen)
        await check_all(pilot, f"{kind}-before")
        await press(pilot, "n", "down")
        await at_step(pilot, screen, STEPS)
        await judged(pilot, screen)
        await check_all(pilot, f"{kind}-during")
        await press(pilot, "x")
        await until(pilot, lambda: now(screen).ended and "ended" in line(pilot, "title"))
        await judged(pilot, screen)
        await check_all(pilot, f"{kind}-after")


async def test_the_other_views() -> None:
    async with lab(SIZES[0], THREE) as (pilot, screen):
        await press(pilot, "n")
        await at_step(pilot, screen, STEPS)
        await judged(pilot, screen)
        await press(pilot, "h")
        await check_all(pilot, "states")
        await press(pilot, "z", "m", "left")
        await check_all(pilot, "zoom-states")
        await press(pilot, "h", "h", "g", "t", "l")
        await until(pilot, lambda: 1 in now(screen).lanes[0].distributions)
        await check_all(pilot, "zoom-measure")
