"""Whether the lab stays as small and as quick as it is: memory, resizing, many lanes, many layers, disks that hang.

    python tests/benchmarks/endurance.py [--only PART ...] [--frames N] [--json FILE]

`frames` stands for hours: the lab in this process, its terminal a fake, is given N ticks without the waits between
them, each with a new snapshot after 25 more steps; N / 4 is the seconds it stands for. All parts take half an hour.
"""

import argparse
import asyncio
import importlib
import json
import os
import random
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
from labcase import CORE, CORES, INITSCOPE, Row, complete, lab, lanes, step_of, table
from screen import keys, speed
from terminal import Terminal
from timing import machine

from initscope.core.history import LossRecord

MEBIBYTE = 1 << 20
GROWTH = 8.0
"""MiB that a process may grow by: the allocator's own; what grows with steps or frames would be far more."""
EARLY, LATE = 100_000, 1_000_000
RESIZES, PRESSES = 200, 30
TICKS_A_SECOND, HOURS, STEPS = 4, 8, 25
SLOW_DISK = """
import os, sys, time
fsync = os.fsync
os.fsync = lambda descriptor: (time.sleep(3), fsync(descriptor))
from initscope.tui.cli import main
sys.exit(main())
"""


def resident(process: int) -> float:
    """MiB of memory that the process has."""
    pages = int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MEBIBYTE


def flat(what: str, before: float, after: float) -> Row:
    grown = after - before
    return Row(what, f"{before:.1f} -> {after:.1f} MiB", f"grows by < {GROWTH:g} MiB", grown < GROWTH)


def memory_in_the_lab(folder: Path) -> list[Row]:
    with lab([*lanes(4), "--runs", str(folder / "lab")], 120, 40) as terminal:
        terminal.write(" ")
        sizes = []
        for steps in (EARLY, LATE, 3 * LATE):
            terminal.wait(lambda lines, steps=steps: step_of(lines) > steps, 600)  # type: ignore[misc]
            sizes.append(resident(terminal.process.pid))
    first = f"{sizes[0]:.1f} -> {sizes[1]:.1f} MiB"
    return [
        Row("memory at 100 k and 1 M steps, lab, 4 lanes, saving (caches fill in the first minute)", first),
        flat("memory at 1 M and 3 M steps, the same", *sizes[1:]),
    ]


def memory_headless(folder: Path) -> list[Row]:
    """The most that each of two runs ever had."""
    peaks = []
    for steps in (EARLY, LATE):
        words = ["run", *lanes(4), "--steps", str(steps), "--save", "--runs", str(folder / "run"), "--json", os.devnull]
        process = os.posix_spawn(
            INITSCOPE, [INITSCOPE, *words], dict(os.environ), file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, 1, 0)]
        )
        _, code, used = os.wait4(process, 0)
        if code:
            raise SystemExit(f"initscope {' '.join(words)} ended with {code}")
        peaks.append(used.ru_maxrss / 1024)
    return [flat("most memory of runs of 100 k and 1 M steps, 4 lanes, --save", *peaks)]


def frames(count: int) -> list[Row]:
    """So many ticks of the lab, as fast as they can be drawn."""
    return asyncio.run(_frames(count))


async def _frames(count: int) -> list[Row]:
    sys.path.insert(0, str(Path(__file__).parents[1] / "tui"))
    labpilot = importlib.import_module("labpilot")
    async with labpilot.lab((80, 24), labpilot.comparison(steps="1000000000")) as (pilot, screen):
        await labpilot.settle(pilot)
        begin, taken, sizes = perf_counter(), 0.0, []
        for frame in range(1, count + 1):
            await _new_snapshot(screen)
            start = perf_counter()
            screen._tick()
            taken += perf_counter() - start
            await asyncio.sleep(0)
            if frame in (count // 5, count):
                sizes.append(resident(os.getpid()))
        seconds, steps = perf_counter() - begin, screen.snapshot.step if screen.snapshot else 0
    hours = count / TICKS_A_SECOND / 3600
    what = f"memory after {hours / 5:.1f} and {hours:.1f} hours of frames ({count:,} ticks, {steps:,} steps)"
    tick = f"{taken / count * 1e3:.1f} ms; {seconds:.0f} s in all"
    return [flat(what, *sizes), Row("a tick, drawn in memory, 80x24", tick)]


async def _new_snapshot(screen: Any) -> None:
    """Train on for a few steps, and wait for the picture of the last."""
    goal = screen.session.snapshot.step + STEPS
    screen.session.advance(STEPS)
    while screen.session.snapshot.step < goal:
        await asyncio.sleep(0.0005)


def history() -> list[Row]:
    """Eight hours of losses at 25,000 steps a second, a thousand at a time, into one lane's record."""
    record, losses, steps = LossRecord(), np.random.default_rng(0).random(25_000), HOURS * 3600 * 25_000
    sizes: list[float] = []
    for first in range(0, steps, len(losses)):
        record.add(first, losses)
        if first in (steps // 10 // len(losses) * len(losses), steps - len(losses)):
            sizes.append(sum(array.nbytes for array in record.arrays().values()) / 1024)
    return [Row("one lane's losses of 0.8 and 8 hours", f"{sizes[0]:.0f} -> {sizes[1]:.0f} KiB", "< 32", sizes[1] < 32)]


def resizing() -> list[Row]:
    """A window that is dragged about while lanes train."""
    moments, sizes = random.Random(0), [0.0]
    with lab(lanes(4), 120, 40) as terminal:
        terminal.write(" ")
        for round_ in range(2):
            for _ in range(RESIZES):
                terminal.resize(moments.randint(20, 160), moments.randint(5, 50))
                terminal.watch(0.03)
            terminal.resize(120, 40 + round_)
            begin = perf_counter()
            terminal.wait(complete, 20)
            terminal.wait(lambda lines: len(lines[0].rstrip()) in (119, 120) and "Run" in lines[-1], 20)
            settled = perf_counter() - begin
            sizes.append(resident(terminal.process.pid))
    return [
        flat(f"memory after {RESIZES} and {2 * RESIZES} changes of size", *sizes[1:]),
        Row("after the last, until the screen is right", f"{settled:.2f} s"),
    ]


def many() -> list[Row]:
    """Twenty lanes, and a hundred layers."""
    rows = []
    deep = ["--arch", "64-16x99-10", *lanes(4)]
    for name, case in (("20 lanes", lanes(20)), ("100 layers, 4 lanes", deep)):
        rows += keys(name, case)
        rows += speed(name, case)
    return rows


def slow_disk(folder: Path) -> list[Row]:
    """From `s` and from `space` to their answers, where every fsync takes three seconds, and where none does."""
    rows = []
    for name, program in (("", [INITSCOPE]), (", each fsync 3 s", [sys.executable, "-c", SLOW_DISK])):
        with lab([*lanes(4), "--runs", str(folder / "disk")], 120, 40, program) as terminal:
            taken = {"s": step_answers(terminal), "space": [turn(terminal) for _ in range(PRESSES)]}
        for key, seconds in taken.items():
            middle, most = median(seconds), max(seconds)
            text = f"median {middle * 1e3:.0f} ms, longest {most * 1e3:.0f} ms"
            rows.append(Row(f"{key} to its answer, saving{name}", text, "< 100 ms, < 1 s", middle < 0.1 and most < 1))
    return rows


def step_answers(terminal: Terminal) -> list[float]:
    taken = []
    for _ in range(PRESSES):
        terminal.watch(0.1)
        step = step_of(terminal.screen.display)
        pressed = terminal.write("s")
        taken.append(terminal.wait(lambda lines, step=step: step_of(lines) == step + 1) - pressed)  # type: ignore[misc]
    return taken


def turn(terminal: Terminal) -> float:
    terminal.watch(0.15)
    word = "steps/s" if "paused" in terminal.screen.display[0] else "paused"
    pressed = terminal.write(" ")
    return terminal.wait(lambda lines: word in lines[0]) - pressed


def main() -> int:
    parser = argparse.ArgumentParser(description="Whether the lab stays small and quick.")
    parser.add_argument("--frames", type=int, default=TICKS_A_SECOND * 3600 * HOURS, help="(default: of eight hours)")
    parser.add_argument("--json", metavar="FILE", help="write everything measured as JSON")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        parts: dict[str, Callable[[], list[Row]]] = {
            "headless": lambda: memory_headless(folder), "lab": lambda: memory_in_the_lab(folder), "history": history,
            "resizing": resizing, "many": many, "disk": lambda: slow_disk(folder),
            "frames": lambda: frames(arguments.frames),
        }  # fmt: skip
        names = list(parts)
        parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="PART", help=", ".join(names))
        arguments = parser.parse_args()
        os.environ["XDG_STATE_HOME"] = name
        os.sched_setaffinity(0, set(CORES) - {CORE} or {CORE})
        sys.setswitchinterval(0.0005)
        print("; ".join(f"{key}: {value}" for key, value in machine().items()), flush=True)
        rows: list[Row] = []
        for part in arguments.only:
            rows += parts[part]()
            print(table(rows[-4:]), flush=True)
    print("", table(rows), sep="\n")
    if arguments.json:
        found: dict[str, Sequence[Any]] = {"rows": [asdict(row) for row in rows]}
        Path(arguments.json).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
