"""From an experiment to what is run of it: its data, lanes and seeds, whole, shortened, or on other data."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from initscope.core.comparison import NAME
from initscope.core.datasets.data import CATALOGUE, Dataset, load
from initscope.core.datasets.folders import in_folders, user_path
from initscope.core.datasets.published import PUBLISHED, find
from initscope.core.errors import InputError
from initscope.core.experiments.experiment import END, START, Expectation, Experiment, Quantity, first_seeds
from initscope.core.plural import plural
from initscope.core.spec import Spec, steps_per_epoch

_INPUT = re.compile(r"[0-9]+(x[0-9]+){0,2}")
_SCALE = re.compile(r"[:,]\s*scale\s*=\s*(\w+)")


@dataclass(frozen=True)
class Changes:
    """What a person wants otherwise than the file says."""

    seeds: int | None = None
    epochs: int | None = None
    data: str = ""


AS_WRITTEN = Changes()


@dataclass(frozen=True, eq=False)
class Plan:
    """What is run: the experiment as it is to be, and its data."""

    experiment: Experiment
    datasets: Mapping[str, Dataset]
    """By the names that the experiment uses; empty if it only draws."""
    stand_in: str = ""
    """The data set that takes the place of the experiment's own."""
    replaced: tuple[str, ...] = ()
    """The experiment's own, where a stand-in takes their place."""
    other_length: bool = False
    """Whether it trains for another time than its file says."""
    fewer_seeds: bool = False

    def specs(self, seed: int) -> tuple[Spec, ...]:
        """Of every lane. Raises InputError naming the experiment."""
        try:
            return self.experiment.comparison(seed).specs(self.datasets)
        except InputError as error:
            raise InputError(f"experiment {self.experiment.name}: {error}") from None

    def step(self, spec: Spec, at: str) -> int:
        """The number of updates made at that point of a lane's run."""
        word, _, number = at.partition(" ")
        examples = self.data(spec).n_train
        if word == "epoch":
            return int(number) * steps_per_epoch(examples, spec.batch_size)
        if word == "step":
            return int(number)
        return 0 if word == START else spec.total_steps(examples)

    def data(self, spec: Spec) -> Dataset:
        return next(dataset for dataset in self.datasets.values() if dataset.name == spec.data)

    def wanted(self, lane: str, layers: int) -> tuple[Quantity, ...]:
        """What is measured of a lane with so many layers. Raises InputError for layers that are not there."""
        found: dict[Quantity, None] = {}
        for number, expectation in enumerate(self.experiment.expectations, 1):
            if lane in (*expectation.lanes, *expectation.other_lanes):
                for quantity in expectation.quantities(layers):
                    if quantity.layer > layers:
                        raise InputError(
                            f"experiment {self.experiment.name}: [[expect]] {number}: "
                            f"lane {lane} has {plural(layers, 'layer')}, no layer {quantity.layer}"
                        )
                    found[quantity] = None
        return tuple(found)

    def reason_not_to_judge(self, expectation: Expectation) -> str:
        """Why what is measured in this plan says nothing of the expectation, all reasons; empty if it does."""
        reasons = []
        if self.stand_in and not expectation.anywhere:
            reasons.append(f"on {self.stand_in}")
        if self.fewer_seeds and expectation.seeds != "each":
            reasons.append("with fewer seeds")
        if self.other_length and (expectation.at == END or self._ends_before(expectation)):
            reasons.append("at another length")
        *before, last = reasons or [""]
        return f"not judged {', '.join(before)}{' and ' * bool(before)}{last}" if reasons else ""

    def _ends_before(self, expectation: Expectation) -> bool:
        """Whether a lane's run is too short for it."""
        if expectation.at == START:
            return False
        specs = dict(zip(self.experiment.lane_names, self.specs(self.experiment.seeds[0]), strict=True))
        wanted = [specs[lane] for lane in (*expectation.lanes, *expectation.other_lanes)]
        return any(self.step(spec, expectation.at) > self.step(spec, END) for spec in wanted)


def plan(experiment: Experiment, changes: Changes = AS_WRITTEN) -> Plan:
    """Load the data and make the changes. Raises InputError, with how to get data that are missing."""
    seeds = experiment.seeds if changes.seeds is None else first_seeds(experiment.seeds, changes.seeds)
    fewer = len(seeds) < len(experiment.seeds)
    made = replace(experiment, seeds=seeds)
    if experiment.kind == "sample":
        for option, given in (("--epochs", changes.epochs is not None), ("--data", bool(changes.data))):
            if given:
                raise InputError(f"experiment {experiment.name} only draws, so {option} has no meaning for it")
        return Plan(made, {}, fewer_seeds=fewer)
    stand_in, whole = "", made
    if changes.data:
        whole, stand_in = _on_other_data(made, changes.data)
    made = whole if changes.epochs is None else _of_length(whole, changes.epochs)
    datasets = {name: _load(made, name) for name in made.data_names}
    other_length = (made.options, made.lanes) != (whole.options, whole.lanes)
    return Plan(made, datasets, stand_in, experiment.data_names if stand_in else (), other_length, fewer)


def _load(experiment: Experiment, name: str) -> Dataset:
    try:
        return load(name)
    except InputError as error:
        if there(name):
            raise InputError(f"experiment {experiment.name}: {error}") from None
        if name.partition(":")[0].strip().lower() in PUBLISHED:  # the error says how to fetch it
            help_words = str(error).removesuffix(". --data digits needs no download")
        else:
            help_words = f"its data {name} are in no data folder. {experiment.data_help}".strip()
        raise InputError(
            f"experiment {experiment.name}: {help_words.removesuffix('.')}. "
            "Or run it on a stand-in that is in the package: --data digits"
        ) from None


def there(name: str) -> bool:
    """Whether data of that name can be loaded, as far as can be told without reading them."""
    path, _, _ = name.partition(":")
    key = path.strip().lower()
    if key in PUBLISHED:
        return find(PUBLISHED[key]) is not None
    return key in CATALOGUE or in_folders(path.strip()) is not None or os.path.exists(user_path(path.strip()))


def _of_length(experiment: Experiment, epochs: int) -> Experiment:
    lanes = tuple(_without_length(lane) for lane in experiment.lanes)
    return replace(experiment, options={**_without_length(experiment.options), "epochs": str(epochs)}, lanes=lanes)


def _without_length(options: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in options.items() if key not in ("epochs", "steps")}


def _on_other_data(experiment: Experiment, data: str) -> tuple[Experiment, str]:
    """The experiment with these data in all lanes, and what they are called; empty if they are its own."""
    if experiment.data_names == (data,):
        return experiment, ""
    scale = _SCALE.search(experiment.data_names[0])
    name = f"{data}:scale={scale[1]}" if scale and ":" not in data else data
    dataset = load(name)
    if experiment.data_names == (dataset.name,):
        return experiment, ""

    def fitted(options: Mapping[str, str]) -> dict[str, str]:
        return {key: _fitted(key, value, dataset) for key, value in options.items() if key != "data"}

    lanes = tuple({NAME: lane[NAME], **fitted(lane)} for lane in experiment.lanes)
    return replace(experiment, options={**fitted(experiment.options), "data": name}, lanes=lanes), data


def _fitted(key: str, value: str, dataset: Dataset) -> str:
    """An option's value as the data allow it: inputs and outputs of the architecture, the size of a full batch."""
    if key == "arch":
        return fit_architecture(value, dataset)
    if key == "batch-size" and value.isdigit():
        return str(min(int(value), dataset.n_train))
    return value


def fit_architecture(text: str, dataset: Dataset) -> str:
    """The architecture with the inputs and outputs of the data; one output stays one for two classes."""
    first, dash, rest = text.strip().partition("-")
    if not dash:
        return text
    if not _INPUT.fullmatch(first):
        first, rest = "", text.strip()
    middle, dash, last = rest.rpartition("-")
    outputs = last if last == "1" and dataset.classes == 2 else str(dataset.classes)
    return "-".join(part for part in (str(dataset.features) if first else "", middle, outputs) if part)
