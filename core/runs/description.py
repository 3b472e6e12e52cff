"""What a run is, as it stands in its run.json: all that is needed to begin it again."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, datetime
from pathlib import Path
from typing import Any

from initscope.core.comparison import NAME, Comparison, Options
from initscope.core.datasets.data import Dataset
from initscope.core.errors import InputError
from initscope.core.runs import document
from initscope.core.runs.document import Fields
from initscope.core.runs.marks import DataMark
from initscope.core.spec import OPTIONS


@dataclass(frozen=True)
class Description:
    """Written once, when the run begins."""

    id: str
    created: datetime
    """With its time zone, UTC."""
    version: str
    """Of the program that began it."""
    source: str
    """From where it was begun: `lab` or `run`."""
    comparison: Comparison
    """Read in another working folder than `folder`, it has data by relative paths such that they hold there."""
    folder: str
    """The working folder then."""
    data: Mapping[str, DataMark]
    """By the comparison's names for them."""

    def load_datasets(self) -> dict[str, Dataset]:
        """The data by the comparison's names, from any working folder. Raises InputError where they have changed."""
        return {name: mark.load() for name, mark in self.data.items()}

    def document(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "created": self.created.isoformat(),
            "version": self.version,
            "source": self.source,
            "options": dict(self.comparison.options),
            "lanes": [dict(lane) for lane in self.comparison.lanes],
            "folder": self.folder,
            "data": {name: mark.document() for name, mark in self.data.items()},
        }


def read(path: Path) -> Description:
    """Raises InputError for what is damaged or of a newer program, FileNotFoundError where there is none."""
    fields = document.read(path)
    comparison = Comparison(
        _options(fields, "options"), tuple(_options(Fields(str(path), {"lane": lane}), "lane") for lane in
                                           fields.list_of("lanes", dict))
    )  # fmt: skip
    data = fields.table("data")
    marks: Mapping[str, DataMark] = {name: DataMark.read(data.table(name)) for name in data.content}
    if not comparison.lanes or not marks.keys() >= set(comparison.data_names()):
        raise InputError(f"{path}: damaged: it names no lane, or not the data of each")
    folder = fields.take("folder", str)
    if folder != here():
        comparison, marks = _placed(comparison, marks, folder)
    return Description(
        fields.take("id", str),
        _time(path, fields.take("created", str)),
        fields.take("version", str),
        fields.take("source", str),
        comparison,
        folder,
        marks,
    )


def here() -> str:
    """The working folder; empty where it was deleted."""
    try:
        return os.getcwd()
    except FileNotFoundError:
        return ""


def _placed(
    comparison: Comparison, marks: Mapping[str, DataMark], folder: str
) -> tuple[Comparison, Mapping[str, DataMark]]:
    """The same with `folder` before relative paths of data."""
    from initscope.core.exports.comparisontoml import moved  # brings all exports in, which a run that is saved spares

    def placed(options: Options) -> Options:
        return {key: moved(value, folder) if key == "data" else value for key, value in options.items()}

    lanes = tuple(placed(lane) for lane in comparison.lanes)
    return Comparison(placed(comparison.options), lanes), {moved(name, folder): mark for name, mark in marks.items()}


def _options(fields: Fields, key: str) -> dict[str, str]:
    found = fields.texts(key)
    strange = [name for name in found if name not in OPTIONS and name != NAME]
    if strange:
        raise InputError(f"{fields.where}: has an option '{strange[0][:40]}' that this initscope does not know")
    return found


def _time(path: Path, text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"{path}: damaged: created is {text[:40]!r}") from None
    if found.tzinfo is None:
        raise InputError(f"{path}: damaged: created has no time zone")
    if found.year in (MINYEAR, MAXYEAR):  # in another time zone it may lie beyond all years
        raise InputError(f"{path}: damaged: created is {text[:40]!r}")
    return found
