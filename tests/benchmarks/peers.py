"""The same training in PyTorch, JAX and scikit-learn, each written as its users write it.

They are installed by hand, for the benchmark only; `available` says which are there.
"""

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Work:
    """What every contestant does in one call: plain gradient descent over one epoch, in this order.

    `quadratic`: Nielsen's loss |a - y|^2 / 2, sigmoid everywhere; otherwise relu, softmax, cross-entropy.
    """

    sizes: tuple[int, ...]
    batch: int
    lanes: int
    quadratic: bool
    lr: float
    x: Floats
    """(examples, features)"""
    labels: Indices
    order: Indices
    """The examples in the order of training, a whole number of batches."""
    start: list[list[tuple[Floats, Floats]]]
    """Initial weights (fan_out, fan_in) and biases (fan_out,) by lane and layer."""

    @property
    def steps(self) -> int:
        return len(self.order) // self.batch

    @property
    def one_hot(self) -> Floats:
        return np.eye(self.sizes[-1], dtype=np.float32)[self.labels]


class Peer(Protocol):
    lanes: int
    """Networks that one call trains."""

    def run(self) -> None:
        """Train for one epoch."""
        ...

    def first_weights(self) -> Floats | None:
        """Weights of the first layer of the first lane, (fan_out, fan_in); None if it started elsewhere."""
        ...


class Torch:
    """nn.Sequential, optim.SGD, zero_grad, backward, step: one network after another."""

    lanes = 1

    def __init__(self, work: Work) -> None:
        torch = import_module("torch")
        torch.set_num_threads(1)
        nn = torch.nn
        layers: list[Any] = []
        for fan_in, fan_out in zip(work.sizes, work.sizes[1:], strict=False):
            layers += [nn.Linear(fan_in, fan_out), nn.Sigmoid() if work.quadratic else nn.ReLU()]
        self.model = nn.Sequential(*(layers if work.quadratic else layers[:-1]))
        linear = [layer for layer in self.model if isinstance(layer, nn.Linear)]
        with torch.no_grad():
            for layer, (weights, biases) in zip(linear, work.start[0], strict=True):
                layer.weight.copy_(torch.from_numpy(weights))
                layer.bias.copy_(torch.from_numpy(biases))
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=work.lr)
        self.x = torch.from_numpy(work.x)
        self.y = torch.from_numpy(work.one_hot if work.quadratic else work.labels)
        self.order = torch.from_numpy(work.order)
        self.batch, self.quadratic, self.cross_entropy = work.batch, work.quadratic, nn.CrossEntropyLoss()

    def run(self) -> None:
        for start in range(0, len(self.order), self.batch):
            chosen = self.order[start : start + self.batch]
            x, y = self.x[chosen], self.y[chosen]
            self.optimizer.zero_grad()
            out = self.model(x)
            loss = ((out - y) ** 2).sum() / (2 * len(x)) if self.quadratic else self.cross_entropy(out, y)
            loss.backward()
            self.optimizer.step()

    def first_weights(self) -> Floats | None:
        found: Floats = self.model[0].weight.detach().numpy().copy()
        return found


class Jax:
    """All lanes in one program: jit of vmap of a scan over batches. Compiled by the first call."""

    def __init__(self, work: Work) -> None:
        jax = import_module("jax")
        jnp = import_module("jax.numpy")
        self.jax, self.lanes, quadratic, rate = jax, work.lanes, work.quadratic, work.lr

        def loss(parameters: Any, x: Any, y: Any) -> Any:
            for weights, biases in parameters[:-1]:
                x = (jax.nn.sigmoid if quadratic else jax.nn.relu)(x @ weights + biases)
            z = x @ parameters[-1][0] + parameters[-1][1]
            if quadratic:
                return jnp.sum((jax.nn.sigmoid(z) - y) ** 2) / (2 * len(x))
            return -jnp.mean(jnp.sum(jax.nn.log_softmax(z) * y, axis=1))

        def epoch(parameters: Any, x: Any, y: Any, batches: Any) -> Any:
            def step(parameters: Any, chosen: Any) -> Any:
                value, gradient = jax.value_and_grad(loss)(parameters, x[chosen], y[chosen])
                return jax.tree.map(lambda p, g: p - rate * g, parameters, gradient), value

            return jax.lax.scan(step, parameters, batches)

        self.epoch = jax.jit(jax.vmap(epoch, in_axes=(0, None, None, None)), donate_argnums=0)
        self.parameters = [
            (
                jnp.stack([jnp.asarray(lane[layer][0].T) for lane in work.start]),
                jnp.stack([jnp.asarray(lane[layer][1]) for lane in work.start]),
            )
            for layer in range(len(work.sizes) - 1)
        ]
        batches = work.order.reshape(work.steps, work.batch).astype(np.int32)
        self.data = [jnp.asarray(array) for array in (work.x, work.one_hot, batches)]

    def run(self) -> None:
        self.parameters, losses = self.epoch(self.parameters, *self.data)
        self.jax.block_until_ready((self.parameters, losses))

    def first_weights(self) -> Floats | None:
        return np.asarray(self.parameters[0][0][0]).T.copy()


class Sklearn:
    """MLPClassifier.partial_fit, one after another; its loss is softmax cross-entropy in every case."""

    lanes = 1

    def __init__(self, work: Work) -> None:
        self.model = import_module("sklearn.neural_network").MLPClassifier(
            hidden_layer_sizes=work.sizes[1:-1],
            activation="logistic" if work.quadratic else "relu",
            solver="sgd",
            alpha=0.0,
            batch_size=work.batch,
            learning_rate_init=work.lr,
            momentum=0.0,
            nesterovs_momentum=False,
            random_state=0,
        )
        self.x, self.labels = work.x[: len(work.order)], work.labels[: len(work.order)]
        self.classes = np.arange(work.sizes[-1])

    def run(self) -> None:
        self.model.partial_fit(self.x, self.labels, classes=self.classes)

    def first_weights(self) -> Floats | None:
        return None


PEERS: dict[str, tuple[str, type[Torch] | type[Jax] | type[Sklearn]]] = {
    "PyTorch eager, one by one": ("torch", Torch),
    "JAX jit(vmap(scan))": ("jax", Jax),
    "scikit-learn, one by one": ("sklearn", Sklearn),
}
"""Each peer by the name in the table: the module it needs, and its class."""


def available() -> tuple[dict[str, type[Torch] | type[Jax] | type[Sklearn]], list[str]]:
    """The peers that are installed, and a message for each that is not."""
    there = {name: kind for name, (module, kind) in PEERS.items() if find_spec(module)}
    missing = [
        f"{name}: skipped, {module} is not installed here"
        for name, (module, _) in PEERS.items()
        if name not in there
    ]
    return there, missing
