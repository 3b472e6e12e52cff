"""The checklist of a data set: each trouble is found where it was put, and sound data have none."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from initscope.core.datasets.inspection import NOTE, OK, STOP, WARN, Inspection, inspect
from initscope.core.errors import InputError

Array = np.ndarray[Any, Any]


def sound() -> dict[str, Array]:
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((150, 4)), np.arange(150) % 3
    return {"x_train": x[:100], "y_train": y[:100], "x_test": x[100:], "y_test": y[100:]}


def inspected(tmp_path: Path, options: str = "", **changed: Array) -> Inspection:
    np.savez(tmp_path / "a.npz", **{**sound(), **changed})
    return inspect(f"{tmp_path / 'a.npz'}{options}")


def troubles(found: Inspection, level: str = WARN) -> list[str]:
    return [f"{finding.what}; {finding.remedy}" for finding in found.findings if finding.level == level]


def only(found: Inspection, level: str, *words: str) -> None:
    """Exactly one finding of that level, and nothing that is worse or warns."""
    (line,) = troubles(found, level)
    for word in words:
        assert word in line
    assert not [other for other in (WARN, STOP) if other != level and troubles(found, other)]


def test_sound_data_have_no_trouble(tmp_path: Path) -> None:
    found = inspected(tmp_path)
    assert {finding.level for finding in found.findings} == {OK}
    assert found.usable
    facts = dict(found.facts)
    train = sound()["x_train"]
    assert facts["training"] == "100 examples"
    assert facts["test"] == "50 examples, split as in the file"
    assert facts["inputs"] == "4 features, 4 of float64"
    assert facts["values"] == (
        f"{train.min():.4g} to {train.max():.4g}, mean {train.mean():.4g}, standard deviation {train.std():.4g}"
    )
    assert facts["classes"] == "3: 0 34, 1 33, 2 33"


@pytest.mark.parametrize("name", ["digits", "moons", "circles", "xor", "gaussians", "spiral"])
def test_the_package_s_own_data_are_sound(name: str) -> None:
    assert not troubles(inspect(name))


def test_missing_values_are_counted_and_named(tmp_path: Path) -> None:
    x = sound()["x_train"].copy()
    x[3, 1] = x[3, 2] = np.nan
    x[9, 1] = np.inf
    found = inspected(tmp_path, x_train=x)
    only(found, STOP, "3 values are missing, NaN, infinite or too large, in 2 examples, features 2, 3", "remove")
    assert not found.usable
    rows = "".join(f"{n},{n * n % 7},{n % 2}\n" for n in range(40))
    (tmp_path / "t.csv").write_text(f"age,height,y\n{rows},1,1\n")
    assert "1 value is missing, " in troubles(inspect(f"{tmp_path}/t.csv"), STOP)[0]
    assert "features age" in troubles(inspect(f"{tmp_path}/t.csv"), STOP)[0]


def test_constant_features(tmp_path: Path) -> None:
    arrays = {key: array.copy() for key, array in sound().items()}
    for side in ("x_train", "x_test"):
        arrays[side][:, 2] = 0.25
    only(inspected(tmp_path, **arrays), NOTE, "1 feature is constant: 3", "leave them out")


def test_margins_of_pictures_are_only_a_note(tmp_path: Path) -> None:
    x = np.random.default_rng(0).integers(0, 256, (150, 4, 4), dtype=np.uint8)
    x[:, 0] = 0
    found = inspected(tmp_path, x_train=x[:100], x_test=x[100:])
    only(found, NOTE, "4 of 16 pixels are the same in every picture")
    assert dict(found.facts)["inputs"] == "16 features, 4x4 of uint8 / 255"


def test_scales_that_differ_and_their_remedy(tmp_path: Path) -> None:
    wide = {key: array * ([1, 1, 1e-3, 0.5] if key.startswith("x") else 1) for key, array in sound().items()}
    found = inspected(tmp_path, **wide)
    (line,) = troubles(found)
    assert "features differ in scale" in line
    assert ": 1 varies by" in line or ": 2 varies by" in line
    assert ", 3 by 0.00" in line
    assert "scale=standardize" in line
    assert not troubles(inspected(tmp_path, ":scale=standardize", **wide))


@pytest.mark.parametrize(("factor", "word"), [(100, "inputs are large"), (0.001, "inputs are small")])
def test_sizes_that_do_not_suit_initializers(tmp_path: Path, factor: float, word: str) -> None:
    scaled = {key: array * factor if key.startswith("x") else array for key, array in sound().items()}
    only(inspected(tmp_path, **scaled), WARN, word, "scale=standardize")
    size = np.sqrt(np.square(scaled["x_train"]).mean())
    assert f"root mean square {size:.3g}" in troubles(inspected(tmp_path, **scaled))[0]


def test_bytes_that_stay_bytes_are_too_large(tmp_path: Path) -> None:
    x = np.random.default_rng(0).integers(0, 256, (150, 3, 3), dtype=np.uint8)
    sides = {"x_train": x[:100], "x_test": x[100:]}
    assert not troubles(inspected(tmp_path, **sides))
    only(inspected(tmp_path, ":scale=none", **sides), WARN, "inputs are large, root mean square 14", "scale=unit")


def test_duplicates_within_and_between(tmp_path: Path) -> None:
    arrays = {key: array.copy() for key, array in sound().items()}
    arrays["x_train"][10] = arrays["x_train"][1]  # labels 1 and 1
    only(inspected(tmp_path, **arrays), NOTE, "1 of 100 training examples repeat another")
    arrays["x_test"][:5] = arrays["x_train"][20]
    found = inspected(tmp_path, **arrays)
    assert troubles(found)[0].startswith("5 test examples (10 %) are among the training examples too")


def test_the_same_example_with_two_labels(tmp_path: Path) -> None:
    x = sound()["x_train"].copy()
    x[11] = x[1] * [1, 1, 1, 1]
    found = inspected(tmp_path, x_train=x)
    assert troubles(found) == ["1 training example repeats one with another label; correct the labels"]


def test_minus_zero_is_zero(tmp_path: Path) -> None:
    x = sound()["x_train"].copy()
    x[4], x[7] = 0.0, -0.0
    assert "1 of 100 training examples repeat another; remove them" in troubles(inspected(tmp_path, x_train=x), NOTE)


def test_uneven_and_missing_classes(tmp_path: Path) -> None:
    y = np.where(np.arange(100) < 90, 0, np.where(np.arange(100) < 96, 1, 2))
    test = np.where(np.arange(50) < 47, 0, 1)
    lines = troubles(inspected(tmp_path, y_train=y, y_test=test))
    assert len(lines) == 3
    assert lines[0].startswith("no test example of 2")
    assert lines[1].startswith("classes are uneven: 0 has 22.5 times the examples of 2; always answering 0 is right in")
    assert "right in 94 % of the test examples" in lines[1]
    assert lines[2].startswith("class 2 has only 4 training examples")


def test_sides_that_differ(tmp_path: Path) -> None:
    arrays = sound()
    lines = troubles(inspected(tmp_path, x_test=arrays["x_test"] + 2, y_test=np.minimum(arrays["y_test"], 1)))
    assert [line.split(" ")[0] for line in lines] == ["no", "class", "test"]
    assert "are shifted: their mean is 2" in lines[2]
    assert "class 1 is 33 % of the training and 68 % of the test examples" in lines[1]


def test_columns_that_give_the_answer_away(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    rows = "".join(f"{n},{n % 2},{rng.normal():.3f},{n % 2}\n" for n in range(50))
    (tmp_path / "t.csv").write_text("row,again,x,label\n" + rows)
    lines = troubles(inspect(f"{tmp_path}/t.csv"))
    assert "feature row only numbers the examples; drop=row" in lines
    assert "feature again is the label itself; drop=again" in lines
    assert not troubles(inspect(f"{tmp_path}/t.csv:drop=row+again,scale=standardize"))


def test_named_classes_are_counted_by_name(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("".join(f"{n / 40},{'cat' if n % 4 else 'dog'}\n" for n in range(40)))
    assert dict(inspect(f"{tmp_path}/t.csv:split=0.5").facts)["classes"].startswith("2: cat 1")


def test_what_cannot_be_described(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="did you mean digits"):
        inspect("digitz")
    with pytest.raises(InputError, match="labels are text"):
        inspected(tmp_path, y_train=np.array(["a"] * 100))
    with pytest.raises(InputError, match="inputs are numbers"):
        inspected(tmp_path, x_train=np.full((100, 4), "a"), x_test=np.full((50, 4), "a"))


def test_a_class_without_training_examples_is_not_the_smallest(tmp_path: Path) -> None:
    y = np.where(np.arange(100) < 50, 1, 2)
    (line,) = [line for line in troubles(inspected(tmp_path, y_train=y)) if line.startswith("no")]
    assert line.startswith("no training example of 0;")
