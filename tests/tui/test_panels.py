"""The lab's panels as text: exact widths at any size and for any lanes, and the numbers of the snapshot in them."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from panelcases import CASES, bare, snapshot, verdicts

from initscope.core.probes import INDEX
from initscope.core.snapshot import LaneSnapshot, Status
from initscope.core.states import State
from initscope.tui import bottomline, lanetable, panels, views
from initscope.tui.panels import Choice
from initscope.tui.sheet import Style

SIZES = ((1, 1), (2, 3), (20, 5), (40, 12), (59, 7), (60, 7), (80, 24), (120, 40), (300, 80))


def check(case: str, choice: Choice, style: Style) -> None:
    shown, said = snapshot(case), verdicts(case)
    lane = shown.lanes[choice.lane]
    bare(lanetable.lane_table(shown, choice.lane, style, said), style, False)
    bare(bottomline.bottom(shown, choice, style, said[choice.lane], "p"), style, False)
    bare(panels.title_line(panels.setting(shown), "paused · full speed", style), style, False)
    bare(lanetable.lane_table(shown, choice.lane, style), style, False)
    bare(bottomline.bottom(shown, choice, style), style, False)
    bare(panels.layer_table(lane, choice, style), style, False)
    for one in shown.lanes:
        complete = min(choice.layer, len(one.layer_names) - 1) in one.distributions
        bare(panels.pane(one, shown, choice, style), style, complete)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("unicode", [True, False])
def test_every_line_is_as_wide_as_asked(case: str, unicode: bool) -> None:
    shown = snapshot(case)
    assert {(lane.status is Status.DIVERGED) for lane in shown.lanes} >= {"diverged" in case}
    last = Choice(len(shown.lanes) - 1, layer=99, heat=views.HEATS[4], log=False, test=True, cursor=0)
    for width, height in SIZES if unicode else SIZES[::4]:
        for choice in (Choice(), last):
            check(case, choice, Style(width, height, unicode=unicode))


choices = st.builds(
    Choice, lane=st.integers(0, 8), layer=st.integers(0, 200), heat=st.sampled_from(views.HEATS), log=st.booleans(),
    test=st.booleans(), cursor=st.none() | st.integers(0, 500),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(list(CASES)), choices, st.integers(1, 140), st.integers(1, 45), st.booleans())
def test_any_choice_at_any_size(case: str, choice: Choice, width: int, height: int, unicode: bool) -> None:
    shown = snapshot(case)
    choice = replace(choice, lane=choice.lane % len(shown.lanes))
    check(case, choice, Style(width, height, unicode=unicode))
    assert panels.cursor_x(shown, choice) is None or choice.cursor is not None


def test_the_table_has_the_numbers_of_every_lane() -> None:
    shown = snapshot("two")
    style = Style(120, 5)
    heading, *rows = bare(lanetable.lane_table(shown, 1, style), style, False)
    assert heading.split() == ["lane", "step", "epoch", "loss", "train", "test", "state"]
    for lane, row in zip(shown.lanes, rows, strict=True):
        latest = lane.latest
        assert row[:2] == (">" if lane.index == 1 else " ") + str(lane.index + 1)
        cells = row[2:].split()
        assert cells[:6] == [
            lane.name, "40", f"{40 / 150:.2f}", views.number(lane.loss),
            f"{latest.train_accuracy:.1%}", f"{latest.test_accuracy:.1%}",
        ]  # fmt: skip
    assert rows[0].rstrip().endswith("S saturated 100% layer 1")
    assert rows[1].rstrip().endswith("· healthy")
    ends = {row.index("%") for row in rows}
    assert len(ends) == 1


@pytest.mark.parametrize("width", [40, 59, 60, 77, 78, 80, 99, 100, 120])
def test_the_state_is_never_cut(width: int) -> None:
    row, _ = bare(lanetable.lane_table(snapshot("ended"), 0, Style(width, 2)), Style(width, 2), True)
    words = "S 100%" if width < lanetable.NARROW else "S saturated 100% layer 1"
    assert row.rstrip().endswith(words + (" (finished)" if width >= lanetable.ROOMY else ""))


def test_columns_line_up_in_ascii_too() -> None:
    for unicode in (True, False):
        style = Style(80, 10, unicode=unicode)
        lines = bare(lanetable.lane_table(snapshot("nine"), 0, style), style, False)
        column = lines[0].index("step") + 4
        assert all(line[column - 1].isdigit() and line[column] == " " for line in lines[1:])


@pytest.mark.parametrize("height", range(1, 12))
@pytest.mark.parametrize("chosen", [0, 4, 8])
def test_the_chosen_lane_is_always_in_the_table(height: int, chosen: int) -> None:
    lines = bare(lanetable.lane_table(snapshot("nine"), chosen, Style(90, height)), Style(90, height), False)
    heading, rows = panels.table_rows(9, chosen, height)
    assert len(lines) == heading + len(rows) == min(height, 10)
    assert [line[1] for line in lines[heading:]] == [str(row + 1) for row in rows]
    assert [line[1] for line in lines if line[0] == ">"] == [str(chosen + 1)]


def test_the_title_says_what_all_lanes_share() -> None:
    common = "digits · 64-30-10 sigmoid · quadratic · sgd lr 3 · batch 10 · seed 0 · dtype float64"
    assert panels.setting(snapshot("two")) == common
    assert panels.setting(snapshot("nine")) == "digits · … · … · … · … · … · dtype float64"
    (line,) = bare(panels.title_line("digits", "▶ 5 steps/s", Style(60, 1)), Style(60, 1), True)
    assert line.startswith(" initscope  digits ")
    assert line.endswith(" ▶ 5 steps/s ")


def test_the_pane_is_of_the_chosen_layer_and_quantity() -> None:
    shown = snapshot("second layer")
    style = Style(50, 24)
    text = "\n".join(bare(panels.pane(shown.lanes[0], shown, Choice(layer=1), style), style, True))
    assert text.startswith(">1 rand")
    assert "weights, layer 2" in text
    assert "activations, layer 2" in text
    assert "saturated share, by layer" in text
    choice = Choice(layer=1, heat=views.HEATS[5])
    other = "\n".join(bare(panels.pane(shown.lanes[1], shown, choice, style), style, True))
    assert other.startswith(" 2 randn")
    assert "update / weight, by layer" in other


def test_histograms_stand_side_by_side_where_there_is_room() -> None:
    shown = snapshot("two")
    for width, beside in ((63, False), (64, True), (150, True)):
        lines = bare(panels.pane(shown.lanes[0], shown, Choice(), Style(width, 30)), Style(width, 30), True)
        assert any("weights, layer 1" in line and "activations, layer 1" in line for line in lines) is beside


def test_the_layer_table_has_the_probes_at_the_cursor() -> None:
    lane = snapshot("two").lanes[1]
    for at in (len(lane.probe_steps) - 1, 0, 3):
        cursor = None if at == len(lane.probe_steps) - 1 else int(lane.probe_steps[at])
        lines = bare(panels.layer_table(lane, Choice(layer=1, cursor=cursor), Style(170, 4)), Style(170, 4), True)
        assert lines[0].rstrip() == f"layers at step {lane.probe_steps[at]:,}"
        for number, line in enumerate(lines[2:]):
            assert line.startswith((" ", ">")[number == 1] + f"  {number + 1} ")
            row = lane.probes[at, number]
            cells = [line[8 + 11 * place :][:11].strip() for place in range(14)]
            shares = [views.percent(row[INDEX[name]]) for name in panels.SHARES]
            assert cells[:3] == shares
            assert cells[3:] == [views.number(row[INDEX[name]]) for name in list(panels.NUMBERS.values())[3:]]


def test_the_cursor_stands_on_a_measurement() -> None:
    shown = snapshot("two")
    lane = shown.lanes[0]
    assert list(lane.probe_steps[:5]) == [0, 1, 2, 4, 8]
    for wanted, at in ((-5, 0), (0, 0), (2, 2), (3, 2), (8, 4), (10_000, len(lane.probe_steps) - 1)):
        assert panels.cursor_of(lane, Choice(cursor=wanted)) == at
        assert panels.cursor_x(shown, Choice(cursor=wanted)) == lane.probe_steps[at]


def test_what_was_measured_stands_below_in_full() -> None:
    shown = snapshot("two")
    at = 4
    text = bottomline.measured(shown, Choice(lane=1, cursor=int(shown.lanes[1].probe_steps[at]), test=True))
    chosen: LaneSnapshot = shown.lanes[1]
    saturated = chosen.probes[at, 0, INDEX["saturated_low"]] + chosen.probes[at, 0, INDEX["saturated_high"]]
    assert text.startswith(f"step {chosen.probe_steps[at]}: layer 1 saturated share {views.number(saturated)}; 2 test")
    assert f"1 test loss {shown.lanes[0].measures[at, 2]:.4g} acc. {shown.lanes[0].measures[at, 3]:.1%}" in text


def test_a_lane_that_diverged_earlier_shows_its_last_measurement() -> None:
    shown = snapshot("ended")
    dead = shown.lanes[1]
    assert dead.status is Status.DIVERGED
    text = bottomline.measured(shown, Choice(cursor=10_000))
    assert text.startswith("step 30: ")
    assert "2 train loss" in text
    assert lanetable.state_words(dead, 80) == "N diverged"
    assert "diverged: after" in bottomline.bottom(shown, Choice(lane=1), Style(200, 1))[0]


def test_text_is_cut_and_padded_to_the_column() -> None:
    assert panels.fit("abc", 5) == "abc  "
    assert panels.fit("abcdef", 4) == "abc…"
    assert panels.fit("abcdef", 4, unicode=False) == "abc."
    assert panels.fit("abc", 0) == ""
    assert panels.fit("名\n\x1b[1m", 8) == "???[1m  "
    assert panels.fit("a · ±", 9, unicode=False) == "a . +-   "


def test_where_nothing_saturates_the_heatmap_shows_dead_units() -> None:
    """Not a row of question marks, as if relu's slope were not finite."""
    shown = snapshot("nine")
    relu, sigmoid = shown.lanes[6], shown.lanes[0]
    style = Style(60, 20)
    for lane, title in ((relu, "dead units, by layer"), (sigmoid, "saturated share, by layer")):
        lines = bare(panels.pane(lane, shown, Choice(), style), style, True)
        assert any(line.startswith(title) for line in lines)
        assert not any("not finite" in line for line in lines)
    assert "layer 1 dead units" in bottomline.measured(shown, Choice(lane=6, cursor=0))


def test_histograms_of_lanes_of_other_depths_stand_at_one_height() -> None:
    shown = snapshot("nine")
    style = Style(60, 24)
    tops = set()
    for lane in (shown.lanes[0], shown.lanes[6]):
        lines = bare(panels.pane(lane, shown, Choice(), style), style, True)
        tops.add(next(row for row, line in enumerate(lines) if "by layer" in line))
    assert len(tops) == 1


# States in the pane


STATES_HEAT = views.HEAT_BY_KEY["states"]


def test_the_pane_shows_the_state_of_every_layer_by_letter_and_colour() -> None:
    shown = snapshot("two")
    style = Style(50, 24)
    codes = "".join(panels.pane(shown.lanes[0], shown, Choice(heat=STATES_HEAT), style))
    lines = bare(panels.pane(shown.lanes[0], shown, Choice(heat=STATES_HEAT), style), style, True)
    top = next(row for row, text in enumerate(lines) if text.startswith("state, by layer"))
    assert lines[top + 1] == "1 " + 48 * "S"
    assert lines[top + 2] == "2 " + 48 * "·"
    assert lines[top + 3].rstrip() == "  S saturated high  · healthy"
    assert "\x1b[38;2;{};{};{}m".format(*views.STATE_COLOURS[State.SATURATED_HIGH]) + "SSSS" in codes


def test_the_cursor_reads_the_state() -> None:
    shown = snapshot("two")
    assert bottomline.measured(shown, Choice(heat=STATES_HEAT, cursor=0)).startswith(
        "step 0: layer 1 state S saturated high; 1 train loss"
    )
    assert "layer 2 state · healthy" in bottomline.measured(shown, Choice(heat=STATES_HEAT, cursor=0, layer=7))


def test_a_cursor_at_the_newest_measurement_stays_with_it() -> None:
    lane = snapshot("two").lanes[0]
    for known in (1, 3, len(lane.probe_steps)):
        younger = replace(lane, probe_steps=lane.probe_steps[:known])
        assert panels.cursor_of(younger, Choice(cursor=panels.NEWEST)) == known - 1


def test_states_are_told_apart_by_letter_and_by_colour() -> None:
    assert len(set(views.STATE_COLOURS.values())) == len(State)
    for background in ((255, 255, 255), (18, 18, 18)):
        for colour in views.STATE_COLOURS.values():
            assert contrast(colour, background) >= 3
    assert len({state.letter for state in State} | {"."}) == len(State) + 1


def contrast(one: tuple[int, int, int], other: tuple[int, int, int]) -> float:
    """WCAG 2.1's contrast ratio of two sRGB colours."""
    def luminance(colour: tuple[int, int, int]) -> float:
        parts = [v / 255 / 12.92 if v <= 10 else ((v / 255 + 0.055) / 1.055) ** 2.4 for v in colour]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)
