"""The dialog of saving: nothing is overwritten unasked, what is wrong stands there, and training goes on."""

import threading
from pathlib import Path

import pytest
from labpilot import comparison, lab, now, press, resize, until
from savepilot import CHOSEN, STEPS, dialog, done, saved, says
from screens import screen_text, write

from initscope.core.exports.comparisontoml import read_path
from initscope.tui import labsaving, savescreen
from initscope.tui.actions import CHECK, EXPLAIN, FORECAST, LAB, RUNS, SAMPLE, of
from initscope.tui.savescreen import FileLine

pytestmark = pytest.mark.usefixtures("folder")


async def test_nothing_is_overwritten_unasked(folder: Path) -> None:
    (folder / "initscope.toml").write_text("mine")
    async with lab((80, 24), CHOSEN) as (pilot, _):
        screen = await dialog(pilot, "toml")
        assert screen.query_one(FileLine).value == "initscope-2.toml"
        await press(pilot, *["backspace"] * len("-2.toml"), "enter")
        assert "initscope.toml is there already" in await says(pilot, "is there already")
        assert (folder / "initscope.toml").read_text() == "mine"
        await press(pilot, "x", "backspace", "enter")  # another name was typed meanwhile: it is asked again
        await says(pilot, "is there already")
        assert (folder / "initscope.toml").read_text() == "mine"
        await press(pilot, "enter")
        await done(pilot)
        assert read_path(folder / "initscope.toml") == CHOSEN


async def test_one_lane_that_is_there_is_enough_to_ask(folder: Path) -> None:
    (folder / "w-2.npz").write_text("mine")
    async with lab((80, 24), CHOSEN) as (pilot, _):
        await dialog(pilot, "npz")
        await press(pilot, "ctrl+u")
        await write(pilot, "w.npz")
        await press(pilot, "enter")
        await says(pilot, "w-2.npz is there already")
        assert {path.name for path in folder.iterdir()} == {"w-2.npz"}
        assert (folder / "w-2.npz").read_text() == "mine"


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        ("toml", "no/such/mine.toml", "there is no folder"),
        ("csv", "", "name a file, such as mine.csv"),
        ("csv", "~nobody-at-all/x.csv", "there is no user nobody-at-all"),
        ("tensorboard", "full", "is there already"),
        ("text", "\0", "a file name cannot contain a NUL"),
    ],
)
async def test_what_cannot_be_saved_is_said_and_what_was_typed_stays(
    folder: Path, kind: str, name: str, words: str
) -> None:
    (folder / "full").mkdir()
    (folder / "full" / "x").touch()
    async with lab((80, 24), CHOSEN) as (pilot, _):
        screen = await dialog(pilot, kind)
        screen.query_one(FileLine).value = name
        await press(pilot, "enter")
        await says(pilot, words)
        assert pilot.app.screen is screen
        assert screen.query_one(FileLine).value == name
        await press(pilot, "escape")
        await done(pilot)
    assert [path.name for path in folder.iterdir()] == ["full"]


async def test_another_format_changes_the_ending_alone(folder: Path) -> None:
    (folder / "sub").mkdir()
    async with lab((80, 24), CHOSEN) as (pilot, _):
        screen = await dialog(pilot, "toml")
        field = screen.query_one(FileLine)
        await press(pilot, "down")
        assert field.value == "initscope.csv"
        await press(pilot, "ctrl+u")
        await write(pilot, "mine.csv")
        await press(pilot, "up")
        assert field.value == "mine.toml"
        field.value = "sub/"
        await press(pilot, "enter")
        await done(pilot)
        await saved(pilot, "csv", "bare")
    assert [path.name for path in (folder / "sub").iterdir()] == ["initscope.toml"]
    assert (folder / "bare.csv").exists()


async def test_it_is_finished_when_the_dialog_is_left_meanwhile(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()
    export = labsaving.export
    monkeypatch.setattr(labsaving, "export", lambda *a, **n: go_on.wait(30) and export(*a, **n))
    async with lab((80, 24), CHOSEN) as (pilot, screen):
        await dialog(pilot, "html")
        await press(pilot, "enter")
        await says(pilot, "writing initscope.html")
        await press(pilot, "down", "enter", "escape")
        assert pilot.app.screen is screen
        assert not list(folder.iterdir())
        go_on.set()
        await until(pilot, lambda: [note.message for note in pilot.app._notifications] == ["Saved initscope.html"])
    assert [path.name for path in folder.iterdir()] == ["initscope.html"]


async def test_copies_leave_the_training_alone() -> None:
    async with lab((80, 24), comparison(**{"epochs": "100000"})) as (pilot, screen):
        await press(pilot, "l", "plus", "plus", "plus", "space")
        await until(pilot, lambda: now(screen).step > STEPS)
        await saved(pilot, "json")
        step = now(screen).step
        await until(pilot, lambda: now(screen).step > step)
        await press(pilot, "space")
        await until(pilot, lambda: set(now(screen).lanes[0].distributions) == {1})


async def test_every_size_and_ascii() -> None:
    async with lab((160, 45), CHOSEN, unicode=False) as (pilot, _):
        screen = await dialog(pilot)
        for size in ((160, 45), (3, 2), (80, 24), (40, 12), (20, 6)):
            await resize(pilot, *size)
            assert screen_text(pilot.app).isascii()
        await press(pilot, "up")
        assert f"> {screen.choices[-1].name}" in screen_text(pilot.app)


def test_every_screen_of_the_lab_has_both_keys() -> None:
    for screen in (LAB, SAMPLE, EXPLAIN, FORECAST, CHECK, RUNS):
        assert {("y", "copy_command"), ("S", "save_as")} <= {(one.keys, one.name) for one in of(screen)}
    assert savescreen.AROUND < 6
