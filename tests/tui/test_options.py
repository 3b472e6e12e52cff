"""The help's table of options does not drift from what the core reads and knows."""

import argparse
import re

import pytest

from initscope.core import activations, losses, optimizers, rates
from initscope.core.datasets import data
from initscope.core.errors import InputError
from initscope.core.initialization import initializers, streams
from initscope.core.spec import DEFAULT_EPOCHS, DTYPES, NIELSEN_LR, OPTIONS, SAME
from initscope.tui.options import EXAMPLES, INITIALIZERS, RUN_OPTIONS, add_run_options, run_options

MEANING = {option.flag: option.meaning for option in RUN_OPTIONS}


def words(text: str) -> list[str]:
    return re.findall(r"[a-z_0-9]+", text)


def test_there_is_an_option_for_each_of_the_core_and_no_other():
    assert [*MEANING, "init"] == [*sorted(MEANING, key=list(OPTIONS).index), "init"]
    assert {*MEANING, "init"} == set(OPTIONS)


@pytest.mark.parametrize(
    ("flag", "catalogue"),
    [
        ("data", data.CATALOGUE), ("activation", activations.CATALOGUE), ("loss", losses.CATALOGUE),
        ("optimizer", optimizers.CATALOGUE), ("schedule", rates.CATALOGUE), ("stream", streams.CATALOGUE),
        ("dtype", dict.fromkeys(DTYPES)),
    ],
)  # fmt: skip
def test_the_help_names_everything_in_a_catalogue(flag, catalogue):
    listed = words(MEANING[flag].partition(";")[0])
    assert [word for word in listed if word in catalogue] == list(catalogue)


def test_the_help_names_every_initializer_and_no_other():
    listed = words(INITIALIZERS.partition(";")[0].partition("initializers:")[2])
    assert sorted(listed) == sorted(initializers.CATALOGUE)


@pytest.mark.parametrize("flag", [flag for flag, value in OPTIONS.items() if value])
def test_the_help_states_every_default(flag):
    assert re.search(rf"\b{OPTIONS[flag]} \(default|\(default {OPTIONS[flag]}\)", MEANING[flag])


def test_the_help_states_defaults_that_follow_others():
    assert f"default {DEFAULT_EPOCHS}" in MEANING["epochs"]
    assert f"default: {NIELSEN_LR}" in MEANING["lr"]
    assert SAME in words(MEANING["bias-init"])


def parsed(*given: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_run_options(parser)
    return parser.parse_args(given)


def test_only_what_was_given_is_passed_on():
    assert run_options(parsed()) == {}
    assert run_options(parsed("--batch-size", "3", "--lr=-1")) == {"batch-size": "3", "lr": "-1"}
    arguments = parsed("--init", "rand", "--lane", "lr=1", "--init", "randn")
    assert arguments.lanes == [("init", "rand"), ("lane", "lr=1"), ("init", "randn")]


@pytest.mark.parametrize("words", [("--arch", ""), ("--data", " "), ("--lr=",)])
def test_an_empty_value_is_not_taken_for_none(words):
    """As from a script whose variable is not set."""
    with pytest.raises(InputError, match="is empty"):
        run_options(parsed(*words))


def test_the_examples_are_commands_that_work():
    import shlex

    from initscope.core.comparison import Comparison
    from initscope.tui.parsers import lab_parser, run_parser

    examples = [line.strip().split("   ")[0] for line in EXAMPLES.splitlines()[1:] if line.strip()]
    assert len(examples) >= 4
    for example in examples:
        program, *rest = shlex.split(example)
        assert program == "initscope"
        run = rest[:1] == ["run"]
        arguments = (run_parser() if run else lab_parser()).parse_args(rest[run:])
        Comparison.in_order(run_options(arguments), arguments.lanes)
