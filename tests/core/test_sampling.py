"""Samples beside their expectation: against plain integration, binomials, and counts of very many draws."""

from math import comb, erf, exp, fsum, gamma, inf, isinf, log, pi, prod, sqrt

import numpy as np
import pytest

from initscope.core.errors import InputError
from initscope.core.initialization import sampling
from initscope.core.initialization.distributions import Constant, HalfNormal, Normal, TruncatedNormal, Uniform
from initscope.core.initialization.initializers import initializer
from initscope.core.initialization.sampling import Moment, draw, expected_shares, log_all_near_zero, log_near_zero
from initscope.core.initialization.structured import DeltaOrthogonal, Dirac, Identity, Orthogonal, Sparse

SMOOTH = [
    (Uniform(-0.3, 0.8), lambda x: 1 / 1.1 if -0.3 < x < 0.8 else 0.0),
    (Normal(0.5, -2.0), lambda x: exp(-(((x - 0.5) / 2) ** 2) / 2) / (2 * sqrt(2 * pi))),
    (HalfNormal(-1.5), lambda x: 2 * exp(-((x / 1.5) ** 2) / 2) / (1.5 * sqrt(2 * pi)) if x < 0 else 0.0),
    (
        TruncatedNormal(0.2, 0.5, -2.0, 1.0),
        lambda x: (
            exp(-(((x - 0.2) / 0.5) ** 2) / 2) / (0.5 * sqrt(2 * pi)) / ((erf(sqrt(2)) + erf(1 / sqrt(2))) / 2)
            if -0.8 < x < 0.7
            else 0.0
        ),
    ),
    (
        Orthogonal(-2.0, 9),
        lambda x: (1 - x * x / 4) ** 3 * gamma(4.5) / (gamma(4) * sqrt(pi)) / 2 if abs(x) < 2 else 0.0,
    ),
]  # fmt: skip
MANY = ["rand", "randn", "0.01*randn", "abs_randn", "truncated_normal", "he_normal", "orthogonal", "sparse", "identity"]


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def by_hand(density, low: float, high: float, parts: int = 4000) -> float:
    """The midpoint rule."""
    width = (high - low) / parts
    return fsum(density(low + (k + 0.5) * width) for k in range(parts)) * width


@pytest.mark.parametrize(("distribution", "density"), SMOOTH)
def test_shares_are_the_integral_of_the_density(distribution, density) -> None:
    edges = np.linspace(-3, 3, 14)
    found = expected_shares(distribution, edges)
    for share, low, high in zip(found, edges[:-1], edges[1:], strict=True):
        assert share == pytest.approx(by_hand(density, low, high), abs=2e-4)
    assert expected_shares(distribution, np.linspace(-30, 30, 8)).sum() == pytest.approx(1.0, abs=1e-12)
    assert expected_shares(distribution, np.array([50.0, 60.0])) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("name", MANY)
def test_histograms_of_many_draws_agree_with_the_shares(name: str) -> None:
    one = draw(initializer(name), (40, 60), 120_000, rng())
    edges = sampling.shared_edges([one], 23)
    counts, shares = np.histogram(one.values, edges)[0], expected_shares(one.distribution, edges)
    assert counts.sum() == 120_000
    assert shares.sum() == pytest.approx(1.0, abs=1e-4)
    assert np.all(np.abs(counts / 120_000 - shares) <= 5.5 * np.sqrt(shares / 120_000) + 1e-6)


@pytest.mark.parametrize(
    ("distribution", "edges", "shares"),
    [
        (Constant(0.5), [0, 0.5, 1], [0, 1]), (Constant(1.0), [0, 0.5, 1], [0, 1]),
        (Normal(1.0, 0.0), [0, 0.9, 2], [0, 1]),
        (Identity(2.0, 5), [-1, 1, 3], [0.8, 0.2]), (Dirac(1.0, 4, 9), [-1, 0.5, 1], [35 / 36, 1 / 36]),
        (Orthogonal(3.0, 1), [-3, 0, 3], [0.5, 0.5]), (Orthogonal(1.0, 3), [-1, 0, 0.5, 1], [0.5, 0.25, 0.25]),
        (Orthogonal(1.0, 2), [-1, 0, sqrt(0.5), 1], [0.5, 0.25, 0.25]),
        (Sparse(1.0, 0.9, 10), [-9, 0, 9], [0.05, 0.95]),
        (DeltaOrthogonal(1.0, 3, 9), [-1, -0.5, 1], [1 / 36, 35 / 36]),
    ],
)  # fmt: skip
def test_shares_of_what_has_single_values(distribution, edges: list[float], shares: list[float]) -> None:
    assert expected_shares(distribution, np.array(edges, dtype=float)) == pytest.approx(shares, abs=1e-12)


def test_the_reference_numbers() -> None:
    small = initializer("0.001*randn").of((4, 3))
    assert exp(log_near_zero(small, 1e-5)) == pytest.approx(erf(0.01 / sqrt(2)), rel=1e-13)
    assert round(exp(log_near_zero(small, 1e-5)), 5) == 0.00798
    every = log_all_near_zero(small, (4, 3), 1e-5)
    assert every is not None
    assert f"{exp(every):.0e}" == "7e-26"
    hundred = Moment(0.2245, 0.0, 0.1)
    assert hundred.z == pytest.approx(2.245)
    assert hundred.chance is not None
    assert round(1 / hundred.chance) == 40


@pytest.mark.parametrize("eps", [1e-300, 1e-12, 0.3, 2.0, 8.0, 30.0])
@pytest.mark.parametrize(("distribution", "density"), SMOOTH)
def test_the_chance_near_zero_is_that_of_the_density(distribution, density, eps: float) -> None:
    found = exp(log_near_zero(distribution, eps))
    if eps < 1e-9:
        assert found == pytest.approx((density(-eps) + density(eps)) * eps, rel=1e-9)
    else:
        reach = min(eps, 10.0)
        assert found == pytest.approx(by_hand(density, -reach, reach, 40_001), abs=5e-4)  # half a step at a jump


def test_chances_below_float64_are_in_logs() -> None:
    far = log_near_zero(Normal(100.0, 1.0), 1e-9)
    assert far == pytest.approx(-5000 - log(2 * pi) / 2 + log(2e-9), rel=1e-12)
    tail = log_near_zero(Normal(100.0, 1.0), 50.0)
    assert tail == pytest.approx(-1250 - log(50 * sqrt(2 * pi)) + log(1 - 1 / 2500 + 3 / 50**4), rel=1e-10)
    edge = log_near_zero(Normal(60.0, 1.0), 35.0), log_near_zero(Normal(60.0, 1.0), 35.0 + 1e-9)
    assert edge[1] - edge[0] == pytest.approx(25e-9, rel=0.1)
    every = log_all_near_zero(Uniform(0.0, 1.0), (30, 784), 1e-5)
    assert every == pytest.approx(30 * 784 * log(1e-5))


@pytest.mark.parametrize(
    ("distribution", "shape", "eps", "expected"),
    [
        (Constant(0.0), (3, 4), 1e-9, 0.0), (Constant(0.1), (3, 4), 1e-5, -inf), (Identity(1.0, 4), (3, 4), 0.5, -inf),
        (Identity(0.1, 4), (3, 4), 0.5, 0.0), (Orthogonal(1.0, 4), (3, 4), 0.4, -inf),
        (Sparse(0.0, 0.5, 4), (4, 2), 1e-9, 0.0),
        (Orthogonal(1.0, 4), (3, 4), 0.6, None), (Orthogonal(1.0, 4), (3, 4), 1.1, 0.0),
        (DeltaOrthogonal(1.0, 16, 9), (16, 3, 3, 3), 0.2, -inf), (Uniform(0.5, 1.0), (2, 2), 0.1, -inf),
        (Sparse(2.0, 0.5, 4), (4, 3), 0.1, 6 * log(erf(0.05 / sqrt(2)))),
    ],
)  # fmt: skip
def test_all_weights_near_zero(distribution, shape: tuple[int, ...], eps: float, expected: float | None) -> None:
    found = log_all_near_zero(distribution, shape, eps)
    if expected is None or isinf(expected):
        assert found == expected
    else:
        assert found == pytest.approx(expected, rel=1e-10)


def test_no_orthogonal_matrix_is_as_small_as_is_called_impossible() -> None:
    generator = rng(3)
    least = min(np.abs(Orthogonal(1.0, 2).sample(generator, (2, 2))).max() for _ in range(400))
    assert 1 / sqrt(2) <= least < 0.72


@pytest.mark.parametrize("name", ["rand", "randn", "abs_randn", "truncated_normal", "uniform:low=-3,high=-1"])
def test_z_scores_are_standard(name: str) -> None:
    """400 samples of 400 draws: the z of mean and std have mean 0 and std 1."""
    generator, rule = rng(1), initializer(name)
    samples = [draw(rule, (2, 2), 400, generator) for _ in range(400)]
    for scores in ([one.mean.z for one in samples], [one.std.z for one in samples]):
        assert abs(np.mean(scores)) < 4 / sqrt(400)
        assert abs(np.std(scores) - 1) < 0.16
    chances = np.array([one.mean.chance for one in samples])
    assert abs((chances < 0.5).mean() - 0.5) < 0.1


def test_the_kurtosis_of_a_truncated_normal() -> None:
    draws = TruncatedNormal(1.0, 3.0, -1.0, 2.5).sample(rng(), (400_000,))
    away = draws - draws.mean()
    assert sampling.kurtosis(TruncatedNormal(1.0, 3.0, -1.0, 2.5)) == pytest.approx(
        (away**4).mean() / (away**2).mean() ** 2, rel=0.01
    )
    assert sampling.kurtosis(TruncatedNormal(0.0, 1.0, -90.0, 90.0)) == pytest.approx(3.0, rel=1e-9)
    assert sampling.kurtosis(TruncatedNormal(0.0, 1.0, -1e-3, 1e-3)) == pytest.approx(1.8, rel=1e-5)


def test_there_is_no_error_where_entries_depend_or_nothing_is_random() -> None:
    for name in ("orthogonal", "sparse", "identity"):
        one = draw(initializer(name), (5, 4), 50, rng())
        assert not one.independent
        assert (one.mean.error, one.std.error, one.mean.z, one.mean.chance) == (None,) * 4
    fixed = draw(initializer("constant:value=0.1"), (5, 4), 999, rng())
    assert (fixed.std.sample, fixed.std.error, fixed.mean.z, fixed.std.z) == (0.0, 0.0, None, None)


def test_a_whole_array_is_drawn_without_repeats() -> None:
    one = draw(initializer("orthogonal"), (6, 8), 48, rng(2))
    again = Orthogonal(1.0, 8).sample(rng(2), (6, 8))
    assert np.array_equal(np.sort(one.values), np.sort(again.reshape(-1)))
    assert draw(initializer("identity"), (10, 10), 100, rng()).values.sum() == 10


@pytest.mark.parametrize("name", MANY)
@pytest.mark.parametrize("n", [1, 7, 5000])
def test_every_draw_has_its_size_and_lies_within_the_edges(name: str, n: int) -> None:
    samples = [draw(initializer(text), (4, 3), n, rng()) for text in (name, "randn")]
    assert samples[0].values.shape == (n,)
    assert samples[0].weights.shape == (4, 3)
    edges = sampling.shared_edges(samples, 7)
    assert np.histogram(samples[0].values, edges)[0].sum() == n
    assert (samples[0].std.z is None) or n > 1


def test_the_same_seed_gives_scaled_draws() -> None:
    plain, small = (draw(initializer(name), (3, 4), 100, rng(7)) for name in ("randn", "0.01*randn"))
    assert np.array_equal(plain.values * 0.01, small.values)
    assert np.array_equal(plain.weights * 0.01, small.weights)


def test_running_moments_are_those_of_the_first_draws() -> None:
    one = draw(initializer("uniform:low=2,high=5"), (3, 4), 300, rng())
    places = np.array([1, 2, 3, 50, 300])
    means, stds = sampling.running(one, places)
    scale = sqrt(9 / 12)
    for place, mean, std in zip(places, means, stds, strict=True):
        assert mean == pytest.approx((one.values[:place].mean() - 3.5) / scale, abs=1e-12)
        assert np.isnan(std) if place == 1 else std == pytest.approx(one.values[:place].std(ddof=1) / scale)
    assert np.isnan(sampling.running(draw(initializer("zeros"), (3, 4), 300, rng()), places)).all()


def test_edges_of_one_value_have_room() -> None:
    zeros, ones = (draw(initializer(name), (3, 4), 5, rng()) for name in ("zeros", "ones"))
    assert list(sampling.shared_edges([zeros], 2)) == [-0.5, 0, 0.5]
    assert list(sampling.shared_edges([ones], 2)) == [0.5, 1, 1.5]
    assert list(sampling.shared_edges([draw(initializer("rand"), (3, 4), 5, rng())], 2)) == [0, 0.5, 1]


@pytest.mark.parametrize("text", ["1e200*randn", "1e-200*randn", "uniform:low=-1e300,high=1e300"])
def test_what_float64_cannot_square_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="does not fit into float64"):
        draw(initializer(text), (3, 4), 10, rng())


def test_binomial_counts_near_zero() -> None:
    """Of 12 weights within 0.3, k at a time, against 4,000 matrices."""
    p = exp(log_near_zero(Normal(0.0, 1.0), 0.3))
    counts = (np.abs(rng(5).standard_normal((4000, 12))) < 0.3).sum(axis=1)
    for k in range(6):
        expected = comb(12, k) * p**k * (1 - p) ** (12 - k)
        assert abs((counts == k).mean() - expected) < 5 * sqrt(expected / 4000)
    assert exp(log_all_near_zero(Normal(0.0, 1.0), (3, 4), 0.3) or 0.0) == pytest.approx(p ** prod((3, 4)))
