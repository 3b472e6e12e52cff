"""What an experiment can measure, by name: shared by those that train and those that only draw."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from initscope.core.experiments.experiment import Setting

Of = TypeVar("Of")


@dataclass(frozen=True)
class Measure(Generic[Of]):
    """A number of something, of one of its layers if `layered`."""

    name: str
    words: str
    of: Callable[[Of, int, Mapping[str, Setting]], float]
    """Called with what is measured, the layer's number from 1 (0 if not layered), and the settings."""
    layered: bool = False
    settings: Mapping[str, Setting] = field(default_factory=dict)
    """Keys of an expectation that belong to the measure, with their defaults."""
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What a setting that is a word can be."""
    all_examples: bool = False
    """Whether it is of all examples, which takes time, and not of the probe batch."""


def by_name(measures: Iterable[Measure[Of]]) -> dict[str, Measure[Of]]:
    return {measure.name: measure for measure in measures}
