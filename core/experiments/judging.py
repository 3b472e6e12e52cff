"""Compares what was measured with what an experiment expects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import cycle
from math import floor, isfinite, log10, nan, sqrt

from initscope.core.experiments.experiment import ANY, MEAN, SPREAD, Expectation, Quantity
from initscope.core.experiments.plan import Plan
from initscope.core.experiments.run import Run

Values = Mapping[tuple[str, int, Quantity], float]


class Answer(StrEnum):
    """What a comparison comes to."""

    HOLDS = "holds"
    FAILS = "does not hold"
    OPEN = "not judged"
    SHOWN = "shown"
    """There is nothing to judge."""


@dataclass(frozen=True)
class Judgement:
    """Of one expectation."""

    expectation: Expectation
    answer: Answer
    why: str = ""
    """The value that fails, or why it was not judged."""


@dataclass(frozen=True)
class Cell:
    """One lane's values of one quantity, seed by seed, and the source's number."""

    lane: str
    quantity: Quantity
    values: tuple[float, ...]
    reference: float | None = None

    @property
    def mean(self) -> float:
        return sum(self.values) / len(self.values) if self.values else nan

    @property
    def spread(self) -> float:
        """Sample standard deviation; NaN of fewer than two values."""
        finite = [value for value in self.values if isfinite(value)]
        if len(finite) < 2 or len(finite) < len(self.values):
            return nan
        return sqrt(sum((value - self.mean) ** 2 for value in finite) / (len(finite) - 1))


def judge(run: Run) -> list[Judgement]:
    """Every expectation of the experiment, in its order."""
    layers = layer_counts(run.plan)
    return [judge_one(expectation, run, layers) for expectation in run.plan.experiment.expectations]


def layer_counts(plan: Plan) -> dict[str, int]:
    """The number of layers of every lane; 0 for draws."""
    experiment = plan.experiment
    if experiment.kind == "sample":
        return dict.fromkeys(experiment.lane_names, 0)
    specs = plan.specs(experiment.seeds[0])
    return {name: len(spec.architecture.layers) for name, spec in zip(experiment.lane_names, specs, strict=True)}


def cells(expectation: Expectation, lane: str, run: Run, layers: int) -> list[Cell]:
    """What was measured of a lane, layer by layer; without the seeds that did not get there."""
    seeds = run.plan.experiment.seeds if expectation.seed is None else (expectation.seed,)
    found = []
    references = cycle(expectation.reference or (None,))
    for quantity, reference in zip(expectation.quantities(layers), references, strict=False):
        keys = [(lane, seed, quantity) for seed in seeds]
        found.append(Cell(lane, quantity, tuple(run.values[key] for key in keys if key in run.values), reference))
    return found


def judge_one(expectation: Expectation, run: Run, layers: Mapping[str, int]) -> Judgement:
    """One expectation: it holds if it does so in every lane and layer, and for its seeds."""
    if not expectation.judged:
        return Judgement(expectation, Answer.SHOWN)
    reason = run.plan.reason_not_to_judge(expectation)
    seeds = len(run.plan.experiment.seeds) if expectation.seed is None else 1
    own = [cells(expectation, lane, run, layers[lane]) for lane in expectation.lanes]
    others = {lane: cells(expectation, lane, run, layers[lane]) for lane in expectation.other_lanes}
    if not reason and any(len(cell.values) < seeds for row in [*own, *others.values()] for cell in row):
        reason = "not judged: the run did not get there"
    if reason:
        return Judgement(expectation, Answer.OPEN, reason)
    for row in own:
        for place, cell in enumerate(row):
            beside = {lane: other[place].values for lane, other in others.items()}
            trouble = _trouble(expectation, cell, beside)
            if trouble:
                return Judgement(expectation, Answer.FAILS, trouble)
    return Judgement(expectation, Answer.HOLDS)


def _trouble(expectation: Expectation, cell: Cell, beside: Mapping[str, Sequence[float]]) -> str:
    """What is wrong with one cell; empty if nothing is."""
    where = cell.lane + (f", layer {cell.quantity.layer}" if cell.quantity.layer else "")
    if expectation.seeds in (MEAN, SPREAD):
        reduced = _reduce(expectation.seeds, cell)
        other = {lane: _reduce(expectation.seeds, Cell(lane, cell.quantity, tuple(v))) for lane, v in beside.items()}
        wrong = broken(expectation, reduced, cell.reference, other)
        return f"{where}: {expectation.seeds} over seeds is {wrong}" if wrong else ""
    found = []
    for number, value in enumerate(cell.values):
        wrong = broken(expectation, value, cell.reference, {lane: values[number] for lane, values in beside.items()})
        if wrong:
            found.append(f"{where}: {wrong}")
    if not found or (expectation.seeds == ANY and len(found) < len(cell.values)):
        return ""
    return found[0] + (f", {len(found)} of {len(cell.values)} seeds" if len(cell.values) > 1 else "")


def _reduce(how: str, cell: Cell) -> float:
    return cell.mean if how == MEAN else cell.spread


def broken(expectation: Expectation, value: float, reference: float | None, beside: Mapping[str, float]) -> str:
    """`0.93, not at least 0.95`: the first bound that a value breaks; empty if it keeps them. NaN breaks all."""
    e = expectation
    bounds: list[tuple[bool, str]] = []
    if e.low is not None:
        bounds.append((value >= e.low, f"at least {e.low:.6g}"))
    if e.high is not None:
        bounds.append((value <= e.high, f"at most {e.high:.6g}"))
    if reference is not None:
        away, target = abs(value - reference), f"of {reference:.6g}"
        if e.within is not None:
            bounds.append((away <= e.within, f"within {e.within:.6g} {target}"))
        if e.within_percent is not None:
            near = away <= e.within_percent / 100 * abs(reference)
            bounds.append((near, f"within {e.within_percent:.6g} % {target}"))
        if e.digits is not None and not e.equals_lane:
            bounds.append((same_digits(value, reference, e.digits), f"{reference!r} to {e.digits} digits"))
    exact = e.digits is not None or bool(e.equals_lane)
    shown = f"{value!r}" if exact else f"{value:.6g}"
    return next((f"{shown}, not {words}" for holds, words in [*bounds, *_besides(e, value, beside)] if not holds), "")


def _besides(e: Expectation, value: float, beside: Mapping[str, float]) -> list[tuple[bool, str]]:
    """Whether the relations to other lanes hold, and their words."""
    found = []
    by = "".join([f"{e.factor:g} times " * (e.factor != 1), f"{e.difference:g} " * (e.difference != 0)])
    if e.above_lane:
        limit = e.factor * beside[e.above_lane] + e.difference
        words = f"{by}above {e.above_lane} ({beside[e.above_lane]:.6g})"
        found.append((value >= limit if by else value > limit, words))
    if e.below_lane:
        limit = (beside[e.below_lane] - e.difference) / e.factor
        words = f"{by}below {e.below_lane} ({beside[e.below_lane]:.6g})"
        found.append((value <= limit if by else value < limit, words))
    if e.equals_lane:
        other = beside[e.equals_lane]
        if e.digits is None:
            found.append((value == other, f"equal to {e.equals_lane} ({other!r})"))
        else:
            same = same_digits(value, other, e.digits)
            found.append((same, f"in {e.digits} digits equal to {e.equals_lane} ({other!r})"))
    return found


def same_digits(value: float, reference: float, digits: int) -> bool:
    """Whether the value differs from the reference by less than half a unit of its `digits`-th significant digit."""
    if value == reference:
        return True
    if not (isfinite(value) and isfinite(reference) and reference):
        return False
    unit = 10.0 ** (floor(log10(abs(reference))) - digits + 1)
    return abs(value - reference) <= 0.5 * unit * (1 + 1e-9)


def verdict(judgements: Sequence[Judgement]) -> Answer:
    """Of the whole experiment: it holds if something was judged and all of that holds."""
    answers = {judgement.answer for judgement in judgements}
    return next((answer for answer in (Answer.FAILS, Answer.HOLDS, Answer.OPEN) if answer in answers), Answer.OPEN)
