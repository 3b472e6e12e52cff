"""The forecast under Pilot: theory and measurement in the same charts, of any network, and nothing waits for it."""

import re
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any

import numpy as np
import pytest
import test_lab_snapshots
from labpilot import DATA, FLAT_OUT, at_step, comparison, lab, line, now, press, resize, until
from screens import plain, screen_text
from test_lab_snapshots import check_all
from textual import events
from textual.pilot import Pilot

from initscope.core.errors import InputError
from initscope.core.theory.forecast import of_spec
from initscope.tui import forecastscreen
from initscope.tui.actions import FORECAST, of
from initscope.tui.app import LabApp
from initscope.tui.forecastscreen import Forecaster, ForecastScreen
from initscope.tui.helpscreen import HelpScreen
from initscope.tui.labscreen import LabScreen
from initscope.tui.sheet import Style

SIZES = ((40, 12), (80, 24), (160, 45))


@asynccontextmanager
async def forecast_view(
    size: tuple[int, int] = (80, 24), **more: Any
) -> AsyncIterator[tuple[Pilot[Any], ForecastScreen, LabScreen]]:
    async with lab(size, **more) as (pilot, screen):
        await press(pilot, "f")
        yield pilot, await shown(pilot), screen


async def shown(pilot: Pilot[Any]) -> ForecastScreen:
    """The forecast, once all of it is on the screen."""
    await until(pilot, lambda: isinstance(pilot.app.screen, ForecastScreen))
    screen = pilot.app.screen
    assert isinstance(screen, ForecastScreen)
    await until(pilot, lambda: complete(screen))
    return screen


def complete(screen: ForecastScreen) -> bool:
    found = screen.forecaster.found.get(screen.lane)
    return bool(found and found.correlation is not None and screen._shown and screen._shown[0] is found)


def test_no_overflow_ends_the_thread() -> None:
    specs = comparison(inits=("normal:std=1e200",), activation="relu").specs(DATA)
    forecaster = Forecaster(specs, DATA)
    forecaster._do(0)
    forecaster.ask(None)
    assert forecaster.found[0].forecast
    assert forecaster.found[0].forecast.overflow == 1
    assert not np.isfinite(forecaster.found[0].correlation).any()


async def test_it_shows_the_selected_lane_and_what_is_measured_now() -> None:
    async with lab((80, 24)) as (pilot, screen):
        await press(pilot, "down", "f")
        view = await shown(pilot)
        assert "lane 2 randn" in line(pilot, "title")
        assert "x now" not in screen_text(pilot.app)
        screen.session.advance(7)
        await until(pilot, lambda: "x now, at step 7" in screen_text(pilot.app))
        await press(pilot, "end")
        assert "now" in screen_text(pilot.app)
        assert view.page.more is False
        await press(pilot, "q")
        assert (await at_step(pilot, screen, 7)).step == 7


async def test_lanes() -> None:
    chosen = comparison(inits=("rand", "randn", "xavier_normal"))
    async with forecast_view(chosen=chosen) as (pilot, view, screen):
        await press(pilot, "pagedown")
        top = view.page.top
        for key, lane in (("down", 1), ("j", 2), ("down", 2), ("up", 1), ("k", 0), ("up", 0), ("down", 1)):
            await press(pilot, key)
            await shown(pilot)
            assert f"lane {lane + 1} " in line(pilot, "title")
            assert view.page.top == top
        await press(pilot, "escape")
        await until(pilot, lambda: pilot.app.screen is screen)
        assert screen.choice.lane == 1


async def test_scrolling() -> None:
    async with forecast_view() as (pilot, view, _):
        height = view.page.size.height
        await press(pilot, "pageup")
        assert view.page.top == 0
        for key, top in (("pagedown", height - 1), ("pageup", 0), ("space", height - 1), ("home", 0)):
            await press(pilot, key)
            assert view.page.top == top
        await press(pilot, "end")
        assert view.page.top == len(view.page._made) - height
        assert line(pilot, "title").rstrip().endswith("▲")
        await press(pilot, "home")
        for kind, top in ((events.MouseScrollDown, 3), (events.MouseScrollUp, 0)):
            pilot.app.post_message(kind(None, 5, 5, 0, 0, 0, False, False, False, 5, 5))
            await until(pilot, lambda top=top: view.page.top == top, 5)


async def test_back_to_the_lab() -> None:
    async with lab() as (pilot, screen):
        before = screen_text(pilot.app)
        for key in "qf":
            await press(pilot, "f")
            view = await shown(pilot)
            await press(pilot, key)
            await until(pilot, lambda: pilot.app.screen is screen)
            assert screen_text(pilot.app) == before
            assert view.forecaster.wanted is None


async def test_help_and_palette() -> None:
    async with forecast_view(size=(120, 40)) as (pilot, view, _):
        for key in ("question_mark", "f1"):
            await press(pilot, key)
            await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen))
            await press(pilot, "escape")
            await until(pilot, lambda: pilot.app.screen is view)
        titles = {command.title for command in pilot.app.get_system_commands(view)}
        assert {action.label for action in of(FORECAST)} <= titles
        await next(command for command in view.commands() if command.title == "Lane down").callback()
        assert view.lane == 1


async def test_every_key_of_the_table_is_bound_and_the_footer_has_its_labels() -> None:
    """The tests above press each of these; what is added to the table must be added here."""
    tried = "up k down j pageup pagedown space home end escape q f question_mark f1 y S"
    assert {key for action in of(FORECAST) for key in action.keys.split(",")} == set(tried.split())
    async with forecast_view() as (pilot, view, _):
        for action in of(FORECAST):
            assert hasattr(view, f"action_{action.name.partition('(')[0]}"), action.name
            for key in action.keys.split(","):
                binding = view.active_bindings[key].binding
                assert (binding.action, binding.show) == (action.name, action.footer)
        footer = screen_text(pilot.app).splitlines()[-1]
        assert all(f" {action.label}" in footer for action in of(FORECAST) if action.footer)


async def test_forecasting_is_announced_and_stops_neither_keys_nor_training(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = threading.Event()
    monkeypatch.setattr(forecastscreen, "of_spec", lambda *given: gate.wait(60) and of_spec(*given))
    async with lab(chosen=comparison(epochs="100000")) as (pilot, screen):
        await press(pilot, *FLAT_OUT, "f")
        await until(pilot, lambda: isinstance(pilot.app.screen, ForecastScreen))
        assert "forecasting ..." in line(pilot, "title")
        await press(pilot, "down")
        assert "lane 2 randn" in line(pilot, "title")
        await until(pilot, lambda: screen.session.snapshot and screen.session.snapshot.step > 100)
        assert screen.session.playing
        gate.set()
        await shown(pilot)
        assert "forecasting" not in line(pilot, "title")
        assert "gradient rms" in " ".join(plain(line) for line in pilot.app.screen.page._made)
        await until(pilot, lambda: re.search(r"x now, at step [\d,]+", screen_text(pilot.app)))
        await press(pilot, "escape")
        await until(pilot, lambda: pilot.app.screen is screen and now(screen).step > 0)
        assert screen.session.playing


def test_of_many_requests_only_the_last_is_answered_and_each_once(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, gate, made = threading.Event(), threading.Event(), []
    specs = comparison(lanes=[f"init=randn seed={seed}" for seed in range(4)]).specs(DATA)

    def slow(*given: Any) -> Any:
        made.append(given[0].seed)
        begun.set()
        assert gate.wait(60)
        return of_spec(*given)

    monkeypatch.setattr(forecastscreen, "of_spec", slow)
    forecaster = Forecaster(specs, DATA)
    for lane in range(4):
        forecaster.ask(lane)
        assert begun.wait(60)
    gate.set()
    start = perf_counter()
    while forecaster.found.keys() != {0, 3}:
        assert perf_counter() - start < 30
    forecaster.ask(0)
    forecaster.ask(3)
    forecaster.ask(None)
    assert made == [0, 3]


async def test_a_lane_that_cannot_be_forecast_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*given: Any) -> None:
        raise InputError("its variance is not a number")

    monkeypatch.setattr(forecastscreen, "of_spec", refuse)
    async with lab((80, 24)) as (pilot, _):
        await press(pilot, "f")
        await until(
            pilot, lambda: "This lane cannot be forecast: its variance is not a number." in screen_text(pilot.app)
        )


async def test_an_error_in_the_thread_ends_the_lab_with_exit_code_1(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*given: Any) -> None:
        raise FloatingPointError("broken on purpose")

    monkeypatch.setattr(forecastscreen, "of_spec", broken)
    app = LabApp(lambda: (comparison(), DATA))

    async def run() -> None:
        async with app.run_test() as pilot:
            await until(pilot, lambda: isinstance(app.screen, LabScreen) and app.screen.snapshot is not None)
            await press(pilot, "f")
            await until(pilot, lambda: app._exception is not None)

    with pytest.raises(RuntimeError, match="forecasting failed") as caught:
        await run()
    assert isinstance(caught.value.__cause__, FloatingPointError)
    assert app.return_code == 1


async def test_it_is_drawn_anew_at_every_size() -> None:
    async with forecast_view() as (pilot, view, _):
        for width, height in ((160, 45), (40, 12), (119, 20), (118, 20), (3, 2), (1, 1), (200, 60), (80, 24)):
            await resize(pilot, width, height)
            size = Style(width, view.page.size.height)
            await until(pilot, lambda size=size: view.page._style == size)
            assert len(screen_text(pilot.app).split("\n")) == height
            heads = [line.count("forecast ") for line in screen_text(pilot.app).splitlines()[1:] if "o start" in line]
            assert (max(heads, default=0) == 2) == (width >= 119)


@pytest.mark.parametrize(
    "unicode", [pytest.param(True, id="unicode"), pytest.param(False, id="ascii", marks=pytest.mark.slow)]
)
async def test_pictures(unicode: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = comparison(inits=["0.1*rand", "xavier_normal"], activation="tanh", arch="64-30-20-20-10")
    monkeypatch.setattr(test_lab_snapshots, "SIZES", SIZES)
    async with forecast_view(SIZES[0], chosen=chosen, unicode=unicode) as (pilot, _, screen):
        kind = "forecast" if unicode else "ascii-forecast"
        assert unicode or screen_text(pilot.app).isascii()
        await check_all(pilot, f"{kind}-top")
        await press(pilot, "down")
        await shown(pilot)
        screen.session.advance(20)
        await resize(pilot, 160, 45)
        await until(pilot, lambda: "x now, at step 20" in screen_text(pilot.app))
        for size in SIZES:
            await resize(pilot, *size)
            await press(pilot, "end")
            monkeypatch.setattr(test_lab_snapshots, "SIZES", (size,))
            await check_all(pilot, f"{kind}-end")
