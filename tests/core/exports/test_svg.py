"""Charts as SVG: well-formed, within their bounds, at the right places, with gaps where there is nothing."""

import math
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from initscope.core.exports import svg
from initscope.core.exports.svg import COLOURS, DARK, DASHES, Chart, Line, draw, ticks

SPACE = "{http://www.w3.org/2000/svg}"


def parse(chart: Chart) -> ElementTree.Element:
    return ElementTree.fromstring(draw(chart))


def polylines(root: ElementTree.Element) -> list[list[tuple[float, float]]]:
    found = [line.attrib["points"].split() for line in root.iter(f"{SPACE}polyline")]
    return [[(float(x), float(y)) for x, y in (pair.split(",") for pair in pairs)] for pairs in found]


def words(root: ElementTree.Element) -> list[str]:
    return ["".join(text.itertext()) for text in root.iter(f"{SPACE}text")]


VALUES = st.floats(allow_nan=True, allow_infinity=True) | st.floats(0, 1)
POINTS = st.lists(st.tuples(st.integers(0, 10**9).map(float), VALUES), max_size=8)


LINES = st.lists(st.tuples(st.text(max_size=9), POINTS), max_size=4)


@settings(max_examples=80, deadline=None)
@given(LINES, st.booleans(), st.sampled_from([None, (0.0, 1.0)]), st.text(max_size=5))
def test_whatever_the_numbers_and_names_it_is_well_formed_and_within_bounds(lines, logarithmic, limits, title) -> None:
    made = [Line(name, points, place) for place, (name, points) in enumerate(lines)]
    chart = Chart(title, tuple(made), logarithmic and limits is None, limits)
    for line in polylines(parse(chart)):
        for x, y in line:
            assert svg.LEFT - 0.1 <= x <= svg.WIDTH - svg.RIGHT + 2.1
            assert svg.TOP - 0.1 <= y <= svg.HEIGHT - svg.BOTTOM + 0.1
    assert "\n\n" not in draw(chart)


def test_points_lie_where_their_values_say() -> None:
    root = parse(Chart("t", (Line("a", [(0, 0.0), (50, 0.5), (100, 1.0)], 0),), limits=(0.0, 1.0)))
    (line,) = polylines(root)
    left, right, top, bottom = svg.LEFT, svg.WIDTH - svg.RIGHT, svg.TOP, svg.HEIGHT - svg.BOTTOM
    assert line == [(left, bottom), ((left + right) / 2, (top + bottom) / 2), (right, top)]
    assert {"0.2", "0.4", "0.6", "0.8", "1", "100"} <= set(words(root))


def test_powers_of_ten_are_equally_far_apart() -> None:
    root = parse(Chart("t", (Line("a", [(0, 1.0), (1, 0.1), (2, 0.01), (3, 0.001)], 0),), logarithmic=True))
    (line,) = polylines(root)
    steps = [after[1] - before[1] for before, after in pairwise(line)]
    assert max(steps) - min(steps) < 0.3
    assert {"1e0", "1e-1", "1e-2", "1e-3"} <= set(words(root))


def test_what_is_not_finite_is_a_gap_and_a_single_point_a_dash() -> None:
    points = [(0, 1.0), (1, 2.0), (2, math.nan), (3, 3.0), (4, math.inf), (5, 0.0), (6, 1.0)]
    assert [len(line) for line in polylines(parse(Chart("t", (Line("a", points, 0),))))] == [2, 2, 2]
    assert [len(line) for line in polylines(parse(Chart("t", (Line("a", points, 0),), logarithmic=True)))] == [2, 2, 2]
    nothing = parse(Chart("t", (Line("a", [(0, math.nan)], 0),)))
    assert polylines(nothing) == []
    assert "no finite values" in words(nothing)


def test_names_are_escaped_and_shortened() -> None:
    root = parse(Chart("<b>&\x00", (Line("<script>" + "x" * 40, [(0, 1.0)], 0),)))
    assert root.attrib["aria-label"] == "<b>&?"
    assert any(text.startswith("<script>x") and len(text) == svg.LONGEST_NAME for text in words(root))
    assert root.find(f".//{SPACE}script") is None


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0.02, 0.021), (-3, 1e6), (1e-9, 2e-9)])
def test_ticks_are_round_and_few(low: float, high: float) -> None:
    found = ticks(low, high)
    assert 2 <= len(found) <= 11
    assert all(low <= tick * (1 + 1e-9) and tick <= high * (1 + 1e-9) for tick in found)
    assert all(isinstance(tick, int) or tick == round(tick) for tick in ticks(0, 3.5, whole=True))


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.1."""
    parts = [int(colour[place : place + 2].ljust(2, colour[-1]), 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_lines_stand_out_from_their_page() -> None:
    """A contrast of 3 at least, as WCAG 2.1 asks of graphics; neighbours differ in their dashes as well."""
    for colours, page in ((COLOURS, "#ffffff"), (DARK, "#161616")):
        for colour in colours:
            light, dark = sorted([luminance(colour), luminance(page)], reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 3, colour
    assert len({(n % len(COLOURS), n % len(DASHES)) for n in range(8)}) == 8
    assert "prefers-color-scheme:dark" in draw(Chart("t", ()))
