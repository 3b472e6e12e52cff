"""Update rules against scalar re-implementations of the papers' formulas."""

import numpy as np
import oracle
import pytest

from initscope.core.errors import InputError
from initscope.core.optimizers import CATALOGUE, optimizer
from initscope.core.optimizersteps import updater

LANES = {
    "sgd": [("sgd", 0.1), ("sgd", 3.0), ("sgd", 0.0)],
    "momentum": [("momentum", 0.1), ("momentum:momentum=0.5", 0.1), ("momentum:momentum=0", 2.0)],
    "nesterov": [("nesterov", 0.1), ("nesterov:momentum=0.5", 0.1), ("nesterov:momentum=0.99", 0.01)],
    "adam": [
        ("adam", 0.001),
        ("adam:beta1=0,beta2=0.5", 0.1),
        ("adam:beta1=0.5,beta2=0.9,eps=0.1", 0.01),
        ("adam:beta2=0", 0.5),
    ],
    "rmsprop": [("rmsprop", 0.001), ("rmsprop:rho=0", 0.1), ("rmsprop:rho=0.5,eps=0.1", 0.05), ("rmsprop", 0.0)],
    "adagrad": [("adagrad", 0.01), ("adagrad:eps=0.1", 1.0), ("adagrad", 0.5)],
    "adamw": [
        ("adamw", 0.001),
        ("adamw:weight_decay=0", 0.001),
        ("adamw:weight_decay=0.5,beta1=0.5", 0.1),
        ("adamw:weight_decay=20,beta1=0,beta2=0.5,eps=0.1", 0.05),
    ],
}
STEPS, PARAMETERS = 50, 6


def gradients(lanes: int) -> np.ndarray:
    """(steps, lanes, parameters), of very different sizes; one parameter never gets any."""
    rng = np.random.default_rng(0)
    sizes = np.array([1e-9, 1e-4, 1.0, 1.0, 1e3, 0.0])
    every: np.ndarray = rng.normal(size=(STEPS, lanes, PARAMETERS)) * sizes
    return every


@pytest.mark.parametrize("name", list(LANES))
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 2e-5)])
def test_fifty_steps_are_the_papers(name: str, dtype: str, tolerance: float) -> None:
    lanes = [(optimizer(text), lr) for text, lr in LANES[name]]
    rule = updater(lanes, PARAMETERS, dtype)
    start = np.random.default_rng(1).normal(size=(len(lanes), PARAMETERS))
    parameters, plain = start.astype(dtype), start.astype(dtype).astype(float)
    scalars = [
        [oracle.ScalarRule(name, lr, **{k: float(v) for k, v in rule_.values}) for _ in range(PARAMETERS)]
        for rule_, lr in lanes
    ]
    for gradient in gradients(len(lanes)):
        folded = gradient * [[lr if rule.folds_learning_rate else 1.0] for _, lr in lanes]
        rule.update(parameters, folded.astype(dtype))
        for lane, row in enumerate(scalars):
            for k, scalar in enumerate(row):
                plain[lane, k] = scalar.step(plain[lane, k], float(gradient[lane, k]))
        np.testing.assert_allclose(parameters, plain, rtol=tolerance, atol=tolerance * np.abs(plain).max())
    assert not np.array_equal(parameters[:, :5], start[:, :5].astype(dtype))


@pytest.mark.parametrize("name", list(LANES))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_selected_lanes_go_on_to_the_bit(name: str, dtype: str) -> None:
    lanes = [(optimizer(text), lr) for text, lr in LANES[name]]
    rows = [len(lanes) - 1, 0]
    rule = updater(lanes, PARAMETERS, dtype)
    parameters = np.ones((len(lanes), PARAMETERS), dtype)
    all_gradients = gradients(len(lanes)).astype(dtype)
    for gradient in all_gradients[:7]:
        rule.update(parameters, gradient.copy())
    few, chosen = rule.select(rows), parameters[rows]
    for gradient in all_gradients[7:]:
        rule.update(parameters, gradient.copy())
        few.update(chosen, gradient[rows])
        assert np.array_equal(chosen, parameters[rows])


@pytest.mark.parametrize("name", list(LANES))
def test_a_lane_alone_equals_the_lane_in_company(name: str) -> None:
    lanes = [(optimizer(text), lr) for text, lr in LANES[name]]
    every = gradients(len(lanes)).astype("float32")
    together = np.ones((len(lanes), PARAMETERS), "float32")
    rule = updater(lanes, PARAMETERS, "float32")
    for gradient in every:
        rule.update(together, gradient.copy())
    for row, lane in enumerate(lanes):
        alone, single = np.ones((1, PARAMETERS), "float32"), updater([lane], PARAMETERS, "float32")
        for gradient in every:
            single.update(alone, gradient[row : row + 1].copy())
        assert np.array_equal(alone[0], together[row])


def test_adam_first_step_is_the_learning_rate() -> None:
    rule = updater([(optimizer("adam"), 0.01)], 3, "float64")
    parameters = np.zeros((1, 3))
    rule.update(parameters, np.array([[5.0, -1e-3, 0.0]]))
    np.testing.assert_allclose(parameters, [[-0.01, 0.01, 0.0]], rtol=2e-5)


def test_first_steps_by_hand() -> None:
    gradient = np.array([[4.0, -0.5, 0.0]])
    for text, lr, expected in (
        ("rmsprop:rho=0.75", 0.1, [-0.2, 0.2, 0.0]),  # g / sqrt(g² / 4) = ±2
        ("adagrad", 0.1, [-0.1, 0.1, 0.0]),
        ("adamw:weight_decay=0.5", 0.1, [-0.1, 0.1, 0.0]),
    ):
        for start in (0.0, 2.0):
            rule = updater([(optimizer(text), lr)], 3, "float64")
            parameters = np.full((1, 3), start)
            rule.update(parameters, gradient.copy())
            shrunk = start * 0.95 if text.startswith("adamw") else start
            np.testing.assert_allclose(parameters, shrunk + np.array([expected]), atol=2e-8)


def test_a_small_decay_is_not_lost_to_rounding() -> None:
    """1 - 0.001 * 0.01 is 0.99998999 in float32: multiplied by it, weights would shrink 0.14 % too fast."""
    rule = updater([(optimizer("adamw"), 0.001)], 10_000, "float32")
    start = np.random.default_rng(3).uniform(0.5, 1, (1, 10_000)).astype("float32")
    parameters = start.copy()
    for _ in range(100):
        rule.update(parameters, np.zeros_like(parameters))
    lost = (start.astype(float) - parameters).sum() / start.astype(float).sum()
    assert lost == pytest.approx(1 - (1 - 1e-5) ** 100, rel=3e-4)


@pytest.mark.parametrize("name", list(CATALOGUE))
def test_each_finds_the_bottom_of_a_valley(name: str) -> None:
    """(9 x² + y²)/2 from (1, -2), in lanes of which one has a tenth of the learning rate."""
    lr = {"sgd": 0.1, "adagrad": 0.5}.get(name, 0.01)
    rule = updater([(optimizer(name), lr), (optimizer(name), lr / 10)], 2, "float64")
    steep, place = np.array([[9.0, 1.0]]), np.array([[1.0, -2.0]] * 2)
    rates = rule.learning_rate if rule.folds_learning_rate else 1.0
    for _ in range(2000):
        rule.update(place, rates * steep * place)
    assert np.abs(place[0]).max() < 0.02
    assert (np.abs(place[1]) < [[1.0, 2.0]]).all()


def test_lanes_of_different_rules_do_not_mix() -> None:
    with pytest.raises(ValueError, match="unpack"):
        updater([(optimizer("sgd"), 0.1), (optimizer("adam"), 0.1)], 3, "float32")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("text", ["adam:eps=1e-60", "adam:eps=1e-8", "adam:beta2=0.99999999"])
def test_adam_leaves_a_weight_without_gradient_alone(text: str, dtype: str) -> None:
    """Also where eps, or 1 - beta2, is less than float32 can say."""
    rule = updater([(optimizer(text), 0.01)], 2, dtype)
    parameters = np.ones((1, 2), dtype)
    with np.errstate(all="ignore"):
        rule.update(parameters, np.array([[0.0, 1.0]], dtype))
    assert parameters[0, 0] == 1
    assert parameters[0, 1] == pytest.approx(0.99, abs=1e-6)


def test_names_read_and_write_back() -> None:
    assert list(CATALOGUE) == ["sgd", "momentum", "nesterov", "adam", "rmsprop", "adagrad", "adamw"]
    assert list(LANES) == list(CATALOGUE)
    for name, entry in CATALOGUE.items():
        assert str(optimizer(name)) == name
        assert entry.words
        assert entry.formula
        assert entry.source
        assert entry.usual_lr > 0
    for text in (
        "momentum:momentum=0.95", "adam:beta1=0.8,eps=1e-06", "nesterov:momentum=0", "rmsprop:rho=0.9",
        "adamw:weight_decay=0",
    ):  # fmt: skip
        assert str(optimizer(text)) == text
    assert str(optimizer("adam:beta1=0.9")) == "adam"


@pytest.mark.parametrize(("text", "message"), [
    ("adm", r"unknown optimizer 'adm': did you mean adam or adamw\?"),
    ("rmsprop:rho=1", "rho must be less than 1"),
    ("adagrad:eps=0", "eps must be greater than 0"),
    ("adamw:weight_decay=-1", "weight_decay must be at least 0"),
    ("momentum:mu=0.9", "unknown parameter of momentum 'mu'"),
    ("momentum:momentum=1", "momentum must be less than 1"),
    ("momentum:momentum=-0.1", "momentum must be at least 0"),
    ("adam:eps=0", "eps must be greater than 0"),
    ("adam:beta1=nan", "beta1 must be finite"),
    ("sgd:momentum=0.9", "sgd has no parameters"),
])
def test_bad_calls(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        optimizer(text)
