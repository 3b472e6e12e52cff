"""The line that reproduces a screen: on the clipboard, on the screen, back through the parsers, and in a shell."""

import base64
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from labpilot import NINE, comparison, lab, press, until
from screens import screen_text
from terminal import Terminal
from textual.pilot import Pilot

from initscope.core.activations import activation
from initscope.core.comparison import Comparison
from initscope.core.datasets.data import load
from initscope.tui import checkcommand, explaincommand, outlet
from initscope.tui.comparison import read_comparison
from initscope.tui.copying import CopyScreen, comparison_command, file_command, shell_lines, spec_command
from initscope.tui.forecastscreen import ForecastScreen
from initscope.tui.labscreen import LabScreen
from initscope.tui.parsers import Parser, lab_parser, sample_parser
from initscope.tui.samplescreen import SampleScreen

OSC_52 = re.compile(rb"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07")
QUOTED = ("init=rand name='it''s \"mine\"'", r"init=randn name='back\slash $HOME `x`'", "init=zeros name='two  blanks'")


def asked(line: str) -> Comparison:
    """What the lab makes of the line."""
    program, *words = shlex.split(line)
    assert program == "initscope"
    return read_comparison(lab_parser().parse_args(words))[0]


# The line


@pytest.mark.parametrize("lanes", [NINE, QUOTED, ("init=randn lr=-0.5", "init=he_normal name=-x")])
def test_it_asks_for_the_same_comparison(lanes: tuple[str, ...]) -> None:
    wanted = Comparison.of({"batch-size": "20", "optimizer": "momentum:momentum=0.95"}, ["rand"], lanes)
    assert asked(comparison_command(wanted)) == wanted


def test_files_are_named_such_that_any_folder_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "a folder's"
    folder.mkdir()
    np.savez(folder / "x y.npz", x=np.eye(20, dtype=np.float32), y=np.arange(20) % 2)
    monkeypatch.chdir(folder)
    wanted = Comparison.of({"data": "x y.npz:limit=5"}, ["rand"], ["init=randn data=digits"])
    line = comparison_command(wanted)
    monkeypatch.chdir("/")
    found = asked(line)
    assert found.data_names() == (f"{folder}/x y.npz:limit=5", "digits")
    assert (found.lanes, found.options.keys()) == (wanted.lanes, wanted.options.keys())
    assert comparison_command(wanted, folder=str(folder)) == line


@pytest.mark.parametrize("place", range(len(NINE)))
def test_a_lane_alone_is_the_same_network(place: int) -> None:
    data = {"digits": load("digits")}
    spec = comparison(lanes=(NINE[place],), **{"steps": "50"}).specs(data)[0]
    check = shlex.split(spec_command(spec, "initscope check"))
    (checked,) = checkcommand.check_networks(checkcommand.parser(Parser).parse_args(check[2:]))
    assert checked.spec.options() == spec.options()
    explain = shlex.split(spec_command(spec, "initscope explain", without=("steps",)))
    found, datasets = read_comparison(explaincommand.parser(Parser).parse_args(explain[2:]))
    (one,) = found.specs(datasets)
    kept = {key: value for key, value in spec.options().items() if key not in ("steps", "epochs")}
    assert {key: value for key, value in one.options().items() if key not in ("steps", "epochs")} == kept


def test_a_file_of_weights_is_judged_with_the_same_activation_and_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    line = shlex.split(file_command(Path("my w.npz"), activation("leaky_relu"), load("digits")))
    found = checkcommand.parser(Parser).parse_args(line[2:])
    assert line[:2] == ["initscope", "check"]
    assert (found.target, found.tui) == (f"{tmp_path}/my w.npz", True)
    kind = checkcommand.file_options(found)
    assert activation(kind["activation"]) == activation("leaky_relu")
    assert kind["data"] == "digits"
    bare = shlex.split(file_command(tmp_path / "w.npz", None, None))
    assert bare == ["initscope", "check", f"{tmp_path}/w.npz", "--tui"]


# On the screen


@pytest.mark.parametrize("width", [20, 33, 40, 80, 200])
def test_a_shell_reads_the_lines_as_one(width: int) -> None:
    long = "init=rand name=" + shlex.quote("it's a \"very\" long $name; " * 8)
    line = Comparison.of({"data": "digits"}, ["rand", "randn"], [*NINE, *QUOTED, long]).command()
    lines = shell_lines(line, width)
    script = "\n".join(lines).replace("initscope", "printf '%s\\0'", 1)
    done = subprocess.run(["bash", "-c", script], capture_output=True, check=True, encoding="utf-8")
    assert done.stdout.split("\0")[:-1] == shlex.split(line)[1:]
    assert max(map(len, lines)) <= width
    assert all(one.endswith("\\") for one in lines[:-1])
    assert all(len(one) == width for one in lines[:-1] if one.endswith(" \\"))
    assert shell_lines("initscope", width) == ["initscope"]


def shown(pilot: Pilot[Any]) -> str:
    """The command below the heading, as its words stand there."""
    text = screen_text(pilot.app).partition("closes.")[2]
    return shlex.join(shlex.split(text.replace("\\\n", "")))


async def test_every_screen_has_its_line_and_any_key_closes_it() -> None:
    async with lab((80, 24), comparison(NINE[:3])) as (pilot, screen):
        lines = {}
        for key, kind in (("", LabScreen), ("i", SampleScreen), ("f", ForecastScreen)):
            await press(pilot, *key)
            await until(pilot, lambda kind=kind: isinstance(pilot.app.screen, kind))  # type: ignore[misc]
            await press(pilot, "y")
            await until(pilot, lambda: "(OSC 52)" in screen_text(pilot.app))
            assert isinstance(pilot.app.screen, CopyScreen)
            assert pilot.app.clipboard == pilot.app.screen.command
            lines[kind] = shown(pilot)
            assert lines[kind] == pilot.app.clipboard
            await press(pilot, "q" if key else "space")
            assert isinstance(pilot.app.screen, kind)
            await press(pilot, *("q" if key else ""))
        assert asked(lines[LabScreen]) == screen.comparison
        names = sample_parser().parse_args(shlex.split(lines[SampleScreen])[2:]).names
        assert names == ["rand", "randn", "xavier_normal"]
        assert lines[ForecastScreen].startswith("initscope check --arch 64-30-10 ")


async def test_a_line_longer_than_the_screen_scrolls() -> None:
    async with lab((40, 12), comparison(NINE)) as (pilot, _):
        await press(pilot, "y")
        await until(pilot, lambda: "(OSC 52)" in screen_text(pilot.app))
        first = screen_text(pilot.app)
        await press(pilot, *["pagedown"] * 3)
        await until(pilot, lambda: "optimizer=adam" in screen_text(pilot.app))
        assert screen_text(pilot.app) != first
        await press(pilot, "x")
        assert isinstance(pilot.app.screen, LabScreen)


# In a terminal


def test_gnu_screen_is_asked_in_pieces_to_hand_it_on(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = f"\x1b]52;c;{'QUJD' * 500}\a"
    monkeypatch.delenv("STY", raising=False)
    assert outlet._understood(asked) == asked
    monkeypatch.setenv("STY", "1.screen")
    monkeypatch.delenv("TMUX", raising=False)
    pieces = re.findall(r"\x1bP(.*?)\x1b\\", outlet._understood(asked), re.DOTALL)
    assert "".join(pieces) == asked
    assert max(map(len, pieces)) <= 768
    assert outlet._understood("\x1b[2J") == "\x1b[2J"


def test_the_terminal_gets_it_as_osc_52_and_has_the_mouse_meanwhile() -> None:
    words = [word for lane in NINE for word in ("--lane", lane)]
    with Terminal(*words, columns=100, rows=30) as terminal:
        terminal.wait_for(lambda screen: "paused" in screen and "9 xavier" in screen, 60)
        terminal.keys("y")
        terminal.wait_for("(OSC 52)", 20)
        (found,) = OSC_52.findall(terminal.output)
        line = base64.b64decode(found).decode()
        assert asked(line) == asked(shlex.join(["initscope", *words]))
        assert terminal.output.rfind(b"\x1b[?1000l") > terminal.output.rfind(b"\x1b[?1000h") > -1
        terminal.keys("\x1b[57441u\x1b[57442;2u\x1b[57358u")  # Shift, Control and Caps Lock, as kitty reports them
        terminal.read(0.5)
        assert "(OSC 52)" in terminal.screen
        terminal.keys("\r")
        terminal.wait_for(lambda screen: "(OSC 52)" not in screen, 20)
        assert terminal.output.rfind(b"\x1b[?1000h") > terminal.output.rfind(b"\x1b[?1000l")
        terminal.keys("y")
        terminal.wait_for("(OSC 52)", 20)
        terminal.keys("\x03")
        assert terminal.wait() == 130
        assert terminal.output.rfind(b"\x1b[?1000l") > terminal.output.rfind(b"\x1b[?1000h")
