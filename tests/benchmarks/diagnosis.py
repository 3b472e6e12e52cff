"""How often the verdict is right: on networks that are labelled by what really happens to them (labelled.py).

    python tests/benchmarks/diagnosis.py [--half build|held|both] [--file FILE] [--kinds] [--limit N]

Every network is judged twice: from its forecast alone, before training, and from the record of its own run. Of the
networks whose cause is the initialization, and nothing else, that must be blamed first; a network that learns must
get no finding. Misses are listed of the half on which rules are built, never of the half held out.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import labelled_data
import numpy as np
from labelled import FILE, Row, network_of, spec_of, stored
from labelled_design import BUILD, HELD

from initscope.core.diagnosis import Blame, Verdict, forecast_verdict, lane_verdict
from initscope.core.training import Trainer

NAMED, FORECAST, ALARMS = 0.95, 0.90, 0.02
"""To hold: initialization first from the record, and from the forecast alone; alarms on networks that learn."""
BLAMES = {
    "none": Blame.NONE,
    "initialization": Blame.INITIALIZATION,
    "learning rate": Blame.LEARNING_RATE,
    "data": Blame.DATA,
    "depth": Blame.ARCHITECTURE,
}
"""What a label's name of a cause is in a verdict. `both` and `either` come with two of these names."""
FROM = ("forecast", "record")


@dataclass(frozen=True)
class Judged:
    """One network, its label and both verdicts."""

    row: Row
    verdicts: dict[str, Verdict]
    seconds: float
    """For the forecast's verdict."""

    @property
    def cause(self) -> str:
        return str(self.row["cause"])

    def first(self, source: str) -> Blame:
        return self.verdicts[source].causes[0][0]

    def right(self, source: str) -> bool:
        """Whether the first cause is one that is true."""
        names = self.row["true"]
        assert isinstance(names, list)
        return self.first(source) in {BLAMES[name] for name in names if name in BLAMES}


def judge(row: Row) -> Judged:
    network = network_of(row)
    spec = spec_of(network)
    dataset = labelled_data.load(spec.data)
    *_, last = Trainer([spec], {spec.data: dataset}).run(budget=10, every=1000)
    begin = perf_counter()
    before = forecast_verdict(spec, dataset)
    seconds = perf_counter() - begin
    return Judged(row, {"forecast": before, "record": lane_verdict(last.lanes[0], dataset)}, seconds)


def share(values: Sequence[bool]) -> float:
    return sum(values) / len(values) if values else float("nan")


def report(judged: Sequence[Judged], half: str, kinds: bool) -> bool:
    """Print the scores of one half; whether they hold."""
    blamed = [j for j in judged if j.cause == "initialization"]
    learning = [j for j in judged if j.cause == "none"]
    held = True
    print(f"{half}: {len(judged)} networks, {len(blamed)} by initialization alone, {len(learning)} learn")
    for source, least in (("record", NAMED), ("forecast", FORECAST)):
        named = share([j.first(source) is Blame.INITIALIZATION for j in blamed])
        alarms = share([not j.verdicts[source].healthy for j in learning])
        held &= named >= least and (source != "record" or alarms <= ALARMS)
        print(f"  from the {source}: initialization first {named:.1%} (hold {least:.0%}), alarms {alarms:.1%}")
    times = [j.seconds for j in judged]
    print(f"  forecast_verdict: median {np.median(times):.3f} s, 95 % below {np.quantile(times, 0.95):.3f} s")
    print("  cause           networks  right from forecast  right from record")
    for cause, count in Counter(j.cause for j in judged).most_common():
        of = [j for j in judged if j.cause == cause]
        rights = "".join(f"{share([j.right(source) for j in of]):>20.0%}" for source in FROM)
        print(f"  {cause:15} {count:>8} {rights}")
    if kinds:
        _kinds(judged)
    return held


def _kinds(judged: Sequence[Judged]) -> None:
    """What was blamed first from the record, by kind."""
    for kind in dict.fromkeys(str(j.row["kind"]) for j in judged):
        found = Counter(f"{j.cause} -> {j.first('record').value}" for j in judged if j.row["kind"] == kind)
        print(f"  {kind}: " + ", ".join(f"{words} {count}" for words, count in found.most_common()))


def misses(judged: Sequence[Judged]) -> None:
    for source in FROM:
        for j in judged:
            if j.cause not in ("marginal", "unknown") and not j.right(source):
                verdict = j.verdicts[source]
                codes = ", ".join(finding.code for finding in verdict.findings) or "nothing"
                print(f"  {source}: {j.row['id']} {j.row['kind']} is {j.cause}, found {codes}: {j.row['options']}")


def main() -> int:
    parser = argparse.ArgumentParser(description="Score the verdicts on labelled networks.")
    parser.add_argument("--half", choices=(BUILD, HELD, "both"), default=BUILD)
    parser.add_argument("--file", type=Path, default=FILE, help="such as networks-fresh.json, which no rule has seen")
    parser.add_argument("--kinds", action="store_true", help="what was blamed, kind by kind; of the half built on")
    parser.add_argument("--limit", type=int, help="at most so many networks of each half")
    options = parser.parse_args()
    holds = True
    for half in (BUILD, HELD) if options.half == "both" else (options.half,):
        rows = [row for row in stored(options.file) if row["half"] == half][: options.limit]
        judged = [judge(row) for row in rows]
        holds &= report(judged, half, options.kinds and half == BUILD)
        if half == BUILD:
            misses(judged)
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
