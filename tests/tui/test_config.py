"""The settings of a person: read and checked, and keys that follow them everywhere."""

from pathlib import Path
from typing import Any

import pytest
from labpilot import DATA, comparison, now, press, settle, until
from screens import screen_text
from terminal import Terminal, run
from textual.pilot import Pilot

from initscope.core.errors import InputError
from initscope.tui.actions import ACTIONS, LAB, identity, of, said
from initscope.tui.app import LabApp
from initscope.tui.config import Config, parse_config, read_config
from initscope.tui.configcommand import config_lines
from initscope.tui.helpscreen import HelpScreen, help_text
from initscope.tui.keymap import keymap
from initscope.tui.labscreen import LabScreen

FILE = Path("/home/me/config.toml")
FULL = """\
theme = "light"
mouse = false
slow = true
[keys]
step = "."
page_on = ["pgdn", "]"]
[runs]
folder = "/big/runs"
limit = 10
"""


def test_everything_is_read() -> None:
    assert parse_config(FULL.encode(), FILE) == Config(
        FILE, {"step": (".",), "page_on": ("pgdn", "]")}, "textual-light", False, True, Path("/big/runs"), 10 << 20
    )
    assert parse_config(b"", FILE) == Config(FILE)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("theme = 'lihgt'", ["unknown theme 'lihgt'", "did you mean light"]),
        ("theme = 1", ["theme must be a text"]),
        ("mouse = 'no'", ["mouse must be true or false, not 'no'"]),
        ("them = 'light'", ["unknown key 'them'", "did you mean theme"]),
        ("slow = x", ["not TOML", "line 1, column 8"]),
        ("slow = " + "[" * 5000, ["not TOML", "nested too deeply"]),
        ("keys = 3", ["keys must be a table, [keys]"]),
        ("[keys]\nstep = 1", ["[keys]: step must be a key"]),
        ("[keys]\nstep = []", ["[keys]: step must be a key"]),
        ("[runs]\nfolder = 'here'", ["[runs]: folder must be a path that begins with / or ~, not 'here'"]),
        ("[runs]\nlimit = 0", ["[runs]: limit must be a whole number from 1"]),
        ("[runs]\nlimits = 5", ["[runs]: unknown key 'limits'", "did you mean limit"]),
        ("theme = '\udcff'", ["is not UTF-8 text"]),
    ],
)
def test_errors_name_file_table_and_key(text: str, words: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        parse_config(text.encode("utf-8", "surrogateescape"), FILE)
    assert str(caught.value).startswith(f"{FILE}")
    assert all(word in str(caught.value) for word in words), caught.value


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"stpe": ["."]}, ["no action stpe", "did you mean stop or step", "`initscope config`"]),
        ({"step": ["hoem"]}, ["step: unknown key 'hoem'", "did you mean home"]),
        ({"step": ["ctlr+s"]}, ["step: unknown key 'ctlr+s'", "did you mean ctrl"]),
        ({"step": ["n"]}, ["n is both step and epoch"]),
        ({"faster": ["?"]}, ["? is both faster and help"]),
        ({"help": ["end"]}, ["end is both help and sample_bottom"]),
        ({"sample_more": ["pgup"]}, ["pgup is both sample_more and sample_up"]),
        ({"step": ["."], "epoch": ["full_stop"]}, [". is both step and epoch"]),
        ({"step": ["ctrl+c"]}, ["step cannot be ctrl+c, which quits everywhere"]),
        ({"step": ["Ctrl+Z"]}, ["step cannot be ctrl+z"]),
    ],
)
def test_keys_that_cannot_be(keys: dict[str, list[str]], words: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        keymap(keys, f"{FILE}, [keys]")
    assert str(caught.value).startswith(f"{FILE}, [keys]: ")
    assert all(word in str(caught.value) for word in words), caught.value


def test_keys_as_people_write_them() -> None:
    wanted = {
        "step": [".", "Ctrl+S", "F5"], "leave": ["Esc"], "faster": ["ctrl++", "+"], "remove": ["del", "return"],
        "edit": ["E"], "log": ["Space"], "run": [","], "quit": ["ctrl+q"],
    }  # fmt: skip
    assert keymap(wanted, "") == {
        "step": "full_stop,ctrl+s,f5", "leave": "escape", "faster": "ctrl+plus,plus", "remove": "delete,enter",
        "edit": "E", "log": "space", "run": "comma", "quit": "ctrl+q",
    }  # fmt: skip


def test_every_key_of_the_table_can_be_written_and_read_back() -> None:
    """What the help page shows is what the file takes."""
    shown = {identity(action): action.shown_keys.split(" ") for action in ACTIONS}
    assert len(shown) == len(ACTIONS)
    for name, keys in keymap(shown, "").items():
        (action,) = (action for action in ACTIONS if identity(action) == name)
        assert keys.split(",") == action.keys.split(",")


def test_where_the_file_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert read_config() == Config()
    (tmp_path / "initscope").mkdir()
    (tmp_path / "initscope" / "config.toml").write_text("mouse = false", encoding="utf-8")
    assert not read_config().mouse
    other = tmp_path / "other.toml"
    monkeypatch.setenv("INITSCOPE_CONFIG", str(other))
    with pytest.raises(InputError, match=r"other\.toml: there is no such file; INITSCOPE_CONFIG names it"):
        read_config()
    other.mkdir()
    with pytest.raises(InputError, match=r"other\.toml: cannot be read"):
        read_config()


@pytest.mark.parametrize("text", ["", FULL, "theme='ansi-dark'\n[keys]\nsample_back=['Q', '\"', 'ctrl+\\']"])
def test_the_command_writes_a_file_that_means_the_same(text: str) -> None:
    config = parse_config(text.encode(), FILE)
    lines = "\n".join(config_lines(config))
    again = parse_config(lines.encode(), FILE)
    assert again.keys.keys() == config.keys.keys()
    assert keymap(again.keys, "") == keymap(config.keys, "")
    assert [getattr(again, name) for name in ("theme", "mouse", "slow", "runs_folder", "runs_limit")] == [
        getattr(config, name) for name in ("theme", "mouse", "slow", "runs_folder", "runs_limit")
    ]
    assert all(f"{identity(action)} " in lines for action in ACTIONS)


def test_the_command_and_the_lab_refuse_a_wrong_file(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[keys]\nstep = 'n'\n", encoding="utf-8")
    environment = {"INITSCOPE_CONFIG": str(file)}
    done = run("config", environment=environment)
    message = f"initscope: {file}, [keys]: n is both step and epoch; give one of them another key\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", message)
    with Terminal(environment=environment, columns=200) as terminal:
        assert terminal.wait() == 2
        assert terminal.output.decode().replace("\r", "") == message


async def opened(app: LabApp, pilot: Pilot[Any]) -> LabScreen:
    await until(pilot, lambda: isinstance(app.screen, LabScreen) and app.screen.snapshot is not None)
    await settle(pilot)
    assert isinstance(app.screen, LabScreen)
    return app.screen


async def test_keys_footer_help_and_hints_follow() -> None:
    """Step and faster change places, help and rewind move, page on has two keys."""
    keys = {"step": ("+",), "faster": ("s",), "help": ("H",), "rewind": ("<", "f9"), "page_on": (">",)}
    app = LabApp(lambda: (comparison(steps="2"), DATA), config=Config(FILE, keys))
    async with app.run_test(size=(100, 150)) as pilot:
        screen = await opened(app, pilot)
        footer = screen_text(app).splitlines()[-1]
        for word in ("+ Step", "H Help", "< Rewind", "space Run", "q Quit"):
            assert word in footer, footer
        pace = screen.pace
        await press(pilot, "s")
        assert (screen.pace, now(screen).step) == (pace + 1, 0)
        await press(pilot, "plus")
        await until(pilot, lambda: now(screen).step == 1)
        await press(pilot, "r", "equals_sign", "question_mark")
        assert (screen.pace, now(screen).step, app.screen) == (pace + 1, 1, screen)
        await press(pilot, "plus")
        await until(pilot, lambda: now(screen).ended and "ended · < rewinds" in screen_text(app))
        await press(pilot, "f9")
        await until(pilot, lambda: now(screen).step == 0)
        await press(pilot, "H")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen) and "back to step 0" in screen_text(app))
        shown = [" ".join(line.split()) for line in screen_text(app).splitlines()]
        for line in ("+ one step, then pause", "s more steps a frame", "H this page", "> the lane panes that follow"):
            assert line in shown
        await press(pilot, "H")
        await until(pilot, lambda: app.screen is screen)
        for command in app.get_system_commands(screen):
            if command.title == "Faster":
                await command.callback()
        assert screen.pace == pace + 2


def test_the_help_page_has_no_key_but_the_table_s() -> None:
    keys = keymap({"sample": ["W"], "forecast": ["F"], "proof": ["P"]}, "")
    text = help_text(keys)
    assert "(W) draws" in text
    assert "(F) is what theory" in text
    assert "(P) runs" in text
    assert not {"{", "}"} & set(text)
    assert [action.keys for action in of(LAB, keys) if action.name == "sample"] == ["W"]



def test_every_character_is_said_as_itself() -> None:
    signs = [chr(code) for code in range(33, 127)]
    for sign in signs:
        (key,) = keymap({"step": [sign]}, "").values() if sign not in TAKEN else [""]
        assert said(key) == sign or sign in TAKEN
    assert len(set(signs) - TAKEN) > 40


TAKEN = {said(key) for action in of(LAB) if action.name != "step" for key in action.keys.split(",")}
"""By other actions of the lab."""
