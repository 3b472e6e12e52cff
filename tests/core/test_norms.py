"""Normalizations against plain loops and finite differences; running moments; exactness of lanes and channels."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pytest

from initscope.core.layers import Array, Mode, Pass
from initscope.core.norms import BatchNorm, LayerNorm
from initscope.core.pooling import BLOCK
from initscope.core.shapes import NormShape

SIZES = [(3, 1, 4), (1, 1, 2), (2, 6, 3), (3, 7, 1), (1, 60, 40)]
"""(channels, positions, batch)"""
Kind = Literal["batch", "layer"]
KINDS: list[Kind] = ["batch", "layer"]


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with np.errstate(all="ignore"):
        yield


@dataclass
class Case:
    """A normalization with arrays of its own: gains, shifts, their gradients, running mean and variance."""

    kind: Kind
    channels: int
    positions: int
    arrays: list[Array]
    alike: bool = False
    mode: Mode = field(default_factory=lambda: Mode(Pass.TRAIN))

    def layer(self) -> BatchNorm | LayerNorm:
        shape = NormShape("norm", self.kind, self.channels, self.positions)
        gains, shifts, gain_gradient, shift_gradient, mean, variance = self.arrays
        if self.kind == "layer":
            return LayerNorm(shape, gains, shifts, gain_gradient, shift_gradient)
        return BatchNorm(
            shape, gains, shifts, gain_gradient, shift_gradient, mean, variance, self.mode, self.alike
        )

    def select(self, rows: list[int]) -> "Case":
        arrays = [array[rows] for array in self.arrays]
        return Case(self.kind, self.channels, self.positions, arrays, self.alike, self.mode)


def case(
    kind: Kind, lanes: int, channels: int, positions: int,
    rng: np.random.Generator, dtype: str = "float64", alike: bool = False,
) -> Case:  # fmt: skip
    """Random gains, shifts and running moments, as views with gaps, like those into the network's flat arrays."""
    flat = rng.uniform(0.5, 2, (lanes, 6 * channels + 5)).astype(dtype)
    arrays = [flat[:, k * channels : (k + 1) * channels] for k in range(6)]
    return Case(kind, channels, positions, arrays, alike)


def run(given: Case, x: Array, delta: Array, first: bool = False) -> list[Array]:
    """[output, gradient of the input, of gains, of shifts]; nothing that is handed in may change."""
    layer = given.layer()
    buffers = layer.buffers(len(delta), x.shape[-1], x.dtype)
    before, upstream = x.copy(), delta.copy()
    out = layer.forward(x, buffers).copy()
    buffers.out.fill(np.nan)  # what later layers do with the output must not matter
    found = layer.backward(delta, buffers, first).copy()
    assert np.array_equal(x, before, equal_nan=True)
    assert np.array_equal(delta, upstream, equal_nan=True)
    return [out, found, layer.gain_gradient.copy(), layer.shift_gradient.copy()]


def plain(given: Case, lane: int, x: Array) -> Array:
    """The output of one lane, group by group; x is (units, batch)."""
    gains, shifts, _, _, means, variances = (array[lane] for array in given.arrays)
    x = x.astype(np.float64).reshape(given.channels, given.positions, -1)
    out = np.zeros_like(x)
    for c in range(given.channels):
        for b in range(x.shape[2]):
            group = x[c] if given.kind == "batch" else x[:, :, b]
            mean, variance = group.mean(), ((group - group.mean()) ** 2).mean()
            if given.kind == "batch" and given.mode.kind is Pass.TEST:
                mean, variance = means[c], variances[c]
            out[c, :, b] = gains[c] * (x[c, :, b] - mean) / np.sqrt(variance + 1e-5) + shifts[c]
    return out.reshape(-1, x.shape[2])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("pass_", list(Pass))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("alike", [False, True])
def test_outputs_and_derivatives(kind: Kind, pass_: Pass, dtype: str, alike: bool) -> None:
    rng = np.random.default_rng(0)
    for channels, positions, batch in SIZES:
        given = case(kind, 2, channels, positions, rng, dtype, alike)
        given.mode.kind = pass_
        x = rng.normal(2, 3, (2, channels * positions, batch)).astype(dtype)
        delta = rng.normal(size=x.shape).astype(dtype)
        wide = Case(kind, channels, positions, [a.astype(np.float64) for a in given.arrays], alike, given.mode)
        found = run(given, x, delta)
        assert all(array.dtype == dtype for array in found)
        tolerance = 1e-7 if dtype == "float64" else 2e-4
        for lane in range(2):
            expected = differences(wide, lane, x[lane], delta[lane])
            for mine, other in zip(found, expected, strict=True):
                known = ~np.isnan(other)
                assert known.any()
                np.testing.assert_allclose(mine[lane][known], other[known], rtol=tolerance, atol=tolerance * 10)


def differences(given: Case, lane: int, x: Array, delta: Array) -> list[Array]:
    """What `run` returns for one lane, by central differences of the plain output; NaN where there are too many."""
    x, h = x.astype(np.float64), 1e-5
    result = [plain(given, lane, x)]
    targets = [x, given.arrays[0][lane], given.arrays[1][lane]]
    for target in targets:
        chosen = np.ndindex(target.shape) if target.size < 50 else [tuple(n // 2 for n in target.shape)]
        gradient = np.full(target.shape, np.nan)
        for place in chosen:
            old, values = target[place], []
            for moved in (old + h, old - h):
                target[place] = moved
                values.append(float((plain(given, lane, x) * delta).sum()))
            target[place] = old
            gradient[place] = (values[0] - values[1]) / (2 * h)
        result.append(gradient)
    return result


@pytest.mark.parametrize("alike", [False, True])
def test_running_moments(alike: bool) -> None:
    rng = np.random.default_rng(1)
    given = case("batch", 2, 3, 4, rng, alike=alike)
    means, variances = given.arrays[4], given.arrays[5]
    for batch in (5, 2, 1, 5):
        x = rng.normal(1, 2, (2, 12, batch))
        expected = means.copy(), variances.copy()
        for lane in range(2):
            for c in range(3):
                values = x[lane].reshape(3, -1)[c]
                mean = sum(values) / len(values)
                variance = sum((value - mean) ** 2 for value in values) / (len(values) - 1)
                expected[0][lane, c] = 0.9 * expected[0][lane, c] + 0.1 * mean
                expected[1][lane, c] = 0.9 * expected[1][lane, c] + 0.1 * variance
        for kind in (Pass.PROBE, Pass.TEST, Pass.TRAIN):
            assert not np.allclose(means, expected[0])
            given.mode.kind = kind
            run(given, x, x)
        np.testing.assert_allclose(means, expected[0], rtol=1e-12)
        np.testing.assert_allclose(variances, expected[1], rtol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_one_example_of_a_dense_layer_has_no_variance(dtype: str) -> None:
    rng = np.random.default_rng(2)
    given = case("batch", 2, 5, 1, rng, dtype)
    variances = given.arrays[5].copy()
    x = rng.normal(size=(2, 5, 1)).astype(dtype)
    out, gradient, gains, shifts = run(given, x, np.ones_like(x))
    assert np.array_equal(out[:, :, 0], given.arrays[1])
    assert not gradient.any()
    assert not gains.any()
    assert (shifts == 1).all()
    assert np.array_equal(given.arrays[5], variances)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("alike", [False, True])
def test_moments_of_many_float32_far_from_zero(kind: Kind, alike: bool) -> None:
    rng = np.random.default_rng(3)
    given = case(kind, 1, 4, 2000, rng, "float32", alike)
    x = rng.normal(100, 1, (1, 8000, 20)).astype("float32")
    out = run(given, x, x)[0]
    np.testing.assert_allclose(out[0], plain(given, 0, x[0]), atol=5e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_data_that_all_lanes_share(kind: Kind) -> None:
    rng = np.random.default_rng(4)
    given = case(kind, 3, 2, 4, rng)
    x = rng.normal(size=(5, 8)).T  # as the network passes its input: the batch is not contiguous
    delta = rng.normal(size=(3, 8, 5))
    repeated = run(given, np.repeat(x[None], 3, axis=0), delta)
    for mine, other in zip(run(given, x, delta), repeated, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-12)
    for mine, other in zip(run(given, x, delta, first=True)[2:], repeated[2:], strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("alike", [False, True])
@pytest.mark.parametrize(("channels", "positions", "batch"), [(3, 4, 5), (17, 1, 33), (2, 4096, 50)])
def test_a_lane_has_the_same_bits_alone_and_beside_nan(
    kind: Kind, alike: bool, channels: int, positions: int, batch: int
) -> None:
    rng = np.random.default_rng(5)
    given = case(kind, 4, channels, positions, rng, "float32", alike)
    x = rng.normal(size=(4, channels * positions, batch)).astype("float32")
    delta = rng.normal(size=x.shape).astype("float32")
    x[1], x[3, ::2], delta[0, 0] = np.nan, np.inf, np.nan
    single = given.select([2])
    together, alone = run(given, x, delta), run(single, x[2:3], delta[2:3])
    assert positions < 4096 or x[0].nbytes > BLOCK
    for mine, other in zip([*together, *given.arrays], [*alone, *single.arrays], strict=True):
        assert np.array_equal(mine[2], other[0])
    assert np.isnan(together[0][1]).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("alike", [False, True])
@pytest.mark.parametrize("positions", [1, 35, 64])
def test_identical_channels_stay_identical(kind: Kind, alike: bool, positions: int) -> None:
    rng = np.random.default_rng(6)
    for channels, batch in ((2, 7), (13, 9), (33, 1)):
        given = case(kind, 2, channels, positions, rng, "float32", alike)
        for array in given.arrays:
            array[...] = array[:, :1]
        x, delta = (
            np.repeat(rng.normal(size=(2, 1, positions, batch)), channels, axis=1)
            .reshape(2, -1, batch).astype("float32")
            for _ in range(2)
        )  # fmt: skip
        for found in [*run(given, x, delta), *given.arrays]:
            by_channel = found.reshape(2, channels, -1)
            assert np.array_equal(by_channel, np.repeat(by_channel[:, :1], channels, axis=1))
