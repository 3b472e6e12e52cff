"""The forecast under Pilot: theory and measurement in the same charts, of any network, and nothing waits for it."""

import re
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from math import nan
from time import perf_counter
from typing import Any

import numpy as np
import pytest
import test_lab_snapshots
from labpilot import DATA, FLAT_OUT, at_step, comparison, lab, line, now, press, resize, until
from screens import screen_text
from test_lab_snapshots import check_all
from textual import events
from textual.pilot import Pilot

from initscope.core.checks.spec import measure_start
from initscope.core.errors import InputError
from initscope.core.probes import INDEX
from initscope.core.theory.forecast import of_spec
from initscope.core.training import Trainer
from initscope.tui import forecastscreen
from initscope.tui.actions import FORECAST, of
from initscope.tui.app import LabApp
from initscope.tui.checkviewtable import number, share
from initscope.tui.forecastscreen import Forecaster, ForecastScreen
from initscope.tui.forecastview import DEAD, FLAT, GRADIENT, SPREAD, Z_MEAN, Z_STD, Seen, text
from initscope.tui.helpscreen import HelpScreen
from initscope.tui.labscreen import LabScreen
from initscope.tui.profilechart import Expected, Points, profile
from initscope.tui.sheet import Style

SIZES = ((40, 12), (80, 24), (160, 45))
ARCHITECTURES = {1: "64-10", 3: "64-30-20-10", 30: "64-20x29-10", 100: "64-12x99-10"}


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


def seen(steps: int = 0, **options: str) -> Seen:
    """A lane as the screen has it after these steps."""
    init = options.pop("init", "xavier_normal")
    (spec,) = comparison(inits=(init,), **options).specs(DATA)
    trainer = Trainer((spec,), DATA)
    *_, snapshot = trainer.run(steps)
    layers, _, _ = measure_start(spec, DATA["digits"])
    alike = np.array([layer.correlation for layer in layers])
    return Seen(of_spec(spec, DATA["digits"]), alike, snapshot.lanes[0])


def page(what: Seen, width: int = 80, height: int = 22, unicode: bool = True) -> list[str]:
    return [plain(line) for line in text(what, Style(width, height, unicode=unicode))]


def plain(line: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", line)


def words(lines: list[str]) -> str:
    return " ".join(" ".join(lines).split())


def rows(lines: list[str]) -> dict[str, list[list[str]]]:
    """The rows of the tables, by the number of the layer."""
    found: dict[str, list[list[str]]] = {}
    start = next(place for place, line in enumerate(lines) if line.startswith("layer  forecast"))
    for row in lines[start:]:
        if row[:1].isdigit():
            found.setdefault(row.split()[0], []).append(row.replace("?", "").split()[1:])
    return found


# What it shows


@pytest.mark.parametrize("steps", [0, 20])
def test_the_table_has_theory_and_measurement(steps: int) -> None:
    what = seen(steps, arch="64-30-20-10")
    found = rows(page(what))
    probes = what.lane.probes
    for place, layer in enumerate(what.forecast.layers):
        start, last = probes[0, place], probes[-1, place]
        cells = [cell for row in found[str(place + 1)] for cell in row]
        flat = layer.saturated_low + layer.saturated_high
        wanted = []
        for written, value, probe in (
            (number, layer.z_std, [INDEX["z_std"]]),
            (share, flat, [INDEX["saturated_low"], INDEX["saturated_high"]]),
            (number, layer.std_over_inputs, [INDEX["std_over_inputs"]]),
            (number, layer.gradient_rms, [INDEX["gradient_rms"]]),
        ):
            measured = [float(side[probe].sum()) for side in ([start, last] if steps else [start])]
            wanted += [written(value), *map(written, measured)]
        assert cells[: len(wanted)] == wanted


def test_saturation_or_dead_units_and_the_mean_of_z_where_it_tells() -> None:
    assert seen(init="rand").quantities[:3] == [Z_MEAN, Z_STD, FLAT]
    assert seen(init="he_normal", activation="relu").quantities[:2] == [Z_STD, DEAD]
    assert not {FLAT, DEAD, SPREAD} & set(seen(arch="64-10").quantities)


def test_bands() -> None:
    what = seen(init="rand", arch="64-30-20-10")
    for layer, low, high in zip(what.forecast.layers, what.expected(Z_STD).low, what.expected(Z_STD).high, strict=True):
        assert high / layer.z_std == pytest.approx(1 + layer.z_std_error)
        assert layer.z_std / low == pytest.approx(1 + layer.z_std_error)
    mean = what.expected(Z_MEAN)
    assert mean.high - mean.value == pytest.approx([layer.z_mean_error for layer in what.forecast.layers])


@pytest.mark.parametrize("layers", ARCHITECTURES)
@pytest.mark.parametrize("activation", ["tanh", pytest.param("relu", marks=pytest.mark.slow)])
def test_any_depth_fits_any_screen(layers: int, activation: str) -> None:
    what = seen(2, arch=ARCHITECTURES[layers], activation=activation, init="randn")
    for width, height in ((40, 11), (57, 5), (80, 22), (116, 38), (160, 43), (20, 8), (3, 2)):
        for unicode in (True, False):
            lines = page(what, width, height, unicode)
            assert max(map(len, lines)) <= max(width, 20)
            assert unicode or "".join(lines).isascii()
    assert len(rows(page(what, 160, 43))) == layers


def test_depth_in_words() -> None:
    critical = words(page(seen(init="he_normal", activation="relu", arch="64-200-200-10")))
    assert "chi = 1: the edge of chaos" in critical
    assert "no limit to depth follows" in critical
    assert "Neither signal nor gradient should be lost in these 3 layers." in critical
    grown = words(page(seen(init="randn", activation="relu", arch="64-200-200-10")))
    assert "relu has no fixed point above sigma_w² = 2: z grows layer by layer for ever" in grown
    assert "chi = 100: squared gradients grow" in grown
    deep = seen(init="xavier_normal", arch=ARCHITECTURES[30])
    told = words(page(deep))
    assert f"The signal should be lost in layer {deep.forecast.signal_lost}:" in told
    assert f"The gradient should be lost in layer {deep.forecast.gradient_lost}:" in told
    assert f"networks much deeper than {deep.forecast.kept} layers hardly train; this one has 30." in told
    shallow = seen(init="0.1*randn", arch="64-30-30-10")
    assert "networks much deeper than 3 layers hardly train." in words(page(shallow))
    assert "Neither signal nor gradient should be lost in these 3 layers." in words(page(shallow))
    wide = seen(init="he_normal", activation="tanh", arch="64-30-30-10")
    depth = number(wide.forecast.trainable_depth)
    assert f"networks much deeper than 6 xi_c = {depth} layers hardly train." in words(page(wide))
    assert "No hidden layer: nothing saturates" in words(page(seen(arch="64-10")))
    assert "No fixed point is forecast: theory has one for plain layers" in words(page(seen(init="rand")))


def test_convolutions_and_norms_are_forecast_with_notes() -> None:
    told = words(page(seen(arch="4c3-bn-p2-20-10", activation="relu", init="he_normal")))
    for note in ("convolutions: places are taken", "pooling: neighbours", "normalization and residual blocks:"):
        assert f"Forecast: {note}" in told
    assert "In doubt: z of layers" in told


def test_what_cannot_be_forecast_says_so() -> None:
    what = seen(arch="64-30-20-10")
    first, *others = what.forecast.layers
    broken = replace(what.forecast, layers=(replace(first, saturated_low=nan, z_std=np.inf), *others))
    told = words(page(Seen(broken, None, what.lane)))
    assert "Cannot be forecast: z std, layer 1." in told
    assert "Cannot be forecast: share saturated, layer 1." in told
    assert "Cannot be forecast: z std, layers" not in told
    everywhere = tuple(replace(layer, z_std=nan) for layer in broken.layers)
    assert "z std: not forecast" in words(page(Seen(replace(broken, layers=everywhere), None, what.lane)))


def test_a_diverged_lane_is_drawn() -> None:
    what = seen(3, arch="64-20-10", activation="linear", init="randn", lr="1e300", loss="cross_entropy")
    assert not np.isfinite(what.measured(Z_STD, -1)).all()
    assert len(rows(page(what))) == 2


def test_no_overflow_ends_the_thread() -> None:
    specs = comparison(inits=("normal:std=1e200",), activation="relu").specs(DATA)
    forecaster = Forecaster(specs, DATA)
    forecaster._foresee(0)
    forecaster.ask(None)
    assert forecaster.found[0].forecast
    assert forecaster.found[0].forecast.overflow == 1
    assert not np.isfinite(forecaster.found[0].correlation).any()


# The chart


def chart(
    values: list[float], *points: Points, doubt: list[bool] | None = None, size: tuple[int, int] = (40, 12), **more: Any
) -> list[str]:
    expected = Expected(np.array(values), np.array(doubt or [False] * len(values)), **more.pop("band", {}))
    return profile(expected, points, Style(*size, colour=False, unicode=False), title="t", **more)


def test_points_stand_where_their_values_are() -> None:
    lines = chart([1, 2, 4], Points("start", "o", np.array([1.0, 2.0, 4.0])), Points("now", "x", np.array([1, nan, 0])))
    left = lines[2].index("|") + 1
    places = {mark: [(r, c - left) for c in range(40) for r in range(1, 10) if lines[r][c] == mark] for mark in "ox"}
    across = 40 - left - 1
    columns = [int((layer - 0.5) / 3 * across) for layer in (1, 2, 3)]
    assert [column for _, column in places["o"]] == columns[1:]  # the first is hidden by an x
    assert [column for _, column in places["x"]] == [columns[0], columns[2]]
    rows_of_line = {column: r for column in columns[1:] for r in range(1, 10) if lines[r][left + column] == "o"}
    beside = {column: r for column in columns[1:] for r in range(1, 10) if lines[r][left + column + 1] == "-"}
    assert rows_of_line[columns[1]] in (beside[columns[1]], beside[columns[1]] + 1)
    assert places["x"][1][0] == max(r for r in range(1, 10))


def test_a_single_layer_and_lonely_ones_have_a_line() -> None:
    assert sum(line.count("-----") for line in chart([1.0])[1:-2]) >= 1
    gaps = chart([nan, 2, nan, 2, nan])
    row = next(line for line in gaps[1:-2] if "--" in line)
    assert len(re.findall("-+", row[6:])) == 2


def test_doubt_is_marked() -> None:
    lines = "\n".join(chart([1, 2, 3], doubt=[False, False, True])[1:-2])
    assert "--" in lines
    assert "??" in lines
    assert "?" not in "\n".join(chart([1, 2, 3])[1:-2])


def test_layers_are_whole_numbers() -> None:
    for count, wanted in ((1, "1"), (3, "1 2 3"), (100, "20 40 60 80 100"), (30, "5 10 15 20 25 30")):
        assert chart([1.0] * count)[-1].split() == ["layer", *wanted.split()]


def test_bands_are_dots() -> None:
    band = {"low": np.array([1.0, 1]), "high": np.array([9.0, 9])}
    lines = chart([5, 5], band=band)
    dotted = [number for number, line in enumerate(lines[1:-2]) if line.count(".") > 3]
    assert len(dotted) == 2


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize(
    "values", [[nan] * 3, [np.inf, 1, -np.inf], [1e308, 1e-308, 0], [0, 0, 0], [-1, -5, 3]], ids=str
)
def test_rubbish_is_drawn(values: list[float], log: bool) -> None:
    for size in ((0, 0), (1, 1), (5, 3), (12, 3), (40, 8), (200, 60)):
        points = Points("start", "o", np.array(values[::-1])), Points("now", "x", np.array(values))
        side = np.array(values)
        lines = chart(values, *points, size=size, log=log, band={"low": side / 2, "high": -side})
        assert [len(line) for line in lines] == [size[0]] * size[1]


# In the lab


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


@pytest.mark.parametrize("key", ["q", "f"])
async def test_back_to_the_lab(key: str) -> None:
    async with lab() as (pilot, screen):
        before = screen_text(pilot.app)
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
        assert "gradient rms" in words([plain(line) for line in pilot.app.screen.page._made])
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


def test_gradients_have_doubts_of_their_own() -> None:
    what = seen(init="rand", arch="64-30-10")
    assert [layer.doubt for layer in what.forecast.layers] == ["", ""]
    assert what.expected(GRADIENT).doubt.all()
    assert not what.expected(Z_STD).doubt.any()
