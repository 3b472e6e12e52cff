"""The widget that shows lines: codes become styles, and only rows that changed are sent to the terminal."""

from typing import Any

import pytest
from rich.style import Style as RichStyle
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.pilot import Pilot

from initscope.tui.lines import Lines, strip_of
from initscope.tui.sheet import Style

BASE = RichStyle(color="white", bgcolor="black")


class Board(App[None]):
    """Two of them, one above the other."""

    def compose(self) -> ComposeResult:
        yield Lines(id="one")
        yield Lines(id="two")


@pytest.fixture
def refreshed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Region, ...]]:
    """What `Lines.refresh` was called with, call by call."""
    calls: list[tuple[Region, ...]] = []
    original = Lines.refresh

    def refresh(self: Lines, *regions: Region, **more: Any) -> Lines:
        calls.append(regions)
        return original(self, *regions, **more)

    monkeypatch.setattr(Lines, "refresh", refresh)
    return calls


def runs(line: str) -> list[tuple[str, RichStyle]]:
    return [(segment.text, segment.style or BASE) for segment in strip_of(line, BASE, {})._segments]


def test_codes_become_styles() -> None:
    found = runs("a\x1b[38;2;1;2;3mb\x1b[1mc\x1b[0md\x1b[7me\x1b[mf")
    assert [text for text, _ in found] == list("abcdef")
    styles = [style for _, style in found]
    assert styles[0] == styles[3] == styles[5] == BASE
    assert styles[1].color is not None
    assert tuple(styles[1].color.triplet or ()) == (1, 2, 3)
    assert styles[1].bgcolor == BASE.bgcolor
    assert styles[2].bold
    assert styles[2].color == styles[1].color
    assert styles[4].reverse
    assert not styles[4].bold


@pytest.mark.parametrize("line", ["", "\x1b[0m", "\x1b[1m\x1b[0m", "plain", "\x1b[38;2;255;0;9m█▒·\x1b[0m end"])
def test_no_text_is_lost(line: str) -> None:
    bare = "".join(part.partition("m")[2] if number else part for number, part in enumerate(line.split("\x1b[")))
    assert "".join(text for text, _ in runs(line)) == bare


async def test_only_rows_that_changed_are_refreshed(refreshed: list[tuple[Region, ...]]) -> None:
    async with Board().run_test(size=(20, 12)) as pilot:
        one = pilot.app.query_one("#one", Lines)
        one.show(lambda style: ["a", "b", "c", "d"])
        await pilot.pause()
        for letters, rows in (("aBcD", [1, 3]), ("aBcD", []), ("aB", [2, 3]), ("xBc", [0, 2])):
            text = list(letters)
            refreshed.clear()
            one.show(lambda style, text=text: text)
            assert refreshed == ([tuple(Region(0, row, 20, 1) for row in rows)] if rows else [])
            assert [strip.text.rstrip() for strip in one._strips] == text
            assert {strip.cell_length for strip in one._strips} == {20}
            await pilot.pause()
            assert shown(pilot)[:6] == [*text, *[""] * (6 - len(text))]


def shown(pilot: Pilot[Any]) -> list[str]:
    strips = pilot.app.screen._compositor.render_strips()
    return ["".join(segment.text for segment in strip).rstrip() for strip in strips]


async def test_it_draws_for_the_size_it_has() -> None:
    sizes: list[tuple[int, int]] = []

    def draw(style: Style) -> list[str]:
        sizes.append((style.width, style.height))
        return [f"{row % 10}" * style.width for row in range(style.height + 5)]

    async with Board().run_test(size=(20, 12)) as pilot:
        one = pilot.app.query_one("#one", Lines)
        one.show(draw)
        for width, height in ((7, 4), (1, 2), (1, 1), (300, 80), (20, 12)):
            await pilot.resize_terminal(width, height)
            await pilot.pause()
            size = (width, one.size.height)
            assert sizes[-1] == size if size[1] else sizes[-1] != size
            assert shown(pilot)[: size[1]] == [f"{row % 10}" * width for row in range(size[1])]
        assert all(width and height for width, height in sizes)


async def test_nothing_is_drawn_while_it_is_hidden_or_has_no_room() -> None:
    drawn: list[int] = []

    def draw(style: Style) -> list[str]:
        drawn.append(style.width)
        return ["text"]

    async with Board().run_test(size=(20, 12)) as pilot:
        two = pilot.app.query_one("#two", Lines)
        two.styles.height = 0
        await pilot.pause()
        two.show(draw)
        assert drawn == []
        two.styles.height = 3
        await pilot.pause()
        assert drawn == [20]
        two.display = False
        await pilot.pause()
        two.show(draw)
        assert drawn == [20]
        two.display = True
        await pilot.pause()
        assert len(drawn) == 2
        assert "text" in shown(pilot)


async def test_a_widget_that_is_gone_is_not_drawn() -> None:
    lines = Lines()
    lines.show(lambda style: ["text"])
    assert lines._strips == []


async def test_a_new_theme_repaints_everything(refreshed: list[tuple[Region, ...]]) -> None:
    async with Board().run_test(size=(20, 12)) as pilot:
        one = pilot.app.query_one("#one", Lines)
        one.show(lambda style: ["\x1b[1mtext\x1b[0m"])
        await pilot.pause()
        before = one.render_line(0)._segments[0].style
        refreshed.clear()
        pilot.app.theme = "textual-light"
        await pilot.pause()
        after = one.render_line(0)._segments[0].style
        assert before is not None
        assert after is not None
        assert before.bgcolor != after.bgcolor
        assert one.render_line(0).text.rstrip() == "text"
        assert () in refreshed
        assert one.render_line(5)._segments[0].style == one.rich_style
