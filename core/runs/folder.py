"""One run's folder on the disk: the side of the process that trains, and the side of those who look."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from initscope.core import atomic, faults
from initscope.core.checkpoint import Checkpoint
from initscope.core.errors import InputError
from initscope.core.runs import arrayfile, control, description, document, lock, summary
from initscope.core.runs.description import Description
from initscope.core.runs.lock import Lock
from initscope.core.runs.summary import INTERRUPTED, PAUSED, TRAINING, Summary

RUN, STATE, SUMMARY, FINDINGS = "run.json", "state.npz", "summary.json", "findings.json"
WEIGHTS, LOCK, KEEP = "weights", "lock", "keep"


class RunFolder:
    """A run that this process writes; nobody else does while it holds the lock. Writing raises OSError."""

    def __init__(self, path: Path, held: Lock) -> None:
        self.path, self._lock = path, held
        self.requests = control.Requests(path)

    @property
    def id(self) -> str:
        return self.path.name

    def save_state(self, checkpoint: Checkpoint) -> None:
        arrayfile.write(self.path / STATE, checkpoint.header, checkpoint.arrays)

    def save_summary(self, found: Summary) -> None:
        document.write(self.path / SUMMARY, found.document())

    def save_findings(self, step: int, verdicts: Sequence[Mapping[str, Any] | None]) -> None:
        """One document of `verdict_document` a lane, or None."""
        document.write(self.path / FINDINGS, {"step": step, "lanes": list(verdicts)})

    def save_weights(self, step: int, weights: Mapping[str, NDArray[np.generic]]) -> None:
        folder = self.path / WEIGHTS
        if not folder.is_dir():
            folder.mkdir()
            atomic.sync_folder(self.path)
        arrayfile.write(folder / f"{step}.npz", {"step": step}, weights)

    def remove_weights(self, steps: Sequence[int]) -> None:
        for step in steps:
            (self.path / WEIGHTS / f"{step}.npz").unlink(missing_ok=True)

    def weight_steps(self) -> list[int]:
        return weight_steps(self.path)

    def clean(self) -> None:
        """Take away what a killed process left, and requests that were not for this one."""
        for folder in (self.path, self.path / WEIGHTS):
            atomic.remove_parts(folder)
        (self.path / control.FILE).unlink(missing_ok=True)

    def release(self) -> None:
        """The run is no longer in progress."""
        self._lock.release()


@dataclass(frozen=True)
class RunInfo:
    """A run as it is found on the disk. What is damaged says so, and what can be read of it is there."""

    id: str
    path: Path
    damaged: str
    """Why it cannot be read as it should; empty where it can."""
    description: Description | None
    summary: Summary | None
    """None before the first save."""
    kept: bool
    in_progress: bool

    @property
    def status(self) -> str:
        """`damaged`, `training`, `paused`, `interrupted`, or how it ended."""
        if self.description is None:
            return "damaged"
        if self.summary is None:
            return TRAINING if self.in_progress else INTERRUPTED
        said = self.summary.status
        return said if self.in_progress or said not in (TRAINING, PAUSED, INTERRUPTED) else self.summary.outcome

    @cached_property
    def bytes(self) -> int:
        """Of all its files."""
        return size_of(self.path)

    def sound(self) -> Description:
        """The description. Raises InputError where it cannot be read."""
        if self.description is None:
            raise InputError(f"run {self.id} is damaged: {self.damaged}")
        return self.description

    @property
    def has_state(self) -> bool:
        """Whether anything was saved of its training."""
        return (self.path / STATE).exists()

    def checkpoint(self) -> Checkpoint:
        """The newest saved state. Raises InputError where there is none, or it is damaged."""
        if not self.has_state:
            raise InputError(f"run {self.id} has no saved state: it ended before the first was written")
        header, arrays = arrayfile.read(self.path / STATE)
        step = header.get("step")
        if not isinstance(step, int) or isinstance(step, bool) or step < 0:
            raise InputError(f"{self.path / STATE}: damaged: its step is {repr(step)[:40]}")
        return Checkpoint(header, arrays)

    def weight_steps(self) -> list[int]:
        """The steps at which weights were saved, sorted; 0 is before training and holds no biases."""
        return weight_steps(self.path)

    def weights(self, step: int) -> dict[str, NDArray[Any]]:
        """As `weightplan` names them. Raises InputError."""
        path = self.path / WEIGHTS / f"{step}.npz"
        header, arrays = arrayfile.read(path)
        if header.get("step") != step:
            raise InputError(f"{path}: damaged: it holds the weights of step {repr(header.get('step'))[:40]}")
        return arrays

    def findings(self) -> list[dict[str, Any] | None]:
        """A verdict's document for each lane, None where none was made; empty before any was. Raises InputError."""
        path = self.path / FINDINGS
        try:
            lanes = document.read(path).take("lanes", list)
        except FileNotFoundError:
            return []
        if not all(lane is None or isinstance(lane, dict) for lane in lanes):
            raise InputError(f"{path}: damaged: not one verdict a lane")
        return lanes

    def ask(self, request: str) -> None:
        """`pause`, `resume` or `stop`, if it is in progress. Raises InputError."""
        if not lock.held(self.path / LOCK):
            raise InputError(f"run {self.id} is not in progress, so it cannot be asked to {request}")
        control.ask(self.path, request)


def look(path: Path) -> RunInfo:
    """What the folder of a run holds; opens no big file, and raises nothing."""
    faulty = ""
    found: Description | None = None
    said: Summary | None = None
    in_progress = lock.held(path / LOCK)
    try:
        found = description.read(path / RUN)
        said = summary.read(path / SUMMARY)
    except FileNotFoundError:
        faulty = f"{path / RUN}: is missing" if found is None else ""
    except (InputError, OSError) as error:
        faulty = str(error)
    return RunInfo(path.name, path, faulty, found, said, (path / KEEP).exists(), in_progress)


def weight_steps(path: Path) -> list[int]:
    """The steps of the files in a run's folder of weights."""
    try:
        names = os.listdir(path / WEIGHTS)
    except OSError:
        return []
    stems = [name.removesuffix(".npz") for name in names if name.endswith(".npz")]
    return sorted(int(stem) for stem in stems if stem.isascii() and stem.isdigit() and len(stem) < 20)


def size_of(path: Path) -> int:
    """The bytes of a folder's files and of those in its folders; what vanishes meanwhile counts as nothing."""
    total = 0
    for place, _, names in os.walk(path):
        for name in names:
            try:
                total += os.lstat(os.path.join(place, name)).st_size
            except OSError:
                continue
    return total


def set_kept(path: Path, kept: bool) -> None:
    """Raises InputError."""
    try:
        if kept:
            (path / KEEP).touch()
        else:
            (path / KEEP).unlink(missing_ok=True)
        atomic.sync_folder(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be marked: {faults.words(error)}") from None
