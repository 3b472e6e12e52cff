"""Samples are drawn beside the lab: keys and training go on, only the newest request counts, an error ends it all."""

import threading
from collections.abc import Callable
from time import perf_counter, process_time
from typing import Any

import numpy as np
import pytest
from labpilot import DATA, FLAT_OUT, comparison, lab, line, now, press, until
from samplepilot import drawn
from screens import screen_text

from initscope.core.initialization.initializers import initializer
from initscope.tui import sampler
from initscope.tui.app import LabApp
from initscope.tui.labscreen import LabScreen
from initscope.tui.sampler import Drawn, Sampler, Wanted, draw
from initscope.tui.samplescreen import SampleScreen


async def test_drawing_is_announced_at_once_and_stops_neither_keys_nor_training(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate = threading.Event()
    monkeypatch.setattr(sampler, "draw", lambda *given: gate.wait(60) and draw(*given))
    async with lab(chosen=comparison(epochs="100000")) as (pilot, screen):
        await press(pilot, *FLAT_OUT, "i")
        await until(pilot, lambda: isinstance(pilot.app.screen, SampleScreen))
        assert "drawing 1,000 ..." in line(pilot, "title")
        await press(pilot, "plus", "n")
        assert "drawing 10,000 ..." in line(pilot, "title")
        assert "seed 1" in line(pilot, "title")
        start = screen.session.snapshot
        assert start
        await until(pilot, lambda: screen.session.snapshot.step > start.step + 100)
        assert screen.session.playing
        gate.set()
        await drawn(pilot)
        assert "10,000 draws of each, seed 1" in screen_text(pilot.app)
        assert "drawing" not in line(pilot, "title")


async def test_training_goes_on_while_a_million_are_drawn_and_scrolled() -> None:
    async with lab(chosen=comparison(inits=["randn", "rand", "orthogonal"], epochs="100000")) as (pilot, screen):
        await press(pilot, *FLAT_OUT)
        await until(pilot, lambda: now(screen).step > 0)
        await press(pilot, "i")
        await drawn(pilot)
        await press(pilot, "plus", "plus", "plus")
        await drawn(pilot)
        hidden, began = screen.snapshot, screen.session.snapshot
        assert began
        took = []
        for key in ("pagedown", "down", "end", "home", "pagedown", "up"):
            start = process_time()
            await press(pilot, key)
            took.append(process_time() - start)
        assert np.median(took) < 0.5
        await until(pilot, lambda: screen.session.snapshot.step > began.step + 100)
        assert screen.snapshot is hidden, "the lab draws nothing while it is hidden"
        await press(pilot, "escape")
        await until(pilot, lambda: now(screen).step > began.step + 100)
        assert screen.session.playing


def test_of_many_requests_only_the_first_and_the_last_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, gate, drawn_seeds = threading.Event(), threading.Event(), []

    def slow(asked: Wanted, stale: Callable[[], bool]) -> Drawn | None:
        drawn_seeds.append(asked.seed)
        begun.set()
        assert gate.wait(60)
        return draw(asked, stale)

    monkeypatch.setattr(sampler, "draw", slow)
    worker = Sampler()
    requests = [Wanted(((0, initializer("randn")),), (30, 64), 10, seed) for seed in range(5)]
    worker.ask(requests[0])
    assert begun.wait(60)
    for request in requests[1:]:
        worker.ask(request)
    assert worker.drawn is None
    gate.set()
    start = perf_counter()
    while not worker.drawn:
        assert perf_counter() - start < 30
    assert worker.drawn.view
    assert worker.drawn.view.seed == 4
    assert drawn_seeds == [0, 4]
    worker.ask(None)


async def test_an_error_in_the_thread_ends_the_lab_with_exit_code_1(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*given: Any) -> None:
        raise FloatingPointError("broken on purpose")

    monkeypatch.setattr(sampler, "draw", broken)
    app = LabApp(lambda: (comparison(), DATA))

    async def run() -> None:
        async with app.run_test() as pilot:
            await until(pilot, lambda: isinstance(app.screen, LabScreen) and app.screen.snapshot is not None)
            await press(pilot, "i")
            await until(pilot, lambda: app._exception is not None)

    with pytest.raises(RuntimeError, match="drawing failed") as caught:
        await run()
    assert isinstance(caught.value.__cause__, FloatingPointError)
    assert app.return_code == 1
