"""Draws samples for the sample view on a thread of its own, so that neither the keys nor the training wait."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import prod

import numpy as np

from initscope.core.errors import InputError
from initscope.core.initialization import sampling
from initscope.core.initialization.initializers import Initializer
from initscope.core.initialization.sampling import Sample
from initscope.core.spec import Spec
from initscope.tui.latest import Latest
from initscope.tui.sampleview import View

BINS, EPS = 50, 1e-5
"""As `initscope sample` has them."""
MOST_SHOWN = 9
MOST_WEIGHTS = 10**7
CORNER = 1024
"""Rows and columns that are kept of weights: more than any screen has."""


@dataclass(frozen=True, eq=False)
class Wanted:
    """What to draw: initializers by the numbers of their lanes (from 0), for weights (out, in, *kernel)."""

    rules: tuple[tuple[int, Initializer], ...]
    shape: tuple[int, ...]
    n: int
    seed: int


@dataclass(frozen=True, eq=False)
class Drawn:
    view: View | None
    """None if none could be drawn."""
    notes: tuple[str, ...]
    """What could not be drawn, and why."""


def rules_of(specs: Sequence[Spec], lane: int) -> tuple[tuple[int, Initializer], ...]:
    """Each initializer once, with the number of the first lane that has it: that of `lane` first."""
    found: dict[Initializer, int] = {specs[lane].initializer: lane}
    for number, spec in enumerate(specs):
        found.setdefault(spec.initializer, number)
    return tuple((number, rule) for rule, number in found.items())


def draw(wanted: Wanted, stale: Callable[[], bool]) -> Drawn | None:
    """Draw, and work out all that takes time; None if it has become `stale` meanwhile."""
    size = prod(wanted.shape)
    if size > MOST_WEIGHTS:
        note = f"This layer has {size:,} weights; more than {MOST_WEIGHTS:,} are not drawn. Choose another layer."
        return Drawn(None, (note,))
    samples: dict[int, Sample] = {}
    notes = []
    for number, rule in wanted.rules[:MOST_SHOWN]:
        if stale():
            return None
        try:
            samples[number] = _sample(rule, wanted)
        except InputError as error:
            notes.append(f"Lane {number + 1}: {error}.")
    if more := len(wanted.rules) - MOST_SHOWN:
        notes += [f"{more} more are not shown: select one of their lanes in the lab."] * (more > 0)
    if not samples:
        return Drawn(None, tuple(notes))
    shown = tuple(samples.values())
    edges = sampling.shared_edges(shown, BINS)
    view = View(shown, wanted.n, wanted.seed, EPS, wanted.shape, edges, tuple(samples))
    view.work_out()
    return Drawn(view, tuple(notes))


def _sample(rule: Initializer, wanted: Wanted) -> Sample:
    """From the stream of `initscope sample`; of the weights only the corner that may be shown."""
    shape, rng = wanted.shape, np.random.default_rng(wanted.seed)
    sample = sampling.draw(rule.for_shape(shape), shape, wanted.n, rng)
    return replace(sample, weights=sample.weights.reshape(shape[0], -1)[:CORNER, :CORNER].copy())


class Sampler(Latest[Wanted]):
    """Draws on a thread of its own."""

    def __init__(self) -> None:
        self._found: tuple[Wanted, Drawn] | None = None
        super().__init__("initscope-sampler")

    @property
    def drawn(self) -> Drawn | None:
        """What was asked for last; None while it is being drawn."""
        found = self._found
        return found[1] if found and found[0] is self.wanted else None

    def _do(self, wanted: Wanted) -> None:
        drawn = draw(wanted, partial(self.stale, wanted))
        if drawn:
            self._found = wanted, drawn
