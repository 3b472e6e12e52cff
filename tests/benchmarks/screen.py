"""What the lab costs: training speed, answers to keys, bytes and start-up of the installed command in a terminal.

    python tests/benchmarks/screen.py [--only PART ...] [--json FILE]

The command runs on one core, this driver and the emulated terminal on another where there is one. What is
compared is measured in turns, with runs being saved and lanes judged, as they are unless one says otherwise; without
a screen nothing is. About six minutes on a quiet machine; endurance.py measures what takes longer.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
from labcase import CORE, CORES, INITSCOPE, LANES, Row, complete, lab, step_of, table
from terminal import Terminal
from timing import machine

PARTS = ("start", "speed", "bytes", "keys", "rest")
TURNS, SETTLE, WINDOW = 5, 0.5, 2.0
"""Turns; seconds of training before and while speed is measured."""
PRESSES, STARTS = 60, 5
EMPTY = """
from textual.app import App
from textual.widgets import Static
class Empty(App):
    def compose(self):
        yield Static("ready")
Empty().run()
"""


def any_text(lines: Sequence[str]) -> bool:
    return any(line.strip() for line in lines)


def train_on_screen(terminal: Terminal, first: int, last: int) -> tuple[float, float, float]:
    """Rewind and train to step `last`: steps a second from `first` on, by wall and processor time; bytes a second."""
    terminal.write("r")
    terminal.wait(lambda lines: step_of(lines) == 0)
    begin, bytes_then = terminal.write(" "), terminal.bytes
    points: list[tuple[float, float, int]] = []
    while not points or points[-1][2] < last:
        if (arrived := terminal.look(10)) is None:
            raise SystemExit("the lab stopped showing that it trains")
        step = step_of(terminal.screen.display)
        if step >= first and (not points or points[-1][2] != step):
            points.append((arrived, terminal.cpu(), step))
    seconds, sent = perf_counter() - begin, terminal.bytes - bytes_then
    terminal.write(" ")
    terminal.wait(lambda lines: "paused" in lines[0])
    wall, cpu, steps = np.array(points).T
    # Slopes, as pictures are up to half a second old: single differences would be off by tenths.
    return float(np.polyfit(wall, steps, 1)[0]), float(np.polyfit(cpu, steps, 1)[0]), sent / seconds


def headless(case: Sequence[str], steps: int) -> tuple[float, float]:
    """Seconds of a run without a screen, by wall and processor time."""
    command = [INITSCOPE, "run", *case, "--steps", str(steps), "--json", "-"]
    before = os.times()
    wall = on_the_core(command)
    return wall, sum(os.times()[2:4]) - sum(before[2:4])


def on_the_core(command: Sequence[str]) -> float:
    """Run a command to its end on the lab's core; returns the seconds it took."""
    begin = perf_counter()
    subprocess.run(
        command, check=True, stdin=subprocess.DEVNULL, capture_output=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {CORE}),
    )  # fmt: skip
    return perf_counter() - begin


def speed(name: str, case: Sequence[str]) -> list[Row]:
    """Training speed with a screen against none, and bytes to the terminal, at 120x40.

    Without a screen, the speed is the difference of two runs of different length. The best of the turns counts
    on both sides: a disturbance costs more than the screen does (on a virtual machine the first command after a
    while pays seconds for memory that the host had taken back; hence two short runs around the long one). Every turn
    has a new lab: how fast a process trains depends by a tenth on where its memory happens to lie.
    """
    short: list[tuple[float, float]] = []
    long: list[tuple[float, float]] = []
    shown = []
    span: tuple[int, int] | None = None
    for _ in range(TURNS):
        with lab(case, 120, 40) as terminal:
            first, last = span = span or stretch(terminal)
            shown.append(train_on_screen(terminal, first, last))
        for steps, taken in ((first, short), (last, long), (first, short)):
            taken.append(headless(case, steps))
    wall, cpu, sent = zip(*shown, strict=True)
    alone, alone_cpu = (
        (last - first) / (min(run[clock] for run in long) - min(run[clock] for run in short)) for clock in (0, 1)
    )
    kept = max(wall) / alone
    text = f"{kept:.0%} (by processor time {max(cpu) / alone_cpu:.0%}; {alone:,.0f} steps/s without)"
    return [
        Row(f"training speed kept, {name}, 120x40", text, ">= 90%", kept >= 0.9),
        bytes_row(f"{name}, 120x40", median(sent), 25),
    ]


def stretch(terminal: Terminal) -> tuple[int, int]:
    """The steps between which speed is measured here, `SETTLE` and `WINDOW` seconds of training."""
    terminal.write(" ")
    terminal.wait(lambda lines: step_of(lines) > 0)
    begin, step = perf_counter(), step_of(terminal.screen.display)
    terminal.watch(1.5)
    rate = (step_of(terminal.screen.display) - step) / (perf_counter() - begin)
    terminal.write(" ")
    terminal.wait(lambda lines: "paused" in lines[0])
    return round(rate * SETTLE), round(rate * (SETTLE + WINDOW))


def bytes_row(name: str, sent: float, most: float) -> Row:
    return Row(f"bytes while training, {name}", f"{sent / 1000:.1f} kB/s", f"< {most:g} kB/s", sent < most * 1000)


def bytes_on_small_screen(name: str, case: Sequence[str]) -> Row:
    with lab(case, 80, 24) as terminal:
        terminal.write(" ")
        return bytes_row(f"{name}, 80x24", terminal.watch(4) / 4, 10)


def at_rest(case: Sequence[str]) -> list[Row]:
    """Bytes and processor time of a paused lab, after some training."""
    with lab(case, 120, 40) as terminal:
        terminal.write(" ")
        terminal.watch(1)
        terminal.write(" ")
        terminal.watch(1)
        cpu = terminal.cpu()
        sent = terminal.watch(5) / 5
        share = (terminal.cpu() - cpu) / 5
    return [
        Row("bytes while paused, 120x40", f"{sent:.0f} bytes/s", "< 200 bytes/s", sent < 200),
        Row("processor while paused, 120x40", f"{share:.1%}", "< 1%", share < 0.01),
    ]


def keys(name: str, case: Sequence[str]) -> list[Row]:
    """From a key press to its answer on the screen, while training flat out and while paused."""
    rows = []
    with lab(case, 120, 40) as terminal:
        for training in (True, False):
            terminal.write(" ")
            terminal.watch(1)
            taken = sorted(answers(terminal))
            middle, most = median(taken), taken[round(0.95 * len(taken)) - 1]
            rows.append(
                Row(
                    f"key to answer, {'training' if training else 'paused'}, {name}, 120x40",
                    f"median {middle * 1e3:.1f} ms, 95% {most * 1e3:.1f} ms, longest {taken[-1] * 1e3:.0f} ms",
                    "median < 15 ms, 95% < 50 ms",
                    middle < 0.015 and most < 0.05,
                )
            )
    return rows


def answers(terminal: Terminal) -> list[float]:
    """Seconds from each of the presses to the first output that shows what it did."""
    moments = random.Random(0)
    taken = []
    shows: dict[str, Callable[[Sequence[str]], object]] = {
        "\x1b[B": lambda lines: [line[:2] for line in lines[2:4]],
        "h": lambda lines: [line for line in lines if ", by layer" in line],
        "\x1b[A": lambda lines: [line[:2] for line in lines[2:4]],
        "g": lambda lines: ["loss · log" in line for line in lines],
    }
    for press in range(PRESSES):
        key, look = list(shows.items())[press % len(shows)]
        terminal.watch(moments.uniform(0.06, 0.16))
        changed = partial(differs, look, look(terminal.screen.display))
        pressed = terminal.write(key)
        taken.append(terminal.wait(changed) - pressed)
    return taken


def differs(look: Callable[[Sequence[str]], object], before: object, lines: Sequence[str]) -> bool:
    return look(lines) != before


def start_up(folder: Path) -> list[Row]:
    """First paint and the complete lab against an empty Textual app; --help against importing numpy."""
    (script := folder / "empty.py").write_text(EMPTY, encoding="utf-8")
    empty, first, whole, short, import_numpy = [], [], [], [], []
    for _ in range(STARTS):
        with Terminal([sys.executable, str(script)], 120, 40, CORE) as terminal:
            empty.append(terminal.wait(any_text) - terminal.started)
        with Terminal([INITSCOPE], 120, 40, CORE) as terminal:
            first.append(terminal.wait(any_text) - terminal.started)
            whole.append(terminal.wait(complete) - terminal.started)
        short.append(on_the_core([INITSCOPE, "--help"]))
        import_numpy.append(on_the_core([sys.executable, "-c", "import numpy"]))
    return [
        against("start to first paint", first, "an empty Textual app", empty, 1.5),
        against("start to the complete lab", whole, "an empty Textual app", empty, None),
        against("initscope --help", short, "python -c 'import numpy'", import_numpy, 2),
    ]


def against(what: str, ours: list[float], other: str, theirs: list[float], most: float | None) -> Row:
    times = median(a / b for a, b in zip(ours, theirs, strict=True))
    text = f"{times:.2f} times ({median(ours) * 1e3:.0f} / {median(theirs) * 1e3:.0f} ms)"
    return Row(f"{what} / {other}", text, f"< {most:g} times" if most else "", times < most if most else None)


def cases(data: Path) -> dict[str, list[str]]:
    """Options by name; `data` becomes random images of the size and number of MNIST's."""
    rng = np.random.default_rng(0)
    x = {size: rng.integers(0, 256, (size, 784), np.uint8) for size in (60_000, 10_000)}
    y = {size: rng.integers(0, 10, size, np.uint8) for size in x}
    np.savez(data, x_train=x[60_000], y_train=y[60_000], x_test=x[10_000], y_test=y[10_000])
    found = {}
    for name, options in (("784-30-10", ["--data", str(data), "--arch", "784-30-10"]), ("digits 64-30-10", [])):
        for lanes in (2, 4):
            found[f"{name}, {lanes} lanes"] = options + [word for init in LANES[:lanes] for word in ("--init", init)]
    return found


def measured(folder: Path, parts: Sequence[str]) -> list[Row]:
    by_name = cases(folder / "random.npz")
    rows = start_up(folder) if "start" in parts else []
    for name, case in by_name.items() if "speed" in parts else ():
        rows += speed(name, case)
    for name in ("784-30-10, 2 lanes", "digits 64-30-10, 4 lanes"):
        rows += [bytes_on_small_screen(name, by_name[name])] if "bytes" in parts else []
        rows += keys(name, by_name[name]) if "keys" in parts else []
    return rows + (at_rest(by_name["digits 64-30-10, 2 lanes"]) if "rest" in parts else [])


def main() -> int:
    parser = argparse.ArgumentParser(description="What the lab's screen costs, in a real pseudo-terminal.")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--json", metavar="FILE", help="write everything measured as JSON")
    arguments = parser.parse_args()
    os.sched_setaffinity(0, set(CORES) - {CORE} or {CORE})
    sys.setswitchinterval(0.0005)  # the thread that notes arrivals must not wait for the emulator
    facts = {"core of the lab": str(CORE), **machine()}
    print("; ".join(f"{key}: {value}" for key, value in facts.items()), flush=True)
    folder = Path(tempfile.mkdtemp())
    try:
        os.environ["XDG_STATE_HOME"] = str(folder)
        if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):  # what is installed is compiled once, not at every start
            os.environ["PYTHONPYCACHEPREFIX"] = str(folder / "bytecode")
        rows = measured(folder, arguments.only)
    finally:
        shutil.rmtree(folder)
    print("", table(rows), sep="\n")
    if arguments.json:
        found = {"machine": facts, "rows": [asdict(row) for row in rows]}
        Path(arguments.json).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
