"""What is remembered comes back, and nothing that is wrong with the file ever matters."""

import json
import os
import threading
from pathlib import Path

import pytest
from labpilot import DATA, comparison, press, settle, until

from initscope.core.comparison import Comparison
from initscope.tui.app import LabApp
from initscope.tui.config import Config
from initscope.tui.labscreen import LabScreen
from initscope.tui.remembered import Memory, absolute

LANES = ({"init": "randn", "name": 'my "lane" ü'}, {"init": "rand"})
LAST = Comparison({"data": "moons:noise=0.2", "lr": "0.5"}, LANES)


def test_both_come_back(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "deep" / "state.json")
    assert (memory.theme, memory.last) == ("", None)
    memory.theme = "textual-light"
    memory.last = LAST
    again = Memory(tmp_path / "deep" / "state.json")
    assert (again.theme, again.last) == ("textual-light", LAST)
    assert os.listdir(tmp_path / "deep") == ["state.json"]


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\xff\xfe", b"[]", b"{", b"null", b"[" * 100_000, b'{"theme": 3, "last": []}',
        b'{"last": {"options": {"lr": 1}, "lanes": [{"init": "rand"}]}}', b'{"last": {"options": {}, "lanes": []}}',
        b'{"last": {"options": {}, "lanes": [["init"]]}}', b'{"last": {"options": {}}}',
        b'{"theme": null, "last": {"options": null, "lanes": [{}]}}',
    ],
    ids=range(12),
)  # fmt: skip
def test_a_damaged_file_is_no_file(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    file.write_bytes(content)
    memory = Memory(file)
    assert (memory.theme, memory.last) == ("", None)
    memory.last = LAST
    assert memory.last == LAST


def test_a_place_that_cannot_be_written_is_no_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    for place in (tmp_path / "file" / "state.json", tmp_path, None):
        memory = Memory(place)
        memory.theme = "textual-light"
        assert memory.theme == ""
    memory = Memory(tmp_path / "state.json")
    memory.theme = "nord"

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    memory.theme = "dracula"
    assert memory.theme == "nord"
    assert sorted(os.listdir(tmp_path)) == ["file", "state.json"]


def test_readers_meet_no_half_written_file(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    memory = Memory(file)
    memory.last = LAST
    over = threading.Event()

    def write() -> None:
        for number in range(200):
            memory.theme = f"theme-{number}" * 50
        over.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not over.is_set():
        assert json.loads(file.read_text(encoding="utf-8"))["last"]["lanes"][1] == {"init": "rand"}
    writer.join()


def test_files_are_found_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INITSCOPE_DATA_DIR", str(tmp_path / "data"))
    for name in ("t.csv", "x.npy", "y.npy", "digits", "data/known.npz", "known"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    wanted = {
        "t.csv": f"{tmp_path}/t.csv", "t.csv:label=2": f"{tmp_path}/t.csv:label=2", "./t.csv": f"{tmp_path}/t.csv",
        "x.npy,y.npy": f"{tmp_path}/x.npy,{tmp_path}/y.npy", "digits": "digits", "digits:limit=5": "digits:limit=5",
        "known": "known", "gone.csv": "gone.csv", "moons:n=9": "moons:n=9", "./digits": f"{tmp_path}/digits",
    }  # fmt: skip
    assert {name: absolute({"data": name, "lr": "1"})["data"] for name in wanted} == wanted
    assert absolute({"lr": "1"}) == {"lr": "1"}


async def test_the_lab_remembers_what_one_changes_and_not_what_it_opens_with(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "state.json")
    app = LabApp(lambda: (Comparison.in_order({}, ()), DATA), memory=memory)
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, LabScreen) and app.screen.snapshot is not None)
        await settle(pilot)
        assert memory.last is None
        await press(pilot, "d", "b")
        await until(pilot, lambda: memory.theme == "textual-light")
        assert memory.last == Comparison({}, ({"init": "rand"}, {"init": "rand"}, {"init": "randn"}))


@pytest.mark.parametrize(
    ("asked", "remembered", "shown"),
    [("", "nord", "nord"), ("ansi-dark", "nord", "ansi-dark"), ("", "no-such", "textual-dark")],
)
async def test_the_theme_that_opens(asked: str, remembered: str, shown: str, tmp_path: Path) -> None:
    memory = Memory(tmp_path / "state.json")
    memory.theme = remembered
    app = LabApp(lambda: (comparison(), DATA), config=Config(theme=asked), memory=memory)
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, LabScreen) and app.screen.snapshot is not None)
        assert app.theme == shown
        if shown == "ansi-dark":
            await press(pilot, "b")
            await until(pilot, lambda: app.theme == "ansi-light")
