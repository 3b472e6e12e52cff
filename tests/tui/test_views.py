"""Views: numbers for people, time resampled like a plain loop, and charts that survive any number."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from initscope.core.comparison import Comparison
from initscope.core.datasets.data import load
from initscope.core.histograms import Histogram
from initscope.core.probes import INDEX
from initscope.core.training import Trainer
from initscope.tui import sheet, views
from initscope.tui.charts import PALETTE, Style

DATA = {"digits": load("digits")}
STYLE = Style(60, 12, colour=False)
RUBBISH = [0.0, 1.0, -1.0, 1e-300, 1e300, 5e-324, math.inf, -math.inf, math.nan]


def snapshot_of(*lanes: str, steps: int = 40):
    trainer = Trainer(Comparison.of({"steps": str(max(steps, 1))}, [], lanes).specs(DATA), DATA)
    for _ in trainer.run(until=steps):
        pass
    trainer.focus = None
    return trainer.snapshot()


@pytest.fixture(scope="module")
def snapshot():
    return snapshot_of("init=rand", "init=randn", "init=he_normal activation=relu arch=64-9-9-10")


@pytest.mark.parametrize(
    ("value", "number", "percent"),
    [
        (0.0, "0", "0.0%"), (1.0, "1", "100.0%"), (0.12345, "0.123", "12.3%"), (10, "10", "1000.0%"),
        (0.00739, "7.39e-3", "0.7%"), (math.nan, "-", "-"), (math.inf, "-", "-"), (-math.inf, "-", "-"),
    ],
)  # fmt: skip
def test_numbers_for_people(value, number, percent):
    assert (views.number(value), views.percent(value)) == (number, percent)


@given(st.text())
def test_plain_text_is_ascii_and_says_the_same(text):
    assert sheet.plain_text(text, unicode=True) == text
    assert sheet.plain_text(text, unicode=False).isascii()


def test_signs_have_ascii_stand_ins():
    assert sheet.plain_text("z = 10 ± 1.4 · a", unicode=False) == "z = 10 +- 1.4 . a"


@settings(max_examples=200)
@given(st.lists(st.integers(1, 50), max_size=30), st.integers(0, 10**6), st.integers(1, 40))
def test_time_is_resampled_like_a_plain_loop(gaps, first, columns):
    steps = np.cumsum([first, *gaps])
    values = np.arange(2 * len(steps), dtype=float).reshape(2, -1)
    found = views.by_time(values, steps, columns)
    assert found.shape == (2, columns)
    for column in range(columns):
        latest = 0
        for place, step in enumerate(steps.tolist()):
            if (step - first) * columns <= (int(steps[-1]) - first) * (column + 1):
                latest = place
        assert found[:, column].tolist() == values[:, latest].tolist()
    assert found[:, -1].tolist() == values[:, -1].tolist()


def test_no_time_gives_no_columns():
    assert views.by_time(np.zeros((3, 0)), np.zeros(0, np.int64), 5).shape == (3, 0)
    assert views.by_time(np.zeros((3, 2)), np.arange(2), 0).shape == (3, 0)


def test_shares_are_shown_from_0_to_1_and_of_hidden_layers(snapshot):
    for key in ("saturation", "dead_units"):
        assert views.heat_limits(snapshot.lanes, views.HEAT_BY_KEY[key]) == (0.0, 1.0)
        assert [len(views.heat_values(lane, key)) for lane in snapshot.lanes] == [1, 1, 2]
    assert [len(views.heat_values(lane, "gradient_rms")) for lane in snapshot.lanes] == [2, 2, 3]


def test_heat_values_are_layers_by_time(snapshot):
    lane = snapshot.lanes[2]
    for layer in range(3):
        for place in range(len(lane.probe_steps)):
            value = lane.probes[place, layer, INDEX["gradient_rms"]]
            assert views.heat_values(lane, "gradient_rms")[layer, place] == value


@pytest.mark.parametrize("key", ["std_over_inputs", "gradient_rms", "update_ratio"])
def test_log_limits_hold_what_all_lanes_have(snapshot, key):
    low, high = views.heat_limits(snapshot.lanes, views.HEAT_BY_KEY[key])
    values = [v for lane in snapshot.lanes for v in lane.probes[..., INDEX[key]].ravel().tolist() if v > 0]
    middle = float(np.median(values))
    assert low == max(min(values), middle / 10**views.DECADES)
    assert high == min(max(values), middle * 10**views.DECADES)
    assert 0 < low < high < math.inf


@given(st.lists(st.sampled_from(RUBBISH), min_size=1, max_size=6))
def test_log_limits_are_positive_and_ascending_whatever_the_values(values):
    lane = snapshot_cache().lanes[0]
    probes = np.tile(lane.probes[:1], (len(values), 1, 1))
    probes[:, :, INDEX["gradient_rms"]] = np.array(values)[:, None]
    low, high = views.heat_limits([replace(lane, probes=probes)], views.HEAT_BY_KEY["gradient_rms"])
    assert 0 <= low < high < math.inf


def snapshot_cache(made: list = []):  # noqa: B006
    """One snapshot for tests that draw many examples."""
    if not made:
        made.append(snapshot_of("init=rand", "init=randn"))
    return made[0]


def lines_of(snapshot, style):
    yield views.loss_chart(snapshot, style, log=True)
    yield views.loss_chart(snapshot, style, log=False, test=True, cursor=1.0)
    yield views.accuracy_chart(snapshot, style)
    for lane in snapshot.lanes:
        for heat in views.HEATS:
            yield views.heatmap_chart(lane, heat.key, style, snapshot.lanes)
        for shown in lane.distributions.values():
            top = views.tallest([shown.weights, shown.weights_start])
            yield views.histogram_chart(shown.weights, shown.weights_start, lane, style, "weights", top)


@pytest.mark.parametrize("size", [(1, 1), (12, 3), (40, 8), (200, 30)])
@pytest.mark.parametrize("unicode", [True, False])
def test_every_chart_has_its_size_and_alphabet(snapshot, size, unicode):
    for lines in lines_of(snapshot, Style(*size, colour=False, unicode=unicode)):
        assert len(lines) == size[1]
        assert all(len(line) <= size[0] for line in lines)
        assert unicode or "".join(lines).isascii()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 80), st.integers(1, 16))
def test_charts_survive_any_number(seed, width, height):
    rng = np.random.default_rng(seed)

    def spoil(values):
        return np.where(rng.random(values.shape) < 0.5, rng.choice(RUBBISH, values.shape), values)

    def spoilt(lane):
        probes = spoil(lane.probes)
        probes[..., INDEX["saturated_low"]] = lane.probes[..., INDEX["saturated_low"]]  # a count over a count
        return replace(lane, measures=spoil(lane.measures), probes=probes)

    snapshot = snapshot_cache()
    spoilt_snapshot = replace(snapshot, lanes=tuple(spoilt(lane) for lane in snapshot.lanes))
    for lines in lines_of(spoilt_snapshot, Style(width, height, colour=False)):
        assert len(lines) == height


def test_a_chart_before_the_first_step_is_empty_but_whole():
    for lines in lines_of(snapshot_of("init=rand", "init=randn arch=64-10", steps=0), STYLE):
        assert len(lines) == STYLE.height


def test_no_hidden_layer_is_said():
    lane = snapshot_of("init=rand arch=64-10").lanes[0]
    assert any("no hidden layer" in line for line in views.heatmap_chart(lane, "saturation", STYLE))


def test_curves_run_over_epochs_once_there_was_one(snapshot):
    assert not views.in_epochs(snapshot)
    assert any("step" in line for line in views.loss_chart(snapshot, STYLE, log=True))
    longer = snapshot_of("init=rand batch-size=500")
    assert views.in_epochs(longer)
    assert any("epoch" in line for line in views.loss_chart(longer, STYLE, log=True))


@given(st.integers(0, 10**12))
def test_the_time_axis_reaches_the_present_and_not_far_beyond(step):
    lane = replace(snapshot_cache().lanes[0], step=step, epoch=0.0)
    low, high = views.x_limits(replace(snapshot_cache(), lanes=(lane,)))
    assert low == 0
    assert step <= high <= max(1.6 * step, 2)


def test_lanes_have_their_own_number_and_colour(snapshot):
    lanes = [replace(snapshot.lanes[0], index=index) for index in range(40)]
    assert [views.marker(lane) for lane in lanes[:10]] == list("123456789a")
    assert len({views.marker(lane) for lane in lanes[:35]}) == 35
    assert len({views.colour(lane) for lane in lanes[:8]}) == len(PALETTE) == 8


def test_histograms_say_what_they_leave_out_and_share_their_height(snapshot):
    edges = np.linspace(0, 1, 5)
    now = Histogram(edges, np.array([1, 0, 3, 0]), 2, 5, 1)
    start = Histogram(edges, np.array([0, 1, 0, 0]), 0, 0, 0)
    title = views.histogram_chart(now, start, snapshot.lanes[0], STYLE, "weights", None)[0]
    assert "weights, 7 outside, 1 not finite" in title
    assert views.tallest([now, start]) == 1.0
    assert 0.75 <= views.tallest([now]) <= 0.8  # room up to a round number is welcome
    assert views.tallest([]) == views.tallest([replace(now, counts=np.zeros(4, np.int64))]) == 1.0
