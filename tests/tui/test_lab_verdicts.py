"""The lab under Pilot: it speaks its lanes' verdicts, and says once that a lane has turned bad."""

from dataclasses import replace
from typing import Any

from labpilot import at_step, comparison, judged, lab, line, now, press, until
from textual.pilot import Pilot

from initscope.core.snapshot import Status


def notices(pilot: Pilot[Any]) -> list[str]:
    return [notice.message for notice in pilot.app._notifications]


async def test_the_last_line_speaks_the_verdict_and_names_the_key_of_its_proof() -> None:
    async with lab(size=(80, 24), chosen=comparison(steps="200")) as (pilot, screen):
        await judged(pilot, screen)
        said = " ".join(line(pilot, "bottom").split())
        assert said.startswith("1 rand: initialization is to blame (forecast, 97% sure): the weights have mean 0.5")
        assert said.endswith("Remedy: init=xavier_normal:gain=4. p proves it.")
        assert "S initialization 97%" in line(pilot, "lanes")
        await press(pilot, "n", "n")
        await until(pilot, lambda: now(screen).ended)
        await judged(pilot, screen)
        assert "is to blame (97% sure)" in line(pilot, "bottom")
        await press(pilot, "r")
        await at_step(pilot, screen, 0)
        await until(pilot, lambda: "(forecast, 97% sure)" in line(pilot, "bottom"))


async def test_a_lane_that_turns_bad_is_said_once_in_one_line() -> None:
    lanes = ["init=randn", "init=he_normal activation=relu loss=cross_entropy lr=2 steps=300"]
    async with lab(chosen=comparison(lanes=lanes)) as (pilot, screen):
        await judged(pilot, screen)
        assert not notices(pilot)
        worse = replace(now(screen).lanes[0], step=7, status=Status.DIVERGED)
        screen.verdicts.offer(replace(now(screen), lanes=(worse, now(screen).lanes[1])), 0)
        await until(pilot, lambda: notices(pilot))
        (text,) = notices(pilot)
        assert text.startswith("Lane 1 randn: ")
        assert "to blame (" in text
        assert "\n" not in text
