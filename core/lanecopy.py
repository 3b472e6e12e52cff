"""The weights of one lane at one step, apart from the trainer that goes on changing them."""

from dataclasses import dataclass

from initscope.core.errors import InputError
from initscope.core.network import Network
from initscope.core.snapshot import Status
from initscope.core.spec import Spec
from initscope.core.training import Trainer


@dataclass(frozen=True, eq=False)
class LaneCopy:
    """A network that only holds this lane, for whoever has the copy."""

    spec: Spec
    step: int
    """Updates made."""
    network: Network


def lane_copy(trainer: Trainer | None, lane: int) -> LaneCopy:
    """A copy of lane number `lane`, to be made between two yields of `run` by the thread that iterates.

    Raises InputError where there is no such lane yet, or no memory for it.
    """
    for ensemble in trainer.ensembles if trainer else ():
        for row, one in enumerate(ensemble.lanes):
            if trainer and one.index == lane:
                try:
                    network = ensemble.network.select([row])
                except MemoryError:
                    raise InputError("a copy of this lane's weights does not fit in this machine's memory") from None
                return LaneCopy(one.spec, trainer.step if one.status is Status.TRAINING else one.steps, network)
    raise InputError("this lane has no weights yet: its network is still being made")
