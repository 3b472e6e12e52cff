"""Weights as a whole: identities, sparse matrices, and the kernels of convolutions, entry by entry."""

from itertools import product
from math import ceil, inf, sqrt

import numpy as np
import pytest

from initscope.core.errors import InputError
from initscope.core.initialization.initializers import CATALOGUE, fans, initializer

DENSE = [(30, 784), (20, 7), (7, 20), (9, 9), (1, 1)]
KERNELS = [(16, 3, 3, 3), (8, 8, 5, 1), (6, 4, 2, 2), (5, 5, 3), (4, 2, 3, 1, 2)]
FITTING = {
    "identity": DENSE, "identity:gain=-0.5": DENSE, "sparse": DENSE, "sparse:std=2,sparsity=0.35": DENSE,
    "dirac": [*KERNELS, (3, 8, 3, 3)], "delta_orthogonal": KERNELS, "delta_orthogonal:gain=-3": KERNELS,
    "orthogonal:gain=2": [*DENSE, *KERNELS, (8, 16, 3, 3)],
}  # fmt: skip
CASES = [(text, shape) for text, shapes in FITTING.items() for shape in shapes]


def drawn(text: str, shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    return initializer(text).sample(np.random.default_rng(seed), shape, *fans(shape))


def test_every_entry_for_weights_only_is_held_here() -> None:
    whole = {"fixup", "lsuv"}  # in a single layer those are he_normal and orthogonal
    assert {text.partition(":")[0] for text in FITTING} | whole == {n for n, d in CATALOGUE.items() if d.axes > 1}


@pytest.mark.parametrize(
    ("shape", "expected"), [((30, 784), (784, 30)), ((16, 3, 5, 4), (60, 320)), ((8, 2, 3), (6, 24))]
)
def test_fans_count_the_connections_of_a_unit(shape: tuple[int, ...], expected: tuple[int, int]) -> None:
    assert fans(shape) == expected


@pytest.mark.parametrize(("text", "shape"), CASES)
def test_moments_are_those_of_a_random_entry(text: str, shape: tuple[int, ...]) -> None:
    """Mean and mean square over all entries do not depend on the draw, except for `sparse`."""
    made, weights = initializer(text).of(shape), drawn(text, shape)
    assert weights.shape == shape
    assert weights.dtype == np.float64
    low, high = made.bounds
    slack = 1e-15 * abs(weights).max()
    assert low - slack <= weights.min()
    assert weights.max() <= high + slack
    second = made.variance + made.mean**2
    if text.startswith("sparse"):
        kept = np.count_nonzero(weights)
        std = initializer(text).values["std"]
        assert made.mean == 0
        assert made.variance == pytest.approx(std**2 * kept / weights.size, rel=1e-12)
        return
    assert (weights**2).mean() == pytest.approx(second, rel=1e-12)
    if "orthogonal" not in text:
        assert weights.mean() == pytest.approx(made.mean, rel=1e-12)


@pytest.mark.parametrize("shape", DENSE)
def test_identity_passes_units_on(shape: tuple[int, int]) -> None:
    weights = drawn("identity:gain=0.5", shape)
    for row, column in product(*map(range, shape)):
        assert weights[row, column] == (0.5 if row == column else 0)


@pytest.mark.parametrize("shape", DENSE)
@pytest.mark.parametrize("sparsity", [0.0, 0.1, 0.5, 0.9, 0.99])
def test_sparse_has_the_same_number_of_zeros_in_each_column(shape: tuple[int, int], sparsity: float) -> None:
    weights = drawn(f"sparse:std=3,sparsity={sparsity}", shape)
    assert ((weights == 0).sum(axis=0) == ceil(sparsity * shape[0])).all()


def test_sparse_keeps_normals_at_any_place_alike() -> None:
    weights = np.stack([drawn("sparse:std=3,sparsity=0.7", (10, 4), seed) for seed in range(2000)])
    zero = (weights == 0).mean(axis=0)
    assert abs(zero - 0.7).max() < 5 * sqrt(0.21 / 2000)
    kept = weights[weights != 0]
    assert abs(kept.std() - 3) < 5 * 3 / sqrt(2 * kept.size)
    assert initializer("sparse").bounds(784, 30) == (-inf, inf)
    rng = np.random.default_rng(4)
    same = 3 * rng.standard_normal((10, 4))
    made = drawn("sparse:std=3,sparsity=0.7", (10, 4), 4)
    np.testing.assert_array_equal(made[made != 0], same[made != 0])


@pytest.mark.parametrize("shape", FITTING["dirac"])
def test_a_dirac_convolution_passes_channels_on(shape: tuple[int, ...]) -> None:
    weights = drawn("dirac", shape)
    centre = tuple(k // 2 for k in shape[2:])
    for place in product(*map(range, shape)):
        assert weights[place] == float(place[0] == place[1] and place[2:] == centre)


@pytest.mark.parametrize("shape", KERNELS)
def test_delta_orthogonal_is_a_rotation_at_the_centre(shape: tuple[int, ...]) -> None:
    weights = drawn("delta_orthogonal:gain=3", shape)
    centre = tuple((k - 1) // 2 for k in shape[2:])
    q = weights[(slice(None), slice(None), *centre)].copy() / 3
    np.testing.assert_allclose(q.T @ q, np.eye(shape[1]), atol=1e-14)
    weights[(slice(None), slice(None), *centre)] = 0
    assert not weights.any()
    np.testing.assert_array_equal(q * 3, drawn("orthogonal:gain=3", shape[:2]))


@pytest.mark.parametrize(
    "name", [name for name, definition in CATALOGUE.items() if definition.axes == 1 and definition.formula != "W = 0"]
)
def test_plain_entries_draw_convolutions_with_their_fans(name: str) -> None:
    shape = (24, 16, 3, 5)
    made, fan_in, fan_out = initializer(name), 16 * 15, 24 * 15
    weights = drawn(name, shape)
    mean, variance = made.mean(fan_in, fan_out), made.variance(fan_in, fan_out)
    assert made.of(shape).variance == variance
    assert weights.shape == shape
    assert abs(weights.mean() - mean) <= 5 * sqrt(variance / weights.size)
    assert abs(((weights - mean) ** 2).mean() - variance) <= 5 * variance * sqrt(4 / weights.size)


@pytest.mark.parametrize(
    ("text", "shape", "message"),
    [
        ("dirac", (30, 784), r"convolution.*not the 30x784 matrix of a dense layer: use identity"),
        ("delta_orthogonal", (30, 784), r"convolution.*not the 30x784 matrix of a dense layer: use orthogonal"),
        ("torch.dirac_", (30, 784), "use identity"),
        ("delta_orthogonal", (3, 16, 3, 3), "at least as many channels out as in, not 16 in and 3 out"),
        ("identity", (16, 3, 3, 3), "cannot fill a convolution's"),
        ("sparse", (16, 3, 3, 3), "cannot fill a convolution's"),
        ("identity", (30,), r"cannot draw biases.*zeros"), ("sparse", (30,), r"cannot draw biases.*zeros"),
        ("dirac", (30,), r"cannot draw biases.*zeros"), ("keras.identity", (30,), r"cannot draw biases.*zeros"),
    ],
)  # fmt: skip
def test_shapes_that_do_not_fit_are_refused(text: str, shape: tuple[int, ...], message: str) -> None:
    made = initializer(text)
    with pytest.raises(InputError, match=message):
        made.sample(np.random.default_rng(0), shape, 784, 30)
    if len(shape) > 1:
        with pytest.raises(InputError, match=message):
            made.of(shape)


def test_what_an_initializer_needs_is_known() -> None:
    needs = {name: (initializer(name).needs_matrix, initializer(name).needs_convolution) for name in CATALOGUE}
    assert {name for name, (matrix, _) in needs.items() if matrix} == {
        "orthogonal", "identity", "sparse", "dirac", "delta_orthogonal", "lsuv", "fixup"
    }  # fmt: skip
    assert {name for name, (_, kernel) in needs.items() if kernel} == {"dirac", "delta_orthogonal"}
    assert initializer("torch.dirac_").needs_convolution
    assert initializer("keras.orthogonal").needs_matrix
    assert not initializer("torch.nn.Linear.bias").needs_matrix
