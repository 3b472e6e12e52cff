"""What README shows of the program is what the program shows.

Set INITSCOPE_UPDATE_SNAPSHOTS=1 to write these parts of README anew.
"""

import os
import re
from pathlib import Path

import pytest
from labpilot import at_step, comparison, judged, lab, press, settle
from screens import screen_text

from initscope.core.probes import PROBES
from initscope.tui.parsers import run_parser

README = Path(__file__).parents[2] / "README.md"
UPDATE = os.environ.get("INITSCOPE_UPDATE_SNAPSHOTS") == "1"


def check(name: str, shown: str) -> None:
    """The part of README between `<!-- name -->` and `<!-- end -->` is `shown`."""
    text = README.read_text(encoding="utf-8")
    part = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
    expected = part.sub(lambda match: f"{match[1]}{shown}\n{match[2]}", text)
    assert part.search(text), f"README has no part {name}"
    if UPDATE:
        README.write_text(expected, encoding="utf-8")
    else:
        assert text == expected


async def test_the_picture() -> None:
    """Three epochs of the lanes that the lab opens with, and one more."""
    async with lab((120, 40), comparison(inits=("rand", "randn", "xavier_normal"))) as (pilot, screen):
        for step in (150, 300, 450):  # a measurement is made where it stops
            await press(pilot, "n")
            await at_step(pilot, screen, step)
        await judged(pilot, screen)
        await press(pilot, "t", "t")  # there and back: every panel is drawn from this very snapshot
        await settle(pilot)
        check("picture", f"```text\n{screen_text(pilot.app)}\n```")


def test_the_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    check("options", f"```text\n{run_parser().format_help().rstrip()}\n```")


def test_the_probes() -> None:
    rows = "\n".join(f"| `{name}` | {meaning} |" for name, meaning in PROBES.items())
    check("probes", f"| probe | what |\n| --- | --- |\n{rows}")
