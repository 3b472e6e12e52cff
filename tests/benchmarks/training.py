"""Training speed and probe overhead against PyTorch, JAX and scikit-learn, in one run on one core.

    python tests/benchmarks/training.py [--repeats N] [--json FILE] [--keep-kernels]

Peers that are not installed are skipped with a message. Times are medians over repeats taken in turns; a
ratio is the median of the ratios within each turn, so it need not be the quotient of the two medians.
An OPENBLAS_CORETYPE in the environment would bind our products and scikit-learn's to older kernels, but not
those of PyTorch and JAX: it is dropped, unless `--keep-kernels` is given.
"""

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from timing import in_turns, machine, one_core, ratio

if TYPE_CHECKING:
    from lockstep import Case, ProbeCost
    from peers import Floats

TORCH, JAX = "PyTorch eager, one by one", "JAX jit(vmap(scan))"
SGEMM = "sgemm rate of this machine"
HOLD = {
    ("784-30-10, batch 10", 8, TORCH): 10.0,
    ("784-30-10, batch 10", 8, JAX): 1.0,
    ("784-100-100-100-100-100-10, batch 100", 4, TORCH): 1.3,
    ("784-100-100-100-100-100-10, batch 100", 4, JAX): 0.9,
    ("784-512-512-10, batch 128", 4, SGEMM): 0.8,
}
"""Least ratio by (case, lanes, peer): the numbers to hold of the design."""
HOLD_PROBES = 0.05
"""Most that probes may add to a long run's training time."""
LONG = 40_000
"""Steps of a long run. In a shorter one the early probes, which come thick, weigh more."""
SAME = 1e-3
"""Most that a weight may differ from ours after the first epoch, for the work to count as the same."""


@dataclass(frozen=True)
class Row:
    """Ours against one peer. Microseconds are for one step of one lane; for sgemm, of the same operations."""

    case: str
    lanes: int
    peer: str
    ours_us: float
    peer_us: float
    ratio: float
    hold: float | None

    @property
    def holds(self) -> bool | None:
        return None if self.hold is None else self.ratio >= self.hold


def cases() -> "list[Case]":
    from lockstep import Case

    return [
        Case((784, 30, 10), 10, (1, 8), 1000),
        Case((784, 512, 512, 10), 128, (1, 4, 8), 20),
        Case((784, 100, 100, 100, 100, 100, 10), 100, (4,), 100),
    ]


def compare(case: "Case", lanes: int, repeats: int) -> list[Row]:
    """One case at one number of lanes, all contestants in turns."""
    from lockstep import Lockstep, Sgemm
    from peers import available

    ours, gemm = Lockstep(case, lanes), Sgemm()
    work = ours.work()
    peers = {name: kind(work) for name, kind in available()[0].items()}
    ours.run()
    for name, peer in peers.items():
        peer.run()
        _check_same_work(name, ours.first_weights(), peer.first_weights())
    runs = {"ours": ours.run, SGEMM: gemm.run, **{name: peer.run for name, peer in peers.items()}}
    samples = in_turns(runs, repeats)
    scale = {"ours": lanes * case.steps, SGEMM: gemm.flops / case.flops}
    scale |= {name: peer.lanes * case.steps for name, peer in peers.items()}
    per_step = {name: [seconds / scale[name] * 1e6 for seconds in taken] for name, taken in samples.items()}
    return [
        Row(
            case.name, lanes, name, median(per_step["ours"]), median(taken),
            ratio(taken, per_step["ours"]), HOLD.get((case.name, lanes, name)),
        )
        for name, taken in per_step.items()
        if name != "ours"
    ]


def _check_same_work(name: str, ours: "Floats", theirs: "Floats | None") -> None:
    if theirs is None:
        return
    apart = float(abs(ours - theirs).max())
    if not apart <= SAME:
        raise SystemExit(f"{name} did other work: a weight differs by {apart:.2g} after the first epoch")


def speed_table(rows: list[Row]) -> str:
    lines = [
        "| case | lanes | against | ours, µs a step and lane | theirs | ratio | to hold | holds |",
        "| --- | ---: | --- | ---: | ---: | ---: | ---: | --- |",
    ]
    for row in rows:
        hold = "" if row.hold is None else f"{row.hold:g}"
        lines.append(
            f"| {row.case} | {row.lanes} | {row.peer} | {row.ours_us:.1f} | {row.peer_us:.1f} "
            f"| {row.ratio:.2f} | {hold} | {_word(row.holds)} |"
        )
    return "\n".join(lines)


def probe_table(costs: "list[ProbeCost]") -> str:
    lines = [
        "| run | lanes | steps | probes | µs a step | µs a probe | probes' share | to hold | holds |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for cost in costs:
        long = cost.steps >= LONG
        lines.append(
            f"| {cost.name} | {cost.lanes} | {cost.steps:,} | {cost.probes} | {cost.step_seconds * 1e6:.1f} "
            f"| {cost.probe_seconds * 1e6:.0f} | {cost.share:.1%} | {'5%' if long else ''} "
            f"| {_word(cost.share <= HOLD_PROBES if long else None)} |"
        )
    return "\n".join(lines)


def _word(holds: bool | None) -> str:
    return "" if holds is None else "yes" if holds else "NO"


def main() -> int:
    parser = argparse.ArgumentParser(description="Training speed and probe overhead, as ratios in one run.")
    parser.add_argument("--repeats", type=int, default=9, help="turns of all contestants (default 9)")
    parser.add_argument("--json", metavar="FILE", help="write everything measured as JSON")
    parser.add_argument("--keep-kernels", action="store_true", help="keep OPENBLAS_CORETYPE of the environment")
    arguments = parser.parse_args()
    facts = one_core(arguments.keep_kernels)
    from lockstep import probe_costs
    from peers import available

    facts |= machine()
    print("; ".join(f"{key}: {value}" for key, value in facts.items()), end="\n\n")
    for message in available()[1]:
        print(message, file=sys.stderr)
    rows = [
        row for case in cases() for lanes in case.lanes for row in compare(case, lanes, arguments.repeats)
    ]
    print(speed_table(rows), end="\n\n")
    costs = probe_costs()
    print(probe_table(costs))
    if arguments.json:
        found = {
            "machine": facts,
            "speed": [{**asdict(row), "holds": row.holds} for row in rows],
            "probes": [asdict(cost) for cost in costs],
        }
        Path(arguments.json).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
