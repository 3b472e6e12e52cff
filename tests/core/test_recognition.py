"""Recognition of initializers: every entry by name, the plain families, precision, orientation, and trained weights."""

from math import log, pi, prod, sqrt
from time import perf_counter
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from initscope.core.errors import InputError
from initscope.core.initialization.distributions import Distribution, HalfNormal, Normal, TruncatedNormal, Uniform
from initscope.core.initialization.initializers import initializer
from initscope.core.recognition.candidates import NATS, alike, divergence, groups, log_likelihood
from initscope.core.recognition.fingerprints import Moments, _spread_of_lengths, fingerprint, right_angles
from initscope.core.recognition.goodness import distribution_function
from initscope.core.recognition.recognize import recognize

SHAPES = ((32, 32), (64, 32), (16, 3, 3, 3))
FAMILIES = (Uniform(-0.3, 0.7), Normal(0.2, 1.5), HalfNormal(0.4), TruncatedNormal(0.1, 0.5, -2.0, 2.0))


def fresh(name: str, shape: tuple[int, ...], seed: int = 0) -> NDArray[np.float64]:
    return initializer(name).of(shape).sample(np.random.default_rng(seed), shape)


def bfloat16(weights: NDArray[Any]) -> NDArray[np.float32]:
    bits = weights.astype(np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) & np.uint32(0xFFFF0000)).view(np.float32)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_entry_is_recognized_where_it_can_be(shape: tuple[int, ...]) -> None:
    wrong, told, trained = [], 0, 0
    for group in groups(shape):
        if not group.names or (len(shape) > 2 and initializer(group.names[0]).here.name in ("identity", "sparse")):
            continue
        for seed in range(3):
            found = recognize(fresh(group.names[0], shape, seed))
            trained += found.trained
            answer = found.distribution
            missed = answer is not None and group.names[0] not in found.names + found.otherwise
            if missed and answer and divergence(group.distribution, answer) * prod(shape) < NATS:
                continue
            told += 1
            if group.names[0] not in found.names + found.otherwise:
                wrong.append((group.names[0], seed, found.words))
    assert told > 100
    assert len(wrong) <= 0.02 * told, wrong
    assert trained <= 0.01 * told


@pytest.mark.parametrize(
    "name",
    ["torch.nn.Linear", "rand", "he_normal", "flax.Dense", "orthogonal", "constant", "sparse"],
)
@pytest.mark.parametrize("precision", ["float32", "float16", "bfloat16"])
def test_rounded_weights_are_recognized(name: str, precision: str) -> None:
    weights = fresh(name, (30, 784))
    found = recognize(bfloat16(weights) if precision == "bfloat16" else weights.astype(precision))
    assert name in found.names
    assert not found.trained


def test_bounds_that_rounding_hides_and_chance_of_sparse_matrices() -> None:
    bound = sqrt(6 / 814)  # just above the middle between two float16, so the last of them is hardly ever drawn
    for seed in range(20):
        drawn = np.random.default_rng(seed).uniform(-bound, bound, (30, 784)).astype(np.float16)
        assert "xavier_uniform" in recognize(drawn).names
    found = [recognize(fresh("sparse", (32, 32), seed)) for seed in range(100)]
    assert sum("sparse" in one.names for one in found) >= 98


def test_the_words_name_the_best_known_first() -> None:
    assert recognize(fresh("torch.nn.Linear", (30, 784))).words == "U(-0.0357, 0.0357): torch.nn.Linear's default"
    assert recognize(fresh("rand", (30, 784))).words == "mean 0.50, U[0, 1): np.random.rand"
    assert recognize(fresh("glorot_standard", (30, 784))).names == ("torch.nn.Linear", "glorot_standard")


def test_names_that_coincide_in_a_square_are_one_answer() -> None:
    names = recognize(fresh("xavier_normal", (64, 64))).names
    assert {"xavier_normal", "lecun_normal", "scaled_randn", "torch.xavier_normal_"} <= set(names)


def test_the_other_orientation_is_found_and_said() -> None:
    weights = fresh("torch.nn.Linear", (30, 784)).T
    found = recognize(weights)
    assert found.swapped
    assert found.fans == (784, 30)
    assert "torch.nn.Linear" in found.names
    assert "(in, out) array" in found.words
    with_biases = recognize(weights, biases=np.zeros(30))
    assert with_biases.swapped
    assert with_biases.names[0] == "glorot_standard"  # PyTorch's own biases would not be 0
    given = recognize(weights, fans=(784, 30))
    assert not given.swapped
    assert given.fans == (784, 30)
    assert given.names == ("torch.nn.Linear", "glorot_standard")


@pytest.mark.parametrize(
    ("drawn", "std"), [("torch.xavier_normal_:gain=tanh", sqrt(2 / 1024) * 5 / 3), ("randn:scale=0.3", 0.3)]
)
def test_gains_and_round_scales(drawn: str, std: float) -> None:
    found = recognize(fresh(drawn, (512, 512)))
    assert found.distribution is not None
    assert sqrt(found.distribution.variance) == pytest.approx(std, rel=1e-6)
    assert found.confidence > 0.8


@pytest.mark.parametrize("drawn", ["normal:mean=0.0431,std=0.01237", "uniform:low=0.1237,high=0.3719"])
def test_what_nothing_names_is_fitted_with_less_confidence(drawn: str) -> None:
    weights = fresh(drawn, (64, 64))
    found = recognize(weights)
    assert found.distribution is not None
    assert type(found.distribution) is type(initializer(drawn).of((64, 64)))
    assert found.distribution.mean == pytest.approx(weights.mean(), rel=0.05)
    assert found.confidence < 0.7
    assert "no initializer known by name" in found.words


@pytest.mark.parametrize("truth", FAMILIES)
def test_likelihood_is_that_of_the_entries(truth: Distribution) -> None:
    x = truth.sample(np.random.default_rng(0), (500,))
    m = Moments(x.size, float(x.mean()), float(x.var()), float(x.min()), float(x.max()))
    z = x - getattr(truth, "centre", 0.0)
    match truth:
        case Uniform(low=low, high=high):
            slow = -500 * log(high - low)
        case Normal(std=s) | TruncatedNormal(std=s) | HalfNormal(scale=s):
            kept = {Normal: 1.0, HalfNormal: 0.5}.get(type(truth), getattr(truth, "mass", 0.0))
            slow = float((-z * z / (2 * s * s) - log(s * sqrt(2 * pi) * kept)).sum())
    assert log_likelihood(truth, m) == pytest.approx(slow, rel=1e-5)
    assert log_likelihood(Uniform(x.min(), float(np.median(x))), m) == -np.inf


@pytest.mark.parametrize("truth", FAMILIES)
def test_distribution_functions_turn_draws_into_uniforms(truth: Distribution) -> None:
    u = np.sort(distribution_function(truth, truth.sample(np.random.default_rng(1), (20000,))))
    assert np.abs(u - (np.arange(u.size) + 0.5) / u.size).max() < 1.95 / sqrt(u.size)  # 1 in 1,000


def test_the_statistics_are_exact() -> None:
    weights = fresh("normal:mean=3,std=0.5", (700, 600)).astype(np.float32)
    weights[:5, :7] = 0
    found, exact = fingerprint(weights), weights.astype(np.float64)
    m = found.moments
    assert (m.low, m.high, found.zeros, m.bits) == (exact.min(), exact.max(), 35, 24)
    assert (m.mean, m.variance) == pytest.approx((exact.mean(), exact.var()))
    assert found.kurtosis == pytest.approx(((exact - exact.mean()) ** 4).mean() / exact.var() ** 2, rel=0.01)


def test_right_angles_against_the_singular_values() -> None:
    for shape in ((20, 50), (50, 20), (8, 3, 3, 3)):
        q = fresh("orthogonal:gain=1.5", shape)
        assert right_angles(q) == pytest.approx(1.5)
        q.reshape(shape[0], -1)[0] *= 1.2
        assert right_angles(q) is None


def test_structure_of_training_is_seen() -> None:
    rng = np.random.default_rng(3)
    start = fresh("torch.nn.Linear", (64, 100))
    spike = np.outer(rng.standard_normal(64), rng.standard_normal(100))
    found = recognize(start + 0.02 * spike)
    assert found.trained
    assert found.confidence > 0.99
    assert found.evidence[0].chance < 1e-6


@pytest.mark.parametrize("name", ["torch.nn.Linear", "randn", "keras.he_normal"])
def test_many_short_columns_differ_in_length_as_chance_has_it(name: str) -> None:
    """The last layer of a classifier: 10 weights a column, whose cube roots are not quite a chi-squared's."""
    called = [recognize(fresh(name, (10, 2048), seed)).trained for seed in range(30)]
    assert sum(called) <= 1


def test_lengths_of_short_columns_spread_as_the_delta_method_says() -> None:
    """Against draws: the variance of the cube roots of mean squares, beside 2/9 of that of a chi-squared."""
    rng, columns, length = np.random.default_rng(5), 200_000, 12
    for entries, known in ((rng.uniform(-1, 1, (columns, length)), 0.686), (rng.standard_normal((columns, length)), 0)):
        print_ = fingerprint(entries[:5000])
        assert _spread_of_lengths(print_.sample, print_.moments, print_.kurtosis) == pytest.approx(known, abs=0.06)
        squares = (entries**2).mean(axis=1)
        plain = 2 / 9 * (print_.kurtosis - 1) / 2 / length
        assert np.cbrt(squares / squares.mean()).var() / plain == pytest.approx(1 + known / length, rel=0.015)


def test_slight_training_still_shows_the_start() -> None:
    rng = np.random.default_rng(3)
    found = recognize(fresh("randn", (100, 200)) + 0.12 * np.outer(rng.standard_normal(100), rng.standard_normal(200)))
    assert found.trained
    assert found.names[0] == "randn"
    assert "close to its initialization" in found.words


def test_what_no_initializer_draws() -> None:
    pruned = fresh("randn", (64, 64)) * (np.random.default_rng(1).random((64, 64)) < 0.5)
    signs = np.sign(fresh("randn", (64, 64)))
    broken = np.array([[1.0, np.nan], [2.0, 3.0]])
    for weights, word in ((pruned, "zeros"), (signs, "2 different"), (broken, "finite")):
        found = recognize(weights)
        assert found.trained
        assert not found.names
        assert word in found.words + "".join(one.words for one in found.evidence)


@pytest.mark.parametrize("copies", [1, 16, 31])
@pytest.mark.parametrize("shape", [(32, 64), (32, 16, 3, 3)])
def test_copies_of_units_are_no_training(shape: tuple[int, ...], copies: int) -> None:
    rng, weights = np.random.default_rng(0), fresh("he_normal", shape)
    weights[32 - copies :] = weights[rng.integers(0, 32 - copies, copies)]
    rng.shuffle(weights)
    found = recognize(weights, fans=(prod(shape[1:]), shape[0] * prod(shape[2:])))
    assert (found.trained, found.copies) == (False, copies)
    assert "he_normal" in found.names
    assert f"({copies} of 32 units {'is a copy' if copies == 1 else 'are copies'} of" in found.words
    if len(shape) == 2:
        turned = recognize(np.ascontiguousarray(weights.T), fans=(64, 32))
        assert (turned.trained, turned.copies) == (False, copies)
        assert "of 32 inputs" in turned.words


def test_copies_that_are_none() -> None:
    pruned = fresh("randn", (64, 64))
    pruned[::3] = 0
    short = np.random.default_rng(0).integers(0, 2, (40, 4)).astype(float)
    near = fresh("randn", (64, 200))
    near[1] = near[0]
    near[1, 150] += 1
    for weights in (pruned, short, near, fresh("identity", (64, 32)), np.ones((30, 30)), np.full((9, 9), np.nan)):
        assert recognize(weights).copies == 0
    spike = np.outer(np.random.default_rng(1).standard_normal(64), np.random.default_rng(2).standard_normal(100))
    grown = fresh("torch.nn.Linear", (64, 100)) + 0.02 * spike
    grown[5] = grown[9]
    found = recognize(grown)
    assert (found.trained, found.copies) == (True, 1)


@pytest.mark.parametrize("exponent", [-320, -200, -165, -160, -110, 110, 150, 165, 200, 305])
def test_values_far_too_small_or_large_are_no_initializer(exponent: int) -> None:
    for shape in ((32, 32), (5, 4), (16, 3, 3, 3)):
        with np.errstate(all="ignore"):
            found = recognize(fresh("randn", shape) * 10.0**exponent)
        assert (found.trained, found.names) == (True, ())
        assert "far too large or small" in found.words
    assert recognize(np.full((9, 9), 10.0**exponent)).names[0].startswith("constant")


def test_pairs_that_cannot_be_told_apart_at_a_size() -> None:
    pairs = alike((30, 784))
    assert any(set(pair) == {"xavier_normal", "keras.random_normal"} for pair in pairs)  # 0.0496 and 0.05
    assert not any(set(pair) == {"xavier_normal", "xavier_uniform"} for pair in pairs)


@pytest.mark.parametrize("weights", [np.zeros(5), np.zeros((0, 3))])
def test_what_is_no_matrix_is_refused(weights: NDArray[np.float64]) -> None:
    with pytest.raises(InputError, match="two axes and an entry"):
        recognize(weights)


def test_large_matrices_take_no_time() -> None:
    weights = fresh("xavier_uniform", (2048, 2048)).astype(np.float32)
    start = perf_counter()
    found = recognize(weights)
    assert perf_counter() - start < 5
    assert "xavier_uniform" in found.names
