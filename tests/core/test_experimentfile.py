"""Experiment files: what is right is read as written, what is wrong is said with the file, the table and the key."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from initscope.core.errors import InputError
from initscope.core.experiments import catalogue as experimentcatalogue
from initscope.core.experiments import file as experimentfile
from initscope.core.experiments.experiment import Quantity, first_seeds

TOP = 'question = "Q"\nclaim = "C"\nsource = "S"\n'
LANES = '[[lanes]]\nname = "a"\ninit = "rand"\n[[lanes]]\nname = "b"\ninit = "randn"\nlr = 0.5\n'
EXPECT = '[[expect]]\ntext = "T"\nmeasure = "test_percent"\n'
SAMPLE = f'{TOP}kind = "sample"\n[[lanes]]\nname = "a"\n'


def read(text):
    return experimentfile.read("mine", text, "mine.toml")


def refused(text):
    with pytest.raises(InputError) as caught:
        read(text)
    message = str(caught.value)
    assert message.startswith("mine.toml: ")
    assert "\n" not in message
    return message


def test_a_whole_file_is_read_as_written():
    made = read(
        f"{TOP}seeds = [3, 1]\nevery = 50\nnotes = 'N'\ndata_help = 'D'\n"
        f"[options]\ndata = 'xor'\nbatch-size = 20\nlr = 3.0\n{LANES}{EXPECT}"
        "lane = 'b'\nat = 'epoch  2'\nreference = '88.3 ± 4.7'\nwithin = 1\n"
        "above_lane = 'a'\nfactor = 2\nseeds = 'mean'\n"
        "[[expect]]\ntext = 'U'\nmeasure = 'beyond'\nedge = 0.02\nlayer = [1, 2]\nreference = [0.5, 1]\n"
        "within_percent = 5\nanywhere = true\nseed = 1\n"
        "[[expect]]\ntext = 'V'\nmeasure = 'first_step'\nof = 'test_accuracy'\nabove = 0.2\nlow = inf\n"
    )
    assert (made.name, made.question, made.claim, made.source) == ("mine", "Q", "C", "S")
    assert (made.seeds, made.every, made.notes, made.data_help) == ((3, 1), 50, "N", "D")
    assert made.options == {"data": "xor", "batch-size": "20", "lr": "3"}
    assert made.lanes == ({"name": "a", "init": "rand"}, {"name": "b", "init": "randn", "lr": "0.5"})
    assert made.data_names == ("xor",)
    first, second, third = made.expectations
    assert (first.lanes, first.at, first.reference, first.reference_text) == (("b",), "epoch 2", (88.3,), "88.3 ± 4.7")
    assert (first.within, first.above_lane, first.factor, first.seeds, first.judged) == (1.0, "a", 2.0, "mean", True)
    assert (second.lanes, second.layers, second.reference) == (("a", "b"), (1, 2), (0.5, 1.0))
    assert (second.within_percent, second.anywhere, second.seed) == (5.0, True, 1)
    assert second.quantities(3)[1] == Quantity("beyond", "end", 2, (("edge", 0.02),))
    assert dict(third.settings) == {"of": "test_accuracy", "below": -math.inf, "above": 0.2}
    assert third.low == math.inf


def test_options_are_the_same_as_text_and_as_numbers():
    assert read(f"{TOP}[options]\nlr = '0.5'\n{LANES}").options == read(f"{TOP}[options]\nlr = 0.5\n{LANES}").options
    assert read(f"{TOP}[options]\nsteps = 1000000\n{LANES}").options == {"steps": "1000000"}


def test_layers_by_name():
    (hidden,) = read(f'{TOP}{LANES}[[expect]]\ntext="T"\nmeasure="z_std"\nlayer="hidden"\n').expectations
    (output,) = read(f'{TOP}{LANES}[[expect]]\ntext="T"\nmeasure="z_std"\nlayer="output"\n').expectations
    assert [one.layer for one in hidden.quantities(4)] == [1, 2, 3]
    assert [one.layer for one in output.quantities(4)] == [4]


def test_seeds_by_count_and_more_of_them():
    assert read(f"{TOP}seeds = 3\n{LANES}").seeds == (0, 1, 2)
    assert read(f"{TOP}{LANES}").seeds == (0,)
    assert first_seeds((3, 0), 1) == (3,)
    assert first_seeds((3, 0), 5) == (3, 0, 1, 2, 4)


def test_an_expectation_without_a_bound_is_only_shown():
    (one,) = read(f"{TOP}{LANES}{EXPECT}reference = 'about a third'\n").expectations
    assert (one.judged, one.reference, one.reference_text) == (False, (), "about a third")


@pytest.mark.parametrize(
    ("text", "number"),
    [("'9.7'", 9.7), ("'98.56 %'", 98.56), ("'-1.04'", -1.04), ("'4e-12'", 4e-12), ("7", 7.0), ("inf", math.inf)],
)
def test_references_that_are_numbers(text, number):
    (one,) = read(f"{TOP}{LANES}{EXPECT}reference = {text}\nwithin = 1\n").expectations
    assert one.reference == (number,)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("question = 'Q", "not TOML"),
        ("a = " + "[" * 5000, "not TOML"),
        ("a." * 5000 + "a = 1", "nested too deeply"),
        (f"seeds = {'9' * 5000}\n{TOP}{LANES}", "not TOML"),
        (f"seeds = 0x{'f' * 5000}\n{TOP}{LANES}", "a whole number of more than 64 bits"),
        (f"seeds = 2024-01-01\n{TOP}{LANES}", "seeds must be a whole number"),
        (f"questoin = 'Q'\n{TOP}{LANES}", "unknown key 'questoin': did you mean question?"),
        (f"claim = 'C'\nsource = 'S'\n{LANES}", "question is missing"),
        (f"question = 3\nclaim = 'C'\nsource = 'S'\n{LANES}", "question must be a text, not 3"),
        (f"question = ' '\nclaim = 'C'\nsource = 'S'\n{LANES}", "question must be a text"),
        (TOP, "has no [[lanes]]"),
        (f"{TOP}lanes = 3\n", "lanes must be tables, each [[lanes]], not 3"),
        (f"{TOP}options = 3\n{LANES}", "options must be a table, [options], not 3"),
        (f"{TOP}kind = 'tarin'\n{LANES}", "unknown kind 'tarin': did you mean train?"),
        (f"{TOP}seeds = 0\n{LANES}", "seeds must be a whole number from 1"),
        (f"{TOP}seeds = true\n{LANES}", "seeds must be a whole number"),
        (f"{TOP}seeds = [1, 1]\n{LANES}", "seeds must be a count, or a list of different whole numbers"),
        (f"{TOP}seeds = [-1]\n{LANES}", "seeds must be a count"),
        (f"{TOP}seeds = []\n{LANES}", "seeds must be a count"),
        (f"{TOP}every = 0\n{LANES}", "every must be a whole number from 1"),
        (f"{TOP}[options]\nbatchsize = 3\n{LANES}", "[options]: unknown key 'batchsize': did you mean batch-size?"),
        (f"{TOP}[options]\nseed = 3\n{LANES}", "[options]: unknown key 'seed'"),
        (f"{TOP}[options]\nlr = true\n{LANES}", "[options]: lr must be a text or a number, not True"),
        (f"{TOP}[options]\nlr = ''\n{LANES}", "[options]: lr must be a text or a number, not nothing"),
        (f"{TOP}[[lanes]]\ninit = 'rand'\n", "[[lanes]] 1: name is missing"),
        (f"{TOP}[[lanes]]\nname = 'a'\nint = 'rand'\n", "[[lanes]] 1: unknown key 'int': did you mean init"),
        (f"{TOP}[[lanes]]\nname = \"a\\tb\"\n", "[[lanes]] 1: name must be a name that can be printed"),
        (f"{TOP}{LANES}[[lanes]]\nname = 'a'\n", "[[lanes]] 3: there is a lane 'a' already"),
        (f"{TOP}{LANES}" + "".join(f"[[lanes]]\nname = '{n}'\n" for n in range(50)), "52 lanes are too many"),
        (f"{TOP}{LANES}[[expect]]\nmeasure = 'test_percent'\n", "[[expect]] 1: text is missing"),
        (f"{TOP}{LANES}[[expect]]\ntext = 'T'\n", "[[expect]] 1: measure is missing"),
        (f"{TOP}{LANES}{EXPECT}{EXPECT}lane = 'c'\n", "[[expect]] 2: lane: unknown lane 'c'"),
        (f"{TOP}{LANES}{EXPECT}lane = []\n", "lane must be the name of a lane, or a list of them"),
        (f"{TOP}{LANES}{EXPECT}lane = 3\n", "lane must be the name of a lane"),
        (f"{TOP}{LANES}{EXPECT}layer = 1\n", "test_percent is of the whole network and has no layer"),
        (f"{TOP}{LANES}{EXPECT}edge = 1\n", "unknown key 'edge'"),
        (f"{TOP}{LANES}{EXPECT}at = 'ende'\n", 'at must be "start", "end", "epoch 1" or "step 2400", not \'ende\''),
        (f"{TOP}{LANES}{EXPECT}low = 'x'\n", "low must be a number, not 'x'"),
        (f"{TOP}{LANES}{EXPECT}low = nan\n", "low must be a number"),
        (f"{TOP}{LANES}{EXPECT}low = {'9' * 400}\n", "a whole number of more than 64 bits"),
        (f"{TOP}{LANES}{EXPECT}low = 2\nhigh = 1\n", "low is 2, which is more than high, 1"),
        (f"{TOP}{LANES}{EXPECT}within = -1\n", "within must be at least 0"),
        (f"{TOP}{LANES}{EXPECT}within = 1\n", "within needs a reference that is a number"),
        (f"{TOP}{LANES}{EXPECT}digits = 3\nreference = 'much'\n", "digits needs a reference that is a number"),
        (f"{TOP}{LANES}{EXPECT}digits = 0\nreference = 1\n", "digits must be a whole number from 1 to 17"),
        (f"{TOP}{LANES}{EXPECT}reference = [1, 'x']\n", "reference must be a number, a list of numbers, or a text"),
        (f"{TOP}{LANES}{EXPECT}reference = [1, 2]\n", "reference has 2 numbers, layer must list as many"),
        (f"{TOP}{LANES}{EXPECT}factor = 2\n", "factor goes with above_lane or below_lane"),
        (f"{TOP}{LANES}{EXPECT}above_lane = 'A'\n", "above_lane: unknown lane 'A': did you mean a?"),
        (f"{TOP}{LANES}{EXPECT}seeds = 'all'\n", "unknown seeds 'all'"),
        (f"{TOP}{LANES}{EXPECT}seed = 3\n", "seed 3 is not one of the seeds, 0"),
        (f"{TOP}{LANES}{EXPECT}seed = 0\nseeds = 'mean'\n", "give either seed or seeds"),
        (f"{TOP}{LANES}{EXPECT}anywhere = 1\n", "anywhere must be true or false, not 1"),
        (f"{TOP}{LANES}[[expect]]\ntext='T'\nmeasure='z_sdt'\n", "unknown measure 'z_sdt': did you mean z_std?"),
        (f"{TOP}{LANES}[[expect]]\ntext='T'\nmeasure=['z_std']\n", "measure must be a text"),
        (f"{TOP}{LANES}[[expect]]\ntext='T'\nmeasure='z_std'\n", "z_std needs a layer"),
        (f"{TOP}{LANES}[[expect]]\ntext='T'\nmeasure='z_std'\nlayer=0\n", "layer must be a number from 1"),
        (f"{TOP}{LANES}[[expect]]\ntext='T'\nmeasure='z_std'\nlayer=[]\n", "layer must be a number from 1"),
        (f"{TOP}{LANES}[[expect]]\ntext='T'\nmeasure='z_std'\nlayer='all'\n", "layer must be a number from 1"),
        (f"{TOP}{LANES}[[expect]]\ntext='T'\nmeasure='first_step'\nof='loss'\n", "unknown of 'loss'"),
        (f"{SAMPLE}lr = 3\n", "[[lanes]] 1: unknown key 'lr'"),
        (f"{SAMPLE}[[expect]]\ntext='T'\nmeasure='test_percent'\n", "unknown measure 'test_percent'"),
        (f"{SAMPLE}[[expect]]\ntext='T'\nmeasure='mean'\nat='end'\n", "'at' is for what trains"),
        (f"{TOP}kind = 'sample'\nevery = 3\n[[lanes]]\nname = 'a'\n", "'every' and 'data_help' are for what trains"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(text, words):
    assert words in refused(text)


def complaint(text):
    try:
        read(text)
    except InputError as error:
        return str(error)
    return ""


def test_the_whole_file_of_the_fuzz_test_is_right():
    assert complaint(WHOLE) == ""


WHOLE = f"{TOP}seeds = [3, 1]\nevery = 5\n[options]\nlr = 3.0\n{LANES}{EXPECT}lane = ['a']\nat = 'epoch 2'\n"
WHOLE += "reference = 1\nwithin = 1\n[[expect]]\ntext='T'\nmeasure='beyond'\nedge=0.1\nlayer=[1, 2]\nhigh=inf\n"
PIECES = ["'", '"', "[", "]", "=", "\n", ".", "inf", "nan", "-1", "1e999", "true", "[[expect]]", "{}", "2024-01-01",
          "0x" + "f" * 40, "seed", "\0", "é", "layer", "[]"]  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(WHOLE)), st.integers(0, 12), st.sampled_from(PIECES)), max_size=4))
def test_whatever_is_damaged_there_is_one_clear_error(damage):
    text = WHOLE
    for place, length, piece in damage:
        text = text[:place] + piece + text[place + length :]
    message = complaint(text)
    assert not message or message.startswith("mine.toml: ")


def test_files_that_cannot_be_read(tmp_path):
    for name, content, words in (
        ("big.toml", b"#" * 300_000, "more than 200,000 bytes"),
        ("latin.toml", b"question = '\xe9'", "not UTF-8 text (byte 12)"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=f"{name}: ") as caught:
            experimentcatalogue.find(str(tmp_path / name))
        assert words in str(caught.value)
    for name, words in (("missing.toml", "no such file"), (".", "is a directory")):
        with pytest.raises(InputError, match=words):
            experimentcatalogue.find(f"{tmp_path}/{name}")


def test_every_shipped_file_is_read_and_has_something_to_judge():
    names = experimentcatalogue.names()
    assert {"nielsen", "symmetry", "near-zero", "he-depth", "dlfs-activations"} <= set(names)
    for name in names:
        made = experimentcatalogue.find(name)
        assert made.name == name
        assert made.question.endswith("?")
        assert any(expectation.judged for expectation in made.expectations)


def test_names_that_are_nearly_right_and_files_without_an_ending(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="unknown experiment 'nielson': did you mean nielsen"):
        experimentcatalogue.find("nielson")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").write_text("")
    with pytest.raises(InputError, match=r"for the file of that name write \./mine"):
        experimentcatalogue.find("mine")
    assert experimentcatalogue.find("NIELSEN").name == "nielsen"
