"""The lab under Pilot: every key does what its help says."""

import numpy as np
from labpilot import FLAT_OUT, NINE, at_step, comparison, judged, lab, line, now, press, until
from screens import screen_text

from initscope.core.probes import INDEX
from initscope.core.snapshot import MEASURES, Status
from initscope.tui import views
from initscope.tui.labview import PACES, START_PACE


async def test_it_opens_with_its_lanes_at_step_0() -> None:
    async with lab() as (pilot, screen):
        text = screen_text(pilot.app)
        assert "digits · 64-30-10 sigmoid · quadratic · sgd lr 3 · batch 10 · seed 0" in text
        assert ">1 rand" in text
        assert " 2 randn" in text
        assert "paused" in text
        assert now(screen).step == 0


# Run


async def test_run_and_pause() -> None:
    async with lab() as (pilot, screen):
        await press(pilot, "space")
        await until(pilot, lambda: now(screen).step > 100)
        assert screen.session.playing
        assert "▶" in line(pilot, "title")
        await press(pilot, "space")
        assert not screen.session.playing
        assert "paused" in line(pilot, "title")


async def test_step_and_epoch() -> None:
    async with lab() as (pilot, screen):
        await press(pilot, "s")
        await at_step(pilot, screen, 1)
        await press(pilot, "s", "s")
        await at_step(pilot, screen, 3)
        await press(pilot, "n")
        snapshot = await at_step(pilot, screen, 153)
        assert snapshot.lanes[0].epoch == 153 / 150
        assert not screen.session.playing


async def test_rewind_returns_to_the_identical_start() -> None:
    async with lab() as (pilot, screen):
        await judged(pilot, screen)
        first, picture = now(screen), screen_text(pilot.app)
        await press(pilot, "n")
        await at_step(pilot, screen, 150)
        await press(pilot, "r")
        again = await at_step(pilot, screen, 0)
        for lane, twin in zip(first.lanes, again.lanes, strict=True):
            np.testing.assert_array_equal(lane.probes, twin.probes)
            np.testing.assert_array_equal(lane.measures, twin.measures)
        await until(pilot, lambda: screen_text(pilot.app) == picture)


async def test_a_new_seed_gives_other_weights() -> None:
    async with lab(chosen=comparison(lanes=["init=randn", "init=randn seed=5", "init=rand"])) as (pilot, screen):
        before = now(screen)
        assert [lane.spec.seed for lane in before.lanes] == [0, 5, 0]
        await press(pilot, "w")
        await until(pilot, lambda: screen.snapshot is not None and screen.snapshot is not before)
        after = now(screen)
        assert [lane.spec.seed for lane in after.lanes] == [6, 6, 6]
        mean = INDEX["weight_mean"]
        for lane, twin in zip(before.lanes, after.lanes, strict=True):
            assert (lane.probes[0, :, mean] != twin.probes[0, :, mean]).all()
        assert "seed 6" in line(pilot, "title")


async def test_faster_and_slower_change_the_steps_of_a_frame() -> None:
    async with lab() as (pilot, screen):
        for _ in range(10):
            await press(pilot, "plus")
        assert "full speed" in line(pilot, "title")
        for pace in reversed(PACES[:-1]):
            await press(pilot, "minus")
            assert f"{pace:,} step{'s' * (pace > 1)}/frame" in line(pilot, "title")
        await press(pilot, "minus", "space")
        await until(pilot, lambda: now(screen).step >= 2)
        assert screen.session.pace == 1
        await press(pilot, *["equals_sign"] * START_PACE, "plus")
        assert screen.session.pace == PACES[START_PACE + 1]
        await until(pilot, lambda: now(screen).step > 500)


async def test_stop_ends_all_lanes_and_measures_them() -> None:
    async with lab() as (pilot, screen):
        await press(pilot, "s", "x")
        await until(pilot, lambda: now(screen).ended)
        assert {lane.status for lane in now(screen).lanes} == {Status.STOPPED}
        assert all(lane.final for lane in now(screen).lanes)
        await until(pilot, lambda: "ended" in line(pilot, "title"))
        assert "(stopped)" in line(pilot, "lanes")
        await until(pilot, lambda: "S 100% layer 1: initialization 97%" in line(pilot, "lanes"))


async def test_a_finished_run_can_be_rewound_and_run_again() -> None:
    async with lab(chosen=comparison(steps="20")) as (pilot, screen):
        await press(pilot, "space")
        await until(pilot, lambda: now(screen).ended)
        assert not screen.session.playing
        await press(pilot, "r")
        await at_step(pilot, screen, 0)
        await press(pilot, "space")
        await until(pilot, lambda: now(screen).ended and now(screen).step == 20)


# See


async def test_layer_heat_log_and_test_change_what_is_drawn() -> None:
    async with lab() as (pilot, screen):
        await press(pilot, "n")
        await at_step(pilot, screen, 150)
        await until(pilot, lambda: "weights, layer 1" in line(pilot, "pane0"))
        await press(pilot, "l")
        await until(pilot, lambda: "weights, layer 2" in line(pilot, "pane0"))
        await press(pilot, "l")
        await until(pilot, lambda: "weights, layer 1" in line(pilot, "pane1"))
        await press(pilot, "L")
        await until(pilot, lambda: "weights, layer 2" in line(pilot, "pane1"))
        for heat in (*views.HEATS[1:], views.HEATS[0]):
            await press(pilot, "h")
            assert f"{heat.title}, by layer" in line(pilot, "pane0")
        assert "training loss · log" in line(pilot, "loss")
        await press(pilot, "g")
        assert "training loss  " in line(pilot, "loss")
        await press(pilot, "g", "t")
        assert "test loss · log" in line(pilot, "loss")
        assert "test accuracy" in line(pilot, "accuracy")


async def test_the_cursor_reads_the_exact_values_of_the_snapshot() -> None:
    async with lab(size=(200, 60)) as (pilot, screen):
        await press(pilot, "n")
        snapshot = await at_step(pilot, screen, 150)
        steps = list(snapshot.lanes[0].probe_steps)
        await press(pilot, "m")
        assert line(pilot, "bottom").startswith(f"step {steps[-1]:,}: ")
        for key, place in (("left", len(steps) - 2), ("left", len(steps) - 3), ("right", len(steps) - 2)):
            await press(pilot, key)
            shown = " ".join(line(pilot, "bottom").split())
            assert screen.choice.cursor == steps[place]
            assert shown.startswith(f"step {steps[place]:,}: layer 1 saturated share")
            for lane in snapshot.lanes:
                value = lane.measures[place, MEASURES.index("train_loss")]
                right = lane.measures[place, MEASURES.index("train_accuracy")]
                assert f"{views.marker(lane)} train loss {value:.4g} acc. {right:.1%}" in shown
        await press(pilot, "t", *["left"] * 3, *["right"] * (len(steps) + 3))
        assert screen.choice.cursor == steps[-1]
        assert "test loss" in line(pilot, "bottom")
        await press(pilot, *["left"] * (len(steps) + 3))
        assert line(pilot, "bottom").startswith("step 0: ")
        await press(pilot, "m")
        await until(pilot, lambda: "initialization is to blame" in line(pilot, "bottom"))
        assert "step 0" not in line(pilot, "bottom")


async def test_the_cursor_stays_with_the_newest_measurement_until_it_is_moved() -> None:
    async with lab(chosen=comparison(steps="300")) as (pilot, screen):
        await press(pilot, "n")
        await at_step(pilot, screen, 150)
        await press(pilot, "m")
        assert line(pilot, "bottom").startswith("step 150: ")
        await press(pilot, "n")
        await at_step(pilot, screen, 300)
        await until(pilot, lambda: line(pilot, "bottom").startswith("step 300: "))
        await press(pilot, "left")
        place = int(line(pilot, "bottom")[5:].partition(":")[0])
        assert place == now(screen).lanes[0].probe_steps[-2]


async def test_left_and_right_start_to_measure() -> None:
    async with lab() as (pilot, screen):
        await press(pilot, "n")
        snapshot = await at_step(pilot, screen, 150)
        await press(pilot, "left")
        assert line(pilot, "bottom").startswith(f"step {snapshot.lanes[0].probe_steps[-2]:,}: ")


async def test_zoom_shows_one_lane_with_the_numbers_of_every_layer() -> None:
    async with lab() as (pilot, screen):
        await press(pilot, "n")
        snapshot = await at_step(pilot, screen, 150)
        await press(pilot, "j", "z")
        await until(pilot, lambda: "layers at step 150" in screen_text(pilot.app))
        assert "2 randn" in line(pilot, "pane0")
        assert not screen.lines("pane1").display
        assert not screen.lines("loss").is_on_screen
        table = line(pilot, "layers").splitlines()
        for number, row in enumerate(snapshot.lanes[1].probes[-1]):
            cells = table[2 + number].replace(">", " ").split()[2:]
            assert cells[0] == views.percent(row[INDEX["saturated_low"]])
            assert cells[4] == views.number(row[INDEX["std_over_inputs"]])
        await press(pilot, "z")
        await until(pilot, lambda: screen.lines("loss").is_on_screen and screen.lines("pane1").display)


async def test_chart_shows_accuracy_where_both_do_not_fit() -> None:
    async with lab(size=(80, 24)) as (pilot, screen):
        assert "training loss" in screen_text(pilot.app)
        assert "training accuracy" not in screen_text(pilot.app)
        await press(pilot, "c")
        await until(pilot, lambda: "training accuracy" in screen_text(pilot.app))
        assert "training loss" not in screen_text(pilot.app)
        await press(pilot, "c")
        await until(pilot, lambda: "training loss" in screen_text(pilot.app))
        await press(pilot, "z", "c")
        (notice,) = pilot.app._notifications
        assert notice.message == "No chart is shown beside an enlarged lane; z leaves it."
        assert not screen.accuracy_first


async def test_lanes_page_when_they_do_not_fit() -> None:
    async with lab(chosen=comparison(inits=["randn"] * 7)) as (pilot, screen):
        def panes() -> list[str]:
            return [line(pilot, f"pane{n}")[1:2].strip() for n in range(5) if screen.lines(f"pane{n}").display]

        assert panes() == ["1", "2", "3"]
        await press(pilot, "right_square_bracket")
        assert panes() == ["4", "5", "6"]
        assert screen.choice.lane == 3
        await press(pilot, "right_square_bracket")
        assert panes()[0] == "7"
        await press(pilot, "right_square_bracket", "left_square_bracket")
        assert panes() == ["4", "5", "6"]
        await press(pilot, *["up"] * 9)
        assert panes() == ["1", "2", "3"]


# Lanes


async def test_lanes_are_selected_duplicated_moved_and_removed() -> None:
    def names() -> list[str]:
        return [lane.name for lane in now(screen).lanes] if screen.snapshot else []

    async with lab() as (pilot, screen):
        await press(pilot, "up")
        assert screen.choice.lane == 0
        await press(pilot, "j", "down")
        assert screen.choice.lane == 1
        await press(pilot, "d")
        await until(pilot, lambda: names() == ["rand", "randn", "randn (2)"])
        assert screen.choice.lane == 2
        await press(pilot, "k", "k", "J")
        await until(pilot, lambda: names() == ["randn", "rand", "randn (2)"])
        assert screen.choice.lane == 1
        await press(pilot, "shift+down", "J", "K")
        await until(pilot, lambda: names() == ["randn", "rand", "randn (2)"])
        await press(pilot, "delete")
        await until(pilot, lambda: names() == ["randn", "randn (2)"])
        await press(pilot, "backspace")
        await until(pilot, lambda: names() == ["randn"])
        await press(pilot, "delete")
        assert len(screen.comparison.lanes) == 1
        await until(pilot, lambda: names() == ["randn"])


async def test_adding_and_editing_open_the_setup_screen() -> None:
    from initscope.tui.setupscreen import SetupScreen

    async with lab() as (pilot, screen):
        for key, lanes in (("enter", 2), ("a", 3)):
            await press(pilot, key)
            await until(pilot, lambda: isinstance(pilot.app.screen, SetupScreen))
            assert len(screen.comparison.lanes) == lanes
            await press(pilot, "escape")
            await press(pilot, "escape")
            await until(pilot, lambda: pilot.app.screen is screen)


async def test_nine_lanes_of_different_networks() -> None:
    async with lab(chosen=comparison(lanes=NINE)) as (pilot, screen):
        await press(pilot, "n", *["down", "l", "h"] * 9)
        snapshot = await at_step(pilot, screen, 150)
        assert [lane.status for lane in snapshot.lanes].count(Status.DIVERGED) == 1
        await press(pilot, "z", "m", *["up", "left", "l"] * 3, "m", "z")
        await press(pilot, "d")
        await until(pilot, lambda: screen.snapshot is not None and len(now(screen).lanes) == 10)


async def test_lanes_can_be_changed_while_training_flat_out() -> None:
    async with lab(chosen=comparison(inits=["randn"])) as (pilot, screen):
        await press(pilot, *FLAT_OUT)
        for count in (2, 3, 4, 5, 6):
            await press(pilot, "d", "space")
            await until(pilot, lambda count=count: screen.snapshot is not None and len(now(screen).lanes) == count)
        for count in (5, 4, 3):
            await press(pilot, "delete", "space")
            await until(pilot, lambda count=count: screen.snapshot is not None and len(now(screen).lanes) == count)
