"""Runs on the disk: saved while they train, listed, pruned, and gone on with."""

from initscope.core.runs.folder import RunFolder, RunInfo
from initscope.core.runs.places import runs_folder
from initscope.core.runs.recorder import Recorder
from initscope.core.runs.store import Store

__all__ = ["Recorder", "RunFolder", "RunInfo", "Store", "runs_folder"]
