"""The lab: lanes side by side, live, and all that a person can do with them."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import takewhile
from math import ceil
from typing import TYPE_CHECKING

from textual import events
from textual.app import SystemCommand

from initscope.core.comparison import Comparison
from initscope.core.datasets.data import Dataset
from initscope.core.errors import InputError
from initscope.tui import actions, edits, panels, views
from initscope.tui.guards import local, own
from initscope.tui.labruns import RunsLab
from initscope.tui.labtaking import PortableLab
from initscope.tui.labview import BOTH_CHARTS, PACES
from initscope.tui.painter import CHARTS, PANES

if TYPE_CHECKING:
    from initscope.tui.explainscreen import Remedied

class LabScreen(RunsLab, PortableLab):
    BINDINGS = actions.bindings()
    weights_path = ""
    """The file whose weights were looked at last; empty for a lane's."""

    def _pull(self) -> bool:
        """Nothing is drawn while another screen hides this one; modal ones do not."""
        above = takewhile(lambda screen: screen is not self, reversed(self.app.screen_stack))
        return all(screen.is_modal for screen in above) and super()._pull()

    def action_toggle_run(self) -> None:
        if self.session.playing:
            self.session.pause()
        else:
            self.session.pace = PACES[self.pace]
            self.session.play()
        self._answer()

    @local
    def action_step(self) -> None:
        self.session.advance(1)
        self._answer()

    @local
    def action_epoch(self) -> None:
        spec = self.specs[0]
        examples = self.datasets[self.comparison.data_names()[0]].n_train
        self.session.advance(ceil(examples / spec.batch_size))
        self._answer()

    @local
    def action_rewind(self) -> None:
        self.session.rewind()
        self.choice = replace(self.choice, cursor=None)
        self._answer()

    def action_stop(self) -> None:
        self.session.stop()
        self._answer()

    @local
    def action_new_seed(self) -> None:
        """The next seed for all lanes; lanes with a seed of their own move on too."""
        seed = 1 + max(spec.seed for spec in self.specs)
        lanes = tuple({k: v for k, v in lane.items() if k != "seed"} for lane in self.comparison.lanes)
        self.comparison = Comparison({**self.comparison.options, "seed": str(seed)}, lanes)
        self.load()
        self._answer()

    def action_faster(self) -> None:
        self._change_pace(1)

    def action_slower(self) -> None:
        self._change_pace(-1)

    def _change_pace(self, by: int) -> None:
        self.pace = min(max(self.pace + by, 0), len(PACES) - 1)
        self.session.pace = PACES[self.pace]
        if self.session.playing:
            self.session.play()  # wakes it up, so that the new pace holds at once
        self.draw_title()

    def _answer(self) -> None:
        self.draw_title()
        self.look_soon()

    def _choose(self, **changes: object) -> None:
        self.choice = replace(self.choice, **changes)  # type: ignore[arg-type]
        self.draw_all(PANES if "heat" in changes else CHARTS if changes.keys() & {"log", "test"} else "")

    def action_previous_lane(self) -> None:
        self._choose(lane=max(self.choice.lane - 1, 0))

    def action_next_lane(self) -> None:
        self._choose(lane=min(self.choice.lane + 1, self.lane_count - 1))

    def action_page(self, by: int) -> None:
        lane = self.choice.lane + by * self.panes_shown()
        self._choose(lane=min(max(lane, 0), self.lane_count - 1))

    def action_layer(self, by: int) -> None:
        layers = max(len(spec.architecture.layers) for spec in self.all_specs)
        self.choice = replace(self.choice, layer=(self.choice.layer + by) % layers)
        self.session.focus(self.choice.layer)
        self.draw_all(PANES)
        self.look_soon()

    def action_heat(self) -> None:
        heats = views.HEATS
        self._choose(heat=heats[(heats.index(self.choice.heat) + 1) % len(heats)])

    def action_log(self) -> None:
        self._choose(log=not self.choice.log)

    def action_test(self) -> None:
        self._choose(test=not self.choice.test)

    def action_chart(self) -> None:
        if self.has_class("zoomed"):
            self.notify(f"No chart is shown beside an enlarged lane; {self._key('zoom')} leaves it.")
            return
        if self.app.size.width >= BOTH_CHARTS:
            self.notify("Loss and accuracy are both shown.")
            return
        self.accuracy_first = not self.accuracy_first
        self.lay_out(*self.app.size)

    def action_measure(self) -> None:
        """Read at the newest measurement, also while more of them come; the arrow keys go to one and stay there."""
        self._choose(cursor=panels.NEWEST if self.choice.cursor is None else None)

    def action_cursor(self, by: int) -> None:
        if self.snapshot is None:
            return
        lane = self.snapshot.lanes[self.choice.lane]
        at = panels.cursor_of(lane, self.choice) + by
        self._choose(cursor=int(lane.probe_steps[min(max(at, 0), len(lane.probe_steps) - 1)]))

    def action_zoom(self) -> None:
        self.toggle_class("zoomed")
        self.lay_out(*self.app.size)

    def action_leave(self) -> None:
        """Out of what one is in: reading values, then the enlarged lane."""
        if self.choice.cursor is not None:
            self._choose(cursor=None)
        elif self.has_class("zoomed"):
            self.action_zoom()

    def action_theme(self) -> None:
        name, dark = self.app.theme, not self.app.current_theme.dark
        kind = "ansi" if name.startswith("ansi") else "textual"
        self.app.theme = f"{kind}-dark" if dark else f"{kind}-light"
        self.call_after_refresh(self.draw_all)

    def action_sample(self) -> None:
        from initscope.tui.samplescreen import SampleScreen

        self.app.push_screen(SampleScreen(self.all_specs, self.choice.lane, self.choice.layer))

    def action_forecast(self) -> None:
        from initscope.tui.forecastscreen import ForecastScreen

        datasets = {**self.guests.datasets, **self.datasets}
        screen = ForecastScreen(self.all_specs, datasets, self.choice.lane, self.all_lanes)
        self.app.push_screen(screen, self._forecast_done)

    def _forecast_done(self, lane: int | None) -> None:
        if lane is not None:
            self._choose(lane=lane)

    def action_weights(self) -> None:
        from initscope.tui.weightsprompt import ask

        ask(self)

    def action_explain(self) -> None:
        """Beside training the proof would take twice as long: the lanes wait for it, and go on when it is left."""
        from initscope.tui.explainscreen import ExplainScreen

        playing = self.session.playing
        self.session.pause()
        screen = ExplainScreen(self.spec, self.dataset, self.choice.lane, playing)

        def left(remedy: "Remedied | None") -> None:
            self.proof = screen.proof or self.proof
            self._explained(remedy, playing)

        self.app.push_screen(screen, left)

    def _explained(self, remedy: "Remedied | None", playing: bool) -> None:
        if remedy is not None and self.guest:
            self.refuse_guest()
            remedy = None
        if remedy is not None and not self.session.away:
            self.datasets |= remedy.datasets
            lane = self.choice.lane
            if self._edit(lambda: remedy.apply(self.comparison, lane), lane):
                self.notify(f"Lane {lane + 1} is now {self.specs[lane].name}. All lanes start again at step 0.")
        elif playing:
            self.action_toggle_run()

    def action_help(self) -> None:
        from initscope.tui.helpscreen import HelpScreen

        self.app.push_screen(HelpScreen())

    def action_quit(self) -> None:
        self.app.exit()

    # Changing the comparison

    def _change(self, comparison: Comparison, lane: int) -> None:
        self.comparison = comparison
        self.choice = replace(self.choice, lane=lane)
        self.load()

    @local
    @own
    def action_setup(self) -> None:
        self._open_setup(f"lane:{self.choice.lane}")

    @local
    @own
    def action_add_lane(self) -> None:
        """Add a lane after the chosen one and open it for choosing its initializer."""
        if self._edit(lambda: edits.add_lane(self.comparison, self.choice.lane), self.choice.lane + 1):
            self._open_setup(f"lane:{self.choice.lane}")

    @local
    @own
    def action_duplicate_lane(self) -> None:
        self._edit(lambda: edits.duplicate_lane(self.comparison, self.choice.lane), self.choice.lane + 1)

    def action_remove_lane(self) -> None:
        if self.guest:
            self.remove_guest()
        else:
            self._remove_lane()

    @local
    def _remove_lane(self) -> None:
        last = len(self.comparison.lanes) - 2
        self._edit(lambda: edits.remove_lane(self.comparison, self.choice.lane), min(self.choice.lane, last))

    @local
    @own
    def action_move_lane(self, by: int) -> None:
        comparison, lane = edits.move_lane(self.comparison, self.choice.lane, by)
        if lane != self.choice.lane:
            self._change(comparison, lane)

    def _edit(self, edit: Callable[[], Comparison], lane: int) -> bool:
        """Make an edit and choose a lane; an edit that cannot be made says why. Whether it was made."""
        try:
            self._change(edit(), lane)
        except InputError as error:
            self.notify(str(error), severity="warning")
            return False
        return True

    def _open_setup(self, row: str) -> None:
        from initscope.tui.setupscreen import SetupScreen

        self.session.pause()
        self.app.push_screen(SetupScreen(self.comparison, self.datasets, row=row), self._setup_done)

    def _setup_done(self, result: tuple[Comparison, dict[str, Dataset]] | None) -> None:
        if result is not None and result[0] != self.comparison:
            self.datasets = dict(result[1])
            self._change(result[0], min(self.choice.lane, len(result[0].lanes) - 1))

    # The mouse

    def on_click(self, event: events.Click) -> None:
        """A click on a lane or its pane selects it; on a chart, it sets the cursor there."""
        widget, snapshot = event.widget, self.snapshot
        if snapshot is None or widget is None or not widget.id:
            return
        x, y = event.screen_offset - widget.region.offset
        lanes = len(snapshot.lanes)
        if widget.id == "lanes":
            heading, shown = panels.table_rows(lanes, self.choice.lane, widget.size.height)
            if 0 <= y - heading < len(shown):
                self._choose(lane=shown[y - heading])
        elif widget.id in ("loss", "accuracy"):
            self._choose(cursor=panels.cursor_at(snapshot, self.choice, x, widget.size.width))
        elif widget.id.startswith("pane"):
            lane = self.choice.lane // self.panes_shown() * self.panes_shown() + int(widget.id.removeprefix("pane"))
            if lane < lanes:
                self._choose(lane=lane)

    def commands(self) -> Iterable[SystemCommand]:
        """Every action of the table, for the command palette."""
        return actions.commands(actions.LAB, self.run_action)
