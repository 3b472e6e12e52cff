"""Learning-rate schedules against closed forms, above all at their edges."""

import math

import pytest

from initscope.core.errors import InputError
from initscope.core.rates import CATALOGUE, schedule


def factors(text: str, total: int) -> list[float]:
    chosen = schedule(text)
    return [chosen.factor(step, total) for step in range(total)]


def test_constant_is_one() -> None:
    assert factors("constant", 4) == [1, 1, 1, 1]
    assert schedule("constant").is_constant
    assert schedule("constant:warmup=0").is_constant


@pytest.mark.parametrize("text", ["constant:warmup=1", "step", "cosine", "linear:floor=0.5"])
def test_others_are_not_constant(text: str) -> None:
    assert not schedule(text).is_constant


def test_step_falls_after_so_many_steps() -> None:
    assert factors("step:every=3,factor=0.5", 8) == [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25]
    assert factors("step:every=1,factor=0.1", 3) == pytest.approx([1, 0.1, 0.01])
    assert factors("step:every=1000000000", 3) == [1, 1, 1]
    assert schedule("step").factor(999, 5000) == 1
    assert schedule("step").factor(1000, 5000) == pytest.approx(0.1)
    assert schedule("step:every=1").factor(10**9, 10**12) == 0  # less than a float can say


@pytest.mark.parametrize("total", [1, 2, 7, 1000])
@pytest.mark.parametrize("floor", [0, 0.25])
def test_cosine_is_equation_5(total: int, floor: float) -> None:
    """η_t = η_min + (η_max - η_min) (1 + cos(π T_cur / T)) / 2."""
    expected = [floor + (1 - floor) * (1 + math.cos(math.pi * t / total)) / 2 for t in range(total)]
    assert factors(f"cosine:floor={floor}", total) == pytest.approx(expected, abs=1e-15)
    assert expected[0] == 1


def test_cosine_at_its_landmarks() -> None:
    cosine = schedule("cosine:floor=0.2")
    assert cosine.factor(0, 100) == 1
    assert cosine.factor(50, 100) == pytest.approx(0.6)
    assert cosine.factor(99, 100) == pytest.approx(0.2 + 0.8 * math.sin(math.pi / 200) ** 2)
    assert cosine.factor(100, 100) == pytest.approx(0.2)
    assert cosine.factor(1000, 100) == pytest.approx(0.2), "beyond the end it stays where it is"


def test_linear_is_a_line() -> None:
    assert factors("linear", 4) == [1, 0.75, 0.5, 0.25]
    assert factors("linear:floor=0.2", 4) == pytest.approx([1, 0.8, 0.6, 0.4])


@pytest.mark.parametrize("name", list(CATALOGUE))
def test_warm_up_rises_to_the_whole_rate_and_the_rest_follows(name: str) -> None:
    warm = factors(f"{name}:warmup=4", 10)
    assert warm[:4] == [0.25, 0.5, 0.75, 1]
    assert warm[4:] == factors(name, 6), "what follows is a run of its own"
    assert factors(f"{name}:warmup=1", 6) == [1, *factors(name, 5)]


@pytest.mark.parametrize("name", list(CATALOGUE))
def test_a_warm_up_longer_than_the_run_never_ends(name: str) -> None:
    assert factors(f"{name}:warmup=8", 4) == [1 / 8, 2 / 8, 3 / 8, 4 / 8]
    assert factors(f"{name}:warmup=4", 4)[-1] == 1
    assert schedule(f"{name}:warmup=8").factor(8, 4) == 1


@pytest.mark.parametrize("name", list(CATALOGUE))
def test_every_schedule_at_the_edges_of_every_run(name: str) -> None:
    for total in (0, 1, 2, 10**12):
        for warmup in (0, 1, 3):
            chosen = schedule(f"{name}:warmup={warmup}")
            for step in (0, 1, total, total + 5):
                assert 0 <= chosen.factor(step, total) <= 1
    assert schedule(name).factor(0, 0) == schedule(name).factor(0, 1) == 1


def test_names_read_and_write_back() -> None:
    assert list(CATALOGUE) == ["constant", "step", "cosine", "linear"]
    for name, entry in CATALOGUE.items():
        assert str(schedule(name)) == schedule(name).name == name
        assert entry.words
        assert entry.formula
        assert entry.source
    for text in ("constant:warmup=10", "step:every=300,factor=0.5,warmup=20", "cosine:floor=0.01", "linear:warmup=1"):
        assert str(schedule(text)) == text
        assert schedule(str(schedule(text))) == schedule(text)
    assert str(schedule(" Cosine : floor = 0 ")) == "cosine"


@pytest.mark.parametrize(("text", "message"), [
    ("cosin", r"unknown schedule 'cosin': did you mean cosine\?"),
    ("step:evry=3", "unknown parameter of step 'evry': did you mean every"),
    ("step:every=0", "step: every must be at least 1"),
    ("step:every=0.3", "step: every must be a whole number of steps, not 0.3"),
    ("step:every=often", "step: every must be a whole number of steps, not often"),
    ("step:factor=0", "factor must be greater than 0"),
    ("step:factor=1", "factor must be less than 1"),
    ("cosine:warmup=2.5", "cosine: warmup must be a whole number of steps, not 2.5"),
    ("cosine:warmup=-1", "warmup must be at least 0"),
    ("cosine:floor=1", "floor must be less than 1"),
    ("linear:floor=-0.1", "floor must be at least 0"),
    ("constant:warmup=inf", "warmup must be a whole number of steps"),
])
def test_bad_calls(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        schedule(text)
