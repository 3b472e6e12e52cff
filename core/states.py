"""What state a layer is in, and in one sentence what that means for its lane.

These are readings of the probes, not a verdict: they say what is, not whose fault it is.
"""

from enum import Enum

import numpy as np
from numpy.typing import NDArray

from initscope.core.probes import INDEX
from initscope.core.snapshot import LaneSnapshot, Status

Floats = NDArray[np.float64]

MOST = 0.5
"""A layer is saturated or dead when more than this share of it is."""
FAINT = 1e-3
"""Standard deviation over inputs below which an activation hardly carries its input."""
HUGE = 100.0
"""Standard deviation of z above which an unbounded activation has exploded."""
ALIKE = 1e-9
"""Units are clones when their mean activations differ by less than this, relatively."""


class State(Enum):
    """(letter, word). Colour never carries the meaning alone."""

    HEALTHY = "·", "healthy"
    SATURATED = "S", "saturated"
    FAINT = "F", "faint"
    EXPLODING = "X", "exploding"
    CLONED = "C", "cloned"
    DEAD = "D", "dead"
    NON_FINITE = "N", "non-finite"

    @property
    def letter(self) -> str:
        return self.value[0]

    @property
    def word(self) -> str:
        return self.value[1]


def saturation(probes: Floats) -> Floats:
    """Share saturated on either side, from probes (..., probes); NaN where it does not apply."""
    total: Floats = probes[..., INDEX["saturated_low"]] + probes[..., INDEX["saturated_high"]]
    return total


def layer_states(lane: LaneSnapshot, at: int = -1) -> list[State]:
    """The state of each layer at one probe. The output layer is judged by its numbers being finite only."""
    rows = lane.probes[at]
    hidden = [_hidden_state(lane, row, width) for row, width in zip(rows, _widths(lane), strict=True)]
    last = State.NON_FINITE if rows[-1, INDEX["non_finite"]] > 0 else State.HEALTHY
    return [*hidden[:-1], last]


def _widths(lane: LaneSnapshot) -> tuple[int, ...]:
    return tuple(layer.channels for layer in lane.spec.architecture.layers)


def _hidden_state(lane: LaneSnapshot, row: Floats, width: int) -> State:
    value = {name: float(row[index]) for name, index in INDEX.items()}
    unbounded = not np.isfinite(lane.spec.activation.range).all()
    scale = abs(value["activation_mean"]) + value["std_over_inputs"]
    rules = (
        (State.NON_FINITE, value["non_finite"] > 0),
        (State.DEAD, value["dead_units"] > MOST and not saturation(row) > MOST),
        (State.SATURATED, saturation(row) > MOST),
        (State.EXPLODING, unbounded and value["z_std"] > HUGE),
        (State.CLONED, width > 1 and value["std_over_units"] <= ALIKE * scale),
        (State.FAINT, value["std_over_inputs"] < FAINT),
    )
    return next((state for state, holds in rules if holds), State.HEALTHY)


def lane_state(lane: LaneSnapshot) -> tuple[State, int]:
    """The first state that is not healthy and the number of its layer, from 1; healthy is of layer 0."""
    if lane.status is Status.DIVERGED:
        return State.NON_FINITE, 0
    for number, state in enumerate(layer_states(lane), 1):
        if state is not State.HEALTHY:
            return state, number
    return State.HEALTHY, 0


def reading(lane: LaneSnapshot) -> str:
    """One or two sentences on what the probes show of this lane."""
    if lane.status is Status.DIVERGED:
        steps = "1 step" if lane.step == 1 else f"{lane.step:,} steps"
        return f"diverged: after {steps} its loss or a weight is no longer a finite number."
    state, number = lane_state(lane)
    one_class = lane.latest.classes_predicted == 1 and lane.step > 0
    if state is State.HEALTHY:
        text = "every hidden layer is healthy" if len(lane.layer_names) > 1 else "it has no hidden layer"
        return text + (", but it answers one class for every input." if one_class else ".")
    return _explain(lane, state, number) + (" It answers one class for every input." if one_class else "")


def _explain(lane: LaneSnapshot, state: State, number: int) -> str:
    now = {name: float(lane.probes[-1, number - 1, index]) for name, index in INDEX.items()}
    start = {name: float(lane.probes[0, number - 1, index]) for name, index in INDEX.items()}
    layer, cause = f"layer {number}", _cause(lane, state, number, start)
    if state is State.SATURATED:
        side = "high" if now["saturated_high"] >= now["saturated_low"] else "low"
        share = saturation(lane.probes[-1, number - 1])
        return f"{layer} is saturated, {share:.0%}, most on the {side} side. {cause}"
    if state is State.DEAD:
        return f"{layer} is dead: {now['dead_units']:.0%} of its units pass no gradient. {cause}"
    if state is State.EXPLODING:
        return f"{layer} explodes: z has a spread of {now['z_std']:.3g}. {cause}"
    if state is State.CLONED:
        return f"the units of {layer} are identical, so they learn the same and count as one."
    if state is State.FAINT:
        return f"{layer} is faint: its activations vary by {now['std_over_inputs']:.1e} over the inputs. {cause}"
    return f"{layer} holds numbers that are not finite."


def _cause(lane: LaneSnapshot, state: State, number: int, start: dict[str, float]) -> str:
    """What the weights were before training and the pre-activations that follow, if the state follows from that."""
    before = layer_states(lane, 0)[number - 1]
    if before is not state:
        return f"It was {before.word} before training: steps with a learning rate of {lane.spec.lr:g} led there."
    layer = lane.spec.architecture.layers[number - 1]
    fan_in = layer.fan_in
    mean, std = start["weight_mean"], start["weight_std"]
    z = f"z = {start['z_mean']:.3g} ± {start['z_std']:.3g} before any training"
    # The mean of the layer's own weights has a standard error of std / sqrt(count); five of them is no chance.
    shifted = abs(mean) > 5 * std / np.sqrt(fan_in * layer.channels)
    weights = f"mean {mean:.2g}" if shifted else f"standard deviation {std:.3g} for {fan_in} inputs"
    biases = "" if str(lane.spec.biases) == "zeros" else f" and its biases were {lane.spec.biases}"
    return f"Its weights had {weights}{biases}, so {z}."
