"""The screen of saved runs under Pilot and in a real terminal: the list, the page, and what can be done to a run."""

import json
import re
import shlex
import shutil
from datetime import timedelta
from pathlib import Path
from time import perf_counter

import pytest
import test_lab_snapshots
from labpilot import judged, line, now, press, resize, until
from pastruns import NOON, saved
from runspilot import back_in, ids, lab, runs, there, toasts
from screens import screen_text
from terminal import Terminal, run
from textual.widgets import Footer

from initscope.core.runs import Store, past
from initscope.tui.comparison import read_comparison
from initscope.tui.copying import CopyScreen
from initscope.tui.parsers import lab_parser
from initscope.tui.runsscreen import RunsScreen

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


async def test_the_line_of_the_selected_run_opens_its_lanes(store: Store) -> None:
    for inits, options in ((("zeros",), {"arch": "64-20-10"}), (("rand", "he_normal"), {"lr": "0.5", "seed": "7"})):
        saved(store, 10, inits, **options)
    async with lab(store) as (pilot, _):
        screen = await runs(pilot)
        for name in ("01", "00"):
            await press(pilot, "y")
            await until(pilot, lambda: "(OSC 52)" in screen_text(pilot.app))
            assert isinstance(pilot.app.screen, CopyScreen)
            assert pilot.app.clipboard == pilot.app.screen.command
            snapshot = past.load(store.find(name)).snapshot
            asked_for, datasets = read_comparison(lab_parser().parse_args(shlex.split(pilot.app.clipboard)[1:]))
            assert asked_for.specs(datasets) == tuple(lane.spec for lane in snapshot.lanes)
            await press(pilot, "x", "down")
            await there(pilot)
        kinds = {kind.name: kind for kind in screen.kinds()}
        assert list(kinds) == ["svg", "text", "loss", "loss text", "page"]
        for name in ("loss text", "page"):
            await kinds[name].write(store.root.parent / f"{name}.txt")
    assert "training loss" in (store.root.parent / "loss text.txt").read_text()
    assert "repeat it" in (store.root.parent / "page.txt").read_text()


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


# In a terminal


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
