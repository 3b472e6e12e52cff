"""Small pictures of two classes for networks with convolutions."""

import numpy as np

from initscope.core.datasets.data import Dataset


def images() -> Dataset:
    """200 and 100 pictures of 6x6: a bright row (class 0) or a bright column (class 1) in noise."""
    rng = np.random.default_rng(0)
    x = 0.3 * rng.standard_normal((300, 6, 6))
    labels, places = np.arange(300) % 2, rng.integers(0, 6, 300)
    for picture, label, place in zip(x, labels, places, strict=True):
        picture[(place, slice(None)) if label == 0 else (slice(None), place)] += 1
    flat = x.reshape(300, 36)
    return Dataset("bars", flat[:200], labels[:200], flat[200:], labels[200:], 2, "bars in noise", (6, 6))
