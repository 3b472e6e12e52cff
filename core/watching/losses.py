"""The loss that a person's loop reports, beside that of the probes: they need not be counted in the same way."""

from math import isfinite
from statistics import median
from typing import Any

import numpy as np

from initscope.core.errors import InputError
from initscope.core.history import Curve, LossRecord

BLOCK = 256
"""Losses that are kept before they enter the record."""
COMPARED = 9
"""Measurements at the beginning at which both are compared."""
SAME = (0.7, 1.4)
"""A reported loss beside the measured one, from where to where it is taken for the same; batches differ."""


class Losses:
    """Two records: of every batch as reported, and of the probe batch wherever it was measured."""

    def __init__(self) -> None:
        self._reported, self._measured = LossRecord(), LossRecord()
        self._waiting: list[float] = []
        self._first = 0
        """The step of the first that is waiting."""
        self._ratios: list[float] = []
        self._last: tuple[int, float] = (-1, 0.0)
        """The step and loss of the last measurement."""

    def report(self, step: int, loss: float) -> None:
        """The loss of the batch after so many updates; it must be finite."""
        if step != self._first + len(self._waiting) or len(self._waiting) == BLOCK:
            self._flush()
            self._first = step
        self._waiting.append(loss)
        at, measured = self._last
        if at == step and measured > 0 and len(self._ratios) < COMPARED:
            self._ratios.append(loss / measured)

    def measure(self, step: int, loss: float) -> None:
        """The loss of the probe batch after so many updates."""
        self._last = step, loss
        if isfinite(loss):
            self._measured.add(step, np.array([loss]))

    def _flush(self) -> None:
        self._reported.add(self._first, np.array(self._waiting, np.float64))
        self._first += len(self._waiting)
        self._waiting = []

    @property
    def ratio(self) -> float | None:
        """A reported loss beside the measured one, as a rule; None if nothing was reported where both are known."""
        return median(self._ratios) if self._ratios else None

    @property
    def alike(self) -> bool:
        """Whether what is reported is the loss that is measured."""
        return self.ratio is not None and SAME[0] <= self.ratio <= SAME[1]

    def curve(self) -> Curve:
        """What was reported, if it is the loss that is measured or nothing is; else what was measured."""
        self._flush()
        reported, measured = self._reported.curve(), self._measured.curve()
        return reported if self.alike or not len(measured.step) else measured


def number(loss: Any) -> float:
    """A loss as a number; PyTorch's tensors give theirs by `item`, attached or not. Raises InputError."""
    try:
        return float(loss.item() if hasattr(loss, "item") else np.asarray(loss, np.float64).item())
    except (TypeError, ValueError, RuntimeError):
        raise InputError(f"loss must be one number, not {str(loss)[:60]}") from None
