"""Charts over layers: points stand where their values are, bands and doubts are marked, any number is drawn."""

import re
from math import nan
from typing import Any

import numpy as np
import pytest

from initscope.tui.profilechart import Expected, Points, profile
from initscope.tui.sheet import Style


def chart(
    values: list[float], *points: Points, doubt: list[bool] | None = None, size: tuple[int, int] = (40, 12), **more: Any
) -> list[str]:
    expected = Expected(np.array(values), np.array(doubt or [False] * len(values)), **more.pop("band", {}))
    return profile(expected, points, Style(*size, colour=False, unicode=False), title="t", **more)


def test_points_stand_where_their_values_are() -> None:
    lines = chart([1, 2, 4], Points("start", "o", np.array([1.0, 2.0, 4.0])), Points("now", "x", np.array([1, nan, 0])))
    left = lines[2].index("|") + 1
    places = {mark: [(r, c - left) for c in range(40) for r in range(1, 10) if lines[r][c] == mark] for mark in "ox"}
    across = 40 - left - 1
    columns = [int((layer - 0.5) / 3 * across) for layer in (1, 2, 3)]
    assert [column for _, column in places["o"]] == columns[1:]  # the first is hidden by an x
    assert [column for _, column in places["x"]] == [columns[0], columns[2]]
    rows_of_line = {column: r for column in columns[1:] for r in range(1, 10) if lines[r][left + column] == "o"}
    beside = {column: r for column in columns[1:] for r in range(1, 10) if lines[r][left + column + 1] == "-"}
    assert rows_of_line[columns[1]] in (beside[columns[1]], beside[columns[1]] + 1)
    assert places["x"][1][0] == max(r for r in range(1, 10))


def test_a_single_layer_and_lonely_ones_have_a_line() -> None:
    assert sum(line.count("-----") for line in chart([1.0])[1:-2]) >= 1
    gaps = chart([nan, 2, nan, 2, nan])
    row = next(line for line in gaps[1:-2] if "--" in line)
    assert len(re.findall("-+", row[6:])) == 2


def test_doubt_is_marked() -> None:
    lines = "\n".join(chart([1, 2, 3], doubt=[False, False, True])[1:-2])
    assert "--" in lines
    assert "??" in lines
    assert "?" not in "\n".join(chart([1, 2, 3])[1:-2])


def test_layers_are_whole_numbers() -> None:
    for count, wanted in ((1, "1"), (3, "1 2 3"), (100, "20 40 60 80 100"), (30, "5 10 15 20 25 30")):
        assert chart([1.0] * count)[-1].split() == ["layer", *wanted.split()]


def test_bands_are_dots() -> None:
    band = {"low": np.array([1.0, 1]), "high": np.array([9.0, 9])}
    lines = chart([5, 5], band=band)
    dotted = [number for number, line in enumerate(lines[1:-2]) if line.count(".") > 3]
    assert len(dotted) == 2


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize(
    "values", [[nan] * 3, [np.inf, 1, -np.inf], [1e308, 1e-308, 0], [0, 0, 0], [-1, -5, 3]], ids=str
)
def test_rubbish_is_drawn(values: list[float], log: bool) -> None:
    for size in ((0, 0), (1, 1), (5, 3), (12, 3), (40, 8), (200, 60)):
        points = Points("start", "o", np.array(values[::-1])), Points("now", "x", np.array(values))
        side = np.array(values)
        lines = chart(values, *points, size=size, log=log, band={"low": side / 2, "high": -side})
        assert [len(line) for line in lines] == [size[0]] * size[1]
