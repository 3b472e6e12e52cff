"""The setup screen, by keyboard and mouse: what is chosen is what comes out, what is wrong never does."""

import asyncio
import threading

import numpy as np
import pytest
from screens import press, screen_text, write
from setuppilot import DIGITS, UNSET, bench, compare, to

from initscope.core.datasets.data import Dataset, load
from initscope.core.initialization.initializers import CATALOGUE, initializer
from initscope.core.spec import OPTIONS
from initscope.tui import setupscreen

SLOW = pytest.mark.slow


async def test_an_initializer_by_keyboard_alone() -> None:
    async with bench() as (app, pilot):
        steps = list(CATALOGUE).index("he_normal") - list(CATALOGUE).index("rand")
        text = await press(pilot, "enter", *["down"] * steps)
        assert "he_normal:gain=1" in text
        assert CATALOGUE["he_normal"].formula in text
        assert CATALOGUE["he_normal"].source in text
        assert "torch.nn.init.kaiming_normal_" in text
        assert "1 he_normal" in await press(pilot, "enter")
        await press(pilot, "f2")
        assert app.inits == ["he_normal", "randn"]
        assert app.result[1] == {"digits": DIGITS}


async def test_parameters_are_checked_as_they_are_typed() -> None:
    async with bench(row="lane:1") as (app, pilot):
        await press(pilot, "enter", "right")
        await to(pilot, "uniform:low=-0.2,high=x")
        text = screen_text(app)
        assert "! uniform: high must be a number, not 'x'" in text
        assert "layer 1: mean" not in text, "no moments of what cannot be drawn"
        await to(pilot, "uniform:low=-0.2,high=0.3")
        text = screen_text(app)
        assert "!" not in text
        rule = initializer("uniform:low=-0.2,high=0.3")
        for number, fans in ((1, (64, 30)), (2, (30, 10))):
            assert f"layer {number}: mean {rule.mean(*fans):.3g}, std {np.sqrt(rule.variance(*fans)):.3g}" in text
        assert "upper bound; any number" in text
        await press(pilot, "enter", "f2")
        assert app.inits == ["rand", "uniform:low=-0.2,high=0.3"]


async def test_moments_follow_the_layers() -> None:
    async with bench(compare("xavier_normal", arch="64-20-20-10")) as (app, _):
        text = screen_text(app)
        assert f"layer 1: mean 0, std {np.sqrt(2 / 84):.3g}" in text
        assert f"layer 2: mean 0, std {np.sqrt(2 / 40):.3g}" in text
        assert f"layer 3: mean 0, std {np.sqrt(2 / 30):.3g}" in text


async def test_an_architecture_that_does_not_fit_cannot_be_applied() -> None:
    async with bench(row="arch") as (app, pilot):
        assert "2,260 parameters in 2 layers" in screen_text(app)
        await press(pilot, "enter")
        await to(pilot, "32-30-10")
        assert "write 64-30-10" in screen_text(app)
        for key in ("enter", "f2", "ctrl+s"):
            await press(pilot, key)
            assert app.result is UNSET, f"{key} took it"
        await to(pilot, "64-100-10")
        assert "7,510 parameters in 2 layers" in screen_text(app)
        await press(pilot, "f2")
        assert app.comparison.options == {"arch": "64-100-10"}


async def test_other_data_and_the_architecture_follows() -> None:
    comparison = compare("rand", lanes=("init=randn arch=64-20-10 lr=1",), arch="64-40-10", batch_size="500")
    async with bench(comparison, row="data") as (app, pilot):
        await press(pilot, "enter", "down", "down", "down")
        assert "moons" in screen_text(app)
        await press(pilot, "enter")
        for _ in range(50):
            if "2-30-2 (default)" in screen_text(app):
                break
            await asyncio.sleep(0.02)
            await pilot.pause()
        text = " ".join(screen_text(app).split())
        assert "arch 64-40-10 does not fit moons" in text
        assert "arch 64-20-10 of lane 2 does not fit moons" in text
        assert "batch-size 500 does not fit moons" in text
        await press(pilot, "f2")
        assert app.comparison.options == {"data": "moons"}
        assert app.comparison.lanes == ({"init": "rand"}, {"init": "randn", "lr": "1"})
        assert [str(s.architecture) for s in app.comparison.specs(app.result[1])] == ["2-30-2", "2-30-2"]


async def test_loading_leaves_the_screen_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()

    def slowly(name: str) -> Dataset:
        assert release.wait(10)
        return load(name)

    monkeypatch.setattr(setupscreen, "load", slowly)
    async with bench(row="data") as (app, pilot):
        await press(pilot, "enter", "down", "down")
        assert "loading circles" in await press(pilot, "enter")
        assert "still loading" in await press(pilot, "f2")
        assert "not loaded" in await press(pilot, "escape")
        release.set()
        await press(pilot, "escape", "f2")
        assert app.comparison.options == {}, "what came too late was taken"


@pytest.mark.parametrize("name", ["nowhere.npz", "mooons"])
@pytest.mark.slow
async def test_data_that_is_not_there(name: str) -> None:
    async with bench(row="data") as (app, pilot):
        await press(pilot, "enter", "right")
        await to(pilot, name)
        await press(pilot, "enter")
        for _ in range(50):
            if "! " in screen_text(app):
                break
            await asyncio.sleep(0.02)
            await pilot.pause()
        assert name in screen_text(app).partition("! ")[2]
        await press(pilot, "escape", "f2")
        assert app.comparison == app.before


@pytest.mark.parametrize(
    ("row", "wrong", "why", "right", "shown"),
    [
        ("lr", "-1", "lr must be finite and not negative", "0.25", "lr           0.25"),
        pytest.param("batch-size", "2000", "more than the 1500 training", "100", "15 steps an epoch", marks=SLOW),
        pytest.param("epochs", "x", "epochs must be a whole number", "2", "300 steps (2 epochs)", marks=SLOW),
        pytest.param("steps", "1.5", "steps must be a whole number", "450", "450 steps (3 epochs)", marks=SLOW),
        pytest.param("seed", "-1", "seed must be at least 0", "7", "seed         7", marks=SLOW),
        pytest.param("dtype", "float16", "unknown dtype 'float16'", "float64", "dtype        float64", marks=SLOW),
        pytest.param(
            "activation", "leaky_relu:slope=2", "slope must be less than 1", "leaky_relu:slope=0.2", "slope=0.2",
            marks=SLOW,
        ),
        ("loss", "cross", "unknown loss 'cross'", "cross_entropy", "0.1 (default)"),
        ("schedule", "cosin", "did you mean cosine", "cosine:floor=0.1", "3 in the first step, 1.65 halfway, 0.3 in"),
        pytest.param("schedule", "step:every=0.5", "a whole number of", "step:every=5", "    step:every=5", marks=SLOW),
        pytest.param("weight-decay", "x", "weight-decay must be a number", "0.001", "weight-decay 0.001", marks=SLOW),
        pytest.param("clip", "-1", "clip must be finite and not negative", "0.5", "clip         0.5", marks=SLOW),
        pytest.param("optimizer", "adamm", "did you mean adam", "adam", "0.001 (default)", marks=SLOW),
        pytest.param("bias-init", "orthogonal", "which biases are not", "same", "bias-init    same", marks=SLOW),
    ],
)  # fmt: skip
async def test_every_option(row: str, wrong: str, why: str, right: str, shown: str) -> None:
    async with bench(row=row) as (app, pilot):
        await press(pilot, "enter")
        if app.focused and app.focused.id == "choices":
            await press(pilot, "right")
        await to(pilot, wrong)
        assert why in " ".join(screen_text(app).split())
        await press(pilot, "f2")
        assert app.result is UNSET
        await to(pilot, right)
        await press(pilot, "enter")
        assert shown in screen_text(app)
        await press(pilot, "f2")
        assert app.comparison.options == {row: right}


async def test_epochs_and_steps_take_each_others_place_and_x_gives_the_default() -> None:
    async with bench(compare("rand", epochs="5"), row="steps") as (app, pilot):
        await press(pilot, "enter")
        await write(pilot, "40")
        assert "steps        40" in await press(pilot, "enter")
        assert "epochs       -" in screen_text(app)
        assert "epochs       30 (default)" in await press(pilot, "x")
        await press(pilot, "f2")
        assert app.comparison.options == {}


async def test_escape_takes_nothing() -> None:
    async with bench() as (app, pilot):
        await press(pilot, "enter", "down", "down", "escape")
        assert "> 1 rand" in screen_text(app)
        await press(pilot, "a", "d", "up", "enter", "down", "enter", "escape")
        assert app.result is None


async def test_leaving_takes_what_is_right_and_says_what_is_not() -> None:
    async with bench(row="lr") as (app, pilot):
        await press(pilot, "enter")
        await to(pilot, "0.7")
        assert "lr           0.7" in await press(pilot, "shift+tab")
        await press(pilot, "enter")
        await to(pilot, "much")
        assert "! not taken: lr must be a number" in await press(pilot, "shift+tab")
        await press(pilot, "f2")
        assert app.comparison.options == {"lr": "0.7"}


async def test_apply_is_a_row_too() -> None:
    async with bench() as (app, pilot):
        assert "initscope run --arch" in await press(pilot, "end")
        await press(pilot, "enter")
        assert app.comparison == app.before


async def test_by_mouse() -> None:
    async with bench(size=(80, 24)) as (app, pilot):
        lines = screen_text(app).splitlines()
        row = next(n for n, line in enumerate(lines) if "activation" in line)
        await pilot.click(offset=(5, row))
        await pilot.pause()
        lines = screen_text(app).splitlines()
        await pilot.click(offset=(45, next(n for n, line in enumerate(lines) if "tanh " in line)))
        await pilot.pause()
        assert "activation   tanh" in screen_text(app)
        lines = screen_text(app).splitlines()
        await pilot.click(offset=(5, next(n for n, line in enumerate(lines) if "apply and close" in line)))
        await pilot.pause()
        assert app.comparison.options == {"activation": "tanh"}


@pytest.mark.parametrize("size", [(20, 6), pytest.param((80, 24), marks=SLOW)], ids=str)
async def test_sizes(size: tuple[int, int]) -> None:
    async with bench(size=size, row="lane:1") as (app, pilot):
        assert "> 2 randn" in screen_text(app)
        text = await press(pilot, "enter")
        assert "value randn:scale=" in text
        if size >= (40, 12):
            assert "W ~ scale · N(0, 1)" in text
        await press(pilot, "down", "enter")
        assert "> 2 uniform" in screen_text(app)
        await press(pilot, "home", *["enter", "escape", "down"] * 2)
        await pilot.resize_terminal(1, 1)
        await pilot.resize_terminal(200, 60)
        await press(pilot, "f2")
        assert app.inits == ["rand", "uniform"]


@pytest.mark.slow
async def test_ascii_alone() -> None:
    async with bench(row="lane:0", unicode=False) as (_, pilot):
        await press(pilot, "enter")
        text = "".join([await press(pilot, "down") for _ in CATALOGUE])
        assert "sqrt(6 / (fan_in + fan_out))" in text
        await press(pilot, "escape", "home")
        text += "".join([await press(pilot, "down") for _ in OPTIONS])
        assert text.isascii(), {c for c in text if not c.isascii()}
