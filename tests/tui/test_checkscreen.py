"""The view of a file of weights under Pilot and in a real terminal."""

import shlex
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from labpilot import resize, until
from screens import press, screen_text
from terminal import Terminal
from test_checkcommand import weights
from test_lab_snapshots import check_all
from textual import events
from textual.pilot import Pilot

from initscope.core.activations import activation
from initscope.core.checks.file import FileCheck
from initscope.core.initialization.sampling import expected_shares
from initscope.tui import checkcommand, checkviewer
from initscope.tui.checkscreen import CheckApp, CheckHelp, CheckScreen
from initscope.tui.checkviewer import Picture, Viewer
from initscope.tui.checkviewtensor import lines
from initscope.tui.copying import CopyScreen
from initscope.tui.parsers import Parser
from initscope.tui.sheet import Style
from initscope.tui.weightssource import of_file

SIZES = (64, 30, 20, 10)


def viewer(path: Path | str, kind: str = "tanh") -> Viewer:
    return Viewer(of_file(Path(path), activation(kind) if kind else None))


@asynccontextmanager
async def view(
    path: Path | str, size: tuple[int, int] = (80, 24), unicode: bool = True
) -> AsyncIterator[tuple[Pilot[Any], CheckScreen]]:
    app = CheckApp(lambda: viewer(path))
    app.unicode = unicode
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: isinstance(app.screen, CheckScreen))
        screen = app.screen
        assert isinstance(screen, CheckScreen)
        await there(pilot, screen)
        yield pilot, screen
    assert app.return_code in (0, None)


async def there(pilot: Pilot[Any], screen: CheckScreen) -> None:
    """Until what is selected is on the page."""
    await until(pilot, lambda: hasattr(screen, "page") and not screen._looking and screen.page._strips)
    await pilot.pause()


async def go(pilot: Pilot[Any], screen: CheckScreen, *keys: str) -> str:
    await press(pilot, *keys)
    await there(pilot, screen)
    return screen_text(pilot.app)


def seen(found: Viewer, place: int) -> Any:
    """An entry, once it has been looked at."""
    found.ask(place)
    waiting = threading.Event()
    for _ in range(5000):
        if found.shown(place) is not None or found.error:
            break
        waiting.wait(0.002)
    assert found.error is None
    return found.shown(place)


async def test_the_list_and_the_page(tmp_path: Path) -> None:
    async with view(weights(tmp_path, "he", SIZES)) as (pilot, screen):
        text = screen_text(pilot.app)
        assert "he.npz: healthy" in text
        assert [entry.label for entry in screen.viewer.entries] == [
            "all layers", "1 W1", "  bias", "2 W2", "  bias", "3 W3", "  bias"]  # fmt: skip
        text = await go(pilot, screen, "down")
        assert "W1: 30x64 float64, 1,920 numbers" in text
        assert "looks like: N(0, 0.177²): he_normal" in text
        assert "share in 60 bins  █ here  ⠒ he_normal" in text
        assert "b1: 30x1" in await go(pilot, screen, "j")
        assert "W2: 20x30" in await go(pilot, screen, "right")
        assert "W1: 30x64" in await go(pilot, screen, "left")
        assert "W3: 10x20" in await go(pilot, screen, "end", "up")
        assert "he.npz: healthy" in await go(pilot, screen, "home")
        await go(pilot, screen, "up", "up")
        assert screen.list.chosen == 0


async def test_the_page_moves_and_the_list_is_clicked(tmp_path: Path) -> None:
    async with view(weights(tmp_path, "he", SIZES)) as (pilot, screen):
        await go(pilot, screen, "down")
        text = await go(pilot, screen, "pagedown")
        assert "of the matrix" in text
        assert screen.page.top > 0
        await go(pilot, screen, "pageup")
        assert screen.page.top == 0
        screen.post_message(events.MouseScrollDown(None, 40, 10, 0, 1, 0, False, False, False, 40, 10))
        await until(pilot, lambda: screen.page.top > 0)
        await pilot.click(offset=(3, 4))
        await there(pilot, screen)
        assert (screen.list.chosen, screen.page.top) == (3, 0)
        assert "W2: 20x30" in screen_text(pilot.app)


async def test_the_line_of_a_file_opens_the_same_view_and_charts_are_saved_alone(tmp_path: Path) -> None:
    async with view(weights(tmp_path, "he", SIZES)) as (pilot, screen):
        text = await go(pilot, screen, "down", "y")
        assert "(OSC 52)" in text
        assert isinstance(pilot.app.screen, CopyScreen)
        line = shlex.split(pilot.app.clipboard)
        assert line == shlex.split(pilot.app.screen.command)
        await press(pilot, "x")
        kinds = {kind.name: kind for kind in screen.kinds()}
        charts = ["histogram", "histogram text", "matrix", "matrix text"]
        assert list(kinds) == ["svg", "text", *charts, "page"]
        for name in ("histogram text", "matrix text", "page"):
            await kinds[name].write(tmp_path / f"{name}.txt")
        shown = screen.viewer.shown(1)
    asked = checkcommand.parser(Parser).parse_args(line[2:])
    assert (line[:2], asked.tui) == (["initscope", "check"], True)
    again = viewer(asked.target, checkcommand.file_options(asked)["activation"])
    for place, entry in enumerate(again.entries):
        assert entry.label == screen.viewer.entries[place].label
    found = seen(again, 1)
    again.ask(None)
    assert list(lines(found, Style(80, 24))) == list(lines(shown, Style(80, 24)))
    files = [(tmp_path / f"{name}.txt").read_text() for name in ("histogram text", "matrix text", "page")]
    assert all(file.startswith("W1: 30x64 float64, 1,920 numbers") for file in files)
    assert "█" in files[0]
    assert max(map(len, files[1].split("\n"))) == 2 * 64
    assert len(files[1].split("\n")) > 30


async def test_help_palette_and_quitting(tmp_path: Path) -> None:
    async with view(weights(tmp_path, "he", SIZES)) as (pilot, screen):
        text = await press(pilot, "question_mark")
        assert isinstance(pilot.app.screen, CheckHelp)
        assert "the next layer, past its bias" in text
        await press(pilot, "escape")
        assert pilot.app.screen is screen
        labels = [command.title for command in pilot.app.get_system_commands(screen)]
        assert {"Next", "All", "Help"} <= set(labels)
        await press(pilot, "q")
        assert not pilot.app.is_running or pilot.app.return_code == 0
    threads = [thread for thread in threading.enumerate() if thread.name == "initscope-viewer"]
    for thread in threads:
        thread.join(10)
    assert not any(thread.is_alive() for thread in threads)


@pytest.mark.parametrize("size", [(160, 45), (80, 24), (40, 12), (20, 6), (1, 1)])
async def test_every_size_and_kind(tmp_path: Path, size: tuple[int, int]) -> None:
    np.savez(tmp_path / "odd.npz", **{
        "conv.weight": np.random.default_rng(0).standard_normal((8, 3, 3, 3)), "bn.weight": np.ones(8),
        "bn.running_mean": np.zeros(8), "fc.weight": np.full((5, 8), np.nan), "step": np.array(7)})  # fmt: skip
    async with view(tmp_path / "odd.npz", size, unicode=size[0] != 80) as (pilot, screen):
        for _ in screen.viewer.entries:
            text = await go(pilot, screen, "down")
            assert max(map(len, text.splitlines()), default=0) <= size[0]
            assert size[0] != 80 or text.isascii()


def test_the_outline_is_what_the_initializer_gives(tmp_path: Path) -> None:
    np.save(tmp_path / "w.npy", np.random.default_rng(0).random((300, 400)))
    found = viewer(tmp_path / "w.npy")
    shown = seen(found, 1)
    found.ask(None)
    assert isinstance(shown, Picture)
    assert shown.check
    assert shown.check.recognition
    distribution = shown.check.recognition.distribution
    assert distribution is not None
    assert shown.expected == pytest.approx(expected_shares(distribution, shown.edges))
    assert shown.counts.sum() == 120_000
    assert shown.counts / 120_000 == pytest.approx(shown.expected, abs=0.002)


def test_only_the_last_wish_is_looked_at_and_a_long_look_is_broken_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on, looked = threading.Event(), threading.Event(), []
    real = checkviewer.look

    def slow(*words: Any) -> Any:
        looked.append(words[1].name)
        begun.set()
        go_on.wait(10)
        return real(*words)

    monkeypatch.setattr(checkviewer, "look", slow)
    found = viewer(weights(tmp_path, "he", SIZES))
    found.ask(1)
    assert begun.wait(10)
    found.ask(3)
    found.ask(5)
    go_on.set()
    assert seen(found, 5)
    assert looked == ["W1", "W3"]
    assert found.shown(1) is None  # it was broken off
    assert isinstance(seen(found, 0), FileCheck)
    found.ask(None)


def test_a_file_that_becomes_shorter_is_said_so(tmp_path: Path) -> None:
    path = tmp_path / "w.npy"
    np.save(path, np.random.default_rng(0).standard_normal((600, 1000)))
    found = viewer(path)
    found.ask(0)
    assert isinstance(seen(found, 0), FileCheck)
    with open(path, "r+b") as file:
        file.truncate(1_000_000)
    shown = seen(found, 1)
    found.ask(None)
    assert "became shorter" in shown
    assert list(lines(shown, Style(80, 10)))


@pytest.mark.parametrize(
    "unicode", [pytest.param(True, id="unicode"), pytest.param(False, id="ascii", marks=pytest.mark.slow)]
)
async def test_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unicode: bool) -> None:
    kind = "check" if unicode else "ascii-check"
    weights(tmp_path, "he", SIZES)
    monkeypatch.chdir(tmp_path)
    async with view("he.npz", (40, 12), unicode) as (pilot, screen):
        await check_all(pilot, f"{kind}-file")
        await resize(pilot, 80, 24)
        await go(pilot, screen, "down")
        await check_all(pilot, f"{kind}-tensor")


@pytest.mark.slow
def test_in_a_real_terminal(tmp_path: Path) -> None:
    path = weights(tmp_path, "rand", SIZES)
    with Terminal("check", path, "--tui", "--activation", "sigmoid") as terminal:
        terminal.wait_for("rand.npz: shifted")
        terminal.keys("j")
        terminal.wait_for("mean 0.50, U[0, 1): np.random.rand")
        terminal.resize(160, 45)
        terminal.wait_for("of the matrix")
        terminal.keys("q")
        assert terminal.wait() == 0
        assert not terminal.cursor_hidden
    with Terminal("check", path, "--tui", "--data", "moons") as terminal:
        terminal.wait_for("moons has 2 features")
        terminal.keys("q")
        assert terminal.wait() == 0
