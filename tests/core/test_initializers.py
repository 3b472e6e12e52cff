"""Initializers against closed forms, slow re-implementations and numpy's own draws."""

from math import erf, isinf, pi, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from initscope.core.errors import InputError
from initscope.core.initialization.initializers import CATALOGUE, initializer

FANS = [(784, 30), (7, 20), (1, 1), (100, 100)]
VARIANTS = [
    *(name for name, definition in CATALOGUE.items() if definition.axes == 1), "orthogonal",
    "abs_randn:scale=-3", "xavier_literal:gain=0.5", "glorot_standard:gain=2", "xavier_normal:gain=tanh",
    "variance_scaling:mode=fan_geo_avg,distribution=uniform",
    "constant:value=-3", "rand:scale=0.01", "rand:scale=-2", "randn:scale=-0.01", "uniform:low=-0.5,high=2",
    "normal:mean=0.5,std=0.2887", "normal:std=0", "truncated_normal:mean=1,std=0.5,low=-1,high=3",
    "truncated_normal:low=0.5,high=4", "truncated_normal:low=-0.1,high=0.2", "xavier_normal:gain=1.7",
    "xavier_uniform:gain=0.5", "he_normal:gain=2", "he_uniform:gain=3", "lecun_normal:gain=2",
    "lecun_uniform:gain=0.577", "scaled_randn:gain=-1", "orthogonal:gain=1.4",
    "variance_scaling:scale=2,mode=fan_out", "variance_scaling:mode=fan_avg,distribution=uniform",
    "variance_scaling:scale=0.3,mode=fan_avg,distribution=truncated_normal",
]
NORMALS = ["randn", "normal:std=3", "xavier_normal", "he_normal", "lecun_normal", "scaled_randn",
           "variance_scaling:scale=5,mode=fan_out"]
UNIFORMS = ["uniform:low=-3,high=0.5", "xavier_uniform", "he_uniform", "lecun_uniform", "rand:scale=-0.1",
            "variance_scaling:distribution=uniform"]


def drawn(text: str, seed: int = 0, fans: tuple[int, int] = (784, 30)) -> np.ndarray:
    fan_in, fan_out = fans
    return initializer(text).sample(np.random.default_rng(seed), (fan_out, fan_in), fan_in, fan_out)


@pytest.mark.parametrize("fans", FANS)
@pytest.mark.parametrize("text", VARIANTS)
def test_moments_match_samples(text: str, fans: tuple[int, int]) -> None:
    made = initializer(text)
    most = 2000 if made.needs_matrix else 20_000  # each of those is a decomposition
    count = max(1, min(most, 20_000 // (fans[0] * fans[1])))
    rng = np.random.default_rng(1)
    if made.needs_matrix:
        draws = np.concatenate([made.sample(rng, (fans[1], fans[0]), *fans) for _ in range(count)])
    else:  # elements are drawn each by itself: many layers of these fans are one with more rows
        draws = made.sample(rng, (count * fans[1], fans[0]), *fans)
    mean, variance = made.mean(*fans), made.variance(*fans)
    assert draws.dtype == np.float64
    assert draws.shape == (count * fans[1], fans[0])
    # 5 standard errors; no kurtosis here is above 5, so that of the variance is at most sqrt(4/n) of it.
    assert abs(draws.mean() - mean) <= 5 * sqrt(variance / draws.size) + 1e-15
    assert abs(((draws - mean) ** 2).mean() - variance) <= 5 * variance * sqrt(4 / draws.size) + 1e-15
    low, high = made.bounds(*fans)
    slack = 4e-16 * max(abs(draws).max(), 1e-300) if text.startswith("orthogonal") else 0.0
    assert low - slack <= draws.min()
    assert draws.max() <= high + slack
    if not isinf(low) and not isinf(high):  # the bounds are tight: all but a sliver of the support is reached
        assert text.startswith("orthogonal") or draws.max() - draws.min() >= 0.7 * (high - low)


@pytest.mark.parametrize(
    ("text", "mean", "variance"),
    [
        ("rand", 0.5, 1 / 12), ("rand:scale=0.01", 0.005, 1e-4 / 12), ("randn:scale=0.01", 0, 1e-4),
        ("ones", 1, 0), ("uniform:low=1,high=4", 2.5, 0.75), ("normal:mean=2,std=3", 2, 9),
        ("xavier_normal:gain=3", 0, 9 * 2 / 814), ("xavier_uniform", 0, 2 / 814), ("he_normal", 0, 2 / 784),
        ("he_uniform:gain=2", 0, 8 / 784), ("lecun_normal", 0, 1 / 784), ("lecun_uniform", 0, 1 / 784),
        ("scaled_randn:gain=2", 0, 4 / 784), ("orthogonal:gain=2", 0, 4 / 784),
        ("abs_randn:scale=3", 3 * sqrt(2 / pi), 9 - 18 / pi), ("abs_randn:scale=-1", -sqrt(2 / pi), 1 - 2 / pi),
        ("xavier_literal", 0, sqrt(2 / 814)), ("xavier_literal:gain=3", 0, 9 * sqrt(2 / 814)),
        ("glorot_standard", 0, 1 / (3 * 784)), ("variance_scaling:mode=fan_geo_avg", 0, 1 / sqrt(784 * 30)),
        ("he_normal:gain=relu", 0, 4 / 784), ("lecun_uniform:gain=relu", 0, 2 / 784),
        ("variance_scaling:scale=3,mode=fan_out", 0, 3 / 30),
        ("variance_scaling:scale=3,distribution=truncated_normal", 0, 3 / 784),
        ("variance_scaling:mode=fan_avg,distribution=uniform", 0, 2 / 814),
    ],
)
def test_moments_are_the_published_ones(text: str, mean: float, variance: float) -> None:
    assert initializer(text).mean(784, 30) == pytest.approx(mean, rel=1e-14, abs=1e-300)
    assert initializer(text).variance(784, 30) == pytest.approx(variance, rel=1e-14, abs=1e-300)


@pytest.mark.parametrize(("low", "high"), [(-2.0, 2.0), (-1.0, 3.0), (0.5, 4.0), (-0.1, 0.2), (1.5, 9.0)])
def test_truncated_moments_match_numerical_integration(low: float, high: float) -> None:
    edges = np.linspace(low, high, 200_001)
    z = (edges[1:] + edges[:-1]) / 2
    weight = np.exp(-z * z / 2)
    weight /= weight.sum()
    mean = (weight * z).sum()
    made = initializer(f"truncated_normal:mean=3,std=2,low={low},high={high}")
    assert made.mean(5, 5) == pytest.approx(3 + 2 * mean, abs=1e-9)
    assert made.variance(5, 5) == pytest.approx(4 * (weight * (z - mean) ** 2).sum(), rel=1e-7)
    assert made.bounds(5, 5) == (3 + 2 * low, 3 + 2 * high)


def test_truncated_variance_scaling_is_wider_by_the_known_constant() -> None:
    _, high = initializer("variance_scaling:distribution=truncated_normal").bounds(1, 1)
    assert high == pytest.approx(2 / 0.87962566103423978, rel=1e-15)


def _distance(draws: np.ndarray, cdf: list[float]) -> float:
    """Kolmogorov's sqrt(n)·sup|F_n - F| of sorted draws; above 1.95 once in a thousand."""
    n = draws.size
    above = np.arange(1, n + 1) / n - np.array(cdf)
    return sqrt(n) * float(max(above.max(), (1 / n - above).max()))


@pytest.mark.parametrize("text", ["xavier_normal", "randn", "truncated_normal:low=-0.5,high=3"])
def test_normal_shapes(text: str) -> None:
    made, draws = initializer(text), np.sort(drawn(text).ravel())

    def phi(z: float) -> float:
        return (1 + erf(z / sqrt(2))) / 2

    if "truncated" in text:
        cdf = [(phi(x) - phi(-0.5)) / (phi(3) - phi(-0.5)) for x in draws]
    else:
        cdf = [phi(x / sqrt(made.variance(784, 30))) for x in draws]
    assert _distance(draws, cdf) < 1.95


@pytest.mark.parametrize("text", ["rand", *UNIFORMS])
def test_uniform_shapes(text: str) -> None:
    low, high = initializer(text).bounds(784, 30)
    draws = np.sort(drawn(text).ravel())
    assert _distance(draws, list((draws - low) / (high - low))) < 1.95


@pytest.mark.parametrize("text", NORMALS)
def test_normals_are_the_same_standard_normals(text: str) -> None:
    standard = np.random.default_rng(5).standard_normal((30, 784))
    std = sqrt(initializer(text).variance(784, 30))
    np.testing.assert_allclose(drawn(text, 5), std * standard, rtol=1e-15)


@pytest.mark.parametrize("text", UNIFORMS)
def test_uniforms_are_the_same_uniform_draws(text: str) -> None:
    unit = np.random.default_rng(5).random((30, 784))
    low, high = initializer(text).bounds(784, 30)
    if text == "rand:scale=-0.1":
        low, high = high, low
    np.testing.assert_allclose(drawn(text, 5), low + (high - low) * unit, rtol=1e-13, atol=1e-15)


def test_scaled_draws_are_equal_to_the_bit() -> None:
    rng = np.random.default_rng(5)
    np.testing.assert_array_equal(drawn("randn", 5), rng.standard_normal((30, 784)))
    np.testing.assert_array_equal(drawn("0.01*randn", 5), 0.01 * drawn("randn", 5))
    np.testing.assert_array_equal(drawn("rand*0.01", 5), 0.01 * drawn("rand", 5))
    np.testing.assert_array_equal(drawn("normal:std=0.3", 5), drawn("randn:scale=0.3", 5))
    np.testing.assert_array_equal(drawn("0.5*xavier_normal", 5), 0.5 * drawn("xavier_normal", 5))


def test_truncation_keeps_the_draws_that_are_within() -> None:
    standard, cut = drawn("randn", 5), drawn("truncated_normal", 5)
    within = np.abs(standard) <= 2
    np.testing.assert_array_equal(cut[within], standard[within])
    assert not np.isin(cut[~within], standard).any()


@pytest.mark.parametrize("text", ["zeros", "ones", "constant:value=2"])
def test_constants_draw_nothing(text: str) -> None:
    rng = np.random.default_rng(3)
    initializer(text).sample(rng, (4, 5), 5, 4)
    assert rng.random() == np.random.default_rng(3).random()


@pytest.mark.parametrize("shape", [(30, 784), (20, 7), (9, 9), (1, 5), (16, 3, 3, 3)])
def test_orthogonal_has_orthonormal_rows_or_columns(shape: tuple[int, ...]) -> None:
    rows, columns = shape[0], int(np.prod(shape[1:]))
    q = initializer("orthogonal:gain=-3").sample(np.random.default_rng(0), shape, columns, rows)
    assert q.shape == shape
    q = q.reshape(rows, columns) / 3
    gram = q @ q.T if rows <= columns else q.T @ q
    np.testing.assert_allclose(gram, np.eye(min(rows, columns)), atol=1e-14)


def test_orthogonal_is_uniform_over_rotations() -> None:
    """Without the sign fix the first entry of a square Q from LAPACK is never positive."""
    rng, made = np.random.default_rng(0), initializer("orthogonal")
    first = np.array([made.sample(rng, (2, 2), 2, 2)[0, 0] for _ in range(4000)])
    assert abs((first > 0).mean() - 0.5) < 5 * 0.5 / sqrt(4000)
    angle = np.sort(np.arccos(first.clip(-1, 1)) / pi)
    assert _distance(angle, list(angle)) < 1.95


def test_orthogonal_refuses_biases() -> None:
    made = initializer("orthogonal")
    assert made.needs_matrix
    assert not initializer("randn").needs_matrix
    with pytest.raises(InputError, match=r"cannot draw biases.*zeros"):
        made.sample(np.random.default_rng(0), (30,), 784, 30)


@pytest.mark.parametrize("text", [t for t in VARIANTS if not t.startswith("orthogonal")])
def test_biases_use_the_fans_of_the_layer(text: str) -> None:
    made = initializer(text)
    bias = made.sample(np.random.default_rng(2), (30,), 784, 30)
    assert bias.shape == (30,)
    assert abs(bias.mean() - made.mean(784, 30)) <= 5 * sqrt(made.variance(784, 30) / 30) + 1e-15


@st.composite
def initializers(draw: st.DrawFn) -> str:
    definition = draw(st.sampled_from(list(CATALOGUE.values())))
    pairs = []
    for parameter in definition.parameters:
        if draw(st.booleans()):
            continue
        if parameter.choices:
            pairs.append(f"{parameter.name}={draw(st.sampled_from(parameter.choices))}")
        else:
            sides = {"low": (-2.0, -0.5), "high": (0.5, 2.0), "sparsity": (0.0, 0.999)}
            low, high = sides.get(parameter.name, (1e-9, 1e9))
            pairs.append(f"{parameter.name}={draw(st.floats(low, high))!r}")
    return definition.name + (":" + ",".join(pairs) if pairs else "")


@given(initializers())
def test_reads_back_what_it_writes(text: str) -> None:
    made = initializer(text)
    again = initializer(str(made))
    assert again == made
    assert hash(again) == hash(made)
    assert str(again) == str(made)
    assert len(str(made)) <= len(text)


@given(st.text(alphabet="randhe_uiform01*:=,.-scl", max_size=25))
def test_any_text_is_read_or_refused_as_input(text: str) -> None:
    try:
        made = initializer(text)
    except InputError:
        return
    assert initializer(str(made)) == made


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("0.01*randn", "randn:scale=0.01"), ("randn * 0.01", "randn:scale=0.01"), ("1*randn", "randn"),
        ("2*randn:scale=3", "randn:scale=6"), ("-1*he_normal", "he_normal:gain=-1"), (" RandN ", "randn"),
        ("uniform:low=-1,high=1", "uniform"), ("xavier_normal:gain=Tanh", "xavier_normal:gain=tanh"),
        ("he_normal:gain=leaky_relu:slope=0.2", "he_normal:gain=leaky_relu:slope=0.2"),
        ("3*identity", "identity:gain=3"), ("2*lecun_normal:gain=linear", "lecun_normal:gain=2"),
        ("3*constant:value=2", "constant:value=6"),
    ],
)
def test_shortest_text(text: str, same: str) -> None:
    assert str(initializer(text)) == same


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("randnn", "did you mean randn"), ("", "unknown initializer"), ("randn:scale", "key=value"),
        ("kaiming_normal", "is he_normal here"), ("GlorotUniform", "is xavier_uniform here"),
        ("randn:std=1", "unknown parameter of randn 'std'"), ("zeros:scale=2", "has no parameters"),
        ("randn:scale=big", "must be a number"), ("randn:scale=inf", "must be finite"),
        ("inf*randn", "must be finite"), ("nan*randn", "must be finite"), ("2*uniform", "takes no factor"),
        ("2*variance_scaling", "takes no factor"), ("randn*rand", "NUMBER"),
        ("uniform:low=1", "low must be less than high"), ("uniform:low=3,high=2", "low=3.0 and high=2.0"),
        ("truncated_normal:low=2", "low must be less"), ("normal:std=-1", "std must be at least 0"),
        ("truncated_normal:low=8,high=9", "1 % of the normal"),
        ("variance_scaling:scale=0", "scale must be greater than 0"),
        ("variance_scaling:mode=fanin", "did you mean fan_in"),
        ("he_normal:gain=tahn", "gain must be a number or an activation's name: .* did you mean tanh"),
        ("he_normal:gain=nan", "gain must be finite"), ("rand:scale=tanh", "scale must be a number"),
        ("glorot_normal", "did you mean keras.glorot_normal or jax.glorot_normal"),
        ("torch.kaiming", "did you mean torch.kaiming_"), ("sparse:sparsity=1", "sparsity must be less than 1"),
        ("2*sparse", "sparse takes no factor"),
    ],
)
def test_bad_input_is_explained(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        initializer(text)


def test_catalogue_entries_speak_for_themselves() -> None:
    for name, definition in CATALOGUE.items():
        assert definition.name == name
        assert definition.words.endswith(".")
        assert definition.formula
        assert definition.source
        for parameter in definition.parameters:
            assert parameter.meaning
