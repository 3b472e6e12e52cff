"""Tables of numbers with a column of labels: CSV as spreadsheets, pandas and the UCI repository write it."""

import csv
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from initscope.core.datasets.contents import Contents, Part
from initscope.core.datasets.npzfile import MAX_CLASSES
from initscope.core.errors import InputError, unknown
from initscope.core.files import LARGE, MAX_RATIO, MAX_VALUES, Readable, opened, size_of_regular
from initscope.core.plural import plural

MAX_LINE = 2**22
"""The most characters of one line."""
DELIMITERS = ",;\t|"
MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?"})
"""Cells without a value, in lower case. They become NaN, which training refuses and `data show` counts."""
LABEL_NAMES = ("label", "labels", "class", "target", "category", "y")
"""Columns that are taken for the labels if none is named; otherwise the last one is."""


@dataclass(frozen=True)
class Table:
    """How a file is laid out. Columns count from 0 here, and from 1 where people name them."""

    path: Path
    delimiter: str
    names: tuple[str, ...]
    """Of the columns; empty without a header."""
    label: int
    kept: tuple[int, ...]
    """The columns of the inputs."""

    def cells(self, number: int, line: str) -> list[str]:
        """The cells of line `number`. Raises InputError."""
        try:
            return next(csv.reader([line], delimiter=self.delimiter, strict=True, skipinitialspace=True), [])
        except csv.Error as error:
            raise InputError(f"{self.path}: line {number}: {error}; a line is one example") from None

    def name(self, column: int) -> str:
        return f"column {column + 1}" + (f" ({self.names[column]})" if self.names else "")


def read(path: Path, label: str = "", header: str = "auto", drop: str = "") -> Contents:
    """The table's numbers (n, columns), NaN where a cell has none, and its labels as 0..K-1.

    `label` names the column of labels: its name, its number from 1, `first` or `last`; `drop` names columns
    to leave out, joined by `+`; `header` says whether the first line has the names: auto, yes or no.
    Labels that are words, or whole numbers without 0, are numbered in sorted order; the names are kept.
    Raises InputError.
    """
    with opened(path) as file:
        lines = _lines(path, file)
        first, second = next(lines, None), next(lines, None)
        if first is None:
            raise InputError(f"{path}: is empty; needed are lines of numbers, one of the columns with labels")
        table, named = _layout(path, first, second, label, header, drop)
        start = [second] if named else [first, second]
        values, places, labels = _rows(table, (line for line in (*start, *lines) if line is not None))
    if not places:
        raise InputError(f"{path}: has no line of numbers")
    x = np.frombuffer(values, np.float64).reshape(len(places), len(table.kept))
    numbers, classes = number_labels(f"{path}: {table.name(table.label)}", labels)
    y = numbers[np.frombuffer(places, np.int64)]
    features = tuple(table.names[column] for column in table.kept) if table.names else ()
    where = f"{path.name}, labels from {table.name(table.label)}"
    return Contents(path, where, (Part(x, y),), classes, features)


def _lines(path: Path, file: Readable) -> Iterator[tuple[int, str]]:
    """(number from 1, text) of the lines that are not blank."""
    held = size_of_regular(path)
    number = unpacked = 0
    while raw := file.readline(MAX_LINE + 1):
        number += 1
        unpacked += len(raw)
        if unpacked > LARGE and unpacked > MAX_RATIO * held:
            raise InputError(f"{path}: unpacks to more than {MAX_RATIO} times its size, which no table does")
        if len(raw) > MAX_LINE:
            raise InputError(f"{path}: line {number} is longer than {MAX_LINE:,} bytes: not a table of numbers")
        try:
            line = raw.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
        except UnicodeDecodeError:
            raise InputError(f"{path}: line {number} is not UTF-8 text; save the table as UTF-8 CSV") from None
        if "\0" in line:
            raise InputError(f"{path}: line {number} contains a NUL: not a text file")
        if line.strip():
            yield number, line


def _layout(
    path: Path, first: tuple[int, str], second: tuple[int, str] | None, label: str, header: str, drop: str
) -> tuple[Table, bool]:
    """The layout, and whether the first line has names."""
    delimiter = max(DELIMITERS, key=first[1].count)
    bare = Table(path, delimiter, (), 0, ())
    cells = bare.cells(*first)
    if len(cells) < 2:
        raise InputError(
            f"{path}: line {first[0]} has one column; needed are inputs and labels, apart by comma, semicolon or tab"
        )
    named = header == "yes" or (header == "auto" and _is_header(cells, bare.cells(*second) if second else []))
    names = tuple(cell.strip() for cell in cells) if named else ()
    place = _column(path, "label", label, names, len(cells)) if label else _usual_label(names, len(cells))
    dropped = {_column(path, "drop", word, names, len(cells)) for word in drop.split("+") if word}
    kept = tuple(column for column in range(len(cells)) if column != place and column not in dropped)
    if place in dropped or not kept:
        raise InputError(f"{path}: drop={drop} leaves no {'label' if place in dropped else 'input'} column")
    return Table(path, delimiter, names, place, kept), named


def _is_header(first: Sequence[str], second: Sequence[str]) -> bool:
    """No number at all, or a word above a number: then the first line has names."""
    words = [not _is_number(cell) for cell in first]
    return all(words) or any(
        word and cell.strip().lower() not in MISSING and _is_number(below)
        for word, cell, below in zip(words, first, second, strict=False)
    )


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _usual_label(names: Sequence[str], columns: int) -> int:
    lower = [name.lower() for name in names]
    return next((lower.index(name) for name in LABEL_NAMES if name in lower), columns - 1)


def _column(path: Path, option: str, text: str, names: Sequence[str], columns: int) -> int:
    """The column that a name, a number from 1, `first` or `last` means. Raises InputError."""
    if text in names:
        return names.index(text)
    if text in ("first", "last"):
        return 0 if text == "first" else columns - 1
    if text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= columns:
        return int(text) - 1
    if names and not text.isdigit():
        raise unknown(f"{option} column of {path}", text, [name for name in names if name])
    raise InputError(
        f"{path}: {option}={text}: a column is a number from 1 to {columns}, first or last, or a header's name"
    )


def _rows(table: Table, lines: Iterator[tuple[int, str]]) -> tuple["array[float]", "array[int]", list[str]]:
    """All inputs, the place of each example's label among the different ones, and these."""
    values, places = array("d"), array("q")
    labels: dict[str, int] = {}
    columns = len(table.names)
    for number, line in lines:
        cells = table.cells(number, line)
        columns = columns or len(cells)
        if len(cells) != columns:
            has = plural(len(cells), "column")
            raise InputError(f"{table.path}: line {number} has {has}, the lines before it {columns}")
        label = cells[table.label].strip()
        if label.lower() in MISSING - {"none"}:
            raise InputError(f"{table.path}: line {number}, {table.name(table.label)}: has no label ('{label}')")
        places.append(labels.setdefault(label, len(labels)))
        if len(labels) > MAX_CLASSES:
            raise InputError(
                f"{table.path}: {table.name(table.label)} has more than the {MAX_CLASSES} different labels that are "
                "possible; is it the column of labels? label=NAME names another"
            )
        try:
            values.extend([float(cells[column]) for column in table.kept])
        except ValueError:
            values.extend([_value(table, number, column, cells[column]) for column in table.kept])
        if len(values) > MAX_VALUES:
            raise InputError(f"{table.path}: holds more than the {MAX_VALUES:,} values that can be loaded")
    return values, places, list(labels)


def _value(table: Table, number: int, column: int, cell: str) -> float:
    """A cell as a number, NaN if it has none. Raises InputError for words."""
    if cell.strip().lower() in MISSING:
        return float("nan")
    try:
        return float(cell)
    except ValueError:
        here = table.names[column] if table.names else column + 1
        raise InputError(
            f"{table.path}: line {number}, {table.name(column)}: '{cell[:40]}' is not a number; "
            f"leave the column out with drop={here}, or name it with label={here} if it has the labels"
        ) from None


def number_labels(where: str, labels: Sequence[str]) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    """Labels as whole numbers (n,), and the names of 0, 1, ... where they are not these numbers themselves.

    Raises InputError, which begins with `where`, for what cannot be labels.
    """
    distinct = set(labels)
    if not all(map(_is_number, distinct)):
        names = sorted(distinct)
        places = {name: place for place, name in enumerate(names)}
        return np.array([places[label] for label in labels], np.int64), tuple(names)
    numbers = {label: float(label) for label in distinct}
    for label, value in numbers.items():
        if not value.is_integer():
            raise InputError(f"{where}: label {label} is not a whole number; classes are numbers or names")
    y = np.array([numbers[label] for label in labels])
    if y.min() == 0 and y.max() < MAX_CLASSES:
        return y.astype(np.int64), ()
    found, places_of = np.unique(y, return_inverse=True)
    return places_of.astype(np.int64), tuple(f"{value:.0f}" for value in found)
