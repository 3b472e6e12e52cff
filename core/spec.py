"""Everything that determines one run, as a frozen value that reads from and writes to one command line."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from initscope.core.activations import Activation, activation
from initscope.core.architecture import Architecture
from initscope.core.catalogue import write_value
from initscope.core.datasets.data import Dataset
from initscope.core.errors import InputError, unknown
from initscope.core.initialization.initializers import Initializer, fans, initializer
from initscope.core.initialization.streams import Stream, stream
from initscope.core.losses import Loss, loss
from initscope.core.optimizers import Optimizer, optimizer
from initscope.core.plural import plural
from initscope.core.rates import Schedule, schedule

OPTIONS: Mapping[str, str] = {
    "data": "digits",
    "arch": "",
    "activation": "sigmoid",
    "init": "",
    "bias-init": "zeros",
    "loss": "quadratic",
    "optimizer": "sgd",
    "lr": "",
    "schedule": "constant",
    "weight-decay": "0",
    "clip": "0",
    "batch-size": "10",
    "epochs": "",
    "steps": "",
    "seed": "0",
    "stream": "seeded",
    "dtype": "float32",
}
"""The options of a run with their defaults as text; an empty default depends on the others (see `read`)."""

DEFAULT_EPOCHS = 30
NIELSEN_LR = 3.0
DTYPES = ("float32", "float64")
SAME = "same"
"""The bias initializer that draws biases like the weights."""
MAX_COUNT = 10**12


@dataclass(frozen=True)
class Spec:
    """One run. `name` is the lane's label only and has no part in the numbers."""

    data: str
    architecture: Architecture
    activation: Activation
    initializer: Initializer
    bias_initializer: Initializer | None
    """None: biases are drawn like the weights."""
    loss: Loss
    optimizer: Optimizer
    lr: float
    schedule: Schedule
    weight_decay: float
    """λ of g ← g + λ w, on the weights of layers alone."""
    clip: float
    """The greatest norm of the whole gradient; 0 for none."""
    batch_size: int
    epochs: int | None
    steps: int | None
    seed: int
    stream: Stream
    dtype: str
    name: str = ""

    @property
    def biases(self) -> Initializer:
        return self.bias_initializer or self.initializer

    @property
    def units_alike(self) -> bool:
        """Whether all units of a layer start identical: nothing is drawn."""
        shapes = [layer.weight_shape for layer in self.architecture.layers]
        weights = all(self.initializer.for_shape(shape).of(shape).variance == 0 for shape in shapes)
        return weights and all(self.biases.variance(*fans(shape)) == 0 for shape in shapes)

    def options(self) -> dict[str, str]:
        """Every option as text; `read` of these gives the same spec."""
        length = {"epochs": str(self.epochs)} if self.steps is None else {"steps": str(self.steps)}
        return {
            "data": self.data,
            "arch": str(self.architecture),
            "activation": str(self.activation),
            "init": str(self.initializer),
            "bias-init": SAME if self.bias_initializer is None else str(self.bias_initializer),
            "loss": str(self.loss),
            "optimizer": str(self.optimizer),
            "lr": write_value(self.lr),
            "schedule": str(self.schedule),
            "weight-decay": write_value(self.weight_decay),
            "clip": write_value(self.clip),
            "batch-size": str(self.batch_size),
            **length,
            "seed": str(self.seed),
            "stream": str(self.stream),
            "dtype": self.dtype,
        }

    def command(self) -> str:
        """One line that repeats this run. What is left out has the same default everywhere."""
        words = ["initscope", "run"]
        for key, value in self.options().items():
            if key in ("init", "arch", "lr", "epochs") or value != OPTIONS[key]:
                words += option_words(key, value)
        return shlex.join(words)

    def total_steps(self, train_examples: int) -> int:
        """Number of updates of the whole run."""
        if self.steps is not None:
            return self.steps
        assert self.epochs is not None
        return self.epochs * steps_per_epoch(train_examples, self.batch_size)


def option_words(key: str, value: str) -> list[str]:
    """An option as words of a command line; a value with a leading dash must not look like another option."""
    return [f"--{key}={value}"] if value.startswith("-") else [f"--{key}", value]


def steps_per_epoch(train_examples: int, batch_size: int) -> int:
    """The last batch of an epoch may be smaller."""
    return -(-train_examples // batch_size)


def read(options: Mapping[str, str], dataset: Dataset, name: str = "") -> Spec:
    """The spec that these options describe; what is absent takes its default.

    The default architecture has 30 hidden units between the data's features and classes; the default
    learning rate is Nielsen's 3.0 for sgd with the quadratic loss, else what is usual for the optimizer.
    Raises InputError.
    """
    text = _texts(options)
    arch = text["arch"] or f"{dataset.features}-30-{dataset.classes}"
    architecture = Architecture.parse(arch, dataset.feature_shape)
    architecture.check_fits(dataset.name, dataset.features, dataset.classes)
    weights, biases = _initializers(text["init"] or "randn", text["bias-init"], architecture)
    rule, cost = optimizer(text["optimizer"]), loss(text["loss"])
    batch = _batch_size(text["batch-size"], dataset)
    if text["dtype"] not in DTYPES:
        raise unknown("dtype", text["dtype"], DTYPES)
    seed, draws = _count("seed", text["seed"], 0), stream(text["stream"])
    draws.check(seed)
    steps = _count("steps", text["steps"], 0) if text["steps"] else None
    return Spec(
        data=dataset.name,
        architecture=architecture,
        activation=activation(text["activation"]),
        initializer=weights,
        bias_initializer=biases,
        loss=cost,
        optimizer=rule,
        lr=_number("lr", text["lr"]) if text["lr"] else default_lr(rule, cost),
        schedule=schedule(text["schedule"]),
        weight_decay=_weight_decay(text["weight-decay"], rule),
        clip=_number("clip", text["clip"]),
        batch_size=batch,
        epochs=None if steps is not None else _count("epochs", text["epochs"] or str(DEFAULT_EPOCHS), 0),
        steps=steps,
        seed=seed,
        stream=draws,
        dtype=text["dtype"],
        name=name,
    )


def _texts(options: Mapping[str, str]) -> dict[str, str]:
    """Every option's value as it was given, else its default."""
    for key in options:
        if key not in OPTIONS:
            raise unknown("option", key, OPTIONS)
    given = {key: value.strip() for key, value in options.items() if value.strip()}
    if "epochs" in given and "steps" in given:
        raise InputError("give either epochs or steps, not both")
    return {**OPTIONS, **given}


def _batch_size(text: str, dataset: Dataset) -> int:
    batch = _count("batch-size", text, 1)
    if batch > dataset.n_train:
        raise InputError(
            f"batch-size {batch} is more than the {plural(dataset.n_train, 'training example')} of {dataset.name}: "
            f"use {dataset.n_train} for full batches"
        )
    return batch


def _initializers(
    init: str, bias_init: str, architecture: Architecture
) -> tuple[Initializer, Initializer | None]:
    """Those of the weights and of the biases, None where these are drawn like the weights."""
    weights = initializer(init)
    biases = None if bias_init.lower() == SAME else initializer(bias_init)
    if (biases or weights).needs_matrix:
        raise InputError(
            f"bias-init {bias_init}: {biases or weights} draws matrices, which biases are not; use zeros or randn"
        )
    if weights.needs_convolution and all(len(layer.weight_shape) == 2 for layer in architecture.layers):
        raise InputError(
            f"init {weights}: it fills the kernels of convolutions, and the weights of dense layers are matrices; "
            "use orthogonal or identity"
        )
    for layer in architecture.layers:
        try:
            weights.for_shape(layer.weight_shape).of(layer.weight_shape)
        except InputError as error:
            raise InputError(f"init {weights}, {layer.name} of {architecture}: {error}") from None
    if weights.here.name == "fixup" and not architecture.blocks:
        raise InputError(
            f"init {weights}: it is for residual blocks, and {architecture} has none: "
            "write r(...) in the architecture, or use he_normal"
        )
    return weights, biases


def default_lr(rule: Optimizer, cost: Loss) -> float:
    """Nielsen's 3.0 where his network is meant, else what is usual for the optimizer."""
    if rule.name == "sgd" and cost.name == "quadratic":
        return NIELSEN_LR
    return rule.definition.usual_lr


def _count(option: str, text: str, minimum: int) -> int:
    try:
        value = int(text)
    except ValueError:
        raise InputError(f"{option} must be a whole number, not '{text}'") from None
    if not minimum <= value <= MAX_COUNT:
        raise InputError(f"{option} must be at least {minimum} and at most {MAX_COUNT:.0e}, not {text}")
    return value


def _weight_decay(text: str, rule: Optimizer) -> float:
    value = _number("weight-decay", text)
    if value and any(parameter.name == "weight_decay" for parameter in rule.definition.parameters):
        raise InputError(
            f"weight-decay {text}: {rule.name} has its own: write {rule.name}:weight_decay={text} and leave it out"
        )
    return value


def _number(option: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise InputError(f"{option} must be a number, not '{text}'") from None
    if not (np.isfinite(value) and value >= 0):
        raise InputError(f"{option} must be finite and not negative, not {text}")
    return value
