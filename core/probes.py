"""Per-layer measurements: pure functions of the tensors of one forward and backward pass.

Tensors are (lanes, units, inputs); a convolution's units are its channels, and every place counts as an input.
Saturation is the share of a hidden layer's activations whose slope is less than 6 % of the steepest,
phi'(z) / max phi' < 0.06; for tanh and sigmoid that is |scaled activation| > 0.97. It says nothing of output
layers, nor of relu, whose slope is 0 for half the inputs in health: there, dead units tell. What does not
apply is NaN.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from initscope.core.activations import Activation
from initscope.core.layers import Pass, Weighted
from initscope.core.network import Network, Workspace

Array = NDArray[np.floating]
Floats = NDArray[np.float64]

SATURATED_SLOPE = 0.06

PROBES: dict[str, str] = {
    "saturated_low": "share of activations on the flat low side (slope < 6 % of the steepest)",
    "saturated_high": "share of activations on the flat high side",
    "dead_units": "share of units whose slope is exactly 0 for every probe input: no gradient passes",
    "activation_mean": "mean activation",
    "std_over_inputs": "what depends on the input: root of the variance over inputs, averaged over units",
    "std_over_units": "offset between units: standard deviation over units of their mean activation",
    "z_mean": "mean pre-activation",
    "z_std": "standard deviation of pre-activations over inputs and units",
    "gradient_rms": "root mean square of dC_x/dz over units and probe inputs",
    "weight_gradient_rms": "root mean square of dC/dW, C averaged over the probe batch",
    "weight_mean": "mean weight",
    "weight_std": "standard deviation of the weights",
    "update_ratio": "root mean square of the last step's change of W over that of W",
    "non_finite": "number of weights and activations that are infinite or not a number",
}
"""Every probe with what it means; the order is that of the last axis of `measure`."""

INDEX = {name: index for index, name in enumerate(PROBES)}


@dataclass(frozen=True)
class Measurement:
    """What one pass over the probe batch showed."""

    layers: Floats
    """(lanes, layers, probes)"""
    loss: Floats
    """Mean loss over the probe batch, (lanes,)."""
    outputs: Array
    """Activations of the output layer, (lanes, outputs, inputs)."""


def measure(
    network: Network, x: Array, y: Array, update: Array | None, work: Workspace | None = None
) -> Measurement:
    """All probes but histograms for a batch x (inputs, features) with targets y (outputs, inputs).

    `update` is the change of the flat parameters in the last training step, None before the first.
    Overwrites the network's gradient and the workspace.
    """
    work = work or network.workspace(len(x))
    values = np.full((network.lanes, len(network.weighted), len(PROBES)), np.nan)
    z_moments = _forward_keeping_z(network, x, work)
    hidden = network.hidden(work)
    for index, (z, a) in enumerate(hidden):
        of_hidden(values[:, index], network.activation, z, a)
    loss, outputs = _backward(network, y, work, values)
    of_activations(values[:, -1], outputs)
    for index, (mean, std) in enumerate(z_moments):
        values[:, index, INDEX["z_mean"]] = mean
        values[:, index, INDEX["z_std"]] = std
    for index, layer in enumerate(network.weighted):
        a = hidden[index][1] if index < len(hidden) else outputs
        of_weights(values[:, index], layer.weights, layer.biases, a)
        values[:, index, INDEX["weight_gradient_rms"]] = rms(_rows(layer.weight_gradient)) / len(x)
    if update is not None:
        _update_ratios(values, network, update)
    return Measurement(values, loss.astype(np.float64), outputs)


def _forward_keeping_z(network: Network, x: Array, work: Workspace) -> list[tuple[Floats, Floats]]:
    """Forward pass that notes mean and standard deviation of every z before an activation overwrites it."""
    moments = []
    network.mode.kind = Pass.PROBE
    a: Array = x.T
    for layer, buffers in zip(network.layers, work.layers, strict=True):
        a = layer.forward(a, buffers)
        if isinstance(layer, Weighted):
            flat = a.reshape(len(a), -1)
            mean = flat.mean(axis=1, dtype=np.float64)
            spread = np.subtract(flat, mean[:, None])
            moments.append((mean, rms(spread)))
    return moments


def _backward(network: Network, y: Array, work: Workspace, values: Floats) -> tuple[Array, Array]:
    """Loss and outputs of the pass just made; enters the gradients of every z into `values`."""
    last = work.layers[-1].out
    loss = network.loss.value_and_delta(last, y, work.delta, work.scratch)
    delta = work.delta
    place = len(network.weighted)
    for index in range(len(network.layers) - 1, -1, -1):
        layer = network.layers[index]
        if isinstance(layer, Weighted):
            place -= 1
            values[:, place, INDEX["gradient_rms"]] = rms(delta.reshape(len(delta), -1))
        delta = layer.backward(delta, work.layers[index], first=index == 0)
    return loss, last


def of_hidden(into: Floats, activation: Activation, z: Array, a: Array) -> None:
    """Saturation, dead units and activation moments of one hidden layer; `into` is (lanes, probes).

    z is read only by an activation that needs it.
    """
    slope = np.abs(activation.slope(z, a))
    if activation.saturates:
        flat = slope < SATURATED_SLOPE * activation.slope_max
        low = activation.low_side(z, a)
        size = flat[0].size
        below = np.count_nonzero(flat & low, axis=(1, 2)) / size
        into[:, INDEX["saturated_low"]] = below
        into[:, INDEX["saturated_high"]] = np.count_nonzero(flat, axis=(1, 2)) / size - below
    into[:, INDEX["dead_units"]] = (slope.max(axis=2) == 0).mean(axis=1)
    of_activations(into, a)


def of_activations(into: Floats, a: Array) -> None:
    """Moments of the activations of any layer; `into` is (lanes, probes)."""
    by_unit = a.mean(axis=2, dtype=np.float64)
    spread = np.subtract(a, by_unit[:, :, None])
    into[:, INDEX["activation_mean"]] = by_unit.mean(axis=1)
    into[:, INDEX["std_over_inputs"]] = rms(spread.reshape(len(a), -1))
    into[:, INDEX["std_over_units"]] = by_unit.std(axis=1)


def of_weights(into: Floats, weights: Array, biases: Array, a: Array) -> None:
    """Moments of one layer's weights, and what is not finite in it; `into` is (lanes, probes)."""
    flat = _rows(weights)
    mean = flat.mean(axis=1, dtype=np.float64)
    into[:, INDEX["weight_mean"]] = mean
    into[:, INDEX["weight_std"]] = rms(np.subtract(flat, mean[:, None]))
    into[:, INDEX["non_finite"]] = sum(np.count_nonzero(~np.isfinite(_rows(v)), axis=1) for v in (flat, biases, a))


def _rows(values: Array) -> Array:
    """One row for each lane."""
    return values.reshape(len(values), -1)


def _update_ratios(values: Floats, network: Network, update: Array) -> None:
    for index, layer in enumerate(network.weighted):
        start = network.starts[index]
        change = rms(update[:, start : start + layer.weights[0].size])
        values[:, index, INDEX["update_ratio"]] = change / rms(layer.weights.reshape(network.lanes, -1))


def rms(values: Array) -> Floats:
    """Root mean square of each row of (lanes, n), in float64 so that small gradients do not underflow."""
    # Row by row: how einsum cuts a long row into pieces depends on their number, and so would the last digit.
    rows = [np.einsum("n,n->", row, row, dtype=np.float64, casting="same_kind") for row in values]
    squares = np.array(rows, np.float64)
    squares /= values.shape[1]
    return np.sqrt(squares, out=squares)


def dead_or_saturated(activation: Activation) -> str:
    """The probe that tells whether this activation's units still pass gradients."""
    return "saturation" if activation.saturates else "dead_units"
