"""What goes wrong by the user's input, said for people."""

from collections.abc import Iterable
from difflib import get_close_matches


class InputError(ValueError):
    """Input that cannot be used. The message says what was wrong, where, and what would be right."""


LONGEST = 80
"""Characters of what was typed that are repeated."""


def unknown(kind: str, name: str, known: Iterable[str]) -> InputError:
    """The error for a name that is not in a catalogue, with close names and all that exist."""
    names = sorted(known)
    shown = name if len(name) <= LONGEST else f"{name[:LONGEST]}..."
    close = get_close_matches(name.lower(), names, n=3, cutoff=0.6)
    hint = f"did you mean {' or '.join(close)}? " if close else ""
    return InputError(f"unknown {kind} '{shown}': {hint}known are {', '.join(names)}")
