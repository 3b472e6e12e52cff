"""Comparisons: which lanes a command line asks for, how they are named, and what is wrong with it."""

import shlex
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from initscope.core.comparison import Comparison, read_lane, unique_names
from initscope.core.datasets.data import load
from initscope.core.errors import InputError
from initscope.core.spec import read

DIGITS, MOONS = load("digits"), load("moons")
DATA = {"digits": DIGITS, "moons": MOONS}


def specs(options=(), inits=(), lanes=()):
    return Comparison.of(dict(options), list(inits), list(lanes)).specs(DATA)


def test_without_a_lane_rand_and_randn_are_compared():
    assert [spec.name for spec in specs()] == ["rand", "randn"]
    assert [str(spec.architecture) for spec in specs()] == ["64-30-10"] * 2


def test_initializers_come_first_then_lanes_which_take_the_first_initializer():
    found = specs({"lr": "0.5"}, ["he_normal", "rand"], ["lr=2", "init=zeros activation=tanh"])
    assert [spec.name for spec in found] == ["he_normal", "rand", "he_normal lr=2", "zeros activation=tanh"]
    assert [spec.lr for spec in found] == [0.5, 0.5, 2.0, 0.5]
    assert str(found[2].initializer) == "he_normal"


def test_a_lane_alone_has_randn():
    assert [str(spec.initializer) for spec in specs(lanes=["lr=2"])] == ["randn"]


def test_a_lane_may_differ_in_anything_and_defaults_follow_it():
    lane = (
        "init=rand bias-init=same data=moons arch=2-7-1 activation=tanh loss=cross_entropy optimizer=adam "
        "batch_size=3 --steps=9 seed=4 dtype=float64 name=mine"
    )
    (spec,) = specs({"epochs": "3"}, [], [lane])
    assert spec == replace(
        read(
            {"data": "moons", "arch": "2-7-1", "activation": "tanh", "init": "rand", "bias-init": "same",
             "loss": "cross_entropy", "optimizer": "adam", "batch-size": "3", "steps": "9", "seed": "4",
             "dtype": "float64"},
            MOONS,
        ),
        name="mine",
    )  # fmt: skip
    assert spec.lr == 0.001
    assert str(specs({}, [], ["data=moons"])[0].architecture) == "2-30-2"


def test_lanes_may_differ_in_how_they_are_steered():
    lanes = ["init=randn schedule=cosine", "init=randn weight-decay=0.001 clip=1", "optimizer=adamw weight_decay=0"]
    found = specs({"weight-decay": "0.01", "schedule": "step:every=9"}, ["rand"], lanes)
    assert [str(spec.schedule) for spec in found] == ["step:every=9", "cosine", "step:every=9", "step:every=9"]
    assert [spec.weight_decay for spec in found] == [0.01, 0.01, 0.001, 0]
    assert [spec.clip for spec in found] == [0, 0, 1, 0]
    assert found[1].name == "randn schedule=cosine"
    with pytest.raises(InputError, match="adamw has its own"):
        specs({"weight-decay": "0.01"}, ["rand"], ["optimizer=adamw"])


def test_a_lanes_own_length_takes_the_place_of_the_shared_one():
    shared, own = specs({"steps": "5"}, ["rand"], ["epochs=1"])
    assert (shared.steps, shared.epochs, own.steps, own.epochs) == (5, None, None, 1)


def test_data_is_named_once():
    comparison = Comparison.of({}, ["rand", "randn"], ["data=moons", "data=digits"])
    assert comparison.data_names() == ("digits", "moons")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["must say what differs", "init=rand lr=0.5"]),
        ("rand", ["'rand' is not key=value"]),
        ("lr=", ["'lr=' is not key=value"]),
        ("=3", ["key in lane"]),
        ("inti=rand", ["'inti'", "did you mean init"]),
        ("activaton=relu", ["did you mean activation"]),
        ("lr=1 lr=2", ["lr is given twice"]),
        ("batch-size=1 batch_size=2", ["batch-size is given twice"]),
        ("init='rand", ["init=rand lr=0.5"]),
    ],
)
def test_a_bad_lane_says_what_would_be_right(text, words):
    with pytest.raises(InputError) as caught:
        read_lane(text)
    for word in words:
        assert word in str(caught.value)


def test_errors_of_a_lanes_values_are_those_of_its_spec():
    with pytest.raises(InputError, match="digits has 64 features: write 64-100-10"):
        specs({}, [], ["arch=784-100-10"])
    with pytest.raises(InputError, match="either epochs or steps"):
        specs({}, [], ["steps=1 epochs=1"])


@given(st.lists(st.sampled_from(["a", "a (2)", "a (3)", "a (2) (2)", "b"]), max_size=9))
def test_names_differ_and_first_come_keep_theirs(names):
    spec = read({}, DIGITS)
    found = [s.name for s in unique_names([replace(spec, name=name) for name in names])]
    assert len(set(found)) == len(found) == len(names)
    assert not names or found[0] == names[0]
    for given_name, name in zip(names, found, strict=True):
        assert name.startswith(given_name)


def test_names_neither_break_lines_nor_steer_the_terminal():
    (spec,) = specs({}, [], [shlex.join(["name=a\nb\x1b[31m\udcff"])])
    assert spec.name == "a?b?[31m?"


VALUES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=8)
LANES = st.dictionaries(st.sampled_from(["init", "lr", "arch", "data", "name", "batch-size"]), VALUES, min_size=1)


def shown_name(lane):
    return {"name": "".join(c if c.isprintable() else "?" for c in lane["name"])} if "name" in lane else {}


@settings(max_examples=100)
@given(st.lists(LANES, min_size=1, max_size=4), st.dictionaries(st.sampled_from(["lr", "data"]), VALUES))
def test_the_command_holds_the_same_options_and_lanes(lanes, options):
    comparison = Comparison(options, tuple(lanes))
    program, *words = shlex.split(comparison.command())
    assert program == "initscope"
    found: dict[str, list[str]] = {}
    while words:
        key, equals, value = words.pop(0).partition("=")
        found.setdefault(key, []).append(value if equals else words.pop(0))
    inits, others = found.pop("--init", []), found.pop("--lane", [])
    given_options = {key.removeprefix("--"): value for key, (value,) in found.items()}
    expected = Comparison(
        {key: value for key, value in options.items() if (key, value) != ("data", "digits")},
        tuple({"init": "randn", **lane} | shown_name(lane) for lane in lanes),
    )
    assert Comparison.of(given_options, inits, others) == expected


def test_the_command_is_one_line_whatever_a_lane_is_called():
    line = Comparison({}, ({"init": "rand", "name": "a\nb\x1b[2J"},)).command()
    assert line.isprintable()
    assert "name='a?b?[2J'" in shlex.split(line)[-1]


def test_the_command_keeps_the_order_of_lanes():
    comparison = Comparison({}, ({"init": "rand", "lr": "2"}, {"init": "zeros"}, {"lr": "1"}))
    assert comparison.command() == "initscope --lane 'init=rand lr=2' --lane init=zeros --lane 'init=randn lr=1'"
    assert Comparison({}, ({"init": "-1*randn"},)).command() == "initscope '--init=-1*randn'"


def test_lanes_stand_in_the_order_in_which_they_were_asked_for() -> None:
    words = [("lane", "init=zeros"), ("init", "rand"), ("lane", "lr=1"), ("init", "randn")]
    lanes = Comparison.in_order({}, words).lanes
    assert [lane["init"] for lane in lanes] == ["zeros", "rand", "rand", "randn"]
    assert lanes[2] == {"init": "rand", "lr": "1"}


def test_an_empty_initializer_is_refused() -> None:
    with pytest.raises(InputError, match="--init is empty"):
        Comparison.in_order({}, [("init", "")])
