"""The toy sets have the geometry their formulas say, balanced classes, and one outcome per seed."""

import numpy as np
import pytest

from initscope.core.catalogue import read_parameters
from initscope.core.datasets.toys import TOYS, Floats, Labels
from initscope.core.errors import InputError


def draw(name: str, n: int = 600, seed: int = 0, **given: str) -> tuple[Floats, Labels]:
    toy = TOYS[name]
    values = read_parameters(name, toy.parameters, given)
    return toy.sample(n, np.random.default_rng(seed), values)


PLANE = [name for name in TOYS if name != "noise"]


@pytest.mark.parametrize("name", PLANE)
def test_shapes_balance_and_scale(name: str) -> None:
    x, y = draw(name, n=601)
    assert x.shape == (601, 2)
    assert x.dtype == np.float64
    assert y.dtype == np.int64
    counts = np.bincount(y, minlength=TOYS[name].classes)
    assert len(counts) == TOYS[name].classes
    assert counts.max() - counts.min() <= 1
    assert np.abs(x).max() < 4
    assert 0.2 < x.std() < 2
    assert (np.diff(y) != 0).sum() > 200  # in random order, not class by class


@pytest.mark.parametrize("name", TOYS)
def test_a_seed_determines_all_and_another_seed_changes_it(name: str) -> None:
    (x, y), (again, labels), (other, _) = draw(name), draw(name), draw(name, seed=1)
    np.testing.assert_array_equal(x, again)
    np.testing.assert_array_equal(y, labels)
    assert not np.isclose(x, other).any(axis=1).all()


def test_circles_have_radius_one_and_inner() -> None:
    x, y = draw("circles", noise="0", inner="0.3")
    np.testing.assert_allclose(np.hypot(*x.T), np.where(y == 0, 1.0, 0.3), rtol=1e-12)
    quadrant = 2 * (x[:, 0] > 0) + (x[:, 1] > 0)
    assert np.bincount(quadrant).min() > 100  # 150 expected of 600, sd 10.6


def test_moons_are_half_circles_around_their_own_centres() -> None:
    x, y = draw("moons", noise="0")
    x = np.add(x, (0.5, 0.25))
    upper, lower = x[y == 0], x[y == 1]
    np.testing.assert_allclose(np.hypot(*upper.T), 1, rtol=1e-12)
    np.testing.assert_allclose(np.hypot(*(lower - (1, 0.5)).T), 1, rtol=1e-12)
    assert upper[:, 1].min() >= 0
    assert lower[:, 1].max() <= 0.5


def test_a_spiral_arms_angle_grows_with_its_radius() -> None:
    x, y = draw("spiral", noise="0", turns="0.6")
    radius = np.hypot(*x.T)
    angle = np.arctan2(x[:, 1], x[:, 0])
    off = (angle - 2 * np.pi * (0.6 * radius + y / 3) + np.pi) % (2 * np.pi) - np.pi
    np.testing.assert_allclose(off, 0, atol=1e-9)
    assert radius.max() < 1
    assert radius.mean() == pytest.approx(0.5, abs=5 / np.sqrt(12 * 600))


def test_xor_labels_say_whether_the_signs_differ() -> None:
    x, y = draw("xor")
    np.testing.assert_array_equal(y, (x[:, 0] * x[:, 1] < 0).astype(np.int64))
    assert np.abs(x).max() <= 1
    assert np.abs(x).mean() == pytest.approx(0.5, abs=5 / np.sqrt(12 * 1200))


def test_gaussians_have_four_centres_on_the_unit_circle() -> None:
    x, y = draw("gaussians", n=4000, noise="0.2")
    corner = np.sqrt(0.5)
    for label, centre in enumerate(((1, 1), (-1, 1), (-1, -1), (1, -1))):
        cloud = x[y == label]
        error = cloud.mean(axis=0) - np.multiply(centre, corner)
        np.testing.assert_allclose(error, 0, atol=5 * 0.2 / np.sqrt(1000))
        np.testing.assert_allclose(cloud.std(axis=0), 0.2, rtol=5 / np.sqrt(2000))


def test_noise_is_standard_normal_and_says_nothing_of_its_labels() -> None:
    x, y = draw("noise", n=2000, features="30")
    assert x.shape == (2000, 30)
    assert x.mean() == pytest.approx(0, abs=5 / np.sqrt(60_000))
    assert x.std() == pytest.approx(1, rel=5 / np.sqrt(120_000))
    apart = x[y == 0].mean(axis=0) - x[y == 1].mean(axis=0)
    assert np.abs(apart).max() < 5 * np.sqrt(2 / 1000)
    with pytest.raises(InputError, match="features must be a whole number"):
        draw("noise", features="2.5")


@pytest.mark.parametrize("name", PLANE)
def test_noise_adds_its_standard_deviation(name: str) -> None:
    still, _ = draw(name, n=2000, noise="0")
    shaken, _ = draw(name, n=2000, noise="0.4")
    assert (shaken - still).std() == pytest.approx(0.4, rel=5 / np.sqrt(2 * 4000))


@pytest.mark.parametrize(("n", "sizes"), [("500", (300, 200)), ("10", (6, 4)), ("1e3", (600, 400))])
def test_three_fifths_are_for_training(n: str, sizes: tuple[int, int]) -> None:
    toy = TOYS["moons"]
    assert toy.sizes(read_parameters("moons", toy.parameters, {"n": n})) == sizes


def test_n_is_a_whole_number() -> None:
    with pytest.raises(InputError, match=r"moons: n must be a whole number, not 10\.5"):
        TOYS["moons"].sizes({"n": 10.5})
