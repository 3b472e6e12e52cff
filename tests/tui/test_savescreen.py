"""Saving from the lab: every format read back, nothing overwritten unasked, errors that stand in the dialog."""

import json
import re
import threading
import xml.etree.ElementTree as ElementTree
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from labpilot import DATA, at_step, comparison, lab, line, now, press, resize, settle, until
from screens import screen_text, write
from test_explainscreen import explanation
from textual.pilot import Pilot

from initscope.core.exports import FORMATS
from initscope.core.exports.comparisontoml import read_path
from initscope.core.exports.weights import of_trainer
from initscope.core.runs import Store
from initscope.core.training import Trainer
from initscope.tui import labsaving, savescreen
from initscope.tui.actions import CHECK, EXPLAIN, FORECAST, LAB, RUNS, SAMPLE, of
from initscope.tui.app import LabApp
from initscope.tui.labscreen import LabScreen
from initscope.tui.savescreen import FileLine, SaveScreen

CHOSEN = comparison(inits=("rand", "randn"), lanes=(), **{"batch-size": "50"})
STEPS = 30


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, empty."""
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


async def dialog(pilot: Pilot[Any], kind: str = "") -> SaveScreen:
    """Opened, with a format chosen."""
    await press(pilot, "S")
    await until(pilot, lambda: isinstance(pilot.app.screen, SaveScreen) and pilot.app.screen.query(FileLine))
    screen = pilot.app.screen
    assert isinstance(screen, SaveScreen)
    while kind and screen.chosen_kind.name != kind:
        await press(pilot, "down")
    return screen


async def done(pilot: Pilot[Any]) -> None:
    """Saved, and back."""
    await until(pilot, lambda: not isinstance(pilot.app.screen, SaveScreen))
    await settle(pilot)


async def says(pilot: Pilot[Any], words: str) -> str:
    """Wait until the dialog says something; returns all that it shows, as one line."""
    await until(pilot, lambda: words in " ".join(screen_text(pilot.app).split()))
    return " ".join(screen_text(pilot.app).split())


async def saved(pilot: Pilot[Any], kind: str, name: str = "") -> None:
    """Save under this name, or the one that is offered."""
    await dialog(pilot, kind)
    if name:
        await press(pilot, "ctrl+u")
        await write(pilot, name)
    await press(pilot, "enter")
    await done(pilot)


@asynccontextmanager
async def at_thirty(size: tuple[int, int] = (120, 40)) -> AsyncIterator[tuple[Pilot[Any], LabScreen]]:
    async with lab(size, CHOSEN) as (pilot, screen):
        await press(pilot, "n")
        await at_step(pilot, screen, STEPS)
        yield pilot, screen


# What is saved


async def test_every_format_holds_the_lanes_as_they_are(folder: Path) -> None:
    trainer = Trainer(CHOSEN.specs(DATA), DATA)
    *_, last = trainer.run(STEPS)
    async with at_thirty() as (pilot, screen):
        for kind in FORMATS:
            await saved(pilot, kind)
        assert now(screen).step == STEPS
    assert {path.name for path in folder.iterdir()} == {
        "initscope.toml", "initscope.csv", "initscope.json", "initscope", "initscope-1.npz", "initscope-2.npz",
        "initscope-1.safetensors", "initscope-2.safetensors", "initscope.md", "initscope.html",
    }  # fmt: skip
    assert read_path(folder / "initscope.toml") == CHOSEN
    assert f"2,randn,{STEPS}," in (folder / "initscope.csv").read_text()
    document = json.loads((folder / "initscope.json").read_text())
    assert [lane["steps"] for lane in document["lanes"]] == [STEPS, STEPS]
    assert [lane["name"] for lane in document["lanes"] if not lane["verdict"]["healthy"]] == ["rand"]
    loss = document["lanes"][1]["history"]["train_loss"][-1]
    assert last.lanes[1].latest.train_loss == pytest.approx(loss, rel=1e-6)
    for number, lane in enumerate(of_trainer(trainer), 1):
        with np.load(folder / f"initscope-{number}.npz") as found:
            assert set(found) == set(lane.tensors)
            for name, values in lane.tensors.items():
                np.testing.assert_array_equal(found[name], values)
    for name in ("initscope.md", "initscope.html"):
        text = (folder / name).read_text()
        assert "rand" in text
        assert "initialization" in text
        assert "proof" not in text.lower()


async def test_the_proof_of_a_lane_that_is_there_is_in_the_report(folder: Path) -> None:
    async with lab((80, 24), CHOSEN) as (pilot, screen):
        screen.proof = explanation(screen.specs[0])
        await saved(pilot, "markdown")
        assert "Proof" in (folder / "initscope.md").read_text()
        await press(pilot, "w")
        await until(pilot, lambda: screen.snapshot is not None)
        await saved(pilot, "markdown", "other.md")
        assert "Proof" not in (folder / "other.md").read_text()


async def test_a_proof_is_kept_when_it_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    from initscope.tui.explainscreen import ExplainScreen

    async with lab((80, 24), CHOSEN) as (pilot, screen):
        found = explanation(screen.specs[0])
        monkeypatch.setattr(ExplainScreen, "proof", found)
        await press(pilot, "p")
        await until(pilot, lambda: isinstance(pilot.app.screen, ExplainScreen))
        assert screen.proof is None
        await press(pilot, "q")
        await until(pilot, lambda: screen.proof is found)


async def test_tensorboard_has_the_weights_of_the_way_there(folder: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "runs")
    app = LabApp(lambda: (CHOSEN, DATA), open_store=lambda: store)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, LabScreen) and app.screen.snapshot is not None)
        screen = app.screen
        assert isinstance(screen, LabScreen)
        await press(pilot, "n")
        await at_step(pilot, screen, STEPS)
        await until(pilot, lambda: store.info(screen.session.run_id).weight_steps()[:1] == [0])
        await dialog(pilot, "tensorboard")
        assert pilot.app.screen.query_one(FileLine).value == screen.session.run_id
        await press(pilot, "enter")
        await done(pilot)
    (run,) = folder.iterdir()
    events = b"".join(path.read_bytes() for path in (run / "1-rand").iterdir())
    assert events.count(b"weights/1 ") + events.count(b"weights/dense1") >= 2


async def test_the_screen_and_the_charts_as_pictures_and_text(folder: Path) -> None:
    async with at_thirty() as (pilot, _):
        text = screen_text(pilot.app)
        for kind in ("svg", "text", "loss", "accuracy"):
            await saved(pilot, kind, f"{kind}.txt" if kind == "text" else f"{kind}.svg")
    assert (folder / "text.txt").read_text() == text + "\n"
    for kind in ("svg", "loss", "accuracy"):
        picture = (folder / f"{kind}.svg").read_text()
        words = "".join(ElementTree.fromstring(picture).itertext()).replace("\xa0", " ")
        assert "randn" in words
        assert not re.search(r"(url\(|href=)\W*http", picture)
    assert "training loss" in (folder / "loss.svg").read_text()
    assert "test accuracy" in (folder / "accuracy.svg").read_text()


@pytest.mark.parametrize(("key", "stem"), [("i", SAMPLE), ("f", FORECAST)])
async def test_a_page_is_saved_to_its_end(folder: Path, key: str, stem: str) -> None:
    async with lab((80, 12), CHOSEN) as (pilot, _):
        await press(pilot, key)
        await until(pilot, lambda: getattr(pilot.app.screen, "KEYS", "") == stem and line(pilot, "body").strip())
        title, top = screen_text(pilot.app).split("\n")[:2]
        for kind in ("svg", "text"):
            await saved(pilot, kind)
        await press(pilot, "end")
        last = [one.strip() for one in line(pilot, "body").split("\n") if one.strip()][-1]
    lines = (folder / f"{stem}.txt").read_text().split("\n")
    assert title.split()[:3] == lines[0].split()[:3]
    assert top in lines
    assert len(lines) > 20
    assert any(last in one for one in lines)
    assert (folder / f"{stem}.svg").read_text().startswith("<svg")


# The dialog


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
        ("csv", "~nobody-at-all/x.csv", "home"),
        ("tensorboard", "full", "is there already"),
        ("text", "\0", "not a possible file name"),
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
