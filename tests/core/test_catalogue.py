"""Calls by name: what is read is written back, and every mistake is named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initscope.core.catalogue import Parameter, Value, read_parameters, split_call, write_call, write_value
from initscope.core.errors import InputError, unknown

SCALE = Parameter("scale", 1.0, "a number", above=0.0)
RATE = Parameter("rate", 0.9, "a share", minimum=0.0, below=1.0)
MODE = Parameter("mode", "fan_in", "a word", ("fan_in", "fan_out"))
ALL = (SCALE, RATE, MODE)


@pytest.mark.parametrize(("text", "expected"), [
    ("randn", ("randn", {})),
    ("  RandN ", ("randn", {})),
    ("uniform:low=-1,high=1", ("uniform", {"low": "-1", "high": "1"})),
    (" uniform : low = -1 , high = 1e-3 ", ("uniform", {"low": "-1", "high": "1e-3"})),
    ("", ("", {})),
])
def test_split_call(text: str, expected: tuple[str, dict[str, str]]) -> None:
    assert split_call(text) == expected


@pytest.mark.parametrize(("text", "message"), [
    ("uniform:", "after the colon write uniform:key=value"),
    ("uniform:low", "not 'low'"),
    ("uniform:low=", "not 'low='"),
    ("uniform:=1", "not '=1'"),
    ("uniform:low=1,", "not ''"),
    ("uniform:low=1,low=2", "low is given twice"),
])
def test_malformed_calls(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        split_call(text)


@pytest.mark.parametrize(("parameter", "text", "message"), [
    (SCALE, "ten", "toy: scale must be a number, not 'ten'"),
    (SCALE, "nan", "toy: scale must be finite, not nan"),
    (SCALE, "-inf", "toy: scale must be finite"),
    (SCALE, "0", "toy: scale must be greater than 0, not 0"),
    (RATE, "-0.1", "toy: rate must be at least 0"),
    (RATE, "1", "toy: rate must be less than 1"),
    (MODE, "fan_on", "unknown mode of toy 'fan_on': did you mean fan_"),
])
def test_bad_values(parameter: Parameter, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parameter.read("toy", text)


def test_bounds_that_are_allowed() -> None:
    assert RATE.read("toy", "0") == 0
    assert RATE.read("toy", "0.999") == 0.999
    assert SCALE.read("toy", "1e-300") == 1e-300
    assert MODE.read("toy", "fan_out") == "fan_out"


def test_read_parameters_fills_in_defaults() -> None:
    assert read_parameters("toy", ALL, {"rate": "0.5"}) == {"scale": 1.0, "rate": 0.5, "mode": "fan_in"}
    with pytest.raises(InputError, match=r"unknown parameter of toy 'scal': did you mean scale\?"):
        read_parameters("toy", ALL, {"scal": "1"})
    with pytest.raises(InputError, match="toy has no parameters, so 'a=1' cannot be set"):
        read_parameters("toy", (), {"a": "1"})


@given(
    st.floats(0, exclude_min=True, allow_infinity=False),
    st.floats(0, 1, exclude_max=True),
    st.sampled_from(MODE.choices),
)
def test_what_is_written_reads_back(scale: float, rate: float, mode: str) -> None:
    values: dict[str, Value] = {"scale": scale, "rate": rate, "mode": mode}
    text = write_call("toy", ALL, values)
    name, given_ = split_call(text)
    assert name == "toy"
    assert read_parameters(name, ALL, given_) == values


@pytest.mark.parametrize(("value", "text"), [
    (3.0, "3"), (-0.5, "-0.5"), (1e-8, "1e-08"), (1e22, "1e+22"), (100000.0, "100000"), ("word", "word"),
])
def test_write_value(value: Value, text: str) -> None:
    assert write_value(value) == text
    if not isinstance(value, str):
        assert float(text) == value


def test_defaults_are_left_out() -> None:
    assert write_call("toy", ALL, {"scale": 1.0, "rate": 0.9, "mode": "fan_in"}) == "toy"
    text = write_call("toy", ALL, {"scale": 2.0, "rate": 0.9, "mode": "fan_out"})
    assert text == "toy:scale=2,mode=fan_out"


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        name, given_ = split_call(text)
    except InputError:
        return
    assert ":" not in name
    assert all(key and value for key, value in given_.items())


def test_unknown_suggests_close_names() -> None:
    assert str(unknown("loss", "quadratc", ["quadratic", "cross"])) == (
        "unknown loss 'quadratc': did you mean quadratic? known are cross, quadratic"
    )
    assert str(unknown("loss", "zzz", ["b", "a"])) == "unknown loss 'zzz': known are a, b"
