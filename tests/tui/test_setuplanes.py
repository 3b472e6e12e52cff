"""Lanes in the setup screen: added, copied, moved, removed, one that differs; never none and never too many."""

from screens import press, screen_text
from setuppilot import bench, compare, to


async def test_lanes_added_copied_moved_removed() -> None:
    async with bench() as (app, pilot):
        assert "2 xavier_normal" in await press(pilot, "a")
        assert "3 xavier_normal" in await press(pilot, "d")
        await press(pilot, "J")
        assert "> 4 xavier_normal" in screen_text(app)
        await press(pilot, "shift+up", "K", "K", "K")
        assert "> 1 xavier_normal" in screen_text(app)
        await press(pilot, "down", "x", "delete")
        await press(pilot, "f2")
        assert app.inits == ["xavier_normal", "randn"]


async def test_never_without_a_lane() -> None:
    async with bench(compare("rand")) as (app, pilot):
        assert "! the last lane cannot be removed" in await press(pilot, "x")
        await press(pilot, *["a"] * 5, "f2")
        assert len(set(app.inits)) == 6, "new lanes differ"


async def test_at_most_twenty_lanes() -> None:
    async with bench(compare(*["randn"] * 19)) as (app, pilot):
        await press(pilot, "a")
        assert "! there can be 20 lanes at most" in await press(pilot, "d")
        await press(pilot, "f2")
        assert len(app.inits) == 20


async def test_a_lane_that_differs() -> None:
    async with bench(row="lane:1", size=(130, 40)) as (app, pilot):
        await press(pilot, "enter", "right", "down")
        await press(pilot, "l", "r", "r", "=", "1")
        assert "did you mean lr?" in screen_text(app)
        await to(pilot, "lr=0.5 arch=64-8-10 name=small")
        assert "layer 2: mean 0, std 1 (8 to 10)" in screen_text(app)
        await press(pilot, "enter")
        assert "2 randn lr=0.5 arch=64-8-10 name=small" in screen_text(app)
        await press(pilot, "f2")
        assert app.comparison.lanes[1] == {"init": "randn", "lr": "0.5", "arch": "64-8-10", "name": "small"}
