"""Tables: headers found, labels by name, numbers exact; and one line for each way a table can be wrong."""

import csv
import gzip
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from initscope.core.datasets import csvdata, data
from initscope.core.datasets.contents import Contents
from initscope.core.errors import InputError

IRIS = "id,length,width,species\n" + "".join(
    f"{n},{n / 10},{-n / 7},{['setosa', 'virginica', 'versicolor'][n % 3]}\n" for n in range(30)
)


def table(tmp_path: Path, text: str, **options: str) -> Contents:
    (tmp_path / "t.csv").write_text(text, encoding="utf-8", newline="")
    return csvdata.read(tmp_path / "t.csv", **options)


def fails(tmp_path: Path, text: str | bytes, *words: str, **options: str) -> None:
    (tmp_path / "t.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError) as caught:
        csvdata.read(tmp_path / "t.csv", **options)
    for word in (str(tmp_path / "t.csv"), *words):
        assert word in str(caught.value)


def test_a_table_with_names(tmp_path: Path) -> None:
    (tmp_path / "iris.csv").write_text(IRIS)
    loaded = data.load(f"{tmp_path}/iris.csv:drop=id")
    assert loaded.name == f"{tmp_path}/iris.csv:drop=id"
    assert (loaded.n_train, loaded.n_test, loaded.features, loaded.classes) == (24, 6, 2, 3)
    assert loaded.class_names == ("setosa", "versicolor", "virginica")
    assert "labels from column 4 (species)" in loaded.source
    together = np.concatenate([loaded.x_train, loaded.x_test])
    numbers = np.rint(together[:, 0] * 10).astype(int)
    assert sorted(numbers) == list(range(30))
    np.testing.assert_array_equal(together, np.stack([numbers / 10, -numbers / 7], axis=1))
    np.testing.assert_array_equal(np.concatenate([loaded.y_train, loaded.y_test]), np.array([0, 2, 1])[numbers % 3])
    facts = loaded.describe()
    assert facts["class_names"] == ["setosa", "versicolor", "virginica"]
    assert np.add(facts["train_counts"], facts["test_counts"]).tolist() == [10, 10, 10]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("a,b,y\n1,2,0\n3,4,1\n", True),
        ("1,2,0\n3,4,1\n", False),
        ("5.1,3.5,setosa\n4.9,3.0,virginica\n", False),
        ("0,1,target\n1,2,0\n3,4,1\n", True),
        ("1,,cat\n3,4,dog\n", False),
        ("1,?,0\n3,4,1\n", False),
    ],
)
def test_whether_the_first_line_has_names(tmp_path: Path, text: str, named: bool) -> None:
    contents = table(tmp_path, text)
    assert bool(contents.feature_names) == named
    assert len(contents.parts[0].y) == text.count("\n") - named


def test_a_header_that_is_said_to_be_there_or_not(tmp_path: Path) -> None:
    numbers = "1,2,0\n3,4,1\n"
    assert table(tmp_path, numbers, header="yes").feature_names == ("1", "2")
    fails(tmp_path, "a,b,y\n" + numbers, "line 1, column 1: 'a' is not a number", header="no")


def test_which_column_has_the_labels(tmp_path: Path) -> None:
    rows = "\n1,0,5\n2,1,6\n"
    for header in ("a,Class,b", "a,LABEL,b", "a,y,b"):
        assert table(tmp_path, header + rows).feature_names == ("a", "b")
    assert table(tmp_path, "a,b,c" + rows).feature_names == ("a", "b")
    for label in ("b", "2"):
        contents = table(tmp_path, "a,b,c" + rows, label=label)
        assert contents.feature_names == ("a", "c")
        np.testing.assert_array_equal(contents.parts[0].x, [[1, 5], [2, 6]])
        assert contents.parts[0].y.tolist() == [0, 1]
    assert table(tmp_path, rows[1:], label="first").parts[0].y.tolist() == [0, 1]
    assert table(tmp_path, rows[1:], label="first").class_names == ("1", "2")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_delimiters_line_ends_quotes_and_a_byte_order_mark(tmp_path: Path, delimiter: str, end: str) -> None:
    lines = ['\ufeff"first name"', "x", "label"], ["1.5", '" 2e3"', "'a'"], ["", "-.5", "b"]
    contents = table(tmp_path, "".join(delimiter.join(line) + end for line in lines) + end)
    assert contents.feature_names == ("first name", "x")
    np.testing.assert_array_equal(contents.parts[0].x, [[1.5, 2000], [np.nan, -0.5]])
    assert contents.class_names == ("'a'", "b")


@given(
    st.lists(
        st.tuples(st.floats(allow_nan=False), st.floats(allow_nan=False), st.text("abcü ,\"'", min_size=1)), min_size=2
    )
)
def test_what_python_writes_comes_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[float, float, str]]
) -> None:
    rows = [(a, b, f"x{text.strip()}") for a, b, text in rows]
    out = io.StringIO()
    csv.writer(out).writerows([("one", "two", "name"), *rows])
    path = tmp_path_factory.getbasetemp() / "back.csv"
    path.write_text(out.getvalue(), encoding="utf-8", newline="")
    contents = csvdata.read(path)
    np.testing.assert_array_equal(contents.parts[0].x, [row[:2] for row in rows])
    assert [contents.class_names[label] for label in contents.parts[0].y] == [row[2] for row in rows]


@pytest.mark.parametrize(
    ("words", "numbers", "names"),
    [
        (["0", "1", "1"], [0, 1, 1], ()),
        (["0", "2", "0.0"], [0, 2, 0], ()),
        (["1", "2", "10"], [0, 1, 2], ("1", "2", "10")),
        (["-1", "1", "-1"], [0, 1, 0], ("-1", "1")),
        (["7", "2007", "7"], [0, 1, 0], ("7", "2007")),
        (["b", "1", "a"], [2, 0, 1], ("1", "a", "b")),
        (["None", "some", "None"], [0, 1, 0], ("None", "some")),
    ],
)
def test_labels_are_numbered(words: list[str], numbers: list[int], names: tuple[str, ...]) -> None:
    y, found = csvdata.number_labels("here", words)
    assert (y.tolist(), found) == (numbers, names)


@pytest.mark.parametrize(
    ("text", "words", "options"),
    [
        ("", ["is empty"], {}),
        ("\n \n", ["is empty"], {}),
        ("abc\n", ["line 1 has one column"], {}),
        ("a,b\n", ["no line of numbers"], {}),
        ("1,0\n2,3,1\n", ["line 2 has 3 columns, the lines before it 2"], {}),
        ("a,b,y\n1,x,0\n2,3,1\n", ["line 2, column 2 (b): 'x' is not a number", "drop=b"], {}),
        ("1,2,0\n2,x,1\n", ["line 2, column 2: 'x'", "drop=2"], {}),
        ("a,y\n1,0\n2,\n", ["line 3, column 2 (y): has no label ('')"], {}),
        ("a,y\n1,0.5\n2,1\n", ["label 0.5 is not a whole number"], {}),
        ("a,y\n1,0\n2,inf\n", ["label inf is not a whole number"], {}),
        ("a,y\n" + "".join(f"1,n{n}\n" for n in range(1001)), ["column 2 (y) has more than the 1000 different"], {}),
        ("length,y\n1,0\n", ["unknown label column", "'lenth': did you mean length"], {"label": "lenth"}),
        ("length,y\n1,0\n", ["unknown drop column", "'no'"], {"drop": "no"}),
        ("1,0\n2,1\n", ["label=3: a column is a number from 1 to 2"], {"label": "3"}),
        ("1,0\n2,1\n", ["label=x: a column is a number"], {"label": "x"}),
        ("1,0\n2,1\n", ["label=²"], {"label": "²"}),
        ("a,y\n1,0\n", ["drop=a leaves no input column"], {"drop": "a"}),
        ("a,y\n1,0\n", ["drop=y leaves no label column"], {"drop": "y"}),
        ('1,0\n"2,1\n3,1\n', ["line 2:", "a line is one example"], {}),
        (b"1,0\n\xff,1\n", ["line 2 is not UTF-8"], {}),
        (b"1,0\n\0,1\n", ["line 2 contains a NUL"], {}),
    ],
)
def test_tables_that_cannot_be_read(
    tmp_path: Path, text: str | bytes, words: list[str], options: dict[str, str]
) -> None:
    fails(tmp_path, text, *words, **options)


def test_a_line_without_end_and_a_table_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fails(tmp_path, b"1," * csvdata.MAX_LINE, "line 1 is longer than 4,194,304 bytes")
    fails(tmp_path, b"1,0\n" + b"2" * 140_000 + b",1\n", "line 2: field larger than field limit")
    monkeypatch.setattr(csvdata, "LARGE", 2**20)
    bomb = gzip.compress(b"1,a name\n" * 200_000, 9)
    fails(tmp_path, bomb, "unpacks to more than 500 times its size")
    monkeypatch.setattr(csvdata, "MAX_VALUES", 5)
    fails(tmp_path, "1,0\n" * 6, "more than the 5 values")


def test_missing_values_are_refused_for_training(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,y\n" + "1,0\n,1\n" * 5)
    with pytest.raises(InputError, match="values are NaN"):
        data.load(str(tmp_path / "t.csv"))


def test_any_text_file_is_a_table_but_not_any_file(tmp_path: Path) -> None:
    (tmp_path / "iris.data").write_text("1,2,a\n3,4,b\n" * 5)
    assert data.load(str(tmp_path / "iris.data")).class_names == ("a", "b")
    (tmp_path / "x.bin").write_bytes(bytes(100))
    with pytest.raises(InputError, match="is of no kind that is known; name an"):
        data.load(str(tmp_path / "x.bin"))
    np.savez(tmp_path / "a.npz", x=np.zeros((4, 2)), y=np.arange(4))
    with pytest.raises(InputError, match=r"unknown parameter of .*a\.npz 'label'"):
        data.load(f"{tmp_path}/a.npz:label=2")


def test_by_name_from_a_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INITSCOPE_DATA_DIR", str(tmp_path))
    (tmp_path / "iris.csv").write_text(IRIS)
    assert data.load("iris:limit=5").name == "iris:limit=5"
    assert data.load("iris:limit=5").n_train == 5
    assert "iris" in data.names_in_folders()
