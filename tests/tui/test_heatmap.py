"""Maps of letters: exact sizes, letters in known cells, and what they mean."""

from hypothesis import given, settings
from hypothesis import strategies as st
from test_charts import check, styles, texts

from initscope.tui.charts import Style
from initscope.tui.heatmap import lettermap


def test_letters_are_stretched_over_time_and_explained_where_there_is_room():
    meanings = {"·": "healthy", "S": "saturated", "D": "dead", "X": "exploding"}
    rows, names = ["··SS", "DD··"], ["1", "2"]

    def drawn(width, height, colour=False):
        return lettermap(rows, names, Style(width, height, colour), colours={"S": (1, 2, 3)}, meanings=meanings)

    assert drawn(18, 2) == ["1 ········SSSSSSSS", "2 DDDDDDDD········"]
    assert drawn(38, 3)[2] == "  · healthy  S saturated  D dead".ljust(38)
    assert drawn(30, 3)[2] == "  · healthy  S saturated".ljust(30)
    beside = lettermap(rows, names, Style(30, 3, False), colours={}, meanings=meanings, title="state")
    assert beside[0] == "state  · healthy  S saturated".ljust(30)
    assert drawn(18, 1) == ["1 ········SSSSSSSS"]
    assert drawn(18, 2, colour=True)[0] == "1 ········\x1b[38;2;1;2;3mSSSSSSSS\x1b[0m"


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text("·SDX", min_size=3, max_size=3), max_size=6), styles, texts)
def test_lettermaps_have_the_exact_size_whatever_the_data(rows, style, text):
    meanings = {"S": "saturated", "D": text}
    check(lettermap(rows, [text] * len(rows), style, colours={"D": (9, 9, 9)}, meanings=meanings, title=text), style)
