"""Comparisons as TOML: what is written reads back the same, and what is wrong is said with file, table and key."""

from pathlib import Path

import pytest
from exported import DATA
from hypothesis import given, settings
from hypothesis import strategies as st

from initscope.core.comparison import NAME, Comparison
from initscope.core.errors import InputError
from initscope.core.exports.comparisontoml import MOST_BYTES, of_specs, read, read_path, write
from initscope.core.spec import OPTIONS

FILE = Path("mine.toml")

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["3", "3.0", "0.50", "1e5", "1e-05", "-0", "1_000", "0x10", "true", "nan", "inf", "9" * 30, 'a"b', "a\\b", "'", " "]
)
LANES = st.dictionaries(st.sampled_from([*OPTIONS, NAME]), TEXTS)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from([*OPTIONS]), TEXTS.filter(bool)), st.lists(LANES, min_size=1, max_size=4))
def test_what_is_written_reads_back_the_same(options: dict[str, str], lanes: list[dict[str, str]]) -> None:
    comparison = Comparison(options, tuple(lanes))
    assert read(write(comparison), FILE) == comparison


def test_it_looks_as_a_person_would_write_it() -> None:
    comparison = Comparison(
        {"lr": "0.5", "data": "digits", "seed": "3"},
        ({"init": "rand"}, {"lr": "3.0", "init": "randn", "name": 'a "b"'}),
    )
    text = write(comparison)
    assert text.startswith("# A comparison of initscope.")
    assert text.split("\n", 2)[2] == (
        'data = "digits"\nlr = 0.5\nseed = 3\n\n[[lane]]\ninit = "rand"\n\n'
        '[[lane]]\nname = "a \\"b\\""\ninit = "randn"\nlr = "3.0"\n'
    )


def test_numbers_and_underscores_and_no_lanes_are_understood() -> None:
    found = read('batch_size = 20\nlr = 3.0\nweight-decay = 1e-3\narch = ""', FILE)
    assert found.options == {"batch-size": "20", "lr": "3", "weight-decay": "0.001", "arch": ""}
    assert [lane["init"] for lane in found.lanes] == ["rand", "randn"]
    assert read('init = "zeros"', FILE).lanes == ({"init": "zeros"},)
    assert read("", FILE).specs(DATA) == Comparison.of({}, (), ()).specs(DATA)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("lr = x", ["mine.toml: not TOML", "line 1"]),
        ("lr = true", ["mine.toml: lr must be a text or a number"]),
        ("lr = 99999999999999999999", ["mine.toml: lr", "64 bits"]),
        ("lr = [1]", ["mine.toml: lr must be a text or a number"]),
        ("rate = 1", ["mine.toml: unknown key 'rate'", "lr"]),
        ("batch_size = 1\nbatch-size = 2", ["mine.toml: batch-size is given twice"]),
        ("[[lane]]\n[[lane]]\ninti = 'rand'", ["mine.toml: [[lane]] 2: unknown key 'inti'", "did you mean init"]),
        ("[[lane]]\nname = false", ["mine.toml: [[lane]] 1: name must be"]),
        ("[lane]\ninit = 'rand'", ["mine.toml: lane must be tables, each [[lane]]"]),
        ("name = 'x'", ["mine.toml: unknown key 'name'"]),
        ("question = 'x'\nclaim = 'y'", ["initscope experiment mine.toml"]),
        ("a = " + "[" * 2000, ["mine.toml: not TOML"]),
        ("[[lane]]\n" * 1001, ["1,001 lanes"]),
    ],
)
def test_errors_name_file_table_and_key(text: str, words: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        read(text, FILE)
    assert str(caught.value).startswith("mine.toml: ")
    for word in words:
        assert word in str(caught.value)


def test_files_that_are_no_text_or_too_long_or_missing(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    with pytest.raises(InputError, match="no such file"):
        read_path(file)
    file.write_bytes(b"\xef\xbb\xbflr = 3\r\n")
    assert read_path(file).options == {"lr": "3"}, "as editors on Windows save it"
    file.write_bytes(b'name = "\xff"')
    with pytest.raises(InputError, match="not UTF-8"):
        read_path(file)
    file.write_bytes(b"#" * (MOST_BYTES + 1))
    with pytest.raises(InputError, match="more than 200,000 bytes"):
        read_path(file)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("digits:limit=9", "digits:limit=9"),
        ("d.csv:label=2,drop=id", "sub/d.csv:label=2,drop=id"),
        ("./d.npz", "sub/./d.npz"),
        ("X.npy,Y.npy:split=0.5", "sub/X.npy,sub/Y.npy:split=0.5"),
        ("/abs/d.csv", "/abs/d.csv"),
        ("~/d.csv", "~/d.csv"),
        ("photos", "sub/photos"),
        ("nowhere", "nowhere"),
    ],
)
def test_relative_data_are_looked_for_beside_the_file(tmp_path: Path, monkeypatch, data: str, expected: str) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("INITSCOPE_DATA_DIR", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    (tmp_path / "sub" / "photos").mkdir(parents=True)
    text = write(Comparison({"data": data}, ({"data": data},)))
    found = read(text, Path("sub/mine.toml"))
    assert found.options["data"] == found.lanes[0]["data"] == expected
    assert read(text, Path("mine.toml")).options["data"] == data


def test_a_file_in_another_folder_names_the_same_data(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    comparison = Comparison({"data": "d.csv:label=2"}, ({"init": "rand"},))
    file = Path("sub/mine.toml")
    assert read(write(comparison, file), file).options["data"] == str(tmp_path / "d.csv:label=2")
    assert read(write(comparison, Path("here.toml")), Path("here.toml")) == comparison


def test_what_toml_cannot_say_is_refused() -> None:
    with pytest.raises(InputError, match="not Unicode"):
        write(Comparison({"data": "\udcff.csv"}, ({},)))


def test_specs_make_a_comparison_that_makes_them_again() -> None:
    lanes = ["init=rand", "init=rand", "init=randn steps=9 optimizer=adam name='my lane'", "data=circles arch=2-4-2"]
    for options in ({"epochs": "3", "lr": "0.25"}, {"bias-init": "same", "dtype": "float64"}):
        specs = Comparison.of(options, (), lanes).specs(DATA)
        made = of_specs(specs)
        assert made.specs(DATA) == specs
        assert read(write(made), FILE).specs(DATA) == specs
    assert "seed" not in made.options
