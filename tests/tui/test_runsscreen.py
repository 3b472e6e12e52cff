"""The screen of saved runs under Pilot and in a real terminal; and its guests in the lab."""

import asyncio
import json
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pytest
import test_lab_snapshots
from labpilot import DATA, at_step, comparison, judged, line, now, press, resize, settle, until
from screens import screen_text
from terminal import Terminal, run
from textual.pilot import Pilot
from textual.widgets import Footer

from initscope.core.checkpoint import restore
from initscope.core.comparison import Comparison
from initscope.core.runs import Recorder, Store, past
from initscope.core.snapshot import Snapshot
from initscope.core.training import Trainer
from initscope.tui import labview
from initscope.tui.app import LabApp
from initscope.tui.checkscreen import CheckScreen
from initscope.tui.explainscreen import ExplainScreen
from initscope.tui.following import Following
from initscope.tui.forecastscreen import ForecastScreen
from initscope.tui.guests import Guests
from initscope.tui.labscreen import LabScreen
from initscope.tui.runsscreen import RunsScreen
from initscope.tui.samplescreen import SampleScreen
from initscope.tui.weightsprompt import WeightsPrompt

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
STEPS = 50


def saved(store: Store, until_step: int = STEPS, inits: tuple[str, ...] = ("rand", "randn"), **options: str) -> str:
    """The id of a run that was trained `until_step`."""
    chosen = Comparison.of({"dtype": "float64", "steps": str(STEPS), **options}, inits, [])
    trainer = Trainer(chosen.specs(DATA), DATA)
    recorder = Recorder(store, chosen, DATA, "run")
    for _ in trainer.run(until_step):
        recorder.tick(trainer)
    recorder.close(trainer, "finished" if trainer.ended else "interrupted")
    assert recorder.run is not None
    return recorder.run.id


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Its runs begin a minute after each other, and are called 00, 01, 02 and so on."""
    numbers, times = count(), count()
    monkeypatch.setattr("initscope.core.runs.store.randbits", lambda bits: next(numbers))
    return Store(tmp_path / "runs", now=lambda: NOON + timedelta(minutes=next(times)))


@asynccontextmanager
async def lab(
    store: Store | None, size: tuple[int, int] = (80, 24), unicode: bool = True, **options: str
) -> AsyncIterator[tuple[Pilot[Any], LabScreen]]:
    """The lab, whose runs are kept there."""
    app = LabApp(lambda: (comparison(**options), DATA), open_store=None if store is None else lambda: store)
    app.unicode = unicode
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: isinstance(app.screen, LabScreen) and app.screen.snapshot is not None)
        await settle(pilot)
        assert isinstance(app.screen, LabScreen)
        yield pilot, app.screen
    assert app.return_code in (0, None)


async def runs(pilot: Pilot[Any]) -> RunsScreen:
    """The screen of runs, once they and the selected one are there."""
    await press(pilot, "o")
    return await there(pilot)


async def there(pilot: Pilot[Any]) -> RunsScreen:
    await until(pilot, lambda: isinstance(pilot.app.screen, RunsScreen) and pilot.app.screen._known is not None)
    screen = pilot.app.screen
    assert isinstance(screen, RunsScreen)
    await until(pilot, lambda: not screen.list.runs or (screen._shown and screen._shown[1] and not screen._stale()))
    await settle(pilot)
    return screen


async def back_in(pilot: Pilot[Any], screen: LabScreen) -> Snapshot:
    """The lab, once its lanes are there."""
    await until(pilot, lambda: pilot.app.screen is screen and screen.snapshot is not None)
    await settle(pilot)
    return now(screen)


@asynccontextmanager
async def with_guests(
    store: Store, size: tuple[int, int] = (80, 24), **options: str
) -> AsyncIterator[tuple[Pilot[Any], LabScreen]]:
    """Beside rand and randn, zeros and xavier_normal as guests 3 and 4; the first of them is selected."""
    saved(store, inits=("zeros", "xavier_normal"), arch="64-20-20-10")
    async with lab(store, size, **options) as (pilot, screen):
        await runs(pilot)
        await press(pilot, "enter")
        await back_in(pilot, screen)
        yield pilot, screen


def ids(screen: RunsScreen) -> list[str]:
    return [one.id[-2:] for one in screen.list.runs]


def toasts(pilot: Pilot[Any]) -> str:
    return " ".join(notice.message for notice in pilot.app._notifications)


# The list and the page


async def test_an_empty_store_says_how_runs_come_to_be(store: Store) -> None:
    async with lab(store) as (pilot, screen):
        await runs(pilot)
        assert "Every run of the lab is saved from its first step on" in screen_text(pilot.app)
        await press(pilot, "enter", "r", "e", "k", "delete", "down", "end", "space")
        assert isinstance(pilot.app.screen, RunsScreen)
        await press(pilot, "q")
        assert pilot.app.screen is screen


async def test_a_lab_that_keeps_no_runs_says_so() -> None:
    async with lab(None) as (pilot, screen):
        await press(pilot, "o")
        assert pilot.app.screen is screen
        assert "--no-save" in toasts(pilot)


async def test_listed_newest_first_and_filtered_by_words(store: Store) -> None:
    saved(store, 20)
    saved(store, seed="7")
    saved(store, inits=("zeros",), seed="7")
    store.keep(store.find("01").id, True)
    async with lab(store) as (pilot, _):
        screen = await runs(pilot)
        assert ids(screen) == ["02", "01", "00"]
        await press(pilot, "down")
        await press(pilot, "slash", *"seed finished")
        assert ids(screen) == ["02", "01"]
        assert screen.list.selected is not None
        assert screen.list.selected.id.endswith("01")  # what was selected stays so
        assert "2 of 3 saved runs" in screen_text(pilot.app)
        await press(pilot, *" kept", "enter")
        assert ids(screen) == ["01"]
        await press(pilot, "slash", *"xyz")
        assert ids(screen) == []
        assert "No run fits xyz." in screen_text(pilot.app)
        await press(pilot, "escape")
        assert ids(screen) == ["02", "01", "00"]
        assert not screen.query_one("#filter").display
        assert isinstance(pilot.app.screen, RunsScreen)


async def test_the_page_tells_what_came_of_a_run(store: Store) -> None:
    saved(store)
    async with lab(store, (120, 60)) as (pilot, _):
        await runs(pilot)
        text = screen_text(pilot.app)
        assert re.search(r"1 rand +50 .*S 100% layer 1: initialization", text)
        assert "training loss · log" in text
        assert "1 rand: initialization, layer 1: the weights have mean 0.5" in text
        assert "repeat it  initscope run --dtype float64 --steps 50 --init rand --init randn" in text
        await resize(pilot, 80, 24)
        assert "repeat it" not in screen_text(pilot.app)
        await press(pilot, "space", "space")
        assert "repeat it" in screen_text(pilot.app)
        await press(pilot, "b", "b")
        assert "training loss · log" in screen_text(pilot.app)


async def test_a_damaged_run_shows_why(store: Store) -> None:
    run_id = saved(store)
    state = store.info(run_id).path / "state.npz"
    state.write_bytes(state.read_bytes()[:-100])
    described = store.info(saved(store)).path / "run.json"
    described.write_text("{")
    async with lab(store, (120, 40)) as (pilot, lanes):
        screen = await runs(pilot)
        assert "damaged" in line(pilot, "list")
        assert "run.json" in line(pilot, "body")
        await press(pilot, "enter", "down")
        await there(pilot)
        assert "state.npz:truncatedordamaged" in "".join(line(pilot, "body").split())  # long paths wrap
        assert "1 rand at step 50" in line(pilot, "body")
        assert len(screen.list.runs) == 2
        await press(pilot, "enter")
        await until(pilot, lambda: "truncated or damaged" in toasts(pilot))
        assert pilot.app.screen is screen
        assert now(lanes).step == 0


async def test_runs_in_progress_advance_and_nothing_is_drawn_while_nothing_changes(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = saved(store, 10)
    folder = store.reopen(run_id)
    async with lab(store) as (pilot, _):
        screen = await runs(pilot)
        assert "10/50" in line(pilot, "list")
        drawn: list[int] = []
        refresh = type(screen.list).refresh
        monkeypatch.setattr(
            type(screen.list), "refresh", lambda self, *more, **named: drawn.append(1) or refresh(self, *more, **named)
        )
        looks = screen._looks
        await until(pilot, lambda: screen._looks > looks + 11)
        assert not drawn
        summary = json.loads((folder.path / "summary.json").read_text())
        (folder.path / "summary.json").write_text(json.dumps(summary | {"step": 30}))
        await until(pilot, lambda: "30/50" in line(pilot, "list"))
        assert drawn
    folder.release()


@pytest.mark.slow
async def test_hundreds_of_runs_scroll(store: Store) -> None:
    first = store.info(saved(store)).path
    for number in range(400):
        other = first.with_name(f"20261123-{number // 60:02}{number % 60:02}00-{number % 256:02x}")
        other.mkdir()
        for name in ("run.json", "summary.json"):
            shutil.copy(first / name, other)
    async with lab(store) as (pilot, _):
        screen = await runs(pilot)
        assert "401 saved runs" in line(pilot, "title")
        start = perf_counter()
        await press(pilot, *["down"] * 20, *["pagedown"] * 20, "end")
        took = perf_counter() - start
        assert took < 41 * 0.1
        assert screen.list.chosen == 400
        assert "  00  " in line(pilot, "list").splitlines()[-1]
        await press(pilot, "up", "home")
        assert screen.list.chosen == 0
        await pilot.click(offset=(5, 4))
        assert screen.list.chosen == 2


async def test_every_size_shows_the_list(store: Store) -> None:
    saved(store)
    async with lab(store, unicode=False) as (pilot, _):
        screen = await runs(pilot)
        for width, height in ((40, 12), (160, 45), (20, 5), (80, 24)):
            await resize(pilot, width, height)
            text = screen_text(pilot.app)
            assert text.isascii()
            assert all(len(row) <= width for row in text.splitlines())
            assert "00" in line(pilot, "list")
            assert screen.query_one(Footer).display == (height >= 10)
            assert screen.page.display == (height >= 18)


async def test_pictures(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test_lab_snapshots, "SIZES", ((80, 24), (120, 40)))
    monkeypatch.setattr(test_lab_snapshots, "screen_text", lambda app: fixed(screen_text(app)))
    saved(store, 20)
    saved(store, inits=("zeros", "xavier_normal", "randn"))
    store.keep(store.find("00").id, True)
    async with lab(store) as (pilot, screen):
        pilot.app.push_screen(RunsScreen(store, now=lambda: NOON + timedelta(minutes=90)), screen._runs_done)
        await there(pilot)
        await test_lab_snapshots.check_all(pilot, "runs")
        await press(pilot, "enter")
        await back_in(pilot, screen)
        pilot.app.clear_notifications()
        await judged(pilot, screen)
        await test_lab_snapshots.check_all(pilot, "guests")


def fixed(text: str) -> str:
    """Without what is another in every place and at every time."""
    text = re.sub(r"saved runs · \S*", "saved runs · FOLDER", text)
    text = re.sub(r"^begun .*$", "begun      TIME", text, flags=re.MULTILINE)
    text = re.sub(r"^by .*$", "by         FOLDER", text, flags=re.MULTILINE)
    return re.sub(r"^on disk .*$", "on disk    SIZE", text, flags=re.MULTILINE)


# Keep, remove, copy


async def test_kept_and_removed_by_a_second_key(store: Store) -> None:
    for _ in range(2):
        saved(store)
    clock = [100.0]
    async with lab(store) as (pilot, lanes):
        pilot.app.push_screen(RunsScreen(store, clock=lambda: clock[0]), lanes._runs_done)
        screen = await there(pilot)
        await press(pilot, "k")
        await until(pilot, lambda: " *  01" in line(pilot, "list"))
        assert store.find("01").kept
        await press(pilot, "k")
        await until(pilot, lambda: " *  01" not in line(pilot, "list"))
        await press(pilot, "delete")
        assert "del again removes run" in toasts(pilot)
        clock[0] += 3.1
        await press(pilot, "delete", "down", "delete", "up", "delete")
        assert len(store.runs()) == 2
        await press(pilot, "delete")
        await until(pilot, lambda: ids(screen) == ["00"])
        assert [one.id[-2:] for one in store.runs()] == ["00"]


async def test_one_in_progress_is_not_removed(store: Store) -> None:
    folder = store.reopen(saved(store, 10))
    async with lab(store) as (pilot, _):
        screen = await runs(pilot)
        await press(pilot, "delete", "delete")
        await until(pilot, lambda: "in progress: stop it first" in toasts(pilot))
        assert ids(screen) == ["00"]
    folder.release()


async def test_a_copy_is_its_lanes_at_step_0(store: Store) -> None:
    run_id = saved(store, inits=("zeros", "he_normal"), arch="64-20-10")
    async with lab(store) as (pilot, screen):
        await runs(pilot)
        await press(pilot, "e")
        snapshot = await back_in(pilot, screen)
        assert [lane.name for lane in snapshot.lanes] == ["zeros", "he_normal"]
        assert (snapshot.step, screen.session.run_id) == (0, "")
        assert screen.comparison == store.info(run_id).sound().comparison
        assert "at step 0" in toasts(pilot)


# Guests


def test_guests_are_named_by_their_run_and_numbered_behind(store: Store) -> None:
    one, other = (past.load(store.info(saved(store, seed=seed))) for seed in "12")
    guests = Guests()
    live = other.snapshot
    assert guests.beside(live) is live
    assert guests.add(one) == 0
    assert guests.add(other) == 2
    both = guests.beside(live)
    assert [lane.name for lane in both.lanes] == ["rand", "randn", "00 rand", "00 randn", "01 rand", "01 randn"]
    assert [lane.index for lane in both.lanes] == list(range(6))
    assert both.lanes[2].losses is one.snapshot.lanes[0].losses
    assert all(a is b for a, b in zip(both.lanes[2:], guests.beside(one.snapshot).lanes[2:], strict=True))
    assert guests.add(one) == 2  # once more: the lanes that came before make way
    assert [spec.name for spec in guests.specs] == ["01 rand", "01 randn", "00 rand", "00 randn"]
    guests.remove(0)
    assert [guest.lane for guest in (guests[place] for place in range(len(guests)))] == [1, 0, 1]
    assert (both.step, both.ended) == (live.step, live.ended)


async def test_guests_stand_in_every_panel_while_the_others_train(store: Store) -> None:
    async with with_guests(store, (160, 45)) as (pilot, screen):
        alone = past.load(store.find("00")).snapshot.lanes
        assert screen.choice.lane == 2
        await press(pilot, "s", "s")
        snapshot = await at_step(pilot, screen, 2)
        assert [lane.step for lane in snapshot.lanes] == [2, 2, STEPS, STEPS]
        for guest, one in zip(snapshot.lanes[2:], alone, strict=True):
            np.testing.assert_array_equal(guest.losses.mean, one.losses.mean)
            np.testing.assert_array_equal(guest.probes, one.probes)
        await judged(pilot, screen)
        assert re.search(r">3 00 zeros +50 .*C layer 1: initialization", line(pilot, "lanes"))
        assert "3 00 zeros" in line(pilot, "loss").splitlines()[0]
        assert "4 00 xavier_normal" in line(pilot, "accuracy").splitlines()[0]
        assert line(pilot, "pane2").startswith(">3 00 zeros")
        assert "3 00 zeros: initialization is to blame" in line(pilot, "bottom")
        await press(pilot, "m", "left", "left")
        assert "3 train loss" in line(pilot, "bottom")
        await press(pilot, "escape", "z", "l", "l")
        await until(pilot, lambda: "activations, layer 3" in line(pilot, "pane0"))
        assert "layers at step 50" in line(pilot, "layers")
        await press(pilot, "h", "h", "z", "bracketleft", "up", "up", "r")
        await until(pilot, lambda: now(screen).step == 0)
        assert [lane.step for lane in now(screen).lanes] == [0, 0, STEPS, STEPS]


async def test_one_picture_is_merged_once(store: Store) -> None:
    async with with_guests(store) as (pilot, screen):
        await judged(pilot, screen)
        before = now(screen)
        await asyncio.sleep(3 * labview.TICK)
        assert now(screen) is before
        await press(pilot, "s")
        after = await at_step(pilot, screen, 1)
        assert all(a is b for a, b in zip(before.lanes[2:], after.lanes[2:], strict=True))


async def test_a_guest_cannot_be_changed(store: Store) -> None:
    async with with_guests(store) as (pilot, screen):
        asked = screen.comparison
        for key in ("e", "a", "d", "K", "J", "a remedy"):
            pilot.app.clear_notifications()
            if key == "a remedy":
                screen._explained(object(), False)  # type: ignore[arg-type]
                await settle(pilot)
            else:
                await press(pilot, key)
            assert pilot.app.screen is screen
            assert "cannot be changed" in toasts(pilot)
            assert screen.comparison is asked


async def test_guests_stay_while_the_others_change_and_are_taken_out_by_themselves(store: Store) -> None:
    async with with_guests(store) as (pilot, screen):
        await press(pilot, "up", "d")
        snapshot = await back_in(pilot, screen)
        assert [lane.name for lane in snapshot.lanes] == ["rand", "randn", "randn (2)", "00 zeros", "00 xavier_normal"]
        assert [lane.index for lane in snapshot.lanes] == list(range(5))
        await press(pilot, "w", "down", "delete")
        snapshot = await back_in(pilot, screen)
        assert [lane.name for lane in snapshot.lanes][2:] == ["randn (2)", "00 xavier_normal"]
        await judged(pilot, screen)
        await press(pilot, "delete", "delete")
        snapshot = await back_in(pilot, screen)
        assert [lane.name for lane in snapshot.lanes] == ["rand", "randn"]
        assert len(store.runs()) == 1  # on the disk nothing has changed


async def test_the_other_screens_take_a_guest(store: Store) -> None:
    async with with_guests(store) as (pilot, screen):
        pages = ("f", ForecastScreen, "forecast · lane 3 00 zeros"), ("i", SampleScreen, "3 zeros"), (
            "p", ExplainScreen, "proof · lane 3 00 zeros")  # fmt: skip
        for key, kind, words in pages:
            await press(pilot, key)
            await until(pilot, lambda k=kind, w=words: isinstance(pilot.app.screen, k) and w in screen_text(pilot.app))
            await press(pilot, "q")
            assert pilot.app.screen is screen
            assert screen.choice.lane == 2
        await press(pilot, "down", "v")
        await until(pilot, lambda: isinstance(pilot.app.screen, WeightsPrompt))
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, CheckScreen))
        await until(pilot, lambda: "check lane 4 at step 50 · 6 tensors" in line(pilot, "title"))
        layer = screen.copy_lane().result().network.weighted[0]
        weights = past.load(store.find("00")).weights()[1][-1].tensors["0.weight"]
        np.testing.assert_array_equal(layer.weights[0], weights)


# Resume


async def test_it_goes_on_as_if_it_had_never_stopped(store: Store) -> None:
    run_id = saved(store, 20)
    found = store.info(run_id)
    whole = Trainer(found.sound().comparison.specs(DATA), DATA)
    restore(whole, found.checkpoint())
    *_, expected = whole.run(23)
    async with lab(store, (120, 40)) as (pilot, screen):
        await press(pilot, "s")
        await at_step(pilot, screen, 1)
        await resize(pilot, 160, 40)
        await until(pilot, lambda: screen.session.run_id)
        before = screen.session.run_id
        await until(pilot, lambda: "-01 · paused" in line(pilot, "title"))
        await runs(pilot)
        await press(pilot, "r")
        await until(pilot, lambda: "is the one in the lab" in toasts(pilot))
        await press(pilot, "down")
        await there(pilot)
        await press(pilot, "r")
        await until(pilot, lambda: pilot.app.screen is screen and screen.snapshot and now(screen).step == 20)
        await until(pilot, lambda: f"What was here is saved as run {before}." in toasts(pilot))
        assert screen.session.run_id == run_id
        assert store.info(run_id).in_progress
        await until(pilot, lambda: not store.info(before).in_progress)
        await press(pilot, "s", "s", "s")
        snapshot = await at_step(pilot, screen, 23)
        for lane, twin in zip(snapshot.lanes, expected.lanes, strict=True):
            np.testing.assert_array_equal(lane.losses.mean, twin.losses.mean)
            np.testing.assert_array_equal(lane.losses.low, twin.losses.low)
    assert [one.id for one in store.runs()] == [before, run_id]
    assert store.info(run_id).checkpoint().step == 23


async def test_what_cannot_be_resumed_says_why_and_is_let_go(store: Store) -> None:
    saved(store)
    changed, state, other = (store.info(saved(store, 20, inits=(name,))).path for name in ("rand", "zeros", "randn"))
    described = json.loads((changed / "run.json").read_text())
    described["data"]["digits"]["digest"] = "0" * 32
    (changed / "run.json").write_text(json.dumps(described))
    shutil.copy(state / "state.npz", other / "state.npz")
    state.joinpath("state.npz").write_bytes(b"PK")
    expected = ("is of other lanes than these", "truncated or damaged", "has changed since the run began", "has ended")
    async with lab(store) as (pilot, lanes):
        before, screen = now(lanes), await runs(pilot)
        for words in expected:
            pilot.app.clear_notifications()
            await press(pilot, "r")
            await until(pilot, lambda w=words: w in toasts(pilot))
            await until(pilot, lambda: not screen._busy)
            assert pilot.app.screen is screen
            assert not any(one.in_progress for one in store.runs())
            await press(pilot, "down")
        await press(pilot, "escape")
        assert now(lanes) is before


@pytest.mark.slow
async def test_one_that_trains_elsewhere_is_followed_and_left(store: Store) -> None:
    saved(store, 20, inits=("zeros",))
    folder = store.reopen(saved(store, 30))
    async with lab(store) as (pilot, screen):
        local = screen.session
        await runs(pilot)
        await press(pilot, "r")
        snapshot = await back_in(pilot, screen)
        await until(pilot, lambda: now(screen).step == 30)
        assert isinstance(screen.session, Following)
        assert "elsewhere" in line(pilot, "title")
        assert [lane.name for lane in snapshot.lanes] == ["rand", "randn"]
        await until(pilot, lambda: not local._thread.is_alive())
        await runs(pilot)
        await press(pilot, "down")
        await there(pilot)
        await press(pilot, "r")
        await until(pilot, lambda: pilot.app.screen is screen and screen.snapshot and now(screen).step == 20)
        assert not screen.session.away
        await press(pilot, "s")
        await at_step(pilot, screen, 21)
    folder.release()


async def test_leaving_meanwhile_lets_go_of_the_run(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = saved(store, 20)
    async with lab(store) as (pilot, screen):
        found = await runs(pilot)
        await press(pilot, "r", "escape")
        await until(pilot, lambda: pilot.app.screen is screen and not found._busy and screen.snapshot is not None)
        if now(screen).step == 0:  # it was left before the run was there
            await until(pilot, lambda: not store.info(run_id).in_progress)
        else:
            assert screen.session.run_id == run_id


@pytest.mark.slow
def test_in_a_terminal(tmp_path: Path) -> None:
    environment = {"INITSCOPE_RUNS": str(tmp_path / "runs")}
    assert run("run", "--save", "--steps", "30", "--init", "zeros", environment=environment).returncode == 0
    with Terminal("--steps", "1000", columns=100, rows=30, environment=environment) as terminal:
        terminal.wait_for("paused")
        terminal.keys("o")
        terminal.wait_for("1 saved run ")
        terminal.wait_for("training loss")
        terminal.keys("a")
        terminal.wait_for(lambda shown: re.search(r">3 [0-9a-f]{2} zeros +30 ", shown))
        terminal.keys("q")
        assert terminal.wait() == 0
