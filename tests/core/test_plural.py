"""Counts in words."""

import pytest

from initscope.core.plural import are, plural


@pytest.mark.parametrize(
    ("count", "noun", "many", "wanted"),
    [
        (0, "step", "", "0 steps"), (1, "step", "", "1 step"), (2, "step", "", "2 steps"),
        (12345, "step", "", "12,345 steps"), (1, "class", "classes", "1 class"), (10, "class", "classes", "10 classes"),
    ],
)  # fmt: skip
def test_one_has_no_s(count: int, noun: str, many: str, wanted: str) -> None:
    assert plural(count, noun, many) == wanted


@pytest.mark.parametrize(("count", "verb"), [(0, "are"), (1, "is"), (2, "are")])
def test_one_is_and_two_are(count: int, verb: str) -> None:
    assert are(count) == verb
