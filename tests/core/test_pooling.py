"""Pooling against plain loops over windows; ties; overlaps; shared data; lanes alone and in company."""

from itertools import product

import numpy as np
import pytest

from initscope.core.layers import Array
from initscope.core.pooling import BLOCK, Pool, lane_blocks
from initscope.core.shapes import PoolShape, Volume

SHAPES = [
    ((2, 6, 4), (2, 2), 2), ((3, 5, 7), (2, 2), 2), ((2, 7, 7), (3, 3), 2), ((1, 5, 4), (3, 3), 1),
    ((2, 6, 7), (2, 2), 3), ((2, 5, 5), (1, 1), 1), ((3, 4, 5), (4, 5), 1), ((2, 6, 6), (3, 3), 2),
    ((1, 4, 6), (4, 2), 2), ((1, 18, 17), (17, 17), 1),
]  # fmt: skip
CASES = [(kind, *shape) for kind in ("max", "average") for shape in SHAPES]


def pooling(kind: str, source: Volume, size: tuple[int, int], stride: int, channels_last: bool = False) -> PoolShape:
    return PoolShape("max" if kind == "max" else "average", source, size, stride, channels_last)


def plain(shape: PoolShape, x: Array, delta: Array) -> tuple[Array, Array]:
    """(output, gradient of the input) of one lane in float64, window by window; x is (units, batch)."""
    (channels, height, width), (tall, wide) = shape.source, shape.size
    x = x.reshape(channels, height, width, -1).astype(np.float64)
    out = np.zeros((*shape.out, x.shape[-1]))
    delta, gradient = delta.reshape(out.shape), np.zeros_like(x)
    for c, row, column, b in product(*map(range, out.shape)):
        top, left = row * shape.stride, column * shape.stride
        places = [(c, top + i, left + j, b) for i in range(tall) for j in range(wide)]
        values = [x[place] for place in places]
        if shape.kind == "max":
            out[c, row, column, b] = max(values)
            gradient[places[values.index(max(values))]] += delta[c, row, column, b]
        else:
            out[c, row, column, b] = sum(values) / len(values)
            for place in places:
                gradient[place] += delta[c, row, column, b] / len(values)
    return out.reshape(-1, x.shape[-1]), gradient.reshape(-1, x.shape[-1])


def run(shape: PoolShape, x: Array, delta: Array) -> tuple[Array, Array]:
    """(output, gradient of the input) of all lanes; the source and delta must stay as they are."""
    layer = Pool(shape)
    buffers = layer.buffers(len(delta), x.shape[-1], x.dtype)
    buffers.delta.fill(np.nan)
    before, given = x.copy(), delta.copy()
    out = layer.forward(x, buffers).copy()
    buffers.out.fill(np.nan)  # what later layers do with the output must not matter
    found = layer.backward(delta, buffers, first=False)
    assert np.array_equal(x, before)
    assert np.array_equal(delta, given)
    return out, found


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("kind", "source", "size", "stride"), CASES)
def test_windows_one_by_one(
    kind: str, source: Volume, size: tuple[int, int], stride: int, dtype: str
) -> None:
    rng = np.random.default_rng(0)
    shape = pooling(kind, source, size, stride)
    for batch in (1, 3):
        x = rng.normal(size=(2, int(np.prod(source)), batch)).astype(dtype)
        x[1] = rng.integers(0, 3, x[1].shape)  # with many ties
        delta = rng.normal(size=(2, shape.units, batch)).astype(dtype)
        out, gradient = run(shape, x, delta)
        assert out.dtype == gradient.dtype == dtype
        tolerance = 1e-12 if dtype == "float64" else 1e-5
        for lane in range(2):
            expected = plain(shape, x[lane], delta[lane])
            np.testing.assert_allclose(out[lane], expected[0], rtol=tolerance, atol=tolerance)
            np.testing.assert_allclose(gradient[lane], expected[1], rtol=tolerance, atol=tolerance)


def test_of_equal_values_the_first_row_by_row_gets_the_gradient() -> None:
    x = np.array([[1.0, 2.0, 0.0, 5.0], [2.0, 2.0, 5.0, 5.0]]).reshape(1, 8, 1)
    out, gradient = run(PoolShape("max", (1, 2, 4), (2, 2), 2), x, np.array([[[3.0], [-7.0]]]))
    assert out.ravel().tolist() == [2, 5]
    assert gradient.reshape(2, 4).tolist() == [[0, 3, 0, -7], [0, 0, 0, 0]]


@pytest.mark.parametrize("kind", ["max", "average"])
@pytest.mark.parametrize("channels_last", [False, True])
def test_data_that_all_lanes_share(kind: str, channels_last: bool) -> None:
    rng = np.random.default_rng(1)
    lanes = 3
    images = rng.integers(0, 4, (5, 4, 6, 2)).astype(float)  # (batch, height, width, channels)
    x = (images if channels_last else images.transpose(0, 3, 1, 2)).reshape(5, -1).T
    shape = pooling(kind, (2, 4, 6), (2, 2), 2, channels_last)
    layer = Pool(shape)
    buffers = layer.buffers(lanes, 5, "float64")
    out = layer.forward(x, buffers)
    rows = images.transpose(3, 1, 2, 0).reshape(1, -1, 5)
    delta = rng.normal(size=out.shape)
    for lane in range(lanes):
        expected, gradient = plain(shape, rows[0], delta[lane])
        np.testing.assert_allclose(out[lane], expected, rtol=1e-14)
        if not channels_last:  # such as the first layer of a block that begins with the data
            np.testing.assert_allclose(layer.backward(delta, buffers, False)[lane], gradient, rtol=1e-14)
    out[0] = 0  # later layers write over it, lane by lane
    assert out[1].any()
    layer.backward(delta, buffers, first=True)


@pytest.mark.parametrize(("kind", "source", "size", "stride"), CASES[::3])
def test_a_lane_has_the_same_bits_alone_and_beside_nan(
    kind: str, source: Volume, size: tuple[int, int], stride: int
) -> None:
    rng = np.random.default_rng(2)
    shape = pooling(kind, source, size, stride)
    x = rng.normal(size=(4, int(np.prod(source)), 3)).astype("float32")
    delta = rng.normal(size=(4, shape.units, 3)).astype("float32")
    x[1], x[3, ::2], delta[0, 0] = np.nan, np.inf, np.nan
    with np.errstate(all="ignore"):
        together, alone = run_bits(shape, x, delta), run_bits(shape, x[2:3], delta[2:3])
    assert np.array_equal(together[0][2], alone[0][0])
    assert np.array_equal(together[1][2], alone[1][0])
    assert np.isnan(together[0][1]).all()


def run_bits(shape: PoolShape, x: Array, delta: Array) -> tuple[Array, Array]:
    layer = Pool(shape)
    buffers = layer.buffers(len(x), x.shape[-1], x.dtype)
    return layer.forward(x, buffers), layer.backward(delta, buffers, False)


@pytest.mark.parametrize("kind", ["max", "average"])
def test_lanes_worked_on_one_by_one_and_identical_channels(kind: str) -> None:
    rng = np.random.default_rng(3)
    shape = pooling(kind, (2, 64, 64), (2, 2), 2)
    x = np.repeat(rng.normal(size=(3, 1, 64 * 64, 50)), 2, axis=1).reshape(3, -1, 50).astype("float32")
    delta = np.repeat(rng.normal(size=(3, 1, 32 * 32, 50)), 2, axis=1).reshape(3, -1, 50).astype("float32")
    assert x[0].nbytes > BLOCK
    for found in run_bits(shape, x, delta):
        by_channel = found.reshape(3, 2, -1)
        assert np.array_equal(by_channel[:, 0], by_channel[:, 1])
    for lane in range(3):
        for together, alone in zip(run_bits(shape, x, delta), run_bits(shape, x[[lane]], delta[[lane]]), strict=True):
            assert np.array_equal(together[lane], alone[0])


def test_blocks_hold_every_lane_once() -> None:
    assert lane_blocks(8, 2 * BLOCK) == [slice(n, n + 1) for n in range(8)]
    assert lane_blocks(8, BLOCK // 3) == [slice(0, 3), slice(3, 6), slice(6, 8)]
    assert lane_blocks(8, 10) == [slice(0, 8)]
