"""What goes wrong by the user's input, said for people."""

from collections.abc import Iterable
from difflib import get_close_matches


class InputError(ValueError):
    """Input that cannot be used. The message says what was wrong, where, and what would be right."""


def unknown(kind: str, name: str, known: Iterable[str]) -> InputError:
    """The error for a name that is not in a catalogue, with close names and all that exist."""
    names = sorted(known)
    close = get_close_matches(name.lower(), names, n=3, cutoff=0.6)
    hint = f"did you mean {' or '.join(close)}? " if close else ""
    return InputError(f"unknown {kind} '{name}': {hint}known are {', '.join(names)}")
