"""The lab on a network that somebody else's loop trains: everything to see, nothing to change.

    from initscope.tui.watchview import open_lab

    open_lab(w)                  # what was recorded, when training is over
    open_lab(w, train=my_loop)   # live: my_loop() trains and calls w.step()
"""

import asyncio
import logging
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from textual.app import SystemCommand

from initscope.core.comparison import Comparison
from initscope.core.datasets.data import Dataset
from initscope.core.errors import InputError
from initscope.core.exports import FORMATS, csvfile
from initscope.core.snapshot import Snapshot
from initscope.core.spec import Spec
from initscope.core.theory.forecast import of_spec
from initscope.core.watching import Watched
from initscope.tui import actions
from initscope.tui.app import LabApp, terminal_trouble
from initscope.tui.config import Config, read_config
from initscope.tui.copying import CopyScreen
from initscope.tui.forecastscreen import ForecastScreen, Foreseen
from initscope.tui.lab import show
from initscope.tui.labscreen import LabScreen
from initscope.tui.picture import write_made
from initscope.tui.portable import Kind
from initscope.tui.session import Session
from initscope.tui.verdicts import Verdicts

LOOKING = frozenset(
    (
        "layer", "heat", "log", "test", "chart", "measure", "cursor", "zoom", "leave", "forecast", "save_as",
        "copy_command", "help", "theme", "quit",
    )
)  # fmt: skip
"""The actions of the lab that change nothing."""
LEFT_OUT = [action for action in actions.of(actions.LAB) if action.name.partition("(")[0] not in LOOKING]
CHANGING = frozenset(action.name.partition("(")[0] for action in LEFT_OUT)
NOT_OFFERED = frozenset(actions.identity(action) for action in LEFT_OUT)


def open_lab(watched: Watched, train: Callable[[], object] | None = None) -> None:
    """Open the lab on what `watch` recorded; returns when the person leaves it.

    With `train`, that function runs on a thread of its own meanwhile, and the lab shows how it goes; after the lab is
    left, this waits for the function, and raises what it raised. Raises InputError without a terminal, and
    KeyboardInterrupt if Ctrl+C has ended the lab.
    """
    trouble = terminal_trouble()
    if trouble:
        raise InputError(f"{trouble}, which the lab needs; print(w) says the same in words")
    config = read_config()
    training = Training(train)
    try:
        code = show(WatchApp(watched, training, config), mouse=config.mouse)
    finally:
        logging.captureWarnings(False)
    if code == 128 + signal.SIGINT:
        raise KeyboardInterrupt
    if training.goes_on:
        print("initscope: your program still trains; Ctrl+C ends it", file=sys.stderr)
    training.finish()


class Training:
    """A person's own loop on a thread of its own, or none."""

    def __init__(self, loop: Callable[[], object] | None) -> None:
        self._loop = loop or (lambda: None)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="initscope-watched", daemon=True)
        self._thread.start()

    def _work(self) -> None:
        try:
            self._loop()
        except BaseException as error:
            self._error = error

    @property
    def goes_on(self) -> bool:
        return self._thread.is_alive()

    def finish(self) -> None:
        """Wait for the end of the loop; raises what it raised."""
        self._thread.join()
        if self._error is not None:
            raise self._error


class WatchApp(LabApp):
    """The app with one lane, which is not its own."""

    def __init__(self, watched: Watched, training: Training, config: Config | None = None) -> None:
        super().__init__(lambda: (None, {}), config=config)
        self._watched, self._training = watched, training

    async def _open_lab(self) -> None:
        await self.push_screen(WatchScreen(self._watched, self._training))


class Recorded(Session):
    """What was recorded, in place of a trainer."""

    def __init__(self, watched: Watched, training: Training) -> None:
        self._watched, self._training = watched, training
        self._seen: Snapshot | None = None
        self._live = False
        super().__init__()

    @property
    def snapshot(self) -> Snapshot | None:
        """A new one where steps were made since the last."""
        live = self._training.goes_on
        if self._seen is None or self._seen.step != self._watched.steps or live != self._live:
            self._live, self._seen = live, self._watched.snapshot(measure=not live)
        return self._seen

    @property
    def playing(self) -> bool:
        return self._training.goes_on

    def load(self, *lanes: Any, **rest: Any) -> None:
        """There is nothing to load: the lane is there."""

    def focus(self, layer: int) -> None:
        """Snapshots carry the histograms of all layers."""


class Unjudged(Verdicts):
    """For networks that the lab's rules are not made for."""

    def offer(self, snapshot: Snapshot, chosen: int) -> None:
        """No verdict is made of it."""


class WatchScreen(LabScreen):
    """The lab without what would change its lanes."""

    def __init__(self, watched: Watched, training: Training) -> None:
        dataset = watched.plan.dataset
        data: Mapping[str, Dataset] = {dataset.name: dataset} if dataset else {}
        super().__init__(Comparison({}, ({},)), data)
        self._watched = watched
        self.session.close()
        self.session = Recorded(watched, training)
        if not watched.judged:
            self.verdicts.close()
            self.verdicts = Unjudged()

    @property
    def specs(self) -> tuple[Spec, ...]:
        return (self._watched.spec,)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What would change the lane is not offered."""
        if action in CHANGING or (action == "forecast" and not self._watched.judged):
            return False
        return super().check_action(action, parameters)

    def action_forecast(self) -> None:
        """Without correlations between inputs, which could only be measured in another draw of the weights."""
        screen = ForecastScreen(self.specs, self.datasets, 0, lambda: self.session.snapshot)
        for spec in self.specs:
            screen.repeatable = False
            screen.forecaster.found[0] = Foreseen(of_spec(spec, self.datasets[spec.data]))
        self.app.push_screen(screen)

    def action_copy_command(self) -> None:
        """What was found, in words: no command makes this network again."""
        self.app.run_worker(self._copy_words(), exit_on_error=True)

    async def _copy_words(self) -> None:
        text = await asyncio.to_thread(self._words)
        if self.is_current:
            self.app.push_screen(CopyScreen(text, shell=False))

    def _words(self) -> str:
        """As `print(w)` has it, with the findings; measured now, unless the loop is at work on another thread."""
        return self._watched.text(measure=not self.session.playing)

    def kinds(self) -> list[Kind]:
        """What was found and recorded, each chart and the screen; no files that would run the network again."""
        words = "what was found, in words, with what would help"
        return [
            Kind("findings", ".txt", words, write_made(lambda: f"{self._words()}\n"), tail="findings"),
            Kind("csv", *FORMATS["csv"], write_made(lambda: csvfile.write(self._watched.snapshot(measure=False)))),
            *self.charts(),
            *self.pictures(),
        ]

    def _key(self, name: str) -> str:
        """None for what is not offered here: nothing must speak of it."""
        return "" if name in NOT_OFFERED else super()._key(name)

    def _activity(self, snapshot: Snapshot | None) -> str:
        if not self.session.playing:
            return "recorded by your program"
        return "▶ your program trains" if getattr(self.app, "unicode", True) else "your program trains"

    def commands(self) -> Iterable[SystemCommand]:
        """Those of the lab that change nothing."""
        labels = {action.label for action in LEFT_OUT}
        return [command for command in super().commands() if command.title not in labels]
