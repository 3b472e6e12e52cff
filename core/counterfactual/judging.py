"""What the record of one run says: whether it has learned, is on its way, or is dead."""

from math import isfinite, nan

import numpy as np

from initscope.core.counterfactual.results import Outcome
from initscope.core.learning import Constant, lane_learns
from initscope.core.probes import INDEX
from initscope.core.snapshot import LaneSnapshot, Status

FALLING, PLATEAU = 0.01, 0.1
"""Of the constant answer's loss or of that at the start: a fall in half of the steps that is one, and how near to
either of the two a loss has not left its plateau."""
PATIENCE = 10
"""A network is on its way if, going on at its pace, it has learned within so many times the steps."""
FAINTEST = 1e-6
"""Standard deviation over inputs of the answers, below which nothing of the input arrives: rounding alone makes 1e-8,
and of 182 runs that had learned after 1,000 to 20,000 steps one had been fainter after 300, and eight below 1e-5."""
STILL_LOSS, STILL_SIGNAL = 1e-3, 0.01
"""Share of the constant answer's loss, and of that standard deviation, that a run which moves changes in half of its
steps."""


def judge(lane: LaneSnapshot, seed: int, steps: int, constant: Constant) -> Outcome:
    """What came of a run of so many steps."""
    loss, accuracy = lane.measures[:, 0], lane.measures[:, 1]
    diverged, learns = lane.status is Status.DIVERGED, lane_learns(lane, constant)
    half = min(int(np.searchsorted(lane.probe_steps, steps // 2)), len(loss) - 1)
    then, now = float(loss[half]), nan if diverged else float(loss[-1])
    right = nan if diverged else float(accuracy[-1])
    signals = lane.probes[:, -1, INDEX["std_over_inputs"]]
    signal = 0.0 if diverged else float(signals[-1])
    undecided = not (diverged or learns)
    return Outcome(
        seed, steps, float(loss[0]), now, float(accuracy[0]), right, diverged, learns,
        on_its_way=undecided and on_its_way(then, now, constant),
        test_accuracy=float(lane.latest.test_accuracy),
        signal=signal,
        alive=undecided and moves(float(signals[half]), signal, then - now, constant),
        unsettled=undecided and unsettled(float(loss[0]), then, now, constant),
    )  # fmt: skip


def unsettled(start: float, then: float, now: float, constant: Constant) -> bool:
    """Whether a loss still falls or has not left its plateau: that of the start or of the constant answer.

    `then` was half the steps ago.
    """
    plateaus = (start, constant.loss)
    return then - now > FALLING * constant.loss or any(abs(now - one) < PLATEAU * one for one in plateaus)


def on_its_way(then: float, now: float, constant: Constant) -> bool:
    """Whether a loss is below the constant answer's, and falling fast enough. `then` was half the steps ago."""
    to_come = now - 2 * (PATIENCE - 1) * (then - now)
    return now < constant.loss and constant.beaten_by(to_come, 1.0)


def moves(signal_then: float, signal_now: float, fall: float, constant: Constant) -> bool:
    """Whether a run may yet learn: the answers depend on the input, and something changes.

    A plateau says nothing against it: a deep sigmoid network stands at the constant answer's loss for thousands of
    steps while what depends on the input grows. `fall` is that of the loss; all of it since half the steps ago.
    """
    if not (isfinite(fall) and signal_now > FAINTEST):
        return False
    return abs(fall) > STILL_LOSS * constant.loss or abs(signal_now - signal_then) > STILL_SIGNAL * signal_now
