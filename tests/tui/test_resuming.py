"""Saved runs taken up in the lab: they go on as if they had never stopped, or it is said why not."""

import json
import shutil

import numpy as np
import pytest
from labpilot import DATA, at_step, line, now, press, resize, until
from pastruns import saved
from runspilot import back_in, lab, runs, there, toasts

from initscope.core.checkpoint import restore
from initscope.core.runs import Store
from initscope.core.training import Trainer
from initscope.tui.following import Following


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
