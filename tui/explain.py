"""What the setup screen says about a choice: words, formula, parameters with their range, what follows from it."""

from collections.abc import Mapping
from math import prod
from typing import Protocol

from initscope.core import activations, losses, optimizers, rates
from initscope.core.architecture import Architecture
from initscope.core.catalogue import Parameter, split_call, write_value
from initscope.core.datasets import data
from initscope.core.datasets.data import Dataset
from initscope.core.errors import InputError
from initscope.core.initialization import initializers, streams
from initscope.core.initialization.definitions import Gain
from initscope.core.initialization.initializers import Initializer
from initscope.core.initialization.presets import PRESETS
from initscope.core.plural import plural
from initscope.core.shapes import DenseShape, WeightShape
from initscope.core.spec import DTYPES, OPTIONS, SAME, Spec, default_lr, steps_per_epoch
from initscope.tui import card
from initscope.tui.menu import Entry
from initscope.tui.options import RUN_OPTIONS

MEANINGS = {option.flag: option.meaning for option in RUN_OPTIONS}
SAME_WORDS = "Biases are drawn like the weights."
DTYPE_WORDS = {"float32": "Single precision: fast.", "float64": "Double precision: for exact comparisons."}
WIDTH = max(map(len, OPTIONS)) + 1
"""Columns for an option's name."""
ASCII = str.maketrans(
    {"√": "sqrt", "·": "*", "×": "*", "±": "+-", "≤": "<=", "≥": ">=", "²": "^2", "Σ": "sum", "−": "-", "–": "-",
     "←": "<-", "Φ": "Phi", "μ": "mu", "η": "lr", "ε": "eps", "ᵀ": "^T", "\u0302": "^", "…": "...",
     "⌈": "ceil(", "⌉": ")", "⌊": "floor(", "⌋": ")", "ρ": "rho", "λ": "lambda", "π": "pi", "½": "1/2", "ü": "ue"}
)  # fmt: skip


class Described(Protocol):
    """What the catalogues' entries have in common."""

    @property
    def name(self) -> str: ...
    @property
    def words(self) -> str: ...
    @property
    def formula(self) -> str: ...
    @property
    def source(self) -> str: ...


INITIALIZERS = ("init", "bias-init")
CATALOGUES: Mapping[str, Mapping[str, Described]] = {
    "activation": activations.CATALOGUE,
    "loss": losses.CATALOGUE,
    "optimizer": optimizers.CATALOGUE,
    "schedule": rates.CATALOGUE,
    "stream": streams.CATALOGUE,
    "init": initializers.CATALOGUE,
    "bias-init": initializers.CATALOGUE,
}


def plain(text: str, unicode: bool) -> str:
    """`text`, spelled out in ASCII unless `unicode`."""
    return text if unicode else text.translate(ASCII).encode("ascii", "replace").decode()


def choices(key: str, present: str) -> list[Entry]:
    """What can be picked for an option, in the catalogue's order, `present` marked; empty for what is typed."""
    if key == "data":
        names = [(name, entry.description) for name, entry in data.CATALOGUE.items()]
        names += [(name, "in the data folder") for name in data.names_in_folders()]
        if not {present, present.partition(":")[0]} & {name for name, _ in names}:
            names.append((present, "the present file"))
    elif key == "dtype":
        names = [(name, DTYPE_WORDS[name]) for name in DTYPES]
    else:
        names = [(entry.name, entry.formula) for entry in CATALOGUES.get(key, {}).values()]
        if key in INITIALIZERS:
            names += [(name, preset.formula) for name, preset in PRESETS.items()]
        if key == "bias-init":
            names = [(name, formula) for name, formula in names if Initializer(name).axes == 1]
            names.insert(0, (SAME, SAME_WORDS))
    width = max((len(name) for name, _ in names), default=0)
    chosen = (present, present.partition(":")[0])
    return [
        Entry(name, f"{'*' if name in chosen else ' '} {name:{width}}", f"  {words}") for name, words in names
    ]


def parameters(key: str, name: str) -> tuple[Parameter, ...]:
    """The free parameters of an entry; none for a name that is not in the catalogue."""
    return getattr(_entry(key, name), "parameters", ())


def _entry(key: str, name: str) -> object:
    if key == "data":
        return data.CATALOGUE.get(name)
    return initializers.find(name) if key in INITIALIZERS else CATALOGUES.get(key, {}).get(name)


def full_call(key: str, text: str) -> str:
    """`text` with every parameter written out, to be edited: `uniform` becomes `uniform:low=-1,high=1`."""
    try:
        name, given = split_call(text)
    except InputError:
        return text
    known = parameters(key, name)
    if not known or "*" in text or not {p.name for p in known} >= given.keys():
        return text
    return f"{name}:" + ",".join(f"{p.name}={given.get(p.name, write_value(p.default))}" for p in known)


def parameter_lines(known: tuple[Parameter, ...]) -> list[str]:
    """Meaning and range of each parameter."""
    return [f"{p.name}: {p.meaning}; {parameter_range(p)} (default {write_value(p.default)})" for p in known]


def parameter_range(parameter: Parameter) -> str:
    """The values that a parameter takes, in words."""
    if parameter.choices:
        return " or ".join(parameter.choices)
    if isinstance(parameter, rates.Steps):
        return f"a whole number of steps, at least {write_value(parameter.minimum or 0)}"
    if isinstance(parameter, Gain):
        return "a number, or an activation such as tanh for its gain"
    limits = ((parameter.minimum, "at least"), (parameter.above, "above"), (parameter.below, "below"))
    words = [f"{word} {write_value(value)}" for value, word in limits if value is not None]
    return ", ".join(words) or "any number"


def explain(key: str, text: str, spec: Spec | None, dataset: Dataset | None) -> list[str]:
    """Lines about the option `key` as `text`. `spec` and `dataset` are what it would give, where known."""
    name = text.strip().partition(":")[0].strip().lower()
    if key == "data":
        return _explain_data(name, dataset)
    if key == "dtype":
        return [DTYPE_WORDS.get(name, "")]
    if key == "bias-init" and name == SAME:
        return [SAME_WORDS, *(_layers(spec.biases, spec.architecture) if spec else [])]
    if key not in OPTIONS:
        return []
    if key not in CATALOGUES:
        return [*_consequences(key, spec, dataset), MEANINGS[key], "Leave it empty for the default."]
    if key in INITIALIZERS:
        return _explain_initializer(key, name, spec)
    entry = CATALOGUES[key].get(name)
    if entry is None:
        return []
    lines = [entry.formula, entry.words, *parameter_lines(parameters(key, name))]
    if key == "optimizer" and spec:
        lines.append(f"Its usual learning rate with {spec.loss} is {default_lr(spec.optimizer, spec.loss):g}.")
    if key == "schedule" and spec and dataset:
        lines += _rates(spec, spec.total_steps(dataset.n_train))
    if isinstance(entry, losses.Loss) and spec:
        lines.append(f"Output activation: {entry.output_activation(spec.architecture.outputs)}")
    return [*lines, f"Source: {entry.source}"]


def _rates(spec: Spec, steps: int) -> list[str]:
    """The learning rates that the schedule takes at the beginning, halfway and at the end."""
    if not steps:
        return []
    first, middle, last = (spec.lr * spec.schedule.factor(step, steps) for step in (0, steps // 2, steps - 1))
    return [f"Learning rate: {first:.3g} in the first step, {middle:.3g} halfway, {last:.3g} in the last of {steps:,}"]


def _explain_initializer(key: str, name: str, spec: Spec | None) -> list[str]:
    """The card of an initializer, for the layers of `spec`; its code is for the first of them."""
    entry = initializers.find(name)
    if entry is None:
        return []
    lines = [entry.formula, entry.words, *parameter_lines(entry.parameters)]
    rule = Initializer(entry.name, tuple((p.name, p.default) for p in entry.parameters))
    shape: tuple[int, ...] = (30, 784)
    if spec:
        rule = spec.initializer if key == "init" else spec.biases
        first = spec.architecture.layers[0]
        shape = first.weight_shape
        lines += _layers(rule, spec.architecture)
    lines += [f"Note: {rule.alone}"] * bool(rule.alone)
    lines.append(f"Source: {entry.source}")
    if key != "init" or (rule.needs_convolution and len(shape) == 2):
        return lines
    same, different = card.same_elsewhere(rule), card.different_elsewhere(rule, shape)
    lines += [f"Elsewhere: {', '.join(same)}"] * bool(same)
    lines += [f"Not the same: {line}" for line in different]
    return [*lines, *(f"{library}: {line}" for library, line in card.code(rule, shape).items())]


def _layers(rule: Initializer, architecture: Architecture) -> list[str]:
    """The exact mean and standard deviation in each layer."""
    lines = []
    for number, layer in enumerate(architecture.layers, 1):
        kernel = prod(layer.weight_shape[2:])
        drawn = rule.for_shape(layer.weight_shape).distribution(layer.fan_in, layer.fan_out, kernel)
        lines.append(f"layer {number}: mean {drawn.mean:.3g}, std {drawn.variance**0.5:.3g} ({fans(layer)})")
    return lines


def fans(layer: WeightShape) -> str:
    return f"{layer.fan_in} to {layer.fan_out}"


def described(layer: WeightShape) -> str:
    """`784 to 30`, or `16 channels of 32x32 from 3, kernel 3x3`."""
    if isinstance(layer, DenseShape):
        return fans(layer)
    channels, height, width = layer.out
    kernel = f"kernel {layer.kernel}x{layer.kernel}"
    return f"{plural(channels, 'channel')} of {height}x{width} from {layer.source[0]}, {kernel}"


def _explain_data(name: str, dataset: Dataset | None) -> list[str]:
    lines = [data.CATALOGUE[name].description] if name in data.CATALOGUE else []
    if dataset:
        lines += [
            f"{plural(dataset.features, 'feature')}, {plural(dataset.classes, 'class', 'classes')}, "
            f"{dataset.n_train:,} training and {dataset.n_test:,} test examples",
            dataset.source,
        ]
    lines += parameter_lines(parameters("data", name))
    return [*lines, "A name above, or the path of .npz, .npy, IDX, CSV or CIFAR-10 files or a folder of pictures."]


def _consequences(key: str, spec: Spec | None, dataset: Dataset | None) -> list[str]:
    """What a number means for the run."""
    if spec is None:
        return []
    if key == "arch":
        layers = spec.architecture.layers
        shapes = [
            f"layer {number}: {described(layer)}, {plural(layer.parameters, 'parameter')}"
            for number, layer in enumerate(layers, 1)
        ]
        return [f"{plural(spec.architecture.parameters, 'parameter')} in {plural(len(layers), 'layer')}", *shapes]
    if key == "lr":
        return [f"{default_lr(spec.optimizer, spec.loss):g} is usual for {spec.optimizer} with {spec.loss}."]
    if key in ("batch-size", "epochs", "steps") and dataset:
        epoch = steps_per_epoch(dataset.n_train, spec.batch_size)
        total = spec.total_steps(dataset.n_train)
        return [f"{plural(epoch, 'step')} an epoch, {plural(total, 'step')} ({total / epoch:.3g} epochs) in all"]
    return []


def option_entry(key: str, options: Mapping[str, str], spec: Spec | None) -> Entry:
    """The line of an option in the list: its value, or the default, which may depend on the others."""
    given = options.get(key, "")
    if given:
        return Entry(key, f"{key:{WIDTH}}{given}")
    if key == "steps" or (key == "epochs" and options.get("steps")):
        return Entry(key, f"{key:{WIDTH}}", "-")
    value = spec.options()[key] if spec else OPTIONS[key]
    return Entry(key, f"{key:{WIDTH}}", f"{value} (default)".lstrip())
