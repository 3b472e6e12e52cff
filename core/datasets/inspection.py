"""Check your inputs first: what data are like, what of it hurts training, and the remedy."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from initscope.core.datasets.contents import Contents
from initscope.core.datasets.data import read
from initscope.core.datasets.dataname import Selection
from initscope.core.datasets.npzfile import LARGEST_INPUT
from initscope.core.datasets.prepare import Chosen, choose
from initscope.core.errors import InputError
from initscope.core.plural import are, plural

Floats = npt.NDArray[np.float64]

OK, NOTE, WARN, STOP = "ok", "note", "warn", "stop"
"""As it should be; worth knowing; hurts training; cannot be trained on."""

UNEVEN_CLASSES = 3.0
"""Largest class over smallest, from where accuracy misleads."""
UNEVEN_SCALES = 20.0
"""Largest standard deviation of a feature over the smallest, from where one learning rate does not suit all."""
LARGE_INPUT, SMALL_INPUT = 3.0, 0.05
"""Root mean square of the inputs: initializers are made for about 1, and 0 to 1 works as well."""
CHANCE = 3.0
"""So many standard errors may be chance."""
SHIFTED = 0.5
"""Distance of the means of training and test inputs in standard deviations."""
OTHER_SHARE = 0.1
"""Difference of a class's shares of the training and of the test examples."""
FEW = 10
"""Examples of a class that are too few to learn it from."""
NAMED = 3
"""The most names that a line lists."""


@dataclass(frozen=True)
class Finding:
    """One line of the checklist."""

    level: str
    what: str
    remedy: str = ""


@dataclass(frozen=True)
class Inspection:
    """Everything that was found of a data set."""

    name: str
    title: str
    facts: tuple[tuple[str, str], ...]
    """Names of quantities, and their values as text."""
    findings: tuple[Finding, ...]

    @property
    def usable(self) -> bool:
        return all(finding.level != STOP for finding in self.findings)


def inspect(name: str) -> Inspection:
    """What is found in a data set by name or path, as it would be trained on. Raises InputError if unreadable."""
    try:
        contents, selection, call = read(name)
        (train, test), classes, split = choose(contents, selection)
        x_train, x_test = (_as_used(side, selection) for side in (train, test))
    except MemoryError:
        raise InputError(f"{name}: does not fit in this machine's memory; take fewer with limit=1000") from None
    labels = tuple(contents.class_names) or tuple(str(number) for number in range(classes))
    features = plural(x_train.shape[1], "feature")
    bytes_used = train.x.dtype == np.uint8 and selection.scale in ("auto", "unit")
    facts = (
        ("training", plural(len(x_train), "example")),
        ("test", f"{plural(len(x_test), 'example')}, {split}"),
        ("inputs", f"{features}, {_shape(train)} of {train.x.dtype}{' / 255' * bytes_used}"),
        ("values", _values(x_train)),
        ("classes", f"{classes}: {_counted(labels, train.y)}"),
        ("test classes", _counted(labels, test.y)),
    )
    findings = [
        *_finite(contents, x_train, x_test),
        *_constant(contents, x_train, selection, picture=train.x.ndim > 2),
        *_scale(contents, x_train, selection, picture=train.x.ndim > 2),
        *_duplicates(train, test),
        *_balance(labels, train.y, test.y),
        *_alike(x_train, x_test),
        *_giveaways(contents),
    ]
    return Inspection(call, contents.title, facts, tuple(findings))


def _as_used(side: Chosen, selection: Selection) -> Floats:
    """(n, features): bytes as 0..1, the rest as it is; standardizing is judged by what it will mend."""
    if side.x.dtype.kind not in "buif" or side.x.ndim < 2 or side.x.size == 0:
        raise InputError(f"{side.x_name}: {side.x.dtype} of shape {side.x.shape}; inputs are numbers (n, features)")
    with np.errstate(over="ignore"):
        x = side.x.reshape(len(side.x), -1).astype(np.float64)
    if side.x.dtype == np.uint8 and selection.scale in ("auto", "unit"):
        np.divide(x, 255, out=x)
    x[np.abs(x) > LARGEST_INPUT] = np.inf
    return x


def _shape(side: Chosen) -> str:
    return "x".join(map(str, side.x.shape[1:]))


def _values(x: Floats) -> str:
    known = x[np.isfinite(x)]
    if not known.size:
        return "none is a number"
    return f"{known.min():.4g} to {known.max():.4g}, mean {known.mean():.4g}, standard deviation {known.std():.4g}"


def _counted(labels: Sequence[str], y: npt.NDArray[np.int64]) -> str:
    counts = np.bincount(y, minlength=len(labels))
    shown = ", ".join(f"{label} {count:,}" for label, count in zip(labels[:20], counts[:20], strict=True))
    return shown + (f" and {len(labels) - 20} more" if len(labels) > 20 else "")


def _names(contents: Contents, columns: npt.NDArray[np.int64]) -> str:
    """The features by name, or by number from 1; the first few of them."""
    names = contents.feature_names
    shown = [names[column] if names else str(column + 1) for column in columns[:NAMED]]
    return ", ".join(shown) + (f" and {len(columns) - NAMED:,} more" if len(columns) > NAMED else "")


def _finite(contents: Contents, *sides: Floats) -> Iterator[Finding]:
    bad = [~np.isfinite(x) for x in sides]
    count = sum(int(mask.sum()) for mask in bad)
    if not count:
        yield Finding(OK, "every value is a finite number")
        return
    columns = np.flatnonzero(sum(mask.sum(axis=0) for mask in bad))
    rows = sum(int(mask.any(axis=1).sum()) for mask in bad)
    yield Finding(
        STOP,
        f"{plural(count, 'value')} {are(count)} missing, NaN, infinite or too large, in {plural(rows, 'example')}, "
        f"features {_names(contents, columns)}",
        "remove these examples, or fill in the feature's mean; drop=COLUMN leaves a column of a table out",
    )


def _constant(contents: Contents, x: Floats, selection: Selection, picture: bool) -> Iterator[Finding]:
    columns = np.flatnonzero(x.min(axis=0) == x.max(axis=0))
    if not len(columns):
        yield Finding(OK, "no feature is constant")
    elif picture:
        yield Finding(NOTE, f"{len(columns):,} of {x.shape[1]:,} pixels are the same in every picture, as margins are")
    else:
        yield Finding(
            WARN if len(columns) == x.shape[1] else NOTE,
            f"{plural(len(columns), 'feature')} {are(len(columns))} constant: {_names(contents, columns)}; "
            "such weights only shift the bias",
            "leave them out",
        )


def _scale(contents: Contents, x: Floats, selection: Selection, picture: bool) -> Iterator[Finding]:
    """Whether sums of the inputs have the size that initializers are made for."""
    if selection.scale == "standardize":
        yield Finding(OK, "inputs will be standardized")
        return
    with np.errstate(all="ignore"):
        clean = np.where(np.isfinite(x), x, 0)
        deviations, size = clean.std(axis=0), float(np.sqrt(np.square(clean).mean()))
    if selection.scale == "unit" and not picture:
        yield Finding(OK, "inputs will be scaled to 0..1")
        return
    varying = np.flatnonzero(deviations > 0)
    ratio = deviations[varying].max() / deviations[varying].min() if len(varying) else 1.0
    if not picture and ratio > UNEVEN_SCALES:
        largest, smallest = (varying[pick(deviations[varying])] for pick in (np.argmax, np.argmin))
        names = [_names(contents, np.array([column])) for column in (largest, smallest)]
        yield Finding(
            WARN,
            f"features differ in scale {ratio:,.0f} times: {names[0]} varies by {deviations[largest]:.3g}, "
            f"{names[1]} by {deviations[smallest]:.3g}",
            "scale=standardize",
        )
    elif not picture:
        yield Finding(OK, "features are of similar scale")
    if size > LARGE_INPUT:
        yield Finding(
            WARN,
            f"inputs are large, root mean square {size:.3g}: with weights of variance 1/n a unit of the first layer "
            f"sums to about {size:.3g}, where sigmoid and tanh saturate",
            "scale=standardize or scale=unit",
        )
    elif size < SMALL_INPUT:
        yield Finding(WARN, f"inputs are small, root mean square {size:.3g}: learning is slow", "scale=standardize")
    else:
        yield Finding(OK, f"inputs have root mean square {size:.3g}")


def _duplicates(train: Chosen, test: Chosen) -> Iterator[Finding]:
    keys, others = (_keys(side) for side in (train, test))
    first: dict[bytes, int] = {}
    twice = conflicts = 0
    for key, label in zip(keys, train.y.tolist(), strict=True):
        twice += key in first
        conflicts += first.setdefault(key, label) != label
    shared = sum(key in first for key in others)
    if shared:
        share = f"{100 * shared / len(others):.2g} %"
        yield Finding(
            WARN,
            f"{plural(shared, 'test example')} ({share}) {are(shared)} among the training examples too: "
            "test accuracy is too high",
            "remove them from one of the two",
        )
    else:
        yield Finding(OK, "no test example is among the training examples")
    if conflicts:
        repeat = f"{plural(conflicts, 'training example')} {'repeats' if conflicts == 1 else 'repeat'}"
        yield Finding(WARN, f"{repeat} one with another label", "correct the labels")
    if twice:
        yield Finding(NOTE, f"{twice:,} of {len(keys):,} training examples repeat another", "remove them")
    else:
        yield Finding(OK, "no training example occurs twice")


def _keys(side: Chosen) -> list[bytes]:
    """A key for each example, equal for equal ones."""
    flat: npt.NDArray[Any] = np.ascontiguousarray(side.x.reshape(len(side.x), -1))
    if flat.dtype.kind == "f":
        flat = flat + flat.dtype.type(0)  # -0 and 0 are one number
    return [row.tobytes() for row in flat]


def _balance(labels: Sequence[str], train: npt.NDArray[np.int64], test: npt.NDArray[np.int64]) -> Iterator[Finding]:
    counts, tested = (np.bincount(y, minlength=len(labels)) for y in (train, test))
    for numbers, where in ((counts, "training"), (tested, "test")):
        missing = [label for label, number in zip(labels, numbers, strict=True) if number == 0]
        if missing:
            more = f" and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
            shown = ", ".join(missing[:NAMED]) + more
            yield Finding(WARN, f"no {where} example of {shown}", "number classes 0, 1, 2, ... or take another split")
    largest, smallest = int(counts.argmax()), int(np.where(counts, counts, len(train) + 1).argmin())
    ratio = counts[largest] / counts[smallest]
    share = 100 * tested[largest] / len(test)
    if ratio > UNEVEN_CLASSES:
        yield Finding(
            WARN,
            f"classes are uneven: {labels[largest]} has {ratio:.3g} times the examples of {labels[smallest]}; "
            f"always answering {labels[largest]} is right in {share:.3g} % of the test examples",
            "judge accuracy against that; take as many examples of each class",
        )
    else:
        yield Finding(OK, f"classes are even; always answering {labels[largest]} is right in {share:.3g} %")
    shares = np.abs(counts / len(train) - tested / len(test))
    overall = (counts + tested) / (len(train) + len(test))
    chance = CHANCE * np.sqrt(overall * (1 - overall) * (1 / len(train) + 1 / len(test)))
    if (shares > np.maximum(chance, OTHER_SHARE)).any():
        label = labels[int(shares.argmax())]
        yield Finding(
            WARN,
            f"class {label} is {100 * (train == shares.argmax()).mean():.3g} % of the training and "
            f"{100 * (test == shares.argmax()).mean():.3g} % of the test examples",
            "shuffle before splitting (split=0.2)",
        )
    if 0 < counts[smallest] < FEW:
        few = plural(int(counts[smallest]), "training example")
        yield Finding(WARN, f"class {labels[smallest]} has only {few}", "collect more")


def _alike(train: Floats, test: Floats) -> Iterator[Finding]:
    with np.errstate(all="ignore"):
        known, other = (np.where(np.isfinite(x), x, 0) for x in (train, test))
        spread = float(known.std())
        distance = abs(float(known.mean() - other.mean())) / spread if spread > 0 else 0.0
    if distance > max(SHIFTED, CHANCE / len(test) ** 0.5):
        yield Finding(
            WARN,
            f"test inputs are shifted: their mean is {distance:.2g} standard deviations from the training inputs'",
            "scale both alike; shuffle before splitting (split=0.2)",
        )
    else:
        yield Finding(OK, "training and test inputs have the same mean")


def _giveaways(contents: Contents) -> Iterator[Finding]:
    """Columns of a table that are the label, or that only number the examples."""
    part = contents.parts[0]
    if not contents.feature_names or len(part.y) < FEW:
        return
    x: npt.NDArray[Any] = part.inputs()
    for column, name in enumerate(contents.feature_names):
        values = x[:, column]
        if np.array_equal(values, part.y):
            yield Finding(WARN, f"feature {name} is the label itself", f"drop={name}")
        elif np.array_equal(np.sort(values) - values.min(), np.arange(len(part.y))):
            yield Finding(WARN, f"feature {name} only numbers the examples", f"drop={name}")
