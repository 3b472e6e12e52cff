"""The installed lab in a terminal, and the table of what was measured of it: for screen.py and endurance.py."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from terminal import Terminal

CORES = sorted(os.sched_getaffinity(0))
CORE = CORES[-1]
"""Where the lab runs."""
INITSCOPE = str(Path(sys.executable).parent / "initscope")
ENDLESS = ["--steps", "1000000000"]
LANES = ("rand", "randn", "xavier_normal", "scaled_randn")
FULL_SPEED = "+++++"


@dataclass(frozen=True)
class Row:
    """One line of the table; `holds` is None where there is nothing to hold."""

    what: str
    measured: str
    hold: str = ""
    holds: bool | None = None


def lab(case: Sequence[str], columns: int, rows: int, program: Sequence[str] = (INITSCOPE,)) -> Terminal:
    """The lab, waiting for a key at full speed."""
    terminal = Terminal([*program, *case, *ENDLESS], columns, rows, CORE)
    terminal.wait(complete, 60)
    terminal.write(FULL_SPEED)
    terminal.wait(lambda lines: "full speed" in lines[0])
    return terminal


def complete(lines: Sequence[str]) -> bool:
    """The table of lanes, the charts, the heatmaps and the footer are there."""
    text = "".join(lines)
    return all(word in text for word in (">1 rand", "loss", ", by layer", "Run"))


def step_of(lines: Sequence[str]) -> int:
    """The first lane's step, from the table of lanes."""
    return int(lines[2].split()[2].replace(",", ""))


def lanes(count: int) -> list[str]:
    """Options for so many lanes."""
    return [word for place in range(count) for word in ("--init", LANES[place % len(LANES)])]


def table(rows: Sequence[Row]) -> str:
    lines = ["| what | measured | to hold | holds |", "| --- | --- | --- | --- |"]
    for row in rows:
        holds = "" if row.holds is None else "yes" if row.holds else "NO"
        lines.append(f"| {row.what} | {row.measured} | {row.hold} | {holds} |")
    return "\n".join(lines)
