"""Why a lane does not learn, as a screen of the lab: the search goes on in a thread, and shows what stands."""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

from initscope.core.comparison import NAME, Comparison
from initscope.core.counterfactual.changes import Change
from initscope.core.counterfactual.explain import Inquiry, Progress
from initscope.core.counterfactual.results import Explanation
from initscope.core.datasets.data import Dataset
from initscope.core.spec import Spec
from initscope.tui import actions
from initscope.tui.copying import spec_command
from initscope.tui.explainview import every_change, lines, wrapped
from initscope.tui.pagescreen import PageScreen
from initscope.tui.sheet import Style

LOOK_EVERY = 0.2
"""Seconds between looks at how far the search is."""
GETTING_READY = Progress(0.0, "getting ready", None)
NO_MEMORY = "These networks do not fit in this machine's memory side by side."


class Explainer:
    """Runs an inquiry on a thread of its own, until its end or `stop`."""

    def __init__(self, inquiry: Inquiry) -> None:
        self.inquiry = inquiry
        self.progress = GETTING_READY
        """The newest; replaced whole."""
        self.error: BaseException | None = None
        """What ended the thread, if it ended by itself."""
        self._stopped = False
        threading.Thread(target=self._work, name="initscope-explainer", daemon=True).start()

    def stop(self) -> None:
        """End the thread; it takes as long as the piece of work that it is in."""
        self._stopped = True

    def _work(self) -> None:
        try:
            for progress in self.inquiry.run():
                self.progress = progress
                if self._stopped:
                    return
        except BaseException as error:
            self.error = error


@dataclass(frozen=True)
class Remedied:
    """What is to be done to the lane."""

    change: Change
    datasets: Mapping[str, Dataset]
    """By name, with those that the change needs."""

    def apply(self, comparison: Comparison, lane: int) -> Comparison:
        """The comparison with that lane changed; a name that it was given would no longer be true."""
        lanes = list(comparison.lanes)
        lanes[lane] = {key: value for key, value in self.change.apply(lanes[lane]).items() if key != NAME}
        return replace(comparison, lanes=tuple(lanes))


def text(progress: Progress, lane: int, playing: bool, apply: str, style: Style) -> Iterator[str]:
    """The page: how far the search is or what can be done now, by the keys `apply`, then what stands."""
    found = progress.so_far
    if not (found and found.complete):
        after = ", and go on when you leave" if playing else ""
        words = f"{progress.words}: {progress.done:.0%}. The lanes are paused meanwhile{after}."
        yield from wrapped(words[:1].upper() + words[1:], style)
        yield ""
    elif found.remedy:
        words = f"Press {apply} to change lane {lane + 1} to {found.remedy.words}"
        yield from wrapped(f"{words}: all lanes then rewind to step 0.", style)
        yield ""
    if found:
        yield from lines(found, style)
    if found and found.answers:
        yield ""
        yield from wrapped("Every change, means over the seeds:", style)
        yield from every_change(found, style)


class ExplainScreen(PageScreen[Remedied | None]):
    """Of one lane; it is left with the remedy that is to be applied, or None."""

    KEYS = actions.EXPLAIN
    BINDINGS = actions.bindings(KEYS)

    def __init__(self, spec: Spec, dataset: Dataset, lane: int, playing: bool) -> None:
        super().__init__()
        self.lane, self.playing = lane, playing
        self.spec = spec
        self.explainer = Explainer(Inquiry(spec, dataset))
        self._shown: Progress | None = None

    def on_mount(self) -> None:
        self._look()
        self.set_interval(LOOK_EVERY, self._look)

    def on_unmount(self) -> None:
        self.explainer.stop()

    # From the search to the screen

    def _look(self) -> None:
        error = self.explainer.error
        if isinstance(error, MemoryError):
            self.page.open(lambda style: iter(wrapped(NO_MEMORY, style)))
        elif error is not None:
            raise RuntimeError("explaining failed") from error
        elif self.explainer.progress is not self._shown:
            self._shown = self.explainer.progress
            keys = actions.keys_of("explain_apply", getattr(self.app, "keys", actions.NO_KEYS))
            self.page.open(partial(text, self._shown, self.lane, self.playing, " or ".join(keys)))
            self.draw_title()

    @property
    def proof(self) -> Explanation | None:
        """All of it; None while it is being looked for."""
        found = self._shown.so_far if self._shown else None
        return found if found and found.complete else None

    def command(self) -> str:
        """Without a number of steps: the screen takes as many as it needs, too."""
        return spec_command(self.spec, "initscope explain", without=("steps", "epochs"))

    def title_words(self) -> tuple[str, str]:
        done = f"{self._shown.done:.0%}" if self._shown and not self.proof else ""
        return f"proof · lane {self.lane + 1} {self.spec.name}", done

    # What a person can do

    def action_back(self) -> None:
        self.dismiss(None)

    def action_apply(self) -> None:
        found = self._shown.so_far if self._shown else None
        if found is None or not found.complete:
            self.notify("It is still being looked for.", severity="warning")
        elif found.learns:
            self.notify("This lane learns: there is nothing to mend.")
        elif found.remedy is None:
            self.notify("Nothing that was changed alone cures it.", severity="warning")
        else:
            self.dismiss(Remedied(found.remedy, self.explainer.inquiry.datasets))
