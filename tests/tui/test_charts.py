"""Charts as text: exact sizes, marks in known cells, honest decimation, nothing that makes plotext abort."""

import math
import re
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from initscope.tui.charts import PALETTE, Curve, Style, curves, heatmap, histogram

CODES = re.compile(r"\x1b\[(?:0|38;2;\d{1,3};\d{1,3};\d{1,3})m")

ASCII = Style(60, 15, colour=False, unicode=False)


def check(lines: list[str], style: Style) -> list[str]:
    """The lines without codes, proved to have exactly the style's size and means."""
    bare = [CODES.sub("", line) for line in lines]
    assert [len(line) for line in bare] == [max(style.width, 0)] * max(style.height, 0)
    assert all(c.isprintable() for line in bare for c in line)
    if not style.colour:
        assert bare == lines
    if not style.unicode:
        assert all(line.isascii() for line in bare)
    return bare


def spots(lines: list[str], mark: str) -> list[tuple[int, int]]:
    """(row, column) of each cell that shows the mark."""
    return [(row, column) for row, line in enumerate(lines) for column, c in enumerate(line) if c == mark]


extremes = st.sampled_from([0.0, -0.0, 5e-324, 1e308, -1e308, 1.0])

numbers = st.one_of(st.floats(width=64), st.floats(-10, 10), extremes)

vectors = st.lists(numbers, max_size=30)

limits = st.none() | st.tuples(st.none() | numbers, st.none() | numbers)

styles = st.builds(Style, st.integers(-1, 45), st.integers(-1, 14), st.booleans(), st.booleans())

texts = st.text(max_size=12)

sides = st.none() | vectors

drawn = st.builds(Curve, texts, vectors, vectors, st.integers(0, 9), sides, sides, st.text(max_size=2))


@settings(max_examples=150, deadline=None)
@given(st.lists(drawn, max_size=4), styles, st.booleans(), limits, limits, texts, st.none() | numbers)
def test_curves_have_the_exact_size_whatever_the_data(lines, style, log_y, x_limits, y_limits, text, cursor):
    words = {"title": text, "x_label": text}
    limits = {"x_limits": x_limits, "y_limits": y_limits}
    check(curves(lines, style, log_y=log_y, cursor=cursor, **limits, **words), style)


@settings(max_examples=100, deadline=None)
@given(vectors, vectors, styles, sides, limits, limits, st.booleans())
def test_histograms_have_the_exact_size_whatever_the_data(edges, counts, style, start, x, y, ordered):
    edges = sorted(set(np.nan_to_num(edges).tolist())) if ordered else edges
    check(histogram(edges, counts, style, start_counts=start, x_limits=x, y_limits=y), style)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(numbers, numbers), max_size=5), styles, numbers, numbers, st.booleans(), texts)
def test_heatmaps_have_the_exact_size_whatever_the_data(values, style, low, high, log, text):
    names = [text] * max(len(values) - 1, 0)
    check(heatmap(values, names, style, low=low, high=high, log=log, title=text), style)


FUZZ = """
import numpy as np
from initscope.tui.charts import Curve, Style, curves, heatmap, histogram
rng = np.random.default_rng(1)
special = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e308, -1e308, 5e-324, 1.0])
def rubbish(size):
    values = rng.standard_normal(size) * 10.0 ** rng.integers(-300, 300, size)
    return np.where(rng.random(size) < rng.random(), special[rng.integers(0, len(special), size)], values)
def limits():
    return None if rng.random() < 0.5 else tuple(rubbish(2))
for turn in range(250):
    style = Style(int(rng.integers(0, 130)), int(rng.integers(0, 40)), rng.random() < 0.5, rng.random() < 0.5)
    lanes = []
    for _ in range(rng.integers(0, 5)):
        x, y, low, high = (rubbish(rng.integers(0, 400)) for _ in range(4))
        lanes.append(Curve("lane", np.arange(y.size) if rng.random() < 0.5 else x, y, 0, low, high))
    log, (low, high, cursor) = rng.random() < 0.5, rubbish(3)
    text = curves(lanes, style, log_y=log, x_limits=limits(), y_limits=limits(), cursor=cursor)
    assert len(text) == style.height
    edges = np.sort(rubbish(rng.integers(0, 50)))
    start = None if rng.random() < 0.5 else rubbish(edges.size)
    counts, x, y = rubbish(edges.size), limits(), limits()
    text = histogram(edges, counts, style, start_counts=start, x_limits=x, y_limits=y)
    assert len(text) == style.height
    table = rubbish((rng.integers(0, 9), rng.integers(0, 99)))
    text = heatmap(table, ["layer"] * len(table), style, low=low, high=high, log=log)
    assert len(text) == style.height
print("survived")
"""


def test_rubbish_never_aborts_the_process():
    # In a process of its own: what plotext's kernel does with a NaN is SIGABRT, which no test could catch.
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", FUZZ], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "survived", "")


@pytest.mark.parametrize("size", [(w, h) for w in (0, 1, 2, 11, 12, 13) for h in (0, 1, 2, 3, 4)])
@pytest.mark.parametrize("unicode", [True, False])
def test_the_smallest_sizes_are_kept(size, unicode):
    style = Style(*size, colour=True, unicode=unicode)
    line = Curve("a", [0, 1, 2], [1, 3, 2])
    check(curves([line, line], style, title="title", x_label="step", cursor=1), style)
    check(histogram([0, 1, 2], [1, 3], style, start_counts=[2, 2], title="title"), style)
    check(heatmap([[0, 1], [1, 0]], ["a", "b"], style, low=0, high=1, title="title"), style)


def test_a_rising_line_is_the_diagonal():
    # Below 12 columns there are no axes: the canvas is the whole chart, ten cells by ten.
    lines = curves([Curve("", range(10), range(10))], Style(10, 10, colour=False, unicode=False))
    assert lines == [" " * (9 - row) + "*" + " " * row for row in range(10)]


def test_in_braille_the_line_stays_on_the_diagonal_cells():
    style = Style(10, 10, colour=False)
    lines = check(curves([Curve("", range(200), range(200))], style), style)
    marked = [(row, column) for row, line in enumerate(lines) for column, c in enumerate(line) if c != " "]
    assert sorted({row + column for row, column in marked}) in ([9], [8, 9, 10])
    assert {row for row, _ in marked} == set(range(10))


def test_a_gap_stays_open_and_the_rest_is_drawn():
    y = np.full(100, 1.0)
    y[40:60] = np.nan
    lines = curves([Curve("", np.arange(100), y)], Style(10, 3, colour=False, unicode=False))
    assert [line for line in lines if line.strip()] == ["****  ****"]


def test_a_single_point_is_one_mark():
    assert len(spots(curves([Curve("", [3], [7])], ASCII), "*")) == 1


def test_nothing_to_draw_is_said():
    for lines in (curves([Curve("a", [1, 2], [np.nan, np.inf])], ASCII), histogram([], [], ASCII)):
        assert any("no data" in line for line in lines)


def test_points_beyond_the_limits_are_held_at_the_border_or_left_out():
    step = Curve("", range(8), [0, 0, 0, 0, 9, 9, 9, 9])
    lines = curves([step], Style(8, 4, False, False), y_limits=(0, 3))
    assert {row for row, _ in spots(lines, "*")} >= {0, 3}
    rise = Curve("", range(80), range(80))
    zoomed = curves([rise], Style(10, 10, False, False), x_limits=(0, 9), y_limits=(0, 9))
    assert zoomed == [" " * (9 - row) + "*" + " " * row for row in range(10)]


def test_each_curve_is_told_apart_without_colour():
    lanes = [Curve("a", range(50), np.full(50, level)) for level in (1.0, 2.0, 3.0)]
    canvas = [line[5:] for line in curves(lanes, ASCII)[1:13]]  # without legend, labels and x axis
    rows = [{row for row, _ in spots(canvas, mark)} for mark in "123"]
    assert [len(row) for row in rows] == [1, 1, 1]
    assert len(set.union(*rows)) == 3
    braille = curves(lanes, Style(60, 15, colour=False))
    assert [line[-1] for line in braille if line[-1] in "123"] == ["3", "2", "1"]
    hinted = curves([Curve("a", [0, 1], [0, 1], marker="7")], ASCII)
    assert spots(hinted[1:], "7")


def test_curves_that_end_together_keep_their_own_numbers():
    lanes = [Curve("", range(50), np.linspace(1, 0, 50))] * 3
    ends = [line[-1] for line in curves(lanes, Style(60, 15, colour=False))]
    assert sorted(end for end in ends if end != " ") == ["1", "2", "3"]


def test_a_log_axis_is_monotone_and_its_decades_are_evenly_spaced():
    style = Style(60, 15, colour=False, unicode=False)
    lines = curves([Curve("", range(5), [1e-2, 1e-1, 1e0, 1e1, 1e2])], style, log_y=True)
    labels = [line.partition("+")[0].strip() for line in lines]
    rows = [labels.index(label) for label in ("0.01", "1", "100")]
    assert rows[0] - rows[1] == rows[1] - rows[2] > 0
    marks = spots(lines, "*")
    by_column = [max(row for row, c in marks if c == column) for column in sorted({c for _, c in marks})]
    assert by_column == sorted(by_column, reverse=True)


def test_a_log_axis_leaves_out_what_is_not_positive():
    with_junk = curves([Curve("", range(6), [0.0, -1.0, 1.0, 10.0, 100.0, 1000.0])], ASCII, log_y=True)
    without = curves([Curve("", range(6), [np.nan, np.nan, 1.0, 10.0, 100.0, 1000.0])], ASCII, log_y=True)
    assert with_junk == without


def test_the_envelope_surrounds_the_line():
    x, y = np.arange(40), np.full(40, 5.0)
    lines = curves([Curve("", x, y, low=y - 3, high=y + 3)], ASCII)
    middle = {row for row, _ in spots(lines, "*")}
    dots = {row for row, _ in spots(lines[:13], ".")}
    assert [min(dots), *middle, max(dots)] == [0, 6, 12]


def test_the_cursor_marks_its_value():
    lines = curves([Curve("", range(101), range(101))], ASCII, cursor=37)
    column = {column for _, column in spots(lines[:12], "|")} - {lines[0].index("|")}
    assert len(column) == 1
    assert "37" in lines[-1]
    assert abs(lines[-1].index("37") - column.pop()) <= 1
    assert curves([Curve("", [0, 1], [0, 1])], ASCII, cursor=5) == curves([Curve("", [0, 1], [0, 1])], ASCII)


def test_histogram_bars_are_proportional():
    style = Style(8, 10, colour=False, unicode=False)
    lines = histogram([0, 1, 2, 3, 4], [1, 2, 4, 3], style, y_limits=(0, 0.5))
    heights = [sum(line[column] == "#" for line in lines) for column in range(8)]
    assert heights == [2, 2, 4, 4, 8, 8, 6, 6]


def test_the_start_of_a_histogram_is_an_outline():
    style = Style(8, 10, colour=False, unicode=False)
    lines = histogram([0, 1, 2], [1, 1], style, start_counts=[1, 3])
    assert min(row for row, column in spots(lines, "o") if column == 6) == 0
    assert not spots(histogram([0, 1, 2], [1, 1], style), "o")


def test_the_same_histogram_scaled_is_the_same_picture():
    assert histogram([0, 1, 2], [1, 3], ASCII) == histogram([0, 1, 2], [100, 300], ASCII)


def test_heatmap_characters_grow_with_the_value_and_say_what_is_missing():
    style = Style(9, 1, colour=False, unicode=False)
    assert heatmap([np.linspace(0, 1, 9)], [], style, low=0, high=1) == [".:-=+*#%@"]
    assert heatmap([[0, math.nan, 1]], [], style, low=0, high=1) == ["...???@@@"]
    assert heatmap([[1e-4, 1e-2, 1, 0]], [], Style(4, 1, False), low=1e-4, high=1, log=True) == ["·▒█·"]
    style = Style(20, 3, colour=False, unicode=False)
    named = heatmap([[0, 1], [1, 0]], ["one", "two"], style, low=0, high=1)
    assert named == ["one ........@@@@@@@@", "two @@@@@@@@........", "    0 .:-=+*#%@ 1   "]


@pytest.mark.parametrize("colour", [True, False])
@pytest.mark.parametrize("unicode", [True, False])
def test_two_draws_give_identical_text(colour, unicode):
    style = Style(60, 15, colour, unicode)
    rng = np.random.default_rng(2)
    lanes = [Curve(f"lane {k}", np.arange(500), rng.standard_normal(500).cumsum(), k) for k in range(3)]
    first = curves(lanes, style, title="loss")
    between = histogram(np.linspace(0, 1, 9), rng.random(8), style)
    assert curves(lanes, style, title="loss") == first
    assert between != first
    check(first, style)


def luminance(colour: tuple[int, int, int]) -> float:
    parts = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


@pytest.mark.parametrize("colour", PALETTE)
def test_the_palette_is_readable_on_white_and_on_near_black(colour):
    level = luminance(colour)
    assert 1.05 / (level + 0.05) >= 3
    assert (level + 0.05) / (luminance((24, 24, 24)) + 0.05) >= 3
