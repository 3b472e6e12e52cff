"""Initializers that would work for the network whose weights somebody saved."""

from collections.abc import Sequence

import numpy as np

from initscope.core import spec
from initscope.core.activations import Activation
from initscope.core.checks.convolutions import Images, groups_of
from initscope.core.checks.statistics import Floats
from initscope.core.datasets.data import Dataset
from initscope.core.diagnosis.findings import Blame, Finding
from initscope.core.diagnosis.remedies import Candidate, ranked
from initscope.core.errors import InputError
from initscope.core.weights.layers import LayerWeights

Network = tuple[spec.Spec, Dataset]


def candidates(network: Network | None, findings: Sequence[Finding]) -> tuple[Candidate, ...]:
    """The best first, if the initialization is to blame and the network is known."""
    if network is None or not any(finding.blame is Blame.INITIALIZATION for finding in findings):
        return ()
    return ranked(*network)


def network_of(
    chain: Sequence[LayerWeights], kind: Activation, x: Floats, dataset: Dataset | None, images: Images | None = None
) -> Network | None:
    """A network like a chain, as if trained by adam; `x` are inputs it was tried on.

    On random labels where the data's classes are not the network's outputs. None where it cannot be written.
    """
    text = "-".join(str(size) for size in (chain[0].inputs, *(layer.outputs for layer in chain)))
    if images is not None:
        text = _with_convolutions(chain, images)
    outputs = chain[-1].outputs
    classes = 2 if outputs == 1 else outputs
    if dataset is None or dataset.classes != classes or images is not None:
        labels = np.arange(len(x)) % classes
        shape = (x.shape[1],) if images is None else (*images.side, chain[0].inputs)
        dataset = Dataset("inputs", x, labels, x, labels, classes, "", shape)
    try:
        wanted = {"arch": text, "activation": str(kind), "loss": "cross_entropy", "optimizer": "adam"}
        return (spec.read(wanted, dataset), dataset) if text else None
    except InputError:  # more weights than a run may have
        return None


def _with_convolutions(chain: Sequence[LayerWeights], images: Images) -> str:
    """The chain on its images, with a stride where places are read apart; empty where it cannot be written."""
    convs = [layer for layer in chain if layer.kind == "conv"]
    sizes = [round((layer.fan_in / layer.inputs) ** 0.5) for layer in convs]
    square = all(k * k * layer.inputs == layer.fan_in and k % 2 for k, layer in zip(sizes, convs, strict=True))
    plain = len(images.side) == 2 and set(groups_of(chain)) == {1} and images.apart[0] == images.apart[1]
    if not square or not plain or len(chain) == len(convs):
        return ""
    parts = ["x".join(map(str, (*images.side, chain[0].inputs)))]
    parts += [f"{layer.outputs}c{k}" for layer, k in zip(convs, sizes, strict=True)]
    parts[-1] += f"s{images.apart[0]}" if images.apart[0] > 1 else ""
    return "-".join([*parts, *(str(layer.outputs) for layer in chain[len(convs) :])])
