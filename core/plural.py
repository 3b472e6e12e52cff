"""Counts in words for people: `1 step`, `1,000 steps`."""


def plural(count: int, noun: str, many: str = "") -> str:
    """The number with its noun; `many` is the noun's plural where it is not made with an s."""
    return f"{count:,} {noun if count == 1 else many or f'{noun}s'}"


def are(count: int) -> str:
    """The verb for so many."""
    return "is" if count == 1 else "are"
