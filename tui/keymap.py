"""Other keys for actions, as a person's settings ask for them: names checked, conflicts found."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from textual.binding import Binding
from textual.keys import Keys, _character_to_key, key_to_character

from initscope.core.errors import InputError, unknown
from initscope.tui.actions import ACTIONS, PARTLY_TYPED, SAID, TOGETHER, TYPED, Action, identity, said, with_keys

FIXED = {
    "ctrl+c": "quits everywhere", "ctrl+q": "quits everywhere", "ctrl+p": "opens the command palette",
    "ctrl+z": "sends the program to sleep", "ctrl+l": "draws the screen anew",
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
        found[name] = ",".join(_usable(known[name], dict.fromkeys(read), where))
    table = with_keys(found)
    for screens in TOGETHER:
        _no_conflicts([action for action in table if not set(screens).isdisjoint(action.screens)], where)
    return found


def _usable(action: Action, keys: Iterable[str], where: str) -> list[str]:
    """Keys that reach the action where a person types; first, where hints name it, one that does so everywhere."""
    if set(action.screens).isdisjoint((*TYPED, *PARTLY_TYPED)):
        return list(keys)
    ordered = sorted(keys, key=_types)
    typing = [key for key in ordered if _types(key)]
    if typing and (len(typing) == len(ordered) or set(action.screens) <= set(TYPED)):
        words = f"cannot be {said(typing[0])}" if set(action.screens) <= set(TYPED) else "needs another key"
        reason = f"{said(typing[0])} types or edits in a line; take one such as f2 or ctrl+s"
        raise InputError(f"{where}: {identity(action)} {words}: {reason}")
    return ordered


def _types(key: str) -> bool:
    """Whether a line to type in takes the key for itself."""
    from textual.widgets import Input

    editing = {one for binding in Input.BINDINGS if isinstance(binding, Binding) for one in binding.key.split(",")}
    character = key_to_character(key)
    return bool(character and character.isprintable()) or key in editing - {"enter"}


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
