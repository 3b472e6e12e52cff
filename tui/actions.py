"""Everything one can do in the lab: the one table that keys, footer, help and command palette come from."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Any

from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.keys import key_to_character

LAB, SAMPLE, EXPLAIN, FORECAST, CHECK, RUNS = "lab", "sample", "explain", "forecast", "check", "runs"
"""The screens that take their keys from here."""
SETUP, LIST, CHOICES, PANE, LINE = "setup", "setup.list", "setup.choices", "setup.pane", "setup.line"
SAVE, SAVE_LINE, PROMPT, PROMPT_LINE, FILTER, HELP = (
    "save_as", "save_as.line", "weights", "weights.line", "runs.filter", "help",
)  # fmt: skip
"""And parts of screens: a list, what stands around it, a line to type in."""
TOGETHER = (
    (LAB,), (SAMPLE,), (EXPLAIN,), (FORECAST,), (CHECK,), (RUNS,), (HELP,), (SAVE_LINE, SAVE), (PROMPT_LINE, PROMPT),
    (LIST, SETUP), (CHOICES, PANE, SETUP), (LINE, PANE, SETUP),
)  # fmt: skip
"""What listens to keys at the same time: there a key can mean one thing only."""
TYPED = (LINE, SAVE_LINE, SAVE, PROMPT_LINE, PROMPT)
"""Where there is nothing but a line to type in: keys that type, or edit, cannot mean anything else."""
PARTLY_TYPED = (SETUP, PANE, FILTER)
"""Where there is such a line among others: a key that neither types nor edits is needed."""
SAID = {
    "delete": "del", "escape": "esc", "pageup": "pgup", "pagedown": "pgdn", "space": "space",
    "plus": "+", "minus": "-", "slash": "/", "backslash": "\\", "at": "@", "underscore": "_",
}  # fmt: skip
"""What a person would say for the names of keys; other characters have their Unicode name."""


def said(key: str) -> str:
    """`+` for plus, `esc` for escape."""
    character = key_to_character(key) or ""
    return SAID.get(key) or (character if character.isprintable() and character else key)


@dataclass(frozen=True)
class Action:
    """`name` is the screens' method without `action_`, or leads to it; `label` stands in the footer if `footer`."""

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
        return " ".join(said(key) for key in self.keys.split(","))


RUN, SEE, LANES, APP, DRAWS = "Run", "See", "Lanes", "The program", "The sample view"
WHY, THEORY, SAVED, PAST = "Why it does not learn", "The forecast", "The weights", "The saved runs"
SETTING, WRITING, ASKING, READING = "The set-up", "Save as", "Whose weights", "This page"

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
    Action("explain", "p", "Proof", "why the selected lane does not learn: proof by changing one thing alone", LANES),
    Action("layer(1)", "l", "Layer", "histograms of the next layer", SEE, True),
    Action("layer(-1)", "L", "Layer back", "histograms of the layer before", SEE),
    Action("heat", "h", "Heat", "saturation, states, dead units, activation std, gradient, update", SEE, True),
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
    Action("weights", "v", "Weights", "the selected lane's weights, or those of a file: tensor by tensor", SEE),
    Action("page(-1)", "left_square_bracket", "Page back", "the lane panes before", SEE),
    Action("page(1)", "right_square_bracket", "Page on", "the lane panes that follow", SEE),
    Action("help", "question_mark,f1", "Help", "this page", APP, True,
           (LAB, SAMPLE, EXPLAIN, FORECAST, CHECK, RUNS, HELP)),
    Action("runs", "o", "Runs", "runs that were saved: look, put them beside these lanes, go on with one", APP),
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
    Action("back", "escape,q,p", "Back", "to the lanes, which go on if they were running", WHY, True, (EXPLAIN,)),
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
    Action("back", "escape,q,v", "Back", "to the lanes, or out where there are none", SAVED, True, (CHECK,)),
    Action("select(1)", "j,down", "Next", "the next tensor", SAVED, True, (CHECK,)),
    Action("select(-1)", "k,up", "Before", "the tensor before", SAVED, True, (CHECK,)),
    Action("leap(1)", "l,right", "Layer", "the next layer, past its bias", SAVED, True, (CHECK,)),
    Action("leap(-1)", "h,left", "Layer back", "the layer before that", SAVED, False, (CHECK,)),
    Action("page(1)", "pagedown,space", "Down", "a screen down the page; so does the wheel", SAVED, True, (CHECK,)),
    Action("page(-1)", "pageup,b", "Up", "a screen up the page", SAVED, True, (CHECK,)),
    Action("first", "home,g", "All", "the check of them all", SAVED, True, (CHECK,)),
    Action("last", "end,G", "Last", "the last tensor of the list", SAVED, False, (CHECK,)),
    Action("back", "escape,q,o", "Back", "out of the filter, then to the lanes", PAST, True, (RUNS, FILTER)),
    Action("beside", "a,enter", "Beside", "put its lanes, as saved, beside those in the lab", PAST, True, (RUNS,)),
    Action("resume", "r", "Resume", "go on with it, in the place of the lab's lanes", PAST, True, (RUNS,)),
    Action("copy", "e,c", "Copy", "its lanes at step 0, to edit and to run anew", PAST, True, (RUNS,)),
    Action("keep", "k", "Keep", "never delete it to make room, or take that back", PAST, True, (RUNS,)),
    Action("remove", "delete,backspace", "Remove", "delete it from the disk, if pressed twice", PAST, True, (RUNS,)),
    Action("filter", "slash", "Filter", "only runs that fit words, such as randn finished", PAST, True, (RUNS,)),
    Action("select(1)", "down,j", "Next", "the run below, an older one", PAST, False, (RUNS,)),
    Action("select(-1)", "up", "Before", "the run above, a newer one", PAST, False, (RUNS,)),
    Action("page(1)", "pagedown", "Down", "a screen further down the list", PAST, False, (RUNS,)),
    Action("page(-1)", "pageup", "Up", "a screen further up the list", PAST, False, (RUNS,)),
    Action("first", "home,g", "Newest", "the newest run", PAST, False, (RUNS,)),
    Action("last", "end,G", "Oldest", "the oldest run", PAST, False, (RUNS,)),
    Action("scroll_page(1)", "space,right_square_bracket", "More", "more of what is known of it", PAST, False, (RUNS,)),
    Action("scroll_page(-1)", "b,left_square_bracket", "More back", "back to its lanes", PAST, False, (RUNS,)),
    Action("copy_command", "y", "Copy line", "the command that shows the same, on the clipboard and as text", APP,
           False, (LAB, SAMPLE, EXPLAIN, FORECAST, CHECK, RUNS)),
    Action("save_as", "S", "Save as", "a report, numbers, weights, a picture of the screen: into a file", APP,
           False, (LAB, SAMPLE, EXPLAIN, FORECAST, CHECK, RUNS)),
    Action("select", "enter,right", "Edit", "change what the line says", SETTING, True, (LIST,)),
    Action("screen.cancel", "escape", "Cancel", "to the lanes, which stay as they were", SETTING, True, (LIST,)),
    Action("screen.add_lane", "a", "Add", "add a lane below this one", SETTING, True, (LIST,)),
    Action("screen.duplicate_lane", "d", "Copy", "add a copy of this lane", SETTING, True, (LIST,)),
    Action("screen.remove", "x,delete", "Remove", "remove this lane; of an option, go back to its default", SETTING,
           True, (LIST,)),
    Action("screen.move_lane(-1)", "K,shift+up", "Up", "move this lane up", SETTING, True, (LIST,)),
    Action("screen.move_lane(1)", "J,shift+down", "Down", "move this lane down", SETTING, True, (LIST,)),
    Action("select", "enter", "Pick", "take what is chosen on the right", SETTING, True, (CHOICES,)),
    Action("app.focus_next", "right", "Type", "to the line in which one can type", SETTING, True, (CHOICES,)),
    Action("screen.back", "left", "Out", "from what can be chosen to the list", SETTING, False, (CHOICES,)),
    Action("submit", "enter", "Take", "take what was typed", SETTING, True, (LINE,)),
    Action("apply", "f2,ctrl+s", "Apply", "take it all, and to the lanes, which start again", SETTING, True, (SETUP,)),
    Action("screen.back", "escape", "Back", "to the list, with nothing changed", SETTING, True, (PANE,)),
    Action("move(-1)", "up", "Above", "what stands above", SETTING, False, (LIST, CHOICES, PANE)),
    Action("move(1)", "down", "Below", "what stands below", SETTING, False, (LIST, CHOICES, PANE)),
    Action("first", "home", "First", "what stands first", SETTING, False, (LIST, CHOICES)),
    Action("last", "end", "Last", "what stands last", SETTING, False, (LIST, CHOICES)),
    Action("page_up", "pageup", "Page up", "a list's screen further up", SETTING, False, (LIST, CHOICES)),
    Action("page_down", "pagedown", "Page down", "a list's screen further down", SETTING, False, (LIST, CHOICES)),
    Action("submit", "enter", "Save", "write it", WRITING, True, (SAVE_LINE,)),
    Action("screen.kind(1)", "down", "Format", "the format below", WRITING, True, (SAVE_LINE,)),
    Action("screen.kind(-1)", "up", "Format before", "the format above", WRITING, False, (SAVE_LINE,)),
    Action("cancel", "escape", "Cancel", "write nothing", WRITING, True, (SAVE,)),
    Action("submit", "enter", "Open", "look at the weights of that file, or of the lane", ASKING, True, (PROMPT_LINE,)),
    Action("complete", "tab", "Complete", "take what is suggested", ASKING, True, (PROMPT_LINE,)),
    Action("cancel", "escape", "Cancel", "back to the lanes, without weights", ASKING, True, (PROMPT,)),
    Action("close", "escape,q", "Close", "away from it; so does the key that opened it", READING, True, (HELP,)),
)  # fmt: skip
FIRST = ("toggle_run", "back", "help", "quit")
"""What a narrow footer still shows: how to start or to go back, to learn more, and to leave."""
NO_KEYS: Mapping[str, str] = MappingProxyType({})


def identity(action: Action) -> str:
    """The name by which a person's settings know the action: its label, after the screen's name if not the lab's."""
    label = action.label.lower().replace(" ", "_").replace("/", "_")
    return label if LAB in action.screens else f"{action.screens[0].partition('.')[0]}_{label}"


def of(screen: str, keys: Mapping[str, str] = NO_KEYS) -> list[Action]:
    """What one can do on a screen, in the order of the help page; `keys` are other keys by identity."""
    return [action for action in with_keys(keys) if screen in action.screens]


def with_keys(keys: Mapping[str, str]) -> list[Action]:
    """The whole table, with other keys by identity."""
    return [replace(action, keys=keys.get(identity(action), action.keys)) for action in ACTIONS]


def keys_of(name: str, keys: Mapping[str, str] = NO_KEYS) -> list[str]:
    """The keys of the action of that identity, as a person would say them; `keys` are other keys by identity."""
    return next(action for action in with_keys(keys) if identity(action) == name).shown_keys.split(" ")


def bindings(screen: str = LAB) -> list[BindingType]:
    """A screen's key bindings, or a part's, each with the identity by which it can be remapped; FIRST come first."""
    ordered = sorted(of(screen), key=lambda a: FIRST.index(a.name) if a.name in FIRST else len(FIRST))
    return [
        Binding(action.keys, action.name, action.label, show=action.footer, tooltip=action.help, id=identity(action))
        for action in ordered
    ]


def commands(screen: str, run: Callable[[str], Any]) -> Iterator[SystemCommand]:
    """What one can do on a screen, for the command palette; `run` carries out an action by its name."""
    for action in of(screen):
        yield SystemCommand(action.label, action.help, partial(run, action.name))
