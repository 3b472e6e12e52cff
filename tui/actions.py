"""Everything one can do in the lab: the one table that keys, footer, help and command palette come from."""

from dataclasses import dataclass

from textual.binding import Binding, BindingType


@dataclass(frozen=True)
class Action:
    """`name` is the screen's method without `action_`; `label` stands in the footer if `footer` is set."""

    name: str
    keys: str
    label: str
    help: str
    group: str
    footer: bool = False

    @property
    def shown_keys(self) -> str:
        """The keys as a person would say them."""
        words = {
            "plus": "+", "minus": "-", "question_mark": "?", "left_square_bracket": "[", "right_square_bracket": "]",
            "equals_sign": "=", "delete": "del",
        }  # fmt: skip
        return " ".join(words.get(key, key) for key in self.keys.split(","))


RUN, SEE, LANES, APP = "Run", "See", "Lanes", "The program"

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
    Action("page(-1)", "left_square_bracket", "Page back", "the lane panes before", SEE),
    Action("page(1)", "right_square_bracket", "Page on", "the lane panes that follow", SEE),
    Action("help", "question_mark,f1", "Help", "this page", APP, True),
    Action("theme", "b", "Light/dark", "light or dark background", APP),
    Action("quit", "q,ctrl+q", "Quit", "leave", APP, True),
)  # fmt: skip


def bindings() -> list[BindingType]:
    """The screen's key bindings, each with an id by which it can be remapped.

    A narrow footer shows the first ones: how to start, to learn more, and to leave.
    """
    first = ("toggle_run", "help", "quit")
    ordered = sorted(ACTIONS, key=lambda action: first.index(action.name) if action.name in first else len(first))
    return [
        Binding(
            action.keys, action.name, action.label, show=action.footer,
            tooltip=action.help, id=action.label.lower().replace(" ", "_").replace("/", "_"),
        )
        for action in ordered
    ]  # fmt: skip
