"""The one table of actions: its keys, and what footer, help and palette make of it."""

import pytest
from textual.binding import Binding

from initscope.tui.actions import (
    ACTIONS,
    CHECK,
    EXPLAIN,
    FILTER,
    FORECAST,
    LAB,
    RUNS,
    SAMPLE,
    TOGETHER,
    bindings,
    commands,
    identity,
    of,
)
from initscope.tui.helpscreen import help_text, strong

SCREENS = (LAB, SAMPLE, EXPLAIN, FORECAST, CHECK, RUNS)
FIRST = {LAB: ["toggle_run", "help", "quit"], **{screen: ["back", "help"] for screen in SCREENS[1:]}}


@pytest.mark.parametrize("screen", SCREENS)
def test_names_labels_and_keys_are_there_once(screen: str) -> None:
    actions = of(screen)
    for field in ("name", "label", "help"):
        values = [getattr(action, field) for action in actions]
        assert len(set(values)) == len(values)
        assert all(values)
    keys = [key for action in actions for key in action.keys.split(",")]
    assert len(set(keys)) == len(keys)
    assert all(key == key.strip() for key in keys)


def test_every_action_belongs_to_a_screen() -> None:
    parts = {screen for together in TOGETHER for screen in together} | {FILTER}
    assert all(action.screens and set(action.screens) <= parts for action in ACTIONS)
    assert len({action.help for action in ACTIONS}) == len(ACTIONS)


@pytest.mark.parametrize("screen", SCREENS)
def test_bindings_say_what_the_table_says(screen: str) -> None:
    made = bindings(screen)
    assert all(isinstance(binding, Binding) for binding in made)
    assert sorted((b.key, b.action, b.description, b.show, b.tooltip) for b in made) == sorted(
        (a.keys, a.name, a.label, a.footer, a.help) for a in of(screen)
    )
    assert [b.action for b in made[: len(FIRST[screen])]] == FIRST[screen]


def test_each_action_has_an_id_of_its_own_on_all_its_screens() -> None:
    ids = {identity(action) for action in ACTIONS}
    assert len(ids) == len(ACTIONS)
    assert all(name and name.replace("_", "").isalpha() for name in ids)
    for screen in SCREENS:
        assert {(b.id, b.action) for b in bindings(screen)} == {(identity(a), a.name) for a in of(screen)}


@pytest.mark.parametrize("screen", SCREENS)
def test_the_palette_has_every_action(screen: str) -> None:
    run: list[str] = []
    for command in commands(screen, run.append):
        command.callback()
    assert run == [action.name for action in of(screen)]
    assert [c.title for c in commands(screen, run.append)] == [action.label for action in of(screen)]


def test_keys_are_shown_as_one_would_say_them() -> None:
    wanted = {
        (LAB, "faster"): "+ =", (LAB, "slower"): "-", (LAB, "help"): "? f1", (LAB, "page(-1)"): "[",
        (LAB, "remove_lane"): "del backspace", (LAB, "toggle_run"): "space", (SAMPLE, "back"): "esc q i",
        (SAMPLE, "page(-1)"): "pgup", (SAMPLE, "page(1)"): "pgdn",
    }  # fmt: skip
    by_name = {(screen, action.name): action for screen in SCREENS for action in of(screen)}
    assert {name: by_name[name].shown_keys for name in wanted} == wanted
    assert not any("_" in action.shown_keys for action in ACTIONS)


@pytest.mark.parametrize("screen", SCREENS)
def test_the_footer_fits_80_columns(screen: str) -> None:
    footer = " ".join(f"{action.shown_keys.split(' ')[0]} {action.label}" for action in of(screen) if action.footer)
    assert len(footer) <= 80
    assert set(FIRST[screen]) <= {action.name for action in of(screen) if action.footer}


def test_the_help_page_has_a_line_for_every_action_and_no_marks_left() -> None:
    text = strong(help_text()).plain
    lines = text.splitlines()
    for action in ACTIONS:
        assert sum(line.startswith(action.shown_keys + " ") and line.endswith(" " + action.help) for line in lines) == 1
    for group in dict.fromkeys(action.group for action in ACTIONS):
        assert lines.count(group) == 1
    assert not {"*", "`", "#"} & set(text)
    assert "  gradient" not in text


def test_headings_and_strong_words_are_bold() -> None:
    content = strong("# Head\nsome **strong** word")
    assert content.plain == "Head\nsome strong word"
    assert [content.plain[span.start : span.end] for span in content.spans] == ["Head", "strong"]
    assert all("bold" in str(span.style) for span in content.spans)
