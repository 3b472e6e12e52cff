"""Architectures of deep networks: what each part means, and what is refused with the layer's name."""

import pytest

from initscope.core.architecture import Architecture
from initscope.core.errors import InputError
from initscope.core.shapes import ConvolutionShape, DenseShape


def program(text: str, source: tuple[int, ...] = ()) -> list[str]:
    """The layers in their order, each as its kind and what it puts out."""
    found = []
    for layer in Architecture.parse(text, source).program:
        kind = type(layer).__name__.removesuffix("Shape").lower()
        out = getattr(layer, "out", None)
        found.append(f"{kind} {'x'.join(map(str, out))}" if out else f"{kind} {layer.units}")
    return found


def test_a_network_for_photographs() -> None:
    assert program("16c3-16c3-p2-32c3-p2-64-1", (32, 32, 3)) == [
        "convolution 16x32x32", "activation 16384", "convolution 16x32x32", "activation 16384", "pool 16x16x16",
        "convolution 32x16x16", "activation 8192", "pool 32x8x8", "dense 64", "activation 64", "dense 1",
    ]  # fmt: skip


def test_counts_of_a_network_for_photographs() -> None:
    architecture = Architecture.parse("16c3-p2-10", (32, 32, 3))
    first, last = architecture.layers
    assert first == ConvolutionShape("conv1", (3, 32, 32), 16, 3, 1, 1, channels_last=True)
    assert last == DenseShape("dense2", 16 * 16 * 16, 10)
    assert (first.fan_in, first.fan_out, first.positions) == (27, 144, 1024)
    assert architecture.parameters == 16 * 28 + 10 * (4096 + 1)
    assert architecture.inputs == 32 * 32 * 3


def test_thirty_layers_in_one_word() -> None:
    architecture = Architecture.parse("784-100x30-10")
    assert [layer.units for layer in architecture.layers] == [100] * 30 + [10]
    assert str(architecture) == "784-100x30-10"
    assert architecture == Architecture.parse("784-" + "100-" * 30 + "10")
    assert [layer.name for layer in architecture.layers][:2] == ["dense1", "dense2"]


@pytest.mark.parametrize(("part", "out"), [
    ("8c3", (8, 12, 10)), ("8c5", (8, 12, 10)), ("8c3s2", (8, 6, 5)), ("8c3p0", (8, 10, 8)), ("8c5s3p1", (8, 4, 3)),
    ("8c2", (8, 11, 9)), ("8c1", (8, 12, 10)),
])
def test_kernel_stride_and_padding(part: str, out: tuple[int, ...]) -> None:
    (layer, _) = Architecture.parse(f"12x10-{part}-3").layers
    assert isinstance(layer, ConvolutionShape)
    assert layer.out == out


@pytest.mark.parametrize(("part", "out"), [
    ("p2", "pool 4x6x5"), ("p3", "pool 4x4x3"), ("p3s2", "pool 4x5x4"), ("a2", "pool 4x6x5"), ("g", "pool 4x1x1"),
])
def test_pooling(part: str, out: str) -> None:
    assert out in program(f"12x10-4c3-{part}-3")


def test_norms_come_before_the_activation_and_dropout_after_it() -> None:
    assert program("64-20-bn-d0.5-10") == ["dense 20", "norm 20", "activation 20", "dropout 20", "dense 10"]
    assert program("8x8-4c3-ln-p2-10") == [
        "convolution 4x8x8", "norm 256", "activation 256", "pool 4x4x4", "dense 10",
    ]  # fmt: skip


def test_a_block_is_added_before_its_activation() -> None:
    assert program("64-64-r(64-bn-64-d0.1)-10") == [
        "dense 64", "activation 64", "fork 64", "dense 64", "norm 64", "activation 64", "dense 64", "dropout 64",
        "join 64", "activation 64", "dense 10",
    ]  # fmt: skip
    assert program("64-r(64-d0.5-64)-10")[1:5] == ["dense 64", "activation 64", "dropout 64", "dense 64"]


def test_blocks_know_their_layers() -> None:
    assert Architecture.parse("64-64-r(64-64)x2-r(64)-10").blocks == ((1, 2), (3, 4), (5,))


@pytest.mark.parametrize(("source", "volume", "last"), [
    ((8, 8), (1, 8, 8), False), ((8, 9, 3), (3, 8, 9), True), ((3, 8, 9), (3, 8, 9), False),
    ((3, 3, 3), (3, 3, 3), True), ((8, 9, 5), (5, 8, 9), True), ((8, 9, 1), (1, 8, 9), False),
])
def test_where_the_channels_of_the_data_lie(
    source: tuple[int, ...], volume: tuple[int, ...], last: bool
) -> None:
    for text in ("4c3-2", "p1-2"):
        first = Architecture.parse(text, source).program[0]
        assert first.source == volume  # type: ignore[union-attr]
        assert first.channels_last is last  # type: ignore[union-attr]


def test_a_number_of_features_may_stand_before_a_convolution() -> None:
    assert Architecture.parse("784-8c3-10", (28, 28)).layers == Architecture.parse("8c3-10", (28, 28)).layers
    assert Architecture.parse("28x28-8c3-10").layers == Architecture.parse("8c3-10", (28, 28)).layers
    color = Architecture.parse("8x8x3-4c3-10").program[0]
    assert isinstance(color, ConvolutionShape)
    assert color.source == (3, 8, 8)
    assert color.channels_last


@pytest.mark.parametrize(("text", "source", "message"), [
    ("8c3-10", (2,), r"part 1 \(8c3\): needs an image, and the data are 2 plain features"),
    ("8c3-10", (), "begin with the image's size, such as 28x28x1-"),
    ("64-30-8c3-10", (8, 8), r"part 3 \(8c3\): needs an image, and dense1 puts out 30 units"),
    ("8c3-p2-p2-p2-p2-10", (8, 8), r"part 5 \(p2\): its 2x2 window is larger than 8 channels of 1x1"),
    ("8c9p0-10", (8, 8), r"part 1 \(8c9p0\): its 9x9 kernel is larger than 1 channel of 8x8"),
    ("8c3p3-10", (8, 8), r"part 1 \(8c3p3\): with padding 3"),
    ("8c3s0-10", (8, 8), r"part 1 \(8c3s0\): sizes must be from 1"),
    ("8c0-10", (8, 8), r"part 1 \(8c0\): sizes must be from 1"),
    ("0c3-10", (8, 8), "part 1 has 0 units"),
    ("64-30x0-10", (), "part 2 has 0 units"),
    ("64-30x5000-10", (), r"part 2 \(30x5000\): 5,000 more layers are too many"),
    ("8c3-r(16c3)-10", (8, 8), r"part 2 \(r\(16c3\)\): it adds 8 channels of 8x8 to 16 channels of 8x8"),
    ("64-r(64-x)-10", (), "part 2, its part 2 is x, not a number of units nor a layer"),
    ("64-r(r(64))-10", (), "a residual block cannot hold another"),
    ("64-r(64-r(64-64)-64)-10", (), r"part 2, its part 2 \(r\(64-64\)\): a residual block cannot hold another"),
    ("64-r(64-10", (), "part 2 is r\\(64-10, not a number"),
    ("64-64)-10", (), "part 2 is 64\\)"),
    ("64-r(bn)-10", (), "a residual block needs a layer with weights"),
    ("64-r()-10", (), "part 2, its part 1 is nothing"),
    ("r(3c3)-10", (8, 8, 3), r"part 1 \(r\(3c3\)\): a convolution, pooling or dense layer must come first"),
    ("64-d1-10", (), "the share to drop must be less than 1"),
    ("64-d1.5-10", (), "part 2 is d1.5, not a number of units nor a layer"),
    ("8c3-g", (8, 8), r"part 2 \(g\): the last part must be the number of outputs"),
    ("100c3-1000000-10", (28, 28), "parameters are more than"),
    ("-" * 20_000, (), "characters are too many"),
])
def test_refused_with_the_layer_that_is_wrong(text: str, source: tuple[int, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Architecture.parse(text, source)


def test_too_many_activations_are_refused() -> None:
    with pytest.raises(InputError, match="activations for one example are more than"):
        Architecture.parse("3000x3000-8c1-p100-2")
