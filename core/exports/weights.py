"""A lane's weights under PyTorch's names and in its layout, as .npz and .safetensors.

Names are those of `sequential`: `0.weight` (out, in) or (out, in, height, width), `0.bias`; of batch normalization
also running_mean, running_var and num_batches_tracked; of prelu the slope as `weight`, of one number.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from initscope.core.exports.sequential import Sequential, sequential
from initscope.core.exports.target import put_bytes, put_file
from initscope.core.layers import LearnedNonlinearity, Weighted
from initscope.core.network import Network
from initscope.core.norms import BatchNorm, LayerNorm
from initscope.core.spec import Spec
from initscope.core.training import Trainer

Array = NDArray[Any]

SAFE_NAMES = {"float64": "F64", "float32": "F32", "int64": "I64"}
"""The safetensors format's names of what we write."""
ALIGNED = 8
"""The header is padded such that tensors begin at a multiple of so many bytes, as the format asks for."""


@dataclass(frozen=True, eq=False)
class LaneWeights:
    """A copy of one lane's weights after `step` updates."""

    spec: Spec
    step: int
    tensors: Mapping[str, Array]
    """By PyTorch's names, in the order of the network."""

    @property
    def sequential(self) -> Sequential:
        return sequential(self.spec)


def of_network(network: Network, row: int, spec: Spec, step: int) -> LaneWeights:
    """Those of lane `row` of a network, which holds the lanes of one ensemble."""
    tensors: dict[str, Array] = {}
    for module in sequential(spec).modules:
        if module.layer is None:
            continue
        layer = network.layers[module.layer]
        found: dict[str, Array] = {}
        if isinstance(layer, Weighted):
            found = {"weight": layer.weights[row], "bias": layer.biases[row]}
        elif isinstance(layer, BatchNorm | LayerNorm):
            found = {"weight": layer.gains[row], "bias": layer.shifts[row]}
            if isinstance(layer, BatchNorm):
                found["running_mean"], found["running_var"] = layer.running_mean[row], layer.running_variance[row]
                found["num_batches_tracked"] = np.array(step)
        elif isinstance(layer, LearnedNonlinearity):
            found = {"weight": layer.slopes[row]}
        tensors |= {f"{module.path}.{name}": values.copy() for name, values in found.items()}
    return LaneWeights(spec, step, tensors)


def of_trainer(trainer: Trainer) -> tuple[LaneWeights, ...]:
    """Those of all lanes as they are now; to be called by the thread that trains, between two yields of `run`."""
    found = {}
    for ensemble in trainer.ensembles:
        for row, lane in enumerate(ensemble.lanes):
            step = trainer.step if lane.status == "training" else lane.steps
            found[lane.index] = of_network(ensemble.network, row, lane.spec, step)
    return tuple(found[index] for index in sorted(found))


def write_npz(path: Path, lane: LaneWeights) -> Path:
    """One array for each tensor, by its name; torch.from_numpy makes a state_dict of them. Raises InputError."""

    def write(file: IO[bytes]) -> None:
        tensors: dict[str, Any] = dict(lane.tensors)
        np.savez(file, **tensors)

    return put_file(path, write)


def write_safetensors(path: Path, lane: LaneWeights) -> Path:
    """For safetensors.torch.load_file; its metadata say how the network is made. Raises InputError."""
    return put_bytes(path, safetensors(lane))


def safetensors(lane: LaneWeights) -> bytes:
    """The file: 8 bytes of length, a header in JSON, then all tensors, little-endian, without gaps.

    https://github.com/huggingface/safetensors, section "Format". Wider types come first, so that all are aligned.
    """
    metadata = {
        "format": "pt",
        "initscope": lane.spec.command(),
        "step": str(lane.step),
        "torch": lane.sequential.expression,
    }
    header: dict[str, Any] = {"__metadata__": metadata}
    order = sorted(lane.tensors.items(), key=lambda item: -item[1].itemsize)
    pieces, at = [], 0
    for name, values in order:
        raw = np.ascontiguousarray(values, values.dtype.newbyteorder("<")).tobytes()
        span = [at, at + len(raw)]
        header[name] = {"dtype": SAFE_NAMES[values.dtype.name], "shape": list(values.shape), "data_offsets": span}
        pieces.append(raw)
        at += len(raw)
    text = json.dumps(header, separators=(",", ":")).encode("ascii")
    text += b" " * (-len(text) % ALIGNED)
    return b"".join([len(text).to_bytes(8, "little"), text, *pieces])
