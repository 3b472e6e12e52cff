"""When to measure. By steps alone, never by the clock, so that the same spec records the same numbers."""

from dataclasses import dataclass

from initscope.core.architecture import Architecture

SHARE = 0.025
"""Share of the training time that measuring may take by this estimate. In a run a probe finds its data out of the
cache and takes up to twice as long: the benchmark holds it under 5 %."""
RESOLUTION = 200
"""Measuring more often than this many times over the run so far would not show."""
GROWTH = 2
"""Early on, where most happens, each probe comes at twice the step of the last."""

LANES = 8
"""The company in which the estimate is made."""

# Microseconds as measured on one core; only their ratios matter.
STEP_OVERHEAD, STEP_LAYER = 10.0, 10.0
PROBE_OVERHEAD, PROBE_LAYER = 60.0, 100.0
FLOPS_SMALL, FLOPS_LARGE = 8e4, 1.2e5
"""Floating-point operations a microsecond in batches of ten and of hundreds."""
VALUES = 1e-3
"""Microseconds a value to read in a probe."""


@dataclass(frozen=True)
class ProbeSchedule:
    """Probes at steps 0, 1, 2, 4, 8, ... and then every `interval` steps, or 0.5 % of the run so far."""

    interval: int

    def after(self, step: int) -> int:
        """The first step later than `step` at which to probe."""
        if step < 1:
            return step + 1
        early = max(step + 1, step * GROWTH)
        return min(early, step + max(self.interval, step // RESOLUTION))


def probe_schedule(architecture: Architecture, batch: int, probe_inputs: int, test_inputs: int) -> ProbeSchedule:
    """The densest schedule that keeps to SHARE for lanes of this architecture and batch size.

    Estimated for LANES of them, whatever their number: when a lane is measured must not depend on its company.
    """
    layers = len(architecture.program) - len(architecture.activations)
    work = sum(layer.products + layer.units for layer in architecture.layers)
    flops = FLOPS_SMALL if batch < 64 else FLOPS_LARGE
    step = STEP_OVERHEAD + STEP_LAYER * layers + 6 * LANES * work * batch / flops
    passes = LANES * work * (6 * probe_inputs + 2 * test_inputs) / FLOPS_LARGE
    activations = sum(layer.units for layer in architecture.layers) * probe_inputs
    values = LANES * (8 * activations + 5 * architecture.parameters) * VALUES
    probe = PROBE_OVERHEAD + PROBE_LAYER * layers + passes + values
    return ProbeSchedule(max(1, round(probe / (SHARE * step))))
