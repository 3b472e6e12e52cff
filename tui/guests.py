"""Lanes of saved runs that stand beside those that train: to look at, never to change."""

from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from initscope.core.comparison import unique_names
from initscope.core.datasets.data import Dataset
from initscope.core.errors import InputError
from initscope.core.exports.weights import LaneWeights, of_trainer
from initscope.core.histograms import Floats
from initscope.core.lanecopy import LaneCopy, lane_copy
from initscope.core.runs.past import Past
from initscope.core.snapshot import LaneSnapshot, Snapshot
from initscope.core.spec import Spec
from initscope.tui import guestbins
from initscope.tui.guestbins import Kind, Values


@dataclass(frozen=True, eq=False)
class Guest:
    """A lane as it was when its run was saved last."""

    past: Past
    lane: int
    """Its number in its run, from 0."""
    seen: LaneSnapshot
    """With the histograms of all layers, in its own run's bins."""

    @cached_property
    def values(self) -> Values:
        """What its histograms are counted from."""
        return Values(self.past.trainer.lanes[self.lane].start, self.past.values[self.lane])

    @property
    def run_id(self) -> str:
        return self.past.run.id

    @property
    def dataset(self) -> Dataset:
        return self.past.data_by_name()[self.seen.spec.data]

    def weights(self) -> LaneWeights:
        """A copy of them, for files."""
        return of_trainer(self.past.trainer)[self.lane]

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
        """With the numbers that they have behind so many of the lab's lanes, and in their bins."""
        self._beside: Mapping[tuple[int, Kind], Floats] = {}
        """The bins of the lab's lanes that those were made for."""
        self._bins: guestbins.Plan = {}
        """Theirs, and the lab's lanes' beside them."""

    def __len__(self) -> int:
        return len(self._guests)

    def __getitem__(self, place: int) -> Guest:
        return self._guests[place]

    def __iter__(self) -> Iterator[Guest]:
        return iter(self._guests)

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

    def numbered(self, first: int) -> tuple[LaneSnapshot, ...]:
        """As they were saved, each in its own run's bins, with numbers from `first` on."""
        pairs = enumerate(zip(self._guests, self.specs, strict=True), first)
        return tuple(replace(one.seen, index=index, spec=spec) for index, (one, spec) in pairs)

    def beside(self, live: Snapshot) -> Snapshot:
        """The lab's own lanes and then the guests, in common bins; without guests, the very same snapshot."""
        if not self._guests:
            return live
        edges = guestbins.edges_of(live.lanes)
        if not self._placed or self._placed[0].index != len(live.lanes) or not _same(edges, self._beside):
            pairs = [(seen, one.values) for seen, one in zip(self.numbered(len(live.lanes)), self._guests, strict=True)]
            self._bins, self._beside = guestbins.plan(live.lanes, pairs), edges
            self._placed = tuple(guestbins.counted(seen, values, self._bins) for seen, values in pairs)
        # else they are the same objects: their pictures are remembered
        return replace(live, lanes=(*(guestbins.merged(lane, self._bins) for lane in live.lanes), *self._placed))


def _same(one: Mapping[tuple[int, Kind], Floats], other: Mapping[tuple[int, Kind], Floats]) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(edges, other[key]) for key, edges in one.items())
