"""What makes lanes' steps differ from one to the next: learning-rate schedules, weight decay, gradient clipping."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from initscope.core.layers import Weighted
from initscope.core.optimizersteps import Updater
from initscope.core.spec import Spec

Array = NDArray[np.floating]


class Steering:
    """The rates, decays and clips of the lanes of an ensemble; lanes without are left as they are, to the bit.

    `folds`: whether gradients arrive multiplied by the learning rate. The order is that of a PyTorch program:
    the gradient of the loss is clipped, then the decay is added, then the rule makes its step.
    """

    def __init__(self, specs: Sequence[Spec], total_steps: int, folds: bool) -> None:
        self.specs, self.total_steps, self.folds = tuple(specs), total_steps, folds
        dtype = specs[0].dtype
        self.rate: Array = np.array([[spec.lr] for spec in specs], dtype)
        """The lanes' learning rates in the present step, (lanes, 1)."""
        self._decay: Array = np.array([[spec.weight_decay] for spec in specs], dtype)
        self._scheduled = [row for row, spec in enumerate(specs) if not spec.schedule.is_constant]
        self._clipped = [row for row, spec in enumerate(specs) if spec.clip]
        decayed = [row for row, spec in enumerate(specs) if spec.weight_decay]
        whole = len(decayed) == len(specs)
        self._decayed = [slice(None)] if whole else [slice(row, row + 1) for row in decayed]
        self.acts = bool(self._scheduled or self._clipped or decayed)
        """Whether `adjust` has anything to do."""
        self._scales: dict[int, Array] = {}

    def scale(self, step: int, count: int) -> Array:
        """What the gradient summed over `count` examples is multiplied by in update `step`, (lanes, 1, 1)."""
        for row in self._scheduled:
            spec = self.specs[row]
            self.rate[row] = spec.lr * spec.schedule.factor(step, self.total_steps)
        scale = self._scales.get(count)
        if scale is None or self._scheduled:
            shares = self.rate / count if self.folds else np.full_like(self.rate, 1 / count)
            scale = self._scales[count] = shares[:, :, None]
        return scale

    def adjust(self, layers: Iterable[Weighted], gradient: Array, rule: Updater) -> None:
        """Clip and decay the gradient (lanes, parameters) of the last `scale`, and tell the rule its rates.

        Clipping is Pascanu et al. 2013, algorithm 1: g ← g clip/‖g‖ where ‖g‖ > clip, over the whole lane.
        """
        rule.learning_rate = self.rate
        for row in self._clipped:
            limit = self.specs[row].clip * (float(self.rate[row, 0]) if self.folds else 1.0)
            lane = gradient[row]
            length = norm(lane)
            if length > limit:
                lane *= limit / length
        if self._decayed:
            column = self._decay * self.rate if self.folds else self._decay
            for layer in layers:
                shares = column.reshape(-1, *[1] * (layer.weights.ndim - 1))
                for part in self._decayed:
                    gradients = layer.weight_gradient[part]
                    gradients += shares[part] * layer.weights[part]

    def select(self, rows: Sequence[int]) -> "Steering":
        """The same for only these lanes, in the middle of a step if need be."""
        other = Steering([self.specs[row] for row in rows], self.total_steps, self.folds)
        other.rate[...] = self.rate[list(rows)]
        return other


def norm(values: Array) -> float:
    """The Euclidean norm of a vector, also where its square is more or less than float32 can say."""
    square = float(values.dot(values))
    if not np.finfo(values.dtype).tiny < square < np.inf:
        exact = values.astype(np.float64)
        square = float(exact.dot(exact))
    return float(np.sqrt(square))
