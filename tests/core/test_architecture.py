"""Architectures: parsed once, counted right, refused with the place that is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initscope.core.architecture import MAX_PARAMETERS, Architecture
from initscope.core.errors import InputError
from initscope.core.shapes import DenseShape


@given(st.lists(st.integers(1, 60), min_size=2, max_size=9))
def test_reads_back_and_counts(sizes: list[int]) -> None:
    architecture = Architecture.parse("-".join(map(str, sizes)))
    assert tuple(layer.units for layer in architecture.layers) == tuple(sizes[1:])
    assert Architecture.parse(str(architecture)) == architecture
    assert (architecture.inputs, architecture.outputs) == (sizes[0], sizes[-1])
    count = 0
    for index in range(1, len(sizes)):
        count += sizes[index - 1] * sizes[index] + sizes[index]
    assert architecture.parameters == count
    assert sum(layer.parameters for layer in architecture.layers) == count


def test_layers_of_nielsens_network() -> None:
    architecture = Architecture.parse(" 784-30-10 ")
    assert architecture.layers == (DenseShape("dense1", 784, 30), DenseShape("dense2", 30, 10))
    assert architecture.parameters == 784 * 30 + 30 + 30 * 10 + 10


@pytest.mark.parametrize(("text", "message"), [
    ("", "part 1 is nothing"),
    ("64", "needs an input and an output, such as 64-10"),
    ("64-0-10", "part 2 has 0 units"),
    ("64--10", "part 2 is nothing"),
    ("64-30-", "part 3 is nothing"),
    ("-64-10", "part 1 is nothing"),
    ("64-a-10", "part 2 is a, not a number of units"),
    ("64-3.5-10", "part 2 is 3.5"),
    ("64-+3-10", r"part 2 is \+3"),
    ("64-1_0-10", "part 2 is 1_0"),
    ("64-²-10", "part 2 is ²"),
    ("64-٣-10", "part 2 is ٣"),
    ("64,30,10", "part 1 is 64,30,10"),
    ("64- 30-10", "part 2 is  30"),
    ("100000-100000-10", "parameters are more than"),
    ("9" * 60 + "-10", "parameters are more than"),
    ("9" * 5000 + "-10", "parameters are more than"),
])
def test_bad_architectures(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Architecture.parse(text)


def test_the_largest_that_fits() -> None:
    assert Architecture.parse(f"1-{MAX_PARAMETERS // 2}").parameters == MAX_PARAMETERS
    with pytest.raises(InputError, match="use narrower layers"):
        Architecture.parse(f"1-{MAX_PARAMETERS // 2 + 1}")


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        architecture = Architecture.parse(text)
    except InputError:
        return
    assert min(layer.units for layer in architecture.layers) > 0


@pytest.mark.parametrize(("text", "features", "classes"), [
    ("64-30-10", 64, 10), ("2-10-5-1", 2, 2), ("2-10-2", 2, 2), ("64-10", 64, 10),
])
def test_fits(text: str, features: int, classes: int) -> None:
    Architecture.parse(text).check_fits("data", features, classes)


@pytest.mark.parametrize(("text", "features", "classes", "message"), [
    ("784-30-10", 64, 10, "takes 784 inputs, but toy has 64 features: write 64-30-10"),
    ("64-30-20-3", 64, 10, "has 3 outputs, but toy has 10 classes: write 64-30-20-10$"),
    ("64-1", 64, 10, "write 64-10$"),
    ("2-5-3", 2, 2, r"write 2-5-2 \(or 2-5-1: one output for two classes\)"),
])
def test_does_not_fit(text: str, features: int, classes: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Architecture.parse(text).check_fits("toy", features, classes)
