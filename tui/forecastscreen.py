"""The forecast as a screen of the lab: what theory expects of every layer of a lane, beside what is measured."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from initscope.core.checks.spec import measure_start
from initscope.core.datasets.data import Dataset
from initscope.core.errors import InputError
from initscope.core.snapshot import LaneSnapshot, Snapshot
from initscope.core.spec import Spec
from initscope.core.theory.forecast import Forecast, of_spec
from initscope.tui import actions
from initscope.tui.checkviewtable import say
from initscope.tui.copying import spec_command
from initscope.tui.drawing import Drawing
from initscope.tui.forecastview import Floats, Seen, charts, text
from initscope.tui.latest import Latest
from initscope.tui.pagescreen import PageScreen
from initscope.tui.sheet import Style

LOOK_EVERY = 0.05
"""Seconds between looks at what is there; most of them find nothing new."""
DRAW_EVERY = 20
"""Looks between two pictures of the same lane while it trains: measurements come seldom, and charts cost."""
MOST_PARAMETERS = 5_000_000
"""Of networks that are built once more to measure how alike two inputs are."""


@dataclass(frozen=True, eq=False)
class Foreseen:
    """What is known of a lane apart from its training."""

    forecast: Forecast | None
    """None if there cannot be one."""
    trouble: str = ""
    """Why there cannot."""
    correlation: Floats | None = None
    """Of two inputs in every layer, measured at the start; None if it is not (yet) known."""


class Forecaster(Latest[int]):
    """Makes forecasts on a thread of its own, by the numbers of lanes, each once."""

    def __init__(self, specs: Sequence[Spec], datasets: Mapping[str, Dataset]) -> None:
        self.specs = specs
        self.datasets = {dataset.name: dataset for dataset in datasets.values()}
        self.found: dict[int, Foreseen] = {}
        """By lane; each replaced whole when more is known."""
        super().__init__("initscope-forecaster")

    def _do(self, lane: int) -> None:
        if lane in self.found:
            return
        spec = self.specs[lane]
        data = self.datasets[spec.data]
        try:
            self.found[lane] = found = Foreseen(of_spec(spec, data))
        except InputError as error:
            self.found[lane] = Foreseen(None, str(error))
            return
        if spec.architecture.parameters <= MOST_PARAMETERS:
            layers, _, _ = measure_start(spec, data)
            self.found[lane] = replace(found, correlation=np.array([layer.correlation for layer in layers]))


class ForecastScreen(PageScreen[int]):
    """Of one lane at a time; it is left with the lane that it showed. `newest` gives the newest snapshot there is."""

    KEYS = actions.FORECAST
    BINDINGS = actions.bindings(KEYS)

    def __init__(
        self, specs: Sequence[Spec], datasets: Mapping[str, Dataset], lane: int, newest: Callable[[], Snapshot | None]
    ) -> None:
        super().__init__()
        self.specs, self.lane = specs, lane
        self.newest = newest
        self.repeatable = True
        """Whether the specs are all that there is to know of the lanes."""
        self.forecaster = Forecaster(specs, datasets)
        self._shown: tuple[Foreseen, LaneSnapshot] | None = None
        self._looks = 0

    def on_mount(self) -> None:
        self._show(self.lane)
        self.set_interval(LOOK_EVERY, self._look)

    def on_unmount(self) -> None:
        self.forecaster.ask(None)

    # From what is known to the screen

    def _show(self, lane: int) -> None:
        """Turn to a lane; what is on the screen stays until its forecast is there."""
        self.lane, self._shown = lane, None
        self.forecaster.ask(lane)
        self._look()
        self.draw_title()

    @property
    def waiting(self) -> bool:
        """Whether the lane's forecast is not yet on the screen."""
        return self._shown is None

    def _look(self) -> None:
        if self.forecaster.error is not None:
            raise RuntimeError("forecasting failed") from self.forecaster.error
        found, snapshot = self.forecaster.found.get(self.lane), self.newest()
        self._looks += 1
        if found is None or snapshot is None:
            return
        lane = snapshot.lanes[self.lane]
        if self._shown is None or self._shown[0] is not found or (self._looks >= DRAW_EVERY and self._is_new(lane)):
            self._shown, self._looks = (found, lane), 0
            self.page.open(partial(_text, found, lane))
            self.draw_title()

    def _is_new(self, lane: LaneSnapshot) -> bool:
        """Whether there is another measurement than what is shown."""
        return self._shown is not None and lane.probe_steps[-1] != self._shown[1].probe_steps[-1]

    def command(self) -> str:
        return spec_command(self.specs[self.lane], "initscope check") if self.repeatable else ""

    def drawings(self) -> list[Drawing]:
        found, lane = self._shown or (None, None)
        return list(charts(Seen(found.forecast, found.correlation, lane))) if found and found.forecast and lane else []

    def title_words(self) -> tuple[str, str]:
        spec = self.specs[self.lane]
        shown = f"forecast · lane {self.lane + 1} {spec.name} · {spec.architecture}"
        return shown, "forecasting ..." if self.waiting else ""

    # What a person can do

    def action_back(self) -> None:
        self.dismiss(self.lane)

    def action_lane(self, by: int) -> None:
        lane = min(max(self.lane + by, 0), len(self.specs) - 1)
        if lane != self.lane:
            self._show(lane)


def _text(found: Foreseen, lane: LaneSnapshot, style: Style) -> Iterator[str]:
    if found.forecast is None:
        return iter(say(f"This lane cannot be forecast: {found.trouble}.", style))
    return text(Seen(found.forecast, found.correlation, lane), style)
