"""What the tests of the lab's panels share: snapshots of real small runs, their verdicts, and lines without codes."""

import re
from functools import cache

from initscope.core.comparison import Comparison
from initscope.core.datasets.data import load
from initscope.core.diagnosis import forecast_verdict, lane_verdict
from initscope.core.snapshot import LaneSnapshot, Snapshot
from initscope.core.training import Trainer
from initscope.tui.judged import Judged
from initscope.tui.sheet import Style

DATA = {name: load(name) for name in ("digits", "circles")}
CODES = re.compile(r"\x1b\[(?:0|1|7|38;2;\d{1,3};\d{1,3};\d{1,3})m")
DEEP = "64-" + "3-" * 99 + "10"
OVERFLOW = "init=randn activation=linear loss=cross_entropy lr=1e300"
LONG_NAME = "init=randn name=Größe·名前·very·long·name·indeed·that·does·not·fit"
NINE = [
    "init=rand", "init=randn arch=64-40-40-10", OVERFLOW, "init=zeros", LONG_NAME, "init=scaled_randn",
    "init=he_normal arch=64-20-20-20-10 activation=relu", "init=orthogonal arch=64-10",
    "init=randn seed=3 batch-size=20 loss=cross_entropy optimizer=adam",
]  # fmt: skip
CASES = {
    "start": (0, None, {}, ["init=rand", "init=randn"]),
    "two": (40, None, {}, ["init=rand", "init=randn"]),
    "second layer": (5, 1, {}, ["init=rand", "init=randn"]),
    "nine": (20, 0, {}, NINE),
    "all layers": (20, None, {}, NINE),
    "one": (3, 0, {"data": "circles"}, ["init=xavier_normal"]),
    "deep": (2, 50, {"arch": DEEP}, ["init=randn", "init=randn arch=64-5-10"]),
    "ended": (30, 0, {"steps": "30"}, ["init=rand", OVERFLOW]),
    "all diverged": (5, 0, {}, [OVERFLOW, OVERFLOW]),
}


def judged(lane: LaneSnapshot, foreseen: bool = False) -> Judged:
    data = DATA[lane.spec.data]
    verdict = forecast_verdict(lane.spec, data) if foreseen else lane_verdict(lane, data)
    return Judged(verdict, foreseen, lane.step, lane.status, lane.final is not None)


@cache
def verdicts(case: str) -> list[Judged]:
    return [judged(lane) for lane in snapshot(case).lanes]


@cache
def snapshot(case: str) -> Snapshot:
    steps, focus, options, lanes = CASES[case]
    trainer = Trainer(Comparison.of({"dtype": "float64", **options}, [], lanes).specs(DATA), DATA)
    trainer.focus = focus
    *_, last = trainer.run(steps)
    return last


def bare(lines: list[str], style: Style, exact: bool) -> list[str]:
    """The lines without codes, proved to have the style's width and means, and its height if `exact`."""
    text = [CODES.sub("", line) for line in lines]
    assert all(len(line) == style.width for line in text), [len(line) for line in text]
    assert len(text) == style.height if exact else len(text) <= style.height
    assert all(line.isprintable() for line in text)
    if not style.unicode:
        assert all(line.isascii() for line in lines)
    return text
