"""Every screen's keys follow a person's settings: pressed there, shown in its footer, refused where they cannot be."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from labpilot import DATA, comparison, press, settle, until
from screens import screen_text, write
from terminal import Terminal, run
from textual.pilot import Pilot
from textual.widgets import Input

from initscope.core.errors import InputError
from initscope.core.runs import Store
from initscope.tui.app import LabApp
from initscope.tui.checkscreen import CheckHelp, CheckScreen
from initscope.tui.config import Config
from initscope.tui.explainscreen import ExplainScreen
from initscope.tui.forecastscreen import ForecastScreen
from initscope.tui.helpscreen import HelpScreen
from initscope.tui.keymap import keymap
from initscope.tui.labscreen import LabScreen
from initscope.tui.pagescreen import PageScreen
from initscope.tui.runsscreen import RunsScreen
from initscope.tui.samplescreen import SampleScreen
from initscope.tui.savescreen import SaveScreen
from initscope.tui.setupscreen import SetupScreen
from initscope.tui.weightsprompt import WeightsPrompt

FILE = Path("/home/me/config.toml")


@asynccontextmanager
async def lab(size: tuple[int, int] = (160, 40), store: Store | None = None, **keys: str) -> AsyncIterator[Pilot[Any]]:
    """The lab with these keys, by the identity of an action, several with blanks between."""
    config = Config(FILE, {name: tuple(said.split()) for name, said in keys.items()})
    app = LabApp(lambda: (comparison(), DATA), config=config, open_store=None if store is None else lambda: store)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: isinstance(app.screen, LabScreen) and app.screen.snapshot is not None)
        await settle(pilot)
        yield pilot


async def on(pilot: Pilot[Any], kind: type[Any]) -> Any:
    """The screen, once it is one of this kind, with its footer."""
    await until(pilot, lambda: type(pilot.app.screen) is kind)
    await settle(pilot)
    return pilot.app.screen


async def footer(pilot: Pilot[Any], *words: str) -> None:
    await until(pilot, lambda: all(word in screen_text(pilot.app).splitlines()[-1] for word in words))


@pytest.mark.parametrize(
    ("kind", "opens", "prefix"), [(SampleScreen, "i", "sample"), (ForecastScreen, "f", "forecast")]
)  # fmt: skip
async def test_the_pages(kind: type[PageScreen[Any]], opens: str, prefix: str) -> None:
    async with lab(**{f"{prefix}_back": "f5", f"{prefix}_down": "u"}, help="f6") as pilot:
        await press(pilot, opens)
        await on(pilot, kind)
        await footer(pilot, "f5 Back", "u Down", "f6 Help")
        await press(pilot, "escape", "q", "f6")
        await on(pilot, HelpScreen)
        await press(pilot, "f6")
        page = (await on(pilot, kind)).page
        await until(pilot, lambda: page.more)
        await press(pilot, "u")
        assert page.top > 0
        await press(pilot, "f5")
        await on(pilot, LabScreen)


async def test_the_proof() -> None:
    async with lab(explain_apply="f7 w", explain_back="f5") as pilot:
        await press(pilot, "p")
        screen = await on(pilot, ExplainScreen)
        screen.explainer.stop()
        await footer(pilot, "f7 Apply", "f5 Back")
        await press(pilot, "escape", "a", "enter")
        assert not pilot.app._notifications
        await press(pilot, "w")
        assert [note.message for note in pilot.app._notifications] == ["It is still being looked for."]
        await press(pilot, "f5")
        await on(pilot, LabScreen)


async def test_the_set_up() -> None:
    """In its list, among its choices and in its lines."""
    keys = {
        "setup_add": "+", "setup_below": "n down", "setup_edit": "o", "setup_pick": "z", "setup_type": "y",
        "setup_take": "f7", "setup_back": "f5", "setup_apply": "A f9", "setup_cancel": "Q",
    }  # fmt: skip
    async with lab(**keys) as pilot:
        await press(pilot, "e")
        screen = await on(pilot, SetupScreen)
        await footer(pilot, "o Edit", "Q Cancel", "+ Add", "d Copy", "f9 Apply")
        await press(pilot, "a", "enter", "right", "escape")
        assert len(screen.comparison.lanes) == 2
        assert screen.focused is screen.rows
        await press(pilot, "plus")
        assert (len(screen.comparison.lanes), screen.rows.key) == (3, "lane:1")
        await press(pilot, "n")
        assert screen.rows.key == "lane:2"
        await press(pilot, "o", "n")
        await footer(pilot, "z Pick", "y Type", "f9 Apply", "f5 Back")
        chosen = screen.pane.choices.key
        await press(pilot, "z")
        assert screen.comparison.lanes[2]["init"] == chosen != "randn"
        await press(pilot, "o", "y", "end", "ctrl+u")
        await footer(pilot, "f7 Take", "f9 Apply", "f5 Back")
        await write(pilot, "zeros")
        await press(pilot, "A", "enter")
        assert screen.pane.line.value == "zerosA", "what is typed is no key"
        await press(pilot, "backspace", "f7")
        assert screen.comparison.lanes[2]["init"] == "zeros"
        await press(pilot, "o", "f5")
        assert screen.focused is screen.rows
        await press(pilot, "A")
        assert [lane["init"] for lane in (await on(pilot, LabScreen)).comparison.lanes][2:] == ["zeros"]
        await press(pilot, "e")
        await on(pilot, SetupScreen)
        await press(pilot, "Q")
        await on(pilot, LabScreen)


async def test_save_as(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    keys = {"save_as": "W", "save_as_save": "ctrl+s", "save_as_format": "f8", "save_as_cancel": "f5"}
    async with lab(**keys) as pilot:
        await press(pilot, "W")
        screen = await on(pilot, SaveScreen)
        await footer(pilot, "ctrl+s Save", "f8 Format", "f5 Cancel")
        await press(pilot, "f8")
        screen.query_one(Input).value = name = f"mine{screen.chosen_kind.ending}"
        (tmp_path / name).write_text("before", encoding="utf-8")
        await press(pilot, "enter", "down", "escape", "ctrl+s")
        assert screen.chosen == 1
        await until(pilot, lambda: "ctrl+s once more overwrites it" in screen_text(pilot.app))
        await press(pilot, "f5")
        await on(pilot, LabScreen)
        assert (tmp_path / name).read_text(encoding="utf-8") == "before"


async def test_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The question, the viewer, and its help page."""
    monkeypatch.chdir(tmp_path)
    np.savez("some.npz", W=np.eye(4))
    keys = {
        "weights_open": "ctrl+o", "weights_complete": "f4", "weights_cancel": "f5", "check_next": "n",
        "check_back": "X", "help_close": "x", "help": "f6",
    }  # fmt: skip
    async with lab(**keys) as pilot:
        await press(pilot, "v")
        await on(pilot, WeightsPrompt)
        await footer(pilot, "ctrl+o Open", "f4 Complete", "f5 Cancel")
        await press(pilot, "enter", "escape", "f5")
        await on(pilot, LabScreen)
        await press(pilot, "v")
        line = (await on(pilot, WeightsPrompt)).query_one(Input)
        await write(pilot, "so")
        await until(pilot, lambda: line._suggestion)
        await press(pilot, "f4")
        assert line.value == "some.npz"
        await press(pilot, "ctrl+o")
        view = await on(pilot, CheckScreen)
        await footer(pilot, "X Back", "n Next", "f6 Help")
        await press(pilot, "j", "escape", "n")
        assert view.list.chosen == 1
        await press(pilot, "f6")
        await on(pilot, CheckHelp)
        await footer(pilot, "x Close")
        await press(pilot, "escape", "q", "x")
        assert pilot.app.screen is view
        await press(pilot, "X")
        await on(pilot, LabScreen)


async def test_saved_runs(tmp_path: Path) -> None:
    keys = {"runs": "R", "runs_filter": "f", "runs_back": "q f5", "runs_next": "n"}
    async with lab(store=Store(tmp_path), **keys) as pilot:
        await press(pilot, "R")
        screen = await on(pilot, RunsScreen)
        await footer(pilot, "f5 Back", "f Filter")
        await press(pilot, "slash")
        assert screen.focused is None
        await press(pilot, "f", "q")
        assert (screen.focused, screen.filter.value) == (screen.filter, "q")
        await press(pilot, "f5")
        assert (screen.focused, screen.filter.value) == (None, "")
        await press(pilot, "q")
        await on(pilot, LabScreen)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"setup_add": "d"}, "d is both setup_add and setup_copy; give one of them another key"),
        ({"setup_apply": "esc ctrl+s"}, "esc is both setup_cancel and setup_apply"),
        ({"setup_take": "down"}, "down is both setup_take and setup_below"),
        ({"save_as_format": "up"}, "up is both save_as_format and save_as_format_before"),
        ({"save_as_cancel": "q"}, "save_as_cancel cannot be q: q types or edits in a line; take one such as f2"),
        ({"weights_complete": "space"}, "weights_complete cannot be space"),
        ({"setup_take": "ctrl+u"}, "setup_take cannot be ctrl+u"),
        ({"setup_apply": "A"}, "setup_apply needs another key: A types or edits in a line"),
        ({"runs_back": "q"}, "runs_back needs another key: q types"),
        ({"help_close": "?"}, "? is both help and help_close"),
        ({"setup_aply": "f5"}, "there is no action setup_aply; did you mean setup_apply"),
        ({"save_as_cancel": "ctrl+z"}, "save_as_cancel cannot be ctrl+z, which sends the program to sleep"),
    ],
)  # fmt: skip
def test_keys_that_cannot_be(keys: Mapping[str, str], words: str) -> None:
    with pytest.raises(InputError) as caught:
        keymap({name: said.split() for name, said in keys.items()}, f"{FILE}, [keys]")
    assert str(caught.value).startswith(f"{FILE}, [keys]: {words}")


def test_config_shows_them_and_a_file_s_viewer_reads_them(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[keys]\nsetup_apply = "f9"\nsave_as_save = "ctrl+s"\n', encoding="utf-8")
    shown = run("config", environment={"INITSCOPE_CONFIG": str(file)}).stdout
    pairs = (line.split("  #")[0].split(" = ") for line in shown.splitlines() if " = " in line)
    found = {pair[0].strip(): pair[1].strip() for pair in pairs}
    assert (found["setup_apply"], found["save_as_save"]) == ('["f9"]', '["ctrl+s"]')
    assert found["# weights_complete"] == '["tab"]'
    np.savez(tmp_path / "w.npz", W=np.eye(4))
    file.write_text("[keys]\ncheck_next = 'k'\n", encoding="utf-8")
    with Terminal("check", str(tmp_path / "w.npz"), "--tui", environment={"INITSCOPE_CONFIG": str(file)}) as terminal:
        assert terminal.wait() == 2
        assert b"[keys]: k is both check_next and check_before" in terminal.output.replace(b"\r\n", b"")
