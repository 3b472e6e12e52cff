"""Limits, splits and scales: the same in every run, for every kind of data, against plain numpy."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from initscope.core.datasets import data
from initscope.core.errors import InputError

Array = np.ndarray[Any, Any]


def save(path: Path, **arrays: Any) -> str:
    np.savez(path, **arrays)
    return str(path)


def sorted_by_class(n: int) -> dict[str, Array]:
    rng = np.random.default_rng(3)
    return {"x": np.stack([np.arange(n), 1000 + 500 * rng.random(n)], axis=1), "y": np.arange(n) * 4 // n}


def test_a_limit_keeps_every_class_and_nests(tmp_path: Path) -> None:
    arrays = sorted_by_class(400)
    four = {f"{key}_{side}": array for key, array in arrays.items() for side in ("train", "test")}
    path = save(tmp_path / "a.npz", **four)
    small, large = (data.load(f"{path}:limit={limit}") for limit in (60, 100))
    assert (small.n_train, small.n_test, small.classes) == (60, 60, 4)
    assert np.bincount(small.y_train).min() >= 6
    assert set(small.x_train[:, 0]) < set(large.x_train[:, 0])
    assert (np.diff(small.x_train[:, 0]) > 0).all()  # in their order
    np.testing.assert_array_equal(small.y_train, small.x_train[:, 0] * 4 // 400)
    assert "at most 60 of each" in small.source
    assert data.load(f"{path}:limit=1000").n_train == 400


def test_classes_count_over_all_labels_even_where_few_are_taken(tmp_path: Path) -> None:
    path = save(tmp_path / "a.npz", **sorted_by_class(400))
    assert data.load(f"{path}:limit=2").classes == 4


@given(n=st.integers(2, 60), share=st.floats(0.001, 0.999))
def test_a_split_takes_its_share_and_loses_nothing(
    tmp_path_factory: pytest.TempPathFactory, n: int, share: float
) -> None:
    path = save(tmp_path_factory.getbasetemp() / "split.npz", x=np.arange(2.0 * n).reshape(n, 2), y=np.arange(n) % 2)
    loaded = data.load(f"{path}:split={share}")
    assert loaded.n_test == min(max(1, int(n * share)), n - 1)
    assert sorted([*loaded.x_train[:, 0], *loaded.x_test[:, 0]]) == list(range(0, 2 * n, 2))


def test_a_fifth_is_the_usual_split(tmp_path: Path) -> None:
    path = save(tmp_path / "a.npz", **sorted_by_class(37))
    usual, same = data.load(path), data.load(f"{path}:split=0.2")
    np.testing.assert_array_equal(usual.x_test, same.x_test)
    assert "the last fifth of a shuffle" in same.source
    assert "the last 50 % of a shuffle" in data.load(f"{path}:split=0.5").source


def test_a_given_split_can_be_drawn_anew() -> None:
    digits, anew = data.load("digits"), data.load("digits:split=0.5")
    assert (anew.name, anew.n_train, anew.n_test) == ("digits:split=0.5", 899, 898)
    rows = [sorted(map(bytes, np.concatenate([d.x_train, d.x_test]))) for d in (digits, anew)]
    assert rows[0] == rows[1]
    labels = {bytes(row): label for row, label in zip(digits.x_train, digits.y_train, strict=True)}
    again = {bytes(row): label for row, label in zip(anew.x_test, anew.y_test, strict=True)}
    shared = labels.keys() & again.keys()
    assert len(shared) > 600
    assert all(labels[row] == again[row] for row in shared)


def test_standardize_by_feature_uses_the_training_examples_only(tmp_path: Path) -> None:
    arrays = sorted_by_class(50)
    arrays["x"] = np.column_stack([arrays["x"], np.full(50, 0.1)])  # whose mean is not 0.1 in floating point
    plain = data.load(save(tmp_path / "a.npz", **arrays))
    loaded = data.load(f"{tmp_path}/a.npz:scale=standardize")
    for side in ("x_train", "x_test"):
        raw = getattr(plain, side)[:, :2]
        expected = (raw - plain.x_train[:, :2].mean(axis=0)) / plain.x_train[:, :2].std(axis=0)
        np.testing.assert_allclose(getattr(loaded, side)[:, :2], expected, rtol=1e-12, atol=1e-12)
        np.testing.assert_array_equal(getattr(loaded, side)[:, 2], 0)
    assert "mean 0 and standard deviation 1 over the training examples, each feature" in loaded.source


def test_unit_by_feature(tmp_path: Path) -> None:
    loaded = data.load(f"{save(tmp_path / 'a.npz', **sorted_by_class(50))}:scale=unit")
    np.testing.assert_array_equal(loaded.x_train.min(axis=0), [0, 0])
    np.testing.assert_array_equal(loaded.x_train.max(axis=0), [1, 1])


def test_pixels_are_scaled_together(tmp_path: Path) -> None:
    x = np.random.default_rng(0).integers(0, 256, (20, 3, 2), dtype=np.uint8)
    path = save(tmp_path / "a.npz", x_train=x, y_train=np.arange(20) % 2, x_test=x[:5], y_test=np.arange(5) % 2)
    flat = x.reshape(20, 6).astype(float)
    expected = {"auto": flat / 255, "none": flat, "unit": flat / 255, "standardize": (flat - flat.mean()) / flat.std()}
    for scale, values in expected.items():
        np.testing.assert_allclose(data.load(f"{path}:scale={scale}").x_train, values, rtol=1e-12)
    floats = data.load(f"{save(tmp_path / 'b.npz', x=x - 7.5, y=np.arange(20) % 2)}:scale=unit")
    assert (floats.x_train.min(), floats.x_train.max()) == (0, 1)


def test_toys_and_digits_are_scaled_too() -> None:
    for name in ("moons:n=100", "digits:limit=50"):
        joint = "," if ":" in name else ":"
        loaded = data.load(f"{name}{joint}scale=standardize")
        assert loaded.name == f"{name}{joint}scale=standardize"
        assert abs(loaded.x_train.mean()) < 1e-12
        assert loaded.x_train.std() == pytest.approx(1)


def test_huge_values_stay_finite(tmp_path: Path) -> None:
    x = np.array([[-3e38, 1e-30], [3e38, 2e-30], [1e38, 1.5e-30], [0, 1e-30]])
    path = save(tmp_path / "a.npz", x_train=x, y_train=[0, 1, 0, 1], x_test=x, y_test=[0, 1, 0, 1])
    for scale in ("unit", "standardize"):
        assert np.abs(data.load(f"{path}:scale={scale}").astype(np.float32).x_test).max() < 3
    wild = save(tmp_path / "b.npz", x_train=x * 1e-100, y_train=[0, 1, 0, 1], x_test=x, y_test=[0, 1, 0, 1])
    with pytest.raises(InputError, match="scale=standardize makes test inputs beyond 3e\\+38; use scale=none"):
        data.load(f"{wild}:scale=standardize")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("digits:limit=-1", "limit must be at least 0"),
        ("digits:limit=2.5", "limit must be a whole number"),
        ("digits:limit=1e9", "limit must be less than"),
        ("digits:split=1", "split must be less than 1"),
        ("digits:scale=unitt", "did you mean unit"),
        ("digits:limit=1,limit=2", "limit is given twice"),
        ("digits:limt=1", "digits has no parameters but limit, scale, split, so 'limt=1' cannot be set"),
        ("moons:limt=1", "did you mean limit"),
    ],
)
def test_values_that_cannot_be(call: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        data.load(call)
