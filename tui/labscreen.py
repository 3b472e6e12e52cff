"""The lab: lanes side by side, live. Wiring only: what is drawn is made in panels and views."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from math import ceil

from textual import events
from textual.app import ComposeResult, SystemCommand
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widgets import Footer

from initscope.core.comparison import Comparison
from initscope.core.data import Dataset
from initscope.core.snapshot import Snapshot
from initscope.core.spec import Spec
from initscope.tui import panels, views
from initscope.tui.actions import ACTIONS, bindings
from initscope.tui.lines import Lines
from initscope.tui.panels import Choice
from initscope.tui.session import Session
from initscope.tui.sheet import Style

TICK = 0.25
"""Seconds between looks at the mailbox: 4 frames a second are plenty and cheap."""
SOON = 0.02
"""Seconds between looks just after something was asked for."""
PATIENCE = 25
"""How many of those quick looks before the usual ones must do."""
PANES_EVERY = 4
"""Panes are drawn on every fourth tick while training: they change slowly and cost most."""
PACES = (1, 10, 100, 1000, 10_000, None)
"""Steps a frame; None is as fast as possible."""
START_PACE = 2
LEAST_PANE = 38
"""Columns of a lane's pane."""
MOST_PANES = 5
BOTH_CHARTS = 100
"""Columns from which loss and accuracy stand side by side."""


class LabScreen(Screen[None]):
    BINDINGS = bindings()
    AUTO_FOCUS = None

    def __init__(self, comparison: Comparison, datasets: Mapping[str, Dataset]) -> None:
        super().__init__()
        self.comparison = comparison
        self.datasets = dict(datasets)
        self.session = Session()
        self.choice = Choice()
        self.snapshot: Snapshot | None = None
        self._pace = START_PACE
        self._ticks = 0
        self._accuracy_first = False
        self._soon = 0

    # What is on the screen

    def compose(self) -> ComposeResult:
        yield Lines(id="title")
        yield Lines(id="lanes")
        with Horizontal(id="charts"):
            yield Lines(id="loss")
            yield Lines(id="accuracy")
        with Horizontal(id="panes"):
            for number in range(MOST_PANES):
                yield Lines(id=f"pane{number}", classes="pane")
        yield Lines(id="layers")
        yield Lines(id="bottom")
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        self._load()
        self.set_interval(TICK, self._tick)

    def on_unmount(self) -> None:
        self.session.close()

    def lines(self, name: str) -> Lines:
        return self.query_one(f"#{name}", Lines)

    def on_resize(self, event: events.Resize) -> None:
        self._arrange(event.size.width, event.size.height)

    def _arrange(self, width: int, height: int) -> None:
        """Drop what does not fit rather than squeeze it."""
        both = width >= BOTH_CHARTS
        zoomed = self.has_class("zoomed")
        self.set_class(not both and self._accuracy_first, "accuracy-only")
        self.set_class(not both and not self._accuracy_first, "loss-only")
        self.set_class(height < 20, "short")
        self.set_class(height < 10, "tiny")
        lanes = len(self.comparison.lanes)
        self.lines("lanes").styles.height = min(lanes + (height >= 14), max(height // 3, 1))
        shown = 1 if zoomed else self._panes_that_fit(width)
        for number in range(MOST_PANES):
            self.lines(f"pane{number}").display = number < min(shown, lanes)
        self.call_after_refresh(self._draw_all)

    def _panes_that_fit(self, width: int) -> int:
        return max(1, min(MOST_PANES, width // LEAST_PANE))

    # From the mailbox to the screen

    def _load(self) -> None:
        """Give the session the lanes as they are now chosen."""
        self.session.load(self.specs, {d.name: d for d in self.datasets.values()}, self.choice.layer)
        self.choice = replace(self.choice, cursor=None, lane=min(self.choice.lane, len(self.comparison.lanes) - 1))
        self._arrange(*self.app.size)
        self._look_soon()

    @property
    def specs(self) -> tuple[Spec, ...]:
        return self.comparison.specs(self.datasets)

    def _look_soon(self) -> None:
        """An answer is on its way: look for it without waiting for the next tick."""
        if not self._soon:
            self.set_timer(SOON, self._look_again)
        self._soon = PATIENCE

    def _look_again(self) -> None:
        self._soon -= 1
        if self._pull():
            self._draw_all()
            self._soon = 0
        elif self._soon:
            self.set_timer(SOON, self._look_again)

    def _tick(self) -> None:
        self._ticks += 1
        if self.session.error is not None:
            raise RuntimeError("training failed") from self.session.error
        if self._pull():
            self._draw_charts()
            if self._ticks % PANES_EVERY == 0 or not self.session.playing:
                self._draw_panes()
        self._draw_title()

    def _pull(self) -> bool:
        """Take the newest snapshot; whether there was a new one."""
        newest = self.session.snapshot
        if newest is None or newest is self.snapshot:
            return False
        self.snapshot = newest
        return True

    def _draw_all(self) -> None:
        self._draw_title()
        self._draw_charts()
        self._draw_panes()

    def _draw_title(self) -> None:
        snapshot = self.snapshot
        setting = panels.setting(snapshot) if snapshot else "getting ready ..."
        activity = self._activity(snapshot)
        self.lines("title").show(lambda style: panels.title_line(setting, activity, style))

    def _activity(self, snapshot: Snapshot | None) -> str:
        pace = PACES[self._pace]
        speed = "" if pace is None else f"{pace:,} steps/frame"
        if self.session.playing and snapshot:
            sign = "▶" if getattr(self.app, "unicode", True) else "running"
            return f"{sign} {speed or f'{views.number(snapshot.steps_per_second)} steps/s'}"
        if snapshot and snapshot.ended:
            return "ended"
        return f"paused · {speed or 'full speed'}"

    def _draw_charts(self) -> None:
        snapshot, choice = self.snapshot, self.choice
        if snapshot is None:
            return
        cursor = panels.cursor_x(snapshot, choice)
        self.lines("lanes").show(lambda style: panels.lane_table(snapshot, choice.lane, style))
        self.lines("bottom").show(lambda style: panels.bottom(snapshot, choice, style))
        self.lines("loss").show(
            lambda style: views.loss_chart(snapshot, style, log=choice.log, test=choice.test, cursor=cursor)
        )
        self.lines("accuracy").show(
            lambda style: views.accuracy_chart(snapshot, style, test=choice.test, cursor=cursor)
        )

    def _draw_panes(self) -> None:
        snapshot, choice = self.snapshot, self.choice
        if snapshot is None:
            return
        panes = [self.lines(f"pane{number}") for number in range(MOST_PANES)]
        shown = [pane for pane in panes if pane.display]
        first = choice.lane // max(len(shown), 1) * len(shown)
        for place, pane in enumerate(shown, first):
            if place < len(snapshot.lanes):
                pane.show(partial(panels.pane, snapshot.lanes[place], snapshot, choice))
            else:
                pane.show(lambda style: [])
        chosen = snapshot.lanes[choice.lane]
        self.lines("layers").show(lambda style: panels.layer_table(chosen, choice, style))

    # What a person can do

    def action_toggle_run(self) -> None:
        if self.session.playing:
            self.session.pause()
        else:
            self.session.pace = PACES[self._pace]
            self.session.play()
        self._answer()

    def action_step(self) -> None:
        self.session.advance(1)
        self._answer()

    def action_epoch(self) -> None:
        spec = self.specs[0]
        examples = self.datasets[self.comparison.data_names()[0]].n_train
        self.session.advance(ceil(examples / spec.batch_size))
        self._answer()

    def action_rewind(self) -> None:
        self.session.rewind()
        self.choice = replace(self.choice, cursor=None)
        self._answer()

    def action_stop(self) -> None:
        self.session.stop()
        self._answer()

    def action_new_seed(self) -> None:
        """The next seed for all lanes; lanes with a seed of their own move on too."""
        seed = 1 + max(spec.seed for spec in self.specs)
        lanes = tuple({k: v for k, v in lane.items() if k != "seed"} for lane in self.comparison.lanes)
        self.comparison = Comparison({**self.comparison.options, "seed": str(seed)}, lanes)
        self._load()
        self._answer()

    def action_faster(self) -> None:
        self._change_pace(1)

    def action_slower(self) -> None:
        self._change_pace(-1)

    def _change_pace(self, by: int) -> None:
        self._pace = min(max(self._pace + by, 0), len(PACES) - 1)
        self.session.pace = PACES[self._pace]
        if self.session.playing:
            self.session.play()  # wakes it up, so that the new pace holds at once
        self._draw_title()

    def _answer(self) -> None:
        self._draw_title()
        self._look_soon()

    def _choose(self, **changes: object) -> None:
        self.choice = replace(self.choice, **changes)  # type: ignore[arg-type]
        self._draw_all()

    def action_previous_lane(self) -> None:
        self._choose(lane=max(self.choice.lane - 1, 0))

    def action_next_lane(self) -> None:
        self._choose(lane=min(self.choice.lane + 1, len(self.comparison.lanes) - 1))

    def action_page(self, by: int) -> None:
        lane = self.choice.lane + by * self._panes_that_fit(self.app.size.width)
        self._choose(lane=min(max(lane, 0), len(self.comparison.lanes) - 1))

    def action_layer(self, by: int) -> None:
        layers = max(len(spec.architecture.layers) for spec in self.specs)
        self.choice = replace(self.choice, layer=(self.choice.layer + by) % layers)
        self.session.focus(self.choice.layer)
        self._draw_all()
        self._look_soon()

    def action_heat(self) -> None:
        heats = views.HEATS
        self._choose(heat=heats[(heats.index(self.choice.heat) + 1) % len(heats)])

    def action_log(self) -> None:
        self._choose(log=not self.choice.log)

    def action_test(self) -> None:
        self._choose(test=not self.choice.test)

    def action_chart(self) -> None:
        self._accuracy_first = not self._accuracy_first
        self._arrange(*self.app.size)

    def action_measure(self) -> None:
        if self.snapshot is None:
            return
        last = len(self.snapshot.lanes[self.choice.lane].probe_steps) - 1
        self._choose(cursor=last if self.choice.cursor is None else None)

    def action_cursor(self, by: int) -> None:
        if self.snapshot is None:
            return
        last = len(self.snapshot.lanes[self.choice.lane].probe_steps) - 1
        now = last if self.choice.cursor is None else self.choice.cursor
        self._choose(cursor=min(max(now + by, 0), last))

    def action_zoom(self) -> None:
        self.toggle_class("zoomed")
        self._arrange(*self.app.size)

    def action_theme(self) -> None:
        self.app.theme = "textual-dark" if "light" in self.app.theme else "textual-light"
        self.call_after_refresh(self._draw_all)

    def action_help(self) -> None:
        from initscope.tui.helpscreen import HelpScreen

        self.app.push_screen(HelpScreen())

    def action_quit(self) -> None:
        self.app.exit()

    # Changing the comparison

    def _change(self, comparison: Comparison, lane: int) -> None:
        self.comparison = comparison
        self.choice = replace(self.choice, lane=lane)
        self._load()

    def action_setup(self) -> None:
        self._open_setup(f"lane:{self.choice.lane}")

    def action_add_lane(self) -> None:
        """Add a lane after the chosen one and open it for choosing its initializer."""
        lanes = list(self.comparison.lanes)
        at = self.choice.lane + 1
        lanes.insert(at, {"init": "xavier_normal"})
        self._change(Comparison(self.comparison.options, tuple(lanes)), at)
        self._open_setup(f"lane:{at}")

    def action_duplicate_lane(self) -> None:
        lanes = list(self.comparison.lanes)
        lanes.insert(self.choice.lane + 1, dict(lanes[self.choice.lane]))
        self._change(Comparison(self.comparison.options, tuple(lanes)), self.choice.lane + 1)

    def action_remove_lane(self) -> None:
        lanes = list(self.comparison.lanes)
        if len(lanes) == 1:
            self.notify("a comparison needs at least one lane", severity="warning")
            return
        del lanes[self.choice.lane]
        self._change(Comparison(self.comparison.options, tuple(lanes)), min(self.choice.lane, len(lanes) - 1))

    def action_move_lane(self, by: int) -> None:
        lanes = list(self.comparison.lanes)
        here, there = self.choice.lane, self.choice.lane + by
        if 0 <= there < len(lanes):
            lanes[here], lanes[there] = lanes[there], lanes[here]
            self._change(Comparison(self.comparison.options, tuple(lanes)), there)

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
        name = event.widget.id if event.widget else None
        if self.snapshot is None or not name:
            return
        if name == "lanes":
            heading = self.lines("lanes").size.height > len(self.snapshot.lanes)
            row = event.y - heading
            if 0 <= row < len(self.snapshot.lanes):
                self._choose(lane=row)
        elif name.startswith("pane"):
            shown = 1 if self.has_class("zoomed") else self._panes_that_fit(self.app.size.width)
            lane = self.choice.lane // shown * shown + int(name[4:])
            if lane < len(self.snapshot.lanes):
                self._choose(lane=lane)

    def commands(self) -> Iterable[SystemCommand]:
        """Every action of the table, for the command palette."""
        for action in ACTIONS:
            yield SystemCommand(action.label, action.help, lambda name=action.name: self.run_action(name))
