"""The one table of actions: its keys, and what footer, help and palette make of it."""

from textual.binding import Binding

from initscope.tui.actions import ACTIONS, bindings
from initscope.tui.helpscreen import help_text, strong

BY_NAME = {action.name: action for action in ACTIONS}


def test_names_labels_and_keys_are_there_once() -> None:
    for field in ("name", "label", "help"):
        values = [getattr(action, field) for action in ACTIONS]
        assert len(set(values)) == len(values)
        assert all(values)
    keys = [key for action in ACTIONS for key in action.keys.split(",")]
    assert len(set(keys)) == len(keys)
    assert all(key == key.strip() for key in keys)


def test_bindings_say_what_the_table_says() -> None:
    made = bindings()
    assert all(isinstance(binding, Binding) for binding in made)
    assert sorted((b.key, b.action, b.description, b.show, b.tooltip) for b in made) == sorted(
        (a.keys, a.name, a.label, a.footer, a.help) for a in ACTIONS
    )
    assert [b.action for b in made[:3]] == ["toggle_run", "help", "quit"]
    ids = [binding.id for binding in made]
    assert len(set(ids)) == len(ids)
    assert all(name and name.replace("_", "").isalpha() for name in ids)


def test_keys_are_shown_as_one_would_say_them() -> None:
    wanted = {
        "faster": "+ =", "slower": "-", "help": "? f1", "page(-1)": "[",
        "remove_lane": "del backspace", "toggle_run": "space",
    }  # fmt: skip
    assert {name: BY_NAME[name].shown_keys for name in wanted} == wanted
    assert not any("_" in action.shown_keys for action in ACTIONS)


def test_the_footer_fits_80_columns() -> None:
    footer = " ".join(f"{action.shown_keys.split(' ')[0]} {action.label}" for action in ACTIONS if action.footer)
    assert len(footer) <= 80
    assert {"toggle_run", "help", "quit"} <= {action.name for action in ACTIONS if action.footer}


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
