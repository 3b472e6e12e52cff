"""What the record of a run says: whether the loss has fallen, risen or jumped, and what became of steps and layers."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from initscope.core.diagnosis import scheduled
from initscope.core.diagnosis.case import Case
from initscope.core.learning import lane_learns
from initscope.core.probes import INDEX
from initscope.core.snapshot import LaneSnapshot, Status

Floats = NDArray[np.float64]

ENOUGH_STEPS = 200
"""Before, little in the record says more than the forecast, even if the run is over."""
HALFWAY = 0.5
"""Share of its steps after which a run should have begun to learn."""
RISEN = 1.1
"""Loss now beside that at the start, or of a constant answer, where steps were too large."""
JUMPED = 1.5
"""Largest loss beside that at the start, or of a constant answer, where they were too large at first."""
DIED, ALIVE = 0.5, 0.3
"""Share of dead units now, and before training, that steps have killed; and of flat activations after the first."""


@dataclass(frozen=True, eq=False)
class Record:
    """One lane as it was recorded, and what was known before."""

    lane: LaneSnapshot
    case: Case

    @property
    def fall(self) -> float:
        """Share of the constant answer's loss that is gone; negative if there is more."""
        return self.case.constant.loss_fall(self.lane.latest.train_loss)

    @property
    def learned(self) -> bool:
        """Whether it is clearly better than the constant answer, in the test as well."""
        return lane_learns(self.lane, self.case.constant) and not self.by_heart

    @property
    def by_heart(self) -> bool:
        """Whether it is clearly better than the constant answer in training, and no better in the test."""
        known = self.case.constant
        return lane_learns(self.lane, known) and known.by_heart(self.lane.latest.test_accuracy)

    @property
    def settled(self) -> bool:
        """Whether it has ended, or gone on for long enough to have learned, or to have failed by too large steps.

        One that somebody stopped has not ended by itself, and a few steps say nothing; nor do many of a warm-up.
        """
        if self.diverged:
            return True
        if self.lane.status is Status.FINISHED:
            return self.lane.step >= ENOUGH_STEPS
        steps = self.lane.spec.total_steps(self.case.dataset.n_train)
        way = min(self.lane.step / max(steps, 1), scheduled.travelled(self.lane.spec, self.lane.step, steps))
        return self.lane.step >= ENOUGH_STEPS and (self.wild or way >= HALFWAY)

    @property
    def diverged(self) -> bool:
        return self.lane.status is Status.DIVERGED or not np.isfinite(self.lane.latest.train_loss)

    @cached_property
    def start(self) -> float:
        """The loss before training, or that of a constant answer if it is greater."""
        return max(self.case.constant.loss, float(np.nan_to_num(self.lane.measures[0, 0], posinf=0.0)))

    @cached_property
    def peak(self) -> float:
        """Largest loss of a stretch of training beside `start`."""
        known = self.lane.losses.mean
        return float(np.nanmax(known)) / self.start if len(known) and self.start > 0 else 1.0

    @property
    def killed(self) -> tuple[float, float]:
        """The share of dead units before training, and now, in the hidden layer in which most have died."""
        before, now = np.nan_to_num(self.lane.probes[[0, -1], :-1, INDEX["dead_units"]])
        if not before.size:
            return 0.0, 0.0
        worst = int((now - before).argmax())
        return float(before[worst]), float(now[worst])

    @property
    def died(self) -> bool:
        """Whether steps have killed units of a layer that were alive."""
        before, now = self.killed
        return now > DIED and before < ALIVE

    def flat(self, at: int) -> float:
        """Largest share of saturated activations of a hidden layer at one probe."""
        hidden = self.lane.probes[at, :-1]
        share = hidden[:, INDEX["saturated_low"]] + hidden[:, INDEX["saturated_high"]]
        return float(np.nan_to_num(share).max()) if share.size else 0.0

    @property
    def flattened(self) -> bool:
        """Whether the very first step threw a layer onto the flat ends of its activation, where it still is."""
        steps = self.lane.probe_steps
        return len(steps) > 1 and steps[1] == 1 and self.flat(0) < ALIVE and min(self.flat(1), self.flat(-1)) > DIED

    @property
    def wild(self) -> bool:
        """Whether steps were too large: it diverged, its loss rose or jumped, units died, or the first one was."""
        risen = not self.lane.latest.train_loss < RISEN * self.start
        return self.diverged or risen or self.peak > JUMPED or self.died or self.flattened

    @property
    def one_answer(self) -> bool:
        """Whether it answers one class for every input."""
        return self.lane.step > 0 and self.lane.latest.classes_predicted == 1

    def update(self, last: bool) -> float:
        """Change of the weights in a step beside their size: in the layer that moves most, now or at most ever."""
        found = self.lane.probes[1:, :, INDEX["update_ratio"]]
        found = np.where(np.isfinite(found), found, 0.0)
        return float(found[-1].max() if last else found.max()) if len(found) else 0.0
