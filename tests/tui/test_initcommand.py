"""`initscope init`: the list, the cards, what is refused, and the same words in the lab's picker."""

import contextlib
import io
import subprocess
import sys
from math import sqrt

import numpy as np
import pytest

from initscope.core.datasets.data import load
from initscope.core.initialization.entries import CATALOGUE
from initscope.core.initialization.initializers import fans, initializer
from initscope.core.initialization.presets import PRESETS
from initscope.core.spec import read
from initscope.tui.card import alike, describe
from initscope.tui.cli import main
from initscope.tui.explain import choices, explain, full_call
from initscope.tui.initcommand import read_shape

HEAVY = ("numpy", "textual", "plotext", "rich", "threadpoolctl", "platformdirs")


def called(*words: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(["init", *words])
        except SystemExit as end:
            code = end.code
    return code, out.getvalue(), err.getvalue()


def printed(*words: str) -> str:
    code, out, err = called(*words)
    assert (code, err) == (0, "")
    return out


def flat(text: str) -> str:
    return " ".join(text.split())


def row(text: str, label: str) -> str:
    """What a card says behind a label."""
    return next(line.removeprefix(f"  {label}").strip() for line in text.splitlines() if line.startswith(f"  {label} "))


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from initscope.tui.cli import main\n"
        "try: main(['init', '--help'])\nexcept SystemExit as end: assert not end.code\n"
        f"assert not [name for name in {HEAVY!r} if name in sys.modules]"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={"COLUMNS": "80"})
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: initscope init")
    assert max(map(len, done.stdout.splitlines())) <= 80


@pytest.mark.parametrize(("name", "words"), [("lsuv", "before they are divided"), ("fixup", "the he_normal weights")])
def test_what_needs_a_network_says_what_is_shown_without_one(name: str, words: str) -> None:
    note = flat(printed(name, "--plain").split("  note ")[1].split("  mean ")[0])
    assert note.startswith("without a network")
    assert words in note
    assert any(words in line for line in explain("init", name, None, None))


def test_what_needs_none_has_no_note() -> None:
    assert not [name for name in CATALOGUE if name not in ("lsuv", "fixup") and initializer(name).alone]
    assert "  note " not in printed("he_normal")


def test_the_list_names_everything() -> None:
    words = printed().split()
    for name in (*CATALOGUE, *PRESETS):
        assert name in words
    assert "= glorot_standard" in printed()
    assert printed("--plain").isascii()


def test_the_card_of_he_normal() -> None:
    text = printed("he_normal", "--shape", "784,30", "--plain")
    assert text.startswith("he_normal: 784 inputs, 30 outputs\n")
    assert row(text, "formula") == "W ~ gain * N(0, 2 / fan_in)"
    assert row(text, "mean") == "0"
    assert row(text, "std").startswith(f"{sqrt(2 / 784):.4g} ")
    assert row(text, "bounds") == "none"
    assert "2015" in row(text, "source")
    assert row(text, "the same") == "PyTorch torch.nn.init.kaiming_normal_"
    edge = f"{2 * sqrt(2 / 784) / 0.87962566:.4g}"
    assert f"keras.he_normal, jax.he_normal: a normal cut to -{edge} to {edge}" in flat(text)
    for library in ("NumPy", "PyTorch", "Keras", "JAX"):
        assert row(text, library).startswith("W = ")
    assert "key = jax.random.key(0)" in text


@pytest.mark.parametrize("shape", [(30, 784), (16, 3, 3, 3)])
@pytest.mark.parametrize("name", [*CATALOGUE, *PRESETS, "xavier_normal:gain=tanh", "0.01*randn"])
def test_every_card_says_what_is_drawn(name: str, shape: tuple[int, ...]) -> None:
    rule = initializer(name)
    inputs = ",".join(map(str, (shape[1], shape[0], *shape[2:])))
    code, out, err = called(name, "--shape", inputs, "--plain")
    fitting = rule.axes == 3 if rule.axes == 3 or rule.here.name in ("identity", "sparse") else None
    if fitting is not None and fitting != (len(shape) > 2):
        assert (code, out) == (2, "")
        assert err.startswith(f"initscope: {rule.here.name} ")
        return
    assert (code, err) == (0, "")
    assert out.isascii()
    assert "?" not in out
    distribution = rule.of(shape)
    drawn = rule.sample(np.random.default_rng(0), shape, *fans(shape))
    assert float(row(out, "mean")) == pytest.approx(distribution.mean, rel=1e-3)
    assert float(row(out, "std").split()[0]) == pytest.approx(sqrt(distribution.variance), rel=1e-3)
    assert abs(drawn.mean() - distribution.mean) <= 5 * sqrt(distribution.variance / drawn.size) + 1e-12
    assert not any(line.startswith("  different") and f" {name}:" in line for line in out.splitlines())


def test_gains_by_name_are_shown_as_numbers() -> None:
    assert "gain=tanh is 1.59254" in printed("xavier_normal:gain=tanh")
    assert "gain=tanh is 1.66667" in printed("torch.xavier_normal_:gain=tanh")


def test_presets_say_what_they_are_here_and_where_others_differ() -> None:
    text = printed("keras.glorot_normal", "--shape", "100,50")
    assert row(text, "here") == "variance_scaling:mode=fan_avg,distribution=truncated_normal"
    assert row(text, "the same") == "jax.glorot_normal, jax.xavier_normal"
    assert f"xavier_normal: normal, std {sqrt(2 / 150):.4g}" in flat(text)
    bias = printed("torch.nn.Linear.bias")
    assert "(30,)" in bias
    assert row(bias, "bounds") == "-0.03571 to 0.03571"


@pytest.mark.parametrize(
    ("text", "shape"),
    [("784,30", (30, 784)), ("784x30", (30, 784)), ("(3, 16, 5, 4)", (16, 3, 5, 4)), (" 1,1 ", (1, 1))],
)
def test_shapes(text: str, shape: tuple[int, ...]) -> None:
    assert read_shape(text) == shape


@pytest.mark.parametrize(
    "text", ["784", "784,0", "784,-3", "a,b", "1,2,3,4,5,6", "9999999,9999999", "1.5,2", ",", "²,3"]
)
def test_bad_shapes_are_explained(text: str) -> None:
    code, out, err = called("randn", f"--shape={text}")
    assert (code, out) == (2, "")
    assert "write inputs,outputs such as 784,30" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["rnad"], "did you mean rand or randn"), (["--shape", "784,30"], "needs a name"),
        (["dirac", "--shape", "784,30"], "use identity"), (["he_normal", "extra"], "unexpected 'extra'"),
        (["he_normal", "--shap", "3,3"], "did you mean --shape"), (["identity", "--shape", "3,3,3,3"], "use dirac"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_in_one_line(words: list[str], message: str) -> None:
    code, out, err = called(*words)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


def test_the_card_for_convolutions_is_of_a_convolution() -> None:
    text = printed("delta_orthogonal")
    assert text.startswith("delta_orthogonal: 3 inputs, 16 outputs, kernel 3x3 (fan_in 27, fan_out 144)\n")
    assert row(text, "std").startswith(f"{1 / sqrt(144):.4g} ")


def test_descriptions_tell_distributions_apart() -> None:
    texts = ["zeros", "rand", "randn", "truncated_normal", "abs_randn", "orthogonal", "normal:mean=2", "sparse"]
    made = [initializer(text).of((30, 784)) for text in texts]
    assert len({describe(one) for one in made}) == len(texts)
    for one in made:
        assert [alike(one, other) for other in made].count(True) == 1


def test_the_lab_offers_everything_for_weights_and_what_fits_for_biases() -> None:
    assert [entry.key for entry in choices("init", "randn")] == [*CATALOGUE, *PRESETS]
    biases = [entry.key for entry in choices("bias-init", "zeros")]
    assert "torch.nn.Linear.bias" in biases
    assert not {"orthogonal", "keras.orthogonal", "identity", "sparse", "dirac"} & set(biases)


def test_the_lab_shows_the_card() -> None:
    digits = load("digits")
    for name in ("he_normal", "keras.glorot_normal", "torch.nn.Linear"):
        lines = explain("init", name, read({"init": name}, digits), digits)
        card = printed(name, "--shape", "64,30", "--plain").splitlines()
        for library in ("NumPy", "PyTorch", "Keras", "JAX"):
            assert f"{library}: {row(chr(10).join(card), library)}" in lines
        assert any(line.startswith("Not the same: ") for line in lines)
        assert any(line.startswith("Source: ") for line in lines)
    assert explain("init", "torch.xavier_normal_", None, None)[0].startswith("W ~ gain")
    assert full_call("init", "torch.xavier_normal_") == "torch.xavier_normal_:gain=1"
    biases = explain("bias-init", "torch.nn.Linear.bias", read({"bias-init": "torch.nn.Linear.bias"}, digits), digits)
    assert "layer 1: mean 0, std 0.0722 (64 to 30)" in biases
