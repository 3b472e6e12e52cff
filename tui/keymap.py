"""Other keys for actions, as a person's settings ask for them: names checked, conflicts found."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from textual.keys import Keys, _character_to_key

from initscope.core.errors import InputError, unknown
from initscope.tui.actions import ACTIONS, SAID, Action, identity, of, said

FIXED = {
    "ctrl+c": "quits everywhere", "ctrl+q": "quits everywhere", "ctrl+p": "opens the command palette",
    "ctrl+z": "sends the program to sleep",
}  # fmt: skip
"""Keys that stay as they are, so that there is always a way out."""
MODIFIERS = ("ctrl", "alt", "shift", "super", "meta", "hyper")
NAMES = {key.value for key in Keys if key.value.isidentifier()} | {"space"}
"""Keys with a name, as Textual has them."""
_WORDS = {said: name for name, said in SAID.items()} | {"return": "enter", "ins": "insert", "bs": "backspace"}


def keymap(wanted: Mapping[str, Iterable[str]], where: str) -> dict[str, str]:
    """Textual's keymap, ids of bindings to keys joined by commas, from a person's words: `{"step": ["+", "esc"]}`.

    Raises InputError, which begins with `where`, for an action or a key that does not exist, a key that is taken.
    """
    known = {identity(action): action for action in ACTIONS}
    found = {}
    for name, keys in wanted.items():
        if name not in known:
            close = get_close_matches(name, known, n=3)
            hint = f"; did you mean {' or '.join(close)}?" if close else ""
            raise InputError(f"{where}: there is no action {name}{hint}; `initscope config` lists them all")
        read = [_read(key, f"{where}: {name}") for key in keys]
        for key in read:
            if key in FIXED and key not in known[name].keys.split(","):
                raise InputError(f"{where}: {name} cannot be {key}, which {FIXED[key]}")
        found[name] = ",".join(dict.fromkeys(read))
    for screen in dict.fromkeys(screen for action in ACTIONS for screen in action.screens):
        _no_conflicts(of(screen, found), where)
    return found


def _no_conflicts(actions: Iterable[Action], where: str) -> None:
    taken: dict[str, str] = {}
    for action in actions:
        for key in action.keys.split(","):
            normal = _character_to_key(key) if len(key) == 1 else key
            if normal in taken:
                both = f"both {taken[normal]} and {identity(action)}"
                raise InputError(f"{where}: {said(normal)} is {both}; give one of them another key")
            taken[normal] = identity(action)


def _read(key: str, where: str) -> str:
    """`"+"`, `"esc"` and `"Ctrl+S"` as Textual says them."""
    before, plus, last = key[:-1].rpartition("+")
    modifiers, last = before.lower().split("+") if plus else [], last + key[-1:]
    if any(modifier not in MODIFIERS for modifier in modifiers):
        raise InputError(f"{where}: {unknown('key', key, MODIFIERS)}, each before a + and a key")
    if len(last) == 1 and last.isprintable():
        named = _character_to_key(last.lower() if "ctrl" in modifiers else last)
    else:
        named = _WORDS.get(last.lower(), last.lower())
        if named not in NAMES and not _sign(named):
            raise InputError(f"{where}: {unknown('key', key, {said(name) for name in NAMES})}")
    return "+".join([*modifiers, named])


def _sign(name: str) -> bool:
    """Whether this is a sign's name, such as comma or full_stop."""
    return any(_character_to_key(chr(code)) == name for code in range(33, 127))
