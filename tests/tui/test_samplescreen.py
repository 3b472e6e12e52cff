"""The sample view under Pilot: it shows what `initscope sample` prints, at any size, and nothing waits for it."""

import re
import shlex
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any

import numpy as np
import pytest
import test_lab_snapshots
from labpilot import DATA, FLAT_OUT, comparison, lab, line, now, press, resize, until
from screens import screen_text
from test_lab_snapshots import SIZES, check_all
from textual import events
from textual.pilot import Pilot

from initscope.core.initialization.initializers import CATALOGUE, initializer
from initscope.tui import sampler, samplescreen, sampleview
from initscope.tui.actions import SAMPLE, of
from initscope.tui.app import LabApp
from initscope.tui.helpscreen import HelpScreen
from initscope.tui.labscreen import LabScreen
from initscope.tui.parsers import sample_parser
from initscope.tui.samplecommand import read
from initscope.tui.sampler import Drawn, Sampler, Wanted, draw
from initscope.tui.samplescreen import MOST, SampleScreen, text
from initscope.tui.sheet import Style

DENSE, CONVOLUTION = (30, 64), (16, 3, 3, 3)


async def drawn(pilot: Pilot[Any]) -> SampleScreen:
    """The sample view, once it shows what is wanted."""
    await until(pilot, lambda: isinstance(pilot.app.screen, SampleScreen))
    screen = pilot.app.screen
    assert isinstance(screen, SampleScreen)
    await until(pilot, lambda: screen.sampler.drawn and not screen._looking and screen.page._strips)
    return screen


@asynccontextmanager
async def sample_view(size: tuple[int, int] = (80, 24), **more: Any) -> AsyncIterator[tuple[Pilot[Any], SampleScreen]]:
    async with lab(size, **more) as (pilot, _):
        await press(pilot, "i")
        yield pilot, await drawn(pilot)


def wanted(*names: str, shape: tuple[int, ...] = DENSE, n: int = 200) -> Wanted:
    return Wanted(tuple(enumerate(map(initializer, names))), shape, n, 0)


def made(*names: str, **more: Any) -> Drawn:
    found = draw(wanted(*names, **more), lambda: False)
    assert found
    return found


def plain(line: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", line)


# What it shows


async def test_it_shows_what_its_command_prints() -> None:
    async with sample_view() as (pilot, screen):
        command = screen.command()
        assert command == "initscope sample rand randn -n 1000 --seed 0 --shape 64,30"
        printed = read(sample_parser().parse_args(shlex.split(command)[2:]))
        await press(pilot, "end", "home")
        *shown, blank, last = [plain(line).rstrip() for line in screen.page._made]
        size = Style(80, screen.page.size.height // 2)
        assert shown == [plain(line).rstrip() for line in sampleview.lines(printed, size)]
        assert (blank, last) == ("", command)
        rows = screen_text(pilot.app).splitlines()[1:-1]
        assert rows == shown[: len(rows)]


async def test_each_initializer_once_the_selected_lanes_first_by_the_lanes_numbers() -> None:
    chosen = comparison(lanes=["init=randn", "init=rand seed=9", "init=randn lr=1", "init=zeros arch=64-10"])
    async with lab(chosen=chosen) as (pilot, _):
        await press(pilot, "down", "down", "l", "i")
        screen = await drawn(pilot)
        assert [(number, str(rule)) for number, rule in screen.rules] == [(2, "randn"), (1, "rand"), (3, "zeros")]
        assert "weights 30x10" in screen_text(pilot.app)
        await press(pilot, "end", "home")
        heads = [line.split(",")[0] for line in map(plain, screen.page._made) if "share in 50 bins" in line]
        assert heads == ["3 randn", "2 rand", "4 zeros"]
        await press(pilot, "escape", "up", "i")
        screen = await drawn(pilot)
        assert screen.seed == 9
        assert screen.rules[0] == (1, initializer("rand"))


@pytest.mark.parametrize("shape", [DENSE, CONVOLUTION], ids=["dense", "convolution"])
@pytest.mark.parametrize("name", CATALOGUE)
def test_every_initializer_can_be_seen_at_every_width(name: str, shape: tuple[int, ...]) -> None:
    found = made(name, "0.01*randn", shape=shape)
    assert found.view
    if not initializer(name).needs_convolution:
        assert not [note for note in found.notes if shape == DENSE and note]
    for width in (40, 66, 135):
        for unicode in (True, False):
            shown = [plain(line) for line in text(found, "initscope sample", Style(width, 20, unicode=unicode))]
            assert max(map(len, shown)) <= width
            assert any(line.startswith("initscope sample") for line in shown)
            assert unicode or "".join(shown).isascii()


def test_narrow_screens_have_the_same_numbers() -> None:
    found = made("rand", "randn")
    assert found.view
    shown = [plain(line).split() for line in text(found, "", Style(40, 10))]
    values = np.random.default_rng(0).random(200)
    at = shown.index(["sample", "expected", "error", "z"])
    error = np.sqrt(1 / 12 / 200)
    assert shown[at + 1] == ["1", "rand"]
    z = (values.mean() - 0.5) / error
    assert shown[at + 2] == ["mean", f"{values.mean():.3g}", "0.5", f"{error:.3g}", f"{z:+.1f}"]
    assert ["all", "1,920", "at", "once", "1e-9600"] in shown


def test_what_cannot_be_drawn_says_why() -> None:
    found = made("normal:std=1e300", "randn")
    assert found.view
    assert [one.name for one in found.view.samples] == ["randn"]
    assert found.view.mark(0) == "2"
    shown = "\n".join(plain(line) for line in text(found, "", Style(80, 20)))
    assert shown.startswith("Lane 1: normal:std=1e+300: its variance does not fit into float64")
    assert "2 randn, share" in shown
    nothing = made("normal:std=1e300")
    assert not nothing.view
    assert len(list(text(nothing, "", Style(80, 20)))) == 2
    (note,) = made("randn", shape=(4000, 4000)).notes
    assert note.startswith("This layer has 16,000,000 weights; more than 10,000,000 are not drawn.")


def test_more_than_nine_are_counted() -> None:
    found = made(*(f"{k}*randn" for k in range(1, 12)), n=20)
    assert found.view
    assert len(found.view.samples) == 9
    assert found.notes == ("2 more are not shown: select one of their lanes in the lab.",)


def test_only_what_is_looked_at_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []
    for name in ("histogram", "curves"):
        real: Callable[..., list[str]] = getattr(sampleview, name)

        def counted(*args: Any, name: str = name, real: Callable[..., list[str]] = real, **more: Any) -> list[str]:
            drawn.append(name)
            return real(*args, **more)

        monkeypatch.setattr(sampleview, name, counted)
    page = text(made("rand", "randn", "zeros", "xavier_normal"), "", Style(80, 22))
    for _ in range(22):
        next(page)
    assert drawn == ["histogram"] * 2
    assert list(page)
    assert drawn == ["histogram"] * 4 + ["curves"] * 2


# Keys


async def test_plus_and_minus_change_the_number_of_draws() -> None:
    async with sample_view() as (pilot, screen):
        for key, n in (("plus", 10**4), ("equals_sign", 10**5), ("plus", MOST), ("plus", MOST), ("minus", 10**5)):
            await press(pilot, key)
            await drawn(pilot)
            assert screen.n == n
            assert f"n {n:,} " in line(pilot, "title")
            assert f"{n:,} draws of each" in screen_text(pilot.app)
        await press(pilot, *["minus"] * 9)
        await drawn(pilot)
        assert "10 draws of each" in screen_text(pilot.app)


@pytest.mark.parametrize("key", ["n", "r", "w"])
async def test_the_next_seed(key: str) -> None:
    async with sample_view() as (pilot, _):
        await press(pilot, key)
        await drawn(pilot)
        assert "draws of each, seed 1;" in screen_text(pilot.app)
        assert "seed 1" in line(pilot, "title")


async def test_layers() -> None:
    async with sample_view() as (pilot, _):
        for key, words in (("l", "30x10 (fan_in 30, fan_out 10)"), ("l", "64x30"), ("L", "30x10"), ("L", "64x30")):
            await press(pilot, key)
            await drawn(pilot)
            assert f"weights {words}" in screen_text(pilot.app)
        await press(pilot, "l", "n")
        screen = await drawn(pilot)
        assert screen.command().endswith("--seed 1 --shape 30,10")


async def test_scrolling() -> None:
    async with sample_view() as (pilot, screen):
        page, height = screen.page, screen.page.size.height
        assert line(pilot, "title").rstrip().endswith(" ▼")
        await press(pilot, "up", "pageup")
        assert page.top == 0
        for key, top in (
            ("down", 1), ("j", 2), ("k", 1), ("pagedown", height), ("pageup", 1), ("up", 0), ("pagedown", height - 1)
        ):  # fmt: skip
            await press(pilot, key)
            assert page.top == top
            assert [plain(text).rstrip() for text in page._made[top : top + height]] == [
                row.rstrip() for row in screen_text(pilot.app).splitlines()[1:-1]
            ]
        assert "▲▼" in line(pilot, "title")
        await press(pilot, "end")
        last = page.top
        assert last == len(page._made) - height
        assert "initscope sample rand randn" in screen_text(pilot.app).splitlines()[-2]
        assert line(pilot, "title").rstrip().endswith("▲")
        await press(pilot, "down", "pagedown", "end")
        assert page.top == last
        await press(pilot, "home")
        assert page.top == 0


async def test_the_mouse_wheel() -> None:
    async with sample_view() as (pilot, screen):
        for kind, top in ((events.MouseScrollDown, 3), (events.MouseScrollDown, 6), (events.MouseScrollUp, 3)):
            pilot.app.post_message(kind(None, 5, 5, 0, 0, 0, False, False, False, 5, 5))
            await until(pilot, lambda top=top: screen.page.top == top, 5)


@pytest.mark.parametrize("key", ["escape", "q", "i"])
async def test_back_to_the_lab(key: str) -> None:
    async with lab() as (pilot, screen):
        before = screen_text(pilot.app)
        await press(pilot, "i")
        thread = (await drawn(pilot)).sampler
        await press(pilot, key)
        await until(pilot, lambda: pilot.app.screen is screen)
        assert screen_text(pilot.app) == before
        assert thread.wanted is None


async def test_help_and_palette() -> None:
    async with sample_view(size=(120, 40)) as (pilot, screen):
        for key in ("question_mark", "f1"):
            await press(pilot, key)
            await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen))
            await press(pilot, "escape")
            await until(pilot, lambda: pilot.app.screen is screen)
        titles = {command.title for command in pilot.app.get_system_commands(screen)}
        assert {action.label for action in of(SAMPLE)} <= titles
        more = next(command for command in screen.commands() if command.title == "More")
        await more.callback()
        assert screen.n == 10_000


async def test_every_key_of_the_table_is_bound_and_the_footer_has_its_labels() -> None:
    """The tests above press each of these; what is added to the table must be added here."""
    tried = "plus equals_sign minus n r w l L up k down j pageup pagedown home end escape q i question_mark f1 y S"
    assert {key for action in of(SAMPLE) for key in action.keys.split(",")} == set(tried.split())
    async with sample_view() as (pilot, screen):
        for action in of(SAMPLE):
            assert hasattr(screen, f"action_{action.name.partition('(')[0]}"), action.name
            for key in action.keys.split(","):
                binding = screen.active_bindings[key].binding
                assert (binding.action, binding.show) == (action.name, action.footer)
        footer = screen_text(pilot.app).splitlines()[-1]
        assert all(f" {action.label}" in footer for action in of(SAMPLE) if action.footer)


# Beside training


async def test_drawing_is_announced_at_once_and_stops_neither_keys_nor_training(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate = threading.Event()
    monkeypatch.setattr(sampler, "draw", lambda *given: gate.wait(60) and draw(*given))
    async with lab(chosen=comparison(epochs="100000")) as (pilot, screen):
        await press(pilot, *FLAT_OUT, "i")
        await until(pilot, lambda: isinstance(pilot.app.screen, SampleScreen))
        assert "drawing 1,000 ..." in line(pilot, "title")
        await press(pilot, "plus", "n")
        assert "drawing 10,000 ..." in line(pilot, "title")
        assert "seed 1" in line(pilot, "title")
        start = screen.session.snapshot
        assert start
        await until(pilot, lambda: screen.session.snapshot.step > start.step + 100)
        assert screen.session.playing
        gate.set()
        await drawn(pilot)
        assert "10,000 draws of each, seed 1" in screen_text(pilot.app)
        assert "drawing" not in line(pilot, "title")


async def test_training_goes_on_while_a_million_are_drawn_and_scrolled() -> None:
    async with lab(chosen=comparison(inits=["randn", "rand", "orthogonal"], epochs="100000")) as (pilot, screen):
        await press(pilot, *FLAT_OUT)
        await until(pilot, lambda: now(screen).step > 0)
        await press(pilot, "i")
        await drawn(pilot)
        await press(pilot, "plus", "plus", "plus")
        await drawn(pilot)
        hidden, began = screen.snapshot, screen.session.snapshot
        assert began
        took = []
        for key in ("pagedown", "down", "end", "home", "pagedown", "up"):
            start = perf_counter()
            await press(pilot, key)
            took.append(perf_counter() - start)
        assert np.median(took) < 0.5
        await until(pilot, lambda: screen.session.snapshot.step > began.step + 100)
        assert screen.snapshot is hidden, "the lab draws nothing while it is hidden"
        await press(pilot, "escape")
        await until(pilot, lambda: now(screen).step > began.step + 100)
        assert screen.session.playing


def test_of_many_requests_only_the_first_and_the_last_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, gate, drawn_seeds = threading.Event(), threading.Event(), []

    def slow(asked: Wanted, stale: Callable[[], bool]) -> Drawn | None:
        drawn_seeds.append(asked.seed)
        begun.set()
        assert gate.wait(60)
        return draw(asked, stale)

    monkeypatch.setattr(sampler, "draw", slow)
    worker = Sampler()
    requests = [Wanted(wanted("randn").rules, DENSE, 10, seed) for seed in range(5)]
    worker.ask(requests[0])
    assert begun.wait(60)
    for request in requests[1:]:
        worker.ask(request)
    assert worker.drawn is None
    gate.set()
    start = perf_counter()
    while not worker.drawn:
        assert perf_counter() - start < 30
    assert worker.drawn.view
    assert worker.drawn.view.seed == 4
    assert drawn_seeds == [0, 4]
    worker.ask(None)


async def test_an_error_in_the_thread_ends_the_lab_with_exit_code_1(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*given: Any) -> None:
        raise FloatingPointError("broken on purpose")

    monkeypatch.setattr(sampler, "draw", broken)
    app = LabApp(lambda: (comparison(), DATA))

    async def run() -> None:
        async with app.run_test() as pilot:
            await until(pilot, lambda: isinstance(app.screen, LabScreen) and app.screen.snapshot is not None)
            await press(pilot, "i")
            await until(pilot, lambda: app._exception is not None)

    with pytest.raises(RuntimeError, match="drawing failed") as caught:
        await run()
    assert isinstance(caught.value.__cause__, FloatingPointError)
    assert app.return_code == 1


# Sizes


async def test_it_is_drawn_anew_at_every_size() -> None:
    async with sample_view(size=(80, 24)) as (pilot, screen):
        for width, height in ((160, 45), (40, 12), (135, 20), (134, 20), (3, 2), (1, 1), (200, 60), (80, 24)):
            await resize(pilot, width, height)
            shown = Style(width, screen.page.size.height)
            await until(pilot, lambda shown=shown: screen.page._style == shown)
            rows = screen_text(pilot.app).split("\n")
            assert len(rows) == height
            found = "\n".join(rows)
            assert ("share in 50 bins" in found) == (width >= 66)
            assert ("std. error" in found) == (width >= 135)
        await press(pilot, "end")
        await resize(pilot, 160, 45)
        assert screen.page.top == len(screen.page._made) - screen.page.size.height
        await press(pilot, "escape")
        await until(pilot, lambda: "training accuracy" in screen_text(pilot.app))


@pytest.mark.parametrize(
    "unicode", [pytest.param(True, id="unicode"), pytest.param(False, id="ascii", marks=pytest.mark.slow)]
)
async def test_pictures(unicode: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = comparison(inits=["randn", "xavier_uniform", "zeros"])
    async with sample_view(SIZES[0], chosen=chosen, unicode=unicode) as (pilot, _):
        await check_all(pilot, "sample-top" if unicode else "ascii-sample-top")
        for size in SIZES:
            await resize(pilot, *size)
            await press(pilot, "end")
            monkeypatch.setattr(test_lab_snapshots, "SIZES", (size,))
            await check_all(pilot, "sample-end" if unicode else "ascii-sample-end")


async def test_a_theme_is_followed() -> None:
    async with sample_view() as (pilot, screen):
        def background() -> int:
            colour = screen.page.render_line(5)._segments[0].style.bgcolor  # type: ignore[union-attr]
            return sum(colour.triplet)  # type: ignore[union-attr, arg-type]

        dark = background()
        pilot.app.theme = "textual-light"
        await until(pilot, lambda: background() > dark + 200)


def test_the_lab_and_the_command_share_their_limits() -> None:
    parsed = read(sample_parser().parse_args([]))
    assert (parsed.edges.size - 1, parsed.eps, parsed.n) == (sampler.BINS, sampler.EPS, samplescreen.USUAL)
