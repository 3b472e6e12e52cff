"""Charts as text: exact sizes, marks in known cells, honest decimation, and nothing that makes plotext abort."""

import math
import re
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from initscope.tui.axes import Axis, axis, short, ticks
from initscope.tui.charts import PALETTE, Curve, Style, curves, heatmap, histogram
from initscope.tui.decimate import bars, decimate, vector

CODES = re.compile(r"\x1b\[(?:0|38;2;\d{1,3};\d{1,3};\d{1,3})m")
ASCII = Style(60, 15, colour=False, unicode=False)
STYLES = [Style(60, 15, colour, unicode) for colour in (True, False) for unicode in (True, False)]


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


numbers = st.one_of(st.floats(width=64), st.floats(-10, 10), st.sampled_from([0.0, -0.0, 5e-324, 1e308, -1e308, 1.0]))
vectors = st.lists(numbers, max_size=30)
limits = st.none() | st.tuples(st.none() | numbers, st.none() | numbers)
styles = st.builds(Style, st.integers(-1, 45), st.integers(-1, 14), st.booleans(), st.booleans())
texts = st.text(max_size=12)
drawn = st.builds(
    Curve, texts, vectors, vectors, st.integers(0, 9), st.none() | vectors, st.none() | vectors, st.text(max_size=2)
)


@settings(max_examples=150, deadline=None)
@given(st.lists(drawn, max_size=4), styles, st.booleans(), limits, limits, texts, st.none() | numbers)
def test_curves_have_the_exact_size_whatever_the_data(lines, style, log_y, x_limits, y_limits, text, cursor):
    result = curves(
        lines, style, log_y=log_y, x_limits=x_limits, y_limits=y_limits, title=text, x_label=text, cursor=cursor
    )
    check(result, style)


@settings(max_examples=100, deadline=None)
@given(vectors, vectors, styles, st.none() | vectors, limits, limits, st.booleans())
def test_histograms_have_the_exact_size_whatever_the_data(edges, counts, style, start, x_limits, y_limits, ordered):
    edges = sorted(set(np.nan_to_num(edges).tolist())) if ordered else edges
    check(histogram(edges, counts, style, start_counts=start, x_limits=x_limits, y_limits=y_limits), style)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(numbers, min_size=3, max_size=3), max_size=5), styles, numbers, numbers, st.booleans(), texts)
def test_heatmaps_have_the_exact_size_whatever_the_data(values, style, low, high, log, text):
    names = [text] * max(len(values) - 1, 0)
    check(heatmap(values, names, style, low=low, high=high, log=log, letters=[text] * 3, title=text), style)


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
    text = curves(lanes, style, log_y=rng.random() < 0.5, x_limits=limits(), y_limits=limits(), cursor=rubbish(1)[0])
    assert len(text) == style.height
    edges = np.sort(rubbish(rng.integers(0, 50)))
    start = None if rng.random() < 0.5 else rubbish(edges.size)
    text = histogram(edges, rubbish(edges.size), style, start_counts=start, x_limits=limits(), y_limits=limits())
    assert len(text) == style.height
    table = rubbish((rng.integers(0, 9), rng.integers(0, 99)))
    text = heatmap(table, ["layer"] * len(table), style, low=rubbish(1)[0], high=rubbish(1)[0], log=rng.random() < 0.5)
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
    style = Style(10, 10, colour=False, unicode=False)
    lines = curves([Curve("", range(10), range(10))], style)
    assert lines == [" " * (9 - row) + "*" + " " * row for row in range(10)][::1][::1] or lines == [
        " " * (9 - row) + "*" + " " * row for row in range(10)
    ]


def test_in_braille_the_line_stays_on_the_diagonal_cells():
    lines = check(curves([Curve("", range(200), range(200))], Style(10, 10, colour=False)), Style(10, 10, False))
    assert sorted({(row, column) for row, line in enumerate(lines) for column, c in enumerate(line) if c != " "}) == [
        (row, 9 - row) for row in range(10)
    ]
