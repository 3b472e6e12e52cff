"""Label small networks by what really happens: does it learn, and what alone would make it learn.

    python tests/benchmarks/labelled.py [--only KIND] [--limit N] [--check N] [--write-data FOLDER] [--table]

Trains every network of `labelled_design` with two or three seeds, and beside it, on the same batches, what
differs in the initializers alone (biases zero then) or in the learning rate alone; of a network that fails and
that neither cures, also what differs in both, in the data's fault, or in the layers. The rule is that of
`labelled_rule`. Writes networks.json, one network a line; those that it holds already are left out. `--check`
labels some of them anew and compares.

networks-fresh.json holds networks of the same kinds from another seed, drawn after every rule of the diagnosis
was written: `--seed 20261122 --half held --file tests/benchmarks/networks-fresh.json` made it.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from time import process_time

import labelled_data
import numpy as np
from labelled_design import BUILD, HELD, SEED, Network, networks
from labelled_rule import CAUSES, CHANGES, Cure, Outcome, Outcomes, Variant, best, cause, learns, outcome, progress

from initscope.core.architecture import Architecture
from initscope.core.gains import gain
from initscope.core.initialization.initializers import initializer
from initscope.core.spec import Spec, default_lr, read
from initscope.core.training import Trainer

FILE = Path(__file__).with_name("networks.json")
SEEDS = 2
RATES = 9
"""Learning rates tried, besides the usual one."""
LEAST_LR = 1e-5
SAME_LR = 1.05
"""A learning rate within this factor of the network's own is no change."""
SHALLOW = 2
"""Hidden layers of the shallow variant."""
SIGMOID_GAIN = 4
"""1 / sigmoid'(0): keeps the size of what depends on the input, where Glorot & Bengio suppose a slope of 1."""
DIGITS = 3
OWN = Variant("own", "")

Row = dict[str, object]


def spec_of(network: Network) -> Spec:
    return read(network.options, labelled_data.load(network.options.get("data", "digits")))


# Variants: what is tried on a network


def initializations(spec: Spec) -> dict[Variant, Spec]:
    """The usual initializers, with biases zero."""
    texts = ["xavier_normal", "he_normal", "lecun_normal", "orthogonal", "lsuv"]
    texts.append(f"orthogonal:gain={gain(spec.activation):.4g}")
    if spec.activation.name == "sigmoid":
        texts += [f"xavier_normal:gain={SIGMOID_GAIN}", f"orthogonal:gain={SIGMOID_GAIN}"]
    zeros = initializer("zeros")
    return {
        Variant("init", text): replace(spec, initializer=initializer(text), bias_initializer=zeros)
        for text in dict.fromkeys(texts)
        if (initializer(text), zeros) != (spec.initializer, spec.biases)
    }


def rates(spec: Spec) -> dict[Variant, Spec]:
    """Learning rates from LEAST_LR to ten times the greater of the network's own and the usual one."""
    usual = default_lr(spec.optimizer, spec.loss)
    grid = np.geomspace(LEAST_LR, 10 * max(spec.lr, usual), RATES)
    found = sorted({float(f"{value:.3g}") for value in (*grid, usual)})
    return {
        Variant("lr", f"{lr:.3g}"): replace(spec, lr=lr)
        for lr in found
        if not spec.lr / SAME_LR < lr < spec.lr * SAME_LR
    }


def pairs(spec: Spec) -> dict[Variant, Spec]:
    """Every second learning rate with the initializers that fit themselves to the activation or to the data."""
    fitted = [item for item in initializations(spec).items() if "gain" in item[0].value or item[0].value == "lsuv"]
    return {
        Variant("both", f"{start.value} lr={rate.value}"): replace(swapped, lr=changed.lr)
        for start, swapped in fitted
        for rate, changed in list(rates(spec).items())[1::2]
    }


def mended(spec: Spec) -> dict[Variant, Spec]:
    name = labelled_data.REPAIRED.get(spec.data)
    return {} if name is None else {Variant("data", name): replace(spec, data=name)}


def reshaped(spec: Spec) -> dict[Variant, Spec]:
    """The same with fewer hidden layers, and with batch norm; for plain dense networks alone."""
    sizes = str(spec.architecture).split("-")
    if "x" in "".join(sizes):  # repeats, as in 64-50x10-10
        sizes = [str(spec.architecture.layers[0].fan_in), *(str(layer.units) for layer in spec.architecture.layers)]
    hidden = sizes[1:-1]
    if len(hidden) <= SHALLOW or not all(size.isdigit() for size in sizes):
        return {}
    shallow = "-".join([sizes[0], *hidden[:SHALLOW], sizes[-1]])
    normed = "-".join([sizes[0], *(f"{size}-bn" for size in hidden), sizes[-1]])
    shape = labelled_data.load(spec.data).feature_shape
    return {
        Variant("depth", name): replace(spec, architecture=Architecture.parse(text, shape))
        for name, text in ((f"{SHALLOW} hidden layers", shallow), ("bn", normed))
    }


# Training


def train(variants: Mapping[Variant, Spec], seeds: Iterable[int]) -> dict[Variant, list[Outcome]]:
    """What becomes of every variant with each seed, as lanes of one trainer."""
    lanes = [(variant, replace(spec, seed=seed)) for seed in seeds for variant, spec in variants.items()]
    if not lanes:
        return {}
    datasets = {spec.data: labelled_data.load(spec.data) for _, spec in lanes}
    *_, last = Trainer([spec for _, spec in lanes], datasets).run(budget=10, every=1000)
    found: dict[Variant, list[Outcome]] = {variant: [] for variant in variants}
    for (variant, spec), lane in zip(lanes, last.lanes, strict=True):
        assert lane.final is not None
        found[variant].append(outcome(lane.final, datasets[spec.data], spec.loss.name))
    return found


def label(network: Network) -> Row:
    """Train a network and its variants, and conclude."""
    spec = spec_of(network)
    first = {OWN: spec} | initializations(spec) | rates(spec)
    seeds = list(range(spec.seed, spec.seed + SEEDS))
    found = train(first, seeds)
    learning = learns(progress(found)[OWN])
    if learning is None:
        seeds.append(spec.seed + SEEDS)
        more = train(first, seeds[-1:])
        found = {variant: runs + more[variant] for variant, runs in found.items()}
        learning = learns(progress(found)[OWN])
    own = progress(found)[OWN]
    broken = spec.data in labelled_data.REPAIRED
    if learning is False and broken:
        found |= train(mended(spec), seeds)
    if learning is False and not any(cure.cures for cure in _cures(found).values()):
        found |= train(pairs(spec) | reshaped(spec), seeds)
    cures = _cures(found)
    name, true = cause(learning, cures, broken)
    return {
        "id": network.number,
        "kind": network.kind,
        "half": network.half,
        "options": network.options,
        "learns": learning,
        "cause": name,
        "true": list(true),
        "progress": [_short(value) for value in own],
        "test": _short(float(np.mean([run.test for run in found[OWN]]))),
        "loss": _short(float(np.mean([run.loss for run in found[OWN]]))),
        **{f"cured_by_{what}": cure.cures for what, cure in cures.items()},
        "best": {what: _written(cure) for what, cure in cures.items()},
    }


def _cures(found: Outcomes) -> dict[str, Cure]:
    """The best of every sort of change that was tried."""
    return {what: cure for what in CHANGES if (cure := best(found, what))}


def _written(cure: Cure) -> list[object]:
    """The change, and its mean progress, test accuracy and training loss."""
    return [cure.variant.value, _short(cure.progress), _short(cure.test), _short(cure.loss)]


def _short(value: float) -> float | None:
    return float(f"{value:.{DIGITS}g}") if np.isfinite(value) else None


# The file


def stored(path: Path = FILE) -> list[Row]:
    """The labelled networks; none if there is no file."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else []


def write(rows: Sequence[Row], path: Path = FILE) -> None:
    lines = [json.dumps(row, separators=(",", ":"), allow_nan=False) for row in sorted(rows, key=_number)]
    path.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


def _number(row: Row) -> int:
    return int(str(row["id"]))


def network_of(row: Row) -> Network:
    """The network of a line of the file."""
    options = row["options"]
    assert isinstance(options, dict)
    return Network(_number(row), str(row["kind"]), str(row["half"]), options)


def fill(wanted: Sequence[Network], drawn: Sequence[Network], path: Path, every: int = 10) -> None:
    """Label those that the file does not hold; what it holds that is not, or no longer, drawn so is dropped."""
    designed = {network.number: network for network in drawn}
    rows = {_number(row): row for row in stored(path) if network_of(row) == designed.get(_number(row))}
    missing = [network for network in wanted if network.number not in rows]
    began = process_time()
    for done, network in enumerate(missing, 1):
        rows[network.number] = row = label(network)
        if done % every == 0 or done == len(missing):
            write(list(rows.values()), path)
        seconds = process_time() - began
        print(f"{done}/{len(missing)} {seconds:.0f} s  {network.number} {network.kind}: {row['cause']}", flush=True)


def check(count: int, path: Path) -> Iterator[str]:
    """What came out otherwise when `count` of the file's networks were labelled anew."""
    rows = stored(path)
    for place in np.random.default_rng().permutation(len(rows))[:count]:
        row = rows[int(place)]
        again = label(network_of(row))
        if any(again[key] != row[key] for key in ("learns", "cause", "true")):
            yield f"network {row['id']} ({row['kind']}): was {row['cause']}, now {again['cause']}"


def table(rows: Sequence[Row]) -> str:
    """Counts by kind and cause, and by half and cause."""
    lines = ["| | " + " | ".join(CAUSES) + " |", "| --- |" + " ---: |" * len(CAUSES)]
    for key in ("kind", "half"):
        for name in dict.fromkeys(str(row[key]) for row in rows):
            counts = Counter(str(row["cause"]) for row in rows if row[key] == name)
            lines.append(f"| {name} | " + " | ".join(str(counts[c] or "") for c in CAUSES) + " |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description="Label small networks by what really happens.")
    parser.add_argument("--only", metavar="KIND", help="networks of this kind")
    parser.add_argument("--half", choices=(BUILD, HELD), help="networks of this half")
    parser.add_argument("--seed", type=int, default=SEED, help="of the draw")
    parser.add_argument("--file", type=Path, default=FILE, help="where they are written")
    parser.add_argument("--limit", type=int, help="at most so many")
    parser.add_argument("--check", type=int, metavar="N", help="label N of the file anew and compare")
    parser.add_argument("--write-data", type=Path, metavar="FOLDER", help="write the broken data as .npz files")
    parser.add_argument("--table", action="store_true", help="count causes, and train nothing")
    arguments = parser.parse_args()
    if arguments.write_data:
        labelled_data.write_all(arguments.write_data)
    elif arguments.check:
        differing = list(check(arguments.check, arguments.file))
        print("\n".join(differing) or f"{arguments.check} networks: the same labels")
        return bool(differing)
    elif not arguments.table:
        drawn = list(networks(arguments.seed))
        wanted = [n for n in drawn if arguments.only in (None, n.kind) and arguments.half in (None, n.half)]
        fill(wanted[: arguments.limit], drawn, arguments.file)
    if not arguments.write_data and not arguments.check:
        print(table(stored(arguments.file)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
