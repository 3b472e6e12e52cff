"""What state a layer is in, and in one sentence what that means for its lane.

These are readings of the probes, not a verdict: they say what is, not whose fault it is.
"""

from enum import Enum

import numpy as np
from numpy.typing import NDArray

from initscope.core.plural import plural
from initscope.core.probes import INDEX
from initscope.core.snapshot import LaneSnapshot, Status
from initscope.core.spec import Spec

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
    SATURATED_LOW = "s", "saturated low"
    SATURATED_HIGH = "S", "saturated high"
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

    @property
    def saturated(self) -> bool:
        """On either side."""
        return self in (State.SATURATED_LOW, State.SATURATED_HIGH)


STATES = tuple(State)
"""A state's place here is its number in the arrays of `state_numbers`."""
NUMBER = {state: number for number, state in enumerate(STATES)}


def saturation(probes: Floats) -> Floats:
    """Share saturated on either side, from probes (..., probes); NaN where it does not apply."""
    total: Floats = probes[..., INDEX["saturated_low"]] + probes[..., INDEX["saturated_high"]]
    return total


def state_numbers(spec: Spec, probes: Floats) -> NDArray[np.int8]:
    """The states of all layers, as places in STATES, from probes (..., layers, probes): (..., layers).

    Of several that hold, the one that leaves least to be learned: numbers that are none, then units that pass no
    gradient, whatever the size of what they do not pass on, then activations on a flat end, of whatever size, and
    so on. The output layer is judged by its numbers being finite only.
    """
    value = {name: probes[..., index] for name, index in INDEX.items()}
    flat = saturation(probes)
    several = np.array([layer.channels > 1 for layer in spec.architecture.layers])
    unbounded = not np.isfinite(spec.activation.range).all()
    hidden = np.arange(probes.shape[-2]) < probes.shape[-2] - 1
    with np.errstate(all="ignore"):
        scale = np.abs(value["activation_mean"]) + value["std_over_inputs"]
        rules = (
            (State.NON_FINITE, value["non_finite"] > 0),
            # A unit so far out that its slope rounds to 0 is saturated, not dead.
            (State.DEAD, hidden & (value["dead_units"] > MOST) & ~(flat > MOST)),
            (State.SATURATED_LOW, hidden & (flat > MOST) & (value["saturated_low"] > value["saturated_high"])),
            (State.SATURATED_HIGH, hidden & (flat > MOST)),
            (State.EXPLODING, hidden & unbounded & (value["z_std"] > HUGE)),
            (State.CLONED, hidden & several & (value["std_over_units"] <= ALIKE * scale)),
            (State.FAINT, hidden & (value["std_over_inputs"] < FAINT)),
        )
    numbers = [np.int8(NUMBER[state]) for state, _ in rules]
    return np.select([holds for _, holds in rules], numbers, np.int8(NUMBER[State.HEALTHY]))


def layer_states(lane: LaneSnapshot, at: int = -1) -> list[State]:
    """The state of each layer at one probe."""
    return [STATES[number] for number in state_numbers(lane.spec, lane.probes[at])]


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
        return f"diverged: after {plural(lane.step, 'step')} its loss or a weight is no longer a finite number."
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
    if state.saturated:
        side = state.word.split()[-1]
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
    """What the weights were before training and the pre-activations that follow, if the state follows from that.

    Else since when it is so. Whose fault that is can be said by a verdict alone: steps may have led there because
    they were too large, or because of the weights that they started from.
    """
    alike = [NUMBER[other] for other in State if other is state or (other.saturated and state.saturated)]
    history = state_numbers(lane.spec, lane.probes)[:, number - 1]
    others = np.flatnonzero(~np.isin(history, alike))
    if 0 in others:
        before, since = STATES[history[0]], lane.probe_steps[others[-1] + 1]
        return f"It was {before.word} before training, and has been {state.word} since step {since:,}."
    layer = lane.spec.architecture.layers[number - 1]
    fan_in = layer.fan_in
    mean, std = start["weight_mean"], start["weight_std"]
    z = f"z = {start['z_mean']:.3g} ± {start['z_std']:.3g}, measured before any training"
    # The mean of the layer's own weights has a standard error of std / sqrt(count); five of them is no chance.
    shifted = abs(mean) > 5 * std / np.sqrt(fan_in * layer.channels)
    weights = f"mean {mean:.2g}" if shifted else f"standard deviation {std:.3g} for {fan_in} inputs"
    biases = "" if str(lane.spec.biases) == "zeros" else f" and its biases were {lane.spec.biases}"
    return f"Its weights had {weights}{biases}, so {z}."
