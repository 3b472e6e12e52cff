"""Presets against what the libraries document and do, written out here once more without their code."""

from math import erf, exp, inf, pi, sqrt

import numpy as np
import pytest

from initscope.core.errors import InputError
from initscope.core.initialization.initializers import CATALOGUE, PRESETS, fans, find, initializer

SHAPES = [(30, 784), (20, 7), (16, 3, 3, 3), (8, 16, 5, 1)]
MASS = erf(sqrt(2))
WITHIN_2 = sqrt(1 - 4 * exp(-2) / sqrt(2 * pi) / MASS)
"""Std of a standard normal held to ±2: 0.87962566."""


def uniform(low, high):
    return (low + high) / 2, (high - low) ** 2 / 12, low, high


def normal(mean, std):
    return mean, std**2, -inf, inf


def cut(std):
    """A normal of this std before it is cut at two of them."""
    return 0.0, (std * WITHIN_2) ** 2, -2 * std, 2 * std


def keep(variance):
    """A normal cut at two stds, with this variance after the cut."""
    return cut(sqrt(variance) / WITHIN_2)


def always(value):
    return value, 0.0, value, value


def average(i, o):
    return (i + o) / 2


PLAIN = {
    # text: (fan_in, fan_out) -> mean, variance, low, high
    **dict.fromkeys(
        ("torch.nn.Linear", "torch.nn.Linear.bias", "torch.nn.Conv2d", "torch.nn.Conv2d.bias"),
        lambda i, o: uniform(-1 / sqrt(i), 1 / sqrt(i)),
    ),
    **dict.fromkeys(("torch.zeros_", "keras.zeros", "keras.constant", "jax.zeros"), lambda i, o: always(0.0)),
    **dict.fromkeys(("torch.ones_", "keras.ones", "jax.ones"), lambda i, o: always(1.0)),
    "torch.constant_:val=-2": lambda i, o: always(-2.0),
    "jax.constant:value=3": lambda i, o: always(3.0),
    "torch.uniform_": lambda i, o: uniform(0, 1),
    "torch.normal_": lambda i, o: normal(0, 1),
    "torch.trunc_normal_": lambda i, o: cut(1.0),
    "torch.trunc_normal_:std=0.02,a=-0.04,b=0.04": lambda i, o: cut(0.02),
    "torch.xavier_uniform_": lambda i, o: uniform(-sqrt(6 / (i + o)), sqrt(6 / (i + o))),
    "torch.xavier_uniform_:gain=tanh": lambda i, o: uniform(-5 / 3 * sqrt(6 / (i + o)), 5 / 3 * sqrt(6 / (i + o))),
    "torch.xavier_normal_": lambda i, o: normal(0, sqrt(2 / (i + o))),
    "torch.xavier_normal_:gain=selu": lambda i, o: normal(0, 0.75 * sqrt(2 / (i + o))),
    "torch.kaiming_uniform_": lambda i, o: uniform(-sqrt(6 / i), sqrt(6 / i)),
    "torch.kaiming_uniform_:a=2.23606797749979": lambda i, o: uniform(-1 / sqrt(i), 1 / sqrt(i)),
    "torch.kaiming_normal_": lambda i, o: normal(0, sqrt(2 / i)),
    "torch.kaiming_normal_:a=0.2,mode=fan_out": lambda i, o: normal(0, sqrt(2 / 1.04 / o)),
    "torch.kaiming_normal_:a=0.2,nonlinearity=relu": lambda i, o: normal(0, sqrt(2 / i)),
    "torch.kaiming_normal_:nonlinearity=sigmoid": lambda i, o: normal(0, sqrt(1 / i)),
    "torch.kaiming_normal_:nonlinearity=linear": lambda i, o: normal(0, sqrt(1 / i)),
    "torch.kaiming_uniform_:nonlinearity=tanh": lambda i, o: uniform(-5 / 3 * sqrt(3 / i), 5 / 3 * sqrt(3 / i)),
    **dict.fromkeys(("keras.random_normal",), lambda i, o: normal(0, 0.05)),
    "keras.random_uniform": lambda i, o: uniform(-0.05, 0.05),
    "keras.truncated_normal": lambda i, o: cut(0.05),
    "keras.variance_scaling": lambda i, o: keep(1 / i),
    "keras.variance_scaling:scale=3,mode=fan_avg,distribution=normal": lambda i, o: keep(3 / average(i, o)),
    "keras.variance_scaling:mode=fan_out,distribution=untruncated_normal": lambda i, o: normal(0, sqrt(1 / o)),
    "keras.variance_scaling:scale=2,distribution=uniform": lambda i, o: uniform(-sqrt(6 / i), sqrt(6 / i)),
    **dict.fromkeys(
        ("keras.Dense", "keras.Conv2D", "keras.glorot_uniform", "jax.glorot_uniform", "jax.xavier_uniform"),
        lambda i, o: uniform(-sqrt(3 / average(i, o)), sqrt(3 / average(i, o))),
    ),
    **dict.fromkeys(
        ("keras.glorot_normal", "jax.glorot_normal", "jax.xavier_normal"), lambda i, o: keep(1 / average(i, o))
    ),
    **dict.fromkeys(("keras.he_normal", "jax.he_normal", "jax.kaiming_normal"), lambda i, o: keep(2 / i)),
    **dict.fromkeys(
        ("keras.he_uniform", "jax.he_uniform", "jax.kaiming_uniform"), lambda i, o: uniform(-sqrt(6 / i), sqrt(6 / i))
    ),
    **dict.fromkeys(
        ("keras.lecun_normal", "jax.lecun_normal", "flax.Dense", "flax.Conv", "flax.nnx.Linear"),
        lambda i, o: keep(1 / i),
    ),
    **dict.fromkeys(
        ("keras.lecun_uniform", "jax.lecun_uniform"), lambda i, o: uniform(-sqrt(3 / i), sqrt(3 / i))
    ),
    "jax.normal": lambda i, o: normal(0, 0.01),
    "jax.uniform": lambda i, o: uniform(0, 0.01),
    "jax.truncated_normal": lambda i, o: cut(0.01),
    "jax.variance_scaling": lambda i, o: keep(1 / i),
    "jax.variance_scaling:mode=fan_geo_avg,distribution=normal": lambda i, o: normal(0, (i * o) ** -0.25),
}  # fmt: skip
WHOLE = {
    "torch.eye_": "identity", "torch.dirac_": "dirac", "torch.sparse_": "sparse", "torch.orthogonal_": "orthogonal",
    "keras.orthogonal": "orthogonal", "keras.identity": "identity", "jax.orthogonal": "orthogonal",
    "jax.delta_orthogonal": "delta_orthogonal",
}  # fmt: skip
"""Presets of whole matrices, which test_structured.py holds under their names here."""


def test_every_preset_is_held_here() -> None:
    assert {find(text.partition(":")[0]).name for text in (*PLAIN, *WHOLE)} == set(PRESETS)


@pytest.mark.parametrize("text", PLAIN)
@pytest.mark.parametrize("shape", SHAPES)
def test_moments_bounds_and_shape(text, shape) -> None:
    made, (fan_in, fan_out) = initializer(text), fans(shape)
    mean, variance, low, high = PLAIN[text](fan_in, fan_out)
    distribution = made.of(shape)
    assert distribution.mean == pytest.approx(mean, rel=1e-12, abs=1e-15)
    assert distribution.variance == pytest.approx(variance, rel=1e-12)
    assert distribution.bounds == pytest.approx((low, high), rel=1e-12)
    drawn = made.sample(np.random.default_rng(0), shape, fan_in, fan_out)
    assert drawn.shape == shape
    assert low - 1e-15 <= drawn.min()
    assert drawn.max() <= high + 1e-15
    assert abs(drawn.mean() - mean) <= 5 * sqrt(variance / drawn.size)
    assert abs(((drawn - mean) ** 2).mean() - variance) <= 5 * variance * sqrt(4 / drawn.size)


@pytest.mark.parametrize(("name", "here"), WHOLE.items())
def test_whole_matrices_draw_as_here(name: str, here: str) -> None:
    shape = (16, 3, 3, 3) if CATALOGUE[here].axes == 3 else (20, 7)
    mine, theirs = (initializer(t).sample(np.random.default_rng(1), shape, *fans(shape)) for t in (here, name))
    np.testing.assert_array_equal(mine, theirs)
    assert str(initializer(name).here) == here


def test_the_correction_of_truncation_is_the_libraries_number() -> None:
    assert pytest.approx(0.87962566103423978, rel=1e-15) == WITHIN_2


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("torch.nn.init.xavier_normal_", "torch.xavier_normal_"), ("torch.linear", "torch.nn.Linear"),
        ("torch.nn.init.kaiming_uniform", "torch.kaiming_uniform_"), ("torch.Linear.bias", "torch.nn.Linear.bias"),
        ("keras.initializers.GlorotUniform", "keras.glorot_uniform"), ("keras.layers.Dense", "keras.Dense"),
        ("tf.keras.initializers.HeNormal", "keras.he_normal"), ("KERAS.DENSE", "keras.Dense"),
        ("jax.nn.initializers.he_normal", "jax.he_normal"), ("flax.linen.Dense", "flax.Dense"),
        ("torch.xavier_normal_:gain=Tanh", "torch.xavier_normal_:gain=tanh"),
        ("2*jax.normal", "jax.normal:stddev=0.02"), ("0.5*torch.xavier_normal_:gain=2", "torch.xavier_normal_"),
    ],
)  # fmt: skip
def test_names_may_be_written_as_in_code(text: str, same: str) -> None:
    assert str(initializer(text)) == same
    assert initializer(str(initializer(text))) == initializer(text)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_speak_for_themselves(name: str) -> None:
    preset = PRESETS[name]
    assert initializer(name).name == name
    assert preset.words.endswith(".")
    assert preset.formula
    assert preset.source
    assert initializer(name).here.name in CATALOGUE
    assert hash(initializer(name)) == hash(initializer(name.upper()))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("torch.foo.Linear", "unknown initializer 'torch.foo.linear'"),
        ("torch.nn.Linaer", "did you mean torch.nn.Lin"),
        ("keras.he_nromal", "did you mean keras.he_normal"), ("keras.", "unknown initializer 'keras.'"),
        ("np.random.rand", "NumPy's np.random.rand is rand here"), ("np.", "unknown initializer 'np.'"),
        ("numpy.random.randn(3, 4)*0.01", "NumPy's np.random.randn is randn here"),
        (".", r"unknown initializer '\.'"), ("torch.xavier_normal_:gain=gelu", "unknown gain of torch.xavier_normal_"),
        ("torch.uniform_:a=1", "torch.uniform_:a=1: uniform: low must be less than high"),
        ("torch.trunc_normal_:a=1,b=2", None), ("torch.trunc_normal_:a=5,b=6", "1 % of the normal"),
        ("2*keras.Dense", "keras.Dense takes no factor"), ("jax.normal:std=1", "did you mean stddev"),
        ("keras.variance_scaling:mode=fan_geo_avg", "unknown mode of keras.variance_scaling"),
    ],
)  # fmt: skip
def test_bad_input_is_explained(text: str, message: str | None) -> None:
    if message is None:
        assert initializer(text).bounds(5, 5) == pytest.approx((1, 2))
        return
    with pytest.raises(InputError, match=message):
        initializer(text)


@pytest.mark.parametrize("name", CATALOGUE)
def test_aliases_are_presets_and_namesakes_draw_something_else(name: str) -> None:
    shape = (16, 3, 3, 3) if CATALOGUE[name].axes == 3 else (30, 784)
    mine = initializer(name).of(shape)
    for library, call in CATALOGUE[name].aliases:
        if library != "NumPy" and (".init" in call):
            theirs = initializer(call.partition("(")[0]).of(shape)
            assert type(theirs) is type(mine) or "variance_scaling" in name, call
    for namesake in CATALOGUE[name].namesakes:
        theirs = initializer(namesake).of(shape)
        assert theirs != mine, namesake
