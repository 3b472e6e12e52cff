"""Proof by counterfactual: the same network on the same batches, with one suspected thing changed at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import inf, isqrt, nan

import numpy as np

from initscope.core.counterfactual.changes import Change, Suspect, changes
from initscope.core.counterfactual.results import Explanation, Outcome, Trial, answer, in_order
from initscope.core.datasets import data
from initscope.core.datasets.data import Dataset
from initscope.core.errors import InputError
from initscope.core.initialization.streams import MOST_LEGACY
from initscope.core.learning import Constant, constant_of, lane_learns
from initscope.core.plural import plural
from initscope.core.snapshot import LaneSnapshot, Status
from initscope.core.spec import Spec, read
from initscope.core.training import BUDGET, Trainer

SEEDS = 3
"""One seed misleads: He on circles gets 66 to 97 % right, depending on it."""
STEPS = (300, 1000, 3000, 10_000)
"""Of every run: the first, or a later one where nothing is clear before. The network as it is goes on, as far as the
spec's own length; a change starts from the beginning."""
AFFORDABLE = 5.0
"""Seconds, by estimate, that a longer run may take; and from which later seeds repeat only the best changes."""
REPEATED = 3
"""How many of each suspect those are."""
FALLING, PLATEAU = 0.01, 0.1
"""Of the constant answer's loss or of that at the start: a fall in half of the steps that is one, and how near to
either of the two a loss has not left its plateau."""
PATIENCE = 10
"""A network is on its way if, going on at its pace, it has learned within so many times the steps."""
LANE_FLOATS = 2 * 10**7
"""A trainer holds so many lanes that their number squared, times the parameters of one, is no more than this."""
FLOPS, OVERHEAD = 4e10, 5e-5
"""A second, and seconds a layer and step of a group of lanes: rough, and by intent the same on every machine."""

Job = tuple[Change | None, int]
"""What is changed (None: nothing), and the seed."""


@dataclass(frozen=True)
class Progress:
    """Where the search is. `so_far` is what stands when it is stopped here; None before the first result."""

    done: float
    """Share of the work that is planned now, 0 to 1; it falls when more turns out to be needed."""
    words: str
    so_far: Explanation | None


def explain(
    spec: Spec, dataset: Dataset, *, seeds: int = SEEDS, steps: int | None = None
) -> Iterator[Progress | Explanation]:
    """Find out whether a network learns and, if not, which single change cures it; the last item is the answer.

    Yields every `training.BUDGET` seconds. The same spec gives the same answer, whatever the clock says.
    `seeds` is the number of seeds, the spec's own and the next ones; `steps` of every run, by default as many of
    STEPS as it takes; the network as it is has up to its own number of steps, as far as that is affordable, before it
    is said not to learn. Raises InputError for numbers below 1.
    """
    inquiry = Inquiry(spec, dataset, seeds=seeds, steps=steps)
    yield from inquiry.run()
    found = inquiry.explanation()
    assert found is not None
    yield found


class Inquiry:
    """The search itself: `run` it, and ask for the explanation at any time. Not for use from two threads."""

    def __init__(self, spec: Spec, dataset: Dataset, *, seeds: int = SEEDS, steps: int | None = None) -> None:
        for name, value in (("seeds", seeds), ("steps", steps)):
            if value is not None and value < 1:
                raise InputError(f"{name} must be at least 1, not {value}")
        self.spec, self.dataset = spec, dataset
        first = spec.seed if spec.seed + seeds <= MOST_LEGACY else spec.seed - seeds + 1
        others = [seed for seed in range(first, first + seeds) if seed != spec.seed]
        self.seeds = (spec.seed, *others)
        self.constant: Constant = constant_of(spec, dataset)
        self.datasets: dict[str, Dataset] = {dataset.name: dataset}
        """By name, those of the changes included once they are tried."""
        self._data: dict[str, Dataset] = {}
        """What the trainers are given of them."""
        self._total, self._given = spec.total_steps(dataset.n_train), steps is not None
        enough = max(self._total, STEPS[1])
        stages = [n for n in STEPS if n <= enough]
        self._stages = [steps] if steps else stages
        self._own_stages = [steps] if steps else sorted({*stages, min(enough, STEPS[-1])})
        self._steps = self._own_steps = self._stages[0]
        self._originals: list[Outcome] = []
        self._may_yet = False
        """Whether an original that has not learned could with more steps."""
        self._tried: dict[Change, list[Outcome]] = {}
        self._work = self._done = 0.0
        self._words = ""
        self._so_far: Explanation | None = None
        self._complete = False

    def explanation(self) -> Explanation | None:
        """What stands; None before the first result."""
        return self._so_far

    def run(self, budget: float = BUDGET) -> Iterator[Progress]:
        """Search to the end; yields every `budget` seconds. Stopping between two yields leaves what stands."""
        yield from self._run_originals(budget)
        if Trial(None, tuple(self._originals)).learns:
            self._steps = self._own_steps
        else:
            yield from self._run_stages(budget)
        self._complete = True
        self._conclude()
        yield Progress(1.0, "done", self._so_far)

    def _run_stages(self, budget: float) -> Iterator[Progress]:
        """All changes, with more steps as long as none cures and one may."""
        for stage, steps in enumerate(self._stages):
            longer = self._stages[stage + 1 : stage + 2]
            before, self._tried, self._steps = self._tried, {}, steps
            yield from self._run_changes(tuple(before), budget)
            if not (longer and self._may_help(stage) and self._cost(self._specs(), *longer) <= AFFORDABLE):
                break

    def _may_help(self, stage: int) -> bool:
        """Whether longer runs may show a cure: a second time for luck, then only where one is on its way."""
        assert self._so_far is not None
        trials = [trial for found in self._so_far.answers for trial in found.trials]
        return not self._so_far.causes and (stage == 0 or any(trial.promising for trial in trials))

    # What is run

    def _run_originals(self, budget: float) -> Iterator[Progress]:
        """As they are, and on while one that has not learned still may."""
        jobs: list[Job] = [(None, seed) for seed in self.seeds]
        trainers: list[tuple[Sequence[Job], Trainer]] = []
        for stage, steps in enumerate(self._own_stages):
            self._own_steps, self._originals, self._may_yet = steps, [], False
            self._work, self._done = float(len(jobs)), 0.0
            self._words = f"as it is, {plural(len(self.seeds), 'seed')}, {plural(steps, 'step')}"
            if not trainers:
                for some in self._in_groups(jobs):
                    yield Progress(0.0, self._words, self._so_far)
                    trainers.append((some, self._trainer(some, self._own_stages[-1])))
            for some, trainer in trainers:
                yield from self._train(some, trainer, steps, budget)
            self._conclude()
            longer = self._own_stages[stage + 1 : stage + 2]
            if not (longer and self._may_yet and self._cost([self.spec], *longer) <= AFFORDABLE):
                break

    def _run_changes(self, known: Sequence[Change], budget: float) -> Iterator[Progress]:
        """Seed by seed, so that what stands is about all suspects; one by one where they take long."""
        yield Progress(0.0, "choosing what to change", self._so_far)
        wanted: Sequence[Change] = known or self._changes()
        frugal = self._cost([self._spec(change) for change in wanted], self._steps) > AFFORDABLE
        planned = len(self._best(wanted)) if frugal else len(wanted)
        self._work, self._done = float(len(wanted) + (len(self.seeds) - 1) * planned), 0.0
        for number, seed in enumerate(self.seeds, 1):
            for group in _by_suspect(wanted) if frugal else [wanted]:
                what = str(group[0].suspect) if frugal else plural(len(group), "change")
                self._words = f"{what}, seed {number} of {len(self.seeds)}, {plural(self._steps, 'step')}"
                for some in self._in_groups([(change, seed) for change in group]):
                    yield Progress(self._share(0), self._words, self._so_far)
                    yield from self._train(some, self._trainer(some, self._steps), self._steps, budget)
                self._conclude()
            if frugal:
                wanted = self._best(wanted)

    def _changes(self) -> tuple[Change, ...]:
        """Those whose data can be loaded, which is done here."""
        found = []
        for change in changes(self.spec, self.dataset):
            name = dict(change.changes).get("data", self.dataset.name)
            if name not in self.datasets:
                try:
                    loaded = data.load(name)
                except InputError:
                    continue
                self.datasets |= {name: loaded, loaded.name: loaded}
            found.append(change)
        return tuple(found)

    def _best(self, wanted: Sequence[Change]) -> list[Change]:
        """Of each suspect the REPEATED best changes so far."""
        assert self._so_far is not None
        ranks = {trial.change: trial.rank for found in self._so_far.answers for trial in found.trials}
        best = [sorted(group, key=lambda c: ranks.get(c, (0, inf)))[:REPEATED] for group in _by_suspect(wanted)]
        return [change for group in best for change in group]

    def _spec(self, change: Change | None, seed: int | None = None, steps: int | None = None) -> Spec:
        """A run so long that it never ends by itself; where the schedule looks ahead it keeps its own length."""
        options = self.spec.options() if change is None else change.apply(self.spec.options())
        spec = read(options, self.datasets[options["data"]], self.spec.name)
        steps = steps or self._steps
        total = spec.total_steps(self.dataset.n_train)
        length = max(total, steps) if self.spec.schedule.name != "constant" else steps + 1
        return replace(spec, epochs=None, steps=length, seed=spec.seed if seed is None else seed)

    def _specs(self) -> list[Spec]:
        """All that were tried."""
        return [self.spec, *(self._spec(change) for change in self._tried)]

    def _in_groups(self, jobs: Sequence[Job]) -> Iterator[Sequence[Job]]:
        """As many at a time as one trainer holds."""
        parameters = max(self._spec(change).architecture.parameters for change, _ in jobs)
        most = max(1, isqrt(LANE_FLOATS // parameters))
        for start in range(0, len(jobs), most):
            yield jobs[start : start + most]

    def _trainer(self, jobs: Sequence[Job], steps: int) -> Trainer:
        """Of these changes (None: as it is) with their seeds, for so many steps."""
        for name in self.datasets.keys() - self._data.keys():
            self._data[name] = self.datasets[name].astype(self.spec.dtype)
        return Trainer([self._spec(*job, steps) for job in jobs], self._data)

    def _train(self, jobs: Sequence[Job], trainer: Trainer, steps: int, budget: float) -> Iterator[Progress]:
        """Go on to so many steps, and note what came of it."""
        begun, to_do = trainer.step, max(1, steps - trainer.step)
        for snapshot in trainer.run(steps, budget, every=inf):  # noqa: B007
            share = len(jobs) * (trainer.step - begun) / to_do
            yield Progress(self._share(share), self._words, self._so_far)
        self._done += len(jobs)
        for (change, seed), lane in zip(jobs, snapshot.lanes, strict=True):
            self._note(change, seed, lane, steps)

    def _share(self, more: float) -> float:
        return min(1.0, (self._done + more) / self._work)

    # What came of it

    def _note(self, change: Change | None, seed: int, lane: LaneSnapshot, steps: int) -> None:
        loss, accuracy = lane.measures[:, 0], lane.measures[:, 1]
        diverged = lane.status is Status.DIVERGED
        learns = lane_learns(lane, self.constant)
        after = (nan, nan) if diverged else (float(loss[-1]), float(accuracy[-1]))
        half = float(loss[min(int(np.searchsorted(lane.probe_steps, steps // 2)), len(loss) - 1)])
        on_its_way = not (diverged or learns) and self._on_its_way(half, after[0])
        outcome = Outcome(
            seed, float(loss[0]), after[0], float(accuracy[0]), after[1], diverged, learns, on_its_way,
            float(lane.latest.test_accuracy),
        )  # fmt: skip
        if change is not None:
            self._tried.setdefault(change, []).append(outcome)
            return
        self._originals.append(outcome)
        self._may_yet |= not (diverged or learns) and self._is_open(outcome.loss_before, half, after[0])

    def _is_open(self, start: float, then: float, now: float) -> bool:
        """Whether a loss still falls or has not left its plateau: that of the start or of the constant answer.

        `then` was half the steps ago.
        """
        plateaus = (start, self.constant.loss)
        return then - now > FALLING * self.constant.loss or any(abs(now - one) < PLATEAU * one for one in plateaus)

    def _on_its_way(self, then: float, now: float) -> bool:
        """Whether a loss is below the constant answer's, and falling fast enough. `then` was half the steps ago."""
        to_come = now - 2 * (PATIENCE - 1) * (then - now)
        return now < self.constant.loss and self.constant.beaten_by(to_come, 1.0)

    def _conclude(self) -> None:
        original = Trial(None, tuple(self._originals))
        answers = []
        for suspect in Suspect:
            tried = [(change, runs) for change, runs in self._tried.items() if change.suspect is suspect]
            if tried:
                trials = tuple(Trial(change, tuple(runs)) for change, runs in tried)
                answers.append(answer(suspect, trials, original, self.constant))
        self._so_far = Explanation(
            self.spec, self.seeds, self._steps, self.constant, original,
            in_order(answers, self.constant), self._complete, self._own_steps,
            self._total * (self._may_yet and not self._given and self._total > self._own_steps),
        )  # fmt: skip

    def _cost(self, specs: Sequence[Spec], steps: int) -> float:
        """Seconds that these runs take with all seeds, by a rough estimate that no clock has part in."""
        products = sum(sum(layer.products for layer in s.architecture.layers) * s.batch_size for s in specs)
        groups = len({(s.architecture, s.activation, s.batch_size) for s in specs})
        layers = max(len(s.architecture.layers) for s in specs)
        return len(self.seeds) * steps * (6 * products / FLOPS + groups * (layers + 1) * OVERHEAD)


def _by_suspect(wanted: Sequence[Change]) -> list[list[Change]]:
    groups = [[change for change in wanted if change.suspect is suspect] for suspect in Suspect]
    return [group for group in groups if group]
