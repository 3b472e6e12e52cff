"""Everything one can do in the lab: the one table that keys, footer, help and command palette come from."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from textual.app import SystemCommand
from textual.binding import Binding, BindingType

LAB, SAMPLE, EXPLAIN, FORECAST = "lab", "sample", "explain", "forecast"
"""The screens that take their keys from here."""


@dataclass(frozen=True)
class Action:
    """`name` is the screens' method without `action_`; `label` stands in the footer if `footer` is set."""

    name: str
    keys: str
    label: str
    help: str
    group: str
    footer: bool = False
    screens: tuple[str, ...] = (LAB,)

    @property
    def shown_keys(self) -> str:
        """The keys as a person would say them."""
        words = {
            "plus": "+", "minus": "-", "question_mark": "?", "left_square_bracket": "[", "right_square_bracket": "]",
            "equals_sign": "=", "delete": "del", "escape": "esc", "pageup": "pgup", "pagedown": "pgdn",
        }  # fmt: skip
        return " ".join(words.get(key, key) for key in self.keys.split(","))


RUN, SEE, LANES, APP, DRAWS = "Run", "See", "Lanes", "The program", "The sample view"
WHY, THEORY = "Why it does not learn", "The forecast"

ACTIONS = (
    Action("toggle_run", "space", "Run", "start training, or pause it", RUN, True),
    Action("step", "s", "Step", "one step, then pause", RUN, True),
    Action("epoch", "n", "Epoch", "one epoch of the first lane, then pause", RUN),
    Action("rewind", "r", "Rewind", "back to step 0 and the identical initial weights", RUN, True),
    Action("new_seed", "w", "New seed", "other weights and batches: the next seed", RUN),
    Action("faster", "plus,equals_sign", "Faster", "more steps a frame", RUN),
    Action("slower", "minus", "Slower", "fewer steps a frame", RUN),
    Action("stop", "x", "Stop", "end all lanes here and measure them on all examples", RUN),
    Action("previous_lane", "up,k", "Lane up", "select the lane above", LANES),
    Action("next_lane", "down,j", "Lane down", "select the lane below", LANES),
    Action("setup", "e,enter", "Edit", "choose data, network, activation, loss, optimizer, initializers", LANES, True),
    Action("add_lane", "a", "Add lane", "add a lane and choose its initializer", LANES),
    Action("duplicate_lane", "d", "Duplicate", "add a copy of the selected lane", LANES),
    Action("remove_lane", "delete,backspace", "Remove", "remove the selected lane", LANES),
    Action("move_lane(-1)", "shift+up,K", "Move up", "move the selected lane up", LANES),
    Action("move_lane(1)", "shift+down,J", "Move down", "move the selected lane down", LANES),
    Action("explain", "y", "Why", "why the selected lane does not learn: proof by changing one thing alone", LANES),
    Action("layer(1)", "l", "Layer", "histograms of the next layer", SEE, True),
    Action("layer(-1)", "L", "Layer back", "histograms of the layer before", SEE),
    Action("heat", "h", "Heat", "saturation, dead units, activation std, gradient, update ratio", SEE, True),
    Action("log", "g", "Log", "loss on a logarithmic or a linear axis", SEE),
    Action("test", "t", "Train/test", "curves of the training or of the test examples", SEE),
    Action("chart", "c", "Chart", "loss or accuracy, where both do not fit", SEE),
    Action("measure", "m", "Read", "a cursor that reads exact values; left and right move it", SEE, True),
    Action("cursor(-1)", "left", "Cursor left", "to the measurement before", SEE),
    Action("cursor(1)", "right", "Cursor right", "to the next measurement", SEE),
    Action("zoom", "z", "Zoom", "enlarge: the selected lane alone, with the numbers of every layer", SEE, True),
    Action("leave", "escape", "Leave", "stop reading values; then back from the enlarged lane", SEE),
    Action("sample", "i", "Sample", "what a draw of each lane's initializer looks like in the layer chosen", SEE),
    Action("forecast", "f", "Forecast", "what theory expects of the selected lane, layer by layer, and what is", SEE),
    Action("page(-1)", "left_square_bracket", "Page back", "the lane panes before", SEE),
    Action("page(1)", "right_square_bracket", "Page on", "the lane panes that follow", SEE),
    Action("help", "question_mark,f1", "Help", "this page", APP, True, (LAB, SAMPLE, EXPLAIN, FORECAST)),
    Action("theme", "b", "Light/dark", "light or dark background", APP),
    Action("quit", "q,ctrl+q", "Quit", "leave", APP, True),
    Action("back", "escape,q,i", "Back", "to the lanes", DRAWS, True, (SAMPLE,)),
    Action("more", "plus,equals_sign", "More", "ten times as many draws, up to a million", DRAWS, True, (SAMPLE,)),
    Action("fewer", "minus", "Fewer", "a tenth of the draws, down to ten", DRAWS, True, (SAMPLE,)),
    Action("next_seed", "n,r,w", "Next seed", "as many draws again, from the next seed", DRAWS, True, (SAMPLE,)),
    Action("layer(1)", "l", "Layer", "draw for the next layer's shape", DRAWS, True, (SAMPLE,)),
    Action("layer(-1)", "L", "Layer back", "draw for the shape of the layer before", DRAWS, False, (SAMPLE,)),
    Action("page(1)", "pagedown", "Down", "a screen further down", DRAWS, True, (SAMPLE,)),
    Action("page(-1)", "pageup", "Up", "a screen further up", DRAWS, True, (SAMPLE,)),
    Action("line(1)", "down,j", "Line down", "a line further down; so does the mouse wheel", DRAWS, False, (SAMPLE,)),
    Action("line(-1)", "up,k", "Line up", "a line further up", DRAWS, False, (SAMPLE,)),
    Action("top", "home", "Top", "to the histograms at the top", DRAWS, False, (SAMPLE,)),
    Action("bottom", "end", "Bottom", "to the weights as a picture, at the end", DRAWS, False, (SAMPLE,)),
    Action("back", "escape,q,y", "Back", "to the lanes, which go on if they were running", WHY, True, (EXPLAIN,)),
    Action("apply", "a,enter", "Apply", "give the lane its remedy; all lanes rewind to step 0", WHY, True, (EXPLAIN,)),
    Action("page(1)", "pagedown,space", "Down", "down to all that was tried", WHY, True, (EXPLAIN,)),
    Action("page(-1)", "pageup", "Up", "up again", WHY, True, (EXPLAIN,)),
    Action("line(1)", "down,j", "Line down", "down by a line; so does the mouse wheel", WHY, False, (EXPLAIN,)),
    Action("line(-1)", "up,k", "Line up", "up by a line", WHY, False, (EXPLAIN,)),
    Action("top", "home", "Top", "to the results at the top", WHY, False, (EXPLAIN,)),
    Action("bottom", "end", "Bottom", "to the end of all that was tried", WHY, False, (EXPLAIN,)),
    Action("back", "escape,q,f", "Back", "to the lanes, with the lane that is shown", THEORY, True, (FORECAST,)),
    Action("lane(-1)", "k,up", "Lane up", "the forecast of the lane before", THEORY, True, (FORECAST,)),
    Action("lane(1)", "j,down", "Lane down", "the forecast of the lane that follows", THEORY, True, (FORECAST,)),
    Action("page(1)", "pagedown,space", "Down", "a screen down; so does the mouse wheel", THEORY, True, (FORECAST,)),
    Action("page(-1)", "pageup", "Up", "a screen up", THEORY, True, (FORECAST,)),
    Action("top", "home", "Top", "to the charts at the top", THEORY, False, (FORECAST,)),
    Action("bottom", "end", "Bottom", "to the numbers of every layer, at the end", THEORY, False, (FORECAST,)),
)  # fmt: skip
FIRST = ("toggle_run", "back", "help", "quit")
"""What a narrow footer still shows: how to start or to go back, to learn more, and to leave."""


def of(screen: str) -> list[Action]:
    """What one can do on a screen, in the order of the help page."""
    return [action for action in ACTIONS if screen in action.screens]


def bindings(screen: str = LAB) -> list[BindingType]:
    """A screen's key bindings, each with an id of its own by which it can be remapped; FIRST come first."""
    ordered = sorted(of(screen), key=lambda a: FIRST.index(a.name) if a.name in FIRST else len(FIRST))
    return [
        Binding(
            action.keys, action.name, action.label, show=action.footer, tooltip=action.help,
            id=("" if screen == LAB else f"{screen}_") + action.label.lower().replace(" ", "_").replace("/", "_"),
        )
        for action in ordered
    ]  # fmt: skip


def commands(screen: str, run: Callable[[str], Any]) -> Iterator[SystemCommand]:
    """What one can do on a screen, for the command palette; `run` carries out an action by its name."""
    for action in of(screen):
        yield SystemCommand(action.label, action.help, partial(run, action.name))
