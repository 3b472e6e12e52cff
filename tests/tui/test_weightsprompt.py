"""Weights looked at from the lab: of the selected lane while it trains, and of a file."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from labpilot import DATA, FLAT_OUT, at_step, comparison, lab, line, now, press, resize, until
from screens import screen_text, write
from sessions import ready, settled
from test_checkcommand import weights
from textual.pilot import Pilot

from initscope.core.errors import InputError
from initscope.tui import weightsprompt, weightssource
from initscope.tui.actions import CHECK, of
from initscope.tui.checkscreen import CheckScreen
from initscope.tui.labscreen import LabScreen
from initscope.tui.session import Session
from initscope.tui.weightsprompt import WeightsPrompt, rest_of

SIZES = (64, 30, 20, 10)


@asynccontextmanager
async def asked(
    size: tuple[int, int] = (80, 24), *keys: str, **more: Any
) -> AsyncIterator[tuple[Pilot[Any], LabScreen, WeightsPrompt]]:
    """The lab with the question open."""
    async with lab(size, **more) as (pilot, screen):
        await press(pilot, *keys, "v")
        await until(pilot, lambda: isinstance(pilot.app.screen, WeightsPrompt))
        assert isinstance(pilot.app.screen, WeightsPrompt)
        yield pilot, screen, pilot.app.screen


async def opened(pilot: Pilot[Any]) -> CheckScreen:
    """The view, with its first page."""
    await until(pilot, lambda: isinstance(pilot.app.screen, CheckScreen))
    screen = pilot.app.screen
    assert isinstance(screen, CheckScreen)
    await until(pilot, lambda: hasattr(screen, "page") and not screen._looking and screen.page._strips)
    await pilot.pause()
    return screen


async def said(pilot: Pilot[Any], words: str) -> None:
    await until(pilot, lambda: words in " ".join(screen_text(pilot.app).split()))


# A lane


async def test_nothing_typed_shows_the_selected_lane_as_it_is() -> None:
    async with lab((120, 40)) as (pilot, screen):
        await press(pilot, "s", "s", "down")
        await at_step(pilot, screen, 2)
        await press(pilot, "v")
        await said(pilot, "Weights of a file; empty: of lane 2 randn, as they are now")
        await press(pilot, "enter")
        view = await opened(pilot)
        text = screen_text(pilot.app)
        assert "check lane 2 at step 2 · 4 tensors" in text
        assert "measured with sigmoid and 256 examples of digits" in text
        labels = [entry.label for entry in view.viewer.entries]
        assert labels == ["all layers", "1 dense1", "  bias", "2 dense2", "  bias"]
        await press(pilot, "j")
        await said(pilot, "dense1.weight: 30x64 float64")
        network = screen.session.copy(1).result(10).network
        seen = view.viewer.shown(1)
        assert seen is not None
        np.testing.assert_array_equal(seen.look.sample, network.weighted[0].weights[0])  # type: ignore[union-attr]
        await press(pilot, "v")
        await until(pilot, lambda: pilot.app.screen is screen)
        assert now(screen).step == 2


async def test_training_goes_on_meanwhile() -> None:
    async with asked((80, 24), *FLAT_OUT, chosen=comparison(epochs="100000")) as (pilot, screen, _):
        await press(pilot, "enter")
        await opened(pilot)
        assert screen.session.playing
        assert pilot.app.is_running
        await press(pilot, "q")
        await until(pilot, lambda: pilot.app.screen is screen)
        step = now(screen).step
        await until(pilot, lambda: now(screen).step > step)


def test_copies_are_of_the_worker_and_one_given_up_harms_nobody() -> None:
    session = Session()
    try:
        early = session.copy(0)
        with pytest.raises(InputError, match="no weights yet"):
            early.result(10)
        ready(session)
        session.play()
        given_up = session.copy(0)
        given_up.cancel()
        found = session.copy(1).result(10)
        assert found.spec.name == "randn"
        session.pause()
        last = settled(session)
        assert session.error is None
        assert session.copy(1).result(10).step == last.step >= found.step
    finally:
        session.close(5)


# A file


async def test_a_file_is_judged_with_the_activation_and_data_of_the_lane(tmp_path: Path) -> None:
    path = weights(tmp_path, "rand", SIZES)
    async with asked((120, 40)) as (pilot, screen, _):
        await write(pilot, str(path))
        await press(pilot, "enter")
        await opened(pilot)
        text = screen_text(pilot.app)
        assert "rand.npz: shifted-preactivations" in text
        assert "measured with sigmoid and 256 examples of digits" in text
        await press(pilot, "escape")
        await until(pilot, lambda: pilot.app.screen is screen)
        await press(pilot, "v")
        await said(pilot, "rand.npz")  # it is still there
        await press(pilot, "enter")
        await opened(pilot)


async def test_data_that_do_not_fit_the_file_are_not_taken(tmp_path: Path) -> None:
    for sizes, name in (((20, 30, 10), "dense"), (None, "images")):
        path = tmp_path / f"{name}.npz"
        if sizes:
            path = Path(weights(tmp_path, "he", sizes))
        else:
            rng = np.random.default_rng(0)
            np.savez(path, **{"c.weight": rng.standard_normal((4, 3, 3, 3)), "f.weight": rng.standard_normal((10, 64))})
        source = weightssource.of_file_beside(path, comparison().specs(DATA)[0].activation, DATA["digits"])
        found = source.check(lambda done, total: None)
        source.weights.close()
        assert (found.how, found.data, str(found.activation)) == ("measured", "", "sigmoid")


async def test_what_cannot_be_opened_is_said_and_nothing_is_lost(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("no weights")
    async with asked() as (pilot, screen, prompt):
        line_of = prompt.query_one("#path")
        for text, words in (
            (str(tmp_path / "none.npz"), "no such file"),
            (str(tmp_path), "is a directory"),
            (str(tmp_path / "words.txt"), "is no file of weights that is known"),
            ("~nobody-at-all/w.npz", "there is no user nobody-at-all"),
        ):
            line_of.value = text  # type: ignore[attr-defined]
            await press(pilot, "enter")
            await until(pilot, lambda words=words: words in " ".join(screen_text(pilot.app).split()).lower())
            assert pilot.app.screen is prompt
            assert line_of.value == text  # type: ignore[attr-defined]
        await press(pilot, "escape")
        await until(pilot, lambda: pilot.app.screen is screen)
        assert now(screen).step == 0


async def test_a_slow_file_can_be_waited_for_or_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on, real = threading.Event(), weightssource.open_weights

    def slow(path: Path) -> Any:
        assert go_on.wait(30)
        return real(path)

    monkeypatch.setattr(weightssource, "open_weights", slow)
    path = weights(tmp_path, "he", SIZES)
    async with asked() as (pilot, screen, _):
        await write(pilot, str(path))
        await press(pilot, "enter", "enter")
        await said(pilot, "reading ")
        await press(pilot, "escape")
        await until(pilot, lambda: pilot.app.screen is screen)
        go_on.set()
        await press(pilot, "v", "enter")
        await opened(pilot)
        assert "lane 1 at step 0" in line(pilot, "title")


async def test_every_size_and_ascii() -> None:
    async with asked((3, 2), unicode=False) as (pilot, _, _):
        for width, height in ((3, 2), (160, 45), (40, 12), (20, 6), (80, 24)):
            await resize(pilot, width, height)
            text = screen_text(pilot.app)
            assert text.isascii()
            assert len(text.split("\n")) == height
        assert "esc Cancel" in screen_text(pilot.app)


async def test_every_key_of_the_view_is_bound_and_can_be_found() -> None:
    async with asked((80, 24)) as (pilot, _, _):
        await press(pilot, "enter")
        screen = await opened(pilot)
        titles = {command.title for command in pilot.app.get_system_commands(screen)}
        for action in of(CHECK):
            assert hasattr(screen, f"action_{action.name.partition('(')[0]}"), action.name
            assert action.label in titles


# Completion


def test_the_rest_of_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "models").mkdir()
    for name in ("model.npz", "modelling.txt", ".hidden.npz", "b\nad.npz", "models/deep.pt"):
        (tmp_path / name).write_text("")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    wanted = {
        "m": "model.npz", "modell": "modelling.txt", "models": "models/", f"{tmp_path}/mo": f"{tmp_path}/model.npz",
        "models/": "models/deep.pt", "~/model.": "~/model.npz", ".h": ".hidden.npz", "b": None, "": None, "~": None,
        "model.npz": None, "no/such/": None, "x\0y": None,
    }  # fmt: skip
    assert {text: rest_of(text) for text in wanted} == wanted


async def test_tab_takes_what_is_suggested(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights(tmp_path, "he", SIZES)
    monkeypatch.chdir(tmp_path)
    async with asked() as (pilot, _, prompt):
        typed = prompt.query_one("#path", weightsprompt.PathLine)
        await press(pilot, "h")
        await until(pilot, lambda: typed._suggestion)
        await press(pilot, "tab")
        await until(pilot, lambda: typed.value == "he.npz")
        await press(pilot, "enter")
        await opened(pilot)
