"""What an experiment is: a question, lanes that answer it, and what they are expected to show."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from initscope.core.comparison import Comparison

START, END = "start", "end"
WHEN = re.compile(r"start|end|(epoch|step) ([0-9]{1,12})")
"""How the place in a run is written that something is measured at."""
HIDDEN, OUTPUT = "hidden", "output"
"""All layers but the last, and the last."""
KINDS = ("train", "sample")
EACH, MEAN, ANY, SPREAD = REDUCTIONS = ("each", "mean", "any", "spread")
"""What has to hold: every seed's value, their mean, at least one of them, their sample standard deviation."""

Setting = float | str


@dataclass(frozen=True)
class Quantity:
    """One number of one lane and seed."""

    measure: str
    at: str = END
    layer: int = 0
    """From 1; 0 for what is of the whole network."""
    settings: tuple[tuple[str, Setting], ...] = ()

    @property
    def values(self) -> dict[str, Setting]:
        return dict(self.settings)


@dataclass(frozen=True)
class Expectation:
    """What a measure should be, in which lanes and layers; without a bound it is only shown."""

    text: str
    lanes: tuple[str, ...]
    measure: str
    at: str = END
    layers: tuple[int | str, ...] = ()
    """Numbers from 1, `hidden` or `output`; empty for what is of the whole network."""
    settings: tuple[tuple[str, Setting], ...] = ()
    reference: tuple[float, ...] = ()
    """The source's number, or one for each layer."""
    reference_text: str = ""
    """The source's number as it is to be shown."""
    low: float | None = None
    high: float | None = None
    within: float | None = None
    """At most this far from the reference."""
    within_percent: float | None = None
    """The same in percent of the reference."""
    digits: int | None = None
    """Equal to the reference, or to another lane, in so many significant digits."""
    above_lane: str = ""
    below_lane: str = ""
    equals_lane: str = ""
    factor: float = 1.0
    difference: float = 0.0
    seeds: str = EACH
    seed: int | None = None
    """Only of this seed."""
    anywhere: bool = False
    """Whether it holds on other data as well."""

    @property
    def judged(self) -> bool:
        """Whether it says what must be."""
        bounds = (self.low, self.high, self.within, self.within_percent, self.digits)
        return any(bound is not None for bound in bounds) or any(self.other_lanes)

    @property
    def other_lanes(self) -> tuple[str, ...]:
        """The lanes it compares with."""
        return tuple(name for name in (self.above_lane, self.below_lane, self.equals_lane) if name)

    def quantities(self, layers: int) -> tuple[Quantity, ...]:
        """What it is about in a network of so many layers, layer by layer."""
        numbers: list[int] = []
        for layer in self.layers or (0,):
            if layer == HIDDEN:
                numbers += range(1, layers)
            else:
                numbers.append(layers if layer == OUTPUT else int(layer))
        return tuple(Quantity(self.measure, self.at, number, self.settings) for number in numbers)


@dataclass(frozen=True)
class Experiment:
    """Read from a file by `experimentfile.read`."""

    name: str
    question: str
    claim: str
    source: str
    kind: str
    lanes: tuple[Mapping[str, str], ...]
    """Each has a `name`; the rest are the options that differ."""
    expectations: tuple[Expectation, ...]
    options: Mapping[str, str] = field(default_factory=dict)
    seeds: tuple[int, ...] = (0,)
    every: int | None = None
    """Steps between measurements that `first_step` can see, besides the usual ones."""
    notes: str = ""
    data_help: str = ""
    """How to get the data where no command does."""

    @property
    def lane_names(self) -> tuple[str, ...]:
        return tuple(lane["name"] for lane in self.lanes)

    def comparison(self, seed: int) -> Comparison:
        """The lanes of a seed, as they train."""
        return Comparison({**self.options, "seed": str(seed)}, self.lanes)

    @property
    def data_names(self) -> tuple[str, ...]:
        """The data it trains on, each once; none if it only draws."""
        return self.comparison(0).data_names() if self.kind == "train" else ()


def first_seeds(known: Sequence[int], count: int) -> tuple[int, ...]:
    """So many seeds: those known, then the smallest others."""
    others = (seed for seed in range(count + len(known)) if seed not in known)
    return (*known, *others)[:count]
