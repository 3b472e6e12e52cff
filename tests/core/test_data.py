"""Data by name and by file: the real digits, the toys, the data folders, and what a file may hold."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from initscope.core.datasets import data
from initscope.core.errors import InputError

X = np.arange(12.0).reshape(6, 2)
Y = np.array([0, 1, 2, 0, 1, 2])


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the data folders of the machine it runs on."""
    monkeypatch.setenv("INITSCOPE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


def save(path: Path, **arrays: Any) -> str:
    np.savez(path, **arrays)
    return str(path)


def four(**changed: Any) -> dict[str, Any]:
    return {"x_train": X, "y_train": Y, "x_test": X[:3], "y_test": Y[:3], **changed}


# The catalogue


def test_digits_are_the_real_ones() -> None:
    digits = data.load("digits")
    assert (digits.n_train, digits.n_test, digits.features, digits.classes) == (1500, 297, 64, 10)
    assert digits.feature_shape == (8, 8)
    # The first image of the UCI test file, which opens 0,0,5,13,9,1,0,0, and its class counts.
    np.testing.assert_array_equal(digits.x_train[0, :8] * 16, [0, 0, 5, 13, 9, 1, 0, 0])
    assert digits.y_train[:10].tolist() == list(range(10))
    counts = np.bincount(digits.y_train) + np.bincount(digits.y_test)
    assert counts.tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert (digits.x_train.sum() + digits.x_test.sum()) * 16 == 561718
    assert (digits.x_train.min(), digits.x_train.max()) == (0, 1)
    for word in ("Alpaydin", "Kaynak", "CC BY 4.0", "1,500 train", "297 test", "x/16"):
        assert word in digits.source


def test_arrays_are_float64_contiguous_and_read_only() -> None:
    digits = data.load("DIGITS")
    assert digits.name == "digits"
    for x, y in ((digits.x_train, digits.y_train), (digits.x_test, digits.y_test)):
        assert x.dtype == np.float64
        assert y.dtype == np.int64
        assert x.flags.c_contiguous
        assert not x.flags.writeable
        assert not y.flags.writeable
    single = digits.astype(np.float32)
    assert single.x_train.dtype == single.x_test.dtype == np.float32
    assert not single.x_train.flags.writeable
    assert single.astype(np.float32) is single
    np.testing.assert_array_equal(single.x_train, digits.x_train)  # sixteenths are exact


def test_description_is_strict_json_with_the_moments_of_the_training_inputs() -> None:
    digits = data.load("digits").astype(np.float32)
    facts = json.loads(json.dumps(digits.describe(), allow_nan=False))
    assert facts["name"] == "digits"
    assert (facts["train_examples"], facts["test_examples"], facts["features"]) == (1500, 297, 64)
    assert facts["feature_shape"] == [8, 8]
    assert facts["input_mean"] == pytest.approx(digits.x_train.astype(float).mean(), rel=1e-12)
    assert facts["input_std"] == pytest.approx(digits.x_train.astype(float).std(), rel=1e-12)
    assert (facts["input_min"], facts["input_max"]) == (0, 1)


def test_description_of_large_inputs_is_finite(tmp_path: Path) -> None:
    huge = data.load(save(tmp_path / "a.npz", **four(x_train=X * 1e37)))
    assert np.isfinite(huge.astype(np.float32).x_train).all()
    assert json.dumps(huge.describe(), allow_nan=False)


@pytest.mark.parametrize("name", ["circles", "moons", "spiral", "xor", "gaussians"])
def test_toys_by_name(name: str) -> None:
    toy, again, other = (data.load(f"{name}:seed={seed}") for seed in (3, 3, 4))
    assert (toy.name, toy.n_train, toy.n_test, toy.feature_shape) == (f"{name}:seed=3", 300, 200, (2,))
    assert data.load(name).name == name
    np.testing.assert_array_equal(toy.x_train, again.x_train)
    np.testing.assert_array_equal(toy.y_test, again.y_test)
    assert not np.array_equal(toy.x_train, other.x_train)
    assert not np.array_equal(toy.x_train[:200], toy.x_test)
    assert "seed 3" in toy.source


def test_toy_parameters_are_part_of_the_name() -> None:
    toy = data.load("Moons: noise=0.20, n=1000")
    assert (toy.name, toy.n_train, toy.n_test) == ("moons:noise=0.2,n=1000", 600, 400)
    assert data.load("moons:noise=0.1").name == "moons"
    np.testing.assert_array_equal(data.load(toy.name).x_test, toy.x_test)


def test_toy_noise_is_not_the_stream_of_the_weights() -> None:
    still, shaken = data.load("xor:seed=5"), data.load("xor:noise=1,seed=5")
    weights = np.random.default_rng(5).standard_normal(2000)
    drawn = (shaken.x_train - still.x_train).ravel()
    assert not np.isclose(drawn[:, None], weights).any(axis=1).all()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("digitz", ["unknown data set 'digitz'", "did you mean digits", "circles", ".npz"]),
        ("", ["unknown data set ''", "digits"]),
        ("digits:n=3", ["digits has no parameters"]),
        ("moons:noise=-1", ["moons: noise must be at least 0"]),
        ("moons:noize=1", ["unknown parameter of moons 'noize'", "did you mean noise"]),
        ("moons:n=99.5", ["moons: n must be a whole number"]),
        ("xor:seed=-1", ["xor: seed must be at least 0"]),
        ("xor:seed=0.5", ["xor: seed must be a whole number"]),
        ("moons:n=1e9", ["moons: n must be less than"]),
        ("a\0b", ["NUL"]),
        ("a\0b/c.npz", ["NUL"]),
        ("x" * 5000 + ".npz", ["cannot be read", "too long"]),
    ],
)
def test_names_that_cannot_be_loaded(name: str, words: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        data.load(name)
    for word in words:
        assert word in str(caught.value)


def test_every_catalogue_name_has_one_line() -> None:
    assert data.NAMES[:2] == ("digits", "mnist")
    for name, entry in data.CATALOGUE.items():
        assert entry.name == name
        assert entry.description
        assert "\n" not in entry.description


# Data folders


def images(n: int, seed: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(seed).integers(0, 256, (n, 28, 28), dtype=np.uint8)


def test_mnist_from_the_folder_in_the_environment(tmp_path: Path) -> None:
    x, y = images(20, 0), (np.arange(20) % 10).astype(np.uint8)
    save(tmp_path / "mnist.npz", x_train=x, y_train=y, x_test=x[:10], y_test=y[:10])
    mnist = data.load("mnist")
    assert (mnist.name, mnist.features, mnist.feature_shape, mnist.classes) == ("mnist", 784, (28, 28), 10)
    np.testing.assert_allclose(mnist.x_train, x.reshape(20, 784) / 255, rtol=1e-15)
    np.testing.assert_array_equal(mnist.y_test, y[:10])
    for word in ("LeCun", "20 train", "10 test", "x/255"):
        assert word in mnist.source


def test_mnist_from_the_users_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("INITSCOPE_DATA_DIR")
    folder = data.data_folders()[-1]
    assert folder.is_relative_to(tmp_path)
    folder.mkdir(parents=True)
    x = images(4, 1)
    save(folder / "mnist.npz", **four(x_train=x, y_train=Y[:4], x_test=x[:3]))
    assert data.load("mnist").n_train == 4


def test_mnist_missing_says_where_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        data.load("mnist")
    for word in (str(tmp_path), str(data.data_folders()[1]), "INITSCOPE_DATA_DIR", "--data digits"):
        assert word in str(caught.value)


def test_other_files_of_the_folders_go_by_their_names(tmp_path: Path) -> None:
    save(tmp_path / "rings.npz", **four())
    assert data.load("rings").name == "rings"
    assert data.names_in_folders() == ("rings",)
    with pytest.raises(InputError, match="did you mean rings"):
        data.load("ringz")


# Files


@pytest.mark.parametrize("spelling", [str.lower, str.upper, str.title])
def test_x_and_y_are_split_by_a_fixed_shuffle(tmp_path: Path, spelling: Callable[[str], str]) -> None:
    x, y = np.arange(46.0).reshape(23, 2), np.arange(23) % 3
    path = save(tmp_path / "a.npz", **{spelling("x"): x, spelling("y"): y})
    one, two = data.load(path), data.load(path)
    assert (one.name, one.n_train, one.n_test) == (path, 19, 4)
    np.testing.assert_array_equal(one.x_test, two.x_test)
    together = np.concatenate([one.x_train, one.x_test])
    labels = np.concatenate([one.y_train, one.y_test])
    order = np.argsort(together[:, 0])
    assert not np.array_equal(order, np.arange(23))
    np.testing.assert_array_equal(together[order], x)
    np.testing.assert_array_equal(labels[order], y)
    assert "last fifth of a shuffle with fixed seed" in one.source
    assert "x as it is" in one.source


def test_a_given_split_is_kept_and_other_arrays_are_ignored(tmp_path: Path) -> None:
    names = np.array(["a", "b"], dtype=object)
    loaded = data.load(save(tmp_path / "a.npz", **four(x=X, classes=names)))
    np.testing.assert_array_equal(loaded.x_train, X)
    np.testing.assert_array_equal(loaded.y_test, Y[:3])
    assert "split as in the file" in loaded.source


def test_a_file_without_a_suffix_is_found_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path / "a.npz", **four())
    (tmp_path / "a.npz").rename(tmp_path / "plain")
    monkeypatch.chdir(tmp_path)
    assert data.load("plain").n_train == 6


def test_a_tilde_is_the_home_folder(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    save(tmp_path / "home" / "a.npz", **four())
    assert data.load("~/a.npz").name == "~/a.npz"


@pytest.mark.parametrize(
    "labels",
    [
        Y.astype(np.uint8),
        Y.astype(">i4"),
        Y.astype(float),
        Y.astype(np.float16),
        Y[:, None],
        np.eye(3)[Y],
        np.eye(3, dtype=bool)[Y],
        np.asfortranarray(np.eye(3, dtype=np.int8)[Y]),
    ],
)
def test_labels_of_many_kinds_are_the_same_labels(tmp_path: Path, labels: np.ndarray[Any, Any]) -> None:
    loaded = data.load(save(tmp_path / "a.npz", **four(y_train=labels)))
    assert loaded.y_train.dtype == np.int64
    assert loaded.y_train.tolist() == Y.tolist()
    assert loaded.classes == 3


def test_classes_are_those_of_the_training_labels_or_columns(tmp_path: Path) -> None:
    gap = np.array([0, 1, 0, 1, 0, 1])
    with pytest.raises(InputError, match="y_test has the label 2, but y_train has none above 1"):
        data.load(save(tmp_path / "a.npz", **four(y_train=gap)))
    assert data.load(save(tmp_path / "b.npz", **four(y_train=gap, y_test=gap[:3]))).classes == 2
    assert data.load(save(tmp_path / "c.npz", **four(y_train=gap.astype(bool), y_test=gap[:3]))).classes == 2
    wide = np.eye(5)[gap]
    assert data.load(save(tmp_path / "d.npz", **four(y_train=wide, y_test=wide[:3]))).classes == 5


@pytest.mark.parametrize("dtype", ["?", "i1", "u2", ">i8", "f2", "<f4", ">f8", "g"])
def test_inputs_of_any_number_type_are_used_as_they_are(tmp_path: Path, dtype: str) -> None:
    x = X.astype(dtype)
    loaded = data.load(save(tmp_path / "a.npz", **four(x_train=x, x_test=x[:3])))
    assert loaded.x_train.dtype == np.dtype(np.float64)
    np.testing.assert_array_equal(loaded.x_train, x.astype(np.float64))


def test_images_are_flat_in_c_order_whatever_the_file_has(tmp_path: Path) -> None:
    x = images(6, 2)
    fortran = four(x_train=np.asfortranarray(x), x_test=x[:3])
    np.savez_compressed(tmp_path / "a.npz", **fortran)
    loaded = data.load(str(tmp_path / "a.npz"))
    np.testing.assert_allclose(loaded.x_train, x.reshape(6, -1) / 255, rtol=1e-15)
    assert loaded.feature_shape == (28, 28)
    assert "x/255" in loaded.source
