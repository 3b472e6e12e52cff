"""The sample view under Pilot: it shows what `initscope sample` prints, at any size, and nothing waits for it."""

import shlex

import pytest
import test_lab_snapshots
from labpilot import comparison, lab, line, press, resize, until
from samplepilot import drawn, sample_view
from screens import plain, screen_text
from test_lab_snapshots import SIZES, check_all
from textual import events

from initscope.core.initialization.initializers import initializer
from initscope.tui import sampler, samplescreen, sampleview
from initscope.tui.actions import SAMPLE, of
from initscope.tui.helpscreen import HelpScreen
from initscope.tui.parsers import sample_parser
from initscope.tui.samplecommand import read
from initscope.tui.samplescreen import MOST
from initscope.tui.sheet import Style

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


async def test_the_next_seed() -> None:
    async with sample_view() as (pilot, _):
        for seed, key in enumerate("nrw", 1):
            await press(pilot, key)
            await drawn(pilot)
            assert f"draws of each, seed {seed};" in screen_text(pilot.app)
            assert f"seed {seed}" in line(pilot, "title")


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


async def test_back_to_the_lab() -> None:
    async with lab() as (pilot, screen):
        before = screen_text(pilot.app)
        for key in ("escape", "q", "i"):
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
