"""All lanes as they are at one moment, apart from the trainer that goes on changing them."""

from dataclasses import dataclass

from initscope.core.errors import InputError
from initscope.core.exports.weights import LaneWeights, of_trainer
from initscope.core.snapshot import Snapshot
from initscope.core.training import Trainer


@dataclass(frozen=True, eq=False)
class Moment:
    snapshot: Snapshot
    """With the histograms of all layers."""
    weights: tuple[LaneWeights, ...]
    """Copies, one for each lane; none if they were not asked for."""


def moment(trainer: Trainer | None, weights: bool) -> Moment:
    """To be made between two yields of `run` by the thread that iterates.

    Raises InputError where there are no lanes yet, or no memory for the copies.
    """
    if trainer is None:
        raise InputError("these lanes are still being made: try again when they are there")
    focus, trainer.focus = trainer.focus, None
    try:
        return Moment(trainer.snapshot(), of_trainer(trainer) if weights else ())
    except MemoryError:
        raise InputError("copies of these weights do not fit in this machine's memory") from None
    finally:
        trainer.focus = focus
