"""What is drawn when: a few things at a time while training, and on a slow line what was asked for and text first."""

from collections.abc import Callable
from typing import Any

import pytest

from initscope.tui.painter import CHARTS, CHARTS_EVERY, DEAR, PANES, PANES_EVERY, Painter


class Board:
    """Stands for `Lines`: notes in `drawn` when it is drawn, if there is a place for it on the screen."""

    def __init__(self, name: str, drawn: list[str], shown: bool = True, changes: bool = True) -> None:
        self.name, self.drawn, self.shown, self.changes = name, drawn, shown, changes
        self.stale, self.cost = True, 0.0
        self.later: list[Callable[[], None]] = []

    def call_after_refresh(self, callback: Callable[[], None]) -> None:
        self.later.append(callback)

    def redraw(self) -> bool:
        self.drawn.append(self.name)
        self.stale = False
        return self.changes


class Fly:
    """Stands for `Flow`."""

    slow, ready = False, True


class Wall:
    """A lab's boards with their painter."""

    def __init__(self, flow: Any = None, charts_shown: bool = True) -> None:
        self.drawn: list[str] = []
        self.text = [Board(name, self.drawn) for name in ("title", "lanes")]
        self.charts = [Board(name, self.drawn, charts_shown) for name in ("loss", "accuracy")]
        self.panes = [Board(f"pane{number}", self.drawn) for number in range(3)]
        groups: Any = self.text, self.charts, self.panes
        self.painter = Painter(flow, *groups)

    def finish(self) -> None:
        """What was to be done once the text is on its way."""
        for callback in self.text[0].later:
            callback()

    def turn(self, training: bool = True) -> list[str]:
        """A new snapshot has come, and there is a turn: what is drawn."""
        for board in (*self.text, *self.charts, *self.panes):
            board.stale = board.shown
        return self.rest(training)

    def rest(self, training: bool = True) -> list[str]:
        """A turn without anything new."""
        self.drawn.clear()
        self.painter.turn(training)
        return list(self.drawn)


def test_while_training_every_turn_has_the_text_and_its_share_of_the_pictures() -> None:
    wall = Wall()
    turns = [wall.turn() for _ in range(CHARTS_EVERY * PANES_EVERY)]
    assert all(turn[:2] == ["title", "lanes"] for turn in turns)
    assert max(map(len, turns)) == 2 + 1 + 1, "never two charts nor two panes at once"
    every = [name for turn in turns for name in turn]
    assert {name: every.count(name) for name in ("loss", "accuracy", "pane0", "pane2")} == {
        "loss": PANES_EVERY, "accuracy": PANES_EVERY, "pane0": CHARTS_EVERY, "pane2": CHARTS_EVERY,
    }  # fmt: skip


@pytest.mark.parametrize(("cost", "seldom"), [(DEAR * 0.9, 1), (DEAR * 1.5, 2), (DEAR * 2.5, 3)])
def test_what_takes_long_to_draw_is_drawn_more_seldom(cost: float, seldom: int) -> None:
    wall = Wall()
    wall.charts[0].cost = cost
    every = [name for _ in range(6 * CHARTS_EVERY) for name in wall.turn()]
    assert (every.count("loss"), every.count("accuracy")) == (6 / seldom, 6)


def test_at_rest_all_that_is_new_is_drawn_and_nothing_else() -> None:
    wall = Wall()
    assert len(wall.turn(training=False)) == 7
    assert wall.rest(training=False) == []


@pytest.mark.parametrize(
    ("asked", "at_once", "after"),
    [
        ("", [], ["loss", "accuracy", "pane0", "pane1", "pane2"]),
        (CHARTS, ["loss", "accuracy"], ["pane0", "pane1", "pane2"]),
        (PANES, ["pane0", "pane1", "pane2"], ["loss", "accuracy"]),
    ],
)
def test_an_answer_begins_with_the_text_and_what_it_is_about(asked: str, at_once: list[str], after: list[str]) -> None:
    wall = Wall()
    wall.painter.answer(asked)
    assert wall.drawn == ["title", "lanes", *at_once]
    wall.drawn.clear()
    wall.finish()
    assert wall.drawn == after


def test_on_a_slow_line_too_what_was_asked_for_comes_first() -> None:
    flow = Fly()
    flow.slow = True
    wall = Wall(flow)
    wall.painter.answer(PANES)
    assert [wall.turn()[2:] for _ in range(4)] == [["pane0"], ["pane1"], ["pane2"], ["loss"]]


def test_on_a_slow_line_charts_take_turns_and_panes_wait_until_it_rests() -> None:
    flow = Fly()
    flow.slow = True
    wall = Wall(flow)
    assert [wall.turn()[2:] for _ in range(4)] == [["loss"], ["accuracy"], ["loss"], ["accuracy"]]
    assert [wall.rest(training=False) for _ in range(5)] == [["pane0"], ["pane1"], ["pane2"], ["loss"], []]


def test_on_a_slow_line_an_answer_is_text_first_and_then_every_picture_that_it_changes() -> None:
    flow = Fly()
    flow.slow = True
    wall = Wall(flow)
    wall.charts[0].changes = False
    wall.painter.answer()
    assert wall.drawn == ["title", "lanes"]
    assert wall.turn()[2:] == ["loss", "accuracy"], "the first had nothing to show"
    assert [wall.turn()[2:] for _ in range(3)] == [["pane0"], ["pane1"], ["pane2"]]
    assert wall.turn()[2:] == ["loss", "accuracy"]


def test_an_enlarged_lane_is_drawn_on_a_slow_line_too() -> None:
    flow = Fly()
    flow.slow = True
    wall = Wall(flow, charts_shown=False)
    assert [wall.turn()[2:] for _ in range(4)] == [["pane0"], ["pane1"], ["pane2"], ["pane0"]]


def test_nothing_is_drawn_while_the_line_is_busy_but_answers() -> None:
    flow = Fly()
    flow.ready = False
    wall = Wall(flow)
    assert wall.turn() == []
    wall.painter.answer()
    wall.finish()
    assert len(wall.drawn) == 7
