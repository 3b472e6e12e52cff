"""All that a trainer needs to go on, bit for bit, as if it had never stopped.

Batches and dropout masks are functions of the seed and the step, so the position in the epoch is the step; what must
be kept are parameters, running means, the optimizers' state, the schedule of probes, and what was recorded.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from initscope.core.ensemble import Ensemble, Lane
from initscope.core.errors import InputError
from initscope.core.snapshot import Measures, Status
from initscope.core.training import Trainer

FORMAT = 1
"""Counts up when a checkpoint of today's could not be read by yesterday's program."""
RECORDS = ("losses", "measures", "probes")
MEASURED = ("initial", "final")

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """`header` holds plain JSON values; keys of `arrays` read `lane0/losses/sum` or `ensemble1/parameters`."""

    header: dict[str, Any]
    arrays: Arrays

    @property
    def step(self) -> int:
        return int(self.header["step"])

    @property
    def bytes(self) -> int:
        return sum(array.nbytes for array in self.arrays.values())


def capture(trainer: Trainer) -> Checkpoint:
    """A copy of a trainer's state; to be called between two yields of `run`, by the thread that iterates."""
    arrays: Arrays = {}
    groups = []
    for number, ensemble in enumerate(trainer.ensembles):
        ensemble.flush()
        arrays |= {f"ensemble{number}/{name}": values.copy() for name, values in _state(ensemble).items()}
        groups.append(
            {
                "lanes": [lane.index for lane in ensemble.lanes],
                "ended": ensemble.lanes[0].status is not Status.TRAINING,
                "unreported": ensemble in trainer.unreported,
                "next_probe": ensemble.next_probe,
                "rule_steps": ensemble.rule.steps,
                "mode_step": ensemble.network.mode.step,
            }
        )
    for lane in trainer.lanes:
        arrays |= _recorded(lane)
    lanes = [
        {"options": lane.spec.options(), "status": str(lane.status), "steps": lane.steps} for lane in trainer.lanes
    ]
    return Checkpoint({"format": FORMAT, "step": trainer.step, "lanes": lanes, "ensembles": groups}, arrays)


def restore(trainer: Trainer, checkpoint: Checkpoint) -> None:
    """Bring a trainer of the same specs and data to where the checkpoint was taken.

    Raises InputError for a checkpoint of other specs, of a newer program, or damaged; the trainer is then at step 0.
    """
    if trainer.step:
        trainer.rewind()
    try:
        _restore(trainer, checkpoint)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        trainer.rewind()
        raise InputError(f"the saved state is damaged or of other networks ({error})") from None
    except InputError:
        trainer.rewind()
        raise


def _restore(trainer: Trainer, checkpoint: Checkpoint) -> None:
    header, arrays = checkpoint.header, checkpoint.arrays
    if header["format"] != FORMAT:
        raise InputError(f"the saved state has format {header['format']}; this program reads format {FORMAT}")
    if [lane["options"] for lane in header["lanes"]] != [spec.options() for spec in trainer.specs]:
        raise InputError("the saved state is of other lanes than these")
    if sorted(lane for group in header["ensembles"] for lane in group["lanes"]) != list(range(len(trainer.lanes))):
        raise ValueError("its ensembles do not hold every lane once")
    fresh = {lane.index: ensemble for ensemble in trainer.ensembles for lane in ensemble.lanes}
    restored = []
    for number, group in enumerate(header["ensembles"]):
        ensemble = _members(fresh, group["lanes"])
        for name, values in _state(ensemble).items():
            values[...] = _fitting(arrays[f"ensemble{number}/{name}"], values, name)
        ensemble.next_probe, ensemble.rule.steps = int(group["next_probe"]), int(group["rule_steps"])
        ensemble.network.mode.step = int(group["mode_step"])
        restored.append(ensemble)
    for lane, saved in zip(trainer.lanes, header["lanes"], strict=True):
        lane.status, lane.steps = Status(saved["status"]), int(saved["steps"])
        _load(lane, arrays)
    pairs = list(zip(restored, header["ensembles"], strict=True))
    trainer.adopt(
        int(header["step"]),
        [ensemble for ensemble, group in pairs if not group["ended"]],
        [ensemble for ensemble, group in pairs if group["ended"]],
        [ensemble for ensemble, group in pairs if group["unreported"]],
    )


def _members(fresh: Mapping[int, Ensemble], lanes: list[int]) -> Ensemble:
    """An ensemble of just these lanes: they trained together from the start, others have left since."""
    whole = fresh[lanes[0]]
    indices = [lane.index for lane in whole.lanes]
    return whole if indices == lanes else whole.select([indices.index(lane) for lane in lanes])


def _state(ensemble: Ensemble) -> Arrays:
    """What training changes in an ensemble: the arrays themselves, not copies."""
    network, rule = ensemble.network, ensemble.rule
    state = {f"rule/{name}": values for name, values in rule.state.items()}
    return {"parameters": network.parameters, "running": network.running, **state}


def _fitting(saved: NDArray[Any], values: NDArray[Any], name: str) -> NDArray[Any]:
    if saved.shape != values.shape or saved.dtype != values.dtype:
        raise ValueError(f"{name}: {saved.dtype} {saved.shape} instead of {values.dtype} {values.shape}")
    return saved


def _recorded(lane: Lane) -> Arrays:
    found = {}
    for record in RECORDS:
        for name, values in getattr(lane, record).arrays().items():
            found[f"lane{lane.index}/{record}/{name}"] = values
    for name, measures in _measured(lane):
        found[f"lane{lane.index}/{name}"] = np.array(measures.values)
    return found


def _measured(lane: Lane) -> Iterator[tuple[str, Measures]]:
    for name in MEASURED:
        measures = getattr(lane, name)
        if measures is not None:
            yield name, measures


def _load(lane: Lane, arrays: Arrays) -> None:
    for record in RECORDS:
        start = f"lane{lane.index}/{record}/"
        getattr(lane, record).load(
            {key.removeprefix(start): values for key, values in arrays.items() if key.startswith(start)}
        )
    for name in MEASURED:
        saved = arrays.get(f"lane{lane.index}/{name}")
        setattr(lane, name, None if saved is None else Measures(*map(float, saved)))
