"""The experiments that are shipped, by name, and those of a user, by path."""

import os
from importlib import resources

from initscope.core.datasets.folders import user_path
from initscope.core.errors import InputError, unknown
from initscope.core.experiments import file as experimentfile
from initscope.core.experiments.experiment import Experiment

FOLDER = "experiments"
ENDING = ".toml"


def names() -> tuple[str, ...]:
    """Of the shipped ones."""
    folder = resources.files("initscope.core").joinpath(FOLDER)
    files = (file.name for file in folder.iterdir())
    return tuple(sorted(name.removesuffix(ENDING) for name in files if name.endswith(ENDING)))


def find(text: str) -> Experiment:
    """The experiment of a name, or of a file by its path. Raises InputError."""
    name = text.strip()
    if "/" in name or name.endswith(ENDING):
        return experimentfile.read_path(user_path(name))
    if name.lower() not in names():
        if name and os.path.isfile(user_path(name)):
            raise InputError(f"unknown experiment '{name}': for the file of that name write ./{name}")
        raise InputError(f"{unknown('experiment', name, names())}; or the path of a file, FILE.toml")
    file = resources.files("initscope.core").joinpath(FOLDER, name.lower() + ENDING)
    return experimentfile.read(name.lower(), file.read_text("utf-8"), name.lower() + ENDING)
