"""The verdict in the lab's last line and in its table of lanes: what is to blame, how sure, the remedy, the proof."""

import re
from dataclasses import replace

import pytest
from panelcases import CASES, bare, judged, snapshot, verdicts

from initscope.core.diagnosis import Blame
from initscope.tui import bottomline, lanetable
from initscope.tui.panels import Choice
from initscope.tui.sheet import Style


def line_of(case: str, lane: int, style: Style, foreseen: bool = False) -> list[str]:
    shown = snapshot(case)
    said = judged(shown.lanes[lane], foreseen)
    return [text.rstrip() for text in bottomline.bottom(shown, Choice(lane=lane), style, said, "p")]


def test_the_last_line_says_what_is_to_blame_how_sure_that_is_the_remedy_and_its_proof() -> None:
    verdict = judged(snapshot("two").lanes[0]).verdict
    (text,) = line_of("two", 0, Style(600, 2))
    cause, remedy = verdict.findings[0].cause, dict(verdict.findings[0].remedy.changes)["init"]  # type: ignore[union-attr]
    assert text == (
        f"1 rand: initialization is to blame ({verdict.causes[0][1]:.0%} sure): {cause}. "
        f"Remedy: init={remedy}. p proves it."
    )
    assert " is to blame (forecast, " in line_of("start", 0, Style(600, 2), foreseen=True)[0]


@pytest.mark.parametrize("unicode", [True, False])
@pytest.mark.parametrize(("width", "height"), [(80, 2), (70, 2), (100, 2), (200, 1), (60, 3)])
def test_only_the_cause_is_shortened_where_there_is_no_room(width: int, height: int, unicode: bool) -> None:
    text = " ".join(line_of("two", 0, Style(width, height, unicode=unicode)))
    before, after = re.split(r" (?:…|\.\.\.) ", text)
    whole = line_of("two", 0, Style(600, 2, unicode=unicode))[0]
    assert whole.startswith(before)
    assert after == whole[whole.index("Remedy: ") :]
    assert len(text) > width * height - 20


def test_the_verdict_never_contradicts_itself() -> None:
    """What is to blame stands alone: no reading beside it that puts something else down to the steps."""
    for case in CASES:
        for lane in snapshot(case).lanes:
            (text,) = line_of(case, lane.index, Style(1000, 1))
            said = judged(lane)
            for other in ("healthy", "weights had", "it should learn"):
                assert said.verdict.healthy or other not in text
            assert ("is to blame" in text) is not said.verdict.healthy


def test_a_lane_that_nothing_is_wrong_with_says_so() -> None:
    shown = snapshot("two")
    (text,) = line_of("start", 1, Style(300, 1), foreseen=True)
    assert text == "2 randn: every hidden layer is healthy. Forecast: it should learn (80% sure)."
    better = replace(shown.lanes[1], measures=shown.lanes[1].measures * 0 + [0.01, 0.99, 0.01, 0.98, 10])
    (text,) = bottomline.bottom(shown, Choice(lane=1), Style(300, 1), judged(better), "p")
    assert text.startswith("2 randn: it learns: 99.0% of the training examples are right")


def test_while_there_is_no_verdict_the_probes_speak() -> None:
    text = bottomline.bottom(snapshot("two"), Choice(), Style(200, 1))[0]
    assert text.startswith("1 rand: layer 1 is saturated, 100%, most on the high side. Its weights had mean 0.5")
    assert ", measured before any training." in text


@pytest.mark.parametrize(
    ("width", "words"),
    [(59, "S 100%"), (60, "S initialization 97%"), (80, "S initialization 97%"), (99, "S initialization 97%"),
     (100, "S 100% layer 1: initialization 97%"), (160, "S 100% layer 1: initialization 97%")],
)  # fmt: skip
def test_the_table_says_what_is_to_blame(width: int, words: str) -> None:
    rows = bare(lanetable.lane_table(snapshot("two"), 0, Style(width, 2), verdicts("two")), Style(width, 2), True)
    assert rows[0].rstrip().endswith(" " + words)
    assert rows[1].rstrip().endswith("·" if width < 60 else "· healthy")


def test_a_table_says_of_every_lane_that_diverged_what_is_to_blame() -> None:
    shown, said = snapshot("ended"), verdicts("ended")
    style = Style(120, 2)
    row = bare(lanetable.lane_table(shown, 0, style, said), style, True)[1]
    assert row.rstrip().endswith(f"N diverged: {said[1].blame}")
    assert said[1].blame


def test_the_longest_words_for_blame_fit_the_table() -> None:
    longest = max((blame.value for blame in Blame), key=len)
    assert lanetable.STATE_WIDTHS[lanetable.NARROW] == len(f"S {longest} 97%")
    assert lanetable.STATE_WIDTHS[lanetable.ROOMY] == len(f"S 100% layer 1: {longest} 97%")
