"""Learning-rate schedules: the share of a run's learning rate that each of its steps takes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import cos, pi
from types import MappingProxyType

from initscope.core.catalogue import Entry, Parameter, Value, look_up, read_parameters, write_call
from initscope.core.errors import InputError

Shape = Callable[[int, int, Mapping[str, float]], float]


@dataclass(frozen=True)
class Steps(Parameter):
    """A whole number of steps."""

    def read(self, owner: str, text: str) -> Value:
        try:
            whole = float(text).is_integer()
        except ValueError:
            whole = False
        if not whole:
            raise InputError(f"{owner}: {self.name} must be a whole number of steps, not {text}")
        return super().read(owner, text)


@dataclass(frozen=True)
class Definition(Entry):
    """A schedule of the catalogue."""

    shape: Shape
    """The factor at step t of T, both counted without the warm-up, for the parameters' values."""
    parameters: tuple[Parameter, ...] = ()


def _constant(step: int, steps: int, values: Mapping[str, float]) -> float:
    return 1.0


def _step(step: int, steps: int, values: Mapping[str, float]) -> float:
    return float(values["factor"] ** (step // values["every"]))


def _linear(step: int, steps: int, values: Mapping[str, float]) -> float:
    return values["floor"] + (1 - values["floor"]) * (1 - _done(step, steps))


def _cosine(step: int, steps: int, values: Mapping[str, float]) -> float:
    return values["floor"] + (1 - values["floor"]) * (1 + cos(pi * _done(step, steps))) / 2


def _done(step: int, steps: int) -> float:
    """The share of the run that is over; a run without steps has not begun."""
    return min(step / max(steps, 1), 1.0)


_FLOOR = Parameter("floor", 0.0, "share of the learning rate that it falls to", minimum=0.0, below=1.0)
_WARMUP = Steps(
    "warmup", 0.0, "steps w of warm-up before it begins, with η (t + 1)/w (Goyal et al., 2017)", minimum=0.0
)

CATALOGUE: Mapping[str, Definition] = MappingProxyType(
    {
        entry.name: entry
        for entry in (
            Definition(
                "constant",
                "The same learning rate in every step.",
                "η",
                "Rumelhart, Hinton & Williams (1986)",
                _constant,
                (_WARMUP,),
            ),
            Definition(
                "step",
                "Falls by a factor whenever so many steps are over.",
                "η factor^⌊t/every⌋",
                "He et al., Deep residual learning (2015), section 4.2; PyTorch's StepLR",
                _step,
                (
                    Steps("every", 1000.0, "steps between two falls", minimum=1.0),
                    Parameter("factor", 0.1, "of the rate after a fall to that before it", above=0.0, below=1.0),
                    _WARMUP,
                ),
            ),
            Definition(
                "cosine",
                "Falls along half a cosine over the whole run.",
                "η (floor + ½ (1 − floor) (1 + cos(π t/T)))",
                "Loshchilov & Hutter, SGDR (2017), eq. 5, one cycle",
                _cosine,
                (_FLOOR, _WARMUP),
            ),
            Definition(
                "linear",
                "Falls along a straight line over the whole run.",
                "η (floor + (1 − floor) (1 − t/T))",
                "Li, Yumer & Ramanan, Budgeted training (2020)",
                _linear,
                (_FLOOR, _WARMUP),
            ),
        )
    }
)


@dataclass(frozen=True)
class Schedule:
    """A schedule with its parameter values."""

    definition: Definition
    values: tuple[tuple[str, Value], ...]

    @property
    def name(self) -> str:
        return self.definition.name

    @property
    def is_constant(self) -> bool:
        """Whether every step takes the whole learning rate."""
        return self.name == "constant" and dict(self.values)["warmup"] == 0

    def factor(self, step: int, total_steps: int) -> float:
        """What the learning rate is multiplied by in update number `step` (from 0) of `total_steps`.

        Step t of w steps of warm-up takes (t + 1)/w (Goyal et al. 2017, section 2.2); then the schedule
        begins, and lasts for the rest of the run.
        """
        values = {name: float(value) for name, value in self.values}
        warmup = int(values["warmup"])
        if step < warmup:
            return (step + 1) / warmup
        return self.definition.shape(step - warmup, total_steps - warmup, values)

    def __str__(self) -> str:
        return write_call(self.name, self.definition.parameters, dict(self.values))


def schedule(text: str) -> Schedule:
    """`'cosine:warmup=100'` -> the schedule. Raises InputError with close names."""
    definition, given = look_up("schedule", CATALOGUE, text)
    return Schedule(definition, tuple(read_parameters(definition.name, definition.parameters, given).items()))
