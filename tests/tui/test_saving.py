"""What is saved from the lab: every format read back, pictures and pages to their end, of the lanes as they are."""

import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from labpilot import DATA, at_step, comparison, lab, line, now, press, until
from savepilot import CHOSEN, STEPS, dialog, done, saved
from screens import screen_text
from test_explainscreen import explanation
from textual.pilot import Pilot

from initscope.core.exports import FORMATS
from initscope.core.exports.comparisontoml import read_path
from initscope.core.exports.weights import of_trainer
from initscope.core.runs import Store
from initscope.core.training import Trainer
from initscope.tui import labdrawings, panels, views
from initscope.tui.actions import FORECAST, SAMPLE
from initscope.tui.app import LabApp
from initscope.tui.drawing import WIDTH
from initscope.tui.labscreen import LabScreen
from initscope.tui.savescreen import FileLine
from initscope.tui.sheet import Style

pytestmark = pytest.mark.usefixtures("folder")


@asynccontextmanager
async def at_thirty(size: tuple[int, int] = (120, 40)) -> AsyncIterator[tuple[Pilot[Any], LabScreen]]:
    async with lab(size, CHOSEN) as (pilot, screen):
        await press(pilot, "n")
        await at_step(pilot, screen, STEPS)
        yield pilot, screen


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
        await until(pilot, lambda: screen.session.run_id)  # the recorder is a thread of its own
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
    assert "training accuracy" in (folder / "accuracy.svg").read_text()


async def test_a_chart_alone_is_drawn_whole_whatever_the_screen(folder: Path) -> None:
    async with at_thirty((40, 12)) as (pilot, screen):
        await press(pilot, "t", "g", "down", "l")
        await until(pilot, lambda: 1 in now(screen).lanes[1].distributions)
        for kind in ("loss text", "accuracy text", "lane", "lane text"):
            await saved(pilot, kind)
        seen, style = now(screen), Style(100, 30, colour=False)
    read = {name: (folder / f"initscope-{name}").read_text() for name in ("loss.txt", "accuracy.txt", "lane.txt")}
    for name, chart in (
        ("loss.txt", views.loss_chart(seen, style, log=False, test=True)),
        ("accuracy.txt", views.accuracy_chart(seen, style, test=True)),
    ):
        assert read[name].split("\n") == [*(row.rstrip() for row in chart), ""]
    rows = read["lane.txt"].split("\n")
    assert rows[0] == "2 randn at step 30: digits · 64-30-10 sigmoid · quadratic · sgd lr 3 · batch 50 · seed 0 · dtype"
    assert {word for row in rows for word in panels.NUMBERS if f" {word}" in row} == set(panels.NUMBERS)
    assert sum(row.startswith(("   1 ", ">  2 ")) for row in rows) == 4
    assert "weights, layer 2" in read["lane.txt"]
    words = "".join(ElementTree.parse(folder / "initscope-lane.svg").getroot().itertext()).replace("\xa0", " ")
    for row in rows:
        assert "".join(row.split()) in "".join(words.split())


def test_names_that_have_no_room_above_a_chart_stand_below_it() -> None:
    lanes = comparison([f"init=randn seed={seed} name=lane-number-{seed}" for seed in range(20)])
    snapshot = Trainer(lanes.specs(DATA), DATA).snapshot()
    for one in (labdrawings.loss, labdrawings.accuracy):
        text = "\n".join(one(snapshot, panels.Choice()).lines(unicode=True))
        assert all(lane.name in text for lane in snapshot.lanes)
        assert max(map(len, text.split("\n"))) <= WIDTH


@pytest.mark.parametrize(
    ("key", "stem", "charts"),
    [
        ("i", SAMPLE, {"histograms": "2 randn", "moments": "std / expected std", "matrices": "weights 64x30"}),
        ("f", FORECAST, {"z_std": "z std", "saturation": "share saturated", "correlation": "correlation of two"}),
    ],
)
async def test_a_page_and_its_charts_are_saved_to_their_end(
    folder: Path, key: str, stem: str, charts: dict[str, str]
) -> None:
    async with lab((80, 12), CHOSEN) as (pilot, _):
        await press(pilot, key)
        await until(pilot, lambda: getattr(pilot.app.screen, "KEYS", "") == stem and line(pilot, "body").strip())
        title, top = screen_text(pilot.app).split("\n")[:2]
        for kind in ("svg", "text"):
            await saved(pilot, kind)
        for one in pilot.app.screen.kinds():  # type: ignore[attr-defined]
            if one.tail in charts:
                await one.write(folder / f"{stem}-{one.tail}{one.ending}")
        await press(pilot, "end")
        last = [one.strip() for one in line(pilot, "body").split("\n") if one.strip()][-1]
    lines = (folder / f"{stem}.txt").read_text().split("\n")
    assert title.split()[:3] == lines[0].split()[:3]
    assert top in lines
    assert len(lines) > 20
    assert any(last in one for one in lines)
    assert (folder / f"{stem}.svg").read_text().startswith("<svg")
    for name, words in charts.items():
        assert words in (folder / f"{stem}-{name}.txt").read_text()
        assert (folder / f"{stem}-{name}.svg").read_text().startswith("<svg")
