"""Training speed of convolutional networks against PyTorch, in one run on one core.

    python tests/benchmarks/convolution.py [--repeats N] [--json FILE] [--keep-kernels]

Both train the same network on the same batches from the same weights, which is checked; see `training.py`
for how times and ratios are taken. Here a ratio is our time over PyTorch's.
"""

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from timing import in_turns, machine, one_core, ratio

if TYPE_CHECKING:
    from peers import Floats, Indices

    from initscope.core.architecture import Architecture
    from initscope.core.datasets.data import Dataset

HOLD = {1: 1.5, 8: 1.0}
"""Most that our time for a step of one lane may be of PyTorch's, by lanes."""
SAME = 1e-3
"""Most that a weight of the first layer may differ after the first epoch, for the work to count as the same."""
LR = 0.01
CLASSES = 10


@dataclass(frozen=True)
class Case:
    """A network, the shape of an example as data lie, and the batch; `steps` are one sample and one epoch."""

    name: str
    arch: str
    picture: tuple[int, ...]
    batch: int
    steps: int


CASES = (
    Case("cats and dogs, 32x32x3", "16c3-16c3-p2-32c3-32c3-p2-32c3-32c3-p2-64-1", (32, 32, 3), 50, 3),
    Case("digits, 8x8", "8c3-p2-16c3-p2-10", (8, 8), 10, 100),
)


@dataclass(frozen=True)
class Row:
    """One case; microseconds are for one step of one lane."""

    case: str
    lanes: int
    batch: int
    ours_us: float
    torch_us: float
    ratio: float

    @property
    def holds(self) -> bool:
        return self.ratio <= HOLD[self.lanes]


class Ours:
    """The trainer over all lanes, without probes; one call trains one more epoch."""

    def __init__(self, case: Case, lanes: int) -> None:
        from lockstep import NEVER

        from initscope.core.spec import read
        from initscope.core.training import Trainer

        self.case, self.lanes = case, lanes
        options = {
            "data": self.data.name, "arch": case.arch, "activation": "relu", "loss": "cross_entropy",
            "lr": str(LR), "batch-size": str(case.batch), "epochs": str(10**6),
        }
        self.specs = [read({**options, "init": f"he_normal:gain={1 + n / 100}"}, self.data) for n in range(lanes)]
        self.trainer = Trainer(self.specs, {self.data.name: self.data})
        (self.ensemble,) = self.trainer._active
        self.ensemble.next_probe = NEVER
        self.start = [(layer.weights[0].copy(), layer.biases[0].copy()) for layer in self.ensemble.network.weighted]

    @cached_property
    def data(self) -> "Dataset":
        """Random pictures with random labels: speed needs no meaning."""
        import numpy as np

        from initscope.core.datasets.data import Dataset

        case, rng = self.case, np.random.default_rng(0)
        classes = 2 if case.arch.endswith("-1") else CLASSES
        x = rng.random((case.batch * case.steps, int(np.prod(case.picture))), dtype=np.float32)
        y = rng.integers(0, classes, len(x))
        return Dataset("random", x, y, x[: case.batch], y[: case.batch], classes, "random", case.picture)

    @property
    def architecture(self) -> "Architecture":
        return self.specs[0].architecture

    @property
    def first_weights(self) -> "Floats":
        import numpy as np

        found: Floats = self.ensemble.network.weighted[0].weights[0].astype(np.float32)
        return found

    def order(self) -> "Indices":
        """The examples of our first epoch."""
        import numpy as np

        from initscope.core.batches import Batches

        first = Batches(self.data, self.case.batch, self.specs[0].seed)
        return np.concatenate([first.at(step)[1] for step in range(self.case.steps)])

    def run(self) -> None:
        import numpy as np

        from initscope.core.blas import one_thread

        with np.errstate(all="ignore"), one_thread():
            for _ in range(self.case.steps):
                self.trainer._step_once(last=False)
        if self.trainer._active != [self.ensemble]:
            raise RuntimeError("a lane diverged, so the benchmark did not do its work")


class Torch:
    """nn.Sequential on pictures (batch, channels, height, width), optim.SGD: the first of our lanes."""

    def __init__(self, ours: Ours) -> None:
        torch = import_module("torch")
        torch.set_num_threads(1)
        self.torch, self.model = torch, torch.nn.Sequential(*_modules(torch.nn, ours.architecture))
        weighted = [module for module in self.model if hasattr(module, "weight")]
        with torch.no_grad():
            for module, (weights, biases) in zip(weighted, ours.start, strict=True):
                module.weight.copy_(torch.from_numpy(weights))
                module.bias.copy_(torch.from_numpy(biases))
        self.first = weighted[0]
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=LR)
        pictures = ours.data.x_train.reshape(-1, *(*ours.case.picture, 1)[:3]).transpose(0, 3, 1, 2)
        self.x = torch.from_numpy(pictures.copy())
        self.one = ours.architecture.outputs == 1
        self.y = torch.from_numpy(ours.data.y_train.copy())
        self.loss: Any = torch.nn.CrossEntropyLoss()
        if self.one:
            self.y, self.loss = self.y.float()[:, None], torch.nn.BCEWithLogitsLoss()
        self.order, self.batch = torch.from_numpy(ours.order()), ours.case.batch

    @property
    def first_weights(self) -> "Floats":
        found: Floats = self.first.weight.detach().numpy().copy()
        return found

    def run(self) -> None:
        for start in range(0, len(self.order), self.batch):
            chosen = self.order[start : start + self.batch]
            x, y = self.x[chosen], self.y[chosen]
            self.optimizer.zero_grad()
            self.loss(self.model(x), y).backward()
            self.optimizer.step()


def _modules(nn: Any, architecture: "Architecture") -> list[Any]:
    from initscope.core.shapes import ActivationShape, ConvolutionShape, DenseShape, PoolShape

    modules: list[Any] = []
    flat = False
    for shape in architecture.program:
        match shape:
            case ConvolutionShape():
                source = shape.source[0]
                modules.append(nn.Conv2d(source, shape.channels, shape.kernel, shape.stride, shape.padding))
            case DenseShape():
                modules += [] if flat else [nn.Flatten()]
                modules.append(nn.Linear(shape.fan_in, shape.fan_out))
                flat = True
            case PoolShape():
                modules.append(nn.MaxPool2d(shape.size, shape.stride))
            case ActivationShape():
                modules.append(nn.ReLU())
            case _:
                raise ValueError(f"no module for {shape}")
    return modules


def compare(case: Case, lanes: int, repeats: int) -> Row:
    ours = Ours(case, lanes)
    torch = Torch(ours)
    ours.run()
    torch.run()
    apart = float(abs(ours.first_weights - torch.first_weights).max())
    if not apart <= SAME:
        raise SystemExit(f"PyTorch did other work: a weight differs by {apart:.2g} after the first epoch")
    samples = in_turns({"ours": ours.run, "torch": torch.run}, repeats)
    mine = [seconds / (lanes * case.steps) * 1e6 for seconds in samples["ours"]]
    theirs = [seconds / case.steps * 1e6 for seconds in samples["torch"]]
    return Row(case.name, lanes, case.batch, median(mine), median(theirs), ratio(mine, theirs))


def table(rows: list[Row]) -> str:
    lines = [
        "| case | batch | lanes | ours, µs a step and lane | PyTorch eager | ours / PyTorch | at most | holds |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for row in rows:
        lines.append(
            f"| {row.case} | {row.batch} | {row.lanes} | {row.ours_us:.0f} | {row.torch_us:.0f} "
            f"| {row.ratio:.2f} | {HOLD[row.lanes]:g} | {'yes' if row.holds else 'NO'} |"
        )
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description="Training speed of convolutional networks, as ratios in one run.")
    parser.add_argument("--repeats", type=int, default=9, help="turns of both contestants (default 9)")
    parser.add_argument("--json", metavar="FILE", help="write everything measured as JSON")
    parser.add_argument("--keep-kernels", action="store_true", help="keep OPENBLAS_CORETYPE of the environment")
    arguments = parser.parse_args()
    facts = one_core(arguments.keep_kernels)
    facts |= machine()
    print("; ".join(f"{key}: {value}" for key, value in facts.items()), end="\n\n")
    rows = [compare(case, lanes, arguments.repeats) for case in CASES for lanes in HOLD]
    print(table(rows))
    if arguments.json:
        found = {"machine": facts, "speed": [{**asdict(row), "holds": row.holds} for row in rows]}
        Path(arguments.json).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
