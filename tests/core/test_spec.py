"""Specs: every option reads back as written, defaults are Nielsen's, and errors say what would be right."""

import shlex

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from initscope.core import activations, losses, optimizers, rates
from initscope.core.catalogue import Parameter
from initscope.core.datasets.data import load
from initscope.core.errors import InputError
from initscope.core.initialization import initializers, streams
from initscope.core.spec import DTYPES, OPTIONS, read, steps_per_epoch

DIGITS, MOONS = load("digits"), load("moons:n=50")


def values(parameter: Parameter) -> st.SearchStrategy[str]:
    """Texts that the parameter accepts."""
    if parameter.choices:
        return st.sampled_from(parameter.choices)
    if isinstance(parameter, rates.Steps):
        return st.integers(int(parameter.minimum or 0), 10**6).map(str)
    low = max((-3.0, *(limit for limit in (parameter.minimum, parameter.above) if limit is not None)))
    high = 3.0 if parameter.below is None else min(3.0, parameter.below)
    above, below = parameter.above is not None, parameter.below is not None
    return st.floats(low, high, exclude_min=above, exclude_max=below).map(repr)


@st.composite
def calls(draw: st.DrawFn, catalogue: dict[str, tuple[Parameter, ...]]) -> str:
    """`name` or `name:key=value,...` with any of its parameters."""
    name = draw(st.sampled_from(sorted(catalogue)))
    chosen = [p for p in catalogue[name] if draw(st.booleans())]
    return name + ":" * bool(chosen) + ",".join(f"{p.name}={draw(values(p))}" for p in chosen)


INITIALIZERS = calls({name: d.parameters for name, d in initializers.CATALOGUE.items()})
BIASES = calls({name: d.parameters for name, d in initializers.CATALOGUE.items() if name != "orthogonal"})
ACTIVATIONS = calls({name: d.parameters for name, d in activations.CATALOGUE.items()})
OPTIMIZERS = calls({name: d.parameters for name, d in optimizers.CATALOGUE.items()})
PARTS = ("1", "30", "7x3", "bn", "ln", "d0.25", "5-r(5-bn-5)")
SCHEDULES = calls({name: d.parameters for name, d in rates.CATALOGUE.items()})
CHOICES = {
    "arch": st.lists(st.sampled_from(PARTS), max_size=4).map(lambda parts: "-".join(["2", *parts, "2"])),
    "activation": ACTIVATIONS,
    "init": INITIALIZERS,
    "bias-init": st.just("same") | BIASES,
    "loss": st.sampled_from(sorted(losses.CATALOGUE)),
    "optimizer": OPTIMIZERS,
    "lr": st.floats(0, 1e6).map(repr),
    "schedule": SCHEDULES,
    "weight-decay": st.floats(0, 1e3).map(repr),
    "clip": st.floats(0, 1e6).map(repr),
    "batch-size": st.integers(1, 30).map(str),
    "seed": st.integers(0, 10**9).map(str),
    "stream": calls({name: d.parameters for name, d in streams.CATALOGUE.items()}),
    "dtype": st.sampled_from(DTYPES),
}
LENGTHS = st.fixed_dictionaries({}, optional={"epochs": st.integers(0, 10**6).map(str)}) | st.fixed_dictionaries(
    {"steps": st.integers(0, 10**9).map(str)}
)


def options_of(command: str) -> dict[str, str]:
    """The options of a command line without repetitions, as a person would read them."""
    program, verb, *words = shlex.split(command)
    assert (program, verb) == ("initscope", "run")
    found = {}
    for word in words:
        if word.startswith("--"):
            key, equals, value = word[2:].partition("=")
            found[key] = value if equals else ""
        else:
            found[key] = word
    return found


@settings(max_examples=150, deadline=None)
@given(st.fixed_dictionaries({}, optional=CHOICES), LENGTHS)
def test_options_and_command_read_back_as_the_same_spec(options, length):
    try:
        spec = read({**options, **length, "data": "moons:n=50"}, MOONS)
    except InputError as error:  # what two parameters cannot be together, such as low >= high
        assume(not any(word in str(error) for word in ("low", "matrices", "residual blocks", "has its own")))
        raise
    assert read(spec.options(), MOONS) == spec
    assert read(options_of(spec.command()), MOONS) == spec
    assert "\n" not in spec.command()
    assert set(spec.options()) <= set(OPTIONS)


def test_the_defaults_are_nielsens_network_on_digits():
    spec = read({}, DIGITS)
    assert spec.options() == {
        "data": "digits", "arch": "64-30-10", "activation": "sigmoid", "init": "randn", "bias-init": "zeros",
        "loss": "quadratic", "optimizer": "sgd", "lr": "3",
        "schedule": "constant", "weight-decay": "0", "clip": "0", "batch-size": "10", "epochs": "30", "seed": "0",
        "stream": "seeded", "dtype": "float32",
    }  # fmt: skip
    assert spec.command() == "initscope run --arch 64-30-10 --init randn --lr 3 --epochs 30"
    assert spec.total_steps(DIGITS.n_train) == 30 * 150


@pytest.mark.parametrize(
    ("optimizer", "loss", "lr"),
    [
        ("sgd", "quadratic", 3.0), ("sgd", "cross_entropy", 0.1), ("momentum", "quadratic", 0.01),
        ("nesterov:momentum=0.5", "cross_entropy", 0.01), ("adam", "quadratic", 0.001),
    ],
)  # fmt: skip
def test_the_default_learning_rate_follows_optimizer_and_loss(optimizer, loss, lr):
    assert read({"optimizer": optimizer, "loss": loss}, DIGITS).lr == lr
    assert read({"optimizer": optimizer, "loss": loss, "lr": "0.25"}, DIGITS).lr == 0.25


def test_the_default_architecture_fits_the_data():
    assert str(read({}, MOONS).architecture) == "2-30-2"
    assert str(read({"arch": "2-5-1"}, MOONS).architecture) == "2-5-1"


@pytest.mark.parametrize("key", sorted(set(OPTIONS) - {"data"}))
def test_a_blank_option_takes_its_default(key):
    assert read({key: "  "}, DIGITS) == read({}, DIGITS)


def test_values_may_have_blanks_and_capitals():
    spec = read({"init": " Randn : scale = 0.5 ", "bias-init": "SAME", "lr": " 1e-1 "}, DIGITS)
    assert (str(spec.initializer), spec.bias_initializer, spec.lr) == ("randn:scale=0.5", None, 0.1)
    assert spec.biases == spec.initializer


@pytest.mark.parametrize(("examples", "batch", "steps"), [(10, 10, 1), (10, 3, 4), (11, 10, 2), (1, 1, 1)])
def test_an_epoch_sees_every_example(examples, batch, steps):
    assert steps_per_epoch(examples, batch) == steps


def test_steps_take_the_place_of_epochs():
    assert read({"steps": "7"}, DIGITS).total_steps(1500) == 7
    assert read({"epochs": "2", "batch-size": "1000"}, DIGITS).total_steps(1500) == 4


def test_identical_units_are_known():
    assert read({"init": "zeros"}, DIGITS).units_alike
    assert read({"init": "constant:value=2", "bias-init": "same"}, DIGITS).units_alike
    assert not read({"init": "zeros", "bias-init": "randn"}, DIGITS).units_alike
    assert not read({"init": "rand"}, DIGITS).units_alike


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"init": "rnad"}, ["initializer 'rnad'", "did you mean rand or randn"]),
        ({"init": "glorot_uniform"}, ["xavier_uniform"]),
        ({"init": "kaiming_normal_"}, ["he_normal"]),
        ({"init": "randn:scal=2"}, ["parameter of randn 'scal'", "did you mean scale"]),
        ({"init": "randn:scale=big"}, ["scale must be a number", "'big'"]),
        ({"init": "randn:scale=nan"}, ["scale must be finite"]),
        ({"init": "randn:scale"}, ["key=value"]),
        ({"init": "uniform:low=1,high=0"}, ["low must be less than high"]),
        ({"init": "zeros:value=1"}, ["zeros has no parameters"]),
        ({"bias-init": "orthogonal"}, ["bias-init orthogonal", "zeros or randn"]),
        ({"init": "orthogonal", "bias-init": "same"}, ["bias-init same", "zeros or randn"]),
        ({"arch": "64-0-10"}, ["64-0-10", "part 2 has 0 units", "at least 1"]),
        ({"arch": "64-x-10"}, ["part 2 is x", "784-30-10"]),
        ({"arch": "64--10"}, ["part 2 is nothing"]),
        ({"arch": "64"}, ["an input and an output", "64-10"]),
        ({"arch": "784-30-10"}, ["784 inputs", "digits has 64 features", "write 64-30-10"]),
        ({"arch": "64-30-5"}, ["5 outputs", "digits has 10 classes", "write 64-30-10"]),
        ({"arch": "64-99999999-10"}, ["parameters are more than", "narrower"]),
        ({"activation": "sigmod"}, ["activation 'sigmod'", "did you mean sigmoid"]),
        ({"loss": "quadratik"}, ["loss 'quadratik'", "did you mean quadratic"]),
        ({"loss": "quadratic:x=1"}, ["quadratic has no parameters"]),
        ({"optimizer": "adma"}, ["optimizer 'adma'", "did you mean adam"]),
        ({"optimizer": "momentum:momentum=1"}, ["momentum must be less than 1"]),
        ({"lr": "fast"}, ["lr must be a number", "'fast'"]),
        ({"lr": "-1"}, ["lr must be finite and not negative"]),
        ({"lr": "inf"}, ["lr must be finite"]),
        ({"lr": "nan"}, ["lr must be finite"]),
        ({"schedule": "cosin"}, ["schedule 'cosin'", "did you mean cosine"]),
        ({"schedule": "step:every=0.3"}, ["every must be a whole number of steps"]),
        ({"weight-decay": "-0.1"}, ["weight-decay must be finite and not negative"]),
        ({"weight-decay": "some"}, ["weight-decay must be a number", "'some'"]),
        ({"weight-decay": "0.1", "optimizer": "adamw"}, ["adamw has its own", "adamw:weight_decay=0.1"]),
        ({"clip": "inf"}, ["clip must be finite"]),
        ({"batch-size": "-10"}, ["batch-size must be at least 1", "-10"]),
        ({"batch-size": "0"}, ["batch-size must be at least 1"]),
        ({"batch-size": "2.5"}, ["batch-size must be a whole number", "'2.5'"]),
        ({"batch-size": "1501"}, ["1,500 training examples of digits", "use 1500"]),
        ({"epochs": "-1"}, ["epochs must be at least 0"]),
        ({"steps": "1e3"}, ["steps must be a whole number"]),
        ({"epochs": "1", "steps": "1"}, ["either epochs or steps"]),
        ({"seed": "-1"}, ["seed must be at least 0"]),
        ({"seed": "9" * 5000}, ["seed must be"]),
        ({"dtype": "float16"}, ["dtype 'float16'", "float32", "float64"]),
        ({"batchsize": "5"}, ["option 'batchsize'", "did you mean batch-size"]),
    ],
)
def test_errors_name_what_is_wrong_and_what_would_be_right(options, words):
    with pytest.raises(InputError) as caught:
        read(options, DIGITS)
    for word in words:
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)


def test_schedule_decay_and_clip_are_part_of_the_run():
    given = {"schedule": "cosine:warmup=9", "weight-decay": "0.0001", "clip": "1.0"}
    spec = read(given, DIGITS)
    assert (str(spec.schedule), spec.weight_decay, spec.clip) == ("cosine:warmup=9", 0.0001, 1.0)
    assert {key: spec.options()[key] for key in given} == {**given, "clip": "1"}
    assert spec.command().endswith("--schedule cosine:warmup=9 --weight-decay 0.0001 --clip 1 --epochs 30")


def test_adamw_has_a_decay_of_its_own():
    spec = read({"optimizer": "adamw:weight_decay=0.1", "weight-decay": "0"}, DIGITS)
    assert spec.weight_decay == 0
    assert read(spec.options(), DIGITS) == spec
