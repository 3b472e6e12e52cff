"""Our side of the training benchmark: the real trainer with its probes pushed out, and what probes cost."""

from dataclasses import dataclass
from time import thread_time

import numpy as np
from peers import Floats, Work

from initscope.core.batches import Batches
from initscope.core.blas import one_thread
from initscope.core.datasets.data import Dataset, load
from initscope.core.spec import Spec, read
from initscope.core.training import Trainer

NEVER = 10**15
CLASSES = 10
SEED = 0


@dataclass(frozen=True)
class Case:
    """One architecture and batch size, at some numbers of lanes."""

    sizes: tuple[int, ...]
    batch: int
    lanes: tuple[int, ...]
    steps: int
    """In one sample; they are one epoch."""

    @property
    def name(self) -> str:
        return f"{'-'.join(map(str, self.sizes))}, batch {self.batch}"

    @property
    def quadratic(self) -> bool:
        """Nielsen's network as he trains it; the others are relu and cross-entropy."""
        return self.sizes == (784, 30, 10)

    @property
    def flops(self) -> int:
        """Of one step of one lane: forward, weight gradients, input gradients of all layers but the first."""
        products = [n * m for n, m in zip(self.sizes, self.sizes[1:], strict=False)]
        return 2 * self.batch * (3 * sum(products) - products[0])


def random_data(examples: int, tests: int = 100, features: int = 784) -> Dataset:
    """Inputs of the size of MNIST's, a fifth of them not zero, with random labels: speed needs no meaning."""
    rng = np.random.default_rng(SEED)

    def inputs(count: int) -> Floats:
        x = rng.random((count, features), dtype=np.float32)
        x *= rng.random((count, features), dtype=np.float32) < 0.2
        return x

    y_train, y_test = rng.integers(0, CLASSES, examples), rng.integers(0, CLASSES, tests)
    return Dataset(
        "random", inputs(examples), y_train, inputs(tests), y_test, CLASSES, "random", (features,)
    )


def specs(case: Case, data: Dataset, lanes: int) -> list[Spec]:
    """Lanes without an end that differ in the gain of their initializer, so that they train together."""
    options = {
        "data": data.name,
        "arch": "-".join(map(str, case.sizes)),
        "activation": "sigmoid" if case.quadratic else "relu",
        "loss": "quadratic" if case.quadratic else "cross_entropy",
        "lr": "0.5" if case.quadratic else "0.01",
        "batch-size": str(case.batch),
        "epochs": str(10**6),
    }
    rule = "xavier_normal" if case.quadratic else "he_normal"
    return [read({**options, "init": f"{rule}:gain={1 + lane / 100}"}, data) for lane in range(lanes)]


class Lockstep:
    """The trainer over all lanes, without probes; one call trains one more epoch."""

    def __init__(self, case: Case, lanes: int) -> None:
        self.data = random_data(case.steps * case.batch)
        self.case, self.lanes = case, lanes
        self.specs = specs(case, self.data, lanes)
        self.trainer = Trainer(self.specs, {self.data.name: self.data})
        (self.ensemble,) = self.trainer._active
        self.start = [
            [(layer.weights[lane].copy(), layer.biases[lane].copy()) for layer in self.ensemble.network.weighted]
            for lane in range(lanes)
        ]

    def work(self) -> Work:
        """The same epoch for the peers: our first one."""
        first = Batches(self.data, self.case.batch, self.specs[0].seed)
        order = np.concatenate([first.at(step)[1] for step in range(self.case.steps)])
        x = np.array(self.data.x_train, np.float32)
        case = self.case
        return Work(
            case.sizes, case.batch, self.lanes, case.quadratic, self.specs[0].lr,
            x, self.data.y_train.copy(), order, self.start,
        )

    def run(self) -> None:
        trainer = self.trainer
        self.ensemble.next_probe = NEVER
        with np.errstate(all="ignore"), one_thread():
            for _ in range(self.case.steps):
                trainer._step_once(last=False)
        if trainer._active != [self.ensemble]:
            raise RuntimeError("a lane diverged, so the benchmark did not do its work")

    def first_weights(self) -> Floats:
        found: Floats = self.ensemble.network.weighted[0].weights[0].astype(np.float32)
        return found


class Sgemm:
    """The machine's own rate: one product of two square float32 matrices."""

    def __init__(self, size: int = 1024, times: int = 8) -> None:
        rng = np.random.default_rng(SEED)
        self.a, self.b = (rng.random((size, size), dtype=np.float32) for _ in range(2))
        self.out = np.empty_like(self.a)
        self.times, self.flops = times, 2 * size**3 * times

    def run(self) -> None:
        for _ in range(self.times):
            np.matmul(self.a, self.b, out=self.out)


@dataclass(frozen=True)
class ProbeCost:
    """What probing cost in one run at the default schedule."""

    name: str
    lanes: int
    steps: int
    probes: int
    step_seconds: float
    """Median step without a probe, all lanes."""
    probe_seconds: float
    """Median cost of a probe, on top of its step."""
    share: float
    """All that probing cost, over the time the steps would have taken without."""


def probe_cost(name: str, data: Dataset, epochs: int) -> ProbeCost:
    """Train the lanes rand and randn as the program does by default, every step timed.

    A probe's cost is what its step, and the one after it with cold caches, took longer than the median step.
    In processor time, which on one thread is what a clock shows, but without other programs' turns: those
    hit a probe of milliseconds far more often than a step of microseconds.
    """
    options = {"data": data.name, "epochs": str(epochs)}
    lanes = [read({**options, "init": init}, data) for init in ("rand", "randn")]
    trainer = Trainer(lanes, {data.name: data})
    total = lanes[0].total_steps(data.n_train)
    seconds, probing = np.zeros(total), np.zeros(total, bool)
    with np.errstate(all="ignore"), one_thread():
        while not trainer.ended:
            step = trainer.step
            (ensemble,) = trainer._active
            probing[step] = step + 1 in (ensemble.next_probe, ensemble.limit)
            begin = thread_time()
            trainer._step_once(last=False)
            seconds[step] = thread_time() - begin
    charged = probing | np.r_[False, probing[:-1]]
    plain = float(np.median(seconds[~charged]))
    extra = seconds - plain
    return ProbeCost(
        name, len(lanes), total, int(probing.sum()), plain, float(np.median(extra[probing])),
        float(extra[charged].sum() / (plain * total)),
    )


def probe_costs() -> list[ProbeCost]:
    """Long runs, which the number to hold is about, and the default run on digits, which is short."""
    digits = load("digits").astype(np.float32)
    mnist = random_data(50_000, 10_000)
    return [
        probe_cost("digits, 300 epochs", digits, 300),
        probe_cost("size of MNIST, the default 30 epochs", mnist, 30),
        probe_cost("digits, the default 30 epochs", digits, 30),
    ]
