"""Convolutions against the definition written as loops and finite differences; lanes alone and in company."""

from dataclasses import dataclass
from itertools import product

import numpy as np
import pytest

from initscope.core import convolution, windows
from initscope.core.convolution import Convolution
from initscope.core.shapes import ConvolutionShape


@dataclass
class Flat:
    """A convolution whose parameters lie as a network's do: something before and after them in every row."""

    layer: Convolution
    parameters: np.ndarray
    gradient: np.ndarray


def build(shape: ConvolutionShape, lanes: int, dtype: str = "float64", alike: bool = False) -> Flat:
    parameters = np.zeros((lanes, shape.parameters + 5), dtype)
    gradient = np.full_like(parameters, 7)
    views = []
    for flat in (parameters, gradient):
        weights, biases = flat[:, 3 : -2 - shape.channels], flat[:, -2 - shape.channels : -2]
        views += [weights.reshape(lanes, *shape.weight_shape), biases]
    return Flat(Convolution(shape, *views, alike), parameters, gradient)


def volume(x: np.ndarray, shape: ConvolutionShape) -> np.ndarray:
    """Data (batch, features) as (batch, channels, height, width)."""
    channels, height, width = shape.source
    if shape.channels_last:
        return x.reshape(-1, height, width, channels).transpose(0, 3, 1, 2)
    return x.reshape(-1, channels, height, width)


def plain_forward(shape: ConvolutionShape, weights: np.ndarray, biases: np.ndarray, x: np.ndarray) -> np.ndarray:
    """z of (batch, *shape.out): the definition, in float64. x is (batch, channels, height, width)."""
    p, k, s = shape.padding, shape.kernel, shape.stride
    padded = np.pad(x.astype(float), ((0, 0), (0, 0), (p, p), (p, p)))
    z = np.zeros((len(x), *shape.out))
    for o, row, column in product(*map(range, shape.out)):
        window = padded[:, :, s * row : s * row + k, s * column : s * column + k]
        z[:, o, row, column] = (window * weights[o]).sum(axis=(1, 2, 3)) + biases[o]
    return z


def plain_backward(
    shape: ConvolutionShape, weights: np.ndarray, x: np.ndarray, delta: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """dC/dW, dC/db and dC/dx: every product of the definition, handed back where it came from."""
    p, k, s = shape.padding, shape.kernel, shape.stride
    padded = np.pad(x.astype(float), ((0, 0), (0, 0), (p, p), (p, p)))
    dw, dx, (height, width) = np.zeros(weights.shape), np.zeros(padded.shape), shape.source[1:]
    for o, row, column in product(*map(range, shape.out)):
        here = (..., slice(s * row, s * row + k), slice(s * column, s * column + k))
        share = delta[:, o, row, column].astype(float)[:, None, None, None]
        dw[o] += (share * padded[here]).sum(axis=0)
        dx[here] += share * weights[o]
    return dw, delta.astype(float).sum(axis=(0, 2, 3)), dx[:, :, p : p + height, p : p + width]


def batch_first(units: np.ndarray, volume_shape: tuple[int, int, int]) -> np.ndarray:
    """(batch, *volume) from one lane's (units, batch)."""
    return units.T.reshape(-1, *volume_shape)


def compare(shape: ConvolutionShape, batch: int, data: bool, alike: bool = False, lanes: int = 3) -> None:
    """Everything the layer computes in float64 is what the loops compute; `data`: all lanes share the source."""
    rng = np.random.default_rng([*shape.source, shape.channels, shape.kernel, shape.stride, batch])
    flat = build(shape, lanes, alike=alike)
    flat.parameters[...] = rng.normal(size=flat.parameters.shape)
    features = int(np.prod(shape.source))
    x = rng.normal(size=(batch, features)) if data else rng.normal(size=(lanes, features, batch))
    delta = rng.normal(size=(lanes, shape.units, batch))
    kept = delta.copy()
    buffers = flat.layer.buffers(lanes, batch, "float64")
    buffers.delta[...] = np.nan
    out = flat.layer.forward(x.T if data else x, buffers).copy()
    handed = flat.layer.backward(delta, buffers, first=data)
    assert out.shape == delta.shape
    assert np.array_equal(delta, kept)
    for lane in range(lanes):
        source = volume(x, shape) if data else batch_first(x[lane], shape.source)
        weights, biases = flat.layer.weights[lane], flat.layer.biases[lane]
        z = plain_forward(shape, weights, biases, source)
        close(batch_first(out[lane], shape.out), z)
        dw, db, dx = plain_backward(shape, weights, source, batch_first(delta[lane], shape.out))
        close(flat.layer.weight_gradient[lane], dw)
        close(flat.layer.bias_gradient[lane], db)
        if not data:
            close(batch_first(handed[lane], shape.source), dx)
    assert (flat.gradient[:, :3] == 7).all()
    assert (flat.gradient[:, -2:] == 7).all()


def close(found: np.ndarray, expected: np.ndarray) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-11)


SIZES = [((1, 5, 5), 1), ((2, 7, 6), 3), ((3, 5, 8), 4)]


@pytest.mark.parametrize("kernel", [1, 3, 5])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 1, 2])
@pytest.mark.parametrize("alike", [False, True])
def test_outputs_and_gradients_are_those_of_the_loops(kernel: int, stride: int, padding: int, alike: bool) -> None:
    for (source, channels), batch in product(SIZES, (1, 7)):
        for data, last in ((False, False), (True, False), (True, True)):
            compare(ConvolutionShape("c", source, channels, kernel, stride, padding, last), batch, data, alike)


def test_unusual_kernels() -> None:
    """Even kernels, gaps between the windows, windows that lie in the padding alone."""
    for kernel, stride, padding in ((2, 1, 0), (2, 2, 1), (4, 3, 3), (1, 4, 0), (3, 1, 6), (7, 5, 2)):
        for data in (False, True):
            compare(ConvolutionShape("c", (2, 6, 9), 3, kernel, stride, padding), 2, data)


@pytest.mark.parametrize("tile_bytes", [1, 2000, 8000, 30_000])
@pytest.mark.parametrize(("kernel", "stride", "padding"), [(3, 1, 1), (5, 2, 2), (1, 1, 0), (3, 3, 2)])
def test_in_several_tiles(
    tile_bytes: int, kernel: int, stride: int, padding: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(windows, "TILE_BYTES", tile_bytes)
    shape = ConvolutionShape("c", (2, 11, 4), 3, kernel, stride, padding)
    for data in (False, True):
        compare(shape, 3, data, lanes=5)


@pytest.mark.parametrize(("kernel", "stride", "padding"), [(3, 1, 1), (4, 2, 0)])
def test_in_blocks_of_columns(kernel: int, stride: int, padding: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """One row's windows in several products, as many as divide the columns and leave them wide enough."""
    shape = ConvolutionShape("c", (2, 5, 12), 8, kernel, stride, padding)
    columns = shape.out[2] * 5
    for small, narrow, blocks in ((10**6, 1, 1), (columns // 5 * shape.fan_in * 8, 1, 5), (shape.fan_in * 8, 2, 1)):
        monkeypatch.setattr(convolution, "SMALL", small)
        monkeypatch.setattr(convolution, "NARROW", narrow)
        assert convolution._blocks(columns, shape.fan_in * 8) == blocks
        for data in (False, True):
            compare(shape, 5, data)


def test_tiles_are_of_rows_or_of_lanes(monkeypatch: pytest.MonkeyPatch) -> None:
    geometry = windows.Geometry((2, 11, 4), 11, 4, 3, 1, 1)
    row = 2 * 3 * 4 * 5 * 8  # channels, kernel, width, batch, bytes
    for rows, expected in ((0, (1, 1)), (4, (4, 1)), (11, (11, 1)), (40, (11, 3)), (1000, (11, 7))):
        monkeypatch.setattr(windows, "TILE_BYTES", rows * row)
        cut = windows.Windows(geometry, 7, 5, "float64")
        assert (cut.rows, cut.lanes) == expected
        covered = np.zeros((7, 11), int)
        for tile in cut.tiles:
            covered[tile.lanes, tile.rows] += 1
        assert (covered == 1).all()


@pytest.mark.parametrize(("stride", "padding"), [(1, 1), (2, 0), (3, 2)])
@pytest.mark.parametrize("data", [False, True])
def test_derivatives_in_random_directions(stride: int, padding: int, data: bool) -> None:
    """C = Σ sin(z), so that dC/dz = cos(z): central differences along parameters, and along the input."""
    rng = np.random.default_rng(5)
    shape, lanes, batch, h = ConvolutionShape("c", (3, 9, 8), 6, 3, stride, padding), 2, 4, 1e-5
    flat = build(shape, lanes)
    start = flat.parameters[...] = rng.normal(size=flat.parameters.shape)
    buffers = flat.layer.buffers(lanes, batch, "float64")
    x = rng.normal(size=(3 * 9 * 8, batch) if data else (lanes, 3 * 9 * 8, batch))

    def value(parameters: np.ndarray, source: np.ndarray) -> np.ndarray:
        flat.parameters[...] = parameters
        return np.sin(flat.layer.forward(source, buffers)).sum(axis=(1, 2))

    delta = np.cos(flat.layer.forward(x, buffers))
    handed = flat.layer.backward(delta, buffers, first=data).copy()
    slope = flat.gradient.copy()
    slope[:, :3] = slope[:, -2:] = 0
    for _ in range(3):
        way = rng.normal(size=start.shape)
        measured = (value(start + h * way, x) - value(start - h * way, x)) / (2 * h)
        np.testing.assert_allclose((slope * way).sum(axis=1), measured, rtol=1e-6, atol=1e-5)
        if not data:
            way = rng.normal(size=x.shape)
            measured = (value(start, x + h * way) - value(start, x - h * way)) / (2 * h)
            np.testing.assert_allclose((handed * way).sum(axis=(1, 2)), measured, rtol=1e-6, atol=1e-5)


COMPANY = [
    ConvolutionShape("c", (16, 12, 32), 16, 3, 1, 1),
    ConvolutionShape("c", (8, 4, 4), 16, 3, 1, 1),
    ConvolutionShape("c", (5, 9, 7), 7, 5, 2, 1),
    ConvolutionShape("c", (1, 6, 6), 1, 1, 1, 0),
    ConvolutionShape("c", (3, 8, 8), 1, 8, 1, 0),
]


@pytest.mark.parametrize("shape", COMPANY, ids=lambda shape: f"{shape.source}, {shape.channels}")
@pytest.mark.parametrize(("tile_bytes", "batch"), [(windows.TILE_BYTES, 10), (windows.TILE_BYTES, 1), (60_000, 3)])
@pytest.mark.parametrize("data", [False, True])
def test_a_lane_alone_is_the_lane_in_company_to_the_bit(
    shape: ConvolutionShape, tile_bytes: int, batch: int, data: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(windows, "TILE_BYTES", tile_bytes)
    monkeypatch.setattr(convolution, "SMALL", 200_000)  # so that the largest is cut into blocks of columns
    for alike in (False, True) if shape.units < 2000 else (False,):
        lanes, rng = 7, np.random.default_rng(6)
        company = build(shape, lanes, "float32", alike)
        company.parameters[...] = rng.normal(size=company.parameters.shape)
        features = int(np.prod(shape.source))
        x = rng.normal(size=(batch, features) if data else (lanes, features, batch)).astype("float32")
        delta = rng.normal(size=(lanes, shape.units, batch)).astype("float32")
        buffers = company.layer.buffers(lanes, batch, "float32")
        z = company.layer.forward(x.T if data else x, buffers)
        handed = company.layer.backward(delta, buffers, first=data)
        for lane in (0, 3, 6):
            alone = build(shape, 1, "float32", alike)
            alone.parameters[...] = company.parameters[lane]
            single = alone.layer.buffers(1, batch, "float32")
            assert np.array_equal(alone.layer.forward(x.T if data else x[[lane]], single)[0], z[lane])
            found = alone.layer.backward(delta[[lane]], single, first=data)
            assert np.array_equal(alone.gradient[0], company.gradient[lane])
            assert data or np.array_equal(found[0], handed[lane])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("channels", "stride", "batch"), [(5, 1, 7), (17, 1, 3), (6, 2, 10), (3, 1, 1)])
def test_alike_keeps_identical_channels_identical(channels: int, stride: int, batch: int, dtype: str) -> None:
    """Two layers of identical channels after another, trained for some steps on data that are not symmetric."""
    rng = np.random.default_rng(7)
    first = build(ConvolutionShape("c", (3, 9, 8), channels, 3, 1, 1, True), 2, dtype, alike=True)
    second = build(ConvolutionShape("c", (channels, 9, 8), channels + 2, 3, stride, 1), 2, dtype, alike=True)
    x = rng.normal(size=(batch, 3 * 9 * 8)).astype(dtype)
    goal = rng.normal(size=(2, 1, *second.layer.shape.out[1:], batch)).astype(dtype)
    first.layer.weights[...] = rng.normal(size=(2, 1, 3, 3, 3)) / 5
    second.layer.weights[...] = rng.normal(size=(2, 1, 1, 3, 3)) / channels
    buffers = [flat.layer.buffers(2, batch, dtype) for flat in (first, second)]
    before = first.layer.weights.copy()
    for _ in range(5):
        hidden = np.tanh(first.layer.forward(x.T, buffers[0]))
        out = second.layer.forward(hidden, buffers[1])
        delta = (out.reshape(2, channels + 2, *goal.shape[2:]) - goal).reshape(out.shape) / batch
        handed = second.layer.backward(delta, buffers[1], first=False)
        first.layer.backward(handed * (1 - hidden**2), buffers[0], first=True)
        for flat in (first, second):
            flat.parameters -= flat.gradient * np.asarray(0.01, dtype)
        for array in (first.layer.weights, first.layer.biases, second.layer.weights, second.layer.biases):
            assert np.array_equal(array, np.broadcast_to(array[:, :1], array.shape))
        incoming = second.layer.weights
        assert np.array_equal(incoming, np.broadcast_to(incoming[:, :, :1], incoming.shape))
    assert (first.layer.weights != before).all()
    assert (first.layer.biases != 0).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("data", [False, True])
@pytest.mark.parametrize("tile_bytes", [3000, windows.TILE_BYTES])
def test_a_lane_that_is_lost_leaves_its_neighbours_bits(
    bad: float, data: bool, tile_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(windows, "TILE_BYTES", tile_bytes)
    rng = np.random.default_rng(8)
    shape, batch = ConvolutionShape("c", (3, 8, 8), 5, 3, 2, 1), 6
    flat = build(shape, 3, "float32")
    flat.parameters[...] = rng.normal(size=flat.parameters.shape)
    x = rng.normal(size=(3 * 64, batch) if data else (3, 3 * 64, batch)).astype("float32")
    delta = rng.normal(size=(3, shape.units, batch)).astype("float32")
    buffers = flat.layer.buffers(3, batch, "float32")

    def step() -> list[np.ndarray]:
        with np.errstate(all="ignore"):
            z = flat.layer.forward(x, buffers).copy()
            handed = flat.layer.backward(delta, buffers, first=data)
        return [z, flat.gradient.copy()] + ([] if data else [handed.copy()])

    healthy = step()
    kept = flat.parameters.copy(), x.copy(), delta.copy()
    flat.parameters[1] = delta[1] = bad
    if not data:
        x[1] = bad
    for fine, found in zip(healthy, step(), strict=True):
        assert np.array_equal(fine[[0, 2]], found[[0, 2]])
        assert not np.isfinite(found[1]).all()
    flat.parameters[...], x[...], delta[...] = kept
    for fine, found in zip(healthy, step(), strict=True):  # nothing of it stays behind in the buffers
        assert np.array_equal(fine, found)


def test_a_pass_that_is_not_the_first_may_still_read_data() -> None:
    """A residual block that begins a network hands the data on as they are, and wants a gradient for them."""
    rng = np.random.default_rng(10)
    shape = ConvolutionShape("c", (2, 4, 5), 2, 3, 1, 1)
    flat = build(shape, 3)
    flat.parameters[...] = rng.normal(size=flat.parameters.shape)
    x, delta = rng.normal(size=(40, 4)), rng.normal(size=(3, 40, 4))
    shared, own = (flat.layer.buffers(3, 4, "float64") for _ in range(2))
    close(flat.layer.forward(x, shared), flat.layer.forward(np.stack([x] * 3), own))
    close(flat.layer.backward(delta, shared, first=False), flat.layer.backward(delta, own, first=False))
