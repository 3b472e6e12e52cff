"""The page of the forecast: theory and measurement in one table, depth in words, of any network at any size."""

from dataclasses import replace
from math import nan

import numpy as np
import pytest
from labpilot import DATA, comparison
from screens import plain

from initscope.core.checks.spec import measure_start
from initscope.core.probes import INDEX
from initscope.core.theory.forecast import of_spec
from initscope.core.training import Trainer
from initscope.tui.checkviewtable import number, share
from initscope.tui.forecastview import DEAD, FLAT, GRADIENT, SPREAD, Z_MEAN, Z_STD, Seen, text
from initscope.tui.sheet import Style

ARCHITECTURES = {1: "64-10", 3: "64-30-20-10", 30: "64-20x29-10", 100: "64-12x99-10"}


def seen(steps: int = 0, **options: str) -> Seen:
    """A lane as the screen has it after these steps."""
    init = options.pop("init", "xavier_normal")
    (spec,) = comparison(inits=(init,), **options).specs(DATA)
    trainer = Trainer((spec,), DATA)
    *_, snapshot = trainer.run(steps)
    layers, _, _ = measure_start(spec, DATA["digits"])
    alike = np.array([layer.correlation for layer in layers])
    return Seen(of_spec(spec, DATA["digits"]), alike, snapshot.lanes[0])


def page(what: Seen, width: int = 80, height: int = 22, unicode: bool = True) -> list[str]:
    return [plain(line) for line in text(what, Style(width, height, unicode=unicode))]


def words(lines: list[str]) -> str:
    return " ".join(" ".join(lines).split())


def rows(lines: list[str]) -> dict[str, list[list[str]]]:
    """The rows of the tables, by the number of the layer."""
    found: dict[str, list[list[str]]] = {}
    start = next(place for place, line in enumerate(lines) if line.startswith("layer  forecast"))
    for row in lines[start:]:
        if row[:1].isdigit():
            found.setdefault(row.split()[0], []).append(row.replace("?", "").split()[1:])
    return found


@pytest.mark.parametrize("steps", [0, 20])
def test_the_table_has_theory_and_measurement(steps: int) -> None:
    what = seen(steps, arch="64-30-20-10")
    found = rows(page(what))
    probes = what.lane.probes
    for place, layer in enumerate(what.forecast.layers):
        start, last = probes[0, place], probes[-1, place]
        cells = [cell for row in found[str(place + 1)] for cell in row]
        flat = layer.saturated_low + layer.saturated_high
        wanted = []
        for written, value, probe in (
            (number, layer.z_std, [INDEX["z_std"]]),
            (share, flat, [INDEX["saturated_low"], INDEX["saturated_high"]]),
            (number, layer.std_over_inputs, [INDEX["std_over_inputs"]]),
            (number, layer.gradient_rms, [INDEX["gradient_rms"]]),
        ):
            measured = [float(side[probe].sum()) for side in ([start, last] if steps else [start])]
            wanted += [written(value), *map(written, measured)]
        assert cells[: len(wanted)] == wanted


def test_saturation_or_dead_units_and_the_mean_of_z_where_it_tells() -> None:
    assert seen(init="rand").quantities[:3] == [Z_MEAN, Z_STD, FLAT]
    assert seen(init="he_normal", activation="relu").quantities[:2] == [Z_STD, DEAD]
    assert not {FLAT, DEAD, SPREAD} & set(seen(arch="64-10").quantities)


def test_bands() -> None:
    what = seen(init="rand", arch="64-30-20-10")
    for layer, low, high in zip(what.forecast.layers, what.expected(Z_STD).low, what.expected(Z_STD).high, strict=True):
        assert high / layer.z_std == pytest.approx(1 + layer.z_std_error)
        assert layer.z_std / low == pytest.approx(1 + layer.z_std_error)
    mean = what.expected(Z_MEAN)
    assert mean.high - mean.value == pytest.approx([layer.z_mean_error for layer in what.forecast.layers])


@pytest.mark.parametrize("layers", ARCHITECTURES)
@pytest.mark.parametrize("activation", ["tanh", pytest.param("relu", marks=pytest.mark.slow)])
def test_any_depth_fits_any_screen(layers: int, activation: str) -> None:
    what = seen(2, arch=ARCHITECTURES[layers], activation=activation, init="randn")
    for width, height in ((40, 11), (57, 5), (80, 22), (116, 38), (160, 43), (20, 8), (3, 2)):
        for unicode in (True, False):
            lines = page(what, width, height, unicode)
            assert max(map(len, lines)) <= max(width, 20)
            assert unicode or "".join(lines).isascii()
    assert len(rows(page(what, 160, 43))) == layers


def test_depth_in_words() -> None:
    critical = words(page(seen(init="he_normal", activation="relu", arch="64-200-200-10")))
    assert "chi = 1: the edge of chaos" in critical
    assert "no limit to depth follows" in critical
    assert "Neither signal nor gradient should be lost in these 3 layers." in critical
    grown = words(page(seen(init="randn", activation="relu", arch="64-200-200-10")))
    assert "relu has no fixed point above sigma_w² = 2: z grows layer by layer for ever" in grown
    assert "chi = 100: squared gradients grow" in grown
    deep = seen(init="xavier_normal", arch=ARCHITECTURES[30])
    told = words(page(deep))
    assert f"The signal should be lost in layer {deep.forecast.signal_lost}:" in told
    assert f"The gradient should be lost in layer {deep.forecast.gradient_lost}:" in told
    assert f"networks much deeper than {deep.forecast.kept} layers hardly train; this one has 30." in told
    shallow = seen(init="0.1*randn", arch="64-30-30-10")
    assert "networks much deeper than 3 layers hardly train." in words(page(shallow))
    assert "Neither signal nor gradient should be lost in these 3 layers." in words(page(shallow))
    wide = seen(init="he_normal", activation="tanh", arch="64-30-30-10")
    depth = number(wide.forecast.trainable_depth)
    assert f"networks much deeper than 6 xi_c = {depth} layers hardly train." in words(page(wide))
    assert "No hidden layer: nothing saturates" in words(page(seen(arch="64-10")))
    assert "No fixed point is forecast: theory has one for plain layers" in words(page(seen(init="rand")))


def test_convolutions_and_norms_are_forecast_with_notes() -> None:
    told = words(page(seen(arch="4c3-bn-p2-20-10", activation="relu", init="he_normal")))
    for note in ("convolutions: places are taken", "pooling: neighbours", "normalization and residual blocks:"):
        assert f"Forecast: {note}" in told
    assert "In doubt: z of layers" in told


def test_what_cannot_be_forecast_says_so() -> None:
    what = seen(arch="64-30-20-10")
    first, *others = what.forecast.layers
    broken = replace(what.forecast, layers=(replace(first, saturated_low=nan, z_std=np.inf), *others))
    told = words(page(Seen(broken, None, what.lane)))
    assert "Cannot be forecast: z std, layer 1." in told
    assert "Cannot be forecast: share saturated, layer 1." in told
    assert "Cannot be forecast: z std, layers" not in told
    everywhere = tuple(replace(layer, z_std=nan) for layer in broken.layers)
    assert "z std: not forecast" in words(page(Seen(replace(broken, layers=everywhere), None, what.lane)))


def test_a_diverged_lane_is_drawn() -> None:
    what = seen(3, arch="64-20-10", activation="linear", init="randn", lr="1e300", loss="cross_entropy")
    assert not np.isfinite(what.measured(Z_STD, -1)).all()
    assert len(rows(page(what))) == 2


def test_gradients_have_doubts_of_their_own() -> None:
    what = seen(init="rand", arch="64-30-10")
    assert [layer.doubt for layer in what.forecast.layers] == ["", ""]
    assert what.expected(GRADIENT).doubt.all()
    assert not what.expected(Z_STD).doubt.any()
