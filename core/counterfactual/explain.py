"""Proof by counterfactual: the same network on the same batches, with one suspected thing changed at a time."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from math import inf

from initscope.core.counterfactual.changes import Change, Suspect
from initscope.core.counterfactual.judging import judge
from initscope.core.counterfactual.race import runners
from initscope.core.counterfactual.results import Explanation, Outcome, Trial, answer, in_order
from initscope.core.counterfactual.runs import Job, Runs
from initscope.core.datasets.data import Dataset
from initscope.core.errors import InputError
from initscope.core.initialization.streams import MOST_LEGACY
from initscope.core.learning import Constant, constant_of
from initscope.core.plural import plural
from initscope.core.spec import Spec
from initscope.core.training import BUDGET, Trainer

SEEDS = 3
"""One seed misleads: He on circles gets 66 to 97 % right, depending on it."""
STEPS = (300, 1000, 3000, 10_000)
"""Of every run: the first, or a later one where nothing is clear before. The network as it is goes on, as far as the
spec's own length; a change starts from the beginning."""
AFFORDABLE, RACE = 1.8, 5.0
"""Seconds, by estimate, that a longer run of the network as it is may take, and all those of changes together."""
COSTLY, REPEATED = 3.0, 3
"""Seconds, by estimate, of the first runs of all changes, from which later seeds repeat only the best; and how many of
each suspect those are."""


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
    `seeds` is the number of seeds, the spec's own and the next ones; `steps` of every run. By default all changes get
    the first of STEPS; those that may yet learn go on, to the network's own number of steps if that is affordable,
    with its own seed, and where they learn with the others. So does the network as it is, before it is said not to
    learn. Raises InputError for numbers below 1.
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
        self.spec, self.runs = spec, Runs(spec, dataset)
        first = spec.seed if spec.seed + seeds <= MOST_LEGACY else spec.seed - seeds + 1
        others = [seed for seed in range(first, first + seeds) if seed != spec.seed]
        self.seeds = (spec.seed, *others)
        self.constant: Constant = constant_of(spec, dataset)
        self._total, self._given = spec.total_steps(dataset.n_train), steps is not None
        enough = max(self._total, STEPS[1])
        self._stages = [steps] if steps else sorted({n for n in STEPS if n <= enough} | {min(enough, STEPS[-1])})
        following = [*self._stages[2:], inf]
        self._longer = [n for n, after in zip(self._stages[1:], following, strict=False) if after >= 2 * n]
        """Of changes, which start from the beginning: 3,000 are not worth it where 4,500 are all."""
        self._tried: dict[Change | None, list[Outcome]] = {None: []}
        """The longest runs of each; None: as it is."""
        self._left = RACE
        self._work = self._done = 0.0
        self._words = ""
        self._so_far: Explanation | None = None
        self._complete = False

    @property
    def datasets(self) -> dict[str, Dataset]:
        """By name, those of the changes included once they are tried."""
        return self.runs.datasets

    def explanation(self) -> Explanation | None:
        """What stands; None before the first result."""
        return self._so_far

    def run(self, budget: float = BUDGET) -> Iterator[Progress]:
        """Search to the end; yields every `budget` seconds. Stopping between two yields leaves what stands."""
        yield from self._run_originals(budget)
        if not self._found.learns:
            yield from self._run_changes(budget)
            for steps in self._longer:
                if not (yield from self._race(steps, budget)):
                    break
        self._complete = True
        self._conclude()
        yield Progress(1.0, "done", self._so_far)

    @property
    def _found(self) -> Explanation:
        assert self._so_far is not None
        return self._so_far

    # What is run

    def _run_originals(self, budget: float) -> Iterator[Progress]:
        """As they are, and on while one that has not learned still may."""
        jobs: list[Job] = [(None, seed) for seed in self.seeds]
        trainers: list[tuple[Sequence[Job], Trainer]] = []
        for stage, steps in enumerate(self._stages):
            self._plan(len(jobs), f"as it is, {plural(len(jobs), 'seed')}, {plural(steps, 'step')}")
            if not trainers:
                for some in self.runs.in_groups(jobs):
                    yield Progress(0.0, self._words, self._so_far)
                    trainers.append((some, self.runs.trainer(some, self._stages[-1])))
            for some, trainer in trainers:
                yield from self._train(some, trainer, steps, budget)
            self._conclude()
            longer = self._stages[stage + 1 : stage + 2]
            if not (longer and self._unsettled() and self.runs.cost(jobs, *longer) <= AFFORDABLE):
                break

    def _run_changes(self, budget: float) -> Iterator[Progress]:
        """Seed by seed, so that what stands is about all suspects; one by one where they take long."""
        yield Progress(0.0, "choosing what to change", self._so_far)
        wanted: Sequence[Change] = self.runs.changes()
        steps = self._stages[0]
        frugal = self.runs.cost([(change, seed) for seed in self.seeds for change in wanted], steps) > COSTLY
        planned = len(self._best(wanted)) if frugal else len(wanted)
        self._plan(len(wanted) + (len(self.seeds) - 1) * planned)
        for number, seed in enumerate(self.seeds, 1):
            for group in _by_suspect(wanted) if frugal else [wanted]:
                what = str(group[0].suspect) if frugal else plural(len(group), "change")
                self._words = f"{what}, seed {number} of {len(self.seeds)}, {plural(steps, 'step')}"
                yield from self._run_jobs([(change, seed) for change in group], steps, budget)
                self._conclude()
            if frugal:
                wanted = self._best(wanted)

    def _best(self, wanted: Sequence[Change]) -> list[Change]:
        """Of each suspect the REPEATED best changes so far."""
        ranks = {trial.change: trial.rank for found in self._found.answers for trial in found.trials}
        best = [sorted(group, key=lambda c: ranks.get(c, (0, inf)))[:REPEATED] for group in _by_suspect(wanted)]
        return [change for group in best for change in group]

    def _race(self, steps: int, budget: float) -> Generator[Progress, None, bool]:
        """Longer runs of what may yet learn, with the spec's own seed; then, of what has, with the others.

        Whatever learns is compared with the network as it is after as many steps. Returns whether to go on.
        """
        before = {trial.change: trial.learned for found in self._found.answers for trial in found.trials}
        racing = self._affordable(runners(self._found), steps)
        if not racing:
            return False
        yield from self._run_heat([(change, self.spec.seed) for change in racing], steps, budget)
        learned = [change for change in racing if before[change] or self._tried[change][0].learns]
        others: list[Job] = [(change, seed) for change in learned for seed in self.seeds[1:]]
        if learned and self._found.own_steps < steps:
            others += [(None, seed) for seed in self.seeds]
        if others:
            yield from self._run_heat(others, steps, budget)
        return not self._found.learns

    def _run_heat(self, jobs: Sequence[Job], steps: int, budget: float) -> Iterator[Progress]:
        self._left -= self.runs.cost(jobs, steps)
        self._plan(len(jobs), f"{plural(len({change for change, _ in jobs}), 'change')}, {plural(steps, 'step')}")
        yield from self._run_jobs(jobs, steps, budget)
        self._conclude()

    def _affordable(self, racing: list[Change], steps: int) -> list[Change]:
        """Without the last ones as far as they are too many."""
        while racing and self.runs.cost([(change, self.spec.seed) for change in racing], steps) > self._left:
            racing = racing[:-1]
        return racing

    def _run_jobs(self, jobs: Sequence[Job], steps: int, budget: float) -> Iterator[Progress]:
        for some in self.runs.in_groups(jobs):
            yield Progress(self._share(0), self._words, self._so_far)
            yield from self._train(some, self.runs.trainer(some, steps), steps, budget)

    def _plan(self, work: int, words: str = "") -> None:
        """What is to be done next, in runs."""
        self._work, self._done, self._words = float(work), 0.0, words

    def _train(self, jobs: Sequence[Job], trainer: Trainer, steps: int, budget: float) -> Iterator[Progress]:
        """Go on to so many steps, and note what came of it."""
        begun, to_do = trainer.step, max(1, steps - trainer.step)
        for snapshot in trainer.run(steps, budget, every=inf):  # noqa: B007
            share = len(jobs) * (trainer.step - begun) / to_do
            yield Progress(self._share(share), self._words, self._so_far)
        self._done += len(jobs)
        for (change, seed), lane in zip(jobs, snapshot.lanes, strict=True):
            known = self._tried.setdefault(change, [])
            if known and known[0].steps < steps:
                known.clear()
            known.append(judge(lane, seed, steps, self.constant))

    def _share(self, more: float) -> float:
        return min(1.0, (self._done + more) / self._work)

    # What came of it

    def _unsettled(self) -> bool:
        """Whether the network as it is could learn with more steps."""
        return any(outcome.unsettled for outcome in self._tried[None])

    def _conclude(self) -> None:
        original = Trial(None, tuple(self._tried[None]))
        trials = [Trial(change, tuple(runs)) for change, runs in self._tried.items() if change is not None]
        answers = []
        for suspect in Suspect if not original.learns else ():
            tried = tuple(trial for trial in trials if trial.change and trial.change.suspect is suspect)
            if tried:
                answers.append(answer(suspect, tried, original, self.constant))
        steps = max((found.steps for found in answers), default=original.steps if original.learns else self._stages[0])
        untried = self._unsettled() and not self._given and self._total > original.steps
        self._so_far = Explanation(
            self.spec, self.seeds, steps, self.constant, original, in_order(answers, self.constant), self._complete,
            original.steps, self._total * untried,
        )  # fmt: skip


def _by_suspect(wanted: Sequence[Change]) -> list[list[Change]]:
    groups = [[change for change in wanted if change.suspect is suspect] for suspect in Suspect]
    return [group for group in groups if group]
