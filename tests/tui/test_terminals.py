"""The lab on terminals of many kinds: what a person sees there, and which codes are sent."""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep

import pytest
from terminal import BARE, COMMAND, Terminal, run

from initscope.tui.sheet import takes_unicode

OPENING = 60.0
TRUE, MANY, FEW = "38;2;", "38;5;", r"\x1b\[[0-9;]*3[0-7]"
"""What sets a foreground of 24 bits, of 256 colours, of 8."""
KINDS = {  # TERM: the colours that it gets without COLORTERM, and whether the charts are in ASCII
    "xterm": (FEW, False),
    "xterm-256color": (MANY, False),
    "screen": (FEW, False),
    "screen-256color": (MANY, False),
    "tmux-256color": (MANY, False),
    "rxvt-unicode-256color": (MANY, False),
    "alacritty": (FEW, False),
    "xterm-kitty": (MANY, False),
    "some-terminal-nobody-knows": (FEW, False),
    "linux": (FEW, True),
    "vt100": (FEW, True),
}
USUAL = ("screen-256color", "linux")


def opened(screen: str) -> bool:
    return "saturated share, by layer" in screen and "2 randn" in screen and "space Run" in screen


@pytest.mark.parametrize("term", [pytest.param(one, marks=() if one in USUAL else pytest.mark.slow) for one in KINDS])
def test_every_kind_shows_the_lab_in_the_colours_it_has(term: str) -> None:
    colours, ascii_only = KINDS[term]
    with Terminal(columns=100, rows=30, environment={"TERM": term, "COLORTERM": ""}) as terminal:
        terminal.wait_for(opened, OPENING)
        terminal.keys("s")
        terminal.wait_for(lambda screen: re.search(r"2 randn +1 ", screen), OPENING)
        shown, sent = terminal.screen, terminal.output.decode("utf-8", "replace")
        assert shown.isascii() == ascii_only, shown
        assert "1 rand" in shown
        assert re.search(colours, sent)
        assert TRUE not in sent
        assert (MANY in sent) == (colours is MANY)
        terminal.keys("q")
        assert terminal.wait() == 0
        assert "\x1b[?1049l" in terminal.output.decode("utf-8", "replace")


def test_no_term_at_all_is_refused_and_run_still_works() -> None:
    both = f"unset TERM; {COMMAND}; echo code $?; {COMMAND} run --steps 10 | tail -n 3; echo code ${{PIPESTATUS[0]}}"
    with Terminal("-c", both, program="/bin/bash") as terminal:
        terminal.wait()
        shown = terminal.screen
        assert "TERM is dumb or not set" in " ".join(shown.split())
        assert shown.count("code 2") == shown.count("code 0") == 1
        assert b"\x1b[?1049h" not in terminal.output


def test_run_on_a_dumb_terminal_is_text_alone() -> None:
    with Terminal("run", "--steps", "20", environment={"TERM": "dumb", "COLORTERM": ""}) as terminal:
        assert terminal.wait() == 0
        assert "randn" in terminal.output.decode()


@pytest.mark.parametrize(("term", "expected"), [("linux", False), ("vt220", False), ("xterm-256color", True)])
def test_glyphs_by_terminal(term: str, expected: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    class Out:
        encoding = "utf-8"

        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdout", Out())
    monkeypatch.setattr("locale.getencoding", lambda: "utf-8")
    monkeypatch.setenv("TERM", term)
    assert takes_unicode() is expected


@pytest.mark.slow
@pytest.mark.parametrize(("words", "asked"), [([], True), (["--no-mouse"], False)])
def test_the_mouse_is_the_terminal_s_if_one_says_so(words: list[str], asked: bool) -> None:
    with Terminal(*words) as terminal:
        terminal.wait_for(opened, OPENING)
        terminal.keys("q")
        assert terminal.wait() == 0
        assert (b"\x1b[?1000h" in terminal.output) == asked
        assert (b"\x1b[?1003h" in terminal.output) == asked


class Tmux:
    """A server of its own, with no settings but the defaults."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, *words: str) -> str:
        command = ["tmux", "-L", self.name, "-f", "/dev/null", *words]
        return subprocess.run(command, env={**BARE, "LC_ALL": "C.UTF-8"}, capture_output=True, text=True).stdout

    def wait_for(self, what: Callable[[str], object]) -> str:
        end = monotonic() + OPENING
        while not what(shown := self("capture-pane", "-p")):
            assert monotonic() < end, shown
            sleep(0.05)
        return shown


@pytest.fixture
def tmux(request: pytest.FixtureRequest) -> Iterator[Tmux]:
    if shutil.which("tmux") is None:
        pytest.skip("there is no tmux")
    server = Tmux(f"initscope-test-{id(request)}")
    yield server
    server("kill-server")


def step(shown: str) -> int:
    """Of the second lane; -1 where the lab is not to be seen."""
    found = re.search(r"2 randn +([\d,]+) ", shown)
    return int(found[1].replace(",", "")) if found else -1


@pytest.mark.slow
def test_tmux_detached_attached_elsewhere_and_resized(tmux: Tmux) -> None:
    tmux("new-session", "-d", "-x", "100", "-y", "30", f"{COMMAND} --epochs 100000")
    tmux.wait_for(opened)
    tmux("send-keys", "+++++", "Space")
    before = step(tmux.wait_for(lambda shown: step(shown) > 100))
    for columns, rows in ((80, 24), (120, 40)):
        words = ["-L", tmux.name, "attach"]
        with Terminal(*words, program="tmux", columns=columns, rows=rows, environment={"LC_ALL": "C.UTF-8"}) as client:
            client.wait_for(lambda shown, before=before: opened(shown) and step(shown) > before, OPENING)
            client.wait_for(lambda shown, rows=rows: "space Run" in shown.splitlines()[rows - 2], OPENING)
            client.keys("\x02d")
            client.wait()
        before = step(tmux.wait_for(lambda shown, before=before: step(shown) > before))
    tmux("send-keys", "Space")
    shown = tmux.wait_for(lambda shown: "paused" in shown)
    assert opened(shown)
    tmux("send-keys", "q")


@pytest.fixture
def gnu_screen() -> Iterator[dict[str, str]]:
    """What its programs need besides `screen`: where its sockets are, whose paths must be short, and settings."""
    if shutil.which("screen") is None:
        pytest.skip("there is no GNU screen")
    with TemporaryDirectory() as folder:  # the user's alone, as screen wants it
        settings = Path(folder) / "screenrc"
        settings.write_text("startup_message off\ndefutf8 on\n", encoding="utf-8")
        environment = {"SCREENDIR": folder, "SCREENRC": str(settings), "PS1": "ready> ", "LC_ALL": "C.UTF-8"}
        yield {**environment, "TMUX": "", "COLORTERM": ""}
        subprocess.run(["screen", "-X", "quit"], env={**BARE, **environment}, capture_output=True)


@pytest.mark.slow
def test_gnu_screen_detached_attached_elsewhere_copied_and_left(gnu_screen: dict[str, str]) -> None:
    """As it is set at first it has no other screen to leave for: nothing of the lab may stay behind."""
    with Terminal("bash", "--norc", "--noprofile", program="screen", environment=gnu_screen) as terminal:
        terminal.wait_for("ready>", OPENING)
        terminal.keys(f"{COMMAND} --epochs 100000\r")
        terminal.wait_for(lambda screen: "space Run" in screen and "paused" in screen, OPENING)
        terminal.keys("+++ ")
        terminal.wait_for(lambda screen: step(screen) > 100, OPENING)
        before = step(terminal.screen)
        terminal.keys("\x01d")
        terminal.wait()
    with Terminal("-r", program="screen", columns=120, rows=40, environment=gnu_screen) as terminal:
        terminal.wait_for(lambda screen: opened(screen) and step(screen) > before, OPENING)
        terminal.wait_for(lambda screen: "space Run" in screen.split("\n")[39], OPENING)
        terminal.keys("y")
        terminal.wait_for(lambda _: b"\x1b]52;c;" in terminal.output, OPENING)
        terminal.keys("\r")
        terminal.wait_for(opened, OPENING)
        for key, said in (("\x1a", "Stopped"), ("q", "ready>")):
            terminal.keys(key)
            terminal.wait_for(lambda screen, said=said: said in screen and "ready>" in screen, OPENING)
            assert "randn" not in terminal.screen
            assert not re.search(r"\d;\d+R", terminal.screen), "an answer of the terminal came to the shell"
            if key != "q":
                terminal.keys("clear; fg\r")
                terminal.wait_for(opened, OPENING)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("vim") is None, reason="there is no Vim")
def test_vim_s_terminal_and_its_window_grows() -> None:
    """It says in COLUMNS and LINES how large it was at first."""
    words = ["-u", "NONE", "-N", "-c", "set ttimeout ttimeoutlen=20", "-c", f"terminal ++curwin ++close {COMMAND}"]
    with Terminal(*words, program="vim", columns=80, rows=25, environment={"LC_ALL": "C.UTF-8"}) as terminal:
        terminal.wait_for(lambda screen: "space Run" in screen and "paused" in screen, OPENING)
        terminal.resize(120, 41)
        terminal.wait_for(lambda screen: opened(screen) and "space Run" in screen.split("\n")[39], OPENING)
        terminal.keys("\x1b[As")
        terminal.wait_for(lambda screen: step(screen) == 1, OPENING)
        terminal.keys("q")
        terminal.wait_for(lambda screen: "randn" not in screen, OPENING)
        terminal.keys(":q!\r")
        assert terminal.wait() == 0


@pytest.mark.slow
def test_the_last_setup_and_the_theme_are_remembered(tmp_path: object) -> None:
    environment = {"XDG_STATE_HOME": str(tmp_path)}
    done = run("--last", environment=environment)
    assert done.returncode == 2, "no terminal"
    with Terminal("--last", environment=environment) as terminal:
        assert terminal.wait() == 2
        assert b"no setup is remembered yet" in terminal.output
    with Terminal("--init", "zeros", "--arch", "64-20-10", environment=environment) as terminal:
        terminal.wait_for(lambda screen: "1 zeros" in screen and "paused" in screen, OPENING)
        terminal.keys("b")
        terminal.wait_for(lambda _: b"48;2;224;224;224" in terminal.output, OPENING)
        terminal.keys("q")
        assert terminal.wait() == 0
    for words, name in (([], "2 randn"), (["--last"], "1 zeros")):
        with Terminal(*words, environment=environment) as terminal:
            terminal.wait_for(lambda screen, name=name: name in screen and "paused" in screen, OPENING)
            assert b"48;2;224;224;224" in terminal.output
            assert ("64-20-10" in terminal.screen) == bool(words)
            terminal.keys("q")
            assert terminal.wait() == 0
    with Terminal("--last", "--init", "randn", environment=environment) as terminal:
        assert terminal.wait() == 2
        assert b"--last opens the last setup as it was" in terminal.output
