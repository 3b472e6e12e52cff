"""Which layers feed each other, by their sizes: the order of the file, of the names' numbers, or found."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

MAX_SEARCH = 12
"""The most layers whose order is searched for by their sizes alone."""
NUMBER = re.compile(r"(\d+)")


@dataclass(frozen=True)
class Link:
    """A layer as far as its neighbours see it."""

    place: int
    """Its number among the layers of the file."""
    name: str
    conv: bool
    inputs: int
    outputs: int
    undecided: bool
    """Whether inputs and outputs may as well be the other way round."""
    turned: bool = False


@dataclass(frozen=True)
class Chain:
    """The links in their order, empty where they do not fit."""

    links: tuple[Link, ...]
    why: str
    sure: Literal["certain", "likely", "guess"] = "likely"
    why_orientation: str = "so the layers feed each other"


def find_chain(links: Sequence[Link]) -> Chain:
    """The chain of all links: in their order, in that of the numbers in their names, or else the only one by size."""
    if not links:
        return Chain((), "no chain: there is no dense or convolutional layer")
    if len(links) == 1:
        link, why = links[0], "one layer alone"
        if not link.undecided:
            return Chain((link,), why)
        wide = _turn(link) if link.outputs > link.inputs else link
        return Chain((wide,), why, "guess", "a single matrix does not tell; taken with the longer axis as its inputs")
    orders = (
        (tuple(links), "in the order of the file"),
        (tuple(sorted(links, key=_natural)), "in the order of their names"),
    )
    for order, words in orders:
        readings = [reading for reading in _readings(order) if _fits(reading)]
        if readings:
            both = len(readings) > 1
            sure: Literal["likely", "guess"] = "guess" if both else "likely"
            why = "both readings fit; taken as x @ W" if both else "only so the layers feed each other"
            return Chain(readings[0], f"each layer's output fits the next one's input, {words}", sure, why)
    return _by_size(links)


def _readings(order: tuple[Link, ...]) -> list[tuple[Link, ...]]:
    """The links as they are, and with all the undecided ones read the other way (one file has one custom)."""
    if not any(link.undecided for link in order):
        return [order]
    return [order, tuple(_turn(link) if link.undecided else link for link in order)]


def _turn(link: Link) -> Link:
    return replace(link, inputs=link.outputs, outputs=link.inputs, turned=True)


def _fits(order: Sequence[Link]) -> bool:
    return all(_feeds(before, after) for before, after in pairwise(order))


def _feeds(before: Link, after: Link) -> bool:
    """Whether the outputs are the inputs; channels of a convolution may be flattened before a dense layer."""
    if after.conv and not before.conv:
        return False
    if before.conv and not after.conv:
        return after.inputs % before.outputs == 0
    if before.conv and before.outputs % after.inputs == 0:  # in groups, each of which sees its share
        return after.outputs % (before.outputs // after.inputs) == 0
    return before.outputs == after.inputs


def _natural(link: Link) -> list[tuple[bool, int, str]]:
    """Names so that 10 comes behind 9, and what is called output or head behind everything."""
    parts = NUMBER.split(link.name.lower())
    last = bool(re.search(r"(^|[._])(out|output|head|classifier|logits|final)", link.name.lower()))
    return [(last, 0, ""), *((False, int(part[:18]) if part.isdigit() else 0, part) for part in parts)]


def _by_size(links: Sequence[Link]) -> Chain:
    """The only order, if there is one, in which decided links fit."""
    misfit = next(((a, b) for a, b in pairwise(links) if not _feeds(a, b)), None)
    none = Chain((), "no chain: the sizes do not fit")
    if misfit is not None:
        before, after = misfit
        none = Chain((), f"no chain: '{before.name}' gives {before.outputs}, '{after.name}' takes {after.inputs}")
    if len(links) > MAX_SEARCH or any(link.undecided for link in links):
        return none
    found: list[tuple[Link, ...]] = []
    waiting: list[tuple[Link, ...]] = [(link,) for link in links]
    for _ in range(5000):
        if not waiting or len(found) > 1:
            break
        order = waiting.pop()
        if len(order) == len(links):
            found.append(order)
        waiting += [(*order, link) for link in links if link not in order and _feeds(order[-1], link)]
    if len(found) == 1:
        return Chain(found[0], "each layer's output fits the next one's input, in the only order that does")
    return none
