"""Where the view of weights gets them from: a file, or a lane of the lab as it was at one step."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from initscope.core.activations import Activation
from initscope.core.checks.convolutions import images_for
from initscope.core.checks.file import FileCheck, check_file, check_weights
from initscope.core.checks.live import passing, weights_of
from initscope.core.datasets.data import Dataset
from initscope.core.errors import InputError
from initscope.core.lanecopy import LaneCopy
from initscope.core.weights import Layering, Weights, find_layers, open_weights
from initscope.tui.copying import file_command

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Source:
    """Weights that are open."""

    weights: Weights
    layering: Layering
    kind: Activation | None
    """None where the activation is not known."""
    raw: Callable[[], BinaryIO]
    """Opens what the numbers lie in."""
    check: Callable[[Progress], FileCheck]
    """The check of them all. Raises InputError."""
    command: str = ""
    """What shows the same outside of the lab; empty for a lane's weights, which are of one moment."""


def of_file(path: Path, kind: Activation | None = None, dataset: Dataset | None = None) -> Source:
    """Raises InputError for a file without weights that can be read."""
    weights = open_weights(path)
    layering = find_layers(weights.tensors)
    if not layering.layers:
        weights.close()
        raise InputError(f"{path}: holds no layer's weights")
    return Source(
        weights,
        layering,
        kind,
        lambda: open(path, "rb"),
        lambda progress: check_file(path, kind, dataset, progress),
        file_command(path, kind, dataset),
    )


def of_file_beside(path: Path, kind: Activation, dataset: Dataset) -> Source:
    """A file with a lane's activation and, where its first layer takes them, the lane's data: it says neither."""
    source = of_file(path)
    with source.weights:
        fits = _fits(source.layering, dataset)
    return of_file(path, kind, dataset if fits else None)


def _fits(layering: Layering, dataset: Dataset) -> bool:
    chain = layering.chain
    if not chain or chain[0].kind != "conv":
        return bool(chain) and chain[0].inputs == dataset.features
    try:
        images_for(chain, dataset)
    except InputError:
        return False
    return True


async def of_lane_soon(copy: Future[LaneCopy], number: int, dataset: Dataset) -> Source:
    """A lane's, once its weights have been copied. Raises InputError."""
    return of_lane(await asyncio.wrap_future(copy), number, dataset)


def of_lane(copy: LaneCopy, number: int, dataset: Dataset) -> Source:
    """A lane's weights, `number` from 1, judged with its own activation and data."""
    spec, network = copy.spec, copy.network
    weights, layering = weights_of(network, f"lane {number} at step {copy.step:,}", spec.name)

    def check(progress: Progress) -> FileCheck:
        measured = passing(network, spec, dataset)
        return check_weights(weights, layering, BytesIO(), spec.activation, dataset, progress, measured)

    return Source(weights, layering, spec.activation, BytesIO, check)
