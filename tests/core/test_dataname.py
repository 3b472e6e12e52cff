"""Names of data with parameters: what is a path and what is a parameter, and that flags can be added to any."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initscope.core.catalogue import split_call
from initscope.core.datasets.dataname import SELECTION, split_path, with_flags
from initscope.core.errors import InputError


@pytest.mark.parametrize(
    ("text", "path", "given"),
    [
        ("a.csv", "a.csv", {}),
        ("a.csv:label=2", "a.csv", {"label": "2"}),
        ("a/b:c.csv", "a/b:c.csv", {}),
        ("C:/b.csv:limit=3,scale=unit", "C:/b.csv", {"limit": "3", "scale": "unit"}),
        ("A.NPZ: Limit = 3".replace("Limit", "limit"), "A.NPZ", {"limit": "3"}),
        ("nowhere:foo=1", "nowhere:foo=1", {}),
        ("a:b", "a:b", {}),
        ("", "", {}),
    ],
)
def test_splitting(text: str, path: str, given: dict[str, str]) -> None:
    assert split_path(text) == (path, given)


def test_what_exists_is_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.csv:label=2").touch()
    Path("b.csv").touch()
    assert split_path("a.csv:label=2") == ("a.csv:label=2", {})
    assert split_path("a.csv:label=2:limit=3") == ("a.csv:label=2", {"limit": "3"})
    assert split_path("b.csv:lable=2") == ("b.csv", {"lable": "2"})
    assert with_flags("a.csv:label=2", {"limit": "3"}) == "a.csv:label=2:limit=3"


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("mnist", "mnist:limit=5,scale=unit"),
        ("moons:noise=0.2", "moons:noise=0.2,limit=5,scale=unit"),
        ("x:y/z.npz", "x:y/z.npz:limit=5,scale=unit"),
    ],
)
def test_flags_are_added(text: str, result: str) -> None:
    assert with_flags(text, {"limit": "5", "scale": " unit "}) == result
    assert with_flags(text, {}) == text


def test_a_flag_and_a_parameter_are_twice() -> None:
    with pytest.raises(InputError, match="limit is given twice"):
        split_call(with_flags("mnist:limit=3", {"limit": "5"}))


@given(st.text(st.sampled_from("ab:=,/.\0 ~limtspc"), max_size=12), st.sampled_from([one.name for one in SELECTION]))
def test_any_text_is_split_or_refused(text: str, flag: str) -> None:
    for name in (text, with_flags(text, {flag: "1"})):
        try:
            path, given = split_path(name)
        except InputError:
            continue
        assert path.strip() in name
        assert not given or ":" in name
