"""Every NumPy line is run and draws what its entry says; the other libraries' lines are Python and name the shape."""

import ast
import re
import statistics
from math import sqrt

import numpy as np
import pytest

from initscope.core.errors import InputError
from initscope.core.initialization.codelines import setup
from initscope.core.initialization.initializers import CATALOGUE, PRESETS, initializer
from initscope.core.initialization.recipes import recipe

SHAPES = [(30, 84), (12, 40), (16, 8, 3, 3), (8, 8, 2, 5)]
TEXTS = [
    *CATALOGUE, *PRESETS,
    "rand:scale=-2", "randn:scale=-0.5", "normal:mean=0.5,std=0.2", "truncated_normal:mean=1,low=-1,high=3",
    "xavier_normal:gain=tanh", "he_uniform:gain=0.1", "xavier_literal:gain=2", "delta_orthogonal:gain=1.5",
    *(f"variance_scaling:scale={scale},mode={mode},distribution={kind}"
      for scale, mode in ((0.7, "fan_out"), (5, "fan_in"), (2, "fan_geo_avg"), (3, "fan_avg"))
      for kind in ("normal", "truncated_normal", "uniform")),
]  # fmt: skip
CASES = [
    (text, shape) for text in TEXTS for shape in SHAPES
    if CATALOGUE[initializer(text).here.name].axes <= len(shape)
    and not (len(shape) > 2 and initializer(text).here.name in ("identity", "sparse"))
    and not (text.endswith("delta_orthogonal") and shape[0] < shape[1])
]  # fmt: skip


def run(line: str) -> np.ndarray:
    space = {"np": np, "statistics": statistics, "rng": np.random.default_rng(0), "N": statistics.NormalDist()}
    exec(line, space)
    return space["W"]


@pytest.mark.parametrize(("text", "shape"), CASES)
def test_no_line_multiplies_by_one(text: str, shape: tuple[int, ...]) -> None:
    assert not [line for line in recipe(initializer(text), shape).values() if re.search(r"[= ]1 \* ", line)]


@pytest.mark.parametrize(("text", "shape"), CASES)
def test_numpy_lines_draw_what_the_entry_says(text: str, shape: tuple[int, ...]) -> None:
    made, line = initializer(text), recipe(initializer(text), shape)["NumPy"]
    weights, expected = run(line), made.of(shape)
    assert weights.shape == shape
    low, high = expected.bounds
    slack = 1e-8 * abs(weights).max()
    assert low - slack <= weights.min()
    assert weights.max() <= high + slack
    # sparse matrices have the largest kurtosis, 30 with nine zeros in ten
    assert abs(weights.mean() - expected.mean) <= 5 * sqrt(expected.variance / weights.size) + 1e-9
    spread = 5 * sqrt((40 if "sparse" in text else 4) / weights.size)
    assert abs(((weights - expected.mean) ** 2).mean() - expected.variance) <= expected.variance * spread + 1e-15
    assert "\n" not in line


@pytest.mark.parametrize("name", ["orthogonal", "delta_orthogonal", "dirac", "identity", "sparse"])
def test_numpy_lines_of_whole_matrices_have_their_structure(name: str) -> None:
    shape = (6, 4, 3, 3) if CATALOGUE[name].axes == 3 else (6, 4)
    weights = run(recipe(initializer(name), shape)["NumPy"])
    if name == "sparse":
        assert ((weights == 0).sum(axis=0) == 6).all()  # ceil(0.9 · 6)
    elif "orthogonal" in name:
        q = weights[:, :, 1, 1] if weights.ndim > 2 else weights
        np.testing.assert_allclose(q.T @ q, np.eye(4), atol=1e-14)
    else:
        same = initializer(name).sample(np.random.default_rng(0), shape, 4, 6)
        np.testing.assert_array_equal(weights, same)


@pytest.mark.parametrize(("text", "shape"), CASES)
def test_the_other_lines_are_python_for_the_same_shape(text: str, shape: tuple[int, ...]) -> None:
    found = recipe(initializer(text), shape)
    flipped = (*shape[2:], shape[1], shape[0])
    for library, line in found.items():
        tree = ast.parse("\n".join([*setup([line]), line]))
        made = {alias.asname or alias.name for n in ast.walk(tree) if isinstance(n, ast.Import) for alias in n.names}
        made |= {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        used = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        assert used <= {name.partition(".")[0] for name in made} | {"range"}, line
        assert "W" in made
        assert "\n" not in line
        if library == "PyTorch":
            assert ", ".join(map(str, shape)) in line
        elif library in ("Keras", "JAX") and "transpose" not in line and "eye" not in line:
            assert str(flipped) in line


def test_the_lines_people_know() -> None:
    he = recipe(initializer("he_normal"), (30, 784))
    assert he["NumPy"] == "W = rng.normal(0, np.sqrt(2 / 784), (30, 784))"
    assert he["PyTorch"] == 'W = torch.nn.init.kaiming_normal_(torch.empty(30, 784), nonlinearity="relu")'
    assert recipe(initializer("torch.nn.Linear"), (30, 784))["PyTorch"] == (
        "W = torch.nn.init.kaiming_uniform_(torch.empty(30, 784), a=math.sqrt(5))"
    )
    glorot = recipe(initializer("keras.Dense"), (30, 784))["Keras"]
    assert glorot == 'W = keras.initializers.VarianceScaling(1, "fan_avg", "uniform")((784, 30))'


def test_a_shape_that_does_not_fit_has_no_recipe() -> None:
    with pytest.raises(InputError, match="dense layer"):
        recipe(initializer("dirac"), (30, 784))
