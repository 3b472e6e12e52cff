"""Lanes of saved runs as guests in the lab: they stand in everything that shows lanes, and nothing changes them."""

import asyncio
import json
import re
from pathlib import Path

import numpy as np
from labpilot import at_step, judged, line, now, press, settle, until
from pastruns import STEPS, saved
from runspilot import back_in, toasts, with_guests
from screens import screen_text

from initscope.core.runs import Store, past
from initscope.tui import labview
from initscope.tui.checkscreen import CheckScreen
from initscope.tui.explainscreen import ExplainScreen
from initscope.tui.forecastscreen import ForecastScreen
from initscope.tui.guests import Guests
from initscope.tui.samplescreen import SampleScreen
from initscope.tui.weightsprompt import WeightsPrompt


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
    assert all(a is b for a, b in zip(both.lanes[2:], guests.beside(other.trainer.snapshot()).lanes[2:], strict=True))
    assert guests.add(one) == 2  # once more: the lanes that came before make way
    assert [spec.name for spec in guests.specs] == ["01 rand", "01 randn", "00 rand", "00 randn"]
    guests.remove(0)
    assert [guest.lane for guest in (guests[place] for place in range(len(guests)))] == [1, 0, 1]
    assert (both.step, both.ended) == (live.step, live.ended)


def test_histograms_side_by_side_have_the_same_bins_and_count_every_value(store: Store) -> None:
    wide = past.load(store.info(saved(store, inits=("randn:scale=3", "randn:scale=0.5"), arch="64-30-20-10")))
    live = past.load(store.info(saved(store, inits=("rand", "randn:scale=0.1"))))
    guests = Guests()
    guests.add(wide)
    lanes = guests.beside(live.snapshot).lanes
    assert np.diff(live.snapshot.lanes[0].distributions[0].weights.edges)[0] < 0.05
    for number in (0, 1):
        sets = [lane.distributions[number] for lane in lanes]
        for kind in ("weights", "weights_start", "activations", "activations_start"):
            edges = sets[0].weights.edges if "weights" in kind else sets[0].activations.edges
            for one, (weights, activations) in zip(sets, _arrays(live, wide, number, "start" in kind), strict=True):
                values = weights if "weights" in kind else activations
                found = getattr(one, kind)
                np.testing.assert_array_equal(found.edges, edges)
                outside = found.below + found.above
                inside = np.sort(values.ravel())[found.below : values.size - found.above]
                assert abs(found.counts - np.histogram(inside, edges)[0]).sum() <= 2 * (outside == 0)
    assert lanes[0].distributions[0].weights.edges[-1] > 9
    assert lanes[2].distributions[2] is not None
    guests.remove(0)
    guests.remove(0)
    assert guests.beside(live.snapshot) is live.snapshot


def _arrays(live: past.Past, wide: past.Past, number: int, start: bool) -> list[tuple[np.ndarray, np.ndarray]]:
    """Weights and activations of that layer, of all lanes."""
    of = [one.trainer.lanes[lane].start if start else one.values[lane] for one in (live, wide) for lane in (0, 1)]
    return [layers[number] for layers in of]


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


async def test_guests_are_in_every_file_but_that_which_runs_the_lanes_again(store: Store, tmp_path: Path) -> None:
    async with with_guests(store) as (pilot, screen):
        alone = past.load(store.find("00"))
        kinds = {kind.name: kind for kind in screen.kinds()}
        for name in ("csv", "json", "markdown", "npz", "tensorboard", "toml", "loss text"):
            await kinds[name].write(tmp_path / f"x{kinds[name].ending}")
            if name == "loss text":
                assert "3 00 zeros" in (tmp_path / "x.txt").read_text()
        await press(pilot, "y")
        await until(pilot, lambda: "lanes 3 to 4 are run" in " ".join(screen_text(pilot.app).split()))
        assert pilot.app.clipboard == screen.comparison.command()
    assert f"\n3,00 zeros,{STEPS}," in (tmp_path / "x.csv").read_text()
    lanes = json.loads((tmp_path / "x.json").read_text())["lanes"]
    assert [(lane["name"], lane["steps"]) for lane in lanes[2:]] == [("00 zeros", STEPS), ("00 xavier_normal", STEPS)]
    assert lanes[3]["history"]["train_loss"] == alone.snapshot.lanes[1].measures[:, 0].tolist()
    report = (tmp_path / "x.md").read_text()
    assert f"lanes 3 to 4 are run {alone.run.id}, as saved at step {STEPS}" in report
    with np.load(tmp_path / "x-4.npz") as found:
        np.testing.assert_array_equal(found["0.weight"], alone.values[1][0][0])
    assert (tmp_path / "x" / "4-00_xavier_normal").is_dir()
    assert "zeros" not in (tmp_path / "x.toml").read_text()


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
