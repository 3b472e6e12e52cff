"""What is printed of a watched network."""

from collections.abc import Sequence

import numpy as np

from initscope.core.diagnosis.findings import Blame, Finding, layers_words
from initscope.core.diagnosis.verdict import Verdict
from initscope.core.initialization.initializers import initializer
from initscope.core.initialization.recipes import recipe
from initscope.core.probes import INDEX
from initscope.core.snapshot import LaneSnapshot, Status
from initscope.core.states import State, saturation

NOTHING_KNOWN = "no activations were handed over yet, so nothing is known of the layers"


class Findings(tuple[Finding, ...]):
    """Findings that print as lines for people, the most important first."""

    lines: tuple[str, ...] = ()

    @classmethod
    def of(cls, findings: Sequence[Finding], first: tuple[int, ...], turned: bool) -> "Findings":
        """`first` is the shape of the first layer's weights, (out, in), which are (in, out) in the program if `turned`.

        It serves as the example of what code would help.
        """
        made = cls(findings)
        made.lines = tuple(line for one in findings for line in finding_lines(one, first, turned))
        return made

    def __str__(self) -> str:
        return "\n".join(self.lines) or "nothing was found"


def finding_lines(one: Finding, first: tuple[int, ...], turned: bool) -> list[str]:
    """What was found, why, and what would help."""
    where = [layers_words(one.layers)] if one.layers else []
    whose = [one.blame.value] if one.blame is not Blame.NONE else []
    about = ", ".join([*whose, *where])
    lines = [f"{one.code}{f' ({about})' if about else ''}: {one.cause}"]
    if one.remedy:
        lines.append(f"  what would help: {one.remedy.words}")
        code = numpy_code(dict(one.remedy.changes).get("init", ""), first, turned)
        lines += [f"  in layer 1: {code}"] if code else []
    return lines


def numpy_code(init: str, shape: tuple[int, ...], turned: bool) -> str:
    """The line that draws the weights of a layer of this shape (out, in); empty if there is no such line."""
    if not init or len(shape) != 2:
        return ""
    line = recipe(initializer(init), shape)["NumPy"]
    if "\n" in line or "#" in line:
        return ""
    if turned and line.startswith(("W = rng.normal(", "W = rng.uniform(")):  # entries do not know their place
        return line.replace(str(shape), str(shape[::-1]))
    return f"{line}; W = W.T" if turned else line


def summary(
    lane: LaneSnapshot, start: str, states: Sequence[State], verdict: Verdict, notes: Sequence[str], tested: bool
) -> str:
    """Several lines: what it is, the `states` of its layers if they are known, the verdict, and what else to know."""
    spec = lane.spec
    head = f"{spec.architecture} {spec.activation}, {spec.loss}, {spec.optimizer} lr {spec.lr:g}, step {lane.step:,}"
    if lane.status is not Status.TRAINING:
        head += f", {lane.status}"
    lines = [head, f"started from {start}", measured(lane, tested)]
    lines += [layer_line(lane, number, state) for number, state in enumerate(states, 1)]
    return "\n".join([*lines, f"verdict: {verdict.words}", *(f"note: {note}" for note in notes)])


def measured(lane: LaneSnapshot, tested: bool) -> str:
    """Loss and accuracies in words."""
    latest = lane.latest
    parts = [f"loss {_number(latest.train_loss)}", f"right {_percent(latest.train_accuracy)}"]
    return ", ".join(parts + [f"in the test {_percent(latest.test_accuracy)}"] * tested)


def layer_line(lane: LaneSnapshot, number: int, state: State) -> str:
    """One layer: its state and the numbers that say most."""
    row = lane.probes[-1, number - 1]
    flat = float(saturation(row))
    parts = [f"{flat:.0%} saturated"] if flat == flat else []
    dead = float(row[INDEX["dead_units"]])
    parts += [f"{dead:.0%} dead"] if dead > 0 else []
    update = float(row[INDEX["update_ratio"]])
    parts += [f"a step changes weights by {_number(update)} of their size"] if np.isfinite(update) else []
    return f"layer {number}: {state.letter} {state.word}" + "".join(f", {part}" for part in parts)


def _number(value: float) -> str:
    return f"{value:.3g}" if value == value else "not known"


def _percent(share: float) -> str:
    return f"{share:.1%}" if share == share else "not known"
