"""Lanes of saved runs that stand beside those that train: to look at, never to change."""

from concurrent.futures import Future
from dataclasses import dataclass, replace

from initscope.core.comparison import unique_names
from initscope.core.datasets.data import Dataset
from initscope.core.errors import InputError
from initscope.core.lanecopy import LaneCopy, lane_copy
from initscope.core.runs.past import Past
from initscope.core.snapshot import LaneSnapshot, Snapshot
from initscope.core.spec import Spec


@dataclass(frozen=True, eq=False)
class Guest:
    """A lane as it was when its run was saved last."""

    past: Past
    lane: int
    """Its number in its run, from 0."""
    seen: LaneSnapshot
    """With the histograms of all layers."""

    @property
    def run_id(self) -> str:
        return self.past.run.id

    @property
    def dataset(self) -> Dataset:
        return self.past.data_by_name()[self.seen.spec.data]

    def copy(self) -> Future[LaneCopy]:
        """Its weights, as `Session.copy` gives those of lanes that train."""
        answer: Future[LaneCopy] = Future()
        try:
            answer.set_result(lane_copy(self.past.trainer, self.lane))
        except InputError as error:
            answer.set_exception(error)
        return answer


class Guests:
    """The guests of a lab. They count on from its own lanes, in the order in which they came."""

    def __init__(self) -> None:
        self._guests: tuple[Guest, ...] = ()
        self._placed: tuple[LaneSnapshot, ...] = ()
        """With the numbers that they have behind so many of the lab's lanes."""

    def __len__(self) -> int:
        return len(self._guests)

    def __getitem__(self, place: int) -> Guest:
        return self._guests[place]

    @property
    def specs(self) -> tuple[Spec, ...]:
        """Named by the end of their run's id: `a7 randn`."""
        return unique_names(replace(one.seen.spec, name=f"{one.run_id[-2:]} {one.seen.name}") for one in self._guests)

    @property
    def datasets(self) -> dict[str, Dataset]:
        """Their data, as specs call them."""
        return {one.dataset.name: one.dataset for one in self._guests}

    def add(self, past: Past) -> int:
        """All lanes of a run; those that came from it before make way. Returns the first one's place."""
        stay = [one for one in self._guests if one.run_id != past.run.id]
        come = [Guest(past, lane, seen) for lane, seen in enumerate(past.snapshot.lanes)]
        self._guests, self._placed = (*stay, *come), ()
        return len(stay)

    def remove(self, place: int) -> None:
        self._guests, self._placed = self._guests[:place] + self._guests[place + 1 :], ()

    def beside(self, live: Snapshot) -> Snapshot:
        """The lab's own lanes and then the guests; without guests, the very same snapshot."""
        if not self._guests:
            return live
        first = len(live.lanes)
        if not self._placed or self._placed[0].index != first:  # else the same objects: their pictures are remembered
            pairs = enumerate(zip(self._guests, self.specs, strict=True), first)
            self._placed = tuple(replace(one.seen, index=index, spec=spec) for index, (one, spec) in pairs)
        return replace(live, lanes=live.lanes + self._placed)
