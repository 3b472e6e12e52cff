"""The lab on a network that a person's own loop trains."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from labpilot import line, press, settle, until
from screens import screen_text
from textual.pilot import Pilot

from initscope.core import Watched, watch
from initscope.core.datasets.data import load
from initscope.core.errors import InputError
from initscope.tui import watchview
from initscope.tui.forecastscreen import ForecastScreen
from initscope.tui.watchview import Training, WatchApp, WatchScreen, open_lab

DIGITS = load("digits")


def network(**options: Any) -> tuple[dict[str, np.ndarray], Watched]:
    """As drawn by np.random.rand."""
    rng = np.random.default_rng(0)
    params = {"W1": rng.random((64, 20)), "b1": np.zeros(20), "W2": rng.random((20, 10)), "b2": np.zeros(10)}
    wanted = {"activations": "sigmoid", "loss": "quadratic", "lr": 3.0, "x": DIGITS.x_train, "y": DIGITS.y_train}
    return params, watch(params, **{**wanted, **options})


def move(params: dict[str, np.ndarray], watched: Watched, steps: int) -> None:
    """Steps that change next to nothing."""
    for _ in range(steps):
        params["b2"] += 1e-9
        watched.step(4.5)


@asynccontextmanager
async def lab(watched: Watched, training: Training | None = None) -> AsyncIterator[tuple[Pilot[Any], WatchScreen]]:
    app = WatchApp(watched, training or Training(None))
    app.unicode = True
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, WatchScreen) and app.screen.snapshot is not None)
        await settle(pilot)
        assert isinstance(app.screen, WatchScreen)
        yield pilot, app.screen
    assert app.return_code in (0, None)


async def test_what_was_recorded_is_shown() -> None:
    params, watched = network()
    move(params, watched, 600)
    training = Training(None)
    training.finish()
    async with lab(watched, training) as (pilot, screen):
        await until(pilot, lambda: "initialization is to blame" in line(pilot, "bottom"))
        assert "your data · 64-20-10 sigmoid · quadratic · sgd lr 3" in line(pilot, "title")
        assert "recorded by your program" in line(pilot, "title")
        assert "yours" in line(pilot, "lanes")
        assert "600" in line(pilot, "lanes")
        assert "proves it" not in line(pilot, "bottom")
        assert "Run" not in screen_text(pilot.app).splitlines()[-1]
        assert screen.snapshot is not None
        assert screen.snapshot.lanes[0].probe_steps[-1] == 600
        await press(pilot, "z", "l", "m")
        await until(pilot, lambda: "step 600" in line(pilot, "bottom"))


async def test_nothing_can_be_changed() -> None:
    params, watched = network()
    move(params, watched, 30)
    async with lab(watched) as (pilot, screen):
        await press(pilot, "space", "s", "n", "r", "w", "x", "a", "d", "delete", "e", "p", "i", "v")
        assert pilot.app.screen is screen
        assert watched.steps == 30
        assert len(screen.comparison.lanes) == 1
        labels = {command.title for command in screen.commands()}
        assert {"Heat", "Zoom", "Forecast", "Help", "Quit"} <= labels
        assert not labels & {"Run", "Step", "Rewind", "Edit", "Add lane", "Proof", "Sample", "Weights"}


async def test_what_was_found_is_copied_and_saved_in_words(tmp_path: Path) -> None:
    params, watched = network()
    move(params, watched, 600)
    training = Training(None)
    training.finish()
    async with lab(watched, training) as (pilot, screen):
        await press(pilot, "y")
        await until(pilot, lambda: "W = rng.normal(" in screen_text(pilot.app))
        text = pilot.app.clipboard
        assert text == f"{watched}\n\n{watched.findings()}"
        assert " ".join(text.split()) in " ".join(screen_text(pilot.app).split())
        await press(pilot, "x")
        assert pilot.app.screen is screen
        names = [kind.name for kind in screen.kinds()]
        assert names[:4] == ["findings", "csv", "loss", "loss text"]
        for kind in screen.kinds()[:2]:
            await kind.write(tmp_path / f"w{kind.ending}")
    assert (tmp_path / "w.txt").read_text() == f"{text}\n"
    assert "\n1,yours,600," in (tmp_path / "w.csv").read_text()


async def test_live() -> None:
    params, watched = network()
    go, done = threading.Event(), threading.Event()

    def train() -> None:
        move(params, watched, 100)
        go.wait(30)
        move(params, watched, 150)
        done.set()

    training = Training(train)
    async with lab(watched, training) as (pilot, screen):
        await until(pilot, lambda: screen.snapshot is not None and screen.snapshot.step == 100)
        assert "your program trains" in line(pilot, "title")
        await press(pilot, "y")
        await until(pilot, lambda: "(OSC 52)" in screen_text(pilot.app))
        assert "step 100\n" in pilot.app.clipboard
        await press(pilot, "x")
        go.set()
        await until(pilot, lambda: screen.snapshot is not None and screen.snapshot.lanes[0].probe_steps[-1] == 250)
        await until(pilot, lambda: "recorded by your program" in line(pilot, "title"))
    assert done.is_set()
    training.finish()


async def test_the_forecast() -> None:
    _, watched = network()
    async with lab(watched) as (pilot, _):
        await press(pilot, "f")
        await until(pilot, lambda: isinstance(pilot.app.screen, ForecastScreen) and not pilot.app.screen.waiting)
        screen = pilot.app.screen
        assert isinstance(screen, ForecastScreen)
        found = screen.forecaster.found[0]
        assert found.correlation is None
        assert found.forecast is not None
        assert found.forecast.layers[0].z_mean == pytest.approx(DIGITS.x_train.sum(axis=1).mean() / 2, rel=0.05)
        await press(pilot, "escape")


async def test_a_network_that_only_its_states_are_known_of() -> None:
    rng = np.random.default_rng(0)
    params = {"W1": rng.random((6, 1, 3, 3)), "b1": np.zeros(6), "W2": rng.random((96, 10)), "b2": np.zeros(10)}
    flat = [np.sign(rng.standard_normal((7, 6, 8, 8))), rng.random((7, 10))]
    watched = watch(params, activations=flat, activation="tanh", loss="cross_entropy", lr=0.1)
    async with lab(watched) as (pilot, screen):
        await until(pilot, lambda: "layer 1 is saturated" in line(pilot, "bottom"))
        await press(pilot, "f", "h", "z", "m", "t", "g", "c")
        assert pilot.app.screen is screen
        assert "to blame" not in screen_text(pilot.app)


def test_what_the_loop_raises_is_raised() -> None:
    training = Training(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        training.finish()
    assert not training.goes_on


def test_without_a_terminal() -> None:
    _, watched = network()
    with pytest.raises(InputError, match=r"is not a terminal, which the lab needs; print\(w\) says the same"):
        open_lab(watched)


@pytest.mark.parametrize(("code", "raised"), [(0, False), (130, True)])
def test_ctrl_c_ends_the_program_and_q_does_not(code: int, raised: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    _, watched = network()
    ran = []
    monkeypatch.setattr(watchview, "terminal_trouble", lambda: "")
    monkeypatch.setattr(watchview, "show", lambda app, mouse: code)
    if raised:
        with pytest.raises(KeyboardInterrupt):
            open_lab(watched, train=lambda: ran.append(1))
    else:
        open_lab(watched, train=lambda: ran.append(1))
        assert ran == [1]
