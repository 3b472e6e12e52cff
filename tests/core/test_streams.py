"""Streams of random numbers: the legacy one draws what the original programs drew."""

from itertools import pairwise

import numpy as np
import pytest

from initscope.core.errors import InputError
from initscope.core.initialization.initializers import initializer
from initscope.core.initialization.streams import SEEDED, Stream, stream

SIZES = (7, 5, 4, 3)


def drawn(kind: Stream, weights: str, biases: str, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    layers = [(np.empty((m, n)), np.empty(m)) for n, m in pairwise(SIZES)]
    kind.fill(layers, initializer(weights), initializer(biases), seed)
    return layers


def test_legacy_draws_nielsens_network() -> None:
    np.random.seed(11)  # noqa: NPY002
    biases = [np.random.randn(y, 1) for y in SIZES[1:]]  # noqa: NPY002
    weights = [np.random.randn(y, x) for x, y in pairwise(SIZES)]  # noqa: NPY002
    found = drawn(stream("legacy:order=biases_first"), "randn", "randn", 11)
    for (w, b), w_there, b_there in zip(found, weights, biases, strict=True):
        assert (w == w_there).all()
        assert (b == b_there.ravel()).all()


@pytest.mark.parametrize(("init", "factor"), [
    ("scaled_randn", lambda n: 1 / np.sqrt(n)), ("0.01*randn", lambda n: 0.01), ("he_normal", lambda n: np.sqrt(2 / n)),
])
def test_legacy_draws_layer_by_layer_with_zero_biases(init: str, factor) -> None:
    np.random.seed(3)  # noqa: NPY002
    there = [np.random.randn(m, n) * factor(n) for n, m in pairwise(SIZES)]  # noqa: NPY002
    for (w, b), expected in zip(drawn(stream("legacy"), init, "zeros", 3), there, strict=True):
        np.testing.assert_allclose(w, expected, rtol=4e-16)
        assert not b.any()


def test_legacy_rand_and_the_other_layout() -> None:
    np.random.seed(5)  # noqa: NPY002
    there = [np.random.rand(n, m).T for n, m in pairwise(SIZES)]  # noqa: NPY002
    for (w, _), expected in zip(drawn(stream("legacy:layout=in_out"), "rand", "zeros", 5), there, strict=True):
        assert (w == expected).all()


def test_the_other_layout_keeps_kernels_as_a_program_with_channels_last_has_them() -> None:
    np.random.seed(7)  # noqa: NPY002
    there = np.random.randn(3, 5, 2, 4)  # height, width, in, out  # noqa: NPY002
    weights = np.empty((4, 2, 3, 5))
    stream("legacy:layout=in_out").fill([(weights, np.empty(4))], initializer("randn"), initializer("zeros"), 7)
    assert (weights == there.transpose(3, 2, 0, 1)).all()


@pytest.mark.parametrize("name", ["orthogonal", "dirac", "delta_orthogonal"])
def test_whole_matrices_are_the_same_in_either_layout(name: str) -> None:
    made = []
    for text in ("legacy", "legacy:layout=in_out"):
        weights = np.empty((8, 4, 3, 3))
        stream(text).fill([(weights, np.empty(8))], initializer(name), initializer("zeros"), 1)
        made.append(weights)
    assert (made[0] == made[1]).all()


def test_seeded_weights_do_not_depend_on_other_layers_or_on_biases() -> None:
    first = drawn(SEEDED, "randn", "zeros", 1)
    second = drawn(SEEDED, "0.01*randn", "randn", 1)
    for (w, _), (small, _) in zip(first, second, strict=True):
        np.testing.assert_allclose(small, 0.01 * w, rtol=1e-15)


@pytest.mark.parametrize("text", ["seeded", "legacy", "legacy:order=biases_first", "legacy:layout=in_out"])
def test_reads_back(text: str) -> None:
    assert str(stream(text)) == text


@pytest.mark.parametrize(("text", "message"), [
    ("legcy", "did you mean legacy"), ("legacy:order=weights", "order of legacy"), ("seeded:x=1", "no parameters"),
])
def test_bad_streams(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        stream(text)


def test_seeds_that_numpy_refused_are_refused() -> None:
    with pytest.raises(InputError, match="at most 4294967295"):
        stream("legacy").check(2**32)
    SEEDED.check(2**32)
