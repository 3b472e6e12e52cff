"""`watch`: from a person's arrays, data and settings to a network that is watched."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, nan
from typing import Any

import numpy as np

from initscope.core.activations import Activation
from initscope.core.activations import activation as activation_of
from initscope.core.architecture import Architecture
from initscope.core.batches import subset
from initscope.core.datasets.data import Dataset, Inputs, Labels
from initscope.core.ensemble import PROBE_EXAMPLES, TEST_EXAMPLES
from initscope.core.errors import InputError
from initscope.core.initialization.streams import SEEDED
from initscope.core.losses import loss as loss_of
from initscope.core.optimizers import optimizer as optimizer_of
from initscope.core.probeschedule import ProbeSchedule, probe_schedule
from initscope.core.rates import schedule
from initscope.core.shapes import ActivationShape, DenseShape, LayerShape
from initscope.core.spec import Spec
from initscope.core.watching.given import array_of, count, word
from initscope.core.watching.handed import Examples, Forward, Handed
from initscope.core.watching.layout import Layout, Oriented, find_layout, labels_of, rows_of
from initscope.core.watching.parameters import Array, Parameters, read
from initscope.core.watching.probing import Computed, Pairs
from initscope.core.watching.start import find_start
from initscope.core.watching.watched import Plan, Prober, Watched

KEPT = 10_000
"""Examples that are kept, as a copy: programs shuffle theirs in place."""
DATA = "your data"
USUAL_BATCH = 32
"""For the schedule of measurements, where the size of a batch is not given."""


def watch(
    params: Any, *, loss: str, lr: float,
    activations: str | Sequence[str] | Forward | Sequence[Any] | None = None, activation: str = "",
    x: Any = None, y: Any = None, x_test: Any = None, y_test: Any = None,
    optimizer: str = "sgd", batch_size: int | None = None, steps: int | None = None,
    layout: str = "", name: str = "yours",
) -> Watched:  # fmt: skip
    """Watch a network that your own loop trains; call `step` of what is returned after every update.

    - `params`, which are only ever read: {"W1": ..., "b1": ...}, [W1, b1, W2, b2], pairs, two lists (weights, biases),
      an object with `weights` and `biases` or with `params`, or a function that returns one of these, for loops that
      make new lists. Matrices may be (out, in) or (in, out), the examples of x its rows or columns, y labels or
      one-hot: that is found from what fits; where two ways do, `layout` "out,in" or "in,out" tells.
    - `activations`, for dense layers in a chain: the name of the hidden layers' activation, or a list of names. All is
      then computed from weights and x; outputs are softmax for the loss "cross_entropy", sigmoid for "quadratic" and
      for a single output. For other networks: a function from x (some examples, lying as yours do) to the list of every
      layer's activations; or None, or that list before training, where they are handed to `step`. `activation` then
      names the function, by which flat and dead units are told.
    - `x`, `y`: the training examples, or some hundred of them; without `x_test` and `y_test` also the test. At most
      10,000 of each are kept, as a copy.
    - `lr` and `optimizer`: what you train with. `batch_size`: the examples of an update. `steps`: how many you will
      make, if you know: until half of them are made, the verdict is that of the forecast.

    Raises InputError for what cannot be read, or be read in two ways.

    >>> import numpy as np
    >>> from initscope.core import watch
    >>> rng = np.random.default_rng(0)
    >>> x = rng.random((300, 20))
    >>> y = (x[:, 0] > x[:, 1]).astype(int)
    >>> params = {"W1": rng.random((20, 50)), "b1": rng.random(50), "W2": rng.random((50, 2)), "b2": rng.random(2)}
    >>> w = watch(params, activations="sigmoid", loss="cross_entropy", lr=0.1, x=x, y=y)
    >>> [state.word for state in w.states()]
    ['saturated high', 'healthy']
    >>> print(w.plan.start.words)
    weights: mean 0.50, U[0, 1): np.random.rand; biases: rand
    """
    cost, rule = loss_of(word("loss", loss, "cross_entropy")), optimizer_of(word("optimizer", optimizer, "sgd"))
    held, names = read(params), _names(activations)
    data = _Data.of(x, y, x_test, y_test)
    if data is None and (names or callable(activations)):
        raise InputError("x and y are missing: give training examples, or some hundred of them")
    kind = _hidden(names, len(held.layers)) if names else _named(activation)
    layout = word("layout", layout, "out,in")
    known = _chain(held, layout, data, bool(names))
    oriented = Oriented.of(held.layers, layout, known)
    pairs = [(w.astype(np.float64), b.astype(np.float64)) for w, b in oriented.pairs(held.layers)]
    start = find_start(pairs)
    dataset = data.dataset(known.sizes[0] if known else None, len(pairs[-1][1])) if data else None
    spec = Spec(
        data=DATA, architecture=_architecture(held, pairs, known), activation=kind, initializer=start.weights,
        bias_initializer=start.biases, loss=cost, optimizer=rule, lr=_rate(lr),
        schedule=schedule("constant"), weight_decay=0.0, clip=0.0,
        batch_size=count("batch_size", batch_size) or USUAL_BATCH,
        epochs=None, steps=0, seed=0, stream=SEEDED, dtype=_dtype(held), name=name,
    )  # fmt: skip
    forward = activations if callable(activations) else None
    computed = Computed(spec, dataset, oriented) if names and dataset else None
    prober: Prober = computed or _handed(spec, oriented, forward, data, dataset, known)
    plan = Plan(
        spec, dataset, start, _schedule(spec, dataset), count("steps", steps),
        judged=bool(known and dataset and not held.others),
        per_epoch=data.n / batch_size if data and batch_size else nan, turned=not oriented.outputs_first[0],
        tested=x_test is not None,
    )  # fmt: skip
    return Watched(params, prober, plan, None if names or forward else activations)


def _handed(
    spec: Spec, oriented: Oriented, forward: Forward | None, data: "_Data | None", dataset: Dataset | None,
    known: Layout | None,
) -> Handed:  # fmt: skip
    """What measures a network whose activations are handed over."""
    columns = data is not None and data.columns(known.sizes[0] if known else None)
    examples = data.examples(dataset, columns) if data and dataset and forward else None
    return Handed(spec, oriented, forward, examples, columns)


@dataclass(frozen=True, eq=False)
class _Data:
    """x and y as they were given."""

    x: Array
    y: Array
    x_test: Array
    y_test: Array

    @classmethod
    def of(cls, x: Any, y: Any, x_test: Any, y_test: Any) -> "_Data | None":
        """None without x and y. Raises InputError for one without the other."""
        for one, other, words in ((x, y, "x and y"), (x_test, y_test, "x_test and y_test")):
            if (one is None) != (other is None):
                raise InputError(f"{words} go together: give both or neither")
        if x is None:
            return None
        train = array_of("x", x), array_of("y", y)
        return cls(*train, *(train if x_test is None else (array_of("x_test", x_test), array_of("y_test", y_test))))

    def columns(self, features: int | None) -> bool:
        """Whether the examples of x are its columns."""
        return features is not None and self.x.ndim == 2 and self.x.shape[1] != features

    @property
    def n(self) -> int:
        """Examples in y, which has most values where they are one-hot."""
        return max(self.y.squeeze().shape, default=0)

    def dataset(self, features: int | None, outputs: int) -> Dataset:
        """A copy of some of it, with labels. Raises InputError."""
        train, test = (_kept(x, y, features, outputs) for x, y in ((self.x, self.y), (self.x_test, self.y_test)))
        source = f"{len(train[0]):,} examples, {len(test[0]):,} for the test"
        return Dataset(DATA, *train, *test, max(outputs, 2), source, (train[0].shape[1],))

    def examples(self, dataset: Dataset, columns: bool) -> tuple[Examples, Examples]:
        """Those that a function is called with, lying as they were given."""
        found = []
        for x, y, most in ((self.x, self.y, PROBE_EXAMPLES), (self.x_test, self.y_test, TEST_EXAMPLES)):
            count = x.shape[1] if columns else len(x)
            outputs = 1 if y.squeeze().ndim == 1 and dataset.classes == 2 else dataset.classes
            found.append(Examples(x, labels_of(y, count, outputs), columns, most))
        return found[0], found[1]


def _kept(x: Array, y: Array, features: int | None, outputs: int) -> tuple[Inputs, Labels]:
    """Inputs (examples, features) and labels of at most KEPT examples."""
    rows = rows_of(x, features or int(np.prod(x.shape[1:])))
    labels = labels_of(y, len(rows), outputs)
    chosen = subset(len(rows), KEPT)
    inputs: Inputs = rows[chosen].astype(np.float64) if rows.dtype.itemsize > 4 else rows[chosen].astype(np.float32)
    return inputs, labels[chosen].copy()


def _names(activations: Any) -> tuple[str, ...]:
    """The names of activations; empty if they are something else."""
    if isinstance(activations, str):
        return (activations,)
    listed = isinstance(activations, list | tuple) and bool(activations)
    return tuple(activations) if listed and all(isinstance(one, str) for one in activations) else ()


def _hidden(names: Sequence[str], layers: int) -> Activation:
    """The one activation of all hidden layers; the last of as many names as layers is the outputs'."""
    hidden = names[: layers - 1] if len(names) == layers > 1 else names
    if len(hidden) not in (1, layers - 1):
        raise InputError(f"{len(names)} activations for {layers} layers: give one name, or one for each hidden layer")
    if len(set(hidden)) > 1:
        raise InputError(
            f"the hidden layers have different activations, {', '.join(dict.fromkeys(hidden))}: give a function of x "
            "that returns the activations of every layer"
        )
    return activation_of(hidden[0])


def _named(activation: str) -> Activation:
    if not activation:
        raise InputError(
            "say which activation the hidden layers have, such as activation='relu': by it flat and dead units are told"
        )
    return activation_of(word("activation", activation, "relu"))


def _chain(held: Parameters, layout: str, data: _Data | None, computed: bool) -> Layout | None:
    """How the matrices lie if they are dense layers in a chain; else None. Raises InputError if they must be one."""
    if computed and held.others:
        raise InputError(
            f"params holds {', '.join(held.others[:5])} beside weights and biases: what initscope computes itself is "
            "dense layers alone; give a function of x that returns the activations of every layer"
        )
    try:
        return find_layout(held.layers, layout, data.x if data else None, data.y if data else None)
    except InputError:
        if computed:
            raise
        return None


def _architecture(held: Parameters, pairs: Pairs, known: Layout | None) -> Architecture:
    """The chain; of other networks the layers by themselves, with the fans that they have."""
    if known:
        return Architecture.parse("-".join(map(str, known.sizes)))
    program: list[LayerShape] = []
    for number, (layer, (weights, _)) in enumerate(zip(held.layers, pairs, strict=True)):
        units, fan_in = len(weights), weights[0].size
        program.append(DenseShape(layer.name, fan_in, units))
        if number + 1 < len(pairs):
            program.append(ActivationShape(units, units))
    return Architecture(f"{len(pairs)} layers", pairs[0][0][0].size, tuple(program))


def _schedule(spec: Spec, dataset: Dataset | None) -> ProbeSchedule:
    train, test = (dataset.n_train, dataset.n_test) if dataset else (PROBE_EXAMPLES, 0)
    return probe_schedule(spec.architecture, spec.batch_size, min(train, PROBE_EXAMPLES), min(test, TEST_EXAMPLES))


def _rate(lr: float) -> float:
    try:
        value = float(lr)
    except (TypeError, ValueError):
        value = nan
    if not (isfinite(value) and value >= 0):
        raise InputError(f"lr must be a number, finite and not negative, not {str(lr)[:60]}")
    return value


def _dtype(held: Parameters) -> str:
    """float32 where all numbers are, else float64."""
    small = all(layer.weights.dtype in (np.float32, np.float16) for layer in held.layers)
    return "float32" if small else "float64"
