"""Initializers that would work for the network whose weights somebody saved."""

from collections.abc import Sequence

import numpy as np

from initscope.core import spec
from initscope.core.activations import Activation
from initscope.core.checks.statistics import Floats
from initscope.core.datasets.data import Dataset
from initscope.core.diagnosis.findings import Blame, Finding
from initscope.core.diagnosis.remedies import Candidate, ranked
from initscope.core.errors import InputError
from initscope.core.weights.layers import LayerWeights


def candidates(
    chain: Sequence[LayerWeights], kind: Activation, x: Floats, dataset: Dataset | None, findings: Sequence[Finding]
) -> tuple[Candidate, ...]:
    """The best first, for a chain of dense layers, if the initialization is to blame; `x` are inputs it was tried on.

    Judged as if trained by adam, on random labels where the data's classes are not the network's outputs.
    """
    if not any(finding.blame is Blame.INITIALIZATION for finding in findings):
        return ()
    outputs = chain[-1].outputs
    classes = 2 if outputs == 1 else outputs
    if dataset is None or dataset.classes != classes:
        labels = np.arange(len(x)) % classes
        dataset = Dataset("inputs", x, labels, x, labels, classes, "", (x.shape[1],))
    sizes = [chain[0].inputs, *(layer.outputs for layer in chain)]
    try:
        wanted = {"arch": "-".join(map(str, sizes)), "activation": str(kind)}
        return ranked(spec.read({**wanted, "loss": "cross_entropy", "optimizer": "adam"}, dataset), dataset)
    except InputError:  # more weights than a run may have
        return ()
