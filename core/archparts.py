"""The parts of an architecture's text, what each looks like, and what the text says of its input."""

import re

from initscope.core.errors import InputError
from initscope.core.shapes import Volume

DENSE = re.compile(r"([0-9]+)(?:x([0-9]+))?")
IMAGE = re.compile(r"([0-9]+)x([0-9]+)(?:x([0-9]+))?")
CONVOLUTION = re.compile(r"([0-9]+)c([0-9]+)(?:s([0-9]+))?(?:p([0-9]+))?(?:x([0-9]+))?")
POOL = re.compile(r"([pa])([0-9]+)(?:s([0-9]+))?")
DROPOUT = re.compile(r"d(0?\.[0-9]+|0|1)")
BLOCK = re.compile(r"r\((.*)\)(?:x([0-9]+))?")


def parts(text: str) -> list[str]:
    """The parts of an architecture: dashes inside parentheses separate nothing."""
    found, depth = [""], 0
    for letter in text.strip().lower():
        depth += (letter == "(") - (letter == ")")
        if letter == "-" and depth <= 0:
            found.append("")
        else:
            found[-1] += letter
    return found


def names_input(text: str) -> bool:
    """Whether the first part says what goes in; otherwise the data do, and it is the first layer."""
    first = parts(text)[0]
    starts = (CONVOLUTION, POOL, BLOCK, DROPOUT)
    return first not in ("g", "bn", "ln") and not any(pattern.fullmatch(first) for pattern in starts)


def short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}..."


def too_large(text: str, count: str, most: int) -> InputError:
    return InputError(
        f"architecture '{short(text)}': {count} parameters are more than the {most:,} that fit this tool; "
        "use narrower layers"
    )


def volume_of(shape: tuple[int, ...]) -> tuple[Volume, bool] | None:
    """(channels, height, width) of an example of the data and whether its channels lie last; None for no image.

    Three axes are (height, width, channels), unless only the first can be channels: 1, 3 or 4 of them.
    """
    if len(shape) == 2:
        return (1, shape[0], shape[1]), False
    if len(shape) != 3:
        return None
    few = (1, 3, 4)
    if shape[0] in few and shape[2] not in few:
        return (shape[0], shape[1], shape[2]), False
    return (shape[2], shape[0], shape[1]), shape[2] > 1
