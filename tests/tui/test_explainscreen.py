"""The lab's proof under Pilot: what it shows while it searches and after, at any size, and how a remedy is applied."""

import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from labpilot import DATA, FLAT_OUT, at_step, comparison, lab, line, now, press, resize, until
from screens import screen_text
from test_lab_snapshots import check_all
from textual.pilot import Pilot

from initscope.core.counterfactual.changes import Change, Suspect
from initscope.core.counterfactual.explain import Inquiry, Progress
from initscope.core.counterfactual.results import Explanation, Outcome, Trial, answer, in_order
from initscope.core.datasets.data import Dataset
from initscope.core.learning import Constant
from initscope.core.spec import Spec
from initscope.tui import explainscreen
from initscope.tui.actions import EXPLAIN, of
from initscope.tui.app import LabApp
from initscope.tui.explainscreen import ExplainScreen, Remedied
from initscope.tui.helpscreen import HelpScreen
from initscope.tui.labscreen import LabScreen

CONSTANT = Constant(0.45, 0.1)
SIZES = ((80, 24), (160, 45), (40, 12))
TRIED = {
    Suspect.INITIALIZATION: (("init", "xavier_normal", 0.08), ("init", "he_normal", 0.09)),
    Suspect.LEARNING_RATE: (("lr", "0.3", 4.5), ("lr", "3000", 1.42), ("lr", "30", float("nan"))),
    Suspect.ACTIVATION: (("activation", "tanh", 4.5),),
    Suspect.DEPTH: (("arch", "64-30-10", 0.12),),
    Suspect.BATCH: (("batch-size", "1", 4.5),),
}


def trial(change: Change | None, seeds: int, loss: float) -> Trial:
    right = 0.94 if loss < 0.4 else 0.1
    one = [Outcome(seed, 300, 4.5, loss, 0.1, right, loss != loss, loss < 0.4, False) for seed in range(seeds)]
    return Trial(change, tuple(one))


def explanation(spec: Spec, seeds: int = 3, learns: bool = False, complete: bool = True) -> Explanation:
    """Of made-up numbers; with no seeds nothing was changed yet."""
    original = trial(None, 3, 0.05 if learns else 4.5)
    answers = [
        answer(suspect, tuple(_tried(suspect, *change, seeds) for change in tried), original, CONSTANT)
        for suspect, tried in TRIED.items()
        if seeds and not learns
    ]
    return Explanation(spec, (0, 1, 2), 300, CONSTANT, original, in_order(answers, CONSTANT), complete)


def _tried(suspect: Suspect, key: str, value: str, loss: float, seeds: int) -> Trial:
    words = {"lr": f"lr {value}", "arch": "1 hidden layer", "batch-size": f"batch {value}"}.get(key, value)
    return trial(Change(suspect, words, ((key, value),)), seeds, loss)


class Scripted:
    """An inquiry that waits for each of its results until it is let go on."""

    gates: list[threading.Event]
    script: tuple[tuple[float, str, int], ...] = (
        (0.5, "as it is, 3 seeds, 300 steps", -1), (0.4, "18 changes, seed 2 of 3, 300 steps", 1), (1.0, "done", 3)
    )  # fmt: skip
    learns = False

    def __init__(self, spec: Spec, dataset: Dataset) -> None:
        self.spec = spec
        self.datasets = {dataset.name: dataset}
        self.ended = threading.Event()

    def run(self) -> Iterator[Progress]:
        newest = Progress(0.0, "getting ready", None)
        try:
            for gate, (done, words, seeds) in zip(self.gates, self.script, strict=True):
                while not gate.wait(0.01):
                    yield newest
                so_far = None if seeds < 0 else explanation(self.spec, seeds, self.learns, done == 1)
                newest = Progress(done, words, so_far)
                yield newest
        finally:
            self.ended.set()


@pytest.fixture
def gates(monkeypatch: pytest.MonkeyPatch) -> list[threading.Event]:
    """One for each result of the scripted inquiry that takes the place of the real one."""
    Scripted.gates = [threading.Event() for _ in Scripted.script]
    monkeypatch.setattr(explainscreen, "Inquiry", Scripted)
    return Scripted.gates


def open_gates(gates: list[threading.Event], count: int = 3) -> None:
    for gate in gates[:count]:
        gate.set()


async def shown(pilot: Pilot[Any], words: str) -> ExplainScreen:
    """The screen, once these words are on it."""
    await until(pilot, lambda: isinstance(pilot.app.screen, ExplainScreen) and words in screen_text(pilot.app))
    screen = pilot.app.screen
    assert isinstance(screen, ExplainScreen)
    return screen


@asynccontextmanager
async def explaining(
    size: tuple[int, int] = (80, 24), *keys: str, **more: Any
) -> AsyncIterator[tuple[Pilot[Any], LabScreen, ExplainScreen]]:
    async with lab(size, **more) as (pilot, screen):
        await press(pilot, *keys, "p")
        await until(pilot, lambda: isinstance(pilot.app.screen, ExplainScreen))
        assert isinstance(pilot.app.screen, ExplainScreen)
        yield pilot, screen, pilot.app.screen


# What it shows


@pytest.mark.parametrize(
    "unicode", [pytest.param(True, id="unicode"), pytest.param(False, id="ascii", marks=pytest.mark.slow)]
)
async def test_pictures(unicode: bool, gates: list[threading.Event], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("test_lab_snapshots.SIZES", SIZES)
    kind = "explain" if unicode else "ascii-explain"
    async with explaining(SIZES[0], unicode=unicode) as (pilot, _, _):
        open_gates(gates, 1)
        await shown(pilot, "50%")
        await check_all(pilot, f"{kind}-start")
        open_gates(gates, 2)
        await until(pilot, lambda: "40%" in line(pilot, "title"))
        await check_all(pilot, f"{kind}-middle")
        open_gates(gates)
        await until(pilot, lambda: "%" not in line(pilot, "title"))
        await check_all(pilot, f"{kind}-end")


async def test_a_lane_that_learns(gates: list[threading.Event], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Scripted, "learns", True)
    open_gates(gates)
    async with explaining((80, 24), "down") as (pilot, lab_screen, screen):
        await shown(pilot, "It learns: loss 4.5 -> 0.05")
        assert "lane 2 randn" in line(pilot, "title")
        assert "Press" not in screen_text(pilot.app)
        await press(pilot, "enter")
        assert pilot.app.screen is screen
        assert [note.message for note in pilot.app._notifications] == ["This lane learns: there is nothing to mend."]
        assert lab_screen.comparison == comparison()


async def test_one_can_go_through_the_page_at_every_size(gates: list[threading.Event]) -> None:
    open_gates(gates)
    async with explaining() as (pilot, _, screen):
        await shown(pilot, "Initialization: yes")
        for width, height in ((160, 45), (40, 12), (20, 5), (3, 2), (1, 1), (200, 60), (80, 24)):
            await resize(pilot, width, height)
            assert len(screen_text(pilot.app).split("\n")) == height
        await press(pilot, "end")
        assert "batch size" in screen_text(pilot.app).splitlines()[-2]
        bottom = screen.page.top
        assert bottom > 0
        for key, top in (("up", bottom - 1), ("k", bottom - 2), ("j", bottom - 1), ("down", bottom), ("home", 0)):
            await press(pilot, key)
            assert screen.page.top == top
        await press(pilot, "pagedown")
        assert screen.page.top == min(bottom, screen.page.size.height - 1)
        await press(pilot, "pageup", "space")
        assert screen.page.top == min(bottom, screen.page.size.height - 1)
        await press(pilot, "question_mark")
        await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen))
        await press(pilot, "escape", "home")
        await until(pilot, lambda: pilot.app.screen is screen)


async def test_every_key_of_the_table_is_bound_and_can_be_found() -> None:
    tried = "escape q p a enter pagedown space pageup down j up k home end question_mark f1 y S"
    assert {key for action in of(EXPLAIN) for key in action.keys.split(",")} == set(tried.split())
    async with explaining() as (pilot, _, screen):
        for action in of(EXPLAIN):
            assert hasattr(screen, f"action_{action.name.partition('(')[0]}"), action.name
        titles = {command.title for command in pilot.app.get_system_commands(screen)}
        assert {action.label for action in of(EXPLAIN)} <= titles
        footer = screen_text(pilot.app).splitlines()[-1]
        assert all(f" {action.label}" in footer for action in of(EXPLAIN) if action.footer)


# The lanes meanwhile


async def test_training_rests_meanwhile_and_goes_on_after(gates: list[threading.Event]) -> None:
    async with lab(chosen=comparison(epochs="100000")) as (pilot, screen):
        await press(pilot, *FLAT_OUT)
        await until(pilot, lambda: now(screen).step > 0)
        await press(pilot, "p")
        found = await shown(pilot, "The lanes are paused meanwhile, and go on when you leave.")
        assert not screen.session.playing
        await press(pilot, "enter")
        assert [note.message for note in pilot.app._notifications] == ["It is still being looked for."]
        await press(pilot, "escape")
        await until(pilot, lambda: pilot.app.screen is screen)
        assert screen.session.playing
        inquiry = found.explainer.inquiry
        assert isinstance(inquiry, Scripted)
        assert inquiry.ended.wait(5), "what is left is stopped"
        step = now(screen).step
        await until(pilot, lambda: now(screen).step > step)


async def test_lanes_that_rest_stay_where_they_are(gates: list[threading.Event]) -> None:
    async with lab() as (pilot, screen):
        await press(pilot, "s")
        await at_step(pilot, screen, 1)
        await press(pilot, "p")
        await shown(pilot, "The lanes are paused meanwhile.")
        for key in ("q", "p", "p"):
            await press(pilot, key)
        await until(pilot, lambda: pilot.app.screen is screen)
        assert not screen.session.playing
        assert now(screen).step == 1


# The remedy


async def test_the_real_search_finds_a_remedy_and_enter_applies_it() -> None:
    lanes = ["init=randn", "init=rand name=bad lr=2"]
    async with explaining((80, 24), "s", "down", chosen=comparison(lanes=lanes)) as (pilot, screen, shows):
        await until(pilot, lambda: shows.proof, 120)
        await shown(pilot, "Initialization: yes")
        remedy = shows._shown.so_far.remedy  # type: ignore[union-attr]
        assert remedy
        await press(pilot, "enter")
        await until(pilot, lambda: pilot.app.screen is screen and screen.snapshot is not None)
        init = dict(remedy.changes)["init"]
        assert screen.comparison.lanes == ({"init": "randn"}, {"init": init, "lr": "2"})
        assert screen.choice.lane == 1
        assert now(screen).step == 0
        assert now(screen).lanes[1].name == f"{init} lr=2"
        (note,) = pilot.app._notifications
        assert note.message == f"Lane 2 is now {init} lr=2. All lanes start again at step 0."


async def test_a_remedy_of_the_data_brings_its_data() -> None:
    async with lab() as (pilot, screen):
        changed = DATA["digits"]
        name = "digits:scale=standardize"
        change = Change(Suspect.DATA, "standardized inputs", (("data", name),))
        screen._explained(Remedied(change, {name: changed}), playing=False)
        await until(pilot, lambda: screen.snapshot is not None)
        assert screen.comparison.lanes[0] == {"init": "rand", "data": name}
        assert screen.datasets[name] is changed
        assert len(now(screen).lanes) == 2


# What goes wrong


class Broken(Scripted):
    error: BaseException

    def run(self) -> Iterator[Progress]:
        yield Progress(0.0, "getting ready", None)
        raise self.error


async def test_too_little_memory_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Broken, "error", MemoryError(), raising=False)
    monkeypatch.setattr(explainscreen, "Inquiry", Broken)
    async with explaining() as (pilot, screen, _):
        await shown(pilot, explainscreen.NO_MEMORY)
        await press(pilot, "enter", "escape")
        await until(pilot, lambda: pilot.app.screen is screen)


async def test_an_error_in_the_thread_ends_the_lab_with_exit_code_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Broken, "error", FloatingPointError("broken on purpose"), raising=False)
    monkeypatch.setattr(explainscreen, "Inquiry", Broken)
    app = LabApp(lambda: (comparison(), DATA))

    async def search() -> None:
        async with app.run_test() as pilot:
            await until(pilot, lambda: isinstance(app.screen, LabScreen) and app.screen.snapshot is not None)
            await press(pilot, "p")
            await until(pilot, lambda: app._exception is not None)

    with pytest.raises(RuntimeError, match="explaining failed") as caught:
        await search()
    assert isinstance(caught.value.__cause__, FloatingPointError)
    assert app.return_code == 1


def test_the_screen_asks_what_an_inquiry_has() -> None:
    """The scripted one of these tests must not hide a change of the real one."""
    spec = comparison().specs(DATA)[0]
    real = Inquiry(spec, DATA["digits"])
    assert all(hasattr(real, name) for name in ("run", "datasets", "explanation"))
