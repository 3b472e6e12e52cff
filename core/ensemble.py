"""Lanes of equal shape in lock-step: one network, one update rule, one stream of batches."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from initscope.core.batches import Batches, subset, targets
from initscope.core.evaluation import Totals, fitting
from initscope.core.history import LossRecord, Samples
from initscope.core.initialization import schemes
from initscope.core.layers import Pass
from initscope.core.network import Network, predictions
from initscope.core.optimizersteps import Updater, updater
from initscope.core.probes import PROBES, measure
from initscope.core.probeschedule import probe_schedule
from initscope.core.snapshot import MEASURES, Measures, Status
from initscope.core.spec import Spec
from initscope.core.steering import Steering

Array = NDArray[np.floating]

PROBE_EXAMPLES = 256
"""Training examples that probes are measured on, at most."""
TEST_EXAMPLES = 1000
"""Most test examples used while training; at the end all are."""
BLOCK = 256
"""Steps whose losses are kept before they enter the record."""


class Overflow:
    """Notes that an operation overflowed or had no result; given to np.errstate as `call`.

    The processor raises its flags for nothing: to look at every weight after every step would cost a tenth.
    """

    def __init__(self) -> None:
        self.seen = False

    def __call__(self, kind: str, flag: int) -> None:
        self.seen = True


class Lane:
    """What is recorded of one lane."""

    def __init__(self, index: int, spec: Spec, layers: int) -> None:
        self.index, self.spec = index, spec
        self.status = Status.TRAINING
        self.steps = 0
        """Updates made when the lane ended."""
        self.losses = LossRecord()
        self.measures = Samples((len(MEASURES),))
        self.probes = Samples((layers, len(PROBES)))
        self.start: list[tuple[Array, Array]] = []
        """Weights and activations of each layer before training."""
        self.initial: Measures | None = None
        self.final: Measures | None = None


class Ensemble:
    """Some lanes that share architecture, activation, loss, update rule, batches and length."""

    def __init__(
        self,
        lanes: Sequence[Lane],
        network: Network,
        rule: Updater,
        batches: Batches,
        limit: int,
        overflow: Overflow,
        steering: Steering,
    ) -> None:
        self.lanes = list(lanes)
        self.network, self.rule, self.batches, self.limit = network, rule, batches, limit
        self._overflow, self._steering = overflow, steering
        outputs, dtype = network.architecture.outputs, network.dtype
        data = batches.dataset
        self.targets = targets(data.y_train, outputs, dtype)
        self._test_targets = targets(data.y_test, outputs, dtype)
        self._probe_rows = subset(data.n_train, fitting(PROBE_EXAMPLES, network.architecture))
        self._probe_x = data.x_train[self._probe_rows]
        self._probe_y = self.targets[self._probe_rows].T
        rows = subset(data.n_test, TEST_EXAMPLES)
        self._test = data.x_test[rows], data.y_test[rows], self._test_targets[rows]
        tested = len(self._test[0])
        self._schedule = probe_schedule(network.architecture, batches.batch_size, len(self._probe_x), tested)
        self.next_probe = 0
        """The step of the next scheduled probe."""
        self._block = np.zeros((BLOCK, len(lanes)))
        self._block_start = 0
        self._block_length = 0
        self._zeros = np.zeros(len(lanes), dtype)
        self.update: Array | None = None
        """The last step's change of the parameters, where it was asked for."""
        self.overflowed = False
        """Whether some number overflowed in the last update: `bad_parameters` tells whether that did harm."""

    @classmethod
    def of(cls, lanes: Sequence[Lane], batches: Batches, overflow: Overflow | None = None) -> "Ensemble":
        """Lanes at their initial weights. Their specs must agree in all that shapes the ensemble."""
        first = lanes[0].spec
        network = Network(
            first.architecture, first.activation, first.loss, len(lanes), first.dtype, first.units_alike, first.seed
        )
        x_train = batches.dataset.x_train
        x = x_train[subset(len(x_train), fitting(PROBE_EXAMPLES, first.architecture))]
        for row, lane in enumerate(lanes):
            network.initialize(row, lane.spec.initializer, lane.spec.biases, lane.spec.seed, lane.spec.stream)
            schemes.fit(lane.spec.initializer, network, row, x)
        rules = [(lane.spec.optimizer, lane.spec.lr) for lane in lanes]
        rule = updater(rules, network.parameters.shape[1], first.dtype)
        limit = first.total_steps(batches.dataset.n_train)
        steering = Steering([lane.spec for lane in lanes], limit, rule.folds_learning_rate)
        return cls(lanes, network, rule, batches, limit, overflow or Overflow(), steering)

    def step(self, step: int, x: Array, chosen: NDArray[np.int64], keep_update: bool) -> list[int]:
        """Make update number `step` (from 0) on a batch. Returns the rows whose loss is not finite.

        Those rows are not updated, and neither is any other: the caller removes them and calls `apply`.
        """
        count = len(chosen)
        scale = self._steering.scale(step, count)
        y = self.targets.take(chosen, axis=0).T
        self.network.mode.step = step
        loss = self.network.backpropagate(x, y, scale, self.network.workspace(count))
        if self._block_length == BLOCK:
            self.flush()
        if not self._block_length:
            self._block_start = step
        self._block[self._block_length] = loss
        self._block_length += 1
        if loss.dot(self._zeros) != 0:  # true for NaN and infinity alone, and a third of isfinite's time
            return np.flatnonzero(~np.isfinite(loss)).tolist()
        self.apply(keep_update)
        return []

    def apply(self, keep_update: bool) -> None:
        """Update the parameters by the gradient that the last `step` computed."""
        network = self.network
        before = network.parameters.copy() if keep_update else None
        self._overflow.seen = False
        if self._steering.acts:
            self._steering.adjust(network.weighted, network.gradient, self.rule)
        self.rule.update(network.parameters, network.gradient)
        self.overflowed = self._overflow.seen
        self.update = None if before is None else network.parameters - before

    def flush(self) -> None:
        """Enter the losses of the last steps into the lanes' records."""
        block = self._block[: self._block_length]
        for row, lane in enumerate(self.lanes):
            values = block[:, row]
            finite = len(values) if np.isfinite(values[-1:]).all() else len(values) - 1
            lane.losses.add(self._block_start, values[:finite])
        self._block_length = 0

    def probe(self, step: int) -> None:
        """Measure every lane and record it, unless this was done at this step before.

        A probe in between, where somebody stopped, does not move the scheduled ones.
        """
        self.flush()
        if step >= self.next_probe:
            self.next_probe = self._schedule.after(step)
        if self.lanes[0].measures.latest_step == step:
            return
        found = measure(self.network, self._probe_x, self._probe_y, self.update)
        self.update = None
        right = self._share_right(found.outputs, self.batches.dataset.y_train[self._probe_rows])
        tested = Totals(len(self.lanes), self.batches.dataset.classes)
        for _ in tested.add_all(self.network, *self._test):
            pass
        columns = (found.loss, right, tested.loss, tested.accuracy, tested.classes)
        for row, lane in enumerate(self.lanes):
            lane.measures.add(step, np.array([column[row] for column in columns]))
            lane.probes.add(step, found.layers[row])

    def activations(self) -> list[Array]:
        """Activations of every layer for the probe batch, each (lanes, units, inputs)."""
        network = self.network
        work = network.workspace(len(self._probe_x))
        _, outputs = network.evaluate(self._probe_x, self._probe_y, work, Pass.PROBE)
        return [a for _, a in network.hidden(work)] + [outputs]

    def bad_parameters(self) -> list[int]:
        """Rows with a weight or bias that is not finite: a saturated unit can hide one from the loss."""
        return np.flatnonzero(~np.isfinite(self.network.parameters).all(axis=1)).tolist()

    def select(self, rows: Sequence[int]) -> "Ensemble":
        """A copy with only these lanes, in the middle of a step if need be. Their numbers do not change."""
        self.flush()
        rows = list(rows)
        other = Ensemble(
            [self.lanes[row] for row in rows],
            self.network.select(rows),
            self.rule.select(rows),
            self.batches,
            self.limit,
            self._overflow,
            self._steering.select(rows),
        )
        other.next_probe = self.next_probe
        other.network.gradient[...] = self.network.gradient[rows]
        other.update = None if self.update is None else self.update[rows]
        return other

    def evaluate_all(self) -> Iterator[list[Measures] | None]:
        """Measures on all examples; yields None between pieces of work, and the lanes' measures at the end."""
        data = self.batches.dataset
        sums = []
        for x, labels, y in (
            (data.x_train, data.y_train, self.targets),
            (data.x_test, data.y_test, self._test_targets),
        ):
            total = Totals(len(self.lanes), data.classes)
            for _ in total.add_all(self.network, x, labels, y):
                yield None
            sums.append(total)
        train, test = sums
        yield [
            Measures(train.loss[row], train.accuracy[row], test.loss[row], test.accuracy[row], test.classes[row])
            for row in range(len(self.lanes))
        ]

    @staticmethod
    def _share_right(outputs: Array, labels: NDArray[np.int64]) -> Array:
        share: Array = (predictions(outputs) == labels).mean(axis=1)
        return share


def same_ensemble(spec: Spec, train_examples: int) -> tuple[object, ...]:
    """Specs with equal keys can be trained in lock-step.

    Where the seed draws nothing but the weights, lanes of all seeds go together.
    """
    drawn = spec.batch_size < train_examples or spec.architecture.drops
    return (
        spec.data,
        spec.architecture,
        spec.activation,
        spec.loss,
        spec.optimizer.name,
        spec.batch_size,
        spec.seed if drawn else None,
        spec.dtype,
        spec.total_steps(train_examples),
        spec.units_alike,
    )
