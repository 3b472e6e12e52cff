"""Looks at tensors on a thread of its own, so that the keys never wait for the disk."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from initscope.core.checks.file import FileCheck, LayerCheck, check_seen, outputs_first
from initscope.core.checks.statistics import Array, Floats, Look, Stopped, look
from initscope.core.errors import InputError
from initscope.core.initialization.sampling import expected_shares
from initscope.core.plural import plural
from initscope.core.weights import Layering, LayerWeights, Tensor
from initscope.tui.latest import Latest
from initscope.tui.weightssource import Source

SAMPLE, CORNER, BINS = 2**20, 256, 60
REMEMBERED = 64
"""Tensors whose pictures are kept."""
TAILS = 5.0
"""Standard deviations from the mean at which a histogram ends, where its values reach further."""


@dataclass(frozen=True, eq=False)
class Entry:
    """A line of the list: all layers, a layer's weight, its bias, or what belongs to no layer."""

    label: str
    tensor: Tensor | None = None
    layer: LayerWeights | None = None
    """Of weights."""
    number: int = 0
    """Of the layer, from 1."""


@dataclass(frozen=True, eq=False)
class Picture:
    """One tensor, ready to be drawn."""

    entry: Entry
    look: Look
    check: LayerCheck | None
    """Of a layer's weights."""
    edges: Floats
    counts: NDArray[np.int64]
    """Of the sample's values between the edges."""
    expected: Floats | None
    """The shares that the recognized initializer is expected to have in each bin."""
    corner: Array
    """The first rows and columns of the tensor as a matrix."""


Shown = Picture | FileCheck | str
"""A string is what went wrong."""


def entries(layering: Layering) -> tuple[Entry, ...]:
    """The list: all layers, then each with its bias below it, and the rest."""
    found = [Entry("all layers")]
    for number, layer in enumerate(layering.layers, 1):
        found.append(Entry(f"{number} {layer.name}", layer.weight, layer, number))
        if layer.bias is not None:
            found.append(Entry("  bias", layer.bias))
    return (*found, *(Entry(f"- {tensor.name}", tensor) for tensor in layering.rest))


class Viewer(Latest[int]):
    """Looks at one entry at a time, by its place among them, on a thread of its own."""

    def __init__(self, source: Source) -> None:
        self.path: Path = source.weights.path
        self.layering, self.kind = source.layering, source.kind
        self.command = source.command
        self.entries = entries(source.layering)
        self.progress = ""
        """How far all layers have been looked at."""
        self._source = source
        self._found: dict[int, Shown] = {}
        super().__init__("initscope-viewer")

    def shown(self, place: int) -> Shown | None:
        """What there is of an entry; None while it is being looked at."""
        return self._found.get(place)

    def _work(self) -> None:
        try:
            with self._source.raw() as self._raw:
                super()._work()
        finally:
            self._source.weights.close()

    def _do(self, place: int) -> None:
        if place in self._found:
            return
        entry = self.entries[place]
        try:
            found: Shown = self._whole() if entry.tensor is None else self._picture(place, entry, entry.tensor)
        except Stopped:
            return
        except InputError as error:
            found = str(error)
        if len(self._found) >= REMEMBERED:
            self._found = {0: self._found[0]} if 0 in self._found else {}
        self._found[place] = found

    def _whole(self) -> FileCheck:
        def progress(done: int, total: int) -> None:
            self.progress = f"{done} of {plural(total, 'layer')}"
            if self.stale(0):
                raise Stopped

        return self._source.check(progress)

    def _picture(self, place: int, entry: Entry, tensor: Tensor) -> Picture:
        layer, raw = entry.layer, self._raw
        seen = look(raw, tensor, layer is None or outputs_first(layer), SAMPLE, lambda: self.stale(place))
        check = check_seen(raw, entry.number, layer, self.layering, self.kind, seen) if layer else None
        with np.errstate(all="ignore"):
            return picture(entry, seen, check)


def picture(entry: Entry, seen: Look, check: LayerCheck | None) -> Picture:
    """Histogram, expected shares and corner of what was looked at."""
    values = np.asarray(seen.sample.real, dtype=np.float64)
    edges = _edges(seen)
    counts = np.histogram(values[np.isfinite(values)], edges)[0]
    found = check.recognition if check else None
    known = found.distribution if found and (not found.trained or found.names) else None
    expected = expected_shares(known, edges) if known is not None else None
    rows = values.reshape(len(values) if values.ndim > 1 else 1, -1)
    if check and not check.layer.transposed and len(check.layer.weight.shape) > 2:
        rows = values.reshape(-1, values.shape[-1])
    return Picture(entry, seen, check, edges, counts, expected, rows[:CORNER, :CORNER].copy())


def _edges(seen: Look) -> Floats:
    """Bins over the values, or over all but far outliers."""
    s = seen.statistics
    if not s.low <= s.high:
        return np.linspace(-1, 1, BINS + 1)
    low, high = max(s.low, s.mean - TAILS * s.std), min(s.high, s.mean + TAILS * s.std)
    if not low < high:
        low, high = s.low - (abs(s.low) or 1) / 2, s.high + (abs(s.high) or 1) / 2
    margin = 0.02 * (high - low)
    return np.linspace(low - margin, high + margin, BINS + 1)
