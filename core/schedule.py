"""When to measure. By steps alone, never by the clock, so that the same spec records the same numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

from initscope.core.architecture import Architecture

SHARE = 0.03
"""Share of the training time that measuring may take by this estimate; the benchmark holds it under 5 %."""
RESOLUTION = 200
"""Measuring more often than this many times over the run so far would not show."""
GROWTH = 2
"""Early on, where most happens, each probe comes at twice the step of the last."""

# Microseconds as measured on one core; only their ratios matter.
STEP_OVERHEAD, STEP_LAYER = 8.0, 9.0
PROBE_OVERHEAD, PROBE_LAYER = 60.0, 100.0
FLOPS_SMALL, FLOPS_LARGE = 1.2e5, 1.5e5
"""Floating-point operations a microsecond in batches of ten and of hundreds."""
VALUES = 1.5e-3
"""Microseconds a value to read in a probe."""


@dataclass(frozen=True)
class Schedule:
    """Probes at steps 0, 1, 2, 4, 8, ... and then every `interval` steps, or 0.5 % of the run so far."""

    interval: int

    def after(self, step: int) -> int:
        """The first step later than `step` at which to probe."""
        if step < 1:
            return step + 1
        early = max(step + 1, step * GROWTH)
        return min(early, step + max(self.interval, step // RESOLUTION))


@dataclass(frozen=True)
class Load:
    """What decides how long the steps and probes of one ensemble take."""

    architecture: Architecture
    lanes: int
    batch: int
    probe_inputs: int
    test_inputs: int


def schedule(loads: Sequence[Load]) -> Schedule:
    """The densest schedule that keeps to SHARE."""
    step = probe = 0.0
    for load in loads:
        weights, layers = load.architecture.parameters, len(load.architecture.layers)
        flops = FLOPS_SMALL if load.batch < 64 else FLOPS_LARGE
        step += STEP_OVERHEAD + STEP_LAYER * layers + 6 * load.lanes * weights * load.batch / flops
        units = sum(load.architecture.sizes[1:])
        passes = load.lanes * weights * (6 * load.probe_inputs + 2 * load.test_inputs) / FLOPS_LARGE
        values = load.lanes * (8 * units * load.probe_inputs + 5 * weights) * VALUES
        probe += PROBE_OVERHEAD + PROBE_LAYER * layers + passes + values
    return Schedule(max(1, round(probe / (SHARE * step))) if step else 1)
