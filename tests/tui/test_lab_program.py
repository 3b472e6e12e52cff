"""The lab as a program: help, palette, mouse, any size, keys and the way out while training runs flat out.

Answers are timed by the processor time that they took, in which training has its part: a busy machine changes nothing.
"""

import random
from time import process_time

import numpy as np
import pytest
from labpilot import DATA, FLAT_OUT, NINE, at_step, comparison, judged, lab, line, now, press, resize, until
from screens import screen_text
from textual import events

from initscope.tui import views
from initscope.tui.actions import ACTIONS, LAB, of
from initscope.tui.app import LabApp
from initscope.tui.helpscreen import HelpScreen
from initscope.tui.labscreen import LabScreen


async def test_help_opens_and_closes() -> None:
    async with lab() as (pilot, screen):
        for close in ("question_mark", "escape", "q", "f1"):
            await press(pilot, "question_mark")
            await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen))
            await press(pilot, close)
            await until(pilot, lambda: pilot.app.screen is screen)


async def test_the_help_page_names_every_key() -> None:
    async with lab(size=(120, 200)) as (pilot, _):
        await press(pilot, "f1")
        await until(pilot, lambda: ACTIONS[-1].help in screen_text(pilot.app))
        text = screen_text(pilot.app)
        for action in ACTIONS:
            assert any(action.shown_keys in row and action.help in row for row in text.splitlines()), action


async def test_light_and_dark() -> None:
    async with lab() as (pilot, screen):
        def background() -> int:
            colour = screen.lines("loss").render_line(0)._segments[0].style.bgcolor  # type: ignore[union-attr]
            return sum(colour.triplet)  # type: ignore[union-attr, arg-type]

        await judged(pilot, screen)
        assert background() < 100
        text = screen_text(pilot.app)
        await press(pilot, "b")
        await until(pilot, lambda: background() > 600)
        assert screen_text(pilot.app) == text
        await press(pilot, "b")
        await until(pilot, lambda: background() < 100)


async def test_the_command_palette_and_the_footer_offer_what_the_table_says() -> None:
    async with lab(size=(200, 40)) as (pilot, screen):
        commands = {command.title: command for command in pilot.app.get_system_commands(screen)}
        assert all(commands[action.label].help == action.help for action in of(LAB))
        footer = screen_text(pilot.app).splitlines()[-1].split("  ")[0]
        assert sorted(action.label for action in of(LAB) if action.footer) == sorted(footer.split()[1::2])
        await press(pilot, "ctrl+p")
        await until(pilot, lambda: pilot.app.screen is not screen)
        await pilot.press(*"Epoch")
        await until(pilot, lambda: "one epoch" in screen_text(pilot.app))
        await press(pilot, "down", "enter")
        await at_step(pilot, screen, 150)


async def test_no_key_is_bound_twice_and_every_action_exists() -> None:
    async with lab() as (_, screen):
        keys = [key for action in of(LAB) for key in action.keys.split(",")]
        assert len(keys) == len(set(keys))
        for action in of(LAB):
            assert hasattr(screen, f"action_{action.name.partition('(')[0]}"), action.name
            for key in action.keys.split(","):
                binding = screen.active_bindings[key].binding
                assert (binding.action, binding.description) == (action.name, action.label) or key == "ctrl+q"
                assert binding.show is action.footer or key == "ctrl+q"


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_clicks_select_lanes(size: tuple[int, int]) -> None:
    async with lab(size=size, chosen=comparison(inits=["randn"] * 9)) as (pilot, screen):
        for start in (0, 8):
            for row in (0, 1, screen.lines("lanes").size.height - 1):
                screen._choose(lane=start)
                shown = line(pilot, "lanes").splitlines()[row][1]
                await pilot.click("#lanes", offset=(5, row))
                assert screen.choice.lane == (int(shown) - 1 if shown.isdigit() else start)
        if size == (120, 40):
            screen._choose(lane=0)
            await pilot.click("#pane1", offset=(3, 3))
            assert screen.choice.lane == 1


async def test_resizing_at_random_while_training_flat_out() -> None:
    dice = random.Random(3)
    async with lab(chosen=comparison(lanes=NINE, epochs="100000")) as (pilot, _):
        await press(pilot, *FLAT_OUT)
        sizes = [(1, 1), (2, 1), (1, 30), (200, 1), (3, 2), (20, 5)]
        sizes += [(dice.randrange(1, 201), dice.randrange(1, 61)) for _ in range(6)]
        for width, height in sizes:
            await resize(pilot, width, height)
            await press(pilot, dice.choice(["z", "m", "l", "h", "down", "up", "left", "c", "t", "g"]))
            assert pilot.app.size == (width, height)
            assert len(screen_text(pilot.app).split("\n")) == height
        await resize(pilot, 120, 40)
        await until(pilot, lambda: "1 rand" in line(pilot, "lanes"))


async def test_keys_are_answered_while_training_flat_out() -> None:
    async with lab(chosen=comparison(epochs="100000")) as (pilot, screen):
        await press(pilot, *FLAT_OUT)
        await until(pilot, lambda: now(screen).step > 100)
        took = []
        for heat in (views.HEATS * 2)[1:8]:
            start = process_time()
            await press(pilot, "h")
            await until(pilot, lambda heat=heat: heat.title in line(pilot, "pane0"))
            took.append(process_time() - start)
        assert np.median(took) < 0.5
        start = process_time()
        await press(pilot, "space")
        await until(pilot, lambda: "paused" in line(pilot, "title"))
        assert process_time() - start < 2


BIG = {"arch": "64-800-800-10", "batch-size": "100"}


@pytest.mark.parametrize(
    ("key", "options"),
    [
        ("q", {}), ("ctrl+c", BIG), pytest.param("q", BIG, marks=pytest.mark.slow),
        pytest.param("ctrl+c", {}, marks=pytest.mark.slow), pytest.param("ctrl+q", {}, marks=pytest.mark.slow),
    ],
    ids=["q small", "ctrl+c big", "q big", "ctrl+c small", "ctrl+q small"],
)  # fmt: skip
async def test_quitting_while_training_flat_out_is_quick(key: str, options: dict[str, str]) -> None:
    app = LabApp(lambda: (comparison(**options), DATA))
    async with app.run_test() as pilot:
        await until(pilot, lambda: isinstance(app.screen, LabScreen) and app.screen.snapshot is not None)
        screen = app.screen
        assert isinstance(screen, LabScreen)
        await press(pilot, *FLAT_OUT)
        await until(pilot, lambda: now(screen).step > 0)
        start = process_time()
        app.post_message(events.Key(key, None))
        await until(pilot, lambda: app._exit)
    assert process_time() - start < 2
    screen.session._thread.join(5)
    assert not screen.session._thread.is_alive()
    assert app.return_code == (130 if key == "ctrl+c" else 0)


async def test_nothing_is_drawn_where_nothing_changes() -> None:
    async with lab() as (pilot, screen):
        await press(pilot, "n")
        await at_step(pilot, screen, 150)
        await judged(pilot, screen)
        strips = {name: screen.lines(name)._strips for name in ("loss", "accuracy", "pane0", "lanes")}
        turns = screen._painter._turns
        await until(pilot, lambda: screen._painter._turns > turns + 3)
        assert all(screen.lines(name)._strips is kept for name, kept in strips.items())


async def test_an_error_in_the_training_thread_ends_the_lab_with_exit_code_1() -> None:
    app = LabApp(lambda: (comparison(), DATA))

    async def break_the_thread() -> None:
        async with app.run_test() as pilot:
            await until(pilot, lambda: isinstance(app.screen, LabScreen) and app.screen.snapshot is not None)
            assert isinstance(app.screen, LabScreen)
            app.screen.session.load([], DATA, 0)
            await until(pilot, lambda: app._exception is not None)

    with pytest.raises(RuntimeError, match="training failed") as caught:
        await break_the_thread()
    assert isinstance(caught.value.__cause__, ValueError)
    assert app.return_code == 1
