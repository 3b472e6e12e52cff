"""How often `recognize` is right: every initializer at several shapes and precisions, and trained networks.

    python tests/benchmarks/recognition.py [--seeds N] [--epochs N] [--confusion]

An answer is right if the names include the true one. Where it is not, and the true distribution and that of the answer
differ by less than NATS on average over so many weights, the two cannot be told apart: counted apart. The
orientation is not told.
"""

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from math import prod
from time import perf_counter
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from initscope.core.comparison import Comparison
from initscope.core.datasets.data import load
from initscope.core.initialization.distributions import Constant
from initscope.core.initialization.initializers import CATALOGUE, PRESETS, initializer
from initscope.core.initialization.sampling import DEPENDENT
from initscope.core.recognition.candidates import NATS, divergence, groups
from initscope.core.recognition.recognize import Recognition, recognize
from initscope.core.training import Trainer

SHAPES = ((32, 32), (64, 32), (30, 784), (512, 512), (16, 3, 3, 3))
PRECISIONS = ("float64", "float32", "float16", "bfloat16")
HOLD, HOLD_TRAINED = 0.98, 0.01
"""Least share of right answers, and most of fresh weights that may be called trained."""
NETWORKS = ({"arch": "64-30-10"}, {"arch": "64-100-100-10", "activation": "relu", "loss": "cross_entropy"})
STARTS = (
    "randn", "rand", "xavier_uniform", "he_normal", "torch.nn.Linear", "orthogonal", "randn:scale=0.01", "flax.Dense",
)  # fmt: skip


def fill(name: str, shape: tuple[int, ...], precision: str, seed: int) -> NDArray[Any]:
    """Weights by an initializer, rounded as a library would store them (bfloat16 within float32)."""
    drawn = initializer(name).of(shape).sample(np.random.default_rng(seed), shape)
    if precision != "bfloat16":
        return drawn.astype(precision)
    bits = drawn.astype(np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) & np.uint32(0xFFFF0000)).view(np.float32)


def names_for(shape: tuple[int, ...]) -> list[str]:
    """All entries with their defaults that can fill the shape."""
    known = {name for group in groups(shape) for name in group.names}
    return [name for name in (*CATALOGUE, *PRESETS) if name in known and (name != "identity" or len(shape) == 2)
            and not (len(shape) > 2 and initializer(name).here.name in ("identity", "sparse"))]  # fmt: skip


def verdict(name: str, shape: tuple[int, ...], found: Recognition) -> str:
    """right, alike (nobody could tell), trained, or wrong."""
    if found.trained:
        return "trained"
    if name in found.names + found.otherwise:
        return "right"
    true, answer = initializer(name).of(shape), found.distribution
    if answer is None or isinstance(true, (*DEPENDENT, Constant)) or isinstance(answer, (*DEPENDENT, Constant)):
        return "wrong"
    return "alike" if divergence(true, answer) * prod(shape) < NATS else "wrong"


def measure(seeds: int) -> tuple[dict[tuple[tuple[int, ...], str], Counter[str]], Counter[tuple[str, str, str]]]:
    """Verdicts by (shape, precision), and by entry with its answer, of all that was not right."""
    table: dict[tuple[tuple[int, ...], str], Counter[str]] = defaultdict(Counter)
    confusion: Counter[tuple[str, str, str]] = Counter()
    for shape in SHAPES:
        for precision in PRECISIONS:
            for name in names_for(shape):
                for seed in range(seeds):
                    own = crc32(f"{name} {shape} {precision} {seed}".encode())  # so that every draw is another
                    found = recognize(fill(name, shape, precision, own))
                    said = verdict(name, shape, found)
                    table[shape, precision][said] += 1
                    if said != "right":
                        confusion[f"{'x'.join(map(str, shape))} {precision}: {name}", found.words, said] += 1
    return table, confusion


def networks(epochs: int) -> Iterator[tuple[str, int, NDArray[Any], NDArray[Any]]]:
    """(initializer, layer, weights before, weights after) of networks trained on digits."""
    data = {"digits": load("digits")}
    for options in NETWORKS:
        lanes = [f"init={name}" for name in STARTS]
        specs = Comparison.of({**options, "data": "digits", "epochs": str(epochs)}, (), lanes).specs(data)
        trainer = Trainer(specs, data)
        for _ in trainer.run(budget=10, every=100):
            pass
        for ensemble in trainer.ensembles:
            for row, lane in enumerate(ensemble.lanes):
                for number, layer in enumerate(ensemble.network.weighted):
                    yield STARTS[lane.index], number + 1, lane.start[number][0], layer.weights[row]


def report_trained(epochs: int) -> None:
    """Print what is said of layers before and after training, by how far they moved."""
    print(f"\nafter {epochs} epochs on digits; moved: |W - W0| / |W0|")
    counts: Counter[tuple[str, str]] = Counter()
    for name, layer, before, after in networks(epochs):
        moved = float(np.linalg.norm(after - before) / np.linalg.norm(before)) if before.any() else np.inf
        first, then = recognize(before), recognize(after)
        kind = "start" if np.array_equal(before, after) else "0.3 and more" if moved > 0.3 else "0.1 to 0.3" if (
            moved > 0.1) else "less than 0.1"  # fmt: skip
        counts[kind, "trained" if then.trained else "fresh"] += 1
        counts["before", "trained" if first.trained else "fresh"] += 1
        print(f"{name:18} layer {layer} {before.shape!s:10} moved {moved:6.3f}: {then.confidence:.3f} {then.words}")
    for kind in ("before", "less than 0.1", "0.1 to 0.3", "0.3 and more"):
        print(f"moved {kind:14} called trained {counts[kind, 'trained']}, fresh {counts[kind, 'fresh']}")


def report_speed() -> None:
    """Print the least of five times at two sizes."""
    for shape in ((30, 784), (4096, 4096)):
        weights = fill("xavier_uniform", shape, "float32", 0)
        times = []
        for _ in range(5):
            start = perf_counter()
            recognize(weights)
            times.append(perf_counter() - start)
        print(f"{shape}: {1e3 * min(times):.0f} to {1e3 * max(times):.0f} ms")


def main() -> int:
    parser = argparse.ArgumentParser(description="How often initializers are recognized.")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--confusion", action="store_true", help="list every answer that was not right")
    given = parser.parse_args()
    report_speed()
    table, confusion = measure(given.seeds)
    print(f"{'shape':14} {'precision':10} {'drawn':>6} {'right':>6} {'alike':>6} {'wrong':>6} {'trained':>7}")
    total: Counter[str] = Counter()
    for (shape, precision), counts in table.items():
        total += counts
        line = " ".join(f"{counts[said]:6}" for said in ("right", "alike", "wrong", "trained"))
        print(f"{'x'.join(map(str, shape)):14} {precision:10} {counts.total():6} {line}")
    told = total.total() - total["alike"]
    accuracy: dict[str, Counter[str]] = defaultdict(Counter)
    for (name, _, said), count in confusion.items():
        accuracy[name.partition(": ")[2]][said] += count
    print("not right by entry: " + "; ".join(f"{name} {dict(counts)}" for name, counts in accuracy.items()))
    print(f"right of those that can be told apart: {total['right'] / told:.2%}; fresh but called trained: "
          f"{total['trained'] / total.total():.2%}")  # fmt: skip
    for (name, words, said), count in confusion.most_common(None if given.confusion else 20):
        print(f"{count:4} {said:7} {name} -> {words}")
    report_trained(given.epochs)
    return 0 if total["right"] >= HOLD * told and total["trained"] <= HOLD_TRAINED * total.total() else 1


if __name__ == "__main__":
    sys.exit(main())
